"""What is read of an OPC UA server's address space, and how it is written down: the DI DeviceSet (OPC 10000-100)."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

DI = "http://opcfoundation.org/UA/DI/"
"""Namespace of OPC 10000-100 (Devices)."""
DEVICE_SET = 5001
"""Number of the node DeviceSet in that namespace (OPC 10000-100 §5.3)."""

IDENTIFICATION = (
    *("Manufacturer", "Model", "SerialNumber", "HardwareRevision", "SoftwareRevision", "DeviceRevision"),
    *("RevisionCounter", "ProductCode", "DeviceClass"),
)
"""Properties of a device that say what it is (OPC 10000-100 §5.5, IVendorNameplateType)."""

NOT_ENTERED = frozenset({"ParameterSet", "MethodSet"})
"""Children of a device that hold its process values and methods: thousands of nodes that do not say what it is."""

MAX_DEPTH = 4
"""How far below DeviceSet is looked: a device, its modules, their submodules."""
MAX_NODES = 5_000
"""Most nodes looked at; a line of 500 devices with ten properties each."""
BATCH = 50
"""Nodes of one Browse or Read; servers set limits of their own, seldom below 100 (OPC 10000-5 §6.3.11)."""

_OBJECT, _VARIABLE = 1, 2


@dataclass(slots=True)
class Found:
    """One object below DeviceSet."""

    path: str
    node: Any
    depth: int
    properties: dict[str, Any] = field(default_factory=dict)
    """Name of an identification property -> its node."""


@dataclass(slots=True)
class DeviceSet:
    """The objects below DeviceSet, level by level."""

    namespace: int
    most: int = MAX_NODES
    found: list[Found] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    cut: str | None = None

    def take_in(self, parent: Found | None, references: Iterable[Any]) -> Iterator[Found]:
        """Note what lies below `parent`; yield the objects that are to be looked into."""
        for reference in references:
            node, name = reference.NodeId, str(reference.BrowseName.Name or "")
            if name_of(node) in self.seen:
                continue
            if len(self.seen) >= self.most:
                self.cut = f"more than {self.most} nodes below DeviceSet"
                return
            self.seen.add(name_of(node))
            kind = int(reference.NodeClass)
            if kind == _VARIABLE and parent and name in IDENTIFICATION:
                parent.properties[name] = node
            elif kind == _OBJECT and name not in NOT_ENTERED and name:
                one = Found(f"{parent.path}/{name}" if parent else name, node, parent.depth + 1 if parent else 1)
                self.found.append(one)
                if one.depth < MAX_DEPTH:
                    yield one

    def devices(self, values: Mapping[str, object]) -> list[dict[str, object]]:
        """Return every object that says something of itself, with what it says."""
        rows: list[dict[str, object]] = []
        for one in self.found:
            known = {name: values.get(name_of(node)) for name, node in one.properties.items()}
            if any(value is not None for value in known.values()):
                rows.append({"path": one.path, "node": name_of(one.node), **known})
        return sorted(rows, key=lambda row: str(row["path"]))


def name_of(node: Any) -> str:
    """Return a node id as text, the same for every encoding of it (OPC 10000-6 §5.3.1.10)."""
    return str(node.to_string())


def plain(value: Any) -> object:
    """Return an OPC UA value as JSON holds it; times as RFC 3339 UTC, octets in hex, structures as their text."""
    if value is None or isinstance(value, bool | int | str):
        return int(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    text = getattr(value, "Text", None)
    return text if isinstance(text, str) else str(value)


def written(document: Mapping[str, object]) -> bytes:
    """Return a document as JSON, one value a line, always the same for the same values."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, indent=1).encode() + b"\n"


def endpoint_rows(endpoints: Iterable[Any]) -> list[dict[str, object]]:
    """Return what a server says of its endpoints, in the order it says it."""
    from base64 import b64encode

    return [
        {
            "url": one.EndpointUrl,
            "policy": str(one.SecurityPolicyUri or "").rpartition("#")[2],
            "mode": _MODES.get(int(one.SecurityMode), str(int(one.SecurityMode))),
            "tokens": sorted(
                {_TOKENS.get(int(t.TokenType), str(int(t.TokenType))) for t in one.UserIdentityTokens or ()}
            ),
            "level": int(one.SecurityLevel),
            "application": {
                "uri": one.Server.ApplicationUri,
                "product": one.Server.ProductUri,
                "name": plain(one.Server.ApplicationName),
            },
            "certificate": b64encode(bytes(one.ServerCertificate or b"")).decode(),
        }
        for one in endpoints
    ]


_MODES = {1: "None", 2: "Sign", 3: "SignAndEncrypt"}
_TOKENS = {0: "Anonymous", 1: "UserName", 2: "Certificate", 3: "IssuedToken"}


def batches(nodes: list[Any], size: int = BATCH) -> Iterator[list[Any]]:
    """Yield `nodes` in groups that one request can hold."""
    yield from (nodes[start : start + size] for start in range(0, len(nodes), size))


Ask = Callable[[list[Any]], list[list[Any]]]
"""Browses nodes: for each, its references."""


def look(devices: DeviceSet, root: Any, browse: Ask) -> None:
    """Go through DeviceSet level by level, as far and as much as the limits allow."""
    devices.seen.add(name_of(root))
    level = list(devices.take_in(None, browse([root])[0]))
    while level and devices.cut is None:
        following: list[Found] = []
        for group in batches(level):
            for parent, references in zip(group, browse([one.node for one in group]), strict=True):
                following += devices.take_in(parent, references)
        level = following
