"""Opening a file so that no link is followed on the way: one call, and nothing can change between look and deed."""

import os
import sys
from collections.abc import Callable
from errno import EAGAIN, EINTR, ELOOP, ENOSYS, EPERM
from functools import cache

_OPENAT2, _AT_FDCWD = 437, -100
_RESOLVE_NO_SYMLINKS = 0x04
_READING = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
"""A pipe is not waited for."""

_ANOTHER_WAY = frozenset({ENOSYS, EPERM, ELOOP, EAGAIN, EINTR})
"""No such call, or a filter before it; a link; somebody's lease on the file, or a move on the way; a signal."""


def opened(path: str) -> int | None:
    """
    Return a handle to read `path`, an absolute one; `None` where that cannot be, and it has to be looked at first.

    Linux can since 5.6 (openat2(2)). Raises `OSError` for what is not there and for what may not, or cannot, be read.
    """
    call = _openat2()
    if call is None:
        return None
    handle, error = call(os.fsencode(path))
    if handle >= 0:
        return handle
    if error in _ANOTHER_WAY:
        return None
    raise OSError(error, os.strerror(error))


@cache
def _openat2() -> Callable[[bytes], tuple[int, int]] | None:
    """Return what calls openat2 and returns handle and error."""
    if sys.platform != "linux":  # numbers of calls mean something else there
        return None
    try:
        import ctypes
    except ImportError:
        return None

    class How(ctypes.Structure):
        _fields_ = [(name, ctypes.c_uint64) for name in ("flags", "mode", "resolve")]

    try:
        call = ctypes.CDLL(None, use_errno=True).syscall
    except (AttributeError, OSError, TypeError):
        return None
    call.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(How), ctypes.c_size_t)
    call.restype = ctypes.c_long
    how, size = ctypes.pointer(How(_READING, 0, _RESOLVE_NO_SYMLINKS)), ctypes.sizeof(How)
    return lambda path: (call(_OPENAT2, _AT_FDCWD, path, how, size), ctypes.get_errno())
