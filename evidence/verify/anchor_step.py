"""
Step 11: what binds a log from outside (time stamps, cosignatures, pins), from when on, and what nothing binds.

A time stamp proves that the log up to a size was there at its time. Stated in the log it proves the reverse, too: who
knew a log that holds it acted after its time. So each part has a bracket, and a time outside it is named.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Protocol

from cryptography import x509

from evidence.clock import parse_rfc3339, rfc3339
from evidence.errors import Error
from evidence.log.anchor import Anchor, Kept
from evidence.log.cosign import read_cosignature
from evidence.log.note import Checkpoint, NoteError, read_checkpoint
from evidence.log.timestamp import TimestampError, Token, read_reply
from evidence.log.timestamp_trust import Trust, check_trust, load_certificates, load_crl
from evidence.model.names import Digest, digest_of
from evidence.verify.audit import SealedPart
from evidence.verify.outside import Outside
from evidence.verify.result import Answer

CLOCKS_APART = timedelta(minutes=5)
"""By how much a part's time may leave its bracket: a collector's clock and an authority's are never quite the same."""


class Anchored(Protocol):
    """A log under verification, in a store or in a bundle."""

    @property
    def outside(self) -> Outside:
        """What is trusted."""
        ...

    @property
    def tokens(self) -> Iterable[Kept]:
        """The time stamps that lie there."""
        ...

    @property
    def cosignatures(self) -> Iterable[Kept]:
        """The cosignatures that lie there."""
        ...

    @property
    def anchors(self) -> Sequence[tuple[int, Anchor]]:
        """Index of each statement of time stamps, and what it says."""
        ...

    @property
    def parts(self) -> Sequence[SealedPart]:
        """The parts, in log order."""
        ...

    def kept_bytes(self, one: Kept) -> bytes:
        """Return a token or cosignature."""
        ...

    def checkpoint_file(self, size: int) -> bytes:
        """Return the checkpoint over the first `size` leaves, as it lies there."""
        ...

    def root_at(self, size: int) -> str | None:
        """Return the root over the first `size` leaves, recomputed."""
        ...

    def artefact(self, digest: Digest, length: int) -> bytes:
        """Return an artefact that is no answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Something from outside that binds the log up to a size."""

    size: int
    what: str
    at: datetime | None = None
    """When; a pin does not say."""


@dataclass(slots=True, kw_only=True)
class _Found:
    """What is found on the way."""

    bounds: list[Bound] = field(default_factory=list)
    stamped: dict[Digest, tuple[int, Token]] = field(default_factory=dict)
    """Size and token by digest of each reply that holds."""
    untrusted: set[str] = field(default_factory=set)
    strangers: set[str] = field(default_factory=set)
    unlisted: set[str] = field(default_factory=set)
    """Authorities whose revocation list nobody kept."""


def check_outside(log: Anchored, answer: Answer, *, size: int, origin: str, pins: Sequence[Checkpoint]) -> None:
    """Say what binds the log of `size` leaves; `pins` are those that were shown to hold."""
    found = _Found(bounds=[Bound(size=pin.size, what="a pin") for pin in pins])
    _check_tokens(log, answer, found)
    _check_cosignatures(log, answer, found, origin)
    for what in sorted(found.untrusted):
        answer.gap(f"whether {what} is to be trusted with the time: name its CA with --tsa-ca")
    for what in sorted(found.unlisted):
        answer.gap(f"whether the certificate of {what} was revoked: no revocation list was kept")
    for what in sorted(found.strangers):
        answer.gap(f"cosigned by {what}, whose key was not given: name it with --witness")
    if not found.stamped:
        answer.gap("when it was made: the log has no time stamp (RFC 3161); times are its writers' word")
    if not any(True for _ in log.cosignatures):
        answer.gap("whether others saw the same log: it has no cosignature")
    for words in _suspects(log, found):
        answer.gap(words)
    _say_bounds(log, answer, found.bounds, size)


def _say_bounds(log: Anchored, answer: Answer, bounds: Sequence[Bound], size: int) -> None:
    """Say what lies before the earliest anchor, and after the newest."""
    if not size:
        return
    if not bounds:
        answer.gap(f"the newest {size} of {size} leaves: no anchor binds them")
        return
    first = min(bounds, key=lambda one: (one.size, one.at is None, rfc3339(one.at) if one.at else ""))
    last = max(bounds, key=lambda one: one.size)
    parts = sum(part.index < first.size for part in log.parts)
    if parts:
        before = f"nothing binds them before {_words(first)}"
        answer.gap(f"the first {first.size} leaves, {parts} parts among them: {before}")
    if last.size < size:
        answer.gap(f"the newest {size - last.size} of {size} leaves: no anchor binds them")
    answer.note(f"the earliest anchor binds the leaves up to {first.size}: {_words(first)}")
    answer.note(f"the newest anchor binds the leaves up to {last.size}: {_words(last)}")


def _words(bound: Bound) -> str:
    return bound.what if bound.at is None else f"{bound.what} of {rfc3339(bound.at)}"


