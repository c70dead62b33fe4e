"""The statements of one key that nothing refers to yet: what the key's next part has to name as `previous`."""

import json
from dataclasses import dataclass, field

from evidence.errors import Error
from evidence.log import dsse
from evidence.log.chain import part_keys, read_chain
from evidence.log.fields import Fields
from evidence.log.hints import read_hint, write_hint
from evidence.log.keyring import Keyring, Role
from evidence.model.names import Digest, parse_digest
from evidence.store.interface import Store
from evidence.store.layout import MAX_STATEMENT_BYTES

HEADS = "heads"
"""The hint that remembers the heads at a log size, so only what came later has to be read."""

_HEADS = frozenset({"key", "size", "heads"})
_NONE: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class _Heads:
    size: int = 0
    found: set[Digest] = field(default_factory=set)
    referred: set[Digest] = field(default_factory=set)

    def add(self, store: Store, key: str, digest: Digest, key_id: str) -> None:
        """Count one part if it is this key's; one that cannot be read is the seal's to set aside."""
        try:
            envelope = dsse.read(store.get(key), dsse.IN_TOTO, at_most=MAX_STATEMENT_BYTES)
            if envelope.key_id != key_id:
                return
            # Whoever accepts the part reads it strictly; what its own key refers to is all that counts here.
            previous = json.loads(envelope.payload)["predicate"]["previous"]
            self.referred.update(parse_digest(one) for one in previous)
        except (Error, ValueError, TypeError, KeyError):
            return
        self.found.add(digest)

    @property
    def open(self) -> tuple[Digest, ...]:
        return tuple(sorted(self.found - self.referred))


def heads(store: Store, keyring: Keyring) -> tuple[Digest, ...]:
    """Return the parts of this collector key, sealed or not, that no other of its parts names as `previous`."""
    key_id = keyring.key(Role.COLLECTOR).public.id
    chain, places = read_chain(store), part_keys(store)
    known = _remembered(store, keyring, key_id, chain.size)
    for leaf in chain.leaves[known.size :]:
        if leaf.kind == "part" and leaf.statement in places:
            known.add(store, places[leaf.statement][0], leaf.statement, key_id)
    if known.size < chain.size:
        value = {"key": key_id, "size": chain.size, "heads": list(known.open)}
        write_hint(store, keyring, HEADS, value)
    logged = {leaf.statement for leaf in chain.leaves}
    for digest, keys in places.items():
        if digest not in logged:
            known.add(store, keys[0], digest, key_id)
    return known.open


def _remembered(store: Store, keyring: Keyring, key_id: str, size: int) -> _Heads:
    """Return what the hint says, or nothing: an older hint only means more to read."""
    value = read_hint(store, keyring, HEADS)
    try:
        hint = Fields(value, HEADS, _HEADS, _NONE)
        if hint.text("key") == key_id and hint.whole("size") <= size:
            return _Heads(size=hint.whole("size"), found={parse_digest(str(d)) for d in hint.rows("heads")})
    except Error:
        pass
    return _Heads()
