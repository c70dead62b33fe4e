"""`plantproof erase`: the owner has artefacts removed, and says so in the log."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from collectors.cli.declaring import signing_options
from evidence.cli.options import Moment

if TYPE_CHECKING:
    from collectors.site import OpenSite
    from evidence.registers.erasing import Chosen, Removed

SCHEMA = "plantproof.erase/1"
"""Name and version of the machine output."""

_REMAINS = (
    "bundles that were handed out: whoever holds one has to be asked",
    "copies and backups of the store, and couriers' media: `erase` of the same digests there removes it, without a key",
    "the statements: they name the asset, the question and the digest of what is gone",
    "facts in assessments, reports and tickets that were made of it",
)


@click.command()
@click.option("--digest", "digests", multiple=True, metavar="DIGEST", help="An artefact, or an encrypted original.")
@click.option("--asset", metavar="NAME", help="Every answer of this asset that nobody else gave.")
@click.option("--before", type=Moment(), metavar="TIME", help="Of --asset, only what was answered before.")
@click.option("--reason", required=True, help="By which law or agreement, as `GDPR Art. 17`; it is signed.")
@click.option("--by", required=True, metavar="NAME", help="Who decided it.")
@click.option("-C", "--check", is_flag=True, help="Say what would go, and do nothing.")
@click.option(
    "--bypass-governance", "bypass", is_flag=True, help="Lift GOVERNANCE locks; needs the owner's right in S3."
)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="For machines: json.")
@signing_options
def command(
    digests: tuple[str, ...], asset: str | None, before: datetime | None, reason: str, by: str, check: bool,
    bypass: bool, form: str, config: str | None, store: str | None, no_seal: bool,
) -> None:  # fmt: skip
    """
    Remove artefacts for good, and say in the log, signed by the owner, what went, why, and which statements named it.

    The statement is sealed first; what is locked (COMPLIANCE, GOVERNANCE without --bypass-governance, a legal hold) is
    named, and then nothing is done at all. Where it stops half-way, the same command does the rest; where another
    has signed and sealed, it needs no key. Findings that rest on nothing else are not-assessed from then on.
    """
    from collectors.cli.site import load_site, open_evidence
    from collectors.cli.system import SystemClock
    from evidence.cli.options import moment_text
    from evidence.log.history import History
    from evidence.model.names import AssetId, parse_digest
    from evidence.registers.erasing import NotErasableError, choose, obstacles

    if not digests and asset is None:
        raise click.UsageError("name what goes: --digest, --asset")
    clock = SystemClock()
    opened = open_evidence(load_site(config, store=store), clock)
    wanted = [parse_digest(one) for one in digests]
    history = History.read(opened.store)
    chosen = choose(history, wanted, asset=AssetId(asset) if asset else None, before=moment_text(before))
    kept = list(obstacles(history, chosen, bypass=bypass, at=clock.now()))
    if kept:
        listed = "; ".join(kept[:20]) + (f"; and {len(kept) - 20} more" if len(kept) > 20 else "")
        raise NotErasableError(
            f"nothing was erased: {listed}", hint="the owner lifts GOVERNANCE and holds, nobody COMPLIANCE"
        )
    removed = (
        None
        if check
        else carry_out(opened, chosen, by=by, reason=reason, at=clock.now(), bypass=bypass, seal=not no_seal)
    )
    tell(chosen, removed, check=check, form=form)


def carry_out(
    opened: "OpenSite", chosen: "Chosen", *, by: str, reason: str, at: datetime, bypass: bool, seal: bool
) -> "Removed | None":
    """State, seal and remove; `None` where it has to be sealed first by somebody else."""
    from collectors.sealing import seal_site
    from evidence.log.history import History
    from evidence.log.keyring import Role
    from evidence.registers.erasing import is_said, remove, state

    signed = state(opened.keyring, History.read(opened.store), chosen, by=by, reason=reason, at=at)
    if signed is not None:
        click.echo(f"signed   {signed}", err=True)
    if not is_said(History.read(opened.store), chosen):
        if not seal or Role.SEALER not in opened.keyring.signing:
            return None
        click.echo(f"sealed   {seal_site(opened, at=at).pin}", err=True)
    return remove(opened.store, opened.keyring, chosen, bypass=bypass, at=at)


def tell(chosen: "Chosen", removed: "Removed | None", *, check: bool, form: str) -> None:
    """Say what goes or went, and what stays."""
    from evidence.cli.output import json_text
    from evidence.harmless import one_line

    if form == "json":
        click.echo(json_text(_document(chosen, removed, check=check)))
        return
    words = "would go" if check else "go"
    click.echo(
        f"{len(chosen.artefacts)} artefacts and {len(chosen.originals)} encrypted originals {words}, of"
        f" {len(chosen.assets)} assets; {len(chosen.affected)} statements name them"
    )
    for digest in sorted(chosen.digests):
        click.echo(f"  {digest}")
    if removed is not None:
        click.echo(f"removed  {removed.objects} objects, {removed.versions} versions")
    elif not check:
        click.echo(
            "nothing is removed before the statement is sealed: `plantproof seal`, then the same again", err=True
        )
    for line in (*(removed.left if removed else ()), *_staying(chosen)):
        click.echo(one_line(f"stays    {line}"))


def _staying(chosen: "Chosen") -> tuple[str, ...]:
    """Return what remains, in words."""
    count, listed = len(chosen.shared), " ".join(sorted(chosen.shared))
    shared = f"{count} answers that others gave too, or the log is read with, byte for byte: {listed}"
    moving = f"values that change by themselves, of these and of other answers, in {' '.join(sorted(chosen.moving))}"
    return (*([shared] if chosen.shared else []), *([moving] if chosen.moving else []), *_REMAINS)


def _document(chosen: "Chosen", removed: "Removed | None", *, check: bool) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "check": check,
        "artefacts": sorted(chosen.artefacts),
        "originals": sorted(chosen.originals),
        "assets": sorted(chosen.assets),
        "affected": sorted(chosen.affected),
        "sealed": removed is not None,
        "objects": removed.objects if removed else 0,
        "versions": removed.versions if removed else 0,
        "left": list(removed.left) if removed else [],
        "stays": list(_staying(chosen)),
    }
