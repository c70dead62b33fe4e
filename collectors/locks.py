"""One session per device, and one run of a job's part, at a time, across processes of this machine."""

import asyncio
import fcntl
import hashlib
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from collectors.inventory.host import Host
from collectors.transports.interface import InterruptedRunError
from evidence.errors import Error

LOOK_AGAIN_S = 0.2
"""How often a held lock is tried again, seconds."""


class LockFolderError(Error):
    """The folder of the locks cannot be used, or is another user's."""


class RunLockedError(Error):
    """The same job is being run already, for the same store and part."""

    exit_code = 75


def lock_name(host: Host) -> str:
    """
    Name the device behind a host: its address.

    On loopback, where many simulated devices share an address, also the asset, the ports and the user.
    """
    address = host.asset.address
    if not (address == "localhost" or address.startswith("127.") or address == "::1"):
        return address
    parts = [address, host.asset.id]
    if host.snmp:
        parts.append(f"snmp {host.snmp.port}")
    if host.ssh:
        parts.append(f"ssh {host.ssh.port} {host.ssh.user or ''}")
    parts += [access.url for access in (host.http, host.opcua) if access]
    return " ".join(parts)


class DeviceLocks:
    """Advisory locks on files in a folder all runs of this user share; released by the system if a run dies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self) -> None:
        """Make the folder; raise `LockFolderError` where it is none, or somebody else could hold our locks in it."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self._folder.lstat()
        except OSError as error:
            raise LockFolderError(f"{self._folder}: cannot be made: {error.strerror}") from error
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise LockFolderError(
                f"{self._folder}: expected a folder that only this user may write to, found something else",
                hint="move it away, or name another place for it with XDG_RUNTIME_DIR",
            )

    @asynccontextmanager
    async def held(self, host: Host, stopping: Callable[[], bool]) -> AsyncIterator[None]:
        """Hold the device's lock, waiting for it as long as the run goes on."""
        digest = hashlib.sha256(lock_name(host).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        handle = os.open(self._folder / digest, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not _try_lock(handle):
                if stopping():
                    raise InterruptedRunError(f"{host.asset.id}: the run is being ended")
                await asyncio.sleep(LOOK_AGAIN_S)
            yield
        finally:
            os.close(handle)


@contextmanager
def run_lock(folder: Path, *, store: str, job: str, part: str) -> Iterator[None]:
    """
    Hold the lock of one part of a job; raise `RunLockedError` at once where another process holds it.

    It is of the job and not of one slot: a run that is not done when the next one is due is left to finish.
    """
    DeviceLocks(folder).prepare()
    digest = hashlib.sha256(f"{store}\n{job}\n{part}".encode("utf-8", "surrogateescape")).hexdigest()[:32]
    handle = os.open(folder / f"run-{digest}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _try_lock(handle):
            holder = os.pread(handle, 20, 0).decode("ascii", "replace") or "unknown"
            raise RunLockedError(
                f"another run of {job}, part {part}, into {store} holds the lock: process {holder}",
                hint="nothing was asked; it ends by itself, and `plantproof missed` explains a slot that was not read",
            )
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
