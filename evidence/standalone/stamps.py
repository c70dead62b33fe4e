"""Time stamps (RFC 3161): each holds, leads to a CA that is trusted, and none that was stated in the log has gone."""

from collections.abc import Iterator
from dataclasses import dataclass

from evidence.standalone.asymmetric import HASHES, check_public, proves, scheme
from evidence.standalone.certificates import Certificate, Trusted, certificate, digest_by, from_pem, revocations
from evidence.standalone.der import Der, dotted, integer, micros, octets, only, within
from evidence.standalone.files import BROKEN, refuse, require
from evidence.standalone.forms import note, sha
from evidence.standalone.log_checks import LOG, Bound, LogChecks
from evidence.standalone.slots import seconds, utc

MAX_REPLY, MAX_BROUGHT = 64 * 1024, 16
"""Largest reply of an authority, and most certificates it may bring."""

_APART = 300 * 10**6
"""By how much a part's time may leave its bracket: a collector's clock and an authority's are never quite the same."""
_SIGNED, _INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
_TYPE, _DIGEST_OF = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_NO_DIGEST = "made with a digest that is not accepted"
_ESS, _ESS_2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"


@dataclass
class Token:
    """What a reply says, in microseconds since 1970, and whose certificate it was signed with."""

    size: int
    time: int
    accuracy: int
    imprint: bytes
    signer: Certificate
    others: list[Certificate]


def token_of(data: bytes, size: int) -> Token:
    """Read a reply over a log's size; refuse one that was not granted, is not well-formed, or does not prove itself."""
    require(len(data) <= MAX_REPLY, f"a reply of more than {MAX_REPLY} bytes")
    status, *token = within(only(data))
    require(integer(within(status)[0]) in (0, 1) and len(token) == 1, "the authority refused")
    kind, held = within(token[0])
    require(dotted(kind) == _SIGNED, "not signed data (RFC 5652 §5)")
    (content_info,) = within(held, 0xA0)
    version, _, inner, *rest = within(content_info)
    kind, text = within(inner)
    require(integer(version) == 3 and dotted(kind) == _INFO, "not a time stamp's content (RFC 3161 §2.4.2)")
    (info,) = within(text, 0xA0)
    brought = [one for part in rest if part.tag == 0xA0 for one in within(part, 0xA0)]
    require(0 < len(brought) <= MAX_BROUGHT, f"expected 1 to {MAX_BROUGHT} certificates")
    (signer,) = within(rest[-1], 0x31)
    readable = [*_readable(brought)]
    found = _signer(within(signer), octets(info), readable)
    return _said(only(octets(info)), size, found, [one for one in readable if one.whole != found.whole])


def _readable(brought: list[Der]) -> Iterator[Certificate]:
    """Yield the certificates that can be read: only the signer's is signed for, and a chain misses what it lacks."""
    for one in brought:
        try:
            yield certificate(one)
        except BROKEN:
            continue


def _signer(parts: list[Der], info: bytes, brought: list[Certificate]) -> Certificate:
    """Return the signer's certificate, once its signature over what it says of `info` holds (RFC 5652 §5.4)."""
    version, named, digest, attributes, algorithm, signature = parts[:6]
    require(integer(version) in (1, 3), "a signer of a version that is not known")
    if named.tag == 0x80:
        fits = [one for one in brought if one.key_name == named.body]
    else:
        issuer, serial = within(named)
        fits = [one for one in brought if (one.issuer, one.serial) == (issuer.whole, integer(serial))]
    require(len(fits) == 1, "it does not bring its signer's certificate")
    name = _hash(digest)
    said = _attributes(attributes)
    require(dotted(said[_TYPE]) == _INFO, "signed as something other than a time stamp")
    require(octets(said[_DIGEST_OF]) == digest_by(name, info), "what it says was changed since it was signed")
    _check_bound(said, fits[0])
    over, how = b"\x31" + attributes.whole[1:], scheme(algorithm, name)
    check_public(fits[0].key)
    require(proves(fits[0].key, how, octets(signature), over), "not signed by its certificate, or changed since")
    fits[0].check_stamps()
    return fits[0]


def _hash(algorithm: Der) -> str:
    return HASHES.get(dotted(within(algorithm)[0])) or refuse(_NO_DIGEST)


def _attributes(value: Der) -> dict[str, Der]:
    """Return the signed attributes, each of one value (RFC 5816 §2.2.1)."""
    found = dict[str, Der]()
    for kind, each in map(within, within(value, 0xA0)):
        (one,) = within(each, 0x31)
        require(found.setdefault(dotted(kind), one) is one, "an attribute stands twice")
    require({_TYPE, _DIGEST_OF} <= found.keys() and {_ESS, _ESS_2} & found.keys(), "it does not sign for what it needs")
    return found


def _check_bound(said: dict[str, Der], own: Certificate) -> None:
    """The signed attributes name the certificate, so that no other with the same key takes its place (RFC 5035)."""
    name = "sha256" if _ESS_2 in said else "sha1"
    first, *more = within(within(within(said.get(_ESS_2) or said[_ESS])[0])[0])
    if _ESS_2 in said and first.tag == 0x30:
        name, first = HASHES.get(dotted(within(first)[0])) or refuse(_NO_DIGEST), more[0]
    require(octets(first) == digest_by(name, own.whole), "signed for another certificate")


