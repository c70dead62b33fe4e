"""What the commands of registers share: opening the site, signing entries, sealing, and options made of columns."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from evidence.cli.options import STORE_HELP, STORE_METAVAR, AnyCommand, open_here, verbosity_option

if TYPE_CHECKING:
    from collectors.site import OpenSite
    from evidence.log.history import History
    from evidence.log.register import Entry
    from evidence.model.columns import Column

_SPOKEN = {"begins": "from", "ends": "until", "assets": "asset"}
"""Column -> option, where a person says it in another word."""

_MEANINGS = {
    "approved": "From which day on it counts.",
    "approver": "Who approved it.",
    "asset": "Which asset; an approval of a session or change without one is for the whole site.",
    "assets": "Which asset; without any, the whole site.",
    "backup": "The job or resource that was restored.",
    "backup_at": "When the backup was made.",
    "backup_hash": "Digest of the backup.",
    "begins": "From when on.",
    "by": "Who says so.",
    "checks_expected": "How many checks were to be made on what was restored.",
    "checks_passed": "How many of them passed.",
    "compensating": "A requirement that has to be supported for the same asset while the exception lives.",
    "defects": "What was found wrong, and when it is tested again.",
    "ends": "Until when.",
    "evidence": "Digest of the protocol, or where it lies.",
    "expires": "The last day it counts, UTC.",
    "mac": "Its MAC address.",
    "method": "Bench, sandbox, spare controller.",
    "model": "For all assets of this model.",
    "name": "What it is.",
    "operator": "Who did it.",
    "origin": "Who says so, and where: bulletin, contract.",
    "owner": "Who answers for it.",
    "place": "Where it is.",
    "reason": "Why, in a sentence.",
    "replacement": "When the asset is to be replaced.",
    "requirement": "Which requirement is deviated from.",
    "row": "Which rule, certificate or module of the asset; without it, all.",
    "rpo_goal_s": "How old a backup may be, seconds.",
    "rto_goal_s": "How long a restore may take, seconds.",
    "start": "When the restore began.",
    "subject": "Who or what is approved: an account, a MAC address, a version, a rule.",
    "target": "Where to, apart from production.",
    "ticket": "The ticket it is kept under.",
    "tool": "With what, and its version.",
    "version": "The version.",
    "witness": "Who watched, and is not the operator.",
}
"""Column -> what it is for, in a sentence; `end` and columns with choices explain themselves."""


def site_options(command: AnyCommand) -> AnyCommand:
    """Add `--config`, `--store` and `-v`."""
    command = click.option(
        "--store", envvar="PLANTPROOF_STORE", metavar=STORE_METAVAR, help=f"{STORE_HELP} Default: the site file's."
    )(command)
    command = click.option(
        "-c", "--config", type=click.Path(dir_okay=False), envvar="PLANTPROOF_CONFIG", metavar="FILE", help="Site file."
    )(command)
    return verbosity_option(command)


def signing_options(command: AnyCommand) -> AnyCommand:
    """Add what every command that signs has."""
    command = click.option("--no-seal", is_flag=True, help="Leave it to the next seal to make it count.")(command)
    return site_options(command)


def opened_for_reading(config: str | None, store: str | None) -> "History":
    """Open the site's log; nothing is made where there is none, and no key is needed."""
    from collectors.cli.site import load_site
    from evidence.log.history import History

    return History.read(open_here(load_site(config, store=store).store))


def _opened_for_signing(config: str | None, store: str | None) -> "OpenSite":
    from collectors.cli.site import load_site, open_evidence
    from collectors.cli.system import SystemClock

    return open_evidence(load_site(config, store=store), SystemClock())


def sign(
    entries: "Sequence[Entry]", register: str, *, config: str | None, store: str | None, no_seal: bool, check: bool
) -> None:
    """Show how entries differ from those in force, sign those that do, and seal."""
    from collectors.cli.system import SystemClock
    from collectors.sealing import seal_site
    from evidence.harmless import one_line
    from evidence.log.history import History
    from evidence.log.keyring import Role
    from evidence.registers.reading import current, declared
    from evidence.registers.sheet import differences
    from evidence.registers.signing import sign_entries

    site, now = _opened_for_signing(config, store), SystemClock().now()
    history = History.read(site.store)
    before = {name: one.entry for name, one in current(declared(history), register).items()}
    found = list(differences(before, entries))
    for what, entry, details in found:
        click.echo(f"{what:<8} {one_line(entry.id)}")
        for detail in details:
            click.echo(f"         {one_line(detail)}")
    if not found:
        click.echo("nothing differs from what is in force")
    if check or not found:
        return
    digest = sign_entries(site.store, site.keyring, history, register, [entry for _, entry, _ in found], at=now)
    click.echo(f"signed   {digest}")
    if no_seal or Role.SEALER not in site.keyring.signing:
        click.echo("It counts from the next seal on.", err=True)
        return
    checkpoint = seal_site(site, at=now)
    click.echo(f"sealed   {checkpoint.pin}")


