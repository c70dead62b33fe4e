"""Envelopes: one signature, one way to write it."""

import base64
import json
import subprocess
from pathlib import Path

import pytest

from evidence.log import dsse
from evidence.log.canonical import dumps
from evidence.log.dsse import IN_TOTO, EnvelopeError, pae, read, sign, unbase64
from evidence.log.keyring import Keyring, Role
from evidence.log.keys import SignatureError

PAYLOAD = b'{"a":1}'


@pytest.fixture
def envelope(keyring: Keyring) -> bytes:
    return sign(keyring.key(Role.COLLECTOR), IN_TOTO, PAYLOAD)


def test_what_is_signed_is_dsses_own_encoding() -> None:
    """The example of the DSSE specification, protocol.md."""
    assert (
        pae("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("é", b"") == b"DSSEv1 2 \xc3\xa9 0 "


def test_an_envelope_is_canonical_json(keyring: Keyring, envelope: bytes) -> None:
    value = json.loads(envelope)
    assert dumps(value) == envelope
    assert list(value) == ["payload", "payloadType", "signatures"]
    assert base64.b64decode(value["payload"]) == PAYLOAD
    assert value["payloadType"] == "application/vnd.in-toto+json"
    assert [sorted(one) for one in value["signatures"]] == [["keyid", "sig"]]
    assert value["signatures"][0]["keyid"] == keyring.key(Role.COLLECTOR).public.id


def test_the_signer_is_checked(keyring: Keyring, envelope: bytes) -> None:
    found = read(envelope, IN_TOTO, at_most=10_000)
    assert found.verify(keyring.key(Role.COLLECTOR).public) == PAYLOAD
    with pytest.raises(SignatureError):
        found.verify(keyring.key(Role.SEALER).public)


def test_a_signature_for_another_type_is_no_signature(keyring: Keyring) -> None:
    hint = sign(keyring.key(Role.COLLECTOR), "application/other", PAYLOAD)
    with pytest.raises(EnvelopeError, match="of type"):
        read(hint, IN_TOTO, at_most=10_000)
    swapped = hint.replace(b"application/other", IN_TOTO.encode())
    with pytest.raises(SignatureError):
        read(swapped, IN_TOTO, at_most=10_000).verify(keyring.key(Role.COLLECTOR).public)


def test_every_changed_byte_is_noticed(keyring: Keyring, envelope: bytes) -> None:
    key = keyring.key(Role.COLLECTOR).public
    for at in range(len(envelope)):
        changed = bytearray(envelope)
        changed[at] ^= 1
        with pytest.raises((EnvelopeError, SignatureError)):  # noqa: PT012
            found = read(bytes(changed), IN_TOTO, at_most=10_000)
            if found.key_id != key.id:
                raise SignatureError("another key")
            found.verify(key)


def mutated(envelope: bytes, **changes: object) -> bytes:
    return dumps({**json.loads(envelope), **changes})


def test_exactly_one_signature_is_read(envelope: bytes) -> None:
    one = json.loads(envelope)["signatures"][0]
    for signatures in ([], [one, one]):
        with pytest.raises(EnvelopeError, match="expected one signature"):
            read(mutated(envelope, signatures=signatures), IN_TOTO, at_most=10_000)


def test_nothing_else_may_stand_in_an_envelope(envelope: bytes) -> None:
    one = json.loads(envelope)["signatures"][0]
    for wrong in (
        mutated(envelope, extra=1),
        mutated(envelope, signatures=[{**one, "cert": "x"}]),
        mutated(envelope, signatures=[{"sig": one["sig"]}]),
        mutated(envelope, signatures="x"),
        mutated(envelope, signatures=["x"]),
        mutated(envelope, payload=1),
        mutated(envelope, signatures=[{**one, "keyid": "x" * 101}]),
        b"[]",
        b"",
        envelope + b"\n",
        json.dumps(json.loads(envelope)).encode(),
    ):
        with pytest.raises(EnvelopeError, match="not an envelope"):
            read(wrong, IN_TOTO, at_most=10_000)


def test_an_envelope_is_bounded(envelope: bytes) -> None:
    assert read(envelope, IN_TOTO, at_most=len(envelope))
    with pytest.raises(EnvelopeError, match=f"at most {len(envelope) - 1} are read"):
        read(envelope, IN_TOTO, at_most=len(envelope) - 1)


@pytest.mark.parametrize("text", ["YQ", "YQ=", "YR==", "YQ==\n", "Y Q==", "YQ==YQ==", "-_==", "ä", "Y"])
def test_base64_is_read_one_way(text: str) -> None:
    assert unbase64("YQ==") == b"a"
    with pytest.raises(EnvelopeError, match="base64"):
        unbase64(text)


@pytest.mark.real
def test_openssl_verifies_an_envelope(keyring: Keyring, envelope: bytes, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    value = json.loads(envelope)
    public = Ed25519PublicKey.from_public_bytes(keyring.key(Role.COLLECTOR).public.raw)
    (tmp_path / "key.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "sig").write_bytes(base64.b64decode(value["signatures"][0]["sig"]))
    (tmp_path / "data").write_bytes(dsse.pae(value["payloadType"], base64.b64decode(value["payload"])))
    command = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "key.pem",
        "-rawin",
        "-in",
        "data",
        "-sigfile",
        "sig",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verified Successfully" in done.stdout


@pytest.mark.parametrize("length", [3 * 400, 3 * 400 + 1, 3 * 400 + 2])
def test_long_base64_is_read_as_strictly_as_short(length: int) -> None:
    data = bytes(range(251)) * 6
    text = base64.b64encode(data[:length]).decode()
    assert unbase64(text) == data[:length]
    last = len(text.rstrip("=")) - 1
    spare = text[:last] + chr(ord(text[last]) + 1) + text[last + 1 :]
    others = [text[:500] + bad + text[501:] for bad in '-_=\n "\\*é'] + [f"{text}=", text[:-1], text + "AA", f" {text}"]
    for other in others + ([spare] if length % 3 else []):
        with pytest.raises(EnvelopeError):
            unbase64(other)
    swapped = text.replace("+", "-").replace("/", "_")
    assert swapped != text
    with pytest.raises(EnvelopeError):
        unbase64(swapped)
