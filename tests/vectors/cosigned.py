"""
Bundles with cosignatures (C2SP tlog-cosignature), good ones, and bad ones that differ from them in one thing.

    python tests/vectors/cosigned.py FOLDER      writes them all, and expected.json, for another implementation

Two good ones are frozen in `cosigned-0.1`, with the key of their witness. The keys protect nothing.
"""

import base64
import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from by_path import load

from evidence.bundle.layout import CHECKPOINT, CHECKPOINTS, COSIGNATURES
from evidence.log.keys import SigningKey
from evidence.log.note import Checkpoint, parse_pin, sign_checkpoint

HERE = Path(__file__).parent
NAME = "auditor.example/acme"
AT = int(datetime(2026, 7, 10, 12, tzinfo=UTC).timestamp())
"""When the witness looks: after the last night of the bundle."""

_ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of Ed25519's group (RFC 8032 §5.1)."""

ALIKE = ("witness 39050", "witness 60189")
"""Two keys whose hashes, four bytes with the name above, are the same."""


DEFECTS = load(HERE / "defects.py")


def key_of(who: str) -> SigningKey:
    """Return the key of a witness or a role."""
    found: SigningKey = DEFECTS.bags().key_of(who)
    return found


def later() -> Any:
    """Return a good bundle, to be cosigned: of a log of 29 to 42 leaves."""
    return DEFECTS.bags().Bag.read(DEFECTS.good("later"))


def at(size: int) -> Checkpoint:
    """Return what the log was at a size, as its pins say."""
    lines = (DEFECTS.GOOD / "pins.txt").read_bytes().splitlines()
    return next(pin for pin in map(parse_pin, lines) if pin.size == size)


