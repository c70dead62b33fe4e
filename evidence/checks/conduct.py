"""SAFE-01: collection only reads, slowly, in the hours it was given."""

from collections.abc import Iterator

from evidence.checks.estate import Estate, RunConduct
from evidence.model.finding import Finding, Status

REQUIREMENT = "SAFE-01"


def harmless_collection(estate: Estate) -> Iterator[Finding]:
    """
    Judge each run within the window by its own signed conduct.

    What the read-only list held back was never sent: it shows that the wall holds, and is named.
    """
    window_s = estate.limit(REQUIREMENT, "window_days") * 86_400
    runs = [run for run in estate.runs if estate.age_s(run.started) <= window_s]
    if not runs:
        yield Finding(
            requirement=REQUIREMENT,
            asset=None,
            status=Status.NOT_ASSESSED,
            reason=f"no run began within the last {estate.limit(REQUIREMENT, 'window_days')} days",
        )
    for run in runs:
        yield _judged(estate, run)


def _judged(estate: Estate, run: RunConduct) -> Finding:
    wrong = tuple(_wrong(estate, run))
    status = Status.CONTRADICTS if wrong else Status.SUPPORTS if run.finished else Status.NOT_ASSESSED
    held = f", {run.refused} held back by the read-only list" if run.refused else ""
    kept = (
        f"{run.requests} requests, all on the read-only list{held}; at most {run.max_rate_per_device} a second to one "
        "device; no device restarted; hours and blackouts kept by the gate every request passes"
    )
    unfinished = "the run's last part is not in the log, so how it went on is not known"
    return Finding(
        requirement=REQUIREMENT,
        asset=None,
        row=run.run,
        status=status,
        reason="; ".join(wrong) if wrong else kept if run.finished else unfinished,
        evidence=(run.part,),
    )


def _wrong(estate: Estate, run: RunConduct) -> Iterator[str]:
    if run.pace == "none" and not run.loopback:
        yield "the pace was let go, and not every asset was on loopback"
    limit = estate.limit(REQUIREMENT, f"max_rate_per_device_{'it' if run.has_it else 'ot'}")
    if run.pace != "none" and run.max_rate_per_device > limit:
        yield f"{run.max_rate_per_device} requests in one second to one device; the limit is {limit}"
    if run.fragile_asked:
        yield f"asked although fragile: {', '.join(run.fragile_asked[:5])}"
    if run.restarted:
        yield f"restarted while or shortly after they were asked: {', '.join(run.restarted[:5])}"
