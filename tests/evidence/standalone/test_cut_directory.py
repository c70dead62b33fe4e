"""A zip whose directory is cut off within an entry is refused by verify.py's reader, in words."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from evidence.standalone.files import Bundle


def cut(entry_bytes: int) -> bytes:
    """Return a zip of two files whose end says that the directory has so many bytes of its second entry."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("bag/bagit.txt", "a")
        archive.writestr("bag/bag-info.txt", "b")
    data = kept.getvalue()
    start, second = data.index(b"PK\1\2"), data.rindex(b"PK\1\2")
    size = second - start + entry_bytes
    return data[: start + size] + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 2, 2, size, start, 0)


@pytest.mark.parametrize("entry_bytes", [*range(46)])
def test_a_directory_that_is_cut_off_is_refused_in_words(tmp_path: Path, entry_bytes: int) -> None:
    place = tmp_path / "cut.zip"
    place.write_bytes(cut(entry_bytes))
    with pytest.raises(ValueError, match="a directory of fewer files"):
        Bundle(place)
