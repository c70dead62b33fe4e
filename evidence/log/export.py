"""Export: the sealer's word that a bundle was handed out, what was chosen for it, and for whom."""

from collections.abc import Mapping
from dataclasses import dataclass

from evidence.log.fields import Fields, ShapeError
from evidence.log.note import Checkpoint
from evidence.log.statement import Statement, Subject
from evidence.model.names import Digest

TAGMANIFEST = "tagmanifest"
"""Name of the second subject: the file that holds all others by their digests."""

_EXPORT = frozenset(
    {"log", "period", "since", "until", "as_of", "previous", "size", "root", "files", "withheld", "tool", "at"}
    | {"assets", "controls"}
)
_OPTIONAL = frozenset({"profile", "recipient", "shared"})
_SHARED = frozenset({"place", "until"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """Where a bundle was put for somebody to fetch it."""

    place: str
    """`s3://bucket/acme-2026Q3-….zip`; the link that opens it stands nowhere."""
    until: str
    """When the link expires, RFC 3339 UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportStatement:
    """One bundle that was handed out."""

    tagmanifest: Digest
    period: str
    """As it was asked for: `2026Q3`."""
    since: str
    until: str
    as_of: str
    previous: int
    """Log size before the first leaf of the bundle."""
    size: int
    root: str
    assets: tuple[str, ...]
    """What it was narrowed to; none: everything."""
    controls: tuple[str, ...]
    profile: str | None
    recipient: str | None
    files: int
    withheld: int
    """Statements of its leaves that were not supplied."""
    at: str
    shared: Shared | None = None
    """`None`: it was handed over another way."""


def export_predicate(
    *,
    period: str,
    since: str,
    until: str,
    as_of: str,
    previous: int,
    here: Checkpoint,
    assets: tuple[str, ...],
    controls: tuple[str, ...],
    profile: str | None,
    recipient: str | None,
    files: int,
    withheld: int,
    tool: str,
    at: str,
    shared: Shared | None = None,
) -> Mapping[str, object]:
    """Return the predicate of an export statement; its subjects are the plan and the tag manifest."""
    told = {"place": shared.place, "until": shared.until} if shared else None
    optional = {"profile": profile, "recipient": recipient, "shared": told}
    return {
        **{key: value for key, value in optional.items() if value},
        "period": period,
        "since": since,
        "until": until,
        "as_of": as_of,
        "previous": previous,
        "size": here.size,
        "root": here.root,
        "assets": list(assets),
        "controls": list(controls),
        "files": files,
        "withheld": withheld,
        "tool": tool,
        "at": at,
    }


def export_subjects(plan: Digest, tagmanifest: Digest) -> tuple[Subject, ...]:
    """Return the subjects of an export statement."""
    return Subject(name="plan", digest=plan), Subject(name=TAGMANIFEST, digest=tagmanifest)


def read_export(statement: Statement) -> ExportStatement:
    """Read an export statement; raise `ShapeError` unless it is written our way."""
    fields = Fields(statement.predicate, "export", _EXPORT, _OPTIONAL)
    if [subject.name for subject in statement.subjects] != ["plan", TAGMANIFEST]:
        raise ShapeError("export: expected two subjects, the plan and the tag manifest")
    fields.text("tool", longest=100)
    return ExportStatement(
        tagmanifest=statement.subjects[1].digest,
        period=fields.text("period", longest=100),
        since=fields.time("since"),
        until=fields.time("until"),
        as_of=fields.time("as_of"),
        previous=fields.whole("previous"),
        size=fields.whole("size", least=1),
        root=fields.text("root", longest=64),
        assets=_texts(fields, "assets"),
        controls=_texts(fields, "controls"),
        profile=fields.optional_text("profile"),
        recipient=fields.optional_text("recipient"),
        files=fields.whole("files"),
        withheld=fields.whole("withheld"),
        at=fields.time("at"),
        shared=_shared(fields.raw("shared")) if "shared" in fields else None,
    )


def _shared(value: object) -> Shared:
    fields = Fields(value, "export: shared", _SHARED, frozenset())
    return Shared(place=fields.text("place", longest=1100), until=fields.time("until"))


def _texts(fields: Fields, key: str) -> tuple[str, ...]:
    rows = fields.rows(key)
    texts = tuple(row for row in rows if isinstance(row, str) and row)
    if len(texts) != len(rows):
        raise ShapeError(f"export: {key}: expected names")
    return texts
