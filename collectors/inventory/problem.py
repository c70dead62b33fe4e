"""Where a value of the inventory was written, and the error that says so."""

from typing import NamedTuple

from evidence.errors import Error


class InventoryError(Error):
    """The inventory cannot be read as it stands; the message names file, line, host and what was expected."""

    exit_code = 5


class Origin(NamedTuple):
    """Where a set of variables was written; a named tuple because there is one for every host."""

    path: str
    """The file as the person named it, or a name for what is no file (`-e`)."""
    trail: tuple[str, ...] = ()
    """Keys that lead to the variables inside a YAML or JSON file."""
    line: int | None = None
    """The line itself, where the reader knew it at once (INI)."""


class Layer(NamedTuple):
    """Variables that were written in one place, with equal precedence."""

    values: dict[str, object]
    origin: Origin
    vaulted: bool = False
    """The whole file was encrypted with Ansible Vault: its values are not shown in errors."""
    closed: InventoryError | None = None
    """Why the encrypted file could not be opened: an error for every host it could concern."""
