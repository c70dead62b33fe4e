"""Whatever is done to a bundle is noticed: by `verify`, by verify.py, and by the stock tool that can."""

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evidence.bundle.layout import INDEX, LEAVES, STATEMENTS
from evidence.log.keyring import Role
from evidence.log.keys import SigningKey
from evidence.model.names import AssetId
from evidence.standalone.main import main
from evidence.verify.bundle_verifier import verify_bundle
from evidence.verify.result import Report

TAGS = ("bag-info.txt", "bagit.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", "tagmanifest-sha256.txt.sig")


def failed(report: Report) -> set[str]:
    return {step.name for step in report.failed}


def both(bag: Path, handed: Any, *pins: str) -> tuple[set[str], set[str]]:
    """Return the steps that failed, as `verify` and as verify.py say."""
    from evidence.log.note import parse_pin

    report = verify_bundle(bag, trusted_root=handed.root, pins=[parse_pin(pin.encode()) for pin in pins])
    said = io.StringIO()
    with redirect_stdout(said):
        code = main([str(bag), "--root-key", str(handed.root_file), *(word for pin in pins for word in ("--pin", pin))])
    lines = [line.split() for line in said.getvalue().splitlines() if line[:2].strip().isdigit()]
    other = {words[1] for words in lines if words[-1] == "failed"}
    assert code == (16 if other else 0)
    return failed(report), other


def sha256sum(bag: Path) -> bool:
    """Tell whether sha256sum finds nothing wrong."""
    words = ["sha256sum", "-c", "--quiet", "--strict", "manifest-sha256.txt", "tagmanifest-sha256.txt"]
    return subprocess.run(words, cwd=bag, capture_output=True, check=False).returncode == 0


def ssh_keygen(bag: Path, handed: Any) -> bool:
    """Tell whether ssh-keygen accepts the signature."""
    words = ["ssh-keygen", "-Y", "verify", "-f", str(handed.signers), "-I", handed.principal, "-n", "plantproof"]
    words += ["-s", str(bag / TAGS[4])]
    with (bag / TAGS[3]).open("rb") as message:
        return subprocess.run(words, stdin=message, capture_output=True, check=False).returncode == 0


def one_of_each(bag: Path) -> list[Path]:
    """Return a file of each kind there is."""
    found: dict[str, Path] = {}
    for path in sorted(path for path in bag.rglob("*") if path.is_file()):
        name = path.relative_to(bag).as_posix()
        folder = "/".join(name.split("/")[:3]) if name.startswith(STATEMENTS) else "/".join(name.split("/")[:2])
        found.setdefault(name if name.startswith("data/log/") or name.count("/") < 2 else folder, path)
    return list(found.values())


@pytest.fixture
def small(handed: Any, bundles: ModuleType, tmp_path: Path) -> Path:
    """The bundle of one asset: a file of each kind but lists and logs."""
    own = bundles.copied(handed, tmp_path / "own")
    own.export(own.bundle, assets=frozenset({AssetId("ring-3")}))
    return own.unpack(tmp_path / "small")


@pytest.mark.real
def test_one_changed_removed_or_renamed_file_of_any_kind_is_noticed(
    small: Path, handed: Any, bundles: ModuleType, tmp_path: Path
) -> None:
    bad = bundles.copy(small, tmp_path / "bag")
    files = one_of_each(bad)
    assert len(files) >= 20
    for path in files:
        data, name = path.read_bytes(), path.relative_to(bad).as_posix()
        changed = bytearray(data)
        changed[len(data) // 2] ^= 1
        path.write_bytes(changed)
        mine, other = both(bad, handed)
        assert mine, f"{name} changed"
        assert other, f"{name} changed, verify.py"
        assert not sha256sum(bad) or not ssh_keygen(bad, handed), f"{name} changed, stock tools"
        path.unlink()
        mine, other = both(bad, handed)
        assert mine, f"{name} removed"
        assert other, f"{name} removed, verify.py"
        elsewhere = path.with_name(f"x{path.name}")
        elsewhere.write_bytes(data)
        mine, other = both(bad, handed)
        assert mine, f"{name} renamed"
        assert other, f"{name} renamed, verify.py"
        elsewhere.unlink()
        path.write_bytes(data)
    assert both(bad, handed) == (set(), set())


@pytest.mark.real
def test_sha256sum_misses_an_extra_file_and_everybody_else_notices_it(
    bag: Path, handed: Any, bundles: ModuleType, tmp_path: Path
) -> None:
    import bagit

    bad = bundles.copy(bag, tmp_path / "bag")
    (bad / "data/evidence/sw-01/extra.txt").write_text("planted\n")
    assert sha256sum(bad)
    assert ssh_keygen(bad, handed)
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(bad)).validate()
    assert both(bad, handed) == ({"bag"}, {"bag"})


