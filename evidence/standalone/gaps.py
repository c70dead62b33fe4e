"""`gaps.csv`, made again from the statements of a bundle."""

import re
from collections.abc import Iterator
from typing import Any

from evidence.standalone.slots import Excuse, Slot, utc

_Row = tuple[str, ...]
_HEADER = ("slot", "run", "asset", "result", "reason", "at", "statement")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_FORMULA, _NUMBER = re.compile(r"[=+\-@\t\r]"), re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_LABEL = re.compile(r"([1-9][0-9]{0,3}|[a-z][a-z0-9._-]{0,60})/([1-9][0-9]{0,3})")


def gaps_csv(parts: list[tuple[str, dict[str, Any]]], slots: list[Slot], rest: list[_Row]) -> bytes:
    """Return the table for parts, each with its digest, and slots that are settled; `rest` is what cannot be."""
    keyed = sorted(parts, key=lambda one: (one[1]["started"], one[1]["run"], one[1]["chunk"], one[0]))
    rows: list[_Row] = [_HEADER]
    for digest, part in keyed:
        for row in part["outcomes"]:
            if row["result"] != "collected":
                told = (row["asset"], row["result"], row.get("reason", ""), part["ended"], digest)
                rows.append((part["slot"], part["run"], *told))
    runs, labels = dict[str, list[tuple[str, dict[str, Any]]]](), dict[str, set[str]]()
    for digest, part in keyed:
        runs.setdefault(part["run"], []).append((digest, part))
        labels.setdefault(part["slot"], set()).add(part["label"])
    for run, own in runs.items():
        if not any(part["last"] for _, part in own):
            digest, part = own[-1]
            reason = "the run's last part is not there; assets may lack an outcome"
            rows.append((part["slot"], run, "", "unfinished", reason, part["ended"], digest))
    for slot in slots:
        rows += _fates(slot)
    rows += rest
    for slot in slots:
        if slot.begun and not slot.having("pending"):
            lacking = any(slot.having(fate) for fate in ("gap", "missed", "late"))
            rows += [
                (slot.name, "", "", "part-absent", f"part {label}", utc(slot.until), "")
                for label in _absent(labels.get(slot.name, set()), lacking)
            ]
    return ("\ufeff" + "".join(",".join(quoted(cell(one)) for one in row) + "\r\n" for row in rows)).encode(
        "utf-8", "replace"
    )


def later_rows(slots: list[Slot], as_of: int) -> Iterator[_Row]:
    """Yield of each job what was due in the period after the bundle's moment."""
    for job in sorted({slot.job for slot in slots}):
        own = [slot for slot in slots if slot.job == job]
        more = f", as are {len(own) - 1} more of {job} up to {own[-1].name}" if own[1:] else ""
        reason = f"due after {utc(as_of)}, of which this bundle knows nothing{more}"
        yield own[0].name, "", "", "pending", reason, utc(own[0].due), ""


def _fates(slot: Slot) -> Iterator[_Row]:
    for asset in slot.having("late"):
        part = slot.late[asset]
        reason = f"in time was until {utc(slot.until)}"
        yield slot.name, part.run, asset, "late", reason, utc(part.since), part.statement
    words = {
        "gap": ("gap", "no outcome, and nobody said why", utc(slot.due), ""),
        "pending": ("pending", f"no outcome yet; in time is until {utc(slot.until)}", utc(slot.due), ""),
    }
    rest = {asset: words.get(fate) or _excused(slot.why.get(asset)) for asset, fate in slot.fates.items()}
    rows = {asset: row for asset, row in sorted(rest.items()) if row is not None}
    if not slot.begun and len(rows) > 1 and len(set(rows.values())) == 1:
        (result, reason, *more), *_ = rows.values()
        yield slot.name, "", "", result, f"{reason}; no run at all, {len(rows)} assets were due", *more
        return
    for asset, row in rows.items():
        yield slot.name, "", asset, *row


def _excused(why: list[Excuse] | None) -> tuple[str, str, str, str] | None:
    if why is None:
        return None
    return "missed", "; ".join(one.reason for one in why), why[-1].at, " ".join(one.statement for one in why)


def _absent(labels: set[str], lacking: bool) -> list[str]:
    """Return what is missing of the division of a run that is nearest to being whole."""
    matches = [match for match in map(_LABEL.fullmatch, labels) if match]
    shares = [(int(match[2]), match[1]) for match in matches]
    shares = [(count, name) for count, name in shares if not name.isdigit() or int(name) <= count]
    if not shares:
        return []
    counts = {count: {name for each, name in shares if each == count} for count, _ in sorted(shares)}
    count = min(counts, key=lambda each: each - len(counts[each]))
    if all(name.isdigit() for name in counts[count]):
        return [f"{number}/{count}" for number in range(1, count + 1) if str(number) not in counts[count]]
    missing = count - len(counts[count])
    return [f"{missing} of {count}"] if lacking and missing > 0 else []


def cell(value: str) -> str:
    """Return what stands in a cell: nothing that a spreadsheet runs, on one line, nothing that cannot be seen."""
    text = _UNSEEN.sub(lambda found: _escaped(ord(found[0])), value).replace("\n", "\\n").replace("\t", "\\t")
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def quoted(text: str) -> str:
    """Write a cell (RFC 4180)."""
    return '"' + text.replace('"', '""') + '"' if re.search('[",\n\r]', text) else text


def _escaped(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
