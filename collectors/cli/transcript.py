"""What happens in a run, on standard error while it happens: as text with -vv and -vvv, or as JSON lines."""

import json
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from collectors.events import Answered, Ended, Event, Requested, RunBegan, VisitBegan, VisitEnded
from evidence.clock import Clock
from evidence.harmless import UNSEEN, harmless, one_line
from evidence.model.outcome import Result

REQUESTS, ANSWERS = 2, 3
"""How many -v it takes to be told of each request, and of each answer."""
MAX_SHOWN_BYTES = 64 * 1024
"""So much of an answer is shown: a long configuration; all of it is in the evidence."""

_WARNED = frozenset({Result.PARTIAL, Result.UNREACHABLE, Result.AUTH_FAILED, Result.REFUSED, Result.LEFT_ALONE})


def write_line(text: str) -> None:
    """Write a line to standard error; one that is gone ends no run."""
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except OSError:
        return


@dataclass(slots=True, kw_only=True)
class Transcript:
    """Tells people of requests, and of answers without their secrets."""

    verbosity: int
    write: Callable[[str], None] = write_line
    _lock: threading.RLock = field(default_factory=threading.RLock)
    """A signal may come in the middle of a line, and be told of in one of its own."""

    def __call__(self, event: Event) -> None:
        """Tell of an event."""
        match event:
            case Requested() if self.verbosity >= REQUESTS:
                told = f"failed: {event.error}" if event.error else f"{event.received} values or bytes"
                what = f"{event.asset}: {event.transport} {event.verb} {event.object}"
                self._say(one_line(f"{what}: {told}, {event.took_s * 1000:.0f} ms"))
            case Answered() if self.verbosity >= ANSWERS:
                whole = "" if event.complete else ", not whole"
                self._say(one_line(f"{event.asset}: {event.transport} {event.request}{whole}:"), _shown(event.data))
            case VisitEnded(outcome=outcome) if self.verbosity >= REQUESTS:
                self._say(one_line(f"{outcome.asset}: {outcome.result}: {outcome.reason or 'as planned'}"))

    def _say(self, *parts: str) -> None:
        with self._lock:
            self.write("\n".join(parts))


@dataclass(slots=True, kw_only=True)
class JsonLog:
    """Tells machines: one JSON object a line, each with the run's id, and the asset's where it is about one."""

    clock: Clock
    verbosity: int
    write: Callable[[str], None] = write_line
    _run: str | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)
    """As that of `Transcript`."""

    def __call__(self, event: Event) -> None:
        """Tell of an event."""
        match event:
            case RunBegan(run=run):
                self._run = run
                self._log("info", event, asdict(event))
            case VisitEnded(outcome=outcome):
                level = "warning" if outcome.result in _WARNED else "info"
                self._log(level, event, {**asdict(outcome), "captures": event.captures})
            case Requested():
                if self.verbosity >= REQUESTS:
                    self._log("debug", event, {**asdict(event), "took_s": round(event.took_s, 4)})
            case Answered():
                if self.verbosity >= ANSWERS:
                    said = {"asset": event.asset, "transport": event.transport, "request": event.request}
                    answer = event.data[:MAX_SHOWN_BYTES].decode("utf-8", "backslashreplace")
                    self._log("debug", event, {**said, "complete": event.complete, "answer": answer})
            case VisitBegan():
                if self.verbosity >= REQUESTS:
                    self._log("debug", event, asdict(event))
            case Ended(error=error):
                self._log("info" if error is None else "error", event, asdict(event))
            case _:
                self._log("info", event, asdict(event))

    def said(self, level: str, text: str) -> None:
        """Tell of what a command says in words."""
        self._line({"level": level, "event": "said", "text": text})

    def _log(self, level: str, event: Event, about: Mapping[str, object]) -> None:
        self._line({"level": level, "event": _name(event), **about})

    def _line(self, about: Mapping[str, object]) -> None:
        at = self.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        run = {"run": self._run} if self._run and "run" not in about else {}
        text = json.dumps({"at": at, **about, **run}, ensure_ascii=False)
        with self._lock:
            self.write(UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def _name(event: Event) -> str:
    """Return `visit-ended` for `VisitEnded`."""
    return "".join(f"-{ch.lower()}" if ch.isupper() else ch for ch in type(event).__name__).lstrip("-")


def _shown(data: bytes) -> str:
    text = harmless(data[:MAX_SHOWN_BYTES].decode("utf-8", "backslashreplace")).rstrip("\n")
    more = len(data) - MAX_SHOWN_BYTES
    lines = [f"  | {line}" for line in text.split("\n")]
    return "\n".join([*lines, f"  and {more} bytes more"] if more > 0 else lines)
