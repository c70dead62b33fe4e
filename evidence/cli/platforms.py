"""`platforms`: what is known of each platform, for whoever has to allow us in."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from evidence.cli.options import platforms_option, verbosity_option
from evidence.cli.output import json_line, table
from evidence.errors import Error
from evidence.harmless import one_line

if TYPE_CHECKING:
    from evidence.platforms.platform import Platform


class UnknownPlatformError(Error):
    """No platform file has that name."""


_FORMAT = click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="How to print."
)


@click.group()
def command() -> None:
    """List and show the platforms: what is asked, what is secret."""


@command.command("ls")
@_FORMAT
@platforms_option
@verbosity_option
def list_platforms(form: str, platforms_folder: str | None) -> None:
    """
    List every platform: what it can give over which transport, and whether that was tried on a recorded device.

    `TESTED` is about version, model and serial number: `no` and `partly` name platforms some rules of which were
    written after the vendor's documents alone. Facts that such a rule reads say so, too.
    """
    from evidence.cli.reading import open_platforms
    from evidence.platforms.gives import gives, tested

    known = open_platforms(platforms_folder)
    if form == "json":
        click.echo(json_line({"schema": "plantproof.platforms/1", "platforms": [_row(one) for one in known]}))
        return
    body = [(p.name, p.vendor or "", tested(p), "; ".join(way.words for way in gives(p)), p.title) for p in known]
    for line in table(("PLATFORM", "VENDOR", "TESTED", "GIVES", "TITLE"), body):
        click.echo(line)


@command.command("show")
@click.argument("name")
@_FORMAT
@platforms_option
@verbosity_option
def show(name: str, form: str, platforms_folder: str | None) -> None:
    """Show everything plantproof may ask a device of platform NAME: nothing else is ever sent."""
    platform = _named(name, platforms_folder)
    if form == "json":
        click.echo(json_line(_document(platform)))
        return
    for line in _described(platform):
        click.echo(line)


@command.command("policy")
@click.argument("name")
@_FORMAT
@platforms_option
@verbosity_option
def show_policy(name: str, form: str, platforms_folder: str | None) -> None:
    """
    Print the least rights that can read all this: the account of platform NAME, or the policy of a cloud's IAM.

    With it every command the account has to be allowed, for TACACS+ or RADIUS with authorisation of each, and the
    subtrees of an SNMP read view.
    """
    from evidence.platforms.rights import commands, least_rights, policy, view

    platform = _named(name, platforms_folder)
    rights = least_rights(platform)
    if form == "json":
        document = {"name": name, "account": platform.account, "commands": commands(platform), "view": view(platform)}
        click.echo(json_line({"schema": "plantproof.rights/1", **document, "policy": policy(platform)}))
        return
    if rights is None:
        raise UnknownPlatformError(f"{name}: its file does not say what rights it needs")
    click.echo(rights.rstrip())
    for heading, allowed in (
        ("Commands it has to be allowed, and no other:", commands(platform)),
        ("SNMP: a view that may read these subtrees, and no view that may write:", view(platform)),
    ):
        if allowed:
            click.echo("\n".join(("", heading, *(f"  {one_line(line)}" for line in allowed))))


def _named(name: str, platforms_folder: str | None) -> "Platform":
    from difflib import get_close_matches

    from evidence.cli.reading import open_platforms

    known = open_platforms(platforms_folder)
    platform = known.named(name)
    if platform is None:
        near = get_close_matches(name, [one.name for one in known], n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`platforms ls` lists them"
        raise UnknownPlatformError(f"{name}: no platform file is named so", hint=hint)
    return platform


def _row(platform: "Platform") -> dict[str, object]:
    from evidence.platforms.gives import gives, tested

    ways = [
        {
            "transport": way.transport,
            "facts": list(way.facts),
            "config": way.config,
            "tables": way.tables,
            "untested": list(way.untested),
        }
        for way in gives(platform)
    ]
    return {
        "name": platform.name,
        "title": platform.title,
        "vendor": platform.vendor,
        "digest": platform.digest,
        "tested": tested(platform),
        "gives": ways,
    }


def _document(platform: "Platform") -> dict[str, object]:
    return {
        "schema": "plantproof.platform/1",
        "name": platform.name,
        "title": platform.title,
        "vendor": platform.vendor,
        "digest": platform.digest,
        "source": platform.source,
        "account": platform.account,
        "questions": [
            {
                "name": question.name,
                "transport": question.transport,
                "request": question.request,
                "tags": sorted(question.tags),
                "ttl_s": question.ttl_s,
                "optional": question.optional,
                "instead_of": question.instead_of,
            }
            for question in platform.questions
        ],
        "facts": _facts(platform),
    }


def _described(platform: "Platform") -> Iterator[str]:
    yield f"{platform.name}: {platform.title}"
    if platform.vendor:
        yield f"vendor: {platform.vendor}"
    yield f"knowledge from: {one_line(platform.source)}"
    yield f"digest: {platform.digest}"
    if platform.account:
        yield "least account that can read all this:"
        yield from (f"  {line}" for line in platform.account.splitlines())
    yield ""
    yield "Asked, and nothing else:"
    for question in platform.questions:
        tags = ",".join(sorted(question.tags))
        where = f"; only where {question.instead_of} gave nothing" if question.instead_of else ""
        optional = "; optional" if question.optional else ""
        yield f"  {question.name} ({question.transport}; {tags}{optional}{where})"
        for wanted in question.objects:
            yield f"    {question.verb} {one_line(wanted)}"
    yield ""
    yield f"Facts: {', '.join(_facts(platform))}"
    secrets = sorted({rule.type for rule in platform.secrets} | set(platform.secret_oids.values()))
    yield f"Secrets replaced by tags: {', '.join(secrets) or 'none known; the generic detector looks'}"


def _facts(platform: "Platform") -> list[str]:
    names = {rule.fact for rule in platform.facts} | {column.fact for one in platform.tables for column in one.columns}
    return sorted(names)
