"""The pace of a run, checked against the promise in any one-second window."""

from hypothesis import given
from hypothesis import strategies as st

from collectors.pace import PACES, Pace, RateMeter
from evidence.model.asset import Safety


def sent_moments(pace: Pace, devices: list[str], safety: Safety, think_s: float = 0.0) -> dict[str, list[float]]:
    """Let every device ask 12 times in turn, each thinking `think_s` between answers; return when requests left."""
    now = dict.fromkeys(devices, 0.0)
    sent: dict[str, list[float]] = {device: [] for device in devices}
    for _ in range(12):
        for device in sorted(devices, key=now.__getitem__):
            at = now[device] + pace.device_delay(device, safety, now[device])
            at += pace.zone_delay(device, "line-3", safety, at)
            sent[device].append(at)
            now[device] = at + think_s
    return sent


def most_in_a_second(moments: list[float]) -> int:
    moments = sorted(moments)
    return max(sum(1 for other in moments if at <= other < at + 1.0) for at in moments)


@given(st.integers(1, 9), st.floats(0, 0.5))
def test_no_second_ever_holds_more_requests_than_the_class_allows(count: int, think_s: float) -> None:
    for safety in (Safety.OT, Safety.IT):
        sent = sent_moments(Pace(), [f"sw-{n}" for n in range(count)], safety, think_s)
        limits = PACES[safety]
        assert all(most_in_a_second(moments) <= limits.device_per_s for moments in sent.values())
        everything = [moment for moments in sent.values() for moment in moments]
        assert most_in_a_second(everything) <= limits.zone_per_s


def test_the_first_request_of_a_device_does_not_wait() -> None:
    pace = Pace()
    assert pace.device_delay("a", Safety.OT, 100.0) == 0.0
    assert pace.zone_delay("a", "z", Safety.OT, 100.0) == 0.0


def test_an_ot_device_waits_a_fifth_of_a_second_for_its_second_request() -> None:
    pace = Pace()
    pace.device_delay("a", Safety.OT, 0.0)
    pace.zone_delay("a", "z", Safety.OT, 0.0)
    assert 0.2 <= pace.device_delay("a", Safety.OT, 0.0) < 0.21


def test_zones_do_not_wait_for_each_other() -> None:
    pace = Pace()
    for device in ("a", "b"):
        pace.device_delay(device, Safety.OT, 0.0)
    assert pace.zone_delay("a", "line-1", Safety.OT, 0.0) == 0.0
    assert pace.zone_delay("b", "line-2", Safety.OT, 0.0) == 0.0


def test_a_slice_with_a_quarter_of_the_zone_has_a_quarter_of_its_pace() -> None:
    pace = Pace(share=0.25)
    for device in ("a", "b"):
        pace.device_delay(device, Safety.OT, 0.0)
    pace.zone_delay("a", "z", Safety.OT, 0.0)
    assert 0.2 <= pace.zone_delay("b", "z", Safety.OT, 0.0) < 0.21


def test_a_free_pace_never_waits() -> None:
    pace = Pace(free=True)
    assert [pace.device_delay("a", Safety.OT, 0.0) + pace.zone_delay("a", "z", Safety.OT, 0.0) for _ in range(9)] == [
        0.0
    ] * 9


def test_the_meter_counts_the_fullest_second() -> None:
    meter = RateMeter()
    for at in (0.0, 0.5, 0.9, 1.4, 1.45, 3.0):
        meter.count(at)
    assert meter.most == 4


def test_an_event_exactly_one_second_old_is_no_longer_counted() -> None:
    meter = RateMeter()
    meter.count(0.0)
    meter.count(1.0)
    assert meter.most == 1
