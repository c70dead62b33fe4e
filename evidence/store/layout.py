"""
The keys of a store: how they are built, read back, and how large what lies under them may be.

A directory and an S3 bucket hold the same keys. A key is one to six components of `[a-z0-9._-]+` joined by `/`; no
component is a Windows device name or a name of dots, so a store can be copied anywhere.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from evidence.errors import Error
from evidence.model.names import Digest, hex_of

STORE_KEY = "store.json"
"""Format version, owner, log origin and genesis digest."""

CHECKPOINT_HINT_KEY = "log/checkpoint"
"""A copy of the newest checkpoint; a hint."""

HOLD_FOLDER = "state/hold/"
"""Where holds lie; people make them by hand, so their names need not be those of keys."""

MAX_COMPONENT_BYTES = 100
"""Longest key component; S3 allows 1,024 bytes for a key, Windows 260 characters for a path."""

MAX_COMPONENTS = 6
"""Most components of a key; the deepest we write has four."""

MAX_OBJECT_BYTES = 512 * 1024 * 1024
"""Largest object of any kind; a blob that does not compress, with room."""

MAX_BLOB_BYTES = 256 * 1024 * 1024
"""Largest plain artefact: 32 times the largest answer the transports keep (8 MiB), for packed volatile blobs."""

MAX_STATEMENT_BYTES = 32 * 1024 * 1024
"""Largest envelope: about 50,000 captures; writers cut a run into chunks long before."""

MAX_BATCH_LEAVES = 100_000
"""Most leaves of one batch: a batch object stays below 16 MiB; the seal writes another batch for the rest."""

MAX_BATCH_BYTES = 16 * 1024 * 1024
"""Largest batch object: 100,000 leaves of about 110 bytes."""

MAX_LOG_SIZE = 10**12 - 1
"""Largest log: sizes are written with twelve digits."""

MAX_NOTE_BYTES = 64 * 1024
"""Largest signed note; C2SP tlog-witness bounds a checkpoint likewise."""

MAX_STATE_BYTES = 64 * 1024 * 1024
"""Largest hint: one row per asset for 100,000 assets."""

_DEVICE = r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:[./]|\Z)"
_COMPONENT = rf"(?!{_DEVICE})[a-z0-9_-][a-z0-9._-]{{0,{MAX_COMPONENT_BYTES - 1}}}(?<!\.)"
_KEY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT}){{0,{MAX_COMPONENTS - 1}}}")
_SLOT = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}-[0-9]{8}T[0-9]{4}(?:[0-9]{2})?Z(?:-[0-9a-f]{6})?")


class KeyNameError(Error):
    """A string is not a key, or not part of one."""


class Area(StrEnum):
    """What a key holds."""

    STORE = "store"
    BLOB = "blob"
    PART = "part"
    STATEMENT = "statement"
    BATCH = "batch"
    CHECKPOINT = "checkpoint"
    CHECKPOINT_HINT = "checkpoint-hint"
    TOKEN = "token"  # noqa: S105
    COSIGNATURE = "cosignature"
    ORIGINAL = "original"
    STATE = "state"
    HOLD = "hold"
    """The kill switch: made by anyone with any editor, so neither signed nor JSON."""


class Key(NamedTuple):
    """A key, read; a tuple, for a log of years has hundreds of thousands."""

    area: Area
    digest: Digest | None = None
    """For blobs (plain bytes), statements (envelope) and tokens (the reply)."""
    kind: str | None = None
    """For statements and state."""
    slot: str | None = None
    """For parts: the slot in lower case."""
    size: int | None = None
    """For batches the size before; for checkpoints, and what was made over them, the size."""


def check_key(key: str) -> str:
    """Return `key` if it is well-formed, whether or not we know what it holds; raise `KeyNameError` if not."""
    if not _KEY.fullmatch(key):
        if key.count("/") >= MAX_COMPONENTS:
            raise KeyNameError(f"a key has at most {MAX_COMPONENTS} components: {key!r:.200}")
        raise KeyNameError(f"not a key of a store: {key!r:.200}")
    return key


def check_slot(slot: str) -> str:
    """Return `slot` if it looks like `nightly-20260722T0200Z`; raise `KeyNameError` if not."""
    if not _SLOT.fullmatch(slot):
        raise KeyNameError(f"expected a slot like nightly-20260722T0200Z, found {slot!r:.100}")
    return slot


def blob_key(digest: Digest) -> str:
    """Return where the artefact whose plain bytes have `digest` lies."""
    name = hex_of(digest)
    return f"blobs/sha256/{name[:2]}/{name}"


def part_key(slot: str, digest: Digest) -> str:
    """Return where a part lies. The slot is written in lower case: keys never differ by case alone."""
    return f"parts/{check_slot(slot).lower()}/{hex_of(digest)}.dsse.json"


def statement_key(kind: str, digest: Digest) -> str:
    """Return where a statement that is not a part lies."""
    return f"statements/{kind}/{hex_of(digest)}.dsse.json"


def batch_key(old_size: int) -> str:
    """Return where the batch lies that begins at leaf `old_size`."""
    return f"log/batch/{_twelve(old_size)}"


def checkpoint_key(size: int) -> str:
    """Return where the checkpoint over the first `size` leaves lies."""
    return f"log/checkpoints/{_twelve(size)}"


def token_folder(size: int) -> str:
    """Return below what the replies over the checkpoint at `size` lie."""
    return f"log/tsr/{_twelve(size)}/"


def token_key(size: int, digest: Digest) -> str:
    """Return where a time-stamp authority's reply over the checkpoint at `size` lies."""
    return f"{token_folder(size)}{hex_of(digest)}.tsr"


