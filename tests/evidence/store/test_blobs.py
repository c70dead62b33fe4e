"""Artefacts: only the plain bytes count, and a reader trusts nothing it did not count itself."""

import subprocess
import threading
import tracemalloc
from contextlib import suppress

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from evidence.model.names import digest_of
from evidence.store.blobs import MAX_WINDOW_BYTES, BlobError, get_blob, inflate, measure_blob, put_blob
from evidence.store.interface import MissingError, StoreError
from evidence.store.layout import MAX_BLOB_BYTES, blob_key
from evidence.store.memory import MemoryStore

TEXT = b"hostname sw-01\ninterface Gi0/1\n" * 400
SKIPPABLE = b"\x50\x2a\x4d\x18"


def stored(frame: bytes, plain: bytes = TEXT) -> MemoryStore:
    store = MemoryStore()
    store.put(blob_key(digest_of(plain)), frame)
    return store


def zstd(data: bytes, level: int = 3, **settings: object) -> bytes:
    return zstandard.ZstdCompressor(level=level, **settings).compress(data)  # type: ignore[arg-type]


@given(st.binary(max_size=5000))
def test_what_is_put_is_got(data: bytes) -> None:
    store = MemoryStore()
    digest = put_blob(store, data)
    assert digest == digest_of(data)
    assert get_blob(store, digest, len(data)) == data
    assert measure_blob(store, digest) == len(data)
    assert list(store.keys("")) == [blob_key(digest)]


def test_an_artefact_is_one_frame_smaller_than_its_plain_bytes() -> None:
    store = MemoryStore()
    frame = store.get(blob_key(put_blob(store, TEXT)))
    assert len(frame) < len(TEXT) / 10
    assert zstandard.ZstdDecompressor().decompress(frame) == TEXT
    assert zstandard.frame_content_size(frame) == len(TEXT)


@pytest.mark.real
def test_stock_zstd_reads_what_is_stored() -> None:
    store = MemoryStore()
    frame = store.get(blob_key(put_blob(store, TEXT)))
    assert subprocess.run(["zstd", "-dc"], input=frame, capture_output=True, check=True).stdout == TEXT


@pytest.mark.parametrize("frame", [zstd(TEXT, 19), zstd(TEXT, 1), zstd(TEXT, 3, write_checksum=True)])
def test_equality_is_of_the_plain_bytes(frame: bytes) -> None:
    store = stored(frame)
    digest = put_blob(store, TEXT)
    assert store.get(blob_key(digest)) == frame
    assert get_blob(store, digest, len(TEXT)) == TEXT


def test_a_frame_that_was_streamed_names_no_length_and_is_read_all_the_same() -> None:
    compressor = zstandard.ZstdCompressor().compressobj()
    frame = compressor.compress(TEXT) + compressor.flush()
    assert zstandard.frame_content_size(frame) == -1
    assert inflate(frame, len(TEXT), name="x") == TEXT
    assert measure_blob(stored(frame), digest_of(TEXT)) == len(TEXT)
    for wrong in (len(TEXT) - 1, len(TEXT) + 1, 0):
        with pytest.raises(BlobError):
            inflate(frame, wrong, name="x")


def test_several_pieces_make_one_artefact() -> None:
    data = bytes(range(256)) * 12_000
    store = MemoryStore()
    assert get_blob(store, put_blob(store, data), len(data)) == data


def test_a_missing_artefact_is_missing() -> None:
    for read in (
        lambda: get_blob(MemoryStore(), digest_of(b"x"), 1),
        lambda: measure_blob(MemoryStore(), digest_of(b"x")),
    ):
        with pytest.raises(MissingError):
            read()


@pytest.mark.parametrize("expected", [0, len(TEXT) - 1, len(TEXT) + 1])
def test_another_length_than_signed_is_refused(expected: int) -> None:
    store = MemoryStore()
    with pytest.raises(BlobError, match=f"expected {expected} bytes"):
        get_blob(store, put_blob(store, TEXT), expected)


@pytest.mark.parametrize("length", [-1, MAX_BLOB_BYTES + 1])
def test_a_length_no_artefact_has_is_refused(length: int) -> None:
    with pytest.raises(BlobError, match="a length of"):
        inflate(zstd(TEXT), length, name="x")


def test_other_bytes_than_the_name_says_are_refused() -> None:
    other = TEXT.replace(b"sw-01", b"sw-02")
    store = stored(zstd(other))
    for read in (lambda: get_blob(store, digest_of(TEXT), len(TEXT)), lambda: measure_blob(store, digest_of(TEXT))):
        with pytest.raises(BlobError, match="have the digest"):
            read()
    with pytest.raises(BlobError):
        put_blob(store, TEXT)


@pytest.mark.parametrize(
    ("extra", "what"),
    [
        (b"\x00", "one byte"),
        (zstd(b"second"), "a second frame"),
        (b"\x50\x2a\x4d\x18\x01\x00\x00\x00x", "a skippable frame"),
    ],
)
def test_nothing_may_follow_the_frame(extra: bytes, what: str) -> None:
    frame = zstd(TEXT) + extra
    with pytest.raises(BlobError, match=f"expected one frame of {len(frame) - len(extra)} bytes, found {len(frame)}"):
        inflate(frame, len(TEXT), name=what)


