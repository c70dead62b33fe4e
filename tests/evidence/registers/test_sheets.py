"""Sheets: what is written is read back, a spreadsheet runs nothing, and what is wrong is named by its line."""

import csv
import io
import json
from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.log.register import Entry
from evidence.model.columns import KINDS, register_of, sheet_columns
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId, digest_of
from evidence.registers.propose import rows_of
from evidence.registers.sheet import (
    MAX_SHEET_BYTES,
    Proposal,
    SheetError,
    differences,
    read_sheet,
    write_csv,
    write_yaml,
)

VISIBLE = st.characters(exclude_categories=["C", "Z"]) | st.sampled_from("'=+-@;,\"\\# :")
TEXTS = st.text(VISIBLE, min_size=1, max_size=20).filter(lambda text: text == text.strip())
SHAPES = {
    "date": st.dates(min_value=datetime(1000, 1, 1).date()).map(str),  # noqa: DTZ001
    "time": st.datetimes(min_value=datetime(1000, 1, 1)).map(lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}"),  # noqa: DTZ001
    "whole": st.integers(0, 10**9).map(str),
    "mac": st.binary(min_size=6, max_size=6).map(lambda octets: octets.hex(":")),
    "requirement": st.from_regex(r"[A-Z]{2,5}-[0-9]{2}", fullmatch=True),
    "text": TEXTS,
}


@st.composite
def entries(draw: Callable[..., Any]) -> tuple[str, Entry]:
    """Return a kind of sheet and an entry of it."""
    kind = draw(st.sampled_from(KINDS))
    columns: dict[str, Any] = {"kind": kind} if register_of(kind) == "attestation" else {}
    for column in sheet_columns(kind):
        if not column.required and draw(st.booleans()):
            continue
        shape = SHAPES["requirement" if column.shape == "requirements" else "text" if column.several else column.shape]
        one = st.sampled_from(column.choices) if column.choices else shape
        several = st.lists(one, min_size=1, max_size=3, unique=True).map(tuple)
        columns[column.name] = draw(several if column.several else one)
    for first, last in (("begins", "ends"), ("approved", "expires"), ("start", "end")):
        if first in columns and last in columns:
            columns[first], columns[last] = sorted((columns[first], columns[last]))
    return kind, Entry(id=draw(TEXTS), columns=MappingProxyType(columns))


def proposal(entry: Entry, seen: str = "") -> Proposal:
    return Proposal(id=entry.id, columns=entry.columns, seen=seen)


@given(entries(), TEXTS)
def test_a_sheet_reads_as_it_was_written(pair: tuple[str, Entry], seen: str) -> None:
    kind, entry = pair
    for name, text in (
        ("s.csv", write_csv(kind, [proposal(entry, seen)])),
        ("s.yaml", write_yaml(kind, [proposal(entry, seen)])),
    ):
        (line,) = read_sheet(kind, text.encode(), name)
        assert line.entry == entry


@given(entries(), TEXTS)
def test_no_cell_of_a_sheet_is_a_formula(pair: tuple[str, Entry], seen: str) -> None:
    kind, entry = pair
    for row in csv.reader(io.StringIO(write_csv(kind, [proposal(entry, seen)]))):
        assert not [cell for cell in row if cell[:1] in tuple("=+-@＝＋－＠\t\r")]


DEVICE = {"id": "1", "by": "佐藤", "mac": "00-80-F4-00-00-01", "name": "秤"}


def sheet(*rows: dict[str, str], columns: str = "id,by,mac,name,place,ended,seen") -> bytes:
    names = columns.split(",")
    out = io.StringIO(newline="")
    csv.DictWriter(out, names).writerows([dict(zip(names, names, strict=True)), *rows])
    return out.getvalue().encode()


def read(data: bytes, kind: str = "known-device", name: str = "s.csv") -> list[Entry]:
    return [line.entry for line in read_sheet(kind, data, name)]


def test_people_spell_addresses_and_times_as_they_like() -> None:
    (entry,) = read(sheet(DEVICE | {"mac": "0080.F400.0001"}))
    assert entry.columns["mac"] == "00:80:f4:00:00:01"
    rows = {"kind": "session", "subject": "kuka", "approver": "x", "begins": "2026-11-26T17:00:00+09:00"}
    text = json.dumps({"kind": "approval", "entries": [{"id": "1", "ends": "2026-11-26T12:00:00+01:00", **rows}]})
    (approval,) = read(text.encode(), "approval", "s.json")
    assert (approval.columns["begins"], approval.columns["ends"]) == ("2026-11-26T08:00:00Z", "2026-11-26T11:00:00Z")


