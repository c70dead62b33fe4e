"""The tables of findings against the rows the assessor signed; titles and frameworks' ids stand in no blob we read."""

import hashlib
import re
from collections import Counter
from typing import Any

from evidence.standalone.files import require
from evidence.standalone.forms import shorten
from evidence.standalone.gaps import cell, quoted
from evidence.standalone.log_checks import LogChecks
from evidence.standalone.shapes import flag, like, ordered, record, rows, text

_TABLE, _INDEXES = "data/findings.csv", "data/controls/"
_TABLE_HEADER = "id,requirement,title,asset,row,status,due,reason,exception,evidence,profile,statement"
_INDEX_HEADER = "control,requirement,asset,row,status,due,reason,exception,evidence,finding"
_FINDING = record(
    {"asset": text(), "row": text(), "due": flag, "exception": text()},
    requirement=text(20), status=like("supports|contradicts|not-assessed|not-applicable"), reason=text(),
    evidence=ordered(like("sha256:[0-9a-f]{64}"), most=100_000),
)  # fmt: skip
_JUDGED = rows(lambda row: _FINDING(row) and bool(row["evidence"] or row["status"] == "not-assessed"))


def results(value: Any) -> bool:
    """Tell whether a value is what an assessor writes: each thing judged once, in order."""
    if not _JUDGED(value):
        return False
    places = [(row["requirement"], row.get("asset", ""), row.get("row", "")) for row in value]
    return places == sorted(set(places))


def check_tables(found: LogChecks) -> None:
    """Fail unless every row of the tables is one that the newest findings give, and in a whole bundle every one is."""
    tables = [path for path in found.manifest if path == _TABLE or path.startswith(_INDEXES)]
    whole = found.info.get("Plantproof-Narrowed") == "no"
    judged = [(digest, one["predicate"]) for _, digest, one in found.counting if one["kind"] == "findings"]
    if not tables:
        require(not judged or not whole, f"{_TABLE}: missing, and the log was judged")
        return
    require(_TABLE in tables, f"{_TABLE}: missing, beside {tables[0]}")
    told = _read(found, _TABLE, _TABLE_HEADER)
    as_of = found.info.get("Plantproof-As-Of", "")
    if not told:
        some = [said["results_bytes"] > len("[]") for _, said in judged if said["as_of"] <= as_of]
        nothing = f"{_TABLE}: holds no finding"
        (found.failures if whole and some and all(some) else found.gaps).append(nothing)
        return
    made_of = [(digest, said) for digest, said in judged if digest == told[0][-1]]
    require(made_of, f"{_TABLE}: made of {told[0][-1]}, which is not here")
    digest, said = made_of[0]
    alike = [one for one, each in judged if each["profile"] == said["profile"] and each["as_of"] <= as_of]
    if alike[-1:] != [digest]:
        found.failures.append(f"{_TABLE}: made of {digest}, and the log was judged again later")
    if any(f"data/blobs/{said[name][7:]}" not in found.manifest for name in ("results", "controls")):
        found.gaps.append(f"{_TABLE}: what it is made of is withheld")
        return
    indexes = {path: _index_of(found, path) for path in tables if path != _TABLE}
    forms = []
    for erased in (found.erased, {}):  # the first bundles show what was signed, whatever was erased
        made = _made(found, said, erased)
        right = [[name, *row, cell(said["profile"]), digest] for (name, *_), row in made.items()]
        plain = [row[:2] + row[3:] for row in told]
        wrong = [_TABLE] if (plain != right if whole else any(row not in right for row in plain)) else []
        forms.append([*wrong, *(path for path, index in indexes.items() if not _index_fits(index, made, whole=whole))])
    found.failures += [f"{path}: not what the findings say" for path in min(forms, key=len)]


def _index_of(found: LogChecks, path: str) -> list[list[str]]:
    require(re.fullmatch(r"data/controls/[^/]+/index\.csv", path), f"{path}: no table of a framework")
    return _read(found, path, _INDEX_HEADER)


