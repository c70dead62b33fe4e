"""From a log to what its report says."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from evidence.clock import rfc3339
from evidence.model.names import AssetId, Digest, parse_digest
from evidence.model.outcome import Result
from evidence.platforms.load import Platforms
from evidence.report.document import MEANING, Conduct, Count, Document
from evidence.report.judged import Judgement
from evidence.report.sheet import make_sheet
from evidence.report.slots import slots_of
from evidence.snapshots import Snapshots
from evidence.verify.result import Report, Status

_TOTALS = ("requests", "failed", "refused", "max_rate_per_device", "max_rate_per_zone")

_NEVER_CHECKED = (
    ("whether a device told the truth", "a log proves what was answered, not that the answer was right"),
    ("whether any requirement is met", "evidence supports or contradicts; only an assessor says that one is met"),
    ("devices that are in no inventory", "plantproof asks the assets it is given and scans for none"),
)


def compose(
    snapshots: Snapshots,
    verification: Report,
    platforms: Platforms,
    *,
    at: datetime,
    store: str | None,
    tool: str,
    root_key: str | None = None,
    judgement: Judgement | None = None,
    only: Collection[AssetId] | None = None,
    narrowed: bool = False,
) -> Document:
    """
    Return the report of what `snapshots` holds and the newest assessment found, with the whole log verified.

    `only` narrows it to some assets. `store` is where the evidence lies; `None` where the page lies in a bundle.
    `narrowed` says that `snapshots` knows only of answers that are handed out.
    """
    assets = [asset for asset in snapshots.assets if only is None or asset in only]
    history = snapshots.history
    ledger = snapshots.ledger()
    run = {outcome.asset for _, part in snapshots.newest_run for outcome in part.outcomes}
    sheets = (
        make_sheet(snapshots, asset, platforms, at=at, ledger=ledger.get(asset), in_newest_run=asset in run)
        for asset in assets
    )
    return Document(
        owner=history.owner,
        origin=history.origin,
        size=history.size,
        root=history.root,
        pin=history.checkpoint.pin,
        at=rfc3339(at),
        store=store,
        tool=tool,
        root_key=root_key,
        steps=verification.steps,
        counts=tuple(_counts(snapshots, assets)),
        sheets=tuple(sheets),
        conduct=_conduct(snapshots) if only is None else None,
        slots=slots_of(verification.calendar),
        not_checked=(*_gaps(verification), *_NEVER_CHECKED),
        judgement=judgement,
        narrowed=narrowed,
    )


def _counts(snapshots: Snapshots, assets: Iterable[AssetId]) -> Iterator[Count]:
    """Yield the newest results of the assets, in the order of `Result`."""
    by_result: dict[Result, Counter[str]] = {}
    for asset in assets:
        outcome = snapshots.visit(asset).outcome
        by_result.setdefault(outcome.result, Counter())[outcome.reason or ""] += 1
    for result in Result:
        reasons = by_result.get(result)
        if reasons:
            named = tuple((reason, count) for reason, count in reasons.most_common() if reason)
            yield Count(result=result, meaning=MEANING[result], assets=reasons.total(), reasons=named)


def _gaps(verification: Report) -> Iterator[tuple[str, str]]:
    for step in verification.steps:
        if step.status is Status.NOT_CHECKED:
            yield f"step {step.number}, {step.name}", "; ".join(step.details)


def _conduct(snapshots: Snapshots) -> Conduct | None:
    if not snapshots.newest_run:
        return None
    digests = tuple(digest for digest, _ in snapshots.newest_run)
    parts = [part for _, part in snapshots.newest_run]
    newest = max(parts, key=lambda part: part.chunk)
    restarted = (row["asset"] for part in parts for row in _rows(part.conduct.get("uptimes")) if row.get("restarted"))
    return Conduct(
        run=newest.run,
        slot=newest.slot,
        planned=not newest.slot.startswith("adhoc-"),
        started=min(part.started for part in parts),
        ended=max(part.ended for part in parts),
        assets=len({outcome.asset for part in parts for outcome in part.outcomes}),
        finished=any(part.last for part in parts),
        totals={name: _total(name, (part.conduct for part in parts)) for name in _TOTALS},
        pace=str(newest.conduct.get("pace", "not recorded")),
        clock=_words(newest.clock),
        tool=_words(newest.tool),
        run_by=_words(newest.run_by),
        restarted=tuple(sorted(str(asset) for asset in restarted)),
        action_logs=tuple(_logs(part.conduct for part in parts)),
        parts=digests,
    )


def _total(name: str, conducts: Iterable[Mapping[str, object]]) -> int:
    """
    Return a number of the whole run.

    Each chunk states the run's totals so far, and the largest rate so far: the largest number is the run's.
    """
    return max((value for conduct in conducts if isinstance(value := conduct.get(name), int)), default=0)


def _logs(conducts: Iterable[Mapping[str, object]]) -> Iterator[Digest]:
    for conduct in conducts:
        log = conduct.get("log")
        if isinstance(log, str):
            yield parse_digest(log)


def _rows(value: object) -> list[Mapping[str, object]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list | tuple) else []


def _words(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(values.items()) if value not in (None, ""))
