from pathlib import Path

import pytest

from evidence.platforms.load import (
    MAX_FILE_BYTES,
    MAX_FILES,
    PACKAGED,
    PlatformFileError,
    Platforms,
    load_platforms,
    read_platform,
)
from evidence.platforms.platform import Platform, Recognition, Verb

HEAD = "title: T\nsource: [a manual]\n"


def write(folder: Path, name: str, text: str) -> Path:
    (folder / f"{name}.yaml").write_text(f"name: {name}\n{HEAD}{text}", encoding="utf-8")
    return folder


def platform(
    name: str,
    *prefixes: str,
    sysdescr: str | None = None,
    answers: tuple[str, ...] = (),
    unnamed: tuple[str, ...] = (),
    network_os: tuple[str, ...] = (),
) -> Platform:
    return Platform(
        name=name,
        title=name,
        vendor=None,
        recognition=Recognition(
            sysobjectid=prefixes, sysdescr=sysdescr, answers=answers, unnamed=unnamed, network_os=network_os
        ),
        questions=(),
    )


GENERIC = platform("generic")


def test_the_longest_prefix_wins() -> None:
    known = Platforms([GENERIC, platform("short", "1.3.6.1.4.1.9"), platform("long", "1.3.6.1.4.1.9.1.5")])
    assert known.match("1.3.6.1.4.1.9.1.5.7", None).name == "long"
    assert known.match("1.3.6.1.4.1.9.1.5", None).name == "long"
    assert known.match("1.3.6.1.4.1.9.1.55", None).name == "short"
    assert known.match(".1.3.6.1.4.1.9.2", None).name == "short"


def test_a_prefix_ends_between_arcs() -> None:
    known = Platforms([GENERIC, platform("nine", "1.3.6.1.4.1.9")])
    assert known.match("1.3.6.1.4.1.99.1", None).name == "generic"


def test_a_device_that_says_nothing_is_generic() -> None:
    known = Platforms([GENERIC, platform("nine", "1.3.6.1.4.1.9")])
    assert known.match(None, None) is GENERIC
    assert known.match("", "Cisco") is GENERIC


def test_sysdescr_decides_between_platforms_of_one_prefix() -> None:
    known = Platforms(
        [
            GENERIC,
            platform("plain", "1.3.6.1.4.1.9.1"),
            platform("ios", "1.3.6.1.4.1.9.1", sysdescr="IOS Software"),
            platform("asa", "1.3.6.1.4.1.9.1", sysdescr="Adaptive Security"),
        ]
    )
    assert known.match("1.3.6.1.4.1.9.1.1", "Cisco IOS Software").name == "ios"
    assert known.match("1.3.6.1.4.1.9.1.1", "Cisco Adaptive Security").name == "asa"
    assert known.match("1.3.6.1.4.1.9.1.1", "something else").name == "plain"
    assert known.match("1.3.6.1.4.1.9.1.1", "IOS Software or Adaptive Security").name == "generic"


def test_a_longer_prefix_whose_sysdescr_does_not_fit_leaves_it_to_the_shorter() -> None:
    known = Platforms([GENERIC, platform("any", "1.3.6.1.4.1.9"), platform("ios", "1.3.6.1.4.1.9.1", sysdescr="IOS")])
    assert known.match("1.3.6.1.4.1.9.1.1", "NX").name == "any"
    assert known.match("1.3.6.1.4.1.9.1.1", None).name == "any"


AGENT = "1.3.6.1.4.1.8072.3.2.10"
NAS, ROUTER = "1.3.6.1.4.1.6574.1.5.1.0", "1.3.6.1.4.1.48690.1.2.0"


def test_an_oid_the_device_has_decides_before_sysdescr() -> None:
    known = Platforms(
        [
            GENERIC,
            platform("linux", AGENT, sysdescr="^Linux"),
            platform("nas", AGENT, answers=(NAS,)),
            platform("router", AGENT, answers=(ROUTER,), sysdescr="arm|mips"),
        ]
    )
    assert known.match(AGENT, "Linux a mips", {NAS}).name == "nas"
    assert known.match(AGENT, "Linux a mips", {ROUTER}).name == "router"
    assert known.match(AGENT, "Linux a mips").name == "linux"
    assert known.match(AGENT, "Linux a x86_64", {ROUTER}).name == "linux"
    assert known.match(AGENT, "Linux a mips", {NAS, ROUTER}).name == "generic"
    assert known.match(AGENT, "SunOS").name == "generic"


