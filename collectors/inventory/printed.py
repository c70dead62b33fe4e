"""What a program prints that was asked for a secret: bounded in length and time."""

import subprocess
import threading
from collections.abc import Mapping, Sequence

from collectors.inventory.problem import InventoryError

MAX_PRINTED_BYTES = 64 * 1024
"""Most that is read: a key of a few KiB is the longest anybody generates."""

TIMEOUT_S = 300
"""Longest wait: the program may ask a person, or a keyring that does."""


def printed_by(command: Sequence[str], environ: Mapping[str, str], *, name: str, wanted: str) -> bytes:
    """
    Return what `command` prints; what it says and asks beside that goes to the terminal.

    Raises `InventoryError` that begins with `name` and says what was `wanted`.
    """
    try:
        process = subprocess.Popen(list(command), env=dict(environ), stdout=subprocess.PIPE)
    except OSError as error:
        raise InventoryError(f"{name}: expected {wanted} script, cannot run it: {error.strerror}") from error
    said: list[bytes] = []
    listener = threading.Thread(target=_listen, args=(process, said), daemon=True)
    listener.start()
    listener.join(TIMEOUT_S)
    late = listener.is_alive()
    if late or sum(map(len, said)) > MAX_PRINTED_BYTES:
        process.kill()
    with process:
        process.wait()
    if late:
        raise InventoryError(f"{name}: expected {wanted} within {TIMEOUT_S} s, none came")
    if process.returncode:
        raise InventoryError(f"{name}: expected {wanted}, the script ended with {process.returncode}")
    return b"".join(said)


def _listen(process: subprocess.Popen[bytes], said: list[bytes]) -> None:
    """Keep what a program prints until it ends, or says more than any secret has."""
    if process.stdout:
        said.append(process.stdout.read(MAX_PRINTED_BYTES + 1))