def _index_fits(index: list[list[str]], made: dict[tuple[str, ...], list[str]], *, whole: bool) -> bool:
    """Tell whether an index says of each finding what it says, and of each requirement all of it, in order."""
    good = bool(index) and all(row[1:-1] == made.get((row[-1], *row[1:4])) for row in index)
    rows_of, findings_of = Counter((row[0], row[1]) for row in index), Counter(row[0] for row in made.values())
    once = len(set(map(tuple, index))) == len(index)
    every = all(count == findings_of[requirement] for (_, requirement), count in rows_of.items())
    place = {name: at for at, name in enumerate(made)}
    in_order = good and index == sorted(index, key=lambda row: (row[0], place[row[-1], *row[1:4]]))
    return good and (not whole or (once and every and in_order))


def _made(found: LogChecks, said: Any, erased: dict[str, str]) -> dict[tuple[str, ...], list[str]]:
    """Return the cells of each finding that both kinds of tables have, by its id and place, once this is erased."""
    judged = found.blob(said["results"], said["results_bytes"], results)
    answers, others = _places(found)
    made = {}
    for row in judged:
        asset, place = row.get("asset"), row.get("row")
        told = "\n".join((row["requirement"], asset or "", "" if place is None else f"row {place}"))
        name = hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        files = [
            answers.get((asset, one)) or answers.get((None, one)) or others.get(one, one) for one in row["evidence"]
        ]
        status, due, reason = row["status"], "yes" if row.get("due") else "no", row["reason"]
        if row["evidence"] and all(one in erased for one in row["evidence"]):
            reason = f"what it rested on was {erased[row['evidence'][-1]]}; it said {status}"
            status, due = "not-assessed", "no"
        cells = (row["requirement"], asset, place, status, due, reason, row.get("exception"))
        shown = [*(cell(one or "") for one in cells), cell(" ".join(one.removeprefix("data/") for one in files))]
        made[name, *shown[:3]] = shown
    return made


def _places(found: LogChecks) -> tuple[dict[tuple[str | None, str], str], dict[str, str]]:
    """Return where answers lie, by asset and digest, and where everything else does."""
    parts = (one["predicate"] for _, _, one in found.counting if one["kind"] == "part")
    whose: dict[tuple[str, str], str] = {}
    for row in (row for part in parts for row in part["captures"]):
        stem = f"data/evidence/{shorten(row['asset'], 60)}/{row['at'][:10]}/{shorten(row['question'], 40)}"
        digest = row["blob"][7:]
        whose |= {(path, digest): row["asset"] for path in (f"{stem}.txt", f"{stem}-{digest[:8]}.txt")}
    answers: dict[tuple[str | None, str], str] = {}
    for path, digest in sorted(found.manifest.items()):
        if path.startswith("data/evidence/"):
            for asset in (whose.get((path, digest)), None):
                answers.setdefault((asset, f"sha256:{digest}"), path)
    others = {name: f"data/statements/{one['kind']}/{name[7:]}.dsse.json" for _, name, one in found.supplied}
    lists = {blob: f"data/blobs/{blob[7:]}" for blob in found.blobs}
    return answers, others | {blob: path for blob, path in lists.items() if path in found.manifest}


def _read(found: LogChecks, path: str, header: str) -> list[list[str]]:
    """Read a table; written again it has to be the same."""
    data = found.bundle.read(path).decode()
    lines = data.removeprefix("\ufeff").removesuffix("\r\n").split("\r\n")
    require(
        data == "\ufeff" + "".join(f"{line}\r\n" for line in lines) and lines[0] == header, f"{path}: no such table"
    )
    told = [[_plain(one) for one in re.findall(r'(?:^|,)("(?:[^"]|"")*"|[^,]*)', line)] for line in lines[1:]]
    require(all(len(row) == header.count(",") + 1 for row in told), f"{path}: rows of another length")
    require([",".join(map(quoted, row)) for row in told] == lines[1:], f"{path}: not written our way")
    return told


def _plain(value: str) -> str:
    return value[1:-1].replace('""', '"') if value.startswith('"') else value
