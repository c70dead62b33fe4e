"""How a run is told: to a person, to a machine, to cron, and to nobody."""

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr
from typing import Any

import pytest

from collectors.cli.progress import Progress
from collectors.cli.recap import exit_code, news, recap
from collectors.record import Kept
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result


def kept(asset: str, result: Result, reason: str | None = None) -> Kept:
    outcome = Outcome(asset=AssetId(asset), result=result, reason=reason)
    return Kept(outcome=outcome, captures=3, redactions=1, ended="2026-11-22T12:00:00Z", uptime=None, restarted=None)


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([], 0),
        ([Result.COLLECTED, Result.PARTIAL, Result.EXCLUDED, Result.OUT_OF_WINDOW, Result.OFF_BY_SCHEDULE], 0),
        ([Result.COLLECTED, Result.AUTH_FAILED], 2),
        ([Result.REFUSED], 2),
        ([Result.LEFT_ALONE], 2),
        ([Result.UNREACHABLE], 4),
        ([Result.UNREACHABLE, Result.LEFT_ALONE], 6),
        ([Result.UNREACHABLE, Result.INTERRUPTED], 99),
    ],
)
def test_the_exit_code_is_the_worst_that_happened(results: list[Result], code: int) -> None:
    assert exit_code(Outcome(asset=AssetId("a"), result=result) for result in results) == code


def test_news_is_trouble_that_was_not_there_before() -> None:
    now = {
        AssetId("down"): kept("down", Result.UNREACHABLE, "no answer"),
        AssetId("still-down"): kept("still-down", Result.UNREACHABLE, "no answer"),
        AssetId("fine"): kept("fine", Result.COLLECTED),
        AssetId("half"): kept("half", Result.PARTIAL),
    }
    before = {AssetId("still-down"): Result.UNREACHABLE, AssetId("half"): Result.COLLECTED, AssetId("fine"): None}
    assert list(news(now, before)) == ["down: unreachable: no answer", "half: partial"]


def test_the_recap_has_a_line_an_asset() -> None:
    lines = list(recap({AssetId("b"): kept("b", Result.PARTIAL, "cut"), AssetId("a"): kept("a", Result.COLLECTED)}))
    assert [line.split() for line in lines] == [
        ["ASSET", "RESULT", "CAPTURES", "REDACTIONS"],
        ["a", "collected", "3", "1"],
        ["b", "partial", "3", "1", "cut"],
    ]


class Terminal(io.StringIO):
    """A standard error that is a terminal, until it is gone."""

    def __init__(self, *, gone: bool = False) -> None:
        super().__init__()
        self._gone = gone

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self._gone:
            raise OSError(5, "Input/output error")
        return super().write(text)


def count(total: int) -> Iterator[Outcome]:
    for number in range(total):
        yield Outcome(asset=AssetId(f"sw-\x1b[31m{number}"), result=Result.COLLECTED)


def test_progress_is_one_line_on_a_terminal() -> None:
    terminal = Terminal()
    with redirect_stderr(terminal), Progress(4) as progress:
        for outcome in count(4):
            progress.note(outcome)
    shown = terminal.getvalue()
    assert "━" * 24 + " 4/4 sw-\\x1b[31m3: collected" in shown
    assert shown.endswith("\r\x1b[K")
    assert "\n" not in shown


def test_a_terminal_that_is_gone_ends_the_progress_and_not_the_run() -> None:
    with redirect_stderr(Terminal(gone=True)), Progress(2) as progress:
        for outcome in count(2):
            progress.note(outcome)


def test_there_is_no_progress_where_nobody_watches() -> None:
    nobody = io.StringIO()
    with redirect_stderr(nobody), Progress(2) as progress:
        for outcome in count(2):
            progress.note(outcome)
    assert nobody.getvalue() == ""


@pytest.fixture
def trouble(site: Any) -> Any:
    """A site of one asset that is down and one that is not to be asked."""
    down = {"ansible_host": "127.0.0.1", "plantproof_snmp_community": "w3ld-0bserver", "plantproof_snmp_port": 9}
    site.hosts = {"down": down, "press-7": {"ansible_host": "127.0.0.1", "plantproof_safety": "fragile"}}
    return site


def test_cron_hears_of_trouble_once(trouble: Any) -> None:
    first = trouble.collect()
    assert (first.code, first.out) == (4, "")
    assert first.err.startswith("down: unreachable: ")
    again = trouble.collect()
    assert (again.code, again.said) == (4, "")


def test_a_machine_is_told_everything(trouble: Any) -> None:
    told = json.loads(trouble.collect("--format", "json").out)
    assert told["schema"] == "urn:plantproof:collect:v1"
    assert [(row["asset"], row["result"]) for row in told["assets"]] == [
        ("down", "unreachable"),
        ("press-7", "excluded"),
    ]
    assert told["log"]["origin"].startswith("acme.example/acme/")


def test_unsealed_is_said(trouble: Any) -> None:
    ended = trouble.collect("--no-seal", "-v")
    assert ended.out.rstrip().endswith("not sealed")
    assert json.loads(trouble.collect("--no-seal", "--format", "json").out)["log"] is None
    assert "nothing to seal" not in trouble.run("seal").out
    assert trouble.verify().code == 0


def test_the_plan_tells_what_is_not_asked_and_why(trouble: Any) -> None:
    trouble.hosts["odd"] = {"ansible_host": "127.0.0.1", "plantproof_platform": "no_such", **trouble.hosts["down"]}
    said = trouble.collect("--check").out
    assert "press-7 (127.0.0.1): platform found by its sysObjectID, fragile\n  not asked: excluded: " in said
    assert "note: no platform file is named 'no_such'" in said
    rows = json.loads(trouble.collect("--check", "--format", "json").out)["plan"]
    assert [row["asset"] for row in rows] == ["down", "odd", "press-7"]
    assert rows[2]["requests"] == []
    assert not trouble.store.exists()


def test_what_does_not_fit_together_is_bad_usage(trouble: Any) -> None:
    assert trouble.collect("-t", "tabels").code == 5
    assert trouble.collect("-K", "--no-input").code == 5
    assert trouble.collect("--part", "3/2").code == 5
    assert trouble.collect("-f", "0").code == 5
    assert trouble.collect("-l", "nobody").code == 5


def test_without_built_in_platforms_the_generic_one_is_left(trouble: Any) -> None:
    del trouble.hosts["press-7"]
    assert "1.3.6.1.2.1.1.2.0" in trouble.collect("--check", "--platforms", "none").out


def test_a_host_list_is_only_that(trouble: Any) -> None:
    ended = trouble.collect("--list-hosts")
    assert (ended.code, ended.out) == (0, "down\npress-7\n")
    assert not trouble.store.exists()
