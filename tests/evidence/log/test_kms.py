"""Keys in AWS KMS, as an emulator of it (ministack) holds them; not verified against AWS."""

import re
import socket
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from collectors.cli.key import new
from evidence.log.keyring import Keyring, Role, create_keyring, load_keyring, load_public, take_place
from evidence.log.keys import KeyFileError, SigningKey
from evidence.log.kms import MAX_MESSAGE_BYTES, KmsKey
from evidence.log.ledger import read_ledger
from evidence.log.seal import seal
from evidence.store.open import open_store

pytestmark = pytest.mark.real


def environ(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Let boto3 find the emulator as it finds AWS."""
    said = {"ENDPOINT_URL_KMS": endpoint, "ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "y", "REGION": "eu-central-1"}
    for name, value in {**said, "DEFAULT_REGION": "eu-central-1", "EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)


@pytest.fixture
def kms(ministack_account: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The owner's client; boto3 finds the same place."""
    environ(monkeypatch, ministack_account.endpoint)
    return ministack_account.client("kms")


def made(kms: Any, spec: str = "ECC_NIST_EDWARDS25519") -> str:
    return str(kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"])


@pytest.fixture
def arn(kms: Any) -> str:
    return made(kms)


@pytest.fixture
def sealed_by(arn: str, tmp_path: Path) -> tuple[Path, Keyring]:
    """A keys folder whose sealer is in KMS."""
    folder = tmp_path / "keys"
    create_keyring(folder)
    (folder / "sealer").unlink()
    (folder / "sealer.pub").unlink()
    done = CliRunner().invoke(new, [str(folder / "sealer"), "--kms", arn])
    assert done.exit_code == 0, done.output
    return folder, load_keyring(folder)


def test_a_key_signs_and_what_it_signed_holds(kms: Any, arn: str) -> None:
    key = KmsKey(f"kms:{arn}")
    key.public.verify(key.sign(b"a checkpoint"), b"a checkpoint")
    assert repr(key) == f"kms:{arn}"
    alias = "alias/plantproof-sealer"
    kms.create_alias(AliasName=alias, TargetKeyId=arn)
    assert KmsKey(f"kms:{alias}").public == key.public


def test_a_variable_names_it_and_the_file_beside_says_which_key_it_is(arn: str, tmp_path: Path) -> None:
    create_keyring(tmp_path / "keys")
    said = {"PLANTPROOF_KEY_SEALER": f"kms:{arn}"}
    other = load_keyring(tmp_path / "keys", said).key(Role.SEALER)
    with pytest.raises(KeyFileError, match=re.escape(f"signs with another key than {other.public.id}")):
        other.sign(b"a checkpoint")
    (tmp_path / "keys" / "sealer.pub").unlink()
    assert load_keyring(tmp_path / "keys", said).key(Role.SEALER).public == KmsKey(arn).public


def test_a_log_is_sealed_with_it(sealed_by: tuple[Path, Keyring], plant_module: ModuleType, tmp_path: Path) -> None:
    folder, keyring = sealed_by
    assert keyring.key(Role.SEALER).public == load_public(folder / "sealer.pub")
    store = open_store(str(tmp_path / "store"), create=True)
    plant_module.build(store, keyring)
    assert read_ledger(store).here.size > 0


def test_where_kms_does_not_answer_nothing_is_lost(
    sealed_by: tuple[Path, Keyring],
    plant_module: ModuleType,
    ministack_account: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, keyring = sealed_by
    store = open_store(str(tmp_path / "store"), create=True)
    plant = plant_module.build(store, keyring)
    before, plan = read_ledger(store).here.size, next(iter(read_ledger(store).plans))
    plant.run(plan, at=plant.now)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        environ(monkeypatch, f"http://127.0.0.1:{nobody.getsockname()[1]}")
        with pytest.raises(KeyFileError, match="Could not connect"):
            seal(store, load_keyring(folder), at=plant.now)
    environ(monkeypatch, ministack_account.endpoint)
    seal(store, load_keyring(folder), at=plant.now)
    assert read_ledger(store).here.size > before


def test_what_kms_cannot_sign_is_said(kms: Any, arn: str) -> None:
    with pytest.raises(KeyFileError, match="signs 4096 bytes at most, and this statement has 4097"):
        KmsKey(arn).sign(bytes(MAX_MESSAGE_BYTES + 1))
    assert len(KmsKey(arn).sign(bytes(MAX_MESSAGE_BYTES))) == 64
    with pytest.raises(KeyFileError, match="a key of ECC_NIST_P256, expected ECC_NIST_EDWARDS25519"):
        _ = KmsKey(made(kms, "ECC_NIST_P256")).public
    kms.disable_key(KeyId=arn)
    with pytest.raises(KeyFileError, match="Disabled"):
        KmsKey(arn).sign(b"x")


@pytest.mark.parametrize("reference", ["kms:", "kms:../../etc", "kms:arn:aws:s3:::bucket", "kms:alias/a b"])
def test_what_names_no_key_is_refused(reference: str) -> None:
    with pytest.raises(KeyFileError, match="expected the ARN, id or alias"):
        KmsKey(reference)


def test_a_reference_file_holds_a_reference(tmp_path: Path) -> None:
    create_keyring(tmp_path / "keys")
    (tmp_path / "keys" / "sealer.kms").write_text("arn:aws:kms:eu-central-1:1:key/x\n")
    with pytest.raises(KeyFileError, match=r"sealer\.kms: expected kms:"):
        load_keyring(tmp_path / "keys")


def test_a_key_that_takes_its_place_ends_the_reference(sealed_by: tuple[Path, Keyring]) -> None:
    folder, before = sealed_by
    key = SigningKey.generate()
    take_place(folder, Role.SEALER, key)
    again = load_keyring(folder)
    assert again.key(Role.SEALER).public == key.public
    assert again.earlier[Role.SEALER] == (before.key(Role.SEALER).public,)
    assert (folder / "sealer.1.kms").exists()
