"""Opening without following a link, as the system itself sees to it."""

import errno
import os
from pathlib import Path

import pytest

from evidence.store import linkless


def opened(path: Path) -> int:
    handle = linkless.opened(str(path))
    if handle is None:
        pytest.skip("needs openat2(2): Linux 5.6, and no filter before it")
    return handle


def test_a_plain_file_is_opened(tmp_path: Path) -> None:
    (tmp_path / "ä b").write_bytes(b"x")
    handle = opened(tmp_path / "ä b")
    assert os.read(handle, 2) == b"x"
    assert not os.get_inheritable(handle)
    os.close(handle)


@pytest.mark.parametrize("place", ["link", "folder/file"])
def test_no_link_is_followed_wherever_it_stands(tmp_path: Path, place: str) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "outside" / "file")
    (tmp_path / "folder").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match="symbolic links") as refused:
        opened(tmp_path / place)
    assert refused.value.errno == errno.ELOOP


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.close(opened(tmp_path / "pipe"))


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        opened(tmp_path / "nothing")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        opened(tmp_path / "file" / "below")
