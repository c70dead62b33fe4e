"""The eleven steps."""

import base64
import json
import re
from collections import Counter
from typing import Any

from evidence.standalone.ed25519 import signed
from evidence.standalone.files import BROKEN, SIGNATURE, TAGMANIFEST, TAGS, Bundle, refuse, require
from evidence.standalone.forms import (
    ROLES,
    canonical,
    digests,
    fingerprint,
    kind_of,
    manifest,
    payload_of,
    public_key,
    sha,
    shorten,
    sshsig,
)
from evidence.standalone.planned import Planned
from evidence.standalone.slots import utc
from evidence.standalone.tree import along, folded, hashed

_LEAF = re.compile(rb'\{"kind":"([a-z]{1,32})","statement":"sha256:([0-9a-f]{64})"\}')
_STATEMENT = re.compile(r"data/statements/[a-z]{1,32}/[0-9a-f]{64}\.dsse\.json")
READ = {"genesis", "key", "plan", "missed", "part", "quarantine", "export", "findings"} | {
    *("exception", "approval", "attestation"),
}
"""Kinds whose meaning is known; of others it is checked who signed them, and no more."""
_LOG, _GAPS = "data/log/", "data/gaps.csv"
_UNREADABLE = "what it rests on could not be read (an earlier step)"


