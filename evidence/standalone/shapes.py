"""What a statement of each kind holds; anything more, less or other is refused."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from evidence.standalone.files import BROKEN, require
from evidence.standalone.forms import ROLES, kind_of, public_key, sha
from evidence.standalone.slots import MAX_SLOTS, seconds

Shape = Callable[[Any], bool]
_AHEAD_S = 400 * 86_400
"""Longest a plan reaches ahead, and longest an answer of it may be late."""


def text(longest: int = 65_536) -> Shape:
    """Return what tells whether a value is a text that is not empty."""
    return lambda value: isinstance(value, str) and 0 < len(value) <= longest


def whole(least: int = 0) -> Shape:
    """Return what tells whether a value is a whole number of at least `least`."""
    return lambda value: type(value) is int and value >= least


def like(pattern: str) -> Shape:
    """Return what tells whether a value is a text of a form."""
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def rows(shape: Shape, *, least: int = 0, most: int = 10**9) -> Shape:
    """Return what tells whether a value is a list of things of a shape."""
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(shape, value))


def ordered(shape: Shape, **bounds: int) -> Shape:
    """Return what tells whether a value is a list in order, nothing in it twice."""
    return lambda value: rows(shape, **bounds)(value) and value == sorted(set(value))


def record(optional: Mapping[str, Shape] | None = None, /, **required: Shape) -> Shape:
    """Return what tells whether a value is an object that holds this, perhaps that, and nothing else."""
    known = {**(optional or {}), **required}
    return lambda value: (
        isinstance(value, dict)
        and required.keys() <= value.keys() <= known.keys()
        and all(known[key](one) for key, one in value.items())
    )


def holds(shape: Callable[[Any], object]) -> Shape:
    """Return what tells whether something can be read at all."""

    def told(value: Any) -> bool:
        try:
            shape(value)
        except BROKEN:
            return False
        return True

    return told


_DIGEST, _HEX = like(r"sha256:[0-9a-f]{64}"), like(r"[0-9a-f]{64}")
_TIME, _KEY_LINE = holds(seconds), holds(public_key)
_SLOT = like(r"[a-z0-9][a-z0-9._-]{0,60}-[0-9]{8}T[0-9]{4}([0-9]{2})?Z(-[0-9a-f]{6})?")
_LEVELS = {(False, False): "noAuthNoPriv", (True, False): "authNoPriv", (True, True): "authPriv"}
_RESULT = (
    "collected|partial|unreachable|auth-failed|refused|left-alone|out-of-window|off-by-schedule|excluded|interrupted"
)


def flag(value: Any) -> bool:
    """Tell whether a value is true or false."""
    return isinstance(value, bool)


def anything(value: Any) -> bool:  # noqa: ARG001 - of this shape is everything
    """Tell that a value may be whatever it is."""
    return True


def thing(value: Any) -> bool:
    """Tell whether a value is an object, whatever it holds."""
    return isinstance(value, dict)


def nothing_or(shape: Shape) -> Shape:
    """Return what tells whether a value is null, or of a shape."""
    return lambda value: value is None or shape(value)


def _access(value: Any) -> bool:
    tag = like(r"<(secret|default):snmp-community:[A-Za-z0-9_.-]+:[0-9a-f]{20}>")
    named = {"auth": like("sha(1|224|256|384|512)"), "priv": like("des|aes128|aes192|aes256|aes192c|aes256c")}
    if record(version=like("1|2c"), community=tag)(value):
        return True
    user = record(named, version=like("3"), user=text(256), level=text())
    return user(value) and _LEVELS.get(("auth" in value, "priv" in value)) == value["level"]


_ALGORITHM = like(r"[!-+\--~]{1,64}")
_LEGACY = like(
    "diffie-hellman-group(-exchange|14|1)-sha1|ssh-(rsa|dss)|(aes(256|192|128)|3des|blowfish|cast128|des)-cbc"
    r"|rijndael-cbc@lysator\.liu\.se|arcfour(256|128)?|none|hmac-(sha1-96|md5|md5-96)(-etm@openssh\.com)?"
)
"""What OpenSSH's client no longer offers by itself (ssh_config(5) of 9.2)."""
_SSH = record(
    {"mac": _ALGORITHM, "offered": ordered(_LEGACY, least=1), "via": rows(text(600), least=1, most=8)},
    kex=_ALGORITHM, host_key=_ALGORITHM, cipher=_ALGORITHM,
)  # fmt: skip
_CAPTURE = record(
    {
        "platform": text(), "reason": text(), "host_key": text(), "access": _access, "ssh": _SSH,
        "volatile": record(blob=_DIGEST, offset=whole(), length=whole()),
        "sealed": record(digest=_DIGEST, bytes=whole(1)), "salt": lambda value: whole(1)(value) and value == 16,
    },
    asset=text(), question=text(), transport=text(), request=text(), at=_TIME, took_ms=whole(), bytes=whole(),
    blob=_DIGEST, ttl_s=whole(), redactions=whole(), complete=flag, **{"class": like("technical|personal")},
)  # fmt: skip
_REGISTER = record(log=text(), at=_TIME, entries=rows(thing, least=1, most=10_000))
_COUNTS = {name: whole() for name in ("supports", "contradicts", "not_assessed", "not_applicable", "due", "excepted")}
_SAID_OF_A_KEY: dict[str, Shape] = {
    "log": text(), "role": like("root|planner|collector|assessor|sealer|owner"), "verify_key": _KEY_LINE, "at": _TIME,
}  # fmt: skip
_GRANT = record(act=like("grant|retire"), **_SAID_OF_A_KEY)
_REVOKE = record(act=like("revoke"), distrust_from=whole(), reason=text(500), **_SAID_OF_A_KEY)


