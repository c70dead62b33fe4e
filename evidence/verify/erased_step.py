"""
What was erased: each list of what it affects is compared with the statements, and then it is known what may be missing.

An erasure whose list is not right excuses nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType

from evidence.errors import Error
from evidence.log.accept import Accepted
from evidence.log.erased import named_in
from evidence.log.erasure import Erasure, check_list, in_effect
from evidence.model.names import Digest
from evidence.verify.result import Answer


def check_erasures(
    erasures: Sequence[tuple[int, Erasure]],
    statements: Iterable[tuple[int, Accepted]],
    answer: Answer,
    *,
    shown: AbstractSet[Digest] | None = None,
) -> Mapping[Digest, Erasure]:
    """Return what is gone, and by which erasure; `shown` are the only statements there are, where that is not all."""
    if not erasures:
        return MappingProxyType({})
    named = named_in(statements, frozenset().union(*(erasure.digests for _, erasure in erasures)))
    sound = []
    for index, erasure in erasures:
        try:
            check_list(erasure, named, shown=shown)
        except Error as error:
            answer.fail(f"leaf {index}: {error}")
        else:
            answer.note(f"leaf {index}: {erasure}; {len(erasure.affected)} statements name what is gone")
            sound.append(erasure)
    return in_effect(sound, named)


def name_erased(erased: Mapping[Digest, Erasure], answer: Answer) -> None:
    """Name what was erased: nobody can look at it."""
    for digest, erasure in sorted(erased.items()):
        answer.gap(f"{digest}: {erasure}")
    if erased:
        answer.note(f"{len(erased)} artefacts were erased")
