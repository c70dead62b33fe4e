"""The state of a walk: where it is, how much is asked at once, and when it has had enough."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from collectors.transports.interface import Value, Varbinds
from collectors.transports.snmp_wire import END_OF_MIB_VIEW, VALUELESS, PlainAnswer
from evidence.normalise.varbinds import arcs

GROW_AFTER = 5
"""Good answers in a row before one more repetition is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What ends a walk that would not end by itself."""

    walk_values: int = 100_000
    """The largest of 961 recorded devices has 78,384 values in all its tables together."""
    walk_bytes: int = 32 * 1024 * 1024
    """On the wire; 100,000 values of some 50 bytes are 5 MB."""
    walk_s: float = 1800.0
    """78,384 values at the ot pace (10 a request, 5 requests a second) take 1,570 s."""
    session_values: int = 400_000
    session_bytes: int = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk brought."""

    varbinds: Varbinds
    """In the order of the answers; `evidence.normalise.varbinds.encode` sorts, and drops what came twice."""
    complete: bool = True
    reason: str | None = None
    """Why it is not complete."""
    beyond: tuple[float, ...] = ()
    """Where nothing is below the root, the arcs of the next OID that the device has; infinite behind the last."""

    def rules_out(self, root: str) -> bool:
        """Tell whether it showed that nothing is below a later root either: OIDs rise (RFC 3416 §4.2.2)."""
        below = arcs(root)
        return self.beyond[: len(below)] > below


class Repetitions:
    """
    How many values one GETBULK asks for; 0 stands for GETNEXT.

    Halved by each answer that fails, and grown again one by one; after the second failure it stays where it is, for
    some devices fail at every large request.
    """

    __slots__ = ("_ceiling", "_failures", "_good", "now")

    def __init__(self, most: int) -> None:
        """Start at `most`."""
        self.now = self._ceiling = max(0, most)
        self._good = self._failures = 0

    def limit(self, most: int) -> None:
        """Ask for at most this many; fewer after failures."""
        learnt = self._failures > 0
        self._ceiling = max(0, min(most, self._ceiling) if self._failures > 1 else most)
        self.now = min(self.now, self._ceiling) if learnt else self._ceiling

    def good(self) -> None:
        """Note an answer with values."""
        if self.now < self._ceiling:
            self._good += 1
            if self._good >= GROW_AFTER:
                self.now, self._good = self.now + 1, 0

    def shrink(self, by: int = 2) -> bool:
        """Ask for half from now on, or less; return False when it was one value already."""
        if self.now == 0:
            return False
        self._good = 0
        self._failures += 1
        self.now //= by
        if self._failures > 1:
            self._ceiling = self.now
        return True


