"""
Time stamps: after a seal, authorities are asked for a token over the newest checkpoint (RFC 3161 §3.4).

A token is kept only if it holds and leads to the CA the site file names. Whatever goes wrong is told and fails nothing:
the next seal asks again.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from collectors.time_authority import TimeAuthority
from evidence.errors import Error
from evidence.log.anchor import TOKENS, anchor_of, kept
from evidence.log.keyring import Keyring
from evidence.log.note import Checkpoint
from evidence.log.timestamp import MAX_REPLY_BYTES, MEDIA_TYPE, TimestampError, Token, read_reply, request
from evidence.log.timestamp_trust import (
    MAX_CRL_BYTES,
    Trust,
    check_trust,
    load_crl,
    read_certificates,
)
from evidence.log.writer import append
from evidence.model.names import Digest, digest_of
from evidence.store.blobs import put_blob
from evidence.store.interface import Store
from evidence.store.layout import checkpoint_key, token_folder, token_key

TIMEOUT_S = 10.0
"""How long an authority's answer is waited for; they answer within a second."""

RENEW_BEFORE = timedelta(days=30)
"""How long before its authority's certificate ends a token is covered by another."""

AT_LEAST = timedelta(days=1)
"""How old a token is before it is renewed, however short-lived its certificate."""


@dataclass(slots=True, kw_only=True)
class _Got:
    """What was got over one checkpoint."""

    tokens: dict[Digest, str] = field(default_factory=dict)
    certificates: dict[Digest, int] = field(default_factory=dict)
    crls: dict[Digest, int] = field(default_factory=dict)


def stamp(
    store: Store,
    keyring: Keyring,
    authorities: tuple[TimeAuthority, ...],
    checkpoint: Checkpoint,
    *,
    at: datetime,
    tell: Callable[[str], None],
) -> None:
    """Get what is missing of tokens over `checkpoint`, keep them, and state them; the next seal logs that."""
    if not authorities or not checkpoint.size:
        return
    file, got = store.get(checkpoint_key(checkpoint.size)), _Got()
    there = list(_tokens(store, checkpoint.size))
    for authority in authorities:
        try:
            trust = Trust(roots=read_certificates(authority.ca))
            if any(_leads(token, trust) for token in there):
                continue
            data = _stamped(authority, file, trust)
            store.put(token_key(checkpoint.size, digest_of(data)), data)
            got.tokens[digest_of(data)] = authority.name
            _keep(store, got.certificates, authority.ca.read_bytes())
        except (Error, OSError) as error:
            tell(f"no time stamp from {authority.name}: {error}")
            continue
        _keep_list(store, authority, got, tell)
    if got.tokens:
        anchor = anchor_of(
            digest_of(file),
            size=checkpoint.size,
            root=checkpoint.root,
            at=at,
            tokens=got.tokens,
            certificates=got.certificates,
            crls=got.crls,
        )
        append(store, keyring, kind="anchor", predicate=anchor.predicate(), subjects=anchor.subjects)


def renewal_is_due(store: Store, *, at: datetime) -> bool:
    """Tell whether the newest tokens should be logged, so that the next one covers them, before they run out."""
    newest = max((one.size for one in kept(store, TOKENS)), default=0)
    tokens = list(_tokens(store, newest))
    ends = max((token.signer.not_valid_after_utc for token in tokens), default=None)
    return ends is not None and ends - at < RENEW_BEFORE and at - max(token.time for token in tokens) >= AT_LEAST


def _tokens(store: Store, size: int) -> Iterator[Token]:
    for one in kept(store, token_folder(size)):
        try:
            yield read_reply(store.get(one.key))
        except Error:
            continue  # what is wrong with it, `verify` says; here it is as none


def _leads(token: Token, trust: Trust) -> bool:
    try:
        check_trust(token, trust)
    except TimestampError:
        return False
    return True


def _stamped(authority: TimeAuthority, file: bytes, trust: Trust) -> bytes:
    """Ask for a token and return the reply; raise where it does not hold."""
    nonce = secrets.randbits(63)
    asked = request(file, nonce=nonce, policy=authority.policy)
    headers = {"Content-Type": MEDIA_TYPE}
    data = _fetched("POST", authority.url, at_most=MAX_REPLY_BYTES, body=asked, headers=headers)
    token = read_reply(data).covers(file)
    if token.nonce != nonce:
        raise TimestampError("the token is an answer to something else")
    check_trust(token, trust)
    return data


def _keep_list(store: Store, authority: TimeAuthority, got: _Got, tell: Callable[[str], None]) -> None:
    if authority.crl is None:
        return
    try:
        if "://" in authority.crl:
            data = _fetched("GET", authority.crl, at_most=MAX_CRL_BYTES)
        else:
            with Path(authority.crl).open("rb") as file:
                data = file.read(MAX_CRL_BYTES + 1)
        load_crl(data)
        _keep(store, got.crls, data)
    except (Error, OSError) as error:
        tell(f"no revocation list of {authority.name}: {error}")


def _keep(store: Store, blobs: dict[Digest, int], data: bytes) -> None:
    blobs[put_blob(store, data)] = len(data)


def _fetched(
    method: str, url: str, *, at_most: int, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """Return what lies at a URL; no redirection is followed, and no more read than is allowed."""
    import urllib3

    try:
        with urllib3.PoolManager(retries=False, timeout=TIMEOUT_S) as pool:
            reply = pool.request(method, url, body=body, headers=headers, redirect=False, preload_content=False)
            try:
                data = reply.read(at_most + 1)
            finally:
                reply.close()
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise TimestampError(f"it does not answer: {type(error).__name__}") from error
    if reply.status != 200 or len(data) > at_most:
        raise TimestampError(f"it answers with HTTP {reply.status} and {len(data)} bytes")
    return data
