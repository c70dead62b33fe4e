"""`verify`: check everything that can be checked, step by step."""

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from evidence.cli.exits import ExitCode
from evidence.cli.options import as_of_option, now, open_here, platforms_option, store_option, verbosity_option

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from evidence.assess.knowledge import Knowledge
    from evidence.log.keys import PublicKey
    from evidence.log.note import Checkpoint
    from evidence.verify.outside import Outside
    from evidence.verify.result import Report, Step
    from evidence.verify.slots import Calendar

SCHEMA = "plantproof.verify/1"
"""Name and version of the machine output."""


@click.command()
@click.argument("bundle", required=False, type=click.Path())
@store_option
@click.option("--pin", "pins", multiple=True, metavar="P", help="A pin: `origin size root`, or a file that holds one.")
@click.option("--key", type=click.Path(dir_okay=False), metavar="ROOT.pub", help="The owner's root public key.")
@click.option(
    "--tsa-ca",
    "authorities",
    multiple=True,
    type=click.Path(dir_okay=False),
    metavar="CA.pem",
    help="CA of a time-stamp authority that you trust.",
)
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    type=click.Path(dir_okay=False),
    metavar="W.pub",
    help="Public key of a witness that you trust.",
)
@as_of_option
@click.option("--every-assessment", is_flag=True, help="Make every assessment again, not the newest of each profile.")
@platforms_option
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="How it is printed.")
@verbosity_option
@click.pass_context
def command(
    ctx: click.Context,
    bundle: str | None,
    store: str,
    pins: tuple[str, ...],
    key: str | None,
    authorities: tuple[str, ...],
    witnesses: tuple[str, ...],
    as_of: "datetime | None",
    every_assessment: bool,
    platforms_folder: str | None,
    form: str,
) -> None:
    """
    Check everything that can be checked: passed, failed, or not-checked and why.

    BUNDLE is what `export` made, a zip or the folder it was unpacked to; or the directory of a store, another way to
    write --store. Pins and the root key come from outside: a pin is the line that `report` and `collect` print; the
    root key is the owner's, and is looked for in `<store>.keys/root.pub` when --key is not given (never beside a
    bundle). CAs of time stamps and keys of witnesses come from outside, too: without them it is not checked whether
    they are to be trusted. Ends with 16 when a step failed.

    Planned slots are derived up to --as-of, now when it is not said: what is late, missed or a gap is named at step
    9, which then has not passed, and counted in the line below the steps. A gap is no proof of tampering: it does not
    fail the step. Of a bundle the slots of its period are derived, up to the moment it was made for; --as-of changes
    nothing there, and what the period or that moment cuts is not-checked.
    """
    from evidence.cli.reading import open_knowledge

    report = examine(
        bundle or store,
        key,
        [read_pin(pin) for pin in pins],
        outside=read_outside(authorities, witnesses),
        as_of=as_of or now(),
        knowledge=lambda: open_knowledge(platforms_folder),
        every_assessment=every_assessment,
    )
    if form == "json":
        click.echo(_json(report))
    else:
        _print_table(report)
    if report.failed:
        ctx.exit(ExitCode.UNVERIFIED)


def examine(
    place: str,
    key: str | None,
    pins: "list[Checkpoint]",
    *,
    outside: "Outside | None" = None,
    as_of: "datetime",
    knowledge: "Callable[[], Knowledge] | None" = None,
    every_assessment: bool = False,
) -> "Report":
    """Verify what lies at `place`, a bundle or a store."""
    from pathlib import Path

    from evidence.bundle.opened import is_bundle

    if "://" not in place and is_bundle(Path(place)):
        from evidence.log.keyring import load_public
        from evidence.verify.bundle_verifier import verify_bundle

        trusted = load_public(Path(key)) if key else None
        return verify_bundle(Path(place), trusted_root=trusted, pins=pins, outside=outside)
    from evidence.store.interface import MissingError
    from evidence.store.layout import STORE_KEY
    from evidence.verify.verifier import verify

    opened = open_here(place)
    if "://" in place:
        with suppress(MissingError):  # a place that cannot be reached is no evidence that fails
            opened.get(STORE_KEY)
    return verify(
        opened,
        trusted_root=root_key(place, key),
        pins=pins,
        outside=outside,
        as_of=as_of,
        knowledge=knowledge,
        every_assessment=every_assessment,
    )


