"""What the steps of a bundle's verification learn from each other."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from evidence.bundle.bag import load_info
from evidence.bundle.layout import (
    BAG_INFO,
    CHECKPOINT,
    EARLIER,
    FRONTIER,
    LEAVES,
    MAX_LEAVES_BYTES,
    MAX_TAG_BYTES,
    PREVIOUS,
    STATEMENTS,
    BundleError,
    blob_path,
)
from evidence.bundle.opened import Bundle, read_file
from evidence.bundle.proof import Proof, load_proof
from evidence.clock import parse_rfc3339
from evidence.log.authority import Authority
from evidence.log.findings import FindingsStatement
from evidence.log.keys import PublicKey
from evidence.log.missed import Missed
from evidence.log.note import Checkpoint, SignedCheckpoint, read_checkpoint
from evidence.log.part import After
from evidence.model.names import AssetId, Digest, digest_of, hex_of
from evidence.store.layout import MAX_NOTE_BYTES
from evidence.verify.audit import SealedPart, SealedPlan
from evidence.verify.bundle_gaps import Run
from evidence.verify.calendar_step import Window
from evidence.verify.slots import Calendar


@dataclass(slots=True, kw_only=True)
class BundleAudit:
    """A bundle's verification under way: what was given, and what the steps so far have found out."""

    bundle: Bundle
    trusted_root: PublicKey | None
    pins: Sequence[Checkpoint]
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
    return proof


def read_info(audit: BundleAudit) -> Mapping[str, str]:
    """Return `bag-info.txt`."""
    return load_info(read_file(audit.bundle, BAG_INFO, at_most=MAX_TAG_BYTES))
