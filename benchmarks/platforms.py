"""
CPU of loading the platform files, beside libyaml reading the same bytes and doing nothing with them, in one run.

    python benchmarks/platforms.py [--files 600]

The limit is the YAML parser: every byte has to pass it once. The goal is at most twice that.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from evidence.platforms.load import PACKAGED, SERVICES, _remembered, load_platforms

ROUNDS = 7


def best_s(work: Callable[[], object]) -> float:
    """Return the least CPU time of some rounds, each as if no file had been met before."""
    times = []
    for _ in range(ROUNDS):
        _remembered.cache_clear()
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def many(folder: Path, files: int) -> None:
    """Write so many platform files: copies of one that claims no device, each under a name of its own."""
    model = (PACKAGED / "frr.yaml").read_text(encoding="utf-8").replace("[frr, frrouting, frr.frr.frr]", "[]")
    for number in range(files):
        text = model.replace("name: frr\n", f"name: p{number}\n", 1)
        (folder / f"p{number}.yaml").write_text(text, encoding="utf-8")


def main() -> None:
    """Print one line a set of files: how many, bytes, seconds to load, seconds of libyaml alone, ratio."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=int, default=600)
    wanted = options.parse_args()
    print(f"{'files':>6} {'KiB':>7} {'load s':>7} {'libyaml s':>10} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as name:
        many(Path(name), wanted.files)
        for folder in (None, Path(name)):
            paths = [*PACKAGED.glob("*.yaml"), *SERVICES.glob("*.yaml"), *(folder.glob("*.yaml") if folder else ())]
            texts = [path.read_bytes() for path in paths]
            loading = best_s(lambda folder=folder: load_platforms(folder))
            parsing = best_s(lambda texts=texts: [yaml.load(text, Loader=yaml.CSafeLoader) for text in texts])
            size = sum(map(len, texts)) / 1024
            print(f"{len(paths):6} {size:7.0f} {loading:7.2f} {parsing:10.2f} {loading / parsing:6.2f}")


if __name__ == "__main__":
    main()
