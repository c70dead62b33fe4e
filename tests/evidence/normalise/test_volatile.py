import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.normalise import varbinds
from evidence.normalise.volatile import VolatileError, merge, split
from evidence.platforms.platform import Question, Verb

UPTIME = "1.3.6.1.2.1.1.3"
ARP = "1.3.6.1.2.1.4.22.1"


def snmp(*oids: str) -> Question:
    return Question(
        name="q", transport="snmp", verb=Verb.WALK, objects=("1",), tags=frozenset(), ttl_s=1, volatile_oids=oids
    )


def cli(*patterns: str) -> Question:
    return Question(
        name="q", transport="ssh", verb=Verb.RUN, objects=("x",), tags=frozenset(), ttl_s=1, volatile_lines=patterns
    )


SYSTEM = varbinds.encode(
    [
        ("1.3.6.1.2.1.1.1.0", b"A device"),
        ("1.3.6.1.2.1.1.3.0", 4711),
        ("1.3.6.1.2.1.1.30.0", b"not uptime"),
        ("1.3.6.1.2.1.4.22.1.2.1.192.0.2.1", b"\1\2\3\4\5\6"),
        ("1.3.6.1.2.1.4.22.1.4.1.192.0.2.1", 3),
    ]
)


def test_values_below_a_volatile_oid_are_taken_out() -> None:
    stable, moving = split(snmp(UPTIME, ARP), SYSTEM)
    assert stable == b"1.3.6.1.2.1.1.1.0\ts\tA device\n1.3.6.1.2.1.1.30.0\ts\tnot uptime\n"
    assert b"1.3.6.1.2.1.1.3.0\ti\t4711\n" in moving
    assert merge(stable, moving) == SYSTEM


def test_the_exact_oid_is_volatile_too() -> None:
    stable, moving = split(snmp("1.3.6.1.2.1.1.3.0"), SYSTEM)
    assert b"4711" not in stable
    assert merge(stable, moving) == SYSTEM


def test_a_table_that_is_volatile_as_a_whole_leaves_nothing() -> None:
    table = varbinds.encode([(f"{ARP}.2.1.10.0.0.{n}", b"\0" * 6) for n in range(1, 9)])
    stable, moving = split(snmp(ARP), table)
    assert stable == b""
    assert merge(stable, moving) == table
    assert moving.startswith(b"0 %d\n" % len(table))


def test_the_stable_share_does_not_change_when_only_volatile_values_do() -> None:
    later = SYSTEM.replace(b"4711", b"4712000").replace(b"010203040506", b"0102030405ff")
    assert later != SYSTEM
    assert split(snmp(UPTIME, ARP), later)[0] == split(snmp(UPTIME, ARP), SYSTEM)[0]


CONFIG = b"! Last configuration change at 09:13\r\nhostname a\r\n! Last configuration change at 09:14\r\nend"


def test_lines_that_match_are_taken_out_with_their_line_ends() -> None:
    question = cli("^! Last configuration change", "^ntp clock-period")
    stable, moving = split(question, CONFIG)
    assert stable == b"hostname a\r\nend"
    assert merge(stable, moving) == CONFIG
    assert split(question, CONFIG.replace(b"09:1", b"10:5"))[0] == stable


def test_neighbouring_lines_are_one_piece() -> None:
    stable, moving = split(cli("xxx"), b"a\nxxx1\nxxx2\nb\n")
    assert (stable, moving) == (b"a\nb\n", b"2 10\nxxx1\nxxx2\n")


@pytest.mark.parametrize("question", [snmp(), cli()])
def test_without_volatile_knowledge_everything_is_stable(question: Question) -> None:
    assert split(question, SYSTEM) == (SYSTEM, b"")


@pytest.mark.parametrize("question", [snmp(UPTIME), cli("uptime")])
def test_where_nothing_is_volatile_there_is_no_volatile_share(question: Question) -> None:
    assert split(question, b"1.3.6.1.2.1.1.1.0\ts\tx\n") == (b"1.3.6.1.2.1.1.1.0\ts\tx\n", b"")
    assert split(question, b"") == (b"", b"")


@pytest.mark.parametrize(
    "moving",
    [
        b"x",
        b"0 4",
        b"0 4\nabc",
        b"9 1\nx",
        b"0 0\n",
        b"01 1\nx",
        b"-1 1\nx",
        b"0 1\nx0 1\ny",
        b"2 1\nx1 1\ny",
        b"0 1\nxy",
        b"0  1\nx",
        b"0 1\r\nx",
    ],
)
def test_a_volatile_share_that_does_not_fit_is_refused(moving: bytes) -> None:
    with pytest.raises(VolatileError, match="volatile share"):
        merge(b"abc\n", moving)


pieces = st.lists(
    st.sampled_from(
        [b"1.3.6.1.2.1.1.3", b".0\t", b"\n", b"1.3.6.1.2.1.1.3.0\ti\t5\n", b"uptime", b" x", b"\r", b"\xff"]
    )
)


@given(pieces.map(b"".join), st.sampled_from([snmp(UPTIME), snmp(UPTIME, ARP), cli("uptime"), cli("^uptime", r"\S\s")]))
def test_merge_gives_back_what_was_split_whatever_it_is(data: bytes, question: Question) -> None:
    stable, moving = split(question, data)
    assert merge(stable, moving) == data


@given(st.binary(max_size=80), st.sampled_from([snmp("1"), cli("^.")]))
def test_merge_gives_back_any_bytes(data: bytes, question: Question) -> None:
    assert merge(*split(question, data)) == data
