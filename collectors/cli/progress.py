"""Progress of long work: one line on a terminal's standard error, nothing anywhere else."""

import sys
from typing import Self

from evidence.harmless import one_line
from evidence.model.outcome import Outcome


class Progress:
    """Counts outcomes as they come in."""

    def __init__(self, total: int, *, alone: bool = True) -> None:
        self._total = total
        self._done = 0
        self._shown = alone and sys.stderr.isatty()  # a bar among other lines is none

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown and self._done:
            self._write("")

    def note(self, outcome: Outcome) -> None:
        """Show that one more asset is done."""
        self._done += 1
        if self._shown:
            share = self._done / self._total
            bar = "━" * int(share * 24)
            self._write(f"{bar:<24} {self._done}/{self._total} {one_line(outcome.asset[:40])}: {outcome.result}")

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
        except OSError:  # the terminal is gone; the run is not
            self._shown = False
