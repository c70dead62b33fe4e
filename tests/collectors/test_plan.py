"""What a run is going to do, before it does anything."""

from collectors.credentials import Secret
from collectors.inventory.host import Host, SnmpAccess, SshAccess
from collectors.pace import PaceClass
from collectors.plan import make_plan
from evidence.model.asset import Asset, Safety
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result
from evidence.platforms.load import load_platforms

PLATFORMS = load_platforms()
SNMP = SnmpAccess(address="192.0.2.7", community=Secret("c0mmunity"))
SSH = SshAccess(address="192.0.2.7", user="reader", password=Secret("pa55word"))


def host(name: str = "press-7", *, snmp: bool = False, ssh: bool = False, local: bool = False, **more: object) -> Host:
    asset = Asset(id=AssetId(name), address="192.0.2.7", **more)  # type: ignore[arg-type]
    return Host(asset=asset, snmp=SNMP if snmp else None, ssh=SSH if ssh else None, local=local)


def only_visit(one: Host, **more: object):  # type: ignore[no-untyped-def]
    (visit,) = make_plan([one], PLATFORMS, **more).visits  # type: ignore[arg-type]
    return visit


def test_every_host_gets_exactly_one_visit() -> None:
    hosts = [host(f"sw-{n}", snmp=True) for n in range(50)]
    visits = make_plan(hosts, PLATFORMS).visits
    assert sorted(visit.asset for visit in visits) == sorted(one.asset.id for one in hosts)


def test_the_order_is_the_same_at_every_run_and_not_the_inventorys() -> None:
    hosts = [host(f"sw-{n:02}", snmp=True) for n in range(50)]
    order = [visit.asset for visit in make_plan(hosts, PLATFORMS).visits]
    assert order == [visit.asset for visit in make_plan(reversed(hosts), PLATFORMS).visits]
    assert order != sorted(order)


def test_what_access_allows_is_used() -> None:
    assert only_visit(host(snmp=True, ssh=True, network_os="cisco.ios.ios")).transports == ("snmp", "ssh")


def test_commands_are_never_guessed() -> None:
    visit = only_visit(host(ssh=True))
    assert visit.transports == ()
    assert visit.verdict == Outcome(
        asset=AssetId("press-7"),
        result=Result.REFUSED,
        reason="ssh: the platform is not known, and commands are never guessed: set plantproof_platform",
    )


def test_with_snmp_the_platform_can_still_be_found_out() -> None:
    visit = only_visit(host(snmp=True, ssh=True))
    assert (visit.platform, visit.transports, visit.verdict) == (None, ("snmp", "ssh"), None)


def test_a_fragile_asset_is_excluded() -> None:
    visit = only_visit(host(snmp=True, safety=Safety.FRAGILE))
    assert visit.verdict is not None
    assert visit.verdict.result is Result.EXCLUDED


def test_no_access_is_said() -> None:
    visit = only_visit(host())
    assert visit.verdict is not None
    assert visit.verdict.result is Result.EXCLUDED
    assert "no access" in str(visit.verdict.reason)


def test_a_transport_asked_for_without_access_is_a_problem() -> None:
    visit = only_visit(host(snmp=True, transports=("snmp", "ssh", "ldap")))
    assert visit.transports == ("snmp",)
    assert visit.problems == ("ssh: asked for, but the inventory grants no access", "ldap: not in this version")


def test_an_unknown_platform_name_is_a_problem() -> None:
    assert only_visit(host(snmp=True, platform="no_such")).problems == ("no platform file is named 'no_such'",)


def test_an_unknown_network_os_is_a_problem() -> None:
    assert only_visit(host(ssh=True, network_os="acme.os")).problems == (
        "no platform file knows ansible_network_os 'acme.os'",
        "ssh: the platform is not known, and commands are never guessed: set plantproof_platform",
    )


def test_this_machine_is_linux() -> None:
    visit = only_visit(host(local=True))
    assert visit.platform is not None
    assert (visit.platform.name, visit.transports) == ("linux", ("local",))


def test_a_verdict_from_outside_stands() -> None:
    closed = Outcome(asset=AssetId("press-7"), result=Result.OUT_OF_WINDOW, reason="blackout")
    assert only_visit(host(snmp=True), verdict=lambda _: closed).verdict is closed


def test_tags_choose_the_questions() -> None:
    plan = make_plan([host(snmp=True)], PLATFORMS, tags=["identify"])
    everything = make_plan([host(snmp=True)], PLATFORMS)
    few = list(plan.questions(PLATFORMS.generic, "snmp"))
    assert few
    assert all("identify" in question.tags for question in few)
    assert len(list(everything.questions(PLATFORMS.generic, "snmp"))) > len(few)


def test_the_plan_can_be_read_before_anything_runs() -> None:
    plan = make_plan([host(ssh=True, network_os="cisco.ios.ios")], PLATFORMS)
    actions = list(plan.actions(plan.visits[0], PLATFORMS.generic))
    assert ("ssh", "show running-config") in actions


def test_repetitions_are_the_smaller_of_pace_and_platform() -> None:
    plan = make_plan([], PLATFORMS)
    assert plan.max_repetitions(Safety.OT, PLATFORMS.generic) == 10
    assert plan.max_repetitions(Safety.IT, PLATFORMS.generic) == 25


def test_the_sites_own_repetitions_count() -> None:
    slow = PaceClass(device_per_s=1, zone_per_s=2, max_repetitions=3)
    plan = make_plan([], PLATFORMS, paces={Safety.OT: slow})
    assert plan.max_repetitions(Safety.OT, PLATFORMS.generic) == 3


def test_logging_in_stands_in_the_plan() -> None:
    plan = make_plan([host(ssh=True, network_os="cisco.ios.ios")], PLATFORMS)
    asked = [request for _, request in plan.actions(plan.visits[0], PLATFORMS.generic)]
    assert asked[0] == "login reader@192.0.2.7:22"
    assert "terminal length 0" in asked


def test_who_are_you_stands_in_the_plan_whatever_the_tags_say() -> None:
    plan = make_plan([host(snmp=True)], PLATFORMS, tags=["config"])
    asked = [request for _, request in plan.actions(plan.visits[0], PLATFORMS.generic)]
    assert any("1.3.6.1.2.1.1.2.0" in request for request in asked)
    assert len(asked) == 2
