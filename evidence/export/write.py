"""
Writing a bundle: what was gathered, described, digested, signed, and put into a zip.

Its time is the moment it is made for, its entries are stored in order with one date, so the same log and the same
words give the same bytes.
"""

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evidence.bundle.bag import tag_files
from evidence.bundle.judged import judged_files
from evidence.bundle.layout import (
    CHECKPOINT,
    CHECKPOINTS,
    MAX_FILES,
    MAX_PATH,
    NAMESPACE,
    PREVIOUS,
    SIGNATURE,
    TAGMANIFEST,
    check_path,
    folder_of,
)
from evidence.bundle.proof import cut, dump_proof
from evidence.bundle.sshsig import sign
from evidence.clock import parse_rfc3339, rfc3339
from evidence.export.cmmc import DEFAULT_ROOT, hash_logs, is_cmmc
from evidence.export.gather import Gathered, gather, slots_of
from evidence.export.readme import chosen, readme
from evidence.export.selection import ExportError, Selection
from evidence.export.tables import tables
from evidence.export.timeline import TIMELINE, timeline
from evidence.log.anchor import COSIGNATURES, TOKENS, kept
from evidence.log.export import Shared, export_predicate, export_subjects
from evidence.log.history import Entry, History
from evidence.log.keyring import Keyring, Role
from evidence.log.keys import Signer
from evidence.log.outlines import recall_outlines
from evidence.log.writer import append
from evidence.model.names import Digest, digest_of
from evidence.snapshots import Snapshots
from evidence.store.blobs import get_blob
from evidence.store.interface import Store
from evidence.store.layout import checkpoint_key
from evidence.verify.slots import Calendar

_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest a zip can name; the bundle's own time stands in `bag-info.txt`."""

_PLAIN_FILE = 0o100644 << 16
_UNIX = 3

Page = Callable[[Snapshots, Selection, datetime, Calendar | None], bytes]
"""Writes `report.html` from what was known at a moment, and what had become of the planned slots."""

Deliver = Callable[[Path, Digest], Shared]
"""Puts the zip, whose tag manifest has this digest, where somebody is to fetch it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A bundle that was written."""

    tagmanifest: Digest
    files: int
    withheld: int
    pin: str


@dataclass(frozen=True, slots=True)
class _File:
    digest: Digest
    length: int
    read: Callable[[], bytes]
    """Returns its bytes; raises where they have not its digest."""


def export(
    store: Store,
    keyring: Keyring,
    selection: Selection,
    target: Path,
    *,
    page: Page,
    tool: str,
    at: datetime,
    deliver: Deliver | None = None,
) -> Exported:
    """
    Write the bundle that `selection` asks for to `target`, then state in the log that it was.

    `deliver` puts the bundle where somebody is to fetch it, and the statement says where.
    The statement waits for the next seal, and stands in the next bundle. Raises before anything is written where the
    sealer's key is missing or something does not hold.
    """
    if selection.as_of is not None and selection.as_of > rfc3339(at):
        raise ExportError(f"{selection.as_of} lies ahead; nobody can sign what will have been missed by then")
    history = History.read(store)
    recall_outlines(history, keyring)
    sealer = keyring.key(Role.SEALER)
    history.ledger.authority.key_of(sealer.public.id, Role.SEALER, "export")
    gathered = gather(history, selection)
    files = _payload(store, gathered, selection, page)
    if len(files) > MAX_FILES:
        raise ExportError(f"{len(files)} files; a bundle has at most {MAX_FILES}", hint="choose a shorter period")
    tagmanifest = _sign(files, _described(gathered, selection, tool), sealer)
    _write_zip(target, folder_of(history.owner, selection.period.name), files)
    shared = deliver(target, tagmanifest) if deliver else None
    _state(
        store,
        keyring,
        gathered,
        selection,
        tagmanifest=tagmanifest,
        files=len(files),
        tool=tool,
        at=at,
        shared=shared,
    )
    return Exported(
        tagmanifest=tagmanifest,
        files=len(files),
        withheld=gathered.withheld,
        pin=gathered.history.checkpoint.pin,
    )


def _sign(files: dict[str, _File], described: Mapping[str, str], sealer: Signer) -> Digest:
    """Add the tag files and the signature to the payload; return the digest of what was signed."""
    payload_bytes = sum(file.length for file in files.values())
    tags = tag_files({path: file.digest for path, file in files.items()}, payload_bytes, described)
    signed = {TAGMANIFEST: tags.tagmanifest, SIGNATURE: sign(sealer, tags.tagmanifest, namespace=NAMESPACE)}
    for path, data in {**tags.files, **signed}.items():
        files[path] = _held(data)
    return digest_of(tags.tagmanifest)


