"""From the strict models of a platform file to the frozen values everything else uses."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from evidence.errors import Error
from evidence.platforms.build_calls import call_of, dialect_of, gone_through, unknown_source
from evidence.platforms.heads import recognition_of
from evidence.platforms.platform import (
    Column,
    FactRule,
    Platform,
    Question,
    SecretRule,
    Session,
    TableRule,
    Verb,
)
from evidence.platforms.schema import VERBS, FactModel, PlatformModel, QuestionModel, RulesModel, TableModel


class BuildError(Error):
    """The parts of a platform file do not fit together."""


OWN_BRANCH = "{sysobjectid}"
"""Stands in an OID for the device's own sysObjectID."""

EACH = "{each}"
"""Stands in a question for an entry of one of the inventory's lists."""

_READERS = {Verb.FETCH: "json", Verb.CALL: "pages", Verb.NODES: "json"}
"""How answers become documents, where the file does not say."""

_VERBS = tuple(map(Verb, VERBS))

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


_WORD = re.compile(rb"[a-z][a-z0-9_.-]*")
"""A question's name, and much else."""

Rules = tuple[Sequence[FactRule], Sequence[TableRule]]
"""What a platform's answers mean."""


def build(model: PlatformModel, *, digest: str, parent: Platform | None = None, rules: Rules | None = None) -> Platform:
    """
    Return the platform of a file, with what it inherits from `parent` behind its own.

    A question of the same name replaces the parent's. `without` drops the parent's question of that name with all
    that is read from it, or the parent's rules for the fact of that name. Raises `BuildError` for a rule that reads a
    question nobody asks. `rules` stand in for those of the model (`rules_for`), none of which reads rows
    (`reads_rows`); they are not looked at here.
    """
    questions = _inheriting(model, parent)
    _check_questions(model, questions)
    facts, tables = rules or rules_for(model, model, parent)
    if rules is None or model.without:
        readers = tuple(_inherited_facts(model, parent)) if rules else facts
        questions = tuple(_with_instances(one, readers) if one.verb is Verb.ROWS else one for one in questions)
    return Platform(
        name=model.name,
        title=model.title,
        vendor=model.vendor,
        recognition=recognition_of(model.recognition),
        extends=model.extends,
        questions=questions,
        facts=facts,
        tables=tables,
        secrets=tuple(SecretRule(**rule.model_dump()) for rule in model.secrets) + (parent.secrets if parent else ()),
        secret_oids={**(parent.secret_oids if parent else {}), **model.secret_oids},
        secret_indexes={**(parent.secret_indexes if parent else {}), **model.secret_indexes},
        session=_session(model) or (parent.session if parent else None),
        http=dialect_of(model.http),
        max_repetitions=model.quirks.max_repetitions,
        account=model.safety.account or (parent.account if parent else None),
        source="; ".join(model.source),
        digest=digest,
    )


def rules_for(model: PlatformModel, told: PlatformModel | RulesModel, parent: Platform | None) -> Rules:
    """Return what `told` says of the answers to a model's questions, and what is inherited of it."""
    questions = _inheriting(model, parent)
    twins = _twins(model.questions)
    facts = (*_facts(told.facts, twins), *_inherited_facts(model, parent))
    tables = (
        *(rule for table in told.tables for rule in _tables(table, twins)),
        *_inherited_tables(model, parent),
    )
    read = {rule.question for rule in facts} | {rule.question for rule in tables}
    if unknown := read.difference(question.name for question in questions):
        raise BuildError(f"question {min(unknown)}: read by a rule, but not asked")
    return facts, tables


def reads_rows(model: PlatformModel, platform: Platform, rules: bytes) -> bool:
    """
    Say whether a file has a question for rows of its own, or the text of its rules names one: what is asked then
    depends on what is read.
    """
    if any(question.rows is not None for question in model.questions):
        return True
    words = set(_WORD.findall(rules))
    return any(question.verb is Verb.ROWS and question.name.encode() in words for question in platform.questions)


