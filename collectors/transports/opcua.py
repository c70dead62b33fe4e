"""
OPC UA servers: their endpoints without a session, then one session that browses and reads, and nothing else.

Services used: GetEndpoints, OpenSecureChannel, CreateSession, ActivateSession, Read, Browse, BrowseNext, CloseSession,
CloseSecureChannel (OPC 10000-4). No subscription, no write, no call, no registration.
"""

import asyncio
import logging
import struct
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from collectors.inventory.host import OpcuaAccess
from collectors.transports.interface import (
    Action,
    Answer,
    AuthenticationError,
    FailedError,
    Gate,
    NotReadOnlyError,
    RefusedError,
    TransportError,
    UnreachableError,
)
from collectors.transports.opcua_browse import (
    DEVICE_SET,
    DI,
    DeviceSet,
    batches,
    endpoint_rows,
    look,
    name_of,
    plain,
    written,
)
from collectors.transports.opcua_login import Way, check_fingerprint, choose, secure
from evidence.clock import Clock
from evidence.model.names import AssetId
from evidence.model.ssh import SshLink
from evidence.platforms.calls import OpcuaCall
from evidence.platforms.platform import Question

if TYPE_CHECKING:
    from asyncua import Client

T = TypeVar("T")

MAX_SESSION_BYTES = 8 * 1024 * 1024
"""Most that is read of one server: 5,000 nodes with all their names are a tenth of it."""

MAX_NAMES = 400
"""Characters of nodes up to which one line of the action log names them all."""

NAMESPACES = "i=2255"
"""Server_NamespaceArray (OPC 10000-6 annex A)."""

HIERARCHICAL = "i=33"
"""HierarchicalReferences (OPC 10000-6 annex A)."""

