"""
What Ansible Vault encrypted, opened with the passwords at hand: envelopes 1.1 and 1.2, cipher AES256.

The form is Ansible's documented one ("Ansible Vault payload format 1.1 - 1.2", in its guide on encrypted content): a
header, then in hex the salt, the HMAC and the ciphertext, each in hex again. PBKDF2 makes three keys of a password.
"""

import hmac
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from collectors.inventory.problem import InventoryError

HEADER = b"$ANSIBLE_VAULT;"

DEFAULT_LABEL = "default"
"""Ansible's own vault id for what has none (its setting `vault_identity`)."""

MAX_VALUE_BYTES = 4 * 4096
"""Longest encrypted value: as many characters as one in the open may have, in UTF-8."""

_ITERATIONS, _KEY_BYTES, _COUNTER_BYTES, _TAG_BYTES = 10_000, 32, 16, 32
_FRAME = 2048
"""Room for salt, HMAC, padding and header around the ciphertext; Ansible's own take 400 characters."""
_VERSIONS, _CIPHER = ("1.1", "1.2"), "AES256"
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2})+")

HOW_TO_OPEN = "Use --vault-id, --vault-password-file or -J, or set ANSIBLE_VAULT_PASSWORD_FILE."
"""What to do about an encrypted value when there is no password at all."""


class VaultError(InventoryError):
    """Something encrypted cannot be opened; the message has no place yet, and never shows what was encrypted."""


class Vaulted:
    """A value, or a whole file, as Ansible Vault encrypted it."""

    __slots__ = ("envelope",)

    def __init__(self, envelope: str) -> None:
        self.envelope = envelope

    def __repr__(self) -> str:
        return "<vault>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vaulted) and other.envelope == self.envelope

    def __hash__(self) -> int:
        return hash(self.envelope)


class VaultPassword:
    """A password and its vault id; like a `Secret`, it cannot be printed or serialised by accident."""

    __slots__ = ("_value", "label", "source")

    def __init__(self, label: str, value: bytes, source: str | None = None) -> None:
        self.label = label
        self._value = value
        self.source = source
        """The file or script it came from; `None` where a person was asked."""

    def keys(self, salt: bytes) -> bytes:
        """Return what PBKDF2 makes of it: the key, the HMAC's key, the counter. Dear: several milliseconds."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC  # its OpenSSL is twice as fast as Debian 12's

        size = 2 * _KEY_BYTES + _COUNTER_BYTES
        return PBKDF2HMAC(algorithm=SHA256(), length=size, salt=salt, iterations=_ITERATIONS).derive(self._value)

    def write_to(self, descriptor: int) -> None:
        """Hand it to another process through a descriptor of ours."""
        os.write(descriptor, self._value)

    def __repr__(self) -> str:
        return f"<vault password {self.label!r}>"

    def __reduce__(self) -> str:
        raise TypeError("a vault password is not serialised")


class _Envelope(NamedTuple):
    label: str | None
    salt: bytes
    tag: bytes
    ciphertext: bytes


class Vault:
    """The passwords of a run, and what they opened: each ciphertext once, because every try costs a PBKDF2."""

    def __init__(
        self,
        passwords: Sequence[VaultPassword] = (),
        *,
        default_label: str = DEFAULT_LABEL,
        only_matching: bool = False,
        warnings: Sequence[str] = (),
    ) -> None:
        """
        Hold `passwords`; with `only_matching` a value is tried with those of its own vault id alone.

        `default_label` is the vault id of values that name none.
        """
        self.passwords = tuple(passwords)
        self.warnings = tuple(warnings)
        """What could not be read on the way to the passwords, in words for a person."""
        self._default_label = default_label
        self._only_matching = only_matching
        self._opened: dict[str, bytes] = {}

    def open_value(self, sealed: Vaulted) -> str:
        """Return an encrypted value; raise `VaultError`."""
        value = self._open(sealed, MAX_VALUE_BYTES)
        with suppress(UnicodeDecodeError):  # which would hold the value
            return value.decode()
        raise VaultError("expected UTF-8 text in what is encrypted, found something else")

    def open_file(self, sealed: Vaulted) -> bytes:
        """Return what an encrypted file holds; raise `VaultError`. The file's own bound is the bound."""
        return self._open(sealed, len(sealed.envelope))

    def _open(self, sealed: Vaulted, at_most: int) -> bytes:
        opened = self._opened.get(sealed.envelope)
        if opened is None:
            opened = self._opened[sealed.envelope] = self._decrypt(sealed.envelope, at_most)
        return opened

    def _decrypt(self, text: str, at_most: int) -> bytes:
        envelope = _parse(text, at_most)
        if not self.passwords:
            raise VaultError("expected a vault password, none was given", hint=HOW_TO_OPEN)
        for password in self._candidates(envelope.label or self._default_label):
            keys = password.keys(envelope.salt)
            key, tag_key, counter = keys[:_KEY_BYTES], keys[_KEY_BYTES:-_COUNTER_BYTES], keys[-_COUNTER_BYTES:]
            if hmac.compare_digest(hmac.digest(tag_key, envelope.ciphertext, "sha256"), envelope.tag):
                return _plain(key, counter, envelope.ciphertext)
        labelled = f" of vault id {envelope.label!r:.60}" if envelope.label else ""
        raise VaultError(
            f"expected one of {len(self.passwords)} vault passwords to open a value{labelled}, none does",
            hint="The password is another one, or what is encrypted was changed. Try `ansible-vault view`.",
        )

    def _candidates(self, label: str) -> Iterator[VaultPassword]:
        """Yield the passwords to try: those of the value's own vault id first, then the others where they may."""
        yield from (password for password in self.passwords if password.label == label)
        if not self._only_matching:
            yield from (password for password in self.passwords if password.label != label)


