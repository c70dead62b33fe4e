"""
Every rule that is not `untested` reads a recorded fact; with another OID or pattern it does not.

`surviving.txt` names the rules of which no recording shows that they are right; it may only get shorter.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from evidence.normalise.recordings import Recording, recordings
from evidence.normalise.trials import Tried, in_words, lineage, mutants, unshown
from evidence.platforms.load import load_platforms

DATA = Path(__file__).parents[2] / "data"
PLATFORMS = load_platforms()
SURVIVING = Path(__file__).parent / "surviving.txt"


def tried(recording: Recording) -> Tried:
    return Tried(*recording.asked(PLATFORMS))


def survivors(devices: list[Tried]) -> Iterator[str]:
    """Yield, in words, each rule that no recording of its platform, or of one that extends it, shows to be right."""
    for platform in PLATFORMS:
        heirs = [one for one in devices if platform.name in lineage(one.platform, PLATFORMS)]
        yield from (
            f"{platform.name} {in_words(rule)}" for rule in (unshown(platform, PLATFORMS, heirs) if heirs else ())
        )


def test_every_rule_is_shown_to_be_right_by_a_recorded_fact() -> None:
    known = SURVIVING.read_text(encoding="utf-8").splitlines()
    assert sorted(set(survivors([tried(recording) for recording in recordings(DATA)]))) == known


def test_a_rule_that_reads_from_elsewhere_is_among_those_that_are_not_shown() -> None:
    devices = [tried(recording) for recording in recordings(DATA) if recording.platform == "moxa"]
    moxa = PLATFORMS.unresolved("moxa")
    known = list(unshown(moxa, PLATFORMS, devices))
    rule = next(rule for rule in moxa.facts if rule.fact == "firmware.version" and rule not in known)
    for mutant in mutants(rule):
        broken = replace(moxa, facts=tuple(mutant if one is rule else one for one in moxa.facts))
        assert mutant in list(unshown(broken, PLATFORMS, devices))
    assert list(unshown(moxa, PLATFORMS, [])) != known
