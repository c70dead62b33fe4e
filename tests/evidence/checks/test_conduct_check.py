"""SAFE-01: every run did no harm, by its own signed word."""

from types import ModuleType

import pytest

from evidence.checks.conduct import harmless_collection
from evidence.model.finding import Status

DAY = 86_400


def test_a_run_that_kept_the_rules_supports(estates: ModuleType) -> None:
    (found,) = harmless_collection(estates.estate(runs=[estates.run()]))
    assert (found.status, found.asset, found.row) == (Status.SUPPORTS, None, "nightly-1")
    assert found.evidence == (estates.run().part,)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"pace": "none"}, "not every asset was on loopback"),
        ({"max_rate_per_device": 6}, "6 requests in one second to one device; the limit is 5"),
        ({"max_rate_per_device": 51, "has_it": True}, "the limit is 50"),
        ({"restarted": ("plc-7",)}, "restarted while or shortly after they were asked: plc-7"),
        ({"fragile_asked": ("press-7",)}, "asked although fragile: press-7"),
    ],
)
def test_each_rule_that_was_broken_contradicts(estates: ModuleType, said: dict[str, object], words: str) -> None:
    (found,) = harmless_collection(estates.estate(runs=[estates.run(**said)]))
    assert found.status is Status.CONTRADICTS
    assert words in found.reason


@pytest.mark.parametrize(
    "said",
    [
        {"max_rate_per_device": 50, "has_it": True},
        {"pace": "none", "loopback": True, "max_rate_per_device": 9000},
        {"refused": 3},
    ],
)
def test_what_breaks_no_rule_supports(estates: ModuleType, said: dict[str, object]) -> None:
    (found,) = harmless_collection(estates.estate(runs=[estates.run(**said)]))
    assert found.status is Status.SUPPORTS


def test_what_the_wall_held_back_is_named(estates: ModuleType) -> None:
    (found,) = harmless_collection(estates.estate(runs=[estates.run(refused=3)]))
    assert "3 held back by the read-only list" in found.reason


def test_an_unfinished_run_proves_nothing_unless_it_broke_a_rule(estates: ModuleType) -> None:
    (found,) = harmless_collection(estates.estate(runs=[estates.run(finished=False)]))
    assert found.status is Status.NOT_ASSESSED
    (found,) = harmless_collection(estates.estate(runs=[estates.run(finished=False, restarted=("x",))]))
    assert found.status is Status.CONTRADICTS


def test_runs_count_for_the_window_and_no_run_is_no_proof(estates: ModuleType) -> None:
    inside, outside = estates.run(started=estates.ago(31 * DAY)), estates.run(started=estates.ago(31 * DAY + 1))
    (found,) = harmless_collection(estates.estate(runs=[inside]))
    assert found.status is Status.SUPPORTS
    (found,) = harmless_collection(estates.estate(runs=[outside]))
    assert (found.status, found.row) == (Status.NOT_ASSESSED, None)
