"""`findings`: what the newest assessment found."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click

from evidence.cli.options import as_of_option, moment_text, open_here, store_option, verbosity_option
from evidence.cli.output import json_text, table
from evidence.errors import Error
from evidence.harmless import csv_line

if TYPE_CHECKING:
    from evidence.assess.comparison import Compared
    from evidence.assess.recorded import Recorded

SCHEMA = "plantproof.findings/1"
"""Name and version of the machine output."""

_COLUMNS = ("id", "requirement", "asset", "row", "status", "due", "exception", "change", "reason", "evidence")


class NothingJudgedError(Error):
    """The log holds no assessment."""

    hint = "`plantproof assess` makes one; `collect` does after a whole run"


@click.command()
@store_option
@click.option("--new", is_flag=True, help="Only what is wrong or open and was not judged before.")
@click.option("--worse", is_flag=True, help="Only what got worse since the assessment before, and what is new.")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(["supports", "due", "contradicts", "not-assessed", "not-applicable"]),
    help="Only findings like this.",
)
@click.option("--requirement", "requirements", multiple=True, metavar="GLOB", help="Only these: INV-*.")
@click.option("--asset", "assets", multiple=True, metavar="GLOB", help="Only of these assets.")
@click.option("--profile", metavar="NAME", help="The newest assessment by this profile.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True, help="Form."
)
@as_of_option
@verbosity_option
def command(
    store: str,
    new: bool,
    worse: bool,
    statuses: tuple[str, ...],
    requirements: tuple[str, ...],
    assets: tuple[str, ...],
    profile: str | None,
    form: str,
    as_of: datetime | None,
) -> None:
    """
    Print what the newest assessment found.

    Evidence supports or contradicts a requirement, or it is not assessed and the reason says why; nothing here says
    that a requirement is met. `explain ID` tells one finding in full.
    """
    newest, rows = read_compared(store, as_of, profile)
    wanted = {"new"} if new and not worse else {"new", "worse"} if worse else set()
    chosen = [
        one
        for one in rows
        if (not wanted or str(one.change) in wanted)
        and _matches(one.finding.requirement, requirements)
        and _matches(one.finding.asset or "", assets)
        and (not statuses or statuses_of(one) & set(statuses))
    ]
    for line in _WRITERS[form](newest, chosen):
        click.echo(line)


def read_compared(store: str, as_of: datetime | None, profile: str | None) -> "tuple[Recorded, list[Compared]]":
    """Return the newest assessment and its findings, each with what it was in the one before."""
    from evidence.assess.comparison import compared
    from evidence.assess.recorded import newest_two
    from evidence.log.history import History

    opened = open_here(store)
    newest, before = newest_two(opened, History.read(opened), as_of=moment_text(as_of), profile=profile)
    if newest is None:
        raise NothingJudgedError(f"{store}: nothing was judged" + (f" by the profile {profile}" if profile else ""))
    return newest, list(compared(newest.findings, before.findings if before else ()))


def statuses_of(one: "Compared") -> set[str]:
    """Return what a finding may be asked for by: one that is due supports all the same."""
    return {str(one.finding.status), *(["due"] if one.finding.due else [])}


def _matches(text: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(text, pattern) for pattern in patterns)


def _row(one: "Compared") -> dict[str, object]:
    finding = one.finding
    return {
        "id": finding.id,
        "requirement": finding.requirement,
        "asset": finding.asset,
        "row": finding.row,
        "status": str(finding.status),
        "due": finding.due,
        "exception": finding.exception,
        "change": str(one.change),
        "reason": finding.reason,
        "evidence": list(finding.evidence),
    }


def _json(newest: "Recorded", rows: "Sequence[Compared]") -> Iterator[str]:
    basis = newest.statement.basis
    yield json_text(
        {
            "schema": SCHEMA,
            "statement": newest.digest,
            "as_of": basis.as_of,
            "profile": basis.profile,
            "size": basis.size,
            "root": basis.root,
            "findings": [_row(one) for one in rows],
        }
    )


def _csv(_newest: "Recorded", rows: "Sequence[Compared]") -> Iterator[str]:
    yield csv_line(_COLUMNS)
    for one in rows:
        row = _row(one)
        yield csv_line([*(row[name] for name in _COLUMNS[:-1]), " ".join(one.finding.evidence)])


def _table(newest: "Recorded", rows: "Sequence[Compared]") -> Iterator[str]:
    basis = newest.statement.basis
    yield f"as of {basis.as_of}, profile {basis.profile}, log of {basis.size} statements; {_counts(rows)}"
    if rows:
        yield ""
        yield from table(("ID", "REQUIREMENT", "ASSET", "STATUS", "WHY"), map(_cells, rows))


def _cells(one: "Compared") -> tuple[object, ...]:
    finding = one.finding
    status = "due" if finding.due else "excepted" if finding.exception else str(finding.status)
    mark = "" if str(one.change) in ("same", "better") else f" ({one.change})"
    return finding.id, finding.requirement, finding.asset or "-", f"{status}{mark}", finding.reason


def _counts(rows: "Sequence[Compared]") -> str:
    from evidence.log.findings import count

    found = count(one.finding for one in rows)
    return ", ".join(f"{number} {name.replace('_', '-')}" for name, number in found.items() if number) or "nothing"


_WRITERS = {"table": _table, "json": _json, "csv": _csv}
