"""One HTTP request and its answer: one connection, TLS verified, nothing followed, every byte counted (RFC 9110)."""

import base64
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from collectors.inventory.host import HttpAccess
from collectors.transports.http_cord import Cord
from collectors.transports.interface import CertificateError, FailedError, RefusedError, UnreachableError
from evidence.model.names import AssetId
from evidence.platforms.calls import HttpDialect

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, HTTPConnectionPool

MAX_ANSWER_S = 300.0
"""Longest one answer may take in all, seconds: as for a shell's."""

HEAD_STEPS = 3
"""Connection, encryption and head: each may keep us waiting once, and all three together no longer than that."""

_CHUNK_BYTES = 65_536
_AGENT = "plantproof"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back for one request."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    data: bytes = b""
    cut: str | None = None
    """Why the rest of the body was not read."""


class Wire:
    """A connection to one service. Used from one thread at a time."""

    def __init__(self, access: HttpAccess, dialect: HttpDialect, *, asset: AssetId, timeout_s: float) -> None:
        """Raise `RefusedError` where the credential does not fit the service or would cross a network in clear."""
        self._asset, self._timeout_s = asset, timeout_s
        self._credential = _credential(access, dialect, asset)
        self._url = access.url
        self._pool, self._cord = _pool(access, asset, timeout_s), Cord()
        self._pool.ConnectionCls = self._cord.fastened_to(self._pool.ConnectionCls)

    def carry(self, credential: Mapping[str, str]) -> None:
        """Show this from now on, instead of what let us in: a session's name."""
        self._credential = dict(credential)

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()

    def send(self, method: str, target: str, *, accept: str, read_limit: int) -> Reply:
        """
        Send one request and read its answer up to `read_limit` bytes, decoded.

        Raises `UnreachableError` when no whole answer came, `FailedError` when one came without an end,
        `CertificateError` when the service is not who it should be. A body that is too long or too slow is cut off and
        says so.
        """
        import urllib3.exceptions as trouble

        headers = {"Accept": accept, "Accept-Encoding": "gzip", "User-Agent": _AGENT, **self._credential}
        try:
            with self._cord.within(HEAD_STEPS * self._timeout_s):
                response = self._pool.urlopen(
                    method, target, headers=headers, redirect=False, retries=False, preload_content=False,
                    decode_content=False, assert_same_host=True,
                )  # fmt: skip
            if self._cord.cut:  # what came of the head reads like one that ended
                response.close()
                raise trouble.ProtocolError("the head did not end")
            try:
                with self._cord.within(MAX_ANSWER_S):
                    data, cut = self._body(response, read_limit)
            finally:
                response.close()  # where not all was read: the connection is of no more use
                response.release_conn()
        except trouble.SSLError as error:
            untrusted = _untrusted(error)
            if untrusted is None:
                why = "no encrypted connection could be agreed on"
                raise UnreachableError(f"{self._asset}: {self._url}: {why}") from error
            why = f"its certificate is not trusted: {untrusted}"
            raise CertificateError(f"{self._asset}: {self._url}: {why}") from error
        except (trouble.HTTPError, OSError) as error:
            if self._cord.cut:  # whoever trickles is not asked once more
                why = f"no whole answer within {HEAD_STEPS * self._timeout_s:g} s"
                raise FailedError(f"{self._asset}: {self._url}: {why}") from error
            why = _connection(error) or f"no answer within {self._timeout_s:g} s"
            raise UnreachableError(f"{self._asset}: {self._url}: {why}") from error
        named = {name.lower(): value for name, value in response.headers.items()}
        return Reply(status=response.status, headers=named, data=data, cut=cut)

    def _body(self, response: "BaseHTTPResponse", limit: int) -> tuple[bytes, str | None]:
        """Return the body, undone of gzip in bounded steps: a few kilobytes may be a gigabyte."""
        import urllib3.exceptions as trouble

        inflate = _inflater(response.headers.get("Content-Encoding", ""), self._asset)
        data = bytearray()
        while True:
            try:
                chunk = response.read1(_CHUNK_BYTES, decode_content=False)
            except trouble.ReadTimeoutError:
                if not data:
                    raise
                return bytes(data), f"nothing came for {self._timeout_s:g} s"
            except (trouble.HTTPError, OSError):
                if not self._cord.cut:
                    raise
                chunk = b""
            if self._cord.cut:
                return bytes(data), f"did not end within {MAX_ANSWER_S:g} s"
            if not chunk:
                whole = inflate is None or inflate.eof or not data
                return bytes(data), None if whole else "the compressed answer ends in the middle"
            try:
                data += inflate.decompress(chunk, limit + 1 - len(data)) if inflate else chunk
            except zlib.error as error:
                raise FailedError(f"{self._asset}: {self._url}: the answer is not the gzip it says it is") from error
            if len(data) > limit:
                return bytes(data[:limit]), f"more than {limit} bytes"


