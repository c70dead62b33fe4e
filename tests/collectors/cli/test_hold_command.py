"""`plantproof hold` and `plantproof release`, by command and by hand."""

from typing import Any

import pytest


@pytest.fixture
def started(site: Any) -> Any:
    """A site with a zone in which nobody answers, collected once."""
    access = {"plantproof_snmp_community": "w3ld-0bserver", "plantproof_snmp_port": 9}
    site.hosts = {"weld-sw-01": {"ansible_host": "127.0.0.1", "plantproof_zone": "Weld-Line", **access}}
    assert site.collect().code == 4
    return site


def test_a_hold_that_would_end_before_it_begins_is_refused(started: Any) -> None:
    ended = started.run("hold", "Weld-Line", "--until", "2020-01-01")
    assert (ended.code, "lies in the past" in ended.err) == (5, True)
    assert not (started.store / "state" / "hold").exists()


def test_a_hold_is_lifted_by_release(started: Any) -> None:
    assert started.run("hold", "Weld-Line", "--reason", "robot\nservice").code == 0
    assert "on hold: robot service" in started.collect("-v").out
    assert "is released" in started.run("release", "--zone", "Weld-Line", "--reason", "done").out
    assert "on hold" not in started.collect("-v").out


def test_release_says_when_a_file_made_by_hand_still_holds(started: Any) -> None:
    folder = started.store / "state" / "hold"
    folder.mkdir()
    (folder / "WELD-LINE.txt").touch()
    assert "on hold by the file WELD-LINE.txt" in started.collect("-v").out
    ended = started.run("release", "--zone", "Weld-Line", "--reason", "done")
    assert (ended.code, "WELD-LINE.txt" in ended.err) == (1, True)
    assert started.verify().code == 0
    (folder / "WELD-LINE.txt").unlink()
    assert started.run("release", "--zone", "Weld-Line", "--reason", "done").code == 0


def test_release_wants_an_asset_or_a_zone(started: Any) -> None:
    assert started.run("release", "--reason", "why not").code == 5
    assert started.run("release", "a", "--zone", "z", "--reason", "why not").code == 5
    assert "was in no quarantine" in started.run("release", "weld-sw-01", "--reason", "to be sure").out