def cosignature_key(size: int, name: str) -> str:
    """Return where a witness' cosignature of the checkpoint at `size` lies."""
    return f"log/cosig/{_twelve(size)}/{name}"


def original_key(digest: Digest) -> str:
    """Return where an encrypted original lies whose ciphertext has `digest`."""
    return f"sealed/{hex_of(digest)}.age"


def state_key(kind: str) -> str:
    """Return where the hint `kind` lies."""
    return check_key(f"state/{kind}.json")


def is_hint(key: str) -> bool:
    """Tell whether `key` may be replaced."""
    return key == CHECKPOINT_HINT_KEY or key.startswith("state/")


_PART = re.compile(r"parts/(?P<slot>[^/]+)/(?P<hex>[0-9a-f]{64})\.dsse\.json")
_READERS: Mapping[str, tuple[tuple[Area, re.Pattern[str]], ...]] = {
    "store.json": ((Area.STORE, re.compile(r"store\.json")),),
    "blobs": ((Area.BLOB, re.compile(r"blobs/sha256/(?P<shard>[0-9a-f]{2})/(?P<hex>[0-9a-f]{64})")),),
    "statements": ((Area.STATEMENT, re.compile(r"statements/(?P<kind>[a-z]+)/(?P<hex>[0-9a-f]{64})\.dsse\.json")),),
    "log": (
        (Area.BATCH, re.compile(r"log/batch/(?P<size>[0-9]{12})")),
        (Area.CHECKPOINT, re.compile(r"log/checkpoints/(?P<size>[0-9]{12})")),
        (Area.TOKEN, re.compile(r"log/tsr/(?P<size>[0-9]{12})/(?P<hex>[0-9a-f]{64})\.tsr")),
        (Area.COSIGNATURE, re.compile(r"log/cosig/(?P<size>[0-9]{12})/[0-9a-f]{8}-[0-9]{8}t[0-9]{6}z")),
        (Area.CHECKPOINT_HINT, re.compile(r"log/checkpoint")),
    ),
    "sealed": ((Area.ORIGINAL, re.compile(r"sealed/(?P<hex>[0-9a-f]{64})\.age")),),
    "state": ((Area.STATE, re.compile(r"state/(?P<kind>[a-z0-9._/-]+)\.json")),),
}
"""By what a key begins with."""


def parse_key(key: str) -> Key:
    """Return what `key` is for; raise `KeyNameError` if no store of this version would hold it."""
    if key.startswith(HOLD_FOLDER) and "/" not in key.removeprefix(HOLD_FOLDER):
        return Key(area=Area.HOLD)
    check_key(key)
    part = _PART.fullmatch(key)  # a log of years has little else
    if part is not None:
        return Key(Area.PART, Digest(f"sha256:{part['hex']}"), None, part["slot"])
    for area, pattern in _READERS.get(key.partition("/")[0], ()):
        match = pattern.fullmatch(key)
        if match is None:
            continue
        found = match.groupdict()
        name, size = found.get("hex"), found.get("size")
        if area is Area.BLOB and name is not None and not name.startswith(found["shard"]):
            break
        return Key(
            area=area,
            digest=None if name is None else Digest(f"sha256:{name}"),
            kind=found.get("kind"),
            slot=found.get("slot"),
            size=None if size is None else int(size),
        )
    raise KeyNameError(f"no store of this version holds such a key: {key!r:.200}")


def part_digest(key: str) -> Digest | None:
    """Return the digest of the part that `key` is for, as `parse_key` does; `None` for any other key."""
    match = _PART.fullmatch(key)
    return Digest(f"sha256:{match['hex']}") if match and _KEY.fullmatch(key) else None


def _twelve(size: int) -> str:
    if not 0 <= size <= MAX_LOG_SIZE:
        raise KeyNameError(f"a log size lies between 0 and {MAX_LOG_SIZE}: {size}")
    return f"{size:012d}"
