"""The settings of a site: what counts, and where it is wrong."""

from pathlib import Path

import pytest

from collectors.schedule import Period, WorkingHours
from collectors.settings import Settings, load_settings, site_file_schema
from collectors.settings_file import MAX_SITE_FILE_BYTES, SettingsError
from evidence.model.asset import Safety


class Place:
    """A home and a working directory."""

    def __init__(self, root: Path) -> None:
        self.home, self.cwd = root / "home", root / "work"
        self.home.mkdir()
        self.cwd.mkdir()

    def write(self, text: str) -> Path:
        path = self.cwd / "plantproof.yml"
        path.write_text(text)
        return path

    def write_home(self, text: str) -> None:
        folder = self.home / ".config" / "plantproof"
        folder.mkdir(parents=True)
        (folder / "plantproof.yml").write_text(text)

    def load(self, *, path: Path | None = None, **more: object) -> Settings:
        environ = more.pop("environ", {})
        return load_settings(path=path, environ=environ, home=self.home, cwd=self.cwd, **more)  # type: ignore[arg-type]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_without_a_site_file_there_is_a_store_here_and_its_keys_beside_it(place: Place) -> None:
    settings = place.load()
    assert settings.store == str(place.cwd / "plantproof-store")
    assert settings.keys == place.cwd / "plantproof-store.keys"
    assert (settings.owner, settings.domain) == ("default", "plantproof.invalid")
    assert settings.inventory == ()
    assert settings.paces[Safety.OT].device_per_s == 5
    assert settings.known_hosts[0] == place.home / ".ssh" / "known_hosts"
    assert (settings.snmp_timeout_s, settings.cli_timeout_s, settings.forks) == (5, 15, 50)
    assert not settings.pin_on_first_use
    assert settings.files == ()


FULL = """
owner: プレス工業
domain: msp.example
store: evidence
keys: /secure/keys
inventory: [inventories/acme, "a,b,"]
forks: 7
pace:
  ot: {device_per_s: 2, zone_per_s: 8.5}
blackouts:
  - {site: werk-1, window: "Sat 00:00-24:00 Europe/Berlin", reason: vendor}
  - {zone: line-3, from: 2026-12-24 18:00:00, until: 2027-01-02, timezone: Europe/Berlin}
known_hosts: [~/hosts, local_hosts]
pin_on_first_use: true
timeouts: {snmp_s: 3}
report: reports/latest.html
max_answer_bytes: 1000
"""


def test_a_site_file_decides_everything_relative_to_itself(place: Place) -> None:
    path = place.write(FULL)
    settings = place.load()
    assert settings.owner == "プレス工業"
    assert settings.store == str(place.cwd / "evidence")
    assert settings.keys == Path("/secure/keys")
    assert settings.inventory == (str(place.cwd / "inventories/acme"), "a,b,")
    assert settings.paces[Safety.OT].device_per_s == 2
    assert settings.paces[Safety.OT].zone_per_s == 8.5
    assert settings.paces[Safety.OT].max_repetitions == 10, "what is not said stays"
    assert settings.paces[Safety.IT].device_per_s == 50
    assert Safety.FRAGILE not in settings.paces
    weekly, once = settings.blackouts
    assert isinstance(weekly.window, WorkingHours)
    assert (weekly.site, weekly.zone, weekly.reason) == ("werk-1", None, "vendor")
    assert once.window == Period.parse("2026-12-24 18:00", "2027-01-02", "Europe/Berlin")
    assert settings.known_hosts == (place.home / "hosts", place.cwd / "local_hosts")
    assert settings.pin_on_first_use
    assert (settings.snmp_timeout_s, settings.cli_timeout_s) == (3, 15)
    assert settings.report == place.cwd / "reports/latest.html"
    assert settings.max_answer_bytes == 1000
    assert settings.files == (path,)


def test_flag_before_environment_before_here_before_home(place: Place) -> None:
    place.write_home("owner: home\ndomain: home.example\nforks: 3\nstore: of-home\n")
    place.write("owner: here\ndomain: here.example\n")
    environ = {"PLANTPROOF_OWNER": "environ", "PLANTPROOF_FORKS": "9"}
    assert place.load().owner == "here"
    assert place.load().store == str(place.home / ".config/plantproof/of-home")
    assert place.load().forks == 3
    assert place.load(environ=environ).owner == "environ"
    assert place.load(environ=environ).domain == "here.example"
    assert place.load(environ=environ).forks == 9
    assert place.load(environ=environ, owner="flag", store="s").owner == "flag"
    assert place.load(environ=environ, owner="flag", store="s").store == str(place.cwd / "s")
    assert place.load().snmp_engine is None
    environ["PLANTPROOF_SNMP_ENGINE"] = "gufo"
    assert place.load(environ=environ).snmp_engine == "gufo"
    assert place.load(environ=environ, snmp_engine="pysnmp").snmp_engine == "pysnmp"


def test_a_named_file_stands_alone(place: Place) -> None:
    place.write("owner: here\nforks: 3\n")
    other = place.cwd / "other.yml"
    other.write_text("domain: other.example\n")
    assert place.load(path=other).owner == "default"
    assert place.load(environ={"PLANTPROOF_CONFIG": str(other)}).domain == "other.example"


