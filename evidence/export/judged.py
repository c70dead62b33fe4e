"""Which findings go into a bundle."""

from collections.abc import Sequence
from dataclasses import dataclass

from evidence.assess.knowledge import read_texts
from evidence.bundle.judged import Judgement
from evidence.controls.load import Catalogue, read_catalogue
from evidence.export.selection import ExportError, Selection
from evidence.log.findings import FindingsStatement, load_results
from evidence.model.names import Digest
from evidence.store.blobs import get_blob
from evidence.store.interface import Store

DEFAULT_PROFILE = "all"
"""The profile whose findings stand in a bundle that was asked for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One findings statement."""

    digest: Digest
    findings: FindingsStatement


def judgement(store: Store, known: Sequence[Judged], selection: Selection, *, as_of: str) -> Judgement | None:
    """
    Return the newest findings of the profile that was asked for, or of every requirement; none where there are none.

    They are as they were signed. `known` are the findings statements, in the log's order, `as_of` is RFC 3339.

    Raises `ExportError` for a profile nothing was judged by, or a control no finding is about.
    """
    judged = [one for one in known if one.findings.basis.as_of <= as_of]
    wanted = selection.profile or DEFAULT_PROFILE
    chosen = [one for one in judged if one.findings.basis.profile == wanted] or ([] if selection.profile else judged)
    if not chosen:
        if selection.profile or selection.controls:
            raise ExportError(
                f"no findings by the profile {wanted} are in the log of {selection.period.name}",
                hint="assess first, and seal",
            )
        return None
    newest = chosen[-1]
    basis = newest.findings.basis
    catalogue = read_catalogue(read_texts(get_blob(store, basis.controls, basis.controls_bytes)))
    rows = load_results(get_blob(store, newest.findings.results, newest.findings.results_bytes))
    requirements = _requirements(catalogue, selection)
    return Judgement(
        statement=newest.digest,
        profile=basis.profile,
        catalogue=catalogue,
        findings=tuple(
            row
            for row in rows
            if (requirements is None or row.requirement in requirements)
            and (not selection.assets or (row.asset is not None and row.asset in selection.assets))
        ),
    )


def _requirements(catalogue: Catalogue, selection: Selection) -> frozenset[str] | None:
    """Return the requirements that were asked for, by our ids or by a framework's own; nothing where all were."""
    if not selection.controls:
        return None
    found: set[str] = set()
    for asked in selection.controls:
        met = {
            one.id
            for one in catalogue.controls.values()
            if asked == one.id or any(asked in ids for ids in one.frameworks.values())
        }
        if not met:
            raise ExportError(f"{asked}: no requirement of the catalogue is it, or bears on it")
        found |= met
    return frozenset(found)
