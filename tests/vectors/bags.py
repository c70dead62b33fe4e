"""A bundle in memory: changed as whoever holds some of the keys could, and written again. The keys protect nothing."""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from evidence.bundle.bag import dump_info, dump_manifest, load_info
from evidence.bundle.layout import (
    BAG_INFO,
    BAGIT,
    CHECKPOINT,
    FRONTIER,
    LEAVES,
    MANIFEST,
    NAMESPACE,
    PREVIOUS,
    SIGNATURE,
    STATEMENTS,
    TAG_FILES,
    TAGMANIFEST,
)
from evidence.bundle.sshsig import sign
from evidence.log.dsse import IN_TOTO, pae
from evidence.log.keys import SigningKey
from evidence.log.merkle import Frontier
from evidence.log.note import Checkpoint, read_checkpoint, sign_checkpoint
from evidence.log.statement import ROLE_OF
from evidence.model.names import digest_of

_DATE, _PLAIN_FILE, _UNIX = (1980, 1, 1, 0, 0, 0), 0o100644 << 16, 3


def key_of(role: str) -> SigningKey:
    """Return the key that has a role in every vector, or a stranger's."""
    return SigningKey.from_seed(hashlib.sha256(f"plantproof test key {role}".encode()).digest())


def written(value: object) -> bytes:
    """Write JSON the one way, whatever it says."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")


def envelope(payload: bytes, key: SigningKey, payload_type: str = IN_TOTO) -> dict[str, Any]:
    """Return an envelope, not yet written."""
    signature = key.sign(pae(payload_type, payload))
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": payload_type,
        "signatures": [{"keyid": key.public.id, "sig": base64.b64encode(signature).decode()}],
    }


@dataclass(slots=True, kw_only=True)
class Bag:
    """The files of a bundle, and the folder they lie in."""

    folder: str
    files: dict[str, bytes]

    @classmethod
    def read(cls, data: bytes) -> "Bag":
        """Read a good zip."""
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            folder = names[0].split("/")[0]
            return cls(folder=folder, files={name.partition("/")[2]: archive.read(name) for name in names})

    def zipped(self) -> bytes:
        """Write the zip as an export does."""
        kept = io.BytesIO()
        with zipfile.ZipFile(kept, "w", zipfile.ZIP_STORED) as archive:
            for path in sorted(self.files):
                entry = zipfile.ZipInfo(f"{self.folder}/{path}", _DATE)
                entry.create_system, entry.external_attr = _UNIX, _PLAIN_FILE
                archive.writestr(entry, self.files[path])
        return kept.getvalue()

    def info(self, label: str, value: str) -> None:
        """Say something else in `bag-info.txt`."""
        self.files[BAG_INFO] = dump_info({**load_info(self.files[BAG_INFO]), label: value})

    def remake(self, key: SigningKey | None) -> None:
        """Make the manifests anew, and sign them where a key is at hand."""
        payload = {path: data for path, data in self.files.items() if path not in TAG_FILES}
        self.info("Payload-Oxum", f"{sum(map(len, payload.values()))}.{len(payload)}")
        self.files[MANIFEST] = dump_manifest({path: digest_of(data) for path, data in payload.items()})
        self.tag(key)

    def tag(self, key: SigningKey | None) -> None:
        """Make the tag manifest anew, and sign it where a key is at hand."""
        self.files[TAGMANIFEST] = dump_manifest(
            {name: digest_of(self.files[name]) for name in (BAGIT, BAG_INFO, MANIFEST)}
        )
        if key is not None:
            self.files[SIGNATURE] = sign(key, self.files[TAGMANIFEST], namespace=NAMESPACE)

    def of_kind(self, kind: str) -> list[str]:
        """Return the paths of the statements of a kind, those among the leaves in the log's order."""
        order = {line.split(b"sha256:")[1][:64].decode(): at for at, line in enumerate(self.leaves)}
        paths = [path for path in self.files if path.startswith(f"{STATEMENTS}{kind}/")]
        return sorted(paths, key=lambda path: (order.get(path.split("/")[-1][:64], -1), path))

    @property
    def leaves(self) -> list[bytes]:
        """The lines of the leaves."""
        return self.files[LEAVES].splitlines()

    def relog(self, leaves: list[bytes], key: SigningKey | None = None) -> None:
        """Put other leaves behind the earlier log, and sign what it comes to."""
        before = read_checkpoint(self.files[PREVIOUS]).checkpoint.size if PREVIOUS in self.files else 0
        edge = [bytes.fromhex(line.decode()) for line in self.files.get(FRONTIER, b"").split()]
        tree = Frontier.resume(before, edge)
        tree.extend(leaves)
        self.files[LEAVES] = b"".join(line + b"\n" for line in leaves)
        origin = read_checkpoint(self.files[CHECKPOINT]).checkpoint.origin
        checkpoint = Checkpoint(origin=origin, size=tree.size, root=tree.root())
        self.files[CHECKPOINT] = sign_checkpoint(key or key_of("sealer"), checkpoint)
        self.info("Plantproof-Log", f"{before} {tree.size}")

    def replace(self, path: str, data: bytes, kind: str | None = None) -> str:
        """Put another statement in the place of one, in the log, too; return its path."""
        old, digest = path.split("/")[-1][:64].encode(), digest_of(data).removeprefix("sha256:")
        found = path.split("/")[2]
        del self.files[path]
        new = f"{STATEMENTS}{kind or found}/{digest}.dsse.json"
        self.files[new] = data
        line = f'{{"kind":"{kind or found}","statement":"sha256:{digest}"}}'.encode()
        self.relog([line if old in leaf else leaf for leaf in self.leaves])
        return new

    def statement(self, path: str) -> dict[str, Any]:
        """Return the statement in an envelope."""
        found: dict[str, Any] = json.loads(base64.b64decode(json.loads(self.files[path])["payload"]))
        return found

    def restate(self, path: str, edit: Callable[[dict[str, Any]], None], key: SigningKey | None = None) -> str:
        """Sign a statement that says something else, and put it in the place of the one before; return its path."""
        statement = self.statement(path)
        edit(statement)
        signer = key or key_of(str(ROLE_OF[path.split("/")[2]]))
        return self.replace(path, written(envelope(written(statement), signer)))

    def reseal(self, path: str, edit: Callable[[dict[str, Any]], None]) -> str:
        """Put an edited envelope in the place of one."""
        value = json.loads(self.files[path])
        edit(value)
        return self.replace(path, written(value))