@dataclass(slots=True)
class Cosigned:
    """A cosignature that is being made, each part of it a good one until it is changed."""

    bag: Any = field(default_factory=later)
    key: SigningKey = field(default_factory=lambda: key_of("witness"))
    name: str = NAME
    seen: Checkpoint = field(default_factory=lambda: at(42))
    time: int = AT
    kind: bytes = b"\4"
    prefix: str = "cosignature/v1\ntime {time}\n"
    """What is signed before the checkpoint's lines."""
    named: SigningKey | None = None
    """The key that the signature line names, if not the one that signs."""
    said: dict[str, Any] = field(default_factory=dict)
    """What of it is changed after it was signed."""
    size: int | None = None
    """Under which size it lies, if not under its own."""
    line: Callable[[bytes], bytes] = bytes
    text: Callable[[str], str] = str
    note: Callable[[bytes], bytes] = bytes
    file: Callable[[str], str] = str
    """What is done to the signature line's bytes, its base64, the note and the file's name."""

    def put(self) -> None:
        """Put it into the bundle."""
        body = self.prefix.format(time=self.time) + self.seen.body
        signature = self.key.sign(body.encode())
        seen, time = self.said.get("seen", self.seen), self.said.get("time", self.time)
        owner = (self.named or self.key).public.raw
        key_hash = hashlib.sha256(self.name.encode() + b"\n" + self.kind + owner).digest()[:4]
        line = self.text(base64.b64encode(self.line(key_hash + time.to_bytes(8, "big") + signature)).decode())
        when = min(time, 253402300799)
        name = self.file(f"{key_hash.hex()}-{datetime.fromtimestamp(when, UTC):%Y%m%dt%H%M%Sz}")
        note = f"{seen.body}\n\u2014 {self.name} {line}\n".encode("utf-8", "surrogateescape")
        self.bag.files[f"{COSIGNATURES}{self.size or seen.size:012d}/{name}"] = self.note(note)

    def check(self, size: int) -> None:
        """Put the sealer's checkpoint of a size beside it."""
        self.bag.files[f"{CHECKPOINTS}{size:012d}"] = sign_checkpoint(key_of("sealer"), at(size))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One bundle: which step fails for its cosignature, if one does, and what the last step says."""

    edit: Callable[[Cosigned], None]
    fails: str
    says: str
    witnesses: tuple[str, ...]
    """Whose keys the auditor has."""


CASES: dict[str, Case] = {}
Edit = Callable[[Cosigned], None]


def case(
    fails: str = "anchors", *, says: str = "", witnesses: tuple[str, ...] = ("witness",)
) -> Callable[[Edit], Edit]:
    """Register what is done to a good cosignature."""

    def registered(edit: Edit) -> Edit:
        CASES[edit.__name__] = Case(edit=edit, fails=fails, says=says, witnesses=witnesses)
        return edit

    return registered


def good(says: str = "", **more: Any) -> Callable[[Edit], Edit]:
    """Register one for which no step fails."""
    return case("", says=says, **more)


@good("the newest anchor binds the leaves up to 42: the cosignature by auditor.example/acme of 2026-07-10T12:00:00Z")
def good_over_the_newest_checkpoint(it: Cosigned) -> None: ...


@good("the newest 4 of 42 leaves: no anchor binds them")
def good_over_a_checkpoint_among_the_leaves(it: Cosigned) -> None:
    it.seen = at(38)
    it.check(38)


@good("the earliest anchor binds the leaves up to 29: the cosignature by auditor.example/acme of 2026-07-10T12:00:00Z")
def good_over_the_previous_checkpoint(it: Cosigned) -> None:
    it.seen = at(29)


@good("2 cosignatures, the newest over 42 leaves", witnesses=("witness", "owner"))
def good_by_two_witnesses(it: Cosigned) -> None:
    Cosigned(it.bag, key=key_of("owner"), name="owner.example").put()


@good("whose key was not given", witnesses=("owner",))
def good_by_two_of_whom_one_is_known(it: Cosigned) -> None:
    Cosigned(it.bag, key=key_of("owner"), name="owner.example").put()


@good("the earliest anchor binds the leaves up to 29: a pin")
def good_by_one_witness_three_times(it: Cosigned) -> None:
    Cosigned(it.bag, time=AT + 1).put()
    it.check(34)
    Cosigned(it.bag, seen=at(34), time=AT - 86_400).put()


@good("1 cosignatures, the newest over 42 leaves", witnesses=ALIKE)
def good_by_the_second_of_two_keys_of_one_hash(it: Cosigned) -> None:
    it.key = key_of(ALIKE[1])


@good("1 cosignatures, the newest over 42 leaves", witnesses=ALIKE)
def good_by_the_first_of_two_keys_of_one_hash(it: Cosigned) -> None:
    it.key = key_of(ALIKE[0])


@good("of 9999-12-31T23:59:59Z")
def good_in_the_last_second_there_is(it: Cosigned) -> None:
    it.time = 253402300799


@good("of 1970-01-01T00:00:01Z")
def good_in_the_first_second_there_is(it: Cosigned) -> None:
    it.time = 1


@good("the cosignature by <script>alert(1)</script><b>x</b> of")
def good_by_a_name_that_is_html(it: Cosigned) -> None:
    it.name = "<script>alert(1)</script><b>x</b>"


@good("the newest 13 of 42 leaves: no anchor binds them", witnesses=())
def witness_is_nobody_the_auditor_knows(it: Cosigned) -> None: ...


@good("cosigned by auditor.example/acme (", witnesses=("owner",))
def witness_is_another_than_the_known_one(it: Cosigned) -> None: ...


@good("whose key was not given", witnesses=("owner",))
def witness_is_the_sealer_himself(it: Cosigned) -> None:
    it.key = key_of("sealer")


@good("whose key was not given")
def witness_under_another_name_names_no_key(it: Cosigned) -> None:
    own = hashlib.sha256(f"{NAME}\n".encode() + b"\4" + it.key.public.raw).digest()[:4]
    it.name = "centre.example/acme"
    it.line = lambda line: own + line[4:]
    it.file = lambda name: own.hex() + name[8:]


@good("whose key was not given")
def kind_of_signature_is_not_known(it: Cosigned) -> None:
    it.kind = b"\6"


@good("whose key was not given")
def kind_of_signature_is_a_checkpoints(it: Cosigned) -> None:
    it.kind = b"\1"


@case()
def signature_by_another_key(it: Cosigned) -> None:
    it.key, it.named = key_of("stranger"), it.key


@case(witnesses=("witness", "owner"))
def signature_line_names_another_witness_key(it: Cosigned) -> None:
    it.named = key_of("owner")


@case(witnesses=ALIKE)
def signature_by_neither_of_two_keys_of_one_hash(it: Cosigned) -> None:
    it.named = key_of(ALIKE[0])


@case()
def signature_changed(it: Cosigned) -> None:
    it.line = lambda line: line[:-40] + bytes([line[-40] ^ 1]) + line[-39:]


@case()
def signature_written_with_another_scalar(it: Cosigned) -> None:
    def higher(line: bytes) -> bytes:
        scalar = int.from_bytes(line[-32:], "little") + _ORDER
        return line[:-32] + scalar.to_bytes(32, "little")

    it.line = higher


@case()
def signature_of_the_checkpoint_alone(it: Cosigned) -> None:
    it.prefix = ""


@case()
def signature_of_another_version(it: Cosigned) -> None:
    it.prefix = "cosignature/v2\ntime {time}\n"


@case()
def signature_over_a_time_written_otherwise(it: Cosigned) -> None:
    it.prefix = "cosignature/v1\ntime 0{time}\n"


@case()
def time_changed(it: Cosigned) -> None:
    it.said["time"] = AT - 86_400


@case()
def time_of_the_file_name_is_another(it: Cosigned) -> None:
    it.file = lambda name: name.replace("20260710", "20260709")


@case()
def key_hash_of_the_file_name_is_another(it: Cosigned) -> None:
    it.file = lambda name: f"0a1b2c3d{name[8:]}"


@case()
def time_is_none(it: Cosigned) -> None:
    it.time = 0


@case()
def time_is_after_the_year_9999(it: Cosigned) -> None:
    it.time = 253402300800


@case()
def time_is_as_large_as_can_be(it: Cosigned) -> None:
    it.time = 2**64 - 1


@case()
def checkpoint_of_another_log(it: Cosigned) -> None:
    it.seen = replace(it.seen, origin=it.seen.origin.replace("acme", "umbrella"))


@case()
def checkpoint_of_another_root(it: Cosigned) -> None:
    it.seen = replace(it.seen, root="ab" * 32)


@case()
def checkpoint_of_another_size(it: Cosigned) -> None:
    it.seen, it.size = replace(it.seen, size=41), 42


@case()
def checkpoint_lies_under_another_size(it: Cosigned) -> None:
    it.seen, it.size = at(38), 42


@case()
def checkpoint_of_more_leaves_than_the_log_has(it: Cosigned) -> None:
    it.seen = replace(it.seen, size=43)


@case()
def checkpoint_from_before_the_leaves(it: Cosigned) -> None:
    it.seen = at(20)


@case()
def checkpoint_root_changed_since(it: Cosigned) -> None:
    it.seen, it.said = replace(it.seen, root="ab" * 32), {"seen": it.seen}


@case()
def checkpoint_size_changed_since(it: Cosigned) -> None:
    it.seen, it.said = replace(it.seen, size=41), {"seen": it.seen}


@case()
def checkpoint_in_the_place_of_a_cosignature(it: Cosigned) -> None:
    it.note = lambda _: sign_checkpoint(key_of("sealer"), it.seen)


@case("signatures")
def checkpoint_that_was_cosigned_left_out(it: Cosigned) -> None:
    it.seen = at(38)


@case("signatures")
def checkpoint_that_was_cosigned_signed_by_the_witness(it: Cosigned) -> None:
    it.seen = at(38)
    it.bag.files[f"{CHECKPOINTS}{38:012d}"] = sign_checkpoint(it.key, at(38))


@case()
def note_cut_off(it: Cosigned) -> None:
    it.note = lambda note: note[:-1]


@case()
def note_without_its_signature(it: Cosigned) -> None:
    it.note = lambda note: note[: note.index(b"\n\n") + 2]


@case()
def note_is_empty(it: Cosigned) -> None:
    it.note = lambda _: b""


@case()
def note_with_an_extra_line(it: Cosigned) -> None:
    it.note = lambda note: note.replace(b"\n\n", b"\nextension\n\n")


@case()
def note_with_a_line_behind_it(it: Cosigned) -> None:
    it.note = lambda note: note + b"\n"


@case()
def note_with_its_signature_twice(it: Cosigned) -> None:
    it.note = lambda note: note + note[note.index("\u2014".encode()) :]


@case()
def note_signed_by_the_sealer_too(it: Cosigned) -> None:
    whole: bytes = it.bag.files[CHECKPOINT]
    it.note = lambda note: note + whole[whole.index("\u2014".encode()) :]


@case()
def note_with_other_line_ends(it: Cosigned) -> None:
    it.note = lambda note: note.replace(b"\n", b"\r\n")


@case()
def note_that_begins_with_a_byte_order_mark(it: Cosigned) -> None:
    it.note = lambda note: b"\xef\xbb\xbf" + note


@case()
def note_with_a_hyphen_for_the_dash(it: Cosigned) -> None:
    it.note = lambda note: note.replace("\u2014".encode(), b"-")


@case()
def note_with_a_size_that_begins_with_a_zero(it: Cosigned) -> None:
    it.note = lambda note: note.replace(b"\n42\n", b"\n042\n")


@case()
def note_of_more_bytes_than_are_read(it: Cosigned) -> None:
    it.note = lambda note: note + b"#" * 70_000


@case()
def line_one_byte_short(it: Cosigned) -> None:
    it.line = lambda line: line[:-1]


@case()
def line_one_byte_long(it: Cosigned) -> None:
    it.line = lambda line: line + b"\0"


@case()
def line_is_no_base64(it: Cosigned) -> None:
    it.text = lambda text: f"{text[:40]}!{text[41:]}"


@case()
def line_with_spare_bits_that_are_set(it: Cosigned) -> None:
    def set_(text: str) -> str:
        digits, plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", text.rstrip("=")
        return plain[:-1] + digits[digits.index(plain[-1]) + 1] + "=" * text.count("=")

    it.text = set_


@case()
def line_without_its_padding(it: Cosigned) -> None:
    it.text = lambda text: text.rstrip("=")


@case()
def name_with_a_plus(it: Cosigned) -> None:
    it.name = "auditor+acme"


@case()
def name_with_a_blank(it: Cosigned) -> None:
    it.name = "auditor acme"


@case()
def name_is_empty(it: Cosigned) -> None:
    it.name = ""


@case()
def name_that_turns_the_direction_of_text(it: Cosigned) -> None:
    it.name = "auditor\u202eemca"


@case()
def name_that_steers_a_terminal(it: Cosigned) -> None:
    it.name = "auditor\x1b[2J"


@case()
def name_with_a_nul(it: Cosigned) -> None:
    it.name = "auditor\0acme"


@case()
def name_with_a_blank_that_is_not_seen(it: Cosigned) -> None:
    it.name = "auditor\u00a0acme"


@case()
def name_of_letters_that_look_alike(it: Cosigned) -> None:
    it.name = NAME.replace("a", "\u0430")


@case()
def name_of_more_than_200_characters(it: Cosigned) -> None:
    it.name = "a" * 201


@case()
def name_that_is_no_utf_8(it: Cosigned) -> None:
    it.note = lambda note: note.replace(b"auditor", b"\xff\xfe\xfd")


@case("log")
def file_name_with_more_behind_it(it: Cosigned) -> None:
    it.file = "{}-1".format


@case("log")
def file_name_without_a_time(it: Cosigned) -> None:
    it.file = lambda name: name[:8]


def made(name: str) -> bytes:
    """Return a bundle, signed by the sealer as it is."""
    it = Cosigned()
    CASES[name].edit(it)
    it.put()
    it.bag.remake(key_of("sealer"))
    zipped: bytes = it.bag.zipped()
    return zipped


def main(folder: Path) -> None:
    """Write every bundle into `folder`, which must not exist, and what is expected of each."""
    folder.mkdir(parents=True)
    rows = []
    for name, one in CASES.items():
        (folder / f"{name}.zip").write_bytes(made(name))
        keys = [key_of(who).public.text for who in one.witnesses]
        rows.append({"bundle": f"{name}.zip", "fails": one.fails, "says": one.says, "witnesses": keys})
    (folder / "expected.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