@pytest.mark.parametrize(
    "frame", [b"", b"\x28\xb5", b"plain text", SKIPPABLE + bytes(4) + zstd(TEXT), b"\x28\xb5\x2f\xfd"]
)
def test_what_is_no_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(BlobError, match="not a zstd frame"):
        inflate(frame, len(TEXT), name="x")


def test_every_cut_is_noticed() -> None:
    frame = zstd(TEXT, write_checksum=True)
    for length in range(len(frame)):
        with pytest.raises(BlobError):
            inflate(frame[:length], len(TEXT), name="x")


@given(st.data())
def test_every_changed_byte_is_noticed_by_length_or_digest(data: st.DataObject) -> None:
    frame = bytearray(zstd(TEXT))
    at = data.draw(st.integers(0, len(frame) - 1))
    frame[at] ^= data.draw(st.integers(1, 255))
    store = stored(bytes(frame))
    try:
        found = get_blob(store, digest_of(TEXT), len(TEXT))
    except BlobError:
        return
    assert found == TEXT


@given(st.binary(max_size=300), st.integers(0, 1000))
def test_no_bytes_make_the_reader_fail_in_another_way(junk: bytes, expected: int) -> None:
    for frame in (junk, b"\x28\xb5\x2f\xfd" + junk):
        with suppress(BlobError):
            assert len(inflate(frame, expected, name="x")) == expected


def test_a_bomb_costs_no_more_than_it_says() -> None:
    bomb = zstandard.ZstdCompressor(level=19).compressobj()
    frame = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(200)) + bomb.flush()
    assert len(frame) < 40_000
    tracemalloc.start()
    try:
        with pytest.raises(BlobError, match="more than the expected 1000 bytes"):
            inflate(frame, 1000, name="x")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_header_that_lies_about_the_length_is_refused() -> None:
    frame = bytearray(zstd(TEXT))
    at = zstandard.frame_header_size(bytes(frame)) - 2
    frame[at] ^= 1
    claimed = zstandard.frame_content_size(bytes(frame))
    assert claimed != len(TEXT)
    for expected in (claimed, len(TEXT)):
        with pytest.raises(BlobError):
            inflate(bytes(frame), expected, name="x")


def test_a_window_larger_than_every_decoder_has_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=24, compression_level=3)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    frame = compressor.compress(TEXT) + compressor.flush()
    assert zstandard.get_frame_parameters(frame).window_size > MAX_WINDOW_BYTES
    with pytest.raises(BlobError, match=f"a window of {1 << 24} bytes"):
        inflate(frame, len(TEXT), name="x")


def test_a_window_of_exactly_that_size_is_read() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=23, compression_level=3)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    assert inflate(compressor.compress(TEXT) + compressor.flush(), len(TEXT), name="x") == TEXT


def test_a_dictionary_is_refused() -> None:
    trained = zstandard.train_dictionary(2048, [b"hostname sw-%d interface Gi0/%d" % (n, n * 7) for n in range(2000)])
    frame = zstandard.ZstdCompressor(dict_data=trained).compress(TEXT)
    with pytest.raises(BlobError, match="dictionary"):
        inflate(frame, len(TEXT), name="x")


def test_a_run_of_one_byte_is_walked_as_the_one_byte_it_takes() -> None:
    frame = zstd(bytes(500_000))
    assert inflate(frame, 500_000, name="x") == bytes(500_000)


def test_a_reserved_block_ends_the_frame() -> None:
    header = zstd(b"")[: zstandard.frame_header_size(zstd(b""))]
    with pytest.raises(BlobError, match="cut off"):
        inflate(header + (3 << 1 | 1).to_bytes(3, "little"), 0, name="x")


def test_an_artefact_larger_than_any_is_not_taken() -> None:
    class Huge(bytes):
        def __len__(self) -> int:
            return MAX_BLOB_BYTES + 1

    store = MemoryStore()
    with pytest.raises(BlobError, match="are kept"):
        put_blob(store, Huge())
    assert list(store.keys("")) == []


class _Racing(MemoryStore):
    """A store where another writer is always a moment faster."""

    def __init__(self, frame: bytes) -> None:
        super().__init__()
        self.frame = frame

    def put(self, key: str, data: bytes) -> None:
        super().put(key, self.frame)
        super().put(key, data)


def test_another_writer_of_the_same_plain_bytes_is_no_conflict() -> None:
    assert put_blob(_Racing(zstd(TEXT, 19)), TEXT) == digest_of(TEXT)


def test_another_writer_of_other_bytes_is() -> None:
    with pytest.raises(BlobError):
        put_blob(_Racing(zstd(b"other")), TEXT)


def test_a_damaged_artefact_is_never_taken_for_kept() -> None:
    with pytest.raises(StoreError):
        put_blob(stored(zstd(TEXT)[:-1]), TEXT)


def test_threads_share_nothing_they_should_not() -> None:
    store, digests = MemoryStore(), []

    def write(n: int) -> None:
        digests.extend(put_blob(store, TEXT + b"%d" % (n * 50 + i)) for i in range(50))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(digests)) == 200
    assert all(measure_blob(store, digest) for digest in digests)
