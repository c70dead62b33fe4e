"""
Anchors: what binds a log from outside, as it lies in the store, and the sealer's statement of it.

Tokens and cosignatures are files of their own below `log/`. A token is stated in the log, too, with the certificates
and lists that were at hand: so the next token covers it, and nobody takes it away unseen.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from evidence.clock import rfc3339
from evidence.log.fields import Fields, ShapeError
from evidence.log.statement import Statement, Subject
from evidence.model.names import Digest
from evidence.store.interface import Store
from evidence.store.layout import Area, KeyNameError, parse_key

MAX_TOKENS = 100
"""Most tokens of one statement; there is one an authority."""

TOKENS, COSIGNATURES = "log/tsr/", "log/cosig/"

_ANCHOR = frozenset({"log", "at", "size", "root", "tokens", "certificates", "crls"})
_TOKEN = frozenset({"authority", "token"})
_BLOB = frozenset({"blob", "bytes"})
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The tokens that were got over one checkpoint, and what was at hand to check them."""

    checkpoint: Digest
    """Of the checkpoint's file."""
    size: int
    root: str
    at: str
    tokens: Mapping[Digest, str]
    """By digest of the reply's file, what the site calls the authority."""
    certificates: Mapping[Digest, int]
    """Blobs in PEM, with their lengths."""
    crls: Mapping[Digest, int]

    @property
    def blobs(self) -> Mapping[Digest, int]:
        """Every artefact it names."""
        return MappingProxyType({**self.certificates, **self.crls})

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The checkpoint, and nothing else."""
        return (Subject(name="checkpoint", digest=self.checkpoint),)

    def predicate(self) -> Mapping[str, object]:
        """Return the predicate; `append` adds the log's origin."""
        return {
            "at": self.at,
            "size": self.size,
            "root": self.root,
            "tokens": [{"authority": self.tokens[one], "token": one} for one in sorted(self.tokens)],
            "certificates": _rows(self.certificates),
            "crls": _rows(self.crls),
        }


def anchor_of(
    checkpoint: Digest,
    *,
    size: int,
    root: str,
    at: datetime,
    tokens: Mapping[Digest, str],
    certificates: Mapping[Digest, int],
    crls: Mapping[Digest, int],
) -> Anchor:
    """Return what is stated of tokens that were got `at`."""
    return Anchor(
        checkpoint=checkpoint,
        size=size,
        root=root,
        at=rfc3339(at),
        tokens=tokens,
        certificates=certificates,
        crls=crls,
    )


def read_anchor(statement: Statement) -> Anchor:
    """Read an anchor statement; raise `ShapeError` unless it is written our way."""
    fields = Fields(statement.predicate, "anchor", _ANCHOR, _NONE)
    rows = [Fields(row, "token", _TOKEN, _NONE) for row in fields.rows("tokens")[: MAX_TOKENS + 1]]
    found = Anchor(
        checkpoint=statement.subjects[0].digest,
        size=fields.whole("size", least=1),
        root=fields.text("root", longest=64),
        at=fields.time("at"),
        tokens=MappingProxyType({row.digest("token"): row.text("authority", longest=100) for row in rows}),
        certificates=_blobs(fields, "certificates"),
        crls=_blobs(fields, "crls"),
    )
    written = {**found.predicate(), "log": statement.log}
    if statement.subjects != found.subjects or dict(statement.predicate) != written or not 0 < len(rows) <= MAX_TOKENS:
        raise ShapeError("anchor: expected a checkpoint and its tokens, in order, each once")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A token or cosignature as it lies there."""

    key: str
    size: int
    """Of the log it was made over."""
    digest: Digest | None
    """Of a token: what its name says."""


def kept(store: Store, folder: str) -> Iterator[Kept]:
    """Yield what is kept below `TOKENS` or `COSIGNATURES`, by size; what is no such key is for others to name."""
    for key in store.keys(folder):
        try:
            place = parse_key(key)
        except KeyNameError:
            continue
        if place.area in (Area.TOKEN, Area.COSIGNATURE) and place.size is not None:
            yield Kept(key=key, size=place.size, digest=place.digest)


def _rows(blobs: Mapping[Digest, int]) -> list[dict[str, object]]:
    return [{"blob": digest, "bytes": blobs[digest]} for digest in sorted(blobs)]


def _blobs(fields: Fields, key: str) -> Mapping[Digest, int]:
    rows: Iterable[Fields] = (Fields(row, key, _BLOB, _NONE) for row in fields.rows(key))
    return MappingProxyType({row.digest("blob"): row.whole("bytes") for row in rows})