def test_only_a_sysobjectid_that_needs_it_is_asked_for_more() -> None:
    known = Platforms([GENERIC, platform("plain", "1.3.6.1.4.1.9"), platform("nas", AGENT, answers=(NAS, ROUTER))])
    asked = known.recognise(f".{AGENT}.1")
    assert asked is not None
    assert (asked.objects, asked.verb, asked.transport) == ((ROUTER, NAS), Verb.GET, "snmp")
    assert known.recognise("1.3.6.1.4.1.9.1") is None
    assert known.recognise(None) is None


def test_what_gives_no_sysobjectid_is_known_by_an_oid_it_has() -> None:
    known = Platforms([GENERIC, platform("nas", AGENT, unnamed=(NAS,)), platform("router", unnamed=(ROUTER,))])
    asked = known.recognise(None)
    assert asked is not None
    assert asked.objects == (ROUTER, NAS)
    assert known.match(None, None, {NAS}).name == "nas"
    assert known.match("", "a router", {ROUTER}).name == "router"
    assert known.match(None, None, {NAS, ROUTER}).name == "generic"
    assert known.match(None, None).name == "generic"
    assert known.match("1.3.6.1.4.1.9", None, {NAS}).name == "generic"
    with pytest.raises(PlatformFileError, match="named by both nas and other"):
        Platforms([GENERIC, platform("nas", unnamed=(NAS,)), platform("other", unnamed=(NAS,))])


def test_two_platforms_that_ask_for_the_same_oid_are_an_error() -> None:
    with pytest.raises(PlatformFileError, match="one and two cannot be told apart"):
        Platforms([GENERIC, *(platform(name, AGENT, answers=(NAS,)) for name in ("one", "two"))])


@pytest.mark.parametrize("sysdescr", [None, "IOS"])
def test_two_platforms_that_cannot_be_told_apart_are_an_error(sysdescr: str | None) -> None:
    same = [platform(name, "1.3.6.1.4.1.9.1", sysdescr=sysdescr) for name in ("one", "two")]
    with pytest.raises(PlatformFileError, match=r"1\.3\.6\.1\.4\.1\.9\.1: one and two cannot be told apart"):
        Platforms([GENERIC, *same])


def test_one_name_twice_is_an_error() -> None:
    with pytest.raises(PlatformFileError, match="one: defined twice"):
        Platforms([GENERIC, platform("one"), platform("one")])


def test_without_a_generic_platform_nothing_loads() -> None:
    with pytest.raises(PlatformFileError, match="named generic"):
        Platforms([platform("one")])


def test_network_os_finds_a_platform_by_its_names() -> None:
    known = Platforms([GENERIC, platform("cisco_ios", network_os=("cisco.ios.ios", "ios"))])
    assert [p and p.name for p in map(known.for_network_os, ("cisco.ios.ios", "ios", "cisco_ios"))] == ["cisco_ios"] * 3
    assert known.for_network_os("junos") is None


@pytest.mark.parametrize("other", [platform("two", network_os=("x",)), platform("x")])
def test_a_network_os_of_two_platforms_is_an_error(other: Platform) -> None:
    with pytest.raises(PlatformFileError, match="network_os x: named by both"):
        Platforms([GENERIC, platform("one", network_os=("x",)), other])


def test_names_and_number_of_platforms() -> None:
    known = Platforms([GENERIC, platform("b"), platform("a")])
    assert [each.name for each in known] == ["a", "b", "generic"]
    assert len(known) == 3
    assert known.named("a") is not None
    assert known.named("z") is None


def test_a_folder_adds_platforms_and_replaces_ours(tmp_path: Path) -> None:
    write(tmp_path, "press", "vendor: Acme\nextends: generic\nrecognition: {sysobjectid: [1.3.6.1.4.1.99999]}\n")
    write(tmp_path, "frr", "vendor: Mine\n")
    known = load_platforms(tmp_path)
    press = known.match("1.3.6.1.4.1.99999.1", "x")
    assert (press.name, press.vendor) == ("press", "Acme")
    assert press.named("interfaces") == known.generic.named("interfaces")
    frr = known.named("frr")
    assert frr is not None
    assert (frr.vendor, frr.questions) == ("Mine", ())
    assert known.named("linux") is not None


