"""
Figures of a run for Prometheus, as a file for node_exporter's textfile collector (Prometheus text format 0.0.4).

Moments are given as timestamps and not as ages, so that they go on ageing while nothing runs. What a failed run cannot
know (the last success, the newest evidence, the findings) is carried over from the file of the run before.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from collectors.events import Ended, Event, RunJudged, RunSealed, Started, VisitEnded
from evidence.clock import Clock
from evidence.model.outcome import Result

MAX_FILE_BYTES = 64 * 1024
"""So much of the file before is read: ours has some 30 lines."""
DONE = frozenset({0, 2, 4, 6, 8})
"""Exit codes of a run that did what it was to do, whatever it found (`ExitCode`)."""

METRICS: Mapping[str, str] = {
    "plantproof_run_end_timestamp_seconds": "When the newest run ended.",
    "plantproof_run_success_timestamp_seconds": "When the newest run ended that did all it was to do.",
    "plantproof_run_duration_seconds": "How long the newest run took.",
    "plantproof_run_exit_code": "The exit code of the newest run.",
    "plantproof_run_requests": "Requests the newest run sent.",
    "plantproof_run_assets": "Assets of the newest run, by result.",
    "plantproof_evidence_newest_timestamp_seconds": "When an asset was last read.",
    "plantproof_findings": "Findings of the newest assessment, by status.",
}
"""Name -> help; all are gauges."""

_Row = tuple[str, str, str]
"""Name, labels, value."""
_LINE = re.compile(r"(?P<name>plantproof_[a-z_]+)\{(?P<labels>[^\n]*)\} (?P<value>[0-9.e+-]{1,40})")
_CARRIED = frozenset(
    {
        "plantproof_run_success_timestamp_seconds",
        "plantproof_evidence_newest_timestamp_seconds",
        "plantproof_findings",
    }
)


@dataclass(slots=True, kw_only=True)
class Metrics:
    """Watches a run, and writes its figures when it has ended."""

    file: Path
    owner: str
    clock: Clock
    warn: Callable[[str], None]
    _job: str = "adhoc"
    _began: float = 0.0
    _results: Counter[Result] = field(default_factory=Counter)
    _requests: int | None = None
    _newest: float | None = None
    _findings: Mapping[str, int] | None = None

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case Started(job=job):
                self._job, self._began = job, self.clock.monotonic()
            case VisitEnded(outcome=outcome, captures=captures):
                self._results[outcome.result] += 1
                if captures:
                    self._newest = self.clock.now().timestamp()
            case RunSealed(requests=requests):
                self._requests = requests
            case RunJudged(counts=counts):
                self._findings = counts
            case Ended(code=code):
                self._write(code)

    def _write(self, code: int) -> None:
        place = self.file if self._job == "adhoc" else self.file.with_stem(f"{self.file.stem}-{self._job}")
        try:
            rows = list(self._rows(code))
            known = {name for name, _, _ in rows}
            rows += [row for row in _read(place) if row[0] in _CARRIED and row[0] not in known]
            _replace(place, _text(rows))
        except OSError as error:
            self.warn(f"{place}: the metrics cannot be written: {error.strerror}")

    def _rows(self, code: int) -> Iterator[_Row]:
        """Yield what this run knows."""
        now = self.clock.now().timestamp()
        labels = f'owner="{_escaped(self.owner)}",plan="{_escaped(self._job)}"'
        yield "plantproof_run_end_timestamp_seconds", labels, f"{now:.3f}"
        yield "plantproof_run_duration_seconds", labels, f"{self.clock.monotonic() - self._began:.3f}"
        yield "plantproof_run_exit_code", labels, f"{code}"
        if code in DONE:
            yield "plantproof_run_success_timestamp_seconds", labels, f"{now:.3f}"
        if self._requests is not None:
            yield "plantproof_run_requests", labels, f"{self._requests}"
            for result in Result:
                yield "plantproof_run_assets", f'{labels},result="{result}"', f"{self._results[result]}"
        if self._newest is not None:
            yield "plantproof_evidence_newest_timestamp_seconds", labels, f"{self._newest:.3f}"
        for status, number in (self._findings or {}).items():
            yield "plantproof_findings", f'{labels},status="{status.replace("_", "-")}"', f"{number}"


def _text(rows: Iterable[_Row]) -> str:
    by_name: dict[str, list[str]] = {}
    for name, labels, value in rows:
        by_name.setdefault(name, []).append(f"{name}{{{labels}}} {value}\n")
    heads = ((name, f"# HELP {name} {told}\n# TYPE {name} gauge\n") for name, told in METRICS.items())
    return "".join(head + "".join(by_name[name]) for name, head in heads if name in by_name)


def _read(place: Path) -> Iterator[_Row]:
    """Yield the rows of the file before, as far as they are ours."""
    try:
        with place.open("rb") as file:
            text = file.read(MAX_FILE_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:
        return
    for line in text.split("\n"):
        if found := _LINE.fullmatch(line):
            yield found["name"], found["labels"], found["value"]


def _replace(place: Path, text: str) -> None:
    """Write a file whole or not at all; node_exporter reads at any moment, and as another user."""
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.chmod(0o644)
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)


def _escaped(text: str) -> str:
    """Return a label's value as the text format writes it."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
