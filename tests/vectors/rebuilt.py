"""A bundle whose log is made anew behind an edit, as whoever holds every key could: all that refers to it follows."""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bags import Bag, envelope, key_of, written

from evidence.bundle.layout import CHECKPOINT, FRONTIER, LEAVES, PREVIOUS, STATEMENTS
from evidence.log.merkle import Frontier
from evidence.log.note import Checkpoint, read_checkpoint, sign_checkpoint
from evidence.log.statement import ROLE_OF
from evidence.model.names import digest_of

BLOBS = "data/blobs/"
_HEX = re.compile(r"[0-9a-f]{64}")


def rebuild(
    bag: Bag, edits: Mapping[str, Any], blobs: Mapping[str, bytes], names: Mapping[str, str] = MappingProxyType({})
) -> None:
    """
    Sign every statement anew, these saying something else, and log it in its place.

    `edits` are statements by the 64 digits of the digest they had, `blobs` artefacts by those of theirs, `names` other
    digests that changed. Digests, lengths and roots that changed are changed wherever they stand; the manifests are not
    made yet.
    """
    log = _Log(bag, edits)
    log.now |= names
    for old, data in blobs.items():
        log.now[old] = digest_of(data)[7:]
        log.lengths[f"sha256:{log.now[old]}"] = len(data)
        del bag.files[BLOBS + old]
        bag.files[BLOBS + log.now[old]] = data
    log.settle_up_to(len(log.leaves))
    bag.files[LEAVES] = b"".join(log.line(leaf) + b"\n" for leaf in log.leaves)
    checkpoint = Checkpoint(
        origin=read_checkpoint(bag.files[CHECKPOINT]).checkpoint.origin,
        size=log.before + len(log.leaves),
        root=log.root_at(log.before + len(log.leaves)),
    )
    bag.files[CHECKPOINT] = sign_checkpoint(key_of("sealer"), checkpoint)
    for path in [path for path in bag.files if path.endswith(".csv")]:
        text = bag.files[path].decode("utf-8", "surrogateescape")
        bag.files[path] = _HEX.sub(lambda found: log.now.get(found[0], found[0]), text).encode(
            "utf-8", "surrogateescape"
        )


class _Log:
    """A log under way: a statement is made anew once all that it refers to is; that may stand behind it."""

    def __init__(self, bag: Bag, edits: Mapping[str, Any]) -> None:
        self.bag, self.edits = bag, edits
        self.now, self.lengths = dict[str, str](), dict[str, int]()
        self.leaves = [json.loads(line) for line in bag.leaves]
        self.before = read_checkpoint(bag.files[PREVIOUS]).checkpoint.size if PREVIOUS in bag.files else 0
        logged = {leaf["statement"][7:] for leaf in self.leaves}
        paths = {path.split("/")[-1][:64]: path for path in bag.files if path.startswith(STATEMENTS)}
        self.paths = {old: path for old, path in paths.items() if old in logged}
        self.sizes = {self.root_at(self.before + at): self.before + at for at in range(len(self.leaves) + 1)}

    def line(self, leaf: Mapping[str, str]) -> bytes:
        """Return a leaf as it is by now."""
        old = leaf["statement"][7:]
        return written({**leaf, "statement": f"sha256:{self.now.get(old, old)}"})

    def root_at(self, size: int) -> str:
        """Return the root as it is by now; none where the leaves do not reach back."""
        edge = [bytes.fromhex(line.decode()) for line in self.bag.files.get(FRONTIER, b"").split()]
        tree = Frontier.resume(self.before, edge)
        tree.extend(map(self.line, self.leaves[: size - self.before]))
        return tree.root() if tree.size else ""

    def settle_up_to(self, count: int) -> None:
        """Make the first leaves anew."""
        for leaf in self.leaves[:count]:
            self.settle(leaf["statement"][7:], leaf["kind"])

    def settle(self, old: str, kind: str) -> None:
        """Make a statement anew, and before it all that it refers to."""
        if old in self.now or old not in self.paths:
            return
        path, self.now[old] = self.paths[old], old
        said = self.edits.get(old) or self.bag.statement(path)
        for named in _HEX.findall(written(said).decode("utf-8", "replace")):
            if named in self.paths:
                self.settle(named, self.paths[named].split("/")[2])
            elif named in self.sizes and named not in self.now:
                self.settle_up_to(self.sizes[named] - self.before)
                self.now[named] = self.root_at(self.sizes[named])
        data = written(
            envelope(written(renamed(said, self.now, self.lengths)), key_of(str(ROLE_OF.get(kind, "sealer"))))
        )
        self.now[old] = digest_of(data)[7:]
        del self.bag.files[path]
        self.bag.files[f"{path.rpartition('/')[0]}/{self.now[old]}.dsse.json"] = data


def renamed(value: Any, now: Mapping[str, str], lengths: Mapping[str, int]) -> Any:
    """Return a JSON value with other digests, roots and lengths in it; lists that were in order still are."""
    if isinstance(value, str):
        return _HEX.sub(lambda found: now.get(found[0], found[0]), value)
    if isinstance(value, list):
        found = [renamed(one, now, lengths) for one in value]
        return sorted(found, key=_place) if value == sorted(value, key=_place) else found
    if isinstance(value, dict):
        row = {key: renamed(one, now, lengths) for key, one in value.items()}
        for key, length in (("blob", "bytes"), *((name, f"{name}_bytes") for name in row)):
            if isinstance(row.get(key), str) and row[key] != value[key] and length in row and row[key] in lengths:
                row[length] = lengths[row[key]]
        return row
    return value


def _place(value: Any) -> str:
    """Return where a digest, or a row that is about one, stands in a list."""
    if isinstance(value, dict):
        return str(value.get("blob") or value.get("token") or "")
    return value if isinstance(value, str) else ""
