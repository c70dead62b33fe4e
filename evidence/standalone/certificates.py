"""Certificates and revocation lists (RFC 5280), as far as a time stamp's authority is judged by them."""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from evidence.standalone.asymmetric import check_public, proves, scheme
from evidence.standalone.der import Der, bits, content, dotted, integer, micros, octets, only, values, within
from evidence.standalone.files import BROKEN, refuse, require

MAX_CHAIN, MAX_PEM, MAX_CRL, MAX_REVOKED = 8, 2**20, 4 * 2**20, 200_000
"""Longest chain, largest file of certificates, largest revocation list, and most rows of one."""

_STAYS_VALID = (0, 3, 4, 5)
"""Reasons after which tokens from before the revocation stay valid (RFC 3161 §4, RFC 5280 §5.3.1)."""
_USAGE, _BASIC, _FOR, _KEY_NAME, _REASON = "2.5.29.15", "2.5.29.19", "2.5.29.37", "2.5.29.14", "2.5.29.21"
_STAMPING, _ANY = "1.3.6.1.5.5.7.3.8", "2.5.29.37.0"
_PROCESSED = {_USAGE, _BASIC, _FOR, "2.5.29.32"}
"""What may be critical: what is looked at, and policies, since every policy will do (RFC 5280 §6.1.1 (c))."""
_Extensions = dict[str, tuple[bool, bytes]]


@dataclass
class Signed:
    """Something an issuer signed: what it says, and by which algorithm and signature."""

    whole: bytes
    said: Der
    how: Der
    signature: bytes

    def by(self, issuer: "Certificate") -> bool:
        """Tell whether the issuer's key signed it."""
        try:
            return proves(issuer.key, scheme(self.how), self.signature, self.said.whole)
        except BROKEN:
            return False


@dataclass(kw_only=True)
class Certificate(Signed):
    """A certificate."""

    serial: int
    issuer: bytes
    subject: bytes
    begin: int
    end: int
    key: Der
    extensions: _Extensions

    def check_valid(self, at: int) -> None:
        """Refuse it at a time at which it was not valid."""
        require(self.begin <= at <= self.end, "a certificate was not valid at that time")

    def check_issues(self, below: int) -> None:
        """Refuse it as an issuer of others, `below` of them beneath it (RFC 5280 §4.2.1.3, §4.2.1.9)."""
        self.check_known()
        basic = self._says(_BASIC)
        said = within(basic) if basic else []
        require(said and content(said[0], 0x01) == b"\xff", "not a CA's certificate")
        require(len(said) < 2 or integer(said[1]) >= below - 1, "a CA of fewer certificates below it")
        require(self._may(0x04), "a CA that may not issue certificates")
        purposes = self._says(_FOR)
        named = {dotted(one) for one in within(purposes)} if purposes else {_ANY}
        require(named & {_STAMPING, _ANY}, "a CA for other purposes than time stamps")

    def check_stamps(self) -> None:
        """Refuse it unless it is for time stamps and nothing else, and says so critically (RFC 3161 §2.3)."""
        self.check_known()
        critical, said = self.extensions.get(_FOR) or refuse("its certificate is not for time stamps")
        purposes = [dotted(one) for one in within(only(said))]
        require(critical and purposes == [_STAMPING], "its certificate is not for time stamps, and for nothing else")
        require(self._may(0xC0), "its certificate's key may not sign (RFC 5280 §4.2.1.3)")

    def check_known(self) -> None:
        """Refuse it where it says critically what is not known (RFC 5280 §4.2)."""
        unknown = [name for name, (critical, _) in self.extensions.items() if critical and name not in _PROCESSED]
        require(not unknown, f"a certificate with the critical extension {''.join(unknown[:1])}, which is not known")

    def _says(self, name: str) -> Der | None:
        return only(self.extensions[name][1]) if name in self.extensions else None

    def _may(self, what: int) -> bool:
        """Tell whether its key may be used for one of these things, or nothing is said of its use."""
        usage = self._says(_USAGE)
        said = content(usage, 0x03) if usage else b"\0\xff"
        return len(said) > 1 and bool(said[1] & what)

    @property
    def key_name(self) -> bytes | None:
        """The subject key identifier."""
        said = self._says(_KEY_NAME)
        return octets(said) if said else None

    @property
    def named(self) -> str:
        """The name people know it by: the last text of its subject."""
        rows = [within(pair)[1] for part in values(self.subject) for row in within(part) for pair in within(row, 0x31)]
        return rows[-1].body.decode("utf-8", "replace") if rows else "nobody"


def _signed(data: Der) -> tuple[Signed, list[Der]]:
    said, how, signature = within(data)
    return Signed(data.whole, said, how, bits(signature)), within(said)


def _extensions(value: Der) -> _Extensions:
    found: _Extensions = {}
    for name, *critical, said in map(within, within(value)):
        require(len(critical) < 2 and dotted(name) not in found, "an extension stands twice")
        require(not critical or content(critical[0], 0x01) == b"\xff", "critical, and not written the one way")
        found[dotted(name)] = bool(critical), octets(said)
    return found


