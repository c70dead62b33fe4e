"""The pieces of a bundle: names, manifests, signatures, and the log's share; both implementations of each agree."""

import inspect
import re
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence import standalone
from evidence.bundle import sshsig
from evidence.bundle.bag import dump_info, dump_manifest, load_info, load_manifest
from evidence.bundle.layout import (
    EARLIER,
    FRONTIER,
    LEAVES,
    MAX_FOLDER,
    MAX_PATH,
    BundleError,
    artefact_path,
    check_path,
    folder_of,
    shorten,
)
from evidence.bundle.proof import check_earlier, cut, dump_proof, load_proof
from evidence.errors import Error
from evidence.export.period import PeriodError, parse_period
from evidence.log import (
    anchor,
    authority,
    export,
    findings,
    keystatement,
    missed,
    part,
    plan,
    quarantine,
    register,
    review,
    rows,
)
from evidence.log.chain import Leaf
from evidence.log.keys import SignatureError, SigningKey
from evidence.log.merkle import Frontier, ProofError, audit_paths, root_along
from evidence.log.statement import ROLE_OF
from evidence.model.columns import REGISTERS
from evidence.model.names import AssetId, digest_of
from evidence.standalone import forms, shapes, tree

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120)


@given(owner=NAMES, asset=NAMES, question=NAMES)
def test_whatever_things_are_called_their_path_fits_windows(owner: str, asset: str, question: str) -> None:
    digest = digest_of(asset.encode())
    for mark in (None, digest):
        path = artefact_path(AssetId(asset), "2026-11-22", question, mark)
        assert check_path(path) == path
        assert len(f"{folder_of(owner, '2026-07-01-2026-12-31')}/{path}") <= MAX_PATH
    assert len(folder_of(owner, "2026Q3")) <= MAX_FOLDER


@given(name=NAMES, at_most=st.sampled_from([40, 60, 100]))
def test_both_verifiers_shorten_names_alike(name: str, at_most: int) -> None:
    assert forms.shorten(name, at_most) == shorten(name, at_most)


def test_both_verifiers_know_the_same_kinds_and_who_may_sign_them() -> None:
    assert dict(ROLE_OF) == forms.ROLES
    assert shapes.PREDICATES.keys() == ROLE_OF.keys()


KEYS = {
    "genesis": (authority._GENESIS, authority._SPARE),
    "plan": (plan._PREDICATE, plan._AT),
    "missed": (missed._MISSED, frozenset()),
    "part": (part._PART, part._OPTIONAL),
    "findings": (findings._PREDICATE, frozenset()),
    "export": (export._EXPORT, export._OPTIONAL),
    "quarantine": (quarantine._QUARANTINE, frozenset()),
    "anchor": (anchor._ANCHOR, frozenset()),
    "review": (review._REVIEW, frozenset()),
    **dict.fromkeys(REGISTERS, (register._PREDICATE, frozenset())),
}
"""What a predicate of each kind must hold and what it may, for `verify`."""
ACTS = {"grant": shapes._GRANT, "revoke": shapes._REVOKE}


def test_all_three_verifiers_know_the_same_keys_of_every_kind() -> None:
    """A key that one reader learns and another does not is a bundle that they do not agree about."""
    page = (files(standalone) / "web" / "statements.js").read_text(encoding="utf-8")
    capture = inspect.getclosurevars(shapes._CAPTURE).nonlocals
    told = {
        "capture": (rows._CAPTURE, rows._OPTIONAL),
        "grant": (keystatement._KEY, frozenset()),
        "revoke": (keystatement._KEY | keystatement._REVOKED, frozenset()),
        **KEYS,
    }
    acts = {name: inspect.getclosurevars(shape).nonlocals for name, shape in ACTS.items()}
    known = (
        {"capture": capture} | acts | {kind: inspect.getclosurevars(shapes.PREDICATES[kind]).nonlocals for kind in KEYS}
    )
    for kind, (required, optional) in told.items():
        assert known[kind]["required"].keys() == required, kind
        assert known[kind]["known"].keys() == required | optional, kind
        assert all(re.search(rf"\b{key}\b", page) for key in required | optional), kind


@pytest.mark.parametrize(
    "path",
    [
        "data",
        "data/",
        "/etc/passwd",
        "data/../x",
        "data/a/b/c/d/e",
        "data/A",
        "data/con",
        "data/x.",
        "data/.x",
        "x",
        "",
    ],
)
def test_no_bundle_holds_such_a_path(path: str) -> None:
    with pytest.raises(BundleError):
        check_path(path)


@given(st.dictionaries(st.sampled_from([f"data/{n}.txt" for n in "abcdefgh"]), st.binary(max_size=4), min_size=1))
def test_a_manifest_is_read_as_it_was_written_and_no_other_way(files: dict[str, bytes]) -> None:
    wanted = {path: digest_of(data) for path, data in files.items()}
    data = dump_manifest(wanted)
    assert load_manifest(data, "m") == wanted
    assert forms.manifest(data) == {path: digest.removeprefix("sha256:") for path, digest in wanted.items()}
    for bad in (data[:-1], data + data.splitlines(keepends=True)[0], data.replace(b"  ", b" *"), data.upper(), b""):
        with pytest.raises(BundleError):
            load_manifest(bad, "m")


def test_a_description_is_one_line_each_label_once() -> None:
    data = dump_info({"Source-Organization": "Acme\nPayload-Oxum: 1.1", "Plantproof-Log": "0 9"})
    assert load_info(data) == {"Source-Organization": "Acme Payload-Oxum: 1.1", "Plantproof-Log": "0 9"}
    for bad in (data + b"Plantproof-Log: 0 8\n", data + b"x\n", b"\xff\n", data[:-1]):
        with pytest.raises(BundleError):
            load_info(bad)


