"""`plantproof key`: the life of a log's keys."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collectors.cli.declaring import signing_options, site_options
from evidence.cli.options import open_here, verbosity_option

if TYPE_CHECKING:
    from datetime import datetime

    from collectors.settings import Settings
    from evidence.log.keylife import KeyLife
    from evidence.log.keyring import Keyring
    from evidence.log.keys import PublicKey, Signer
    from evidence.log.keystatement import KeyStatement
    from evidence.log.ledger import Ledger
    from evidence.store.interface import Store

ROLES = ("planner", "collector", "assessor", "sealer", "owner", "redaction")

root_option = click.option(
    "--root",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The root's private key, or the spare root's; default: the keys folder's, or an agent's.",
)


@click.group()
def command() -> None:
    """
    Make, introduce, retire and revoke the keys of a log.

    The root key, which genesis names, says what becomes of the others; keep it offline and name it with --root. The
    spare root may do the same, and alone can revoke the root.
    """


@command.command("new")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--kms", metavar="KEY", help="Name a key that AWS KMS holds, in FILE.kms: its ARN, its id, or alias/….")
@verbosity_option
def new(file: Path, kms: str | None) -> None:
    """Make a key pair, FILE (0600) and FILE.pub: for a witness, or for a role somewhere else. It is of no log yet."""
    from evidence.log.keyring import write_pair, write_reference
    from evidence.log.keys import KeyFileError, SigningKey

    try:
        if kms:
            click.echo(f"{file}.pub: {write_reference(file, kms).id}")
            return
        key = SigningKey.generate()
        write_pair(file, key, file.name)
    except OSError as error:
        raise KeyFileError(f"{file}: {error.strerror}", hint="nothing is written over; name another file") from error
    click.echo(f"{file}.pub: {key.public.id}")


@command.command("rotate")
@click.argument("role", type=click.Choice(ROLES))
@click.option(
    "--public",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.pub",
    help="Introduce this key, whose other half is somewhere else; the keys folder stays as it is.",
)
@root_option
@signing_options
def rotate(
    role: str, public: Path | None, root: Path | None, config: str | None, store: str | None, no_seal: bool
) -> None:
    """
    Introduce another key for ROLE; the one before goes on being valid until it is retired.

    Without --public a new key takes its place in the keys folder; the one before lies beside it under a number.
    `redaction` makes the next master key of redaction: tags of the two cannot be compared.
    """
    from evidence.log.keylife import key_statement
    from evidence.log.keyring import Role, load_public, new_redaction_key, take_place
    from evidence.log.keys import SigningKey
    from evidence.log.keystatement import Act, said_now

    at = _Key(config, store)
    if role == "redaction":
        click.echo(f"{new_redaction_key(at.site.keys)}: the next run tags secrets with it; keep a copy")
        return
    made = None if public else SigningKey.generate()
    key = made.public if made else load_public(public or Path())
    key_statement(at.store, at.root(root), at.authority, said_now(Act.GRANT, Role(role), key, at.now))
    if made:
        before = take_place(at.site.keys, Role(role), made)
        click.echo(f"the key before is {before.stem}; retire it once nobody uses it: plantproof key retire {before}")
    click.echo(f"{role} {key.id}")
    at.seal(no_seal)


@command.command("retire")
@click.argument("key", metavar="KEY")
@click.option("--role", type=click.Choice(ROLES[:-1]), help="Of a key that has several roles, this one.")
@root_option
@signing_options
def retire(key: str, role: str | None, root: Path | None, config: str | None, store: str | None, no_seal: bool) -> None:
    """
    End a key's life: it signs no more, and what it signed stays.

    KEY is a fingerprint, the beginning of one, or a .pub file. Statements it signed that wait to be sealed are sealed
    first; what comes later is set aside.
    """
    from evidence.log.keystatement import Act, said_now

    at = _Key(config, store)
    living = [one for one in at.named(key, role) if one.until is None]
    if not living:
        raise click.UsageError(f"{key}: no key in force{f' as {role}' if role else ''}")
    for one in living:
        at.refuse_last_sealer(one.key)
        at.say(root, said_now(Act.RETIRE, one.role, one.key, at.now))
        click.echo(f"retired {one.role} {one.key.id}")
    at.seal(no_seal)


@command.command("revoke")
@click.argument("key", metavar="KEY")
@click.option("--role", type=click.Choice((*ROLES[:-1], "root")), help="Of a key that has several roles, this one.")
@click.option(
    "--distrust-from", type=click.IntRange(min=0), metavar="LEAF", help="First leaf not to trust it any more."
)
@click.option("--reason", required=True, help="Why; it is signed, and stands in the log.")
@root_option
@signing_options
def revoke(
    key: str,
    role: str | None,
    distrust_from: int | None,
    reason: str,
    root: Path | None,
    config: str | None,
    store: str | None,
    no_seal: bool,
) -> None:
    """
    Take back the trust in a key that may be in wrong hands.

    What it signed from leaf --distrust-from on (default: from here on) stays in the log and supports nothing: runs
    become gaps, findings rest on it no more. What it signs later is set aside. Of a root the spare says so, and every
    key it introduced from that leaf on is revoked with it.
    """
    from evidence.clock import rfc3339
    from evidence.log.keylife import lives
    from evidence.log.keyring import Role
    from evidence.log.keystatement import Act, KeyStatement

    at = _Key(config, store)
    begin = at.ledger.chain.size if distrust_from is None else distrust_from
    ending = list(at.named(key, role))
    for one in [one for one in ending if one.role is Role.ROOT]:
        ending += [made for made in lives(at.ledger) if made.by == one.key.id and made.since >= max(begin, 1)]
    for one in ending:
        if one.distrust_from is not None:
            continue
        at.refuse_last_sealer(one.key)
        said = KeyStatement(
            act=Act.REVOKE, role=one.role, key=one.key, at=rfc3339(at.now), distrust_from=begin, reason=reason
        )
        at.say(root, said)
        click.echo(f"revoked {one.role} {one.key.id}, distrusted from leaf {begin} on")
    at.seal(no_seal)


@command.command("ls")
@site_options
def list_keys(config: str | None, store: str | None) -> None:
    """List every key the log ever knew: since which leaf, by which root, and what has become of it."""
    from evidence.cli.output import table
    from evidence.log.keylife import lives

    at = _Key(config, store, keys=False)
    held = {key.public.id for key in at.keyring.signing.values()} if at.keyring else set()
    rows = [
        (one.role, one.key.id, str(one.since), one.by[:15], "yes" if one.key.id in held else "-", one.state)
        for one in lives(at.ledger)
    ]
    for line in table(("role", "key", "since leaf", "by", "held here", "state"), rows):
        click.echo(line)


class _Key:
    """The log a key command works on. It is opened as it is: the keys at hand may be the ones that were revoked."""

    def __init__(self, config: str | None, store: str | None, *, keys: bool = True) -> None:
        from collectors.cli.site import load_site
        from collectors.cli.system import SystemClock
        from collectors.site import signers
        from evidence.log.keyring import holds_keys, load_keyring
        from evidence.log.ledger import read_ledger

        self.site: Settings = load_site(config, store=store)
        self.now: datetime = SystemClock().now()
        self.store: Store = open_here(self.site.store)
        self.ledger: Ledger = read_ledger(self.store)
        there = keys or self.site.keys.is_dir() or holds_keys(os.environ)
        self.keyring: Keyring | None = load_keyring(self.site.keys, os.environ) if there else None
        self.authority = signers(self.store, self.ledger.authority)

    def root(self, file: Path | None) -> "Signer":
        """Return a root key, or raise `NoKeyError` with what to do."""
        from evidence.log.keyring import NoKeyError, Role, load_private

        if file is not None:
            return load_private(file)
        if self.keyring is None or Role.ROOT not in self.keyring.signing:
            raise NoKeyError(f"no root key at {self.site.keys}", hint="name the file it is kept in with --root")
        return self.keyring.key(Role.ROOT)

    def named(self, name: str, role: str | None) -> list["KeyLife"]:
        """Return the lives of the key that a fingerprint or a file names."""
        from evidence.log.keylife import one_key
        from evidence.log.keyring import load_public

        path = Path(name)
        wanted = load_public(path).id if path.suffix == ".pub" else name
        return [one for one in one_key(self.ledger, wanted) if role is None or one.role == role]

    def say(self, root: Path | None, said: "KeyStatement") -> None:
        """Sign what is said of a key, and go on from there."""
        from collectors.site import signers
        from evidence.log.keylife import key_statement

        key_statement(self.store, self.root(root), self.authority, said)
        self.authority = signers(self.store, self.ledger.authority)

    def refuse_last_sealer(self, key: "PublicKey") -> None:
        """Raise where nobody could seal any more: not even that the key has ended."""
        from evidence.log.authority import AuthorityError
        from evidence.log.keyring import Role

        sealers = self.authority.held_by(Role.SEALER)
        if sealers == (key,):
            raise AuthorityError(f"{key.id} is the log's only sealer", hint="first: plantproof key rotate sealer")

    def seal(self, no_seal: bool) -> None:
        """Seal what was said, unless somebody else is to."""
        from evidence.log.keyring import Role

        if no_seal or self.keyring is None or Role.SEALER not in self.keyring.signing:
            click.echo("It counts from the next seal on.", err=True)
            return
        from collectors.cli.site import told
        from collectors.sealing import seal_site
        from collectors.site import OpenSite
        from evidence.log.keylife import without_revoked
        from evidence.log.keyring import load_keyring

        keyring = without_revoked(load_keyring(self.site.keys, os.environ), self.authority)
        opened = OpenSite(store=self.store, keyring=keyring, authorities=self.site.authorities, tell=told)
        checkpoint = seal_site(opened, at=self.now)
        click.echo(f"sealed   {checkpoint.pin}")
