import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.redact_schemes import cisco7, juniper9

CISCO_KEY = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"
FAMILIES = ("QzF3n6/9CAtpu0O", "B1IREhcSyrleKvMW8LXx", "7N-dVbwsY2g4oaJZGUDj", "iHkq.mPf5T")
ALPHABET = "".join(FAMILIES)
WEIGHTS = ((1, 4, 32), (1, 16, 32), (1, 8, 32), (1, 64), (1, 32), (1, 4, 16, 128), (1, 32, 64))


def to_cisco7(plain: bytes, offset: int) -> bytes:
    octets = bytes(octet ^ CISCO_KEY[(offset + place) % len(CISCO_KEY)] for place, octet in enumerate(plain))
    return f"{offset:02d}{octets.hex().upper()}".encode()


def to_juniper9(plain: bytes, salt: str) -> bytes:
    """Encode as Junos does: each octet in a mixed base, each digit as a distance in the alphabet."""
    noise = next(3 - number for number, family in enumerate(FAMILIES) if salt in family)
    text, previous = salt + "Q" * noise, salt
    for place, octet in enumerate(plain):
        weights = WEIGHTS[place % len(WEIGHTS)]
        gaps = []
        for weight in reversed(weights):
            gaps.insert(0, octet // weight)
            octet %= weight
        for gap in gaps:
            previous = ALPHABET[(ALPHABET.index(previous) + gap + 1) % len(ALPHABET)]
            text += previous
    return b"$9$" + text.encode()


def test_the_published_example_of_type_7_decodes() -> None:
    assert cisco7(b"02050D480809") == b"cisco"
    assert cisco7(b"02050d480809") == b"cisco"


def test_the_published_example_of_juniper_9_decodes() -> None:
    assert juniper9(b"$9$LbHX-wg4Z") == b"lc"


passwords = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40).map(str.encode)


@given(passwords, st.integers(0, 52))
def test_every_password_in_type_7_decodes(plain: bytes, offset: int) -> None:
    assert cisco7(to_cisco7(plain, offset)) == plain


@given(passwords, st.sampled_from(ALPHABET))
def test_every_password_in_juniper_9_decodes(plain: bytes, salt: str) -> None:
    assert juniper9(to_juniper9(plain, salt)) == plain


@pytest.mark.parametrize("text", [b"", b"0", b"02", b"xx050D", b"+1050D", b"02050", b"0205zz", b"02\xff\xff"])
def test_what_is_no_type_7_does_not_decode(text: bytes) -> None:
    assert cisco7(text) is None


@pytest.mark.parametrize("text", [b"", b"$9$", b"$9$L", b"$9$!abc", b"$9$Lb!!", b"$9$LbHX-wg4", b"$9$\xff"])
def test_what_is_no_juniper_9_does_not_decode(text: bytes) -> None:
    assert juniper9(text) is None


def test_noise_is_not_taken_for_a_password() -> None:
    assert cisco7(to_cisco7(b"a\x01b", 3)) is None
    assert cisco7(to_cisco7(b"a\x7fb", 3)) is None
    assert juniper9(to_juniper9(b"a\x01b", "L")) is None
