"""What a sealed slot lacks."""

from pathlib import Path
from types import ModuleType

from collectors.closing import close, newly_sealed
from evidence.log.history import History
from evidence.store.directory import DirectoryStore
from evidence.store.layout import part_key

SLOT = "nightly-20260722T0300Z"


def test_a_part_without_its_last_chunk_is_unfinished_and_its_assets_are_named(
    vectors: ModuleType, tmp_path: Path
) -> None:
    store = DirectoryStore(tmp_path)
    site = vectors.Site(store=store, keyring=vectors.fixed_keyring())
    site.begin()
    written = site.run(site.plan(), slot=SLOT)
    (tmp_path / part_key(SLOT, written[-1])).unlink()
    before = site.seal()
    history = History.read(store)
    (one,) = close(history, newly_sealed(history, 0))
    assert (one.slot, one.parts, one.absent, one.unfinished) == (SLOT, (), (), ("1/1",))
    assert (one.planned, one.without, one.whole) == (3, ("Presse Ü",), False)

    site.run(site.plan(), slot=SLOT)
    site.seal()
    history = History.read(store)
    assert newly_sealed(history, before.size) == {SLOT.lower()}
    (again,) = close(history, [SLOT])
    assert again.whole, "the slot was read again, whole"
