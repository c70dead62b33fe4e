"""
Host names as inventories write them: `sw-[01:10].example`, `gw:2222`, `[2001:db8::1]:22`.

Follows what `ansible-inventory` does with them, oddities included: where name and port cannot be told apart with
certainty the whole text is the name.
"""

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from itertools import product
from string import ascii_letters

from collectors.inventory.problem import InventoryError

MAX_HOSTS = 200_000
"""Most hosts of one inventory; twenty times the largest plant this is measured with (10,000)."""

_RANGE = re.compile(r"\[[^\]]*\]")
_VALID_RANGE = re.compile(r"\[(?:[a-z]:[a-z]|[0-9]+:[0-9]+)(?::[0-9]+)?\]", re.IGNORECASE)
_LABELS = re.compile(r"\w[\w-]*(?<![_-])(?:\.\w[\w-]*(?<![_-]))*")
_BRACKETED = re.compile(r"\[(.+)\]:([0-9]+)")
_WITH_PORT = re.compile(r"((?:[^:\[\]]|\[[^\]]*\])*):([0-9]+)")


class PatternError(InventoryError):
    """A host range cannot be expanded, or stands for too many hosts."""


def expand(pattern: str) -> tuple[tuple[str, ...], int | None]:
    """Return the host names that `pattern` stands for, and the port written behind it."""
    if ":" not in pattern and "[" not in pattern:
        return (pattern,), None
    name, port = split_port(pattern, ranges=True)
    if pattern.rstrip().endswith(":") and port is None:
        raise PatternError(f"expected a host name, found {pattern!r:.80}: a colon at the end announces a port")
    if 0 <= name.find("[") < name.find(":") < name.find("]"):
        return _ranges(name), port
    return (name,), port


def split_port(text: str, *, ranges: bool) -> tuple[str, int | None]:
    """Return name and port; the text itself and `None` where it is no name with a port as Ansible knows it."""
    address = parse_address(text)
    if address is None or (not ranges and "[" in address[0]):
        return text, None
    return address


def parse_address(text: str) -> tuple[str, int | None] | None:
    """Return name (with its ranges) and port, or `None` where `text` is no host name or address."""
    name, port = text, None
    for form in (_BRACKETED, _WITH_PORT):
        found = form.fullmatch(name)
        if found:
            name, port = found[1], int(found[2])
    return (name, port) if _is_host(name) else None


@lru_cache(maxsize=1024)
def _is_host(name: str) -> bool:
    plain = _VALID_RANGE.sub("0", name)
    if "[" in plain or "]" in plain:
        plain = re.sub(r"\[[0-9a-f]+:[0-9a-f]+(?::[0-9]+)?\]", "0", name, flags=re.IGNORECASE)
        return _is_ipv6(plain)
    return bool(_LABELS.fullmatch(plain)) or _is_ipv6(plain)


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return "%" not in text


def _ranges(pattern: str) -> tuple[str, ...]:
    """Expand every `[first:last:step]`, the leftmost varying slowest."""
    pieces: list[tuple[str, ...]] = []
    total, rest = 1, pattern
    while 0 <= rest.find("[") < rest.find(":") < rest.find("]"):
        head, _, tail = rest.partition("[")
        inside, _, rest = tail.partition("]")
        steps = _one_range(inside, pattern)
        total *= len(steps)
        if total > MAX_HOSTS:
            raise PatternError(f"{pattern!r:.80} stands for more than {MAX_HOSTS} hosts")
        pieces += [(head,), steps]
    return tuple("".join(parts) for parts in product(*pieces, (rest,)))


def _one_range(inside: str, pattern: str) -> tuple[str, ...]:
    bounds = inside.split(":")
    if len(bounds) not in (2, 3) or not bounds[1]:
        raise PatternError(f"{pattern!r:.80}: expected a range like [01:10] or [a:f:2], found [{inside:.40}]")
    first, last = bounds[0] or "0", bounds[1]
    width = len(first) if first[0] == "0" and len(first) > 1 else 0
    if width and width != len(last):
        raise PatternError(f"{pattern!r:.80}: expected both ends of a range to be as long, found [{inside:.40}]")
    try:
        step = int(bounds[2]) if len(bounds) == 3 else 1
        if len(first) == len(last) == 1 and first in ascii_letters and last in ascii_letters:
            begin, end = ascii_letters.index(first), ascii_letters.index(last)
            if begin > end:
                raise PatternError(f"{pattern!r:.80}: expected a range from low to high, found [{inside:.40}]")
            return tuple(ascii_letters[begin : end + 1 : step])
        numbers = range(int(first), int(last) + 1, step)
    except ValueError as error:
        raise PatternError(f"{pattern!r:.80}: expected a range like [01:10], found [{inside:.40}]") from error
    if len(numbers) > MAX_HOSTS:
        raise PatternError(f"{pattern!r:.80} stands for more than {MAX_HOSTS} hosts")
    return tuple(str(number).zfill(width) for number in numbers)
