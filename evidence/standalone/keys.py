"""Who may sign what at each place in the log: keys begin and end by leaves, as the root or its spare says there."""

from dataclasses import dataclass
from typing import Any

from evidence.standalone.files import require
from evidence.standalone.forms import fingerprint, public_key

_NEVER = 10**15
"""Beyond any leaf."""


@dataclass
class Grant:
    """A key in a role: from leaf `start` on, before leaf `end`; of a revoked one nothing counts from `distrust` on."""

    name: str
    key: bytes
    role: str
    start: int
    end: int = _NEVER
    distrust: int = _NEVER
    revoked: int = _NEVER
    """From which leaf on the revocation is known."""

    def holds(self, index: int) -> bool:
        """Tell whether it may sign leaf `index`."""
        return self.start <= index < self.end


class Keys:
    """Every key that the log speaks of, and what owners let count although its key had ended."""

    def __init__(self, genesis: dict[str, Any]) -> None:
        """Know the root keys that genesis names."""
        self.root = public_key(genesis["root"])
        self.spare = public_key(genesis["spare"]) if "spare" in genesis else None
        roots = dict.fromkeys(key for key in (self.root, self.spare) if key is not None)
        self.grants = [Grant(fingerprint(key), key, "root", 0) for key in roots]
        self.adopted: dict[str, list[tuple[int, str]]] = {}

    def signer(self, name: str, role: str, index: int, digest: str, *, adoptable: bool) -> bytes:
        """Return the key of that name if it has the role at a leaf, or had it and an owner adopted the statement."""
        own = [one for one in self.grants if one.name == name and one.role == role]
        held = [one.key for one in own if one.holds(index)]
        if not held and adoptable and self._adopts(digest, index):
            held = [one.key for one in own if one.end <= index]
        require(held, f"only the {role} may sign it, which {name} is not at leaf {index}")
        return held[0]

    def _adopts(self, digest: str, index: int) -> bool:
        """Tell whether an owner whose key was not revoked by then lets a statement count."""
        owners = [owner for at, owner in self.adopted.get(digest, []) if at <= index][-1:]
        return any(not self._revoked(owner, "owner", _NEVER, index) for owner in owners)

    def _revoked(self, name: str, role: str, index: int, known: int) -> bool:
        own = (one for one in self.grants if one.name == name and one.role == role)
        return any(one.revoked <= known and one.distrust <= index for one in own)

    def distrusts(self, name: str, role: str, index: int, digest: str = "") -> bool:
        """Tell whether what a key signed as a leaf does not count, as the log knows in the end."""
        return self._revoked(name, role, index, _NEVER - 1) and not self._adopts(digest, _NEVER - 1)

    def learn(self, kind: str, statement: dict[str, Any], index: int, signer: str) -> None:
        """Take in what a key statement or a review says, from the next leaf on."""
        said = statement["predicate"]
        if kind == "review":
            for subject in statement["subject"][1:]:
                self.adopted.setdefault(subject["digest"]["sha256"], []).append((index + 1, signer))
            return
        key, role, act = public_key(said["verify_key"]), said["role"], said["act"]
        own = [one for one in self.grants if one.key == key and one.role == role]
        if act == "grant":
            require(role != "root", "key: genesis alone names roots")
            require(all(one.holds(index) for one in own), "key: what has ended is not begun again")
            self.grants.append(Grant(fingerprint(key), key, role, index + 1))
            return
        ends = [one for one in own if one.holds(index) or (act == "revoke" and one.revoked == _NEVER)]
        require(ends, f"key: {fingerprint(key)} is no {role} that can be ended so")
        spare = fingerprint(self.spare) if self.spare else ""
        only = act == "revoke" and key == self.root and signer == spare
        require(role != "root" or only, "key: only the spare root can end a root, and only the other one")
        for one in ends:
            one.end = min(one.end, index + 1)
            if act == "revoke":
                one.distrust, one.revoked = said["distrust_from"], index + 1
