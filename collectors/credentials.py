"""Credentials, how they are kept from being seen, and where keys are looked for."""

from dataclasses import dataclass
from pathlib import Path


class Secret:
    """
    A credential that cannot be printed, logged or serialised by accident.

    A plain class on purpose: `dataclasses.asdict` would copy the value out.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value. Called in `transports/` and by the redactor, and nowhere else."""
        return self._value

    def stands_in(self, data: bytes) -> bool:
        """Tell whether the value stands in `data` as plain text."""
        return self._value.encode() in data

    def __repr__(self) -> str:
        return "<secret>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not serialised")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identities:
    """Where keys are looked for besides those the inventory names."""

    agent_socket: str | None = None
    """An agent's socket, `SSH_AUTH_SOCK`."""
    home: Path | None = None
    """Whose `.ssh` holds the usual keys."""

    def path(self, written: str) -> Path:
        """Return the path of a key file as it was written, `~/` being the home."""
        return self.home / written[2:] if written.startswith("~/") and self.home else Path(written)


NO_IDENTITIES = Identities()
"""Nothing but what the inventory names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSource:
    """Where one secret of the site file's `credentials` comes from: exactly one of these."""

    file: Path | None = None
    environment: str | None = None
    command: tuple[str, ...] = ()
    systemd: str | None = None
