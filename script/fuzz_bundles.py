"""
Change bundles as whoever holds every key could, and ask all three verifiers: of each step they say the same.

    python script/fuzz_bundles.py --seconds 600 [--seed 1] [--keep FOLDER]

It begins with the frozen bundles, and changes statements, lists, tables, leaves, tag files or the choice of files; then
the log is made anew, so that all that refers to the change follows, tables and all where that is possible. It ends
with 1 where `verify`, verify.py and verify.html (its pieces, run by Node) do not say the same (passed, failed or
not-checked) of each step up to the first that fails; what is behind it rests on what could not be shown.
"""

# ruff: noqa: E402, I001 - the repository comes onto the path first

import argparse
import io
import json
import random
import sys
import tempfile
import time
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "script"), str(ROOT / "tests/vectors")]

from bags import Bag, key_of, written
from fuzz import changed, changed_json, within
from fuzz_page import Page
from rebuilt import BLOBS, rebuild
from evidence.bundle.bag import dump_info, load_info
from evidence.bundle.judged import CONTROLS, FINDINGS
from evidence.bundle.layout import BAG_INFO, COSIGNATURES, GAPS, STATEMENTS, TAG_FILES, TOKENS
from evidence.errors import Error
from evidence.log.keyring import load_public
from evidence.log.note import parse_pin
from evidence.log.timestamp_trust import read_certificates
from evidence.model.names import digest_of
from evidence.standalone.main import main as alone
from evidence.verify import bundle_findings, bundle_slots
from evidence.verify.bundle_verifier import verify_bundle
from evidence.verify.outside import Outside

VECTORS = ROOT / "tests/vectors"
AUTHORITIES, WITNESS = sorted(VECTORS.glob("stamped-0.1/*.pem")), VECTORS / "cosigned-0.1/witness.pub"
"""Who is trusted besides the owner."""
Said = Mapping[str, str]
"""Step -> passed, failed or not-checked."""
Edit = Callable[[Bag, random.Random], None]


def another_value(value: Any, others: list[Any], chance: random.Random) -> None:
    """Put a value that stands under the same name elsewhere into one place of a JSON value, if there is one."""
    places = list(within(value))
    holder, key = chance.choice(places)
    alike = [row[name] for one in others for row, name in within(one) if name == key and row[name] != holder[key]]
    if isinstance(key, str) and alike:
        holder[key] = chance.choice(alike)


def edited(value: Any, others: list[Any], chance: random.Random) -> Any:
    """Return a JSON value that says something else."""
    if chance.random() < 0.5:
        return json.loads(changed_json(written(value), chance))
    copy = json.loads(written(value))
    for _ in range(chance.choice((1, 1, 2, 3))):
        another_value(copy, others, chance)
    return copy


def statements(bag: Bag) -> dict[str, Any]:
    """Return the statements that are here, by the 64 digits of their digests."""
    paths = [path for path in bag.files if path.startswith(STATEMENTS)]
    return {path.split("/")[-1][:64]: bag.statement(path) for path in paths}


def edit_statement(bag: Bag, chance: random.Random) -> None:
    """Have statements say something else."""
    every = statements(bag)
    chosen = chance.sample(sorted(every), chance.choice((1, 1, 2)))
    edits = {one: {**every[one]} for one in chosen}
    for said in edits.values():
        alike = [other["predicate"] for other in every.values() if other["predicateType"] == said["predicateType"]]
        if chance.random() < 0.8:
            said["predicate"] = edited(said["predicate"], alike, chance)
        else:
            said["subject"] = edited(said["subject"], [other["subject"] for other in every.values()], chance)
    rebuild(bag, edits, {})


def edit_list(bag: Bag, chance: random.Random) -> None:
    """Have a plan, an asset list, results or another list say something else."""
    lists = [path for path in sorted(bag.files) if path.startswith(BLOBS) and bag.files[path][:1] in b"[{"]
    # Of the catalogue the others say that they cannot read it; of logs of many lines nobody reads more than the digest.
    plain = [path for path in lists if b"\n" not in bag.files[path] and not bag.files[path].startswith(b'[{"file"')]
    read = {path: json.loads(bag.files[path]) for path in plain}
    path = chance.choice(sorted(read))
    alike = [one for one in read.values() if type(one) is type(read[path])]
    rebuild(bag, {}, {path.removeprefix(BLOBS): written(edited(read[path], alike, chance))})


def readable(bag: Bag) -> list[str]:
    """Return the paths of what all three read and nobody remakes; which ids an index has, says the catalogue."""
    return [path for path in sorted(bag.files) if not path.startswith("data/controls/") and path not in TAG_FILES]


