"""Those who look on at a run: transcripts, JSON logs, metrics, pings and traces; none of them may fail it."""

import json
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from collectors.cli.system import SystemClock
from collectors.cli.transcript import MAX_SHOWN_BYTES, JsonLog, Transcript
from collectors.events import Answered, Ended, Requested, RunBegan, RunSealed, Started, VisitBegan, VisitEnded
from collectors.pings import Pings
from collectors.simulate.ssh import SimulatedCli, read_devices
from collectors.telemetry import TelemetryError, open_telemetry
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result

PASSWORD = "l0gin-Passw0rd-77"
COMMUNITY = "w3ld-0bserver"


@pytest.fixture
def switch(site: Any) -> Iterator[Any]:
    """A site of one switch that says its own password in an answer, and one asset that is down."""
    (core,) = read_devices(Path(str(files("collectors.demo") / "plant" / "core-sw-01.yaml")))
    version = core.commands["show version"] + f"\nlast login with {PASSWORD}\n"
    device = replace(core, password=PASSWORD, commands={**core.commands, "show version": version})
    with SimulatedCli([device]) as simulated:
        site.hosts = {
            "core": {
                "ansible_host": "127.0.0.1",
                "ansible_port": simulated.port,
                "ansible_user": "core-sw-01",
                "ansible_password": PASSWORD,
                "ansible_network_os": "cisco.ios.ios",
            },
            "down": {
                "ansible_host": "127.0.0.1",
                "plantproof_snmp_port": 9,
                "plantproof_snmp_community": COMMUNITY,
            },
        }
        site.write()
        (site.folder / "known_hosts").write_text(simulated.known_hosts)
        yield site


@pytest.fixture
def quiet(site: Any) -> Any:
    """A site of one asset that is never asked."""
    site.judging = False
    site.hosts = {"press-7": {"ansible_host": "127.0.0.1", "plantproof_safety": "fragile"}}
    return site


@dataclass(slots=True)
class Receiver:
    """A real HTTP server on loopback that keeps what it is sent."""

    url: str = ""
    got: list[tuple[str, bytes]] = field(default_factory=list)


@contextmanager
def receiving(status: int = 200, wait: Callable[[], object] = lambda: None) -> Iterator[Receiver]:
    """Run a receiver that answers with `status` once `wait` returns."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.got.append((self.path, self.rfile.read(int(self.headers.get("Content-Length", 0)))))
            wait()
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


def test_a_transcript_shows_requests_and_answers_and_no_secret(switch: Any) -> None:
    config = (Path(str(files("collectors.demo") / "plant" / "core-sw-01.yaml"))).read_text()
    hidden = re.findall(r"(?:secret|community|key-string|password) (?:\d )?(\S{6,})", config)
    assert hidden
    ended = switch.collect("--no-assess", "-vvv")
    assert ended.code == 4
    assert re.search(r"^core: ssh run show version: \d+ values or bytes, \d+ ms$", ended.err, re.M)
    assert re.search(r"^down: snmp get .*: failed: Connection refused, \d+ ms$", ended.err, re.M)
    assert re.search(r"^  \| last login with <secret:credential:", ended.err, re.M)
    assert re.search(r"^  \| interface ", ended.err, re.M), "the configuration is there, line by line"
    assert not [text for text in (PASSWORD, COMMUNITY, *hidden) if text in ended.said]


def test_requests_are_told_without_answers() -> None:
    lines: list[str] = []
    told = Transcript(verbosity=2, write=lines.append)
    core = AssetId("core")
    told(Requested(asset=core, transport="ssh", verb="run", object="show x", took_s=0.02, received=7, error=None))
    told(Answered(asset=core, transport="ssh", request="show x", data=b"answer\n", complete=True))
    told(VisitEnded(outcome=Outcome(asset=core, result=Result.PARTIAL, reason="cut\x1b[2J"), captures=1, redactions=0))
    assert lines == ["core: ssh run show x: 7 values or bytes, 20 ms", "core: partial: cut\\x1b[2J"]


def test_a_very_long_answer_is_shown_in_part_and_steers_no_terminal() -> None:
    lines: list[str] = []
    told = Transcript(verbosity=3, write=lines.append)
    data = b"\x1b[31m" + b"x" * MAX_SHOWN_BYTES
    told(Answered(asset=AssetId("core"), transport="ssh", request="show x", data=data, complete=False))
    (text,) = lines
    assert text.startswith("core: ssh show x, not whole:\n  | \\x1b[31mxxx")
    assert text.endswith("\n  and 5 bytes more")


def test_a_json_log_names_run_and_asset_in_every_line_that_has_one(switch: Any) -> None:
    switch.settings = {"log": "json"}
    ended = switch.collect("--no-assess", "-vvv")
    rows = [json.loads(line) for line in ended.err.splitlines()]
    (run,) = {row["run"] for row in rows if "run" in row}
    assert run.startswith("adhoc-")
    events = [row["event"] for row in rows]
    assert (events[0], events[1], events[-1]) == ("started", "run-began", "ended")
    outcomes = {row["asset"]: row for row in rows if row["event"] == "visit-ended"}
    assert (outcomes["core"]["result"], outcomes["core"]["level"]) == ("collected", "info")
    assert (outcomes["down"]["result"], outcomes["down"]["level"]) == ("unreachable", "warning")
    assert all(row["asset"] == "core" for row in rows if row["event"] == "answered")
    assert any(row["event"] == "requested" and row["object"] == "show version" for row in rows)
    assert PASSWORD not in ended.said
    assert all(row["at"].endswith("Z") and row["level"] for row in rows)


def test_what_ends_a_run_before_its_time_is_in_the_log_too(quiet: Any) -> None:
    quiet.write()
    ended = quiet.run("collect", "-l", "nobody", "--log-format", "json")
    rows = [json.loads(line) for line in ended.err.splitlines()]
    assert ended.code == 5
    assert [row["event"] for row in rows[:2]] == ["started", "ended"]
    assert (rows[1]["code"], "nobody" in rows[1]["error"]) == (5, True)
    assert rows[2]["level"] == "error"


def figures(file: Path) -> dict[tuple[str, str], float]:
    """Return (name, distinguishing label) -> value of a metrics file, as Prometheus's own parser reads it."""
    found = {}
    for family in text_string_to_metric_families(file.read_text()):
        assert (family.type, bool(family.documentation)) == ("gauge", True)
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("owner") == 'acme "süd"'
            assert labels.pop("plan") == "adhoc"
            found[sample.name.removeprefix("plantproof_"), "".join(labels.values())] = sample.value
    return found


