"""`controls`: the requirements, and what of each framework they bear on."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from evidence.cli.options import verbosity_option
from evidence.cli.output import json_text, table
from evidence.errors import Error

if TYPE_CHECKING:
    from evidence.controls.load import Catalogue
    from evidence.model.finding import Control

SCHEMA = "plantproof.controls/1"
"""Name and version of the machine output."""


class UnknownRequirementError(Error):
    """The catalogue has no such requirement."""


_FORMAT = click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="How to print."
)


@click.group()
def command() -> None:
    """List and show the requirements, and what of each framework they bear on."""


@command.command("ls")
@click.option("--profile", metavar="NAME", default="all", show_default=True, help="Only those of this profile.")
@_FORMAT
@verbosity_option
def list_controls(profile: str, form: str) -> None:
    """List requirements, and the profiles there are."""
    from evidence.controls.load import load_catalogue

    catalogue = load_catalogue()
    chosen = catalogue.profile(profile)
    if form == "json":
        rows = [_row(catalogue.controls[one]) for one in chosen.requirements]
        click.echo(json_text({"schema": SCHEMA, "profile": profile, "requirements": rows}))
        return
    for line in _listed(catalogue, profile):
        click.echo(line)


@command.command("show")
@click.argument("requirement")
@_FORMAT
@verbosity_option
def show(requirement: str, form: str) -> None:
    """Show one REQUIREMENT: what is judged, by which limits, and the frameworks' own ids it bears on."""
    from difflib import get_close_matches

    from evidence.controls.load import load_catalogue

    catalogue = load_catalogue()
    control = catalogue.controls.get(requirement.upper())
    if control is None:
        near = get_close_matches(requirement.upper(), catalogue.controls, n=1)
        hint = f"did you mean {near[0]}?" if near else "`controls ls` lists them"
        raise UnknownRequirementError(f"{requirement:.40}: no such requirement", hint=hint)
    if form == "json":
        click.echo(json_text({"schema": SCHEMA, **_row(control)}))
        return
    for line in _shown(catalogue, control):
        click.echo(line)


def _row(control: "Control") -> dict[str, object]:
    return {
        "id": control.id,
        "title": control.title,
        "applies": control.applies,
        "limits": dict(control.parameters),
        "judged": {str(status): text for status, text in control.judged.items()},
        "frameworks": {name: list(ids) for name, ids in control.frameworks.items()},
    }


def _listed(catalogue: "Catalogue", profile: str) -> Iterator[str]:
    chosen = catalogue.profile(profile)
    framework = chosen.framework
    rows = []
    for name in chosen.requirements:
        control = catalogue.controls[name]
        ids = control.frameworks.get(framework, ()) if framework else ()
        rows.append((control.id, ", ".join(ids) or f"{len(control.frameworks)} frameworks", control.title))
    yield from table(("REQUIREMENT", "BEARS ON", "TITLE"), rows)
    yield ""
    profiles = [(one.name, len(one.requirements), one.title) for one in catalogue.profiles.values()]
    yield from table(("PROFILE", "REQUIREMENTS", "TITLE"), profiles)


def _shown(catalogue: "Catalogue", control: "Control") -> Iterator[str]:
    yield f"{control.id}  {control.title}"
    yield f"judged: {control.applies}"
    for status, text in control.judged.items():
        yield f"  {status}: {text}"
    if control.parameters:
        yield "limits: " + ", ".join(f"{name} {limit}" for name, limit in control.parameters.items())
    yield "bears on:"
    for framework, ids in control.frameworks.items():
        yield f"  {framework}: {', '.join(ids)}"
    profiles = [one.name for one in catalogue.profiles.values() if control.id in one.requirements]
    yield f"profiles: {', '.join(profiles)}"
