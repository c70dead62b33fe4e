"""
Bad bundles, each named by its defect: a good one with one thing changed, and manifests, log and signatures made anew as
far as whoever did it holds the keys. Each says which step notices it first.

    python tests/vectors/defects.py FOLDER      writes them all, and expected.json, for another implementation
"""

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from by_path import load
from rebuilt import rebuild

from evidence.bundle.bag import load_info
from evidence.bundle.layout import (
    BAG_INFO,
    BAGIT,
    CHECKPOINT,
    EARLIER,
    EVIDENCE,
    FRONTIER,
    GAPS,
    LEAVES,
    MANIFEST,
    PREVIOUS,
    SIGNATURE,
    STATEMENTS,
    TAGMANIFEST,
)
from evidence.bundle.sshsig import sign
from evidence.log.note import read_checkpoint, sign_checkpoint
from evidence.model.names import digest_of

GOOD = Path(__file__).parent / "bundle-0.1"
ERASED = GOOD.with_name("bundle-0.1-erased")
"""Of another log, in which an answer was erased."""
PERSONAL = GOOD.with_name("bundle-0.1-personal")
"""Of a third, in which answers that name people have a salt."""
_WHOLE = frozenset({"whole", "one_control", "erased", "personal", "personal_erased"})
"""Good bundles that begin with the log."""
Edit = Callable[[Any], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One bad bundle."""

    name: str
    base: str
    """The good bundle it is made of."""
    fails: str
    """The first step that notices it; none: nothing fails, and `says` is the step that says what was not checked."""
    make: Callable[[], bytes]
    by: str
    """Who can do it: `anybody`, or whose keys it takes."""
    says: str = ""
    root: str | None = None
    """The root key that is trusted instead of the owner's."""
    pins: tuple[str, ...] = field(default_factory=tuple)


DEFECTS: dict[str, Defect] = {}


def bags() -> ModuleType:
    """Return the module that makes bags."""
    return load(Path(__file__).with_name("bags.py"))


def good(base: str) -> bytes:
    """Return a good bundle."""
    return (_folder(base) / f"{base}.zip").read_bytes()


def _folder(base: str) -> Path:
    return {"erased": ERASED, "personal": PERSONAL, "personal_erased": PERSONAL}.get(base, GOOD)


def pins_of(base: str) -> tuple[str, ...]:
    """Return the pin an auditor holds: of the size a bundle begins with, or of the plan where it begins with none."""
    before = "7" if base in _WHOLE else "29"
    lines = (_folder(base) / "pins.txt").read_text().splitlines()
    return tuple(line for line in lines if line.split(" ")[1] == before)


def defect(
    fails: str,
    by: str = "sealer",
    *,
    base: str = "later",
    says: str = "",
    root: str | None = None,
    every_pin: bool = False,
) -> Callable[[Edit], Edit]:
    """
    Register an edit of a bag.

    Whoever holds no key leaves manifests and signature as they were; `manifests` makes the manifests anew without a
    key; every other name stands for keys of which one is the sealer's.
    """

    def registered(edit: Edit) -> Edit:
        def make() -> bytes:
            bag = bags().Bag.read(good(base))
            edit(bag)
            if by != "anybody":
                bag.remake(None if by == "manifests" else bags().key_of("sealer"))
            data: bytes = bag.zipped()
            return data

        pins = tuple((_folder(base) / "pins.txt").read_text().splitlines()) if every_pin else pins_of(base)
        add(edit.__name__, base, fails, make, by, says=says, root=root, pins=pins)
        return edit

    return registered


def add(name: str, base: str, fails: str, make: Callable[[], bytes], by: str, **said: Any) -> None:
    """Register a bad bundle."""
    assert name not in DEFECTS
    DEFECTS[name] = Defect(name=name, base=base, fails=fails, make=make, by=by, **({"pins": pins_of(base)} | said))


def newest(bag: Any) -> str:
    """Return the path of the part that nothing in the log refers to."""
    parts = [(path, bag.statement(path)["predicate"]) for path in bag.of_kind("part")]
    slot = max(says["slot"] for _, says in parts)
    return next(path for path, says in parts if says["slot"] == slot and says["last"])


def restated(
    fails: str, by: str = "collector and sealer", *, kind: str = "part", base: str = "later"
) -> Callable[[Edit], Edit]:
    """Register an edit of a statement, signed again by the key of its role and logged in the place of the other."""

    def registered(edit: Edit) -> Edit:
        def on_bag(bag: Any) -> None:
            bag.restate(newest(bag) if kind == "part" else bag.of_kind(kind)[-1], edit)

        on_bag.__name__ = edit.__name__
        defect(fails, by, base=base)(on_bag)
        return edit

    return registered


def resealed(fails: str, by: str = "sealer") -> Callable[[Edit], Edit]:
    """Register an edit of an envelope that is logged in the place of the other."""

    def registered(edit: Edit) -> Edit:
        def on_bag(bag: Any) -> None:
            bag.reseal(newest(bag), edit)

        on_bag.__name__ = edit.__name__
        defect(fails, by)(on_bag)
        return edit

    return registered


def worded(name: str, edit: Callable[[bytes], bytes]) -> None:
    """Register another way to write a part's payload, signed by the collector."""

    def on_bag(bag: Any) -> None:
        path = newest(bag)
        payload = edit(bags().written(bag.statement(path)))
        bag.replace(path, bags().written(bags().envelope(payload, bags().key_of("collector"))))

    on_bag.__name__ = name
    defect("statements", "collector and sealer")(on_bag)


def answer(bag: Any, asset: str = "sw-01") -> str:
    """Return the path of an answer."""
    found: str = next(path for path in sorted(bag.files) if path.startswith(f"{EVIDENCE}{asset}/"))
    return found


# The bag: what a manifest and a signature are for.


@defect("bag", "anybody")
def bundle_extra_file(bag: Any) -> None:
    bag.files[f"{EVIDENCE}sw-01/extra.txt"] = b"planted\n"


@defect("bag", "anybody")
def bundle_missing_file(bag: Any) -> None:
    del bag.files["data/report.html"]


@defect("bag", "anybody")
def bundle_changed_file(bag: Any) -> None:
    bag.files["data/report.html"] += b" "


@defect("bag", "anybody")
def bundle_renamed_file(bag: Any) -> None:
    bag.files["data/other.html"] = bag.files.pop("data/report.html")


@defect("bag", "anybody")
def bundle_file_outside_data(bag: Any) -> None:
    bag.files["readme.txt"] = b"read me first\n"


@defect("bag", "anybody")
def evidence_forged_once_signature_and_digest_were_deleted(bag: Any) -> None:
    path = answer(bag)
    bag.files[path] = b"hostname forged\n"
    lines = bag.files[MANIFEST].splitlines(keepends=True)
    bag.files[MANIFEST] = b"".join(line for line in lines if path.encode() not in line)
    bag.tag(None)
    del bag.files[SIGNATURE]


@defect("bag", "sealer")
def bundle_other_declaration(bag: Any) -> None:
    bag.files[BAGIT] = bag.files[BAGIT].replace(b"1.0", b"0.97")


def signed_tags(name: str, edit: Edit) -> None:
    """Register an edit of the tag files that the sealer signed."""

    def make() -> bytes:
        bag = bags().Bag.read(good("later"))
        bag.remake(None)
        edit(bag)
        bag.files[SIGNATURE] = sign(bags().key_of("sealer"), bag.files[TAGMANIFEST], namespace="plantproof")
        data: bytes = bag.zipped()
        return data

    add(name, "later", "bag", make, "sealer")


def _info(old: bytes, new: bytes) -> Edit:
    def edit(bag: Any) -> None:
        assert old in bag.files[BAG_INFO]
        bag.files[BAG_INFO] = bag.files[BAG_INFO].replace(old, new)
        bag.tag(None)

    return edit


def _less(bag: Any) -> None:
    bag.files[TAGMANIFEST] = b"".join(bag.files[TAGMANIFEST].splitlines(keepends=True)[1:])


signed_tags("bundle_other_size_than_it_says", _info(b"Payload-Oxum: ", b"Payload-Oxum: 1"))
signed_tags("bundle_tag_manifest_lists_less", _less)


def _manifest(edit: Callable[[list[bytes]], Iterable[bytes]]) -> Edit:
    def on_bag(bag: Any) -> None:
        bag.files[MANIFEST] = b"".join(edit(bag.files[MANIFEST].splitlines(keepends=True)))
        bag.tag(None)

    return on_bag


# Where a manifest cannot be read, nothing that rests on it passes either.
for _name, _edit in {
    "bundle_manifest_out_of_order": lambda lines: reversed(lines),
    "bundle_manifest_names_a_file_twice": lambda lines: [lines[0], *lines],
    "bundle_manifest_in_capitals": lambda lines: [lines[0].upper(), *lines[1:]],
}.items():
    signed_tags(_name, _manifest(_edit))


# The log.


@defect("log", "sealer")
def leaf_left_out(bag: Any) -> None:
    bag.files[LEAVES] = b"".join(bag.files[LEAVES].splitlines(keepends=True)[:-1])


@defect("log", "sealer")
def leaf_put_in(bag: Any) -> None:
    bag.files[LEAVES] += b'{"kind":"part","statement":"sha256:%s"}\n' % (b"0" * 64)


@defect("log", "sealer")
def leaves_swapped(bag: Any) -> None:
    one, other, *rest = bag.files[LEAVES].splitlines(keepends=True)
    bag.files[LEAVES] = b"".join([other, one, *rest])


@defect("log", "sealer")
def leaf_twice(bag: Any) -> None:
    bag.relog([*bag.leaves, bag.leaves[-1]])


@defect("log", "sealer")
def leaf_written_otherwise(bag: Any) -> None:
    bag.relog([bag.leaves[0].replace(b'":"', b'": "'), *bag.leaves[1:]])


@defect("log", "sealer")
def frontier_wrong(bag: Any) -> None:
    lines = bag.files[FRONTIER].splitlines(keepends=True)
    bag.files[FRONTIER] = b"".join([b"%064x\n" % 1, *lines[1:]])


@defect("log", "sealer")
def frontier_too_short(bag: Any) -> None:
    bag.files[FRONTIER] = b"".join(bag.files[FRONTIER].splitlines(keepends=True)[1:])


@defect("log", "sealer")
def frontier_in_capitals(bag: Any) -> None:
    bag.files[FRONTIER] = bag.files[FRONTIER].upper()


@defect("log", "sealer")
def checkpoint_rolled_back(bag: Any) -> None:
    bag.files[CHECKPOINT] = bag.files[PREVIOUS]


@defect("log", "sealer")
def checkpoint_of_another_log(bag: Any) -> None:
    bag.files[CHECKPOINT] = bag.files[CHECKPOINT].replace(b"/acme/", b"/other/")


@defect("log", "sealer")
def checkpoint_with_two_signatures(bag: Any) -> None:
    bag.files[CHECKPOINT] += bag.files[CHECKPOINT].splitlines(keepends=True)[-1]


@defect("log", "sealer")
def checkpoint_with_a_carriage_return(bag: Any) -> None:
    origin, size, root, *rest = bag.files[CHECKPOINT].split(b"\n")
    bag.files[CHECKPOINT] = b"\n".join([origin, size, root[:9] + b"\r" + root[9:], *rest])


@defect("log", "sealer")
def checkpoint_size_written_otherwise(bag: Any) -> None:
    bag.files[CHECKPOINT] = bag.files[CHECKPOINT].replace(b"\n42\n", b"\n042\n")


@defect("log", "sealer")
def leaves_other_than_the_description_says(bag: Any) -> None:
    bag.info("Plantproof-Log", "29 41")


def _earlier(edit: Callable[[list[dict[str, Any]]], None]) -> Edit:
    def on_bag(bag: Any) -> None:
        rows = json.loads(bag.files[EARLIER])
        edit(rows)
        bag.files[EARLIER] = bags().written(rows)

    return on_bag


def _swap_places(rows: list[dict[str, Any]]) -> None:
    rows[1]["index"], rows[2]["index"] = rows[2]["index"], rows[1]["index"]
    rows[1:3] = rows[2], rows[1]


def _other_hash(rows: list[dict[str, Any]]) -> None:
    rows[-1]["path"][0] = "0" * 64


def _more_path(rows: list[dict[str, Any]]) -> None:
    rows[-1]["path"].append("0" * 64)


def _out_of_order(rows: list[dict[str, Any]]) -> None:
    rows.reverse()


for _name, _rows in {
    "earlier_statement_moved": _swap_places,
    "earlier_path_wrong": _other_hash,
    "earlier_path_too_long": _more_path,
    "earlier_out_of_order": _out_of_order,
}.items():
    _step = _earlier(_rows)
    _step.__name__ = _name
    defect("log", "sealer")(_step)


# Whose log it is, and who signed.


@defect("genesis", "sealer")
def genesis_missing(bag: Any) -> None:
    del bag.files[bag.of_kind("genesis")[0]]


@defect("genesis", "sealer")
def genesis_twice(bag: Any) -> None:
    bag.files[f"{STATEMENTS}genesis/{'0' * 64}.dsse.json"] = bag.files[bag.of_kind("genesis")[0]]


@defect("genesis", "root", root="stranger")
def root_key_is_not_the_trusted_one(bag: Any) -> None:
    assert bag.files


@defect("genesis", "root and sealer", base="whole")
def genesis_makes_another_log(bag: Any) -> None:
    bag.restate(bag.of_kind("genesis")[0], lambda statement: statement["predicate"].update(owner="other"))


def logged(bag: Any, kind: str, statement: dict[str, Any], key: Any) -> None:
    """Log one more statement."""
    data = bags().written(bags().envelope(bags().written(statement), key))
    digest = digest_of(data)
    bag.files[f"{STATEMENTS}{kind}/{digest.removeprefix('sha256:')}.dsse.json"] = data
    bag.relog([*bag.leaves, f'{{"kind":"{kind}","statement":"{digest}"}}'.encode()])


def stranger_as(bag: Any, role: str) -> dict[str, Any]:
    """Return a statement that introduces a stranger's key."""
    statement: dict[str, Any] = bag.statement(bag.of_kind("key")[0])
    key = bags().key_of("stranger").public
    statement["predicate"].update(role=role, verify_key=key.text)
    statement["subject"] = [{"name": "key", "digest": {"sha256": digest_of(key.raw).removeprefix("sha256:")}}]
    return statement


@defect("keys", "sealer")
def key_introduced_by_the_sealer(bag: Any) -> None:
    logged(bag, "key", stranger_as(bag, "assessor"), bags().key_of("sealer"))


@defect("keys", "root and sealer")
def key_introduced_for_another_log(bag: Any) -> None:
    statement = stranger_as(bag, "assessor")
    statement["predicate"]["log"] = f"plantproof.example/acme/{'0' * 16}"
    logged(bag, "key", statement, bags().key_of("root"))


@defect("keys", "root and sealer")
def key_statement_about_another_key(bag: Any) -> None:
    statement = stranger_as(bag, "assessor")
    statement["subject"][0]["digest"]["sha256"] = "0" * 64
    logged(bag, "key", statement, bags().key_of("root"))


@defect("keys", "root and sealer")
def key_introduced_as_a_second_root(bag: Any) -> None:
    logged(bag, "key", stranger_as(bag, "root"), bags().key_of("root"))


def ended(bag: Any, act: str, role: str, by: str = "root", **said: Any) -> None:
    """Log that a stranger's key may no longer sign in a role."""
    statement = stranger_as(bag, role)
    statement["predicate"].update(act=act, **said)
    logged(bag, "key", statement, bags().key_of(by))


def stranger_says(bag: Any, *, log: bool = True) -> str:
    """Log an exception by a stranger, or only put it there; return its digest."""
    statement = bag.statement(bag.of_kind("exception")[0])
    statement["predicate"]["at"] = "2026-07-09T02:03:00Z"
    data = bags().written(bags().envelope(bags().written(statement), bags().key_of("stranger")))
    if log:
        logged(bag, "exception", statement, bags().key_of("stranger"))
    digest: str = digest_of(data)
    return digest


def granted(bag: Any, role: str = "owner") -> None:
    """Log that a stranger's key may sign in a role."""
    logged(bag, "key", stranger_as(bag, role), bags().key_of("root"))


@defect("statements", "a retired key and sealer")
def exception_signed_by_a_retired_key(bag: Any) -> None:
    granted(bag)
    ended(bag, "retire", "owner")
    stranger_says(bag)


@defect("statements", "a revoked key and sealer")
def exception_signed_by_a_revoked_key(bag: Any) -> None:
    granted(bag)
    ended(bag, "revoke", "owner", distrust_from=0, reason="it was stolen")
    stranger_says(bag)


@defect("keys", "root and sealer")
def key_begun_again_that_had_ended(bag: Any) -> None:
    granted(bag)
    ended(bag, "retire", "owner")
    statement = stranger_as(bag, "owner")
    statement["predicate"]["at"] = "2026-07-09T02:04:00Z"
    logged(bag, "key", statement, bags().key_of("root"))


@defect("keys", "root and sealer")
def key_ended_that_never_began(bag: Any) -> None:
    ended(bag, "retire", "owner")


@defect("keys", "sealer")
def key_ended_by_the_sealer(bag: Any) -> None:
    granted(bag)
    ended(bag, "retire", "owner", "sealer")


@defect("keys", "root and sealer")
def root_revoked_by_itself(bag: Any) -> None:
    statement = stranger_as(bag, "root")
    key = bags().key_of("root").public
    statement["predicate"].update(verify_key=key.text, act="revoke", distrust_from=50, reason="x")
    statement["subject"][0]["digest"]["sha256"] = digest_of(key.raw).removeprefix("sha256:")
    logged(bag, "key", statement, bags().key_of("root"))


@defect("keys", "sealer")
def end_of_a_key_withheld(bag: Any) -> None:
    granted(bag)
    ended(bag, "retire", "owner")
    del bag.files[bag.of_kind("key")[-1]]
    bag.info("Plantproof-Withheld", "1")


@defect("signatures", "a revoked sealer")
def checkpoint_signed_by_a_revoked_sealer(bag: Any) -> None:
    granted(bag, "sealer")
    ended(bag, "revoke", "sealer", distrust_from=0, reason="it was stolen")
    bag.relog(bag.leaves, bags().key_of("stranger"))


@defect("log", "sealer")
def time_stamp_where_none_lies(bag: Any) -> None:
    bag.files["data/log/tsr/42/token.tsr"] = b"x"


@defect("signatures", "sealer")
def checkpoint_between_that_is_another(bag: Any) -> None:
    bag.files["data/log/checkpoints/000000000034"] = bag.files[CHECKPOINT]


def signature_by(
    name: str, role: str, edit: Callable[[bytes], bytes] = lambda data: data, *, namespace: str = "plantproof"
) -> None:
    """Register a bundle with another signature."""

    def make() -> bytes:
        bag = bags().Bag.read(good("later"))
        bag.files[SIGNATURE] = edit(sign(bags().key_of(role), bag.files[TAGMANIFEST], namespace=namespace))
        data: bytes = bag.zipped()
        return data

    add(name, "later", "signatures", make, "anybody" if role == "stranger" else role)


signature_by("signature_from_other_key", "stranger")
signature_by("signature_from_the_collector", "collector")
signature_by("signature_from_the_root", "root")
signature_by("signature_for_another_namespace", "sealer", namespace="file")
signature_by("signature_in_other_lines", "sealer", lambda data: data.replace(b"\n", b"\r\n"))
signature_by("signature_with_a_bit_changed", "sealer", lambda data: data.replace(b"A", b"B", 1))


@defect("signatures", "manifests")
def bundle_changed_and_its_manifests_made_anew(bag: Any) -> None:
    bag.files["data/report.html"] += b" "


@defect("signatures", "anybody")
def signature_missing(bag: Any) -> None:
    del bag.files[SIGNATURE]


@defect("signatures", "collector and sealer")
def checkpoint_signed_by_the_collector(bag: Any) -> None:
    note = read_checkpoint(bag.files[CHECKPOINT]).checkpoint
    bag.files[CHECKPOINT] = sign_checkpoint(bags().key_of("collector"), note)


@defect("signatures", "stranger and sealer")
def earlier_checkpoint_signed_by_a_stranger(bag: Any) -> None:
    note = read_checkpoint(bag.files[PREVIOUS]).checkpoint
    bag.files[PREVIOUS] = sign_checkpoint(bags().key_of("stranger"), note)


# Statements.


@defect("statements", "planner and sealer")
def statement_signed_by_wrong_role(bag: Any) -> None:
    bag.restate(newest(bag), lambda statement: None, bags().key_of("planner"))


@defect("statements", "sealer")
def statement_signed_by_a_stranger(bag: Any) -> None:
    bag.restate(newest(bag), lambda statement: None, bags().key_of("stranger"))


@defect("statements", "sealer")
def exception_signed_by_the_sealer(bag: Any) -> None:
    statement = bag.statement(bag.of_kind("exception")[0])
    logged(bag, "exception", statement, bags().key_of("sealer"))


@defect("statements", "collector and sealer")
def excuse_signed_by_the_collector(bag: Any) -> None:
    statement = bag.statement(newest(bag))
    statement["subject"] = statement["subject"][:1]
    log = statement["predicate"]["log"]
    statement["predicateType"] = "urn:plantproof:missed:v1"
    statement["predicate"] = {
        "log": log, "slot": "nightly-20260709T0200Z", "reason": "x", "at": "2026-07-09T02:00:00Z", "assets": [],
    }  # fmt: skip
    logged(bag, "missed", statement, bags().key_of("collector"))


@restated("statements")
def part_replayed_from_other_log(statement: dict[str, Any]) -> None:
    statement["predicate"]["log"] = f"plantproof.example/other/{'0' * 16}"


@defect("statements", "sealer")
def statement_swapped_for_another(bag: Any) -> None:
    one, other = bag.of_kind("part")[-2:]
    bag.files[one] = bag.files[other]


@defect("statements", "sealer")
def statement_not_in_the_log(bag: Any) -> None:
    bag.files[f"{STATEMENTS}key/{'0' * 64}.dsse.json"] = bag.files[bag.of_kind("key")[0]]


@defect("statements", "sealer")
def statement_left_out_in_silence(bag: Any) -> None:
    del bag.files[bag.of_kind("export")[-1]]


@defect("statements", "sealer")
def statement_logged_as_another_kind(bag: Any) -> None:
    path = newest(bag)
    bag.replace(path, bag.files[path], "missed")


@defect("statements", "sealer")
def capture_ttl_raised(bag: Any) -> None:
    _unsigned(bag, b'"ttl_s":86400', b'"ttl_s":99999')


@defect("statements", "sealer")
def capture_redated(bag: Any) -> None:
    _unsigned(bag, b'"at":"2026-07-09T', b'"at":"2026-07-19T')


@defect("statements", "sealer")
def outcome_made_good(bag: Any) -> None:
    _unsigned(bag, b'"label":"1/1"', b'"label":"2/2"')


def _unsigned(bag: Any, old: bytes, new: bytes) -> None:
    """Change what a part says, and keep its signature."""
    import base64

    path = newest(bag)
    value = json.loads(bag.files[path])
    payload = base64.b64decode(value["payload"])
    assert old in payload
    value["payload"] = base64.b64encode(payload.replace(old, new)).decode()
    bag.replace(path, bags().written(value))


@resealed("statements", "collector and sealer")
def dsse_two_signatures(envelope: dict[str, Any]) -> None:
    envelope["signatures"] *= 2


@resealed("statements")
def dsse_no_signature(envelope: dict[str, Any]) -> None:
    envelope["signatures"] = []


@resealed("statements")
def dsse_other_payload_type(envelope: dict[str, Any]) -> None:
    envelope["payloadType"] = "application/json"


@resealed("statements")
def dsse_more_than_it_holds(envelope: dict[str, Any]) -> None:
    envelope["note"] = "read me"


@resealed("statements")
def dsse_signature_written_otherwise(envelope: dict[str, Any]) -> None:
    signature = envelope["signatures"][0]
    assert signature["sig"].endswith("==")
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    signature["sig"] = signature["sig"][:-3] + digits[digits.index(signature["sig"][-3]) ^ 1] + "=="


@resealed("statements")
def dsse_base64_without_padding(envelope: dict[str, Any]) -> None:
    envelope["signatures"][0]["sig"] = envelope["signatures"][0]["sig"].rstrip("=")


def salted(edit: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    """Register an edit of a part and of the capture in it that has a salt, signed by the collector."""

    def on_statement(statement: dict[str, Any]) -> None:
        part = statement["predicate"]
        edit(part, next(row for row in part["captures"] if "salt" in row))
        pairs = {(f"{row['asset']}/{row['question']}", row["blob"][7:]): None for row in part["captures"]}
        answers = [{"name": name, "digest": {"sha256": digest}} for name, digest in pairs]
        statement["subject"] = [statement["subject"][0], *answers]

    on_statement.__name__ = edit.__name__
    restated("statements", base="personal")(on_statement)


@salted
def salt_of_a_technical_answer(_: dict[str, Any], row: dict[str, Any]) -> None:
    row["class"] = "technical"


@salted
def salt_of_another_length(_: dict[str, Any], row: dict[str, Any]) -> None:
    row["salt"] = 8


@salted
def salt_of_no_length(_: dict[str, Any], row: dict[str, Any]) -> None:
    row["salt"] = 0


@salted
def salt_longer_than_its_answer(_: dict[str, Any], row: dict[str, Any]) -> None:
    row["bytes"] = 15


@salted
def salt_beside_values_among_others(part: dict[str, Any], row: dict[str, Any]) -> None:
    row["volatile"] = {"blob": part["packed"][0]["blob"], "offset": 0, "length": 1}


@salted
def personal_answer_shared_with_a_technical_one(part: dict[str, Any], row: dict[str, Any]) -> None:
    part["captures"][0].update(blob=row["blob"], bytes=row["bytes"])


@salted
def personal_answer_given_twice(part: dict[str, Any], row: dict[str, Any]) -> None:
    part["captures"].append({**row, "at": row["at"].replace(":00Z", ":01Z")})


@salted
def personal_answer_that_is_the_list_of_assets(part: dict[str, Any], row: dict[str, Any]) -> None:
    part.update(assets=row["blob"], assets_bytes=row["bytes"])


@salted
def personal_answer_among_packed_values(part: dict[str, Any], row: dict[str, Any]) -> None:
    part["packed"] = sorted(
        [*part["packed"], {"blob": row["blob"], "bytes": row["bytes"]}], key=lambda one: one["blob"]
    )


@defect("artefacts", "sealer", base="personal_erased")
def personal_answer_handed_out_after_its_erasure(bag: Any) -> None:
    before = bags().Bag.read(good("personal"))
    path = next(
        path for path in before.files if path.startswith(EVIDENCE) and path not in bag.files and "accounts" in path
    )
    bag.files[path] = before.files[path]


@defect("artefacts", "sealer", base="personal")
def personal_answer_without_its_salt(bag: Any) -> None:
    path = next(path for path in sorted(bag.files) if path.startswith(EVIDENCE) and "accounts" in path)
    bag.files[path] = bag.files[path][16:]


@defect("artefacts", "sealer", base="personal_erased")
def finding_said_to_support_after_its_erasure(bag: Any) -> None:
    path = "data/findings.csv"
    row = next(line for line in bag.files[path].split(b"\r\n") if b"it said supports" in line)
    bag.files[path] = bag.files[path].replace(row, row.replace(b",not-assessed,", b",supports,"))


worded("json_with_blanks", lambda data: data.replace(b'":', b'": ', 1))
worded("json_out_of_order", lambda data: b'{"subject":[],' + data[1:])
worded("bundle_duplicate_json_key", lambda data: data.replace(b'{"_type"', b'{"_type":"x","_type"'))
worded("json_with_a_fraction", lambda data: data.replace(b'"took_ms":410', b'"took_ms":410.0', 1))
worded("json_with_an_exponent", lambda data: data.replace(b'"took_ms":410', b'"took_ms":41e1', 1))
worded(
    "json_with_an_integer_beyond_53_bits", lambda data: data.replace(b'"took_ms":410', b'"took_ms":9007199254740993', 1)
)
worded("json_with_half_a_surrogate_pair", lambda data: data.replace(b'"user":"u-5f2c"', b'"user":"\\ud83c"'))
worded("json_with_an_escape_too_many", lambda data: data.replace(b'"user":"u-5f2c"', b'"user":"\\u0075-5f2c"'))
worded("json_with_a_key_of_another_form", lambda data: data.replace(b'{"user":', b'{"User":'))
worded(
    "json_nested_too_deep", lambda data: data.replace(b'{"user":"u-5f2c"}', b'{"user":' + b"[" * 20 + b"]" * 20 + b"}")
)
worded("json_that_is_not_utf_8", lambda data: data.replace(b"u-5f2c", b"u-\xff"))
worded("json_with_a_line_feed_behind", lambda data: data + b"\n")


@restated("statements")
def statement_subject_relabelled(statement: dict[str, Any]) -> None:
    statement["subject"][1]["name"] = "sw-02/running-config"


@restated("statements")
def statement_subject_left_out(statement: dict[str, Any]) -> None:
    statement["subject"].pop()


@restated("statements")
def statement_first_subject_is_no_plan(statement: dict[str, Any]) -> None:
    statement["subject"][0]["name"] = "scheme"


@restated("statements")
def statement_of_a_type_that_looks_alike(statement: dict[str, Any]) -> None:
    statement["_type"] = statement["_type"].replace(".", "-")


@restated("statements")
def statement_says_more_than_its_kind(statement: dict[str, Any]) -> None:
    statement["predicate"]["verdict"] = "compliant"


@restated("statements")
def part_without_its_asset_list(statement: dict[str, Any]) -> None:
    del statement["predicate"]["assets"]


@restated("statements")
def part_of_a_time_that_is_none(statement: dict[str, Any]) -> None:
    statement["predicate"]["ended"] = "2026-02-30T02:00:00Z"


@restated("statements")
def part_with_an_unknown_result(statement: dict[str, Any]) -> None:
    statement["predicate"]["outcomes"][0]["result"] = "fine"


@restated("statements")
def part_with_a_community_in_the_clear(statement: dict[str, Any]) -> None:
    capture = next(one for one in statement["predicate"]["captures"] if one["transport"] == "snmp")
    capture["access"] = {"version": "2c", "community": "public"}


@restated("statements")
def part_whose_volatile_share_lies_nowhere(statement: dict[str, Any]) -> None:
    capture = next(one for one in statement["predicate"]["captures"] if "volatile" in one)
    capture["volatile"]["offset"] = 10_000


# What statements refer to.


@restated("links")
def part_refers_to_nothing(statement: dict[str, Any]) -> None:
    statement["predicate"]["previous"] = [f"sha256:{'0' * 64}"]


@restated("links")
def part_knew_another_log(statement: dict[str, Any]) -> None:
    statement["predicate"]["after"]["root"] = "0" * 64


@restated("links")
def part_knew_the_future(statement: dict[str, Any]) -> None:
    statement["predicate"]["after"]["size"] = 1_000


@defect("links", "sealer")
def plan_is_not_supplied(bag: Any) -> None:
    """The plan is from before the leaves, so it is not even counted as withheld."""
    rows = json.loads(bag.files[EARLIER])
    (path,) = bag.of_kind("plan")
    bag.files[EARLIER] = bags().written([row for row in rows if row["kind"] != "plan"])
    del bag.files[path]
    for other in [path for path in bag.files if path.startswith("data/blobs/") and b'"slots"' in bag.files[path]]:
        del bag.files[other]
    bag.files[GAPS] = b"\xef\xbb\xbfslot,run,asset,result,reason,at,statement\r\n"


@defect("pins", "all but the root's", base="whole", every_pin=True)
def log_failed_run_left_out(bag: Any) -> None:
    """The night in which an asset did not answer is gone, and the log goes on as if nobody had run."""
    slot = "nightly-20260706T0200Z"
    gone = [path for path in bag.of_kind("part") if bag.statement(path)["predicate"]["slot"] == slot]
    digests = [path.split("/")[-1][:64].encode() for path in gone]
    for path in gone:
        del bag.files[path]
    for path in [path for path in bag.files if path.startswith(EVIDENCE) and "/2026-07-06/" in path]:
        del bag.files[path]
    bag.relog([leaf for leaf in bag.leaves if not any(digest in leaf for digest in digests)])
    rows = bag.files[GAPS].decode().split("\r\n")
    kept = [row for row in rows if not row.startswith(slot)]
    after = next(
        at for at, row in enumerate(kept) if row.startswith("nightly-20260705T0200Z,,\U00020bb7") or "-8,late" in row
    )
    kept.insert(
        after + 1,
        f'{slot},,,gap,"no outcome, and nobody said why; no run at all, 4 assets were due",2026-07-06T02:00:00Z,',
    )
    bag.files[GAPS] = "\r\n".join(kept).encode()


# Artefacts and tables.


@defect("artefacts", "sealer")
def bundle_relabelled_asset(bag: Any) -> None:
    path = answer(bag, "sw-01")
    bag.files[path.replace("/sw-01/", "/sw-03/")] = bag.files.pop(path)


@defect("artefacts", "sealer")
def evidence_redated(bag: Any) -> None:
    path = answer(bag)
    day = path.split("/")[3]
    bag.files[path.replace(day, "2026-07-31")] = bag.files.pop(path)


@defect("artefacts", "sealer")
def answers_swapped(bag: Any) -> None:
    one, other = answer(bag, "sw-01"), answer(bag, "sw-02")
    bag.files[one], bag.files[other] = bag.files[other], bag.files[one]


@defect("artefacts", "sealer")
def answer_to_another_question(bag: Any) -> None:
    path = answer(bag)
    bag.files[path.replace(path.split("/")[-1], "chassis.txt")] = bag.files.pop(path)


@defect("artefacts", "sealer")
def answer_planted(bag: Any) -> None:
    bag.files[f"{EVIDENCE}sw-01/2026-07-07/extra.txt"] = b"planted\n"


@defect("artefacts", "every key", base="whole")
def answer_said_to_be_longer(bag: Any) -> None:
    blob = f"sha256:{digest_of(bag.files[answer(bag)])[7:]}"
    edits = {}
    for path in bag.of_kind("part"):
        said = bag.statement(path)
        for capture in said["predicate"]["captures"]:
            capture["bytes"] += capture["blob"] == blob
        edits[path.split("/")[-1][:64]] = said
    rebuild(bag, edits, {})


@restated("artefacts", "assessor and sealer", kind="findings", base="one_control")
def catalogue_said_to_be_longer(statement: dict[str, Any]) -> None:
    statement["predicate"]["controls_bytes"] += 1


@defect("artefacts", "sealer")
def list_planted(bag: Any) -> None:
    bag.files[f"data/blobs/{digest_of(b'[]').removeprefix('sha256:')}"] = b"[]"


@defect("artefacts", "sealer")
def list_under_another_name(bag: Any) -> None:
    path = next(
        path for path in sorted(bag.files) if path.startswith("data/blobs/") and b'"request"' in bag.files[path]
    )
    bag.files[f"data/blobs/{'0' * 64}"] = bag.files.pop(path)


@defect("artefacts", "sealer", base="whole")
def finding_turned_round(bag: Any) -> None:
    table = bag.files["data/findings.csv"]
    assert b",contradicts," in table
    bag.files["data/findings.csv"] = table.replace(b",contradicts,", b",supports,", 1)


@defect("artefacts", "sealer", base="whole")
def finding_left_out(bag: Any) -> None:
    bag.files["data/findings.csv"] = b"".join(bag.files["data/findings.csv"].splitlines(keepends=True)[:-1])


@defect("artefacts", "sealer", base="whole")
def finding_with_other_evidence(bag: Any) -> None:
    table = bag.files["data/findings.csv"]
    bag.files["data/findings.csv"] = table.replace(b"evidence/sw-01/", b"evidence/sw-02/", 1)


@defect("artefacts", "sealer", base="whole")
def findings_removed(bag: Any) -> None:
    for path in [path for path in bag.files if path.startswith(("data/findings.csv", "data/controls/"))]:
        del bag.files[path]


@defect("artefacts", "sealer", base="whole")
def index_turned_round(bag: Any) -> None:
    path = "data/controls/csf2/index.csv"
    bag.files[path] = bag.files[path].replace(b",contradicts,", b",supports,", 1)


@defect("artefacts", "sealer", base="whole")
def index_row_left_out(bag: Any) -> None:
    path = "data/controls/csf2/index.csv"
    bag.files[path] = b"".join(bag.files[path].splitlines(keepends=True)[:-1])


@defect("artefacts", "sealer", base="whole")
def index_out_of_order(bag: Any) -> None:
    path = "data/controls/csf2/index.csv"
    header, one, other, *rest = bag.files[path].splitlines(keepends=True)
    bag.files[path] = b"".join([header, other, one, *rest])


@defect("artefacts", "sealer", base="whole")
def findings_without_the_mark_of_a_table(bag: Any) -> None:
    bag.files["data/findings.csv"] = bag.files["data/findings.csv"].removeprefix(b"\xef\xbb\xbf")


@defect("artefacts", "sealer", base="whole")
def index_without_its_last_line_end(bag: Any) -> None:
    path = "data/controls/csf2/index.csv"
    bag.files[path] = bag.files[path].removesuffix(b"\r\n")


@defect("artefacts", "sealer", base="whole")
def every_finding_hidden(bag: Any) -> None:
    bag.files["data/findings.csv"] = bag.files["data/findings.csv"].splitlines(keepends=True)[0]


@defect("artefacts", "sealer", base="one_control")
def index_without_a_row(bag: Any) -> None:
    path = "data/controls/csf2/index.csv"
    bag.files[path] = bag.files[path].splitlines(keepends=True)[0]


@defect("artefacts", "assessor and sealer", base="one_control")
def results_out_of_order(bag: Any) -> None:
    path = bag.of_kind("findings")[-1]
    old = bag.statement(path)["predicate"]["results"]
    one, other, *rest = json.loads(bag.files.pop(f"data/blobs/{old.removeprefix('sha256:')}"))
    data = bags().written([other, one, *rest])

    def edit(statement: dict[str, Any]) -> None:
        statement["predicate"] |= {"results": digest_of(data), "results_bytes": len(data)}
        statement["subject"][1]["digest"]["sha256"] = digest_of(data).removeprefix("sha256:")

    bag.files[f"data/blobs/{digest_of(data).removeprefix('sha256:')}"] = data
    made = bag.restate(path, edit)
    table, (was, now) = "data/findings.csv", (one.split("/")[-1][:64].encode() for one in (path, made))
    bag.files[table] = bag.files[table].replace(was, now)


@defect("artefacts", "sealer", base="one_control")
def finding_made_up_in_a_narrow_bundle(bag: Any) -> None:
    table = bag.files["data/findings.csv"]
    bag.files["data/findings.csv"] = table.replace(b",contradicts,", b",supports,", 1)


# Completeness.


@defect("completeness", "sealer", base="whole")
def gap_left_out_of_the_table(bag: Any) -> None:
    bag.files[GAPS] = b"".join(line for line in bag.files[GAPS].splitlines(keepends=True) if b",gap," not in line)


@defect("completeness", "sealer")
def table_of_gaps_missing(bag: Any) -> None:
    del bag.files[GAPS]


@restated("completeness")
def outcome_left_out(statement: dict[str, Any]) -> None:
    statement["predicate"]["outcomes"] = []


@restated("completeness")
def outcome_given_twice(statement: dict[str, Any]) -> None:
    statement["predicate"]["outcomes"] *= 2


@restated("completeness")
def outcome_of_an_asset_that_is_not_on_the_list(statement: dict[str, Any]) -> None:
    statement["predicate"]["outcomes"].append({"asset": "sw-99", "result": "collected"})


@restated("completeness")
def chunk_given_twice(statement: dict[str, Any]) -> None:
    statement["predicate"]["chunk"] = 2


@restated("completeness")
def chunk_of_another_slot(statement: dict[str, Any]) -> None:
    statement["predicate"]["slot"] = "nightly-20260709T0201Z"


@defect("completeness", "sealer")
def list_of_assets_is_not_supplied(bag: Any) -> None:
    for path in [
        path for path in bag.files if path.startswith("data/blobs/") and bag.files[path].startswith(b'[{"address"')
    ]:
        del bag.files[path]


@defect("completeness", "sealer")
def plan_without_its_blob(bag: Any) -> None:
    for path in [path for path in bag.files if path.startswith("data/blobs/") and b'"slots"' in bag.files[path]]:
        del bag.files[path]


@defect("completeness", "planner and sealer")
def plan_with_a_grace_beyond_all_time(bag: Any) -> None:
    path = next(path for path in sorted(bag.files) if path.startswith("data/blobs/") and b'"slots"' in bag.files[path])
    data = bag.files[path].replace(b'"grace_s":60', b'"grace_s":9007199254740991')
    assert data != bag.files[path]
    digest = digest_of(data)
    bag.files[f"data/blobs/{digest.removeprefix('sha256:')}"] = data
    statement = bag.statement(bag.of_kind("plan")[0])
    statement["predicate"].update(blob=digest, bytes=len(data), at="2026-07-09T02:04:00Z")
    statement["subject"][0]["digest"]["sha256"] = digest.removeprefix("sha256:")
    logged(bag, "plan", statement, bags().key_of("planner"))


@defect("completeness", "sealer", base="cut_short")
def moment_moved_ahead(bag: Any) -> None:
    bag.info("Plantproof-As-Of", "2026-07-31T00:00:00Z")


@defect("completeness", "sealer")
def period_that_is_none(bag: Any) -> None:
    bag.info("Plantproof-Period", "july 2026-07-01T00:00:00Z")


# What no step fails for: docs/threat-model.md lists it.


def unnoticed(says: str, by: str = "sealer", *, base: str = "later") -> Callable[[Edit], Edit]:
    """Register an edit that no step fails for; `says` names the step that says what was not checked."""
    return defect("", by, says=says, base=base)


@unnoticed("anchors")
def report_page_that_lies(bag: Any) -> None:
    bag.files["data/report.html"] = b"<p>All is well.</p>\n"


@unnoticed("anchors")
def tables_made_of_nothing(bag: Any) -> None:
    for name in ("assets", "evidence", "conduct"):
        bag.files[f"data/{name}.csv"] = b"\xef\xbb\xbfnothing\r\n"


@unnoticed("artefacts")
def answers_not_supplied(bag: Any) -> None:
    for path in [path for path in bag.files if path.startswith(f"{EVIDENCE}sw-02/")]:
        del bag.files[path]


@unnoticed("statements")
def statement_of_an_unknown_kind(bag: Any) -> None:
    statement = bag.statement(newest(bag))
    statement["predicateType"] = "urn:plantproof:later:v1"
    logged(bag, "later", statement, bags().key_of("stranger"))


@unnoticed("completeness")
def log_that_ends_before_its_last_night(bag: Any) -> None:
    """Who makes the bundle ends it early, and no pin is newer: the night shows as one without a run."""
    slot = "nightly-20260709T0200Z"
    gone = [path for path in bag.of_kind("part") if bag.statement(path)["predicate"]["slot"] == slot]
    digests = [path.split("/")[-1][:64].encode() for path in gone]
    for path in [*gone, *(path for path in bag.files if path.startswith(EVIDENCE) and "/2026-07-09/" in path)]:
        del bag.files[path]
    bag.relog([leaf for leaf in bag.leaves if not any(digest in leaf for digest in digests)])
    row = 'pending,"no outcome yet; in time is until 2026-07-09T03:00:00Z; no run at all, 4 assets were due"'
    header, *rest = bag.files[GAPS].split(b"\r\n", 1)
    bag.files[GAPS] = b"\r\n".join([header, f"{slot},,,{row},2026-07-09T02:00:00Z,".encode(), *rest])


# Erasure: what is gone by the owner's word, and what is not.


@defect("statements", "sealer", base="erased")
def erasure_by_the_sealer(bag: Any) -> None:
    bag.restate(bag.of_kind("erasure")[-1], lambda statement: None, bags().key_of("sealer"))


@defect("statements", "collector and sealer", base="erased")
def erasure_by_a_stolen_collector_key(bag: Any) -> None:
    bag.restate(bag.of_kind("erasure")[-1], lambda statement: None, bags().key_of("collector"))


@restated("statements", "owner and sealer", kind="erasure", base="erased")
def erasure_of_nothing(statement: Any) -> None:
    del statement["subject"][1:]


@restated("statements", "owner and sealer", kind="erasure", base="erased")
def erasure_of_something_that_is_no_artefact(statement: Any) -> None:
    statement["subject"][1]["name"] = "statement"


@restated("statements", "owner and sealer", kind="erasure", base="erased")
def erasure_without_a_reason(statement: Any) -> None:
    del statement["predicate"]["reason"]


@restated("links", "owner and sealer", kind="erasure", base="erased")
def erasure_leaves_out_an_affected_statement(statement: Any) -> None:
    statement["predicate"]["affected"].pop()


@defect("links", "owner and sealer", base="erased")
def erasure_lists_a_statement_that_is_not_affected(bag: Any) -> None:
    other = f"sha256:{bag.of_kind('exception')[0].split('/')[-1][:64]}"

    def edit(statement: Any) -> None:
        statement["predicate"]["affected"] = sorted([*statement["predicate"]["affected"], other])

    bag.restate(bag.of_kind("erasure")[-1], edit)


@defect("links", "owner and sealer", base="erased")
def erasure_of_the_plan(bag: Any) -> None:
    plan = bag.statement(bag.of_kind("plan")[0])["predicate"]["blob"]

    def edit(statement: Any) -> None:
        statement["subject"].append({"name": "artefact", "digest": {"sha256": plan.removeprefix("sha256:")}})
        statement["subject"][1:] = sorted(statement["subject"][1:], key=lambda one: one["digest"]["sha256"])

    bag.restate(bag.of_kind("erasure")[-1], edit)


@defect("links", "collector, owner and sealer", base="erased")
def erasure_of_an_answer_that_is_a_log_of_actions_too(bag: Any) -> None:
    removed = f"sha256:{bag.statement(bag.of_kind('erasure')[-1])['subject'][1]['digest']['sha256']}"
    said, path, row = next(
        (said, path, row)
        for path, said in ((path, bag.statement(path)) for path in bag.of_kind("part"))
        for row in said["predicate"]["captures"]
        if row["blob"] == removed
    )
    said["predicate"]["conduct"] |= {"log": removed, "log_bytes": row["bytes"]}
    rebuild(bag, {path.split("/")[-1][:64]: said}, {})


@restated("links", "owner and sealer", kind="erasure", base="erased")
def erasure_over_a_log_that_was_not(statement: Any) -> None:
    statement["predicate"]["root"] = "0" * 64


@defect("artefacts", "sealer", base="erased")
def erased_answer_supplied_again(bag: Any) -> None:
    whole = bags().Bag.read(good("whole"))
    bag.files |= {
        path: data for path, data in whole.files.items() if path.startswith(f"{EVIDENCE}sw-02/2026-07-01/run")
    }


@unnoticed("artefacts", base="erased")
def erasure_withheld(bag: Any) -> None:
    """The answer is then one that is not supplied, and nobody says why."""
    del bag.files[bag.of_kind("erasure")[-1]]
    bag.info("Plantproof-Withheld", str(int(load_info(bag.files[BAG_INFO])["Plantproof-Withheld"]) + 1))


@unnoticed("artefacts", base="whole")
def catalogue_withheld(bag: Any) -> None:
    """What requirements are called is then known to nobody, and step 9 says so."""
    path = next(path for path in bag.files if path.startswith("data/blobs/") and bag.files[path][:8] == b'[{"file"')
    del bag.files[path]


@unnoticed("artefacts", "owner and sealer", base="erased")
def erased_in_spite_of_a_legal_hold(bag: Any) -> None:
    """The hold and the erasure are both here; whether what is gone was under it, `verify` of the store says."""
    path = bag.of_kind("attestation")[-1]
    said = bag.statement(path)
    said["predicate"]["entries"] = [
        {"act": "state", "by": "B. Owner", "id": "H-1", "kind": "legal-hold", "reason": "a court asked"}
    ]
    rebuild(bag, {path.split("/")[-1][:64]: said}, {})


# Registers: what owners declare, column by column.

AT, DAY = "2026-07-09T08:00:00Z", "2026-07-09"
DECLARED: dict[str, dict[str, Any]] = {
    "exception": {
        "requirement": "CFG-05", "reason_class": "too-old", "reason": "no newer firmware", "owner": "K. Ito",
        "approver": "B.", "approved": DAY, "expires": "2026-12-31", "assets": ["sw-01", "sw-02"], "row": "ssh",
        "compensating": ["SEG-02"], "replacement": "2027-03-01",
    },
    "approval": {
        "kind": "session", "assets": ["press-7"], "subject": "kuka", "begins": AT, "ends": "2026-07-09T12:00:00Z",
        "approver": "K. Ito", "ticket": "CHG-4711",
    },
    "restore-test": {
        "kind": "restore-test", "asset": "sw-01", "by": "K. Ito", "backup": "b-1", "backup_at": AT, "backup_hash": "ab",
        "target": "bench", "method": "whole", "tool": "restic", "start": AT, "end": "2026-07-09T09:00:00Z",
        "status": "completed", "validation": "successful", "rto_goal_s": "3600", "rpo_goal_s": "0", "witness": "B.",
        "checks_expected": "2", "checks_passed": "2", "operator": "C.", "defects": "none", "evidence": "DOC-1",
    },
    "support-end": {
        "kind": "support-end", "by": "K. Ito", "end": "2027-01-31", "origin": "vendor's page", "model": "X",
        "version": "1",
    },
    "known-device": {
        "kind": "known-device", "by": "K. Ito", "mac": "00:80:f4:01:02:03", "name": "scale \u00fc", "place": "hall 3",
        "owner": "C.",
    },
    "firmware-baseline": {"kind": "firmware-baseline", "by": "K. Ito", "model": "X", "version": "2", "origin": "us"},
    "legal-hold": {"kind": "legal-hold", "by": "K. Ito", "asset": "sw-01", "reason": "a case", "ticket": "T-1"},
}  # fmt: skip
"""Entries as they may be, with every column there is, by register or kind of attestation."""


def declare(bag: Any, what: str, entries: list[dict[str, Any]]) -> None:
    """Log a statement of the owner with these entries."""
    register = what if what in ("exception", "approval") else "attestation"
    statement = bag.statement(bag.of_kind("exception")[0])
    statement["predicateType"] = f"urn:plantproof:{register}:v1"
    statement["predicate"]["entries"] = entries
    logged(bag, register, statement, bags().key_of("owner"))


def stated(what: str, **other: Any) -> dict[str, Any]:
    """Return a good entry that says other things in some columns; nothing stands for a column that is left out."""
    entry = {"id": "E-9", "act": "state", **DECLARED[what], **other}
    return {name: value for name, value in entry.items() if value is not None}


def declared(name: str, what: str, *entries: dict[str, Any], **other: Any) -> None:
    """Register a bad statement of a register."""

    def on_bag(bag: Any) -> None:
        declare(bag, what, [*entries] or [stated(what, **other)])

    on_bag.__name__ = name
    defect("statements", "owner and sealer")(on_bag)


declared("exception_with_an_unknown_column", "exception", colour="blue")
declared("exception_without_an_owner", "exception", owner=None)
declared("exception_that_expires_before_it_was_approved", "exception", expires="2026-07-08")
declared("exception_of_a_day_there_is_not", "exception", approved="2026-02-30")
declared("exception_of_a_day_written_otherwise", "exception", approved="20260709")
declared("exception_of_a_day_before_the_year_1000", "exception", approved="0999-12-31")
declared("exception_for_an_unknown_class_of_reasons", "exception", reason_class="tired")
declared("exception_from_something_that_is_no_requirement", "exception", requirement="CFG-5")
declared("exception_for_no_asset", "exception", assets=[])
declared("exception_for_an_asset_twice", "exception", assets=["sw-01", "sw-01"])
declared("exception_for_one_asset_that_is_no_list", "exception", assets="sw-01")
declared("exception_whose_reason_is_a_list", "exception", reason=["a"])
declared("exception_whose_reason_has_two_lines", "exception", reason="a\nb")
declared("exception_whose_reason_turns_the_direction_of_text", "exception", reason="a\u202eb")
declared("exception_whose_reason_ends_in_a_blank", "exception", reason="a\u3000")
declared("exception_whose_reason_is_too_long", "exception", reason="\U0001f600" * 2_001)
declared("exception_whose_id_is_too_long", "exception", id="x" * 101)
declared("exception_without_an_id", "exception", id=None)
declared("exception_that_is_neither_stated_nor_ended", "exception", act="begin")
declared("exception_twice_in_one_statement", "exception", stated("exception"), stated("exception", row="telnet"))
declared("exception_ended_without_a_reason", "exception", {"id": "E-9", "act": "end"})
declared("exception_ended_that_says_more", "exception", {"id": "E-9", "act": "end", "reason": "a", "owner": "b"})
declared("approval_that_ends_before_it_begins", "approval", ends="2026-07-09T07:59:59Z")
declared("approval_of_an_unknown_kind", "approval", kind="party")
declared("approval_with_a_column_of_exceptions", "approval", row="ssh")
declared("attestation_of_an_unknown_kind", "legal-hold", kind="hunch")
declared("attestation_of_no_kind", "legal-hold", kind=None)
declared("attestation_with_a_column_of_another_kind", "known-device", backup="b-1")
declared("attestation_of_a_mac_in_capitals", "known-device", mac="00:80:F4:01:02:03")
declared("restore_test_that_ends_before_it_starts", "restore-test", end="2026-07-09T07:59:59Z")
declared("restore_test_of_a_number_that_begins_with_a_zero", "restore-test", rto_goal_s="03600")
declared("restore_test_of_a_number_that_is_no_text", "restore-test", rto_goal_s=3600)


@restated("statements")
def part_that_ended_in_the_year_0(statement: Any) -> None:
    statement["predicate"]["captures"][0]["at"] = "0000-07-09T02:00:00Z"


@restated("statements")
def part_that_ended_in_the_year_999(statement: Any) -> None:
    statement["predicate"]["captures"][0]["at"] = "0999-07-09T02:00:00Z"


@restated("statements")
def part_offered_a_legacy_algorithm_that_is_none(statement: Any) -> None:
    capture = statement["predicate"]["captures"][0]
    capture["transport"] = "ssh"
    capture["ssh"] = {"kex": "a", "host_key": "b", "cipher": "c", "offered": ["curve25519-sha256"]}


def _zips() -> None:
    """Register what is done to the zip itself."""
    module = load(Path(__file__).with_name("defects_zip.py"))
    for name, edit in module.ZIPS.items():
        add(name, "one_asset", "bag", lambda edit=edit: edit(good("one_asset")), "anybody")
    add("zip_wrong_crc", "one_asset", "", lambda: module.wrong_crc(good("one_asset")), "anybody", says="anchors")


_zips()


def main(folder: Path) -> None:
    """Write every bad bundle into `folder`, which must not exist, and what is expected of each."""
    folder.mkdir(parents=True)
    rows = []
    for name, one in DEFECTS.items():
        (folder / f"{name}.zip").write_bytes(one.make())
        root = bags().key_of(one.root).public.text if one.root else (GOOD / "root.pub").read_text().strip()
        rows.append({"bundle": f"{name}.zip", "fails": one.fails, "by": one.by, "root": root, "pins": one.pins})
    (folder / "expected.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
