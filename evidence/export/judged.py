"""Which findings go into a bundle, and where what they rest on lies."""

from evidence.assess.knowledge import read_texts
from evidence.bundle.judged import Judgement, Places
from evidence.bundle.layout import blob_path, statement_path
from evidence.controls.load import Catalogue, read_catalogue
from evidence.export.gather import ExportError, Gathered, Selection
from evidence.log.erased import as_it_stands
from evidence.log.findings import load_results
from evidence.store.blobs import get_blob
from evidence.store.interface import Store

DEFAULT_PROFILE = "all"
"""The profile whose findings stand in a bundle that was asked for none."""


def judgement(store: Store, gathered: Gathered, selection: Selection) -> Judgement | None:
    """
    Return the newest findings of the profile that was asked for, or of every requirement; none where there are none.

    They are as they stand: what rested on nothing but what was erased since is not-assessed.

    Raises `ExportError` for a profile nothing was judged by, or a control no finding is about.
    """
    judged = [one for one in gathered.findings if one.findings.basis.as_of <= gathered.span.as_of]
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
    signed = load_results(get_blob(store, newest.findings.results, newest.findings.results_bytes))
    rows = (as_it_stands(row, gathered.gone) for row in signed)
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


def places(gathered: Gathered) -> Places:
    """Return where everything lies that was gathered."""
    others = {digest: statement_path(kind, digest) for kind, digest in gathered.supplied.values()}
    others |= {digest: blob_path(digest) for digest in gathered.blobs}
    answers = ((one.first.asset, one.first.blob, one.path) for one in gathered.artefacts.values())
    return Places(answers, others)


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