def _key(value: Any) -> bool:
    return _GRANT(value) or _REVOKE(value)


_TOKENS, _LISTS = (
    rows(record(authority=text(100), token=_DIGEST), least=1, most=100),
    rows(record(blob=_DIGEST, bytes=whole())),
)
PREDICATES = {
    "genesis": record(
        {"spare": _KEY_LINE},
        version=lambda value: whole(1)(value) and value == 1, owner=text(), domain=text(253), root=_KEY_LINE, at=_TIME,
    ),
    "key": _key,
    "plan": record({"at": _TIME}, log=text(), blob=_DIGEST, bytes=whole()),
    "missed": record(log=text(), slot=_SLOT, reason=text(1_000), at=_TIME, assets=ordered(text(10**9))),
    "part": record(
        {"platforms": _DIGEST, "platforms_bytes": whole()},
        log=text(), run=text(200), slot=_SLOT, label=text(200), chunk=whole(), last=flag,
        previous=ordered(_DIGEST, most=10_000), after=nothing_or(record(size=whole(1), root=text(64))), assets=_DIGEST,
        assets_bytes=whole(), packed=rows(record(blob=_DIGEST, bytes=whole())), started=_TIME, ended=_TIME, clock=thing,
        tool=thing, run_by=thing, captures=rows(_CAPTURE), conduct=thing, redaction=thing,
        outcomes=rows(record({"reason": text()}, asset=text(), result=like(_RESULT))),
    ),
    "findings": record(
        log=text(), as_of=_TIME, size=whole(1), root=text(64), profile=text(100), controls=_DIGEST, platforms=_DIGEST,
        controls_bytes=whole(), platforms_bytes=whole(), registers=rows(record(kind=text(32), digest=_DIGEST)),
        tool=record(name=anything, version=text(100)), results=_DIGEST, results_bytes=whole(), counts=record(**_COUNTS),
    ),
    "export": record(
        {"profile": text(), "recipient": text(), "shared": record(place=text(1_100), until=_TIME)},
        log=text(), period=text(100), since=_TIME, until=_TIME, as_of=_TIME, previous=whole(), size=whole(1),
        root=text(64), files=whole(), withheld=whole(), tool=text(100), at=_TIME, assets=rows(text(10**9)),
        controls=rows(text(10**9)),
    ),
    "quarantine": record(log=text(), key=text(), found=_DIGEST, reason=text(500), at=_TIME),
    "anchor": record(
        log=text(), at=_TIME, size=whole(1), root=text(64), tokens=_TOKENS, certificates=_LISTS, crls=_LISTS,
    ),
    "review": record(log=text(), at=_TIME, by=text(500), reason=text(2_000)),
    "erasure": record(
        log=text(), at=_TIME, by=text(500), reason=text(2_000), size=whole(1), root=text(64),
        affected=ordered(_DIGEST, least=1, most=200_000),
    ),
    "exception": _REGISTER,
    "approval": _REGISTER,
    "attestation": _REGISTER,
}  # fmt: skip
"""What a statement of each kind says."""

