"""OPC UA against a real server (asyncua): what is read, how it is let in, and what leaves this machine."""

import hashlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.credentials import Secret
from collectors.inventory.host import OpcuaAccess
from collectors.transports.interface import (
    AuthenticationError,
    CertificateError,
    NotReadOnlyError,
    RefusedError,
    UnreachableError,
)
from collectors.transports.opcua import OpcuaSession, open_opcua
from collectors.transports.opcua_browse import DeviceSet, look, name_of
from collectors.transports.opcua_login import choose, made_certificate
from evidence.model.names import AssetId
from evidence.normalise.readers import READERS
from evidence.platforms.calls import OpcuaCall
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import Question, Verb

pytestmark = pytest.mark.real

READS = {
    "Hello", "OpenSecureChannel", "GetEndpoints", "CreateSession", "ActivateSession", "Read", "Browse", "BrowseNext",
    "TranslateBrowsePaths", "CloseSession", "CloseSecureChannel",
}  # fmt: skip


class Clock:
    """The real clock, for the time of day too."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def nodes(what: str, *ids: str) -> Question:
    """Return a question."""
    return Question(
        name=what, transport="opcua", verb=Verb.NODES, objects=ids or (what,), call=OpcuaCall(what=what),
        reader="json", tags=frozenset({"identify"}), ttl_s=60,
    )  # fmt: skip


Talk = Callable[..., Any]


@pytest.fixture
def talk(opcua_plant: Any, parts: Any) -> Talk:
    """Return a function that opens a session."""

    @contextmanager
    def opened(*questions: Question, port: int | None = None, timeout_s: float = 10, **access: Any) -> Iterator[Any]:
        url = f"opc.tcp://127.0.0.1:{port}" if port else opcua_plant.url
        with open_opcua(
            OpcuaAccess(url=url, **access),
            asset=AssetId("press"),
            gate=parts.gate,
            clock=Clock(),
            allowed={name for one in questions for name in one.objects},
            timeout_s=timeout_s,
        ) as session:
            yield session

    return opened


def said(session: OpcuaSession, question: Question) -> Any:
    answer = session.ask(question)
    assert isinstance(answer.data, bytes)
    return json.loads(answer.data)


def test_what_the_server_holds_is_what_is_read(talk: Talk, opcua_plant: Any) -> None:
    build, devices = nodes("values", "i=2261", "i=2263", "i=2264", "i=2259"), nodes("devices")
    with talk(build, devices) as session:
        values = said(session, build)["values"]
        found = {row["path"]: row for row in said(session, devices)["devices"]}
    assert values == {
        "i=2261": opcua_plant.product, "i=2263": opcua_plant.vendor, "i=2264": opcua_plant.version, "i=2259": 0
    }  # fmt: skip
    assert {path: {k: v for k, v in row.items() if k not in ("path", "node")} for path, row in found.items()} == (
        opcua_plant.devices
    )


def test_the_endpoints_are_asked_for_without_a_session(talk: Talk, opcua_plant: Any, wiretap: Any) -> None:
    tap = wiretap(opcua_plant.port)
    with talk(nodes("endpoints"), port=tap.port) as session:
        answer = session.ask(nodes("endpoints"))
    sent = tap.opcua_messages()
    assert sent[:3] == ["Hello", "OpenSecureChannel", "GetEndpoints"]
    assert sent[3:] in ([], ["CloseSecureChannel"]), "which may still be on its way"
    document = READERS["endpoints"](answer.data, answer.request)
    assert isinstance(document, dict)
    assert [one["sha256"] for one in document["certificates"]] == [hashlib.sha256(opcua_plant.certificate).hexdigest()]
    assert {(one["policy"], one["mode"]) for one in document["endpoints"]} == {
        ("None", "None"), ("Basic256Sha256", "SignAndEncrypt")
    }  # fmt: skip


def test_nothing_but_reads_leaves_and_all_of_it_in_one_session(
    talk: Talk, opcua_plant: Any, wiretap: Any, parts: Any
) -> None:
    tap = wiretap(opcua_plant.port)
    platform = load_platforms().named("opcua")
    assert platform is not None
    with talk(*platform.questions, port=tap.port) as session:
        for question in platform.questions:
            assert session.ask(question).complete
    sent = tap.opcua_messages()
    assert set(sent) <= READS
    assert (sent.count("CreateSession"), sent.count("CloseSession")) == (1, 1)
    asked = [action.verb for action in parts.gate.actions]
    carried = [one for one in sent if one in ("GetEndpoints", "Read", "Browse", "CreateSession", "CloseSession")]
    assert len(carried) == len(asked), "every request passed the gate"


def test_a_password_goes_over_an_encrypted_session(talk: Talk, opcua_plant: Any, wiretap: Any, parts: Any) -> None:
    tap = wiretap(opcua_plant.port)
    password = "S1mulated-0pcua-Pa55"
    build = nodes("values", "i=2264")
    with talk(build, port=tap.port, user="observer", password=Secret(password)) as session:
        assert said(session, build)["values"] == {"i=2264": opcua_plant.version}
    assert password.encode() not in b"".join(map(bytes, tap.sent))
    assert parts.gate.said[1].endswith("Basic256Sha256")


def test_a_wrong_password_is_an_authentication_failure_and_is_not_tried_again(talk: Talk, parts: Any) -> None:
    with (
        pytest.raises(AuthenticationError, match="BadUserAccessDenied"),
        talk(nodes("devices"), user="observer", password=Secret("wrong")),
    ):
        pass
    assert [action.verb for action in parts.gate.actions] == ["endpoints", "login"]


def test_a_password_is_never_sent_where_nothing_is_encrypted() -> None:
    from asyncua import ua

    only_none = ua.EndpointDescription(
        SecurityMode=ua.MessageSecurityMode.None_,
        SecurityPolicyUri="http://opcfoundation.org/UA/SecurityPolicy#None",
        UserIdentityTokens=[ua.UserTokenPolicy(TokenType=ua.UserTokenType.UserName)],
    )
    access = OpcuaAccess(url="opc.tcp://192.0.2.1:4840", user="ann", password=Secret("p"))
    with pytest.raises(RefusedError, match="no endpoint encrypts, so the password was not sent"):
        choose(access, [only_none], AssetId("x"))
    allowed = OpcuaAccess(url=access.url, user="ann", password=Secret("p"), clear=True)
    assert choose(allowed, [only_none], AssetId("x")).policy == "None"
    with pytest.raises(RefusedError, match="no endpoint takes anonymous sessions"):
        choose(OpcuaAccess(url=access.url), [only_none], AssetId("x"))


def test_a_certificate_of_our_own_opens_the_best_endpoint(
    talk: Talk, opcua_plant: Any, parts: Any, tmp_path: Path
) -> None:
    der, key = made_certificate(datetime.now(UTC))
    (tmp_path / "own.der").write_bytes(der)
    (tmp_path / "own.key").write_bytes(key)
    files = {"certificate_file": str(tmp_path / "own.der"), "key_file": str(tmp_path / "own.key")}
    build = nodes("values", "i=2264")
    with talk(build, **files) as session:
        assert said(session, build)["values"] == {"i=2264": opcua_plant.version}
    assert parts.gate.said[1].endswith("Basic256Sha256")
    without = files | {"key_file": "/nowhere"}
    with talk(build, **without) as session, pytest.raises(RefusedError, match="or its key cannot be read"):
        session.ask(build)


def test_another_certificate_than_the_one_expected_ends_the_visit(talk: Talk, opcua_plant: Any, parts: Any) -> None:
    right = hashlib.sha256(opcua_plant.certificate).hexdigest()
    with talk(nodes("endpoints"), fingerprint=right):
        pass
    with (
        pytest.raises(CertificateError, match="expected the certificate 0000"),
        talk(nodes("devices"), fingerprint="0" * 64),
    ):
        pass
    assert "login" not in [action.verb for action in parts.gate.actions]


def test_a_node_that_is_not_there_is_said_to_be_so(talk: Talk) -> None:
    some, none = nodes("values", "i=2264", "ns=1;s=nothing"), nodes("values", "ns=1;s=nothing")
    with talk(some, none) as session:
        assert said(session, some)["not_read"] == {"ns=1;s=nothing": "BadNodeIdUnknown"}
        with pytest.raises(RefusedError, match="BadNodeIdUnknown"):
            session.ask(none)


def test_what_is_not_listed_is_not_sent(talk: Talk, opcua_plant: Any, parts: Any) -> None:
    with talk(nodes("endpoints")) as session, pytest.raises(NotReadOnlyError):
        session.ask(nodes("values", "i=2264"))
    assert parts.gate.said == [f"endpoints {opcua_plant.url}"]


def reference(name: str) -> Any:
    """Return a reference to an object of that name."""
    from asyncua import ua

    return ua.ReferenceDescription(
        NodeId=ua.NodeId(name, 1), BrowseName=ua.QualifiedName(name, 1), NodeClass=ua.NodeClass.Object
    )  # fmt: skip


def test_the_browse_has_an_end_in_depth_and_in_number_and_no_circles() -> None:
    asked: list[str] = []

    def browse(parents: list[Any]) -> list[list[Any]]:
        asked.extend(map(name_of, parents))
        return [[reference(f"{one.Identifier}+"), reference("root"), reference("side")] for one in parents]

    devices = DeviceSet(1)
    look(devices, reference("root").NodeId, browse)
    assert devices.cut is None
    names = [name.removeprefix("ns=1;s=") for name in asked]
    assert names == ["root", "root+", "side", "root++", "side+", "root+++", "side++"]

    few = DeviceSet(1, most=3)
    look(few, reference("root").NodeId, browse)
    assert few.cut == "more than 3 nodes below DeviceSet"
    assert len(few.seen) == 3


def test_nobody_there_is_unreachable_after_one_retry(talk: Talk, parts: Any) -> None:
    with pytest.raises(UnreachableError, match="no connection"), talk(nodes("endpoints"), port=9):
        pass
    assert len(parts.gate.actions) == 2


@pytest.mark.parametrize("speaks", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\xff" * 65536])
def test_a_server_that_speaks_something_else_has_one_clear_outcome(speaks: bytes, talk: Talk) -> None:
    def serve() -> None:
        for _ in range(2):
            client, _ = listener.accept()
            with client:
                client.recv(1024)
                client.sendall(speaks)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        port = listener.getsockname()[1]
        with pytest.raises(UnreachableError, match="or it broke off"), talk(nodes("endpoints"), port=port, timeout_s=1):
            pass


def test_without_the_library_the_outcome_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "asyncua.py").write_text("raise ImportError('not installed')\n")
    program = (
        "from collectors.transports.opcua import open_opcua\n"
        "from collectors.inventory.host import OpcuaAccess\n"
        "try:\n"
        "    access = OpcuaAccess(url='opc.tcp://127.0.0.1:1')\n"
        "    open_opcua(access, asset='x', gate=None, clock=None, allowed=()).__enter__()\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": f"{tmp_path}:{Path.cwd()}"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert ran.stdout == "RefusedError x: OPC UA needs a library: pip install 'plantproof[opcua]'\n"
