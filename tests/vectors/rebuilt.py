"""A bundle whose log is made anew behind an edit, as whoever holds every key could: all that refers to it follows."""

import json
import re
from collections.abc import Mapping
from typing import Any

from bags import Bag, envelope, key_of, written

from evidence.bundle.layout import CHECKPOINT, FRONTIER, LEAVES, PREVIOUS, STATEMENTS
from evidence.log.merkle import Frontier
from evidence.log.note import Checkpoint, read_checkpoint, sign_checkpoint
from evidence.log.statement import ROLE_OF
from evidence.model.names import digest_of

BLOBS = "data/blobs/"
_HEX = re.compile(r"[0-9a-f]{64}")


def rebuild(bag: Bag, edits: Mapping[str, Any], blobs: Mapping[str, bytes]) -> None:
    """
    Sign every statement anew, in the log's order, these saying something else, and log it.

    `edits` are statements by the 64 digits of the digest they had, `blobs` artefacts by those of theirs. Digests,
    lengths and roots that changed are changed wherever they stand; the manifests are not made yet.
    """
    now, lengths = dict[str, str](), dict[str, int]()
    for old, data in blobs.items():
        now[old] = digest_of(data)[7:]
        lengths[f"sha256:{now[old]}"] = len(data)
        del bag.files[BLOBS + old]
        bag.files[BLOBS + now[old]] = data
    paths = {path.split("/")[-1][:64]: path for path in bag.files if path.startswith(STATEMENTS)}
    before = read_checkpoint(bag.files[PREVIOUS]).checkpoint.size if PREVIOUS in bag.files else 0
    edge = [bytes.fromhex(line.decode()) for line in bag.files.get(FRONTIER, b"").split()]
    was, tree, lines = Frontier.resume(before, edge), Frontier.resume(before, edge), list[bytes]()
    for line in bag.leaves:
        leaf = json.loads(line)
        old = leaf["statement"][7:]
        if old in paths:
            said = renamed(edits.get(old) or bag.statement(paths[old]), now, lengths)
            data = written(envelope(written(said), key_of(str(ROLE_OF.get(leaf["kind"], "sealer")))))
            now[old] = digest_of(data)[7:]
            del bag.files[paths[old]]
            bag.files[f"{paths[old].rpartition('/')[0]}/{now[old]}.dsse.json"] = data
            leaf["statement"] = f"sha256:{now[old]}"
        lines.append(written(leaf))
        was.extend([line])
        tree.extend(lines[-1:])
        now[was.root()] = tree.root()
    bag.files[LEAVES] = b"".join(line + b"\n" for line in lines)
    origin = read_checkpoint(bag.files[CHECKPOINT]).checkpoint.origin
    checkpoint = Checkpoint(origin=origin, size=tree.size, root=tree.root())
    bag.files[CHECKPOINT] = sign_checkpoint(key_of("sealer"), checkpoint)
    for path in [path for path in bag.files if path.endswith(".csv")]:
        text = bag.files[path].decode("utf-8", "surrogateescape")
        bag.files[path] = _HEX.sub(lambda found: now.get(found[0], found[0]), text).encode("utf-8", "surrogateescape")


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
