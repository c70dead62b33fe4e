"""The end of a run in words: one line an asset, then origin, size and root."""

from collections.abc import Iterable, Iterator, Mapping

from collectors.record import Kept
from evidence.cli.output import table
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result

QUIET = frozenset({Result.COLLECTED, Result.EXCLUDED, Result.OFF_BY_SCHEDULE})
"""Results that are no news to anybody."""

_NOT_LET_IN = frozenset({Result.AUTH_FAILED, Result.REFUSED, Result.LEFT_ALONE})


def recap(kept: Mapping[AssetId, Kept]) -> Iterator[str]:
    """Yield one line an asset: what became of it, and how much was kept."""
    rows = [
        (asset, one.outcome.result, one.captures, one.redactions, one.outcome.reason or "")
        for asset, one in sorted(kept.items())
    ]
    yield from table(("ASSET", "RESULT", "CAPTURES", "REDACTIONS", ""), rows)


def news(kept: Mapping[AssetId, Kept], before: Mapping[AssetId, Result | None]) -> Iterator[str]:
    """Yield what somebody who reads only cron's mail should see: trouble that was not there at the last run."""
    for asset, one in sorted(kept.items()):
        result = one.outcome.result
        if result not in QUIET and before.get(asset) is not result:
            yield f"{asset}: {result}" + (f": {one.outcome.reason}" if one.outcome.reason else "")


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """Return 0, 2, 4 or 6 by the worst that happened, 99 when the run was interrupted (`ExitCode`)."""
    results = {outcome.result for outcome in outcomes}
    if Result.INTERRUPTED in results:
        return 99
    return (2 if results & _NOT_LET_IN else 0) + (4 if Result.UNREACHABLE in results else 0)
