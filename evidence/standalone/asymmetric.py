"""Signatures by RSA (RFC 8017 §8) and ECDSA (FIPS 186-5 §6.4), with plain numbers; nothing here is secret."""

import hashlib
from typing import NamedTuple

from evidence.standalone.der import Der, bits, dotted, integer, only, within
from evidence.standalone.files import refuse, require

MAX_RSA_BITS = 16_384
"""Longest RSA key, as OpenSSL has it; it bounds the time that one signature takes."""

HASHES = {
    "2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512",
}  # fmt: skip
_RSA, PSS, _MGF1 = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"
_SCHEMES = {
    "1.2.840.113549.1.1.11": "sha256", "1.2.840.113549.1.1.12": "sha384", "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.10045.4.3.2": "sha256", "1.2.840.10045.4.3.3": "sha384", "1.2.840.10045.4.3.4": "sha512",
}  # fmt: skip


class Curve(NamedTuple):
    """y² = x³ - 3x + b over a prime, and a point of it of prime order (SP 800-186 §3.2.1)."""

    p: int
    b: int
    x: int
    y: int
    n: int


_CURVES = {
    "1.2.840.10045.3.1.7": Curve(
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    ),
    "1.3.132.0.34": Curve(
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
        0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
        0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    ),
}
"""P-256 and P-384."""


def scheme(algorithm: Der, otherwise: str = "") -> tuple[str, int]:
    """Return an algorithm's hash, and the salt's length of RSASSA-PSS, or -1; plain RSA takes the hash `otherwise`."""
    name, *more = within(algorithm)
    if dotted(name) != PSS:
        return _SCHEMES.get(dotted(name)) or (dotted(name) == _RSA and otherwise) or refuse("an unknown signature"), -1
    rows = {one.tag: only(one.body) for one in within(more[0])}
    require(rows.keys() <= {0xA0, 0xA1, 0xA2, 0xA3} and rows.keys() >= {0xA0, 0xA1, 0xA2}, "PSS: an unknown hash")
    mask, of = within(rows[0xA1])
    names = {dotted(within(rows[0xA0])[0]), dotted(within(of)[0])}
    require(dotted(mask) == _MGF1 and len(names) == 1 and names <= HASHES.keys(), "PSS: an unknown hash")
    salt = integer(rows[0xA2])
    require(0 <= salt <= 64 and (0xA3 not in rows or integer(rows[0xA3]) == 1), "PSS: an unknown salt or trailer")
    return HASHES[names.pop()], salt


