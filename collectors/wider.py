"""The platforms as they are known, each asked for some subtrees more: to record a device that nobody knows yet."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from collectors.plan import Knowledge
from evidence.platforms.platform import Platform, Question, Verb


@dataclass(frozen=True, slots=True)
class Wider:
    """Knowledge with questions added to every platform."""

    known: Knowledge
    more: tuple[Question, ...]

    @property
    def generic(self) -> Platform:
        """What is asked of a device nobody knows, and more."""
        return self._with_more(self.known.generic)

    def named(self, name: str) -> Platform | None:
        """Return the platform of that name."""
        found = self.known.named(name)
        return found and self._with_more(found)

    def for_network_os(self, name: str) -> Platform | None:
        """Return the platform an `ansible_network_os` means."""
        found = self.known.for_network_os(name)
        return found and self._with_more(found)

    def recognise(self, sysobjectid: str | None) -> Question | None:
        """Return the question that tells devices of this sysObjectID apart."""
        return self.known.recognise(sysobjectid)

    def match(self, sysobjectid: str | None, sysdescr: str | None, answered: Collection[str] = ()) -> Platform:
        """Return the most specific platform for what a device says of itself."""
        return self._with_more(self.known.match(sysobjectid, sysdescr, answered))

    def resolve(self, platform: Platform, sysobjectid: str | None) -> Platform:
        """Return the platform with questions below the device's own branch made out."""
        return self._with_more(self.known.resolve(platform, sysobjectid))

    def _with_more(self, platform: Platform) -> Platform:
        return replace(platform, questions=(*platform.questions, *self.more))


def walks(oids: Iterable[str]) -> tuple[Question, ...]:
    """Return a question for each subtree."""
    return tuple(
        Question(
            name=f"walk-{number}",
            transport="snmp",
            verb=Verb.WALK,
            objects=(oid,),
            tags=frozenset({"identify", "config", "tables", "host"}),
            ttl_s=86400,
            optional=True,
        )
        for number, oid in enumerate(dict.fromkeys(oids), 1)
    )
