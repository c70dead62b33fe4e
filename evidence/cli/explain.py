"""`explain`: one finding in full."""

from collections.abc import Iterator
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from evidence.cli.options import as_of_option, store_option, verbosity_option
from evidence.cli.output import json_text
from evidence.errors import Error
from evidence.harmless import one_line

if TYPE_CHECKING:
    from evidence.assess.comparison import Compared
    from evidence.assess.recorded import Recorded
    from evidence.model.finding import Control

SCHEMA = "plantproof.explain/1"
"""Name and version of the machine output."""


class UnknownFindingError(Error):
    """The newest assessment has no finding of that name."""


@click.command()
@click.argument("finding")
@store_option
@click.option("--profile", metavar="NAME", help="Of the newest assessment by this profile.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="For machines: json.")
@as_of_option
@verbosity_option
def command(finding: str, store: str, profile: str | None, form: str, as_of: datetime | None) -> None:
    """
    Tell one FINDING in full: what was seen, by which limits it was judged, what it bears on, what would change it.

    FINDING is the id that `findings` prints, or its beginning.
    """
    from evidence.cli.findings import read_compared
    from evidence.controls.load import load_catalogue

    newest, rows = read_compared(store, as_of, profile)
    found = [one for one in rows if one.finding.id.startswith(finding)]
    if len(found) != 1:
        near = get_close_matches(finding, [one.finding.id for one in rows], n=1, cutoff=0.8)
        hint = f"did you mean {near[0]}?" if near else "`findings` lists them"
        raise UnknownFindingError(f"{finding:.40}: {len(found)} findings of the newest assessment begin so", hint=hint)
    catalogue = load_catalogue()
    control = catalogue.controls.get(found[0].finding.requirement)
    profiles = catalogue.profiles.get(newest.statement.basis.profile)
    limits = profiles.parameters.get(found[0].finding.requirement, {}) if profiles else {}
    if form == "json":
        click.echo(json_text(_document(newest, found[0], control, dict(limits))))
        return
    for line in _told(newest, found[0], control, dict(limits), store):
        click.echo(line)


def _document(
    newest: "Recorded", one: "Compared", control: "Control | None", limits: dict[str, int]
) -> dict[str, object]:
    finding = one.finding
    return {
        "schema": SCHEMA,
        "id": finding.id,
        "requirement": finding.requirement,
        "title": control.title if control else None,
        "asset": finding.asset,
        "row": finding.row,
        "status": str(finding.status),
        "due": finding.due,
        "exception": finding.exception,
        "change": str(one.change),
        "before": str(one.before.status) if one.before else None,
        "reason": finding.reason,
        "limits": limits,
        "evidence": list(finding.evidence),
        "controls": {name: list(ids) for name, ids in control.frameworks.items()} if control else {},
        "judged": {str(status): text for status, text in control.judged.items()} if control else {},
        "statement": newest.digest,
        "as_of": newest.statement.basis.as_of,
    }


def _told(
    newest: "Recorded", one: "Compared", control: "Control | None", limits: dict[str, int], store: str
) -> Iterator[str]:
    from evidence.model.finding import Status

    finding, basis = one.finding, newest.statement.basis
    what = " ".join(part for part in (finding.asset or "the whole site", finding.row) if part)
    yield f"{finding.requirement}  {control.title if control else 'not in this catalogue'}"
    yield f"{one_line(what)}: {finding.status}{', due' if finding.due else ''} ({one.change})"
    yield f"  {one_line(finding.reason)}"
    if finding.exception:
        yield f"  covered by the exception {one_line(finding.exception)}"
    if one.before and one.before.reason != finding.reason:
        yield f"  before: {one.before.status}: {one_line(one.before.reason)}"
    yield f"judged as of {basis.as_of}, statement {newest.digest}"
    if limits:
        yield "limits: " + ", ".join(f"{name} {limit}" for name, limit in limits.items())
    if finding.evidence:
        yield "seen in:"
        for digest in finding.evidence:
            yield f"  plantproof-verify store get {digest} --store {store}"
    if control is None:
        return
    verb = {Status.SUPPORTS: "supports", Status.CONTRADICTS: "contradicts"}.get(finding.status, "would bear on")
    yield f"{verb}:"
    for framework, ids in control.frameworks.items():
        yield f"  {framework}: {', '.join(ids)}"
    if finding.status is Status.CONTRADICTS or finding.due:
        yield f"to decide: {control.decide}"
    if finding.status is not Status.SUPPORTS or finding.due:
        yield f"it supports when {control.judged[Status.SUPPORTS]}"
    if finding.status is not Status.CONTRADICTS:
        yield f"it contradicts when {control.judged[Status.CONTRADICTS]}"
    yield f"it is not assessed when {control.judged[Status.NOT_ASSESSED]}"