def root_key(place: str, key: str | None) -> "PublicKey | None":
    """Return the root key that is named, or the one that lies beside the store, or none."""
    from pathlib import Path

    from evidence.log.keyring import load_public

    if key is not None:
        return load_public(Path(key))
    if "://" in place:
        return None
    store = Path(place).expanduser().resolve()
    beside = store.with_name(f"{store.name}.keys") / "root.pub"
    if not beside.is_file():
        return None
    click.echo(f"root key: {beside}, found beside the store; --key names one you got another way", err=True)
    return load_public(beside)


def read_outside(authorities: tuple[str, ...], witnesses: tuple[str, ...]) -> "Outside":
    """Read what is trusted of what binds a log from outside."""
    from pathlib import Path

    from evidence.log.keyring import load_public
    from evidence.log.timestamp_trust import read_certificates
    from evidence.verify.outside import Outside

    found = [one for name in authorities for one in read_certificates(Path(name))]
    return Outside(authorities=found, witnesses=[load_public(Path(name)) for name in witnesses])


def read_pin(text: str) -> "Checkpoint":
    """Read a pin from a file, or from the words themselves."""
    from pathlib import Path

    from evidence.log.note import NoteError, parse_pin
    from evidence.store.layout import MAX_NOTE_BYTES

    try:
        path = Path(text)
        if "\n" not in text and len(text) < 4096 and path.is_file():
            with path.open("rb") as file:
                return parse_pin(file.read(MAX_NOTE_BYTES + 1))
        return parse_pin(text.encode())
    except NoteError as error:
        raise click.BadParameter(str(error), param_hint="--pin") from error


def _json(report: "Report") -> str:
    from evidence.cli.output import json_line

    checkpoint = report.checkpoint
    return json_line(
        {
            "schema": SCHEMA,
            "result": "failed" if report.failed else "passed",
            "origin": checkpoint.origin if checkpoint else None,
            "size": checkpoint.size if checkpoint else None,
            "root": checkpoint.root if checkpoint else None,
            "steps": [
                {"number": s.number, "name": s.name, "status": str(s.status), "details": list(s.details)}
                for s in report.steps
            ],
            "slots": _slots(report.calendar),
        }
    )


def _slots(calendar: "Calendar | None") -> dict[str, object] | None:
    """Return the planned slots for machines: the numbers of all, and each slot that is not whole."""
    from dataclasses import asdict

    from evidence.verify.slots import COUNTED

    if calendar is None:
        return None
    return {
        "as_of": calendar.as_of,
        "due": len(calendar.slots),
        **{field: calendar.total(field) for field in COUNTED},
        "not_whole": [asdict(one) for one in calendar.slots if not one.whole],
    }


def _print_table(report: "Report") -> None:
    """Print one line a step and its details below it, then the line to keep."""
    from evidence.harmless import one_line
    from evidence.verify.result import Status

    for step in report.steps:
        click.echo(f"{step.number:>2}  {step.name:<13} {step.status}")
        for detail in step.details:
            click.echo(f"      {one_line(detail)}")
    counts = [f"{sum(s.status is status for s in report.steps)} {status}" for status in Status]
    click.echo()
    click.echo(f"verify: {', '.join(counts)}")
    if report.calendar:
        click.echo(report.calendar.words)
    if report.failed:
        click.echo(f"FAILED at {', '.join(map(_named, report.failed))}")
    elif report.checkpoint:
        click.echo(f"pin: {report.checkpoint.pin}")


def _named(step: "Step") -> str:
    return f"step {step.number} {step.name}"
