"""`plantproof review`: the owner lets statements count that do not only because of their key."""

import click

from collectors.cli.declaring import opened_for_reading, signing_options, site_options


@click.group()
def command() -> None:
    """
    Let statements count that were set aside, or are distrusted, because the key that signed them had ended.

    A part that came after its key was retired; what a revoked key signed while it was still in right hands. Anything
    else that was set aside is damaged, and no word mends it.
    """


@command.command("ls")
@site_options
def list_asides(config: str | None, store: str | None) -> None:
    """List what counts for nothing, why, and whether a review can adopt it."""
    from evidence.cli.output import table
    from evidence.registers.adopting import asides

    rows = [
        (one.digest, "yes" if one.adoptable else "no", one.what, one.why)
        for one in asides(opened_for_reading(config, store))
    ]
    for line in table(("statement", "adoptable", "what", "why"), rows):
        click.echo(line)


@command.command("adopt")
@click.argument("digests", nargs=-1, required=True, metavar="DIGEST...")
@click.option("--by", required=True, metavar="NAME", help="Who looked at them.")
@click.option("--reason", required=True, help="Why they count; it is signed with the owner's key.")
@signing_options
def adopt_statements(
    digests: tuple[str, ...], by: str, reason: str, config: str | None, store: str | None, no_seal: bool
) -> None:
    """Sign that these statements count, and seal: from then on they do."""
    from collectors.cli.site import load_site, open_evidence
    from collectors.cli.system import SystemClock
    from collectors.sealing import seal_site
    from evidence.log.history import History
    from evidence.log.keyring import Role
    from evidence.model.names import parse_digest
    from evidence.registers.adopting import adopt

    clock = SystemClock()
    opened, now = open_evidence(load_site(config, store=store), clock), clock.now()
    history = History.read(opened.store)
    wanted = [parse_digest(digest) for digest in digests]
    click.echo(f"signed   {adopt(opened.store, opened.keyring, history, wanted, by=by, reason=reason, at=now)}")
    if no_seal or Role.SEALER not in opened.keyring.signing:
        click.echo("It counts from the next seal on.", err=True)
        return
    click.echo(f"sealed   {seal_site(opened, at=now).pin}")
