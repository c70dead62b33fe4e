"""Time stamps by a real authority (OpenSSL): read, checked, and refused where anything is not as it should be."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import Error
from evidence.log.der import OID, SEQUENCE, DerError, read, write, write_integer, write_oid
from evidence.log.timestamp import MAX_REPLY_BYTES, TimestampError, Token, read_reply, request
from evidence.log.timestamp_trust import Trust, check_trust, load_certificates, load_crl, read_certificates

pytestmark = pytest.mark.real

DATA = b"plantproof.example/acme/9c1e4f0a12b3c4d5\n12\nroot\n"


def openssl(*words: str) -> tuple[int, str]:
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def verified(tsa: Any, folder: Path, reply: bytes, data: bytes = DATA, *more: str) -> bool:
    """Tell whether `openssl ts -verify` accepts a reply as the format's own description has it."""
    (folder / "checkpoint").write_bytes(data)
    (folder / "token.tsr").write_bytes(reply)
    words = ["-data", str(folder / "checkpoint"), "-in", str(folder / "token.tsr"), "-CAfile", str(tsa.ca), *more]
    return openssl("ts", "-verify", *words)[0] == 0


def trust(tsa: Any, *crls: Path) -> Trust:
    return Trust(roots=read_certificates(tsa.ca), crls=tuple(load_crl(path.read_bytes()) for path in crls))


@pytest.mark.parametrize("rsa", [False, True])
def test_a_token_says_what_was_stamped_when_and_openssl_agrees(tsas: ModuleType, tmp_path: Path, rsa: bool) -> None:
    tsa = tsas.Tsa(tmp_path / "tsa", rsa=rsa).make()
    reply = tsa.reply(request(DATA, nonce=2**62 + 7, policy=tsas.POLICY))
    token = read_reply(reply).covers(DATA)
    assert (token.nonce, token.policy, token.authority) == (2**62 + 7, tsas.POLICY, "CN=tsa-1 tsa")
    assert token.accuracy.total_seconds() == 1.5001
    assert check_trust(token, trust(tsa)) is None, "no list is no list"
    assert check_trust(token, trust(tsa, tsa.crl)) == datetime(2026, 1, 1, tzinfo=UTC)
    assert verified(tsa, tmp_path, reply)


def test_our_question_is_what_openssl_reads(tmp_path: Path) -> None:
    (tmp_path / "query.tsq").write_bytes(request(DATA, nonce=0x1234, policy="1.3.6.1.4.1.32473.1"))
    code, told = openssl("ts", "-query", "-in", str(tmp_path / "query.tsq"), "-text")
    assert code == 0, told
    for words in (
        "Hash Algorithm: sha256",
        "Policy OID: 1.3.6.1.4.1.32473.1",
        "Nonce: 0x1234",
        "Certificate required: yes",
    ):
        assert words in told


def test_a_token_of_something_else_is_refused_by_both(tsa: Any, tmp_path: Path) -> None:
    reply = tsa.reply(request(DATA, nonce=1))
    with pytest.raises(TimestampError, match="the imprint is of something else"):
        read_reply(reply).covers(DATA + b"x")
    assert not verified(tsa, tmp_path, reply, DATA + b"x")
    read_reply(reply).covers(DATA)


def test_a_token_of_before_its_certificate_ran_out_proves_its_own_time(tsas: ModuleType, tmp_path: Path) -> None:
    begin, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)
    tsa = tsas.Tsa(tmp_path / "tsa", begin=begin, end=end, clock="2024-01-15 12:00:00").make()
    reply = tsa.reply(request(DATA, nonce=1))
    token = read_reply(reply)
    assert token.time.date().isoformat() == "2024-01-15"
    check_trust(token, trust(tsa))
    assert not verified(tsa, tmp_path, reply), "to openssl the certificate has run out"
    assert verified(tsa, tmp_path, reply, DATA, "-attime", str(int(token.time.timestamp())))
    tsa.clock = None
    late = read_reply(tsa.reply(request(DATA, nonce=1)))
    with pytest.raises(TimestampError, match="was not valid at"):
        check_trust(late, trust(tsa))


@pytest.mark.parametrize(
    ("usages", "critical"),
    [
        ((ExtendedKeyUsageOID.TIME_STAMPING,), False),
        ((ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING), True),
        ((ExtendedKeyUsageOID.CODE_SIGNING,), True),
        ((), True),
    ],
)
def test_a_certificate_that_is_not_for_time_stamps_alone_is_refused(
    tsas: ModuleType, tmp_path: Path, usages: Any, critical: bool
) -> None:
    tsa = tsas.Tsa(tmp_path / "tsa").make()
    reply = tsa.reply(request(DATA, nonce=1))
    good = x509.load_pem_x509_certificate((tsa.folder / "tsa.pem").read_bytes())
    again = tsas.signed_by(tsa, reply, good)
    check_trust(read_reply(again).covers(DATA), trust(tsa))
    assert verified(tsa, tmp_path, again), "only the certificate is another one"
    tsa.usages, tsa.critical = usages, critical
    wrong = tsas.signed_by(tsa, reply, tsa._certificate("tsa", "between", ca=False))
    with pytest.raises(TimestampError, match="not for time stamps"):
        read_reply(wrong)
    assert not verified(tsa, tmp_path, wrong)


def test_a_token_under_another_certificate_of_its_key_is_refused(tsa: Any, tsas: ModuleType, tmp_path: Path) -> None:
    """Which certificate it was signed with is not part of what is signed, but for the attribute that says so."""
    reply = tsa.reply(request(DATA, nonce=1))
    other = tsas.signed_by(tsa, reply, tsa._certificate("tsa", "between", ca=False), anew=False)
    with pytest.raises(TimestampError, match="signed for another certificate"):
        read_reply(other)
    assert not verified(tsa, tmp_path, other)
    assert verified(tsa, tmp_path, reply)


