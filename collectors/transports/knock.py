"""
Knocking at an asset's doors without going in: is anybody there, and is it who was expected?

No login is ever tried. Over SSH keys are exchanged and the host key is looked at; over TLS the certificate; over SNMP a
value is asked for with the community, and where that is met with silence, an SNMPv3 engine's name, which nobody needs a
credential for (RFC 3414 §4). Every knock passes the gate.
"""

import logging
import secrets
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import paramiko

from collectors.inventory.host import SnmpAccess, SshAccess
from collectors.transports.hostkeys import HostKeys
from collectors.transports.interface import PORTS, Action, Gate, HostKeyError
from evidence.clock import Clock
from evidence.model.names import AssetId

MAX_DATAGRAM = 65_535
"""The longest answer over UDP (RFC 768)."""
SMALL_MTU = 1280
"""The least an IPv6 link carries (RFC 8200 §5); what carries less cuts ordinary answers into pieces."""
_IP_MTU = 14
"""Socket option: the path's MTU as the kernel knows it (ip(7), Linux)."""
_SYS_UPTIME = bytes((0x2B, 6, 1, 2, 1, 1, 3, 0))
_REPORTABLE = b"\x04"
_USM = 3


class Knocked(StrEnum):
    """How a knock ended."""

    OPEN = "open"
    """Somebody answered as expected."""
    UNNAMED = "unnamed"
    """The name does not resolve."""
    CLOSED = "closed"
    """The port is refused: the machine is there, the service is not."""
    SILENT = "silent"
    """Nothing came back."""
    COMMUNITY = "community"
    """The agent is there and does not answer to this community."""
    HOST_KEY = "host-key"
    """The SSH host key is unknown, or another one."""
    CERTIFICATE = "certificate"
    """The TLS certificate is not trusted, or has expired."""
    LARGE_LOST = "large-lost"
    """Short packets come through, long ones do not."""
    STRANGE = "strange"
    """Somebody answered, but not as that service does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """What came of one knock."""

    how: Knocked
    said: str
    mtu: int | None = None
    """Of the path, where the kernel knows it."""
    expires: str | None = None
    """Of a certificate, in OpenSSL's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knocker:
    """Knocks, at the pace of the gate."""

    asset: AssetId
    gate: Gate
    clock: Clock
    timeout_s: float

    def ssh(self, access: SshAccess, host_keys: HostKeys) -> Knock:
        """Exchange keys and compare the host key; no user is named."""
        logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)  # what breaks off is told here, not by traceback
        with self._passing("ssh", "knock", f"{access.address}:{access.port}"):
            sock = self._connect(access.address, access.port)
            if isinstance(sock, Knock):
                return sock
            with sock:
                return _exchange_keys(sock, access, host_keys, self.timeout_s)

    def service(self, transport: str, url: str, *, ca_file: str | None = None) -> Knock:
        """Connect; where it is over TLS shake hands, and look at the certificate."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 443)
        with self._passing(transport, "knock", f"{host}:{port}"):
            sock = self._connect(host, port)
            if isinstance(sock, Knock):
                return sock
            with sock:
                if parts.scheme != "https":
                    return Knock(how=Knocked.OPEN, said=f"{host} TCP port {port} is open", mtu=_mtu(sock))
                return _shake_hands(sock, host, ca_file)

    def snmp(self, access: SnmpAccess) -> Knock:
        """Ask for one value, where there is a community; then, or else, for the engine's name."""
        try:
            found = socket.getaddrinfo(access.address, access.port, type=socket.SOCK_DGRAM)[0]
        except socket.gaierror as error:
            return _unnamed(access.address, error)
        with socket.socket(found[0], socket.SOCK_DGRAM) as sock:
            sock.settimeout(self.timeout_s)
            sock.connect(found[4])
            if access.version != "3":
                asked = self._exchange(sock, "get", "sysUpTime.0", _get(access))
                if asked is not Knocked.SILENT:
                    return _told_of_udp(asked, access, _mtu(sock))
            named = self._exchange(sock, "get", "snmpEngineID (unauthenticated)", _discovery())
            if named is Knocked.OPEN and access.version != "3":
                named = Knocked.COMMUNITY
            return _told_of_udp(named, access, _mtu(sock))

    def _exchange(self, sock: socket.socket, verb: str, what: str, request: bytes) -> Knocked:
        with self._passing("snmp", verb, what):
            try:
                sock.send(request)
                answer = sock.recv(MAX_DATAGRAM)
            except TimeoutError:
                return Knocked.SILENT
            except OSError:  # ICMP: port or host unreachable
                return Knocked.CLOSED
        return Knocked.OPEN if answer[:1] == b"\x30" else Knocked.STRANGE

    def _connect(self, host: str, port: int) -> "socket.socket | Knock":
        try:
            return socket.create_connection((host, port), timeout=self.timeout_s)
        except socket.gaierror as error:
            return _unnamed(host, error)
        except TimeoutError:
            return Knock(how=Knocked.SILENT, said=f"no answer from {host} TCP port {port} in {self.timeout_s:g} s")
        except OSError as error:
            return Knock(how=Knocked.CLOSED, said=f"{host} TCP port {port}: {error.strerror or type(error).__name__}")

    @contextmanager
    def _passing(self, transport: str, verb: str, what: str) -> Iterator[None]:
        """Pass the gate, and write down that it was passed."""
        action = Action(self.asset, transport, verb, what)
        self.gate.enter_blocking(action)
        began = self.clock.monotonic()
        try:
            yield
        finally:
            self.gate.leave(action, took_s=self.clock.monotonic() - began, received=0)


