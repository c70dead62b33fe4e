"""
Which SSH algorithms are used: those OpenSSH offers by itself, and a legacy one only where the asset says so.

paramiko gave up SHA-1 in key exchanges and host keys; what old devices need of it stands here (RFC 4253 §8, RFC 4419,
RFC 4253 §6.6).
"""

import threading
from collections.abc import Iterable, Mapping
from hashlib import sha1
from typing import Any, ClassVar

import paramiko
from cryptography.hazmat.primitives import hashes
from paramiko.auth_handler import AuthHandler
from paramiko.kex_gex import KexGexSHA256
from paramiko.kex_group14 import KexGroup14SHA256

from collectors.transports.interface import AlgorithmError
from evidence.model.ssh import LEGACY, LEGACY_CIPHERS, LEGACY_HOST_KEYS, LEGACY_KEX, LEGACY_MACS, USABLE, SshLink

MAX_PROMPTS = 16
"""Most prompts of one request that are read; one is answered."""

MAX_SHOWN = 8
"""Most of a device's algorithms named in a message."""

_MAX_NAME = 64
"""Longest name of an algorithm (RFC 4250 §4.6.1)."""

_MARKERS = ("ext-info-", "kex-strict-")
"""What stands among key exchanges and is none (RFC 8308 §2.1; OpenSSH PROTOCOL 1.10)."""

_KINDS = (
    ("key exchange", "kex", "kex_algo_list", LEGACY_KEX),
    ("host keys", "key_types", "server_key_algo_list", LEGACY_HOST_KEYS),
    ("encryption", "ciphers", "server_encrypt_algo_list", LEGACY_CIPHERS),
    ("message authentication", "digests", "server_mac_algo_list", LEGACY_MACS),
)
"""In words, what paramiko calls our list and the device's, and the legacy ones."""


class _Group14Sha1(KexGroup14SHA256):
    name = "diffie-hellman-group14-sha1"
    hash_algo = sha1


class _Group1Sha1(KexGroup14SHA256):
    """The 1024-bit group of RFC 2409 §6.2."""

    name = "diffie-hellman-group1-sha1"
    hash_algo = sha1
    P = int(
        "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
        "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
        "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
        16,
    )


class _GroupExchangeSha1(KexGexSHA256):
    name = "diffie-hellman-group-exchange-sha1"
    min_bits = 1024
    hash_algo = sha1


class _Sha1RsaKey(paramiko.RSAKey):
    """A host key that may sign with SHA-1, and with nothing else: it was agreed as `ssh-rsa`."""

    HASHES = {"ssh-rsa": hashes.SHA1}  # type: ignore[misc]  # noqa: RUF012


class _Interaction(AuthHandler):
    """Reads requests for information (RFC 4256 §3.2) only where they hold no more prompts than any login has."""

    def _parse_userauth_info_request(self, m: paramiko.Message) -> None:
        ahead = paramiko.Message(m.get_remainder())
        for _ in ("name", "instruction", "language"):
            ahead.get_binary()
        if (count := ahead.get_int()) > MAX_PROMPTS:
            raise paramiko.SSHException(f"expected at most {MAX_PROMPTS} prompts, found {count}")
        super()._parse_userauth_info_request(m)  # type: ignore[misc]


class SshTransport(paramiko.Transport):
    """paramiko's transport, with the legacy algorithms at hand, that keeps what the device offers."""

    _kex_info: ClassVar[Mapping[str, Any]] = paramiko.Transport._kex_info | {  # type: ignore[attr-defined]
        kex.name: kex for kex in (_Group14Sha1, _Group1Sha1, _GroupExchangeSha1)
    }
    _key_info: ClassVar[Mapping[str, Any]] = paramiko.Transport._key_info | {"ssh-rsa": _Sha1RsaKey}  # type: ignore[attr-defined]

    offers: Mapping[str, tuple[str, ...]] = {}
    """What the device offers, by paramiko's name for each list."""

    def _really_parse_kex_init(self, m: paramiko.Message, ignore_first_byte: bool = False) -> dict[str, Any]:
        parsed: dict[str, Any] = super()._really_parse_kex_init(m, ignore_first_byte)  # type: ignore[misc]
        if not ignore_first_byte:
            self.offers = {
                name: tuple(_clean(one) for one in parsed[name] if not one.startswith(_MARKERS))
                for _, _, name, _ in _KINDS
            }
        return parsed

    def allow(self, legacy: Iterable[str], known_key_types: Iterable[str]) -> None:
        """Offer what is not legacy, then what is named in `legacy`; first a host key of a type that is known."""
        options, named = self.get_security_options(), [name for name in USABLE if name in set(legacy)]
        for _, attribute, _, of_kind in _KINDS:
            modern = [name for name in getattr(options, attribute) if name not in LEGACY]
            setattr(options, attribute, [*modern, *(name for name in named if name in of_kind)])
        known = set(known_key_types)
        wanted = known | ({"rsa-sha2-512", "rsa-sha2-256"} if "ssh-rsa" in known else set())
        options.key_types = sorted(options.key_types, key=lambda kind: (kind in LEGACY, kind not in wanted))
        # Half the work: no separate MAC.
        options.ciphers = sorted(options.ciphers, key=lambda name: (name in LEGACY, "gcm" not in name))

    def auth_interactive(self, username: str, handler: Any, submethods: str = "") -> list[str]:
        """Log in by answering prompts."""
        ended = threading.Event()
        self.auth_handler = answering = _Interaction(self)
        answering.auth_interactive(username, handler, ended, submethods)
        return list(answering.wait_for_response(ended))

    def link(self, via: tuple[str, ...]) -> SshLink:
        """Return what was agreed."""
        agreed: Any = self  # paramiko says what it agreed, its stubs do not
        authenticated = "gcm" in agreed.remote_cipher
        ours, theirs = self.get_security_options().kex, self.offers["kex_algo_list"]
        seen = {name for offered in self.offers.values() for name in offered}
        return SshLink(
            kex=next(name for name in ours if name in theirs),  # RFC 4253 §7.1
            host_key=agreed.host_key_type,
            cipher=agreed.remote_cipher,
            mac=None if authenticated else agreed.remote_mac,
            offered=tuple(sorted(seen & LEGACY)),
            via=via,
        )

    def nothing_in_common(self, where: str) -> AlgorithmError:
        """Return the error that names what the device offers, and what the asset would have to say."""
        options = self.get_security_options()
        lacking, named = [], []
        for words, attribute, offered, of_kind in _KINDS:
            names = self.offers.get(offered, ())
            if set(names).isdisjoint(getattr(options, attribute)):
                more = f" and {len(names) - MAX_SHOWN} more" if len(names) > MAX_SHOWN else ""
                lacking.append(f"for {words} it offers {', '.join(names[:MAX_SHOWN]) or 'nothing'}{more}")
                named.append(next((name for name in USABLE if name in of_kind and name in names), None))
        hint = "none of these is known here: ask the device over SNMP, or renew it"
        if named and None not in named:
            hint = (
                "prefer a newer firmware; if there is none, say so of this asset:"
                f" plantproof_ssh_legacy: [{', '.join(map(str, named))}]"
            )
        return AlgorithmError(f"{where}: no SSH algorithm in common: {'; '.join(lacking)}", hint=hint)


def _clean(name: str) -> str:
    """Return a name as it may be shown; what is none (RFC 4250 §4.6.1) is not."""
    return name if 0 < len(name) <= _MAX_NAME and name.isascii() and name.isprintable() else "(no name)"
