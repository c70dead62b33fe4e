"""Credentials, and how they are kept from being seen."""


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
