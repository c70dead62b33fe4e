"""
Bundles with time stamps by an authority of one's own (OpenSSL's `ts`), good ones, and bad ones
that differ from them in one thing.

    python tests/vectors/stamps.py FOLDER      writes them all, the CA of each, and expected.json

Two good ones are frozen in `stamped-0.1`. The bad ones are made when they are tested: keys of authorities are not kept.
"""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from by_path import load
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from evidence.bundle.layout import CHECKPOINT, CHECKPOINTS, TOKENS, blob_path
from evidence.log.anchor import anchor_of
from evidence.log.der import OCTETS, SEQUENCE, SET, read, write, write_integer, write_oid
from evidence.log.note import read_checkpoint
from evidence.log.timestamp import request
from evidence.model.names import digest_of

HERE = Path(__file__).parent
CLOCK = "2026-07-10 12:00:00"
"""When tokens are made: after the last night of the bundle."""

AT = datetime(2026, 7, 10, 13, tzinfo=UTC)
SHA256, PSS, MGF1 = map(write_oid, ("2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"))


DEFECTS, TSAS = (
    load(HERE / "defects.py"),
    load(HERE.parent / "fixtures" / "tsa.py"),
)


def later() -> Any:
    """Return a good bundle without time stamps, to be changed."""
    return DEFECTS.bags().Bag.read(DEFECTS.good("later"))


@dataclass(slots=True)
class Stamped:
    """A bundle that is being stamped: what is put into it, each a good thing until it is changed."""

    tsa: Any
    reply: bytes = b""
    bag: Any = field(default_factory=later)
    crl: bytes = b""
    stated: bool = True
    """Whether the log says that there is the token."""
    size: int | None = None
    """Under which size the token is put, if not under its own."""
    name: str | None = None
    """The token's name, if not its digest."""
    root: str | None = None
    """The root that the log says the token is over, if not the true one."""
    left_out: bool = False
    after: Callable[["Stamped"], None] | None = None
    """What is done to the bundle in the end."""

    @property
    def checkpoint(self) -> bytes:
        """What is stamped."""
        data: bytes = self.bag.files[CHECKPOINT]
        return data

    def make(self) -> bytes:
        """Put the token and its statement into the bundle."""
        bag, file = self.bag, self.checkpoint
        known, token, ca = read_checkpoint(file).checkpoint, digest_of(self.reply), self.tsa.ca.read_bytes()
        bag.files[f"{CHECKPOINTS}{known.size:012d}"] = file
        if self.stated:
            blobs = [{digest_of(one): len(one)} if one else {} for one in (ca, self.crl)]
            bag.files |= {blob_path(digest_of(one)): one for one in (ca, self.crl) if one}
            said = anchor_of(
                digest_of(file), size=known.size, root=self.root or known.root, at=AT, tokens={token: "tsa-1"},
                certificates=blobs[0], crls=blobs[1],
            )  # fmt: skip
            statement = bag.statement(bag.of_kind("exception")[0])
            log, hexadecimal = statement["predicate"]["log"], said.checkpoint.removeprefix("sha256:")
            statement["predicateType"] = "urn:plantproof:anchor:v1"
            statement["predicate"] = {**said.predicate(), "log": log}
            statement["subject"] = [{"name": "checkpoint", "digest": {"sha256": hexadecimal}}]
            DEFECTS.logged(bag, "anchor", statement, DEFECTS.bags().key_of("sealer"))
        name = self.name or token.removeprefix("sha256:")
        if not self.left_out:
            bag.files[f"{TOKENS}{self.size or known.size:012d}/{name}.tsr"] = self.reply
        if self.after:
            self.after(self)
        bag.remake(DEFECTS.bags().key_of("sealer"))
        zipped: bytes = bag.zipped()
        return zipped


