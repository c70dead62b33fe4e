"""
The shape of a part, looked at in one go.

A part without its rows (`evidence.log.apart`) is the same few members in every log of years, and reading them one by
one takes longer than anything but its signature. Here pydantic's core reads and checks all of them at once. Nothing
is accepted that `canonical.loads`, `statement.parse` and `part.read_part` would not accept; what is out of the ordinary
is theirs to judge and to put into words.
"""

from functools import cache, lru_cache
from typing import Any, NamedTuple

from pydantic_core import SchemaValidator, ValidationError, core_schema, to_json

from evidence.log.canonical import LIMIT, CanonicalError, check_keys
from evidence.log.fields import MAX_TEXT
from evidence.model.names import Digest
from evidence.model.outcome import Result

MAX_PREVIOUS = 10_000
"""Most earlier statements one part refers to; ordinarily one."""

MAX_LABEL = 200
"""Longest name of a run or a chunk's label."""

MAPS = ("clock", "conduct", "redaction", "run_by", "tool")
"""Members that are objects for people; here those that hold no other object and no list."""


class Shaped(NamedTuple):
    """A part's statement without its rows, as it is written."""

    plan: Digest
    predicate: dict[str, Any]


def shape_of(rest: bytes) -> Shaped | None:
    """Return what a part without its rows says; `None` where it is not the canonical JSON of an ordinary one."""
    try:
        value = _validator().validate_json(rest)
        predicate = value["predicate"]
        _check_all_keys(tuple([tuple(predicate[name]) for name in MAPS]))
    except (ValidationError, CanonicalError):
        return None
    if to_json(value) != rest:
        return None
    return Shaped(Digest("sha256:" + value["subject"][0]["digest"]["sha256"]), predicate)


@lru_cache(maxsize=1024)
def _check_all_keys(every: tuple[tuple[str, ...], ...]) -> None:
    for keys in every:
        check_keys(keys, in_order=True)


@cache
def _validator() -> SchemaValidator:
    """
    Return what checks it.

    Members are named in order: what is read is written again in this order, and compared.
    """
    text = core_schema.str_schema(min_length=1, max_length=MAX_TEXT)
    label = core_schema.str_schema(min_length=1, max_length=MAX_LABEL)
    root = core_schema.str_schema(min_length=1, max_length=64)
    digest = core_schema.str_schema(pattern=r"^sha256:[0-9a-f]{64}$")
    whole = core_schema.int_schema(ge=0, lt=LIMIT)
    flat = _flat()
    outcome = _object(asset=text, reason=_optional(text), result=core_schema.literal_schema([*map(str, Result)]))
    predicate = _object(
        after=core_schema.nullable_schema(_object(root=root, size=core_schema.int_schema(ge=1, lt=LIMIT))),
        assets=digest,
        assets_bytes=whole,
        captures=core_schema.list_schema(max_length=0),
        chunk=whole,
        clock=flat,
        conduct=flat,
        ended=text,
        label=label,
        last=core_schema.bool_schema(),
        log=text,
        outcomes=core_schema.list_schema(outcome),
        packed=core_schema.list_schema(_object(blob=digest, bytes=whole)),
        platforms=_optional(digest),
        platforms_bytes=_optional(whole),
        previous=core_schema.list_schema(digest, max_length=MAX_PREVIOUS),
        redaction=flat,
        run=label,
        run_by=flat,
        slot=text,
        started=text,
        tool=flat,
    )
    plan = _object(
        digest=_object(sha256=core_schema.str_schema(pattern="^[0-9a-f]{64}$")),
        name=core_schema.literal_schema(["plan"]),
    )
    statement = _object(
        _type=core_schema.literal_schema(["https://in-toto.io/Statement/v1"]),
        predicate=predicate,
        predicateType=core_schema.literal_schema(["urn:plantproof:part:v1"]),
        subject=core_schema.list_schema(plan, min_length=1, max_length=1),
    )
    return SchemaValidator(statement, core_schema.CoreConfig(strict=True))


def _flat() -> core_schema.CoreSchema:
    """Return the schema of an object without another in it. A union does not know that all is strict: each says so."""
    number = core_schema.int_schema(gt=-LIMIT, lt=LIMIT, strict=True)
    kinds = [
        core_schema.str_schema(strict=True),
        core_schema.bool_schema(strict=True),
        number,
        core_schema.none_schema(),
    ]
    return core_schema.dict_schema(core_schema.str_schema(), core_schema.union_schema([*kinds], mode="left_to_right"))


def _object(**members: core_schema.CoreSchema | core_schema.TypedDictField) -> core_schema.CoreSchema:
    """Return the schema of an object with these members and no other, in this order."""
    fields: dict[str, Any] = {
        name: member if member["type"] == "typed-dict-field" else core_schema.typed_dict_field(member)
        for name, member in members.items()
    }
    return core_schema.typed_dict_schema(fields, extra_behavior="forbid")


def _optional(schema: core_schema.CoreSchema) -> core_schema.TypedDictField:
    return core_schema.typed_dict_field(schema, required=False)