def test_a_platform_may_extend_one_that_extends_another(tmp_path: Path) -> None:
    write(tmp_path, "base", "extends: generic\nsession: {kind: host}\nsafety: {account: a reader}\n"
          "questions: [{name: who, run: id, tags: [host]}, {name: where, run: pwd, instead_of: who, tags: [host]}]\n"
          "secrets: [{type: t, pattern: 'x(?P<secret>y)'}]\n")  # fmt: skip
    known = load_platforms(write(tmp_path, "above", "extends: base\nwithout: [arp]\n"))
    above, base = known.named("above"), known.named("base")
    assert above is not None
    assert base is not None
    assert (above.session, above.account, above.secrets) == (base.session, "a reader", base.secrets)
    assert {question.name for question in base.questions} - {question.name for question in above.questions} == {"arp"}
    assert [each.name for each in load_platforms(tmp_path, only=("above",))] == ["above", "generic"]
    write(tmp_path, "base", "extends: above\n")
    with pytest.raises(PlatformFileError, match="extends: expected another platform, found"):
        load_platforms(tmp_path)
    write(tmp_path, "base", "extends: nobody\n")
    with pytest.raises(PlatformFileError, match="extends: expected another platform, found nobody"):
        load_platforms(tmp_path)


def test_a_kept_platform_file_is_read_with_the_platform_it_extends_or_not_at_all() -> None:
    data = (PACKAGED / "debian.yaml").read_bytes()
    known = load_platforms()
    debian = known.named("debian")
    assert debian is not None
    assert read_platform(data, generic=known.named("linux"), name="debian").digest == debian.digest
    for other in (None, known.generic):
        with pytest.raises(PlatformFileError, match="it extends linux, which is not at hand"):
            read_platform(data, generic=other, name="debian")


def test_only_chooses_and_none_is_the_generic_platform_alone() -> None:
    assert [each.name for each in load_platforms(only=())] == ["generic"]
    assert [each.name for each in load_platforms(only=("frr",))] == ["frr", "generic"]
    with pytest.raises(PlatformFileError, match="no such platform: nonsense"):
        load_platforms(only=("nonsense",))


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PlatformFileError, match="expected a folder"):
        load_platforms(tmp_path / "absent")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vender: x\n", r"unknown key 'vender'; did you mean 'vendor'\?"),
        ("recognition: {sysobjectids: []}\n", r"recognition.sysobjectids: .*did you mean 'sysobjectid'\?"),
        ("questions: [{name: a, rnu: x, tags: [config]}]\n", r"did you mean 'run'\?|expected one of get"),
        ("facts: {a.b: [{question: q, patern: x}]}\n", r"facts\.a\.b\.0\.patern: .*did you mean 'pattern'\?"),
        ("tables: [{question: q, columns: {a.b: {iod: 1.3}}}]\n", r"did you mean 'oid'\?"),
        ("qqq: 1\n", "known keys: name, title"),
        ("questions: [{name: a, run: x, tags: []}]\n", "questions.0.tags"),
        (
            "questions: [{name: a, run: x, get: [1.3.6], tags: [config]}]\n",
            "expected one of get, walk, rows, run, read",
        ),
        ("questions: [{name: a, run: x, over: [snmp], tags: [config]}]\n", "run cannot go over snmp"),
        ("questions: [{name: a, walk: [1.3.6], over: [ssh], tags: [tables]}]\n", "walk cannot go over ssh"),
        ("questions: [{name: a, walk: [.1.3], tags: [tables]}]\n", "questions.0.walk.0"),
        ("questions: [{name: a, run: x, ttl: 5 days, tags: [config]}]\n", "questions.0.ttl"),
        ('questions: [{name: a, run: "x\\ny", tags: [config]}]\n', "questions.0.run"),
        ("secrets: [{type: t, pattern: x}]\n", r"no group \(\?P<secret>"),
        ("facts: {a.b: [{question: nobody}]}\n", "question nobody: read by a rule, but not asked"),
        ("facts: {a.b: [{question: q, oid: 1.3.1, column: 1.3.2}]}\n", "expected one of oid, column, path"),
        ("facts: {a.b: [{question: q, among: {1.3.1: x}}]}\n", "there is no column"),
        ("facts: {a.b: [{question: q, template: x}]}\n", "a template or a count needs a pattern"),
        ("tables: [{question: q, pattern: x, columns: {a.b: {group: g}}}]\n", "a text table has a pattern and a key"),
        ("tables: [{question: q, key: g, columns: {a.b: {oid: 1.3.1}}}]\n", "a text table has a pattern and a key"),
        ("tables: [{question: q, under: x, columns: {a.b: {oid: 1.3.1}}}]\n", "rows under a heading have a pattern"),
        ("volatile: {lines: {nobody: [x]}}\n", "question nobody: read by a rule, but not asked"),
        ("questions: [{name: a, run: x, tags: [config]}, {name: a, run: y, tags: [config]}]\n", "a: defined twice"),
        (
            "questions: [{name: a, get: [1.3.1], template: x, tags: [tables]}]\n",
            "a template takes the text of a command",
        ),
        ("questions: [{name: a, rows: [1.3.1], tags: [identify]}]\n", "chosen_by names some of the columns in rows"),
        ("questions: [{name: a, rows: [1.3.1], chosen_by: {1.3.2: x}, tags: [identify]}]\n", "some of the columns"),
        ("questions: [{name: a, walk: [1.3.1], chosen_by: {1.3.1: x}, tags: [identify]}]\n", "one needs the other"),
        ("questions: [{name: a, get: [1.3.1], given: nobody, tags: [identify]}]\n", "question nobody: read by a rule"),
        (
            "extends: generic\nfacts: {a.b: [{question: entity, column: 1.3.6.1.2.1.47.1.1.1.1.11}]}\n",
            "question entity: a.b reads 1.3.6.1.2.1.47.1.1.1.1.11 of rows that are not chosen by any column",
        ),
        ("a: [\n", "not YAML"),
        ("!!python/object/apply:os.system [true]\n", "not YAML"),
    ],
)
def test_a_bad_file_says_where_and_what(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PlatformFileError, match=message) as caught:
        load_platforms(write(tmp_path, "press", text))
    assert "press.yaml" in str(caught.value)