def test_a_file_outside_data_is_refused(bag: Path, handed: Any, bundles: ModuleType, tmp_path: Path) -> None:
    bad = bundles.copy(bag, tmp_path / "bag")
    (bad / "readme.txt").write_text("read me first\n")
    assert both(bad, handed) == ({"bag"}, {"bag"})


@pytest.mark.real
def test_manifests_made_anew_without_the_key_pass_sha256sum_and_nothing_else(
    bag: Path, handed: Any, bundles: ModuleType, tmp_path: Path
) -> None:
    bad = bundles.copy(bag, tmp_path / "bag")
    (bad / "data/gaps.csv").write_bytes(b"slot,run,asset\r\n")
    bundles.remake(bad, None)
    assert sha256sum(bad)
    assert not ssh_keygen(bad, handed)
    assert both(bad, handed) == ({"signatures", "completeness"}, {"signatures", "completeness"})


@pytest.mark.real
def test_the_signature_of_any_other_key_is_refused(bag: Path, handed: Any, bundles: ModuleType, tmp_path: Path) -> None:
    bad = bundles.copy(bag, tmp_path / "bag")
    for key in (SigningKey.generate(), handed.keyring.key(Role.COLLECTOR), handed.keyring.key(Role.ROOT)):
        bundles.remake(bad, key)
        assert sha256sum(bad)
        assert not ssh_keygen(bad, handed)
        assert both(bad, handed) == ({"signatures"}, {"signatures"})


Edit = Callable[[Path], None]


def leave_out_a_leaf(bag: Path) -> None:
    lines = (bag / LEAVES).read_bytes().splitlines(keepends=True)
    (bag / LEAVES).write_bytes(b"".join(lines[:-1]))


def swap_two_answers(bag: Path) -> None:
    folder = bag / "data/evidence/edge-router/2026-11-21"
    one, other, kept = folder / "version.txt", folder / "running-config.txt", (folder / "version.txt").read_bytes()
    assert kept != other.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)


def move_an_answer_to_another_asset(bag: Path) -> None:
    moved = sorted((bag / "data/evidence/ring-3").rglob("*.txt"))[0]
    target = bag / "data/evidence/edge-router" / moved.parent.name / "chassis.txt"
    moved.rename(target)


def move_an_answer_to_another_day(bag: Path) -> None:
    moved = sorted((bag / "data/evidence/ring-3").rglob("*.txt"))[0]
    target = bag / "data/evidence/ring-3/2026-11-29" / moved.name
    target.parent.mkdir()
    moved.rename(target)


def withhold_a_part_and_say_so_nowhere(bag: Path) -> None:
    sorted((bag / STATEMENTS / "part").iterdir())[0].unlink()


def take_a_statement_for_another(bag: Path) -> None:
    one, other = sorted((bag / STATEMENTS / "part").iterdir())[:2]
    one.write_bytes(other.read_bytes())


def add_a_statement_the_log_does_not_hold(bag: Path) -> None:
    path = sorted((bag / STATEMENTS / "key").iterdir())[0]
    path.with_name(f"{'0' * 64}.dsse.json").write_bytes(path.read_bytes())


def forget_the_key_statements(bag: Path) -> None:
    for path in (bag / STATEMENTS / "key").iterdir():
        path.unlink()


def forget_genesis(bag: Path) -> None:
    for path in (bag / STATEMENTS / "genesis").iterdir():
        path.unlink()


def begin_elsewhere(bag: Path) -> None:
    lines = (bag / "data/log/frontier").read_bytes().splitlines(keepends=True)
    other = b"1\n" if lines[0].endswith(b"0\n") else b"0\n"
    (bag / "data/log/frontier").write_bytes(b"".join([lines[0][:-2] + other, *lines[1:]]))


def lie_about_where_a_key_stood(bag: Path) -> None:
    path = bag / "data/log/earlier"
    rows = json.loads(path.read_bytes())
    rows[1]["index"], rows[2]["index"] = rows[2]["index"], rows[1]["index"]
    rows[1:3] = rows[2], rows[1]
    path.write_bytes(json.dumps(rows, sort_keys=True, separators=(",", ":")).encode())