@pytest.mark.parametrize("time", ["2026-11-26T17:00:00", "2026-11-26 17:00", "2026-11-26", "tomorrow", "17:00Z"])
def test_a_time_without_a_zone_is_nobodys(time: str) -> None:
    row = {
        "id": "1",
        "kind": "session",
        "subject": "k",
        "approver": "x",
        "begins": time,
        "ends": "2027-01-01T00:00:00Z",
    }
    with pytest.raises(SheetError, match=r"s\.csv:2: "):
        read(sheet(row, columns="id,kind,subject,begins,ends,approver"), "approval")


def test_excel_writes_a_mark_and_semicolons() -> None:
    data = b"\xef\xbb\xbf" + sheet(DEVICE).replace(b",", b";").replace(b"\r\n", b"\n")
    assert read(data) == read(sheet(DEVICE))


def test_empty_rows_and_the_column_seen_say_nothing() -> None:
    assert (
        read(sheet(DEVICE, {}, DEVICE | {"id": "2", "seen": "at port 5"}))[1].columns == read(sheet(DEVICE))[0].columns
    )


def test_a_reason_in_ended_ends_the_entry_whatever_else_stands_there() -> None:
    (entry,) = read(sheet(DEVICE | {"ended": "scrapped"}))
    assert (entry.ended, entry.columns) == ("scrapped", {})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (sheet(DEVICE, {"id": "2", "by": "x"}), r"s\.csv:3: known-device|s\.csv:3: attestation 2: without mac"),
        (sheet(DEVICE, DEVICE), r"s\.csv:3: 1: stands in line 2 already"),
        (sheet(DEVICE | {"id": ""}), r"s\.csv:2: known-device: id: expected"),
        (sheet(DEVICE | {"mac": "00:80"}), r"s\.csv:2: attestation 1: mac: expected a MAC"),
        (sheet({"id": "1"}, columns="id,nmae"), r"s\.csv:2: unknown column 'nmae' \(did you mean name\?\)"),
        (sheet({}, columns="by,mac"), r"s\.csv:1: expected the column id"),
        (b"id,id\r\n", r"s\.csv:1: expected the column id and each"),
        (b"", r"s\.csv:1: expected the column id"),
        (sheet(DEVICE) + b"1,2,3,4,5,6,7,8\r\n", r"s\.csv:3: 8 cells in 7 columns"),
        (sheet(DEVICE) + b'"open', r"s\.csv:\d+: not CSV"),
        ("id,name\n1,é".encode("latin-1"), "not UTF-8"),
        (b"x" * (MAX_SHEET_BYTES + 1), "larger than"),
        (b"id\n" + b"1\n" * 10_001, "at most 10000 rows"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(data: bytes, words: str) -> None:
    with pytest.raises(SheetError, match=words) as found:
        read(data)
    assert found.value.exit_code == 5


def test_every_wrong_line_is_named_up_to_twenty() -> None:
    with pytest.raises(SheetError) as found:
        read(sheet(*({"id": str(number)} for number in range(30))))
    said = str(found.value).splitlines()
    assert (len(said), said[0][:8], said[-1]) == (21, "s.csv:2:", "and 10 more lines")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: known-device\nentries:\n- {id: 1, by: x}\n", r"s\.yaml:3: attestation 1: without mac"),
        ("kind: approval\nentries: []\n", "expected a sheet of kind known-device, found 'approval'"),
        ("entries: []\n", "expected `kind: known-device` and a list"),
        ("kind: known-device\nentries: {}\n", "and a list"),
        ("kind: known-device\nentries: []\nmore: 1\n", "and a list"),
        ("kind: known-device\nentries: [7]\n", r"s\.yaml:2: expected keys and values"),
        ("kind: known-device\nentries:\n- {id: [a, b], by: x}\n", r"s\.yaml:3: expected one text"),
        ("kind: known-device\nentries:\n- {id: {a: b}}\n", r"s\.yaml:3: expected a text or a list"),
        ("kind: known-device\nentries:\n- {[1]: x}\n", r"s\.yaml:3: expected a column's name"),
        ("kind: [\n", r"s\.yaml:\d: not YAML"),
        ("[" * 100_000, "not YAML"),
        ("", "expected `kind: known-device`"),
        ("kind: known-device\nentries: [" + "{}," * 10_001 + "]", "at most 10000 entries"),
    ],
)
def test_yaml_is_read_as_strictly(text: str, words: str) -> None:
    with pytest.raises(SheetError, match=words):
        read(text.encode(), name="s.yaml")


