"""`services`: what is known of each service with an API, for whoever has to allow us in, or writes a service file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from evidence.cli.options import platforms_option, verbosity_option
from evidence.cli.output import json_line, table
from evidence.errors import Error
from evidence.harmless import one_line

if TYPE_CHECKING:
    from evidence.platforms.load import Platforms
    from evidence.platforms.platform import Platform

TRANSPORTS = frozenset({"http", "aws", "opcua"})
"""What services are asked over; devices and hosts are asked over others."""


class UnknownServiceError(Error):
    """No service file has that name, or it does not say what was asked."""


@click.group()
def command() -> None:
    """List services with an API, and their rights; check a file."""


@command.command("ls")
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="How to print."
)
@platforms_option
@verbosity_option
def list_services(form: str, platforms_folder: str | None) -> None:
    """List every service."""
    from evidence.cli.reading import open_platforms

    known = [one for one in open_platforms(platforms_folder) if is_service(one)]
    if form == "json":
        rows = [{"name": s.name, "title": s.title, "vendor": s.vendor, "digest": s.digest} for s in known]
        click.echo(json_line({"schema": "plantproof.services/1", "services": rows}))
        return
    body = [(s.name, s.vendor or "", _transports(s), len(s.questions), s.title) for s in known]
    for line in table(("SERVICE", "VENDOR", "OVER", "QUESTIONS", "TITLE"), body):
        click.echo(line)


@command.command("policy")
@click.argument("name")
@platforms_option
@verbosity_option
def policy(name: str, platforms_folder: str | None) -> None:
    """Print the least rights that can read all of service NAME."""
    from evidence.cli.reading import open_platforms
    from evidence.platforms.rights import least_rights

    rights = least_rights(_named(name, open_platforms(platforms_folder)))
    if not rights:
        raise UnknownServiceError(f"{name}: its file does not say what rights it needs")
    click.echo(rights.rstrip())


@command.command("test")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@verbosity_option
def test(file: Path) -> None:
    """
    Check service file FILE, and print every request it leads to.

    Nothing is sent. `collect --check --platforms FOLDER` shows the same for the assets of an inventory.
    """
    from evidence.platforms.load import load_platforms, read_platform_file

    service = read_platform_file(file, known=load_platforms())
    facts = {rule.fact for rule in service.facts} | {c.fact for rows in service.tables for c in rows.columns}
    click.echo(f"{service.name}: {len(service.questions)} questions, {len(facts)} facts")
    if service.http is not None and service.http.login is not None:
        click.echo(f"  http POST and DELETE {service.http.login}: a session")
    for question in service.questions:
        click.echo(f"  {question.transport} {one_line(question.request)}")
    read = {rule.question for rule in service.facts} | {rule.question for rule in service.tables}
    for question in service.questions:
        if question.name not in read:
            click.echo(f"note: no fact is read from {question.name}", err=True)


def is_service(platform: "Platform") -> bool:
    """Say whether a platform is a service with an API: asked over nothing else."""
    over = {question.transport for question in platform.questions}
    return bool(over) and over <= TRANSPORTS


def _named(name: str, known: "Platforms") -> "Platform":
    from difflib import get_close_matches

    service = known.named(name)
    if service is not None and is_service(service):
        return service
    near = get_close_matches(name, [one.name for one in known if is_service(one)], n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "`services ls` lists them"
    raise UnknownServiceError(f"{name}: no service file is named so", hint=hint)


def _transports(service: "Platform") -> str:
    return " ".join(sorted({question.transport for question in service.questions}))
