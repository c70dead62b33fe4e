"""The site file `plantproof.yml`: what may stand in it, and where it is wrong."""

import datetime
import difflib
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self, cast

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from collectors.schedule import ScheduleError
from collectors.timetable import Hourly, LocalTime, parse_length
from evidence.errors import Error

MAX_SITE_FILE_BYTES = 1024 * 1024
"""Largest site file; a few hundred blackouts are 50 KB."""

_Text = Annotated[str, Field(min_length=1, max_length=4096)]
_Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
_Url = Annotated[str, Field(min_length=8, max_length=2048, pattern=r"^https?://[^\x00-\x20]+$")]
_Rate = Annotated[float, Field(gt=0, le=10_000)]
_Seconds = Annotated[float, Field(gt=0, le=600)]


class SettingsError(Error):
    """A site file or a setting is not as it has to be; the message names file, line and key."""

    exit_code = 5


def _as_written(value: object) -> object:
    """Return as text what YAML took for a date or a time."""
    return value.isoformat() if isinstance(value, datetime.date) else value


def _readable(parse: Callable[[str], object]) -> AfterValidator:
    """Return a check that `parse` can read a text, in the words pydantic understands."""

    def check(text: str | None) -> str | None:
        try:
            if text is not None:
                parse(text)
        except ScheduleError as error:
            raise ValueError(str(error)) from error
        return text

    return AfterValidator(check)


class _Strict(BaseModel):
    """Unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


class PaceEntry(_Strict):
    """How fast assets of one safety class are asked."""

    device_per_s: _Rate | None = None
    """Requests per second to one device."""
    zone_per_s: _Rate | None = None
    """Requests per second to all devices of a zone."""
    max_repetitions: Annotated[int, Field(gt=0, le=100)] | None = None
    """Values asked for by one SNMP GetBulk."""


class PaceEntries(_Strict):
    """The paces that differ from the built-in ones; `fragile` is never asked, so it has none."""

    ot: PaceEntry = PaceEntry()
    it: PaceEntry = PaceEntry()


class BlackoutEntry(_Strict):
    """A time in which nothing is asked: a weekly `window`, or once `from` - `until` in `timezone`."""

    site: _Text | None = None
    zone: _Text | None = None
    """The assets' zone (IEC 62443)."""
    window: _Text | None = None
    """`Sat-Sun 00:00-24:00 Europe/Berlin`"""
    begin: Annotated[_Text | None, Field(alias="from"), BeforeValidator(_as_written)] = None
    """Local time: `2026-12-24 18:00`"""
    until: Annotated[_Text | None, BeforeValidator(_as_written)] = None
    timezone: _Text | None = None
    """IANA zone of `from` and `until`: `Europe/Berlin`"""
    reason: _Text | None = None


class JobEntry(_Strict):
    """Something that is due again and again: `at` a local time, or `every` so many hours from midnight UTC on."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    """What its slots are named by: `nightly`."""
    at: Annotated[_Text | None, _readable(LocalTime.parse)] = None
    """`02:00 Europe/Berlin`, `Sun 02:00 Europe/Berlin`, `Mon-Fri 05:30 Asia/Tokyo`"""
    every: Annotated[_Text | None, _readable(Hourly.parse)] = None
    """`1h`, `2h`, `3h`, `4h`, `6h`, `8h` or `12h`"""
    grace: Annotated[_Text, _readable(parse_length)] = "2h"
    """How late an answer may be: `90min`, `2h`, `1d`."""
    tags: Annotated[list[Literal["identify", "config", "tables", "host"]], Field(max_length=10)] = []
    """What is asked, as for `-t`; none is everything."""

    @model_validator(mode="after")
    def _has_one_time(self) -> Self:
        if (self.at is None) == (self.every is None):
            raise ValueError("expected either at or every")
        if self.name == "adhoc":
            raise ValueError("adhoc is what runs are called that nobody planned")
        return self


class Timeouts(_Strict):
    """How long an answer is waited for."""

    snmp_s: _Seconds = 5.0
    cli_s: _Seconds = 15.0


class CredentialEntry(_Strict):
    """Where a secret comes from that the inventory names in `plantproof_credentials`: one of these."""

    file: Annotated[str, Field(pattern=r"^(/|~/)", max_length=4096)] | None = None
    """A file that holds it; the line end behind it does not count."""
    environment: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,200}$")] | None = None
    """A variable of the environment."""
    command: Annotated[list[_Text], Field(min_length=1, max_length=100)] | None = None
    """A program (absolute path) and its arguments, which prints it; no shell is between."""
    systemd: Annotated[str, Field(pattern=r"^[A-Za-z0-9_@-][A-Za-z0-9_.@-]{0,200}$")] | None = None
    """What the unit's `LoadCredential=` calls it."""

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        said = [place for place in (self.file, self.environment, self.command, self.systemd) if place is not None]
        if len(said) != 1:
            raise ValueError("expected one of file, environment, command, systemd")
        if self.command and not self.command[0].startswith("/"):
            raise ValueError("expected a program with its absolute path")
        return self


