"""From what a user writes after `--store` to a store."""

from pathlib import Path

from evidence.store.directory import DirectoryStore
from evidence.store.interface import Store, StoreError


def open_store(spec: str, *, create: bool = False) -> Store:
    """
    Return the store that `spec` names: a directory.

    With `create` a missing directory is made; without, it is a `StoreError`.
    """
    if spec.startswith("s3://"):
        raise StoreError(f"{spec}: this version keeps evidence in directories only", hint="name a directory")
    try:
        path = Path(spec).expanduser()
    except RuntimeError as error:
        raise StoreError(f"{spec}: nobody knows whose home that is", hint="name the directory in full") from error
    if create:
        try:
            path.mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{spec}: cannot be made: {error.strerror}") from error
    return DirectoryStore(path)
