"""ACC-04 and ACC-06: one credential on several devices, and how SNMP lets people in."""

from dataclasses import replace
from types import ModuleType

import pytest

from evidence.checks.shared import NAMED, shared_credential
from evidence.checks.snmp_access import snmp_security
from evidence.model.finding import Finding, Status

DAY = 86_400
ONE, TWO = "k1:0000000000000000aaaa", "k1:0000000000000000bbbb"


def secrets(*pairs: tuple[str, str]) -> dict[str, str]:
    facts = {"config.sha256": "00"}
    for kind, tag in pairs:
        facts |= {f"secret[{kind}:{tag}].type": kind, f"secret[{kind}:{tag}].tag": tag}
    return facts


def judged(estates: ModuleType, *assets: dict[str, str]) -> list[Finding]:
    named = [estates.subject(f"sw-{number}", facts) for number, facts in enumerate(assets, 1)]
    return list(shared_credential(estates.estate(*named)))


def test_one_community_on_two_switches_contradicts_for_both(estates: ModuleType) -> None:
    found = judged(estates, secrets(("snmp-community", ONE)), secrets(("snmp-community", ONE), ("password", TWO)))
    assert [(one.asset, one.row, one.status) for one in found] == [
        ("sw-1", ONE, Status.CONTRADICTS),
        ("sw-2", ONE, Status.CONTRADICTS),
    ]
    assert "its snmp-community is a credential of sw-2, too" in found[0].reason
    assert len(found[0].evidence) == 4
    assert ONE not in found[0].reason


def test_a_password_used_as_a_community_elsewhere_is_the_same_credential(estates: ModuleType) -> None:
    found = judged(estates, secrets(("password", ONE)), secrets(("snmp-community", ONE)))
    assert {one.status for one in found} == {Status.CONTRADICTS}


def test_one_credential_twice_on_one_device_is_not_shared(estates: ModuleType) -> None:
    found = judged(estates, secrets(("password", ONE), ("snmp-community", ONE)), secrets(("password", TWO)))
    assert [one.status for one in found] == [Status.SUPPORTS, Status.SUPPORTS]


@pytest.mark.parametrize("kind", ["ospf-key", "bgp-password", "ntp-key", "hsrp-key", "pre-shared-key", "config-digest"])
def test_what_both_ends_have_to_know_is_not_judged(estates: ModuleType, kind: str) -> None:
    mine, yours = secrets((kind, ONE), ("password", TWO)), secrets((kind, ONE), ("password", TWO.replace("b", "c")))
    assert {one.status for one in judged(estates, mine, yours)} == {Status.SUPPORTS}
    assert {one.status for one in judged(estates, secrets((kind, ONE)), secrets((kind, ONE)))} == {Status.NOT_ASSESSED}


def test_the_same_digits_under_another_key_are_not_the_same_secret(estates: ModuleType) -> None:
    found = judged(estates, secrets(("password", ONE)), secrets(("password", ONE.replace("k1", "k2"))))
    assert {one.status for one in found} == {Status.NOT_ASSESSED}, "nor are they known to be different ones"


def test_a_credential_with_tags_of_either_key_is_compared_under_the_one_both_have(estates: ModuleType) -> None:
    both = secrets(("password", ONE), ("password", ONE.replace("k1", "k2")))
    found = judged(estates, secrets(("password", ONE)), both)
    assert [(one.asset, one.row, one.status) for one in found] == [
        ("sw-1", ONE, Status.CONTRADICTS),
        ("sw-2", ONE, Status.CONTRADICTS),
    ]


@pytest.mark.parametrize("kind", ["password", "ospf-key"])
def test_a_word_everybody_knows_contradicts_whatever_it_is_for(estates: ModuleType, kind: str) -> None:
    default = secrets((kind, ONE)) | {f"secret[{kind}:{ONE}].well_known": "yes"}
    mine, other = judged(estates, default, secrets(("password", TWO)))
    assert (mine.row, mine.status, mine.reason) == (ONE, Status.CONTRADICTS, f"its {kind} is a word everybody knows")
    assert mine.evidence
    assert other.asset == "sw-2"
    both = judged(estates, default, default) if kind == "password" else []
    assert all("a word everybody knows, and a credential of sw-" in one.reason for one in both)


@pytest.mark.parametrize("tag", ["k1:varying", f"{ONE}:opaque"])
def test_what_cannot_be_compared_is_not_assessed(estates: ModuleType, tag: str) -> None:
    found = judged(estates, secrets(("password", tag)), secrets(("password", tag)))
    assert {(one.status, "cannot be compared" in one.reason) for one in found} == {(Status.NOT_ASSESSED, True)}


def test_a_single_configuration_or_none_compares_with_nothing(estates: ModuleType) -> None:
    (found,) = judged(estates, secrets(("password", ONE)))
    assert (found.status, "no other configuration" in found.reason) == (Status.NOT_ASSESSED, True)
    (found,) = judged(estates, {"os.id": "debian"})
    assert (found.status, found.asset) == (Status.NOT_ASSESSED, None)


