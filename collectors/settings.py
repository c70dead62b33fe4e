"""The settings of a site: from flags, environment and site files, read once into one frozen value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from collectors.credentials import CredentialSource
from collectors.pace import PACES, PaceClass
from collectors.schedule import Blackout, Period, ScheduleError, WorkingHours
from collectors.settings_file import (
    MAX_SITE_FILE_BYTES,
    BlackoutEntry,
    CredentialEntry,
    JobEntry,
    PaceEntry,
    SettingsError,
    SiteFile,
    TimeAuthorityEntry,
    check,
    parse_site_file,
)
from collectors.time_authority import TimeAuthority
from collectors.timetable import Hourly, Job, LocalTime, parse_length
from evidence.model.asset import Safety
from evidence.store.remote import Remote, Retention, endpoint_in

SITE_FILE = "plantproof.yml"

_PATHS = ("store", "keys", "report", "metrics")
_LISTS = ("inventory", "known_hosts")
_TEXTS = ("owner", "domain", "snmp_engine", "healthcheck", "otlp", "log", *_PATHS)
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a site decides."""

    owner: str
    domain: str
    store: str
    """As for `--store`."""
    s3_endpoint: str | None
    """Server of a store in S3 that is not AWS's."""
    retention: Retention | None
    keep: Mapping[str, timedelta]
    """How long answers of a class are kept; one that is not named, for ever."""
    recipients: tuple[str, ...]
    """Public keys of age that originals of configurations are encrypted to; none: no original is kept."""
    keys: Path
    authorities: tuple[TimeAuthority, ...]
    """Who is asked for time stamps."""
    inventory: tuple[str, ...]
    """Sources as for `-i`; empty: where Ansible would look."""
    forks: int
    paces: Mapping[Safety, PaceClass]
    blackouts: tuple[Blackout, ...]
    jobs: tuple[Job, ...]
    """When what is due."""
    known_hosts: tuple[Path, ...]
    """Files of SSH host keys; they need not exist."""
    pin_on_first_use: bool
    snmp_timeout_s: float
    snmp_engine: str | None
    """`gufo`, `pysnmp`, or both as it fits."""
    cli_timeout_s: float
    credentials: Mapping[str, CredentialSource]
    """Where secrets come from that the inventory only names."""
    report: Path | None
    """Where a run leaves its report; `None`: nowhere."""
    metrics: Path | None
    """Where a run leaves its figures for Prometheus."""
    healthcheck: str | None
    """What is pinged when a run starts and ends."""
    otlp: str | None
    """Who gets each run as an OpenTelemetry trace."""
    log: str
    """`text` or `json`: how a run says what happens."""
    profile: str
    """Which requirements a run is judged by."""
    max_answer_bytes: int
    files: tuple[Path, ...]
    """The site files that were read, nearest first."""

    def remote(self, now: Callable[[], datetime]) -> Remote:
        """Return how a store in S3 is reached and what is locked in it."""
        return Remote(endpoint=self.s3_endpoint, retention=self.retention, now=now)


def load_settings(
    *,
    path: Path | None,
    environ: Mapping[str, str],
    home: Path,
    cwd: Path,
    owner: str | None = None,
    store: str | None = None,
    snmp_engine: str | None = None,
) -> Settings:
    """
    Return the settings of the site that `cwd` belongs to; raise `SettingsError`.

    For each key the first of these counts: a flag (`owner`, `store`, `snmp_engine`), `PLANTPROOF_<KEY>` in `environ`,
    `cwd`/plantproof.yml, `home`/.config/plantproof/plantproof.yml, /etc/plantproof/plantproof.yml. With `path`
    (`--config`, `PLANTPROOF_CONFIG`) that file stands alone instead of the three. Paths in a site file are relative
    to the file's folder.

    Without any of them: a store `plantproof-store` in `cwd`, keys in the folder beside it whose name ends in
    `.keys`, owner `default`, domain `plantproof.invalid`.
    """
    named = path or (Path(environ["PLANTPROOF_CONFIG"]) if environ.get("PLANTPROOF_CONFIG") else None)
    places = (named,) if named else _usual_places(home, cwd)
    files = [_settled(_read(place), place.parent, home) for place in places]
    spoken = (("owner", owner), ("store", store), ("snmp_engine", snmp_engine))
    flags = {key: value for key, value in spoken if value}
    said = check({**_from_environment(environ), **flags}, "settings")
    merged = _settled(SiteFile(), cwd, home)
    for file in (*reversed(files), _settled(said, cwd, home)):
        merged = merged.model_copy(update={key: getattr(file, key) for key in file.model_fields_set})
    return _settings(merged, home, cwd, places, endpoint_in(environ))


def site_file_schema() -> dict[str, object]:
    """Return the JSON Schema of the site file, for editors."""
    return SiteFile.model_json_schema()


def _usual_places(home: Path, cwd: Path) -> tuple[Path, ...]:
    folders = (cwd, home / ".config" / "plantproof", Path("/etc/plantproof"))
    found = tuple(folder / SITE_FILE for folder in folders if (folder / SITE_FILE).is_file())
    for place in found:
        if place.parent.stat().st_mode & 0o002:
            raise SettingsError(
                f"{place}: not read, because anybody may write to its folder",
                hint=f"run chmod o-w {place.parent.absolute()}, or name the file with --config if you trust it",
            )
    return found


def _read(place: Path) -> SiteFile:
    try:
        with place.open("rb") as file:
            data = file.read(MAX_SITE_FILE_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"{place}: cannot be read: {error.strerror}") from error
    return parse_site_file(data, str(place))


