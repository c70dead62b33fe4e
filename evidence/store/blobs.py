"""
Artefacts under the SHA-256 of their plain bytes, each one zstd frame (RFC 8878).

The frame may differ between writers (level, version, streaming); only the plain bytes count. A reader trusts nothing
it did not count itself: 32 KB can inflate to 1 GiB, and most zstd readers pass over a second frame in silence.
"""

import threading

import zstandard

from evidence.model.names import Digest, digest_of
from evidence.store.interface import Bulk, ConflictError, MissingError, Store, StoreError
from evidence.store.known import memory_of
from evidence.store.layout import MAX_BLOB_BYTES, blob_key

LEVEL = 3
"""361 MB/s at 4.4 times smaller on configurations; level 10 gains 14 % for seven times the work."""

MAX_WINDOW_BYTES = 8 * 1024 * 1024
"""Largest window; what RFC 8878 §3.1.1.1.2 asks every decoder to support, and the bound of a reader's memory."""

_MAGIC = b"\x28\xb5\x2f\xfd"
_PIECE = 1024 * 1024
_CHECKSUM_BYTES = 4
_RLE, _RESERVED = 1, 3


class BlobError(StoreError):
    """What lies under a blob's key is not that blob."""

    exit_code = 16
    hint = "plantproof verify tells what else is damaged"


