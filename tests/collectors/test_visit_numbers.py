"""The numbers of the visit sheet: how many requests, how long, at which pace; from the plan, or from earlier visits."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from collectors.credentials import Secret
from collectors.earlier import Earlier
from collectors.inventory.host import AwsAccess, Host, HttpAccess, OpcuaAccess, SnmpAccess, SshAccess
from collectors.plan import make_plan
from collectors.schedule import Blackout, WorkingHours
from collectors.timetable import Hourly, Job
from collectors.visit_sheet import SheetMaker, VisitSheet
from collectors.ways import Way, ways
from evidence.model.asset import Asset, Safety
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result
from evidence.platforms.load import load_platforms

NOON = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
PLATFORMS = load_platforms(only=("cisco_ios", "hirschmann"))


def switch(name: str, safety: Safety = Safety.OT, zone: str = "line-3", **more: str) -> Host:
    asset = Asset(id=AssetId(name), address="10.0.0.1", safety=safety, zone=zone, **more)
    return Host(asset=asset, snmp=SnmpAccess(address="10.0.0.1", community=Secret("c0mmunity")))


def sheet(
    *hosts: Host, earlier: Mapping[AssetId, Earlier] | None = None, forks: int = 50, paced: bool = True
) -> VisitSheet:
    maker = SheetMaker(
        plan=make_plan(hosts, PLATFORMS),
        knowledge=PLATFORMS,
        earlier=earlier or {},
        blackouts=(
            Blackout(window=WorkingHours.parse("Sun 12:00-13:00 UTC"), zone="line-3", reason="stocktaking"),
            Blackout(window=WorkingHours.parse("Mon 12:00-13:00 UTC"), zone="line-3"),
        ),
        closed=lambda host: Outcome(asset=host.asset.id, result=Result.OUT_OF_WINDOW, reason="blackout"),
        at=NOON,
        paced=paced,
    )
    jobs = (Job(name="often", times=Hourly(4), grace=timedelta(hours=1), tags=("config",)),)
    return maker.make(owner="acme", forks=forks, jobs=jobs, store="store", tool="9")


def visited(count: int, took_s: float = 0.01, platform: str | None = "hirschmann") -> Earlier:
    return Earlier(at="2026-11-21T12:00:00Z", platform=platform, bytes=4_000, took_s=[took_s] * count)


def test_what_was_never_read_is_at_least_what_the_plan_says() -> None:
    told = sheet(switch("a"))
    (turn,) = told.turns
    assert (turn.at_least, turn.as_on, turn.bytes, turn.platform) == (True, None, None, None)
    assert turn.requests == len(told.asked[0].requests)
    assert turn.seconds == pytest.approx(turn.requests * 0.2 * 1.01)


def test_what_was_read_takes_what_it_took_at_the_pace() -> None:
    (turn,) = sheet(switch("a"), earlier={AssetId("a"): visited(100)}).turns
    assert (turn.requests, turn.bytes, turn.at_least) == (100, 4_000, False)
    assert (turn.platform, turn.recognised, turn.asked) == ("hirschmann", True, "hirschmann")
    assert turn.seconds == pytest.approx(100 * 0.2 * 1.01)
    (slow,) = sheet(switch("a"), earlier={AssetId("a"): visited(100, took_s=2.0)}).turns
    assert slow.seconds == pytest.approx(200), "a slow device is asked when it has answered"
    (free,) = sheet(switch("a"), earlier={AssetId("a"): visited(100)}, paced=False).turns
    assert free.seconds == pytest.approx(1)


def test_a_zone_is_as_long_busy_as_its_pace_or_its_slowest_asset_takes() -> None:
    names = [f"sw-{number}" for number in range(20)]
    read = {AssetId(name): visited(100) for name in names}
    (zone,) = sheet(*map(switch, names), earlier=read).zones
    assert (zone.assets, zone.requests) == (20, 2_000)
    assert zone.seconds == pytest.approx(2_000 / 20 * 1.01), "twenty a second in the zone"
    one_by_one = sheet(*map(switch, names), earlier=read, forks=1)
    assert one_by_one.seconds == pytest.approx(20 * 100 * 0.2 * 1.01), "one asset at a time"


def test_zones_go_on_side_by_side() -> None:
    read = {AssetId("a"): visited(100), AssetId("b"): visited(50)}
    told = sheet(switch("a"), switch("b", zone="office"), earlier=read)
    assert told.seconds == max(zone.seconds for zone in told.zones)
    assert told.requests == 150


def test_what_is_not_asked_weighs_nothing() -> None:
    told = sheet(switch("press", Safety.FRAGILE))
    (turn,) = told.turns
    assert (turn.asked, turn.requests, turn.seconds, told.zones, told.flows) == (None, 0, 0.0, (), ())
    assert str(turn.why).startswith("excluded: fragile")


def test_windows_are_told_with_what_is_closed_now() -> None:
    told = sheet(switch("a"), switch("b", zone="office"))
    first, second = told.turns
    assert first.blackouts == (
        "closed until 2026-11-22T13:00:00Z (stocktaking)",
        "next closed from 2026-11-23T12:00:00Z",
    )
    assert (first.why, second.blackouts) == ("out-of-window: blackout", ())
    assert told.jobs == (("often", "2026-11-22T16:00:00Z", "config"),)


def test_assets_with_the_same_requests_share_a_list() -> None:
    told = sheet(switch("a"), switch("b"), switch("c", platform="cisco_ios"))
    assert {one.name: one.assets for one in told.asked} == {"generic": 2, "cisco_ios": 1}


def test_each_way_names_port_and_account_and_no_secret() -> None:
    secret = Secret("n0t-printed")
    host = Host(
        asset=Asset(id=AssetId("a"), address="a"),
        local=True,
        snmp=SnmpAccess(address="a", version="3", user="audit", user_is_hidden=True, auth="sha256", priv="aes128"),
        ssh=SshAccess(address="a", user="audit", key_file="/k", enable=secret, common_args="-J hop@b"),
        http=HttpAccess(url="http://c", user="reader", password=secret),
        opcua=OpcuaAccess(url="opc.tcp://d:bad", certificate_file="/c"),
        aws=AwsAccess(key_id=secret, secret_key=secret, endpoint="https://e:9000"),
    )
    found = {way.transport: way for way in ways(host, ("local", "snmp", "ssh", "http", "opcua", "aws"))}
    assert found["local"].protocol == "none"
    assert found["snmp"].account == "SNMPv3 user (vaulted) (sha256, aes128), read-only"
    assert (found["ssh"].account, found["ssh"].through) == (
        "user audit with a key, and the enable password",
        "hop@b:22",
    )
    assert (found["http"].port, found["http"].account) == (80, "user reader with a password")
    assert (found["opcua"].port, found["opcua"].account) == (4840, "anonymous, by certificate")
    assert found["aws"] == Way(transport="aws", protocol="TCP", address="e", port=9000, account="an access key")
    assert "n0t-printed" not in str(found)
