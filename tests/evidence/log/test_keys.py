"""Signatures fit or do not, whichever library is asked."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from evidence.log import keys
from evidence.log.keys import PublicKey, SignatureError, SigningKey

nacl = pytest.importorskip("nacl.bindings")
nacl_errors = pytest.importorskip("nacl.exceptions")
_sodium = pytest.importorskip("nacl._sodium")

KEY = SigningKey.from_seed(b"\7" * 32)
ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of the base point (RFC 8032 §5.1)."""
PRIME = 2**255 - 19
D = -121665 * pow(121666, -1, PRIME) % PRIME
BASE = bytes.fromhex("58" + "66" * 31)

SMALL = tuple(
    bytes.fromhex(text)
    for text in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    )
)
"""The eight points of small order, as they are written."""
TWISTED = tuple((y | sign << 255).to_bytes(32, "little") for y in range(PRIME, 2**255) for sign in (0, 1))
"""All encodings of a y that is not below the prime."""


def openssl_says(key: bytes, signature: bytes, data: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
    except InvalidSignature:
        return False
    return True


def we_say(key: bytes, signature: bytes, data: bytes) -> bool:
    try:
        PublicKey(key).verify(signature, data)
    except SignatureError:
        return False
    return True


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on libsodium is asked."""
    many = keys._Many()
    many._fit = keys._libsodium()
    assert many._fit is not None
    monkeypatch.setattr(keys, "_MANY", many)


def added(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """Add points of edwards25519 (RFC 8032 §5.1.4, in affine coordinates)."""
    (x1, y1), (x2, y2) = one, other
    both = D * x1 * x2 * y1 * y2
    x, y = (x1 * y2 + x2 * y1) * pow(1 + both, -1, PRIME), (y1 * y2 + x1 * x2) * pow(1 - both, -1, PRIME)
    return x % PRIME, y % PRIME


def times(number: int, point: tuple[int, int]) -> tuple[int, int]:
    found = (0, 1)
    while number:
        if number & 1:
            found = added(found, point)
        point, number = added(point, point), number >> 1
    return found


def point_of(text: bytes) -> tuple[int, int]:
    """Decode a point (RFC 8032 §5.1.3)."""
    y, sign = int.from_bytes(text, "little") & (2**255 - 1), text[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if (x * x - square) % PRIME:
        x = x * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    assert (x * x - square) % PRIME == 0, "no point"
    return (x if x & 1 == sign else PRIME - x), y


def odd_signatures() -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield signatures on which libraries are known to differ: small points, odd encodings, a scalar too large."""
    for point in (*SMALL, *TWISTED):
        for other in (*SMALL, *TWISTED[:6]):
            for scalar in (0, 1, ORDER):
                for data in (b"", b"a", b"ab", b"abc"):
                    yield point, other + scalar.to_bytes(32, "little"), data
    for known, lenient in keys.LENIENT:
        yield bytes.fromhex(known), bytes.fromhex(lenient), b"plantproof"
    signed = KEY.sign(b"data")
    raw = KEY.public.raw
    larger = int.from_bytes(signed[32:], "little") + ORDER
    yield raw, signed[:32] + larger.to_bytes(32, "little"), b"data"
    for point in (*SMALL, *TWISTED[:6]):
        yield raw, point + signed[32:], b"data"
        h = int.from_bytes(hashlib.sha512(point + raw + b"data").digest(), "little") % ORDER
        yield raw, point + h.to_bytes(32, "little"), b"data"


@pytest.mark.usefixtures("quick")
def test_what_fits_does_not_depend_on_the_library() -> None:
    said: dict[tuple[bool, bool], int] = {}
    for key, signature, data in odd_signatures():
        authority = openssl_says(key, signature, data)
        sodium = keys._MANY.fits(key, signature, data)
        assert we_say(key, signature, data) is authority
        assert authority or not sodium, "a yes of libsodium alone would count nowhere else"
        said[authority, sodium] = said.get((authority, sodium), 0) + 1
    assert said[True, False] > 0, "the two are known to differ on some of these"
    assert said[False, False] > 0


@given(st.binary(max_size=80), st.integers(0, 63), st.integers(1, 255), st.binary(max_size=8))
def test_a_signature_fits_and_a_changed_one_does_not(data: bytes, place: int, change: int, more: bytes) -> None:
    many = keys._Many()
    many._fit = keys._libsodium()
    raw, signed = KEY.public.raw, KEY.sign(data)
    assert many.fits(raw, signed, data)
    changed = bytearray(signed)
    changed[place] ^= change
    assert not many.fits(raw, bytes(changed), data)
    assert not many.fits(raw, signed + more, data) or not more
    assert not many.fits(raw, signed, data + more) or not more
    assert not many.fits(raw, signed[:place], signed[place:] + data), "the data makes up for a signature cut short"


def test_few_signatures_load_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    monkeypatch.setattr(keys, "_libsodium", lambda: loaded.append(1))
    many = keys._Many()
    for _ in range(many.WORTH_IT - 1):
        assert not many.fits(b"", b"", b"")
    assert not loaded
    for _ in range(3):
        assert not many.fits(b"", b"", b"")
    assert loaded == [1], "where it is not installed, it is looked for once"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("more", [0, 1])
def test_openssl_alone_is_asked_about_much_data(more: int) -> None:
    data = bytes(keys._MANY.SHORT + more)
    signature = KEY.sign(data)
    assert keys._MANY.fits(KEY.public.raw, signature, data) is (not more)
    assert we_say(KEY.public.raw, signature, data)
    assert not we_say(KEY.public.raw, signature, data[:-1] + b"1")


@pytest.mark.usefixtures("quick")
def test_a_signature_by_another_is_refused_in_words() -> None:
    with pytest.raises(SignatureError, match=r"not signed by SHA256:\S+, or changed since"):
        KEY.public.verify(SigningKey.generate().sign(b"data"), b"data")


@pytest.mark.parametrize(("key", "signature"), keys.LENIENT)
def test_the_known_signatures_fit_only_a_lenient_verifier(key: str, signature: str) -> None:
    raw, r, s = (
        bytes.fromhex(key),
        bytes.fromhex(signature)[:32],
        int.from_bytes(bytes.fromhex(signature)[32:], "little"),
    )
    h = int.from_bytes(hashlib.sha512(r + raw + b"plantproof").digest(), "little") % ORDER
    left, right = times(s, point_of(BASE)), added(point_of(r), times(h, point_of(raw)))
    assert left != right
    assert times(8, left) == times(8, right)
    assert not openssl_says(raw, bytes.fromhex(signature), b"plantproof")


def test_a_library_that_is_more_lenient_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 8032 §5.1.7 lets it multiply both sides by eight first."""
    assert not keys.is_lenient(_fit)
    for key, _ in keys.LENIENT:
        strict_but_for_one = lambda signed, raw, key=key: raw.hex() == key or _fit(signed, raw)  # noqa: E731
        assert keys.is_lenient(strict_but_for_one)
    for other in SimpleNamespace(crypto_sign_open=lambda *_: 0), SimpleNamespace():
        monkeypatch.setattr(_sodium, "lib", other)
        assert keys._libsodium() is None


def _fit(signed: bytes, key: bytes) -> bool:
    try:
        nacl.crypto_sign_open(signed, key)
    except nacl_errors.BadSignatureError:
        return False
    return True


@pytest.mark.usefixtures("quick")
def test_the_library_is_asked_by_many_threads_and_never_about_other_lengths() -> None:
    raw, data = KEY.public.raw, b"data" * 100
    signature = KEY.sign(data)
    with ThreadPoolExecutor(8) as threads:
        said = list(threads.map(lambda n: keys._MANY.fits(raw, signature, data[n % 2 :]), range(400)))
    assert said == [True, False] * 200
    assert not keys._MANY.fits(raw[:31], signature, data)
    assert not keys._MANY.fits(raw + b"0", signature, data)
    assert not keys._MANY.fits(raw, signature[:63], signature[63:] + data)