def test_a_list_is_no_platform(tmp_path: Path) -> None:
    (tmp_path / "press.yaml").write_text("- 1\n")
    with pytest.raises(PlatformFileError, match="the whole file"):
        load_platforms(tmp_path)


def test_a_file_is_called_like_its_platform(tmp_path: Path) -> None:
    (tmp_path / "press.yaml").write_text(f"name: other\n{HEAD}")
    with pytest.raises(PlatformFileError, match="expected the name press"):
        load_platforms(tmp_path)


def test_a_file_too_long_is_refused(tmp_path: Path) -> None:
    (tmp_path / "press.yaml").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(PlatformFileError, match="at most 262144 bytes"):
        load_platforms(tmp_path)


def test_a_folder_of_too_many_files_is_refused(tmp_path: Path) -> None:
    for number in range(MAX_FILES + 1):
        (tmp_path / f"p{number}.yaml").touch()
    with pytest.raises(PlatformFileError, match="at most 5000 platform files, found 5001"):
        load_platforms(tmp_path)


def test_what_is_asked_only_given_another_question_goes_with_it(tmp_path: Path) -> None:
    press = load_platforms(write(tmp_path, "press", "extends: generic\nwithout: [entity]\n")).named("press")
    assert press is not None
    assert {"entity", "modules"}.isdisjoint(question.name for question in press.questions)
    assert {"entity", "modules"}.isdisjoint(table.question for table in press.tables)


def test_what_rules_read_by_name_is_asked_for_with_the_rows(tmp_path: Path) -> None:
    rule = "facts: {hardware.serial: [{question: entity, oid: 1.3.6.1.2.1.47.1.1.1.1.11.1001}]}\n"
    press = load_platforms(write(tmp_path, "press", f"extends: generic\n{rule}")).named("press")
    assert press is not None
    assert press.named("entity").instances == ("1.3.6.1.2.1.47.1.1.1.1.11.1001",)
    assert press.named("entity").request.endswith(r"10 is \w and 1.3.6.1.2.1.47.1.1.1.1.11.1001")