def test_a_stale_configuration_supports_nothing_and_still_contradicts(estates: ModuleType) -> None:
    old = estates.subject("old", secrets(("password", ONE)), age_s=2 * DAY)
    other = estates.subject("other", secrets(("password", TWO)))
    same = estates.subject("same", secrets(("password", ONE)))
    assert [one.status for one in shared_credential(estates.estate(old, other))] == [
        Status.NOT_ASSESSED,
        Status.SUPPORTS,
    ]
    assert {one.status for one in shared_credential(estates.estate(old, same))} == {Status.CONTRADICTS}


def asked(tag: str = ONE, **said: str) -> dict[str, str]:
    """Return the facts of a device that was read with a community."""
    row = f"access[<secret:snmp-community:{tag}>]"
    columns = {"kind": "snmp", "version": "2c", "used": "yes", "tag": tag} | said
    return {f"{row}.{name}": value for name, value in columns.items()}


def test_a_community_that_opens_two_devices_contradicts_for_both(estates: ModuleType) -> None:
    found = judged(estates, asked(), asked(), asked(TWO))
    assert [(one.asset, one.row, one.status) for one in found] == [
        ("sw-1", ONE, Status.CONTRADICTS),
        ("sw-2", ONE, Status.CONTRADICTS),
        ("sw-3", None, Status.NOT_ASSESSED),
    ]
    assert found[0].reason == "its snmp-community is a credential of sw-2, too"
    assert "opens no other device that was read" in found[2].reason


def test_a_community_in_a_configuration_that_opens_another_device_contradicts_for_both(estates: ModuleType) -> None:
    found = judged(estates, secrets(("snmp-community", ONE)) | asked(), asked())
    assert [(one.asset, one.row, one.status) for one in found] == [
        ("sw-1", ONE, Status.CONTRADICTS),
        ("sw-2", ONE, Status.CONTRADICTS),
    ]


def test_a_community_in_use_is_no_configuration_to_compare_with(estates: ModuleType) -> None:
    found = judged(estates, secrets(("password", ONE)), asked(TWO))
    assert [one.status for one in found] == [Status.NOT_ASSESSED, Status.NOT_ASSESSED]
    assert "no other configuration" in found[0].reason


def test_a_fresh_answer_makes_no_old_configuration_young(estates: ModuleType) -> None:
    old = estates.subject("old", secrets(("snmp-community", ONE)), age_s=2 * DAY)
    young = estates.subject("old", asked())
    both = replace(old, facts=old.facts + young.facts)
    other = estates.subject("other", secrets(("password", TWO)))
    assert [one.status for one in shared_credential(estates.estate(both, other))] == [
        Status.NOT_ASSESSED,
        Status.SUPPORTS,
    ]


def test_a_fleet_with_one_community_names_some_and_counts_the_rest(estates: ModuleType) -> None:
    found = judged(estates, *[asked() for _ in range(NAMED + 5)])
    assert {one.status for one in found} == {Status.CONTRADICTS}
    assert {one.reason.rpartition(" and ")[2] for one in found} == {"4 more, too"}
    assert {len(one.reason.split(", ")) for one in found} == {NAMED + 1}
    assert max(len(one.evidence) for one in found) <= 4 * (NAMED + 1)


def access(estates: ModuleType, age_s: int = 3600, **said: str) -> Finding:
    facts = {f"access[u].{name}": value for name, value in ({"kind": "snmp"} | said).items()}
    (found,) = snmp_security(estates.estate(estates.subject("a", facts, age_s=age_s)))
    return found


@pytest.mark.parametrize(
    ("said", "status", "due"),
    [
        ({"version": "3", "level": "authPriv", "auth": "sha256", "priv": "aes256"}, Status.SUPPORTS, False),
        ({"version": "3", "level": "authPriv"}, Status.SUPPORTS, False),
        ({"version": "3", "level": "authPriv", "auth": "MD5", "priv": "aes"}, Status.SUPPORTS, True),
        ({"version": "3", "level": "authPriv", "auth": "sha", "priv": "des", "rights": "rw"}, Status.SUPPORTS, True),
        ({"version": "3", "level": "authNoPriv", "rights": "ro"}, Status.CONTRADICTS, False),
        ({"version": "3", "level": "noAuthNoPriv"}, Status.CONTRADICTS, False),
        ({"version": "2c", "rights": "ro"}, Status.SUPPORTS, True),
        ({"version": "1", "rights": "ro"}, Status.SUPPORTS, True),
        ({"version": "2c", "rights": "rw"}, Status.CONTRADICTS, False),
        ({"version": "1", "rights": "rw"}, Status.CONTRADICTS, False),
        ({"version": "2c"}, Status.NOT_ASSESSED, False),
        ({"version": "3"}, Status.NOT_ASSESSED, False),
        ({"rights": "rw"}, Status.NOT_ASSESSED, False),
    ],
)
def test_each_way_in_is_judged(estates: ModuleType, said: dict[str, str], status: Status, due: bool) -> None:
    found = access(estates, **said)
    assert (found.status, found.due, found.row) == (status, due, "u")


