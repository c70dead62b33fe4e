"""
CPU of loading 600 platform files and of finding a device's platform among them, beside libyaml reading the same bytes.

    python benchmarks/platforms.py [--files 600]

The files are ours, and copies of ours under other names, for devices of other vendors. Nothing is kept from one round
to the next: no file has been met and no expression compiled. The goals: 150 ms to load, 1 ms a device. A device whose
platform is met for the first time costs reading the rest of its file; that is told apart, and so is reading every file.
"""

import argparse
import re
import tempfile
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import yaml

from evidence import quick_yaml
from evidence.platforms import heads, load, parsing
from evidence.platforms.load import GENERIC, PACKAGED, SERVICES, Platforms, load_files

ROUNDS = 5


def timed_s(work: Callable[[], object]) -> float:
    """Return the CPU time of one piece of work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def forget() -> None:
    """Be as a program that has just started."""
    parsing._remembered.cache_clear()
    heads.head_of.cache_clear()
    quick_yaml._VALUES.clear()
    load._compiled.cache_clear()


def many(folder: Path, wanted: int) -> dict[str, Path]:
    """Return so many platform files by name: ours, then copies whose devices are of vendors that do not exist."""
    ours = sorted([*PACKAGED.glob("*.yaml"), *SERVICES.glob("*.yaml")])
    files = {path.stem: path for path in ours}
    models = [path for path in ours if path.stem != GENERIC]
    for number, model in enumerate(cycle(models)):
        if len(files) >= wanted:
            return files
        name, vendor = f"{model.stem}_{number}", 100_000 + number
        text = model.read_text(encoding="utf-8").replace(f"name: {model.stem}\n", f"name: {name}\n", 1)
        text = re.sub(
            r"(?m)^recognition:\n(?: .*\n)+",
            lambda own, to=vendor: re.sub(r"(?<![\w.])(?=\d+\.\d)", f"1.3.6.1.4.1.{to}.", own[0]),
            text,
        )
        text = re.sub(r"(?m)^  network_os: .*$", f"  network_os: [{name}]", text)
        files[name] = folder / f"{name}.yaml"
        files[name].write_text(text, encoding="utf-8")
    return files


def match_all(known: Platforms) -> int:
    """Find the platform of one device of each kind; return how many there were."""
    prefixes = list(known._by_prefix)
    for prefix in prefixes:
        asked = known.recognise(f"{prefix}.1")
        known.match(f"{prefix}.1", "Acme switch, version 1.2.3", asked.objects if asked else ())
    return len(prefixes)


def main() -> None:
    """Print what loading and matching cost."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=int, default=600)
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        files = many(Path(name), wanted.files)
        texts = [path.read_bytes() for path in files.values()]
        rounds = [_round(files, texts) for _ in range(ROUNDS)]
    loading, first, again, whole, libyaml = (min(each) for each in zip(*rounds, strict=True))
    print(f"{len(files)} files, {sum(map(len, texts)) / 1024:.0f} KiB, no cache")
    print(f"loading                    {loading * 1e3:8.1f} ms   (goal 150)")
    print(f"matching, platform not met {first * 1e3:8.3f} ms a device   (goal 1)")
    print(f"matching, platform met     {again * 1e3:8.3f} ms a device   (goal 1)")
    print(f"reading every file whole   {whole * 1e3:8.1f} ms   (libyaml alone {libyaml * 1e3:.1f})")


def _round(files: dict[str, Path], texts: list[bytes]) -> tuple[float, ...]:
    forget()
    known: list[Platforms] = []
    loading = timed_s(lambda: known.append(load_files(files, others=files)))
    devices: list[int] = []
    first = timed_s(lambda: devices.append(match_all(known[0]))) / devices[0]
    again = timed_s(lambda: match_all(known[0])) / devices[0]
    forget()
    whole = timed_s(lambda: list(load_files(files, others=files, whole=files)))
    libyaml = timed_s(lambda: [yaml.load(text, Loader=yaml.CSafeLoader) for text in texts])
    return loading, first, again, whole, libyaml


if __name__ == "__main__":
    main()
