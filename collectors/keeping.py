"""
Where findings become evidence: in the event loop while that is quick, in threads when it is not.

Threads of one interpreter take turns, and every write gives a turn away: on a disk that answers at once, a thread
for it costs the loop more than it spares. On a slow disk, or for an answer of megabytes, nobody else may wait for it.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Protocol, Self, TypeVar

from collectors.visit import Findings
from evidence.model.outcome import Outcome

KEEPERS = 4
"""Threads that redact and store: enough to wait for a disk, few enough to keep their buffers few."""

QUICK_S = 0.05
"""
Longest the loop may be stopped for one asset's findings, seconds: a hundredth of a timeout.

After two in a row that took longer threads take over; one alone may be the first of its platform, whose rules are made.
"""

FEWEST, MOST = 8, 512
"""Assets that threads keep after two that took long, until the loop tries again; each time in a row four times more."""

LARGE_BYTES = 256 * 1024
"""From here on findings are kept in a thread: three long configurations, or tables of 6,500 values."""

_VALUE_BYTES = 40
"""What a value of SNMP counts for: about its line."""


_Said = TypeVar("_Said")


class Recorder(Protocol):
    """What takes in a visit's findings and makes them evidence."""

    @property
    def nearby(self) -> bool:
        """Whether its store may be as quick as a disk: nobody waits in the event loop for one that is far away."""
        ...

    def keep(self, findings: Findings, outcome: Outcome) -> Sequence[Exception]:
        """
        Redact, store and note everything; called once per asset, from any thread.

        An answer that is beyond us is left out, the outcome says so, and the bug is returned. Raises when nothing can
        be kept any more.
        """
        ...

    @property
    def due(self) -> bool:
        """Whether so much was kept that a part of it is to be written."""
        ...

    def write_due(self) -> None:
        """Write that part, from any thread."""
        ...


class Keeping:
    """Hands findings to a recorder, from the event loop or from a thread. Open while the run goes on."""

    def __init__(self, recorder: Recorder, monotonic: Callable[[], float]) -> None:
        self._recorder = recorder
        self._monotonic = monotonic
        self._threads = ThreadPoolExecutor(max_workers=KEEPERS, thread_name_prefix="keep")
        self._away = 0
        """Assets still to be kept in threads."""
        self._pending = 0
        """What threads are doing."""
        self._next = FEWEST
        self._slow = 0
        """How many in a row took long in the loop."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._threads.shutdown()

    async def keep(self, findings: Findings, outcome: Outcome) -> Sequence[Exception]:
        """Make them evidence; return the bugs met. Raises what the recorder raises."""
        if self._recorder.nearby and not self._away and not self._pending and _size(findings) < LARGE_BYTES:
            bugs = self._keep_here(findings, outcome)
            await asyncio.sleep(0)  # what arrived meanwhile is looked at before the next asset's is kept
            if self._recorder.due:
                await self._in_a_thread(self._recorder.write_due)
            return bugs
        try:
            return await self._in_a_thread(self._keep_away, findings, outcome)
        finally:
            self._away = max(self._away - 1, 0)

    def _keep_away(self, findings: Findings, outcome: Outcome) -> Sequence[Exception]:
        bugs = self._recorder.keep(findings, outcome)
        if self._recorder.due:
            self._recorder.write_due()
        return bugs

    async def _in_a_thread(self, act: Callable[..., _Said], *given: object) -> _Said:
        """Act in a thread; whatever is kept meanwhile is kept in one, too, for the recorder may be locked."""
        self._pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, act, *given)
        finally:
            self._pending -= 1

    def _keep_here(self, findings: Findings, outcome: Outcome) -> Sequence[Exception]:
        begun = self._monotonic()
        bugs = self._recorder.keep(findings, outcome)
        if self._monotonic() - begun <= QUICK_S:
            self._slow, self._next = 0, FEWEST
            return bugs
        self._slow += 1
        if self._slow > 1:
            self._away, self._next = self._next, min(self._next * 4, MOST)
        return bugs


def _size(findings: Findings) -> int:
    """Return about how many bytes the findings are as text."""
    answers = (heard.answer.data for heard in findings.heard)
    return sum(len(data) if isinstance(data, bytes) else len(data) * _VALUE_BYTES for data in answers)
