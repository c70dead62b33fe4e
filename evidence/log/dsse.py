"""
Envelopes: who signed which bytes (DSSE v1.0, github.com/secure-systems-lab/dsse).

One Ed25519 signature, padded standard base64, and one way to write an envelope: canonical JSON. Its digest is the
SHA-256 of exactly these bytes.
"""

import base64
import binascii
import re
from contextlib import suppress
from typing import NamedTuple

import pybase64

from evidence.errors import Error
from evidence.log.canonical import CanonicalError, dumps, loads
from evidence.log.fields import Fields, ShapeError
from evidence.log.keys import PublicKey, Signer

IN_TOTO = "application/vnd.in-toto+json"
"""Payload type of in-toto statements."""

HEAD = b'{"payload":"'
"""How every envelope begins; the payload follows, in base64."""

_ENVELOPE = frozenset({"payload", "payloadType", "signatures"})
_SIGNATURE = frozenset({"keyid", "sig"})
_NONE: frozenset[str] = frozenset()
_REST = re.compile(
    rb'","payloadType":"([a-z0-9.+/-]{1,100})","signatures":\[\{"keyid":"([A-Za-z0-9+/:]{1,100})",'
    rb'"sig":"([A-Za-z0-9+/=]{1,100})"\}\]\}'
)
"""What follows the payload in an envelope as `sign` writes it; a payload can be a thousand times as long."""


class EnvelopeError(Error):
    """Bytes are not an envelope as we write it."""


class Envelope(NamedTuple):
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
    end = data.find(b'"', len(HEAD))
    rest = _REST.fullmatch(data, max(end, 0))
    if rest is None or rest[1] != payload_type.encode() or end == len(HEAD) or not data.startswith(HEAD):
        return _read_in_words(data, payload_type, at_most=at_most)
    return Envelope(
        payload_type=payload_type,
        payload=unbase64_bytes(data[len(HEAD) : end]),
        key_id=rest[2].decode(),
        signature=unbase64_bytes(rest[3]),
    )


def _read_in_words(data: bytes, payload_type: str, *, at_most: int) -> Envelope:
    """Read an envelope member by member, to tell what is wrong with it."""
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
        return unbase64_bytes(text.encode("ascii"))
    except UnicodeEncodeError as error:
        raise EnvelopeError(f"not base64: {error}") from error


def unbase64_bytes(text: bytes) -> bytes:
    """Read padded standard base64, and only what an encoder writes."""
    try:
        data = _decoded(text)
    except binascii.Error as error:
        raise EnvelopeError(f"not base64: {error}") from error
    # Strict as it is, it passes over the spare bits of the last digits, and over nothing else.
    if len(text) != 4 * -(-len(data) // 3) or base64.b64encode(data[(len(data) - 1) // 3 * 3 :]) != text[-4:]:
        raise EnvelopeError("base64, but not written the one way")
    return data


def _decoded(text: bytes) -> bytes:
    """Decode standard base64; the length and the last digits are left to the caller. `binascii` says what is wrong."""
    with suppress(binascii.Error):
        return pybase64.b64decode(text, validate=True)
    return binascii.a2b_base64(text, strict_mode=True)
