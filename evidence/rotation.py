"""
Since when each secret of an asset is what it is, told by its tags in the answers the log holds.

A tag that stays is a secret nobody changed; one that goes, where another comes, is a secret that was changed. Tags of
different keys say nothing of each other, unless an answer has a tag of either key for one secret: it joins them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from evidence.log.erased import erased_in, is_gone
from evidence.log.history import History
from evidence.model.capture import Capture
from evidence.model.names import AssetId, Digest
from evidence.normalise.tags import names_of
from evidence.store.answers import get_answer

FIRST, NEW, UNKNOWN = "first", "new", "unknown"
"""It stood in the first answer; it came later; it came when the key changed, and may be older."""


@dataclass(slots=True, kw_only=True)
class Seen:
    """One secret, as far as its tags tell."""

    question: str
    type: str
    tag: str
    """The newest of its tags: the key's id and the digest."""
    since: str
    """When it was seen first, RFC 3339 UTC."""
    last: str
    began: str
    """`FIRST`, `NEW` or `UNKNOWN`."""
    source: Digest
    """The answer it was seen in first."""
    there: bool = True
    """It stands in the newest answer."""

    @property
    def compared(self) -> bool:
        """Whether the tag of a changed secret would be another one; a salted hash changes by itself, too."""
        return not self.tag.endswith((":varying", ":opaque"))


def secrets_over_time(history: History, asset: AssetId) -> tuple[Seen, ...]:
    """Return every secret that whole answers of an asset showed, by question, type and time."""
    texts: dict[Digest, tuple[tuple[str, tuple[str, ...]], ...]] = {}
    found: dict[str, _Question] = {}
    for capture in sorted(_answers(history, asset), key=lambda one: one.at):
        if capture.blob not in texts:
            data = get_answer(history.ledger.store, capture)
            texts[capture.blob] = tuple(names_of(data.decode("utf-8", "replace")))
        if texts[capture.blob] or capture.question in found:
            found.setdefault(capture.question, _Question()).take(capture, texts[capture.blob])
    rows = (seen for question in found.values() for seen in question.seen)
    return tuple(sorted(rows, key=lambda one: (one.question, one.type, one.since, one.tag)))


def _answers(history: History, asset: AssetId) -> Iterator[Capture]:
    erased = erased_in(history)
    for _, part in history.parts():
        for capture in part.captures:
            if capture.asset == asset and capture.complete and not is_gone(capture, erased):
                yield capture


class _Question:
    """What the answers to one question showed, the oldest first."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self._named: dict[tuple[str, str], Seen] = {}
        self._keys: frozenset[str] | None = None

    def take(self, capture: Capture, secrets: Iterable[tuple[str, tuple[str, ...]]]) -> None:
        secrets = tuple(secrets)
        keys = frozenset(name.partition(":")[0] for _, names in secrets for name in names)
        for one in self.seen:
            one.there = False
        for kind, names in secrets:
            seen = next((self._named[kind, name] for name in names if (kind, name) in self._named), None)
            if seen is None:
                seen = Seen(
                    question=capture.question, type=kind, tag=names[0], since=capture.at, last=capture.at,
                    began=self._began(names), source=capture.blob,
                )  # fmt: skip
                self.seen.append(seen)
            seen.tag, seen.last, seen.there = names[0], capture.at, True
            self._named.update({(kind, name): seen for name in names})
        self._keys = keys or self._keys

    def _began(self, names: tuple[str, ...]) -> str:
        if self._keys is None:
            return FIRST
        return NEW if any(name.partition(":")[0] in self._keys for name in names) else UNKNOWN