def check_public(info: Der) -> None:
    """Refuse a key that is not accepted: RSA of 2048 bits or more, ECDSA on P-256 or P-384 (RFC 5280 §4.1.2.7)."""
    algorithm, key = within(info)
    kind, *more = within(algorithm)
    if dotted(kind) in (_RSA, PSS):
        n, e = (integer(one, MAX_RSA_BITS // 8 + 1) for one in within(only(bits(key))))
        require(2_048 <= n.bit_length() <= MAX_RSA_BITS and n > 0, "an RSA key of a length that is not accepted")
        require(2 < e < 2**33 and e & 1, "an RSA key of an exponent that is not accepted")
        return
    require(dotted(kind) == "1.2.840.10045.2.1" and dotted(more[0]) in _CURVES, "a key of a kind that is not accepted")
    curve, point = _CURVES[dotted(more[0])], bits(key)
    size = curve.p.bit_length() // 8
    require(len(point) == 2 * size + 1 and point[0] == 4, "a point that is not written in full")
    x, y = int.from_bytes(point[1 : size + 1], "big"), int.from_bytes(point[size + 1 :], "big")
    require(max(x, y) < curve.p and (y * y - x**3 + 3 * x - curve.b) % curve.p == 0, "a point beside its curve")


def proves(info: Der, how: tuple[str, int], signature: bytes, data: bytes) -> bool:
    """Tell whether a signature over `data` was made by the other half of a key that is accepted."""
    check_public(info)
    algorithm, key = within(info)
    kind, *more = within(algorithm)
    name, salt = how
    digest = hashlib.new(name, data).digest()
    if dotted(kind) in (_RSA, PSS):
        n, e = (integer(one, MAX_RSA_BITS // 8 + 1) for one in within(only(bits(key))))
        size, made = (n.bit_length() + 7) // 8, int.from_bytes(signature, "big")
        if len(signature) != size or made >= n:
            return False
        opened = pow(made, e, n).to_bytes(size, "big")
        return opened == _padded(name, digest, size) if salt < 0 else _masked(opened, n.bit_length() - 1, how, digest)
    return salt < 0 and _on_curve(_CURVES[dotted(more[0])], bits(key), signature, digest)


def _padded(name: str, digest: bytes, size: int) -> bytes:
    """Return what RSASSA-PKCS1-v1_5 signs (RFC 8017 §9.2)."""
    last, length = {"sha256": 1, "sha384": 2, "sha512": 3}[name], len(digest)
    named = bytes.fromhex("300d06096086480165030402") + bytes([last, 5, 0])
    info = bytes([0x30, 17 + length]) + named + bytes([4, length]) + digest
    return b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info


def _masked(opened: bytes, length: int, how: tuple[str, int], digest: bytes) -> bool:
    """Tell whether an opened signature is RSASSA-PSS's of a digest (RFC 8017 §9.1.2)."""
    name, salt = how
    size, h = (length + 7) // 8, len(digest)
    if opened[:-size].strip(b"\0") or size < h + salt + 2 or opened[-1] != 0xBC:
        return False
    masked, seal = opened[-size : -h - 1], opened[-h - 1 : -1]
    blocks = range(-(-len(masked) // h))
    mask = b"".join(hashlib.new(name, seal + block.to_bytes(4, "big")).digest() for block in blocks)
    spare = 8 * size - length
    block = bytes(one ^ other for one, other in zip(masked, mask, strict=False))
    plain = bytes([block[0] & 0xFF >> spare]) + block[1:]
    rest = len(plain) - salt - 1
    good = masked[0] >> (8 - spare) == 0 and plain[: rest + 1] == bytes(rest) + b"\1"
    return good and hashlib.new(name, bytes(8) + digest + plain[rest + 1 :]).digest() == seal


def _on_curve(curve: Curve, point: bytes, signature: bytes, digest: bytes) -> bool:
    """Tell whether an ECDSA signature holds."""
    r, s = map(integer, within(only(signature)))
    if not (0 < r < curve.n and 0 < s < curve.n):
        return False
    size = curve.p.bit_length() // 8
    z, w = int.from_bytes(digest[:size], "big"), pow(s, -1, curve.n)
    own = int.from_bytes(point[1 : size + 1], "big"), int.from_bytes(point[size + 1 :], "big"), 1
    found = _both(curve.p, z * w % curve.n, (curve.x, curve.y, 1), r * w % curve.n, own)
    return found[2] != 0 and (found[0] * pow(found[2], -2, curve.p) % curve.p) % curve.n == r


_Jacobian = tuple[int, int, int]


def _both(p: int, a: int, one: _Jacobian, b: int, other: _Jacobian) -> _Jacobian:
    """Return a times one point and b times another, added."""
    points, result = ((0, 1, 0), one, other, _joined(p, one, other)), (0, 1, 0)
    for bit in reversed(range(max(a, b).bit_length())):
        result = _twice(p, result)
        result = _joined(p, result, points[(a >> bit & 1) | (b >> bit & 1) << 1])
    return result


def _twice(p: int, point: _Jacobian) -> _Jacobian:
    x, y, z = point
    m, s = 3 * (x - z * z) * (x + z * z), 4 * x * y * y
    new = (m * m - 2 * s) % p
    return new, (m * (s - new) - 8 * y**4) % p, 2 * y * z % p


def _joined(p: int, one: _Jacobian, other: _Jacobian) -> _Jacobian:
    if one[2] == 0 or other[2] == 0:
        return other if one[2] == 0 else one
    zz1, zz2 = one[2] ** 2 % p, other[2] ** 2 % p
    u1, s1 = one[0] * zz2 % p, one[1] * zz2 * other[2] % p
    h, r = (other[0] * zz1 - u1) % p, (other[1] * zz1 * one[2] - s1) % p
    if h == 0:
        return _twice(p, one) if r == 0 else (0, 1, 0)
    hh = h * h % p
    x = (r * r - h * hh - 2 * u1 * hh) % p
    return x, (r * (u1 * hh - x) - s1 * h * hh) % p, h * one[2] * other[2] % p
