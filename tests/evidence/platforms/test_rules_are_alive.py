"""
Every rule that is not `untested` reads a recorded fact; with another OID or pattern it does not.

A rule is tried alone, without those before and behind it that read the same fact from elsewhere. `surviving.txt` names
the rules of which no recording shows that they are right; it may only get shorter.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from evidence.model.capture import Capture
from evidence.normalise.facts import asked_as, best_of, ranked_facts
from evidence.normalise.recordings import Recording, capture_of, recordings
from evidence.platforms.heads import head_of
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import FactRule, Platform

DATA = Path(__file__).parents[2] / "data"
PLATFORMS = load_platforms()
SURVIVING = Path(__file__).parent / "surviving.txt"
NOWHERE, NEVER = "1.3.6.1.3.0.0", r"(?!)"
"""An OID no device has, and an expression that is found in nothing."""


@cache
def lineage(name: str) -> tuple[str, ...]:
    """Return a platform's name and those it extends."""
    head = head_of(PLATFORMS.files[name])
    assert head is not None
    return (name, *(lineage(head.extends) if head.extends else ()))


def own_rules(platform: Platform) -> list[FactRule]:
    """Return the rules of a platform's own file that read OIDs or texts; one that is asked two ways once."""
    inherited = {id(rule) for parent in lineage(platform.name)[1:] for rule in PLATFORMS.unresolved(parent).facts}
    names = {question.name for question in platform.questions}
    twins = {question.name for question in platform.questions if question.name.rpartition(".")[0] in names}
    return [
        rule
        for rule in platform.facts
        if id(rule) not in inherited and not rule.untested and rule.question not in twins and list(mutants(rule))
    ]


def mutants(rule: FactRule) -> Iterator[FactRule]:
    """Yield the rule with another OID, and with another pattern."""
    if rule.oids:
        yield replace(rule, oids=(*rule.oids[:-1], NOWHERE))
    elif rule.column is not None:
        yield replace(rule, column=NOWHERE)
    if rule.pattern is not None and rule.path is None:
        yield replace(rule, pattern=NEVER, template=None)


class Device:
    """A recorded device, and what is read of it."""

    def __init__(self, recording: Recording) -> None:
        self.platform, asked = recording.asked(PLATFORMS)
        self._answers: dict[str, list[tuple[Capture, bytes]]] = {}
        for question, data in asked:
            capture = capture_of(self.platform, question, data)
            self._answers.setdefault(asked_as(question.name), []).append((capture, data))
        answers = [one for some in self._answers.values() for one in some]
        facts = best_of(self.platform, [list(ranked_facts(self.platform, capture, data)) for capture, data in answers])
        self.facts = {fact.name: fact.value for fact in facts if fact.row is None}

    def reads(self, rule: FactRule) -> bool:
        """Say whether a rule, alone, reads the fact that was recorded."""
        if rule.question not in self._answers or rule.fact not in self.facts:
            return False
        alone = replace(self.platform, facts=(rule,), tables=())
        found = best_of(alone, [ranked_facts(alone, *one) for one in self._answers[rule.question]])
        return (rule.fact, self.facts[rule.fact]) in {(fact.name, fact.value) for fact in found if fact.row is None}


def survivors(devices: list[Device]) -> Iterator[str]:
    """Yield, in words, each rule that no recording of its platform, or of one that extends it, shows to be right."""
    for platform in PLATFORMS:
        heirs = [one for one in devices if platform.name in lineage(one.platform.name)]
        for rule in own_rules(platform) if heirs else ():
            shown = next((one for one in heirs if one.reads(rule)), None)
            if shown is None or any(shown.reads(mutant) for mutant in mutants(rule)):
                place = " ".join(rule.oids) or rule.column or rule.pattern
                yield f"{platform.name} {rule.fact} {rule.question} {place}"


def test_every_rule_is_shown_to_be_right_by_a_recorded_fact() -> None:
    known = SURVIVING.read_text(encoding="utf-8").splitlines()
    assert sorted(set(survivors([Device(recording) for recording in recordings(DATA)]))) == known


@pytest.mark.parametrize("name", ["generic", "debian"])
def test_a_rule_that_reads_from_elsewhere_would_be_noticed(name: str) -> None:
    """The test itself: a rule that is wrong is among the survivors."""
    devices = [Device(recording) for recording in recordings(DATA) if name in lineage(recording.platform)]
    (rule,) = (rule for rule in PLATFORMS.unresolved("generic").facts if rule.fact == "system.name")
    assert any(device.reads(rule) for device in devices) == (name == "generic")
    assert not any(device.reads(mutant) for device in devices for mutant in mutants(rule))
    assert not any(device.reads(replace(rule, oids=("1.3.6.1.2.1.1.4.0",))) for device in devices)
