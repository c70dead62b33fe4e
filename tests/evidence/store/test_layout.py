"""Keys, there and back."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evidence.model.names import Digest, digest_of
from evidence.store import layout
from evidence.store.layout import Area, Key, KeyNameError, parse_key, part_digest

D = digest_of(b"x")
HEX = D.removeprefix("sha256:")


@pytest.mark.parametrize(
    ("key", "parsed"),
    [
        (layout.STORE_KEY, Key(area=Area.STORE)),
        (layout.blob_key(D), Key(area=Area.BLOB, digest=D)),
        (layout.part_key("nightly-20260722T0200Z", D), Key(area=Area.PART, digest=D, slot="nightly-20260722t0200z")),
        (layout.statement_key("plan", D), Key(area=Area.STATEMENT, digest=D, kind="plan")),
        (layout.batch_key(7), Key(area=Area.BATCH, size=7)),
        (layout.checkpoint_key(10**12 - 1), Key(area=Area.CHECKPOINT, size=10**12 - 1)),
        (layout.CHECKPOINT_HINT_KEY, Key(area=Area.CHECKPOINT_HINT)),
        (layout.state_key("host-keys"), Key(area=Area.STATE, kind="host-keys")),
        (layout.state_key("host-keys/sw-01"), Key(area=Area.STATE, kind="host-keys/sw-01")),
        ("state/hold/cell-1", Key(area=Area.HOLD)),
    ],
)
def test_every_key_we_build_is_read_back(key: str, parsed: Key) -> None:
    assert parse_key(key) == parsed


@given(
    st.one_of(
        st.builds(
            "{}/{}/{}{}".format,
            st.sampled_from(["parts", "Parts", "state"]),
            st.text(max_size=8) | st.just("a-b"),
            st.just(HEX) | st.text(alphabet="0123456789abcdefg", max_size=65),
            st.just(".dsse.json"),
        ),
        st.text(max_size=80),
    )
)
@example(f"parts/con/{HEX}.dsse.json")
@example(f"parts/../{HEX}.dsse.json")
@example(f"parts/a/{HEX}.dsse.json\n")
@example(layout.blob_key(D))
def test_a_parts_digest_is_the_one_its_key_is_read_for(key: str) -> None:
    try:
        read = parse_key(key)
    except KeyNameError:
        read = Key(area=Area.STATE)
    assert part_digest(key) == (read.digest if read.area is Area.PART else None)


def test_keys_look_as_the_format_says() -> None:
    assert layout.blob_key(D) == f"blobs/sha256/{HEX[:2]}/{HEX}"
    assert layout.part_key("adhoc-20260722T020000Z-0a1b2c", D) == f"parts/adhoc-20260722t020000z-0a1b2c/{HEX}.dsse.json"
    assert layout.statement_key("key", D) == f"statements/key/{HEX}.dsse.json"
    assert layout.batch_key(0) == "log/batch/000000000000"
    assert layout.checkpoint_key(69998) == "log/checkpoints/000000069998"
    assert layout.state_key("anchor") == "state/anchor.json"


@pytest.mark.parametrize(
    "key",
    [
        "store",
        "store.json/x",
        "blobs/x",
        f"blobs/sha256/00/{HEX}",
        f"blobs/sha256/{HEX[:2]}/{HEX}a",
        f"parts/{HEX}.dsse.json",
        f"parts/x/{HEX}.json",
        f"statements/Plan/{HEX}.dsse.json",
        "log/batch/1",
        "log/batch/0000000000000",
        "log/checkpointz",
        "log",
        "state/x",
        "state/x.txt",
        "sealed/x",
        "Thumbs.db",
        "state/hold/a/b",
    ],
)
def test_what_no_store_of_this_version_holds_is_not_read(key: str) -> None:
    with pytest.raises(KeyNameError):
        parse_key(key)


@pytest.mark.parametrize(
    "slot",
    [
        "nightly",
        "nightly-20260722",
        "Nightly-20260722T0200Z",
        "-20260722T0200Z",
        "a/b-20260722T0200Z",
        "nightly-20260722t0200z",
        "x-20260722T0200Z-xyz",
        "a" * 70 + "-20260722T0200Z",
    ],
)
def test_a_slot_names_a_job_and_a_time(slot: str) -> None:
    with pytest.raises(KeyNameError, match="expected a slot"):
        layout.check_slot(slot)


@pytest.mark.parametrize("slot", ["nightly-20260722T0200Z", "a-20260722T020001Z", "x.y_z-1-20260722T0200Z-00ff00"])
def test_slots_pass(slot: str) -> None:
    assert layout.check_slot(slot) == slot


@pytest.mark.parametrize("size", [-1, 10**12])
def test_a_size_has_twelve_digits(size: int) -> None:
    for build in (layout.batch_key, layout.checkpoint_key):
        with pytest.raises(KeyNameError, match="log size"):
            build(size)


def test_components_and_depth_are_bounded() -> None:
    assert layout.check_key("/".join(["a" * 100] * 6))
    with pytest.raises(KeyNameError, match="at most 6"):
        layout.check_key("/".join(["a"] * 7))


@pytest.mark.parametrize("key", ["log/checkpoint", "state/a.json", "state/hold/x"])
def test_hints_may_be_replaced(key: str) -> None:
    assert layout.is_hint(key)


@pytest.mark.parametrize(
    "key", ["log/checkpoints/000000000001", "log/checkpoint2", "statement/x", "store.json", "xstate/a"]
)
def test_nothing_else_may(key: str) -> None:
    assert not layout.is_hint(key)


def test_a_digest_is_part_of_a_key_only_as_hex() -> None:
    assert parse_key(f"statements/plan/{'0' * 64}.dsse.json").digest == Digest("sha256:" + "0" * 64)
