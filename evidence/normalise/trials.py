"""
Which rules of a platform are shown to be right by what is recorded of its devices.

A rule is tried alone, without those before and behind it that read the same fact from elsewhere: it has to read the
fact that the whole platform reads, and with another OID or pattern it must not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from evidence.model.capture import Capture
from evidence.normalise.facts import asked_as, best_of, ranked_facts
from evidence.normalise.recordings import Answers, capture_of
from evidence.platforms.load import Platforms
from evidence.platforms.platform import FactRule, Platform

NOWHERE, NEVER = "1.3.6.1.3.0.0", r"(?!)"
"""An OID no device has, and an expression that is found in nothing."""


class Tried:
    """A recorded device, and what is read of it."""

    def __init__(self, platform: Platform, answers: Answers) -> None:
        """Read all that `platform` reads of its answers."""
        self.platform = platform
        self._answers: dict[str, list[tuple[Capture, bytes]]] = {}
        for question, data in answers:
            self._answers.setdefault(asked_as(question.name), []).append((capture_of(platform, question, data), data))
        every = [one for some in self._answers.values() for one in some]
        facts = best_of(platform, [list(ranked_facts(platform, *one)) for one in every])
        self.facts = {fact.name: fact.value for fact in facts if fact.row is None}

    def reads(self, rule: FactRule) -> bool:
        """Say whether a rule, alone, reads the fact that is read of the device."""
        if rule.question not in self._answers or rule.fact not in self.facts:
            return False
        alone = replace(self.platform, facts=(rule,), tables=())
        found = best_of(alone, [ranked_facts(alone, *one) for one in self._answers[rule.question]])
        return (rule.fact, self.facts[rule.fact]) in {(fact.name, fact.value) for fact in found if fact.row is None}


def unshown(platform: Platform, known: Platforms, devices: Iterable[Tried]) -> Iterator[FactRule]:
    """Yield each rule of a platform's own file that none of these devices shows to be right."""
    devices = tuple(devices)
    for rule in own_rules(platform, known):
        shown = next((one for one in devices if one.reads(rule)), None)
        if shown is None or any(shown.reads(mutant) for mutant in mutants(rule)):
            yield rule


def own_rules(platform: Platform, known: Platforms) -> list[FactRule]:
    """
    Return the rules of a platform's own file that read OIDs or texts and are not marked as untested.

    A rule that reads the answer to one question over two ways is tried once.
    """
    parent = known.unresolved(platform.extends) if platform.extends and platform.extends in known else None
    inherited = {id(rule) for rule in parent.facts} if parent else set()  # the very rules of the parent are inherited
    names = {question.name for question in platform.questions}
    twins = {question.name for question in platform.questions if question.name.rpartition(".")[0] in names}
    return [
        rule
        for rule in platform.facts
        if id(rule) not in inherited and not rule.untested and rule.question not in twins and any(mutants(rule))
    ]


def lineage(platform: Platform, known: Platforms) -> Iterator[str]:
    """Yield a platform's name, and those of the ones it extends."""
    yield platform.name
    if platform.extends is not None and platform.extends in known:
        yield from lineage(known.unresolved(platform.extends), known)


def mutants(rule: FactRule) -> Iterator[FactRule]:
    """Yield the rule with another OID, and with another pattern."""
    if rule.oids:
        yield replace(rule, oids=(*rule.oids[:-1], NOWHERE))
    elif rule.column is not None:
        yield replace(rule, column=NOWHERE)
    if rule.pattern is not None and rule.path is None:
        yield replace(rule, pattern=NEVER, template=None)


def in_words(rule: FactRule) -> str:
    """Return which rule it is: fact, question and place."""
    return f"{rule.fact} {rule.question} {' '.join(rule.oids) or rule.column or rule.pattern}"