_TEXTS = (
    *("platform", "network_os", "site", "zone", "role", "criticality", "function", "accountable", "vendor"),
    *("management_path", "contract_end", "support_end", "powered"),
)
_WORDS = rows(lambda value: isinstance(value, str))
_ASSET = record(
    {**{name: text() for name in _TEXTS}, "transports": _WORDS, "groups": _WORDS, "direct_ok": flag},
    asset=text(), address=text(), safety=like("ot|it|fragile"),
)  # fmt: skip
_JOB = record({"grace_s": whole()}, name=text(), first=_TIME, every_s=whole(1), count=whole(1))


def asset_list(value: Any) -> bool:
    """Tell whether a value is a list of assets, none of them twice."""
    return rows(_ASSET, most=200_000)(value) and len({row["asset"] for row in value}) == len(value)


def plan_blob(value: Any) -> bool:
    """Tell whether a value is a plan that reaches no further than plans do."""
    if not record(assets=asset_list, slots=rows(_JOB), grace_s=whole())(value):
        return False
    jobs, graces = value["slots"], [value["grace_s"], *(row.get("grace_s", 0) for row in value["slots"])]
    reach = all(row["every_s"] * row["count"] <= _AHEAD_S and row["first"] < "9000" for row in jobs)
    return reach and sum(row["count"] for row in jobs) <= MAX_SLOTS and max(graces) <= _AHEAD_S


_SUBJECT = record(name=text(1_024), digest=record(sha256=_HEX))
_STATEMENT = record(
    _type=like(r"https://in-toto\.io/Statement/v1"), subject=rows(_SUBJECT, least=1, most=200_000),
    predicateType=text(), predicate=thing,
)  # fmt: skip
ENVELOPE = record(
    payload=text(2**25), payloadType=like(r"application/vnd\.in-toto\+json"),
    signatures=rows(record(keyid=text(100), sig=text(100)), least=1, most=1),
)  # fmt: skip


def check(statement: Any) -> str | None:
    """Return the kind of a statement that is written our way; nothing for a kind that nobody here knows."""
    require(_STATEMENT(statement), "not a statement as we write it")
    kind, predicate = kind_of(statement), statement["predicate"]
    if kind not in ROLES:
        return None
    subjects = [(one["name"], one["digest"]["sha256"]) for one in statement["subject"]]
    first = {"genesis": "root", "key": "key", "quarantine": "object", "anchor": "checkpoint"}.get(kind, "plan")
    require(subjects[0][0] == first, f"{kind}: its first subject is another")
    require(PREDICATES[kind](predicate), f"{kind}: what it says is not written our way")
    require(_about(kind, predicate, subjects) == subjects, f"{kind}: it is about something else than it says")
    if kind == "part":
        _check_part(predicate)
    if kind == "review":
        require(len(subjects) > 1, "review: lets nothing count")
    if kind == "erasure":
        require(1 < len(subjects) <= 10_001, "erasure: removes nothing, or too much")
    if kind == "anchor":
        named = [[row["token"] for row in predicate["tokens"]]]
        named += [[row["blob"] for row in predicate[name]] for name in ("certificates", "crls")]
        require(all(one == sorted(set(one)) for one in named), "anchor: something stands twice, or not in order")
    if kind == "findings":
        names = [row["kind"] for row in predicate["registers"]]
        require(names == sorted(set(names)), "findings: a register stands twice, or they are not in order")
    return kind


