"""A zip from anybody: read within bounds, and refused where it is not as we write it."""

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evidence.bundle.layout import BundleError
from evidence.bundle.opened import is_bundle, open_bundle, read_file
from evidence.standalone.files import BROKEN, Bundle
from evidence.verify.bundle_verifier import verify_bundle

Entries = list[tuple[zipfile.ZipInfo, bytes]]


def rewritten(source: Path, target: Path, edit: Callable[[Entries], Entries], comment: bytes = b"") -> Path:
    """Write a zip again with its entries edited."""
    with zipfile.ZipFile(source) as archive:
        entries = [(info, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(target, "w") as archive:
        for info, data in edit(entries):
            archive.writestr(info, data)
        archive.comment = comment
    return target


def entry(name: str, data: bytes = b"x", *, mode: int = 0o100644, kind: int = zipfile.ZIP_STORED) -> Entries:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.external_attr, info.compress_type = mode << 16, kind
    return [(info, data)]


FOLDER = "acme-2026-11-21-2026-11-30"
HOSTILE: dict[str, Entries] = {
    "a bomb": entry(f"{FOLDER}/data/bomb.txt", b"\0" * 50_000_000, kind=zipfile.ZIP_DEFLATED),
    "a way up": entry(f"{FOLDER}/data/../../evil.txt"),
    "a way up at once": entry("../evil.txt"),
    "a root": entry("/etc/evil.txt"),
    "a second folder": entry("other/data/evil.txt"),
    "a drive": entry(f"{FOLDER}/data/C:evil.txt"),
    "a backslash": entry(f"{FOLDER}/data/..\\evil.txt"),
    "a device": entry(f"{FOLDER}/data/con.txt"),
    "a hidden file": entry(f"{FOLDER}/data/.evil"),
    "a name of dots": entry(f"{FOLDER}/data/..txt"),
    "a link": entry(f"{FOLDER}/data/link.txt", b"/etc/passwd", mode=0o120777),
    "a folder": entry(f"{FOLDER}/data/folder/", b"", mode=0o040755),
    "a long name": entry(f"{FOLDER}/data/evidence/{'a' * 100}/{'b' * 100}.txt"),
    "a deep name": entry(f"{FOLDER}/data/evidence/a/b/c/d/e.txt"),
    "capitals": entry(f"{FOLDER}/data/Evil.txt"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_no_bundle_holds_is_refused_before_it_is_read(name: str, handed: Any, tmp_path: Path) -> None:
    bad = rewritten(handed.bundle, tmp_path / "bad.zip", lambda entries: [*entries, *HOSTILE[name]])
    report = verify_bundle(bad, trusted_root=handed.root)
    assert [step.name for step in report.failed] == ["bag"]
    with pytest.raises(BundleError):
        open_bundle(bad)
    with pytest.raises(BROKEN):
        Bundle(bad)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(handed: Any, tmp_path: Path) -> None:
    bad = rewritten(
        handed.bundle,
        tmp_path / "bad.zip",
        lambda entries: [*entries, *entry(f"{FOLDER}/data/gaps.csv", b"nothing\n")],
    )
    with pytest.raises(BundleError, match="twice"):
        open_bundle(bad)
    with pytest.raises(BROKEN, match="twice"):
        Bundle(bad)


def test_entries_that_share_bytes_are_refused(handed: Any, tmp_path: Path) -> None:
    data = bytearray(handed.bundle.read_bytes())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    data[second + 42 : second + 46] = struct.pack("<I", 3)
    bad = tmp_path / "bad.zip"
    bad.write_bytes(data)
    with pytest.raises(BundleError, match="does not follow"):
        open_bundle(bad)
    with pytest.raises(BROKEN, match="does not follow"):
        Bundle(bad)


def test_bytes_before_between_or_behind_the_entries_are_refused(handed: Any, tmp_path: Path) -> None:
    data, bad = handed.bundle.read_bytes(), tmp_path / "bad.zip"
    directory = data.index(b"PK\x01\x02")
    for changed in (b"#!/bin/sh\n" + data, data[:directory] + b"hidden" + data[directory:], data + b"hidden"):
        bad.write_bytes(changed)
        with pytest.raises(BundleError):
            open_bundle(bad)
        with pytest.raises(BROKEN):
            Bundle(bad)


def test_a_directory_larger_than_any_is_not_read(handed: Any, tmp_path: Path) -> None:
    data = bytearray(handed.bundle.read_bytes())
    data[-22 + 12 : -22 + 16] = struct.pack("<I", 2**32 - 2)
    bad = tmp_path / "bad.zip"
    bad.write_bytes(data)
    with pytest.raises(BundleError, match="a directory of"):
        open_bundle(bad)
    with pytest.raises(BROKEN, match="a directory of"):
        Bundle(bad)


@pytest.mark.parametrize("data", [b"", b"PK", b"hello", b"PK\x05\x06" + bytes(18), b"\0" * 100_000])
def test_what_is_no_zip_fails_at_the_first_step(data: bytes, tmp_path: Path) -> None:
    bad = tmp_path / "bad.zip"
    bad.write_bytes(data)
    assert [step.name for step in verify_bundle(bad).failed] == ["bag"]
    with pytest.raises(BROKEN):
        Bundle(bad)


def test_a_comment_behind_the_zip_is_refused(handed: Any, tmp_path: Path) -> None:
    bad = rewritten(handed.bundle, tmp_path / "bad.zip", lambda entries: entries, comment=b"see also")
    with pytest.raises(BundleError, match="not a zip as we write it"):
        open_bundle(bad)


def test_a_link_in_an_unpacked_bundle_is_refused(bag: Path, bundles: Any, tmp_path: Path) -> None:
    bad = bundles.copy(bag, tmp_path / "bag")
    kept = tmp_path / "elsewhere"
    (bad / "data/gaps.csv").rename(kept)
    (bad / "data/gaps.csv").symlink_to(kept)
    with pytest.raises(BundleError, match="plain file"):
        open_bundle(bad)
    with pytest.raises(BROKEN, match="plain file"):
        Bundle(bad)


def test_a_file_that_grows_while_it_is_read_is_noticed(bag: Path, bundles: Any, tmp_path: Path) -> None:
    copied = bundles.copy(bag, tmp_path / "bag")
    opened = open_bundle(copied)
    (copied / "data/gaps.csv").write_bytes(b"x" * 10_000)
    with pytest.raises(BundleError, match="expected"):
        read_file(opened, "data/gaps.csv")


def test_the_folder_around_a_bag_is_good_enough_and_two_bags_are_too_many(
    bag: Path, bundles: Any, tmp_path: Path
) -> None:
    around = tmp_path / "around"
    around.mkdir()
    bundles.copy(bag, around / "one")
    assert is_bundle(around)
    assert open_bundle(around).sizes == open_bundle(bag).sizes
    bundles.copy(bag, around / "two")
    with pytest.raises(BundleError, match="found 2"):
        open_bundle(around)


def test_a_store_is_no_bundle(handed: Any) -> None:
    assert not is_bundle(handed.folder / "store")
    assert is_bundle(handed.bundle)
