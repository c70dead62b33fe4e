from typing import Any

import pytest

from evidence.model.capture import Capture
from evidence.model.names import AssetId, Digest
from evidence.normalise.facts import read_asset, read_facts
from evidence.normalise.varbinds import Value, VarbindsError, encode
from evidence.platforms.platform import Column, FactRule, Platform, Question, Recognition, TableRule, Verb

BLOB = Digest("sha256:" + "ab" * 32)


def capture(question: str = "q", transport: str = "ssh") -> Capture:
    return Capture(
        asset=AssetId("press-7"),
        platform="p",
        question=question,
        transport=transport,
        request="show version",
        at="2026-11-22T23:48:00Z",
        took_ms=1,
        blob=BLOB,
        bytes=1,
        ttl_s=600,
    )


def platform(*facts: FactRule, tables: tuple[TableRule, ...] = (), questions: tuple[Question, ...] = ()) -> Platform:
    return Platform(
        name="p",
        title="P",
        vendor=None,
        recognition=Recognition(),
        questions=questions or tuple(question(name) for name in ("q", "r")),
        facts=facts,
        tables=tables,
    )


def question(name: str, *, tags: frozenset[str] = frozenset(), config: str | None = None) -> Question:
    return Question(name=name, transport="ssh", verb=Verb.RUN, objects=("x",), tags=tags, ttl_s=1, config=config)


def rule(**fields: Any) -> FactRule:
    return FactRule(**{"fact": "a.b", "question": "q", **fields})


def text_value(text: str, **fields: Any) -> list[str]:
    return [fact.value for fact in read_facts(platform(rule(**fields)), capture(), text.encode())]


def snmp_value(binds: list[tuple[str, Value]], **fields: Any) -> list[str]:
    data = encode(binds)
    return [fact.value for fact in read_facts(platform(rule(**fields)), capture(transport="snmp"), data)]


def test_what_is_counted_is_zero_where_nothing_is_found_in_a_countable_answer() -> None:
    counted = {"count": True, "pattern": "^up ", "where": r"\AList"}
    assert text_value("List\nup a\nup b\nno c\nup a\n", **counted) == ["3"]
    assert text_value("List\n", **counted) == ["0"]
    assert text_value("no such command\n", **counted) == []


def test_a_value_taken_out_of_a_text_is_shown_in_the_format_of_its_rule() -> None:
    assert text_value("at 1790000000.5", pattern=r"at (?P<value>\S+)", format="time") == ["2026-09-21T14:13:20Z"]
    assert text_value("at noon", pattern=r"at (?P<value>\S+)", format="time") == []


def test_the_latest_time_counts_among_values_answers_and_rules() -> None:
    times = {"pattern": r"^(?P<value>\d{10})$", "format": "time", "newest": True}
    known = platform(rule(**times), rule(question="r", **times))
    answers = [("q", b"1790000000\n1790000600\n"), ("r", b"1790000900\n"), ("q", b"1790000300\n")]
    for order in (answers, answers[::-1]):
        (fact,) = read_asset(known, [(capture(question), data) for question, data in order])
        assert fact.value == "2026-09-21T14:28:20Z"


def test_a_row_may_be_named_by_several_groups() -> None:
    table = TableRule(
        question="q",
        pattern=r"^(?P<kind>\w+) (?P<socket>\S+)$",
        key=r"\g<kind>/\g<socket>",
        columns=(Column(fact="a.kind", group="kind"),),
    )
    facts = read_facts(platform(tables=(table,)), capture(), b"tcp :53\nudp :53\n")
    assert {fact.row: fact.value for fact in facts} == {"tcp/:53": "tcp", "udp/:53": "udp"}


