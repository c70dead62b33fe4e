"""What is read from an SNMP answer before it is decoded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.simulate import ber
from collectors.transports.snmp_user import User
from collectors.transports.snmp_wire import (
    MalformedError,
    PlainAnswer,
    Secured,
    is_whole,
    read_plain,
    read_report,
    read_secured,
    request_id,
)
from evidence.normalise.varbinds import arcs

OID = "1.3.6.1.2.1.1.1.0"


def message(*parts: bytes) -> bytes:
    return ber.tlv(ber.SEQUENCE, b"".join(parts))


def answer(status: int, *varbinds: bytes, version: int = 1, tag: int = 0xA2) -> bytes:
    pdu = ber.integer(9) + ber.integer(status) + ber.integer(0) + message(*varbinds)
    return message(ber.integer(version), ber.tlv(ber.OCTETS, b"c"), ber.tlv(tag, pdu))


def varbind(oid: str, value: bytes) -> bytes:
    return message(ber.oid(oid), value)


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 4000, 65535])
def test_a_message_is_whole_when_one_sequence_fills_the_datagram(length: int) -> None:
    whole = ber.tlv(ber.SEQUENCE, bytes(length))
    assert is_whole(whole)
    assert is_whole(memoryview(whole))
    assert not is_whole(whole + b"\0")
    assert not is_whole(whole[:-1])


@pytest.mark.parametrize(
    "data", [b"", b"\x30", b"\x31\x00", b"\x30\x80", b"\x30\x81", b"\x30\x82\x00", b"\x30\x83\0\0\0"]
)
def test_what_is_no_sequence_is_not_whole(data: bytes) -> None:
    assert not is_whole(data)


@pytest.mark.parametrize("version", [0, 1])
def test_an_answer_tells_its_status_and_its_varbinds(version: int) -> None:
    read = read_plain(answer(5, varbind(OID, b"\x05\0"), varbind("2.999.1.300", ber.integer(7)), version=version))
    assert read == PlainAnswer(5, ((OID, 0x05), ("2.999.1.300", 0x02)))
    assert read.echoes([OID, "2.999.1.300"])
    assert not read.echoes([OID])


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x02\x01\x01", id="no sequence"),
        pytest.param(answer(0) + answer(0), id="two messages"),
        pytest.param(answer(0, version=3), id="SNMPv3"),
        pytest.param(answer(0, tag=0xA0), id="a request"),
        pytest.param(message(ber.integer(1), ber.tlv(ber.OCTETS, b"c")), id="no PDU"),
        pytest.param(message(ber.integer(1), ber.tlv(ber.OCTETS, b"c"), ber.tlv(0xA2, b"")), id="an empty PDU"),
        pytest.param(answer(0, ber.integer(1)), id="a varbind that is none"),
        pytest.param(answer(0, message(ber.integer(1), ber.integer(1))), id="a varbind without an OID"),
        pytest.param(answer(0, message(ber.tlv(ber.OID, b""), ber.integer(1))), id="an empty OID"),
        pytest.param(answer(0, message(ber.tlv(ber.OID, b"\x2b\x86"), ber.integer(1))), id="an unfinished OID"),
        pytest.param(answer(0, message(ber.tlv(ber.OID, b"\x2b" * 641), ber.integer(1))), id="an OID longer than any"),
        pytest.param(b"\x30\x02\x02\x05", id="longer inside than outside"),
        pytest.param(b"\x30\x01\x02", id="a tag without a length"),
        pytest.param(b"\x30\x03\x02\x83\x01", id="a length of three octets"),
        pytest.param(b"\x30\x03\x02\x82\x01", id="a length cut short"),
    ],
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        read_plain(data)


@given(st.binary(max_size=80))
def test_any_datagram_is_read_or_refused(data: bytes) -> None:
    try:
        read = read_plain(data)
    except MalformedError:
        return
    assert all(arcs(oid) for oid, _ in read.varbinds)


def test_a_report_names_its_counter() -> None:
    report = message(ber.integer(3), varbind("1.3.6.1.6.3.15.1.1.5.0", ber.integer(1)))
    assert read_report(report) == 5
    assert read_report(answer(0, varbind(OID, ber.integer(1)))) is None
    assert read_report(report[: report.index(b"\x0f\x01\x01") + 3]) is None


def v3(*scoped: bytes, flags: bytes = b"\0", signature: bytes = b"") -> bytes:
    header = message(ber.integer(7), ber.integer(2048), ber.tlv(ber.OCTETS, flags), ber.integer(3))
    security = [b"engine", 1, 2, b"user", signature, b""]
    said = message(*(ber.integer(one) if isinstance(one, int) else ber.tlv(ber.OCTETS, one) for one in security))
    return message(ber.integer(3), header, ber.tlv(ber.OCTETS, said), message(*scoped))


CONTEXT = (ber.tlv(ber.OCTETS, b"engine"), ber.tlv(ber.OCTETS, b""))
RESPONSE, REPORT = ber.tlv(0xA2, b""), ber.tlv(0xA8, b"")


def test_a_v3_message_tells_how_secure_it_is() -> None:
    assert read_secured(v3(*CONTEXT, RESPONSE, flags=b"\3", signature=b"s")) == Secured(True, True, b"s", False)
    assert read_secured(v3(*CONTEXT, REPORT)) == Secured(False, False, b"", True)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(v3(*CONTEXT, RESPONSE), id="an answer without a signature"),
        pytest.param(v3(*CONTEXT, RESPONSE, REPORT), id="an answer with a report behind it"),
        pytest.param(v3(*CONTEXT, RESPONSE, flags=b"\1", signature=bytes(24)), id="a signature of zeros"),
        pytest.param(v3(*CONTEXT, RESPONSE, flags=b"\1"), id="a signature of nothing"),
        pytest.param(v3(*CONTEXT, RESPONSE, flags=b"\1\0"), id="two octets of flags"),
        pytest.param(answer(0), id="v2c"),
        pytest.param(message(*(ber.integer(n) for n in range(4))), id="four integers"),
    ],
)
def test_what_is_less_secure_than_the_user_asks_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        User(name="user", auth="sha256", auth_key=b"k" * 32).check(data)


@given(st.binary(max_size=80))
def test_any_datagram_is_checked_or_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        User(name="user", auth="sha256", auth_key=b"k" * 32).check(data)


@given(st.binary(max_size=60))
def test_a_request_id_is_octets_that_stand_there_or_none(data: bytes) -> None:
    found = request_id(data)
    assert found is None or (found and found in data)


@pytest.mark.parametrize(
    ("datagram", "number"),
    [
        ("3013020101040170a20b020400000007020100020100", "00000007"),
        ("308200130201010401 70a28200070204000000070201", "00000007"),
        ("30130201010401 70a20b0200", None),
        ("3013020101040170a20b02040000", None),
        ("3013020101040170a20b02", None),
        ("3013020101047f70a20b020400000007", None),
        ("30ff", None),
        ("", None),
    ],
    ids=[
        "as usual",
        "long lengths",
        "empty",
        "cut off",
        "without a length",
        "a community too long",
        "no length",
        "nothing",
    ],
)
def test_a_request_id_that_is_cut_off_or_empty_is_none(datagram: str, number: str | None) -> None:
    """Two of them would else be taken for one answer that came twice."""
    assert request_id(bytes.fromhex(datagram)) == (bytes.fromhex(number) if number else None)
