"""Carrying out a plan: one outcome per planned asset, whatever breaks."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from collectors.ask import AskedSession
from collectors.conduct import Conduct
from collectors.credentials import Secret
from collectors.engine import Engine, EngineOptions
from collectors.inventory.host import Host, SshAccess
from collectors.locks import DeviceLocks
from collectors.memory import DeviceMemory
from collectors.pace import Pace
from collectors.plan import make_plan
from collectors.transports.interface import (
    Action,
    Answer,
    AuthenticationError,
    HostKeyError,
    LeftAloneError,
    NotReadOnlyError,
    RefusedError,
    TransportError,
    UnreachableError,
    WindowClosedError,
)
from collectors.visit import Findings
from evidence.model.asset import Asset
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import Platform, Question
from evidence.store.interface import StoreError

PLATFORMS = load_platforms()


class Still:
    """A clock that stands still, and does not make anybody wait."""

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 1000.0

    def wait(self, _seconds: float) -> None:
        return


class Kept:
    """A recorder that remembers what it was given."""

    nearby = True
    due = False

    def __init__(self, *, full: bool = False) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.heard: dict[str, int] = {}
        self._full = full

    def keep(self, findings: Findings, outcome: Outcome) -> Sequence[Exception]:
        if self._full:
            raise StoreError("the disk is full")
        assert findings.asset not in self.outcomes, "one outcome per asset"
        self.outcomes[findings.asset] = outcome
        self.heard[findings.asset] = len(findings.heard)
        return ()

    def write_due(self) -> None:
        raise AssertionError("it is never due")


class Scripted:
    """Doors behind which every asset does as it is told: answers, or raises at log-in or at a question."""

    host_key = "SHA256:abc"
    link = None

    def __init__(self, **trouble: Exception | Callable[[], None]) -> None:
        self.trouble = trouble
        self.opened: list[str] = []
        self.closed: list[str] = []

    @contextmanager
    def _door(self, host: Host) -> Iterator[AskedSession]:
        name = host.asset.id
        trouble = self.trouble.get(f"{name}_login")
        self.opened.append(name)
        if isinstance(trouble, Exception):
            raise trouble
        yield _Session(self.trouble.get(name))
        self.closed.append(name)

    def open(
        self, host: Host, transport: str, platform: Platform, cursors: Mapping[str, str]
    ) -> AbstractContextManager[AskedSession]:
        del transport, platform, cursors
        return self._door(host)


class _Session:
    host_key = "SHA256:abc"
    link = None

    def __init__(self, trouble: Exception | Callable[[], None] | None) -> None:
        self._trouble = trouble
        self._asked = 0

    def ask(self, question: Question) -> Answer:
        self._asked += 1
        if isinstance(self._trouble, Exception) and self._asked > 1:
            raise self._trouble
        if callable(self._trouble):
            self._trouble()
        return Answer(data=b"fine\n", request=question.request, took_ms=1)


def ssh(name: str, **more: object) -> Host:
    asset = Asset(id=AssetId(name), address=f"{name}.invalid", network_os="cisco.ios.ios", **more)  # type: ignore[arg-type]
    return Host(asset=asset, ssh=SshAccess(address=asset.address, user=f"reader-{name}", password=Secret("pa55word")))


class Run:
    """One run of the engine over hosts with a way in by SSH."""

    def __init__(self, folder: Path, doors: Scripted, *hosts: Host, **more: object) -> None:
        self.recorder = Kept(full=bool(more.pop("full", False)))
        self.doors = doors
        self.told: list[Outcome] = []
        clock, locks = Still(), DeviceLocks(folder / "locks")
        locks.prepare()
        self.conduct = Conduct(
            assets={host.asset.id: host.asset for host in hosts},
            clock=clock,
            pace=Pace(free=True),
            baselines={},
            held=lambda _: None,
            wait=clock.wait,
        )
        self.engine = Engine(
            plan=make_plan(hosts, PLATFORMS, tags=more.pop("tags", ())),  # type: ignore[arg-type]
            knowledge=PLATFORMS,
            conduct=self.conduct,
            recorder=self.recorder,
            doors=doors,
            locks=locks,
            clock=clock,
            memory=more.pop("memory", {}),  # type: ignore[arg-type]
            options=EngineOptions(forks=1),
            progress=self.told.append,
            **more,  # type: ignore[arg-type]
        )

    def carry_out(self) -> dict[str, Result]:
        asyncio.run(self.engine.run())
        return {asset: outcome.result for asset, outcome in self.recorder.outcomes.items()}


def test_a_bug_in_one_visit_costs_the_others_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path, Scripted(b=ValueError("pa55word")), ssh("a"), ssh("b"), ssh("c"))
    assert run.carry_out() == {"a": Result.COLLECTED, "b": Result.INTERRUPTED, "c": Result.COLLECTED}
    assert [type(bug) for bug in run.engine.bugs] == [ValueError]
    assert run.recorder.outcomes["b"].reason == "a fault of plantproof itself: ValueError"
    assert run.recorder.heard["b"] == 1, "what it said before is kept"
    assert len(run.told) == 3


@pytest.mark.parametrize(
    ("trouble", "result"),
    [
        (AuthenticationError("no"), Result.AUTH_FAILED),
        (HostKeyError("changed"), Result.REFUSED),
        (RefusedError("no"), Result.REFUSED),
        (LeftAloneError("hold"), Result.LEFT_ALONE),
        (UnreachableError("down"), Result.UNREACHABLE),
        (TransportError("odd"), Result.UNREACHABLE),
        (WindowClosedError("blackout", Result.OUT_OF_WINDOW), Result.OUT_OF_WINDOW),
        (WindowClosedError("switched off", Result.OFF_BY_SCHEDULE), Result.OFF_BY_SCHEDULE),
    ],
)
def test_every_trouble_at_login_has_its_result(tmp_path: Path, trouble: Exception, result: Result) -> None:
    run = Run(tmp_path, Scripted(a_login=trouble), ssh("a"))
    assert run.carry_out() == {"a": result}
    assert run.engine.bugs == []


def test_trouble_after_the_first_answer_is_partial_and_the_session_is_closed(tmp_path: Path) -> None:
    doors = Scripted(a=UnreachableError("gone"), b=WindowClosedError("blackout", Result.OUT_OF_WINDOW))
    assert Run(tmp_path, doors, ssh("a"), ssh("b")).carry_out() == {"a": Result.PARTIAL, "b": Result.PARTIAL}
    assert sorted(doors.closed) == ["a", "b"]


def test_a_question_that_is_not_read_only_is_counted_and_the_rest_is_asked(tmp_path: Path) -> None:
    run = Run(tmp_path, Scripted(a=NotReadOnlyError("not on the list")), ssh("a"))
    assert run.carry_out() == {"a": Result.PARTIAL}
    assert run.conduct.totals.refused > 0


def test_who_is_in_quarantine_is_not_visited(tmp_path: Path) -> None:
    doors = Scripted()
    memory = {AssetId("a"): DeviceMemory(quarantine="it restarted")}
    run = Run(tmp_path, doors, ssh("a"), memory=memory)
    assert run.carry_out() == {"a": Result.LEFT_ALONE}
    assert doors.opened == []
    assert "plantproof release a" in (run.recorder.outcomes["a"].reason or "")


def test_a_window_that_closed_meanwhile_is_kept(tmp_path: Path) -> None:
    doors = Scripted()
    closed = Outcome(asset=AssetId("a"), result=Result.OUT_OF_WINDOW, reason="blackout")
    assert Run(tmp_path, doors, ssh("a"), verdict=lambda _: closed).carry_out() == {"a": Result.OUT_OF_WINDOW}
    assert doors.opened == []


def test_who_had_no_turn_when_the_run_was_ended_is_interrupted(tmp_path: Path) -> None:
    doors = Scripted()
    run = Run(tmp_path, doors, *(ssh(name) for name in "abcde"))
    run.engine.progress = lambda _: run.conduct.stop()
    results = sorted(run.carry_out().values())
    assert results == [Result.COLLECTED] + [Result.INTERRUPTED] * 4
    assert len(doors.opened) == 1


def test_where_nothing_can_be_kept_nothing_more_is_asked(tmp_path: Path) -> None:
    doors = Scripted()
    run = Run(tmp_path, doors, *(ssh(name) for name in "abc"), full=True)
    with pytest.raises(StoreError):
        run.carry_out()
    assert len(doors.opened) == 1
    assert run.conduct.stopping


def test_an_asset_of_which_nothing_was_to_be_asked_is_not_called_collected(tmp_path: Path) -> None:
    local = Host(asset=Asset(id=AssetId("me"), address="localhost", platform="cisco_ios"), local=True)
    doors = Scripted()
    assert Run(tmp_path, doors, local).carry_out() == {"me": Result.EXCLUDED}
    assert doors.opened == []


def test_no_command_is_guessed_for_an_unknown_platform(tmp_path: Path) -> None:
    local = Host(asset=Asset(id=AssetId("me"), address="localhost", platform="no_such"), local=True)
    assert Run(tmp_path, Scripted(), local).carry_out() == {"me": Result.REFUSED}


def test_a_zone_in_which_devices_fall_silent_after_their_first_answer_is_left_alone(tmp_path: Path) -> None:
    names = [f"sw{number}" for number in range(9)]
    doors = Scripted()
    run = Run(tmp_path, doors, *(ssh(name, zone="weld") for name in names))

    def silent(name: str) -> None:
        action = Action(AssetId(name), "ssh", "run", "show version")
        for _ in range(3):
            run.conduct.leave(action, took_s=15.0, received=0, error="timeout")

    doors.trouble.update({name: partial(silent, name) for name in names})
    results = run.carry_out()
    assert sum(result is Result.LEFT_ALONE for result in results.values()) == 4
    assert len(doors.opened) == 5
