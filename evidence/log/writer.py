"""Making a log and adding statements to it; nothing counts until it is sealed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from evidence.clock import rfc3339
from evidence.log import dsse
from evidence.log.authority import VERSION, Authority, AuthorityError, check_domain, found
from evidence.log.chain import StoreInfo, dump_store_info, read_store_info
from evidence.log.keyring import Keyring, Role
from evidence.log.keys import PublicKey
from evidence.log.statement import ROLE_OF, StatementError, Subject, build
from evidence.model.names import Digest, digest_of
from evidence.store.interface import MissingError, Store
from evidence.store.layout import MAX_STATEMENT_BYTES, STORE_KEY, part_key, statement_key
from evidence.store.lock import locked

LOCK_WAIT_S = 30.0
"""How long to wait for another process to finish with the lock, ordinarily."""


def create_log(
    store: Store, keyring: Keyring, *, owner: str, domain: str, at: datetime, wait_s: float = LOCK_WAIT_S
) -> Authority:
    """
    Make the log of `owner` in an empty store, and introduce the keyring's keys.

    Where making it was interrupted it is completed. Where a log is, it is returned; an `AuthorityError` is raised if
    the keyring holds the root key of another one.
    """
    with locked(store, wait_s=wait_s):
        info = _info(store)
        if info is not None:
            genesis = store.get(statement_key("genesis", info.genesis))
        else:
            genesis = _begun(store) or _genesis(keyring, owner=owner, domain=check_domain(domain), at=at)
        authority = found(genesis)
        if Role.ROOT in keyring.signing and authority.root != keyring.key(Role.ROOT).public:
            raise AuthorityError(
                f"the store belongs to {authority.owner}, whose root key is {authority.root.id}",
                hint="use the keys the store was made with, or another store",
            )
        if info is None:
            _complete(store, keyring, authority, genesis)
        return authority


def _complete(store: Store, keyring: Keyring, authority: Authority, genesis: bytes) -> None:
    """Keep what makes a log; `store.json` comes last and says that all of it is there."""
    store.put(statement_key("genesis", authority.genesis), genesis)
    for role, key in keyring.signing.items():
        if role is not Role.ROOT:
            _introduce(store, keyring, authority, role, key.public)
    info = StoreInfo(owner=authority.owner, origin=authority.origin, genesis=authority.genesis)
    store.put(STORE_KEY, dump_store_info(info))


def append(
    store: Store, keyring: Keyring, *, kind: str, predicate: Mapping[str, object], subjects: Sequence[Subject]
) -> Digest:
    """
    Sign a statement with the key of its role, keep it, and return its digest.

    The log's origin is filled in. What it refers to must be in the store already.
    """
    if kind not in ROLE_OF or kind in ("genesis", "key"):
        raise StatementError(f"no statement of kind {kind!r:.40} is appended")
    origin = read_store_info(store).origin
    payload = build(kind, subjects, {**predicate, "log": origin})
    envelope = dsse.sign(keyring.key(ROLE_OF[kind]), dsse.IN_TOTO, payload)
    if len(envelope) > MAX_STATEMENT_BYTES:
        raise StatementError(f"{kind}: {len(envelope)} bytes; at most {MAX_STATEMENT_BYTES}", hint="use more chunks")
    digest = digest_of(envelope)
    if kind == "part":
        store.put(part_key(str(predicate["slot"]), digest), envelope)
    else:
        store.put(statement_key(kind, digest), envelope)
    return digest


def _genesis(keyring: Keyring, *, owner: str, domain: str, at: datetime) -> bytes:
    root = keyring.key(Role.ROOT)
    predicate = {"version": VERSION, "owner": owner, "domain": domain, "root": root.public.text, "at": rfc3339(at)}
    if keyring.spare is not None:
        predicate["spare"] = keyring.spare.text
    payload = build("genesis", (Subject(name="root", digest=digest_of(root.public.raw)),), predicate)
    return dsse.sign(root, dsse.IN_TOTO, payload)


def _info(store: Store) -> StoreInfo | None:
    try:
        return read_store_info(store)
    except MissingError:
        return None


def _begun(store: Store) -> bytes | None:
    """Return the genesis of a log whose making was interrupted before `store.json`."""
    keys = list(store.keys("statements/genesis/"))
    if len(keys) > 1:
        raise AuthorityError(f"expected at most one genesis in a new store, found {len(keys)}")
    return store.get(keys[0]) if keys else None


def _introduce(store: Store, keyring: Keyring, authority: Authority, role: Role, key: PublicKey) -> None:
    """Keep the root's statement that `key` has `role`; it has genesis' time, so made again it has the same bytes."""
    predicate = {"log": authority.origin, "act": "grant", "role": str(role), "verify_key": key.text, "at": authority.at}
    payload = build("key", (Subject(name="key", digest=digest_of(key.raw)),), predicate)
    envelope = dsse.sign(keyring.key(Role.ROOT), dsse.IN_TOTO, payload)
    store.put(statement_key("key", digest_of(envelope)), envelope)