def certificate(data: Der) -> Certificate:
    """Read a certificate of version 3 (RFC 5280 §4.1)."""
    signed_, (version, serial, how, issuer, life, subject, key, *rest) = _signed(data)
    require(version.tag == 0xA0 and integer(only(version.body)) == 2, "not a certificate of version 3")
    require(how.whole == signed_.how.whole, "a certificate that names two algorithms")
    begin, end = map(micros, within(life))
    more = [_extensions(only(one.body)) for one in rest if one.tag == 0xA3]
    return Certificate(
        *(signed_.whole, signed_.said, signed_.how, signed_.signature),
        serial=integer(serial),
        issuer=issuer.whole,
        subject=subject.whole,
        begin=begin,
        end=end,
        key=key,
        extensions=more[0] if more else {},
    )


def from_pem(data: bytes) -> list[Certificate]:
    """Read the certificates of a file."""
    require(len(data) <= MAX_PEM, f"more than {MAX_PEM} bytes of certificates")
    rows = re.findall(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----", data)
    require(rows, "expected certificates in PEM")
    return [certificate(only(base64.b64decode(b"".join(row.split()), validate=True))) for row in rows]


@dataclass
class Listed(Signed):
    """A revocation list: when it was made, and of each serial number when it was revoked, and why."""

    issuer: bytes
    revoked: dict[int, tuple[int, int | None]]
    whole_list: bool
    """Whether what it does not name is not revoked: one with a critical extension may be of some certificates only."""


def revocations(data: bytes) -> Listed:
    """Read a revocation list, DER or PEM (RFC 5280 §5.1)."""
    require(len(data) <= MAX_CRL, f"a revocation list of more than {MAX_CRL} bytes")
    if data.startswith(b"-----BEGIN"):
        match = re.match(rb"-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END", data) or refuse("not a list in PEM")
        data = base64.b64decode(b"".join(match[1].split()), validate=True)
    signed_, said = _signed(only(data))
    _, issuer, made, *rest = said[1:] if said[0].tag == 0x02 else said
    micros(made)
    rest = rest[1:] if rest and rest[0].tag in (0x17, 0x18) else rest
    rows, found = within(rest[0], most=MAX_REVOKED) if rest and rest[0].tag == 0x30 else [], {}
    for serial, at, *more in map(within, rows):
        reason = _extensions(more[0]).get(_REASON) if more else None
        found[integer(serial)] = micros(at), content(only(reason[1]), 0x0A)[0] if reason else None
    besides = [_extensions(only(one.body)) for one in rest if one.tag == 0xA0]
    whole = not any(critical for each in besides for critical, _ in each.values())
    return Listed(signed_.whole, signed_.said, signed_.how, signed_.signature, issuer.whole, found, whole)


@dataclass
class Trusted:
    """What an auditor brings, the CAs he trusts, and what came with the evidence."""

    roots: list[Certificate]
    between: list[Certificate] = field(default_factory=list)
    lists: list[Listed] = field(default_factory=list)

    def check(self, signer: Certificate, others: list[Certificate], at: int) -> bool:
        """Refuse a signer that no chain leads from, valid at a time; tell whether a list has nothing against it."""
        signer.check_valid(at)
        chain, ends = [signer], {one.whole for one in self.roots}
        while chain[-1].whole not in ends:
            issuers = self._issuers(chain[-1], [*self.roots, *others, *self.between], at, len(chain))
            issuer = next(issuers, None) if len(chain) < MAX_CHAIN else None
            chain.append(issuer or refuse(f"no chain leads from {signer.named} to a CA that is trusted"))
        listed = [self._listed(one, issuer, at) for one, issuer in pairwise(chain)]
        return bool(listed) and listed[0]

    def _issuers(self, one: Certificate, candidates: list[Certificate], at: int, below: int) -> Iterator[Certificate]:
        for issuer in candidates:
            try:
                issuer.check_valid(at)
                issuer.check_issues(below)
                check_public(issuer.key)
            except BROKEN:
                continue
            if issuer.subject == one.issuer and issuer.whole != one.whole and one.by(issuer):
                yield issuer

    def _listed(self, one: Certificate, issuer: Certificate, at: int) -> bool:
        """Refuse a certificate that its issuer's lists revoke; tell whether there is such a list."""
        own = [each for each in self.lists if each.issuer == issuer.subject and each.by(issuer)]
        for moment, reason in (each.revoked[one.serial] for each in own if one.serial in each.revoked):
            gone = moment <= at or reason not in _STAYS_VALID
            require(not gone, f"the certificate of {one.named} was revoked by its issuer")
        return any(each.whole_list for each in own)


def digest_by(name: str, data: bytes) -> bytes:
    """Return a digest by one of the hashes that are accepted."""
    return hashlib.new(name, data, usedforsecurity=False).digest()
