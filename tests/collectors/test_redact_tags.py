import hashlib
import hmac
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from collectors.redact_tags import WELL_KNOWN, Span, Tagger, union

KEY = bytes(range(32))


def span(plain: bytes, scheme: str = "plain", *, type: str = "password") -> Span:  # noqa: A002
    return Span(start=0, end=len(plain), plain=plain, type=type, scheme=scheme)


def digits(plain: bytes) -> str:
    """Compute the tag with other means: HKDF of the cryptography package."""
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"plantproof redaction tag v1").derive(KEY)
    return hmac.new(key, plain, hashlib.sha256).hexdigest()[:20]


TAGGER = Tagger(key=KEY, key_id="k3")


def test_a_tag_is_80_bits_of_hmac_under_a_key_derived_for_this_use() -> None:
    assert TAGGER.tag(span(b"S3cret")) == f"<secret:password:k3:{digits(b'S3cret')}>".encode()


def test_the_type_is_not_in_the_digits() -> None:
    one, two = TAGGER.tag(span(b"S3cret", type="a")), TAGGER.tag(span(b"S3cret", type="b"))
    assert one != two
    assert one.rsplit(b":", 1)[1] == two.rsplit(b":", 1)[1]


def test_other_keys_give_other_digits() -> None:
    other = Tagger(key=bytes(32), key_id="k3").tag(span(b"S3cret"))
    assert other != TAGGER.tag(span(b"S3cret"))


def test_reversible_forms_show_the_tag_of_what_they_hide() -> None:
    assert TAGGER.tag(span(b"02050D480809", "cisco7")) == TAGGER.tag(span(b"cisco"))
    assert TAGGER.tag(span(b"$9$LbHX-wg4Z", "juniper9")) == TAGGER.tag(span(b"lc"))


def test_what_does_not_decode_and_what_is_hashed_is_marked_opaque() -> None:
    for scheme in ("opaque", "cisco7", "juniper9"):
        assert TAGGER.tag(span(b"zz!", scheme)) == f"<secret:password:k3:{digits(b'zz!')}:opaque>".encode()


def test_a_cipher_written_anew_at_every_read_has_no_digits() -> None:
    assert TAGGER.tag(span(b"x1", "varying")) == TAGGER.tag(span(b"y2", "varying")) == b"<secret:password:k3:varying>"


@pytest.mark.parametrize("word", [b"public", b"Private", b"ADMIN", b"cisco"])
def test_what_everybody_knows_is_marked_default_and_not_shown(word: bytes) -> None:
    assert TAGGER.tag(span(word)) == f"<default:password:k3:{digits(word)}>".encode()


def test_a_default_behind_a_disguise_is_a_default_and_a_hash_never_is() -> None:
    assert TAGGER.tag(span(b"02050D480809", "cisco7")).startswith(b"<default:")
    assert TAGGER.tag(span(b"public", "opaque")).startswith(b"<secret:")


def test_well_known_words_are_lower_case() -> None:
    assert all(word == word.lower() for word in WELL_KNOWN)
    assert {b"public", b"private", b"admin", b"cisco", b"moxa", b"password"} <= WELL_KNOWN


@pytest.mark.parametrize("key", [b"", b"\0" * 31, b"\0" * 33])
def test_a_key_of_another_length_is_refused_without_showing_it(key: bytes) -> None:
    with pytest.raises(ValueError, match=f"32 bytes, found {len(key)}"):
        Tagger(key=key, key_id="k1")


def test_nothing_shows_a_secret_in_its_repr() -> None:
    shown = repr(span(b"S3cret")) + repr(TAGGER)
    assert "S3cret" not in shown
    assert KEY.hex()[:8] not in shown


def at(start: int, end: int, rank: int = 0, plain: bytes = b"") -> Span:
    return Span(start=start, end=end, plain=plain or bytes((65 + rank,)), type="t", rank=rank)


def test_spans_that_touch_stay_two_and_spans_that_overlap_become_one() -> None:
    assert [(s.start, s.end) for s in union([at(3, 5), at(0, 3), at(6, 9), at(8, 11)])] == [(0, 3), (3, 5), (6, 11)]


def test_the_longest_of_overlapping_spans_gives_the_content() -> None:
    assert union([at(0, 4, 0), at(2, 9, 1)])[0].plain == b"B"
    assert union([at(0, 9, 2), at(2, 5, 0)])[0].plain == b"C"


def test_of_equal_spans_a_rule_goes_before_a_held_secret_before_the_generic_detector() -> None:
    assert [s.rank for s in union([at(0, 4, 2), at(0, 4, 1)])] == [1]
    assert [s.rank for s in union([at(0, 4, 1), at(0, 4, 0)])] == [0]


def test_a_literal_never_wins_over_a_secret() -> None:
    assert [s.rank for s in union([at(0, 9, 3), at(2, 4, 2)])] == [2]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6), st.integers(0, 3)), max_size=12))
def test_a_union_covers_the_same_bytes_once(parts: list[tuple[int, int, int]]) -> None:
    spans = [at(start, start + length, rank) for start, length, rank in parts]
    joined = union(spans)
    assert {place for s in spans for place in range(s.start, s.end)} == {
        place for s in joined for place in range(s.start, s.end)
    }
    assert all(one.end <= two.start for one, two in pairwise(joined))