CHEATS: dict[Edit, set[str]] = {
    leave_out_a_leaf: {"log"},
    swap_two_answers: {"artefacts"},
    move_an_answer_to_another_asset: {"artefacts"},
    move_an_answer_to_another_day: {"artefacts"},
    withhold_a_part_and_say_so_nowhere: {"statements"},
    take_a_statement_for_another: {"statements"},
    add_a_statement_the_log_does_not_hold: {"statements"},
    forget_the_key_statements: {"signatures"},
    forget_genesis: {"genesis"},
    begin_elsewhere: {"log"},
    lie_about_where_a_key_stood: {"log"},
}
"""What whoever holds the sealer's key could try, and the step that notices it; stock tools cannot."""


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.__name__)
def test_not_even_the_sealer_can_hand_out_another_history(
    cheat: Edit, bag: Path, handed: Any, bundles: ModuleType, tmp_path: Path
) -> None:
    bad = bundles.copy(bag, tmp_path / "bag")
    cheat(bad)
    bundles.remake(bad, handed.keyring.key(Role.SEALER))
    mine, other = both(bad, handed)
    assert CHEATS[cheat] <= mine
    assert CHEATS[cheat] <= other
    assert "bag" not in mine | other


def say_that_all_is_well(bag: Path) -> None:
    table = bag / "data/findings.csv"
    assert b",not-assessed," in table.read_bytes()
    table.write_bytes(table.read_bytes().replace(b",not-assessed,", b",supports,", 1))


def leave_out_a_finding(bag: Path) -> None:
    table = bag / "data/controls/csf2/index.csv"
    table.write_bytes(b"".join(table.read_bytes().splitlines(keepends=True)[:-1]))


def add_a_framework(bag: Path) -> None:
    (bag / "data/controls/nis2").mkdir()
    (bag / "data/controls/nis2/index.csv").write_bytes((bag / "data/controls/csf2/index.csv").read_bytes())


def judge_nothing(bag: Path) -> None:
    (bag / "data/findings.csv").unlink()
    shutil.rmtree(bag / "data/controls")


def leave_out_a_framework(bag: Path) -> None:
    (bag / "data/controls/csf2/index.csv").unlink()


def call_a_requirement_otherwise(bag: Path) -> None:
    table = bag / "data/findings.csv"
    assert b"software version is known" in table.read_bytes()
    table.write_bytes(table.read_bytes().replace(b"software version is known", b"software version is fine"))


OTHERWISE = {
    say_that_all_is_well: True,
    judge_nothing: True,
    leave_out_a_finding: False,
    add_a_framework: False,
    leave_out_a_framework: False,
    call_a_requirement_otherwise: False,
}
"""What the sealer could write into the tables, and whether verify.py notices: it has no catalogue of requirements."""


@pytest.mark.parametrize("cheat", OTHERWISE, ids=lambda cheat: cheat.__name__)
def test_the_sealer_cannot_say_other_than_the_assessor_signed(
    cheat: Edit, bag: Path, handed: Any, bundles: ModuleType, tmp_path: Path
) -> None:
    """`verify` makes the tables again, titles and frameworks' ids too; verify.py all else, and says so at step 11."""
    bad = bundles.copy(bag, tmp_path / "bag")
    cheat(bad)
    bundles.remake(bad, handed.keyring.key(Role.SEALER))
    assert both(bad, handed) == ({"artefacts"}, {"artefacts"} if OTHERWISE[cheat] else set())


def test_another_root_key_is_not_believed(bag: Path, handed: Any, bundles: ModuleType, tmp_path: Path) -> None:
    stranger = tmp_path / "root.pub"
    stranger.write_text(f"{SigningKey.generate().public.text}\n")
    assert failed(verify_bundle(bag, trusted_root=SigningKey.generate().public)) == {"genesis"}
    with redirect_stdout(io.StringIO()) as said:
        assert main([str(bag), "--root-key", str(stranger)]) == 16
    assert "not the trusted one" in said.getvalue()


def test_a_pin_of_another_history_fails_and_one_of_this_holds(bag: Path, handed: Any) -> None:
    from evidence.log.history import History

    history = History.read(handed.store)
    origin, roots = history.origin, history.ledger.chain.roots
    before, size = sorted(roots)[-3], sorted(roots)[-1]
    good = [f"{origin} {at} {roots[at]}" for at in (before, size)]
    assert both(bag, handed, *good) == (set(), set())
    assert both(bag, handed, f"{origin} {size} {'0' * 64}") == ({"pins"}, {"pins"})
    assert both(bag, handed, f"{origin[:-1]}{'0' if origin[-1] != '0' else '1'} {size} {roots[size]}")[0] == {"pins"}


def test_tables_are_named_as_what_nobody_but_the_sealer_vouches_for(bag: Path, handed: Any) -> None:
    report = verify_bundle(bag, trusted_root=handed.root)
    assert any("report.html, assets.csv, evidence.csv and conduct.csv" in detail for detail in report.steps[10].details)
    assert (bag / INDEX).is_file()
