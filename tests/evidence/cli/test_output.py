"""How results are printed."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.cli.output import age_text, json_line, table
from evidence.harmless import UNSEEN, csv_line, harmless, one_line

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(ANY_TEXT)
def test_nothing_that_steers_a_terminal_is_printed(text: str) -> None:
    assert UNSEEN.search(harmless(text)) is None
    assert "\n" not in one_line(text)


@given(ANY_TEXT)
def test_json_is_exact_and_harmless(text: str) -> None:
    line = json_line({"value": text})
    assert json.loads(line) == {"value": text}
    assert UNSEEN.search(line) is None
    assert "\n" not in line


def test_a_bidirectional_override_is_spelled_out() -> None:
    assert harmless("a\u202eb\x1b[2Jc\x00") == "a\\u202eb\\x1b[2Jc\\x00"


def test_a_lone_surrogate_is_spelled_out() -> None:
    assert harmless("a\udc80") == "a\\udc80"


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2+3", "@SUM(A1)"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert csv_line([cell]) == f"'{cell}"


def test_a_negative_number_stays_a_number() -> None:
    assert csv_line([-5, "+3.5", None]) == "-5,+3.5,"


@given(st.lists(ANY_TEXT, min_size=1))
def test_a_record_reads_back_as_what_is_shown(cells: list[str]) -> None:
    (record,) = csv.reader(io.StringIO(csv_line(["x", *cells])))
    assert [cell.removeprefix("'") for cell in record[1:]] == [one_line(cell).removeprefix("'") for cell in cells]


def test_columns_line_up_with_wide_characters() -> None:
    lines = list(table(("ASSET", "STATE"), [("工場", "up"), ("a", "down")]))
    assert lines == ["ASSET  STATE", "工場   up", "a      down"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172800, "2 d"), (-5, "-5 s")]
)
def test_ages_are_short(seconds: int, text: str) -> None:
    assert age_text(seconds) == text