def _settled(file: SiteFile, folder: Path, home: Path) -> SiteFile:
    """Return `file` with its paths as seen from the working directory; those it does not set stay unset."""

    def place(text: str) -> str:
        if "://" in text or "," in text:
            return text
        if text == "~" or text.startswith("~/"):
            return str(home / text[2:])
        return str(folder / text)

    update: dict[str, object] = {}
    for key in file.model_fields_set.intersection(_PATHS):
        value = getattr(file, key)
        update[key] = place(value) if value is not None else None
    for key in file.model_fields_set.intersection(_LISTS):
        update[key] = [place(text) for text in getattr(file, key)]
    if "tsa" in file.model_fields_set:
        update["tsa"] = [
            one.model_copy(update={"ca": place(one.ca), "crl": place(one.crl) if one.crl else None}) for one in file.tsa
        ]
    return file.model_copy(update=update)


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    """Return what `PLANTPROOF_*` says, in the types of the site file."""
    said: dict[str, object] = {}
    for key in (*_TEXTS, *_LISTS, "forks", "pin_on_first_use"):
        name = f"PLANTPROOF_{key.upper()}"
        text = environ.get(name, "").strip()
        if not text:
            continue
        if key in _LISTS:
            said[key] = [part.strip() for part in text.split(",") if part.strip()]
        elif key == "forks":
            said[key] = _number(name, text)
        else:
            said[key] = _boolean(name, text) if key == "pin_on_first_use" else text
    return said


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise SettingsError(f"{name}: expected a whole number, found {text!r:.40}")
    return int(text)


def _boolean(name: str, text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise SettingsError(f"{name}: expected true or false, found {text!r:.40}")
    return text.lower() in _TRUE


def _settings(file: SiteFile, home: Path, cwd: Path, places: tuple[Path, ...], s3_endpoint: str | None) -> Settings:
    store = file.store if "store" in file.model_fields_set else str(cwd / file.store)
    if file.keys is not None:
        keys = Path(file.keys)
    else:
        keys = Path(f"{store.rstrip('/')}.keys") if "://" not in store else cwd / "plantproof-store.keys"
    usual_known_hosts = (home / ".ssh" / "known_hosts", Path("/etc/ssh/ssh_known_hosts"))
    return Settings(
        owner=file.owner,
        domain=file.domain,
        store=store,
        s3_endpoint=s3_endpoint,
        retention=_retention(file),
        keep=_keep(file),
        recipients=tuple(file.age.recipients) if file.age else (),
        keys=keys,
        authorities=tuple(map(_authority, file.tsa)),
        inventory=tuple(file.inventory),
        forks=file.forks,
        paces=MappingProxyType({Safety.OT: _pace(Safety.OT, file.pace.ot), Safety.IT: _pace(Safety.IT, file.pace.it)}),
        blackouts=tuple(_blackout(entry, number, places) for number, entry in enumerate(file.blackouts, 1)),
        jobs=tuple(map(_job, file.jobs)),
        known_hosts=tuple(Path(text) for text in file.known_hosts) or usual_known_hosts,
        pin_on_first_use=file.pin_on_first_use,
        snmp_timeout_s=file.timeouts.snmp_s,
        snmp_engine=file.snmp_engine,
        cli_timeout_s=file.timeouts.cli_s,
        credentials=MappingProxyType({name: _source(entry, home) for name, entry in file.credentials.items()}),
        report=Path(file.report) if file.report else None,
        metrics=Path(file.metrics) if file.metrics else None,
        healthcheck=file.healthcheck,
        otlp=file.otlp,
        log=file.log,
        profile=file.profile,
        max_answer_bytes=file.max_answer_bytes,
        files=places,
    )


def _authority(entry: TimeAuthorityEntry) -> TimeAuthority:
    return TimeAuthority(name=entry.name, url=entry.url, ca=Path(entry.ca), crl=entry.crl, policy=entry.policy)


def _retention(file: SiteFile) -> Retention | None:
    said = file.retention
    return Retention(period=timedelta(days=said.days), slack=timedelta(days=said.slack_days)) if said else None


def _keep(file: SiteFile) -> Mapping[str, timedelta]:
    said = {"technical": file.keep.technical_days, "personal": file.keep.personal_days}
    return MappingProxyType({name: timedelta(days=days) for name, days in said.items() if days is not None})


def _source(entry: CredentialEntry, home: Path) -> CredentialSource:
    file = entry.file
    path = None if file is None else home / file[2:] if file.startswith("~/") else Path(file)
    return CredentialSource(
        file=path, environment=entry.environment, command=tuple(entry.command or ()), systemd=entry.systemd
    )


def _pace(safety: Safety, entry: PaceEntry) -> PaceClass:
    return replace(PACES[safety], **entry.model_dump(exclude_none=True))


def _job(entry: JobEntry) -> Job:
    times = LocalTime.parse(entry.at) if entry.at is not None else Hourly.parse(entry.every or "")
    return Job(name=entry.name, times=times, grace=parse_length(entry.grace), tags=tuple(entry.tags))


def _blackout(entry: BlackoutEntry, number: int, places: tuple[Path, ...]) -> Blackout:
    """Return a blackout; one that cannot be read stops everything, for nobody knows when it would hold."""
    where = f"{', '.join(str(place) for place in places)}: blackout {number}"
    once = (entry.begin, entry.until, entry.timezone)
    try:
        if entry.window is not None and once == (None, None, None):
            window: WorkingHours | Period = WorkingHours.parse(entry.window)
        elif entry.window is None and entry.begin and entry.until and entry.timezone:
            window = Period.parse(entry.begin, entry.until, entry.timezone)
        else:
            raise SettingsError(f"{where}: expected either window, or from, until and timezone")
    except ScheduleError as error:
        raise SettingsError(f"{where}: {error}") from error
    return Blackout(window=window, site=entry.site, zone=entry.zone, reason=entry.reason)
