"""
From captures to facts: pure, and the same for the same bytes.

A rule that finds nothing, finds several different values, or meets a value it was told to distrust yields nothing: a
missing fact is better than a wrong one.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from evidence.model.capture import Capture
from evidence.model.fact import Fact
from evidence.model.names import hex_of
from evidence.normalise import varbinds
from evidence.normalise.access import link_facts, ways_in
from evidence.normalise.documents import values_at
from evidence.normalise.patterns import pattern_of
from evidence.normalise.readers import read_document
from evidence.normalise.tables import Values, read_columns, read_rows
from evidence.normalise.tags import secrets_of
from evidence.normalise.values import TEXT_FORMATS, VALUE_FORMATS, clean
from evidence.normalise.varbinds import NOTHING, read_value
from evidence.platforms.platform import FactRule, Platform, Question, TableRule

OWN_BRANCH = "{sysobjectid}"
"""In a rule's OID: the device's own sysObjectID, whatever it is."""

_ENTERPRISES = "1.3.6.1.4.1"

_MAX_MATCHES = 1000
"""Matches of one pattern looked at in one answer; what is joined or compared is far fewer."""


Ranked = tuple[int, Fact]
"""A fact, and the place of its rule in the platform file."""


def read_facts(platform: Platform, capture: Capture, data: bytes) -> Iterator[Fact]:
    """Yield every fact `platform` reads from one whole answer, first rule first; several rules may give one fact."""
    for _, fact in ranked_facts(platform, capture, data):
        yield fact


def read_asset(platform: Platform, captures: Iterable[tuple[Capture, bytes]]) -> tuple[Fact, ...]:
    """Return what is known of an asset from its captures: one fact for each name and row (`best_of`)."""
    return best_of(platform, (ranked_facts(platform, capture, data) for capture, data in captures))


def best_of(platform: Platform, answers: Iterable[Iterable[Ranked]]) -> tuple[Fact, ...]:
    """
    Return what is known of an asset from what its answers say (`ranked_facts`): one fact for each name and row.

    Where several answers tell the same fact, the rule that stands first in the platform file wins; of equals, the
    answer given first. Of a fact that says when something was last done, the latest time wins.
    """
    best: dict[tuple[str, str], Ranked] = {}
    latest = {rule.fact for rule in platform.facts if rule.newest}
    for answer in answers:
        for one in answer:
            rank, fact = one
            place = fact.name, fact.row or ""
            known = best.get(place)
            if known is not None and fact.row is None and fact.name in latest:
                better = fact.value > known[1].value
            else:
                better = known is None or rank < known[0]
            if better:
                best[place] = one
    return tuple(best[place][1] for place in sorted(best))


def ranked_facts(platform: Platform, capture: Capture, data: bytes) -> Iterator[Ranked]:
    """Yield what `read_facts` does, with the place of each rule."""
    make = _Maker(platform, capture)
    name = asked_as(capture.question)
    question = next((known for known in platform.questions if known.name == name), None)
    yield from _of_the_capture(make, question, data)
    rules = [(rank, rule) for rank, rule in enumerate(platform.facts) if rule.question == name]
    tables = _tables(platform, name)
    if not rules and not tables:
        return
    index, text, document = _opened(question, capture, data)
    for rank, rule in rules:
        if rule.path is not None:
            found = _value(rule, values_at(rule, document))
        elif index is not None:
            found = _value(rule, _looked_up(rule, index))
        else:
            found = _value(rule, [(text, "")], TEXT_FORMATS[rule.format])
        if found is not None:
            yield rank, make.fact(rule.fact, *found, untested=rule.untested)
    for rank, table in tables:
        for fact, row, value, origin in read_rows(table, index, text, document):
            yield rank, make.fact(fact, value, origin, row=row, untested=table.untested)


def ranked_columns(platform: Platform, capture: Capture, data: bytes) -> Iterator[tuple[int, str, Values]]:
    """Yield (place of the rule, fact, values by row) for what the tables of `platform` read from one whole answer."""
    name = asked_as(capture.question)
    tables = _tables(platform, name)
    if not tables:
        return
    question = next((known for known in platform.questions if known.name == name), None)
    opened = _opened(question, capture, data)
    for rank, table in tables:
        for fact, values in read_columns(table, *opened):
            yield rank, fact, values


def _tables(platform: Platform, question: str) -> list[tuple[int, TableRule]]:
    first = len(platform.facts)
    return [(first + rank, rule) for rank, rule in enumerate(platform.tables) if rule.question == question]


def _opened(question: Question | None, capture: Capture, data: bytes) -> tuple[varbinds.Index | None, str, object]:
    """Return what rules look into: an SNMP answer, or a text and the document it is."""
    if capture.transport == "snmp":
        return varbinds.Index(data), "", None
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    return None, text, read_document(question, data, capture.request) if question else None


def asked_as(question: str) -> str:
    """Return a question's name in the platform file: without the entry of the list it was asked for."""
    return question.partition(":")[0]