def test_a_stale_answer_supports_no_way_in(estates: ModuleType) -> None:
    assert access(estates, age_s=2 * DAY, version="3", level="authPriv").status is Status.NOT_ASSESSED
    assert access(estates, age_s=2 * DAY, version="2c", rights="rw").status is Status.CONTRADICTS
    assert access(estates, age_s=2 * DAY, version="2c", used="yes").status is Status.NOT_ASSESSED
    assert access(estates, age_s=2 * DAY, version="3", level="noAuthNoPriv", used="yes").status is Status.CONTRADICTS


@pytest.mark.parametrize(
    ("said", "status", "due", "words"),
    [
        (
            {"version": "2c"},
            Status.SUPPORTS,
            True,
            "SNMP v2c, by which it was read (whether it may write was not tried)",
        ),
        ({"version": "1", "well_known": "yes"}, Status.SUPPORTS, True, "SNMP v1 with a community everybody knows, by"),
        ({"version": "2c", "rights": "ro"}, Status.SUPPORTS, True, "SNMP v2c, to read: to be replaced"),
        ({"version": "2c", "rights": "rw"}, Status.CONTRADICTS, False, "SNMP v2c may write"),
        ({"version": "3", "level": "noAuthNoPriv"}, Status.CONTRADICTS, False, "SNMP v3 noAuthNoPriv, by which"),
        (
            {"version": "3", "level": "authNoPriv", "auth": "sha256"},
            Status.CONTRADICTS,
            False,
            "can be read on the way",
        ),
        ({"version": "3", "level": "authPriv", "auth": "sha1", "priv": "des"}, Status.SUPPORTS, True, "with DES"),
        ({"version": "3", "level": "authPriv", "auth": "sha1", "priv": "aes128"}, Status.SUPPORTS, False, "authentic"),
    ],
)
def test_the_way_in_that_was_used_is_judged(
    estates: ModuleType, said: dict[str, str], status: Status, due: bool, words: str
) -> None:
    found = access(estates, used="yes", **said)
    assert (found.status, found.due, found.row) == (status, due, "u")
    assert words in found.reason


def let_in(estates: ModuleType, *facts: dict[str, str], age_s: int = 3600) -> list[tuple[str | None, Status]]:
    """Return what is found of a device that answers SNMP."""
    said = {name: value for some in facts for name, value in some.items()}
    subject = estates.subject("a", said, age_s=age_s)
    spoken = tuple(fact._replace(origin="snmp get 1.3") for fact in subject.facts)
    return [(one.row, one.status) for one in snmp_security(estates.estate(replace(subject, facts=spoken)))]


PRIVATE = {"access[v3 u].kind": "snmp", "access[v3 u].version": "3", "access[v3 u].level": "authPriv"}
USED = {"access[v3 u].used": "yes"}


def test_that_we_came_in_safely_says_nothing_of_others(estates: ModuleType) -> None:
    assert let_in(estates, PRIVATE, USED) == [("v3 u", Status.SUPPORTS), (None, Status.NOT_ASSESSED)]
    assert let_in(estates, PRIVATE, USED, {"access[g].kind": "snmp", "access[g].version": "2c"}) == [
        ("g", Status.NOT_ASSESSED),
        ("v3 u", Status.SUPPORTS),
    ]
    assert let_in(estates, PRIVATE) == [("v3 u", Status.SUPPORTS)]
    assert let_in(estates, PRIVATE, USED, age_s=2 * DAY) == [("v3 u", Status.NOT_ASSESSED)]


def test_a_weak_way_in_is_to_be_replaced_whoever_else_is_let_in(estates: ModuleType) -> None:
    assert [status for _, status in let_in(estates, asked())] == [Status.SUPPORTS]


def test_an_answer_that_does_not_say_as_what_it_was_asked_is_not_assessed(estates: ModuleType) -> None:
    subject = estates.subject("a", {"system.name": "sw"})
    spoken = replace(subject, facts=tuple(fact._replace(origin="snmp get 1.3") for fact in subject.facts))
    (found,) = snmp_security(estates.estate(spoken))
    assert found.reason == "it answers SNMP, and its configuration does not show who is let in"


def test_where_no_way_in_is_visible_nothing_is_assessed(estates: ModuleType) -> None:
    (found,) = snmp_security(estates.estate(estates.subject("a", {"os.id": "debian"})))
    assert (found.status, found.asset) == (Status.NOT_ASSESSED, None)