def list_entries(register: str, kind: str | None, *, config: str | None, store: str | None) -> None:
    """Print the entries in force."""
    from evidence.cli.output import table
    from evidence.registers.reading import current, declared

    signed = current(declared(opened_for_reading(config, store)), register).values()
    rows = [one for one in signed if kind is None or one.entry.text("kind") == kind]
    headers = ("id", "signed", "what")
    body = [(one.entry.id, one.at, _words(one.entry.columns)) for one in rows]
    for line in table(headers, body):
        click.echo(line)


def add_command(kind: str, *, name: str, summary: str, fixed: Mapping[str, str] | None = None) -> click.Command:
    """Return the command that signs one entry of a kind of sheet, with an option for each of its columns."""
    from evidence.model.columns import sheet_columns

    columns = [column for column in sheet_columns(kind) if column.name not in (fixed or {})]
    options = [_option(column) for column in columns]

    @click.command(name, help=summary, params=options)
    @click.option("--id", "ident", help="Name of the entry; default: made of what it says, so twice is once.")
    @signing_options
    def command(ident: str | None, config: str | None, store: str | None, no_seal: bool, **said: Any) -> None:
        from evidence.log.fields import ShapeError
        from evidence.model.columns import register_of
        from evidence.registers.sheet import entry_of

        cells = {column.name: said[_parameter(column)] or "" for column in columns} | dict(fixed or {})
        label = (fixed or {}).get("kind", kind)
        try:
            entry = entry_of(kind, {"id": ident or made_of(label, cells), **cells})
        except ShapeError as error:
            raise click.UsageError(str(error)) from error
        sign([entry], register_of(kind), config=config, store=store, no_seal=no_seal, check=False)

    return command


def end_command(kind: str, *, summary: str) -> click.Command:
    """Return the command that ends entries of a register."""

    @click.command("end", help=summary)
    @click.argument("ids", nargs=-1, required=True, metavar="ID...")
    @click.option("--reason", required=True, help="Why; it is signed with the end.")
    @signing_options
    def command(ids: tuple[str, ...], reason: str, config: str | None, store: str | None, no_seal: bool) -> None:
        from evidence.log.register import Entry

        entries = [Entry(id=ident, ended=reason) for ident in ids]
        sign(entries, kind, config=config, store=store, no_seal=no_seal, check=False)

    return command


def list_command(register: str, *, summary: str) -> click.Command:
    """Return the command that prints the entries of a register that are in force."""

    @click.command("ls", help=summary)
    @site_options
    def command(config: str | None, store: str | None) -> None:
        list_entries(register, None, config=config, store=store)

    return command


def group_of(name: str, summary: str, commands: Iterable[click.Command]) -> click.Group:
    """Return a group of commands."""
    group = click.Group(name, help=summary, no_args_is_help=True)
    for command in commands:
        group.add_command(command)
    return group


def _option(column: "Column") -> click.Option:
    from evidence.model.columns import EXAMPLES

    shape = "requirement" if column.shape == "requirements" else column.shape
    example = "" if column.choices or shape in ("text", "list") else EXAMPLES[shape]
    meaning = _MEANINGS.get(column.name, "")
    words = (meaning, f"Expects {example}." if example else "", "May be given several times." if column.several else "")
    return click.Option(
        [f"--{_parameter(column).replace('_', '-')}", _parameter(column)],
        multiple=column.several,
        required=column.required,
        metavar="TEXT" if not column.choices else "|".join(column.choices),
        help=" ".join(filter(None, words)),
    )


def _parameter(column: "Column") -> str:
    return _SPOKEN.get(column.name, column.name)


def made_of(label: str, cells: Mapping[str, object]) -> str:
    """Return the name of an entry that nobody named: made of what it says, so twice is once."""
    text = "\0".join(f"{name}={cells[name]}" for name in sorted(cells))
    return f"{label}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"


def _words(columns: Mapping[str, object]) -> str:
    return ", ".join(
        f"{name}: {'; '.join(value) if isinstance(value, tuple) else value}" for name, value in columns.items()
    )
