"""Step 11, time stamps: each holds, leads to a CA that is trusted, and none that was stated in the log has gone."""

from collections.abc import Iterator

from cryptography import x509

from evidence.errors import Error
from evidence.log.note import read_checkpoint
from evidence.log.timestamp import TimestampError, Token, read_reply
from evidence.log.timestamp_trust import Trust, check_trust, load_certificates, load_crl
from evidence.model.names import Digest, digest_of
from evidence.verify.anchored import Anchored, Bound, Found, Stamp
from evidence.verify.result import Answer


def check_tokens(log: Anchored, answer: Answer, found: Found) -> None:
    """Check every time stamp, and that none that was stated in the log has gone."""
    trust = Trust(roots=log.outside.authorities, between=tuple(_certificates(log)), crls=tuple(_crls(log, answer)))
    there: set[Digest] = set()
    for one in log.tokens:
        try:
            data = log.kept_bytes(one)
            if one.digest != digest_of(data):
                raise TimestampError(f"its bytes have the digest {digest_of(data)}")
            there.add(one.digest)
            token = _holds(log, one.size, data)
            if trust.roots:
                listed = check_trust(token, trust)
                if listed is None:
                    found.unlisted.add(token.authority)
                found.bounds.append(Bound(size=one.size, what=f"a time stamp by {token.authority}", at=token.time))
            else:
                found.untrusted.add(token.authority)
            found.stamped[one.digest] = Stamp(size=one.size, time=token.time, accuracy=token.accuracy)
        except Error as error:
            answer.fail(f"{one.key}: {error}")
    for index, anchor in log.anchors:
        if not log.reaches(anchor.size):
            continue
        if log.root_at(anchor.size) != anchor.root or anchor.size > index:
            answer.fail(f"leaf {index}: anchor: of a log at {anchor.size} leaves that is not this")
        for digest in sorted(anchor.tokens.keys() - there):
            answer.fail(f"leaf {index}: anchor: the time stamp {digest} over {anchor.size} leaves is missing")
    if found.stamped:
        newest = max(stamp.size for stamp in found.stamped.values())
        answer.note(f"{len(found.stamped)} time stamps, the newest over {newest} leaves")


def _holds(log: Anchored, size: int, data: bytes) -> Token:
    """Return a token that covers the checkpoint at `size`, which is this log's."""
    file = log.checkpoint_file(size)
    checkpoint = read_checkpoint(file).checkpoint
    if checkpoint.size != size or checkpoint.root != log.root_at(size):
        raise TimestampError(f"over a log at {size} leaves that is not this")
    return read_reply(data).covers(file)


def _certificates(log: Anchored) -> Iterator[x509.Certificate]:
    """Yield the certificates that were kept with the tokens; none is trusted for that."""
    for digest, length in {pair for _, anchor in log.anchors for pair in anchor.certificates.items()}:
        try:
            yield from load_certificates(log.artefact(digest, length))
        except Error:
            continue  # what is wrong with an artefact, another step says; a chain that needed it is then missing


def _crls(log: Anchored, answer: Answer) -> Iterator[x509.CertificateRevocationList]:
    for digest, length in sorted({pair for _, anchor in log.anchors for pair in anchor.crls.items()}):
        try:
            yield load_crl(log.artefact(digest, length))
        except Error as error:
            answer.fail(f"revocation list {digest}: {error}")