class Verification:
    """A bundle under verification: eleven steps, each trusting only what the ones before it have shown."""

    def __init__(self, bundle: Bundle, root: bytes | None, pins: list[list[str]]) -> None:
        self.bundle, self.root, self.pins = bundle, root, pins
        self.failures, self.gaps, self.notes = list[str](), list[str](), list[str]()
        self.manifest, self.info = dict[str, str](), dict[str, str]()
        self.checkpoints: list[tuple[int, bytes, bytes]] = []
        self.origin, self.roots = "", dict[int, str]()
        self.leaves: list[tuple[str, str]] = []
        self.places: dict[str, tuple[int, str]] = {}
        self.keys: dict[str, tuple[bytes, set[tuple[str, int]]]] = {}
        self.supplied: list[tuple[int, dict[str, Any]]] = []
        self.withheld = Counter[str]()

    @property
    def span(self) -> tuple[int, int]:
        """Log sizes before and after the leaves of the bundle."""
        return min(self.roots), max(self.roots)

    def bag(self) -> None:
        """Check that every file is listed and unchanged, and that there is none besides."""
        read, payload = self.bundle.read, set(self.bundle.below("data/"))
        tags = {name: sha(read(name)) for name in TAGS}
        require(manifest(read(TAGMANIFEST)) == tags, f"{TAGMANIFEST}: does not fit the files it lists")
        self.manifest = manifest(read("manifest-sha256.txt"))
        self.info = dict(line.split(": ", 1) for line in read("bag-info.txt").decode().splitlines())
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
        previous = self._checkpoint("previous-checkpoint") if f"{_LOG}previous-checkpoint" in has else (0, "")
        current = self._checkpoint("checkpoint")
        edge = [bytes.fromhex(line.decode()) for line in (read(f"{_LOG}frontier").split() if previous[0] else [])]
        require(len(edge) == previous[0].bit_count(), "frontier: another number of hashes than it has")
        roots, places, at = {previous[0]: folded(edge)}, dict[str, tuple[int, str]](), previous[0]
        for line in read(f"{_LOG}leaves").splitlines():
            match = _LEAF.fullmatch(line) or refuse(f"leaves: not a leaf: {line!r:.80}")
            self.leaves.append((match[1].decode(), match[2].decode()))
            require(places.setdefault(match[2].decode(), (at, match[1].decode()))[0] == at, "leaves: one stands twice")
            carried, rest = hashed(b"\0", line), at
            while rest & 1:
                carried, rest = hashed(b"\1", edge.pop(), carried), rest >> 1
            edge.append(carried)
            at += 1
            roots[at] = folded(edge)
        require((at, roots[at]) == current, "the leaves do not add up to the checkpoint")
        require(not previous[0] or roots[previous[0]] == previous[1], "the frontier does not fit its checkpoint")
        for row in canonical(read(f"{_LOG}earlier")) if f"{_LOG}earlier" in has else []:
            leaf = json.dumps({"kind": row["kind"], "statement": row["statement"]}, separators=(",", ":")).encode()
            require(along(row, leaf, previous[0]) == previous[1], f"earlier: {row['statement']} was not in the log")
            places.setdefault(row["statement"][7:], (row["index"], row["kind"]))
        require(self.info.get("Plantproof-Log") == f"{previous[0]} {at}", "bag-info.txt: names other leaves")
        self.roots, self.places = roots, places
        self.notes.append(f"{len(self.leaves)} leaves, from {previous[0]} to {at}")

    def _checkpoint(self, name: str) -> tuple[int, str]:
        text, _, tail = self.bundle.read(_LOG + name).decode().partition("\n\n")
        origin, size, root = text.split("\n")
        require(re.fullmatch(r"\u2014 \S+ \S+\n", tail) and tail.split(" ")[1] == origin, f"{name}: not a signed note")
        require(self.origin in ("", origin), f"{name}: of another log")
        self.origin = origin
        self.checkpoints.append((int(size), f"{text}\n".encode(), base64.b64decode(tail.split(" ")[2])))
        return int(size), base64.b64decode(root, validate=True).hex()

    def genesis(self) -> None:
        """Check that genesis makes this log, and that its root key is the trusted one."""
        require(self.roots, _UNREADABLE)
        paths = self.bundle.below("data/statements/genesis/")
        require(len(paths) == 1, f"expected one genesis, found {len(paths)}")
        data = self.bundle.read(paths[0])
        key = public_key(payload_of(data)["predicate"]["root"])
        self.keys[fingerprint(key)] = (key, {("root", 0)})
        predicate = self._open(data, 0)["predicate"]
        owner = f"{predicate['domain']}/{shorten(predicate['owner'], 100)}/{sha(data)[:16]}"
        require(owner == self.origin, f"genesis makes the log {owner}, the checkpoint is of {self.origin}")
        require(self.places.get(sha(data)) == (0, "genesis"), "genesis is not shown to be the first leaf")
        if self.root is None:
            self.gaps.append(
                f"whether {fingerprint(key)} is the owner's root key: name the one you trust with --root-key"
            )
        require(self.root in (None, key), f"the root key is {fingerprint(key)}, not the trusted one")
        self.notes.append(f"evidence of {predicate['owner']}; root key {fingerprint(key)}")

    def introduced(self) -> None:
        """Check that every other key was introduced by the root key, in the log."""
        require(self.keys, _UNREADABLE)
        for index, path in self._statements("key"):
            predicate = self._open(self.bundle.read(path), index)["predicate"]
            require(predicate["act"] == "grant" and predicate["role"] != "root", f"{path}: not known to this program")
            key = public_key(predicate["verify_key"])
            self.keys.setdefault(fingerprint(key), (key, set()))[1].add((predicate["role"], index + 1))
        self.notes.append(f"{len(self.keys)} keys")

    def signatures(self) -> None:
        """Check that a sealer signed both checkpoints and, through the tag manifest, every file."""
        granted = {
            name: (key, min(at for role, at in grants if role == "sealer"))
            for name, (key, grants) in self.keys.items()
            if any(role == "sealer" for role, _ in grants)
        }
        sealers = {name: pair for name, pair in granted.items() if self.roots and pair[1] <= self.span[1]}
        require(sealers, "no sealer is known (step 4)")
        for size, text, line in self.checkpoints:
            good = (
                hashed(self.origin.encode(), b"\n\x01", key)[:4] == line[:4] and signed(key, line[4:], text)
                for key, at in sealers.values()
                if at <= size
            )
            require(any(good), f"the checkpoint of {size} leaves: not signed by a sealer of this log")
        lines = self.bundle.read(SIGNATURE).decode().splitlines()
        blob = base64.b64decode("".join(lines[1:-1]), validate=True)
        key, (before, between, message) = blob[33:65], sshsig(self.bundle.read(TAGMANIFEST))
        require(blob == before + key + between + blob[-64:], f"{SIGNATURE}: not written our way")
        require(fingerprint(key) in sealers, f"{SIGNATURE}: {fingerprint(key)} is no sealer of this log")
        require(signed(key, blob[-64:], message), f"{SIGNATURE}: does not fit the tag manifest")
        self.notes.append(f"signed by the sealer {fingerprint(key)}")

    def bound(self) -> None:
        """Check that the log still holds everything that each pin stands for."""
        require(self.roots, _UNREADABLE)
        if not self.pins:
            self.gaps.append("no pin was given; whoever holds the keys could have rewritten the whole log")
        for origin, size, root in self.pins:
            require(origin == self.origin, f"pin: of the log {origin}, this is {self.origin}")
            found = self.roots.get(int(size))
            if found is None:
                self.gaps.append(f"pin at {size}: the bundle's leaves lead from {self.span[0]} to {self.span[1]}")
            else:
                require(found == root, f"the log was another one at {size} leaves")
                self.notes.append(f"holds everything up to leaf {size}")

    def statements(self) -> None:
        """Check that every statement stands in the log, signed by a key that had the role for it."""
        require(self.roots and self.keys, _UNREADABLE)
        paths = self.bundle.below("data/statements/")
        self.failures += [f"{path}: not where a statement lies" for path in paths if not _STATEMENT.fullmatch(path)]
        for kind in sorted({path.split("/")[2] for path in paths}):
            for index, path in self._statements(kind):
                try:
                    statement = self._open(self.bundle.read(path), index)
                    require(kind_of(statement) == kind, f"{path}: of the kind {kind_of(statement)}")
                except BROKEN as error:
                    self.failures.append(f"{path}: {error}")
                    continue
                self.supplied.append((index, statement))
                if kind not in READ:
                    self.gaps.append(f"{path}: who signed it is checked, what it says is not")
        here = {index for index, _ in self.supplied}
        self.withheld = Counter(kind for at, (kind, _) in enumerate(self.leaves, self.span[0]) if at not in here)
        withheld = self.withheld
        if withheld:
            named = ", ".join(f"{count} {kind}" for kind, count in sorted(withheld.items()))
            self.gaps.append(f"{withheld.total()} statements are in the log and withheld: {named}")
        require(
            self.info.get("Plantproof-Withheld") == str(withheld.total()), "bag-info.txt: says otherwise of withheld"
        )
        self.notes.append(f"{len(self.supplied)} statements")

    def _statements(self, kind: str) -> list[tuple[int, str]]:
        """Return index and path of the statements of a kind that are shown to be in the log; others are failures."""
        found = []
        for path in self.bundle.below(f"data/statements/{kind}/"):
            digest = path.rpartition("/")[2].removesuffix(".dsse.json")
            index, logged_as = self.places.get(digest, (-1, ""))
            if logged_as == kind and sha(self.bundle.read(path)) == digest:
                found.append((index, path))
            else:
                self.failures.append(f"{path}: not what the log holds, or not shown to be in it")
        return sorted(found)

    def _open(self, data: bytes, index: int) -> dict[str, Any]:
        """Return the statement in an envelope, if a key that had the role for it there signed it for this log."""
        envelope, statement = canonical(data), payload_of(data)
        role = ROLES.get(kind_of(statement)) or refuse(f"of an unknown kind {kind_of(statement)}")
        (signature,) = envelope["signatures"]
        key, grants = self.keys.get(signature["keyid"], (b"", set()))
        require(any(who == role and at <= index for who, at in grants), f"only the {role} may sign it")
        payload, kind = base64.b64decode(envelope["payload"], validate=True), envelope["payloadType"].encode()
        message = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
        require(envelope["payloadType"] == "application/vnd.in-toto+json", "not a statement")
        require(signed(key, base64.b64decode(signature["sig"], validate=True), message), "the signature does not fit")
        log = statement["predicate"].get("log", self.origin if role == "root" else None)
        require(log == self.origin, f"made for the log {log}")
        return statement

    def links(self) -> None:
        """Check that plans came before what refers to them, and that `previous` and `after` are what the log was."""
        require(self.supplied, _UNREADABLE)
        plans = [(index, s["predicate"]["blob"][7:]) for index, s in self.supplied if kind_of(s) == "plan"]
        for index, statement in self.supplied:
            kind, predicate = kind_of(statement), statement["predicate"]
            after = {"part": predicate.get("after"), "export": predicate, "findings": predicate}.get(kind)
            if kind not in ("genesis", "key", "quarantine", "plan"):
                plan = statement["subject"][0]["digest"]["sha256"]
                require(any(at < index for at, blob in plans if blob == plan), f"leaf {index}: its plan is not shown")
            if after and self.roots.get(after["size"], after["root"]) != after["root"]:
                refuse(f"leaf {index}: knew another log at {after['size']} leaves")
            if after and after["size"] not in self.roots:
                self.gaps.append(f"leaf {index}: knew the log at {after['size']} leaves, before this bundle's")
            for previous in predicate.get("previous", []) if kind == "part" else []:
                require(previous[7:] in self.places, f"leaf {index}: refers to {previous}, which is not shown")

    def artefacts(self) -> None:
        """Check that every artefact is one a statement names, for the asset, day and question its path says."""
        require(self.supplied, _UNREADABLE)
        parts = [s["predicate"] for _, s in self.supplied if kind_of(s) == "part"]
        named, answers, lists = set(), set(), set()
        for capture in (row for part in parts for row in part["captures"]):
            digest = capture["blob"][7:]
            place = f"data/evidence/{shorten(capture['asset'], 60)}/{capture['at'][:10]}/"
            stem = place + shorten(capture["question"], 40)
            named |= {(f"{stem}.txt", digest), (f"{stem}-{digest[:8]}.txt", digest)}
            answers.add(digest)
        for _, statement in self.supplied:
            lists |= {found[7:] for found in digests(statement["predicate"])}
        for path, digest in self.manifest.items():
            if path.startswith("data/evidence/"):
                require((path, digest) in named, f"{path}: no statement here names it for that asset, day and question")
            if path.startswith("data/blobs/"):
                require(path == f"data/blobs/{digest}" and digest in lists, f"{path}: no statement here names it")
        missing = answers - {digest for path, digest in self.manifest.items() if path.startswith("data/evidence/")}
        if missing:
            self.gaps.append(f"{len(missing)} answers that the statements name are withheld")
        self.notes.append(f"{len(answers) - len(missing)} different answers")

    def completeness(self) -> None:
        """Check that each run and each planned slot has one outcome for each of its assets, and what gaps.csv says."""
        require(self.supplied, _UNREADABLE)
        require(_GAPS in self.manifest, f"{_GAPS}: missing")
        if self.info.get("Plantproof-Narrowed") not in ("no", "controls"):
            self.gaps.append("the bundle is about some assets only; the lists of all are not supplied")
            self.gaps.append(f"which slots were due, and what {_GAPS} leaves out: the plans are not supplied, either")
            return
        names = {index: f"sha256:{digest}" for digest, (index, _) in self.places.items()}
        numbered = [(index, names[index], one) for index, one in sorted(self.supplied, key=lambda one: one[0])]
        planned = Planned(numbered, self._blob, self.info)
        self.gaps += planned.troubles(self.withheld, self.span[0])
        for (slot, plan), assets in self._runs([one for _, _, one in numbered if kind_of(one) == "part"]).items():
            wanted = planned.wanted(slot, plan)
            if wanted is not None and assets - wanted:
                self.gaps.append(f"{slot}: in a run, and not planned: {len(assets - wanted)} assets")
            if wanted is not None and slot not in planned.due and wanted - assets:
                self.gaps.append(f"{slot}: planned, and in no run: {len(wanted - assets)} assets")
        require(self.bundle.read(_GAPS) == planned.gaps_csv(), f"{_GAPS}: not what the statements here say")
        self.notes.append(f"{len(planned.settled)} slots due from {utc(planned.since)} to {utc(planned.end)}")

    def _runs(self, parts: list[dict[str, Any]]) -> dict[tuple[str, str], set[str]]:
        """Check each run, and return the assets that each slot of a plan was covered for."""
        runs: dict[str, list[dict[str, Any]]] = {}
        covered: dict[tuple[str, str], set[str]] = {}
        for statement in parts:
            plan = f"sha256:{statement['subject'][0]['digest']['sha256']}"
            runs.setdefault(statement["predicate"]["run"], []).append(statement["predicate"] | {"plan": plan})
        for run, chunks in runs.items():
            rows = Counter(row["asset"] for part in chunks for row in part["outcomes"])
            assets = {row["asset"] for row in self._blob(chunks[0]["assets"])}
            require(rows.keys() <= assets and rows.total() == len(rows), f"{run}: outcomes that do not fit its list")
            alike = {(part["assets"], part["slot"], part["plan"]) for part in chunks}
            require(len(alike) == 1, f"{run}: its chunks differ in slot, plan or asset list")
            numbers = sorted(part["chunk"] for part in chunks)
            if numbers != list(range(len(numbers))) or not any(part["last"] for part in chunks):
                self.gaps.append(
                    f"{run}: unfinished, or begun before this bundle: {len(assets - rows.keys())} without outcome"
                )
            else:
                require(rows.keys() == assets, f"{run}: assets without an outcome")
            if not chunks[0]["slot"].startswith("adhoc-"):
                covered.setdefault((chunks[0]["slot"], chunks[0]["plan"]), set()).update(assets)
        self.notes.append(f"{len(runs)} runs")
        return covered

    def _blob(self, digest: str) -> Any:
        data = self.bundle.read(f"data/blobs/{digest[7:]}")
        require(f"sha256:{sha(data)}" == digest, f"{digest}: not the artefact it is named after")
        return canonical(data)

    def anchors(self) -> None:
        """Say what binds the log from outside, and what nothing binds."""
        self.gaps.append(
            "when it was made: this program checks no time stamps; `openssl ts -verify` does where there are any"
        )
        self.gaps.append(
            "whether report.html and the other tables say what the statements say: the sealer made and signed them"
        )
        bound = max((int(size) for _, size, _ in self.pins if int(size) in self.roots), default=0)
        if self.roots and bound < self.span[1]:
            self.gaps.append(f"the newest {self.span[1] - bound} of {self.span[1]} leaves: no pin binds them")
