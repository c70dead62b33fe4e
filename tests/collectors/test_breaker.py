"""When to stop asking."""

import pytest

from collectors.breaker import CredentialWatch, DeviceBreaker, ZoneBreaker


def test_three_failures_in_a_row_leave_a_target_alone() -> None:
    breaker = DeviceBreaker()
    for _ in range(2):
        breaker.note("snmp get", 5.0, failed=True)
    assert breaker.tripped() is None
    breaker.note("snmp get", 5.0, failed=True)
    assert breaker.tripped() == "3 failures in a row"


def test_an_answer_between_failures_starts_the_count_anew() -> None:
    breaker = DeviceBreaker()
    for failed in (True, True, False, True, True):
        breaker.note("snmp get", 0.1, failed=failed)
    assert breaker.tripped() is None


def test_a_target_much_slower_than_usual_is_left_alone() -> None:
    breaker = DeviceBreaker(baseline_s={"snmp get": 0.5})
    for _ in range(3):
        breaker.note("snmp get", 1.6, failed=False)
    assert breaker.tripped() == "snmp get takes 1.6 s, usually 0.50 s"


def test_less_than_a_second_is_never_slow() -> None:
    breaker = DeviceBreaker(baseline_s={"snmp get": 0.01})
    for _ in range(3):
        breaker.note("snmp get", 0.99, failed=False)
    assert breaker.tripped() is None


def test_one_slow_answer_is_not_distress() -> None:
    breaker = DeviceBreaker(baseline_s={"snmp get": 0.01})
    for took_s in (0.01, 4.0, 0.01):
        breaker.note("snmp get", took_s, failed=False)
    assert breaker.tripped() is None


def test_without_a_baseline_nothing_is_slow() -> None:
    breaker = DeviceBreaker()
    for _ in range(3):
        breaker.note("ssh show tech", 30.0, failed=False)
    assert breaker.tripped() is None
    assert breaker.latencies() == {"ssh show tech": 30.0}


@pytest.mark.parametrize(
    ("size", "failed", "stops"), [(10, 4, False), (10, 5, True), (49, 5, True), (50, 5, False), (50, 6, True)]
)
def test_a_zone_stops_at_more_than_a_tenth_and_at_least_five(size: int, failed: int, stops: bool) -> None:
    zones = ZoneBreaker(sizes={"line-3": size})
    for _ in range(failed):
        zones.note_failed("line-3")
    assert (zones.tripped("line-3") is not None) is stops


def test_failures_of_one_zone_do_not_stop_another() -> None:
    zones = ZoneBreaker(sizes={"line-3": 10, "line-4": 10})
    for _ in range(9):
        zones.note_failed("line-3")
    assert zones.tripped("line-4") is None


def test_an_unproven_credential_is_given_up_after_one_refusal() -> None:
    watch = CredentialWatch()
    watch.note_refused("c", "press-7")
    assert watch.quarantined("c") == "its credential was refused by press-7 in this run"


def test_a_proven_credential_survives_two_refusals() -> None:
    watch = CredentialWatch()
    watch.note_accepted("c")
    for asset in ("a", "b"):
        watch.note_refused("c", asset)
    assert watch.quarantined("c") is None
    watch.note_refused("c", "d")
    assert watch.quarantined("c") is not None


def test_one_credential_does_not_answer_for_another() -> None:
    watch = CredentialWatch()
    watch.note_refused("c", "press-7")
    assert watch.quarantined("d") is None
