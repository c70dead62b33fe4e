"""Ed25519 verification (RFC 8032 §5.1), slow and plain: a few milliseconds a signature."""

import hashlib
from functools import lru_cache

P = 2**255 - 19
"""The field's prime (RFC 8032 §5.1)."""
L = 2**252 + 27742317777372353535851937790883648493
"""The group's order."""
_D = -121665 * pow(121666, -1, P) % P
_ROOT = pow(2, (P - 1) // 4, P)
_Point = tuple[int, int, int, int]
_IDENTITY: _Point = (0, 1, 1, 0)


def _add(p: _Point, q: _Point) -> _Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * _D, 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _double(p: _Point) -> _Point:
    a, b = p[0] * p[0], p[1] * p[1]
    h, g = a + b, a - b
    e, f = h - (p[0] + p[1]) ** 2, 2 * p[2] * p[2] + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def _sum(a: int, p: _Point, b: int, q: _Point) -> _Point:
    """Return a times p and b times q, added."""
    points, result = (_IDENTITY, p, q, _add(p, q)), _IDENTITY
    for bit in reversed(range(max(a, b).bit_length())):
        result = _double(result)
        chosen = (a >> bit & 1) | (b >> bit & 1) << 1
        if chosen:
            result = _add(result, points[chosen])
    return result


def _decode(raw: bytes) -> _Point | None:
    """Decode a point (RFC 8032 §5.1.3); nothing for bytes that are none."""
    y, sign = int.from_bytes(raw, "little") & (2**255 - 1), raw[31] >> 7
    square = (y * y - 1) * pow(_D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * _ROOT % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


_BASE = _decode(bytes([0x58]) + b"\x66" * 31)


def signed(key: bytes, signature: bytes, data: bytes) -> bool:
    """Tell whether an Ed25519 `signature` over `data` was made by the other half of `key` (RFC 8032 §5.1.7)."""
    if len(key) != 32 or len(signature) != 64:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + data).digest(), "little") % L
    return _fits(key, signature, k)


@lru_cache(maxsize=1_024)
def _fits(key: bytes, signature: bytes, k: int) -> bool:
    """Tell whether s B = R + k A; what introduces a key is asked about in two steps, and reckoned once."""
    point, s = _decode(key), int.from_bytes(signature[32:], "little")
    if point is None or _BASE is None or s >= L:
        return False
    minus = (P - point[0], point[1], 1, P - point[3])
    x, y, z, _ = _sum(s, _BASE, k, minus)
    inverse = pow(z, -1, P)
    encoded = (y * inverse % P) | ((x * inverse % P & 1) << 255)
    return encoded.to_bytes(32, "little") == signature[:32]
