"""Steps 7 to 11: statements, what they refer to, artefacts, completeness, anchors."""

import re
from collections import Counter
from typing import Any

from evidence.standalone.cosignatures import check_cosignatures, say_bounds
from evidence.standalone.erased import erased_of
from evidence.standalone.files import BROKEN, require
from evidence.standalone.findings import check_tables
from evidence.standalone.forms import ROLES, sha, shorten
from evidence.standalone.log_checks import LogChecks
from evidence.standalone.planned import Planned
from evidence.standalone.shapes import asset_list, blobs_of
from evidence.standalone.slots import utc
from evidence.standalone.stamps import check_tokens, say_times

_STATEMENT_PATH = re.compile(r"data/statements/([a-z]{1,32})/([0-9a-f]{64})\.dsse\.json")
_GAPS = "data/gaps.csv"
_OF_A_SIZE = ("export", "findings", "erasure")
_OF_NO_PLAN = ("genesis", "key", "quarantine", "anchor", "plan")


class Verification(LogChecks):
    """All eleven steps."""

    def statements(self) -> None:
        """Check that every statement stands in the log, signed by a key that had the role for it."""
        if not self.readable:
            return
        here = set()
        for index, path in sorted(self._in_the_log()):
            here.add(index)
            try:
                self._take(index, path)
            except BROKEN as error:
                self.failures.append(f"{path}: {error}")
        self.withheld = Counter(kind for at, (kind, _) in enumerate(self.leaves, self.span[0]) if at not in here)
        if self.disowned:
            named = ", ".join(f"{count} {kind}" for kind, count in sorted(self.disowned.items()))
            self.gaps.append(
                f"{self.disowned.total()} statements by keys that were revoked since support nothing: {named}"
            )
        withheld = self.withheld
        if withheld:
            named = ", ".join(f"{count} {kind}" for kind, count in sorted(withheld.items()))
            self.gaps.append(f"{withheld.total()} statements are in the log and withheld: {named}")
        if self.info.get("Plantproof-Withheld") != str(withheld.total()):
            self.failures.append("bag-info.txt: says otherwise of withheld")
        self.notes.append(f"{len(self.supplied)} statements")

    def _in_the_log(self) -> list[tuple[int, str]]:
        """Return index and path of each statement that is here, and shown to be in the log; others are failures."""
        found = []
        for path in self.bundle.below("data/statements/"):
            match = _STATEMENT_PATH.fullmatch(path)
            index, kind = self.places.get(match[2] if match else "", (-1, ""))
            if match and match[1] == kind:
                found.append((index, path))
            else:
                self.failures.append(f"{path}: not where a statement lies, or not shown to be in the log")
        return found

    def _take(self, index: int, path: str) -> None:
        data, (kind, name) = self.bundle.read(path), path.split("/")[2:]
        require(sha(data) == name[:64], "not what the log holds")
        require(path not in self.refused, self.refused.get(path, ""))
        found, statement, signer = self.admitted(data, index)
        if found is None:
            self.gaps.append(f"{path}: of a kind that this program does not know")
            return
        require(found == kind, f"of the kind {found}")
        counts = not (self.keys and self.keys.distrusts(signer, ROLES[kind], index, name[:64]))
        self.disowned.update([] if counts else [kind])
        self.supplied.append((index, f"sha256:{name[:64]}", statement | {"kind": kind, "counts": counts}))
        for blob, length in blobs_of(kind, statement["predicate"]):
            require(self.blobs.setdefault(blob, length) == length, f"says another length of {blob} than another does")

    def links(self) -> None:
        """Check that plans came before what refers to them, and that `previous` and `after` are what the log was."""
        if not self.readable:
            return
        plans: dict[str, int] = {}
        for index, _, statement in self.supplied:
            if statement["kind"] == "plan":
                plans.setdefault(statement["predicate"]["blob"][7:], index)
        knew = []
        for index, _, statement in self.supplied:
            kind, predicate = statement["kind"], statement["predicate"]
            after = {"part": predicate.get("after")}.get(kind, predicate if kind in _OF_A_SIZE else None)
            if kind not in _OF_NO_PLAN and plans.get(statement["subject"][0]["digest"]["sha256"], index) >= index:
                self.failures.append(f"leaf {index}: its plan is not shown to have been logged before it")
            if not statement["counts"]:
                continue
            if after:
                knew.append((index, after["size"], after["root"]))
            for previous in predicate["previous"] if kind == "part" else []:
                if previous[7:] not in self.places:
                    self.failures.append(f"leaf {index}: refers to {previous}, which is not shown")
        roots = self.roots(size for _, size, _ in knew)
        for index, size, root in knew:
            if size > index or roots.get(size, root) != root:
                self.failures.append(f"leaf {index}: knew another log at {size} leaves")
            elif size not in roots:
                self.gaps.append(f"leaf {index}: knew the log at {size} leaves, before this bundle's")
        self.erased = erased_of(self)

    def artefacts(self) -> None:
        """Check that every artefact is one a statement names, for the asset, day and question its path says."""
        if not self.readable:
            return
        parts = [one["predicate"] for _, _, one in self.counting if one["kind"] == "part"]
        named, answers = set(), set()
        for capture in (row for part in parts for row in part["captures"]):
            digest = capture["blob"][7:]
            place = f"data/evidence/{shorten(capture['asset'], 60)}/{capture['at'][:10]}/"
            stem = place + shorten(capture["question"], 40)
            named |= {(f"{stem}.txt", digest), (f"{stem}-{digest[:8]}.txt", digest)}
            answers.add(digest)
        for path, digest in self.manifest.items():
            if path.startswith("data/evidence/") and (path, digest) not in named:
                self.failures.append(f"{path}: no statement here names it for that asset, day and question")
            known = path == f"data/blobs/{digest}" and f"sha256:{digest}" in self.blobs
            if path.startswith("data/blobs/") and not known:
                self.failures.append(f"{path}: no statement here names it")
            if path.startswith(("data/evidence/", "data/blobs/")) and f"sha256:{digest}" in self.erased:
                self.failures.append(f"{path}: is here, and was {self.erased[f'sha256:{digest}']}")
            said, size = self.blobs.get(f"sha256:{digest}"), self.bundle.sizes.get(path)
            if path.startswith(("data/evidence/", "data/blobs/")) and None not in (said, size) and said != size:
                self.failures.append(f"{path}: has {size} bytes, and was said to have {said}")
        gone = {digest for digest in answers if f"sha256:{digest}" in self.erased}
        self.gaps += [f"{digest}: {self.erased[f'sha256:{digest}']}" for digest in sorted(gone)]
        missing = (
            answers - gone - {digest for path, digest in self.manifest.items() if path.startswith("data/evidence/")}
        )
        if missing:
            self.gaps.append(f"{len(missing)} answers that the statements name are withheld")
        check_tables(self)
        self.notes.append(f"{len(answers) - len(missing) - len(gone)} different answers, {len(gone)} erased")

    def completeness(self) -> None:
        """Check that each run and each planned slot has one outcome for each of its assets, and what gaps.csv says."""
        if not self.readable:
            return
        if _GAPS not in self.manifest:
            self.failures.append(f"{_GAPS}: missing")
        if self.info.get("Plantproof-Narrowed") not in ("no", "controls"):
            self.gaps.append("the bundle is about some assets only; the lists of all are not supplied")
            self.gaps.append(f"which slots were due, and what {_GAPS} leaves out: the plans are not supplied, either")
            return
        covered = self._runs([one for _, _, one in self.counting if one["kind"] == "part"])
        planned = Planned(self.counting, self.blob, self.info)
        self.failures += planned.failures
        self.gaps += planned.troubles(self.withheld, self.span[0])
        for (slot, plan), assets in covered.items():
            wanted = planned.wanted(slot, plan)
            if wanted is not None and assets - wanted:
                self.gaps.append(f"{slot}: in a run, and not planned: {len(assets - wanted)} assets")
            if wanted is not None and slot not in planned.due and wanted - assets:
                self.gaps.append(f"{slot}: planned, and in no run: {len(wanted - assets)} assets")
        if _GAPS in self.manifest and self.bundle.read(_GAPS) != planned.gaps_csv():
            self.failures.append(f"{_GAPS}: not what the statements here say")
        self.notes.append(f"{len(planned.settled)} slots due from {utc(planned.since)} to {utc(planned.end)}")

    def _runs(self, parts: list[dict[str, Any]]) -> dict[tuple[str, str], set[str]]:
        """Check each run, and return the assets that each slot of a plan was covered for."""
        runs: dict[str, list[dict[str, Any]]] = {}
        covered: dict[tuple[str, str], set[str]] = {}
        for statement in parts:
            plan = f"sha256:{statement['subject'][0]['digest']['sha256']}"
            runs.setdefault(statement["predicate"]["run"], []).append(statement["predicate"] | {"plan": plan})
        for run, chunks in runs.items():
            assets = self._run(run, chunks)
            if not chunks[0]["slot"].startswith("adhoc-"):
                covered.setdefault((chunks[0]["slot"], chunks[0]["plan"]), set()).update(assets)
        self.notes.append(f"{len(runs)} runs")
        return covered

    def _run(self, run: str, chunks: list[dict[str, Any]]) -> set[str]:
        """Check the chunks of one run, and return its assets."""
        if len({(part["assets"], part["slot"], part["plan"]) for part in chunks}) != 1:
            self.failures.append(f"{run}: its chunks differ in slot, plan or asset list")
            return set()
        numbers = sorted(part["chunk"] for part in chunks)
        last = next(part for part in chunks if part["chunk"] == numbers[-1])
        if len(set(numbers)) < len(numbers) or any(part["last"] for part in chunks if part is not last):
            self.failures.append(f"{run}: a chunk stands twice, or after the last one")
        try:
            assets = {row["asset"] for row in self.blob(last["assets"], last["assets_bytes"], asset_list)}
        except BROKEN as error:
            self.failures.append(f"{run}: its asset list: {error}")
            return set()
        rows = Counter(row["asset"] for part in chunks for row in part["outcomes"])
        if not rows.keys() <= assets or rows.total() != len(rows):
            self.failures.append(f"{run}: outcomes that do not fit its list")
        if numbers != list(range(len(numbers))) or not last["last"]:
            self.gaps.append(
                f"{run}: unfinished, or begun before this bundle: {len(assets - rows.keys())} without outcome"
            )
        elif assets - rows.keys():
            self.failures.append(f"{run}: assets without an outcome")
        return assets

    def anchors(self) -> None:
        """Say what binds the log from outside, and what nothing binds."""
        if self.places:
            holding = check_tokens(self, self.authorities)
            check_cosignatures(self)
            say_times(self, holding)
            say_bounds(self)
        self.gaps.append(
            "whether report.html, assets.csv, evidence.csv and conduct.csv say what the statements say, and whether"
            " requirements have these titles and frameworks' ids: the sealer made and signed them"
        )
