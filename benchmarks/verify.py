"""
How fast a bundle is verified, beside stock programs that only digest the same files.

    python benchmarks/verify.py [--rounds 3] [--share 1]

Two bundles: 1,000 artefacts of 1 MiB, beside `openssl dgst -sha256` (wanted: 60 % of its speed), and 40,000 of 10 kB,
beside `sha256sum` (wanted: as fast). CPU time of the whole process, user and system, the best of the rounds; the files
are in the page cache for all. Ends with 1 where a goal is missed.
"""

import argparse
import importlib.util
import resource
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

GOALS = (("openssl", 1_000, 1024 * 1024, 0.6), ("sha256sum", 40_000, 10_000, 1.0))
"""Program, files, bytes of each, and the share of the program's speed that is wanted."""


def bags() -> Any:
    """Return the module that makes bundles for the tests."""
    spec = importlib.util.spec_from_file_location("plantproof_bags", ROOT / "tests" / "vectors" / "bags.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def build(folder: Path, count: int, size: int) -> tuple[Path, list[str]]:
    """Write a bundle with `count` more files; return the zip, and their paths below `folder` unpacked."""
    module, chance = bags(), Random(1)
    bag = module.Bag.read((ROOT / "tests" / "vectors" / "bundle-0.1" / "later.zip").read_bytes())
    seed = chance.randbytes(size)
    for number in range(count):
        bag.files[f"data/more/{number // 1000}/{number}.bin"] = number.to_bytes(8, "big") + seed[8:]
    bag.remake(module.key_of("sealer"))
    place = folder / "bundle.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(bag.files):
            entry = zipfile.ZipInfo(f"{bag.folder}/{path}", (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, bag.files[path])
    for path, data in bag.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return place, sorted(bag.files)


def best(rounds: int, act: Callable[[], object]) -> float:
    """Return the least CPU time of what some rounds start."""
    times = []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        act()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def verified(place: Path) -> None:
    """Verify a bundle in a process of its own, from its start to its end."""
    words = [sys.executable, "-m", "evidence", "verify", str(place), "--key", str(place.with_name("root.pub"))]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def main() -> int:
    """Print both figures, and end with 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--share", type=int, default=1, metavar="N", help="only one N-th of the files")
    asked = parser.parse_args()
    rounds, missed = asked.rounds, False
    for program, every, size, goal in GOALS:
        count = every // asked.share
        with tempfile.TemporaryDirectory() as folder:
            place, paths = build(Path(folder), count, size)
            (Path(folder) / "root.pub").write_text((ROOT / "tests/vectors/bundle-0.1/root.pub").read_text())
            words = [program, *(["dgst", "-sha256"] if program == "openssl" else [])]
            listed = Path(folder) / "paths"
            listed.write_text("\n".join(paths) + "\n")
            stock = best(
                rounds,
                lambda words=words, folder=folder, listed=listed: subprocess.run(
                    ["xargs", "-a", str(listed), *words], cwd=folder, stdout=subprocess.DEVNULL, check=True
                ),
            )
            ours = best(rounds, lambda place=place: verified(place))
            share, total = stock / ours, count * size / 2**20
            missed |= share < goal
            print(
                f"{count:,} x {size:,} bytes: verify {ours:.2f} s ({total / ours:.0f} MiB/s),"
                f" {' '.join(words)} {stock:.2f} s ({total / stock:.0f} MiB/s): {share:.0%}, goal {goal:.0%}"
                f"{'' if share >= goal else ' MISSED'}"
            )
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