def resigned(
    tsa: Any,
    reply: bytes,
    *,
    info: Callable[[bytes], bytes] = bytes,
    attributes: Callable[[bytes], bytes] = bytes,
    signature: Callable[[bytes], bytes] = bytes,
    certificates: list[x509.Certificate] | None = None,
    pss: int | None = None,
    anew: bool = True,
) -> bytes:
    """Return a reply that says something else, its signature made anew by the authority's key or not."""
    status, token = read(reply, "reply").within("reply")
    kind, content = token.within("token")
    (signed,) = content.within("signed", tag=0xA0)
    version, algorithms, inner, brought, signers = signed.within("signed")
    (signer,) = signers.within("signers", tag=SET)
    number, named, digest, said, algorithm, made = signer.within("signer")
    type_, text = inner.within("content")
    body, how, value = attributes(said.body), algorithm.raw, made.body
    if anew:
        over, key = write(SET, body), tsa._keys["tsa"]
        if pss is not None:
            sha = write(SEQUENCE, SHA256)
            rows = (sha, write(SEQUENCE, MGF1, sha), write_integer(pss))
            how = write(SEQUENCE, PSS, write(SEQUENCE, *(write(0xA0 + at, row) for at, row in enumerate(rows))))
            value = key.sign(over, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        elif tsa.rsa:
            value = key.sign(over, padding.PKCS1v15(), hashes.SHA256())
        else:
            value = key.sign(over, ec.ECDSA(hashes.SHA256()))
    rows_ = (number.raw, named.raw, digest.raw, write(0xA0, body), how, write(OCTETS, signature(value)))
    held = brought.raw
    if certificates is not None:
        held = write(0xA0, *(one.public_bytes(Encoding.DER) for one in certificates))
    (octets,) = text.within("content", tag=0xA0)
    what = write(SEQUENCE, type_.raw, write(0xA0, write(OCTETS, info(octets.body))))
    parts = (version.raw, algorithms.raw, what, held, write(SET, write(SEQUENCE, *rows_)))
    return write(SEQUENCE, status.raw, write(SEQUENCE, kind.raw, write(0xA0, write(SEQUENCE, *parts))))


def replaced(reply: bytes, old: bytes, new: bytes) -> bytes:
    """Return a reply with something else among its certificates, every length around it right."""
    value = read(reply, "reply")
    assert reply.count(old) == 1
    if value.raw == old:
        return new
    rows = [replaced(one.raw, old, new) if old in one.raw else one.raw for one in value.within("reply", tag=value.tag)]
    return write(value.tag, *rows)


def swapped(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Return what puts one thing in the place of another."""

    def swap(data: bytes) -> bytes:
        assert data.count(old) == 1
        return data.replace(old, new)

    return swap


def flipped(data: bytes) -> bytes:
    """Change the last bit."""
    return data[:-1] + bytes([data[-1] ^ 1])


def certificates_of(tsa: Any) -> list[x509.Certificate]:
    """Return the authority's certificate, and the one of the CA between."""
    files = (tsa.folder / name for name in ("tsa.pem", "chain.pem"))
    return [x509.load_pem_x509_certificate(file.read_bytes()) for file in files]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One bundle: whether the last step fails for its time stamp, and what it says besides."""

    edit: Callable[[Stamped], None]
    fails: bool
    says: str = ""
    """Words that all three verifiers say then."""
    authority: Mapping[str, Any] = field(default_factory=dict)
    stranger: bool = False
    """Whether the auditor trusts another authority than the one that stamped it."""


CASES: dict[str, Case] = {}


def case(
    fails: bool = True, *, says: str = "", stranger: bool = False, **authority: Any
) -> Callable[[Callable[[Stamped], None]], Callable[[Stamped], None]]:
    """Register what is done to a good bundle with a time stamp."""

    def registered(edit: Callable[[Stamped], None]) -> Callable[[Stamped], None]:
        CASES[edit.__name__] = Case(edit=edit, fails=fails, says=says, authority=authority, stranger=stranger)
        return edit

    return registered


@case(False, says="no revocation list was kept", rsa=True)
def good_by_rsa(it: Stamped) -> None: ...


@case(False, says="no revocation list was kept")
def good_by_ecdsa(it: Stamped) -> None: ...


@case(False, curve=ec.SECP384R1())
def good_by_ecdsa_p384(it: Stamped) -> None: ...


@case(False, rsa=True)
def good_by_pss(it: Stamped) -> None:
    it.reply = resigned(it.tsa, it.reply, pss=32)


@case(False, end=datetime(2026, 8, 1, tzinfo=UTC))
def good_though_its_certificate_ran_out_since(it: Stamped) -> None: ...


@case(False)
def good_with_a_list_that_revokes_nothing(it: Stamped) -> None:
    it.crl = it.tsa.crl.read_bytes()


@case(False)
def good_though_its_certificate_was_superseded_since(it: Stamped) -> None:
    it.crl = it.tsa.revoke(at=datetime(2026, 9, 1, tzinfo=UTC), reason=x509.ReasonFlags.superseded).read_bytes()


@case(False, stranger=False)
def good_and_not_stated_yet(it: Stamped) -> None:
    it.stated = False


def _cosigned(it: Stamped) -> None:
    """A witness saw the log with the statement of the token in it."""
    cosigned, here = load(HERE / "cosigned.py"), read_checkpoint(it.checkpoint).checkpoint
    cosigned.Cosigned(it.bag, seen=here).put()


@case(
    False, says="the newest anchor binds the leaves up to 43: the cosignature by auditor.example/acme of 2026-07-10T12"
)
def good_and_cosigned(it: Stamped) -> None:
    it.after = _cosigned


@case(rsa=True)
def pss_of_another_salt(it: Stamped) -> None:
    it.reply = resigned(it.tsa, it.reply, pss=20)


@case()
def imprint_of_another_checkpoint(it: Stamped) -> None:
    it.reply = it.tsa.reply(request(it.checkpoint + b"\n", nonce=1))


@case()
def imprint_by_sha512(it: Stamped) -> None:
    before, after = write_oid("2.16.840.1.101.3.4.2.1"), write_oid("2.16.840.1.101.3.4.2.3")
    asked = request(it.checkpoint, nonce=1).replace(before, after)
    old, new = b"\x04\x20" + bytes.fromhex(digest_of(it.checkpoint)[7:]), b"\x04\x40" + bytes(64)
    parts = [one.raw for one in read(asked, "request").within("request")]
    parts[1] = write(SEQUENCE, swapped(old, new)(read(parts[1], "imprint").body))
    it.reply = it.tsa.reply(write(SEQUENCE, *parts))


@case()
def content_changed(it: Stamped) -> None:
    it.reply = resigned(it.tsa, it.reply, info=swapped(b"20260710", b"20260709"), anew=False)


@case()
def signed_attribute_changed(it: Stamped) -> None:
    it.reply = resigned(it.tsa, it.reply, attributes=swapped(b"\x17\x0d260710", b"\x17\x0d260709"), anew=False)


@case()
def signed_attributes_without_certificate(it: Stamped) -> None:
    def without(data: bytes) -> bytes:
        rows = read(write(SEQUENCE, data), "attributes").within("attributes")
        return b"".join(row.raw for row in rows if TSAS.SIGNER not in row.raw)

    it.reply = resigned(it.tsa, it.reply, attributes=without)


@case()
def signed_attribute_twice(it: Stamped) -> None:
    def twice(data: bytes) -> bytes:
        first = read(write(SEQUENCE, data), "attributes").within("attributes")[0].raw
        return first + data

    it.reply = resigned(it.tsa, it.reply, attributes=twice)


@case()
def signature_changed(it: Stamped) -> None:
    it.reply = resigned(it.tsa, it.reply, signature=flipped, anew=False)


@case(rsa=True)
def signature_by_rsa_changed(it: Stamped) -> None:
    it.reply = resigned(it.tsa, it.reply, signature=flipped, anew=False)


@case(stranger=True)
def authority_is_another_than_the_trusted_one(it: Stamped) -> None: ...


@case()
def certificate_of_another_authority(it: Stamped) -> None:
    other = TSAS.Tsa(it.tsa.folder.parent / "other").make()
    it.reply = resigned(it.tsa, it.reply, certificates=certificates_of(other), anew=False)


def _under_another(it: Stamped, *, anew: bool = True) -> None:
    it.reply = TSAS.signed_by(it.tsa, it.reply, it.tsa._certificate("tsa", "between", ca=False), anew=anew)


@case()
def certificate_of_the_same_key_that_is_not_signed_for(it: Stamped) -> None:
    _under_another(it, anew=False)


@case(False)
def certificate_of_the_same_key_that_is_signed_for(it: Stamped) -> None:
    _under_another(it)


@case()
def certificate_for_nothing(it: Stamped) -> None:
    it.tsa.usages = ()
    _under_another(it)


@case()
def certificate_for_code_too(it: Stamped) -> None:
    it.tsa.usages = (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING)
    _under_another(it)


@case()
def certificate_whose_purpose_is_not_critical(it: Stamped) -> None:
    it.tsa.critical = False
    _under_another(it)


@case()
def certificate_that_had_run_out(it: Stamped) -> None:
    it.tsa.end = datetime(2026, 7, 9, tzinfo=UTC)
    _under_another(it)


@case()
def certificate_that_had_not_begun(it: Stamped) -> None:
    it.tsa.begin = datetime(2026, 7, 12, tzinfo=UTC)
    _under_another(it)


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.2"), write_integer(1))
"""An extension that nobody knows, under the enterprise number for examples (RFC 5612)."""

POLICIES = x509.CertificatePolicies(
    [x509.PolicyInformation(x509.ObjectIdentifier(TSAS.POLICY), ["https://tsa.example/"])]
)
NAMES = x509.NameConstraints([x509.DNSName("example")], None)
OTHERWISE = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])


def _with(it: Stamped, *more: tuple[x509.ExtensionType, bool]) -> None:
    """Sign under a certificate that says more."""
    it.tsa.more["tsa"] = more
    _under_another(it)


def _between(it: Stamped, *more: tuple[x509.ExtensionType, bool]) -> x509.Certificate:
    """Put a certificate that says more in the place of the one between, and return it."""
    it.tsa.more["between"] = more
    made: x509.Certificate = it.tsa._certificate("between", "root", ca=True)
    it.reply = resigned(it.tsa, it.reply, certificates=[certificates_of(it.tsa)[0], made], anew=False)
    return made


def _written(it: Stamped, critical: bytes) -> None:
    """Write otherwise that an extension of the certificate between is critical."""
    made = _between(it, (UNKNOWN, True))
    said, algorithm, _ = read(made.public_bytes(Encoding.DER), "certificate").within("certificate")
    parts = said.within("certificate")
    (rows,) = parts[-1].within("extensions", tag=0xA3)
    oid = write_oid(UNKNOWN.oid.dotted_string)
    whole = write(SEQUENCE, oid, b"\1\1" + critical, write(OCTETS, UNKNOWN.value))
    every = [whole if oid in row.raw else row.raw for row in rows.within("extensions")]
    body = write(SEQUENCE, *(one.raw for one in parts[:-1]), write(0xA3, write(SEQUENCE, *every)))
    signature = it.tsa._keys["root"].sign(body, ec.ECDSA(hashes.SHA256()))
    data = write(SEQUENCE, body, algorithm.raw, write(0x03, b"\0" + signature))
    before = made.public_bytes(Encoding.DER)
    held = write(0xA0, certificates_of(it.tsa)[0].public_bytes(Encoding.DER), before)
    after = write(0xA0, certificates_of(it.tsa)[0].public_bytes(Encoding.DER), data)
    it.reply = replaced(it.reply, held, after)


@case(says="1.3.6.1.4.1.32473.2, which is not known")
def certificate_with_an_unknown_critical_extension(it: Stamped) -> None:
    _with(it, (UNKNOWN, True))


@case(False)
def certificate_with_an_unknown_extension(it: Stamped) -> None:
    _with(it, (UNKNOWN, False))


@case(False)
def certificate_with_an_unknown_extension_that_is_no_der(it: Stamped) -> None:
    _with(it, (x509.UnrecognizedExtension(UNKNOWN.oid, b"x"), False))


@case(False)
def certificate_with_critical_policies(it: Stamped) -> None:
    _with(it, (POLICIES, True))


@case()
def certificate_with_a_critical_alternative_name(it: Stamped) -> None:
    _with(it, (x509.SubjectAlternativeName([x509.DNSName("tsa.example")]), True))


@case()
def certificate_whose_key_may_not_sign(it: Stamped) -> None:
    it.tsa.may = ("key_encipherment",)
    _under_another(it)


@case(False)
def certificate_whose_key_may_commit(it: Stamped) -> None:
    it.tsa.may = ("content_commitment",)
    _under_another(it)


@case(says="no chain leads from")
def certificate_between_with_an_unknown_critical_extension(it: Stamped) -> None:
    _between(it, (UNKNOWN, True))


@case(False)
def certificate_between_with_an_unknown_extension(it: Stamped) -> None:
    _between(it, (UNKNOWN, False))


@case(False)
def certificate_between_twice_one_of_them_with_an_unknown_critical_extension(it: Stamped) -> None:
    signer, between = certificates_of(it.tsa)
    it.reply = resigned(it.tsa, it.reply, certificates=[signer, _between(it, (UNKNOWN, True)), between], anew=False)


@case()
def certificate_between_with_constraints_on_names(it: Stamped) -> None:
    _between(it, (NAMES, True))


@case()
def certificate_between_that_wants_a_policy(it: Stamped) -> None:
    _between(it, (x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None), True))


@case()
def certificate_between_that_forbids_any_policy(it: Stamped) -> None:
    _between(it, (x509.InhibitAnyPolicy(0), True))


@case()
def certificate_between_for_other_purposes(it: Stamped) -> None:
    _between(it, (OTHERWISE, False))


@case(False)
def certificate_between_for_time_stamps_critically(it: Stamped) -> None:
    _between(it, (x509.ExtendedKeyUsage([*OTHERWISE, ExtendedKeyUsageOID.TIME_STAMPING]), True), (POLICIES, True))


@case(False)
def certificate_between_for_any_purpose(it: Stamped) -> None:
    _between(it, (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False))


@case()
def certificate_between_that_is_critical_in_another_way(it: Stamped) -> None:
    _written(it, b"\1")


@case()
def certificate_between_that_says_it_is_not_critical(it: Stamped) -> None:
    _written(it, b"\0")


@case(more={"root": ((UNKNOWN, True),)})
def certificate_of_the_trusted_ca_with_an_unknown_critical_extension(it: Stamped) -> None: ...


@case(False, more={"root": ((UNKNOWN, False), (POLICIES, True))})
def certificate_of_the_trusted_ca_with_an_unknown_extension(it: Stamped) -> None: ...


@case(False, says="no revocation list was kept", more={"crl": ((UNKNOWN, True),)})
def list_with_an_unknown_critical_extension_says_nothing_of_others(it: Stamped) -> None:
    it.crl = it.tsa.crl.read_bytes()


@case(more={"crl": ((UNKNOWN, True),)})
def list_with_an_unknown_critical_extension_revokes(it: Stamped) -> None:
    it.crl = it.tsa.revoke(at=datetime(2026, 7, 1, tzinfo=UTC), reason=x509.ReasonFlags.superseded).read_bytes()


@case(False, more={"crl": ((x509.CRLNumber(7), False),)})
def good_with_a_list_that_has_a_number(it: Stamped) -> None:
    it.crl = it.tsa.crl.read_bytes()


@case()
def certificate_by_one_that_is_no_ca(it: Stamped) -> None:
    signer, _ = certificates_of(it.tsa)
    it.reply = resigned(it.tsa, it.reply, certificates=[signer, it.tsa._certificate("between", "root", ca=False)])


@case()
def certificate_between_left_out(it: Stamped) -> None:
    it.reply = resigned(it.tsa, it.reply, certificates=certificates_of(it.tsa)[:1])


@case()
def certificate_revoked(it: Stamped) -> None:
    it.crl = it.tsa.revoke(at=datetime(2026, 7, 1, tzinfo=UTC), reason=x509.ReasonFlags.superseded).read_bytes()


@case()
def certificate_revoked_later_as_its_key_was_stolen(it: Stamped) -> None:
    at = datetime(2026, 9, 1, tzinfo=UTC)
    it.crl = it.tsa.revoke(at=at, reason=x509.ReasonFlags.key_compromise).read_bytes()


@case()
def list_that_cannot_be_read(it: Stamped) -> None:
    it.crl = b"\x30\x03\x02\x01\x00"


@case(curve=ec.SECP521R1())
def key_of_another_curve(it: Stamped) -> None: ...


@case()
def reply_that_refuses(it: Stamped) -> None:
    it.reply = write(SEQUENCE, write(SEQUENCE, write_integer(2)))


@case()
def reply_with_more_behind_it(it: Stamped) -> None:
    it.reply += b"\0"


@case()
def reply_with_a_length_written_otherwise(it: Stamped) -> None:
    assert it.reply[1] == 0x82
    it.reply = it.reply[:1] + b"\x83\0" + it.reply[2:]


@case()
def reply_cut_off(it: Stamped) -> None:
    it.reply = it.reply[:-1]


@case()
def token_stated_and_missing(it: Stamped) -> None:
    it.left_out = True


@case()
def token_under_another_digest(it: Stamped) -> None:
    it.name = "ab" * 32


@case()
def token_over_another_root_than_is_stated(it: Stamped) -> None:
    it.root = "ab" * 32


@case(False, says="clock-suspect")
def time_before_what_it_covers(it: Stamped) -> None:
    it.tsa.clock = "2026-07-07 12:00:00"
    it.reply = it.tsa.reply(request(it.checkpoint, nonce=1))


def _another_part(it: Stamped) -> None:
    """A part that knew the token, and says that it was made before."""
    bag = it.bag
    statement, note = bag.statement(DEFECTS.newest(bag)), read_checkpoint(bag.files[CHECKPOINT]).checkpoint
    said = statement["predicate"]
    said |= {"run": "adhoc", "slot": "adhoc-20260709T050000Z-0a1b2c", "chunk": 0, "last": True, "previous": []}
    said |= {"started": "2026-07-09T05:00:00Z", "ended": "2026-07-09T05:00:00Z"}
    said["after"] = {"size": note.size, "root": note.root}
    assets = json.loads(bag.files[blob_path(said["assets"])])
    said["outcomes"] = [{"asset": row["asset"], "result": "collected"} for row in assets]
    DEFECTS.logged(bag, "part", statement, DEFECTS.bags().key_of("collector"))


@case(False, says="clock-suspect")
def time_after_what_knew_it(it: Stamped) -> None:
    it.after = _another_part


def made(name: str, folder: Path) -> tuple[bytes, Path]:
    """Return a bundle, and the file of the CA that its auditor trusts."""
    one, where = CASES[name], folder / name
    tsa = TSAS.Tsa(where / "tsa", clock=CLOCK, **one.authority).make()
    it = Stamped(tsa)
    it.reply = tsa.reply(request(it.checkpoint, nonce=1))
    one.edit(it)
    trusted = TSAS.Tsa(where / "trusted").make() if one.stranger else tsa
    return it.make(), trusted.ca


def main(folder: Path) -> None:
    """Write every bundle into `folder`, which must not exist, and what is expected of each."""
    folder.mkdir(parents=True)
    rows = []
    for name, one in CASES.items():
        data, ca = made(name, folder / "authorities")
        (folder / f"{name}.zip").write_bytes(data)
        (folder / f"{name}.pem").write_bytes(ca.read_bytes())
        rows.append({"bundle": f"{name}.zip", "authority": f"{name}.pem", "fails": "anchors" if one.fails else ""})
    (folder / "expected.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
