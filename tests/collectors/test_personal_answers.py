"""What names people is kept behind random bytes, apart from everything else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count

import pytest

from collectors.record import Chunk, Recording
from collectors.redact import Redactor
from collectors.transports.interface import Answer
from collectors.visit import Findings, Heard
from evidence.model.capture import Capture
from evidence.model.names import AssetId, Digest, digest_of, hex_of
from evidence.model.outcome import Outcome, Result
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import Question
from evidence.snapshots import platform_of
from evidence.store.answers import SaltError, get_answer, same_answer
from evidence.store.blobs import get_blob, measure_blob
from evidence.store.memory import MemoryStore

LINUX = platform_of(load_platforms(), "linux")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACCOUNTS = b'USER="root" UID="0"\nUSER="jdoe" UID="1000"\n'
KERNEL = b"Linux 6.12.9 x86_64\n"


class Still:
    def now(self) -> datetime:
        return NOON

    def monotonic(self) -> float:
        return 1.0


def numbered() -> Callable[[int], bytes]:
    """Return what stands for randomness, another at every call."""
    numbers = count()
    return lambda length: sha256(b"%d" % next(numbers)).digest()[:length]


def recorded(
    *said: tuple[str, str, bytes], random: Callable[[int], bytes] | None = None, question: Question | None = None
) -> tuple[MemoryStore, list[Capture], Chunk]:
    """Record what assets said to questions, in one part."""
    store, written = MemoryStore(), list[Chunk]()
    recording = Recording(
        store=store,
        redactor=Redactor(key=b"k" * 32, key_id="k1"),
        clock=Still(),
        random=random or numbered(),
        write=lambda chunk, last: written.append(chunk),
    )
    for asset, name, data in said:
        asked = question or LINUX.named(name)
        answer = Answer(data=data, request=asked.request, took_ms=1)
        heard = [Heard(question=asked, platform=LINUX, answer=answer, at=NOON)]
        bugs = recording.keep(
            Findings(asset=AssetId(asset), heard=heard), Outcome(asset=AssetId(asset), result=Result.COLLECTED)
        )
        if bugs:
            raise bugs[0]
    recording.finish()
    return store, written[0].captures, written[0]


def everything(store: MemoryStore) -> bytes:
    """Return every key, every object, and the plain bytes of every blob."""
    keys = list(store.keys(""))
    blobs = [Digest(f"sha256:{key.rpartition('/')[2]}") for key in keys if key.startswith("blobs/")]
    plain = (get_blob(store, digest, measure_blob(store, digest)) for digest in blobs)
    return b"\n".join((*map(str.encode, keys), *map(store.get, keys), *plain))


def test_two_assets_with_the_same_accounts_have_blobs_of_their_own() -> None:
    store, (one, other), _ = recorded(("host-1", "accounts", ACCOUNTS), ("host-2", "accounts", ACCOUNTS))
    assert (one.classification, one.salt, one.bytes) == ("personal", 16, 16 + len(ACCOUNTS))
    assert one.blob != other.blob
    assert get_blob(store, one.blob, one.bytes)[:16] != get_blob(store, other.blob, other.bytes)[:16]
    assert get_answer(store, one) == get_answer(store, other) == ACCOUNTS
    assert same_answer(store, one, other)


def test_the_same_answer_of_the_same_asset_twice_is_two_blobs() -> None:
    _, captures, _ = recorded(*[("host-1", "accounts", ACCOUNTS)] * 3)
    assert len({capture.blob for capture in captures}) == 3


def test_what_names_nobody_is_shared_as_ever() -> None:
    store, (one, other), _ = recorded(("host-1", "kernel", KERNEL), ("host-2", "kernel", KERNEL))
    assert (one.classification, one.salt, one.blob) == ("technical", 0, other.blob)
    assert get_answer(store, one) == KERNEL
    assert same_answer(store, one, other)


def test_the_digest_of_what_was_said_stands_nowhere() -> None:
    store, _, chunk = recorded(("host-1", "accounts", ACCOUNTS), ("host-2", "kernel", KERNEL))
    found = everything(store) + str(chunk).encode()
    assert hex_of(digest_of(KERNEL)).encode() in found  # so it would be found
    assert hex_of(digest_of(ACCOUNTS)).encode() not in found
    assert digest_of(ACCOUNTS).encode() not in found


def test_nothing_of_it_lies_among_values_of_others() -> None:
    """An answer with lines that change by themselves: were it technical, they would be packed with those of others."""
    question = replace(LINUX.named("accounts"), volatile_lines=("jdoe",))
    store, (capture,), chunk = recorded(("host-1", "accounts", ACCOUNTS), question=question)
    assert capture.volatile is None
    assert not chunk.volatile
    assert not chunk.segments
    assert get_answer(store, capture) == ACCOUNTS
    technical = replace(question, classification="technical")
    _, _, chunk = recorded(("host-1", "accounts", ACCOUNTS), question=technical)
    assert b"jdoe" in chunk.volatile  # so it would have been


def test_an_empty_answer_has_a_salt_too() -> None:
    store, (one, other), _ = recorded(("host-1", "accounts", b""), ("host-2", "accounts", b""))
    assert (one.bytes, one.blob == other.blob) == (16, False)
    assert get_answer(store, one) == b""


def test_too_little_randomness_is_noticed() -> None:
    with pytest.raises(SaltError, match="expected 16 random bytes, found 4"):
        recorded(("host-1", "accounts", ACCOUNTS), random=lambda _: b"tiny")


def test_a_blob_shorter_than_its_salt_is_said_to_be() -> None:
    store, (kernel,), _ = recorded(("host-1", "kernel", b"short\n"))
    with pytest.raises(SaltError, match="expected a salt of 16 bytes, found 6 bytes in all"):
        get_answer(store, kernel._replace(salt=16))


def test_answers_differ_by_what_they_say_not_by_their_salt() -> None:
    store, (one, other), _ = recorded(("host-1", "accounts", ACCOUNTS), ("host-1", "accounts", ACCOUNTS[:20]))
    assert not same_answer(store, one, other)
