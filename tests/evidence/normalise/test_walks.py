import pytest

from evidence.normalise.walks import WalkError, read_walk

PRINTED = """\
.1.3.6.1.2.1.1.1.0 = STRING: "Acme \\"Press\\""
.1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.99999.1
.1.3.6.1.2.1.1.3.0 = Timeticks: (102) 0:00:01.02
.1.3.6.1.2.1.1.4.0 = ""
.1.3.6.1.2.1.2.2.1.6.1 = Hex-STRING: 00 1B 2C
.1.3.6.1.2.1.2.2.1.7.1 = INTEGER: 1
.1.3.6.1.2.1.4.20.1.1.192.0.2.1 = IpAddress: 192.0.2.1
.1.3.6.1.4.1.99999.1 = No Such Object available on this agent at this OID
"""


def test_a_printed_walk_is_read() -> None:
    assert list(read_walk(PRINTED)) == [
        ("1.3.6.1.2.1.1.1.0", b'Acme "Press"'),
        ("1.3.6.1.2.1.1.2.0", "1.3.6.1.4.1.99999.1"),
        ("1.3.6.1.2.1.1.3.0", 102),
        ("1.3.6.1.2.1.1.4.0", b""),
        ("1.3.6.1.2.1.2.2.1.6.1", b"\x00\x1b\x2c"),
        ("1.3.6.1.2.1.2.2.1.7.1", 1),
        ("1.3.6.1.2.1.4.20.1.1.192.0.2.1", "192.0.2.1"),
    ]


@pytest.mark.parametrize("line", ["second line of a text", ".1.3.6 = Opaque: Float: 1.5", ".1.3.6 = Timeticks: 7"])
def test_a_line_that_snmpbulkwalk_does_not_print_says_which(line: str) -> None:
    with pytest.raises(WalkError, match="line 2: "):
        list(read_walk(f".1.3.6.1 = INTEGER: 1\n{line}\n"))
