"""Where verify.py says that an answer lies."""

from types import SimpleNamespace
from typing import Any

from evidence.standalone.findings import _places
from evidence.standalone.forms import shorten

DIGEST = "0" * 64


def test_an_asset_named_like_anothers_folder_has_answers_of_its_own() -> None:
    long = "L" * 70
    short = shorten(long, 60)
    said = {"at": "2026-07-01T02:00:00Z", "blob": f"sha256:{DIGEST}"}
    captures = [{**said, "asset": long, "question": "system"}, {**said, "asset": short, "question": "zystem"}]
    paths = [f"data/evidence/{short}/2026-07-01/{question}.txt" for question in ("system", "zystem")]
    part = {"kind": "part", "predicate": {"captures": captures}}
    found: Any = SimpleNamespace(counting=[(1, "", part)], manifest=dict.fromkeys(paths, DIGEST), supplied=[], blobs={})
    answers, _ = _places(found)
    assert [answers[asset, said["blob"]] for asset in (long, short, None)] == [*paths, paths[0]]
