"""
The frame of a part: all of it but its captures, read in one go.

A log of many small runs is made of frames. So what `statement.parse` and `part.read_part` ask of one, member by member,
stands here as a schema, which pydantic's reader goes through while it reads. It hands members out in the schema's
order, which is that of canonical JSON: what it reads and writes again to the very bytes has each member once, in order.

Nothing is accepted here that is not accepted there. What is out of the ordinary is not judged here at all.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from pydantic_core import CoreSchema, SchemaValidator, to_json
from pydantic_core import core_schema as of

from evidence.log.canonical import LIMIT, CanonicalError, check
from evidence.log.fields import MAX_TEXT, is_time
from evidence.model.names import Digest
from evidence.model.outcome import Result
from evidence.store.layout import is_slot

MAX_PREVIOUS = 10_000
"""Most earlier statements one part refers to; ordinarily one."""

FREE = ("clock", "conduct", "redaction", "run_by", "tool")
"""Members that are for people: whatever canonical JSON can say."""


class Frame(NamedTuple):
    """What a part says but for its captures."""

    plan: Digest
    predicate: Mapping[str, object]
    """Every member is as `part.part_predicate` writes it; no captures."""


def read_frame(payload: bytes) -> Frame | None:
    """Return the frame of a payload without captures; `None` where it has to be looked at more closely."""
    try:
        value = _SCHEMA.validate_json(payload)
        if to_json(value) != payload:
            return None
        said = value["predicate"]
        # As deep as they stand in the payload.
        check([[said[name] for name in FREE]], in_order=True)
    except (ValueError, CanonicalError):
        return None
    packed = [row["blob"] for row in said["packed"]]
    if not (_in_order(packed) and _in_order(said["previous"]) and is_slot(said["slot"])):
        return None
    if not (is_time(said["started"]) and is_time(said["ended"])):
        return None
    return Frame(Digest(f"sha256:{value['subject'][0]['digest']['sha256']}"), said)


def _in_order(digests: list[str]) -> bool:
    return not digests or digests == sorted(set(digests))


def _text(longest: int = MAX_TEXT) -> CoreSchema:
    return of.str_schema(min_length=1, max_length=longest, strict=True)


def _whole(least: int = 0) -> CoreSchema:
    return of.int_schema(ge=least, lt=LIMIT, strict=True)


def _members(optional: Collection[str] = (), **members: CoreSchema) -> CoreSchema:
    fields = {name: of.typed_dict_field(one, required=name not in optional) for name, one in sorted(members.items())}
    return of.typed_dict_schema(fields, extra_behavior="forbid", strict=True)


_FREE = of.dict_schema(of.str_schema(strict=True), of.any_schema(), strict=True)
_HEX = of.str_schema(pattern="^[0-9a-f]{64}$", strict=True)
_DIGEST = of.str_schema(pattern="^sha256:[0-9a-f]{64}$", strict=True)
_RESULT = of.literal_schema([str(one) for one in Result])
_OUTCOME = _members({"reason"}, asset=_text(), reason=_text(), result=_RESULT)
_PREDICATE = _members(
    {"platforms", "platforms_bytes"},
    **dict.fromkeys(FREE, _FREE),
    after=of.nullable_schema(_members(root=_text(64), size=_whole(1))),
    assets=_DIGEST,
    assets_bytes=_whole(),
    captures=of.list_schema(max_length=0, strict=True),
    chunk=_whole(),
    ended=_text(),
    label=_text(200),
    last=of.bool_schema(strict=True),
    log=_text(),
    outcomes=of.list_schema(_OUTCOME, strict=True),
    packed=of.list_schema(_members(blob=_DIGEST, bytes=_whole()), strict=True),
    platforms=_DIGEST,
    platforms_bytes=_whole(),
    previous=of.list_schema(_DIGEST, max_length=MAX_PREVIOUS, strict=True),
    run=_text(200),
    slot=_text(),
    started=_text(),
)
_PLAN = _members(digest=_members(sha256=_HEX), name=of.literal_schema(["plan"]))
_SCHEMA = SchemaValidator(
    _members(
        _type=of.literal_schema(["https://in-toto.io/Statement/v1"]),
        predicate=_PREDICATE,
        predicateType=of.literal_schema(["urn:plantproof:part:v1"]),
        subject=of.list_schema(_PLAN, min_length=1, max_length=1, strict=True),
    )
)
