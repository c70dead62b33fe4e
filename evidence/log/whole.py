"""Which blobs are whole: each is read in full when the first statement that names it is sealed, and not again."""

import base64
import json
from collections.abc import Iterator, Mapping

from evidence.log.accept import Accepted
from evidence.log.ledger import Ledger, places_of
from evidence.model.names import Digest, digest_of, parse_digest
from evidence.store.blobs import check_blob, find_blob
from evidence.store.interface import MissingError
from evidence.store.originals import check_original

RECALLED = 2_000
"""Sealed captures looked into at least, where a blob is not known: ten milliseconds' worth."""

READING = 10
"""Captures that take as long as reading the part they stand in."""

MAX_WAITING = 50
"""Most waiting statements that are allowed for, each with as many captures: half a second's worth."""


class Whole:
    """Checks the blobs of new statements, and remembers which were checked, now or at an earlier seal."""

    def __init__(self, ledger: Ledger, *, waiting: int = 0) -> None:
        """Check statements against `ledger`, of which `waiting` are to be sealed."""
        self._ledger = ledger
        self._known: dict[Digest, int] = {}
        self._older = self._sealed()
        self._budget = RECALLED * (1 + min(waiting, MAX_WAITING))
        self.named: set[Digest] = set()
        """Every blob a statement named that was checked."""
        self._there: set[Digest] = set()
        """Those that were there a moment ago: they are not looked for again."""

    def check(self, accepted: Accepted) -> None:
        """
        Raise `MissingError` or `BlobError` unless every blob and original of a statement is there, as it should be.

        A blob that a recent sealed part names was read in full then; now it only has to be there.
        """
        blobs = accepted.blobs
        self.named.update(blobs)
        self._recall(blobs)
        for digest, length in blobs.items():
            if self._known.get(digest) != length:
                check_blob(self._ledger.store, digest, length)
                self._known[digest] = length
            elif digest not in self._there:
                find_blob(self._ledger.store, digest)
            self._there.add(digest)
        for digest, length in accepted.part.originals().items() if accepted.part is not None else ():
            if self._known.get(digest) != length:
                check_original(self._ledger.store, digest, length)
                self._known[digest] = length

    def _recall(self, blobs: Mapping[Digest, int]) -> None:
        """Look into sealed parts, newest first, for about as many captures as the new parts have: a run like this."""
        while self._budget > 0 and not blobs.keys() <= self._known.keys():
            found = next(self._older, None)
            if found is None:
                self._budget = 0
                return
            self._budget -= READING + len(found)
            for digest, length in found:
                self._known.setdefault(digest, length)

    def _sealed(self) -> Iterator[list[tuple[Digest, int]]]:
        """Yield blob and length of each capture of the sealed parts, newest part first."""
        ledger = self._ledger
        for index in reversed(range(ledger.covered.size if ledger.covered else 0)):
            leaf = ledger.chain.leaves[index]
            if leaf.kind == "part":
                try:
                    data = ledger.store.get(places_of(leaf, ledger.places)[0])
                except MissingError:
                    continue  # that one is gone is no fault of those that are new
                # What has this digest was read strictly when it was sealed.
                if digest_of(data) == leaf.statement:
                    yield _captured(data)


def _captured(envelope: bytes) -> list[tuple[Digest, int]]:
    statement = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
    rows = statement["predicate"]["captures"]
    originals = [
        (parse_digest(row["sealed"]["digest"]), int(row["sealed"]["bytes"])) for row in rows if "sealed" in row
    ]
    return [(parse_digest(row["blob"]), int(row["bytes"])) for row in rows] + originals
