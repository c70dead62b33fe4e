"""Everything signed is read strictly: exactly what its writer wrote."""

import base64
import hashlib
import json
import re
from typing import Any

from evidence.standalone.files import check_path, refuse, require

_PREFIX = b"\0\0\0\x0bssh-ed25519\0\0\0\x20"
_KEY, _MAX_DEPTH = re.compile(r"[a-z][A-Za-z0-9_]*|_type"), 16

ROLES = {
    "genesis": "root", "key": "root", "plan": "planner", "missed": "planner", "part": "collector",
    "findings": "assessor", "export": "sealer", "quarantine": "sealer", "exception": "owner", "erasure": "owner",
    "approval": "owner", "attestation": "owner", "review": "owner", "anchor": "sealer",
}  # fmt: skip
"""Who may sign what."""


def sha(data: bytes) -> str:
    """Return the SHA-256 of `data`, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def canonical(data: bytes) -> Any:
    """Read JSON that is written the one way (RFC 8785, whole numbers and plain keys only)."""
    value = json.loads(data, parse_float=refuse, parse_constant=refuse)
    again = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    require(again == data, "JSON that is not written the one way")
    _bounded(value, 0)
    return value


def _bounded(value: Any, depth: int) -> None:
    require(depth <= _MAX_DEPTH, f"nested more than {_MAX_DEPTH} levels deep")
    if isinstance(value, int):
        require(abs(value) < 2**53, "an integer that not all readers hold exactly")
    elif isinstance(value, dict):
        require(all(map(_KEY.fullmatch, value)), "not a key of canonical JSON")
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        _bounded(one, depth + 1)


def base64_of(text: str) -> bytes:
    """Read padded base64 that is written the one way."""
    data = base64.b64decode(text, validate=True)
    require(base64.b64encode(data).decode() == text, "base64 that is not written the one way")
    return data


def manifest(data: bytes) -> dict[str, str]:
    """Read a manifest: digest by path."""
    rows = [re.fullmatch(r"([0-9a-f]{64})  ([^\r\n]+)", line) for line in data.decode().split("\n")[:-1]]
    found = {check_path(row[2]): row[1] for row in rows if row}
    again = "".join(f"{found[path]}  {path}\n" for path in sorted(found)).encode()
    require(found and again == data, "a manifest that is not written our way")
    return found


def described(data: bytes) -> dict[str, str]:
    """Read `bag-info.txt`."""
    rows = [re.fullmatch(r"([A-Z][A-Za-z-]*): ([^\x00-\x1f\x7f]+)", line) for line in data.decode().split("\n")[:-1]]
    found = {row[1]: row[2].strip() for row in rows if row}
    again = "".join(f"{label}: {found[label]}\n" for label in sorted(found)).encode()
    require(found and again == data, "bag-info.txt: not written our way")
    return found


def note(data: bytes, name: str) -> tuple[str, int, str, bytes, bytes]:
    """Read a checkpoint: origin, size, root, the text that is signed, and the signature line's bytes."""
    signer, origin, size, root, text, line = opened_note(data, name)
    require(signer == origin and len(line) == 68, f"{name}: not a checkpoint")
    return origin, size, root, text, line


def opened_note(data: bytes, name: str) -> tuple[str, str, int, str, bytes, bytes]:
    """Read a note of one signature over a log's size: who signs, and what `note` returns."""
    match = re.fullmatch(r"(([^\n]+)\n([^\n]+)\n([^\n]+)\n)\n\u2014 ([^ \n]+) ([^ \n]+)\n", data.decode())
    require(match, f"{name}: not a signed note")
    text, origin, size, root, signer, line = match.groups() if match else refuse(name)
    require(re.fullmatch(r"[a-z0-9.-]{1,253}/[a-z0-9._-]{1,100}/[0-9a-f]{16}", origin), f"{name}: of no log of ours")
    require(re.fullmatch(r"0|[1-9][0-9]{0,11}", size), f"{name}: not a size")
    require(len(base64_of(root)) == 32, f"{name}: not a root")
    return signer, origin, int(size), base64_of(root).hex(), text.encode(), base64_of(line)


def public_key(line: str) -> bytes:
    """Return the 32 bytes of the key in a line of OpenSSH's."""
    match = re.fullmatch(r"ssh-ed25519 ([A-Za-z0-9+/]{68})(?: [^\r\n]{0,200})?\n?", line)
    blob = base64.b64decode(match[1]) if match else b""
    require(blob[:19] == _PREFIX and len(blob) == 51, "not an Ed25519 key")
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


def sshsig(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Return what stands before the key and before the signature in an SSHSIG over `data`, and what is signed."""
    strings = [b"plantproof", b"", b"sha512", hashlib.sha512(data).digest()]
    packed = [len(one).to_bytes(4, "big") + one for one in strings]
    head = b"SSHSIG\0\0\0\1\0\0\0\x33" + _PREFIX
    return head, b"".join(packed[:3]) + b"\0\0\0\x53" + _PREFIX[:-1] + b"\x40", b"SSHSIG" + b"".join(packed)


def armour(blob: bytes) -> bytes:
    """Return a signature file of OpenSSH's."""
    text = base64.b64encode(blob).decode()
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]).encode()
