"""
Change what others sign and hand over: every reader says yes or no and nothing else, and all readers the same.

    python script/fuzz.py --seconds 30 [--seed 1]

It begins with the frozen bundles. Changes are of bytes and, so that they get past the first check, of JSON values that
are written again the one way. It prints how often each form was asked about and how often `verify` said yes, and ends
with 1 at the first case in which a reader ended in another error than its own, or in which `verify`, verify.py and
verify.html (its pieces, run by Node) did not agree.
"""

# ruff: noqa: E402, I001 - the repository comes onto the path first

import argparse
import base64
import io
import json
import random
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "script")]

from fuzz_page import Page
from evidence.bundle import bag, proof, sshsig
from evidence.bundle.layout import NAMESPACE
from evidence.bundle.opened import open_bundle, read_file
from evidence.errors import Error
from evidence.log import anchor, erasure, keystatement, review
from evidence.log import assets, authority, canonical, chain, cosign, dsse, export, findings, missed, note, part, plan
from evidence.log import quarantine, register, statement
from evidence.log import timestamp
from evidence.standalone import cosignatures, files, forms, log_checks, registers, shapes, stamps
from evidence.standalone import findings as judged
from evidence.verify.bundle_audit import checkpoint_of
from evidence.verify.calendar_step import bounded

Reader = Callable[[bytes], object]
TOKENS = (
    b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"null", b"true", b"-0", b"1e9", b"0.5", b"9007199254740993",
    b"\\u0000", b"\\ud800", b"\xff", b"\0", b"\n", b"\r\n", b"=", b"sha256:", b"\xe2\x80\x94 ", b"PK\x01\x02",
    b"PK\x05\x06", b"../", b"  ",
)  # fmt: skip
VALUES = (
    None,
    True,
    False,
    0,
    -1,
    2**53,
    2**70,
    "",
    "x",
    "sha256:" + "0" * 64,
    [],
    {},
    "\ud800",
    "\u202e",
    "9999-12-31T23:59:59Z",
)


def inside_statement(data: bytes) -> object:
    """Read a statement and what its kind says, as `verify` does but for the signature."""
    found = statement.parse(data)
    readers: dict[str, Callable[[Any], object]] = {
        "part": lambda one: part.read_part(one).blobs(), "missed": missed.read_missed, "export": export.read_export,
        "findings": findings.read_findings, "plan": plan.plan_blob, "quarantine": quarantine.read_quarantine,
        "key": keystatement.read_key, **dict.fromkeys(registers.REGISTERS, register.read_register),
        "anchor": anchor.read_anchor,
        "erasure": erasure.read_erasure,
        "review": review.read_review,
    }  # fmt: skip
    if found.log != AUTHORITY.origin:
        raise statement.StatementError("of another log")
    return readers.get(found.kind, lambda one: one)(found)


def inside_shape(data: bytes) -> object:
    """Read the same as verify.py does; it refuses two lengths of a blob a step later."""
    said = forms.canonical(data)
    kind = shapes.check(said)
    files.require(said["predicate"].get("log") == AUTHORITY.origin, "of another log")
    known = kind not in registers.REGISTERS or registers.entries(str(kind), said["predicate"]["entries"])
    files.require(known, "not entries of a register")
    lengths: dict[str, int] = {}
    for blob, length in shapes.blobs_of(str(kind), said["predicate"]) if kind else []:
        files.require(lengths.setdefault(blob, length) == length, "two lengths")
    return files.require(kind, "unknown")


@dataclass(slots=True)
class Target:
    """One form, its two readers, and what there is of it to begin with."""

    name: str
    ours: Reader
    other: Reader | None
    seeds: list[bytes]
    is_json: bool = False
    asked: Counter[str] = field(default_factory=Counter)


def zipped(read: Callable[[Path], object], place: Path) -> Reader:
    """Return what reads a zip from bytes."""

    def reader(data: bytes) -> object:
        place.write_bytes(data)
        return read(place)

    return reader


def all_of_ours(place: Path) -> object:
    """Read every file of a bundle."""
    opened = open_bundle(place)
    return [read_file(opened, path) for path in opened.sizes]


def all_of_other(place: Path) -> object:
    """Read every file of a bundle, as verify.py does."""
    opened = files.Bundle(place)
    return [opened.read(path) for path in opened.sizes]


def frozen() -> dict[str, bytes]:
    """Return every file of the frozen bundles, by the bundle's name and its path."""
    found: dict[str, bytes] = {}
    for path in sorted((ROOT / "tests/vectors").glob("bundle-0.1*/*.zip")):
        with zipfile.ZipFile(path) as archive:
            found |= {f"{path.stem}/{name.partition('/')[2]}": archive.read(name) for name in archive.namelist()}
    return found


