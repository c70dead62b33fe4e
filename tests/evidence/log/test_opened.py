"""Captures that are held as columns are the captures they were made of."""

import base64
import json
from types import ModuleType

import pytest

from evidence.log import captures as columns_module
from evidence.log.captures import Columns, Over, Texts, asked_over, newest_of
from evidence.log.fields import ShapeError
from evidence.log.history import History
from evidence.log.outline import outline
from evidence.model.capture import Access, Capture, Segment
from evidence.model.names import AssetId, Digest
from evidence.model.ssh import SshLink
from evidence.store.memory import MemoryStore

BLOB, PACKED = Digest(f"sha256:{'1' * 64}"), Digest(f"sha256:{'2' * 64}")
PLAIN = Capture(
    asset=AssetId("sw-01"),
    platform="cisco_ios",
    question="version",
    transport="ssh",
    request="show version",
    at="2026-07-22T02:00:00Z",
    took_ms=410,
    blob=BLOB,
    bytes=9,
    ttl_s=86_400,
    host_key="SHA256:x",
    link=SshLink(kex="curve25519-sha256", host_key="ssh-ed25519", cipher="aes256-ctr"),
)
MOVING = PLAIN._replace(
    transport="snmp",
    host_key=None,
    link=None,
    access=Access(version="2c", community="<default:snmp-community:k1:00>"),
    volatile=Segment(blob=PACKED, offset=2**40, length=7),
)
CUT_OFF = PLAIN._replace(asset=AssetId("press-7"), platform=None, complete=False, reason="cut off", redactions=3)


@pytest.mark.parametrize("captures", [(), (PLAIN,), (PLAIN, MOVING, CUT_OFF), (MOVING, PLAIN), (PLAIN, PLAIN)])
def test_columns_give_back_what_they_hold(captures: tuple[Capture, ...]) -> None:
    columns = Columns.of(captures).shared(Texts())
    assert tuple(columns) == captures
    assert columns == captures
    assert columns == Columns.of(captures).shared(Texts())
    assert tuple(reversed(columns)) == captures[::-1]
    assert len(columns) == len(captures)
    assert columns[1:] == captures[1:]
    assert [columns[number] for number in range(-len(captures), len(captures))] == [*captures, *captures]
    assert asked_over(columns) == asked_over(captures)


def test_columns_end_where_the_captures_end() -> None:
    columns = Columns.of((PLAIN,)).shared(Texts())
    for number in (1, -2):
        with pytest.raises(IndexError):
            columns[number]
    assert columns != (MOVING,)
    assert columns != [PLAIN]


def test_what_is_equal_is_held_once() -> None:
    texts = Texts()
    equal = [tuple(f"sw-{number % 3}" for number in range(count)) for count in (3, 7, 7)]
    held = [texts.held(said) for said in equal]
    assert [tuple(said) for said in held] == equal
    assert len({id(one) for said in held for one in said}) == 3


@pytest.mark.parametrize("most", [1, 2, 100])
def test_what_is_over_is_not_asked_about_again(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(columns_module, "MOST_OVER", most)
    names = [AssetId(f"sw-{number}") for number in range(9)]
    parts = [Columns.of([PLAIN._replace(asset=name, took_ms=night) for name in names]) for night in (1, 2)]
    texts, over, asked = Texts(), Over(), []

    def wanted(said: Capture) -> bool:
        asked.append(said.asset)
        return said.asset in {"sw-2", "sw-5"}

    for night, part in enumerate((*parts, *parts), 1):
        found = [*newest_of(part.shared(texts), wanted, over)]
        assert [(one.asset, one.took_ms) for one in found] == [("sw-5", 2 - night % 2), ("sw-2", 2 - night % 2)]
    assert len(over) <= most
    if most == 100:
        assert sorted(asked) == sorted([*names, *["sw-2", "sw-5"] * 3])


def test_what_takes_the_place_of_something_over_is_asked_about() -> None:
    over = Over()
    for night in range(40):
        name = "no" if night % 2 == 0 else "yes"
        part = Columns.of([PLAIN._replace(asset=AssetId(f"{name}-{number}")) for number in range(50)])
        found = [*newest_of(part, lambda said: said.asset.startswith("yes"), over)]
        assert len(found) == (50 if name == "yes" else 0)


def test_what_a_sealed_part_is_about_is_found_without_its_captures(vectors: ModuleType, memory: MemoryStore) -> None:
    vectors.build(memory)
    history = History.read(memory)
    parts = [entry for entry in history.statements if entry.kind == "part"]
    assert parts
    for entry in parts:
        assert history.outlined(entry) is None  # nobody asked yet
        told = history.outline(entry)
        assert history.outlined(entry) is told
        assert told == outline(history.envelope(entry))
        part = history.part(entry)
        assert history.outlined(entry) is None  # it was opened, which is better
        assert (told.run, told.slot, told.chunk, told.assets) == (part.run, part.slot, part.chunk, part.assets)
        assert (told.started, told.ended) == (part.started, part.ended)
        assert told.outcomes == tuple(outcome.asset for outcome in part.outcomes)
        assert set(told.answers) == {f"{one.asset}/{one.question}" for one in part.captures}


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"predicate":{"captures":[],"chunk":0},"predicateType":"x"}'])
def test_what_is_no_part_has_no_outline(payload: bytes) -> None:
    envelope = json.dumps({"payload": base64.b64encode(payload).decode()}, separators=(",", ":")).encode()
    with pytest.raises(ShapeError):
        outline(envelope)