def _pool(access: HttpAccess, asset: AssetId, timeout_s: float) -> "HTTPConnectionPool":
    import urllib3

    parts = urlsplit(access.url)
    timeout = urllib3.Timeout(connect=timeout_s, read=timeout_s)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return urllib3.HTTPConnectionPool(host, parts.port or 80, timeout=timeout, maxsize=1)
    try:
        context = ssl.create_default_context(cafile=access.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise CertificateError(f"{asset}: {access.ca_file}: expected certificates to trust: {error}") from error
    return urllib3.HTTPSConnectionPool(host, parts.port or 443, timeout=timeout, maxsize=1, ssl_context=context)


def _credential(access: HttpAccess, dialect: HttpDialect, asset: AssetId) -> dict[str, str]:
    """Return the header that lets us in; none where the inventory grants none."""
    if access.token is None and access.password is None:
        return {}
    if dialect.auth == "none":
        raise RefusedError(f"{asset}: this service takes no credential, but the inventory gives one; it was not sent")
    parts = urlsplit(access.url)
    if parts.scheme == "http" and not access.clear and parts.netloc.rpartition(":")[0] not in _LOOPBACK:
        raise RefusedError(
            f"{asset}: {access.url} is not encrypted, so the credential was not sent "
            "(plantproof_clear_credentials: true sends it all the same)"
        )
    if dialect.auth in ("basic", "session"):
        if access.password is None:
            raise RefusedError(f"{asset}: this service takes a user and a password, but the inventory gives a token")
        pair = f"{access.user}:{access.password.reveal()}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    if access.token is None:
        raise RefusedError(f"{asset}: this service takes a token, but the inventory gives a user and a password")
    if dialect.header is not None:
        return {dialect.header: access.token.reveal()}
    return {"Authorization": f"Bearer {access.token.reveal()}"}


def _inflater(encoding: str, asset: AssetId) -> "zlib._Decompress | None":
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    raise FailedError(f"{asset}: the answer is encoded as {encoding!r:.40}, which was not asked for")


def _untrusted(error: Exception) -> str | None:
    """Return what is wrong with a certificate, in OpenSSL's words; `None` where it is something else."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or (cause.args[0] if cause.args and isinstance(cause.args[0], Exception) else None)
    return cause.verify_message if cause is not None else None


def _connection(error: Exception) -> str | None:
    """Return in words how a connection failed, `None` where time ran out; the library's text names its objects."""
    import urllib3.exceptions as trouble

    if isinstance(error, trouble.NameResolutionError | trouble.LocationValueError):
        return "the name is not known"
    if isinstance(error, trouble.NewConnectionError):
        return "no connection"
    if isinstance(error, trouble.TimeoutError | TimeoutError):
        return None
    cause = error.args[-1] if error.args else None
    if isinstance(cause, HTTPException) and not isinstance(cause, IncompleteRead | RemoteDisconnected):
        return "what answers does not speak HTTP"
    return "the connection broke off"
