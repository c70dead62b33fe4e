"""
Time-stamp tokens (RFC 3161): a request, and the reply to it, read strictly and checked as far as it proves itself.

A reply is kept exactly as it came, since OpenSSL 3 puts a token's certificates in an order that is not DER's and some
readers refuse. Whether an authority is to be trusted is another question (`timestamp_trust`).
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from evidence.errors import Error
from evidence.log.der import BOOLEAN, NULL, OCTETS, SEQUENCE, SET, DerError, Value, read, write
from evidence.log.der import write_integer as integer
from evidence.log.der import write_oid as oid

MAX_REPLY_BYTES = 64 * 1024
"""Largest reply; one with a chain of three certificates has about 6 KiB."""

MAX_CERTIFICATES = 16
"""Most certificates a token may bring."""

MAX_RSA_BITS = 16_384
"""Longest RSA key, as OpenSSL has it; it bounds the time that one signature takes."""

MEDIA_TYPE = "application/timestamp-query"
"""RFC 3161 §3.4."""

_SHA256 = "2.16.840.1.101.3.4.2.1"
_DIGESTS: Mapping[str, tuple[str, hashes.HashAlgorithm]] = MappingProxyType(
    {
        _SHA256: ("sha256", hashes.SHA256()),
        "2.16.840.1.101.3.4.2.2": ("sha384", hashes.SHA384()),
        "2.16.840.1.101.3.4.2.3": ("sha512", hashes.SHA512()),
    }
)
_SIGNATURES: Mapping[str, hashes.HashAlgorithm | None] = MappingProxyType(
    {
        "1.2.840.113549.1.1.1": None,  # rsaEncryption: the digest is the signer's
        "1.2.840.113549.1.1.11": hashes.SHA256(),
        "1.2.840.113549.1.1.12": hashes.SHA384(),
        "1.2.840.113549.1.1.13": hashes.SHA512(),
        "1.2.840.10045.4.3.2": hashes.SHA256(),
        "1.2.840.10045.4.3.3": hashes.SHA384(),
        "1.2.840.10045.4.3.4": hashes.SHA512(),
    }
)
_PSS, _MGF1 = "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"
_SIGNED_DATA, _TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
_PROCESSED = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)
"""
What may be critical: what is looked at, and policies, since every policy will do (RFC 5280 §6.1.1 (c)).

Constraints on names and policies are not evaluated, so they are none of these.
"""
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNER_V1, _SIGNER_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"


MALFORMED = (
    IndexError,
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What reading a certificate, a list or a row of values that is not as it should be can raise."""


class TimestampError(Error):
    """A time-stamp token does not prove what it is kept for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a token says, and whose certificate it was signed with: signature and purpose are checked."""

    time: datetime
    accuracy: timedelta
    imprint: bytes
    """SHA-256 of what was stamped."""
    nonce: int | None
    policy: str
    signer: x509.Certificate
    others: Sequence[x509.Certificate]
    """What else it brings towards a chain."""

    @property
    def authority(self) -> str:
        """Who signed it, in the certificate's own words."""
        return self.signer.subject.rfc4514_string()

    def covers(self, data: bytes) -> "Token":
        """Return it if it was made over exactly `data`; raise `TimestampError` if not."""
        if hashlib.sha256(data).digest() != self.imprint:
            raise TimestampError("the imprint is of something else")
        return self


def request(data: bytes, *, nonce: int, policy: str | None = None) -> bytes:
    """Return the question for a token over `data`, certificate included (RFC 3161 §2.4.1)."""
    algorithm = write(SEQUENCE, oid(_SHA256), write(NULL))
    imprint = write(SEQUENCE, algorithm, write(OCTETS, hashlib.sha256(data).digest()))
    wanted = oid(policy) if policy else b""
    return write(SEQUENCE, integer(1), imprint, wanted, integer(nonce), write(BOOLEAN, b"\xff"))


def read_reply(data: bytes) -> Token:
    """Return the token of a reply; raise unless it was granted, is well-formed, and proves itself."""
    if len(data) > MAX_REPLY_BYTES:
        raise TimestampError(f"a reply of {len(data)} bytes; at most {MAX_REPLY_BYTES} are read")
    try:
        status, *token = read(data, "reply").within("reply")
        granted = status.within("status")[0].integer("status")
        if granted not in (0, 1) or len(token) != 1:
            raise TimestampError(f"the authority refused: status {granted}")
        return _token(token[0])
    except (DerError, *MALFORMED) as error:
        raise TimestampError(f"not a time-stamp token: {error}") from error


