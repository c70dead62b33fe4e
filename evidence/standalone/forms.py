"""Everything signed is read strictly: exactly what its writer wrote."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from evidence.standalone.files import refuse, require

_PREFIX = b"\0\0\0\x0bssh-ed25519\0\0\0\x20"

ROLES = {
    "genesis": "root", "key": "root", "plan": "planner", "missed": "planner", "part": "collector",
    "findings": "assessor", "export": "sealer", "quarantine": "sealer", "exception": "owner", "erasure": "owner",
    "approval": "owner", "attestation": "owner", "review": "owner",
}  # fmt: skip
"""Who may sign what."""


def sha(data: bytes) -> str:
    """Return the SHA-256 of `data`, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def canonical(data: bytes) -> Any:
    """Read JSON that is written the one way (RFC 8785, whole numbers only)."""
    value = json.loads(data, parse_float=refuse, parse_constant=refuse)
    again = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    require(again == data, "JSON that is not written the one way")
    return value


def manifest(data: bytes) -> dict[str, str]:
    """Read a manifest: digest by path."""
    rows = [line.split("  ", 1) for line in data.decode().splitlines()]
    found = {row[-1]: row[0] for row in rows}
    again = "".join(f"{found[path]}  {path}\n" for path in sorted(found)).encode()
    require(again == data, "a manifest that is not written our way")
    return found


def public_key(line: str) -> bytes:
    """Return the 32 bytes of the key in a line of OpenSSH's."""
    words = line.split()
    blob = base64.b64decode(words[1], validate=True) if len(words) > 1 else b""
    require(words and words[0] == "ssh-ed25519" and blob[:19] == _PREFIX and len(blob) == 51, "not an Ed25519 key")
    return blob[19:]


def fingerprint(key: bytes) -> str:
    """Return the name OpenSSH gives a key."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(_PREFIX + key).digest()).decode().rstrip("=")


def shorten(name: str, at_most: int) -> str:
    """Return a name as a bundle writes it into paths."""
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    reserved = re.fullmatch(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?|.*\.|\.+.*", name)
    if not re.fullmatch(r"[a-z0-9._-]{1,80}", name) or reserved:
        stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "x"
        name = f"{stem}-{mark}"
    return name if len(name) <= at_most else f"{name[: at_most - 9].rstrip('.-')}-{mark}"


def kind_of(statement: dict[str, Any]) -> str:
    """Return what kind of statement it is."""
    match = re.fullmatch(r"urn:plantproof:([a-z]+):v1", statement["predicateType"])
    return match[1] if match else "unknown"


def payload_of(envelope: bytes) -> dict[str, Any]:
    """Return the statement in an envelope, whoever signed it."""
    found: dict[str, Any] = canonical(base64.b64decode(canonical(envelope)["payload"], validate=True))
    return found


def digests(value: Any) -> Iterator[str]:
    """Yield every digest that a statement names anywhere."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from digests(one)
    elif isinstance(value, str) and value.startswith("sha256:"):
        yield value


def sshsig(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Return what stands before the key and before the signature in an SSHSIG over `data`, and what is signed."""
    strings = [b"plantproof", b"", b"sha512", hashlib.sha512(data).digest()]
    packed = [len(one).to_bytes(4, "big") + one for one in strings]
    head = b"SSHSIG\0\0\0\1\0\0\0\x33" + _PREFIX
    return head, b"".join(packed[:3]) + b"\0\0\0\x53" + _PREFIX[:-1] + b"\x40", b"SSHSIG" + b"".join(packed)
