"""The tables of a bundle, as CSV: assets, evidence, gaps, conduct. No cell of theirs is run by a spreadsheet."""

from collections.abc import Iterable, Iterator, Mapping

from evidence.bundle.layout import GAPS, INDEX, asset_folder
from evidence.bundle.table import csv_table
from evidence.export.gather import Gathered
from evidence.export.selection import Selection
from evidence.model.names import AssetId
from evidence.snapshots import Snapshots
from evidence.verify.bundle_gaps import by_run, gaps_table, in_time
from evidence.verify.calendar_step import Slots

_LEDGER = ("address", "platform", "site", "zone", "role", "criticality", "function", "accountable", "vendor")
_EVIDENCE = (
    "file", "asset", "question", "first_at", "last_at", "times", "transport", "request", "bytes", "sha256",
    "complete", "redactions", "salt", "statement",
)  # fmt: skip
_TOTALS = ("requests", "failed", "refused", "max_rate_per_device", "max_rate_per_zone")
_CONDUCT = ("run", "slot", "started", "ended", "finished", "assets", *_TOTALS, "pace", "clock", "run_by", "parts")


def tables(gathered: Gathered, snapshots: Snapshots, selection: Selection, slots: Slots | None) -> Mapping[str, bytes]:
    """Return every table by its path."""
    return {
        "data/assets.csv": csv_table(
            ("asset", "folder", *_LEDGER, "result", "reason", "at"), _assets(snapshots, selection)
        ),
        INDEX: csv_table(_EVIDENCE, _evidence(gathered)),
        GAPS: gaps_table(gathered.runs, slots, gathered.said, whole=not selection.assets),
        "data/conduct.csv": csv_table(_CONDUCT, _conduct(gathered)),
    }


def _assets(snapshots: Snapshots, selection: Selection) -> Iterator[Iterable[object]]:
    ledger = snapshots.ledger()
    for asset in filter(selection.wants, snapshots.assets):
        known, visit = ledger.get(asset), snapshots.visit(asset)
        about = [getattr(known, name, None) for name in _LEDGER]
        folder = asset_folder(asset).removeprefix("data/")
        yield asset, folder, *about, visit.outcome.result, visit.outcome.reason, visit.at


def _evidence(gathered: Gathered) -> Iterator[Iterable[object]]:
    for artefact in sorted(gathered.artefacts.values(), key=lambda one: one.path):
        first = artefact.first
        yield (
            artefact.path.removeprefix("data/"), first.asset, first.question, first.at, artefact.last_at,
            artefact.times, first.transport, first.request, first.bytes, first.blob,
            "yes" if first.complete else "no", first.redactions, first.salt, artefact.statement,
        )  # fmt: skip


def _conduct(gathered: Gathered) -> Iterator[Iterable[object]]:
    """Yield how each run behaved; each part states the run's totals so far, so the largest number is the run's."""
    for name, runs in by_run(in_time(gathered.runs)).items():
        parts = [run.part for run in runs]
        newest = max(parts, key=lambda part: part.chunk)
        assets: set[AssetId] = {outcome.asset for run in runs for outcome in run.outcomes}
        yield (
            name, newest.slot, min(part.started for part in parts), max(part.ended for part in parts),
            "yes" if any(part.last for part in parts) else "no", len(assets),
            *(max(_number(part.conduct.get(total)) for part in parts) for total in _TOTALS),
            newest.conduct.get("pace", ""), _words(newest.clock), _words(newest.run_by),
            " ".join(run.statement for run in runs),
        )  # fmt: skip


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _words(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(values.items()) if value not in (None, ""))