def _inheriting(model: PlatformModel, parent: Platform | None) -> tuple[Question, ...]:
    own = tuple(question for asked in model.questions for question in _questions(asked, model))
    if parent is None:
        return own
    gone = {question.name for question in own} | set(model.without)
    return own + tuple(one for one in parent.questions if one.name not in gone and one.given not in model.without)


def _inherited_facts(model: PlatformModel, parent: Platform | None) -> Iterator[FactRule]:
    if parent is not None:
        gone = set(model.without)
        yield from (rule for rule in parent.facts if rule.question not in gone and rule.fact not in gone)


def _inherited_tables(model: PlatformModel, parent: Platform | None) -> Iterator[TableRule]:
    if parent is not None:
        gone = set(model.without)
        own = {name for names in _twins(model.questions).values() for name in names}
        gone |= {one.name for one in parent.questions if one.given in gone} - own
        yield from (rule for rule in parent.tables if rule.question not in gone)


def _with_instances(question: Question, facts: Iterable[FactRule]) -> Question:
    """
    Return a question for rows with what the platform's rules read of it by name.

    Raises `BuildError` for a rule that reads a column without choosing rows by what they are asked for by: it would be
    read from whichever rows happen to be.
    """
    rules = [rule for rule in facts if rule.question == question.name]
    for rule in rules:
        if rule.column is not None and not {rule.column, *(rule.among or {})} & set(question.chosen_by or {}):
            raise BuildError(
                f"question {question.name}: {rule.fact} reads {rule.column} of rows that are not chosen by any column"
                " it names; give the platform a question of its own that walks it"
            )
    return replace(question, instances=tuple(dict.fromkeys(oid for rule in rules for oid in rule.oids)))


def _session(model: PlatformModel) -> Session | None:
    session = model.session
    if session is None:
        return None
    return Session(
        driver=session.driver,
        setup=tuple(session.setup),
        pager=session.pager,
        prompt=session.prompt,
        denied=session.denied,
        kind=session.kind,
    )


def _check_questions(model: PlatformModel, questions: Iterable[Question]) -> None:
    """Raise `BuildError` unless every question that another one needs is asked, and question names are unique."""
    names = [question.name for question in questions]
    if twice := {name for name in names if names.count(name) > 1}:
        raise BuildError(f"question {min(twice)}: defined twice")
    if lost := unknown_source(model.questions):
        raise BuildError(f"question {lost}: goes through the answer of a question that no call before it asks")
    needed: set[str | None] = {*model.volatile.lines}
    for question in questions:
        needed |= {question.instead_of, question.given, gone_through(question.call)}
    if unknown := sorted(filter(None, needed.difference(names))):
        raise BuildError(f"question {unknown[0]}: read by a rule, but not asked")


def _transports(asked: QuestionModel) -> tuple[str, ...]:
    return tuple(dict.fromkeys(asked.over)) or VERBS[_verb(asked)][:1]


def _verb(asked: QuestionModel) -> Verb:
    return next(verb for verb in _VERBS if getattr(asked, verb) is not None)


def _objects(asked: QuestionModel) -> tuple[str, ...]:
    if asked.fetch is not None:
        return (asked.fetch.path,)
    if asked.call is not None:
        return (asked.call.operation,)
    if asked.nodes is not None:
        return tuple(asked.nodes.ids) or (asked.nodes.what,)
    return tuple(asked.get or asked.walk or asked.rows or ()) or (asked.run or asked.read or "",)


def _names(asked: QuestionModel) -> tuple[str, ...]:
    """Return one question name a transport: the first has the plain name, others `name.transport`."""
    first, *others = _transports(asked)
    del first
    return (asked.name, *(f"{asked.name}.{transport}" for transport in others))


def _twins(asked: Iterable[QuestionModel]) -> dict[str, tuple[str, ...]]:
    return {question.name: _names(question) for question in asked}


