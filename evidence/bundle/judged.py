"""
What a bundle says of requirements: `findings.csv`, and one index for each framework by its own ids.

Made from a findings statement alone, so a verifier can make the same tables again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from evidence.bundle.layout import shorten
from evidence.bundle.table import csv_table
from evidence.controls.load import Catalogue
from evidence.harmless import csv_text
from evidence.model.finding import Finding
from evidence.model.names import AssetId, Digest

FINDINGS, CONTROLS = "data/findings.csv", "data/controls/"
"""Where the tables lie."""

FINDINGS_HEADER = (
    "id", "requirement", "title", "asset", "row", "status", "due", "reason", "exception", "evidence", "profile",
    "statement",
)  # fmt: skip
_STRANGE = "not in this catalogue"
"""What a requirement is called that the assessor signed findings of and named no title for."""
INDEX_HEADER = ("control", "requirement", "asset", "row", "status", "due", "reason", "exception", "evidence", "finding")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The findings a bundle shows, and what they were made with."""

    statement: Digest
    profile: str
    catalogue: Catalogue
    findings: tuple[Finding, ...]
    """Those that were chosen."""

    @property
    def evidence(self) -> frozenset[Digest]:
        """Everything they rest on."""
        return frozenset(digest for finding in self.findings for digest in finding.evidence)


class Places:
    """Where in a bundle a digest lies."""

    def __init__(self, answers: Iterable[tuple[AssetId, Digest, str]], others: Mapping[Digest, str]) -> None:
        """Know the answers by asset, digest and path, and everything else by digest."""
        self._others = others
        self._answers: dict[tuple[AssetId | None, Digest], str] = {}
        for asset, digest, path in sorted(answers, key=lambda one: one[2]):
            for whose in (asset, None):
                self._answers.setdefault((whose, digest), path)

    def of(self, finding: Finding) -> str:
        """Return the files a finding rests on; a digest stands for what is not supplied."""
        return " ".join(self._of(finding.asset, digest).removeprefix("data/") for digest in finding.evidence)

    def _of(self, asset: AssetId | None, digest: Digest) -> str:
        found = self._answers.get((asset, digest)) or self._answers.get((None, digest))
        return found or self._others.get(digest, digest)


def judged_files(judged: Judgement, places: Places) -> Mapping[str, bytes]:
    """Return `findings.csv` and one index for each framework that has a row."""
    files = {FINDINGS: csv_table(FINDINGS_HEADER, _findings(judged, places))}
    frameworks = {name for control in judged.catalogue.controls.values() for name in control.frameworks}
    for framework in sorted(frameworks):
        rows = sorted(_index(judged, framework, places), key=lambda row: row[0])
        if rows:
            files[f"{CONTROLS}{shorten(framework, 40)}/index.csv"] = csv_table(INDEX_HEADER, rows)
    return files


def _findings(judged: Judgement, places: Places) -> Iterator[Iterable[object]]:
    for one in judged.findings:
        control = judged.catalogue.controls.get(one.requirement)
        yield (
            one.id, one.requirement, control.title if control else _STRANGE, one.asset, one.row, one.status,
            "yes" if one.due else "no", one.reason, one.exception, places.of(one), judged.profile, judged.statement,
        )  # fmt: skip


def _index(judged: Judgement, framework: str, places: Places) -> Iterator[tuple[str, ...]]:
    for one in judged.findings:
        known = judged.catalogue.controls.get(one.requirement)
        for control in dict.fromkeys(map(csv_text, known.frameworks.get(framework, ()) if known else ())):
            yield (
                control, one.requirement, one.asset or "", one.row or "", str(one.status), "yes" if one.due else "no",
                one.reason, one.exception or "", places.of(one), one.id,
            )  # fmt: skip
