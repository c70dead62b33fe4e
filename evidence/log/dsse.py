"""
Envelopes: who signed which bytes (DSSE v1.0, github.com/secure-systems-lab/dsse).

One Ed25519 signature, padded standard base64, and one way to write an envelope: canonical JSON. Its digest is the
SHA-256 of exactly these bytes.
"""

import base64
import binascii
from dataclasses import dataclass

from evidence.errors import Error
from evidence.log.canonical import CanonicalError, dumps, loads
from evidence.log.fields import Fields, ShapeError
from evidence.log.keys import PublicKey, Signer

IN_TOTO = "application/vnd.in-toto+json"
"""Payload type of in-toto statements."""

_ENVELOPE = frozenset({"payload", "payloadType", "signatures"})
_SIGNATURE = frozenset({"keyid", "sig"})
_NONE: frozenset[str] = frozenset()


class EnvelopeError(Error):
    """Bytes are not an envelope as we write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A payload and one signature, not yet checked against any key."""

    payload_type: str
    payload: bytes
    key_id: str
    signature: bytes

    def verify(self, key: PublicKey) -> bytes:
        """Return the payload if `key` signed it as this type; raise `SignatureError` if not."""
        key.verify(self.signature, pae(self.payload_type, self.payload))
        return self.payload


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that are signed: DSSE's pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(key: Signer, payload_type: str, payload: bytes) -> bytes:
    """Return the envelope of `payload`, signed by `key`."""
    signature = key.sign(pae(payload_type, payload))
    return dumps(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": payload_type,
            "signatures": [{"keyid": key.public.id, "sig": base64.b64encode(signature).decode()}],
        }
    )


def read(data: bytes, payload_type: str, *, at_most: int) -> Envelope:
    """Return the envelope in `data`, of the expected type; raise `EnvelopeError` unless it is as `sign` writes it."""
    if len(data) > at_most:
        raise EnvelopeError(f"an envelope of {len(data)} bytes; at most {at_most} are read")
    try:
        envelope = Fields(loads(data), "envelope", _ENVELOPE, _NONE)
        signatures = envelope.rows("signatures")
        if len(signatures) != 1:
            raise EnvelopeError(f"expected one signature, found {len(signatures)}")
        signature = Fields(signatures[0], "signature", _SIGNATURE, _NONE)
        found = envelope.text("payloadType")
        if found != payload_type:
            raise EnvelopeError(f"expected a payload of type {payload_type}, found {found!r:.100}")
        return Envelope(
            payload_type=payload_type,
            payload=unbase64(envelope.text("payload", longest=at_most)),
            key_id=signature.text("keyid", longest=100),
            signature=unbase64(signature.text("sig", longest=100)),
        )
    except (CanonicalError, ShapeError) as error:
        raise EnvelopeError(f"not an envelope: {error}") from error


def unbase64(text: str) -> bytes:
    """Read padded standard base64, and only what an encoder writes: the spare bits of the last digit are zero."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise EnvelopeError(f"not base64: {error}") from error
    if base64.b64encode(data).decode() != text:
        raise EnvelopeError("base64, but not written the one way")
    return data
