"""
Change parts, byte by byte and member by member: both ways to read their rows say the same of each, value by value.

    python script/fuzz_parts.py --seconds 600 [--seed 1]

One way sets rows apart and knows runs of members by their bytes (`evidence.log.apart`), the other reads a part as any
statement. Parts are read one after the other in one process, so that what the first way remembers of one could mislead
it in the next; now and then it forgets all, and has to say the same again. It ends with 1 at the first difference.
"""

# ruff: noqa: E402, I001 - the repository comes onto the path first

import argparse
import base64
import json
import random
import re
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "script")]

from fuzz import changed
from evidence.errors import Error
from evidence.log import apart, statement
from evidence.log.canonical import CanonicalError, dumps, loads
from evidence.log.part import headed, read_part

Node = Any
"""A JSON value as it is written: `("{", [(key, node), ...])`, `("[", [node, ...])`, or the text of a scalar."""

SCALARS = (
    "1.0", "1e0", "1E2", "-0", "-1", "01", "0", "00", "9007199254740991", "9007199254740992", "1" * 15, "1" * 16,
    "1" * 400, "NaN", "Infinity", "true", "false", "null", '""', '"x"', '"\\u0041"', '"\\/"', '"\\ud800"', '"\ud800"',
    '"\\ud83d\\ude00"', '"\U0001f600"', '"a\\"b"', '"\\\\"', '"\\""', '"],\\"chunk\\":"', '"{"', '"}"', '"\\u0000"',
    '"\x7f"', '"\t"', '"\u202e"', '"technical"', '"personal"', '"snmp"', '"ssh"', '"2026-07-01T02:00:00Z"',
    '"2026-02-30T02:00:00Z"', "[]", "{}", "[[]]", f'"sha256:{"0" * 64}"', f'"sha256:{"A" * 64}"', f'"{"q" * 1100}"',
    "[" * 20 + "]" * 20, "[" * 300 + "]" * 300,
)  # fmt: skip
KEYS = (
    '"asset"',
    '"at"',
    '"took_ms"',
    '"captures"',
    '"chunk"',
    '"volatile"',
    '"access"',
    '"x"',
    '"tr\\u0061nsport"',
    '"_type"',
)
SPACES = (" ", "\n", "\t", "\ufeff", "\0", ",", "}", "]", '"')
ACCESS = {"auth": "sha256", "level": "authPriv", "priv": "aes128", "user": "audit", "version": "3"}
LINK = {"cipher": "aes256-ctr", "host_key": "ssh-ed25519", "kex": "curve25519-sha256", "via": ["jump", "hop"]}
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^\[\]{},:"]+|.', re.DOTALL)


