"""
What a process knows of a store that is far away, so that it need not ask for everything again.

Memory, never evidence: it saves requests, and `verify` never looks at it. A blob that is known and gone is found by
the next look at its shard, and by `verify`.
"""

import threading
from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from evidence.model.names import Digest

MAX_KNOWN = 500_000
"""Most blobs remembered: fifty times those of a plant of 10,000 artefacts; as a hint 30 MB, half of what one may be."""

MAX_NEAR_BYTES = 64 * 1024 * 1024
"""Most bytes of statements, batches and checkpoints kept in memory: two of the largest statements."""


class Known:
    """Blobs by digest, the longest unused first, and small objects that never change. Safe for several threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._there: dict[Digest, None] = {}
        self._written: dict[Digest, int] = {}
        self._near: dict[str, bytes] = {}
        self._near_bytes = 0
        self._changed = False
        self.recalled = False
        """Whether the memory of earlier processes was called up, or looked for in vain."""

    def __contains__(self, digest: Digest) -> bool:
        """Tell whether the blob was seen in the store; it counts as used now."""
        with self._guard:
            if digest not in self._there:
                return False
            self._there[digest] = self._there.pop(digest)
            return True

    def recall(self, digests: Iterable[Digest]) -> None:
        """Take over what an earlier process saw."""
        with self._guard:
            self._there = {**dict.fromkeys(digests), **self._there}
            self.recalled = True

    def wrote(self, digest: Digest, length: int) -> None:
        """Note that this process put the blob, whose plain bytes are `length` long, and the store confirmed it."""
        with self._guard:
            self._there[digest] = None
            self._written[digest] = length
            self._changed = True

    def saw(self, digest: Digest) -> None:
        """Note that the blob is in the store."""
        with self._guard:
            self._changed |= digest not in self._there
            self._there[digest] = None

    def written(self, digest: Digest) -> int | None:
        """Return the plain length of a blob this process wrote."""
        return self._written.get(digest)

    def forget(self, digest: Digest) -> None:
        """Note that the blob is not in the store, or is not whole."""
        with self._guard:
            if digest in self._there:
                del self._there[digest]
                self._changed = True
            self._written.pop(digest, None)

    def changed(self) -> tuple[Digest, ...] | None:
        """Return all that is worth remembering, the longest unused first; `None` if nothing came or went."""
        with self._guard:
            return tuple(self._there)[-MAX_KNOWN:] if self._changed else None

    def forget_all(self, digests: Iterable[Digest]) -> None:
        """Note that none of these is in the store."""
        for digest in digests:
            self.forget(digest)

    def keep_near(self, key: str, data: bytes) -> None:
        """Keep an object at hand as long as there is room."""
        with self._guard:
            if key not in self._near and self._near_bytes + len(data) <= MAX_NEAR_BYTES:
                self._near[key] = data
                self._near_bytes += len(data)

    def let_go(self, key: str) -> None:
        """Let go of an object that was removed."""
        with self._guard:
            self._near_bytes -= len(self._near.pop(key, b""))

    def near(self, key: str) -> bytes | None:
        """Return an object that is at hand."""
        return self._near.get(key)

    def forget_nearby(self) -> None:
        """Let go of all objects at hand: whoever checks wants to see what is in the store."""
        with self._guard:
            self._near, self._near_bytes = {}, 0

    def nearby(self, prefix: str) -> tuple[tuple[str, bytes], ...]:
        """Return the objects at hand whose key begins with `prefix`, in order."""
        with self._guard:
            return tuple(sorted(pair for pair in self._near.items() if pair[0].startswith(prefix)))

    def within(self, first: str) -> tuple[Digest, ...]:
        """Return the blobs whose hexadecimal name begins with `first`."""
        start = f"sha256:{first}"
        with self._guard:
            return tuple(digest for digest in self._there if digest.startswith(start))


@runtime_checkable
class Remembers(Protocol):
    """A store so far away that what is known of it is worth remembering."""

    @property
    def known(self) -> Known:
        """What this process knows of it."""
        ...


def memory_of(store: object) -> Known | None:
    """Return what this process knows of `store`, if it is one that remembers; asked once for every blob."""
    known = getattr(store, "known", None)
    return known if isinstance(known, Known) else None
