"""Statements that were opened, held for another look."""

from dataclasses import dataclass, field

from evidence.log.accept import Accepted
from evidence.log.captures import Columns, Texts
from evidence.log.outline import Outline

HELD = 2_500_000
"""Captures that are held: a year of nights of 500 assets, ten a night; 32 bytes each, 56 where values change."""


@dataclass(slots=True)
class Opened:
    """Statements that were opened, held for another look within a bound."""

    room: int = HELD
    """How many captures more can be held."""
    outlines: dict[int, Outline] = field(default_factory=dict)
    """What parts are about, where that was asked for before they were opened: eight bytes a capture."""
    _held: dict[int, Accepted] = field(default_factory=dict)
    _texts: Texts = field(default_factory=Texts)

    def get(self, index: int) -> Accepted | None:
        """Return the statement at a place of the log, where it is held."""
        return self._held.get(index)

    def keep(self, index: int, accepted: Accepted) -> Accepted:
        """Hold a statement if there is room, and return it; those read first stay, as logs are read again and again."""
        part = accepted.part
        captures = len(part.captures) if part else 1
        if captures > self.room:
            return accepted
        self.room -= captures
        if part is not None:
            held = part._replace(captures=Columns.of(part.captures).shared(self._texts))
            accepted = accepted._replace(part=held, named=None)
        self._held[index] = accepted
        return accepted