class _Tools(threading.local):
    """zstd contexts are costly to make and not thread-safe: one of each per thread."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=LEVEL, write_content_size=True)
        self.decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)


_TOOLS = _Tools()


def put_blob(store: Store, data: bytes) -> Digest:
    """
    Keep `data` and return the digest it is found under; what is kept already is checked, not written again.

    A store that remembers its blobs is not asked for those it knows.
    """
    if len(data) > MAX_BLOB_BYTES:
        raise BlobError(f"an artefact of {len(data)} bytes; at most {MAX_BLOB_BYTES} are kept")
    digest = digest_of(data)
    known = memory_of(store)
    if known is not None:
        if digest not in known:
            _put_new(store, digest, data)
            known.wrote(digest, len(data))
        return digest
    try:
        get_blob(store, digest, len(data))
    except MissingError:
        _put_new(store, digest, data)
    else:
        _settle(store, digest)
    return digest


def check_blob(store: Store, digest: Digest, expected_bytes: int) -> None:
    """
    Raise unless the artefact is there, whole, and `expected_bytes` long.

    What this process wrote to a store that is far away, which confirmed the bytes by their digest, is not read again.
    """
    known = memory_of(store)
    if known is None:
        get_blob(store, digest, expected_bytes)
    elif known.written(digest) != expected_bytes:
        try:
            get_blob(store, digest, expected_bytes)
        except StoreError:
            known.forget(digest)
            raise
        known.saw(digest)


def find_blob(store: Store, digest: Digest) -> None:
    """Raise `MissingError` unless the artefact is there; where it is known to be, a store far away is not asked."""
    known = memory_of(store)
    if known is not None and digest in known:
        return
    store.get(blob_key(digest))
    if known is not None:
        known.saw(digest)


def _put_new(store: Store, digest: Digest, data: bytes) -> None:
    put_frame(store, digest, deflate(data), len(data))


def deflate(data: bytes) -> bytes:
    """Return the frame that a blob of `data` is kept as."""
    return _TOOLS.compressor.compress(data)


def put_frame(store: Store, digest: Digest, frame: bytes, plain_bytes: int) -> None:
    """Keep a blob as this frame, unless another writer was first, with a frame of its own of the same plain bytes."""
    try:
        store.put(blob_key(digest), frame)
    except ConflictError:
        get_blob(store, digest, plain_bytes)
        _settle(store, digest)


def _settle(store: Store, digest: Digest) -> None:
    """Make a blob that was found durable: whoever wrote it may not have settled it yet."""
    if isinstance(store, Bulk):
        store.settle([blob_key(digest)])


def get_blob(store: Store, digest: Digest, expected_bytes: int) -> bytes:
    """Return the plain bytes of `digest`, which must be `expected_bytes` long; raise `BlobError` for anything else."""
    plain = inflate(store.get(blob_key(digest)), expected_bytes, name=digest)
    if digest_of(plain) != digest:
        raise BlobError(f"{digest}: the bytes kept there have the digest {digest_of(plain)}")
    return plain


def measure_blob(store: Store, digest: Digest) -> int:
    """Check a blob whose length nobody signed and return that length; it must lie within the bound of all blobs."""
    plain = unpack(store.get(blob_key(digest)), name=digest)
    if digest_of(plain) != digest:
        raise BlobError(f"{digest}: the bytes kept there have the digest {digest_of(plain)}")
    return len(plain)


def unpack(frame: bytes, *, name: str) -> bytes:
    """Return the content of exactly one zstd frame whose length nobody signed, within the bound of all blobs."""
    size = _check_header(frame, name)
    return _stream(frame, MAX_BLOB_BYTES, name) if size < 0 else inflate(frame, size, name=name)


def inflate(frame: bytes, expected_bytes: int, *, name: str) -> bytes:
    """Return the content of exactly one zstd frame of exactly `expected_bytes`, never holding more than that."""
    if not 0 <= expected_bytes <= MAX_BLOB_BYTES:
        raise BlobError(f"{name}: a length of {expected_bytes}; at most {MAX_BLOB_BYTES} bytes are kept")
    said = _check_header(frame, name)
    if said not in (-1, expected_bytes):
        raise BlobError(f"{name}: expected {expected_bytes} bytes, the frame says otherwise")
    plain = _stream(frame, expected_bytes, name) if said < 0 else _at_once(frame, name)
    if len(plain) != expected_bytes:
        raise BlobError(f"{name}: expected {expected_bytes} bytes, found {len(plain)}")
    return plain


def _check_header(frame: bytes, name: str) -> int:
    """
    Return what a frame says of the length of its content, -1 for nothing.

    Raises unless it is one frame, without a dictionary, that needs no more memory than we allow.
    """
    if frame[:4] != _MAGIC:
        raise BlobError(f"{name}: not a zstd frame")
    try:
        header = zstandard.get_frame_parameters(frame)
        if header.dict_id:
            raise BlobError(f"{name}: the frame needs a dictionary")
        if header.window_size > MAX_WINDOW_BYTES:
            raise BlobError(f"{name}: the frame needs a window of {header.window_size} bytes")
        said = zstandard.frame_content_size(frame)
        end = _frame_end(frame, zstandard.frame_header_size(frame), name)
    except zstandard.ZstdError as error:
        raise BlobError(f"{name}: not a zstd frame: {error}") from error
    if header.has_checksum:
        end += _CHECKSUM_BYTES
    if end != len(frame):
        raise BlobError(f"{name}: expected one frame of {end} bytes, found {len(frame)}")
    return said


def _frame_end(frame: bytes, at: int, name: str) -> int:
    """Return where the last block ends, by the block headers alone (RFC 8878 §3.1.1.2)."""
    while at + 3 <= len(frame):
        head = int.from_bytes(frame[at : at + 3], "little")
        last, kind, size = head & 1, head >> 1 & 3, head >> 3
        if kind == _RESERVED:
            break
        at += 3 + (1 if kind == _RLE else size)
        if last:
            return at
    raise BlobError(f"{name}: the frame is cut off")


def _at_once(frame: bytes, name: str) -> bytes:
    """Return the content of a frame that says how long it is; no more is written than that."""
    try:
        return _TOOLS.decompressor.decompress(frame)
    except zstandard.ZstdError as error:
        raise BlobError(f"{name}: the frame is damaged: {error}") from error


def _stream(frame: bytes, limit: int, name: str) -> bytes:
    """Return the content, stopping as soon as it is longer than `limit`."""
    pieces: list[bytes] = []
    length = 0
    try:
        with _TOOLS.decompressor.stream_reader(frame) as reader:
            while piece := reader.read(min(_PIECE, limit + 1 - length)):
                pieces.append(piece)
                length += len(piece)
                if length > limit:
                    raise BlobError(f"{name}: more than the expected {limit} bytes")
    except zstandard.ZstdError as error:
        raise BlobError(f"{name}: the frame is damaged: {error}") from error
    return b"".join(pieces)
