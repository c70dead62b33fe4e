"""What a cloud's API says: its canonical text, and what its errors mean to whoever asked."""

import base64
import json
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from collectors.transports.interface import (
    AuthenticationError,
    FailedError,
    LeftAloneError,
    RefusedError,
    TransportError,
    UnreachableError,
)
from evidence.model.names import AssetId

ASKED = "_asked"
"""Member of a page that says for which value it was asked; no member of AWS's own begins with an underscore."""

_WRONG_CREDENTIAL = frozenset(
    {
        "AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidAccessKeyId",
        "InvalidClientTokenId", "InvalidSignatureException", "InvalidToken", "MissingAuthenticationToken",
        "MissingAuthenticationTokenException", "NotAuthorized", "RequestExpired", "SignatureDoesNotMatch",
        "TokenRefreshRequired", "UnrecognizedClientException",
    }
)  # fmt: skip
"""Error codes that mean the credential itself (AWS, "Common errors" of each service's API reference)."""

_NO_RIGHT = frozenset(
    {
        "AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "UnauthorizedException",
        "UnauthorizedAccess", "NotAuthorizedException",
    }
)  # fmt: skip
"""Error codes that mean a right the credential lacks."""

_SLOWER = frozenset(
    {
        "BandwidthLimitExceeded", "EC2ThrottledException", "LimitExceededException", "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled",
        "RequestThrottledException", "SlowDown", "ThrottledException", "Throttling", "ThrottlingException",
        "TooManyRequestsException",
    }
)  # fmt: skip
"""Error codes that ask for a slower pace (botocore's own list of them)."""

_UNREADABLE = (AttributeError, LookupError, TypeError, ValueError, RecursionError)
"""What botocore's parsers raise where a document has another shape than the service's model."""

MAX_MESSAGE = 300
"""Longest message of a service passed on, characters."""


class AnswerTooLongError(TransportError):
    """An answer is longer, or takes longer, than anything we keep."""


class MissingRightError(RefusedError):
    """The credential is good, and lacks the right to one operation."""


class ServiceFailedError(UnreachableError):
    """One of the cloud's services answers that it fails."""


def dumps(page: object) -> bytes:
    """Return a parsed page as one line of canonical JSON: keys in order, no blanks, UTF-8."""
    text = json.dumps(page, default=_plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace")


def _plain(value: object) -> object:
    """Return times as RFC 3339 UTC and bytes as base64; nothing else of another type is in a parsed answer."""
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return moment.isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"expected what JSON holds, a time or bytes, found {type(value).__name__}")


def unfold(value: Any, members: Collection[str]) -> Any:
    """Return `value` with the JSON texts of the named members, at any depth, as what they say."""
    if isinstance(value, dict):
        return {
            name: _unfolded(inner) if name in members and isinstance(inner, str) else unfold(inner, members)
            for name, inner in value.items()
        }
    return [unfold(inner, members) for inner in value] if isinstance(value, list) else value


def _unfolded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def explained(error: Exception, *, asset: AssetId, operation: str) -> TransportError:
    """Return what an exception of botocore means; one of ours stays what it is."""
    from botocore import exceptions

    what = f"{asset}: {operation}"
    if isinstance(error, FailedError):
        return FailedError(f"{what}: {error}")
    if isinstance(error, TransportError):
        return error
    if isinstance(error, exceptions.ClientError):
        return _told(error.response, what)
    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        hint = "set plantproof_aws_profile, or an access key, in the inventory"
        return AuthenticationError(f"{asset}: no credential for the account", hint=hint)
    if isinstance(error, exceptions.CredentialRetrievalError | exceptions.ProfileNotFound | exceptions.SSOError):
        return AuthenticationError(f"{asset}: the credential could not be had: {_short(str(error))}")
    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError):
        return UnreachableError(f"{what}: {_short(str(error))}")
    if isinstance(error, exceptions.BotoCoreError):
        return RefusedError(f"{what}: {_short(str(error))}")
    if isinstance(error, _UNREADABLE) or type(error).__module__ == "botocore.parsers":
        return FailedError(f"{what}: the answer is not one of that service ({type(error).__name__})")
    raise error


def check_document(parsed_response: Any, response_dict: Any, **_: object) -> None:
    """
    Raise `FailedError` where an answer that should be JSON is not: botocore takes such a one for empty.

    Registered for botocore's event `response-received`.
    """
    if parsed_response is None or response_dict["status_code"] >= 300 or set(parsed_response) - {"ResponseMetadata"}:
        return
    try:
        empty = not json.loads(response_dict["body"] or b"{}")
    except (ValueError, RecursionError):
        empty = False
    if not empty:
        raise FailedError("the answer is not one of that service")


def _told(response: Any, what: str) -> TransportError:
    """Return what an error the service answered with means."""
    told = response.get("Error", {})
    code, message = str(told.get("Code", "")), _short(str(told.get("Message", "")))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _WRONG_CREDENTIAL:
        return AuthenticationError(f"{what}: the credential is not accepted ({code})")
    if code in _NO_RIGHT:
        return MissingRightError(f"{what}: the account does not grant the right to it ({code})")
    if code in _SLOWER or status == 429:
        return LeftAloneError(f"{what}: asked too fast, says the service ({code})")
    if status >= 500 and status != 501:
        return ServiceFailedError(f"{what}: the service fails (HTTP {status} {code})")
    return RefusedError(f"{what}: {code or f'HTTP {status}'}: {message}")


def _short(text: str) -> str:
    return " ".join(text.split())[:MAX_MESSAGE]