class Walk:
    """A walk under way."""

    __slots__ = (
        "at",
        "began",
        "beyond",
        "doubt",
        "ended",
        "found",
        "most",
        "position",
        "reason",
        "received",
        "root",
        "silences",
        "strange",
    )

    def __init__(self, root: str, began: float, most: int | None = None) -> None:
        """Begin below `root` at `began` (seconds of the loop's clock); the first `most` values are enough."""
        self.most = most
        self.root = self.at = root
        self.position = arcs(root)
        self.began = began
        self.found: list[tuple[str, Value]] = []
        self.received = 0
        """Bytes."""
        self.silences = 0
        """Requests in a row without an answer."""
        self.strange = False
        """The last answer to one GETNEXT was to something else; the next request puts it once more."""
        self.doubt = False
        """An answer without values may have been the end or an error: the next request is for one value."""
        self.ended = False
        self.beyond: tuple[float, ...] = ()
        self.reason: str | None = None
        """Why it stops before the end."""

    def exhausted(self, limits: Limits, now: float) -> str | None:
        """Return which limit of one walk is reached, in words."""
        if len(self.found) >= limits.walk_values:
            return f"cut after {len(self.found)} values"
        if self.received >= limits.walk_bytes:
            return f"cut after {self.received} bytes"
        if now - self.began >= limits.walk_s:
            return f"cut after {now - self.began:.0f} s"
        return None

    def take(self, values: list[tuple[str, Value] | None], size: int, answer: PlainAnswer | None = None) -> int:
        """
        Keep the values of an answer and return how many; a last `None` says that the subtree was left.

        Engines pass over a null among values: `answer`, what the octets say, puts it in its place.

        OIDs must rise from answer to answer: else the rising ones are kept and the walk stops, for it may loop.
        """
        if values and values[-1] is None:
            self.ended = True
        kept = [value for value in values if value is not None]
        if answer is not None:
            kept = self._with_nulls(kept, answer)
        self.received += size
        if kept:
            last = arcs(kept[-1][0])
            if last > self.position:
                self.at, self.position = kept[-1][0], last
            else:
                self.reason = f"loop at {kept[-1][0]}: OIDs do not rise"
                kept = self._rising(kept)
        self.found += kept
        self._enough()
        return len(kept)

    def _with_nulls(self, values: list[tuple[str, Value]], answer: PlainAnswer) -> list[tuple[str, Value]]:
        """Return the values with the nulls of the subtree, and note its end; another answer's as they were."""
        left, both = deque(values), list[tuple[str, Value]]()
        outside: tuple[str, int] | None = None
        for oid, tag in answer.varbinds:
            if tag == END_OF_MIB_VIEW or not self._is_below(oid):
                outside = oid, tag
                break
            if tag in VALUELESS:
                both.append((oid, None))
            elif left and left[0][0] == oid:
                both.append(left.popleft())
            else:
                return values
        if left:
            return values
        if outside is not None:
            self._leave(answer, *outside, empty=not (self.found or both))
        return both

    def _leave(self, answer: PlainAnswer, oid: str, tag: int, *, empty: bool) -> None:
        """End at the first OID outside; note it where nothing is inside."""
        self.ended = True
        if empty and not answer.status and (tag == END_OF_MIB_VIEW or arcs(oid) > self.position):
            self.beyond = (inf,) if tag == END_OF_MIB_VIEW else arcs(oid)

    def wanted(self, size: int) -> int:
        """Return how many values are still to be asked for, `size` at most."""
        return size if self.most is None else min(size, self.most - len(self.found))

    def _enough(self) -> None:
        if self.most is not None and len(self.found) >= self.most:
            self.ended = True
            del self.found[self.most :]

    def _rising(self, values: Sequence[tuple[str, Value]]) -> list[tuple[str, Value]]:
        kept, before = [], self.position
        for oid, value in values:
            now = arcs(oid)
            if now <= before:
                break
            kept.append((oid, value))
            before = now
        return kept

    def take_nulls(self, answer: PlainAnswer) -> bool:
        """
        Keep the nulls of an answer that holds nothing else, up to the end of the subtree or of the tables.

        Returns False, having kept nothing, when it cannot be an answer to what was asked.
        """
        if not self._could_follow(answer):
            return False
        for oid, tag in answer.varbinds:
            if tag == END_OF_MIB_VIEW or not self._is_below(oid):
                self._leave(answer, oid, tag, empty=not self.found)
                break
            if arcs(oid) <= self.position:
                self.reason = f"loop at {oid}: OIDs do not rise"
                break
            self.found.append((oid, None))
            self.at, self.position = oid, arcs(oid)
        self._enough()
        return True

    def _could_follow(self, answer: PlainAnswer) -> bool:
        if not answer.varbinds:
            return False
        first = answer.varbinds[0]
        if first != (self.at, END_OF_MIB_VIEW) and arcs(first[0]) <= self.position:
            return False
        return all(
            tag in VALUELESS or tag == END_OF_MIB_VIEW or not self._is_below(oid) for oid, tag in answer.varbinds
        )

    def _is_below(self, oid: str) -> bool:
        return oid.startswith(self.root + ".")
