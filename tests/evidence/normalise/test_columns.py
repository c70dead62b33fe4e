"""Columns that are read at once are what is read row by row from the decoded answer; what is no answer is refused."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.checks.tables import Share, columns_of
from evidence.model.capture import Capture
from evidence.model.names import AssetId, digest_of
from evidence.normalise.tables import MAX_ROW_CHARACTERS, Row, read_columns, read_rows
from evidence.normalise.values import INDEX_FORMATS, VALUE_FORMATS, clean
from evidence.normalise.varbinds import Index, Value, Varbind, VarbindsError, decode, encode, read_value
from evidence.platforms.platform import Column, TableRule

ONE, TWO, NEAR = "1.3.1", "1.3.2", "1.3.11"
VALUES = (
    st.integers(0, 3)
    | st.sampled_from(
        [None, b"", b"1", b" 2 ", b"two\nlines", b"\xff\x00", b"\x02\x00\x00\x00\x00\x01", "1.3.6", "10.0.0.1"]
    )
    | st.binary(max_size=8)
    | st.text(st.characters(codec="utf-8"), max_size=4).map(str.encode)
)
ROWS = st.lists(st.sampled_from((0, 1, 2, 3, 255, 256)), min_size=1, max_size=9).map(
    lambda arcs: ".".join(map(str, arcs))
)
ANSWERS = st.dictionaries(st.tuples(st.sampled_from((ONE, TWO, NEAR)), ROWS), VALUES, max_size=25)
COLUMNS = st.builds(
    Column,
    fact=st.sampled_from(("mac.address", "mac.port")),
    oid=st.sampled_from((ONE, TWO)),
    format=st.sampled_from((*VALUE_FORMATS, *INDEX_FORMATS)),
    lookup=st.none() | st.just(TWO),
    map=st.none() | st.just({"1": "one", "2": "two", "": "nothing"}),
)
RULES = st.builds(
    TableRule,
    question=st.just("q"),
    columns=st.lists(COLUMNS, min_size=1, max_size=3).map(tuple),
    key=st.none() | st.sampled_from(tuple(INDEX_FORMATS)),
)


def row_by_row(rule: TableRule, varbinds: list[Varbind]) -> Iterator[Row]:
    """Yield what a rule says of an answer, the plain way."""
    held = {varbind.oid: varbind for varbind in varbinds}
    for column in rule.columns:
        for oid, varbind in held.items():
            if not oid.startswith(f"{column.oid}.") or varbind.kind == "n":
                continue
            row = oid.removeprefix(f"{column.oid}.")
            by_index = INDEX_FORMATS.get(column.format)
            value = by_index(row) if by_index else VALUE_FORMATS[column.format](varbind)
            if column.lookup is not None:
                found = held.get(f"{column.lookup}.{value}")
                value = found.text if found else ""
            if column.map is not None:
                value = column.map.get(value, "")
            name = clean(INDEX_FORMATS[rule.key or "index"](row))[:MAX_ROW_CHARACTERS]
            if clean(value) and name:
                yield column.fact, name, clean(value), oid


@given(ANSWERS, RULES)
def test_columns_are_what_is_read_row_by_row(answer: dict[tuple[str, str], Value], rule: TableRule) -> None:
    data = encode([(f"{oid}.{row}", value) for (oid, row), value in answer.items()])
    expected = list(row_by_row(rule, decode(data)))
    assert list(read_rows(rule, Index(data), "")) == expected
    first: dict[tuple[str, str], str] = {}
    for fact, row, value, _ in expected:
        first.setdefault((fact, row), value)
    found: dict[tuple[str, str], str] = {}
    for fact, values in read_columns(rule, Index(data), ""):
        for row, value in values.items():
            found.setdefault((fact, row), value)
    assert found == first


@pytest.mark.parametrize(
    "between",
    [
        b"1.3.2.7\ti\t1\n",
        b"1.3.1.5\ti\t1\n",
        b"1.3.1.6.x\ti\t1\n",
        b"1.3.1.6\tq\t1\n",
        b"1.3.1.6\ti\t1\t2\n",
        b"1.3.1.6\n",
        b"\n",
        b"1.3.1.6\tn\tno\n",
        b"1.3.1.6.\ti\t1\n",
    ],
    ids=lambda line: repr(line)[2:-1],
)
def test_other_lines_among_those_of_a_column_are_refused(between: bytes) -> None:
    with pytest.raises(VarbindsError):
        Index(b"1.3.1.5\ti\t1\n" + between + b"1.3.1.9\ti\t1\n").below("1.3.1")


@pytest.mark.parametrize("written", ["i\tone", "x\t0", "x\tzz", "e\t[", "e\t1", "f\tx", "q\t1", f"i\t{'9' * 5000}"])
def test_what_is_no_value_is_refused(written: str) -> None:
    with pytest.raises(VarbindsError):
        read_value(written)
    rule = TableRule(question="q", columns=(Column(fact="a.b", oid="1.3.1"),))
    with pytest.raises(VarbindsError):
        read_columns(rule, Index(f"1.3.1.1\t{written}\n".encode()), "")


def told(question: str) -> Capture:
    return Capture(
        AssetId("a"), None, question, "snmp", "walk", "2026-11-22T23:48:00Z", 1, digest_of(question.encode()), 1, 1
    )


def test_of_several_answers_the_first_rule_tells_a_row_and_of_equals_the_first_answer() -> None:
    shares = [
        Share(2, "mac", "port", {"1": "late", "2": "late"}, told("late")),
        Share(1, "mac", "port", {"1": "early"}, told("early")),
        Share(1, "mac", "port", {"1": "again", "3": "again"}, told("again")),
    ]
    column = columns_of(shares)["mac", "port"]
    assert column.values == {"1": "early", "2": "late", "3": "again"}
    assert [column.told(row).question for row in ("1", "2", "3")] == ["early", "late", "again"]
    assert {answer.question for answer in column.answers()} == {"early", "late", "again"}
