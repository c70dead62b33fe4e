from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.redact_forms import SHORT, Form, forms
from collectors.redact_held import HeldSecrets
from collectors.redact_tags import WELL_KNOWN

SECRET = 'Pä+5"w&x\\y z'


def written(secret: str) -> list[bytes]:
    """The ways to write a secret that must be found, made independently of the code under test."""
    utf8 = secret.encode()
    ways = [
        utf8,
        utf8.hex().encode(),
        utf8.hex().upper().encode(),
        utf8.hex(":").encode(),
        utf8.hex(" ").upper().encode(),
        utf8.hex("-").encode(),
        b"0x" + utf8.hex().encode(),
        " ".join(f"0x{octet:02X}" for octet in utf8).encode(),
        "".join(f"\\x{octet:02x}" for octet in utf8).encode(),
        ".".join(str(octet) for octet in utf8).encode(),
        quote(secret, safe="").encode(),
        quote_plus(secret).encode(),
        secret.encode("utf-16-le"),
        secret.encode("utf-16-be"),
        secret.encode("utf-16-le").hex().encode(),
        secret.encode("utf-16-be").hex().upper().encode(),
    ]
    if len(secret) >= SHORT:
        for before in (b"", b"u", b"us", b"user:"):
            ways += [b64encode(before + utf8 + b"!"), urlsafe_b64encode(before + utf8), b64encode(before + utf8)]
            ways.append(b64encode(before + secret.encode("utf-16-le")))
    return ways


def found(secret: str, data: bytes) -> bool:
    return any(span.rank == 1 for span in HeldSecrets([secret]).find(data))


@pytest.mark.parametrize("way", written(SECRET))
def test_every_form_is_found_in_the_middle_of_a_text(way: bytes) -> None:
    assert found(SECRET, b"x " + way + b" y")
    assert not found(SECRET, b"x y")


@pytest.mark.parametrize(
    "text",
    [
        b'{"k": "P\\u00e4+5\\"w&x\\\\y z"}',
        'k="Pä+5\\"w&x\\\\y z"'.encode(),
        '<k>Pä+5"w&amp;x\\y z</k>'.encode(),
        "<k>Pä+5&quot;w&amp;x\\y z</k>".encode(),
        "error: 'Pä+5\"w&x\\\\y z'".encode(),
        'Pä+5"w&x\\y z'.encode("latin-1"),
        b"k=P%c3%a4%2b5%22w%26x%5cy%20z",
    ],
)
def test_a_secret_is_found_as_json_xml_urls_and_messages_write_it(text: bytes) -> None:
    assert found(SECRET, text)


secrets = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=8, max_size=24).filter(
    lambda secret: secret.lower().encode() not in WELL_KNOWN
)


@given(secrets, st.data())
def test_any_secret_is_found_in_any_form(secret: str, data: st.DataObject) -> None:
    way = data.draw(st.sampled_from(written(secret)))
    assert found(secret, b"before " + way + b" after")


@pytest.mark.parametrize("text", [b"pin 7x$k.", b"7x$k", b"(7x$k)", b"a 3778246b "])
def test_a_short_secret_is_found_as_a_whole_word(text: bytes) -> None:
    assert found("7x$k", text)


@pytest.mark.parametrize("text", [b"pin a7x$k", b"7x$kb", b"7x$k_", b"7x$k\xc3\xa4"])
def test_a_short_secret_is_not_found_within_a_word(text: bytes) -> None:
    assert not found("7x$k", text)


def test_a_short_secret_alone_in_base64_is_found() -> None:
    assert found("7x$k", b"token " + b64encode(b"7x$k") + b" end")


def test_a_number_is_not_found_within_a_longer_number() -> None:
    assert found("202611", b"pin 202611.")
    assert not found("202611", b"count 1202611")
    assert not found("202611", b"count 2026110")


def test_an_index_is_not_found_within_longer_arcs() -> None:
    dotted = b".".join(str(octet).encode() for octet in b"S3cret")
    assert found("S3cret", b"1.3.6.1." + dotted + b".1")
    assert not found("S3cret", b"1.3.6.1.1" + dotted + b".1")
    assert not found("S3cret", b"1.3.6.1." + dotted + b"1")


def test_base64_takes_the_characters_that_share_bits_along() -> None:
    spans = [span for span in HeldSecrets(["Secret99"]).find(b64encode(b"u:Secret99!")) if span.rank == 1]
    assert {(span.start, span.end) for span in spans} == {(2, 14)}


def test_each_form_is_listed_once() -> None:
    texts = [form.text for form in forms("abcdef")]
    assert len(texts) == len(set(texts))
    assert all(texts)


def test_a_form_without_edges_fits_anywhere_its_text_stands() -> None:
    assert Form(b"bc").fits(b"abcd", 1)
    assert not Form(b"bc").fits(b"abcd", 0)
    assert not Form(b"bc").fits(b"ab", 1)
