"""How the reading commands open what they read: the store, its log, the platform files."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.cli.options import moment_text, open_here

if TYPE_CHECKING:
    from evidence.assess.knowledge import Knowledge
    from evidence.platforms.load import Platforms
    from evidence.snapshots import Snapshots


def open_snapshots(store: str, as_of: datetime | None) -> "Snapshots":
    """Open the log in `store` and read what was known at `as_of`."""
    from evidence.log.history import History
    from evidence.snapshots import Snapshots

    opened = open_here(store)
    return Snapshots(opened, History.read(opened), as_of=moment_text(as_of))


def open_platforms(folder: str | None) -> "Platforms":
    """Return the built-in platforms with those of `folder` in their place; only the generic one for `none`."""
    from evidence.platforms.load import load_platforms

    if folder == "none":
        return load_platforms(only=())
    return load_platforms(Path(folder) if folder else None)


def open_knowledge(folder: str | None) -> "Knowledge":
    """Return what findings are made with: those platforms, and the catalogue of this release."""
    from importlib.metadata import version

    from evidence.assess.knowledge import knowledge_of
    from evidence.controls.load import load_catalogue

    return knowledge_of(open_platforms(folder), load_catalogue(), tool=version("plantproof"))