CHILD = """
extends: generic
without: [firmware.version, arp]
questions:
  - {name: entity, walk: [1.3.6.1.2.1.47.1.1.1.1.11], tags: [identify], optional: true}
  - {name: status, over: [ssh, local], run: show status, tags: [host], ttl: 10m, personal: true}
facts:
  hardware.model: [{question: status, pattern: 'M (?P<value>.*)'}]
secret_oids: {1.3.6.1.4.1.99999.7: password}
volatile: {oids: [1.3.6.1.2.1.47.1.1.1.1.11.7], lines: {status: ['^up']}}
quirks: {max_repetitions: 4}
safety: {account: a reader}
"""


def test_a_platform_inherits_what_it_does_not_change(tmp_path: Path) -> None:
    known = load_platforms(write(tmp_path, "press", CHILD))
    press, generic = known.named("press"), known.generic
    assert press is not None
    names = [question.name for question in press.questions]
    assert names[:3] == ["entity", "status", "status.local"]
    assert "arp" not in names
    assert "arp" in [question.name for question in generic.questions]
    assert press.named("entity").objects == ("1.3.6.1.2.1.47.1.1.1.1.11",)
    assert press.named("entity").volatile_oids == ("1.3.6.1.2.1.47.1.1.1.1.11.7",)
    assert press.named("system") == generic.named("system")
    assert "firmware.version" not in {rule.fact for rule in press.facts}
    mine, theirs = ([rule.question for rule in one.facts if rule.fact == "hardware.model"] for one in (press, generic))
    assert theirs[0] == "entity"
    assert mine == ["status", "status.local", *theirs]
    assert not [table for table in press.tables if table.question == "arp"]
    assert press.secret_oids.items() > generic.secret_oids.items()
    assert press.secret_oids["1.3.6.1.4.1.99999.7"] == "password"
    assert (press.max_repetitions, press.account) == (4, "a reader")
    with pytest.raises(KeyError):
        press.named("arp")


def test_a_question_over_two_transports_is_two_questions(tmp_path: Path) -> None:
    press = load_platforms(write(tmp_path, "press", CHILD)).named("press")
    assert press is not None
    ssh, local = press.named("status"), press.named("status.local")
    assert (ssh.transport, local.transport) == ("ssh", "local")
    assert ssh.request == local.request == "show status"
    assert ssh.volatile_lines == local.volatile_lines == ("^up",)
    assert (ssh.ttl_s, ssh.classification) == (600, "personal")


def test_the_digest_covers_what_is_inherited(tmp_path: Path) -> None:
    known = load_platforms(write(tmp_path, "press", CHILD))
    press = known.named("press")
    assert press is not None
    data = (tmp_path / "press.yaml").read_bytes()
    assert read_platform(data, generic=known.generic, name="press").digest == press.digest
    assert read_platform(data + b"\n", generic=known.generic, name="press").digest != press.digest
    lone = known.generic.__class__(**{**_fields(known.generic), "digest": "sha256:" + "0" * 64})
    assert read_platform(data, generic=lone, name="press").digest != press.digest


def _fields(platform: Platform) -> dict[str, object]:
    return {name: getattr(platform, name) for name in platform.__slots__}


OWN = """
questions:
  - {name: chassis, get: ['{sysobjectid}.1.4.0', 1.3.6.1.4.1.7.0], tags: [identify]}
  - {name: plain, get: [1.3.6.1.4.1.7.0], tags: [identify]}
recognition: {sysobjectid: [1.3.6.1.4.1.99999]}
"""


def test_a_question_below_the_devices_own_branch_is_filled_in_once_that_is_known(tmp_path: Path) -> None:
    known = load_platforms(write(tmp_path, "press", OWN))
    asked = known.match(".1.3.6.1.4.1.99999.8", None).named("chassis").objects
    assert asked == ("1.3.6.1.4.1.99999.8.1.4.0", "1.3.6.1.4.1.7.0")
    named = known.named("press")
    assert named is not None
    assert [question.name for question in named.questions] == ["plain"]
    assert known.resolve(named, "1.3.6.1.4.1.99999.8").named("chassis").objects == asked
    assert known.resolve(named, None).questions == named.questions


def test_digests_are_known_from_the_heads_alone(tmp_path: Path) -> None:
    for known in (load_platforms(write(tmp_path, "press", CHILD)), load_platforms(only=["debian"])):
        assert list(known.digests().items()) == [(platform.name, platform.digest) for platform in known]
        assert len(known.digests()) > 1