def seeds() -> list[bytes]:
    """Return the parts of the frozen bundles, and the same with everything a row can say."""
    found: dict[bytes, None] = {}
    for path in sorted((ROOT / "tests/vectors").glob("bundle-*/*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in (name for name in archive.namelist() if "/statements/part/" in name):
                payload = base64.b64decode(json.loads(archive.read(name))["payload"])
                found |= {payload: None, richer(payload): None}
    return [*found]


def richer(payload: bytes) -> bytes:
    """Return a part of more rows, some of which say what few do."""
    said = json.loads(payload)
    rows = said["predicate"]["captures"]
    for row in [*rows]:
        for at, more in enumerate(({"access": ACCESS, "transport": "snmp"}, {"ssh": LINK, "transport": "ssh"}, {})):
            other = {**row, **more, "asset": f"Presse \u00dc {at}", "took_ms": at, "at": f"2026-07-01T02:00:0{at}Z"}
            rows.append(other | ({"complete": False, "reason": "cut off, it says"} if at == 2 else {}))  # fmt: skip
    plan = said["subject"][0]
    named = {(f"{row['asset']}/{row['question']}", row["blob"][7:]): None for row in rows}
    said["subject"] = [plan, *({"digest": {"sha256": digest}, "name": name} for name, digest in named)]
    return dumps(said)


def read(text: str) -> Node:
    """Read JSON as it is written."""
    tokens = iter(_TOKEN.findall(text))

    def value(first: str) -> Node:
        if first not in "{[":
            return first
        rows: list[Any] = []
        closing = {"{": "}", "[": "]"}[first]
        for one in tokens:
            if one == closing:
                break
            if one == ",":
                continue
            if first == "{":
                next(tokens)
                rows.append((one, value(next(tokens))))
            else:
                rows.append(value(one))
        return first, rows

    return value(next(tokens))


def written(node: Node) -> str:
    """Write it as it is."""
    if isinstance(node, str):
        return node
    kind, rows = node
    if kind == "{":
        return "{" + ",".join(f"{key}:{written(one)}" for key, one in rows) + "}"
    return "[" + ",".join(map(written, rows)) + "]"


def holders(node: Node) -> Iterator[tuple[str, list[Any]]]:
    """Yield every object and list that holds something."""
    if not isinstance(node, str):
        kind, rows = node
        if rows:
            yield kind, rows
        for one in rows:
            yield from holders(one[1] if kind == "{" else one)


def otherwise(payload: bytes, chance: random.Random) -> bytes:
    """Return a part with members changed, moved, left out, written twice or otherwise."""
    whole = read(payload.decode())
    every = [*holders(whole)]
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        kind, rows = chance.choice(every)
        at = chance.randrange(len(rows)) if rows else 0
        if rows:
            _edit(kind, rows, at, chance.choice(every), chance)
    text = written(whole)
    if chance.random() < 0.1:
        place = chance.choice((0, len(text), chance.randrange(len(text))))
        text = text[:place] + chance.choice(SPACES) + text[place:]
    return text.encode("utf-8", "surrogatepass")


def agreeing(payload: bytes) -> bytes:
    """Return a part whose subjects are made again of what its rows say, lest it be refused for them."""
    try:
        said = json.loads(payload)
        named = {(f"{row['asset']}/{row['question']}", row["blob"][7:]): None for row in said["predicate"]["captures"]}
        rows = [said["subject"][0], *({"digest": {"sha256": digest}, "name": name} for name, digest in named)]
        end = json.dumps(rows, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, LookupError, TypeError, RecursionError):
        return payload
    return payload[: payload.rfind(b'"subject":')] + b'"subject":' + end + b"}"


def _edit(kind: str, rows: list[Any], at: int, other: tuple[str, list[Any]], chance: random.Random) -> None:
    one = rows[at]
    match chance.randrange(8):
        case 0:
            rows.insert(chance.randrange(len(rows) + 1), one)
        case 1:
            del rows[at]
        case 2:
            place = chance.randrange(len(rows))
            rows[at], rows[place] = rows[place], one
        case 3:
            scalar = chance.choice(SCALARS)
            rows[at] = (one[0], scalar) if kind == "{" else scalar
        case 4 if kind == "{":
            rows[at] = (chance.choice(KEYS), one[1])
        case 5 if kind == "{" and isinstance(one[1], str):
            rows[at] = (one[0], respelt(one[1], chance))
        case 6 if other[0] == kind and other[1]:
            rows[at] = deepcopy(chance.choice(other[1]))
        case _ if other[0] == kind and other[1]:
            rows.insert(chance.randrange(len(rows) + 1), deepcopy(chance.choice(other[1])))


def respelt(scalar: str, chance: random.Random) -> str:
    """Return a scalar that is written otherwise, or nearly."""
    at = chance.randrange(len(scalar))
    if scalar.startswith('"') and 0 < at < len(scalar) - 1 and scalar[at] not in '"\\':
        return (
            scalar[:at]
            + chance.choice(("\\u{:04x}", "\\u{:04X}", "\\{:c}", "{:c}{:c}")).format(*[ord(scalar[at])] * 2)
            + scalar[at + 1 :]
        )
    return chance.choice((f"{scalar}.0", f"{scalar}e0", f"-{scalar}", f"0{scalar}", f"{scalar}0", f" {scalar}"))


def at_once(payload: bytes) -> Any:
    """Read a part as everybody does."""
    return statement.parse(payload)


def row_by_row(payload: bytes) -> Any:
    """Read a part as any statement."""
    try:
        return statement._parse(loads(payload))
    except CanonicalError as error:
        raise statement.StatementError(str(error)) from error


def meaning(payload: bytes, reader: Callable[[bytes], Any]) -> str | None:
    """Return all that a reader makes of a part, `None` where it refuses it."""
    try:
        found = reader(payload)
        part = read_part(found)
        named = part._asdict()
        named["captures"] = tuple(part.captures)
        # Their representations: 1, 1.0 and True are equal, and not the same.
        kept = {key: repr(value) for key, value in headed(found).predicate.items()}
        return repr((found.kind, found.log, named, kept, part.blobs(), part.originals(), sorted(part.answers())))
    except Error:
        return None


def run(seconds: float, seed: int) -> tuple[Counter[str], str | None]:
    """Change parts and read them both ways; return what was done, and the first difference."""
    chance, known = random.Random(seed), seeds()  # noqa: S311 - not for secrets
    asked: Counter[str] = Counter()
    expected = {one: meaning(one, row_by_row) for one in known}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        one = chance.choice(known)
        case = changed(one, chance) if chance.random() < 0.3 else otherwise(one, chance)
        case = agreeing(case) if chance.random() < 0.5 else case
        slow = meaning(case, row_by_row)
        asked.update(["cases", *(["taken"] if slow else []), *(["apart"] if apart.set_apart(case) else [])])
        if meaning(case, at_once) != slow or meaning(one, at_once) != expected[one]:
            return asked, f"{'taken' if slow else 'refused'} row by row, and otherwise at once: {case!r}"
        if chance.random() < 0.01:
            for remembered in (apart._ALIKE, apart._TIMES, apart._BLOBS):
                remembered.clear()
            if meaning(case, at_once) != slow:
                return asked, f"read otherwise once all was forgotten: {case!r}"
    return asked, None


def main() -> int:
    """Fuzz for as long as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    done, wrong = run(asked.seconds, asked.seed)
    print(f"{done['cases']} cases, {done['taken']} taken, {done['apart']} set apart")
    print(wrong or "no difference")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
