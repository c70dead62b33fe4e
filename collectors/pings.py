"""
Pings to a dead man's switch: it hears when a run starts and ends, and raises the alarm when one stays away.

The forms are those of healthchecks.io: `URL/start`, `URL`, `URL/fail`, a few words as the body. A ping never fails a
run, and never holds one up for longer than `TIMEOUT_S`, whatever the other side does.
"""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from collectors.events import Ended, Event, Started, VisitEnded
from collectors.metrics import DONE
from evidence.model.outcome import Result

TIMEOUT_S = 5.0
"""How long a ping may take, the whole of it."""


@dataclass(slots=True, kw_only=True)
class Pings:
    """Watches a run, and pings at its ends."""

    url: str
    warn: Callable[[str], None]
    timeout_s: float = TIMEOUT_S
    _results: Counter[Result] = field(default_factory=Counter)

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case Started():
                self._ping("/start", "")
            case VisitEnded(outcome=outcome):
                self._results[outcome.result] += 1
            case Ended(code=code):
                told = ", ".join(f"{number} {result}" for result, number in sorted(self._results.items()))
                self._ping("" if code in DONE else "/fail", f"exit code {code}: {told or 'no asset was read'}")

    def _ping(self, path: str, words: str) -> None:
        """Ping from a thread of its own: a server that sends a byte a minute is left behind with it."""
        failed: list[str] = ["no answer in time"]

        def send() -> None:
            failed[:] = _send(self.url.rstrip("/") + path, words, self.timeout_s)

        thread = threading.Thread(target=send, daemon=True, name="ping")
        thread.start()
        thread.join(self.timeout_s)
        for why in failed:
            self.warn(f"the health check{path} was not told: {why}")  # its URL is a secret of a kind


def _send(url: str, words: str, timeout_s: float) -> list[str]:
    """Send one ping; return why it failed."""
    import urllib3

    try:
        with urllib3.PoolManager(retries=False, timeout=timeout_s) as pool:
            reply = pool.request("POST", url, body=words.encode(), redirect=False, preload_content=False)
            reply.close()
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        return [type(error).__name__]
    return [] if reply.status < 300 else [f"HTTP {reply.status}"]