def test_a_chain_that_leads_elsewhere_is_not_trusted(tsa: Any, other_tsa: Any, tmp_path: Path) -> None:
    reply = tsa.reply(request(DATA, nonce=1))
    with pytest.raises(TimestampError, match="no chain leads from CN=tsa-1 tsa"):
        check_trust(read_reply(reply), trust(other_tsa))
    assert not verified(other_tsa, tmp_path, reply)
    check_trust(read_reply(reply), trust(tsa))


def test_a_chain_through_what_is_no_ca_is_not_trusted(tsas: ModuleType, tmp_path: Path) -> None:
    tsa = tsas.Tsa(tmp_path / "tsa").make()
    between = tsa._certificate("between", "root", ca=False)
    (tsa.folder / "chain.pem").write_bytes(between.public_bytes(tsas.Encoding.PEM))
    reply = tsa.reply(request(DATA, nonce=1))
    with pytest.raises(TimestampError, match="no chain leads"):
        check_trust(read_reply(reply), trust(tsa))
    assert not verified(tsa, tmp_path, reply)


R = x509.ReasonFlags
BEFORE, AFTER = datetime(2020, 6, 1, tzinfo=UTC), datetime(2039, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "reason", "stands"),
    [
        (BEFORE, None, False),
        (AFTER, None, False),
        (BEFORE, R.superseded, False),
        (AFTER, R.superseded, True),
        (AFTER, R.cessation_of_operation, True),
        (AFTER, R.key_compromise, False),
    ],
)
def test_a_revoked_certificate_counts_as_rfc_3161_says(tsa: Any, at: datetime, reason: Any, stands: bool) -> None:
    token = read_reply(tsa.reply(request(DATA, nonce=1)))
    check_trust(token, trust(tsa, tsa.crl))
    revoked = trust(tsa, tsa.revoke(at=at, reason=reason))
    if stands:
        check_trust(token, revoked)
    else:
        with pytest.raises(TimestampError, match="was revoked by its issuer"):
            check_trust(token, revoked)


def test_a_list_by_somebody_else_says_nothing(tsa: Any, other_tsa: Any) -> None:
    token = read_reply(tsa.reply(request(DATA, nonce=1)))
    other_tsa.revoke(at=BEFORE)
    assert check_trust(token, trust(tsa, other_tsa.crl)) is None


def meaning(token: Token) -> tuple[object, ...]:
    return (token.time, token.accuracy, token.imprint, token.nonce, token.policy, token.signer)


def test_no_flipped_bit_changes_what_a_token_says(tsa: Any) -> None:
    reply = tsa.reply(request(DATA, nonce=1))
    whole, survived = meaning(read_reply(reply)), 0
    for at in range(len(reply)):
        changed = bytearray(reply)
        changed[at] ^= 1 << at % 8
        try:
            assert meaning(read_reply(bytes(changed))) == whole, f"byte {at}"
            survived += 1
        except Error:
            continue
    assert survived < len(reply) / 2, "what is not signed for: the certificates that come along, and names"


def test_what_is_behind_or_cut_off_is_refused(tsa: Any) -> None:
    reply = tsa.reply(request(DATA, nonce=1))
    for bad in (reply + b"\0", reply[:-1], reply[1:], b"", b"\x30\x80" + reply[2:], b"x" * (MAX_REPLY_BYTES + 1)):
        with pytest.raises(TimestampError):
            read_reply(bad)
    refusal = write(SEQUENCE, write(SEQUENCE, write_integer(2)))
    with pytest.raises(TimestampError, match="the authority refused: status 2"):
        read_reply(refusal)


@given(st.binary(max_size=200))
def test_anything_at_all_is_read_or_refused_in_words(data: bytes) -> None:
    for reader in (read_reply, load_crl, load_certificates):
        try:
            reader(data)
        except Error:
            continue


def test_der_is_read_strictly() -> None:
    assert read(write_integer(128), "x").integer("x") == 128
    assert read(write_oid("1.2.840.113549.1.9.16.1.4"), "x").oid("x") == "1.2.840.113549.1.9.16.1.4"
    assert read(write_oid("2.16.840.1.101.3.4.2.1"), "x").oid("x") == "2.16.840.1.101.3.4.2.1"
    assert read(write(SEQUENCE, b"\x05\x00" * 200), "x").within("x")[199].raw == b"\x05\x00"
    bad = [
        b"\x02\x02\x00\x01", b"\x02\x00", b"\x02\x81\x01\x01", b"\x02\x02\xff\x80", b"\x1f\x01\x01", b"\x02\x05\x01",
        b"\x02\x80\x01\x00\x00",
    ]  # fmt: skip
    for data in bad:
        with pytest.raises(DerError):
            read(data, "x").integer("x")
    for data in (b"\x06\x00", b"\x06\x01\x80", b"\x06\x02\x80\x01"):
        with pytest.raises(DerError):
            read(data, "x").expect(OID, "x").oid("x")
    for text in (b"20261126183650Z", b"20261126183650.5Z"):
        read(bytes([0x18, len(text)]) + text, "x").time("x")
    for text in (b"20261126183650", b"20261126183650.50Z", b"20261326183650Z", b"261126183650Z", b"20261126183650.Z"):
        with pytest.raises(DerError):
            read(bytes([0x18, len(text)]) + text, "x").time("x")
