"""An incident's bundle, CMMC's hash logs, and names that Windows would choke on."""

import csv
import hashlib
import io
import json
import unicodedata
import zipfile
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evidence.assess.assess import assess, record
from evidence.assess.knowledge import packaged_knowledge
from evidence.bundle.layout import CMMC_ARTIFACTS, CMMC_LOG_HASH, MAX_PATH
from evidence.export.cmmc import HashLogError, hash_logs, is_cmmc
from evidence.export.timeline import Stamp, bracket
from evidence.log.history import History
from evidence.log.seal import seal
from evidence.model.names import Digest
from evidence.normalise.volatile import merge
from evidence.verify.bundle_verifier import verify_bundle
from evidence.verify.result import Status

pytestmark = pytest.mark.real
AT = datetime(2026, 12, 1, 8, tzinfo=UTC)


@pytest.fixture
def own(handed: Any, bundles: ModuleType, tmp_path: Path) -> Any:
    return bundles.copied(handed, tmp_path / "own")


def unpacked(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def checked(own: Any, bundle: Path, verifiers: Any) -> None:
    """The three verifiers find nothing wrong, and say the same of every step."""
    pins = [History.read(own.store).checkpoint.pin]
    ours, *others = (ask(bundle, own.root, pins) for ask in (verifiers.ours, verifiers.python, verifiers.html))
    assert "failed" not in ours.values()
    assert others == [ours, ours]


# --incident


@pytest.fixture
def incident(own: Any) -> Any:
    own.bundle.unlink()
    own.export(own.bundle, incident=True)
    return own


def test_an_incidents_bundle_stands_before_every_verifier(incident: Any, three_verifiers: Any) -> None:
    checked(incident, incident.bundle, three_verifiers)


def test_without_it_there_is_no_timeline_and_nothing_volatile(handed: Any) -> None:
    files = unpacked(handed.bundle)
    assert "data/timeline.csv" not in files
    assert not packed(files) & set(blobs(files))


def blobs(files: dict[str, bytes]) -> dict[str, bytes]:
    return {path.removeprefix("data/blobs/"): data for path, data in files.items() if path.startswith("data/blobs/")}


def parts(files: dict[str, bytes]) -> Iterator[dict[str, Any]]:
    for path, data in sorted(files.items()):
        if path.startswith("data/statements/part/"):
            yield json.loads(b64decode(json.loads(data)["payload"]))["predicate"]


def packed(files: dict[str, bytes]) -> set[str]:
    return {row["blob"].removeprefix("sha256:") for part in parts(files) for row in part["packed"]}


def test_both_shares_of_every_answer_are_there_and_give_it_back(incident: Any) -> None:
    files = unpacked(incident.bundle)
    assert packed(files) <= set(blobs(files))
    rows = [row for row in table(files["data/timeline.csv"]) if row["volatile_file"]]
    assert len({row["volatile_file"] for row in rows}) == len(packed(files)) > 0
    ups = set()
    for row in rows:
        begin, length = int(row["volatile_offset"]), int(row["volatile_length"])
        moving = files[f"data/{row['volatile_file']}"][begin : begin + length]
        whole = merge(files[f"data/{row['file']}"], moving)
        if row["asset"] == "ring-3" and row["detail"].startswith("system:"):
            ups.add(next(line for line in whole.split(b"\n") if line.startswith(b"1.3.6.1.2.1.1.3.0\t")))
    assert ups, "the uptime of a switch at the time is what an incident asks for"


def test_the_timeline_has_every_supplied_statement_in_the_order_of_the_log(incident: Any) -> None:
    files = unpacked(incident.bundle)
    rows = table(files["data/timeline.csv"])
    indexes = [int(row["index"]) for row in rows]
    assert indexes == sorted(indexes)
    leaves = [json.loads(line)["statement"] for line in files["data/log/leaves"].splitlines()]
    supplied = {f"sha256:{Path(path).name[:64]}" for path in files if path.startswith("data/statements/")}
    assert {row["statement"] for row in rows} == set(leaves) & supplied
    assert {row["asset"] for row in rows} - {""} >= {"sw-01", "plc-gw", "press-7"}
    answers = sum(len(part["captures"]) for part in parts(files))
    assert sum(row["event"] == "answer" for row in rows) == answers
    assert {"run began", "run ended", "unreachable", "excluded", "collected", "findings"} <= {r["event"] for r in rows}


def test_each_part_stands_between_the_log_it_knew_and_the_one_it_was_sealed_in(incident: Any) -> None:
    rows = [row for row in table(unpacked(incident.bundle)["data/timeline.csv"]) if row["kind"] == "part"]
    assert rows
    for row in rows:
        assert int(row["knew_size"]) <= int(row["index"]) < int(row["sealed_size"])
        assert (row["not_before"], row["not_after"]) == ("", ""), "this log states no time stamp"


def test_time_stamps_bound_what_knew_them_and_what_they_cover() -> None:
    stamps = [
        Stamp(index=10, size=10, at="2026-11-21T03:00:00Z"),
        Stamp(index=20, size=20, at="2026-11-22T03:00:00Z"),
        Stamp(index=30, size=30, at="2026-11-23T03:00:00Z"),
    ]
    assert bracket(stamps, 15, 11) == ("2026-11-21T03:00:00Z", "2026-11-22T03:00:00Z")
    assert bracket(stamps, 15, 10) == ("", "2026-11-22T03:00:00Z")
    assert bracket(stamps, 15, None) == ("", "2026-11-22T03:00:00Z")
    assert bracket(stamps, 35, 31) == ("2026-11-23T03:00:00Z", "")


def test_an_incidents_bundle_is_the_same_bytes_twice(incident: Any) -> None:
    again = incident.folder / "again.zip"
    incident.export(again, incident=True)
    assert again.read_bytes() == incident.bundle.read_bytes()


def test_an_incident_is_about_everything(site: Any) -> None:
    for narrowed in (("--asset", "a"), ("--profile", "all"), ("--control", "INV-03")):
        ended = site.run("export", "--period", "2026", "--incident", "--output", "x.zip", *narrowed)
        assert (ended.code, "--incident is everything" in ended.err) == (5, True), ended.err


# CMMC


@pytest.fixture(scope="module")
def assessed(plant_module: ModuleType, bundles: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A plant judged by the profile of CMMC level 2, and its bundle."""
    handed = bundles.hand_out(plant_module, tmp_path_factory.mktemp("cmmc"))
    knowledge = packaged_knowledge("0.1")
    at = plant_module.START + timedelta(days=2, hours=3)
    found = assess(handed.store, History.read(handed.store), knowledge, at=at, profile="cmmc-l2")
    record(handed.store, handed.keyring, found, knowledge)
    seal(handed.store, handed.keyring, at=at)
    handed.export(handed.bundle, profile="cmmc-l2", artifact_root="D:\\Assessment 2026")
    return handed


def columns(log: bytes) -> list[tuple[str, str, str]]:
    """Read a log as a person does with a ruler: three columns at fixed places."""
    lines = log.decode("ascii").split("\r\n")
    assert lines[0] == ""
    assert lines[-3:] == ["", "", ""]
    found = [(line[:15].rstrip(), line[16:86].rstrip(), line[87:]) for line in lines[1:-3]]
    assert all(line[15] == line[86] == " " for line in lines[1:-3])
    assert found[0] == ("Algorithm", "Hash", "Path")
    assert found[1] == ("---------", "----", "----")
    return found[2:]


def test_the_hash_log_lists_every_artifact_and_the_second_log_the_first(assessed: Any) -> None:
    files = unpacked(assessed.bundle)
    rows = columns(files[CMMC_ARTIFACTS])
    start = "D:\\Assessment 2026\\acme-2026-11-21-2026-11-30\\"
    named = {path.removeprefix(start).replace("\\", "/"): digest for _, digest, path in rows}
    expected = {
        path: hashlib.sha256(data).hexdigest().upper()
        for path, data in files.items()
        if path.startswith("data/") and not path.startswith("data/cmmc/")
    }
    assert named == expected
    assert {algorithm for algorithm, _, _ in rows} == {"SHA256"}
    ((_, digest, path),) = columns(files[CMMC_LOG_HASH])
    assert digest == hashlib.sha256(files[CMMC_ARTIFACTS]).hexdigest().upper()
    assert path == start + "data\\cmmc\\CMMCAssessmentArtifacts.log"


def test_a_bundle_with_hash_logs_stands_before_every_verifier(assessed: Any, three_verifiers: Any) -> None:
    checked(assessed, assessed.bundle, three_verifiers)


def test_other_profiles_have_no_hash_logs(handed: Any) -> None:
    assert not any(path.startswith("data/cmmc/") for path in unpacked(handed.bundle))
    assert [is_cmmc(name) for name in ("cmmc-l2", "all", "iec62443", None)] == [True, False, False, False]


@pytest.mark.parametrize("root", ["evidence", "C:", "\\\\server\\share", "C:\\Prüfung", "/a\nb", "C:\\" + "x" * 101])
def test_a_root_that_is_no_absolute_path_in_ascii_is_refused(root: str) -> None:
    with pytest.raises(HashLogError, match="absolute path"):
        hash_logs({}, root=root, folder="acme")


def test_on_other_systems_paths_have_their_slashes() -> None:
    logs = hash_logs({"data/a.csv": Digest("sha256:" + "ab" * 32)}, root="/srv/cmmc/", folder="acme")
    assert columns(logs[CMMC_ARTIFACTS]) == [("SHA256", "AB" * 32, "/srv/cmmc/acme/data/a.csv")]


# names


HOSTILE = (
    "CON", "con.txt", "Lpt1", "aux.", "nul .txt", "a:b", "..", "../../etc/passwd", "a/b\\c", "x" * 300, "trailing.",
    "trailing ", "Upper", "upper", "工場-スイッチ", "=cmd|'/C calc'!A0", "<script>alert(1)</script>", "a\u202eb",
    "-rf", "%PATH%", "~", "COM¹", "a\u00e9", "ae\u0301", "arn:aws:ec2:eu-central-1:123:instance/i-0",
)  # fmt: skip
_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"
}


def test_hostile_names_of_assets_give_paths_that_windows_takes(
    own: Any, plant_module: ModuleType, tmp_path: Path
) -> None:
    recording = plant_module.RECORDED["ring-3"]
    plant = plant_module.Plant(store=own.store, keyring=own.keyring, runs=3, recorded=dict.fromkeys(HOSTILE, recording))
    plan = next(iter(History.read(own.store).ledger.plans))
    plant.run(plan, at=plant_module.START + timedelta(days=5))
    plant.seal()
    bundle = tmp_path / "hostile.zip"
    own.export(bundle, incident=True)
    report = verify_bundle(bundle, trusted_root=own.root, pins=[History.read(own.store).checkpoint])
    wrong = [step for step in report.failed if step.name != "completeness"]
    assert not wrong, [step.details for step in wrong]
    with zipfile.ZipFile(bundle) as archive:
        names = archive.namelist()
    for name in names:
        assert len(name) <= MAX_PATH
        for part in name.split("/"):
            assert part not in ("", ".", "..")
            assert not set(part) & set('<>:"\\|?*%~$\0')
            assert part.isprintable()
            assert part.isascii()
            assert not part.endswith((".", " "))
            assert part.split(".")[0].rstrip().lower() not in _DEVICES
    folded = [unicodedata.normalize("NFC", name).casefold() for name in names]
    assert len(set(folded)) == len(names)
    rows = {row["asset"]: row["folder"] for row in table(unpacked(bundle)["data/assets.csv"])}
    assert len({rows[name] for name in rows}) == len(rows) >= len(HOSTILE)
    assert not any(row.startswith(("=", "+", "-", "@")) for row in rows), "no spreadsheet runs a name"
    assert report.steps[0].status is Status.PASSED