def test_a_row_has_the_groups_of_the_heading_it_is_below() -> None:
    table = TableRule(
        question="q",
        under=r"^list (?P<list>\w+)",
        pattern=r"^ (?P<line>\d+) (?P<protocol>\w+)(?: (?P<port>eq \w+))?$",
        key=r"\g<list> \g<line>",
        columns=(
            Column(fact="a.list", group="list"),
            Column(fact="a.service", group=r"\g<protocol> \g<port>", format="service"),
        ),
    )
    text = b" 1 lost\nlist one\n 10 tcp eq 22\n 20 ip\nlist two\n 10 udp eq snmp\n"
    found = {(fact.row, fact.name): fact.value for fact in read_facts(platform(tables=(table,)), capture(), text)}
    assert found == {
        ("one 10", "a.list"): "one",
        ("one 10", "a.service"): "tcp/22",
        ("one 20", "a.list"): "one",
        ("one 20", "a.service"): "ip",
        ("two 10", "a.list"): "two",
        ("two 10", "a.service"): "udp/snmp",
    }
    assert list(read_facts(platform(tables=(table,)), capture(), b" 10 tcp eq 22\n")) == []


def test_a_fact_says_what_when_and_where_from() -> None:
    (fact,) = read_facts(platform(rule(pattern=r"V(\d)", untested=True)), capture(), b"V7")
    assert (fact.asset, fact.name, fact.value, fact.row) == ("press-7", "a.b", "V7", None)
    assert (fact.source, fact.at, fact.ttl_s) == (BLOB, "2026-11-22T23:48:00Z", 600)
    assert (fact.origin, fact.platform, fact.untested) == ("ssh show version", "p", True)


def test_an_snmp_fact_names_its_oid() -> None:
    (fact,) = read_facts(platform(rule(oids=("1.3.1",))), capture(transport="snmp"), encode([("1.3.1", b"x")]))
    assert fact.origin == "snmp 1.3.1"


@pytest.mark.parametrize(
    ("text", "fields", "values"),
    [
        ("12.8\n", {}, ["12.8"]),
        (" \n", {}, []),
        ("Version 7, Version 7", {"pattern": r"Version (?P<value>\d)"}, ["7"]),
        ("Version 7\nVersion 8", {"pattern": r"Version (?P<value>\d)"}, []),
        ("Version 7\nVersion 8", {"pattern": r"Version (?P<value>\d)", "first": True}, ["7"]),
        ("Version 7\nVersion 8\nVersion 7", {"pattern": r"Version (?P<value>\d)", "join": ", "}, ["7, 8"]),
        ("v 7.2", {"pattern": r"v (?P<major>\d)\.(?P<minor>\d)", "template": r"\g<minor>-\g<major>"}, ["2-7"]),
        ("Cisco IOS", {"pattern": "^Cisco", "template": "Cisco"}, ["Cisco"]),
        ("Juniper", {"pattern": "^Cisco", "template": "Cisco"}, []),
        ("a\nb 1\n", {"pattern": r"^b (\d)$"}, ["b 1"]),
        ("a\r\nb 1\r\n", {"pattern": r"^b \d$"}, ["b 1"]),
        ("x", {"map": {"x": "one"}}, ["one"]),
        ("y", {"map": {"x": "one"}}, []),
        ("serial N/A", {"unless": "N/A"}, []),
        ("serial 7", {"unless": "N/A"}, ["serial 7"]),
        ("7\n", {"unless": r"^\W*$"}, ["7"]),
        ("serial 7", {"where": "^serial"}, ["serial 7"]),
        ("7", {"where": "^serial"}, []),
        ("a=", {"pattern": r"a=(?P<value>\d)?"}, []),
    ],
)
def test_what_a_rule_reads_from_a_text(text: str, fields: dict[str, Any], values: list[str]) -> None:
    assert text_value(text, **fields) == values


CHASSIS = {"5": "^3$"}
ENTITY: list[tuple[str, Value]] = [
    ("1.5.1", 11),
    ("1.5.2", 3),
    ("1.5.3", 3),
    ("1.11.1", b"STACK"),
    ("1.11.2", b"SN-2"),
    ("1.11.3", b"SN-3"),
]


