"""A run as an OpenTelemetry trace: one span for the run, one for each visit; sent over OTLP/HTTP when it has ended."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from collectors.events import Ended, Event, RunBegan, RunSealed, Started, VisitBegan, VisitEnded
from evidence.errors import Error
from evidence.model.names import AssetId
from evidence.model.outcome import Result

TIMEOUT_S = 5
"""How long sending may take at the end of a run, seconds."""
BATCH = 512
"""Spans in one message, as OpenTelemetry's batch processor sends by itself."""
_TROUBLE = frozenset({Result.UNREACHABLE, Result.AUTH_FAILED, Result.REFUSED, Result.INTERRUPTED})


class TelemetryError(Error):
    """Traces are asked for, and what sends them is not installed."""

    exit_code = 5


@dataclass(slots=True, kw_only=True)
class Telemetry:
    """Watches a run, and traces it. Make it with `open_telemetry`."""

    provider: Any
    exporter: Any
    finished: list[Any]
    """Spans that have ended."""
    warn: Callable[[str], None]
    _tracer: Any = None
    _run: Any = None
    _visits: dict[AssetId, Any] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case Started(job=job):
                self._tracer = self.provider.get_tracer("plantproof")
                self._run = self._tracer.start_span("plantproof.run", attributes={"plantproof.job": job})
            case RunBegan(run=run, slot=slot, assets=assets):
                self._run.set_attributes({"plantproof.run": run, "plantproof.slot": slot, "plantproof.assets": assets})
            case VisitBegan(asset=asset):
                from opentelemetry.trace import set_span_in_context

                self._visits[asset] = self._tracer.start_span(
                    "plantproof.visit",
                    context=set_span_in_context(self._run),
                    attributes={"plantproof.asset": str(asset)},
                )
            case VisitEnded():
                self._visited(event)
            case RunSealed(requests=requests):
                self._run.set_attribute("plantproof.requests", requests)
            case Ended():
                self._ended(event)

    def _visited(self, event: VisitEnded) -> None:
        from opentelemetry.trace import Status, StatusCode

        span = self._visits.pop(event.outcome.asset, None)
        if span is None:  # it was not asked
            return
        span.set_attributes({"plantproof.result": str(event.outcome.result), "plantproof.captures": event.captures})
        if event.outcome.result in _TROUBLE:
            span.set_status(Status(StatusCode.ERROR, event.outcome.reason))
        span.end()

    def _ended(self, event: Ended) -> None:
        from opentelemetry.trace import Status, StatusCode

        self._run.set_attribute("plantproof.exit_code", event.code)
        if event.error is not None:
            self._run.set_status(Status(StatusCode.ERROR, event.error))
        self._run.end()
        told: list[bool] = []
        thread = threading.Thread(target=lambda: told.append(self._send()), daemon=True, name="trace")
        thread.start()
        thread.join(TIMEOUT_S)
        if told != [True]:
            self.warn("the trace was not sent: " + ("it was not taken" if told else "no answer in time"))

    def _send(self) -> bool:
        """Send everything; return whether it was taken."""
        from opentelemetry.sdk.trace.export import SpanExportResult

        for first in range(0, len(self.finished), BATCH):
            if self.exporter.export(self.finished[first : first + BATCH]) is not SpanExportResult.SUCCESS:
                return False
        return True


def open_telemetry(url: str, *, owner: str, version: str, warn: Callable[[str], None]) -> Telemetry:
    """Return what traces runs to the OTLP/HTTP receiver at `url`; raise `TelemetryError` without its library."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    except ImportError as error:
        hint = "pip install 'plantproof[otel]', or leave out otlp"
        raise TelemetryError("traces need a library that is not installed", hint=hint) from error
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)  # what fails is said in our words
    finished: list[Any] = []

    class Keeping(SpanProcessor):
        """Keeps spans until the run has ended: a batch processor drops what comes too fast."""

        def on_end(self, span: Any) -> None:
            """Keep a span that has ended."""
            finished.append(span)

    names = {"service.name": "plantproof", "service.version": version, "service.namespace": owner}
    provider = TracerProvider(resource=Resource.create(names), shutdown_on_exit=False)
    provider.add_span_processor(Keeping())
    exporter = OTLPSpanExporter(endpoint=url.rstrip("/") + "/v1/traces", timeout=TIMEOUT_S)
    return Telemetry(provider=provider, exporter=exporter, finished=finished, warn=warn)
