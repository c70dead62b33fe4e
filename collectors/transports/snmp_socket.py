"""
The one place gufo-snmp is imported: its sockets, driven without its per-value iterators.

gufo (Rust) builds, signs, encrypts and decodes messages. Its public iterators hand over one value per step of the
event loop, which costs more than the decoding; its sockets hand over one answer.
"""

import importlib
from functools import lru_cache
from typing import Any, Protocol

from collectors.credentials import Secret
from collectors.inventory.host import SnmpAccess
from collectors.transports.interface import TransportError, Value

RECEIVE_BUFFER_BYTES = 128 * 1024
"""Kernel buffer a socket: room for late answers; the kernel's own default (208 KiB) is no less, some systems' is."""

_AUTH = {"sha1": 4, "sha224": 7, "sha256": 10, "sha384": 11, "sha512": 12}
_AUTH_BYTES = {"sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
_PRIV = {"des": 1, "aes128": 2, "aes192": 3, "aes256": 4}
_PRIV_BYTES = {"des": 16, "aes128": 16, "aes192": 24, "aes256": 32}
_BLUMENTHAL = 1
"""Added to the authentication number where its key is too short for the cipher (draft-blumenthal-aes-usm-04)."""
_LOCALISED = 2 << 6
"""Marks a key as localised already."""


class EngineMissingError(TransportError):
    """The SNMP engine is not installed on this machine."""


class AccessError(TransportError):
    """The SNMP variables of an asset do not make up a way to ask it."""


class ClientSocket(Protocol):
    """What is used of gufo's three socket classes."""

    def get_fd(self) -> int:
        """Return the file descriptor of the connected UDP socket; the object owns it."""
        ...

    def send_get(self, oid: str) -> None:
        """Send a GET for one value."""
        ...

    def recv_get(self) -> Value:
        """Decode its answer; `NoSuchInstance` when the device has no such value, None for an error or a null."""
        ...

    def send_get_many(self, oids: list[str]) -> None:
        """Send a GET."""
        ...

    def recv_get_many(self) -> dict[str, Value]:
        """Decode its answer, without what the device does not have."""
        ...

    def send_get_next(self, position: object) -> None:
        """Send a GETNEXT from an iterator's position."""
        ...

    def recv_get_next(self, position: object) -> tuple[str, Value]:
        """Decode its answer and move the position; `StopAsyncIteration` at the end of the subtree."""
        ...

    def send_get_bulk(self, position: object) -> None:
        """Send a GETBULK from an iterator's position."""
        ...

    def recv_get_bulk(self, position: object) -> list[tuple[str, Value] | None]:
        """Decode its answer and move the position; a last `None` is a value outside the subtree."""
        ...


class V3Socket(ClientSocket, Protocol):
    """What SNMPv3 adds."""

    def get_engine_id(self) -> bytes:
        """Return the engine id learnt from the device, or nothing."""
        ...

    def set_keys(self, user: str, auth: int, auth_key: bytes, priv: int, priv_key: bytes, /) -> None:
        """Use this user and these keys from now on."""
        ...

    def send_refresh(self) -> None:
        """Ask for engine id, boots and time."""
        ...

    def recv_refresh(self) -> None:
        """Learn them."""
        ...


def engine() -> Any:
    """Return gufo's compiled module, or raise `EngineMissingError`."""
    try:
        return importlib.import_module("gufo.snmp._fast")
    except ImportError as error:
        raise EngineMissingError(
            "SNMP needs gufo-snmp, which is not installed",
            hint="gufo-snmp has wheels for Linux (x86_64, aarch64) and macOS (arm64): collect from such a machine",
        ) from error


def check_access(access: SnmpAccess) -> None:
    """Raise `AccessError` when the variables do not fit together; nothing has been sent yet."""
    if access.version in ("1", "2c"):
        if access.community is None:
            raise AccessError(f"SNMP version {access.version} needs plantproof_snmp_community")
        return
    if access.version != "3":
        raise AccessError(f"expected plantproof_snmp_version 1, 2c or 3, found {access.version!r:.20}")
    if not access.user:
        raise AccessError("SNMP version 3 needs plantproof_snmp_user")
    if access.context:
        raise AccessError(
            "plantproof_snmp_context is set, and the SNMP engine can only ask the default context",
            hint="give the user a view of the default context, or take the asset out with plantproof_collect",
        )
    for name, known, chosen, key in (
        ("auth", _AUTH, access.auth, access.auth_key),
        ("priv", _PRIV, access.priv, access.priv_key),
    ):
        if chosen is not None and chosen not in known:
            raise AccessError(f"expected plantproof_snmp_{name} one of {' '.join(known)}, found {chosen!r:.20}")
        if (chosen is None) != (key is None):
            raise AccessError(f"plantproof_snmp_{name} and plantproof_snmp_{name}_key need each other")
    if access.priv and not access.auth:
        raise AccessError("plantproof_snmp_priv needs plantproof_snmp_auth")


def open_plain(access: SnmpAccess, address: str) -> ClientSocket:
    """Open a v1 or v2c socket to `address`, an IP literal with its port."""
    gufo = engine()
    kind = gufo.SnmpV1ClientSocket if access.version == "1" else gufo.SnmpV2cClientSocket
    community = access.community.reveal() if access.community else ""
    opened: ClientSocket = kind(address, community, 0, 0, RECEIVE_BUFFER_BYTES, 0)
    return opened


def open_v3(address: str) -> V3Socket:
    """Open a v3 socket that knows nobody yet: enough to learn the engine id (RFC 3414 §4)."""
    opened: V3Socket = engine().SnmpV3ClientSocket(address, b"", "", 0, b"", 0, b"", 0, 0, RECEIVE_BUFFER_BYTES, 0)
    return opened


def set_user(sock: V3Socket, access: SnmpAccess) -> None:
    """Give the socket its user, with keys localised for the engine it found (RFC 3414 §2.6)."""
    auth = auth_key = priv = priv_key = None
    engine_id = sock.get_engine_id()
    if access.auth and access.auth_key:
        auth = _AUTH[access.auth] | _LOCALISED
        auth_key = _localised(access.auth, access.auth_key, engine_id)
        if access.priv and access.priv_key:
            if _PRIV_BYTES[access.priv] > _AUTH_BYTES[access.auth]:
                auth += _BLUMENTHAL
            priv = _PRIV[access.priv] | _LOCALISED
            priv_key = _localised(access.auth, access.priv_key, engine_id)
    sock.set_keys(access.user or "", auth or 0, auth_key or b"", priv or 0, priv_key or b"")


@lru_cache(maxsize=1024)
def _master(auth: str, secret: Secret) -> bytes:
    """Hash a password over a mebibyte (RFC 3414 §A.2): milliseconds, so once per password and not per device."""
    key: bytes = engine().get_master_key(_AUTH[auth], secret.reveal().encode())
    return key


@lru_cache(maxsize=16384)
def _localised(auth: str, secret: Secret, engine_id: bytes) -> bytes:
    key: bytes = engine().get_localized_key(_AUTH[auth], _master(auth, secret), engine_id)
    return key