FROZEN = frozen()
AUTHORITY = authority.found(next(data for name, data in FROZEN.items() if "/statements/genesis/" in name))


def targets(folder: Path) -> list[Target]:
    """Return every form, with seeds out of the frozen bundles."""
    found = FROZEN

    def seeds(ending: str) -> list[bytes]:
        return list(dict.fromkeys(data for name, data in found.items() if name.partition("/")[2].startswith(ending)))

    envelopes = seeds("data/statements/")
    payloads = [base64.b64decode(json.loads(one)["payload"]) for one in envelopes]
    kinds = [one for one in payloads if not any(f":{kind}:v1".encode() in one for kind in APART)]
    blobs = seeds("data/blobs/")
    small = tiny_zip((ROOT / "tests/vectors/bundle-0.1/one_asset.zip").read_bytes())
    place = folder / "fuzzed.zip"
    log = {name: found[f"later/{name}"] for name in (proof.LEAVES, proof.FRONTIER, proof.EARLIER)}
    notes = seeds("data/log/checkpoint")
    log_rows = [log[proof.EARLIER]]
    results = [one for one in blobs if b'"requirement"' in one]
    plans, lists = [one for one in blobs if b'"slots"' in one], [one for one in blobs if one[:11] == b'[{"address"']
    return [
        Target("zip", zipped(all_of_ours, place), zipped(all_of_other, place), [small]),
        Target("canonical JSON", canonical.loads, forms.canonical, [*payloads, *blobs], is_json=True),
        Target("envelope", read_envelope, other_envelope, envelopes, is_json=True),
        Target("statement", inside_statement, inside_shape, kinds, is_json=True),
        Target("genesis", statement.parse, None, [one for one in payloads if one not in kinds], is_json=True),
        Target("checkpoint", lambda data: checkpoint_of(data, "x"), lambda data: forms.note(data, "x"), notes),
        Target("cosignature", cosign.read_cosignature, cosignatures.cosignature, kept("cosigned-0.1", "/log/cosig/")),
        Target("pin", note.parse_pin, None, [one.pin.encode() for one in pins()]),
        Target("batch", lambda data: chain.load_batch(data, "x"), None, [seeds("data/log/leaves")[0]]),
        Target("leaves", lambda data: chain.load_leaves(data, "x", at_most=10**8), leaves, seeds("data/log/leaves")),
        Target("earlier", lambda data: proof.load_proof({**log, proof.EARLIER: data}, 29), None, log_rows, True),
        Target("manifest", lambda data: bag.load_manifest(data, "x"), forms.manifest, seeds("manifest")),
        Target("bag-info", bag.load_info, forms.described, seeds("bag-info")),
        Target("signature", our_signature, None, seeds("tagmanifest-sha256.txt.sig")),
        Target("plan", lambda data: bounded(plan.load_plan(data)), reads(shapes.plan_blob), plans, True),
        Target("assets", assets.load_assets, reads(shapes.asset_list), lists, True),
        Target("time stamp", timestamp.read_reply, lambda data: stamps.token_of(data, 1), kept("stamped-0.1", "/tsr/")),
        Target("results", findings.load_results, reads(judged.results), results, True),
    ]  # fmt: skip


APART = ("genesis",)
"""Genesis is read together with its signature."""


def read_envelope(data: bytes) -> object:
    """Read an envelope and the JSON in it."""
    found = dsse.read(data, dsse.IN_TOTO, at_most=2**25)
    return canonical.loads(found.payload)


def other_envelope(data: bytes) -> object:
    """Read the same as verify.py does; it reads the signature's digits when it checks it."""
    envelope, _, value = log_checks.opened_envelope(data)
    return value, forms.base64_of(envelope["signatures"][0]["sig"])


def our_signature(data: bytes) -> object:
    """Read a signature over a bundle, as `verify` does."""
    found = sshsig.read(data)
    if found.namespace != NAMESPACE:
        raise sshsig.SshsigError("made for something else")
    return found


def leaves(data: bytes) -> object:
    """Read leaves as verify.py does."""
    return log_checks.leaves_of(data.decode())


def reads(shape: shapes.Shape) -> Reader:
    """Return what reads canonical JSON of a shape."""
    return lambda data: files.require(shape(forms.canonical(data)), "of another shape")


