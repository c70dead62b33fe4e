"""What comes after a run: the report it leaves, why an asset failed, and owning up to a bug."""

import io
from contextlib import redirect_stderr
from typing import Any

import click
import pytest

from collectors.cli.tell import tell_bugs
from evidence.cli.invocation import Invocation

TRACEBACK = 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: odd \x1b[31m answer\n'


@pytest.fixture
def down(site: Any) -> Any:
    """A site of one asset that is down."""
    access = {"plantproof_snmp_community": "w3ld-0bserver", "plantproof_snmp_port": 9}
    site.hosts = {"down-sw": {"ansible_host": "127.0.0.1", **access}}
    return site


def test_why_shows_the_last_tries_and_their_reasons(down: Any) -> None:
    for _ in range(3):
        assert down.collect().code == 4
    ended = down.run("why", "down-sw", "-n", "2")
    assert ended.code == 0
    assert ended.out.count("unreachable") == 2
    assert "refuses SNMP" in ended.out
    unknown = down.run("why", "up-sw")
    assert (unknown.code, "no try to read it is in the log" in unknown.err) == (1, True)


def test_a_run_leaves_the_report_its_site_asks_for(down: Any) -> None:
    down.settings = {"report": "report.html"}
    assert down.collect().code == 4
    assert "down-sw" in (down.folder / "report.html").read_text()


def test_a_run_on_top_of_damaged_evidence_ends_as_not_verified(down: Any) -> None:
    assert down.collect().code == 4
    down.settings, down.covered = {"report": "report.html"}, False
    for blob in [path for path in (down.store / "blobs").rglob("*") if path.is_file()]:
        whole = blob.read_bytes()
        blob.write_bytes(b"something else")
        ended = down.collect()
        assert (ended.code, blob.name in ended.err or "verification FAILED" in ended.err) == (16, True)
        blob.write_bytes(whole)


@pytest.mark.parametrize(("verbosity", "where"), [(0, False), (1, True)])
def test_a_bug_is_owned_up_to_and_steers_no_terminal(verbosity: int, where: bool) -> None:
    said = io.StringIO()
    context = click.Context(click.Command("collect"), obj=Invocation(verbosity=verbosity))
    with context, redirect_stderr(said):
        tell_bugs([TRACEBACK])
    assert "ValueError: odd \\x1b[31m answer" in said.getvalue()
    assert ('File "x.py"' in said.getvalue()) is where
    assert ("Please report it" in said.getvalue()) is not where
    assert "\x1b" not in said.getvalue()