def _said(info: Der, size: int, signer: Certificate, others: list[Certificate]) -> Token:
    """Read what a token says (RFC 3161 §2.4.2)."""
    version, policy, imprint, serial, moment, *rest = within(info)
    algorithm, digest = within(imprint)
    known = integer(version) == 1 and _hash(algorithm) == "sha256"
    require(known, "not a time stamp of version 1 over a SHA-256")
    dotted(policy)
    integer(serial)
    accuracy = 0
    for one in rest:
        require(one.tag in (0x30, 0x02, 0x01, 0xA0), "it says more than is understood")
        accuracy = _accuracy(one) if one.tag == 0x30 else accuracy
        if one.tag == 0x02:
            integer(one)
    require(moment.tag == 0x18, "not a time as a token has it")
    return Token(size, micros(moment), accuracy, octets(digest), signer, others)


def _accuracy(value: Der) -> int:
    units, found = {0x02: 10**6, 0x80: 10**3, 0x81: 1}, dict[int, int]()
    for one in within(value):
        require(one.tag in units and 0 < len(one.body) <= 4, "an accuracy that is not understood")
        found[one.tag] = int.from_bytes(one.body, "big") * units[one.tag]
    return sum(found.values())


def check_tokens(found: LogChecks, authorities: list[Certificate]) -> dict[str, Token]:
    """Check every time stamp, and that none that was stated in the log has gone; return those that hold."""
    stated = [(at, one["predicate"]) for at, _, one in found.counting if one["kind"] == "anchor"]
    paths = found.bundle.below(f"{LOG}tsr/")
    trusted = Trusted(authorities)
    blobs = sorted({(row["blob"], row["bytes"]) for _, said in stated for row in said["certificates"]})
    for digest, length in blobs:
        try:
            trusted.between += from_pem(_artefact(found, digest, length))
        except BROKEN:
            continue  # what is wrong with it, another step says; a chain that needed it is then missing
    for digest, length in sorted({(row["blob"], row["bytes"]) for _, said in stated for row in said["crls"]}):
        try:
            trusted.lists.append(revocations(_artefact(found, digest, length)))
        except BROKEN as error:
            found.failures.append(f"revocation list {digest}: {error}")
    roots = found.roots([*(int(path.split("/")[3]) for path in paths), *(said["size"] for _, said in stated)])
    holding, there = dict[str, Token](), set[str]()
    for path in paths:
        try:
            data, name = found.bundle.read(path), path[-68:-4]
            require(sha(data) == name, "its bytes have another digest")
            there.add(f"sha256:{name}")
            holding[f"sha256:{name}"] = _holds(found, trusted, roots, path, data)
        except BROKEN as error:
            found.failures.append(f"{path}: {error}")
    for at, said in stated:
        if not found.span[0] <= said["size"] <= found.span[1]:
            continue
        if roots.get(said["size"]) != said["root"] or said["size"] > at:
            found.failures.append(f"leaf {at}: anchor: of a log at {said['size']} leaves that is not this")
        gone = [row["token"] for row in said["tokens"] if row["token"] not in there]
        found.failures += [f"leaf {at}: anchor: the time stamp {one} is missing" for one in gone]
    return holding


def _holds(found: LogChecks, trusted: Trusted, roots: dict[int, str], path: str, data: bytes) -> Token:
    """Return the token in a reply over the checkpoint of the size that its path names, which is this log's."""
    size = int(path.split("/")[3])
    places = {one[1]: name for one, name in zip(found.checkpoints, ("checkpoint", "previous-checkpoint"), strict=False)}
    name = places.get(size, f"checkpoints/{size:012d}")
    file = found.bundle.read(LOG + name)
    told = note(file, name)
    require(told[1] == size and told[2] == roots.get(size), f"over a log at {size} leaves that is not this")
    token = token_of(data, size)
    require(token.imprint.hex() == sha(file), "the imprint is of something else")
    who, gap = token.signer.named, ""
    if not trusted.roots:
        gap = f"whether {who} is to be trusted with the time: name its CA with --tsa-ca"
    elif not trusted.check(token.signer, token.others, token.time):
        gap = f"whether the certificate of {who} was revoked: no revocation list was kept"
    found.gaps += [gap] if gap and gap not in found.gaps else []
    if not trusted.roots:
        return token
    found.bounds.append(Bound(size, f"a time stamp by {who}", token.time // 10**6))
    return token


def _artefact(found: LogChecks, digest: str, length: int) -> bytes:
    data = found.bundle.read(f"data/blobs/{digest[7:]}")
    require(len(data) == length and f"sha256:{sha(data)}" == digest, f"{digest}: not the artefact it is named after")
    return data


def say_times(found: LogChecks, holding: dict[str, Token]) -> None:
    """Say what time stamps there are, and which parts say a time outside their bracket."""
    if not holding:
        found.gaps.append("when it was made: the log has no time stamp (RFC 3161); times are its writers' word")
        return
    found.notes.append(
        f"{len(holding)} time stamps, the newest over {max(one.size for one in holding.values())} leaves"
    )
    anchors = [
        (at, row) for at, _, one in found.counting if one["kind"] == "anchor" for row in one["predicate"]["tokens"]
    ]
    stated = [(at, holding[row["token"]]) for at, row in anchors if row["token"] in holding]
    for at, _, one in found.counting:
        if one["kind"] != "part":
            continue
        ended, after = one["predicate"]["ended"], one["predicate"]["after"]
        knew = after["size"] if after else 0
        upper = [each.time + each.accuracy for each in holding.values() if each.size > at]
        lower = [each.time - each.accuracy for index, each in stated if index < knew]
        words, moment = f"leaf {at}: clock-suspect: a part says it ended at {ended}", seconds(ended) * 10**6
        if upper and moment > min(upper) + _APART:
            found.gaps.append(f"{words}, and was time-stamped at {utc(min(upper) // 10**6)}")
        if lower and moment < max(lower) - _APART:
            found.gaps.append(f"{words}, and knew a time stamp of {utc(max(lower) // 10**6)}")
