"""What the steps of a bundle's verification learn from each other."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from evidence.bundle.bag import load_info
from evidence.bundle.layout import (
    BAG_INFO,
    CHECKPOINT,
    CHECKPOINTS,
    COSIGNATURES,
    EARLIER,
    FRONTIER,
    LEAVES,
    MAX_LEAVES_BYTES,
    MAX_TAG_BYTES,
    PREVIOUS,
    STATEMENTS,
    TOKENS,
    BundleError,
    blob_path,
)
from evidence.bundle.opened import Bundle, read_file
from evidence.bundle.proof import Proof, load_proof
from evidence.clock import parse_rfc3339
from evidence.log.anchor import Anchor, Kept
from evidence.log.authority import Authority
from evidence.log.erasure import Erasure
from evidence.log.findings import FindingsStatement
from evidence.log.keys import PublicKey
from evidence.log.missed import Missed
from evidence.log.note import Checkpoint, SignedCheckpoint, read_checkpoint
from evidence.log.part import After
from evidence.log.statement import ROLE_OF, Statement
from evidence.model.names import AssetId, Digest, digest_of, hex_of
from evidence.store.layout import MAX_NOTE_BYTES, Area, parse_key
from evidence.verify.audit import SealedPart, SealedPlan
from evidence.verify.bundle_gaps import Run
from evidence.verify.calendar_step import Window
from evidence.verify.outside import Outside
from evidence.verify.slots import Calendar


@dataclass(slots=True, kw_only=True)
class BundleAudit:
    """A bundle's verification under way: what was given, and what the steps so far have found out."""

    bundle: Bundle
    trusted_root: PublicKey | None
    pins: Sequence[Checkpoint]
    outside: Outside = field(default_factory=Outside)
    """What is trusted of what binds the log from outside."""
    manifest: Mapping[str, Digest] = field(default_factory=dict)
    """What the payload manifest says, checked against the files."""
    info: Mapping[str, str] = field(default_factory=dict)
    current: SignedCheckpoint | None = None
    previous: SignedCheckpoint | None = None
    """`None` where the log begins in this bundle."""
    proof: Proof | None = None
    """The log's files, once they add up to both checkpoints."""
    places: Mapping[Digest, tuple[int, str]] = field(default_factory=dict)
    """Index and kind of every statement that is shown to be in the log."""
    authorities: list[tuple[int, Authority]] = field(default_factory=list)
    """Who may sign what, from which index on."""
    parts: list[SealedPart] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    """The same parts, for what the bundle says of gaps."""
    stated: list[SealedPlan] = field(default_factory=list)
    """Every supplied plan statement, in the log's order."""
    said: dict[Missed, Digest] = field(default_factory=dict)
    """The supplied missed statements."""
    withheld: Mapping[str, int] = field(default_factory=dict)
    """How many leaves of each kind have a statement that is not supplied."""
    calendar: Calendar | None = None
    """What became of the planned slots."""
    anchors: list[tuple[int, Anchor]] = field(default_factory=list)
    """Index of each statement of time stamps, and what it says."""
    roots: dict[int, str] = field(default_factory=dict)
    """Root by size, recomputed, where a checkpoint or something made over one lies here."""
    disowned: dict[int, Statement] = field(default_factory=dict)
    """The statements that do not count, because their key was revoked since, by index."""
    erasures: list[tuple[int, Erasure]] = field(default_factory=list)
    """Index of each supplied erasure that counts, and what it says."""
    erased: Mapping[Digest, Erasure] = field(default_factory=dict)
    """What may be missing, once the lists were compared with the statements."""
    plans: dict[Digest, int] = field(default_factory=dict)
    """Index at which each supplied plan's blob was first logged."""
    subjects: list[tuple[int, str, Digest]] = field(default_factory=list)
    """Index, kind and plan of each supplied statement whose first subject is a plan."""
    known: list[tuple[int, str, After]] = field(default_factory=list)
    """Index and kind of each statement that names an earlier state of the log, and that state."""
    blobs: dict[Digest, int] = field(default_factory=dict)
    """Every blob a supplied statement names, with its length."""
    explained: dict[str, AssetId] = field(default_factory=dict)
    """Files below `evidence/` that a supplied statement accounts for, and whose they are."""
    statements: dict[Digest, str] = field(default_factory=dict)
    """Path of every supplied statement that holds."""
    findings: dict[Digest, FindingsStatement] = field(default_factory=dict)
    """The supplied findings statements, in the log's order."""
    answers: set[Digest] = field(default_factory=set)
    """Every answer a supplied statement names."""
    moving: set[Digest] = field(default_factory=set)
    """Every packed blob of values that change by themselves; they are never supplied."""

    @property
    def missed(self) -> Collection[Missed]:
        """The slots that somebody who plans says were missed, and why."""
        return self.said.keys()

    @property
    def window(self) -> Window:
        """Which slots the bundle is about: those of its period, with what was known at its moment."""
        words = self.info.get("Plantproof-Period", "").split(" ")
        if len(words) != 3:
            raise BundleError(f"{BAG_INFO}: expected a period, found {' '.join(words)!r:.100}")
        since, until, as_of = map(parse_rfc3339, (*words[1:], self.info.get("Plantproof-As-Of", "")))
        return Window(since=since, until=until, as_of=as_of)

    @property
    def narrowed(self) -> str:
        """What the bundle says it was narrowed by: `no`, `assets`, `controls`, or both."""
        return self.info.get("Plantproof-Narrowed", "")

    @property
    def tokens(self) -> Iterable[Kept]:
        """The time stamps that are here."""
        return self._kept(TOKENS)

    @property
    def cosignatures(self) -> Iterable[Kept]:
        """The cosignatures that are here."""
        return self._kept(COSIGNATURES)

    def _kept(self, folder: str) -> Iterator[Kept]:
        for path in sorted(path for path in self.bundle.sizes if path.startswith(folder)):
            place = parse_key(path.removeprefix("data/"))
            if place.size is not None:
                yield Kept(key=path, size=place.size, digest=place.digest)

    def kept_bytes(self, one: Kept) -> bytes:
        """Return a token or cosignature."""
        return read_file(self.bundle, one.key, at_most=MAX_NOTE_BYTES)

    def checkpoint_file(self, size: int) -> bytes:
        """Return the checkpoint over the first `size` leaves."""
        return read_file(self.bundle, self.checkpoint_path(size), at_most=MAX_NOTE_BYTES)

    def checkpoint_path(self, size: int) -> str:
        """Return where the checkpoint over the first `size` leaves lies."""
        for path, note in ((CHECKPOINT, self.current), (PREVIOUS, self.previous)):
            if note is not None and note.checkpoint.size == size:
                return path
        return f"{CHECKPOINTS}{size:012d}"

    def reaches(self, size: int) -> bool:
        """Tell whether the log is known from there on."""
        return self.proof is not None and self.proof.previous <= size <= self.proof.size

    def root_at(self, size: int) -> str | None:
        """Return the root over the first `size` leaves, recomputed, where it is known."""
        return self.roots.get(size)

    def distrusted(self, index: int, statement: Statement, digest: Digest) -> bool:
        """Tell whether a statement does not count, because its key was revoked since."""
        return self.authorities[-1][1].distrusts(statement.signer, ROLE_OF[statement.kind], index, digest)

    def authority_at(self, index: int) -> Authority:
        """Return who might sign the statement at `index`."""
        return next(found for start, found in reversed(self.authorities) if start <= index)

    def statement_paths(self) -> list[str]:
        """Return where the supplied statements lie."""
        return [path for path in self.bundle.sizes if path.startswith(STATEMENTS)]

    def artefact(self, digest: Digest, length: int) -> bytes:
        """Return an artefact that is no answer: an asset list, a plan."""
        data = read_file(self.bundle, blob_path(digest), at_most=length)
        if len(data) != length or digest_of(data) != digest:
            raise BundleError(f"{blob_path(digest)}: not the artefact it is named after")
        return data


