"""
Answers in blobs, and out of them.

What names people lies behind random bytes: so no two such answers have one blob, erasing one takes nothing from
another, and a digest, which stays in the log, confirms no guess of what was erased. This is the only place where those
bytes are put on and taken off.
"""

from collections.abc import Callable

from evidence.model.capture import SALT_BYTES, Capture
from evidence.model.names import Digest
from evidence.store.blobs import BlobError, get_blob, put_blob
from evidence.store.interface import Store

Random = Callable[[int], bytes]
"""Returns as many bytes as it is asked for, which nobody can foresee and which never come twice."""


class SaltError(BlobError):
    """A salt is not as long as it has to be."""


def put_personal(store: Store, data: bytes, random: Random) -> tuple[Digest, int]:
    """Keep an answer that names people as a blob that is nobody else's; return its digest and its length."""
    salt = random(SALT_BYTES)
    if len(salt) != SALT_BYTES:
        raise SaltError(f"salt of a personal answer: expected {SALT_BYTES} random bytes, found {len(salt)}")
    salted = salt + data
    return put_blob(store, salted), len(salted)


def get_answer(store: Store, capture: Capture) -> bytes:
    """Return the stable share of an answer, without a salt."""
    blob = get_blob(store, capture.blob, capture.bytes)
    if len(blob) < capture.salt:
        raise SaltError(f"{capture.blob}: expected a salt of {capture.salt} bytes, found {len(blob)} bytes in all")
    return blob[capture.salt :]


def same_answer(store: Store, one: Capture, other: Capture) -> bool:
    """Tell whether two answers are the same, but for what changes by itself; those with a salt are looked into."""
    if one.blob == other.blob:
        return True
    return bool(one.salt or other.salt) and get_answer(store, one) == get_answer(store, other)