@pytest.mark.parametrize(
    ("binds", "fields", "values"),
    [
        ([("1.3.1", b"x")], {"oids": ("1.3.1",)}, ["x"]),
        ([("1.3.1", None)], {"oids": ("1.3.1",)}, []),
        ([("1.3.10", b"x")], {"oids": ("1.3.1",)}, []),
        ([("1.3.1", b"x")], {}, []),
        ([("1.3.1", 12399)], {"oids": ("1.3.1",), "format": "centiseconds"}, ["123"]),
        ([("1.3.1", 7), ("1.3.2", b"b")], {"oids": ("1.3.1", "1.3.2")}, ["7 b"]),
        ([("1.3.1", 7)], {"oids": ("1.3.1", "1.3.2")}, []),
        (
            [("1.3.1", 7), ("1.3.2", 2)],
            {"oids": ("1.3.1", "1.3.2"), "pattern": r"(\d)\n(\d)", "template": r"\1.\2"},
            ["7.2"],
        ),
        (ENTITY, {"column": "1.11", "among": {"1.5": "^3$"}}, []),
        (ENTITY, {"column": "1.11", "among": {"1.5": "^3$"}, "first": True}, ["SN-2"]),
        (ENTITY, {"column": "1.11", "among": {"1.5": "^3$"}, "join": "+"}, ["SN-2+SN-3"]),
        (ENTITY, {"column": "1.11", "among": {"1.5": "^11$"}}, ["STACK"]),
        (ENTITY, {"column": "1.11", "among": {"1.5": "^9$"}}, []),
        (ENTITY, {"column": "1.11", "among": {"1.6": "."}}, []),
        (ENTITY, {"column": "1.11", "first": True}, ["STACK"]),
        ([("1.11.1", None), ("1.11.2", b"x")], {"column": "1.11", "first": True}, ["x"]),
        ([("1.3.6.1.4.1.8691.7.70.1.4.0", b"V6")], {"oids": ("{sysobjectid}.1.4.0",)}, ["V6"]),
        ([("1.3.6.1.4.1.8691.7.70.1.41.4.0", b"V6")], {"oids": ("{sysobjectid}.1.4.0",)}, []),
        (
            [("1.3.6.1.4.1.8691.7.70.1.4.0", b"V6"), ("1.3.6.1.4.1.8691.8.70.1.4.0", b"V7")],
            {"oids": ("{sysobjectid}.1.4.0",)},
            [],
        ),
    ],
)
def test_what_a_rule_reads_from_an_snmp_answer(
    binds: list[tuple[str, Value]], fields: dict[str, Any], values: list[str]
) -> None:
    assert snmp_value(binds, **fields) == values


def test_a_rule_reads_only_its_own_question() -> None:
    assert list(read_facts(platform(rule(question="r")), capture("q"), b"x")) == []


def test_an_answer_that_is_no_snmp_text_is_an_error() -> None:
    with pytest.raises(VarbindsError):
        list(read_facts(platform(rule(oids=("1.3",))), capture(transport="snmp"), b"garbage"))


def test_bytes_that_are_no_text_are_read_as_far_as_they_are() -> None:
    assert text_value("x", pattern="x") == ["x"]
    (fact,) = read_facts(platform(rule(pattern=r"V\d")), capture(), b"\xff V7 \xfe")
    assert fact.value == "V7"


def test_identifying_answers_tell_the_platform_and_configurations_their_digest() -> None:
    known = platform(
        questions=(
            question("q", tags=frozenset({"identify"})),
            question("r", config="running"),
            question("s", config="startup"),
        )
    )
    assert [(f.name, f.value) for f in read_facts(known, capture("q"), b"")] == [("platform", "p")]
    assert [(f.name, f.value) for f in read_facts(known, capture("r"), b"")] == [("config.sha256", "ab" * 32)]
    assert list(read_facts(known, capture("s"), b"")) == []
    assert [(f.name, f.value) for f in read_facts(known, capture("gone"), b"")] == [("platform", "p")]


def test_the_rule_that_stands_first_wins_whatever_was_asked_first() -> None:
    known = platform(rule(question="r", pattern=r"V\d"), rule(question="q", pattern=r"V\d"))
    answers = [(capture("q"), b"V1"), (capture("r"), b"V2")]
    assert [fact.value for fact in read_asset(known, answers)] == ["V2"]
    assert [fact.value for fact in read_asset(known, answers[:1])] == ["V1"]
    assert [fact.value for fact in read_asset(known, reversed(answers))] == ["V2"]


