"""
The auditor's question for a bundle, step by step. Each step trusts only what the steps before it have shown.

 1. bag           Every file is listed and unchanged, and there is none that is not listed.
 2. log           Frontier and leaves rebuild the roots of both checkpoints.
 3. genesis       Genesis is signed by the root key it names, makes this log, and the root key is the trusted one.
 4. keys          Every other key was introduced by the root key or its spare, in the log, for one role; so was its end,
                  and nothing that was said of a key is withheld.
 5. signatures    A sealer of this log signed every checkpoint and the tag manifest, so every file.
 6. pins          The log still holds everything that each pin stands for.
 7. statements    Every statement stands in the log, signed by a key that had the role for it; what is withheld is
                  counted.
 8. links         Plans were logged before what refers to them; `previous` is in the log; `after` is what the log was.
 9. artefacts     Every artefact is one a statement names, for the asset, day and question its path says; findings.csv
                  and the frameworks' indexes are made again from the newest findings statement.
10. completeness  Each run has exactly one outcome for each asset of its frozen list, each slot of the period one in
                  time for each planned asset; gaps.csv is made again from the statements.
11. anchors       What binds the log from outside (time stamps, cosignatures, pins), and what nothing binds.

A step passes, fails, or is not-checked and says why; what could not be looked at is never a pass.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from evidence.bundle.opened import open_bundle
from evidence.errors import Error
from evidence.log.keys import PublicKey
from evidence.log.note import Checkpoint
from evidence.verify.bundle_audit import BundleAudit
from evidence.verify.bundle_slots import check_bundle_completeness
from evidence.verify.bundle_statements import (
    check_artefacts,
    check_bundle_anchors,
    check_references,
    check_supplied,
)
from evidence.verify.bundle_steps import (
    check_bag,
    check_bundle_genesis,
    check_bundle_keys,
    check_bundle_log,
    check_bundle_pins,
    check_signatures,
)
from evidence.verify.outside import Outside
from evidence.verify.result import Answer, Report, Status, Step

BUNDLE_STEPS: tuple[tuple[int, str, Callable[[BundleAudit, Answer], None]], ...] = (
    (1, "bag", check_bag),
    (2, "log", check_bundle_log),
    (3, "genesis", check_bundle_genesis),
    (4, "keys", check_bundle_keys),
    (5, "signatures", check_signatures),
    (6, "pins", check_bundle_pins),
    (7, "statements", check_supplied),
    (8, "links", check_references),
    (9, "artefacts", check_artefacts),
    (10, "completeness", check_bundle_completeness),
    (11, "anchors", check_bundle_anchors),
)


def verify_bundle(
    place: Path,
    *,
    trusted_root: PublicKey | None = None,
    pins: Sequence[Checkpoint] = (),
    outside: Outside | None = None,
) -> Report:
    """
    Check everything in the bundle at `place` that can be checked; it may be a zip or the folder it was unpacked to.

    `trusted_root`, `pins` and what is trusted `outside` (CAs of time stamps, witnesses) come from elsewhere than the
    bundle; without them steps 3, 6 and 11 are not-checked. Never raises for what it finds: a step that cannot go on
    has failed, and where nothing can be opened the first has.
    """
    try:
        bundle = open_bundle(place)
    except Error as error:
        step = Step(number=1, name="bag", status=Status.FAILED, details=(str(error),))
        return Report(checkpoint=None, steps=(step,))
    audit = BundleAudit(bundle=bundle, trusted_root=trusted_root, pins=tuple(pins), outside=outside or Outside())
    steps = []
    for number, name, check in BUNDLE_STEPS:
        answer = Answer()
        try:
            check(audit, answer)
        except Error as error:
            answer.fail(str(error))
        steps.append(answer.step(number, name))
    checkpoint = audit.current.checkpoint if audit.proof and audit.current else None
    return Report(checkpoint=checkpoint, steps=tuple(steps), calendar=audit.calendar)
