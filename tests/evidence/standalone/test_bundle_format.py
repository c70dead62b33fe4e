"""docs/bundle-format.md names everything that a bundle holds."""

import base64
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evidence.bundle import layout, proof, sshsig
from evidence.log.fields import MAX_TEXT
from evidence.log.part import MAX_PREVIOUS
from evidence.log.plan import MAX_SLOTS, MAX_SLOTS_DAYS
from evidence.log.statement import MAX_SUBJECTS, ROLE_OF
from evidence.model.outcome import Result
from evidence.standalone import files

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "bundle-format.md").read_text(encoding="utf-8")
FREE = {"clock", "tool", "run_by", "redaction", "conduct", "entries"}
"""Objects whose keys are for people, or described on a page of their own."""


def keys_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield key
            if key not in FREE:
                yield from keys_of(one)
    for one in value if isinstance(value, list) else ():
        yield from keys_of(one)


@pytest.fixture(scope="module")
def bundles() -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in (ROOT / "tests/vectors/bundle-0.1").glob("*.zip"):
        with zipfile.ZipFile(path) as archive:
            found |= {f"{path.stem}/{name.partition('/')[2]}": archive.read(name) for name in archive.namelist()}
    return found


def test_every_key_of_every_statement_and_list_is_named(bundles: dict[str, bytes]) -> None:
    named = set(re.findall(r"`([a-z_][A-Za-z0-9_]*)`", PAGE)) | set(re.findall(r'"([a-z]+)"', PAGE))
    for path, data in bundles.items():
        if "/data/statements/" in path:
            envelope = json.loads(data)
            assert set(keys_of(envelope)) <= named, path
            assert set(keys_of(json.loads(base64.b64decode(envelope["payload"])))) <= named, path
        elif "/data/log/earlier" in path or ("/data/blobs/" in path and b'"request"' not in data):
            assert set(keys_of(json.loads(data))) <= named, path


def test_every_file_and_label_and_column_is_named(bundles: dict[str, bytes]) -> None:
    for path, data in bundles.items():
        name = path.partition("/")[2]
        for folder in ("statements", "blobs", "evidence", "controls"):
            if name.startswith(f"data/{folder}/"):
                assert f"data/{folder}/<" in PAGE
                break
        else:
            assert f"`{name}`" in PAGE or f"`{name.removeprefix('data/log/')}`" in PAGE, name
        if name == "bag-info.txt":
            assert all(f"`{line.split(':')[0]}`" in PAGE for line in data.decode().splitlines())
        if name in ("data/gaps.csv", "data/findings.csv") or name.endswith("index.csv"):
            assert f"`{data.decode('utf-8-sig').splitlines()[0]}`" in PAGE


def test_every_kind_role_result_and_limit_is_named() -> None:
    rows = {
        kind: line
        for line in PAGE.splitlines()
        if line.startswith("| `")
        for kind in re.findall("`([a-z]+)`", line.split("|")[1])
    }
    assert {kind: rows[kind].split("|")[2].strip() for kind in ROLE_OF} == {
        kind: str(role) for kind, role in ROLE_OF.items()
    }
    assert all(str(result) in PAGE for result in Result)
    limits = (layout.MAX_FILES, layout.MAX_PATH, layout.MAX_FOLDER, proof.MAX_FRONTIER, proof.MAX_EARLIER, MAX_SUBJECTS)
    limits += (MAX_TEXT, MAX_PREVIOUS, MAX_SLOTS, MAX_SLOTS_DAYS, sshsig.MAX_SIGNATURE_BYTES)
    assert all(re.search(rf"\b{limit:,}\b", PAGE) for limit in limits)
    for limit in (layout.MAX_TAG_BYTES, layout.MAX_LEAVES_BYTES, files.MAX_FILE, files.MAX_DIRECTORY):
        assert f"{limit // 2**20} MiB" in PAGE