def _token(value: Value) -> Token:
    kind, content = value.within("token")
    if kind.oid("token") != _SIGNED_DATA:
        raise TimestampError("not signed data (RFC 5652 §5)")
    (signed,) = content.within("signed data", tag=0xA0)
    version, _algorithms, encapsulated, *rest = signed.within("signed data")
    inner, octets = encapsulated.within("content")
    if version.integer("version") != 3 or inner.oid("content") != _TST_INFO:
        raise TimestampError("not a time-stamp's content (RFC 3161 §2.4.2)")
    (text,) = octets.within("content", tag=0xA0)
    info = text.expect(OCTETS, "content").body
    brought = [one for part in rest if part.tag == 0xA0 for one in part.within("certificates", tag=0xA0)]
    if not 0 < len(brought) <= MAX_CERTIFICATES:
        raise TimestampError(f"expected 1 to {MAX_CERTIFICATES} certificates, found {len(brought)}")
    certificates = tuple(_readable(brought))
    (signer,) = rest[-1].within("signers", tag=SET)
    found = _check_signer(signer, info, certificates)
    return _said(info, found, tuple(one for one in certificates if one != found))


def _readable(brought: Sequence[Value]) -> Iterator[x509.Certificate]:
    """Yield the certificates that can be read: only the signer's is signed for, and a chain misses what it lacks."""
    for one in brought:
        try:
            yield x509.load_der_x509_certificate(one.raw)
        except MALFORMED:
            continue


