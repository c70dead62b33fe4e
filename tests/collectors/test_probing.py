"""What `doctor -i … -l …` finds at the assets' doors: each mistake made for real, and the same thing done right."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from collectors.credentials import Secret
from collectors.inventory.host import SnmpAccess, SshAccess
from collectors.transports.hostkeys import HostKeys
from collectors.transports.knock import SMALL_MTU, Knocked, Knocker
from evidence.model.names import AssetId

pytestmark = pytest.mark.real

NOBODY = "no-such-name.invalid"
"""A name that never resolves (RFC 6761 §6.4)."""


@pytest.fixture
def gate(parts: Any) -> Any:
    return parts.gate


@pytest.fixture
def knocker(parts: Any) -> Knocker:
    return Knocker(asset=AssetId("sw"), gate=parts.gate, clock=parts.ticks, timeout_s=0.6)


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Accept one connection and serve it in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def accept() -> None:
            with suppress(OSError), server.accept()[0] as taken:
                taken.settimeout(20)
                serve(taken)

        thread = threading.Thread(target=accept)
        thread.start()
        yield server.getsockname()[1]
        thread.join(20)


def certified(folder: Path, *, days: int) -> Path:
    """Make a certificate of localhost that is valid for so many more days; return the file of it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = folder / f"certificate-{days}.pem"
    file.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
    return file


def test_a_name_that_does_not_resolve_is_dns(knocker: Knocker) -> None:
    assert knocker.ssh(SshAccess(address=NOBODY), HostKeys()).how is Knocked.UNNAMED
    assert knocker.snmp(SnmpAccess(address=NOBODY)).how is Knocked.UNNAMED
    assert knocker.service("http", f"https://{NOBODY}").how is Knocked.UNNAMED


def test_an_agent_that_answers_is_open(knocker: Knocker, snmpd: Any, gate: Any) -> None:
    assert knocker.snmp(snmpd.access()).how is Knocked.OPEN
    assert knocker.snmp(snmpd.access("sha256-aes128")).how is Knocked.OPEN
    assert gate.said == ["get sysUpTime.0", "get snmpEngineID (unauthenticated)"], "no user is ever tried"


def test_a_wrong_community_is_told_from_a_blocked_port(knocker: Knocker, snmpd: Any) -> None:
    wrong = knocker.snmp(replace(snmpd.access(), community=Secret("wr0ng-one")))
    assert (wrong.how, "ignores the community" in wrong.said) == (Knocked.COMMUNITY, True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        assert knocker.snmp(replace(snmpd.access(), port=port)).how is Knocked.SILENT
    assert knocker.snmp(replace(snmpd.access(), port=port)).how is Knocked.CLOSED


def test_a_host_key_that_is_known_unknown_or_another(knocker: Knocker, sshd: Any) -> None:
    server = sshd(kinds=("ed25519",))
    known = knocker.ssh(server.access(), server.trust())
    assert known.how is Knocked.OPEN
    assert known.mtu is None or known.mtu > SMALL_MTU
    unknown = knocker.ssh(server.access(), HostKeys())
    assert (unknown.how, "is not known" in unknown.said) == (Knocked.HOST_KEY, True)
    other = HostKeys(known_hosts=[server.known_hosts], pins={f"[127.0.0.1]:{server.port}": "ssh-ed25519 SHA256:other"})
    assert knocker.ssh(server.access(), other).how is Knocked.HOST_KEY
    assert not [line for line in server.lines if "Failed" in line or "Accepted" in line], "nobody logged in, or tried"


def test_long_packets_that_get_lost_are_the_mtu(knocker: Knocker, sshd: Any) -> None:
    server = sshd(kinds=("ed25519",))

    def lose_long_packets(taken: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as behind:
            taken.sendall(behind.recv(200))  # the greeting; what follows from there is longer than the way carries
            while taken.recv(4096):
                pass

    with listening(lose_long_packets) as port:
        lost = knocker.ssh(server.access(port=port), server.trust())
    assert (lost.how, "its greeting came" in lost.said) == (Knocked.LARGE_LOST, True)


def test_a_port_where_nobody_speaks_ssh(knocker: Knocker) -> None:
    with listening(lambda taken: taken.sendall(b"220 ready\r\n")) as port:
        assert knocker.ssh(SshAccess(address="127.0.0.1", port=port), HostKeys()).how is Knocked.STRANGE
    closed = knocker.ssh(SshAccess(address="127.0.0.1", port=port), HostKeys())
    assert (closed.how, "refused" in closed.said) == (Knocked.CLOSED, True)


@pytest.mark.parametrize(("days", "how"), [(-2, Knocked.CERTIFICATE), (90, Knocked.OPEN)])
def test_a_certificate_that_has_expired(knocker: Knocker, tmp_path: Path, days: int, how: Knocked) -> None:
    file = certified(tmp_path, days=days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def shake_hands(taken: socket.socket) -> None:
        with suppress(ssl.SSLError), context.wrap_socket(taken, server_side=True) as secured:
            secured.recv(1)

    with listening(shake_hands) as port:
        told = knocker.service("http", f"https://localhost:{port}", ca_file=str(file))
    assert told.how is how
    if how is Knocked.CERTIFICATE:
        assert "certificate has expired" in told.said


def test_a_service_without_tls_is_connected_to_and_no_more(knocker: Knocker) -> None:
    heard: list[bytes] = []
    with listening(lambda taken: heard.append(taken.recv(100))) as port:
        assert knocker.service("opcua", f"opc.tcp://127.0.0.1:{port}").how is Knocked.OPEN
    assert heard == [b""]
    assert knocker.service("opcua", f"opc.tcp://127.0.0.1:{port}").how is Knocked.CLOSED


def test_a_server_that_has_no_tls(knocker: Knocker) -> None:
    with listening(lambda taken: taken.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")) as port:
        assert knocker.service("http", f"https://localhost:{port}").how is Knocked.STRANGE
