"""Keys and the folder they lie in."""

import base64
import copy
import os
import pickle
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from evidence.log import keyring as module
from evidence.log.keyring import Keyring, NoKeyError, RedactionKey, Role, create_keyring, load_keyring, load_public
from evidence.log.keys import KeyFileError, PublicKey, SignatureError, SigningKey


@pytest.fixture
def place(tmp_path: Path) -> Path:
    create_keyring(tmp_path / "keys")
    return tmp_path / "keys"


def test_a_new_keyring_has_every_role(place: Path) -> None:
    ring = load_keyring(place)
    assert set(ring.signing) == set(Role)
    assert len({key.public.id for key in ring.signing.values()}) == 6
    assert ring.spare is not None
    assert ring.spare.id not in {key.public.id for key in ring.signing.values()}
    assert ring.redaction_key().id == "k1"
    assert sorted(path.name for path in place.iterdir()) == sorted(
        [
            name + end
            for name in ("root", "planner", "collector", "assessor", "sealer", "owner", "spare")
            for end in ("", ".pub")
        ]
        + ["redaction-k1.key"]
    )


def test_only_the_owner_can_read_private_keys(place: Path) -> None:
    assert place.stat().st_mode & 0o777 == 0o700
    for path in place.iterdir():
        assert path.stat().st_mode & 0o777 == (0o644 & ~_umask() if path.suffix == ".pub" else 0o600)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def test_two_keyrings_share_nothing(tmp_path: Path) -> None:
    one, two = create_keyring(tmp_path / "one"), create_keyring(tmp_path / "two")
    assert one.key(Role.ROOT).public != two.key(Role.ROOT).public
    assert one.redaction_key().derive("tags") != two.redaction_key().derive("tags")


def test_keys_are_never_made_over_others(place: Path) -> None:
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    with pytest.raises(KeyFileError, match="keys cannot be made there"):
        create_keyring(place)
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    assert [path.name for path in place.parent.iterdir()] == ["keys"]


def test_a_place_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyFileError, match="keys cannot be made there"):
        create_keyring(tmp_path / "file" / "keys")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="no keys at") as caught:
        load_keyring(tmp_path / "keys")
    assert "init" in (caught.value.hint or "")


def test_a_process_may_hold_fewer_keys(place: Path) -> None:
    for name in ("root", "owner", "redaction-k1.key", "spare.pub"):
        (place / name).unlink()
    ring = load_keyring(place)
    assert set(ring.signing) == set(Role) - {Role.ROOT, Role.OWNER}
    assert ring.spare is None
    with pytest.raises(NoKeyError, match="no owner key"):
        ring.key(Role.OWNER)
    with pytest.raises(NoKeyError, match="no redaction key"):
        ring.redaction_key()


@pytest.mark.parametrize("name", ["sealer", "redaction-k1.key"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610, 0o602, 0o660])
def test_a_key_others_can_use_is_refused(place: Path, name: str, mode: int) -> None:
    (place / name).chmod(mode)
    with pytest.raises(KeyFileError, match=f"{name}: others than its owner") as caught:
        load_keyring(place)
    assert caught.value.hint == f"chmod 600 {place / name}"


def test_the_newest_redaction_key_is_the_one_used(place: Path) -> None:
    for number in (2, 10):
        path = place / f"redaction-k{number}.key"
        path.write_text(f"{number:064x}\n")
        path.chmod(0o600)
    (place / "redaction-k99.key.old").write_text("")
    assert load_keyring(place).redaction_key().id == "k10"


@pytest.mark.parametrize("content", [b"", b"00" * 31, b"00" * 33, b"xy" * 32, b"00" * 32 + b"\n\n", b"\xff" * 64])
def test_a_redaction_key_is_64_hex_digits(place: Path, content: bytes) -> None:
    (place / "redaction-k1.key").write_bytes(content)
    with pytest.raises(KeyFileError, match=r"redaction-k1\.key"):
        load_keyring(place)


def _file(key: object, protection: object) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, protection)  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not an OpenSSH private key"),
        (
            b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
            "not an OpenSSH private key",
        ),
        (_file(generate_private_key(SECP256R1()), NoEncryption()), "not an Ed25519 one"),
        (_file(Ed25519PrivateKey.generate(), BestAvailableEncryption(b"x")), "without passphrase"),
        (b"x" * 5000, "larger than any key file"),
    ],
)
def test_what_is_no_key_is_said_with_its_path(place: Path, content: bytes, said: str) -> None:
    (place / "sealer").write_bytes(content)
    with pytest.raises(KeyFileError, match=f"{place / 'sealer'}: .*{said}"):
        load_keyring(place)


