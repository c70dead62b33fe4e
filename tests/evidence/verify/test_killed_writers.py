"""A process that collects and seals is killed at random moments: nothing that was committed is lost, the next works."""

import random
import select
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from evidence.log.chain import read_chain
from evidence.log.keyring import load_public
from evidence.log.note import Checkpoint, parse_pin
from evidence.store.directory import DirectoryStore
from evidence.store.layout import is_hint
from evidence.verify.verifier import verify

WRITER = """
import sys
from datetime import timedelta
from pathlib import Path
from secrets import token_bytes
sys.path.insert(0, sys.argv[2])
import make
from evidence.log.chain import read_chain
from evidence.store.directory import DirectoryStore
site = make.Site(store=DirectoryStore(Path(sys.argv[1])), keyring=make.fixed_keyring(), people=True, random=token_bytes)
site.begin()
print("ready", flush=True)
number = read_chain(site.store).size
while True:
    number += 1
    site.runs, site.now = number, make.START + timedelta(hours=3 * number)
    plan = site.plan(make.ASSETS[: 1 + number % 3])
    site.run(plan, assets=make.ASSETS[: 1 + number % 3])
    print(site.seal().pin, flush=True)
"""


def kill_after(place: Path, vectors: Path, pause_s: float) -> list[Checkpoint]:
    """Start a writer, kill it a moment after it is ready, and return the pins it had printed by then."""
    root = str(Path(__file__).parents[3])
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(place), str(vectors)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": root},
    ) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        first = writer.stdout.readline()
        assert first == b"ready\n", writer.stderr.read()
        # Nothing ever comes on stderr: this is the wait, and it ends at once should the writer fail.
        select.select([writer.stderr], [], [], pause_s)
        writer.kill()
        said, errors = writer.communicate()
    assert errors == b""
    lines = said.split(b"\n")[:-1]
    return [parse_pin(line) for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("kills", [6, pytest.param(20, marks=pytest.mark.exhaustive)])
def test_a_writer_killed_at_random_moments_loses_nothing(tmp_path: Path, vectors: ModuleType, kills: int) -> None:
    place = tmp_path / "store"
    place.mkdir()
    source = Path(str(vectors.__file__)).parent
    root = load_public(source / "store-0.1" / "root.pub")
    rolled = random.Random(20260722)
    pins: list[Checkpoint] = []
    kept: dict[str, bytes] = {}
    for kill in range(kills):
        pins += kill_after(place, source, rolled.uniform(0, 0.25))
        store = DirectoryStore(place)
        now = {key: store.get(key) for key in store.keys("")}
        assert {key: now[key] for key in kept} == kept, kill
        site = vectors.Site(store=store, keyring=vectors.fixed_keyring())
        site.begin()
        site.now = vectors.START.replace(year=2027)
        pins.append(site.seal())
        report = verify(store, trusted_root=root, pins=pins)
        assert report.failed == (), kill
        assert read_chain(store).size == pins[-1].size
        kept = {key: store.get(key) for key in store.keys("") if not is_hint(key)}
    assert len({pin.size for pin in pins}) > kills // 6
