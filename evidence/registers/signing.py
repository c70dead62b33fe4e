"""Signing entries of a register with the owner's key."""

from collections.abc import Sequence
from datetime import datetime

from evidence.errors import Error
from evidence.log.history import History
from evidence.log.keyring import Keyring
from evidence.log.register import Entry, register_predicate, register_subjects
from evidence.log.writer import append
from evidence.model.names import Digest
from evidence.store.interface import Store


class NoPlanError(Error):
    """A log in which nothing was ever planned: there is nothing a register could be about."""

    hint = "collect once first: a register names the plan it was signed for"


def sign_entries(
    store: Store, keyring: Keyring, history: History, register: str, entries: Sequence[Entry], *, at: datetime
) -> Digest:
    """Keep a statement of these entries about the newest plan, and return its digest; it counts once it is sealed."""
    return append(
        store,
        keyring,
        kind=register,
        predicate=register_predicate(register, entries, at),
        subjects=register_subjects(newest_plan(history)),
    )


def newest_plan(history: History) -> Digest:
    """Return the plan that was logged last; raise `NoPlanError` where there is none."""
    for entry in reversed(history.statements):
        if entry.kind == "plan":
            plan = history.open(entry).plan
            if plan is not None:
                return plan
    raise NoPlanError(f"{history.origin}: no plan is in the log")
