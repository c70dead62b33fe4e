"""Steps 1 to 6: the files, the log, whose it is, who signed it, and pins."""

import base64
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from evidence.standalone.certificates import Certificate
from evidence.standalone.ed25519 import signed
from evidence.standalone.files import BROKEN, SIGNATURE, TAGMANIFEST, TAGS, Bundle, refuse, require
from evidence.standalone.forms import (
    ROLES,
    armour,
    base64_of,
    canonical,
    described,
    fingerprint,
    manifest,
    note,
    public_key,
    sha,
    shorten,
    sshsig,
)
from evidence.standalone.keys import Grant, Keys
from evidence.standalone.registers import REGISTERS, entries
from evidence.standalone.shapes import ENVELOPE, Shape, check
from evidence.standalone.tree import along, folded, grown, hashed

_LEAF = re.compile(r'\{"kind":"([a-z]{1,32})","statement":"sha256:([0-9a-f]{64})"\}')
_DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_MAX_EARLIER = 10_000
_OUTSIDE = ("data/log/checkpoints/", "data/log/tsr/", "data/log/cosig/")
_KEPT = re.compile(
    r"data/log/(checkpoints/[0-9]{12}|tsr/[0-9]{12}/[0-9a-f]{64}\.tsr|cosig/[0-9]{12}/[0-9a-f]{8}-[0-9]{8}t[0-9]{6}z)"
)
"""Where checkpoints besides the two, time stamps and cosignatures lie, by the size of the log they are over."""
LOG = "data/log/"
UNREADABLE = "the log (step 2) or who may sign (step 3) is unknown"


class Bound(NamedTuple):
    """Something from outside that binds the log up to a size, and since when, in seconds since 1970, if it says."""

    size: int
    what: str
    at: int | None = None


