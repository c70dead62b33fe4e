"""
Originals: answers as they came, secrets and all, encrypted with age for those who may read them.

Nothing here can decrypt. An original lies under the SHA-256 of its ciphertext, so that whoever has no key can still
tell whether it is the one a capture names.
"""

from evidence.model.names import Digest, digest_of
from evidence.store.blobs import BlobError
from evidence.store.interface import Store
from evidence.store.layout import MAX_BLOB_BYTES, original_key


def put_original(store: Store, ciphertext: bytes) -> Digest:
    """Keep a ciphertext and return the digest it is found under."""
    digest = digest_of(ciphertext)
    store.put(original_key(digest), ciphertext)
    return digest


def check_original(store: Store, digest: Digest, length: int) -> None:
    """Raise `MissingError` unless a ciphertext is there, `BlobError` unless it has its digest and length."""
    data = store.get(original_key(digest)) if length <= MAX_BLOB_BYTES else b""
    if (len(data), digest_of(data)) != (length, digest):
        raise BlobError(
            f"{digest}: expected a sealed original of {length} bytes, found {len(data)} of {digest_of(data)}"
        )