_REFUSED_CREDENTIAL = frozenset({"BadUserAccessDenied", "BadIdentityTokenRejected", "BadIdentityTokenInvalid"})
_REFUSED_US = ("BadCertificate", "BadSecurity", "BadApplicationSignature")
_GARBLED = (struct.error, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What reading a malformed message may raise in the library, whatever the message."""


class OpcuaSession:
    """A server that is asked. Asked one question at a time, from one thread at a time."""

    host_key: str | None = None
    link: SshLink | None = None

    def __init__(
        self,
        access: OpcuaAccess,
        *,
        asset: AssetId,
        gate: Gate,
        clock: Clock,
        allowed: Collection[str],
        timeout_s: float,
    ) -> None:
        self._access, self._asset, self._gate, self._clock = access, asset, gate, clock
        self._allowed, self._timeout_s = frozenset(allowed), timeout_s
        self._loop = asyncio.new_event_loop()
        self._endpoints: list[Any] = []
        self._client: Client | None = None
        self._no_session: TransportError | None = None
        self._took_s = 0.0

    def open(self) -> None:
        """Ask for the endpoints, then log in where anything is to be read; a login refused costs only what needs it."""
        try:
            self._endpoints = self._do("endpoints", self._access.url, self._get_endpoints)
        except UnreachableError:
            self._endpoints = self._do("endpoints", self._access.url, self._get_endpoints)
        check_fingerprint(self._access, self._endpoints, self._asset)
        if self._allowed <= {"endpoints"}:
            return
        try:
            way = choose(self._access, self._endpoints, self._asset)
            self._do("login", f"{self._access.url} {way.policy}", lambda: self._log_in(way))
        except (RefusedError, FailedError) as error:
            self._no_session = error

    def ask(self, question: Question) -> Answer:
        """
        Look at what a question names.

        Raises `RefusedError` when it is not listed or not allowed there, `FailedError` when the server could not
        answer, `UnreachableError` when the connection is gone.
        """
        call = question.call
        if not isinstance(call, OpcuaCall) or not set(question.objects) <= self._allowed:
            raise NotReadOnlyError(f"{self._asset}: not on the read-only list, so it was not sent: {question.request}")
        self._took_s, reason = 0.0, None
        match call.what:
            case "endpoints":
                document: dict[str, object] = {"endpoints": endpoint_rows(self._endpoints)}
            case "values":
                document = self._values(question.objects)
            case _:
                document, reason = self._devices()
        return Answer(
            data=written(document),
            request=question.request,
            took_ms=round(self._took_s * 1000),
            complete=reason is None,
            reason=reason,
        )

    def close(self) -> None:
        """Close session, channel and connection as far as they are open."""
        with suppress(TransportError):
            if self._client is not None:
                self._do("close", self._access.url, self._log_out)
        self._loop.close()

    def _values(self, ids: Collection[str]) -> dict[str, object]:
        values, bad = self._read(list(ids))
        if not values:
            raise RefusedError(f"{self._asset}: none of the nodes can be read: {', '.join(sorted(set(bad.values())))}")
        return {"values": values} | ({"not_read": bad} if bad else {})

    def _devices(self) -> tuple[dict[str, object], str | None]:
        from asyncua import ua

        values, _ = self._read([NAMESPACES])
        names = values.get(NAMESPACES)
        if not isinstance(names, list) or DI not in names:
            raise RefusedError(f"{self._asset}: the server has no devices in the sense of OPC 10000-100")
        devices = DeviceSet(names.index(DI))
        look(devices, ua.NodeId.from_string(f"ns={devices.namespace};i={DEVICE_SET}"), self._browse)
        wanted = [node for one in devices.found for node in one.properties.values()]
        said, _ = self._read_nodes(wanted)
        return {"devices": devices.devices(said)}, devices.cut

    def _read(self, ids: list[str]) -> tuple[dict[str, object], dict[str, str]]:
        from asyncua import ua

        nodes = [ua.NodeId.from_string(name) for name in ids]
        values, bad = self._read_nodes(nodes)
        names = {name_of(node): name for node, name in zip(nodes, ids, strict=True)}
        return {names[node]: value for node, value in values.items()}, {names[node]: why for node, why in bad.items()}

    def _read_nodes(self, nodes: list[Any]) -> tuple[dict[str, object], dict[str, str]]:
        """Return the values of nodes, and of those that have none what the server says, by the node's text."""
        values: dict[str, object] = {}
        bad: dict[str, str] = {}
        for group in batches(nodes):
            read = self._session_work("read", _named(group), _reading(group))
            for node, one in zip(group, read, strict=True):
                status = one.StatusCode
                if status is not None and not status.is_good():
                    bad[name_of(node)] = status.name
                else:
                    values[name_of(node)] = plain(one.Value.Value if one.Value is not None else None)
        return values, bad

    def _browse(self, nodes: list[Any]) -> list[list[Any]]:
        """Return the references of each node, hierarchical and forward, all their pages."""
        from asyncua import ua

        wanted = ua.BrowseParameters(
            RequestedMaxReferencesPerNode=0,
            NodesToBrowse=[
                ua.BrowseDescription(
                    NodeId=node,
                    BrowseDirection=ua.BrowseDirection.Forward,
                    ReferenceTypeId=ua.NodeId.from_string(HIERARCHICAL),
                    IncludeSubtypes=True,
                    NodeClassMask=ua.NodeClass.Object | ua.NodeClass.Variable,
                    ResultMask=ua.BrowseResultMask.BrowseName | ua.BrowseResultMask.NodeClass,
                )
                for node in nodes
            ],
        )
        results = self._session_work("browse", _named(nodes), lambda client: client.uaclient.session.browse(wanted))
        found: list[list[Any]] = []
        for node, result in zip(nodes, results, strict=True):
            references = list(result.References or ())
            while result.ContinuationPoint and len(references) < MAX_SESSION_BYTES // 1_000:
                more = ua.BrowseNextParameters(ContinuationPoints=[result.ContinuationPoint])
                result = self._session_work("browse", f"{_named([node])} …", _browsing_on(more))[0]
                references += result.References or ()
            found.append(references)
        return found

    def _session_work(self, verb: str, what: str, work: "Callable[[Client], Awaitable[T]]") -> T:
        if self._no_session is not None:
            raise self._no_session
        client = self._client
        assert client is not None  # noqa: S101 - `open` logged in
        return self._do(verb, what, lambda: work(client))

    def _do(self, verb: str, what: str, work: Callable[[], Awaitable[T]]) -> T:
        """Pass one request through the gate and wait for its answer."""
        action = Action(self._asset, "opcua", verb, what)
        self._gate.enter_blocking(action)
        began, reason = self._clock.monotonic(), "no answer"
        try:
            result = self._loop.run_until_complete(asyncio.wait_for(work(), self._timeout_s))
            reason = ""
        except TimeoutError as error:
            raise UnreachableError(f"{self._asset}: no answer within {self._timeout_s:g} s to {verb} {what}") from error
        except Exception as error:
            known = _understood(error, f"{self._asset}: {verb} {what}")
            if known is None:
                raise
            reason = "refused" if isinstance(known, RefusedError | AuthenticationError) else "failed"
            raise known from error
        finally:
            took_s = self._clock.monotonic() - began
            self._took_s += took_s
            self._gate.leave(action, took_s=took_s, received=0 if reason else 1, error=reason or None)
        return result

    async def _get_endpoints(self) -> list[Any]:
        client = self._new_client()
        try:
            await _connect(client)
            try:
                return list(await client.get_endpoints() or ())
            finally:
                await client.close_secure_channel()
        finally:
            client.disconnect_socket()

    async def _log_in(self, way: Way) -> None:
        client = self._new_client()
        try:
            await secure(client, self._access, way, self._clock.now(), self._asset)
            await _connect(client)
            await client.create_session()
            password = self._access.password
            await client.activate_session(self._access.user, password.reveal() if password else None)
        except BaseException:
            client.disconnect_socket()
            raise
        self._client = client

    async def _log_out(self) -> None:
        assert self._client is not None  # noqa: S101 - asked only where there is one
        try:
            await self._client.close_session()
            await self._client.close_secure_channel()
        finally:
            self._client.disconnect_socket()

    def _new_client(self) -> "Client":
        """Return a client that has not connected. It is driven step by step: its `connect` would watch the server."""
        from asyncua import Client

        client = Client(self._access.url, timeout=self._timeout_s)
        client.name = client.description = "plantproof"
        client.product_uri = "urn:plantproof"
        client.max_messagesize = MAX_SESSION_BYTES
        return client


async def _connect(client: "Client") -> None:
    await client.connect_socket()
    protocol = client.uaclient.protocol
    assert protocol is not None  # noqa: S101 - it was just connected
    inner, left = protocol.data_received, MAX_SESSION_BYTES

    def bounded(data: bytes) -> None:
        nonlocal left
        left -= len(data)
        if left < 0:
            client.disconnect_socket()
        else:
            inner(data)

    protocol.data_received = bounded  # type: ignore[method-assign]
    await client.send_hello()
    await client.open_secure_channel()


def _understood(error: Exception, what: str) -> TransportError | None:
    """Return what an exception of the library, or below it, means; nothing where it is none of theirs."""
    from asyncua import ua
    from asyncua.ua import uaerrors

    if isinstance(error, TransportError):
        return error
    if isinstance(error, uaerrors.UaStatusCodeError):
        name = ua.StatusCode(error.code).name
        if name in _REFUSED_CREDENTIAL:
            return AuthenticationError(f"{what}: the server does not accept the credential ({name})")
        if name.startswith(_REFUSED_US):
            return RefusedError(f"{what}: the server does not trust our certificate, or its rules forbid it ({name})")
        return FailedError(f"{what}: the server answered {name}")
    if isinstance(error, ConnectionError | OSError):
        return UnreachableError(f"{what}: no connection, or it broke off")
    if isinstance(error, (uaerrors.UaError, *_GARBLED)):
        return FailedError(f"{what}: the server's answer was not understood")
    return None


def _reading(nodes: list[Any]) -> "Callable[[Client], Awaitable[list[Any]]]":
    from asyncua import ua

    return lambda client: client.uaclient.session.read_attributes(nodes, ua.AttributeIds.Value)


def _browsing_on(wanted: Any) -> "Callable[[Client], Awaitable[list[Any]]]":
    return lambda client: client.uaclient.session.browse_next(wanted)


def _named(nodes: list[Any]) -> str:
    """Return the nodes of a request as the action log names them."""
    names = [name_of(node) for node in nodes]
    text = " ".join(names)
    return text if len(text) <= MAX_NAMES else f"{names[0]} and {len(names) - 1} more"


@contextmanager
def open_opcua(
    access: OpcuaAccess,
    *,
    asset: AssetId,
    gate: Gate,
    clock: Clock,
    allowed: Collection[str],
    timeout_s: float = 15.0,
) -> Iterator[OpcuaSession]:
    """Yield a server whose endpoints are known, and which is logged in to where anything is to be read."""
    try:
        import asyncua  # noqa: F401 - an extra: it may not be installed
    except ImportError as error:
        raise RefusedError(f"{asset}: OPC UA needs a library: pip install 'plantproof[opcua]'") from error
    logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)  # what it would say is in the outcome
    session = OpcuaSession(access, asset=asset, gate=gate, clock=clock, allowed=allowed, timeout_s=timeout_s)
    try:
        session.open()
        yield session
    finally:
        session.close()
