"""What became of the wish to read an asset."""

from dataclasses import dataclass
from enum import StrEnum

from evidence.model.names import AssetId


class Result(StrEnum):
    """The one result every planned asset gets."""

    COLLECTED = "collected"
    PARTIAL = "partial"
    UNREACHABLE = "unreachable"
    AUTH_FAILED = "auth-failed"
    REFUSED = "refused"
    LEFT_ALONE = "left-alone"
    OUT_OF_WINDOW = "out-of-window"
    OFF_BY_SCHEDULE = "off-by-schedule"
    EXCLUDED = "excluded"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result for one asset, with the reason in words where it is not plainly `collected`."""

    asset: AssetId
    result: Result
    reason: str | None = None