class RetentionEntry(_Strict):
    """How long a bucket with Object Lock refuses to delete evidence; `log/` cannot be unlocked by anybody."""

    days: Annotated[int, Field(gt=0, le=36_500)]
    """What is always left at least, after the last use."""
    slack_days: Annotated[int, Field(gt=0, le=3_650)] = 180
    """What is set on top, so that locks are extended twice a year and not every night."""


class KeepEntry(_Strict):
    """How long answers are kept, by their class; what has no period is kept for ever. `retain prune` looks."""

    technical_days: Annotated[int, Field(gt=0, le=36_500)] | None = None
    personal_days: Annotated[int, Field(gt=0, le=36_500)] | None = None


class TimeAuthorityEntry(_Strict):
    """A time-stamp authority (RFC 3161) that is asked after each seal."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,99}$")]
    """What it is called in the log."""
    url: _Url
    """Where it answers."""
    ca: _Text
    """The certificates of its CA, PEM: a token that does not lead there is not kept."""
    crl: _Text | None = None
    """Its CA's revocation list, a file or where it is fetched: kept beside the tokens."""
    policy: Annotated[str, Field(pattern=r"^[0-2](\.(0|[1-9][0-9]*)){1,20}$", max_length=200)] | None = None
    """The policy to ask for; its own where it is not said."""


class AgeEntry(_Strict):
    """Originals of configurations, with their secrets, encrypted with age: without this section none are kept."""

    recipients: Annotated[
        list[Annotated[str, Field(pattern=r"^age1[02-9ac-hj-np-z]{58}$")]], Field(min_length=1, max_length=20)
    ]
    """Public keys, as age-keygen prints them: the owner's, and one that is kept in escrow. Any one of them opens."""


