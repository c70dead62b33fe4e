"""Opening without following a link, as the system itself sees to it."""

import errno
import os
import sys
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


@pytest.mark.parametrize("place", ["link", "folder/file", "folder/nothing"])
def test_what_lies_behind_a_link_is_left_to_be_looked_at(tmp_path: Path, place: str) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "outside" / "file")
    (tmp_path / "folder").symlink_to(tmp_path / "outside")
    os.close(opened(tmp_path / "outside" / "file"))
    assert linkless.opened(str(tmp_path / place)) is None


def test_where_there_is_no_such_call_every_file_is_left_to_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = linkless._openat2.__wrapped__
    monkeypatch.setitem(sys.modules, "ctypes", None)
    assert made() is None
    monkeypatch.undo()
    monkeypatch.setattr(sys, "platform", "freebsd14")
    assert made() is None
    monkeypatch.setattr(linkless, "_openat2", lambda: lambda _: (-1, errno.ENOSYS))
    assert linkless.opened(str(tmp_path)) is None


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.close(opened(tmp_path / "pipe"))


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        opened(tmp_path / "nothing")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        opened(tmp_path / "file" / "below")