def _about(kind: str, said: Any, subjects: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what a statement has to be about."""
    if kind == "part":
        answers = {(f"{one['asset']}/{one['question']}", one["blob"][7:]): None for one in said["captures"]}
        return [subjects[0], *answers]
    only = {"plan": "blob", "quarantine": "found", "genesis": "root", "key": "verify_key"}.get(kind)
    if only is not None:
        digest = sha(public_key(said[only])) if kind in ("genesis", "key") else said[only][7:]
        return [(subjects[0][0], digest)]
    if kind == "export":
        return [subjects[0], ("tagmanifest", subjects[1][1])]
    if kind == "review":
        return [subjects[0], *(("adopted", digest) for digest in sorted({digest for _, digest in subjects[1:10_001]}))]
    if kind == "erasure":
        kinds = ("artefact", "original")
        return [subjects[0], *sorted({one for one in subjects[1:] if one[0] in kinds})]
    return [subjects[0], ("results", said["results"][7:])] if kind == "findings" else subjects[:1]


def _check_part(part: Any) -> None:
    packed = {row["blob"]: row["bytes"] for row in part["packed"]}
    require(list(packed) == sorted(packed) and len(packed) == len(part["packed"]), "part: packed blobs out of order")
    for segment in (one["volatile"] for one in part["captures"] if "volatile" in one):
        inside = segment["offset"] + segment["length"] <= packed.get(segment["blob"], -1)
        require(inside, "part: a volatile segment lies outside the packed blobs")
    log, length = part["conduct"].get("log"), part["conduct"].get("log_bytes")
    told = (log is None and length is None) or (_DIGEST(log) and whole()(length))
    require(told, "part: conduct: expected a log and its length")
    for asset in (one["asset"] for one in part["captures"] if ("ssh" in one) > (one["transport"] == "ssh")):
        require(False, f"part: {asset}: says what SSH agreed, and was not asked by SSH")
    for asset in (one["asset"] for one in part["captures"] if ("access" in one) > (one["transport"] == "snmp")):
        require(False, f"part: {asset}: says how SNMP was asked, and was not")
    named = Counter(blob for blob, _ in blobs_of("part", part))
    for one in (one for one in part["captures"] if "salt" in one):
        about = f"part: {one['asset']}: a personal answer"
        require(one["class"] == "personal", f"part: {one['asset']}: a salt, and no personal answer")
        require(one["bytes"] >= one["salt"], f"{about} is shorter than its salt")
        require("volatile" not in one, f"{about} has a volatile segment, which lies among those of others")
        require(named[one["blob"]] == 1, f"{about} shares its blob")


def blobs_of(kind: str, said: Any) -> list[tuple[str, int]]:
    """Return every blob that a statement names, and its length."""
    own = [(row["blob"], row["bytes"]) for row in (*said["packed"], *said["captures"])] if kind == "part" else []
    return [*lists_of(kind, said), *own]


def lists_of(kind: str, said: Any) -> list[tuple[str, int]]:
    """Return the blobs that a log is read with and a statement names, and their lengths; an answer may be the same."""
    names = {"plan": ["blob"], "findings": ["controls", "platforms", "results"], "part": ["assets", "platforms"]}
    found = [("blob", "bytes") if name == "blob" else (name, f"{name}_bytes") for name in names.get(kind, [])]
    pairs = [(said[blob], said[length]) for blob, length in found if blob in said and length in said]
    if kind == "part":
        pairs += [(said["conduct"]["log"], said["conduct"]["log_bytes"])] if said["conduct"].get("log") else []
    lists = [*said["certificates"], *said["crls"]] if kind == "anchor" else []
    return [*pairs, *((row["blob"], row["bytes"]) for row in lists)]


def answers_of(kind: str, said: Any) -> set[str]:
    """Return everything a statement names that came of a device: blobs, and encrypted originals."""
    if kind != "part":
        return set()
    found = {row["blob"] for row in (*said["packed"], *said["captures"])}
    return found | {row["sealed"]["digest"] for row in said["captures"] if "sealed" in row}
