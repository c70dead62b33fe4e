"""
Check an evidence bundle with nothing but Python 3.11 or newer: no package, no network, no trust in who collected.

    python verify.py BUNDLE.zip --root-key root.pub --pin "ORIGIN SIZE ROOT" --tsa-ca ca.pem --witness witness.pub

BUNDLE is the zip or the folder it was unpacked to. The root key and pins come from the owner, certificates of CAs of
time stamps and keys of witnesses from whoever trusts them, another way than the bundle; this file comes with a release
of plantproof.
It ends with 0 when no step failed, with 16 when one did, and says of each step: passed, failed, or not-checked and why.
It imports nothing but the standard library and runs no program. Ed25519 is RFC 8032's, Merkle trees are RFC 6962's,
bags RFC 8493's, time stamps RFC 3161's, signatures DSSE v1 and SSHSIG, cosignatures those of C2SP tlog-cosignature.
"""

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from evidence.standalone.certificates import MAX_PEM, from_pem
from evidence.standalone.checks import Verification
from evidence.standalone.files import BROKEN, Bundle
from evidence.standalone.forms import public_key

_STEPS = (
    ("bag", Verification.bag), ("log", Verification.log), ("genesis", Verification.genesis),
    ("keys", Verification.introduced), ("signatures", Verification.signatures), ("pins", Verification.pinned),
    ("statements", Verification.statements), ("links", Verification.links), ("artefacts", Verification.artefacts),
    ("completeness", Verification.completeness), ("anchors", Verification.anchors),
)  # fmt: skip
_TSA_CA = "a CA of time stamps that you trust, in PEM; may be given again"
_WITNESS = "public key of a witness that you trust; may be given again"
_Read = TypeVar("_Read")


def _begin(path: Path) -> bytes:
    """Return a file that was given, or so much of it that it is seen to be too long."""
    with path.open("rb") as file:
        return file.read(MAX_PEM + 1)


def _given_key(data: bytes) -> bytes:
    return public_key(data.decode())


def main(words: list[str]) -> int:
    """Check the bundle that the command line names, say what was found, and return the exit code."""
    parser = argparse.ArgumentParser(description="Check an evidence bundle: 0 nothing is wrong, 16 something is.")
    parser.add_argument("bundle", type=Path, help="the zip, or the folder it was unpacked to")
    parser.add_argument("--root-key", type=Path, metavar="ROOT.pub", help="the owner's root key, got another way")
    parser.add_argument("--pin", action="append", default=[], help="`origin size root`, from an earlier report")
    parser.add_argument("--tsa-ca", action="append", default=[], type=Path, metavar="CA.pem", help=_TSA_CA)
    parser.add_argument("--witness", action="append", default=[], type=Path, metavar="W.pub", help=_WITNESS)
    asked, failed = parser.parse_args(words), 0
    pins = [pin.split(" ") for pin in asked.pin]

    def given(option: str, paths: list[Path], read: Callable[[bytes], _Read]) -> list[_Read]:
        try:
            return [read(_begin(path)) for path in paths]
        except BROKEN as error:
            parser.error(f"{option}: {error}")

    root, *_ = [*given("--root-key", [asked.root_key] if asked.root_key else [], _given_key), None]
    authorities, witnesses = given("--tsa-ca", asked.tsa_ca, from_pem), given("--witness", asked.witness, _given_key)
    if any(len(pin) != 3 or not re.fullmatch("[0-9]{1,12}", pin[1]) for pin in pins):
        parser.error("--pin: expected `origin size root`")
    try:
        found = Verification(Bundle(asked.bundle), root, pins)
    except BROKEN as error:
        sys.stdout.write(f" 1  bag           failed\n      {ascii(str(error))[1:-1]}\nFAILED\n")
        return 16
    found.authorities, found.witnesses = [one for several in authorities for one in several], witnesses
    for number, (name, check) in enumerate(_STEPS, 1):
        found.failures, found.gaps, found.notes = [], [], []
        try:
            check(found)
        except BROKEN as error:
            found.failures.append(str(error) or type(error).__name__)
        status = "failed" if found.failures else "not-checked" if found.gaps else "passed"
        failed += bool(found.failures)
        sys.stdout.write(f"{number:>2}  {name:<13} {status}\n")
        for line in [*found.failures, *found.gaps, *found.notes][:100]:
            sys.stdout.write(f"      {ascii(line)[1:-1]}\n")
    sys.stdout.write(f"{'FAILED' if failed else 'nothing wrong was found'}: {failed} of {len(_STEPS)} steps failed\n")
    return 16 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
