"""
Working memory in the store: signed, never evidence.

Host-key pins, change markers, cursors. A hint that is absent, damaged, signed by somebody else or made for another
log is as good as none: first-run behaviour, nothing worse. Maps with free keys are written as lists of objects, as
in all canonical JSON.
"""

from collections.abc import Mapping

from evidence.errors import Error
from evidence.log import dsse
from evidence.log.canonical import dumps, loads
from evidence.log.chain import read_store_info
from evidence.log.fields import Fields
from evidence.log.keyring import Keyring, Role
from evidence.log.keys import PublicKey
from evidence.store.interface import MissingError, Store
from evidence.store.layout import MAX_STATE_BYTES, state_key

PAYLOAD_TYPE = "application/vnd.plantproof.hint+json"
"""Payload type of a hint; a statement's signature can never pass as a hint's, nor the reverse."""

_HINT = frozenset({"hint", "log", "value"})
_NONE: frozenset[str] = frozenset()


class HintError(Error):
    """A hint is not one of this log."""


def write_hint(store: Store, keyring: Keyring, kind: str, value: object, *, role: Role = Role.COLLECTOR) -> None:
    """Keep `value`, canonical JSON, as the hint `kind`; whatever was there is replaced."""
    origin = read_store_info(store).origin
    payload = dumps({"hint": kind, "log": origin, "value": value})
    store.replace(state_key(kind), dsse.sign(keyring.key(role), PAYLOAD_TYPE, payload))


def read_hint(store: Store, keyring: Keyring, kind: str, *, role: Role = Role.COLLECTOR) -> object | None:
    """Return the value of the hint `kind`, or `None` where there is none to trust."""
    try:
        data = store.get(state_key(kind))
    except MissingError:
        return None
    try:
        return open_hint(data, keyring.known(role), kind, read_store_info(store).origin)
    except Error:
        return None


def open_hint(data: bytes, keys: Mapping[str, PublicKey], kind: str, origin: str) -> object:
    """Return a hint's value; raise unless one of `keys` signed it for this kind and log."""
    envelope = dsse.read(data, PAYLOAD_TYPE, at_most=MAX_STATE_BYTES)
    key = keys.get(envelope.key_id)
    if key is None:
        raise HintError(f"signed by {envelope.key_id:.60}, who may not")
    hint = Fields(loads(envelope.verify(key)), "hint", _HINT, _NONE)
    if hint.text("hint") != kind or hint.text("log") != origin:
        raise HintError(f"made as {hint.text('hint')!r:.60} for the log {hint.text('log')!r:.200}")
    return hint.raw("value")
