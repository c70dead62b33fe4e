"""Legal holds: the owner's word that nothing of an asset, or of the site, may be erased, until he ends it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from evidence.log.erased import erased_in, naming
from evidence.log.erasure import digests_of
from evidence.log.history import History
from evidence.log.register import Entry
from evidence.model.names import AssetId, Digest
from evidence.registers.reading import current, declared
from evidence.store.holds import Holds
from evidence.store.layout import blob_key, original_key

LEGAL_HOLD = "legal-hold"
"""The kind of attestation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    """A hold in force."""

    id: str
    asset: AssetId | None
    """`None`: the whole site."""
    by: str
    reason: str

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.asset or 'the site'}: legal hold {self.id} by {self.by}: {self.reason}"

    def covers(self, asset: AssetId) -> bool:
        """Tell whether it is about an asset."""
        return self.asset is None or self.asset == asset


def holds_in_force(history: History) -> Iterator[LegalHold]:
    """Yield the holds that nobody ended."""
    for one in current(declared(history), "attestation").values():
        if one.entry.text("kind") == LEGAL_HOLD:
            yield _hold(one.entry)


def _hold(entry: Entry) -> LegalHold:
    asset = entry.text("asset")
    return LegalHold(
        id=entry.id,
        asset=AssetId(asset) if asset else None,
        by=entry.text("by") or "",
        reason=entry.text("reason") or "",
    )


def erased_under_hold(history: History) -> Iterator[tuple[Digest, LegalHold]]:
    """
    Yield what was said to be erased while a hold on it was in force that still is, and the hold.

    Whoever looks after the log removes nothing of that before the hold ends.
    """
    begun = list(_begun(history))
    if not begun:
        return
    for erased in (entry for entry in history.statements if entry.kind == "erasure"):
        holds = [hold for index, hold in begun if index < erased.index]
        erasure = history.open(erased).erasure
        if erasure is None or not holds:
            continue
        covered_by: dict[Digest, LegalHold] = {}
        for _, accepted in naming(history, history.statements[: erasure.size]):
            for capture in accepted.part.captures if accepted.part is not None else ():
                for digest in digests_of(capture) & erasure.digests:
                    hold = next((one for one in holds if one.covers(capture.asset)), None)
                    if hold is not None:
                        covered_by.setdefault(digest, hold)
        yield from sorted(covered_by.items(), key=lambda item: item[0])


def _begun(history: History) -> Iterator[tuple[int, LegalHold]]:
    """Yield each hold in force, and the leaf since which nobody ended it."""
    places = {entry.digest: entry.index for entry in history.statements}
    since: dict[str, int] = {}
    for one in declared(history):
        if one.register == "attestation" and one.entry.ended is None and one.entry.text("kind") == LEGAL_HOLD:
            since.setdefault(one.entry.id, places[one.source])
        elif one.register == "attestation":
            since.pop(one.entry.id, None)
    yield from ((since[hold.id], hold) for hold in holds_in_force(history))


def covered(history: History, holds: Collection[LegalHold]) -> frozenset[str]:
    """Return the keys of everything that came of the assets that holds are about, and was not erased."""
    found = set[str]()
    gone = erased_in(history).keys()
    for _, accepted in naming(history, history.statements):
        for capture in accepted.part.captures if accepted.part is not None else ():
            if any(hold.covers(capture.asset) for hold in holds):
                blobs: list[Digest] = [capture.blob, *([capture.volatile.blob] if capture.volatile else [])]
                found.update(blob_key(blob) for blob in blobs if blob not in gone)
                if capture.original is not None and capture.original.digest not in gone:
                    found.add(original_key(capture.original.digest))
    return frozenset(found)


def set_holds(store: Holds, keys: Collection[str], *, on: bool) -> int:
    """Set or lift the store's own holds; return how many versions that changed."""
    return sum(store.hold(key, on=on) for key in sorted(keys))