def test_yaml_values_are_the_words_that_stand_there() -> None:
    text = "kind: known-device\nentries:\n- {id: 0x10, by: no, mac: 00:80:f4:00:00:01, name: 2026-11-26, place: ~}\n"
    (entry,) = read(text.encode(), name="s.yaml")
    assert (entry.id, entry.text("by"), entry.text("name"), entry.text("place")) == ("0x10", "no", "2026-11-26", None)


def test_only_what_differs_is_to_be_signed() -> None:
    old = {one.id: one for one in read(sheet(DEVICE, DEVICE | {"id": "2"}, DEVICE | {"id": "3"}))}
    rows = sheet(
        DEVICE,
        DEVICE | {"id": "2", "place": "hall 3"},
        DEVICE | {"id": "3", "ended": "scrapped"},
        DEVICE | {"id": "4"},
    )
    found = list(differences(old, read(rows)))
    assert [(what, entry.id) for what, entry, _ in found] == [("changed", "2"), ("ended", "3"), ("new", "4")]
    assert found[0][2] == ("place: nothing -> hall 3",)
    with pytest.raises(SheetError, match="there is no such entry"):
        list(differences({}, read(sheet(DEVICE | {"ended": "x"}))))


def finding(requirement: str, status: Status, asset: str | None = "plc-1", row: str | None = None) -> Finding:
    return Finding(
        requirement=requirement,
        asset=AssetId(asset) if asset else None,
        row=row,
        status=status,
        reason=f"{requirement} says so",
        evidence=(digest_of(b"x"),),
    )


def test_an_exception_is_proposed_for_each_contradiction_nobody_accepted() -> None:
    accepted = Finding(
        requirement="CFG-01",
        asset=None,
        status=Status.CONTRADICTS,
        reason="",
        evidence=(digest_of(b"x"),),
        exception="E-1",
    )
    findings = [
        accepted,
        finding("EXC-01", Status.CONTRADICTS),
        finding("INV-03", Status.SUPPORTS),
        finding("INV-04", Status.CONTRADICTS, row="r" * 200),
        finding("INV-07", Status.CONTRADICTS, row="aa"),
        finding("INV-09", Status.CONTRADICTS, asset=None, row="00:80:f4:00:00:01"),
    ]
    rows = list(rows_of("exception", {}, findings))
    assert [row.columns.get("requirement") for row in rows] == ["INV-04", "INV-07", "INV-09"]
    assert len(rows[0].id) <= 100
    assert (rows[1].id, dict(rows[1].columns)) == (
        "INV-07-plc-1-aa",
        {"requirement": "INV-07", "assets": ("plc-1",), "row": "aa"},
    )
    assert "assets" not in rows[2].columns
    with pytest.raises(SheetError, match="without reason_class"):
        read_sheet("exception", write_csv("exception", rows).encode(), "s.csv")


def test_what_is_in_force_comes_first_and_is_not_proposed_again() -> None:
    (known,) = read(sheet(DEVICE | {"id": "00:80:f4:00:00:01"}))
    findings = [
        finding("INV-09", Status.SUPPORTS, asset=None, row="00:80:f4:00:00:01"),
        finding("INV-09", Status.SUPPORTS, asset=None, row="00:80:f4:00:00:02"),
        finding("INV-09", Status.SUPPORTS, asset=None),
    ]
    rows = list(rows_of("known-device", {known.id: known}, findings))
    assert [(row.id, row.seen) for row in rows] == [(known.id, ""), ("00:80:f4:00:00:02", "INV-09 says so")]


def test_dates_of_support_and_restores_are_proposed_where_nothing_was_assessed() -> None:
    findings = [
        finding("INV-04", Status.NOT_ASSESSED),
        finding("INV-04", Status.NOT_ASSESSED, asset=None),
        finding("BKP-02", Status.NOT_ASSESSED, row="db"),
        finding("BKP-02", Status.SUPPORTS, asset="b"),
    ]
    assert [dict(row.columns) for row in rows_of("support-end", {}, findings)] == [{"asset": "plc-1"}]
    assert [dict(row.columns) for row in rows_of("restore-test", {}, findings)] == [{"asset": "plc-1", "backup": "db"}]
    assert not list(rows_of("approval", {}, findings))