def _exchange_keys(sock: socket.socket, access: SshAccess, host_keys: HostKeys, timeout_s: float) -> Knock:
    where, mtu = f"{access.address} port {access.port}", _mtu(sock)
    transport = paramiko.Transport(sock)
    transport.banner_timeout = transport.handshake_timeout = timeout_s
    try:
        transport.start_client(timeout=timeout_s)
        if not transport.initial_kex_done:
            raise TimeoutError
        key = transport.get_remote_server_key()
        said = host_keys.check(
            access.address, access.port, key.get_name(), key.asbytes(), checking=access.host_key_checking
        )
        return Knock(how=Knocked.OPEN, said=f"SSH at {where}, host key {said}", mtu=mtu)
    except HostKeyError as error:
        return Knock(how=Knocked.HOST_KEY, said=str(error), mtu=mtu)
    except paramiko.ssh_exception.IncompatiblePeer as error:
        return Knock(how=Knocked.STRANGE, said=f"SSH at {where}: no algorithm in common ({error})", mtu=mtu)
    except (paramiko.SSHException, EOFError, OSError):
        if transport.remote_version and transport.is_active():
            said = f"SSH at {where}: its greeting came, its keys did not within {timeout_s:g} s"
            return Knock(how=Knocked.LARGE_LOST, said=said, mtu=mtu)
        return Knock(how=Knocked.STRANGE, said=f"{where}: connected, and nobody speaks SSH there", mtu=mtu)
    finally:
        transport.close()


def _shake_hands(sock: socket.socket, host: str, ca_file: str | None) -> Knock:
    mtu = _mtu(sock)
    try:
        context = ssl.create_default_context(cafile=ca_file)
        with context.wrap_socket(sock, server_hostname=host) as secured:
            certificate = secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return Knock(how=Knocked.CERTIFICATE, said=f"{host}: {error.verify_message}", mtu=mtu)
    except TimeoutError:
        return Knock(how=Knocked.LARGE_LOST, said=f"{host}: connected, and the TLS handshake got no answer", mtu=mtu)
    except (OSError, ValueError) as error:
        return Knock(how=Knocked.STRANGE, said=f"{host}: no TLS there ({type(error).__name__})", mtu=mtu)
    return Knock(how=Knocked.OPEN, said=f"TLS at {host}", mtu=mtu, expires=str(certificate.get("notAfter", "")))


def _told_of_udp(how: Knocked, access: SnmpAccess, mtu: int | None) -> Knock:
    where = f"{access.address} UDP port {access.port}"
    said = {
        Knocked.OPEN: f"an SNMP agent answers at {where}",
        Knocked.CLOSED: f"{where} is refused (ICMP unreachable)",
        Knocked.SILENT: f"{where} is silent, to SNMPv3's question for its name, too",
        Knocked.COMMUNITY: f"{where}: an agent is there, says its name over SNMPv3, and ignores the community",
        Knocked.STRANGE: f"{where} answers, but not as SNMP does",
    }
    return Knock(how=how, said=said[how], mtu=mtu)


def _unnamed(host: str, error: socket.gaierror) -> Knock:
    return Knock(how=Knocked.UNNAMED, said=f"{host} does not resolve ({error.strerror})")


def _mtu(sock: socket.socket) -> int | None:
    """Return the path's MTU as far as the kernel knows it (IPv4 on Linux)."""
    with suppress(OSError):
        return sock.getsockopt(socket.IPPROTO_IP, _IP_MTU)
    return None


def _get(access: SnmpAccess) -> bytes:
    """Return a GetRequest for sysUpTime.0 (RFC 3416 §3; BER, X.690)."""
    community = access.community.reveal().encode() if access.community else b""
    version = 0 if access.version == "1" else 1
    wanted = _tlv(0x30, _tlv(0x30, _tlv(0x06, _SYS_UPTIME), _tlv(0x05)))
    return _tlv(0x30, _integer(version), _tlv(0x04, community), _pdu(wanted))


def _discovery() -> bytes:
    """Return the request that any SNMPv3 engine answers with its name (RFC 3414 §4)."""
    header = _tlv(0x30, _number(), _integer(MAX_DATAGRAM - 28), _tlv(0x04, _REPORTABLE), _integer(_USM))
    nobody = _tlv(0x30, _tlv(0x04), _integer(0), _integer(0), _tlv(0x04), _tlv(0x04), _tlv(0x04))
    scoped = _tlv(0x30, _tlv(0x04), _tlv(0x04), _pdu(_tlv(0x30)))
    return _tlv(0x30, _integer(3), header, _tlv(0x04, nobody), scoped)


def _pdu(varbinds: bytes) -> bytes:
    return _tlv(0xA0, _number(), _integer(0), _integer(0), varbinds)


def _number() -> bytes:
    return _integer(secrets.randbelow(2**31))


def _integer(value: int) -> bytes:
    return _tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    length = bytes((size,)) if size < 0x80 else bytes((0x82, *divmod(size, 256)))
    return bytes((tag,)) + length + body