NO_VAULT = Vault()
"""Without a password: whatever is encrypted and used is an error."""


def is_vaulted(data: bytes) -> bool:
    """Tell whether a whole file is encrypted."""
    return data.startswith(HEADER)


def _parse(text: str, at_most: int) -> _Envelope:
    header, _, payload = text.strip().partition("\n")
    fields = [field.strip() for field in header.split(";")]
    if fields[0] + ";" != HEADER.decode() or len(fields) not in (3, 4):
        raise VaultError("expected an Ansible Vault header, found something else")
    if fields[1] not in _VERSIONS or fields[2] != _CIPHER:
        raise VaultError(f"expected Ansible Vault 1.1 or 1.2 with AES256, found {fields[1]!r:.20} {fields[2]!r:.20}")
    if len(payload) > 4 * at_most + _FRAME:
        raise VaultError(f"expected at most {at_most} encrypted bytes, found more")
    parts = _unhex("".join(payload.split()).encode()).split(b"\n")
    if len(parts) != 3:
        raise VaultError(f"expected salt, HMAC and ciphertext in what is encrypted, found {len(parts)} parts")
    salt, tag, ciphertext = (_unhex(part) for part in parts)
    if len(tag) != _TAG_BYTES:
        raise VaultError(f"expected an HMAC of {_TAG_BYTES} bytes in what is encrypted, found {len(tag)}")
    return _Envelope(fields[3] or None if len(fields) == 4 else None, salt, tag, ciphertext)


def _unhex(data: bytes) -> bytes:
    if not _HEX.fullmatch(data):
        raise VaultError("expected hex in what is encrypted, found something else, or an end too early")
    return bytes.fromhex(data.decode())


def _plain(key: bytes, counter: bytes, ciphertext: bytes) -> bytes:
    """Return what AES in counter mode had hidden, without its padding (PKCS 7)."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    decryptor = Cipher(algorithms.AES(key), modes.CTR(counter)).decryptor()
    padded = decryptor.update(ciphertext) + decryptor.finalize()
    size = padded[-1] if padded else 0
    if not 1 <= size <= 16 or padded[-size:] != bytes([size]) * size:
        raise VaultError("expected PKCS 7 padding in what is encrypted, found none")
    return padded[:-size]
