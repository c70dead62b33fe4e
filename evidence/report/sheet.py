"""What a report says of one asset."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from evidence.changes import changed_facts, changed_lines
from evidence.clock import parse_rfc3339
from evidence.model.asset import Asset
from evidence.model.capture import Capture
from evidence.model.fact import Fact
from evidence.model.names import AssetId
from evidence.normalise.facts import asked_as
from evidence.platforms.load import Platforms
from evidence.platforms.platform import Question
from evidence.report.document import Answer, Change, Known, Sheet, Table
from evidence.snapshots import Reading, Snapshots

IDENTITY: Mapping[str, str] = {
    "hardware.vendor": "Vendor",
    "hardware.model": "Model",
    "hardware.serial": "Serial number",
    "firmware.version": "Firmware",
    "os.name": "Operating system",
    "system.name": "Calls itself",
    "system.location": "Location it gives",
    "system.uptime": "Up for",
    "config.saved": "Configuration saved",
    "time.synchronised": "Clock synchronised",
}
"""Facts shown of every asset, and what they are called on paper."""

TABLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "neighbour": ("Neighbours", ("local_port", "name", "port", "port_description", "chassis")),
    "interface": ("Interfaces", ("name", "alias", "state", "address", "mac", "speed_mbit")),
    "listener": ("Listening", ("socket", "protocol", "process")),
    "access": ("Ways in", ("kind", "version", "user", "level", "auth", "priv", "rights", "used", "tag", "well_known")),
    "account": ("Accounts", ("name", "uid", "shell")),
}
"""Fact family -> title and columns; what is not here is printed by `facts`."""

MAX_ROWS = 40
"""Rows of a table shown per asset: two pages of a large switch; the rest is counted."""

MAX_CHANGED_LINES = 60
"""Lines of a change shown per question: a page; the rest is counted."""

_MOVING = frozenset({"system.uptime", "interface.last_change", "acl.hits", "rule.hits", "rule.last_hit"})
"""Facts that change by themselves."""


def make_sheet(
    snapshots: Snapshots,
    asset: AssetId,
    platforms: Platforms,
    *,
    at: datetime,
    ledger: Asset | None,
    in_newest_run: bool,
) -> Sheet:
    """Return the sheet of `asset` with ages counted to `at`."""
    latest = snapshots.latest(asset)
    newest = max(latest.values(), key=lambda one: (one.leaf, one.capture.at), default=None)
    facts = snapshots.facts(asset, platforms)
    answers = (*_answers(latest.values(), platforms, at), *_erased(snapshots, asset, at))
    return Sheet(
        id=asset,
        asset=ledger,
        visit=snapshots.visit(asset),
        in_newest_run=in_newest_run,
        platform=newest.capture.platform if newest else ledger.platform if ledger else None,
        identity={fact.name: _known(fact, at) for fact in facts if fact.name in IDENTITY and fact.row is None},
        read_at=newest.capture.at if newest else None,
        age_s=age_s(newest.capture.at, at) if newest else None,
        stale=sum(answer.stale for answer in answers),
        answers=answers,
        tables=tuple(_tables(facts)),
        changes=tuple(_changes(snapshots, asset, latest, platforms)),
    )


def age_s(then: str, at: datetime) -> int:
    """Return how many seconds before `at` an RFC 3339 time was."""
    return int((at - parse_rfc3339(then)).total_seconds())


def _known(fact: Fact, at: datetime) -> Known:
    age = age_s(fact.at, at)
    return Known(
        label=IDENTITY[fact.name],
        value=fact.value,
        at=fact.at,
        age_s=age,
        stale=age > fact.ttl_s,
        source=fact.source,
        origin=fact.origin,
    )


def _answers(readings: Iterable[Reading], platforms: Platforms, at: datetime) -> Iterator[Answer]:
    """Yield the newest answers, configurations first."""
    rows = []
    for reading in readings:
        capture, question = reading.capture, _question(reading, platforms)
        rows.append(
            replace(
                _answer(capture, at),
                config=question is not None and question.config is not None,
                link=_link(capture),
                access=f"v{capture.access.version} {capture.access.level or ''}".strip() if capture.access else None,
            )
        )
    yield from sorted(rows, key=lambda row: (not row.config, row.question))


def _erased(snapshots: Snapshots, asset: AssetId, at: datetime) -> Iterator[Answer]:
    """Yield the newest answers that were erased, and why."""
    for _, gone in sorted(snapshots.erased(asset).items()):
        yield replace(_answer(gone.capture, at), complete=False, reason=str(gone.erasure))


def _answer(capture: Capture, at: datetime) -> Answer:
    """Return what a capture says of itself, alike for what is there and what was erased."""
    age = age_s(capture.at, at)
    return Answer(
        question=capture.question,
        transport=capture.transport,
        request=capture.request,
        at=capture.at,
        age_s=age,
        stale=age > capture.ttl_s,
        blob=capture.blob,
        bytes=capture.bytes,
        redactions=capture.redactions,
        complete=capture.complete,
        reason=capture.reason,
        config=False,
        host_key=capture.host_key,
        link=None,
        access=None,
    )


def _link(capture: Capture) -> str | None:
    """Return in words what an auditor looks at of an SSH connection, `None` where there is nothing."""
    link = capture.link
    if link is None:
        return None
    words = [f"by {', '.join(link.used)}"] if link.used else []
    words += [f"through {', '.join(hop.partition(' ')[0] for hop in link.via)}"] if link.via else []
    return " ".join(words) or None


def _question(reading: Reading, platforms: Platforms) -> Question | None:
    name = reading.capture.platform
    platform = (platforms.named(name) if name else None) or platforms.generic
    return next((one for one in platform.questions if one.name == asked_as(reading.capture.question)), None)


def _tables(facts: Sequence[Fact]) -> Iterator[Table]:
    for family, (title, columns) in TABLES.items():
        rows: dict[str, dict[str, str]] = {}
        for fact in facts:
            first, _, rest = fact.name.partition(".")
            if first == family and fact.row is not None:
                rows.setdefault(fact.row, {})[rest] = fact.value
        if not rows:
            continue
        used = [column for column in columns if any(column in row for row in rows.values())]
        body = [tuple(row.get(column, "") for column in used) for _, row in sorted(rows.items(), key=_by_number)]
        yield Table(
            title=title,
            columns=tuple(column.replace("_", " ") for column in used),
            rows=tuple(body[:MAX_ROWS]),
            left_out=max(len(body) - MAX_ROWS, 0),
            summary=_summary(family, rows.values()),
        )


def _by_number(item: tuple[str, object]) -> tuple[tuple[int, str], ...]:
    """Sort `2` before `10`, in `1.2` and `eth2` alike."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|\D+", item[0]))


