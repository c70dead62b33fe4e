"""The columns of registers: what an entry holds; statements are read, sheets written and options made by this table."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a register."""

    name: str
    shape: str = "text"
    """`text`, `date`, `time` (RFC 3339 UTC), `whole`, `mac`, `requirement`; `list` and `requirements` hold several."""
    choices: tuple[str, ...] = ()
    required: bool = False

    @property
    def several(self) -> bool:
        """Whether it holds a list."""
        return self.shape in ("list", "requirements")


REASONS = ("too-old", "vendor-gone", "process-risk", "other")
"""Classes of reasons for an exception."""

APPROVALS = ("session", "change", "device", "firmware", "rule")
"""What can be approved."""

_EXCEPTION = (
    Column(name="requirement", shape="requirement", required=True),
    Column(name="assets", shape="list"),
    Column(name="row"),
    Column(name="reason_class", choices=REASONS, required=True),
    Column(name="reason", required=True),
    Column(name="owner", required=True),
    Column(name="approver", required=True),
    Column(name="approved", shape="date", required=True),
    Column(name="expires", shape="date", required=True),
    Column(name="compensating", shape="requirements"),
    Column(name="replacement", shape="date"),
)
_APPROVAL = (
    Column(name="kind", choices=APPROVALS, required=True),
    Column(name="assets", shape="list"),
    Column(name="subject", required=True),
    Column(name="begins", shape="time", required=True),
    Column(name="ends", shape="time", required=True),
    Column(name="approver", required=True),
    Column(name="ticket"),
)
_RESTORE_TEST = (
    Column(name="backup", required=True),
    Column(name="backup_at", shape="time"),
    Column(name="backup_hash"),
    Column(name="target"),
    Column(name="method"),
    Column(name="tool"),
    Column(name="start", shape="time", required=True),
    Column(name="end", shape="time"),
    Column(name="status", choices=("completed", "failed", "running"), required=True),
    Column(name="validation", choices=("successful", "failed", "timed-out", "none"), required=True),
    Column(name="rto_goal_s", shape="whole"),
    Column(name="rpo_goal_s", shape="whole"),
    Column(name="checks_expected", shape="whole"),
    Column(name="checks_passed", shape="whole"),
    Column(name="operator"),
    Column(name="witness"),
    Column(name="defects"),
    Column(name="evidence"),
)
ATTESTATIONS: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        "restore-test": _RESTORE_TEST,
        "support-end": (
            Column(name="model"),
            Column(name="version"),
            Column(name="end", shape="date", required=True),
            Column(name="origin", required=True),
        ),
        "known-device": (
            Column(name="mac", shape="mac", required=True),
            Column(name="name", required=True),
            Column(name="place"),
            Column(name="owner"),
        ),
        "firmware-baseline": (
            Column(name="model"),
            Column(name="version", required=True),
            Column(name="origin"),
        ),
        "legal-hold": (
            Column(name="reason", required=True),
            Column(name="ticket"),
        ),
    }
)
"""Kind of attestation -> its own columns."""

_ATTESTATION = (
    Column(name="kind", choices=tuple(ATTESTATIONS), required=True),
    Column(name="asset"),
    Column(name="by", required=True),
)
REGISTERS: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {"exception": _EXCEPTION, "approval": _APPROVAL, "attestation": _ATTESTATION}
)
"""Register, which is the kind of its statements -> the columns every entry has."""


def columns_of(register: str, kind: str | None) -> tuple[Column, ...]:
    """Return the columns of an entry; `kind` says what kind of attestation it is."""
    own = ATTESTATIONS.get(kind or "", ()) if register == "attestation" else ()
    return (*REGISTERS[register], *own)


EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "text": "a text",
        "date": "a date like 2026-11-22",
        "time": "a time like 2026-11-22T23:48:00Z",
        "whole": "a whole number",
        "mac": "a MAC address like 00:1b:1b:0a:0b:0c",
        "requirement": "a requirement like INV-04",
    }
)
"""What a shape looks like, for people."""


KINDS: tuple[str, ...] = ("exception", "approval", *ATTESTATIONS)
"""What there are sheets of."""


def register_of(kind: str) -> str:
    """Return the register a kind of sheet belongs to."""
    return kind if kind in REGISTERS and kind != "attestation" else "attestation"


def sheet_columns(kind: str) -> tuple[Column, ...]:
    """Return the columns of a kind of sheet; the kind of an attestation goes without saying."""
    register = register_of(kind)
    columns = columns_of(register, kind)
    return tuple(column for column in columns if register != "attestation" or column.name != "kind")
