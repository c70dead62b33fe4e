"""What one visit brought home, before it is made evidence."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from collectors.inventory.host import SnmpAccess
from collectors.memory import Uptime
from collectors.transports.interface import Answer
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result
from evidence.model.ssh import SshLink
from evidence.platforms.platform import Platform, Question


class Heard(NamedTuple):
    """One answer, not yet redacted."""

    question: Question
    platform: Platform
    answer: Answer
    at: datetime
    host_key: str | None = None
    link: SshLink | None = None
    access: SnmpAccess | None = None
    """As what SNMP was asked."""


@dataclass(slots=True)
class Findings:
    """Everything one visit heard, and what went wrong on the way."""

    asset: AssetId
    heard: list[Heard] = field(default_factory=list)
    problems: list[tuple[Result, str]] = field(default_factory=list)
    """Why a transport, or a question that is not optional, gave nothing or not all."""
    uptime_before: Uptime | None = None
    uptime_after: Uptime | None = None
    restarted: str | None = None

    def outcome(self) -> Outcome:
        """Return the one outcome these findings amount to."""
        reason = "; ".join(dict.fromkeys(why for _, why in self.problems)) or None
        if not self.problems and not self.heard:
            return Outcome(asset=self.asset, result=Result.EXCLUDED, reason="nothing of it was to be asked in this run")
        if not self.problems:
            return Outcome(asset=self.asset, result=Result.COLLECTED)
        results = [result for result, _ in self.problems]
        if self.restarted and Result.LEFT_ALONE in results:
            return Outcome(asset=self.asset, result=Result.LEFT_ALONE, reason=reason)
        if Result.INTERRUPTED in results:
            return Outcome(asset=self.asset, result=Result.INTERRUPTED, reason=reason)
        if self.heard:
            return Outcome(asset=self.asset, result=Result.PARTIAL, reason=reason)
        worst = min(results, key=_WORST.index)
        return Outcome(asset=self.asset, result=worst, reason=reason)


def fault(bug: Exception) -> str:
    """Return the reason of an outcome that an exception nobody expected spoilt; its own words may hold anything."""
    return f"a fault of plantproof itself: {type(bug).__name__}"


_WORST = (
    Result.AUTH_FAILED,
    Result.REFUSED,
    Result.LEFT_ALONE,
    Result.UNREACHABLE,
    Result.OUT_OF_WINDOW,
    Result.OFF_BY_SCHEDULE,
    Result.PARTIAL,
)
"""Which result names an asset that gave nothing, worst first."""