def _of_the_capture(make: "_Maker", question: Question | None, data: bytes) -> Iterator[tuple[int, Fact]]:
    if question is None or "identify" in question.tags:
        yield 0, make.fact("platform", make.platform.name)
    if question is not None and question.config == "running":
        yield 0, make.fact("config.sha256", hex_of(make.capture.blob))
        for name, row, value in secrets_of(data.decode("utf-8", "replace")):
            yield 0, make.fact(name, value, row=row)
    for name, row, value in (*ways_in(make.capture), *link_facts(make.capture, make.platform)):
        yield 0, make.fact(name, value, row=row)


class _Maker:
    """Makes facts of one capture."""

    __slots__ = ("_before", "_request", "capture", "platform")

    def __init__(self, platform: Platform, capture: Capture) -> None:
        self.platform = platform
        self.capture = capture
        self._before = f"{capture.transport} "
        self._request = self._before + capture.request

    def fact(self, name: str, value: str, oid: str = "", *, row: str | None = None, untested: bool = False) -> Fact:
        capture = self.capture
        origin = self._before + oid if oid else self._request
        return Fact(
            capture.asset,
            name,
            value,
            capture.blob,
            origin,
            capture.at,
            capture.ttl_s,
            row,
            self.platform.name,
            untested,
        )


def _snmp_values(rule: FactRule, index: varbinds.Index) -> list[tuple[str, str]]:
    """Return (value as text, OID) of what a rule looks at."""
    show = VALUE_FORMATS[rule.format]
    if rule.column is not None:
        written = index.below(rule.column)
        for oid, want in (rule.among or {}).items():
            written = _among(written, index.below(oid), want)
        there = ((row, read_value(one)) for row, one in written.items() if one != NOTHING)
        return [(show(varbind), f"{rule.column}.{row}") for row, varbind in there]
    found = [_varbind(index, oid) for oid in rule.oids]
    if not found or any(varbind is None or varbind.kind == "n" for varbind in found):
        return []
    known = [varbind for varbind in found if varbind is not None]
    return [("\n".join(show(varbind) for varbind in known), known[0].oid)]


def _looked_up(rule: FactRule, index: varbinds.Index) -> list[tuple[str, str]]:
    """Return what a rule looks at, or what that is the index of."""
    raw = _snmp_values(rule, index)
    if rule.lookup is None:
        return raw
    found = [(index.get(f"{rule.lookup}.{text}"), oid) for text, oid in raw]
    return [(varbind.text, oid) for varbind, oid in found if varbind is not None]


def _varbind(index: varbinds.Index, oid: str) -> varbinds.Varbind | None:
    if not oid.startswith(OWN_BRANCH):
        return index.get(oid)
    leaf = oid.removeprefix(OWN_BRANCH)
    found = [own for row in index.below(_ENTERPRISES) if (own := f"{_ENTERPRISES}.{row}").endswith(leaf)]
    return index.get(found[0]) if len(found) == 1 else None


def _among(written: varbinds.Written, there: varbinds.Written, pattern: str) -> varbinds.Written:
    """Return the rows of a column in which another one matches."""
    search = pattern_of(pattern).search
    fitting = {one for one in dict.fromkeys(there.values()) if search(read_value(one).text)}
    return {row: one for row, one in written.items() if there.get(row) in fitting}


def _value(rule: FactRule, raw: Iterable[tuple[str, str]], show: Callable[[str], str] = str) -> tuple[str, str] | None:
    """Return the one value a rule yields, as `show` writes it, and its OID, or `None`."""
    found: dict[str, str] = {}
    for text, oid in raw:
        bare = text.strip()
        if rule.where is not None and not pattern_of(rule.where).search(bare):
            continue
        if rule.unless is not None and pattern_of(rule.unless).search(bare):
            continue
        if rule.count:
            return str(sum(1 for _ in pattern_of(rule.pattern or "").finditer(text))), oid
        for value in _extracted(rule, text, show):
            found.setdefault(value, oid)
        if found and rule.first:
            break
    if rule.newest and found:
        return max(found), found[max(found)]
    if not found or (len(found) > 1 and not rule.first and rule.join is None):
        return None
    first, oid = next(iter(found.items()))
    return (first if rule.join is None or rule.first else clean(rule.join.join(found))), oid


def _extracted(rule: FactRule, text: str, show: Callable[[str], str]) -> Iterator[str]:
    if rule.pattern is None:
        values: Iterable[str] = (text,)
    else:
        matches = pattern_of(rule.pattern).finditer(text)
        values = (_shown(rule, match) for _, match in zip(range(_MAX_MATCHES), matches, strict=False))
    for value in values:
        shown = _mapped(rule.map, show(clean(value)))
        if shown:
            yield shown


def _shown(rule: FactRule, match: re.Match[str]) -> str:
    if rule.template is not None:
        return match.expand(rule.template)
    value = match["value"] if "value" in match.re.groupindex else match[0]
    return value or ""


def _mapped(known: Mapping[str, str] | None, value: str) -> str:
    return value if known is None else known.get(value, "")
