"""
The artifact hash logs that a CMMC assessment asks for: a list of SHA-256 digests, and the digest of that list.

The form is that of the DoD's artifact hashing tool, which prints PowerShell's `Get-FileHash` as a table of fixed
columns in ASCII. A log is written once: the assessor keeps its digest, the organisation the artifacts, for six years
(32 CFR 170.17). Not verified against the tool itself.
"""

import re
from collections.abc import Mapping

from evidence.bundle.layout import CMMC_ARTIFACTS, CMMC_LOG_HASH
from evidence.errors import Error
from evidence.model.names import Digest, digest_of, hex_of

PROFILE = "cmmc"
"""How the profiles of a CMMC assessment begin."""

DEFAULT_ROOT = "C:\\CMMC"
"""Where the bundle is said to be unpacked, where nobody says otherwise."""

_ALGORITHM, _HASH = 15, 70
"""Widths of the first two columns, each with a blank behind it; paths begin at 87."""

_ROOT = re.compile(r"(?:[A-Za-z]:\\|/)[ -~]{0,100}")
_END = "\r\n"


class HashLogError(Error):
    """The hash logs cannot be written so that the tool would read them."""

    exit_code = 5


def is_cmmc(profile: str | None) -> bool:
    """Tell whether findings by this profile are for a CMMC assessment."""
    return profile is not None and profile.startswith(PROFILE)


def hash_logs(files: Mapping[str, Digest], *, root: str, folder: str) -> Mapping[str, bytes]:
    """
    Return both logs, by path in the bundle, of `files` by theirs.

    `root` is the absolute path the bundle's `folder` is unpacked in, of Windows or of another system.
    """
    if not _ROOT.fullmatch(root):
        raise HashLogError(f"expected an absolute path in ASCII, found {root!r:.120}")
    slash = "\\" if root[1:2] == ":" else "/"
    place = f"{root.rstrip(slash)}{slash}{folder}{slash}"

    def table(rows: Mapping[str, Digest]) -> bytes:
        lines = [_row(hex_of(rows[path]).upper(), place + path.replace("/", slash)) for path in sorted(rows)]
        head = [_line("Algorithm", "Hash", "Path"), _line("---------", "----", "----")]
        return "".join(f"{line}{_END}" for line in ("", *head, *lines, "", "")).encode("ascii")

    artifacts = table(files)
    return {CMMC_ARTIFACTS: artifacts, CMMC_LOG_HASH: table({CMMC_ARTIFACTS: digest_of(artifacts)})}


def _row(digest: str, path: str) -> str:
    return _line("SHA256", digest, path)


def _line(algorithm: str, digest: str, path: str) -> str:
    return f"{algorithm:<{_ALGORITHM}} {digest:<{_HASH}} {path}"
