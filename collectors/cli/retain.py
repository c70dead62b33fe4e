"""`plantproof retain`: what has to stay (legal holds), and what has stayed long enough (pruning)."""

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
    Keep what has to stay, by legal holds, and remove what has stayed long enough.

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


@command.command("prune")
@click.option("-C", "--check", is_flag=True, help="Say what would go, and do nothing.")
@click.option("--by", required=True, metavar="NAME", help="Who decided it.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="For machines: json.")
@signing_options
def prune(check: bool, by: str, form: str, config: str | None, store: str | None, no_seal: bool) -> None:
    """
    Remove answers that are past the period of their class (`keep` in the site file) and that nobody needs.

    Never the newest answer of a planned asset, what current findings or entries of registers rest on, what a legal
    hold covers or a lock keeps, nor bytes that another answer shares. It is said and sealed as an erasure is.
    """
    from collectors.cli.erase import carry_out, tell
    from collectors.cli.site import load_site, open_evidence
    from collectors.cli.system import SystemClock
    from evidence.assess.estate import plan_in_force
    from evidence.assess.recorded import current_evidence
    from evidence.registers.erasing import choose, free
    from evidence.registers.pruning import outdated
    from evidence.snapshots import Snapshots

    clock = SystemClock()
    site = load_site(config, store=store)
    if not site.keep:
        raise click.UsageError(
            "`keep` in the site file says after how many days what goes: technical_days, personal_days"
        )
    opened, now = open_evidence(site, clock), clock.now()
    history = _history(config, store)
    _, planned = plan_in_force(Snapshots(opened.store, history), opened.store)
    needed = current_evidence(opened.store, history)
    past = outdated(history, site.keep, at=now, planned={asset.id for asset in planned}, needed=needed)
    going, locked = free(opened.store, past, at=now)
    if locked:
        click.echo(f"{locked} more are past their period, and locked in the store", err=True)
    if not going:
        click.echo("nothing is past its period and free to go", err=True)
        return
    chosen = choose(history, going)
    periods = ", ".join(f"{name} {period.days} days" for name, period in site.keep.items())
    reason = f"past its retention: {periods}"
    removed = None
    if not check:
        removed = carry_out(opened, chosen, by=by, reason=reason, at=now, bypass=False, seal=not no_seal)
    tell(chosen, removed, check=check, form=form)


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
