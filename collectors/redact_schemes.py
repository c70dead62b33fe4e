"""
Secrets that devices only disguise: decoded before they are tagged, so the tag is the password's own.

Cisco type 7 and Juniper `$9$` are published, keyless encodings; anybody can turn them back. What does not decode is
treated as opaque.
"""

from collections.abc import Callable, Mapping

_CISCO7_KEY = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"
"""The constant every IOS uses for `service password-encryption`."""

_JUNIPER_FAMILIES = ("QzF3n6/9CAtpu0O", "B1IREhcSyrleKvMW8LXx", "7N-dVbwsY2g4oaJZGUDj", "iHkq.mPf5T")
_JUNIPER_ALPHABET = "".join(_JUNIPER_FAMILIES)
_JUNIPER_PLACE = {character: place for place, character in enumerate(_JUNIPER_ALPHABET)}
_JUNIPER_SALT = {character: 3 - number for number, family in enumerate(_JUNIPER_FAMILIES) for character in family}
"""How many characters of noise follow the first."""
_JUNIPER_WEIGHTS = ((1, 4, 32), (1, 16, 32), (1, 8, 32), (1, 64), (1, 32), (1, 4, 16, 128), (1, 32, 64))


def cisco7(text: bytes) -> bytes | None:
    """Return the password behind a Cisco type 7 string, or `None` when it is not one."""
    try:
        offset, octets = int(text[:2]), bytes.fromhex(text[2:].decode("ascii"))
    except ValueError:
        return None
    if not octets or not text[:2].isdigit():
        return None
    key = _CISCO7_KEY
    plain = bytes(octet ^ key[(offset + place) % len(key)] for place, octet in enumerate(octets))
    return plain if _is_text(plain) else None


def juniper9(text: bytes) -> bytes | None:
    """Return the password behind a Juniper `$9$` string, or `None` when it is not one."""
    try:
        characters = text.decode("ascii").removeprefix("$9$")
        rest = characters[1 + _JUNIPER_SALT[characters[0]] :]
        previous = characters[0]
        plain = bytearray()
        while rest:
            weights = _JUNIPER_WEIGHTS[len(plain) % len(_JUNIPER_WEIGHTS)]
            group, rest = rest[: len(weights)], rest[len(weights) :]
            if len(group) < len(weights):
                return None
            total = 0
            for weight, character in zip(weights, group, strict=True):
                gap = (_JUNIPER_PLACE[character] - _JUNIPER_PLACE[previous]) % len(_JUNIPER_ALPHABET) - 1
                total += gap * weight
                previous = character
            plain.append(total % 256)
    except (KeyError, IndexError, ValueError):
        return None
    return bytes(plain) if plain and _is_text(plain) else None


def _is_text(plain: bytes | bytearray) -> bool:
    """Say whether octets can be a password; noise decodes to control characters."""
    return all(octet >= 32 and octet != 127 for octet in plain)


DECODERS: Mapping[str, Callable[[bytes], bytes | None]] = {"cisco7": cisco7, "juniper9": juniper9}
"""Scheme of a secret rule -> how it is turned back."""
