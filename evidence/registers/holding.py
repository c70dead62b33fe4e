"""Legal holds: the owner's word that nothing of an asset, or of the site, may be erased, until he ends it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from evidence.log.erased import erased_in, naming
from evidence.log.history import History
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
        entry = one.entry
        if entry.text("kind") == LEGAL_HOLD:
            asset = entry.text("asset")
            yield LegalHold(
                id=entry.id,
                asset=AssetId(asset) if asset else None,
                by=entry.text("by") or "",
                reason=entry.text("reason") or "",
            )


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
