"""
Who may sign what, at one place in the log: the root keys of genesis, and every key they have introduced so far.

Genesis may name a spare root. It may do what the root may, and one thing more: revoke the root. Nobody revokes it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from evidence.errors import Error
from evidence.log import dsse
from evidence.log.fields import Fields, ShapeError
from evidence.log.keyring import Role
from evidence.log.keys import KeyFileError, PublicKey, SignatureError
from evidence.log.keystatement import Act, KeyStatement, read_key
from evidence.log.note import SignedCheckpoint, check_origin
from evidence.log.review import Review
from evidence.log.statement import ROLE_OF, Statement, parse, parse_all
from evidence.model.names import Digest, digest_of, hex_of, slug
from evidence.store.layout import MAX_LOG_SIZE, MAX_STATEMENT_BYTES

VERSION = 1
"""Version of the log's format; it fixes every algorithm."""

_GENESIS = frozenset({"version", "owner", "domain", "root", "at"})
_SPARE = frozenset({"spare"})
_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


class AuthorityError(Error):
    """A statement was signed by nobody who may, or for another log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A key that may no longer sign in a role."""

    role: Role
    key: PublicKey
    distrust_from: int | None
    """From which leaf on nothing it signed counts; `None`: it was retired, and what it signed stays."""


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
    """Those in force, by fingerprint; one key may have several roles."""
    ended: Mapping[str, tuple[Ended, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Those that were retired or revoked, by fingerprint."""
    adopted: Mapping[Digest, str] = field(default_factory=lambda: MappingProxyType({}))
    """The statements an owner lets count although their key had ended, and the fingerprint of his."""

    def open(self, data: bytes, digest: Digest | None = None) -> Statement:
        """
        Return the statement in an envelope, whose digest may be known.

        Raises unless it is written our way, signed by a key that has the role for its kind here, and made for this
        log.
        """
        return self.open_all([data], [digest or digest_of(data)])[0]

    def open_all(self, files: Sequence[bytes], digests: Sequence[Digest]) -> list[Statement]:
        """
        Return the statements in envelopes, each as `open` does; raise where it would for one of them.

        A step is taken for all of them before the next: what it needs stays in the processor's cache.
        """
        envelopes = [dsse.read(data, dsse.IN_TOTO, at_most=MAX_STATEMENT_BYTES) for data in files]
        statements = parse_all([(envelope.payload, envelope.key_id) for envelope in envelopes])
        for envelope, statement, digest in zip(envelopes, statements, digests, strict=True):
            envelope.verify(self._signer_of(envelope.key_id, statement.kind, digest))
        for statement, digest in zip(statements, digests, strict=True):
            if statement.kind == "genesis":
                if digest != self.genesis:
                    raise AuthorityError("a second genesis")
            elif statement.log != self.origin:
                raise AuthorityError(f"{statement.kind}: made for the log {statement.log}, this one is {self.origin}")
        return statements

    def key_of(self, key_id: str, role: Role, what: str) -> PublicKey:
        """Return the key with this fingerprint if it has `role`; raise `AuthorityError` if not."""
        granted = self.keys.get(key_id, ())
        for found, key in granted:
            if found is role:
                return key
        known = ", ".join(found for found, _ in granted) or "nobody this log knows"
        for one in self.ended.get(key_id, ()):
            if one.role is role:
                known = f"a {role} that was {'retired' if one.distrust_from is None else 'revoked'}"
        raise AuthorityError(f"{what}: only the {role} may sign it; {key_id:.60} is {known}")

    def _signer_of(self, key_id: str, kind: str, digest: Digest) -> PublicKey:
        """Return the key that may have signed a statement: one that ended, too, where an owner adopted it."""
        if self.adopts(digest) and kind not in ("genesis", "key", "review"):
            for one in self.ended.get(key_id, ()):
                if one.role is ROLE_OF[kind]:
                    return one.key
        return self.key_of(key_id, ROLE_OF[kind], kind)

    def adopts(self, digest: Digest) -> bool:
        """Tell whether an owner lets a statement count although its key had ended; one that was revoked lets none."""
        owner = self.adopted.get(digest)
        return owner is not None and not self.distrusts(owner, Role.OWNER, MAX_LOG_SIZE)

    def reviewed(self, review: Review, owner: str) -> "Authority":
        """Return the authority after an owner's review."""
        adopted = {**self.adopted, **dict.fromkeys(review.adopted, owner)}
        return replace(self, adopted=MappingProxyType(adopted))

    def check_note(self, note: SignedCheckpoint) -> PublicKey:
        """Return the key of the sealer of this log that signed `note`; raise if none did."""
        if note.checkpoint.origin != self.origin:
            raise AuthorityError(f"checkpoint: made for the log {note.checkpoint.origin}, this one is {self.origin}")
        for granted in self.keys.values():
            for role, key in granted:
                if role is Role.SEALER and note.matches(key):
                    note.verify(key)
                    return key
        raise AuthorityError("checkpoint: only the sealer may sign it; the key is no sealer's of this log")

    def distrusts(self, key_id: str | None, role: Role, index: int, digest: Digest | None = None) -> bool:
        """Tell whether what a key signed in a role as leaf `index` does not count: revoked since, and not adopted."""
        if digest is not None and self.adopts(digest):
            return False
        return any(
            one.role is role and one.distrust_from is not None and index >= one.distrust_from
            for one in self.ended.get(key_id or "", ())
        )

    def held_by(self, role: Role) -> tuple[PublicKey, ...]:
        """Return the keys that have `role`, in the order in which they got it."""
        held = (key for granted in self.keys.values() for found, key in granted if found is role)
        return tuple(dict.fromkeys(held))

    def after(self, statement: Statement) -> "Authority":
        """Return the authority after a `key` statement, whose signer is known; raise where nobody may say that."""
        said = read_key(statement)
        match said.act:
            case Act.GRANT:
                return self._granting(said)
            case Act.RETIRE:
                if said.role is Role.ROOT or said.role not in self._roles(said.key):
                    raise AuthorityError(f"key: {said.key.id} is no {said.role} that can be retired")
            case Act.REVOKE:
                self._check_revocation(said, statement.signer)
        return self._ending(said)

    def _roles(self, key: PublicKey) -> tuple[Role, ...]:
        return tuple(role for role, _ in self.keys.get(key.id, ()))

    def _granting(self, said: KeyStatement) -> "Authority":
        if said.role is Role.ROOT:
            raise AuthorityError("key: genesis alone names roots")
        if any(one.role is said.role for one in self.ended.get(said.key.id, ())):
            raise AuthorityError(f"key: {said.key.id} was a {said.role} before; what has ended is not begun again")
        grants = (*self.keys.get(said.key.id, ()), (said.role, said.key))
        return replace(self, keys=MappingProxyType({**self.keys, said.key.id: grants}))

    def _check_revocation(self, said: KeyStatement, signer: str | None) -> None:
        retired = [one.role for one in self.ended.get(said.key.id, ()) if one.distrust_from is None]
        if said.role not in (*self._roles(said.key), *retired):
            raise AuthorityError(f"key: {said.key.id} is no {said.role} that can be revoked")
        if said.role is Role.ROOT and (said.key != self.root or self.spare is None or signer != self.spare.id):
            raise AuthorityError("key: only the spare root can revoke a root, and only the other one")

    def _ending(self, said: KeyStatement) -> "Authority":
        left = tuple(pair for pair in self.keys.get(said.key.id, ()) if pair[0] is not said.role)
        keys = {key_id: pairs for key_id, pairs in {**self.keys, said.key.id: left}.items() if pairs}
        ended = Ended(role=said.role, key=said.key, distrust_from=said.distrust_from)
        others = tuple(one for one in self.ended.get(said.key.id, ()) if one.role is not said.role)
        return replace(
            self,
            keys=MappingProxyType(keys),
            ended=MappingProxyType({**self.ended, said.key.id: (*others, ended)}),
        )


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
        keys=MappingProxyType({key.id: ((Role.ROOT, key),) for key in (root, spare) if key is not None}),
    )


def check_domain(domain: str) -> str:
    """Return `domain` if it is a lower-case DNS name; raise `AuthorityError` if not."""
    if not _DOMAIN.fullmatch(domain):
        raise AuthorityError(f"expected a domain like plantproof.example, found {domain!r:.100}")
    return domain