def test_the_environment_may_say_most_of_it(place: Place) -> None:
    environ = {
        "PLANTPROOF_STORE": "s3://bucket/prefix",
        "PLANTPROOF_INVENTORY": "one, two/three ,",
        "PLANTPROOF_KNOWN_HOSTS": "/k",
        "PLANTPROOF_PIN_ON_FIRST_USE": "yes",
        "PLANTPROOF_REPORT": "~/r.html",
        "PLANTPROOF_OWNER": "",
    }
    settings = place.load(environ=environ)
    assert settings.store == "s3://bucket/prefix"
    assert settings.keys == place.cwd / "plantproof-store.keys"
    assert settings.inventory == (str(place.cwd / "one"), str(place.cwd / "two/three"))
    assert settings.known_hosts == (Path("/k"),)
    assert settings.pin_on_first_use
    assert settings.report == place.home / "r.html"
    assert settings.owner == "default"


@pytest.mark.parametrize(
    ("name", "value"),
    [("FORKS", "many"), ("FORKS", "0"), ("FORKS", "99999999999"), ("PIN_ON_FIRST_USE", "perhaps"), ("DOMAIN", "x y")],
)
def test_a_wrong_environment_is_an_error(place: Place, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"(?i){name}"):
        place.load(environ={f"PLANTPROOF_{name}": value})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("owner: a\nstor: x\n", r"plantproof.yml:2: stor: .* \(did you mean store\?\)"),
        ("pace:\n  ot:\n    device_pers: 3\n", r"yml:3: pace.ot.device_pers: .*did you mean device_per_s"),
        ("pace: {fragile: {}}\n", r"yml:1: pace.fragile: .*known are ot, it"),
        ("blackouts:\n- window: x\n  form: y\n", r"yml:3: blackouts.0.form: .*did you mean from"),
        ("timeouts: {snmp: 3}\n", r"did you mean snmp_s"),
        ("jobs:\n- name: a\n  att: 02:00 UTC\n", r"yml:3: jobs.0.att: .*did you mean at"),
        ("jobs:\n- name: a\n  at: 02:00\n", r"yml:3: jobs.0.at: "),
        ("jobs:\n- name: a\n  at: 02:00 Berlin\n", r"yml:3: jobs.0.at: expected an IANA time zone like"),
        ("jobs:\n- name: a\n  every: 5h\n", r"yml:3: jobs.0.every: expected one of 1h, "),
        ("jobs:\n- {name: b, every: 4h}\n- name: a\n", r"yml:3: jobs.1: expected either at or every"),
        ("jobs:\n- {name: a, every: 4h, at: 02:00 UTC}\n", r"yml:2: jobs.0: expected either at or every"),
        ("jobs:\n- {name: a, every: 4h}\n- {name: a, every: 6h}\n", r"yml:1: jobs: expected each name once"),
        ("jobs:\n- {name: adhoc, every: 4h}\n", r"yml:2: jobs.0: adhoc is what runs are called"),
        ("jobs:\n- {name: Nightly, every: 4h}\n", r"yml:2: jobs.0.name: "),
        ("jobs:\n- {name: a, every: 4h, grace: soon}\n", r"yml:2: jobs.0.grace: expected a length of time"),
        ("jobs:\n- {name: a, every: 4h, tags: [tabels]}\n", r"yml:2: jobs.0.tags.0: "),
        ('forks: "5"\n', r"yml:1: forks: "),
        ("forks: 0\n", r"forks: "),
        ("pin_on_first_use: yep\n", r"pin_on_first_use: "),
        ("inventory: inventories\n", r"yml:1: inventory: "),
        ("inventory:\n- a\n- 5\n", r"yml:3: inventory.1: "),
        ("domain: nodots\n", r"domain: "),
        ("- a\n", r"yml:1: expected keys and values"),
        ("a: [\n", r"yml:2: expected YAML"),
        ("a: \x00\n", r"expected YAML"),
        ("a: 2027-13-40\n", r"expected YAML"),
        ("blackouts: [{window: whenever}]\n", r"blackout 1: expected"),
        ("blackouts: [{site: a}]\n", r"blackout 1: expected either window"),
        ("blackouts: [{window: Mon 06:00-07:00 UTC, from: 2026-01-01}]\n", r"expected either window"),
        ("blackouts: [{from: 2026-01-01, until: 2026-02-01}]\n", r"expected either window"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(place: Place, text: str, said: str) -> None:
    place.write(text)
    with pytest.raises(SettingsError, match=said) as caught:
        place.load()
    assert caught.value.exit_code == 5


def test_an_empty_site_file_is_one(place: Place) -> None:
    place.write("# nothing yet\n")
    assert place.load().owner == "default"


def test_a_site_file_has_an_end(place: Place) -> None:
    place.write("#" * (MAX_SITE_FILE_BYTES + 1))
    with pytest.raises(SettingsError, match="larger than"):
        place.load()


def test_a_named_file_that_is_not_there_is_an_error(place: Place) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        place.load(path=place.cwd / "none.yml")


def test_a_site_file_that_anybody_could_have_put_there_is_not_read(place: Place) -> None:
    path = place.write("pin_on_first_use: true\n")
    place.cwd.chmod(0o777)
    with pytest.raises(SettingsError, match="anybody may write") as caught:
        place.load()
    assert "chmod" in str(caught.value.hint)
    assert place.load(path=path).pin_on_first_use, "named, it is trusted"


def test_editors_get_a_schema_that_knows_every_key() -> None:
    schema = site_file_schema()
    assert schema["additionalProperties"] is False
    assert {"owner", "store", "blackouts", "pace", "known_hosts"} <= set(schema["properties"])  # type: ignore[call-overload]
