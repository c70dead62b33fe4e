"""
Who asks over SNMP: the variables checked, and an SNMPv3 user's keys (RFC 3414 §2.6, RFC 7860).

AES-192 and AES-256 need longer keys than SHA-1 and SHA-224 give. Two drafts lengthen them, and devices follow either:
draft-blumenthal-aes-usm-04 §3.1.2.1 by hashing on, draft-reeder-snmpv3-usm-3desede-00 §2.1 (Cisco and others) by
treating the key as a pass phrase again.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from functools import lru_cache

from collectors.credentials import Secret
from collectors.inventory.host import SnmpAccess
from collectors.transports.interface import TransportError
from collectors.transports.snmp_wire import MalformedError, read_secured

AUTH = {"sha1": 12, "sha224": 16, "sha256": 24, "sha384": 32, "sha512": 48}
"""hashlib's name of the hash, and the octets of it that sign a message (RFC 3414 §6, RFC 7860 §4)."""
PRIV = {"des": 16, "aes128": 16, "aes192": 24, "aes256": 32, "aes192c": 24, "aes256c": 32}
"""Octets of key material (RFC 3414 §8.2.1, RFC 3826 §1.2); a last `c` means Reeder's lengthening."""

MAX_USER_BYTES = 32
"""Longest user name (RFC 3414 §2.4, msgUserName)."""
_PASSWORD_BYTES = 1024 * 1024
"""What a pass phrase is repeated to before it is hashed (RFC 3414 §A.2)."""


class AccessError(TransportError):
    """The SNMP variables of an asset do not make up a way to ask it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An SNMPv3 user as one engine knows it."""

    name: str
    auth: str | None = None
    auth_key: bytes = field(default=b"", repr=False)
    priv: str | None = None
    priv_key: bytes = field(default=b"", repr=False)
    """Lengthened where the cipher needs more, and never cut."""
    priv_master: bytes = field(default=b"", repr=False)
    """Not bound to an engine yet."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message that has zeros in its place (RFC 3414 §6.3.1, RFC 7860 §4.2.1)."""
        auth = self.auth or ""
        return hmac.new(self.auth_key, message, auth).digest()[: AUTH[auth]]

    def check(self, datagram: bytes) -> None:
        """
        Raise `MalformedError` unless a message is signed as this user signs, and as secure as this user asks.

        Only a report may be less (RFC 3412 §7.2.10). gufo checks neither, so every answer is checked here.
        """
        said = read_secured(datagram)
        if (said.signed < bool(self.auth) or said.encrypted < bool(self.priv)) and not said.is_report:
            raise MalformedError("less secure than what was asked")
        if said.signed:
            unsigned = datagram.replace(said.signature, bytes(len(said.signature)), 1)
            if not self.auth or not hmac.compare_digest(self.sign(unsigned), said.signature):
                raise MalformedError("the signature is wrong")


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
    if len(access.user.encode()) > MAX_USER_BYTES:
        raise AccessError(f"plantproof_snmp_user is longer than {MAX_USER_BYTES} octets")
    for name, known, chosen, key in (
        ("auth", AUTH, access.auth, access.auth_key),
        ("priv", PRIV, access.priv, access.priv_key),
    ):
        if chosen is not None and chosen not in known:
            raise AccessError(f"expected plantproof_snmp_{name} one of {' '.join(known)}, found {chosen!r:.20}")
        if (chosen is None) != (key is None):
            raise AccessError(f"plantproof_snmp_{name} and plantproof_snmp_{name}_key need each other")
    if access.priv and not access.auth:
        raise AccessError("plantproof_snmp_priv needs plantproof_snmp_auth")


def user_of(access: SnmpAccess, engine_id: bytes) -> User:
    """Return the user with keys localised for an engine."""
    name, auth, priv = access.user or "", access.auth, access.priv
    if not (auth and access.auth_key):
        return User(name=name)
    auth_key = _localised(auth, access.auth_key, engine_id)
    if not (priv and access.priv_key):
        return User(name=name, auth=auth, auth_key=auth_key)
    master = _master(auth, access.priv_key)
    priv_key = _lengthened(auth, priv, _localised(auth, access.priv_key, engine_id), engine_id)
    return User(name=name, auth=auth, auth_key=auth_key, priv=priv, priv_key=priv_key, priv_master=master)


@lru_cache(maxsize=1024)
def _master(auth: str, secret: Secret) -> bytes:
    """Hash a pass phrase over a mebibyte: milliseconds, so once per pass phrase and not per device."""
    return _hashed(auth, secret.reveal().encode())


@lru_cache(maxsize=16384)
def _localised(auth: str, secret: Secret, engine_id: bytes) -> bytes:
    return _bound(auth, _master(auth, secret), engine_id)


@lru_cache(maxsize=16384)
def _lengthened(auth: str, priv: str, key: bytes, engine_id: bytes) -> bytes:
    while len(key) < PRIV[priv]:
        more = _bound(auth, _hashed(auth, key), engine_id) if priv.endswith("c") else hashlib.new(auth, key).digest()
        key += more
    return key


def _hashed(auth: str, phrase: bytes) -> bytes:
    repeated = phrase * (_PASSWORD_BYTES // len(phrase) + 1)
    return hashlib.new(auth, repeated[:_PASSWORD_BYTES]).digest()


def _bound(auth: str, master: bytes, engine_id: bytes) -> bytes:
    return hashlib.new(auth, master + engine_id + master).digest()