@pytest.mark.real
def test_signatures_are_openssh_s_own(tmp_path: Path) -> None:
    key, message = SigningKey.generate(), tmp_path / "message"
    (tmp_path / "key").write_bytes(key.file_bytes())
    (tmp_path / "key").chmod(0o600)
    message.write_bytes(b"signed by both\n")
    words = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(tmp_path / "key"), "-n", "plantproof", str(message)]
    subprocess.run(words, check=True, capture_output=True)
    theirs = message.with_suffix(".sig").read_bytes()
    assert theirs == sshsig.sign(key, message.read_bytes(), namespace="plantproof")
    found = sshsig.read(theirs)
    assert (found.key, found.namespace) == (key.public, "plantproof")
    found.verify(message.read_bytes())
    with pytest.raises(SignatureError):
        found.verify(b"something else")


def believe(data: bytes) -> None:
    found = sshsig.read(data)
    assert (found.key, found.namespace) == (SigningKey.from_seed(bytes(32)).public, "plantproof")
    found.verify(b"x")


def test_a_signature_as_it_was_made_passes() -> None:
    believe(sshsig.sign(SigningKey.from_seed(bytes(32)), b"x", namespace="plantproof"))


@given(place=st.integers(0, 400), bit=st.integers(0, 7))
def test_a_signature_with_a_bit_changed_never_passes(place: int, bit: int) -> None:
    data = bytearray(sshsig.sign(SigningKey.from_seed(bytes(32)), b"x", namespace="plantproof"))
    data[place % len(data)] ^= 1 << bit
    with pytest.raises((Error, AssertionError)):
        believe(bytes(data))


def leaves(count: int) -> tuple[Leaf, ...]:
    return tuple(Leaf("part", digest_of(str(number).encode())) for number in range(count))


@given(size=st.integers(1, 70), before=st.integers(0, 69), data=st.data())
def test_frontier_leaves_and_paths_rebuild_what_they_stand_for(size: int, before: int, data: st.DataObject) -> None:
    before = min(before, size - 1)
    wanted = data.draw(st.sets(st.integers(0, before - 1), max_size=5)) if before else set()
    every = leaves(size)
    proof = cut(every, before, size, wanted)
    assert load_proof(dump_proof(proof), before) == proof
    whole = Frontier()
    whole.extend(leaf.line for leaf in every[:before])
    earlier = whole.root()
    whole.extend(leaf.line for leaf in every[before:])
    assert proof.roots([before, size]) == {before: earlier, size: whole.root()}
    assert tree.folded(list(whole.hashes)) == whole.root()
    check_earlier(proof, earlier)
    for one in proof.earlier:
        row = {"index": one.index, "path": [each.hex() for each in one.path]}
        assert tree.along(row, one.leaf.line, before) == earlier
        for index, path in ((one.index ^ 1, one.path), (before, one.path), (one.index, (*one.path, bytes(32)))):
            if index < before and one.path == () == path:
                continue
            with pytest.raises((ProofError, AssertionError)):
                assert root_along(path, one.leaf.line, index=index, size=before) == earlier


def test_a_frontier_of_another_size_is_refused() -> None:
    with pytest.raises(ProofError):
        Frontier.resume(3, [bytes(32)])
    with pytest.raises(ProofError):
        Frontier.resume(1, [bytes(31)])
    with pytest.raises(ProofError):
        root_along((), leaves(1)[0].line, index=1, size=1)
    with pytest.raises(ProofError, match="too short"):
        root_along((), leaves(1)[0].line, index=0, size=2)
    assert audit_paths([leaf.line for leaf in leaves(1)], [0]) == {0: ()}


def test_the_logs_files_are_read_strictly() -> None:
    files = dict(dump_proof(cut(leaves(9), 5, 9, {1, 3})))
    load_proof(files, 5)
    swapped = b"".join(reversed(files[FRONTIER].splitlines(keepends=True)))
    bad = {
        "a hash too few": {**files, FRONTIER: files[FRONTIER][:65]},
        "capitals": {**files, FRONTIER: files[FRONTIER].upper()},
        "no line feed": {**files, FRONTIER: files[FRONTIER][:-1]},
        "a leaf twice": {**files, LEAVES: files[LEAVES] + files[LEAVES].splitlines(keepends=True)[0]},
        "no leaves": {**files, LEAVES: b""},
        "not canonical": {**files, EARLIER: files[EARLIER] + b"\n"},
        "an empty list": {**files, EARLIER: b"[]"},
        "one of the leaves": {**files, EARLIER: dump_proof(cut(leaves(9), 8, 9, {6}))[EARLIER]},
    }
    for changed in bad.values():
        with pytest.raises(Error):
            load_proof(changed, 5)
    assert load_proof({**files, FRONTIER: swapped}, 5).roots([5]) != load_proof(files, 5).roots([5])


def test_periods_begin_and_end_with_a_day_in_utc() -> None:
    said = {
        "2026": ("2026-01-01", "2026-12-31"),
        "2026Q1": ("2026-01-01", "2026-03-31"),
        "2026Q4": ("2026-10-01", "2026-12-31"),
        "2024-02": ("2024-02-01", "2024-02-29"),
        "2026-12": ("2026-12-01", "2026-12-31"),
        "2026-07-22..2026-07-22": ("2026-07-22", "2026-07-22"),
    }
    for text, (first, last) in said.items():
        period = parse_period(text)
        assert period.since.isoformat() == f"{first}T00:00:00+00:00"
        assert period.until.isoformat() == f"{last}T23:59:59+00:00"
    for text in ("", "2026Q5", "2026-13", "2026-02-30..2026-03-01", "2026-07-02..2026-07-01", "last", "0000", "9999Q4"):
        with pytest.raises(PeriodError):
            parse_period(text)
