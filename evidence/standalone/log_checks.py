"""Steps 1 to 6: the files, the log, whose it is, who signed it, and pins."""

import base64
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

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
from evidence.standalone.shapes import ENVELOPE, Shape, check
from evidence.standalone.tree import along, folded, grown, hashed

_LEAF = re.compile(r'\{"kind":"([a-z]{1,32})","statement":"sha256:([0-9a-f]{64})"\}')
_DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_MAX_EARLIER = 10_000
LOG = "data/log/"
UNREADABLE = "the log (step 2) or who may sign (step 3) is unknown"


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
        self.keys: dict[str, tuple[bytes, set[tuple[str, int]]]] = {}
        self.supplied: list[tuple[int, str, dict[str, Any]]] = []
        self.blobs: dict[str, int] = {}
        self.withheld = Counter[str]()
        self.bound = 0

    @property
    def span(self) -> tuple[int, int]:
        """Log sizes before and after the leaves of the bundle."""
        before = self.checkpoints[1][1] if len(self.checkpoints) > 1 else 0
        return before, before + len(self.leaves)

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
        self.keys[fingerprint(key)], self.origin, self.genesis_digest = (key, {("root", 0)}), origin, sha(data)
        if self.root is None:
            self.gaps.append(
                f"whether {fingerprint(key)} is the owner's root key: name the one you trust with --root-key"
            )
        require(self.root in (None, key), f"the root key is {fingerprint(key)}, not the trusted one")
        self.notes.append(f"evidence of {predicate['owner']}; root key {fingerprint(key)}")

    def introduced(self) -> None:
        """Check that every other key was introduced by the root key, in the log."""
        if not self.readable:
            return
        for index, path in self.statements_of("key"):
            try:
                _, statement = self.admitted(self.bundle.read(path), index)
                predicate = statement["predicate"]
                key = public_key(predicate["verify_key"])
                self.keys.setdefault(fingerprint(key), (key, set()))[1].add((predicate["role"], index + 1))
            except BROKEN as error:
                self.failures.append(f"{path}: {error}")
        self.notes.append(f"{len(self.keys)} keys")

    def statements_of(self, kind: str) -> list[tuple[int, str]]:
        """Return index and path of the statements of a kind that are shown to be in the log as such."""
        found = []
        for path in self.bundle.below(f"data/statements/{kind}/"):
            index, logged_as = self.places.get(path.split("/")[3].removesuffix(".dsse.json"), (-1, ""))
            if logged_as == kind:
                found.append((index, path))
        return sorted(found)

    def admitted(self, data: bytes, index: int) -> tuple[str | None, dict[str, Any]]:
        """Return the statement in an envelope, if a key that had the role for it there signed it for this log."""
        envelope, payload, statement = opened_envelope(data)
        kind = check(statement)
        if kind is None:
            return None, statement
        keyid = envelope["signatures"][0]["keyid"]
        key, grants = self.keys.get(keyid, (b"", set()))
        granted = any(who == ROLES[kind] and at <= index for who, at in grants)
        require(granted, f"{kind}: only the {ROLES[kind]} may sign it, which {keyid} is not at leaf {index}")
        _check_signature(envelope, payload, key)
        if kind == "genesis":
            require(sha(data) == self.genesis_digest, "a second genesis")
        else:
            require(statement["predicate"]["log"] == self.origin, f"made for the log {statement['predicate']['log']}")
        return kind, statement

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
        """Check that a sealer signed both checkpoints and, through the tag manifest, every file."""
        if not self.readable:
            return
        sealers = {
            name: (key, min(at for role, at in grants if role == "sealer"))
            for name, (key, grants) in self.keys.items()
            if any(role == "sealer" for role, _ in grants)
        }
        for origin, size, _, text, line in self.checkpoints:
            good = (
                hashed(origin.encode(), b"\n\x01", key)[:4] == line[:4] and signed(key, line[4:], text)
                for key, at in sealers.values()
                if at <= size and origin == self.origin
            )
            require(any(good), f"the checkpoint of {size} leaves: not signed by a sealer of this log")
        file = self.bundle.read(SIGNATURE)
        blob = base64.b64decode(b"".join(file.split(b"\n")[1:-2]), validate=True)
        key, (before, between, message) = blob[33:65], sshsig(self.bundle.read(TAGMANIFEST))
        again = before + key + between + blob[-64:]
        require(file == armour(again), f"{SIGNATURE}: not an Ed25519 signature for plantproof written our way")
        sealer = sealers.get(fingerprint(key), (b"", self.span[1] + 1))
        require(sealer[1] <= self.span[1], f"{SIGNATURE}: {fingerprint(key)} is no sealer of this log")
        require(signed(key, blob[-64:], message), f"{SIGNATURE}: does not fit the tag manifest")
        self.notes.append(f"signed by the sealer {fingerprint(key)}")

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
                self.bound = max(self.bound, int(size))
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
