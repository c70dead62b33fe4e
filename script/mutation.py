"""
Break redaction, guard, log and verification on purpose, and see whether the tests notice.

    python script/mutation.py [EVERY]

EVERY is 4 when it is not said: every fourth mutant of each function is tried, always the same ones. Which modules and
which tests stands in pyproject.toml, `[tool.mutmut]`. Ends with 1 when fewer than 70 % are noticed.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

LEAST = 70.0
"""Per cent of mutants that have to be noticed."""

ROOT = Path(__file__).parents[1]
_MUTMUT = (sys.executable, "-m", "mutmut", "run", "--max-children", "2")
_NOWHERE = subprocess.DEVNULL
_SURVIVED, _UNTESTED = {0}, {5, 33}
"""Exit codes of pytest for a mutant: nobody noticed; no test reaches it."""


def main(every: int) -> int:
    """Run the mutants and return the exit code."""
    # mutmut makes the mutants before it finds that none is named so, and says that at length.
    subprocess.run([*_MUTMUT, "nothing.at.all"], cwd=ROOT, check=False, stdout=_NOWHERE, stderr=_NOWHERE)
    chosen = [name for names in _mutants().values() for name in sorted(names)[::every]]
    print(f"{len(chosen)} mutants", flush=True)
    subprocess.run([*_MUTMUT, *chosen], cwd=ROOT, check=False, stdout=_NOWHERE)
    found = {path: {name: names[name] for name in names if name in set(chosen)} for path, names in _mutants().items()}
    for path, codes in sorted(found.items()):
        if codes:
            print(f"{path:50} {_share(codes.values()):5.1f} % of {len(codes)}")
    everything = [code for codes in found.values() for code in codes.values()]
    untried = sum(code is None for code in everything)
    score = _share(everything)
    print(f"mutation: {score:.1f} % of {len(everything) - untried} mutants noticed, {untried} not tried")
    return 0 if everything and untried * 20 < len(everything) and score >= LEAST else 1


def _mutants() -> dict[str, dict[str, int | None]]:
    """Return the mutants of each module with the exit code of their tests, as mutmut keeps them."""
    folder = ROOT / "mutants"
    return {
        path.relative_to(folder).as_posix().removesuffix(".meta"): json.loads(path.read_text())["exit_code_by_key"]
        for path in folder.rglob("*.py.meta")
    }


def _share(codes: Iterable[int | None]) -> float:
    """Return how many per cent of the mutants tried were noticed."""
    counted = Counter("missed" if code in _SURVIVED | _UNTESTED else "noticed" for code in codes if code is not None)
    return 100 * counted["noticed"] / max(counted.total(), 1)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 4))