def _summary(family: str, rows: Iterable[Mapping[str, str]]) -> str | None:
    if family != "interface":
        return None
    states = [row.get("state", "unknown") for row in rows]
    return f"{len(states)} interfaces, {states.count('up')} up"


def _changes(
    snapshots: Snapshots, asset: AssetId, latest: Mapping[str, Reading], platforms: Platforms
) -> Iterator[Change]:
    """Yield what differs from the answer before; what changes by itself is no difference."""
    for name in sorted(latest):
        pair = snapshots.newest(asset, name)
        if len(pair) < 2 or pair[0].capture.blob == pair[1].capture.blob:
            continue
        new, old = pair
        question = _question(new, platforms)
        lines = iter(_fact_lines(snapshots, old, new, platforms))
        if question is not None and question.config is not None:
            before, after = (snapshots.stable(one).decode("utf-8", "replace") for one in (old, new))
            lines = islice(changed_lines(before, after, "", "", context=2), 2, None)
        shown = list(lines)
        if shown:
            yield Change(
                question=name,
                since=old.capture.at,
                at=new.capture.at,
                lines=tuple(shown[:MAX_CHANGED_LINES]),
                left_out=max(len(shown) - MAX_CHANGED_LINES, 0),
            )


def _fact_lines(snapshots: Snapshots, old: Reading, new: Reading, platforms: Platforms) -> Iterator[str]:
    before, after = (snapshots.facts_of([one], platforms) for one in (old, new))
    for change in changed_facts(before, after):
        if change.name in _MOVING:
            continue
        name = f"{change.name}[{change.row}]" if change.row else change.name
        if change.before is not None:
            yield f"-{name}: {change.before}"
        if change.after is not None:
            yield f"+{name}: {change.after}"
