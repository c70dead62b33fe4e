"""Steps 9 to 11: completeness of runs, working memory, and what the log is anchored to."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import lru_cache

from evidence.errors import Error
from evidence.log import dsse
from evidence.log.assets import load_assets
from evidence.log.authority import Authority
from evidence.log.calendar import Due, StatedPlan
from evidence.log.fields import Fields, ShapeError
from evidence.log.hints import PAYLOAD_TYPE, open_hint
from evidence.log.keyring import Role
from evidence.log.keys import PublicKey
from evidence.log.seal import ANCHOR
from evidence.model.names import Digest
from evidence.store.layout import MAX_STATE_BYTES, Area
from evidence.verify.anchor_step import check_outside
from evidence.verify.audit import Audit, Audited, SealedPart
from evidence.verify.calendar_step import Window, check_slots, derive, read_plans
from evidence.verify.result import Answer

AD_HOC = "adhoc-"
"""How the slot of a run begins that no plan asked for."""

_LISTS_KEPT = 8
"""Asset lists kept while runs are checked: those of neighbouring runs, and of jobs that take turns, are the same."""


def check_completeness(audit: Audit, answer: Answer) -> None:
    """Step 9: every run has one outcome for each asset of its own list, every slot one in time for each planned one."""
    if audit.sealed is None:
        answer.gap("the log cannot be read (step 4)")
        return
    covered = check_runs(audit, answer)
    plans = read_plans(audit, answer)
    due: Mapping[str, Due] = {}
    if audit.as_of is not None:
        slots = derive(audit, plans, Window(until=audit.as_of, as_of=audit.as_of))
        if slots is not None:
            check_slots(audit, answer, plans, slots)
            due, audit.calendar = slots.due, slots.calendar
    elif any(stated.plan.slots for stated in plans):
        answer.gap("whether slots of the plan were skipped: nobody said up to when")
    check_covered(covered, due, plans, answer)


def check_covered(
    covered: Mapping[tuple[str, Digest], Set[str]],
    due: Mapping[str, Due],
    plans: Sequence[StatedPlan],
    answer: Answer,
) -> None:
    """Compare the assets that runs covered with those that their plans ask for."""
    planned = {stated.blob: stated.assets for stated in plans}
    for (slot, plan), assets in covered.items():
        wanted = due[slot].assets if slot in due else planned.get(plan)
        if wanted is None:
            continue
        if slot not in due:
            name_assets(answer.gap, f"{slot}: planned, and in no run:", wanted - assets)
        name_assets(answer.gap, f"{slot}: in a run, and not planned:", assets - wanted)


def check_runs(audit: Audited, answer: Answer) -> Mapping[tuple[str, Digest], set[str]]:
    """Check every run that the parts tell of; return the assets that each slot of a plan was covered for."""
    runs: dict[str, list[SealedPart]] = {}
    for part in audit.parts:
        runs.setdefault(part.run, []).append(part)
    covered: dict[tuple[str, Digest], set[str]] = {}

    @lru_cache(maxsize=_LISTS_KEPT)
    def listed(blob: Digest, length: int) -> Set[str]:
        return {asset.id for asset in load_assets(audit.artefact(blob, length))}

    for run, parts in runs.items():
        assets = _check_run(answer, run, parts, listed)
        if not parts[0].slot.startswith(AD_HOC):
            covered.setdefault((parts[0].slot, parts[0].plan), set()).update(assets)
    answer.note(f"{len(runs)} runs")
    return covered


def _check_run(
    answer: Answer, run: str, parts: list[SealedPart], listed: Callable[[Digest, int], Set[str]]
) -> Set[str]:
    """Check the chunks of one run and return its assets."""
    chunks = sorted(part.chunk for part in parts)
    last = max(parts, key=lambda part: part.chunk)
    if len({(part.slot, part.plan, part.assets) for part in parts}) != 1:
        answer.fail(f"{run}: its chunks differ in slot, plan or asset list")
        return frozenset()
    if len(set(chunks)) != len(chunks) or [part for part in parts if part.last and part is not last]:
        answer.fail(f"{run}: a chunk stands twice, or after the last one")
    rows = Counter(asset for part in parts for asset in part.outcomes)
    try:
        assets = listed(last.assets, last.assets_bytes)
    except Error as error:
        answer.fail(f"{run}: its asset list: {error}")
        return frozenset()
    name_assets(answer.fail, f"{run}: more than one outcome for", [asset for asset, count in rows.items() if count > 1])
    name_assets(answer.fail, f"{run}: an outcome for what is not on its list:", rows.keys() - assets)
    missing = assets - rows.keys()
    if chunks != list(range(last.chunk + 1)) or not last.last:
        answer.gap(f"{run}: unfinished: {len(parts)} chunks are here, {len(missing)} assets have no outcome")
    else:
        name_assets(answer.fail, f"{run}: no outcome for", missing)
    return assets


def name_assets(say: Callable[[str], None], what: str, assets: Iterable[str]) -> None:
    """Say something of assets, the first of them by name."""
    names = sorted(assets)
    if names:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        say(f"{what} {', '.join(names[:5])}{more}")


def check_state(audit: Audit, answer: Answer) -> None:
    """Step 10: working memory is signed by a collector or sealer of this log, and does not contradict it."""
    if audit.info is None or not audit.authorities:
        answer.gap("who may have signed it is unknown (steps 1 and 2)")
        return
    signers = _rememberers(audit.authorities[-1][1])
    revoked = {key_id for key_id in audit.authorities[-1][1].ended if key_id not in signers}
    count = 0
    for key, place in audit.keys.items():
        if place.area is Area.HOLD:
            answer.note(f"{key}: somebody stopped polling; anyone may, so it is not signed")
        if place.area is not Area.STATE or place.kind is None:
            continue
        count += 1
        try:
            data = audit.store.get(key)
            if dsse.read(data, PAYLOAD_TYPE, at_most=MAX_STATE_BYTES).key_id in revoked:
                answer.note(f"{key}: signed with a key that was revoked since; it is as good as none")
                continue
            value = open_hint(data, signers, place.kind, audit.info.origin)
            if place.kind == ANCHOR:
                _check_memory(audit, value)
        except Error as error:
            answer.fail(f"{key}: {error}")
    answer.note(f"{count} hints; they are never evidence")


def _rememberers(authority: Authority) -> dict[str, PublicKey]:
    """Return who may have signed a hint: collectors and sealers, retired ones too."""
    held = [(role, key) for grants in authority.keys.values() for role, key in grants]
    retired = [(one.role, one.key) for ended in authority.ended.values() for one in ended if one.distrust_from is None]
    return {key.id: key for role, key in (*held, *retired) if role in (Role.COLLECTOR, Role.SEALER)}


def _check_memory(audit: Audit, value: object) -> None:
    anchor = Fields(value, ANCHOR, frozenset({"size", "root"}), frozenset())
    if audit.chain is not None and audit.chain.roots.get(anchor.whole("size")) != anchor.text("root"):
        raise ShapeError(f"the sealer signed for {anchor.whole('size')} leaves that are not this log's")


def check_anchors(audit: Audit, answer: Answer) -> None:
    """Step 11: what outside the store binds the log in time, and what does not."""
    size, origin = (audit.chain.size if audit.chain else 0), (audit.info.origin if audit.info else "")
    pins = [pin for pin in audit.pins if pin.origin == origin and audit.root_at(pin.size) == pin.root]
    check_outside(audit, answer, size=size, origin=origin, pins=pins)
    if audit.waiting:
        answer.gap(f"{audit.waiting} statements are not sealed yet")
