"""How requests to a cloud's API leave: botocore signs and parses; each try passes the gate, each answer is bounded."""

from collections.abc import Callable
from functools import partial
from typing import Any

from collectors.inventory.host import AwsAccess
from collectors.transports.aws_answers import AnswerTooLongError, check_document
from collectors.transports.aws_pages import models
from collectors.transports.interface import Action, AuthenticationError, Gate, TransportError
from evidence.clock import Clock
from evidence.model.names import AssetId

MAX_TRIES = 2
"""Tries of one request: one more after a time-out, an error of the server or a wish to be asked more slowly."""

MAX_ANSWER_S = 120.0
"""Longest one page may take in all, seconds; a page has at most 1,000 entries."""

_CHUNK_BYTES = 65536

_SLOWER = (b"Throttl", b"RequestLimitExceeded", b"TooManyRequests", b"SlowDown")
"""What an answer holds that asks for a slower pace, in the words of AWS's services."""


class Wire:
    """One account's way out. Makes botocore's clients, one a service."""

    def __init__(
        self, access: AwsAccess, *, asset: AssetId, gate: Gate, clock: Clock, timeout_s: float, read_limit: int
    ) -> None:
        """Find the credential; raise `AuthenticationError` where there is none, `TransportError` without a region."""
        from botocore.session import Session

        self._asset, self._gate, self._clock = asset, gate, clock
        self._timeout_s, self._limit = timeout_s, read_limit
        self._endpoint = access.endpoint
        self._clients: dict[str, Any] = {}
        self._session = Session(profile=access.profile)
        self._session.register_component("data_loader", models())
        if access.key_id is not None and access.secret_key is not None:
            token = access.session_token
            self._session.set_credentials(
                access.key_id.reveal(), access.secret_key.reveal(), token.reveal() if token else None
            )
        self._region = access.region or self._known_region()

    def _known_region(self) -> str:
        from botocore.exceptions import BotoCoreError

        try:
            region = self._session.get_config_variable("region")
        except BotoCoreError as error:  # a profile that is not there
            raise AuthenticationError(f"{self._asset}: {error}") from error
        if region is None:
            raise TransportError(f"{self._asset}: no region", hint="set plantproof_aws_region in the inventory")
        return str(region)

    def client(self, service: str) -> Any:
        """Return botocore's client of a service, the same each time."""
        if service not in self._clients:
            self._clients[service] = self._new_client(service)
        return self._clients[service]

    def _new_client(self, service: str) -> Any:
        from botocore.config import Config
        from botocore.httpsession import URLLib3Session
        from botocore.utils import get_environ_proxies

        client = self._session.create_client(
            service,
            region_name=self._region,
            endpoint_url=self._endpoint,
            config=Config(
                connect_timeout=self._timeout_s,
                read_timeout=self._timeout_s,
                retries={"mode": "standard", "total_max_attempts": MAX_TRIES},
                ignore_configured_endpoint_urls=True,  # where requests go, the inventory says
            ),
        )
        http = URLLib3Session(
            verify=self._session.get_config_variable("ca_bundle") or True,
            timeout=(self._timeout_s, self._timeout_s),
            proxies=get_environ_proxies(client.meta.endpoint_url),
        )
        client.meta.events.register("before-send", partial(self._send, service, http.send))
        client.meta.events.register("response-received", check_document)
        return client

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()

    def _send(self, service: str, send: Callable[[Any], Any], request: Any, event_name: str, **_: object) -> Any:
        """Send one signed request in botocore's place, once the gate lets it pass; read its answer up to the limit."""
        from botocore.awsrequest import AWSResponse

        action = Action(self._asset, "aws", "call", f"{service}:{event_name.rpartition('.')[2]}")
        self._gate.enter_blocking(action)
        began, body, wrong = self._clock.monotonic(), b"", "no answer"
        try:
            request.stream_output = True  # or botocore would read an answer of any length
            answer = send(request)
            body = self._body(answer, began)
            wrong = _complaint(answer.status_code, body)
        finally:
            took_s = self._clock.monotonic() - began
            self._gate.leave(action, took_s=took_s, received=len(body), error=wrong or None)
        return AWSResponse(answer.url, answer.status_code, answer.headers, _Read(body))

    def _body(self, answer: Any, began: float) -> bytes:
        from botocore.exceptions import ConnectionClosedError
        from urllib3.exceptions import HTTPError

        body = bytearray()
        try:
            for chunk in answer.raw.stream(_CHUNK_BYTES):
                body += chunk
                if len(body) > self._limit:
                    raise AnswerTooLongError(f"more than {self._limit} bytes")
                if self._clock.monotonic() - began > MAX_ANSWER_S:
                    raise AnswerTooLongError(f"did not end within {MAX_ANSWER_S:g} s")
            return bytes(body)
        except HTTPError as error:
            raise ConnectionClosedError(endpoint_url=answer.url, error=error) from error
        finally:
            answer.raw.close()


class _Read:
    """A body that was read already, in the form botocore reads bodies."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        return [self._body]


def _complaint(status: int, body: bytes) -> str:
    """Return what the action log says of an answer: nothing where it is well, `refused …` where it is merely a no."""
    if status < 400:
        return ""
    if status >= 500 or status == 429:
        return f"HTTP {status}"
    if any(word in body for word in _SLOWER):
        return f"HTTP {status}, asked too fast"
    return f"refused with HTTP {status}"
