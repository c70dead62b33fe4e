"""`verify` as an auditor uses it."""

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from evidence.cli.exits import ExitCode
from evidence.cli.lazy import LazyGroup
from evidence.cli.main import AUDITOR_COMMANDS, run

VECTOR = Path(__file__).parents[2] / "vectors" / "store-0.1"
PINS = (VECTOR / "pins.txt").read_text().splitlines()
NEWEST = PINS[-1]


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Auditor = Callable[..., Ended]


@pytest.fixture
def auditor(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Auditor:
    """Return a function that runs `plantproof-verify` with arguments, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PLANTPROOF_STORE", raising=False)

    def call(*args: object) -> Ended:
        group = LazyGroup("plantproof-verify", AUDITOR_COMMANDS, summary="x")
        code = run(group, "plantproof-verify", [str(arg) for arg in args])
        said = capfdbinary.readouterr()
        return Ended(code, said.out.decode(), said.err.decode())

    return call


@pytest.fixture
def store(tmp_path: Path) -> Path:
    shutil.copytree(VECTOR / "store", tmp_path / "plantproof-store")
    return tmp_path / "plantproof-store"


def test_every_step_is_printed_with_its_answer(auditor: Auditor, store: Path) -> None:
    ended = auditor("verify", "--store", store, "--pin", NEWEST, "--key", VECTOR / "root.pub")
    assert ended.code == ExitCode.DONE
    lines = ended.out.splitlines()
    steps = [line.split() for line in lines if line[:2].strip().isdigit()]
    names = ["store", "genesis", "keys", "log", "pins", "statements", "links", "blobs", "completeness", "state"]
    unchecked = [["11", "anchors", "not-checked"], ["12", "findings", "not-checked"]]
    assert steps == [[str(n), name, "passed"] for n, name in enumerate(names, 1)] + unchecked
    assert "verify: 10 passed, 0 failed, 2 not-checked" in lines
    assert lines[-1] == f"pin: {NEWEST}"
    assert ended.err == ""


def test_the_store_in_the_working_directory_is_the_one_meant(auditor: Auditor, store: Path) -> None:
    assert auditor("verify").code == ExitCode.DONE


def test_a_store_may_be_named_as_an_argument(auditor: Auditor) -> None:
    assert auditor("verify", VECTOR / "store").code == ExitCode.DONE


def test_damage_ends_with_16_and_names_the_step(auditor: Auditor, store: Path) -> None:
    blob = next((store / "blobs").rglob("*/" + "[0-9a-f]" * 64))
    blob.write_bytes(blob.read_bytes()[:-1])
    ended = auditor("verify")
    assert ended.code == ExitCode.UNVERIFIED == 16
    assert " 8  blobs         failed" in ended.out.splitlines()
    assert ended.out.splitlines()[-1] == "FAILED at step 8 blobs"
    assert blob.name in ended.out
    assert "pin:" not in ended.out


def test_a_root_key_beside_the_store_is_found_and_said(auditor: Auditor, store: Path) -> None:
    assert " 2  genesis       not-checked" in auditor("verify").out.splitlines()
    keys = store.with_name("plantproof-store.keys")
    keys.mkdir()
    shutil.copy(VECTOR / "root.pub", keys)
    ended = auditor("verify")
    assert " 2  genesis       passed" in ended.out.splitlines()
    assert f"root key: {keys / 'root.pub'}, found beside the store" in ended.err


def test_another_root_key_fails(auditor: Auditor, store: Path, tmp_path: Path) -> None:
    from evidence.log.keys import SigningKey

    (tmp_path / "other.pub").write_text(SigningKey.generate().public.text)
    ended = auditor("verify", "--key", tmp_path / "other.pub")
    assert ended.code == ExitCode.UNVERIFIED
    assert "FAILED at step 2 genesis" in ended.out


def test_a_key_file_that_is_none_is_named(auditor: Auditor, store: Path, tmp_path: Path) -> None:
    ended = auditor("verify", "--key", tmp_path / "nothing.pub")
    assert ended.code == ExitCode.FAILED
    assert "nothing.pub: cannot be read" in ended.err


@pytest.mark.parametrize("number", range(3))
def test_a_pin_may_be_words_a_file_json_or_a_checkpoint(
    auditor: Auditor, store: Path, tmp_path: Path, number: int
) -> None:
    origin, size, root = PINS[number].split()
    (tmp_path / "line").write_text(PINS[number] + "\n")
    (tmp_path / "json").write_text(
        json.dumps({"origin": origin, "size": int(size), "root": root}, sort_keys=True, indent=1)
    )
    for pin in (
        PINS[number],
        tmp_path / "line",
        tmp_path / "json",
        store / "log" / "checkpoints" / f"{int(size):012d}",
    ):
        ended = auditor("verify", "--pin", pin)
        assert ended.code == ExitCode.DONE
        assert f"holds everything up to leaf {size}" in ended.out


def test_several_pins_all_count(auditor: Auditor, store: Path) -> None:
    wrong = f"{' '.join(PINS[0].split()[:2])} {'0' * 64}"
    assert auditor("verify", "--pin", PINS[0], "--pin", PINS[1]).code == ExitCode.DONE
    ended = auditor("verify", "--pin", PINS[1], "--pin", wrong)
    assert ended.code == ExitCode.UNVERIFIED
    assert "the log was another one at 10 leaves" in ended.out


@pytest.mark.parametrize("pin", ["", "x", "a b c", "x" * 5000, "a\nb"])
def test_what_is_no_pin_is_bad_usage(auditor: Auditor, store: Path, pin: str) -> None:
    ended = auditor("verify", "--pin", pin)
    assert ended.code == ExitCode.USAGE
    assert "--pin" in ended.err


def test_a_rolled_back_checkpoint_fails_with_a_pin(auditor: Auditor, store: Path) -> None:
    for name in ("log/batch/000000000014", "log/checkpoints/000000000017", "state/anchor.json"):
        (store / name).unlink()
    shutil.copy(store / "log" / "checkpoints" / "000000000014", store / "log" / "checkpoint")
    assert auditor("verify").code == ExitCode.DONE
    ended = auditor("verify", "--pin", NEWEST)
    assert ended.code == ExitCode.UNVERIFIED
    assert ended.out.splitlines()[-1] == "FAILED at step 5 pins"


def test_machines_get_one_line(auditor: Auditor, store: Path) -> None:
    ended = auditor("verify", "--format", "json", "--pin", PINS[0])
    report = json.loads(ended.out)
    assert ended.out.count("\n") == 1
    assert report["schema"] == "plantproof.verify/1"
    assert report["result"] == "passed"
    assert f"{report['origin']} {report['size']} {report['root']}" == NEWEST
    assert [step["number"] for step in report["steps"]] == list(range(1, 13))
    assert {step["status"] for step in report["steps"]} == {"passed", "not-checked"}
    (store / "store.json").unlink()
    ended = auditor("verify", "--format", "json")
    report = json.loads(ended.out)
    assert ended.code == ExitCode.UNVERIFIED
    assert (report["result"], report["origin"], report["size"], report["root"]) == ("failed", None, None, None)


def test_names_in_a_store_cannot_play_with_the_terminal(auditor: Auditor, store: Path) -> None:
    (store / "\x1b[31mred").write_text("x")
    for form in ("table", "json"):
        ended = auditor("verify", "--format", form)
        assert ended.code == ExitCode.UNVERIFIED
        assert "\x1b" not in ended.out


def test_a_missing_store_is_an_error_not_a_pass(auditor: Auditor, tmp_path: Path) -> None:
    ended = auditor("verify", "--store", tmp_path / "nowhere")
    assert ended.code == ExitCode.FAILED
    assert "no store at" in ended.err
    assert auditor("verify", tmp_path).code == ExitCode.UNVERIFIED


def test_a_bucket_that_cannot_be_reached_is_no_evidence_that_fails(auditor: Auditor) -> None:
    ended = auditor("verify", "--store", "s3://bucket/x")
    assert ended.code == ExitCode.FAILED
    assert "credentials" in ended.err


# store


def test_keys_are_listed_by_prefix(auditor: Auditor, store: Path) -> None:
    assert auditor("store", "ls", "log/").out.splitlines() == [
        "log/batch/000000000000",
        "log/batch/000000000010",
        "log/batch/000000000014",
        "log/checkpoint",
        "log/checkpoints/000000000010",
        "log/checkpoints/000000000014",
        "log/checkpoints/000000000017",
    ]
    assert len(auditor("store", "ls").out.splitlines()) == 45
    assert auditor("store", "ls", "--store", VECTOR / "store", "x").out == ""


def test_an_object_is_printed_as_it_is_kept(auditor: Auditor, store: Path) -> None:
    key = "log/checkpoints/000000000010"
    assert auditor("store", "get", key).out == (store / key).read_text()
    assert auditor("store", "get", "store.json").out == (store / "store.json").read_text()


def test_an_artefact_is_printed_in_plain_by_key_or_digest(auditor: Auditor, store: Path) -> None:
    from evidence.model.names import digest_of
    from evidence.store.layout import blob_key

    text = "1.3.6.1.2.1.1.5.0 s Presse Ü\n"
    digest = digest_of(text.encode())
    assert auditor("store", "get", digest).out == text
    assert auditor("store", "get", blob_key(digest)).out == text


@pytest.mark.parametrize("folder", ["parts", "statements"])
def test_a_statement_is_printed_by_digest(auditor: Auditor, store: Path, folder: str) -> None:
    (store / "parts" / "x.txt").write_text("x")
    path = sorted((store / folder).rglob("*.json"))[-1]
    digest = "sha256:" + path.name.removesuffix(".dsse.json")
    (store / "parts" / f"{digest[7:]}.txt").write_text("x")
    assert auditor("store", "get", digest).out == path.read_text()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sha256:" + "0" * 64, "neither an artefact nor a statement"),
        ("sha256:x", "expected sha256"),
        ("log/batch/999999999999", "nothing is kept"),
        ("../x", "not a key"),
        ("blobs/x", "no store of this version"),
    ],
)
def test_what_is_not_there_is_an_error(auditor: Auditor, store: Path, name: str, words: str) -> None:
    ended = auditor("store", "get", name)
    assert (ended.code, ended.out) == (ExitCode.FAILED, "")
    assert words in ended.err


def test_a_terminal_gets_harmless_text(auditor: Auditor, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    (store / "state" / "hold").mkdir()
    (store / "state" / "hold" / "all").write_bytes(b"stop\x1b[31m")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True, raising=False)
    assert auditor("store", "get", "state/hold/all").out == "stop\\x1b[31m\n"


def test_check_finds_damage_and_says_where(auditor: Auditor, store: Path) -> None:
    ended = auditor("store", "check")
    assert (ended.code, ended.out) == (ExitCode.DONE, "store check: 12 of 12 steps found nothing wrong\n")
    (store / "log" / "batch" / "000000000010").unlink()
    ended = auditor("store", "check")
    assert ended.code == ExitCode.UNVERIFIED
    assert "step 4 log: log/batch/000000000014: expected log/batch/000000000010 next" in ended.out.splitlines()


def test_repair_makes_again_what_is_derived_and_touches_no_evidence(auditor: Auditor, store: Path) -> None:
    hint, left = store / "log" / "checkpoint", store / ".tmp" / "0123"
    whole = hint.read_bytes()
    hint.unlink()
    left.parent.mkdir()
    left.write_bytes(b"half")
    ended = auditor("store", "check")
    assert ended.code == ExitCode.UNVERIFIED
    assert "1 unfinished files in .tmp" in ended.out
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file() and path != left}
    young = left.with_name("4567")
    young.write_bytes(b"a writer is at it")
    os.utime(left, times=(time.time() - 3700,) * 2)
    ended = auditor("store", "check", "--repair")
    assert ended.code == ExitCode.DONE
    assert "log/checkpoint: made again from log/checkpoints/000000000017" in ended.out
    assert ".tmp/0123: removed" in ended.out
    assert ".tmp/4567" not in ended.out
    assert young.exists()
    assert hint.read_bytes() == whole
    assert not left.exists()
    assert {path: path.read_bytes() for path in before} == before


def test_repair_cannot_make_evidence(auditor: Auditor, store: Path) -> None:
    for path in (store / "log" / "checkpoints").iterdir():
        path.unlink()
    (store / "log" / "checkpoint").unlink()
    ended = auditor("store", "check", "--repair")
    assert ended.code == ExitCode.UNVERIFIED
    assert "made again" not in ended.out


def test_repair_waits_for_nobody_who_seals(auditor: Auditor, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from evidence.cli import store as module
    from evidence.store.directory import DirectoryStore

    monkeypatch.setattr(module, "_LOCK_WAIT_S", 0.0)
    with DirectoryStore(store).exclusive(wait_s=0):
        assert auditor("store", "check", "--repair").code == ExitCode.LOCKED == 75
