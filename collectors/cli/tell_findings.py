"""How an assessment is told to a person, to a machine, and to cron's mail."""

from collections.abc import Iterator

import click

from collectors.assessing import Judged
from collectors.cli.tell import is_watched
from evidence.assess.comparison import Change, Compared
from evidence.cli.invocation import say
from evidence.cli.output import json_text, table
from evidence.log.findings import count
from evidence.model.finding import Finding, Status

SCHEMA = "urn:plantproof:assess:v1"
"""Version of what `--format json` prints."""

MAX_LINES = 50
"""Findings told one by one; a screen and a half, the rest is counted."""


def tell_findings(judged: Judged, *, always: bool = False) -> None:
    """Print counts and contradictions to a person; where nobody watches, only what is new or worse."""
    if always or is_watched():
        for line in _told(judged):
            click.echo(line)
        return
    for line in news(judged):
        say("news", line)


def news(judged: Judged) -> Iterator[str]:
    """
    Yield what somebody who reads only cron's mail should see.

    What became not assessed is news; what never was assessed is none, save to whoever asks `findings`.
    """
    worse = [one for one in judged.compared if one.change in (Change.NEW, Change.WORSE) and _is_news(one)]
    for one in worse[:MAX_LINES]:
        yield f"{_place(one.finding)}: {_status(one.finding)} ({one.change}): {one.finding.reason}"
    if len(worse) > MAX_LINES:
        yield f"and {len(worse) - MAX_LINES} more; `plantproof findings --worse` lists them"


def tell_json(judged: Judged) -> None:
    """Print the assessment for a machine."""
    checkpoint = judged.checkpoint
    log = {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root} if checkpoint else None
    click.echo(
        json_text(
            {
                "schema": SCHEMA,
                "statement": judged.statement,
                "as_of": judged.as_of,
                "profile": judged.profile,
                "counts": count(judged.findings),
                "changes": {str(kind): sum(one.change is kind for one in judged.compared) for kind in Change},
                "log": log,
            }
        )
    )


def _told(judged: Judged) -> Iterator[str]:
    numbers = ", ".join(
        f"{number} {name.replace('_', '-')}" for name, number in count(judged.findings).items() if number
    )
    yield f"PLANTPROOF FINDINGS as of {judged.as_of}, profile {judged.profile}: {numbers}"
    open_ = [one for one in judged.compared if one.finding.status is Status.CONTRADICTS or one.finding.due]
    open_.sort(key=lambda one: (one.finding.due, one.finding.order))
    rows = [(one.finding.id, _place(one.finding), _mark(one, judged), one.finding.reason) for one in open_[:MAX_LINES]]
    if rows:
        yield from table(("ID", "WHAT", "STATUS", "WHY"), rows)
    if len(open_) > MAX_LINES:
        yield f"and {len(open_) - MAX_LINES} more; `plantproof findings` lists them"
    yield judged.checkpoint.pin if judged.checkpoint else "not sealed"


def _mark(one: Compared, judged: Judged) -> str:
    new = "" if judged.first or one.change in (Change.SAME, Change.BETTER) else f" ({one.change})"
    return f"{_status(one.finding)}{new}"


def _is_news(one: Compared) -> bool:
    return one.finding.status is not Status.NOT_ASSESSED or one.before is not None


def _status(finding: Finding) -> str:
    return "due" if finding.due else "excepted" if finding.exception else str(finding.status)


def _place(finding: Finding) -> str:
    return f"{finding.requirement} {finding.asset or 'the site'}"
