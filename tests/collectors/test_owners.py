"""Several owners: nobody's keys count in another's store, and nothing of one is in what another hands out."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from collectors.cli.export import command as export_command
from collectors.redact import Redactor
from collectors.site import ForeignKeysError, KeysLostError, open_site
from evidence.clock import parse_rfc3339
from evidence.log.authority import AuthorityError
from evidence.log.chain import read_store_info
from evidence.log.keyring import Role, load_keyring
from evidence.store.open import open_store
from evidence.verify.bundle_verifier import verify_bundle

pytestmark = pytest.mark.real

AT = parse_rfc3339("2026-11-26T00:00:00Z")


@pytest.fixture(scope="module")
def roof(sites: ModuleType, warm: Any, plant_module: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A working directory with two owners; Acme has a plant of recorded devices."""
    site = sites.Site(folder=tmp_path_factory.mktemp("roof"), warm=warm)
    for name in ("Acme", "Borg & Söhne"):
        done = site.run("owner", "add", name, "--domain", "msp.example")
        assert done.code == 0, done.said
    acme, _ = folders(site)
    plant_module.build(open_store(str(acme / "plantproof-store")), load_keyring(acme / "plantproof-store.keys"))
    return site


@pytest.fixture(scope="module")
def handed_out(roof: Any) -> tuple[Path, str]:
    """The bundle of the other owner, who has one machine, and its pin."""
    config = ("--owner", "Borg & Söhne")
    assert roof.run("collect", *config).code in (0, 4)
    words = ("--period", "2000-01-01..2099-12-31", "-o", "b.zip", "--verifier", "verify.py", "--for", "Auditor")
    done = roof.run("export", *config, *words, "--allowed-signers", "signers")
    assert done.code == 0, done.said
    return roof.folder / "b.zip", done.err.rpartition("pin: ")[2].strip()


def folders(roof: Any) -> tuple[Path, Path]:
    acme, borg = sorted((roof.folder / "owners").iterdir())
    return acme, borg


def test_each_owner_has_a_folder_keys_a_store_and_a_log_of_its_own(roof: Any) -> None:
    acme, borg = folders(roof)
    logs = [read_store_info(open_store(str(folder / "plantproof-store"))) for folder in (acme, borg)]
    assert [one.owner for one in logs] == ["Acme", "Borg & Söhne"]
    assert logs[0].origin != logs[1].origin
    rings = [load_keyring(folder / "plantproof-store.keys") for folder in (acme, borg)]
    ids = [{key.public.id for key in ring.signing.values()} for ring in rings]
    assert not ids[0] & ids[1]
    listed = roof.run("owner", "ls")
    assert listed.code == 0
    assert "Borg & Söhne" in listed.out
    assert logs[0].origin in listed.out
    again = roof.run("owner", "add", "Acme")
    assert again.code == 5
    assert "nothing is written over" in again.err


def test_one_secret_has_another_tag_for_each_owner(roof: Any) -> None:
    tags = []
    for folder in folders(roof):
        key = load_keyring(folder / "plantproof-store.keys").redaction_key()
        tags.append(Redactor(key=key.derive("redaction"), key_id=key.id, secrets=("Tr0ub4dor&3",)).text("Tr0ub4dor&3"))
    assert all(tag.startswith("<secret:") for tag in tags)
    assert tags[0] != tags[1]


def test_one_owners_keys_neither_write_into_nor_export_anothers_store(roof: Any) -> None:
    acme, borg = folders(roof)
    store, keys = str(acme / "plantproof-store"), borg / "plantproof-store.keys"
    with pytest.raises((ForeignKeysError, AuthorityError)):
        open_site(store, keys, owner="Borg & Söhne", domain="msp.example", at=AT)
    before = {path: path.read_bytes() for path in (acme / "plantproof-store").rglob("*") if path.is_file()}
    for words in (["seal"], ["export", "--period", "2026", "-o", "stolen.zip"]):
        done = roof.run(*words, "--config", str(borg / "plantproof.yml"), "--store", store)
        assert done.code != 0
        assert "the store belongs to Acme" in done.err
    assert not (roof.folder / "stolen.zip").exists()
    assert {path: path.read_bytes() for path in (acme / "plantproof-store").rglob("*") if path.is_file()} == before
    with pytest.raises(KeysLostError):
        open_site(store, roof.folder / "no.keys", owner="Acme", domain="msp.example", at=AT)


def test_nothing_of_one_owner_is_in_what_another_hands_out(
    roof: Any, handed_out: tuple[Path, str], plant_module: ModuleType
) -> None:
    acme, borg = folders(roof)
    target, _ = handed_out
    others = load_keyring(acme / "plantproof-store.keys")
    data = target.read_bytes()
    strange = [*plant_module.RECORDED, read_store_info(open_store(str(acme / "plantproof-store"))).origin]
    strange += [key.public.id for key in others.signing.values()]
    assert not [word for word in strange if word.encode() in data]
    assert b"this-machine" in data
    root = load_keyring(borg / "plantproof-store.keys").key(Role.ROOT).public
    assert not verify_bundle(target, trusted_root=root).failed
    stranger = verify_bundle(target, trusted_root=others.key(Role.ROOT).public)
    assert [step.name for step in stranger.failed] == ["genesis"]


def test_a_bundle_is_checked_on_the_command_line(roof: Any, handed_out: tuple[Path, str]) -> None:
    bundle, pin = handed_out
    config = ("--config", str(folders(roof)[1] / "plantproof.yml"))
    root = str(folders(roof)[1] / "plantproof-store.keys" / "root.pub")
    checked = roof.run("verify", "b.zip", "--key", root, "--pin", pin, program="evidence")
    assert checked.code == 0, checked.said
    assert "10 passed, 0 failed, 1 not-checked" in checked.out
    assert f"pin: {pin}" in checked.out
    alone = [sys.executable, "-I", "-S", "verify.py", "b.zip", "--root-key", root, "--pin", pin]
    assert subprocess.run(alone, cwd=roof.folder, env={}, capture_output=True, check=False).returncode == 0
    assert (roof.folder / "signers").read_text().startswith("export@borg-s-hne-")
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    (roof.folder / "damaged.zip").write_bytes(data)
    assert roof.run("verify", "damaged.zip", "--key", root, program="evidence").code == 16
    assert roof.run("export", *config, "--period", "soon", "-o", "c.zip").code == 5


@pytest.mark.parametrize("words", [[], ["-o", "c.zip"], ["--period", "2026"]])
def test_an_export_without_a_file_or_a_period_is_a_usage_error(words: list[str]) -> None:
    assert CliRunner().invoke(export_command, words).exit_code == 2