def test_of_two_answers_to_one_question_the_one_given_first_wins() -> None:
    known = platform(rule(pattern=r"V\d"))
    assert [f.value for f in read_asset(known, [(capture(), b"V1"), (capture(), b"V2")])] == ["V1"]


def test_an_assets_facts_are_sorted_by_name_and_row() -> None:
    row = TableRule(
        question="q",
        pattern=r"^(?P<name>\w+) (?P<state>\w+)$",
        key="name",
        columns=(Column(fact="if.state", group="state", map={"u": "up"}), Column(fact="if.all")),
    )
    facts = read_asset(platform(rule(pattern="b u"), tables=(row,)), [(capture(), b"b u\na u\nc d\n")])
    assert [(fact.name, fact.row, fact.value) for fact in facts] == [
        ("a.b", None, "b u"),
        ("if.all", "a", "a u"),
        ("if.all", "b", "b u"),
        ("if.all", "c", "c d"),
        ("if.state", "a", "up"),
        ("if.state", "b", "up"),
    ]


def test_the_table_that_stands_first_wins_a_row_and_rows_of_both_remain() -> None:
    tables = tuple(
        TableRule(question="q", columns=(Column(fact="arp.mac", oid=oid, format="mac"),)) for oid in ("1.1", "1.2")
    )
    data = encode([("1.1.7", b"\1"), ("1.2.7", b"\2"), ("1.2.8", b"\3")])
    facts = read_asset(platform(tables=tables), [(capture(transport="snmp"), data)])
    assert [(fact.row, fact.value) for fact in facts] == [("7", "01"), ("8", "03")]


def snmp_rows(
    binds: list[tuple[str, Value]], *columns: Column, key: str | None = None
) -> list[tuple[str, str | None, str]]:
    table = TableRule(question="q", columns=columns, key=key, untested=True)
    facts = list(read_facts(platform(tables=(table,)), capture(transport="snmp"), encode(binds)))
    assert all(fact.untested and fact.origin.startswith("snmp 1.") for fact in facts)
    return [(fact.name, fact.row, fact.value) for fact in facts]


def test_a_column_is_shown_mapped_and_looked_up() -> None:
    binds: list[tuple[str, Value]] = [("1.2.9", 1), ("1.2.10", 2), ("1.7.1", 501), ("1.3.9", 6), ("1.3.10", None)]
    assert snmp_rows(
        binds,
        Column(fact="port", oid="1.2", lookup="1.7"),
        Column(fact="state", oid="1.2", map={"1": "up"}),
        Column(fact="index", oid="1.2", format="index"),
        Column(fact="n", oid="1.3"),
    ) == [
        ("port", "9", "501"),
        ("state", "9", "up"),
        ("index", "9", "9"),
        ("index", "10", "10"),
        ("n", "9", "6"),
    ]


def test_a_row_may_be_named_by_a_part_of_its_index() -> None:
    assert snmp_rows([("1.2.5000.1.7", b"plc"), ("1.2.9", b"x")], Column(fact="n", oid="1.2"), key="index-rest") == [
        ("n", "1.7", "plc")
    ]


def test_facts_are_the_same_for_the_same_bytes() -> None:
    known = platform(rule(pattern=r"V\d"))
    other = capture()._replace(asset=AssetId("press-8"))
    assert list(read_facts(known, capture(), b"V1")) == list(read_facts(known, capture(), b"V1"))
    assert [f.asset for f in read_facts(known, other, b"V1")] == ["press-8"]


def test_a_fact_may_be_looked_up_by_the_index_it_was_given() -> None:
    binds: list[tuple[str, Value]] = [("1.4.1", 26), ("1.6.26", b"7210 SAS-R6"), ("1.6.2", b"other")]
    assert snmp_value(binds, column="1.4", lookup="1.6") == ["7210 SAS-R6"]
    assert snmp_value([*binds[2:], ("1.4.1", 9)], column="1.4", lookup="1.6") == []
