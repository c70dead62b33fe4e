"""What a platform can give, over which transport, and whether that was tried on a recorded device."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evidence.platforms.platform import Platform

SHORT: Mapping[str, str] = {
    "firmware.version": "version",
    "hardware.model": "model",
    "hardware.serial": "serial",
}
"""Fact -> the word for it in a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gives:
    """What can be had over one transport."""

    transport: str
    facts: tuple[str, ...]
    config: bool
    tables: bool
    untested: tuple[str, ...]
    """The facts of which every rule is marked as untested."""

    @property
    def words(self) -> str:
        """The transport, and in a few words what it gives."""
        found = [word for fact, word in SHORT.items() if fact in self.facts]
        found += [word for word, there in (("config", self.config), ("tables", self.tables)) if there]
        others = len(set(self.facts) - SHORT.keys())
        return f"{self.transport}: {', '.join(found) or f'{others} facts'}"


def gives(platform: Platform) -> Iterator[Gives]:
    """Yield what each transport gives, by its name."""
    for transport in sorted({question.transport for question in platform.questions}):
        asked = [question for question in platform.questions if question.transport == transport]
        names = {question.name for question in asked}
        rules = [rule for rule in platform.facts if rule.question in names]
        tested = {rule.fact for rule in rules if not rule.untested}
        facts = {rule.fact for rule in rules}
        yield Gives(
            transport=transport,
            facts=tuple(sorted(facts)),
            config=any(question.config == "running" for question in asked),
            tables=any(table.question in names for table in platform.tables),
            untested=tuple(sorted(facts - tested)),
        )


def tested(platform: Platform) -> str:
    """Return `yes`, `partly` or `no`: whether the rules of the platform's identity were tried on a recorded device."""
    rules = [rule for rule in platform.facts if rule.fact in SHORT]
    untested = [rule for rule in rules if rule.untested]
    if not untested:
        return "yes"
    return "partly" if len(untested) < len(rules) else "no"
