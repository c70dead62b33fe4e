"""Checkpoints and pins."""

import base64
import hashlib

import pytest

from evidence.log.keyring import Keyring, Role
from evidence.log.keys import SignatureError
from evidence.log.note import Checkpoint, NoteError, check_origin, parse_pin, read_checkpoint, sign_checkpoint

ORIGIN = "plantproof.example/acme/81d1245bc5d5caec"
ROOT = "8449491c99312911cd2e3494eb315d32eb764102d90aacd6f860b9e00267a6f7"
HERE = Checkpoint(origin=ORIGIN, size=17, root=ROOT)
BASE64 = base64.b64encode(bytes.fromhex(ROOT)).decode()


@pytest.fixture
def note(keyring: Keyring) -> bytes:
    return sign_checkpoint(keyring.key(Role.SEALER), HERE)


def test_a_checkpoint_is_a_signed_note(keyring: Keyring, note: bytes) -> None:
    key = keyring.key(Role.SEALER).public
    lines = note.decode().split("\n")
    assert lines[:4] == [ORIGIN, "17", BASE64, ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5:] == [""]
    signature = base64.b64decode(lines[4].split(" ")[2])
    assert signature[:4] == hashlib.sha256(ORIGIN.encode() + b"\n\x01" + key.raw).digest()[:4]
    key.verify(signature[4:], f"{ORIGIN}\n17\n{BASE64}\n".encode())


def test_what_was_signed_is_read_back(keyring: Keyring, note: bytes) -> None:
    signed = read_checkpoint(note)
    assert signed.checkpoint == HERE
    assert signed.matches(keyring.key(Role.SEALER).public)
    assert signed.verify(keyring.key(Role.SEALER).public) == HERE


def test_another_key_neither_matches_nor_verifies(keyring: Keyring, note: bytes) -> None:
    other = keyring.key(Role.COLLECTOR).public
    assert not read_checkpoint(note).matches(other)
    with pytest.raises(SignatureError):
        read_checkpoint(note).verify(other)


def test_every_changed_byte_is_noticed(keyring: Keyring, note: bytes) -> None:
    key = keyring.key(Role.SEALER).public
    for at in range(len(note)):
        changed = bytearray(note)
        changed[at] ^= 1
        with pytest.raises((NoteError, SignatureError)):  # noqa: PT012
            signed = read_checkpoint(bytes(changed))
            if not signed.matches(key):
                raise SignatureError("another key")
            signed.verify(key)


def test_a_note_with_anything_else_in_it_is_not_read(note: bytes) -> None:
    text = note.decode()
    line = text.splitlines()[-1]
    for wrong in (
        "",
        text[:-1],
        text + "\n",
        text + line + "\n",
        text.replace("\n\n", "\n"),
        text.replace("\n17\n", "\n017\n"),
        text.replace("17\n", "17\nextra\n"),
        text.replace("— ", "- "),
        text.replace(f"— {ORIGIN}", "— other.example/a/0123456789abcdef"),
        text.replace("\n", "\r\n"),
        text.replace("\n17\n", "\n-1\n"),
        text.replace("\n17\n", "\n1000000000000\n"),
        text.replace(BASE64, BASE64[:-1]),
        text.replace(BASE64, base64.b64encode(b"short").decode()),
        text[:-6] + "\n",
    ):
        with pytest.raises(NoteError):
            read_checkpoint(wrong.encode())
    with pytest.raises(NoteError, match="UTF-8"):
        read_checkpoint(b"\xff" + note)
    with pytest.raises(NoteError, match="at most"):
        read_checkpoint(note + b" " * 70_000)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "a",
        "a/b",
        "a/b/c",
        "a/b/0123456789ABCDEF",
        "A/b/0123456789abcdef",
        "a b/c/0123456789abcdef",
        "a/b/0123456789abcdef/d",
        "a/b/0123456789abcdef\n",
    ],
)
def test_an_origin_has_three_parts(origin: str) -> None:
    with pytest.raises(NoteError, match="expected an origin"):
        check_origin(origin)
    with pytest.raises(NoteError):
        Checkpoint(origin=origin, size=0, root=ROOT)


@pytest.mark.parametrize(
    ("size", "root"), [(-1, ROOT), (10**12, ROOT), (1, ROOT[:-1]), (1, ROOT.upper()), (1, ROOT + "0")]
)
def test_a_checkpoint_is_whole_or_not_at_all(size: int, root: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint(origin=ORIGIN, size=size, root=root)


def test_a_pin_is_one_line() -> None:
    assert HERE.pin == f"{ORIGIN} 17 {ROOT}"


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN} 17 {ROOT}",
        f"  {ORIGIN} 17 {ROOT}\n",
        f"{ORIGIN} 17 sha256:{ROOT}",
        f"{ORIGIN} 17 {BASE64}",
        f'{{"origin":"{ORIGIN}","root":"{ROOT}","size":17}}',
        f'{{ "origin": "{ORIGIN}",\n "root": "{BASE64}", "size": 17 }}\n',
    ],
)
def test_a_pin_is_read_as_people_keep_it(text: str) -> None:
    assert parse_pin(text.encode()) == HERE


def test_json_may_be_written_any_way() -> None:
    assert parse_pin(f'{{"size": 17,"root":"{ROOT}" , "origin":"{ORIGIN}"}}'.encode()) == HERE
    with pytest.raises(NoteError, match=r"expected a pin .*: pin: without origin, root"):
        parse_pin(b'{"size": 17}')
    with pytest.raises(NoteError, match="expected a pin"):
        parse_pin(b'{"size":' + b"[" * 60_000)


def test_what_is_wrong_with_a_pin_is_said() -> None:
    with pytest.raises(NoteError, match="expected a pin `origin size root`, found 'x'"):
        parse_pin(b"x")
    with pytest.raises(NoteError, match="expected a root, found 'xyz'"):
        parse_pin(f"{ORIGIN} 17 xyz".encode())
    with pytest.raises(NoteError, match="expected a pin"):
        parse_pin(b"\xff")


def test_a_pin_of_the_largest_size_is_read() -> None:
    line = f"{ORIGIN} 17 {ROOT}".encode()
    assert parse_pin(line + b" " * (64 * 1024 - len(line))) == HERE


def test_a_checkpoint_file_is_a_pin(note: bytes) -> None:
    assert parse_pin(note) == HERE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        f"{ORIGIN} 17",
        f"{ORIGIN} 017 {ROOT}",
        f"{ORIGIN} 17 {ROOT} more",
        f"{ORIGIN} 17 xyz",
        f"{ORIGIN} -1 {ROOT}",
        "{}",
        '{"origin":1,"root":"","size":2}',
        "{",
        f"{ORIGIN}  17 {ROOT}",
        f'{{"origin":"{ORIGIN}","root":"x","size":17}}',
        "a\n\nb",
    ],
)
def test_what_is_no_pin_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_pin(text.encode())


def test_a_pin_is_bounded() -> None:
    with pytest.raises(NoteError, match="at most"):
        parse_pin(b" " * 70_000)
