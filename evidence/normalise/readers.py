"""How an answer's bytes become a document that paths (JMESPath) read: JSON, CSV, certificates."""

import base64
import binascii
import csv
import io
import json
import warnings
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from evidence.normalise.blocks import read_blocks
from evidence.normalise.host_readers import HOST_READERS
from evidence.normalise.linux_readers import LINUX_READERS
from evidence.normalise.templates import read_template
from evidence.platforms.platform import Question

MAX_PAGES = 2_000
"""Most JSON texts read from one answer; no service file asks for more than 1,000 pages."""

MAX_CERTIFICATES = 200
"""Most certificates read from one file; a bundle of all public roots holds about 150."""

MAX_LINES = 100_000
"""Most lines read from one table: IAM lets an account have 5,000 users, and one may ask for more."""

_PEM_BEGIN = b"-----BEGIN CERTIFICATE-----"
_PEM_END = b"-----END CERTIFICATE-----"

Reader = Callable[[bytes, str], object]
"""(answer, request) -> document; `None` where the answer cannot be read."""


def read_document(question: Question, data: bytes, request: str) -> object:
    """Return what the question's reader makes of an answer; `None` where it has none or cannot read it."""
    if question.template is not None:
        return read_template(question.template, data)
    reader = READERS.get(question.reader or "")
    if reader is None:
        return None
    return reader(data if question.inside is None else _inside(question.inside, data), request)


def _inside(path: str, data: bytes) -> bytes:
    """Return the bytes that stand as base64 in one place of an answer's pages; nothing where there are none."""
    try:
        found = jmespath.search(path, _pages(data, ""))
        return base64.b64decode(found, validate=True) if isinstance(found, str) else b""
    except (JMESPathError, binascii.Error, ValueError):
        return b""


def _json(data: bytes, request: str) -> object:
    """
    Read JSON texts one after the other, as a paged answer is kept (RFC 8259 texts separated by white space).

    One text is the document itself; several are a list of pages.
    """
    pages = _pages(data, request)
    return pages[0] if pages is not None and len(pages) == 1 else pages


def _pages(data: bytes, request: str) -> list[Any] | None:  # noqa: ARG001 - every reader is given the request
    """Read JSON texts one after the other as a list, also where there is only one: a path then fits any number."""
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
    return pages or None


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n\x1e\ufeff":
        at += 1
    return at


def _csv(data: bytes, request: str) -> object:  # noqa: ARG001 - every reader is given the request
    """Read a table of comma-separated values whose first line names the columns (RFC 4180)."""
    try:
        lines = csv.DictReader(io.StringIO(data.decode("utf-8", "replace"), newline=""), strict=True)
        return [dict(line) for line in islice(lines, MAX_LINES) if None not in line]
    except csv.Error:
        return None


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


def _endpoints(data: bytes, request: str) -> object:
    """
    Read what OPC UA servers say of their endpoints: JSON, in which certificates are DER in base64 (OPC 10000-4 §7.14).

    `endpoints` is as it was; `certificates` holds each of their certificates once, with the first endpoint that has it.
    """
    document = _json(data, request)
    endpoints = document.get("endpoints") if isinstance(document, dict) else None
    if not isinstance(endpoints, list):
        return None
    found: dict[str, object] = {}
    for endpoint in endpoints[:MAX_CERTIFICATES]:
        text, url = (endpoint.get(key) if isinstance(endpoint, dict) else None for key in ("certificate", "url"))
        if isinstance(text, str) and text and text not in found:
            found[text] = _x509(_decoded(text), str(url))
    return {
        "endpoints": endpoints,
        "certificates": [one for several in found.values() if isinstance(several, list) for one in several],
    }


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


READERS: Mapping[str, Reader] = {
    "blocks": read_blocks,
    "json": _json,
    "pages": _pages,
    "csv": _csv,
    "x509": _x509,
    "endpoints": _endpoints,
    **HOST_READERS,
    **LINUX_READERS,
}
"""Name of a reader in platform and service files -> how it reads."""
