"""From what a user writes after `--store` to a store."""

from pathlib import Path

from evidence.store.directory import DirectoryStore
from evidence.store.interface import Store, StoreError
from evidence.store.remote import Remote


def open_store(spec: str, *, create: bool = False, remote: Remote | None = None) -> Store:
    """
    Return the store that `spec` names: a directory, or `s3://bucket/prefix`.

    With `create` a missing directory is made; without, it is a `StoreError`. A bucket is never made: whether it has
    Object Lock is decided when it is. `remote` says how a bucket is reached; it is asked nothing before it is used.
    """
    if spec.startswith("s3://"):
        from evidence.store.s3 import S3Store

        return S3Store(spec, remote or Remote())
    if "://" in spec:
        raise StoreError(f"{spec}: no such kind of store", hint="name a directory, or s3://bucket/prefix")
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
