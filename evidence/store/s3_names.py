"""Which version of a key is its object: any that fits a name made of its content, else the oldest."""

from evidence.model.names import digest_of
from evidence.store.blobs import BlobError, unpack
from evidence.store.layout import Area, Key, KeyNameError, parse_key

_BY_DIGEST = frozenset({Area.PART, Area.STATEMENT, Area.TOKEN, Area.ORIGINAL})
NUMBERED = frozenset({Area.BATCH, Area.CHECKPOINT})
"""The log's own objects, whose names say nothing of their content."""


def read_name(key: str) -> Key | None:
    """Return what `key` is for, or `None` where no store of this version would hold it."""
    try:
        return parse_key(key)
    except KeyNameError:
        return None


def is_named_by_content(key: str) -> bool:
    """Tell whether the name of `key` follows from what lies there."""
    name = read_name(key)
    return name is not None and name.digest is not None


def fits(key: str, data: bytes) -> bool:
    """Tell whether `data` is what the name of `key` says; never where the name says nothing."""
    name = read_name(key)
    if name is None or name.digest is None:
        return False
    if name.area in _BY_DIGEST:
        return digest_of(data) == name.digest
    try:
        return digest_of(unpack(data, name=key)) == name.digest
    except BlobError:
        return False