def edit_table(bag: Bag, chance: random.Random) -> None:
    """Leave out, repeat, swap or change rows of a table, or bytes of another file."""
    files = readable(bag)
    path = chance.choice([path for path in files if path.endswith(".csv")] if chance.random() < 0.8 else files)
    lines = bag.files[path].splitlines(keepends=True)
    change_lines(lines, chance, kinds=3 if path == FINDINGS else 4)  # titles are the catalogue's
    bag.files[path] = b"".join(lines)


def edit_leaves(bag: Bag, chance: random.Random) -> None:
    """Leave out, repeat, swap or rename leaves."""
    lines = bag.leaves
    change_lines(lines, chance, kinds=4)
    bag.relog([line.replace(b"\n", b"") for line in lines])


def change_lines(lines: list[bytes], chance: random.Random, *, kinds: int) -> None:
    """Leave a line out, repeat it, swap it with another or change it: one of so many of these."""
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(kinds):
        case 0:
            del lines[at]
        case 1:
            lines.insert(other, lines[at])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            lines[at] = changed(lines[at], chance)


def edit_info(bag: Bag, chance: random.Random) -> None:
    """Have `bag-info.txt` say something else."""
    info = dict(load_info(bag.files[BAG_INFO]))
    label = chance.choice(sorted(info))
    words = ("no", "assets", "controls", "2026-07-07T02:00:00Z", "x 2026-07-01T00:00:00Z 2026-07-09T00:00:00Z", "0 42")
    text = chance.choice((*words, changed(info[label].encode(), chance).decode("utf-8", "replace")))
    told = dump_info({**info, label: text})
    load_info(told)
    bag.files[BAG_INFO] = told


def edit_choice(bag: Bag, chance: random.Random) -> None:
    """Leave a file out, put it elsewhere, or have it twice."""
    path = chance.choice(readable(bag))
    near = [other for other in sorted(bag.files) if other.split("/")[:2] == path.split("/")[:2]]
    folder = chance.choice(near).rpartition("/")[0]
    data = bag.files[path] if chance.random() < 0.3 else bag.files.pop(path)
    if chance.random() < 0.6:
        bag.files[f"{folder}/{path.rpartition('/')[2]}".lstrip("/")] = data


def edit_outside(bag: Bag, chance: random.Random) -> None:
    """Change bytes of a time stamp or a cosignature, which its name and what is stated of it follow."""
    path = chance.choice([path for path in sorted(bag.files) if path.startswith((TOKENS, COSIGNATURES))])
    data = changed(bag.files.pop(path), chance)
    folder, _, name = path.rpartition("/")
    if path.startswith(COSIGNATURES):
        bag.files[path] = data
        return
    now = digest_of(data)[7:]
    bag.files[f"{folder}/{now}.tsr"] = data
    rebuild(bag, {}, {}, {name.removesuffix(".tsr"): now})


def edit_marks(bag: Bag, chance: random.Random) -> None:
    """Take from a table its byte order mark or its last line end, or swap or repeat rows of an index."""
    path = chance.choice([path for path in sorted(bag.files) if path.endswith(".csv")])
    header, *lines = bag.files[path].splitlines(keepends=True)
    match chance.randrange(4 if path.startswith(CONTROLS) else 2):
        case 0:
            bag.files[path] = bag.files[path].removeprefix(BOM_UTF8)
        case 1:
            bag.files[path] = bag.files[path].removesuffix(b"\r\n")
        case 2:
            bag.files[path] = b"".join([header, *chance.sample(lines, len(lines))])
        case _:
            bag.files[path] = b"".join([header, *lines, chance.choice(lines)])


EDITS: tuple[tuple[int, Edit], ...] = (
    (8, edit_statement), (4, edit_list), (2, edit_table), (1, edit_leaves), (2, edit_info), (1, edit_choice),
    (3, edit_outside), (1, edit_marks),
)  # fmt: skip
"""What may be done, and how often."""
MADE: dict[str, bytes] = {}
"""The tables as `verify` made them of the statements of the bundle it saw last."""


@contextmanager
def kept_tables() -> Iterator[None]:
    """Have `verify` leave the tables it makes in `MADE`."""
    gaps_table, judged_files = bundle_slots.gaps_table, bundle_findings.judged_files

    def gaps(*asked: Any, **more: Any) -> bytes:
        MADE[GAPS] = gaps_table(*asked, **more)
        return MADE[GAPS]

    def judged(*asked: Any) -> Mapping[str, bytes]:
        made = judged_files(*asked)
        MADE.update(made)
        return made

    bundle_slots.gaps_table, bundle_findings.judged_files = gaps, judged
    try:
        yield
    finally:
        bundle_slots.gaps_table, bundle_findings.judged_files = gaps_table, judged_files