def test_an_unreadable_file_is_said(place: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot be read"):
        load_public(place / "nothing.pub")


def test_a_public_key_is_one_line(place: Path) -> None:
    key = load_public(place / "root.pub")
    assert key == load_keyring(place).key(Role.ROOT).public
    assert PublicKey.parse(key.text) == key
    assert PublicKey.parse(f"{key.text}\n") == key


WRONG = base64.b64encode(b"\x00\x00\x00\x0bssh-ed25518\x00\x00\x00\x20" + bytes(32)).decode()


@pytest.mark.parametrize("text", ["", "ssh-rsa AAAA", "ssh-ed25519 AAAA", f"ssh-ed25519 {WRONG}", "x\ny"])
def test_what_is_no_public_key_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "k.pub").write_text(text)
    with pytest.raises(KeyFileError, match=r"k\.pub: "):
        load_public(tmp_path / "k.pub")


def test_two_lines_are_not_one_key(keyring: Keyring) -> None:
    text = keyring.key(Role.ROOT).public.text
    for wrong in (f"{text}\n{text}\n", f" {text}", f"{text} comment\n\n", text.replace("A", "=", 1)):
        with pytest.raises(KeyFileError):
            PublicKey.parse(wrong)
    with pytest.raises(KeyFileError, match="32 bytes"):
        PublicKey(b"x" * 31)


def test_a_signature_holds_for_its_bytes_and_key_alone(keyring: Keyring) -> None:
    key = keyring.key(Role.ROOT)
    signature = key.sign(b"x")
    key.public.verify(signature, b"x")
    for public, sig, data in (
        (key.public, signature, b"y"),
        (key.public, b"\x00" * 64, b"x"),
        (key.public, b"", b"x"),
        (keyring.key(Role.OWNER).public, signature, b"x"),
        (PublicKey(b"\xff" * 32), signature, b"x"),
    ):
        with pytest.raises(SignatureError):
            public.verify(sig, data)


def test_private_keys_do_not_slip_out(keyring: Keyring) -> None:
    for secret in (keyring.key(Role.ROOT), keyring.redaction_key()):
        assert repr(secret).startswith("<")
        for leak in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="not serialised"):
                leak(secret)
    assert repr(keyring.redaction_key()) == "<redaction key k1>"
    assert repr(keyring.key(Role.ROOT)) == f"<signing key {keyring.key(Role.ROOT).public.id}>"
    assert "_master" not in repr(keyring)


def test_each_use_has_its_own_redaction_key() -> None:
    key = RedactionKey(bytes(32), "k1")
    assert key.derive("tags") == key.derive("tags")
    assert len({key.derive("tags"), key.derive("accounts"), bytes(32)}) == 3
    assert key.derive("tags") != RedactionKey(b"\x01" * 32, "k1").derive("tags")
    with pytest.raises(KeyFileError, match="32 bytes"):
        RedactionKey(bytes(31), "k1")


def test_keys_of_one_seed_are_one_key() -> None:
    """RFC 8032 §7.1, test 1."""
    key = SigningKey.from_seed(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert key.public.raw.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")


def test_windows_keeps_no_modes(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "sealer").chmod(0o644)
    monkeypatch.setattr(module.os, "name", "nt")
    module._check_mode(place / "sealer")


@pytest.mark.real
def test_ssh_keygen_knows_our_keys(place: Path) -> None:
    ring = load_keyring(place)
    for role in Role:
        shown = subprocess.run(["ssh-keygen", "-lf", place / role], capture_output=True, text=True, check=True).stdout
        assert shown.split()[1] == ring.key(role).public.id
        made = subprocess.run(["ssh-keygen", "-yf", place / role], capture_output=True, text=True, check=True).stdout
        assert PublicKey.parse(" ".join(made.split()[:2])) == ring.key(role).public


@pytest.mark.real
def test_we_know_ssh_keygens_keys(place: Path, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a comment", "-f", tmp_path / "k"], check=True)
    (tmp_path / "k").replace(place / "sealer")
    assert load_keyring(place).key(Role.SEALER).public == load_public(tmp_path / "k.pub")


def test_raw_and_text_are_the_same_key(keyring: Keyring) -> None:
    public = keyring.key(Role.ROOT).public
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    theirs = Ed25519PublicKey.from_public_bytes(public.raw).public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    assert theirs.decode() == public.text
