"""As what SNMP was asked, as facts, beside what a configuration says of who is let in."""

from dataclasses import replace

import pytest

from evidence.model.capture import Access, Capture
from evidence.model.fact import Fact
from evidence.model.names import AssetId, Digest, digest_of
from evidence.normalise.facts import read_asset
from evidence.platforms.load import load_platforms

TAG = "<secret:snmp-community:k1:9f2c4e7a1b8d0c53a1b2>"
KNOWN = TAG.replace("<secret", "<default")
ASKED, SHOWN = digest_of(b"asked"), digest_of(b"shown")
USER = Access(version="3", user="audit", auth="sha256", priv="aes128")


def capture(question: str, blob: Digest, access: Access | None = None) -> Capture:
    return Capture(
        asset=AssetId("sw-01"),
        platform="cisco_ios",
        question=question,
        transport="snmp" if access else "ssh",
        request="show",
        at="2026-11-22T23:48:00Z",
        took_ms=1,
        blob=blob,
        bytes=1,
        ttl_s=600,
        access=access,
    )


def told(access: Access, config: str | None = None, question: str = "system") -> dict[str, Fact]:
    """Return the access facts of a switch that was asked so, and shows this configuration."""
    platform = load_platforms().named("cisco_ios")
    assert platform is not None
    captures = [(capture(question, ASKED, access), b"")]
    if config is not None:
        captures.append((capture("running-config", SHOWN), config.encode()))
    facts = (fact for fact in read_asset(platform, captures) if fact.name.startswith("access."))
    return {f"{fact.name}[{fact.row}]": fact for fact in facts}


def values(facts: dict[str, Fact]) -> dict[str, str]:
    return {name: fact.value for name, fact in facts.items()}


def test_a_community_is_told_by_its_tag() -> None:
    facts = told(Access(version="2c", community=TAG))
    assert values(facts) == {
        f"access.kind[{TAG}]": "snmp",
        f"access.version[{TAG}]": "2c",
        f"access.used[{TAG}]": "yes",
        f"access.tag[{TAG}]": "k1:9f2c4e7a1b8d0c53a1b2",
    }
    assert {(fact.source, fact.ttl_s, fact.origin) for fact in facts.values()} == {(ASKED, 600, "snmp show")}


def test_a_well_known_community_is_said_to_be_one() -> None:
    assert values(told(Access(version="1", community=KNOWN)))[f"access.well_known[{KNOWN}]"] == "yes"


def test_a_user_has_a_level_and_protocols() -> None:
    assert values(told(USER)) == {
        "access.kind[v3 audit]": "snmp",
        "access.version[v3 audit]": "3",
        "access.used[v3 audit]": "yes",
        "access.user[v3 audit]": "audit",
        "access.level[v3 audit]": "authPriv",
        "access.auth[v3 audit]": "sha256",
        "access.priv[v3 audit]": "aes128",
    }


def test_a_community_and_its_line_of_the_configuration_are_one_way_in() -> None:
    facts = told(Access(version="2c", community=TAG), f"snmp-server community {TAG} RW\n")
    assert values(facts)[f"access.rights[{TAG}]"] == "rw"
    assert values(facts)[f"access.used[{TAG}]"] == "yes"
    assert {fact.source for fact in facts.values()} == {ASKED, SHOWN}


@pytest.mark.parametrize("group", ["snmp-server group audit v3 noauth", "snmp-server group audit v2c write all"])
def test_a_group_of_the_users_name_stays_a_way_in_of_its_own(group: str) -> None:
    facts = values(told(USER, f"{group}\n"))
    assert facts["access.level[v3 audit]"] == "authPriv"
    assert facts.get("access.level[audit]") in ("noAuthNoPriv", None)
    assert facts["access.version[audit]"] in ("3", "2c")
    assert "access.used[audit]" not in facts


def test_a_configuration_cannot_unsay_what_was_seen() -> None:
    open_to_all = replace(USER, auth=None, priv=None, user="x")
    facts = values(told(open_to_all, "snmp-server group v3 v3 priv\nsnmp-server group x v3 priv\n"))
    assert facts["access.level[v3 x]"] == "noAuthNoPriv"


def test_only_the_first_question_of_a_visit_tells_the_way_in() -> None:
    assert told(USER, question="entity") == {}
