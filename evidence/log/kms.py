"""
Keys that AWS KMS holds (KeySpec ECC_NIST_EDWARDS25519): it signs, and the key never leaves it.

A key is named as KMS names it: `kms:` and an ARN, an id, or `alias/…`. KMS takes messages of 4,096 bytes at most, and
an Ed25519 signature is over the whole message, not over its digest: what is longer, as most parts are, it cannot sign.
"""

import re
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from evidence.log.keys import KeyFileError, PublicKey, SignatureError

PREFIX = "kms:"
"""What a reference to a key in KMS begins with."""

MAX_MESSAGE_BYTES = 4096
"""Longest message that KMS signs with MessageType RAW (AWS KMS API Reference, Sign)."""

CONNECT_S, ANSWER_S, TRIES = 5, 15, 3
"""How long, and how often, KMS is waited for."""

_REFERENCE = re.compile(
    r"(?:arn:(?P<partition>aws[a-z-]*):kms:(?P<region>[a-z0-9-]{1,40}):[0-9]{12}:)?"
    r"(?:(?:key/)?(?:mrk-)?[0-9a-f-]{32,40}|alias/[A-Za-z0-9/_-]{1,250})"
)
_HINT = "credentials and region are AWS's own: AWS_PROFILE, AWS_REGION; the key's policy has to allow kms:Sign"


class KmsKey:
    """A key that KMS holds. Nobody is asked before it signs, where its public half is known."""

    __slots__ = ("_client", "_public", "_reference")

    def __init__(self, reference: str, public: PublicKey | None = None) -> None:
        """Name a key; `public` is the half of it that `<role>.pub` says."""
        self._reference = reference.strip().removeprefix(PREFIX)
        if not _REFERENCE.fullmatch(self._reference):
            raise KeyFileError(f"{PREFIX}{self._reference}: expected the ARN, id or alias/… of a key in AWS KMS")
        self._public, self._client = public, None

    @property
    def public(self) -> PublicKey:
        """The half of it that everyone may know; KMS is asked where no file says."""
        if self._public is None:
            self._public = self.fetched()
        return self._public

    def fetched(self) -> PublicKey:
        """Ask KMS for the public half."""
        answer = self._asked("get_public_key", KeyId=self._reference)
        try:
            key = load_der_public_key(answer["PublicKey"])
        except (KeyError, ValueError, TypeError) as error:
            raise KeyFileError(f"{self}: its answer holds no public key") from error
        if not isinstance(key, Ed25519PublicKey):
            raise KeyFileError(f"{self}: a key of {answer.get('KeySpec')}, expected ECC_NIST_EDWARDS25519")
        return PublicKey(key.public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, data: bytes) -> bytes:
        """Return KMS' signature over `data`, once it is seen to be this key's."""
        if len(data) > MAX_MESSAGE_BYTES:
            raise KeyFileError(
                f"{self}: AWS KMS signs {MAX_MESSAGE_BYTES} bytes at most, and this statement has {len(data)}",
                hint="keep a role that signs longer ones, as the collector does, in a file or an agent",
            )
        said = {"MessageType": "RAW", "SigningAlgorithm": "ED25519_SHA_512"}
        signature = self._asked("sign", KeyId=self._reference, Message=data, **said).get("Signature")
        if not isinstance(signature, bytes) or len(signature) != 64:
            raise KeyFileError(f"{self}: made no Ed25519 signature")
        try:
            self.public.verify(signature, data)
        except SignatureError as error:
            raise KeyFileError(f"{self}: signs with another key than {self.public.id}, which it is to be") from error
        return signature

    def _asked(self, operation: str, **words: object) -> Any:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError as error:
            raise KeyFileError(f"{self}: boto3 is not installed here", hint="pip install boto3") from error
        match = _REFERENCE.fullmatch(self._reference)
        region = match["region"] if match else None
        retries = {"total_max_attempts": TRIES, "mode": "standard"}
        config = Config(connect_timeout=CONNECT_S, read_timeout=ANSWER_S, retries=retries)
        try:
            if self._client is None:
                self._client = boto3.session.Session().client("kms", region_name=region, config=config)
            return getattr(self._client, operation)(**words)
        except ClientError as error:
            said = error.response.get("Error", {})
            raise KeyFileError(f"{self}: {said.get('Code')}: {said.get('Message')}", hint=_HINT) from error
        except (BotoCoreError, ValueError) as error:
            raise KeyFileError(f"{self}: {error}", hint=_HINT) from error

    def __repr__(self) -> str:
        return f"{PREFIX}{self._reference}"
