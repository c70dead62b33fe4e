"""
The auditor's question, step by step. Each step trusts only what the steps before it have shown.

 1. store         `store.json` is as we write it, every key is one that a store holds, and nothing lies over an object
                  (in a bucket that keeps versions: no other version, no delete marker).
 2. genesis       Genesis is signed by the root key it names, makes this log, and the root key is the trusted one.
 3. keys          Every other key was introduced by the root key or its spare, in the log, for one role; so was its end.
 4. log           Batches follow each other without a gap; leaves are canonical and in order; the Merkle root is
                  recomputed at each batch's end, where a checkpoint with that root is signed by a sealer.
 5. pins          The log still holds everything that each pin stands for: neither rolled back nor forked.
 6. statements    Every leaf's statement is there, with its digest, signed by a key that had the role for it at that
                  place in the log, and made for this log. What a key signed that was revoked since supports nothing.
 7. links         The first subject is a plan logged before; `previous` statements are still visible; `after` is what
                  the log was at that size.
 8. blobs         Every artefact is there: one frame, of the signed length, with the digest it is named by.
 9. completeness  Each run has exactly one outcome for each asset of its frozen list. Each planned slot has one in time
                  for each planned asset: what is late, missed or a gap is counted and named, and not-checked.
10. state         Working memory is signed and does not contradict the log. It is never evidence.
11. anchors       What binds the log from outside (time stamps, cosignatures, pins), from when on, and what nothing
                  binds; each holds, none that was stated in the log is missing, no part's time contradicts them.
12. findings      What was judged is this log as it was; every artefact a finding rests on was in it; judged again with
                  the same knowledge it gives the same bytes.

A step passes, fails, or is not-checked and says why; what could not be looked at is never a pass.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from evidence.assess.knowledge import Knowledge
from evidence.errors import Error
from evidence.log.keys import PublicKey
from evidence.log.note import Checkpoint
from evidence.store.interface import Store
from evidence.store.known import Remembers
from evidence.verify.audit import Audit
from evidence.verify.finding_steps import check_findings
from evidence.verify.log_steps import check_genesis, check_keys, check_log, check_pins, check_store
from evidence.verify.outside import Outside
from evidence.verify.result import Answer, Report
from evidence.verify.run_steps import check_anchors, check_completeness, check_state
from evidence.verify.statement_steps import check_blobs, check_links, check_statements

STEPS: tuple[tuple[int, str, Callable[[Audit, Answer], None]], ...] = (
    (1, "store", check_store),
    (2, "genesis", check_genesis),
    (3, "keys", check_keys),
    (4, "log", check_log),
    (5, "pins", check_pins),
    (6, "statements", check_statements),
    (7, "links", check_links),
    (8, "blobs", check_blobs),
    (9, "completeness", check_completeness),
    (10, "state", check_state),
    (11, "anchors", check_anchors),
    (12, "findings", check_findings),
)


def verify(
    store: Store,
    *,
    trusted_root: PublicKey | None = None,
    pins: Sequence[Checkpoint] = (),
    outside: Outside | None = None,
    as_of: datetime | None = None,
    knowledge: Callable[[], Knowledge] | None = None,
    every_assessment: bool = False,
) -> Report:
    """
    Check everything in `store` that can be checked.

    `trusted_root`, `pins` and what is trusted `outside` (CAs of time stamps, witnesses) come from elsewhere than the
    store; without them steps 2, 5 and 11 are not-checked. Planned slots
    are derived up to `as_of`, so a collector that died shows; without it they are not-checked. `knowledge` is what
    findings are made again with: step 12 is not-checked without it, and where it is other than theirs. Never raises
    for what it finds: a step that cannot go on has failed.
    """
    if isinstance(store, Remembers):
        store.known.forget_nearby()
    audit = Audit(
        store=store,
        trusted_root=trusted_root,
        pins=tuple(pins),
        outside=outside or Outside(),
        as_of=as_of,
        knowledge=knowledge,
        every_assessment=every_assessment,
    )
    steps = []
    for number, name, check in STEPS:
        answer = Answer()
        try:
            check(audit, answer)
        except Error as error:
            answer.fail(str(error))
        steps.append(answer.step(number, name))
    checkpoint = None
    if audit.info is not None and audit.chain is not None:
        checkpoint = Checkpoint(origin=audit.info.origin, size=audit.chain.size, root=audit.chain.root)
    return Report(checkpoint=checkpoint, steps=tuple(steps), calendar=audit.calendar)