def kept(vectors: str, where: str) -> list[bytes]:
    """Return what binds the logs of frozen bundles from outside."""
    found = []
    for path in sorted((ROOT / "tests/vectors" / vectors).glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            found += [archive.read(name) for name in archive.namelist() if where in name]
    return found


def pins() -> Iterator[note.Checkpoint]:
    """Yield the frozen pins."""
    for line in (ROOT / "tests/vectors/bundle-0.1/pins.txt").read_bytes().splitlines():
        yield note.parse_pin(line)


def tiny_zip(data: bytes) -> bytes:
    """Return a zip of the small files of a bundle, so that changes hit what matters."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(kept, "w", zipfile.ZIP_STORED) as new:
        for info in old.infolist()[:8]:
            new.writestr(info, old.read(info)[:50])
    return kept.getvalue()


def changed(data: bytes, chance: random.Random) -> bytes:
    """Return bytes with a few things changed."""
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        at = chance.randrange(len(found) + 1)
        match chance.randrange(6):
            case 0 if found:
                found[at % len(found)] ^= 1 << chance.randrange(8)
            case 1:
                del found[at : at + chance.choice((1, 1, 2, 8, 64))]
            case 2:
                found[at:at] = chance.choice(TOKENS)
            case 3:
                length = chance.choice((1, 4, 16, 64))
                found[at:at] = found[at : at + length]
            case 4:
                found[at : at + 4] = chance.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\0\0\0"))
            case _:
                token = chance.choice(TOKENS)
                found[at : at + len(token)] = token
    return bytes(found)


def changed_json(data: bytes, chance: random.Random) -> bytes:
    """Return JSON with a value changed, added, moved or left out, written the one way."""
    value = json.loads(data)
    places = list(within(value)) or [({}, "")]
    for _ in range(chance.choice((1, 1, 2))):
        holder, key = chance.choice(places)
        with suppress(LookupError, TypeError):
            match chance.randrange(6):
                case 0:
                    del holder[key]
                case 1:
                    holder[key] = chance.choice(VALUES)
                case 2 if isinstance(holder[key], int):
                    holder[key] += chance.choice((-1, 1, 1000, 2**53))
                case 3 if isinstance(holder[key], str):
                    holder[key] = changed(holder[key].encode("utf-8", "replace"), chance).decode("utf-8", "replace")
                case 4 if isinstance(holder, list):
                    holder.insert(chance.randrange(len(holder) + 1), chance.choice((holder[key], *VALUES)))
                case _:
                    other, name = chance.choice(places)
                    holder[key] = other[name]
    with suppress(ValueError, RecursionError, TypeError):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )
    return data


def within(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place in a JSON value."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from within(value[key])


def said(reader: Reader, data: bytes, errors: tuple[type[BaseException], ...]) -> bool:
    """Tell whether a reader takes bytes; whatever else it ends with is raised."""
    try:
        reader(data)
    except errors:
        return False
    return True


def run(seconds: float, seed: int, *, folder: Path) -> tuple[list[Target], str | None]:
    """Fuzz every form in turn; return what was asked, and the first thing wrong."""
    chance, every = random.Random(seed), targets(folder)  # noqa: S311 - not for secrets
    end = time.monotonic() + seconds
    with Page(folder, AUTHORITY.origin) as page:
        while time.monotonic() < end:
            for target in every:
                wrong = some_cases(target, page, chance)
                if wrong:
                    return every, wrong
    return every, None


def some_cases(target: Target, page: Page, chance: random.Random) -> str | None:
    """Ask all readers of a form about a handful of cases; return the first thing wrong."""
    data = chance.choice(target.seeds)
    cases = []
    for _ in range(20):
        change = changed_json if target.is_json and chance.random() < 0.7 else changed
        cases.append(change(data, chance))
    answers = page.taken(target.name, cases)
    for case, html in zip(cases, answers, strict=False):
        wrong = one_case(target, case, html)
        if wrong:
            return wrong
    return None if len(answers) == len(cases) else f"{target.name}: verify.html did not answer: {cases!r:.9000}"


def one_case(target: Target, case: bytes, html: bool | None) -> str | None:
    """Ask both of Python's readers about a case; return what is wrong with their answers and the page's."""
    target.asked["cases"] += 1
    try:
        ours = said(target.ours, case, (Error,))
        other = ours if target.other is None else said(target.other, case, files.BROKEN)
    except Exception as error:  # noqa: BLE001 - any other end is what is looked for
        return f"{target.name}: {type(error).__name__}: {error}: {case!r:.3000}"
    target.asked["taken"] += ours
    target.asked["three"] += html is not None
    if ours == other and html in (None, ours):
        return None
    return f"{target.name}: verify says {ours}, verify.py {other}, verify.html {html}: {case!r:.3000}"


def main() -> int:
    """Fuzz for as long as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        every, wrong = run(asked.seconds, asked.seed, folder=Path(folder))
    for target in every:
        whose = "by all three" if target.asked["three"] else "by those who read it"
        print(f"{target.name:16} {target.asked['cases']:>9} cases {whose:20} {target.asked['taken']:>7} taken")
    print(wrong or f"nothing found in {sum(target.asked['cases'] for target in every)} cases, seed {asked.seed}")
    if wrong:
        print(f"found with --seed {asked.seed}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
