"""The life of a log's keys: what its root says of them, and how it came to be as it is."""

from dataclasses import dataclass, replace
from types import MappingProxyType

from evidence.log import dsse
from evidence.log.authority import Authority, AuthorityError
from evidence.log.keyring import Keyring, Role
from evidence.log.keys import PublicKey, Signer
from evidence.log.keystatement import Act, KeyStatement
from evidence.log.ledger import Ledger
from evidence.log.statement import build
from evidence.model.names import Digest, digest_of
from evidence.store.interface import Store
from evidence.store.layout import statement_key


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLife:
    """One key in one role, from when on and until when."""

    role: Role
    key: PublicKey
    since: int
    """Leaf that introduced it; 0: genesis did."""
    by: str
    """Fingerprint of the root that did."""
    until: int | None = None
    """Leaf that ended it."""
    distrust_from: int | None = None
    reason: str | None = None

    @property
    def state(self) -> str:
        """What has become of it, in words."""
        if self.until is None:
            return "in force"
        if self.distrust_from is None:
            return f"retired at leaf {self.until}"
        return f"revoked at leaf {self.until}, distrusted from leaf {self.distrust_from} on"


def key_statement(store: Store, root: Signer, authority: Authority, said: KeyStatement) -> Digest:
    """
    Sign what is said of a key with a root, keep it, and return its digest; it counts from the next seal on.

    Raises before anything is written where `authority` would not accept it.
    """
    payload = build("key", said.subjects, said.predicate(authority.origin))
    envelope = dsse.sign(root, dsse.IN_TOTO, payload)
    authority.after(authority.open(envelope))
    digest = digest_of(envelope)
    store.put(statement_key("key", digest), envelope)
    return digest


def lives(ledger: Ledger) -> tuple[KeyLife, ...]:
    """Return every key the log ever knew, in the order in which it came to know them."""
    roots = [key for key in (ledger.authority.root, ledger.authority.spare) if key is not None]
    found = {
        (key.id, Role.ROOT): KeyLife(role=Role.ROOT, key=key, since=0, by=ledger.authority.root.id) for key in roots
    }
    for index, leaf in enumerate(ledger.chain.leaves):
        if leaf.kind != "key":
            continue
        accepted = ledger.open(index)
        said, signer = accepted.key, accepted.statement.signer or ""
        if said is None:
            continue
        name = (said.key.id, said.role)
        if said.act is Act.GRANT:
            found.setdefault(name, KeyLife(role=said.role, key=said.key, since=index, by=signer))
        else:
            found[name] = replace(found[name], until=index, distrust_from=said.distrust_from, reason=said.reason)
    return tuple(found.values())


def without_revoked(keyring: Keyring, authority: Authority) -> Keyring:
    """Return a keyring that knows no earlier key which was revoked: what it signs as working memory is as none."""

    def revoked(key: PublicKey) -> bool:
        return any(one.distrust_from is not None for one in authority.ended.get(key.id, ()))

    earlier = {role: tuple(key for key in keys if not revoked(key)) for role, keys in keyring.earlier.items()}
    return replace(keyring, earlier=MappingProxyType(earlier))


def one_key(ledger: Ledger, name: str) -> tuple[KeyLife, ...]:
    """Return the lives of the key whose fingerprint begins with `name`; raise where that is none or several."""
    wanted = name if name.startswith("SHA256:") else f"SHA256:{name}"
    found = [one for one in lives(ledger) if one.key.id.startswith(wanted)]
    keys = {one.key.id for one in found}
    if len(keys) != 1:
        raise AuthorityError(f"{name}: expected the fingerprint of one key of this log, found {len(keys)}")
    return tuple(found)