def path_digest(path: str) -> tuple[str, Digest]:
    """Return kind and digest that a statement's path names."""
    kind, _, name = path.removeprefix(STATEMENTS).partition("/")
    digest = Digest(f"sha256:{name.removesuffix('.dsse.json')}")
    if path != f"{STATEMENTS}{kind}/{hex_of(digest)}.dsse.json" or len(hex_of(digest)) != 64:
        raise BundleError(f"{path}: not where a statement lies")
    return kind, digest


def checkpoint_of(data: bytes, name: str) -> SignedCheckpoint:
    """Read a checkpoint; raise for any other line ends than line feeds, which Python would split lines at as well."""
    if len(data.decode("utf-8", "replace").splitlines()) != data.count(b"\n"):
        raise BundleError(f"{name}: expected lines that end in line feeds")
    return read_checkpoint(data)


def read_log(audit: BundleAudit) -> Proof:
    """Return the log's files; raise unless they are well-formed and add up to the roots of both checkpoints."""
    bundle = audit.bundle
    audit.current = checkpoint_of(read_file(bundle, CHECKPOINT, at_most=MAX_NOTE_BYTES), CHECKPOINT)
    if PREVIOUS in bundle.sizes:
        audit.previous = checkpoint_of(read_file(bundle, PREVIOUS, at_most=MAX_NOTE_BYTES), PREVIOUS)
    before = audit.previous.checkpoint.size if audit.previous else 0
    files = {
        name: read_file(bundle, name, at_most=MAX_LEAVES_BYTES)
        for name in (LEAVES, FRONTIER, EARLIER)
        if name in bundle.sizes or name == LEAVES
    }
    proof, here = load_proof(files, before), audit.current.checkpoint
    roots = proof.roots([before, here.size])
    if proof.size != here.size or roots[here.size] != here.root:
        raise BundleError(
            f"{LEAVES}: {proof.size} leaves do not add up to the checkpoint's {here.size} and {here.root}"
        )
    if audit.previous is not None:
        earlier = audit.previous.checkpoint
        if not before or earlier.origin != here.origin or roots[before] != earlier.root:
            raise BundleError(f"{FRONTIER}: does not add up to the earlier checkpoint of {before} leaves")
    audit.roots = dict(proof.roots({before, here.size, *_sizes(audit)}))
    return proof


def _sizes(audit: BundleAudit) -> Iterator[int]:
    """Yield the sizes of which something lies here: checkpoints, and what was made over them."""
    for one in (*audit.tokens, *audit.cosignatures):
        yield one.size
    for path in audit.bundle.sizes:
        if path.startswith(CHECKPOINTS):
            place = parse_key(path.removeprefix("data/"))
            if place.area is not Area.CHECKPOINT or place.size is None:
                raise BundleError(f"{path}: not where a checkpoint lies")
            yield place.size


def read_info(audit: BundleAudit) -> Mapping[str, str]:
    """Return `bag-info.txt`."""
    return load_info(read_file(audit.bundle, BAG_INFO, at_most=MAX_TAG_BYTES))
