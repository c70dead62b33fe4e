"""A real OPC UA server (asyncua) on loopback with a DeviceSet as OPC 10000-100 has it; asyncua ships none."""

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from collectors.simulate.certificates import self_signed
from evidence.errors import Error

DI = "http://opcfoundation.org/UA/DI/"

START_S = 60
"""Longest a start may take, seconds: asyncua builds its address space first."""

_APPLICATION = "urn:freeopcua:python:server"


class OpcuaSimulationError(Error):
    """The server did not start."""


@dataclass
class OpcuaServer:
    """A running server and what it holds."""

    devices: Mapping[str, Mapping[str, Any]]
    """Path below DeviceSet -> its properties: Manufacturer, Model, SerialNumber …"""
    user: str = ""
    password: str = ""
    product: str = "Press line server"
    version: str = "4.2.1"
    vendor: str = "Example Controls"
    valid_days: int = 90
    """How long its certificate is still valid."""
    certificate: bytes = b""
    """DER; known once it runs."""
    port: int = 0
    _nodes: dict[str, Any] = field(default_factory=dict)
    _loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        """The server's address."""
        return f"opc.tcp://127.0.0.1:{self.port}"

    def change(self, device: str, name: str, value: object) -> None:
        """Let a device say something else from now on: somebody swapped it."""
        assert self._loop is not None  # noqa: S101 - it runs
        asyncio.run_coroutine_threadsafe(self._nodes[f"{device}.{name}"].write_value(value), self._loop).result(10)


@contextmanager
def serving(server: OpcuaServer, folder: Path) -> Iterator[OpcuaServer]:
    """Run a server on a free loopback port until the block ends; its key and certificate are written to `folder`."""
    if find_spec("asyncua") is None:
        raise OpcuaSimulationError("asyncua is not installed", hint="pip install 'plantproof[demo]'")
    logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)
    server.port, server.certificate = _free_port(), _make_certificate(folder, server.valid_days)
    server._loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    work = _run(server, folder, ready, stop)
    thread = threading.Thread(target=server._loop.run_until_complete, args=(work,), daemon=True)
    thread.start()
    if not ready.wait(START_S):
        raise OpcuaSimulationError(f"the OPC UA server did not start within {START_S} s")
    try:
        yield server
    finally:
        server._loop.call_soon_threadsafe(stop.set)
        thread.join(15)
        server._loop.close()


async def _run(server: OpcuaServer, folder: Path, ready: threading.Event, stop: asyncio.Event) -> None:
    from asyncua import Server, ua

    running = Server(user_manager=_users(server))
    await running.init()
    running.set_endpoint(server.url)
    running.set_server_name(server.product)
    await running.load_certificate(str(folder / "server.der"))
    await running.load_private_key(str(folder / "server.pem"))
    running.set_security_policy([ua.SecurityPolicyType.NoSecurity, ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
    running.set_identity_tokens([ua.AnonymousIdentityToken, ua.UserNameIdentityToken])
    built = datetime(2026, 3, 2, tzinfo=UTC)
    await running.set_build_info("urn:example:press", server.vendor, server.product, server.version, "1187", built)
    await _add_devices(running, server)
    await running.start()
    ready.set()
    await stop.wait()
    await running.stop()


def _users(server: OpcuaServer) -> Any:
    from asyncua.crypto.permission_rules import User, UserRole
    from asyncua.server.user_managers import UserManager

    class OneUser(UserManager):
        def get_user(
            self,
            iserver: Any,  # noqa: ARG002 - asyncua's signature
            username: str | None = None,
            password: Any = None,
            certificate: Any = None,  # noqa: ARG002
        ) -> Any:
            given = password.decode() if isinstance(password, bytes) else password
            known = username is None or (username, given) == (server.user, server.password)
            return User(role=UserRole.User, name=username) if known else None

    return OneUser()


async def _add_devices(running: Any, server: OpcuaServer) -> None:
    from asyncua import ua

    index = await running.register_namespace(DI)
    own = await running.register_namespace("urn:example:press")
    root = await running.nodes.objects.add_object(
        ua.NodeId(ua.Int32(5001), index), ua.QualifiedName("DeviceSet", index)
    )
    made = {"": root}
    for path, properties in server.devices.items():
        parent, _, name = path.rpartition("/")
        device = made[path] = await made[parent].add_object(own, name)
        for key, value in properties.items():
            text = ua.LocalizedText(value) if key in ("Manufacturer", "Model") else value
            place = ua.NodeId(ua.String(f"{path}.{key}"), own)
            server._nodes[f"{path}.{key}"] = await device.add_property(place, ua.QualifiedName(key, index), text)
        values = await device.add_object(own, "ParameterSet")
        await values.add_variable(own, "SerialNumber", "not an identity")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _make_certificate(folder: Path, days: int) -> bytes:
    """Write a self-signed pair into `folder`; return the certificate, DER."""
    certificate, key = self_signed("press-opcua", days=days, uri=_APPLICATION)
    der = certificate.public_bytes(Encoding.DER)
    (folder / "server.der").write_bytes(der)
    (folder / "server.pem").write_bytes(key)
    return der
