"""What an owner says was removed: a list of all statements that name it, or it excuses nothing."""

from typing import Any

from evidence.standalone.log_checks import LogChecks
from evidence.standalone.shapes import answers_of, lists_of


def erased_of(found: LogChecks) -> dict[str, str]:
    """Return what is gone, and in words by which erasure; what a later statement names was collected again."""
    erasures = [(index, one) for index, _, one in found.counting if one["kind"] == "erasure"]
    gone: dict[str, tuple[int, str]] = {}
    for index, statement in erasures:
        said = statement["predicate"]
        digests = {f"sha256:{subject['digest']['sha256']}" for subject in statement["subject"][1:]}
        trouble = _trouble(found, digests, said)
        if trouble:
            found.failures.append(f"leaf {index}: erasure: {trouble}")
            continue
        told = f"erased on {said['at']} by {said['by']}: {said['reason']}"
        found.notes.append(f"leaf {index}: {told}; {len(said['affected'])} statements name what is gone")
        gone |= dict.fromkeys(digests, (said["size"], told))
    if erasures and (found.span[0] or found.withheld):
        found.gaps.append("whether erasures list all statements they affect: not all are here")
    for index, _, statement in found.supplied:
        named = _answers(statement) | _others(statement)
        gone = {digest: one for digest, one in gone.items() if index < one[0] or digest not in named}
    return {digest: told for digest, (_, told) in gone.items()}


def _trouble(found: LogChecks, digests: set[str], said: dict[str, Any]) -> str | None:
    """Return what is wrong with an erasure's list, of the statements that are here."""
    below = [(name, one) for index, name, one in found.supplied if index < said["size"]]
    if any(_others(one) & digests for _, one in below):
        return "removes what is no answer; without it the log cannot be read"
    affected = {name for name, one in below if _answers(one) & digests}
    listed = {name for _, name, _ in found.supplied} & set(said["affected"])
    if affected - listed:
        return f"{min(affected - listed)} names what was erased, and is not listed"
    return f"lists {min(listed - affected)}, which names nothing of it" if listed - affected else None


def _answers(statement: dict[str, Any]) -> set[str]:
    return answers_of(statement["kind"], statement["predicate"])


def _others(statement: dict[str, Any]) -> set[str]:
    return {blob for blob, _ in lists_of(statement["kind"], statement["predicate"])}