class LogChecks:
    """A bundle under verification: each step trusts only what the ones before it have shown."""

    def __init__(self, bundle: Bundle, root: bytes | None, pins: list[list[str]]) -> None:
        self.bundle, self.root, self.pins = bundle, root, pins
        self.failures, self.gaps, self.notes = list[str](), list[str](), list[str]()
        self.manifest, self.info = dict[str, str](), dict[str, str]()
        self.checkpoints: list[tuple[str, int, str, bytes, bytes]] = []
        self.origin, self.genesis_digest, self.edge = "", "", list[bytes]()
        self.leaves: list[tuple[str, str]] = []
        self.places: dict[str, tuple[int, str]] = {}
        self.keys: Keys | None = None
        self.refused, self.disowned = dict[str, str](), Counter[str]()
        self.supplied: list[tuple[int, str, dict[str, Any]]] = []
        self.blobs: dict[str, int] = {}
        self.withheld = Counter[str]()
        self.erased = dict[str, str]()
        self.bounds: list[Bound] = []
        self.authorities, self.witnesses = list[Certificate](), list[bytes]()

    @property
    def span(self) -> tuple[int, int]:
        """Log sizes before and after the leaves of the bundle."""
        before = self.checkpoints[1][1] if len(self.checkpoints) > 1 else 0
        return before, before + len(self.leaves)

    @property
    def counting(self) -> list[tuple[int, str, dict[str, Any]]]:
        """The supplied statements but those whose key was revoked since."""
        return [one for one in self.supplied if one[2]["counts"]]

    @property
    def readable(self) -> bool:
        """Whether the log and who may sign are known; if not, it says so."""
        if not self.places or not self.keys:
            self.gaps.append(UNREADABLE)
        return bool(self.places and self.keys)

    def bag(self) -> None:
        """Check that every file is listed and unchanged, and that there is none besides."""
        read, payload = self.bundle.read, set(self.bundle.below("data/"))
        tags = {name: sha(read(name)) for name in TAGS}
        if read("bagit.txt") != _DECLARATION:
            self.failures.append("bagit.txt: not the declaration of a bag of version 1.0")
        if manifest(read(TAGMANIFEST)) != tags:
            self.failures.append(f"{TAGMANIFEST}: does not fit the files it must list, and only those")
        self.manifest, self.info = manifest(read("manifest-sha256.txt")), described(read("bag-info.txt"))
        self.failures += [f"{path}: is there, and not listed" for path in sorted(payload - self.manifest.keys())]
        self.failures += [f"{path}: listed, and missing" for path in sorted(self.manifest.keys() - payload)]
        there = sorted(payload & self.manifest.keys())
        self.failures += [f"{path}: changed" for path in there if sha(read(path)) != self.manifest[path]]
        oxum = f"{sum(self.bundle.sizes[path] for path in payload)}.{len(payload)}"
        require(self.info.get("Payload-Oxum") == oxum, f"bag-info.txt: Payload-Oxum is not {oxum}")
        self.notes.append(f"{len(payload)} files; {self.info.get('External-Description', '')}")

    def log(self) -> None:
        """Check that frontier and leaves rebuild the roots of both checkpoints."""
        read, has = self.bundle.read, self.bundle.sizes
        for name in ("checkpoint", "previous-checkpoint"):
            if name == "checkpoint" or LOG + name in has:
                self.checkpoints.append(note(read(LOG + name), name))
        misplaced = [path for path in has if path.startswith(_OUTSIDE) and not _KEPT.fullmatch(path)]
        require(not misplaced, f"{''.join(misplaced[:1])}: not where such a thing lies")
        origin, size, root, *_ = self.checkpoints[0]
        before = self.span[0]
        told = read(f"{LOG}frontier").decode() if f"{LOG}frontier" in has else ""
        require(re.fullmatch(r"([0-9a-f]{64}\n)*", told), "frontier: not hashes of 64 digits")
        edge = [bytes.fromhex(line) for line in told.split()]
        require(
            len(edge) == before.bit_count() and bool(edge) == (f"{LOG}frontier" in has), "frontier: of another size"
        )
        leaves = leaves_of(read(f"{LOG}leaves").decode())
        roots = self._roots(edge, before, leaves, (before, size))
        require(before + len(leaves) == size and roots.get(size) == root, "the leaves do not add up to the checkpoint")
        if len(self.checkpoints) > 1:
            fits = before > 0 and self.checkpoints[1][0] == origin and roots[before] == self.checkpoints[1][2]
            require(fits, "the frontier does not fit its checkpoint")
        places = {digest: (before + at, kind) for at, (kind, digest) in enumerate(leaves)}
        earlier = self._earlier(before, roots[before])
        places |= {row["statement"][7:]: (row["index"], row["kind"]) for row in earlier}
        require(len(places) == len(leaves) + len(earlier), "a statement stands twice")
        self.edge, self.leaves, self.places = edge, leaves, places
        require(self.info.get("Plantproof-Log") == f"{before} {size}", "bag-info.txt: names other leaves")
        self.notes.append(f"{len(leaves)} leaves, from {before} to {size}; {len(earlier)} from before")

    def _earlier(self, before: int, root: str) -> list[dict[str, Any]]:
        if f"{LOG}earlier" not in self.bundle.sizes:
            return []
        rows: list[dict[str, Any]] = canonical(self.bundle.read(f"{LOG}earlier"))
        require(isinstance(rows, list) and 0 < len(rows) <= _MAX_EARLIER, "earlier: expected a list of statements")
        for row in rows:
            require(row.keys() == {"index", "kind", "path", "statement"}, "earlier: not written our way")
            leaf = f'{{"kind":"{row["kind"]}","statement":"{row["statement"]}"}}'
            require(_LEAF.fullmatch(leaf) and type(row["index"]) is int, "earlier: not written our way")
            require(all(re.fullmatch("[0-9a-f]{64}", one) for one in row["path"]), "earlier: not hashes of 64 digits")
            require(along(row, leaf.encode(), before) == root, f"earlier: {row['statement']} was not in the log there")
        places = [row["index"] for row in rows]
        require(places == sorted(set(places)), "earlier: expected statements in order")
        return rows

    def roots(self, sizes: Iterable[int]) -> dict[int, str]:
        """Return the root at each of these sizes that lies within the bundle, recomputed."""
        return self._roots(self.edge, self.span[0], self.leaves, sizes)

    def _roots(
        self, edge: list[bytes], before: int, leaves: list[tuple[str, str]], sizes: Iterable[int]
    ) -> dict[int, str]:
        edge, wanted, found = [*edge], set(sizes), dict[int, str]()
        for at in range(before, before + len(leaves) + 1):
            if at in wanted:
                found[at] = folded(edge)
            if at < before + len(leaves):
                kind, digest = leaves[at - before]
                grown(edge, at, f'{{"kind":"{kind}","statement":"sha256:{digest}"}}'.encode())
        return found

    def genesis(self) -> None:
        """Check that genesis makes this log, and that its root key is the trusted one."""
        if not self.checkpoints:
            self.gaps.append("whose log it is, is unknown (step 2)")
            return
        paths = self.bundle.below("data/statements/genesis/")
        require(len(paths) == 1, f"expected one genesis, found {len(paths)}")
        data = self.bundle.read(paths[0])
        envelope, payload, statement = opened_envelope(data)
        require(check(statement) == "genesis", "genesis: a statement of another kind")
        key, predicate = public_key(statement["predicate"]["root"]), statement["predicate"]
        require(envelope["signatures"][0]["keyid"] == fingerprint(key), "genesis: not signed by its root key")
        _check_signature(envelope, payload, key)
        origin = f"{predicate['domain']}/{shorten(predicate['owner'], 100)}/{sha(data)[:16]}"
        told = self.checkpoints[0][0]
        require(origin == told, f"genesis makes the log {origin}, the checkpoint is of {told}")
        if self.places and self.places.get(sha(data)) != (0, "genesis"):
            self.failures.append("genesis is not shown to be the first leaf")
        self.keys, self.origin, self.genesis_digest = Keys(predicate), origin, sha(data)
        if self.root is None:
            self.gaps.append(
                f"whether {fingerprint(key)} is the owner's root key: name the one you trust with --root-key"
            )
        require(self.root in (None, key), f"the root key is {fingerprint(key)}, not the trusted one")
        self.notes.append(f"evidence of {predicate['owner']}; root key {fingerprint(key)}")

    def introduced(self) -> None:
        """Check that every other key was introduced, and ended, by the root key or its spare, in the log."""
        if not self.readable or self.keys is None:
            return
        said = {path.split("/")[3][:64] for _, path in self.statements_of("key")}
        self.failures += [
            f"leaf {index}: what was said of a key is withheld"
            for digest, (index, kind) in self.places.items()
            if kind == "key" and digest not in said
        ]
        for index, path in sorted(self.statements_of("key") + self.statements_of("review")):
            try:
                kind, statement, signer = self.admitted(self.bundle.read(path), index)
                self.keys.learn(str(kind), statement, index, signer)
            except BROKEN as error:
                self.failures.append(f"{path}: {error}")
                self.refused[path] = str(error)
        self.notes.append(f"{len({grant.name for grant in self.keys.grants})} keys")

    def statements_of(self, kind: str) -> list[tuple[int, str]]:
        """Return index and path of the statements of a kind that are shown to be in the log as such."""
        found = []
        for path in self.bundle.below(f"data/statements/{kind}/"):
            index, logged_as = self.places.get(path.split("/")[3].removesuffix(".dsse.json"), (-1, ""))
            if logged_as == kind:
                found.append((index, path))
        return sorted(found)

    def admitted(self, data: bytes, index: int) -> tuple[str | None, dict[str, Any], str]:
        """Return kind, statement and signer of an envelope, if a key with the role there signed it for this log."""
        envelope, payload, statement = opened_envelope(data)
        kind, signer = check(statement), envelope["signatures"][0]["keyid"]
        if kind is None or self.keys is None:
            return None, statement, signer
        if kind in REGISTERS:
            require(entries(kind, statement["predicate"]["entries"]), f"{kind}: an entry is not written our way")
        adoptable = kind not in ("genesis", "key", "review")
        key = self.keys.signer(signer, ROLES[kind], index, sha(data), adoptable=adoptable)
        _check_signature(envelope, payload, key)
        if kind == "genesis":
            require(sha(data) == self.genesis_digest, "a second genesis")
        else:
            require(statement["predicate"]["log"] == self.origin, f"made for the log {statement['predicate']['log']}")
        return kind, statement, signer

    def blob(self, digest: str, length: int, shape: Shape) -> Any:
        """Return what an artefact says that is no answer."""
        data = self.bundle.read(f"data/blobs/{digest[7:]}")
        require(
            len(data) == length and f"sha256:{sha(data)}" == digest, f"{digest}: not the artefact it is named after"
        )
        value = canonical(data)
        require(shape(value), f"{digest}: not written our way")
        return value

    def signatures(self) -> None:
        """Check that a sealer signed every checkpoint and, through the tag manifest, every file."""
        if not self.readable or self.keys is None:
            return
        sealers = [grant for grant in self.keys.grants if grant.role == "sealer"]
        signer, *_ = [self._signer_of(checkpoint, sealers) for checkpoint in self.checkpoints]
        revoked = self.keys.distrusts(signer, "sealer", self.span[1] - 1)
        require(not revoked, f"checkpoint: signed by {signer}, which was revoked")
        for size, root in self.roots(self._sizes() - {one[1] for one in self.checkpoints}).items():
            name = f"checkpoints/{size:012d}"
            one = note(self.bundle.read(LOG + name), name)
            self._signer_of((one[0], size, *one[2:]), sealers)
            require(one[1] == size and one[2] == root, f"{name}: the leaves do not add up to it")
        file = self.bundle.read(SIGNATURE)
        blob = base64.b64decode(b"".join(file.split(b"\n")[1:-2]), validate=True)
        key, (before, between, message) = blob[33:65], sshsig(self.bundle.read(TAGMANIFEST))
        again = before + key + between + blob[-64:]
        require(file == armour(again), f"{SIGNATURE}: not an Ed25519 signature for plantproof written our way")
        known = any(one.key == key and one.holds(self.span[1]) for one in sealers)
        require(known, f"{SIGNATURE}: {fingerprint(key)} is no sealer of this log")
        require(signed(key, blob[-64:], message), f"{SIGNATURE}: does not fit the tag manifest")
        self.notes.append(f"signed by the sealer {fingerprint(key)}")

    def _signer_of(self, checkpoint: tuple[str, int, str, bytes, bytes], sealers: list[Grant]) -> str:
        """Return the name of the sealer who signed a checkpoint."""
        origin, size, _, text, line = checkpoint
        for one in sealers if origin == self.origin else []:
            named = hashed(origin.encode(), b"\n\x01", one.key)[:4] == line[:4]
            if one.holds(size) and named and signed(one.key, line[4:], text):
                return one.name
        return refuse(f"the checkpoint of {size} leaves: not signed by a sealer of this log")

    def _sizes(self) -> set[int]:
        """Return the log sizes of which checkpoints, time stamps or cosignatures lie here."""
        return {int(path.split("/")[3]) for path in self.bundle.sizes if path.startswith(_OUTSIDE)}

    def pinned(self) -> None:
        """Check that the log still holds everything that each pin stands for."""
        if not self.places:
            self.gaps.append("the log cannot be read (step 2)")
            return
        if not self.pins:
            self.gaps.append("no pin was given; whoever holds the keys could have rewritten the whole log")
        roots = self.roots(int(size) for _, size, _ in self.pins)
        for origin, size, root in self.pins:
            found = roots.get(int(size))
            if origin != self.checkpoints[0][0]:
                self.failures.append(f"pin: of the log {origin}, this is {self.checkpoints[0][0]}")
            elif found is None:
                self.gaps.append(f"pin at {size}: the bundle's leaves lead from {self.span[0]} to {self.span[1]}")
            elif found != root:
                self.failures.append(f"the log was another one at {size} leaves")
            else:
                self.bounds.append(Bound(int(size), "a pin"))
                self.notes.append(f"holds everything up to leaf {size}")


def leaves_of(text: str) -> list[tuple[str, str]]:
    """Return kind and digest of each leaf."""
    require(text.endswith("\n"), "leaves: expected lines")
    matches = [_LEAF.fullmatch(line) or refuse(f"leaves: not a leaf: {line!r:.80}") for line in text[:-1].split("\n")]
    return [(match[1], match[2]) for match in matches]


def opened_envelope(data: bytes) -> tuple[dict[str, Any], bytes, dict[str, Any]]:
    """Return an envelope, its payload, and the statement in it, whoever signed it."""
    envelope = canonical(data)
    require(ENVELOPE(envelope), "not an envelope with one signature")
    payload = base64_of(envelope["payload"])
    return envelope, payload, canonical(payload)


def _check_signature(envelope: dict[str, Any], payload: bytes, key: bytes) -> None:
    kind = envelope["payloadType"].encode()
    message = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    require(signed(key, base64_of(envelope["signatures"][0]["sig"]), message), "the signature does not fit")