def _check_tokens(log: Anchored, answer: Answer, found: _Found) -> None:
    """Check every time stamp, and that none that was stated in the log has gone."""
    trust = Trust(roots=log.outside.authorities, between=tuple(_certificates(log)), crls=tuple(_crls(log, answer)))
    there: set[Digest] = set()
    for one in log.tokens:
        try:
            data = log.kept_bytes(one)
            if one.digest != digest_of(data):
                raise TimestampError(f"its bytes have the digest {digest_of(data)}")
            there.add(one.digest)
            token = _holds(log, one.size, data)
            if trust.roots:
                listed = check_trust(token, trust)
                if listed is None:
                    found.unlisted.add(token.authority)
                found.bounds.append(Bound(size=one.size, what=f"a time stamp by {token.authority}", at=token.time))
            else:
                found.untrusted.add(token.authority)
            found.stamped[one.digest] = (one.size, token)
        except Error as error:
            answer.fail(f"{one.key}: {error}")
    for index, anchor in log.anchors:
        if log.root_at(anchor.size) not in (anchor.root, None) or anchor.size > index:
            answer.fail(f"leaf {index}: anchor: of a log at {anchor.size} leaves that is not this")
        for digest in anchor.tokens.keys() - there:
            if log.root_at(anchor.size) is not None:
                answer.fail(f"leaf {index}: anchor: the time stamp {digest} over {anchor.size} leaves is missing")
    if found.stamped:
        newest = max(size for size, _ in found.stamped.values())
        answer.note(f"{len(found.stamped)} time stamps, the newest over {newest} leaves")


def _holds(log: Anchored, size: int, data: bytes) -> Token:
    """Return a token that covers the checkpoint at `size`, which is this log's."""
    file = log.checkpoint_file(size)
    checkpoint = read_checkpoint(file).checkpoint
    if checkpoint.size != size or checkpoint.root != log.root_at(size):
        raise TimestampError(f"over a log at {size} leaves that is not this")
    return read_reply(data).covers(file)


def _check_cosignatures(log: Anchored, answer: Answer, found: _Found, origin: str) -> None:
    """Check every cosignature by a witness whose key is known."""
    seen: list[int] = []
    for one in log.cosignatures:
        try:
            made = read_cosignature(log.kept_bytes(one))
            here = made.checkpoint
            if (here.origin, here.size) != (origin, one.size) or one.key.rpartition("/")[2] != made.file_name:
                raise NoteError("a cosignature of something else lies there")
            key = next((key for key in log.outside.witnesses if made.matches(key)), None)
            if key is None:
                found.strangers.add(f"{made.name} ({made.key_hash.hex()})")
                continue
            made.verify(key)
            if here.root != log.root_at(one.size):
                raise NoteError(f"{made.name} saw another log at {one.size} leaves: {here.root}")
        except Error as error:
            answer.fail(f"{one.key}: {error}")
        else:
            found.bounds.append(Bound(size=one.size, what=f"the cosignature by {made.name}", at=made.at))
            seen.append(one.size)
    if seen:
        answer.note(f"{len(seen)} cosignatures, the newest over {max(seen)} leaves")


def _certificates(log: Anchored) -> Iterator[x509.Certificate]:
    """Yield the certificates that were kept with the tokens; none is trusted for that."""
    for digest, length in {pair for _, anchor in log.anchors for pair in anchor.certificates.items()}:
        try:
            yield from load_certificates(log.artefact(digest, length))
        except Error:
            continue  # what is wrong with an artefact, another step says; a chain that needed it is then missing


def _crls(log: Anchored, answer: Answer) -> Iterator[x509.CertificateRevocationList]:
    for digest, length in sorted({pair for _, anchor in log.anchors for pair in anchor.crls.items()}):
        try:
            yield load_crl(log.artefact(digest, length))
        except Error as error:
            answer.fail(f"revocation list {digest}: {error}")


def _suspects(log: Anchored, found: _Found) -> Iterator[str]:
    """Yield which parts say a time outside their bracket."""
    covering = _covering(found)
    known = _known(log, found)
    for part in log.parts:
        ended, said = parse_rfc3339(part.ended), f"a part of {part.slot} says it ended at {part.ended}"
        upper = covering(part.index)
        lower = known(part.after.size) if part.after else None
        if upper is not None and ended > upper + CLOCKS_APART:
            yield f"leaf {part.index}: clock-suspect: {said}, and was time-stamped at {rfc3339(upper)}"
        if lower is not None and ended < lower - CLOCKS_APART:
            yield f"leaf {part.index}: clock-suspect: {said}, and knew a time stamp of {rfc3339(lower)}"


def _covering(found: _Found) -> Callable[[int], datetime | None]:
    """Return what tells, of a leaf, the earliest time by which it was there."""
    rows = sorted(((size, token.time + token.accuracy) for size, token in found.stamped.values()), reverse=True)
    sizes, earliest = [-size for size, _ in rows], list(accumulate((time for _, time in rows), min))

    def covering(index: int) -> datetime | None:
        above = bisect_left(sizes, -index)
        return earliest[above - 1] if above else None

    return covering


def _known(log: Anchored, found: _Found) -> Callable[[int], datetime | None]:
    """Return what tells, of a log size, the newest time stamp that stands in the log below it."""
    stated = ((index, digest) for index, anchor in log.anchors for digest in anchor.tokens if digest in found.stamped)
    tokens = ((index, found.stamped[digest][1]) for index, digest in stated)
    rows = sorted((index, token.time - token.accuracy) for index, token in tokens)
    indexes, newest = [index for index, _ in rows], list(accumulate((time for _, time in rows), max))

    def known(size: int) -> datetime | None:
        below = bisect_left(indexes, size)
        return newest[below - 1] if below else None

    return known