def _payload(store: Store, gathered: Gathered, selection: Selection, page: Page) -> dict[str, _File]:
    snapshots = Snapshots(store, gathered.history, as_of=gathered.span.as_of)
    slots = slots_of(gathered, selection)
    calendar = slots.calendar if slots else None
    judged = gathered.judged
    shown = snapshots.among(judged.evidence) if judged is not None and selection.by_findings else snapshots
    made = {
        "data/README.txt": readme(gathered, selection),
        "data/report.html": page(shown, selection, parse_rfc3339(gathered.span.as_of), calendar),
        **tables(gathered, snapshots, selection, slots),
        **(judged_files(judged, gathered.places()) if judged is not None else {}),
        **_log(store, gathered),
        **({TIMELINE: timeline(gathered)} if selection.incident else {}),
    }
    files = {path: _held(data) for path, data in made.items()}
    entries = {digest: index for index, (_, digest) in gathered.supplied.items()}
    for path, digest, length in gathered.paths():
        if length is None:
            files[path] = _statement(gathered.history, gathered.history.statements[entries[digest]])
        else:
            files[path] = _blob(store, digest, length)
    if is_cmmc(selection.profile):
        folder = folder_of(gathered.history.owner, selection.period.name)
        listed = {path: file.digest for path, file in files.items()}
        logs = hash_logs(listed, root=selection.artifact_root or DEFAULT_ROOT, folder=folder)
        files |= {path: _held(data) for path, data in logs.items()}
    return files


def _log(store: Store, gathered: Gathered) -> Mapping[str, bytes]:
    span = gathered.span
    proof = cut(gathered.history.ledger.chain.leaves, span.previous, span.size, gathered.earlier)
    files = {CHECKPOINT: store.get(checkpoint_key(span.size)), **dump_proof(proof)}
    if span.previous:
        files[PREVIOUS] = store.get(checkpoint_key(span.previous))
    for one in (*kept(store, TOKENS), *kept(store, COSIGNATURES)):
        if span.previous <= one.size <= span.size and one.size in gathered.history.ledger.chain.roots:
            files[f"data/{one.key}"] = store.get(one.key)
            if one.size not in (span.previous, span.size):
                files[f"{CHECKPOINTS}{one.size:012d}"] = store.get(checkpoint_key(one.size))
    return files


def _held(data: bytes) -> _File:
    return _File(digest_of(data), len(data), lambda: data)


def _blob(store: Store, digest: Digest, length: int) -> _File:
    return _File(digest, length, lambda: get_blob(store, digest, length))


def _statement(history: History, entry: Entry) -> _File:
    told = history.opened.outlines.get(entry.index)
    length = told.bytes if told is not None else len(history.envelope(entry))
    return _File(entry.digest, length, lambda: history.envelope(entry))


def _described(gathered: Gathered, selection: Selection, tool: str) -> Mapping[str, str]:
    """Return what `bag-info.txt` says (RFC 8493 §2.2.2); labels of our own begin with the project's name."""
    span, period = gathered.span, selection.period
    rows = {
        "Source-Organization": gathered.history.owner,
        "External-Identifier": gathered.history.origin,
        "Bagging-Date": span.as_of[:10],
        "External-Description": f"Evidence of {period.name}: {chosen(selection)}",
        "Plantproof-Period": f"{period.name} {rfc3339(period.since)} {rfc3339(period.until)}",
        "Plantproof-As-Of": span.as_of,
        "Plantproof-Log": f"{span.previous} {span.size}",
        "Plantproof-Withheld": str(gathered.withheld),
        "Plantproof-Narrowed": selection.narrowed,
        "Plantproof-Tool": tool,
    }
    if selection.recipient:
        rows["Plantproof-Recipient"] = selection.recipient
    return rows


def _write_zip(target: Path, folder: str, files: Mapping[str, _File]) -> None:
    """Write the zip so that a reader sees all of it or nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.new")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
            for path in sorted(files):
                name = f"{folder}/{check_path(path)}"
                if len(name) > MAX_PATH:
                    raise ExportError(f"{name}: longer than {MAX_PATH} characters")
                entry = zipfile.ZipInfo(name, _DATE)
                entry.create_system, entry.external_attr = _UNIX, _PLAIN_FILE
                data = files[path].read()
                if len(data) != files[path].length:
                    raise ExportError(f"{path}: {len(data)} bytes; {files[path].length} are described")
                archive.writestr(entry, data)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _state(
    store: Store,
    keyring: Keyring,
    gathered: Gathered,
    selection: Selection,
    *,
    tagmanifest: Digest,
    files: int,
    tool: str,
    at: datetime,
    shared: Shared | None,
) -> None:
    span = gathered.span
    predicate = export_predicate(
        period=selection.period.name,
        since=rfc3339(selection.period.since),
        until=rfc3339(selection.period.until),
        as_of=span.as_of,
        previous=span.previous,
        here=gathered.history.checkpoint,
        assets=tuple(sorted(selection.assets)),
        controls=selection.controls,
        profile=selection.profile,
        recipient=selection.recipient,
        files=files,
        withheld=gathered.withheld,
        tool=tool,
        at=rfc3339(at),
        shared=shared,
    )
    append(store, keyring, kind="export", predicate=predicate, subjects=export_subjects(span.plan, tagmanifest))
