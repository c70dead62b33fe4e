"""
What is remembered of a store that is far away, in one hint signed by the sealer: its blobs, and its batches.

A process that recalls it asks for neither again. What the hint says of a batch is checked like the batch itself, by
the roots of the checkpoints; `verify` never recalls anything.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator

from evidence.errors import Error
from evidence.log.chain import LogError, read_store_info
from evidence.log.fields import Fields
from evidence.log.hints import open_hint, write_hint
from evidence.log.keyring import Keyring, Role
from evidence.log.keys import PublicKey
from evidence.model.names import Digest, hex_of
from evidence.store.interface import Store
from evidence.store.known import Remembers
from evidence.store.layout import MAX_BATCH_BYTES, MAX_STATE_BYTES, Area, KeyNameError, batch_key, parse_key, state_key

NEARBY = "nearby"
"""The hint."""

MAX_BATCHES_BYTES = 16 * 1024 * 1024
"""Most bytes of batches remembered, the oldest first: 60 years of nights with five parts."""

_NEARBY = frozenset({"blobs", "batches"})
_BATCH = frozenset({"after", "lines"})
_NONE: frozenset[str] = frozenset()
_DIGEST_BYTES = 32


def recall(store: Store, sealers: Iterable[PublicKey]) -> None:
    """
    Call up what earlier processes knew of a far store, if one of `sealers` signed it.

    Where nothing is remembered its blobs are listed once.
    """
    if not isinstance(store, Remembers) or store.known.recalled:
        return
    try:
        signers = {key.id: key for key in sealers}
        value = open_hint(store.get(state_key(NEARBY)), signers, NEARBY, read_store_info(store).origin)
        hint = Fields(value, NEARBY, _NEARBY, _NONE)
        blobs = tuple(_unpacked(hint.text("blobs", longest=MAX_STATE_BYTES)))
        batches = tuple(_batches(hint.rows("batches")))
    except Error:
        blobs, batches = tuple(_listed(store)), ()
    store.known.recall(blobs)
    for key, data in batches:
        store.known.keep_near(key, data)


def remember(store: Store, keyring: Keyring) -> None:
    """Keep what is known of a far store for later processes, if any blob came or went."""
    blobs = store.known.changed() if isinstance(store, Remembers) else None
    if not isinstance(store, Remembers) or blobs is None:
        return
    rows, room = [], MAX_BATCHES_BYTES
    for key, data in store.known.nearby("log/batch/"):
        room -= len(data)
        if room < 0:
            break
        rows.append({"after": parse_key(key).size, "lines": data.decode("ascii")})
    packed = b64encode(b"".join(bytes.fromhex(hex_of(digest)) for digest in blobs)).decode()
    write_hint(store, keyring, NEARBY, {"blobs": packed, "batches": rows}, role=Role.SEALER)


def _listed(store: Store) -> Iterator[Digest]:
    for key in store.keys("blobs/"):
        try:
            name = parse_key(key)
        except KeyNameError:
            continue
        if name.area is Area.BLOB and name.digest is not None:
            yield name.digest


def _unpacked(text: str) -> Iterator[Digest]:
    try:
        raw = b64decode(text, validate=True)
    except binascii.Error as error:
        raise LogError(f"{NEARBY}: blobs: not base64") from error
    if len(raw) % _DIGEST_BYTES:
        raise LogError(f"{NEARBY}: blobs: not a row of digests")
    for at in range(0, len(raw), _DIGEST_BYTES):
        yield Digest(f"sha256:{raw[at : at + _DIGEST_BYTES].hex()}")


def _batches(rows: Iterable[object]) -> Iterator[tuple[str, bytes]]:
    for row in rows:
        batch = Fields(row, NEARBY, _BATCH, _NONE)
        yield batch_key(batch.whole("after")), batch.text("lines", longest=MAX_BATCH_BYTES).encode()