def test_the_figures_of_a_run_are_left_for_prometheus(switch: Any) -> None:
    switch.settings = {"metrics": "plantproof.prom", "owner": 'acme "süd"'}
    assert switch.collect().code == 4
    file = switch.folder / "plantproof.prom"
    told = figures(file)
    assert told["run_assets", "collected"] == told["run_assets", "unreachable"] == 1
    assert told["run_assets", "refused"] == 0
    assert told["run_exit_code", ""] == 4
    assert told["run_requests", ""] > 3
    assert 0 < told["run_duration_seconds", ""] < 60
    ended = told["run_end_timestamp_seconds", ""]
    assert ended - 60 < told["evidence_newest_timestamp_seconds", ""] <= ended
    assert told["run_success_timestamp_seconds", ""] == ended
    assert told["findings", "not-assessed"] > 0
    assert file.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in switch.folder.glob("*prom*")] == ["plantproof.prom"], "no draft is left"

    assert switch.run("collect", "-l", "nobody").code == 5
    after = figures(file)
    assert after["run_exit_code", ""] == 5
    assert after["run_end_timestamp_seconds", ""] > ended
    kept = [row for row in told if row[0].startswith(("run_success", "evidence", "findings"))]
    assert {row: after[row] for row in kept} == {row: told[row] for row in kept}, "what it cannot know stays as it was"
    assert not [row for row in after if row[0] == "run_assets"]


def test_each_job_has_a_file_of_its_own(quiet: Any) -> None:
    quiet.settings = {"metrics": "plantproof.prom", "jobs": [{"name": "often", "every": "12h", "grace": "12h"}]}
    assert quiet.collect("--slot", "often").code == 0
    assert 'plan="often"' in (quiet.folder / "plantproof-often.prom").read_text()
    assert not (quiet.folder / "plantproof.prom").exists()


def test_metrics_that_cannot_be_written_fail_no_run(quiet: Any) -> None:
    quiet.settings = {"metrics": "nowhere/plantproof.prom"}
    ended = quiet.collect()
    assert (ended.code, "warning: " in ended.err, "the metrics cannot be written" in ended.err) == (0, True, True)


def test_a_run_that_starts_and_ends_is_pinged(quiet: Any) -> None:
    with receiving() as receiver:
        quiet.settings = {"healthcheck": f"{receiver.url}/ping/uuid"}
        assert quiet.collect().said == ""
        assert receiver.got == [("/ping/uuid/start", b""), ("/ping/uuid", b"exit code 0: 1 excluded")]
        receiver.got.clear()
        assert quiet.run("collect", "-l", "nobody").code == 5
        assert receiver.got[1] == ("/ping/uuid/fail", b"exit code 5: no asset was read")
        assert quiet.collect("--check").code == 0
        assert len(receiver.got) == 2, "what touches nothing is no run"


