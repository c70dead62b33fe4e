"""Statements of registers: written one way, read strictly, signed by the owner for this log about its plan."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.log import dsse
from evidence.log.accept import AcceptError, accept, check_plan
from evidence.log.authority import Authority, AuthorityError
from evidence.log.fields import ShapeError
from evidence.log.keyring import Keyring, Role, create_keyring
from evidence.log.register import (
    Entry,
    read_register,
    register_predicate,
    register_subjects,
)
from evidence.log.statement import Statement, build
from evidence.log.writer import create_log
from evidence.model.columns import ATTESTATIONS, REGISTERS, columns_of
from evidence.model.names import digest_of
from evidence.store.layout import statement_key
from evidence.store.memory import MemoryStore

AT = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
PLAN = digest_of(b"plan")

EXCEPTION = {
    "requirement": "INV-04",
    "assets": ("工場-スイッチ",),
    "reason_class": "too-old",
    "reason": "no successor",
    "owner": "佐藤",
    "approver": "m.huber",
    "approved": "2026-01-01",
    "expires": "2026-12-31",
    "compensating": ("SEG-02",),
}
APPROVAL = {
    "kind": "session",
    "subject": "kuka",
    "begins": "2026-11-26T08:00:00Z",
    "ends": "2026-11-26T12:00:00Z",
    "approver": "k.ito",
}
DEVICE = {"kind": "known-device", "by": "m.huber", "mac": "00:80:f4:00:00:01", "name": "scale"}


def entry(columns: dict[str, Any], ident: str = "E-1") -> Entry:
    return Entry(id=ident, columns=MappingProxyType(columns))


def statement(register: str, predicate: dict[str, Any]) -> Statement:
    return Statement(kind=register, subjects=register_subjects(PLAN), predicate={"log": "x", **predicate})


def texts() -> st.SearchStrategy[str]:
    visible = st.characters(exclude_categories=["C", "Z"])
    return st.text(visible, min_size=1, max_size=30).filter(lambda text: text == text.strip())


SHAPES = {
    "date": st.dates(min_value=date(1000, 1, 1)).map(lambda day: day.isoformat()),
    "time": st.datetimes(min_value=datetime(1000, 1, 1)).map(lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}"),  # noqa: DTZ001
    "whole": st.integers(0, 10**9).map(str),
    "mac": st.binary(min_size=6, max_size=6).map(lambda octets: octets.hex(":")),
    "requirement": st.from_regex(r"[A-Z]{2,5}-[0-9]{2}", fullmatch=True),
    "text": texts(),
}


@st.composite
def entries(draw: Callable[..., Any]) -> tuple[str, Entry]:
    """Return an entry of any kind, with any columns that may stand in it."""
    register = draw(st.sampled_from(sorted(REGISTERS)))
    kind = draw(st.sampled_from(sorted(ATTESTATIONS))) if register == "attestation" else None
    columns: dict[str, Any] = {}
    for column in columns_of(register, kind):
        if not column.required and draw(st.booleans()):
            continue
        shape = SHAPES["requirement" if column.shape == "requirements" else "text" if column.several else column.shape]
        one = st.sampled_from(column.choices) if column.choices else shape
        several = st.lists(one, min_size=1, max_size=3, unique=True).map(tuple)
        columns[column.name] = draw(several if column.several else one)
    if kind is not None:
        columns["kind"] = kind
    for first, last in (("begins", "ends"), ("approved", "expires"), ("start", "end")):
        if first in columns and last in columns:
            columns[first], columns[last] = sorted((columns[first], columns[last]))
    return register, Entry(id=draw(texts()), columns=MappingProxyType(columns))


@given(entries())
def test_what_is_written_is_what_is_read(pair: tuple[str, Entry]) -> None:
    register, one = pair
    read = read_register(statement(register, dict(register_predicate(register, [one], AT))))
    assert (read.register, read.at, read.entries) == (register, "2026-11-26T09:00:00Z", (one,))


def test_the_end_of_an_entry_has_a_reason_and_nothing_else() -> None:
    ended = Entry(id="E-1", ended="mended")
    read = read_register(statement("exception", dict(register_predicate("exception", [ended], AT))))
    assert read.entries == (ended,)
    row = {"id": "E-1", "act": "end", "reason": "mended", "owner": "x"}
    with pytest.raises(ShapeError, match="unknown key"):
        read_register(statement("exception", {"at": "2026-11-26T09:00:00Z", "entries": [row]}))


@pytest.mark.parametrize(
    ("register", "columns", "change", "words"),
    [
        ("exception", EXCEPTION, {"owner": None}, "without owner"),
        ("exception", EXCEPTION, {"owner": ""}, "owner: expected 1 to"),
        ("exception", EXCEPTION, {"budget": "x"}, "unknown column budget"),
        ("exception", EXCEPTION, {"reason_class": "lazy"}, "expected one of too-old"),
        ("exception", EXCEPTION, {"expires": "2026-13-01"}, "a date like"),
        ("exception", EXCEPTION, {"expires": "20261231"}, "a date like"),
        ("exception", EXCEPTION, {"expires": "2025-12-31"}, "lies before approved"),
        ("exception", EXCEPTION, {"requirement": "inv-4"}, "a requirement like"),
        ("exception", EXCEPTION, {"assets": ()}, "expected 1 to"),
        ("exception", EXCEPTION, {"assets": ("a", "a")}, "each once"),
        ("exception", EXCEPTION, {"assets": "a"}, "each once"),
        ("exception", EXCEPTION, {"assets": ([], "a")}, "each once"),
        ("exception", EXCEPTION, {"assets": ({}, "a")}, "each once"),
        ("exception", EXCEPTION, {"assets": (7, "a")}, "each once"),
        ("exception", EXCEPTION, {"compensating": ("SEG",)}, "a requirement like"),
        ("exception", EXCEPTION, {"owner": ("a",)}, "found a list"),
        ("exception", EXCEPTION, {"reason": "two\nlines"}, "on one line"),
        ("exception", EXCEPTION, {"reason": "a\u202eb"}, "on one line"),
        ("exception", EXCEPTION, {"reason": " padded "}, "on one line"),
        ("exception", EXCEPTION, {"reason": "x" * 2001}, "expected 1 to 2000"),
        ("approval", APPROVAL, {"begins": "2026-11-26T08:00:00+01:00"}, "a time like"),
        ("approval", APPROVAL, {"ends": "2026-11-26T07:59:59Z"}, "lies before begins"),
        ("approval", APPROVAL, {"kind": "party"}, "expected one of"),
        ("attestation", DEVICE, {"mac": "00-80-F4-00-00-01"}, "a MAC address like"),
        ("attestation", DEVICE, {"kind": "restore-test"}, "unknown column mac"),
        ("attestation", DEVICE, {"kind": "other"}, "unknown column mac"),
    ],
)
def test_what_does_not_fit_is_neither_written_nor_read(
    register: str, columns: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    said = {name: value for name, value in (columns | change).items() if value is not None}
    with pytest.raises(ShapeError, match=words):
        register_predicate(register, [entry(said)], AT)
    row = {"id": "E-1", "act": "state"}
    row |= {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}
    with pytest.raises(ShapeError, match=words):
        read_register(statement(register, {"at": "2026-11-26T09:00:00Z", "entries": [row]}))


@pytest.mark.parametrize("ident", ["", " x", "x" * 101, "a\tb", 7])
def test_an_id_is_short_and_visible(ident: Any) -> None:
    with pytest.raises(ShapeError, match="id: expected"):
        register_predicate("exception", [entry(EXCEPTION, ident)], AT)


def test_a_statement_has_entries_each_once_and_is_about_the_plan_alone() -> None:
    with pytest.raises(ShapeError, match="expected 1 to 10000 entries"):
        register_predicate("exception", [], AT)
    with pytest.raises(ShapeError, match="stands twice"):
        register_predicate("exception", [entry(EXCEPTION), entry(EXCEPTION)], AT)
    predicate = {"log": "x", **register_predicate("exception", [entry(EXCEPTION)], AT)}
    subjects = register_subjects(PLAN) * 2
    with pytest.raises(ShapeError, match="one subject"):
        read_register(Statement(kind="exception", subjects=subjects, predicate=predicate))
    for row, words in ((7, "an object"), ({"id": "x", "act": "maybe"}, "state or end")):
        with pytest.raises(ShapeError, match=words):
            read_register(statement("exception", {"at": "2026-11-26T09:00:00Z", "entries": [row]}))


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return create_keyring(tmp_path_factory.mktemp("keys") / "keys")


@pytest.fixture(scope="module")
def authority(keyring: Keyring) -> Authority:
    store = MemoryStore()
    founded = create_log(store, keyring, owner="acme", domain="acme.example", at=AT)
    for key in store.keys("statements/key/"):
        founded = accept(key, store.get(key), founded).authority
    return founded


def signed(keyring: Keyring, log: str, *, role: Role = Role.OWNER, register: str = "exception") -> tuple[str, bytes]:
    predicate = {**register_predicate("exception", [entry(EXCEPTION)], AT), "log": log}
    data = dsse.sign(keyring.key(role), dsse.IN_TOTO, build(register, register_subjects(PLAN), predicate))
    return statement_key(register, digest_of(data)), data


def test_the_owner_signs_for_this_log_and_a_logged_plan(authority: Authority, keyring: Keyring) -> None:
    accepted = accept(*signed(keyring, authority.origin), authority)
    assert accepted.register is not None
    assert accepted.register.entries == (entry(EXCEPTION),)
    check_plan(accepted, {PLAN})
    with pytest.raises(AcceptError, match="its plan"):
        check_plan(accepted, set())


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_nobody_else_may_sign_it(authority: Authority, keyring: Keyring, role: Role) -> None:
    with pytest.raises(AuthorityError, match="only the owner may sign it"):
        accept(*signed(keyring, authority.origin, role=role), authority)


def test_it_does_not_count_in_another_log_nor_as_another_register(authority: Authority, keyring: Keyring) -> None:
    with pytest.raises(AuthorityError, match="made for the log"):
        accept(*signed(keyring, "plantproof.example/acme/0000000000000000"), authority)
    with pytest.raises(ShapeError, match="approval E-1"):
        accept(*signed(keyring, authority.origin, register="approval"), authority)
