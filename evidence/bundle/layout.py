"""
Where everything lies in a bundle, and how large it may be.

Names are made for Windows: no colon, no device name, nothing that differs by case alone, at most 180 characters with
the bag's own folder.
"""

import hashlib
import re
from functools import lru_cache

from evidence.errors import Error
from evidence.model.names import AssetId, Digest, hex_of, slug

BAGIT, BAG_INFO = "bagit.txt", "bag-info.txt"
MANIFEST, TAGMANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
SIGNATURE = f"{TAGMANIFEST}.sig"
TAG_FILES = frozenset({BAGIT, BAG_INFO, MANIFEST, TAGMANIFEST, SIGNATURE})
"""Everything outside `data/`."""

LOG = "data/log/"
CHECKPOINT, PREVIOUS = f"{LOG}checkpoint", f"{LOG}previous-checkpoint"
FRONTIER, LEAVES, EARLIER = f"{LOG}frontier", f"{LOG}leaves", f"{LOG}earlier"
CHECKPOINTS, TOKENS, COSIGNATURES = f"{LOG}checkpoints/", f"{LOG}tsr/", f"{LOG}cosig/"
"""The checkpoints that were stamped or cosigned, besides the two; what was made over them, by size."""

EVIDENCE, STATEMENTS, BLOBS = "data/evidence/", "data/statements/", "data/blobs/"
INDEX = "data/evidence.csv"
"""Which artefact each file below `data/evidence/` is."""

GAPS = "data/gaps.csv"
"""What was planned and is not there, and why."""

NAMESPACE = "plantproof"
"""SSHSIG namespace of a bundle's signature."""

MAX_PATH = 180
"""Longest path with the bag's folder; Windows allows 260 with the folder it is unpacked in."""

MAX_FOLDER = 40
"""Longest name of the bag's own folder."""

MAX_FILES = 500_000
"""Most files of a bundle; a quarter of 10,000 assets has about 100,000."""

MAX_TAG_BYTES = 128 * 1024 * 1024
"""Largest tag file: a manifest of 500,000 lines of at most 250 bytes."""

MAX_LEAVES_BYTES = 128 * 1024 * 1024
"""Largest list of leaves: a million of about 110 bytes."""

MAX_INDEX_BYTES = 512 * 1024 * 1024
"""Largest `evidence.csv`: 500,000 rows of less than 1,000 bytes."""

_MAX_ASSET, _MAX_QUESTION = 60, 40
_NAME = re.compile(r"[a-z0-9._-]{1,120}")
_BAD_NAME = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?|.*\.|\.+.*")
_PATH = re.compile(
    r"data(?:/(?!\.|(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:[./]|$))[a-z0-9._-]{1,120}(?<!\.)){1,4}", re.ASCII
)
CMMC_ARTIFACTS = "data/cmmc/CMMCAssessmentArtifacts.log"
CMMC_LOG_HASH = "data/cmmc/CMMCAssessmentLogHash.log"
"""The hash logs of a CMMC assessment, under the names that assessors look for."""

_NAMED = frozenset({"data/README.txt", CMMC_ARTIFACTS, CMMC_LOG_HASH})
"""Files whose names others chose: no component of a path has capitals besides."""


class BundleError(Error):
    """A bundle is not as we write it."""


def folder_of(owner: str, period: str) -> str:
    """Return the name of the bag's own folder."""
    return shorten(f"{slug(owner)}-{period.lower()}", MAX_FOLDER)


@lru_cache(maxsize=65_536)
def shorten(name: str, at_most: int) -> str:
    """Return `name` as a path component of at most `at_most` characters, with a hash where it had to be changed."""
    plain = slug(name)
    if len(plain) <= at_most:
        return plain
    return (
        f"{plain[: at_most - 9].rstrip('.-')}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    )


def asset_folder(asset: AssetId) -> str:
    """Return the folder an asset's artefacts lie in."""
    return f"{EVIDENCE}{shorten(asset, _MAX_ASSET)}/"


def artefact_path(asset: AssetId, day: str, question: str, digest: Digest | None = None) -> str:
    """Return where an answer lies that was first given on `day`; `digest` tells apart those that would share a name."""
    mark = f"-{hex_of(digest)[:8]}" if digest else ""
    return f"{asset_folder(asset)}{day}/{shorten(question, _MAX_QUESTION)}{mark}.txt"


def statement_path(kind: str, digest: Digest) -> str:
    """Return where a statement lies."""
    return f"{STATEMENTS}{kind}/{hex_of(digest)}.dsse.json"


def blob_path(digest: Digest) -> str:
    """Return where an artefact lies that is no answer: a plan, an asset list, an action log."""
    return f"{BLOBS}{hex_of(digest)}"


def check_folder(name: str) -> str:
    """Return the name of a bag's own folder if it can be one; raise `BundleError` if not."""
    if len(name) > MAX_FOLDER or not _NAME.fullmatch(name) or _BAD_NAME.fullmatch(name):
        raise BundleError(f"expected one folder with a short, plain name, found {name!r:.100}")
    return name


def check_path(path: str) -> str:
    """Return `path`, relative to the bag's folder, if a bundle may hold it; raise `BundleError` if not."""
    if path in TAG_FILES or path in _NAMED:
        return path
    if len(path) > MAX_PATH or not _PATH.fullmatch(path):
        raise BundleError(f"not a path of a bundle: {path!r:.200}")
    return path
