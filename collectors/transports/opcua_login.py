"""Which way into an OPC UA server is taken, and with what certificate (OPC 10000-4 §5.5, §7.14; OPC 10000-7 §6.6)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collectors.inventory.host import OpcuaAccess
from collectors.transports.interface import CertificateError, RefusedError
from evidence.model.names import AssetId

if TYPE_CHECKING:
    from asyncua import Client

NONE = "http://opcfoundation.org/UA/SecurityPolicy#None"
"""The policy that protects nothing."""

_BEST_FIRST = ("Aes256_Sha256_RsaPss", "Basic256Sha256", "Aes128_Sha256_RsaOaep")
"""Policies in force (OPC 10000-7 §6.6); Basic256 and Basic128Rsa15 rest on SHA-1 and are not used."""

_SIGN, _ENCRYPT = 2, 3
_ANONYMOUS, _USER = 0, 1
APPLICATION_URI = "urn:plantproof:collector"
"""The name in a certificate that is made for one session."""

_LIFE = timedelta(days=1)
MAX_FILE_BYTES = 64 * 1024
"""Longest certificate or key file read; a chain of four certificates has 8 KiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One endpoint, chosen."""

    policy: str
    """The last part of its URI: `Basic256Sha256`, or `None`."""
    mode: int
    """1 none, 2 signed, 3 signed and encrypted."""
    server_certificate: bytes


def check_fingerprint(access: OpcuaAccess, endpoints: Sequence[Any], asset: AssetId) -> None:
    """Raise `CertificateError` where the server shows another certificate than the inventory expects."""
    if access.fingerprint is None:
        return
    shown = {hashlib.sha256(der).hexdigest() for der in map(_certificate, endpoints) if der}
    if shown != {access.fingerprint}:
        found = ", ".join(sorted(digest[:16] for digest in shown)) or "none"
        raise CertificateError(f"{asset}: expected the certificate {access.fingerprint[:16]}…, found {found}")


def choose(access: OpcuaAccess, endpoints: Sequence[Any], asset: AssetId) -> Way:
    """
    Return the best way in that the server offers for what the inventory grants; raise `RefusedError` where none is fit.

    A password goes only where the whole session is encrypted. Anonymous sessions take the unprotected endpoint where
    we have no certificate the server could know: a made-up one would be turned away, and lie in its list of rejects.
    """
    wanted = _USER if access.password else _ANONYMOUS
    fit = [one for one in endpoints if any(int(token.TokenType) == wanted for token in one.UserIdentityTokens or ())]
    kind = "a user and a password" if access.password else "anonymous sessions"
    if not fit:
        raise RefusedError(f"{asset}: no endpoint takes {kind}")
    modes = (_ENCRYPT,) if access.password else (_ENCRYPT, _SIGN)
    if access.password or access.certificate_file:
        for mode in modes:
            for policy in _BEST_FIRST:
                for one in fit:
                    if int(one.SecurityMode) == mode and str(one.SecurityPolicyUri).endswith(f"#{policy}"):
                        return Way(policy=policy, mode=mode, server_certificate=_certificate(one))
    if access.password and not access.clear:
        raise RefusedError(
            f"{asset}: no endpoint encrypts, so the password was not sent "
            "(plantproof_clear_credentials: true sends it all the same)"
        )
    open_one = next((one for one in fit if str(one.SecurityPolicyUri) == NONE), None)
    if open_one is None:
        hint = "" if access.certificate_file else "; name a certificate with plantproof_opcua_certificate_file"
        raise RefusedError(f"{asset}: no endpoint with a known security policy takes {kind}{hint}")
    return Way(policy="None", mode=1, server_certificate=_certificate(open_one))


async def secure(client: "Client", access: OpcuaAccess, way: Way, now: datetime, asset: AssetId) -> None:
    """Set a client up for the way chosen."""
    if way.policy == "None":
        return
    from asyncua.crypto import security_policies
    from asyncua.crypto.uacrypto import CertProperties

    certificate, key = _ours(access, now, asset)
    client.application_uri = _uri_of(certificate) or APPLICATION_URI
    policy = getattr(security_policies, f"SecurityPolicy{way.policy.replace('_', '')}")
    from asyncua import ua

    await client.set_security(
        policy,
        CertProperties(certificate, "DER"),
        CertProperties(key, "PEM"),
        server_certificate=CertProperties(way.server_certificate, "DER"),
        mode=ua.MessageSecurityMode(way.mode),
    )


def _certificate(endpoint: Any) -> bytes:
    return bytes(endpoint.ServerCertificate or b"")


def _ours(access: OpcuaAccess, now: datetime, asset: AssetId) -> tuple[bytes, bytes]:
    """Return our certificate (DER) and key (PEM): the inventory's, or a pair made for this session."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    if access.certificate_file is None or access.key_file is None:
        return made_certificate(now)
    try:
        certificate, key = (_read(Path(name)) for name in (access.certificate_file, access.key_file))
        if certificate.startswith(b"-----"):
            certificate = x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.DER)
    except (OSError, ValueError) as error:
        raise RefusedError(f"{asset}: our OPC UA certificate or its key cannot be read: {error}") from error
    return certificate, key


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES)


def made_certificate(now: datetime) -> tuple[bytes, bytes]:
    """Return a new self-signed certificate (DER) and its key (PEM), good for a day."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "plantproof")])
    uses = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=True, data_encipherment=True,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LIFE)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(APPLICATION_URI)]), critical=False)
        .add_extension(uses, critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.DER), pem


def _uri_of(certificate: bytes) -> str | None:
    """Return the application URI in a certificate, by which its server knows us."""
    from cryptography import x509

    try:
        names = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except (ValueError, x509.ExtensionNotFound):
        return None
    return next(iter(names.value.get_values_for_type(x509.UniformResourceIdentifier)), None)