def _questions(asked: QuestionModel, model: PlatformModel) -> Iterator[Question]:
    verb, objects = _verb(asked), _objects(asked)
    reader = asked.reader or _READERS.get(verb)
    oids = tuple(oid for oid in model.volatile.oids if any(_meets(oid, asked_oid) for asked_oid in objects))
    for name, transport in zip(_names(asked), _transports(asked), strict=True):
        yield Question(
            name=name,
            transport=transport,
            verb=verb,
            objects=objects,
            call=call_of(asked),
            reader=reader,
            template=asked.template,
            inside=asked.inside,
            each=asked.each,
            instead_of=asked.instead_of and asked.instead_of + name.removeprefix(asked.name),
            given=asked.given,
            chosen_by=asked.chosen_by,
            tags=frozenset(asked.tags),
            ttl_s=int(asked.ttl[:-1]) * _SECONDS[asked.ttl[-1]],
            classification="personal" if asked.personal else "technical",
            config=asked.config,
            complete=asked.complete,
            refused=asked.refused,
            volatile_oids=oids if transport == "snmp" else (),
            volatile_lines=tuple(model.volatile.lines.get(asked.name, ())),
            optional=asked.optional,
            timeout_s=asked.timeout_s,
        )


def _meets(volatile: str, asked: str) -> bool:
    """Say whether an answer to `asked` can hold OIDs of `volatile`."""
    return f"{asked}.".startswith(f"{volatile}.") or f"{volatile}.".startswith(f"{asked}.")


def _facts(rules: dict[str, list[FactModel]], twins: dict[str, tuple[str, ...]]) -> Iterator[FactRule]:
    for fact, choices in rules.items():
        for rule in choices:
            oids = (rule.oid,) if isinstance(rule.oid, str) else tuple(rule.oid or ())
            for question in twins.get(rule.question, (rule.question,)):
                yield FactRule(
                    fact=fact,
                    question=question,
                    oids=oids,
                    column=rule.column,
                    path=rule.path,
                    lookup=rule.lookup,
                    among=rule.among,
                    first=rule.first,
                    where=rule.where,
                    unless=rule.unless,
                    pattern=rule.pattern,
                    template=rule.template,
                    map=rule.map,
                    format=rule.format,
                    join=rule.join,
                    count=rule.count,
                    newest=rule.newest,
                    untested=rule.untested,
                )


def _tables(table: TableModel, twins: dict[str, tuple[str, ...]]) -> Iterator[TableRule]:
    columns = tuple(
        Column(
            fact=fact,
            oid=column.oid,
            group=column.group,
            path=column.path,
            map=column.map,
            format=column.format,
            lookup=column.lookup,
            pattern=column.pattern,
            value=column.value,
        )
        for fact, column in table.columns.items()
    )
    for question in twins.get(table.question, (table.question,)):
        yield TableRule(
            question=question,
            columns=columns,
            pattern=table.pattern,
            under=table.under,
            rows=table.rows,
            key=table.key,
            untested=table.untested,
        )


def resolved(platform: Platform, sysobjectid: str | None) -> Platform:
    """
    Return the platform with `{sysobjectid}` filled in in its questions.

    Without a sysObjectID the questions that need one are left out: they cannot be asked.
    """
    if not any(OWN_BRANCH in name for question in platform.questions for name in question.objects):
        return platform
    questions = tuple(
        replace(question, objects=tuple(name.replace(OWN_BRANCH, sysobjectid or "") for name in question.objects))
        for question in platform.questions
        if sysobjectid or not any(OWN_BRANCH in name for name in question.objects)
    )
    return replace(platform, questions=questions)


def fitted(platform: Platform, lists: Mapping[str, tuple[str, ...]]) -> Platform:
    """
    Return the platform with one question for each entry of the inventory's lists.

    Such a question is named `certificate:/etc/ssl/plant.pem`; what its rules read is still called `certificate`. One
    whose list is empty is left out.
    """
    if not any(question.each for question in platform.questions):
        return platform
    questions: list[Question] = []
    for question in platform.questions:
        if question.each is None:
            questions.append(question)
            continue
        for entry in lists.get(question.each, ()):
            word = shlex.quote(entry) if question.verb is Verb.RUN else entry
            objects = tuple(name.replace(EACH, word) for name in question.objects)
            questions.append(replace(question, name=f"{question.name}:{entry}", objects=objects))
    return replace(platform, questions=tuple(questions))
