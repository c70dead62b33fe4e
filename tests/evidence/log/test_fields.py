"""One JSON object under strict reading."""

from types import MappingProxyType

import pytest

from evidence.log.fields import MAX_TEXT, Fields, ShapeError

SHA = "sha256:" + "0" * 64


def fields(**values: object) -> Fields:
    return Fields(values, "thing", frozenset(), frozenset(values))


def test_what_is_there_is_read() -> None:
    found = fields(t="x", n=3, b=False, d=SHA, at="2026-07-22T02:00:00Z", r=[1], m={"k": 1}, none=None)
    assert (found.text("t"), found.optional_text("t"), found.optional_text("q")) == ("x", "x", None)
    assert (found.whole("n"), found.whole("n", least=3), found.flag("b"), found.digest("d")) == (3, 3, False, SHA)
    assert (found.time("at"), found.rows("r"), dict(found.mapping("m")), found.raw("none")) == (
        "2026-07-22T02:00:00Z",
        (1,),
        {"k": 1},
        None,
    )
    assert "t" in found
    assert "q" not in found


@pytest.mark.parametrize(
    ("read", "value"),
    [
        ("text", ""),
        ("text", 1),
        ("text", None),
        ("text", "x" * (MAX_TEXT + 1)),
        ("whole", -1),
        ("whole", True),
        ("whole", "1"),
        ("flag", 0),
        ("flag", "true"),
        ("flag", None),
        ("digest", "0" * 64),
        ("digest", 1),
        ("digest", None),
        ("time", "2026"),
        ("time", 1),
        ("time", "2026-07-22T02:00:00+00:00"),
        ("time", "2026-07-22t02:00:00z"),
        ("rows", {}),
        ("rows", "x"),
        ("rows", None),
        ("mapping", []),
        ("mapping", None),
        ("optional_text", ""),
    ],
)
def test_what_is_of_another_type_is_refused_by_name(read: str, value: object) -> None:
    with pytest.raises(ShapeError, match=r"thing: k: "):
        getattr(fields(k=value), read)("k")


def test_a_time_is_checked_every_time_it_is_wrong() -> None:
    for _ in range(2):
        with pytest.raises(ShapeError):
            fields(k="never").time("k")


def test_bounds_are_exact() -> None:
    assert fields(k="x" * MAX_TEXT).text("k")
    assert fields(k="xyz").text("k", longest=3) == "xyz"
    with pytest.raises(ShapeError):
        fields(k="xyz").text("k", longest=2)
    with pytest.raises(ShapeError):
        fields(k=2).whole("k", least=3)


def test_every_key_is_known_and_none_is_missing() -> None:
    required, optional = frozenset({"a", "b"}), frozenset({"c"})
    assert Fields({"a": 1, "b": 1}, "thing", required, optional)
    assert Fields(MappingProxyType({"a": 1, "b": 1, "c": 1}), "thing", required, optional)
    with pytest.raises(ShapeError, match="thing: without b"):
        Fields({"a": 1, "c": 1}, "thing", required, optional)
    with pytest.raises(ShapeError, match="thing: unknown key d, e"):
        Fields({"a": 1, "b": 1, "e": 1, "d": 1}, "thing", required, optional)
    for wrong in ([], None, "a", 1):
        with pytest.raises(ShapeError, match="thing: expected an object"):
            Fields(wrong, "thing", required, optional)


def test_a_mapping_that_was_read_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        fields(m={"k": 1}).mapping("m")["k"] = 2  # type: ignore[index]
