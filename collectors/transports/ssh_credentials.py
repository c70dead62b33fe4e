"""What is offered at a login over SSH: keys from files and from an agent, and passwords; each once."""

import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import paramiko
from paramiko.agent import AgentKey, AgentSSH
from paramiko.pkey import PublicBlob
from paramiko.ssh_exception import BadAuthenticationType

from collectors.credentials import Identities, Secret
from collectors.inventory.host import SshAccess
from collectors.transports.interface import AuthenticationError
from evidence.harmless import one_line
from evidence.model.names import AssetId

MAX_OFFERED_KEYS = 5
"""Most keys offered where the inventory names none: OpenSSH's MaxAuthTries is 6."""

MAX_ROUNDS = 10
"""Most requests for information answered in one login: PAM modules have their say, then ask for the password."""

AGENT_TIMEOUT_S = 10.0
"""How long an agent may take: one that asks a person (`ssh-add -c`) is not waited for."""

_DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")

_WORD = r"(?:pass ?word|passwort|kennwort|mot de passe|contraseña|senha|パスワード|密码|密碼|암호|비밀번호)"
_PASSWORD = re.compile(rf"^{_WORD}|(?:\s|['’]s ){_WORD}\b[^\n]{{0,80}}$", re.I)
_OTHER = re.compile(
    r"one.?time|\botp|otp\b|passcode|pass ?phrase|token|verification|second factor|2fa|mfa|\bpin\b|challenge|s/key",
    re.I,
)
"""What speaks of another secret than the password, in a prompt or around it."""

_CHANGED = re.compile(r"\b(?:new|old|current|next|retype|re-?enter|again|expired|change|neues|altes)\b", re.I)
"""What a prompt says that wants the password changed."""

_Credential = Callable[[paramiko.Transport, str], list[str]]
"""Offers one credential; returns what the server wants besides it."""


def credentials(access: SshAccess, asset: AssetId, identities: Identities) -> Iterator[_Credential]:
    """
    Yield the credentials the inventory grants; the agent's and the usual keys only where it grants none.

    A key file that is enciphered, and whose passphrase is not known, is looked for in the agent. Raises
    `AuthenticationError` where a key file cannot be used.
    """
    with _Agent(identities) as agent:
        if access.key_file:
            yield _with_key(_named(access.key_file, access.passphrase, asset, identities, agent))
        if access.password is not None:
            yield _with_password(access.password, asset)
        if not access.key_file and access.password is None:
            for key in _offered(identities, agent)[:MAX_OFFERED_KEYS]:
                yield _with_key(key)


class _Agent(AgentSSH):
    """An agent's keys, asked for when they are wanted; none where there is no agent."""

    def __init__(self, identities: Identities) -> None:
        super().__init__()
        self._where = identities.agent_socket

    def __enter__(self) -> "_Agent":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()  # type: ignore[attr-defined]

    def get_keys(self) -> tuple[AgentKey, ...]:
        """Return the keys the agent holds."""
        where, self._where = self._where, None
        if where:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.settimeout(AGENT_TIMEOUT_S)
            try:
                sock.connect(where)
                self._connect(sock)  # type: ignore[attr-defined]
            except (OSError, paramiko.SSHException):
                sock.close()
                self._close()  # type: ignore[attr-defined]
        return super().get_keys()


def _with_key(key: paramiko.PKey) -> _Credential:
    return lambda transport, user: transport.auth_publickey(user, key)


def _with_password(password: Secret, asset: AssetId) -> _Credential:
    def offer(transport: paramiko.Transport, user: str) -> list[str]:
        try:
            return list(transport.auth_password(user, password.reveal(), fallback=False))
        except BadAuthenticationType as error:
            if "keyboard-interactive" not in error.allowed_types:
                raise
        return list(transport.auth_interactive(user, _Answers(password, asset)))

    return offer


class _Answers:
    """Answers keyboard-interactive requests (RFC 4256): the password to one prompt for a password, nothing else."""

    def __init__(self, password: Secret, asset: AssetId) -> None:
        self._password, self._asset = password, asset
        self._given, self._rounds = False, 0

    def __call__(self, title: str, instructions: str, prompts: Sequence[tuple[str, bool]]) -> list[str]:
        """Return one answer for each prompt; raise `AuthenticationError` for a prompt that is not answered."""
        self._rounds += 1
        if self._rounds > MAX_ROUNDS:
            raise AuthenticationError(f"{self._asset}: it did not stop asking for more at the login")
        if not prompts:
            return []
        text, shown = prompts[0]
        other = _OTHER.search(f"{title}\n{instructions}\n{text}") or _CHANGED.search(text)
        if len(prompts) > 1 or shown or self._given or other or not _PASSWORD.search(text.strip()):
            asked = ", ".join(repr(one_line(prompt.strip())[:60]) for prompt, _ in prompts[:3])
            raise AuthenticationError(
                f"{self._asset}: the login asks for {asked}{' after the password' if self._given else ''}:"
                " only a prompt for the password is answered",
                hint="one-time passwords are not answered: give the collector's account a key, or a password that is"
                " enough from the collector's address",
            )
        self._given = True
        return [self._password.reveal()]


def _named(
    written: str, passphrase: Secret | None, asset: AssetId, identities: Identities, agent: AgentSSH
) -> paramiko.PKey:
    """Return the key of a file, or the agent's where the file is enciphered and no passphrase is known."""
    path = identities.path(written)
    try:
        return _load(path, passphrase)
    except (OSError, ValueError, TypeError, paramiko.SSHException) as error:
        enciphered = path.is_file() and (isinstance(error, TypeError) or b"ENCRYPTED" in path.read_bytes()[:200])
        if enciphered and passphrase is None:
            public = _public(path)
            held = next((key for key in agent.get_keys() if key.asbytes() == public), None)
            if held is not None:
                return held
            raise AuthenticationError(
                f"{asset}: the key file {written} has a passphrase, and none is known",
                hint="set ansible_ssh_private_key_passphrase (in Ansible Vault), or give the key to an agent",
            ) from error
        if passphrase is not None and path.is_file():
            raise AuthenticationError(
                f"{asset}: the key file {written} cannot be opened with its passphrase ({type(error).__name__})",
                hint="ansible_ssh_private_key_passphrase is not the one the file was made with",
            ) from error
        raise AuthenticationError(
            f"{asset}: the key file {written} cannot be used ({type(error).__name__})",
            hint="it must exist, be readable and hold a private key",
        ) from error


def _load(path: Path, passphrase: Secret | None) -> paramiko.PKey:
    if passphrase is None:
        return paramiko.PKey.from_path(path)
    try:
        return paramiko.PKey.from_path(path, passphrase.reveal().encode())  # type: ignore[arg-type]
    except TypeError:  # the file needs none
        return paramiko.PKey.from_path(path)


def _public(path: Path) -> bytes | None:
    """Return the public half that lies beside a key file."""
    try:
        words = path.with_name(path.name + ".pub").read_text().split()
        return bytes(PublicBlob.from_string(" ".join(words[:2])).key_blob)
    except (OSError, ValueError):
        return None


def _offered(identities: Identities, agent: AgentSSH) -> list[paramiko.PKey]:
    keys: list[paramiko.PKey] = list(agent.get_keys())
    for name in _DEFAULT_KEYS if identities.home else ():
        path = identities.path(f"~/.ssh/{name}")
        with suppress(OSError, ValueError, TypeError, paramiko.SSHException):
            if path.is_file():
                keys.append(_load(path, None))
    return keys