def ours(bundle: Path, root: Path, pins: list[str]) -> Said:
    """Return what `verify` says."""
    known = [parse_pin(pin.encode()) for pin in pins]
    authorities = [one for path in AUTHORITIES for one in read_certificates(path)]
    outside = Outside(authorities=authorities, witnesses=[load_public(WITNESS)])
    steps = verify_bundle(bundle, trusted_root=load_public(root), pins=known, outside=outside).steps
    return {step.name: str(step.status) for step in steps}


def python(bundle: Path, root: Path, pins: list[str]) -> Said:
    """Return what verify.py says."""
    words = ["--root-key", str(root), "--witness", str(WITNESS), *(word for pin in pins for word in ("--pin", pin))]
    words += [word for path in AUTHORITIES for word in ("--tsa-ca", str(path))]
    told = io.StringIO()
    with redirect_stdout(told):
        alone([str(bundle), *words])
    rows = [line.split() for line in told.getvalue().splitlines() if line[:2].strip().isdigit()]
    return {words[1]: words[2] for words in rows}


def html(page: Page, bundle: Path, root: Path, pins: list[str]) -> Said:
    """Return what verify.html says."""
    trusted = {"authorities": list(map(str, AUTHORITIES)), "witnesses": [WITNESS.read_text().strip()]}
    steps = page.steps(bundle, root.read_text().strip(), pins, **trusted)
    return {step["name"]: step["status"] for step in steps}


def up_to_a_failure(said: Said) -> Said:
    """Return what was said of each step up to the first that failed."""
    end = next((at for at, status in enumerate(said.values(), 1) if status == "failed"), len(said))
    return dict(list(said.items())[:end])


class Asked:
    """The three verifiers, and one bundle after the other."""

    def __init__(self, place: Path, page: Page) -> None:
        """Write each bundle to `place`."""
        self.place, self.page = place, page

    def same(self, bag: Bag, root: Path, pins: list[str]) -> tuple[Said, Said, Said]:
        """Return what each says of a bundle, which is written to `place`."""
        bag.remake(key_of("sealer"))
        self.place.write_bytes(bag.zipped())
        asked = self.place, root, pins
        said = ours(*asked), python(*asked), html(self.page, *asked)
        return tuple(map(up_to_a_failure, said))  # type: ignore[return-value]

    def one_case(self, base: Path, chance: random.Random) -> tuple[str, tuple[Said, Said, Said]]:
        """Change a bundle and ask; then, where tables do not fit what was changed, ask again with tables that do."""
        bag = Bag.read(base.read_bytes())
        edits = chance.choices([edit for _, edit in EDITS], [weight for weight, _ in EDITS], k=chance.choice((1, 1, 2)))
        for edit in edits:
            with suppress(Error, ValueError, LookupError, TypeError, AttributeError):
                edit(bag, chance)
        home = base.parent if base.with_name("root.pub").exists() else VECTORS / "bundle-0.1"
        root, pins = home / "root.pub", (home / "pins.txt").read_text().splitlines()[:1]
        what = f"{base.name}: {', '.join(edit.__name__ for edit in edits)}"
        MADE.clear()
        said = self.same(bag, root, pins)
        fitting = {path: data for path, data in MADE.items() if bag.files.get(path) != data}
        if said[0] == said[1] == said[2] and fitting and not {edit_table, edit_marks} & set(edits):
            bag.files |= fitting
            return f"{what}, tables made anew", self.same(bag, root, pins)
        return what, said


def run(seconds: float, seed: int, *, folder: Path) -> tuple[Counter[str], str | None]:
    """Fuzz for so long; return how often each step ended how, and the first thing of which not all say the same."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    bases = sorted(VECTORS.glob("*-0.1*/*.zip"))
    counted, end = Counter[str](), time.monotonic() + seconds
    with Page(folder, "") as page, kept_tables():
        asked = Asked(folder / "bundle.zip", page)
        while time.monotonic() < end:
            what, said = asked.one_case(chance.choice(bases), chance)
            counted.update(["bundles", *(f"{step}: {status}" for step, status in said[0].items())])
            if not said[0] == said[1] == said[2]:
                return counted, f"{what}: {'; '.join(differing(said))}"
    return counted, None


def differing(said: tuple[Said, Said, Said]) -> Iterator[str]:
    """Yield the steps of which not all say the same."""
    for step in dict.fromkeys(name for one in said for name in one):
        words = [one.get(step, "nothing") for one in said]
        if len(set(words)) > 1:
            yield f"{step}: verify {words[0]}, verify.py {words[1]}, verify.html {words[2]}"


def main() -> int:
    """Fuzz for as long as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="where to leave the bundle of which they do not say the same")
    asked = parser.parse_args()
    if asked.keep:
        asked.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        counted, wrong = run(asked.seconds, asked.seed, folder=asked.keep or Path(folder))
    for name in sorted(counted):
        print(f"{name:32} {counted[name]:>9}")
    print(wrong or f"all say the same of {counted['bundles']} bundles", f"(--seed {asked.seed})")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