def test_a_ping_that_is_refused_fails_no_run_and_keeps_its_address(quiet: Any) -> None:
    with receiving(status=500) as receiver:
        quiet.settings = {"healthcheck": f"{receiver.url}/ping/uuid"}
        ended = quiet.collect()
    assert (ended.code, ended.err.count("warning: the health check"), "uuid" in ended.err) == (0, 2, False)
    assert "HTTP 500" in ended.err


def test_a_ping_into_a_void_holds_nothing_up() -> None:
    warned: list[str] = []
    released = threading.Event()
    with receiving(wait=lambda: released.wait(20)) as receiver:
        pings = Pings(url=receiver.url, warn=warned.append, timeout_s=0.2)
        pings(Started(job="nightly"))
        pings(Ended(code=0))
        released.set()
    assert [text.partition(":")[0] for text in warned] == [
        "the health check/start was not told",
        "the health check was not told",
    ]


def test_a_run_is_a_trace() -> None:
    core, down, fragile = (AssetId(name) for name in ("core", "down", "press-7"))
    with receiving() as receiver:
        told = open_telemetry(receiver.url, owner="acme", version="9", warn=pytest.fail)
        told(Started(job="nightly"))
        told(RunBegan(run="nightly-1", slot="nightly", assets=3))
        for asset, result, reason in (
            (core, Result.COLLECTED, None),
            (down, Result.UNREACHABLE, "it refuses SNMP"),
        ):
            told(VisitBegan(asset=asset))
            told(VisitEnded(outcome=Outcome(asset=asset, result=result, reason=reason), captures=1, redactions=0))
        never = Outcome(asset=fragile, result=Result.EXCLUDED, reason="fragile")
        told(VisitEnded(outcome=never, captures=0, redactions=0))
        told(RunSealed(requests=12, pin=None))
        told(Ended(code=4))
    ((path, body),) = receiver.got
    assert path == "/v1/traces"
    (resource,) = ExportTraceServiceRequest.FromString(body).resource_spans
    named = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert (named["service.name"], named["service.namespace"]) == ("plantproof", "acme")
    spans = [span for scope in resource.scope_spans for span in scope.spans]
    (run,) = (span for span in spans if span.name == "plantproof.run")
    visits = {
        next(one.value.string_value for one in span.attributes if one.key == "plantproof.asset"): span
        for span in spans
        if span.name == "plantproof.visit"
    }
    assert visits.keys() == {"core", "down"}, "what was not asked was not visited"
    assert all(span.parent_span_id == run.span_id and span.trace_id == run.trace_id for span in visits.values())
    assert (visits["core"].status.code, visits["down"].status.code) == (0, 2)
    assert visits["down"].status.message == "it refuses SNMP"
    assert run.start_time_unix_nano <= visits["core"].start_time_unix_nano < visits["core"].end_time_unix_nano
    numbers = {one.key: one.value.int_value for one in run.attributes}
    assert (numbers["plantproof.requests"], numbers["plantproof.exit_code"]) == (12, 4)


def test_a_trace_nobody_takes_fails_no_run(quiet: Any) -> None:
    with receiving(status=400) as receiver:
        quiet.settings = {"otlp": receiver.url}
        ended = quiet.collect()
    assert (ended.code, ended.err) == (0, "warning: the trace was not sent: it was not taken\n")


def test_traces_without_their_library_are_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(TelemetryError) as caught:
        open_telemetry("http://127.0.0.1:9", owner="acme", version="0", warn=print)
    assert "plantproof[otel]" in str(caught.value.hint)


def test_a_signal_in_the_middle_of_a_line_is_told_of_and_stops_nothing() -> None:
    """What handles it runs in the thread that is writing: it must not wait for that thread."""
    lines: list[str] = []

    def write(text: str) -> None:
        if not lines:
            lines.append("begun")
            signal.raise_signal(signal.SIGUSR1)
        lines.append(text)

    log = JsonLog(clock=SystemClock(), verbosity=0, write=write)
    before = signal.signal(signal.SIGUSR1, lambda *_: log.said("ending", "what was read is being sealed"))
    try:
        log(Ended(code=0))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert [json.loads(line)["event"] for line in lines[1:]] == ["said", "ended"]
