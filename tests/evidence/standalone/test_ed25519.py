"""The verifier's own Ed25519 agrees with RFC 8032 and with `cryptography`, on good signatures and bad ones."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.standalone.ed25519 import L, P, signed

VECTORS = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
        "454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
        "3dca179c138ac17ad9bef1177331a704",
    ),
)
"""RFC 8032 §7.1: TEST 1, TEST 2, TEST 3 and TEST SHA(abc): key, message, signature."""


def library(key: bytes, signature: bytes, data: bytes) -> bool:
    """Tell what `cryptography` says."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def test_the_vectors_of_rfc_8032_hold_and_none_does_with_a_bit_changed() -> None:
    for key, data, signature in ((bytes.fromhex(one) for one in vector) for vector in VECTORS):
        assert signed(key, signature, data)
        assert not signed(key, signature, data + b"x")
        for place in range(0, 64, 7):
            changed = bytearray(signature)
            changed[place] ^= 1 << place % 8
            assert not signed(key, bytes(changed), data)


SEEDS = st.binary(min_size=32, max_size=32)


@settings(max_examples=25)
@given(seed=SEEDS, data=st.binary(max_size=200), place=st.integers(0, 511), other=st.binary(max_size=20))
def test_it_agrees_with_the_library(seed: bytes, data: bytes, place: int, other: bytes) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key, signature = private.public_key().public_bytes_raw(), private.sign(data)
    assert signed(key, signature, data)
    changed = bytearray(signature)
    changed[place // 8] ^= 1 << place % 8
    assert not signed(key, bytes(changed), data)
    assert not library(key, bytes(changed), data)
    assert signed(key, signature, other) == (other == data)


@settings(max_examples=25)
@given(key=SEEDS, signature=st.binary(min_size=64, max_size=64), data=st.binary(max_size=20))
def test_it_takes_no_bytes_the_library_does_not_take(key: bytes, signature: bytes, data: bytes) -> None:
    assert not signed(key, signature, data) or library(key, signature, data)


def test_what_a_strict_reader_refuses_is_refused() -> None:
    key, data, signature = (bytes.fromhex(one) for one in VECTORS[1])
    s = int.from_bytes(signature[32:], "little")
    assert not signed(key, signature[:32] + (s + L).to_bytes(32, "little"), data)
    assert not signed(key, signature[:-1], data)
    assert not signed(key[:-1], signature, data)
    assert not signed((P + 1).to_bytes(32, "little"), signature, data)
    assert not signed(bytes([1]) + bytes(30) + b"\x80", signature, data)
    assert not signed(bytes([2]) + bytes(31), signature, data)
