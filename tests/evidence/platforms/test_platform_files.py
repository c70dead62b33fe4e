"""What holds for every platform file we ship."""

import json
import re
from pathlib import Path

import pytest

from collectors.guard import permit, permit_call, permit_host, permit_http, permit_path
from collectors.inventory.service_access import LISTS
from evidence.normalise.lines import LineSearch
from evidence.normalise.values import INDEX_FORMATS, TEXT_FORMATS, VALUE_FORMATS
from evidence.platforms.build import fitted
from evidence.platforms.calls import AwsCall, HttpCall
from evidence.platforms.load import PACKAGED, SERVICES, load_platforms
from evidence.platforms.platform import Platform, Question, Verb
from evidence.platforms.schema import json_schema

PLATFORMS = load_platforms()
ALL = pytest.mark.parametrize("platform", list(PLATFORMS), ids=[platform.name for platform in PLATFORMS])
DATA = Path(__file__).parents[2] / "data"


@ALL
def test_every_expression_compiles(platform: Platform) -> None:
    patterns = [platform.recognition.sysdescr]
    for fact in platform.facts:
        patterns += [fact.pattern, fact.where, fact.unless, *(fact.among or {}).values()]
    patterns += [pattern for table in platform.tables for pattern in (table.pattern, table.under)]
    for question in platform.questions:
        patterns += [question.complete, question.refused, *question.volatile_lines]
    if platform.session:
        patterns += [platform.session.pager, platform.session.prompt]
    for pattern in patterns:
        if pattern is not None:
            re.compile(pattern, re.MULTILINE)


@ALL
def test_every_group_a_rule_names_is_in_its_pattern(platform: Platform) -> None:
    for table in platform.tables:
        if table.pattern is not None:
            groups = {*re.compile(table.pattern).groupindex, *re.compile(table.under or "").groupindex}
            for named in (table.key or "", *(column.group or "" for column in table.columns if column.value is None)):
                assert (set(re.findall(r"\\g<(\w+)>", named)) or {named}) <= groups
        elif table.rows is not None:
            assert table.key
            assert all(column.path or column.value for column in table.columns)
            assert all(column.format in TEXT_FORMATS for column in table.columns)
        else:
            assert all(column.oid for column in table.columns)
            assert (table.key or "index") in INDEX_FORMATS
            assert all(column.format in {**VALUE_FORMATS, **INDEX_FORMATS} for column in table.columns)


@ALL
def test_secrets_and_volatile_lines_are_searched_by_a_word(platform: Platform) -> None:
    search = LineSearch(rule.pattern for rule in platform.secrets)
    assert search.unaided == ()
    assert all(search.regex(number) for number in range(len(platform.secrets))), "each can be compiled"


@ALL
def test_every_question_is_on_the_right_side_of_the_guard(platform: Platform) -> None:
    for question in fitted(platform, dict.fromkeys(LISTS, ("/srv/plain", "/srv/with a blank"))).questions:
        if question.transport != "snmp":
            allow(platform, question)
    for command in platform.session.setup if platform.session else ():
        permit(command, {command})


def allow(platform: Platform, question: Question) -> None:
    request = question.objects[0]
    if isinstance(question.call, AwsCall):
        permit_call(request, {request}, reason=question.call.safe_call)
    elif isinstance(question.call, HttpCall):
        permit_http(question.call.method, request, {request})
    elif question.verb is Verb.NODES:
        return  # OPC UA is only ever browsed and read
    elif question.verb is Verb.READ:
        permit_path(request, {request})
    elif platform.session and platform.session.kind == "host":
        permit_host(request, {request})
    else:
        permit(request, {request})


@ALL
def test_every_platform_says_where_its_knowledge_is_from(platform: Platform) -> None:
    assert platform.source
    assert platform.title


def test_the_schema_is_printable() -> None:
    schema = json.loads(json.dumps(json_schema()))
    assert schema["additionalProperties"] is False
    assert {"name", "recognition", "questions", "facts"} <= set(schema["properties"])


def test_every_platform_file_is_named_like_its_platform() -> None:
    files = [*PACKAGED.glob("*.yaml"), *SERVICES.glob("*.yaml")]
    assert {path.stem for path in files} == {platform.name for platform in PLATFORMS}


def test_whoever_searches_a_store_for_the_best_known_communities_finds_only_leaks() -> None:
    """What is known of platforms and controls is sealed as evidence, so their names stand in no such file."""
    files = [path for folder in (PACKAGED, SERVICES, PACKAGED.parent / "controls") for path in folder.rglob("*.yaml")]
    word = re.compile(r"(?<![\w-])(public|private)(?![\w-])")
    assert len(files) > 190
    assert [(path.name, found[0]) for path in files if (found := word.search(path.read_text(encoding="utf-8")))] == []


OF_PEOPLE = {"account", "change", "grant", "key", "login", "mfa", "session"}
"""Families of facts that name people (docs/facts.md)."""
_NAMES_PEOPLE = re.compile(
    r"(?i)\b(accounts?|administrators|authori[sz]ed-keys|credentials|lastlog|leases|logins?|passwd|permissions"
    r"|second-factors|sessions|sudoers|users?)\b"
)


@ALL
def test_what_names_people_is_personal_unless_it_is_a_configuration(platform: Platform) -> None:
    """A configuration is judged by its digest; that it names people, too, stands in docs/threat-model.md."""
    telling = {rule.question for rule in platform.facts if rule.fact.partition(".")[0] in OF_PEOPLE}
    for table in platform.tables:
        if any(column.fact.partition(".")[0] in OF_PEOPLE for column in table.columns):
            telling.add(table.question)
    for question in platform.questions:
        if question.config is None and (question.name in telling or _NAMES_PEOPLE.search(question.name)):
            assert question.classification == "personal", question.name