def _check_signer(value: Value, info: bytes, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    """Return the certificate of the signer, once its signature over what it says of `info` holds (RFC 5652 §5.4)."""
    version, named, digest, attributes, algorithm, signature, *_unsigned = value.within("signer")
    if version.integer("signer") not in (1, 3):
        raise TimestampError("a signer of a version that is not known")
    certificate = _named(named, certificates)
    name, hash_of = _digest(digest.within("digest")[0].oid("digest"))
    said = _attributes(attributes)
    if said[_CONTENT_TYPE].oid("content type") != _TST_INFO:
        raise TimestampError("signed as something other than a time stamp")
    if said[_MESSAGE_DIGEST].expect(OCTETS, "message digest").body != hashlib.new(name, info).digest():
        raise TimestampError("what it says was changed since it was signed")
    _check_bound(said, certificate)
    over = bytes([SET]) + attributes.raw[1:]
    _verify(certificate, signature.expect(OCTETS, "signature").body, over, *_scheme(algorithm, hash_of))
    _check_purpose(certificate)
    return certificate


def _named(value: Value, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    if value.tag == 0x80:
        wanted = value.body
        found = [one for one in certificates if _key_identifier(one) == wanted]
    else:
        issuer, serial = value.within("signer")
        number = serial.integer("serial number")
        found = [one for one in certificates if one.serial_number == number and one.issuer.public_bytes() == issuer.raw]
    if len(found) != 1:
        raise TimestampError("it does not bring its signer's certificate")
    return found[0]


def _key_identifier(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, *MALFORMED):
        return None


def _digest(dotted: str) -> tuple[str, hashes.HashAlgorithm]:
    if dotted not in _DIGESTS:
        raise TimestampError(f"made with the digest {dotted}; SHA-256, SHA-384 and SHA-512 are accepted")
    return _DIGESTS[dotted]


def _attributes(value: Value) -> Mapping[str, Value]:
    """Return the signed attributes, each of one value."""
    found: dict[str, Value] = {}
    for row in value.within("attributes", tag=0xA0):
        kind, values = row.within("attribute")
        (one,) = values.within("attribute", tag=SET)
        if found.setdefault(kind.oid("attribute"), one) is not one:
            raise TimestampError("an attribute stands twice")
    if not {_CONTENT_TYPE, _MESSAGE_DIGEST} <= found.keys() or not {_SIGNER_V1, _SIGNER_V2} & found.keys():
        raise TimestampError("it does not sign for its content, digest and certificate (RFC 5816 §2.2.1)")
    return found


def _check_bound(said: Mapping[str, Value], certificate: x509.Certificate) -> None:
    """The signed attributes name the certificate, so that no other with the same key takes its place (RFC 5035)."""
    if _SIGNER_V2 in said:
        first = said[_SIGNER_V2].within("signing certificate")[0].within("certificates")[0].within("certificate")
        explicit = first[0].tag == SEQUENCE
        name = _digest(first[0].within("digest")[0].oid("digest"))[0] if explicit else "sha256"
        bound = first[1 if explicit else 0]
    else:
        name = "sha1"
        bound = said[_SIGNER_V1].within("signing certificate")[0].within("certificates")[0].within("certificate")[0]
    data = certificate.public_bytes(Encoding.DER)
    if bound.expect(OCTETS, "certificate").body != hashlib.new(name, data, usedforsecurity=False).digest():
        raise TimestampError("signed for another certificate")


def _scheme(algorithm: Value, hash_of: hashes.HashAlgorithm) -> tuple[hashes.HashAlgorithm, int | None]:
    """Return a signature's digest and, of RSASSA-PSS, the salt's length (RFC 8017 §A.2.3)."""
    name, *more = algorithm.within("algorithm")
    used = name.oid("algorithm")
    if used in _SIGNATURES:
        return _SIGNATURES[used] or hash_of, None
    if used != _PSS:
        raise TimestampError(f"signed by the algorithm {used}, which is not known")
    rows = {one.tag: read(one.body, "parameters") for one in more[0].within("parameters")}
    if not {0xA0, 0xA1, 0xA2} <= rows.keys() <= {0xA0, 0xA1, 0xA2, 0xA3}:
        raise TimestampError("signed by RSASSA-PSS with a digest that is not accepted")
    mask, of = rows[0xA1].within("mask")
    digest, other = (_digest(one.within("digest")[0].oid("digest"))[1] for one in (rows[0xA0], of))
    salt, trailer = rows[0xA2].integer("salt"), rows[0xA3].integer("trailer") if 0xA3 in rows else 1
    if mask.oid("mask") != _MGF1 or digest is not other or not 0 <= salt <= 64 or trailer != 1:
        raise TimestampError("signed by RSASSA-PSS in a way that is not accepted")
    return digest, salt


def check_key(certificate: x509.Certificate) -> None:
    """Raise unless its key is accepted: RSA of 2048 bits or more, or a point, written in full, of P-256 or P-384."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        accepted = 2048 <= key.key_size <= MAX_RSA_BITS and key.public_numbers().e < 2**33
    elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1):
        whole = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        accepted = whole in certificate.tbs_certificate_bytes
    else:
        accepted = False
    if not accepted:
        raise TimestampError("signed with a key of a kind that is not accepted")


def _verify(
    certificate: x509.Certificate, signature: bytes, over: bytes, digest: hashes.HashAlgorithm, salt: int | None
) -> None:
    check_key(certificate)
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            plain = salt is None
            pad = padding.PKCS1v15() if plain else padding.PSS(padding.MGF1(digest), salt or 0)
            key.verify(signature, over, pad, digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and salt is None:
            key.verify(signature, over, ec.ECDSA(digest))
        else:
            raise TimestampError("signed by an algorithm that is not its key's")
    except InvalidSignature as error:
        raise TimestampError("not signed by its certificate, or changed since") from error


def check_extensions(certificate: x509.Certificate) -> None:
    """Raise where a certificate must not be used by whoever does not know what it says (RFC 5280 §4.2)."""
    for one in certificate.extensions:
        if one.critical and one.oid not in _PROCESSED:
            raise TimestampError(
                f"a certificate with the critical extension {one.oid.dotted_string}, which is not known"
            )


def _check_purpose(certificate: x509.Certificate) -> None:
    """A certificate for time stamps is for nothing else, and says so critically (RFC 3161 §2.3)."""
    check_extensions(certificate)
    found = {type(one.value): one for one in certificate.extensions}
    purpose, usage = found.get(x509.ExtendedKeyUsage), found.get(x509.KeyUsage)
    if purpose is None or not purpose.critical or list(purpose.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise TimestampError("its certificate is not for time stamps, and for nothing else")
    if usage is not None and not (usage.value.digital_signature or usage.value.content_commitment):
        raise TimestampError("its certificate's key may not sign (RFC 5280 §4.2.1.3)")


def _said(info: bytes, signer: x509.Certificate, others: Sequence[x509.Certificate]) -> Token:
    """Read what a token says (RFC 3161 §2.4.2)."""
    version, policy, imprint, serial, moment, *rest = read(info, "time stamp").within("time stamp")
    algorithm, digest = imprint.within("imprint")
    if version.integer("version") != 1 or algorithm.within("imprint")[0].oid("imprint") != _SHA256:
        raise TimestampError("not a time stamp of version 1 over a SHA-256")
    serial.integer("serial number")
    accuracy, nonce = timedelta(), None
    for value in rest:
        if value.tag == SEQUENCE:
            accuracy = _accuracy(value)
        elif value.tag == 0x02:
            nonce = value.integer("nonce")
        elif value.tag not in (BOOLEAN, 0xA0):
            raise TimestampError("it says more than is understood")
    return Token(
        time=moment.time("time"),
        accuracy=accuracy,
        imprint=digest.expect(OCTETS, "imprint").body,
        nonce=nonce,
        policy=policy.oid("policy"),
        signer=signer,
        others=others,
    )


def _accuracy(value: Value) -> timedelta:
    units = {0x02: "seconds", 0x80: "milliseconds", 0x81: "microseconds"}
    found: dict[str, int] = {}
    for one in value.within("accuracy"):
        if one.tag not in units or not 0 < len(one.body) <= 4:
            raise TimestampError("an accuracy that is not understood")
        found[units[one.tag]] = int.from_bytes(one.body, "big")
    return timedelta(**found)
