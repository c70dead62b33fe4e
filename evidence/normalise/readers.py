"""How an answer's bytes become a document that paths (JMESPath) read: JSON, certificates."""

import json
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from evidence.normalise.host_readers import HOST_READERS

MAX_PAGES = 2_000
"""Most JSON texts read from one answer; no service file asks for more than 1,000 pages."""

MAX_CERTIFICATES = 200
"""Most certificates read from one file; a bundle of all public roots holds about 150."""

_PEM_BEGIN = b"-----BEGIN CERTIFICATE-----"
_PEM_END = b"-----END CERTIFICATE-----"

Reader = Callable[[bytes, str], object]
"""(answer, request) -> document; `None` where the answer cannot be read."""


def _json(data: bytes, request: str) -> object:  # noqa: ARG001 - every reader is given the request
    """
    Read JSON texts one after the other, as a paged answer is kept (RFC 8259 texts separated by white space).

    One text is the document itself; several are a list of pages.
    """
    text = data.decode("utf-8", "replace")
    decoder = json.JSONDecoder()
    pages: list[Any] = []
    at = _skip(text, 0)
    while at < len(text):
        if len(pages) >= MAX_PAGES:
            return None
        try:
            page, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        pages.append(page)
        at = _skip(text, at)
    if not pages:
        return None
    return pages[0] if len(pages) == 1 else pages


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n\x1e\ufeff":
        at += 1
    return at


def _x509(data: bytes, request: str) -> object:
    """
    Read the certificates of a PEM or DER file (RFC 7468, RFC 5280); private keys beside them are passed over.

    Names are RFC 4514 strings; times RFC 3339 UTC; `sha256` is the certificate's fingerprint, `spki` the SHA-256 of
    its SubjectPublicKeyInfo.
    """
    from cryptography import x509

    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about certificates that are not as they should be: we look, we do not trust
        for der_or_pem in _certificates(data):
            load = x509.load_pem_x509_certificate if der_or_pem.startswith(b"-") else x509.load_der_x509_certificate
            try:
                found.append(_certificate(load(der_or_pem), request))
            except (ValueError, TypeError):
                continue
    return found


def _certificates(data: bytes) -> list[bytes]:
    if _PEM_BEGIN not in data:
        return [data] if data[:1] == b"\x30" else []
    blocks = data.split(_PEM_BEGIN)[1 : MAX_CERTIFICATES + 1]
    return [_PEM_BEGIN + block.partition(_PEM_END)[0] + _PEM_END + b"\n" for block in blocks]


def _certificate(certificate: Any, request: str) -> Mapping[str, object]:
    from cryptography.hazmat.primitives.hashes import SHA256, Hash
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    spki = Hash(SHA256())
    spki.update(certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": f"{certificate.serial_number:x}",
        "not_before": f"{certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
        "not_after": f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        "sha256": certificate.fingerprint(SHA256()).hex(),
        "spki": spki.finalize().hex(),
        "where": request,
    }


READERS: Mapping[str, Reader] = {"json": _json, "x509": _x509, **HOST_READERS}
"""Name of a reader in platform and service files -> how it reads."""
