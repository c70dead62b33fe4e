"""`plantproof retain`: legal holds, signed by the owner, and set on every object in S3."""

from typing import TYPE_CHECKING

import click

from collectors.cli.declaring import list_entries, made_of, sign, signing_options, site_options

if TYPE_CHECKING:
    from evidence.log.history import History
    from evidence.store.holds import Holds

_REGISTER, _KIND = "attestation", "legal-hold"


@click.group(no_args_is_help=True)
def command() -> None:
    """
    Keep everything of an asset, or of the site, from being erased: legal holds.

    A hold is the owner's signed word; `erase` refuses what one covers. In a bucket with Object Lock each object gets a
    legal hold of the store's own, too, which no bypass lifts.
    """


@command.command("hold")
@click.option("--asset", metavar="NAME", help="Everything of this asset; without it, of the whole site.")
@click.option("--reason", required=True, help="Why; it is signed with the owner's key.")
@click.option("--by", required=True, metavar="NAME", help="Who decided it.")
@click.option("--ticket", metavar="ID", help="The ticket or case it is kept under.")
@signing_options
def hold(
    asset: str | None, reason: str, by: str, ticket: str | None, config: str | None, store: str | None, no_seal: bool
) -> None:
    """
    Sign a hold, seal it, and in S3 set the legal hold of every object that it covers by now.

    The same again covers what was read since; until then the signed hold alone keeps that from being erased.
    """
    from evidence.registers.sheet import entry_of

    cells = {"asset": asset or "", "by": by, "reason": reason, "ticket": ticket or ""}
    entry = entry_of(_KIND, {"id": made_of(_KIND, cells), **cells})
    sign([entry], _REGISTER, config=config, store=store, no_seal=no_seal, check=False)
    _set(config, store, entry.id)


@command.command("release")
@click.argument("ident", metavar="ID")
@click.option("--reason", required=True, help="Why; it is signed with the end.")
@signing_options
def release(ident: str, reason: str, config: str | None, store: str | None, no_seal: bool) -> None:
    """End a hold, and in S3 lift the legal hold of every object that no other hold covers."""
    from evidence.log.register import Entry
    from evidence.registers.holding import covered, holds_in_force, set_holds

    ending = [one for one in holds_in_force(_history(config, store)) if one.id == ident]
    if not ending:
        raise click.UsageError(f"{ident}: no such hold is in force; `retain ls` lists them")
    sign([Entry(id=ident, ended=reason)], _REGISTER, config=config, store=store, no_seal=no_seal, check=False)
    history = _history(config, store)
    left = list(holds_in_force(history))
    lockable = _lockable(history)
    if lockable is not None and ident not in {one.id for one in left}:
        lifted = set_holds(lockable, covered(history, ending) - covered(history, left), on=False)
        click.echo(f"lifted   {lifted} legal holds of the store")


@command.command("ls")
@site_options
def list_holds(config: str | None, store: str | None) -> None:
    """List the holds in force."""
    list_entries(_REGISTER, _KIND, config=config, store=store)


def _set(config: str | None, store: str | None, ident: str) -> None:
    """Set the store's own holds on what a signed hold covers, once it counts."""
    from evidence.registers.holding import covered, holds_in_force, set_holds

    history = _history(config, store)
    lockable = _lockable(history)
    mine = [one for one in holds_in_force(history) if one.id == ident]
    if lockable is not None and mine:
        click.echo(f"held     {set_holds(lockable, covered(history, mine), on=True)} versions by the store, too")


def _history(config: str | None, store: str | None) -> "History":
    from collectors.cli.site import load_site, open_evidence
    from collectors.cli.system import SystemClock
    from evidence.log.history import History

    return History.read(open_evidence(load_site(config, store=store), SystemClock()).store)


def _lockable(history: "History") -> "Holds | None":
    """Return the store if it has legal holds of its own."""
    from evidence.store.holds import Holds

    store = history.ledger.store
    return store if isinstance(store, Holds) else None
