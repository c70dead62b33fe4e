"""Who may sign what, at one place in the log: the root key of genesis, and every key it has introduced so far."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from evidence.errors import Error
from evidence.log import dsse
from evidence.log.fields import Fields, ShapeError
from evidence.log.keyring import Role
from evidence.log.keys import KeyFileError, PublicKey, SignatureError
from evidence.log.note import SignedCheckpoint, check_origin
from evidence.log.statement import ROLE_OF, Statement, parse
from evidence.model.names import Digest, digest_of, hex_of, slug
from evidence.store.layout import MAX_STATEMENT_BYTES

VERSION = 1
"""Version of the log's format; it fixes every algorithm."""

_GENESIS = frozenset({"version", "owner", "domain", "root", "at"})
_SPARE = frozenset({"spare"})
_KEY = frozenset({"log", "act", "role", "verify_key", "at"})
_NONE: frozenset[str] = frozenset()
_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


class AuthorityError(Error):
    """A statement was signed by nobody who may, or for another log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """The keys known at one place in the log, and the log they are known for."""

    origin: str
    owner: str
    at: str
    """When the log was made, RFC 3339 UTC."""
    genesis: Digest
    root: PublicKey
    spare: PublicKey | None
    keys: Mapping[str, tuple[tuple[Role, PublicKey], ...]]
    """By fingerprint; one key may have several roles."""

    def open(self, data: bytes) -> Statement:
        """
        Return the statement in an envelope.

        Raises unless it is written our way, signed by a key that has the role for its kind here, and made for this
        log.
        """
        envelope = dsse.read(data, dsse.IN_TOTO, at_most=MAX_STATEMENT_BYTES)
        statement = parse(envelope.payload)
        envelope.verify(self.key_of(envelope.key_id, ROLE_OF[statement.kind], statement.kind))
        if statement.kind == "genesis":
            if digest_of(data) != self.genesis:
                raise AuthorityError("a second genesis")
        elif statement.log != self.origin:
            raise AuthorityError(f"{statement.kind}: made for the log {statement.log}, this one is {self.origin}")
        return statement

    def key_of(self, key_id: str, role: Role, what: str) -> PublicKey:
        """Return the key with this fingerprint if it has `role`; raise `AuthorityError` if not."""
        granted = self.keys.get(key_id, ())
        for found, key in granted:
            if found is role:
                return key
        known = ", ".join(found for found, _ in granted) or "nobody this log knows"
        raise AuthorityError(f"{what}: only the {role} may sign it; {key_id:.60} is {known}")

    def check_note(self, note: SignedCheckpoint) -> None:
        """Return if a sealer of this log signed `note`; raise if not."""
        if note.checkpoint.origin != self.origin:
            raise AuthorityError(f"checkpoint: made for the log {note.checkpoint.origin}, this one is {self.origin}")
        for granted in self.keys.values():
            for role, key in granted:
                if role is Role.SEALER and note.matches(key):
                    note.verify(key)
                    return
        raise AuthorityError("checkpoint: only the sealer may sign it; the key is no sealer's of this log")

    def granted(self, statement: Statement) -> "Authority":
        """Return the authority after a `key` statement."""
        fields = Fields(statement.predicate, "key", _KEY, _NONE)
        if fields.text("act") != "grant":
            raise AuthorityError(f"key: this version knows no {fields.text('act')!r:.40}")
        try:
            key, role = PublicKey.parse(fields.text("verify_key")), Role(fields.text("role"))
        except (KeyFileError, ValueError) as error:
            raise AuthorityError(f"key: {error}") from error
        fields.time("at")
        if role is Role.ROOT or statement.subjects[0].digest != digest_of(key.raw) or len(statement.subjects) != 1:
            raise AuthorityError("key: expected one subject, the key it introduces, and a role other than root")
        grants = self.keys.get(key.id, ())
        return replace(self, keys=MappingProxyType({**self.keys, key.id: (*grants, (role, key))}))


def found(data: bytes) -> Authority:
    """Return the authority a genesis envelope founds; raise unless its own root key signed it."""
    envelope = dsse.read(data, dsse.IN_TOTO, at_most=MAX_STATEMENT_BYTES)
    statement = parse(envelope.payload)
    if statement.kind != "genesis":
        raise AuthorityError(f"expected genesis, found a statement of kind {statement.kind}")
    try:
        fields = Fields(statement.predicate, "genesis", _GENESIS, _SPARE)
        root = PublicKey.parse(fields.text("root"))
        spare = PublicKey.parse(fields.text("spare")) if "spare" in fields else None
        envelope.verify(root)
        owner, domain = fields.text("owner"), fields.text("domain")
        at = fields.time("at")
        version = fields.whole("version")
    except (ShapeError, KeyFileError, SignatureError) as error:
        raise AuthorityError(f"genesis: {error}") from error
    if version != VERSION:
        raise AuthorityError(f"genesis: a log of version {version}; this program reads version {VERSION}")
    if envelope.key_id != root.id or [s.digest for s in statement.subjects] != [digest_of(root.raw)]:
        raise AuthorityError("genesis: expected the root key as its only subject and signer")
    genesis = digest_of(data)
    return Authority(
        origin=check_origin(f"{check_domain(domain)}/{slug(owner)}/{hex_of(genesis)[:16]}"),
        owner=owner,
        at=at,
        genesis=genesis,
        root=root,
        spare=spare,
        keys=MappingProxyType({root.id: ((Role.ROOT, root),)}),
    )


def check_domain(domain: str) -> str:
    """Return `domain` if it is a lower-case DNS name; raise `AuthorityError` if not."""
    if not _DOMAIN.fullmatch(domain):
        raise AuthorityError(f"expected a domain like plantproof.example, found {domain!r:.100}")
    return domain
