"""Names, addresses and serial numbers of a recording, replaced: what says whose device it was."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from collectors.stand_ins import StandIns
from evidence.model.fact import Fact
from evidence.normalise.varbinds import Value

NAMES: Mapping[str, str] = {
    "system.name": "unit-1",
    "system.contact": "ops@plant.example",
    "system.location": "Hall 2",
}
"""Fact -> what it says in a recording."""

SERIALS = ("hardware.serial", "module.serial")

ADDRESS = "192.0.2.1"
"""For documentation only (RFC 5737)."""

LEAST = 4
"""Shortest text that is replaced within others, where it stands as a word; what is shorter stands for many things."""

_LOOK = (
    re.compile(rb"(?<![\d.])(?!(?:127|255|0)\.|192\.0\.2\.)\d{1,3}(?:\.\d{1,3}){3}(?![\d.])"),
    re.compile(rb"(?i)\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b"),
    re.compile(rb"[\w.+-]+@(?!plant\.example)[\w-]+\.[\w.-]+"),
)
"""What may say whose device it was: addresses of IPv4, hardware and mail."""

MOST_SHOWN = 20


@dataclass(slots=True)
class Disguise:
    """What is replaced by what, the longest first."""

    pairs: dict[bytes, bytes] = field(default_factory=dict)

    @classmethod
    def of(
        cls, facts: Iterable[Fact], stand_ins: StandIns, *, known: Iterable[str], given: Mapping[str, str]
    ) -> "Disguise":
        """Disguise what facts tell, the asset's name and address (`known`), and what was `given` to be replaced."""
        pairs: dict[str, str] = {}
        for fact in facts:
            if fact.name in NAMES and fact.row is None:
                pairs[fact.value] = NAMES[fact.name]
            elif fact.name in SERIALS and any(map(str.isdigit, fact.value)):
                pairs[fact.value] = stand_ins.of(fact.value.encode()).decode()
        name, address = known
        pairs = {name: NAMES["system.name"], address: ADDRESS} | pairs | dict(given)
        return cls({old.encode(): new.encode() for old, new in pairs.items() if old})

    def octets(self, data: bytes) -> bytes:
        """Return a text, or a value, with what is to be replaced in it replaced."""
        if data in self.pairs:
            return self.pairs[data]
        words = sorted((old for old in self.pairs if len(old) >= LEAST), key=len, reverse=True)
        if not words:
            return data
        either = b"|".join(map(re.escape, words))
        return re.sub(rb"(?<![A-Za-z0-9])(?:%b)(?![A-Za-z0-9])" % either, lambda found: self.pairs[found[0]], data)

    def value(self, value: Value) -> Value:
        """Return an SNMP value, disguised."""
        match value:
            case bytes():
                return self.octets(value)
            case str():
                return self.pairs.get(value.encode(), value.encode()).decode()
            case int() if (new := self.pairs.get(str(value).encode(), b"")).isdigit():
                return int(new)
        return value


def suspicious(data: bytes) -> Iterator[str]:
    """Yield what somebody should look at before a recording is given away, each once."""
    found = dict.fromkeys(match[0] for pattern in _LOOK for match in pattern.finditer(data))
    for text, _ in zip(found, range(MOST_SHOWN), strict=False):
        yield text.decode("utf-8", "replace")