class SiteFile(_Strict):
    """A site of plantproof. Paths are relative to the folder of this file."""

    owner: _Name = "default"
    """Whose plant it is, as its owner writes it."""
    domain: Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=253)] = "plantproof.invalid"
    """A domain of whoever collects. It stands in the log's origin. `.invalid` is nobody's (RFC 2606 §2)."""
    store: _Text = "plantproof-store"
    """The folder the evidence goes to, or `s3://bucket/prefix`."""
    keys: _Text | None = None
    """The folder of the signing keys; beside the store, with `.keys` behind its name, when it is not said."""
    retention: RetentionEntry | None = None
    """Locks for a store in S3; without it none are set, and the bucket's own default applies."""
    keep: KeepEntry = KeepEntry()
    """After which time `retain prune` removes answers nobody needs any more."""
    tsa: Annotated[list[TimeAuthorityEntry], Field(max_length=10)] = []
    """Time-stamp authorities; each is asked for a token over the newest checkpoint."""
    age: AgeEntry | None = None
    """For whom originals of configurations are encrypted."""
    inventory: list[_Text] = []
    """Ansible inventories, as for `-i`."""
    forks: Annotated[int, Field(gt=0, le=5_000)] = 50
    """Assets read at the same time."""
    pace: PaceEntries = PaceEntries()
    blackouts: Annotated[list[BlackoutEntry], Field(max_length=10_000)] = []
    jobs: Annotated[list[JobEntry], Field(max_length=100)] = []
    """When what is due; the plan in the log says so, and what is missed shows as a gap."""
    known_hosts: list[_Text] = []
    """Files of SSH host keys; empty: `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`."""
    pin_on_first_use: bool = False
    """Accept and remember an SSH host key that is seen for the first time. One that changed is refused anyway."""
    timeouts: Timeouts = Timeouts()
    snmp_engine: Literal["gufo", "pysnmp"] | None = None
    """The SNMP library, and then no other; by itself gufo, with pysnmp where gufo cannot."""
    credentials: Annotated[dict[_Name, CredentialEntry], Field(max_length=1_000)] = {}
    """Where secrets come from, by the name the inventory calls them in `plantproof_credentials`."""
    report: _Text | None = None
    """Where a run leaves its HTML report."""
    metrics: _Text | None = None
    """Where a run leaves its figures for Prometheus (node_exporter's textfile collector)."""
    healthcheck: _Url | None = None
    """What is pinged when a run starts and ends: `URL/start`, `URL`, `URL/fail`."""
    otlp: _Url | None = None
    """An OpenTelemetry receiver (OTLP/HTTP) that gets each run as a trace; `http://127.0.0.1:4318`."""
    log: Literal["text", "json"] = "text"
    """How a run says on standard error what happens."""
    profile: _Name = "all"
    """Which requirements a run is judged by; `plantproof controls ls` names the profiles."""
    max_answer_bytes: Annotated[int, Field(gt=0, le=1024**3)] = 8 * 1024 * 1024
    """Largest answer that is kept."""

    @field_validator("jobs")
    @classmethod
    def _each_name_once(cls, jobs: list[JobEntry]) -> list[JobEntry]:
        names = [job.name for job in jobs]
        if len(set(names)) != len(names):
            raise ValueError(f"expected each name once, found {', '.join(names)}")
        return jobs


def parse_site_file(data: bytes, name: str) -> SiteFile:
    """Return what a site file says; raise `SettingsError` naming line and key."""
    if len(data) > MAX_SITE_FILE_BYTES:
        raise SettingsError(f"{name}: larger than {MAX_SITE_FILE_BYTES} bytes")
    try:
        content = yaml.load(data, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        raise SettingsError(f"{where}: expected YAML, found: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SettingsError(f"{name}: expected YAML, found something else") from error
    if content is None:
        return SiteFile()
    if not isinstance(content, dict):
        raise SettingsError(f"{name}:1: expected keys and values, found something else")
    return check(content, name, data)


def check(content: dict[Any, Any], name: str, data: bytes = b"") -> SiteFile:
    """Return `content` as a site file; raise `SettingsError` for the first thing that is wrong with it."""
    try:
        return SiteFile.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        trail = tuple(part for part in first["loc"] if part != "[key]")
        line = _line_of(data, trail)
        where = f"{name}:{line}" if line else name
        key = ".".join(str(part) for part in trail)
        if first["type"] == "extra_forbidden":
            known = _keys_at(trail[:-1])
            near = difflib.get_close_matches(str(trail[-1]), known, n=1)
            meant = f" (did you mean {near[0]}?)" if near else f"; known are {', '.join(known)}"
            raise SettingsError(f"{where}: {key}: expected a key that plantproof knows{meant}") from None
        raise SettingsError(f"{where}: {key}: {first['msg'].removeprefix('Value error, ')}") from None


def _keys_at(trail: tuple[int | str, ...]) -> list[str]:
    """Return the keys that may stand where `trail` leads."""
    model: type[BaseModel] = SiteFile
    for part in trail:
        inner: dict[str, type[BaseModel]] = {
            "pace": PaceEntries,
            "ot": PaceEntry,
            "it": PaceEntry,
            "timeouts": Timeouts,
            "retention": RetentionEntry,
            "keep": KeepEntry,
            "age": AgeEntry,
            "blackouts": BlackoutEntry,
            "jobs": JobEntry,
            "credentials": CredentialEntry,
            "tsa": TimeAuthorityEntry,
        }
        model = inner.get(str(part), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _line_of(data: bytes, trail: tuple[int | str, ...]) -> int | None:
    """Return the line of what `trail` leads to, or of the last step of it that exists."""
    node = yaml.compose(data, Loader=yaml.CSafeLoader)
    line = None
    for part in trail:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == part), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = cast(yaml.Node, node.value[part])
            line = node.start_mark.line + 1
    return line
