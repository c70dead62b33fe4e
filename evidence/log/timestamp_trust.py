"""Whether a time stamp's authority is to be trusted: a chain to a CA that was named, and what its lists revoke."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from evidence.log.timestamp import MALFORMED, TimestampError, Token, check_extensions, check_key

MAX_CHAIN = 8
"""Longest chain, the authority's own certificate included."""

MAX_PEM_BYTES = 1024 * 1024
"""Largest file of CA certificates; a bundle of all that browsers trust has 250 KiB."""

MAX_CRL_BYTES = 4 * 1024 * 1024
"""Largest revocation list; those of time-stamp CAs have a few KiB."""

_DIGESTS = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
"""What a certificate in a chain may be signed with; SHA-1 lets two of them have one signature."""

_STAMPS = frozenset({ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})
"""One of these is a purpose of a CA that names any."""

_STAYS_VALID = frozenset(
    {
        x509.ReasonFlags.unspecified,
        x509.ReasonFlags.affiliation_changed,
        x509.ReasonFlags.superseded,
        x509.ReasonFlags.cessation_of_operation,
    }
)
"""Reasons after which tokens from before the revocation stay valid (RFC 3161 §4); of any other none does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What a verifier brings: CAs it trusts. Lists and certificates between may come from anywhere."""

    roots: Sequence[x509.Certificate]
    between: Sequence[x509.Certificate] = ()
    crls: Sequence[x509.CertificateRevocationList] = ()


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Return the certificates in a file; raise `TimestampError` where it cannot be read."""
    try:
        with path.open("rb") as file:
            return load_certificates(file.read(MAX_PEM_BYTES + 1))
    except OSError as error:
        raise TimestampError(f"{path}: cannot be read: {error.strerror}") from error
    except TimestampError as error:
        raise TimestampError(f"{path}: {error}") from error


def load_certificates(data: bytes) -> tuple[x509.Certificate, ...]:
    """Read certificates from PEM; raise `TimestampError` where there is none."""
    if len(data) > MAX_PEM_BYTES:
        raise TimestampError(f"{len(data)} bytes of certificates; at most {MAX_PEM_BYTES} are read")
    try:
        return tuple(x509.load_pem_x509_certificates(data))
    except MALFORMED as error:
        raise TimestampError(f"expected certificates in PEM: {error}") from error


def load_crl(data: bytes) -> x509.CertificateRevocationList:
    """Read a revocation list, DER or PEM."""
    if len(data) > MAX_CRL_BYTES:
        raise TimestampError(f"a revocation list of {len(data)} bytes; at most {MAX_CRL_BYTES} are read")
    try:
        if data.startswith(b"-----BEGIN"):
            return x509.load_pem_x509_crl(data)
        return x509.load_der_x509_crl(data)
    except MALFORMED as error:
        raise TimestampError(f"expected a revocation list: {error}") from error


def check_trust(token: Token, trust: Trust) -> datetime | None:
    """
    Return of when the revocation list is that has nothing against the token's certificate, `None` where there is none.

    Raises `TimestampError` unless a chain, valid at the token's time, leads to a trusted root and nothing in it was
    revoked. Certificates that have run out since do no harm: a token is proof of its own time.
    """
    chain = _chain(token, trust)
    dates = [_revoked(token, one, issuer, trust.crls) for one, issuer in pairwise(chain)]
    if not dates:
        return None
    return dates[0]


def _chain(token: Token, trust: Trust) -> tuple[x509.Certificate, ...]:
    """Return the certificates from the signer's to a trusted root."""
    _check_valid(token.signer, token.time)
    chain = [token.signer]
    while chain[-1] not in trust.roots:
        issuer = next(_issuers(chain[-1], (*trust.roots, *token.others, *trust.between), token.time, len(chain)), None)
        if issuer is None or len(chain) == MAX_CHAIN:
            raise TimestampError(f"no chain leads from {token.authority} to a CA that is trusted")
        chain.append(issuer)
    return tuple(chain)


def _issuers(
    one: x509.Certificate, candidates: Iterable[x509.Certificate], at: datetime, below: int
) -> Iterator[x509.Certificate]:
    for issuer in candidates:
        if issuer.subject != one.issuer or issuer == one:
            continue
        try:
            check_key(issuer)
            if not isinstance(one.signature_hash_algorithm, _DIGESTS):
                raise TimestampError("issued with a digest that is not accepted")
            one.verify_directly_issued_by(issuer)
            _check_valid(issuer, at)
            _check_ca(issuer, below)
        except (InvalidSignature, TimestampError, *MALFORMED):
            continue
        yield issuer


def _check_valid(certificate: x509.Certificate, at: datetime) -> None:
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        name = certificate.subject.rfc4514_string()
        raise TimestampError(f"the certificate of {name} was not valid at {at:%Y-%m-%dT%H:%M:%SZ}")


def _check_ca(certificate: x509.Certificate, below: int) -> None:
    """
    Raise unless a certificate may issue others for time stamps, `below` of them beneath it.

    RFC 5280 §4.2.1.3, §4.2.1.9 and, for purposes, §4.2.1.12.
    """
    check_extensions(certificate)
    found = {type(one.value): one.value for one in certificate.extensions}
    basic, usage = found.get(x509.BasicConstraints), found.get(x509.KeyUsage)
    if basic is None or not basic.ca or (basic.path_length is not None and basic.path_length < below - 1):
        raise TimestampError("not a CA's certificate")
    if usage is not None and not usage.key_cert_sign:
        raise TimestampError("a CA that may not issue certificates")
    purposes = found.get(x509.ExtendedKeyUsage)
    if purposes is not None and not _STAMPS & {*purposes}:
        raise TimestampError("a CA for other purposes than time stamps")


def _revoked(
    token: Token,
    one: x509.Certificate,
    issuer: x509.Certificate,
    crls: Sequence[x509.CertificateRevocationList],
) -> datetime | None:
    """
    Return the time of the newest list of an issuer; raise where one revokes the certificate.

    A list with a critical extension may be of some certificates only, or of other issuers' (RFC 5280 §5.2): what it
    revokes counts, what it does not name is not known.
    """
    newest: datetime | None = None
    for crl in crls:
        try:
            if crl.issuer != issuer.subject or not crl.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
                continue
            whole = not any(extension.critical for extension in crl.extensions)
            found = crl.get_revoked_certificate_by_serial_number(one.serial_number)
            gone = found is not None and (_reason(found) not in _STAYS_VALID or found.revocation_date_utc <= token.time)
        except MALFORMED as error:
            raise TimestampError(f"a revocation list that cannot be read: {error}") from error
        if whole:
            newest = max(newest, crl.last_update_utc) if newest else crl.last_update_utc
        if gone:
            raise TimestampError(f"the certificate of {one.subject.rfc4514_string()} was revoked by its issuer")
    return newest


def _reason(revoked: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return revoked.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None
