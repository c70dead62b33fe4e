"""Registers as of a moment: the later entry counts, an end ends, and nothing is older than the log it came after."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType, ModuleType

import pytest

from evidence.clock import rfc3339
from evidence.log.history import History
from evidence.log.keyring import Keyring, create_keyring
from evidence.log.register import Entry
from evidence.log.seal import seal
from evidence.model.register import Approval, Registers
from evidence.registers.reading import current, declared, read_registers
from evidence.registers.signing import NoPlanError, newest_plan, sign_entries
from evidence.store.memory import MemoryStore

DEVICE = {"kind": "known-device", "by": "m.huber", "mac": "00:80:f4:00:00:01", "name": "scale"}


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return create_keyring(tmp_path_factory.mktemp("keys") / "keys")


@dataclass(slots=True, kw_only=True)
class Owner:
    """A log with one run in it, and an owner who signs."""

    store: MemoryStore
    keyring: Keyring
    run_ended: datetime
    signed: list[str] = field(default_factory=list)

    def sign(self, register: str, *entries: Entry, at: datetime, sealed: bool = True) -> str:
        history = History.read(self.store)
        digest = sign_entries(self.store, self.keyring, history, register, entries, at=at)
        if sealed:
            seal(self.store, self.keyring, at=at, wait_s=0)
        return digest

    def read(self, as_of: datetime | None = None) -> Registers:
        return read_registers(History.read(self.store), rfc3339(as_of) if as_of else None)

    def approvals(self) -> list[tuple[str, str, str]]:
        return [(one.begins, one.ends, one.at) for one in self.read().approvals]


@pytest.fixture
def owner(plant_module: ModuleType, keyring: Keyring) -> Owner:
    plant = plant_module.Plant(store=MemoryStore(), keyring=keyring)
    plant.run(plant.begin(), at=plant_module.START)
    plant.seal()
    return Owner(store=plant.store, keyring=keyring, run_ended=plant_module.START + timedelta(minutes=4))


def entry(columns: Mapping[str, str | tuple[str, ...]], ident: str = "1", **said: str) -> Entry:
    return Entry(id=ident, columns=MappingProxyType({**columns, **said}))


def hours(owner: Owner, number: float) -> datetime:
    return owner.run_ended + timedelta(hours=number)


def session(owner: Owner, begins: float, ends: float, ident: str = "1") -> Entry:
    said = {"begins": rfc3339(hours(owner, begins)), "ends": rfc3339(hours(owner, ends))}
    return entry({"kind": "session", "subject": "kuka", "approver": "k.ito", **said}, ident)


def test_nothing_was_ever_signed(owner: Owner) -> None:
    found = owner.read()
    assert (found.exceptions, found.approvals, found.attestations, found.present) == ((), (), (), frozenset())


def test_the_later_entry_of_one_id_counts_and_says_when_it_was_signed(owner: Owner) -> None:
    owner.sign("attestation", entry(DEVICE), entry(DEVICE, "2"), at=hours(owner, 1))
    newer = owner.sign("attestation", entry(DEVICE, name="balance"), at=hours(owner, 2))
    found = {one.id: one for one in owner.read().attestations}
    assert (found["1"].values["name"], found["1"].at, found["1"].source) == ("balance", rfc3339(hours(owner, 2)), newer)
    assert found["2"].values == {"mac": DEVICE["mac"], "name": "scale"}
    assert owner.read().sources == {"attestation": newer}


def test_an_ended_entry_is_gone_and_its_register_still_there(owner: Owner) -> None:
    owner.sign("attestation", entry(DEVICE), at=hours(owner, 1))
    owner.sign("attestation", Entry(id="1", ended="scrapped"), at=hours(owner, 2))
    found = owner.read()
    assert (found.attestations, found.present) == ((), frozenset({"attestation"}))
    assert not current(declared(History.read(owner.store)), "attestation")
    owner.sign("attestation", entry(DEVICE), at=hours(owner, 3))
    assert len(owner.read().attestations) == 1


def test_as_of_an_earlier_moment_the_earlier_entry_counts(owner: Owner) -> None:
    owner.sign("attestation", entry(DEVICE), at=hours(owner, 1))
    owner.sign("attestation", Entry(id="1", ended="scrapped"), at=hours(owner, 2))
    assert len(owner.read(hours(owner, 2) - timedelta(seconds=1)).attestations) == 1
    assert not owner.read(hours(owner, 2)).attestations
    assert not owner.read(hours(owner, 1) - timedelta(seconds=1)).present


def test_what_is_not_sealed_does_not_count(owner: Owner) -> None:
    owner.sign("attestation", entry(DEVICE), at=hours(owner, 1), sealed=False)
    assert not owner.read().attestations


def test_two_statements_of_one_batch_count_in_the_order_of_their_times(owner: Owner) -> None:
    for name, hour in (("third", 3), ("first", 1), ("second", 2)):
        owner.sign("attestation", entry(DEVICE, name=name), at=hours(owner, hour), sealed=False)
    seal(owner.store, owner.keyring, at=hours(owner, 4), wait_s=0)
    assert owner.read().attestations[0].values["name"] == "third"


def test_the_log_goes_before_the_time_a_statement_gives_itself(owner: Owner) -> None:
    owner.sign("attestation", entry(DEVICE, name="first"), at=hours(owner, 5))
    owner.sign("attestation", entry(DEVICE, name="second"), at=hours(owner, 1))
    assert owner.read().attestations[0].values["name"] == "second"


def test_an_approval_cannot_be_dated_back_before_a_run_that_was_sealed_before_it(owner: Owner) -> None:
    owner.sign("approval", session(owner, -48, 48), at=hours(owner, -24))
    (found,) = owner.read().approvals
    assert found.at == rfc3339(owner.run_ended)
    assert not owner.read(owner.run_ended - timedelta(seconds=1)).approvals


def test_an_approval_that_was_replaced_stays_for_the_time_it_was_in_force(owner: Owner) -> None:
    owner.sign("approval", session(owner, 2, 6), at=hours(owner, 1))
    owner.sign("approval", session(owner, 2, 9), at=hours(owner, 5))
    assert owner.approvals() == [
        (rfc3339(hours(owner, 2)), rfc3339(hours(owner, 5)), rfc3339(hours(owner, 1))),
        (rfc3339(hours(owner, 2)), rfc3339(hours(owner, 9)), rfc3339(hours(owner, 5))),
    ]


def test_an_approval_that_was_ended_is_in_force_until_then_or_never_was(owner: Owner) -> None:
    owner.sign("approval", session(owner, 2, 6), session(owner, 7, 9, "later"), at=hours(owner, 1))
    owner.sign("approval", Entry(id="1", ended="done"), Entry(id="later", ended="called off"), at=hours(owner, 4))
    assert owner.approvals() == [(rfc3339(hours(owner, 2)), rfc3339(hours(owner, 4)), rfc3339(hours(owner, 1)))]


def test_an_end_after_its_time_changes_nothing(owner: Owner) -> None:
    owner.sign("approval", session(owner, 2, 3), at=hours(owner, 1))
    owner.sign("approval", Entry(id="1", ended="done"), at=hours(owner, 4))
    (found,) = owner.read().approvals
    assert isinstance(found, Approval)
    assert found.ends == rfc3339(hours(owner, 3))


def test_an_exception_is_read_whole(owner: Owner) -> None:
    columns = {"requirement": "INV-04", "assets": ("a", "b"), "row": "x", "reason_class": "other", "reason": "r"}
    people = {"owner": "o", "approver": "p", "approved": "2026-01-01", "expires": "2026-12-31"}
    source = owner.sign("exception", entry({**columns, **people, "compensating": ("SEG-02",)}), at=hours(owner, 1))
    (found,) = owner.read().exceptions
    assert (found.assets, found.compensating, found.replacement, found.source) == (
        ("a", "b"),
        ("SEG-02",),
        None,
        source,
    )


def test_a_register_needs_a_plan(keyring: Keyring, plant_module: ModuleType) -> None:
    plant = plant_module.Plant(store=MemoryStore(), keyring=keyring)
    plan = plant.begin()
    plant.seal()
    assert newest_plan(History.read(plant.store)) == plan
    assert plan
    with pytest.raises(NoPlanError):
        newest_plan(_without_plans(History.read(plant.store)))


def _without_plans(history: History) -> History:
    from dataclasses import replace

    return replace(history, statements=tuple(one for one in history.statements if one.kind != "plan"))
