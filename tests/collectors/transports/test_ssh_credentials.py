"""What is offered at a login, to real OpenSSH servers; and prompts no server here could be made to show, simulated."""

import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paramiko
import pytest

from collectors.credentials import Identities, Secret
from collectors.inventory.host import SshAccess
from collectors.simulate.ssh import SimulatedCli
from collectors.transports.host import open_host
from collectors.transports.hostkeys import HostKeys
from collectors.transports.interface import AuthenticationError
from collectors.transports.ssh import open_cli
from collectors.transports.ssh_algorithms import SshTransport, _Interaction

pytestmark = pytest.mark.real

Start = Callable[..., Any]
Simulate = Callable[..., SimulatedCli]
PHRASE = "corr3ct horse"


def visit(access: SshAccess, **opening: Any) -> None:
    """Open a session and close it again."""
    with open_host(access, **opening):
        pass


def failures(server: Any) -> int:
    return sum("Failed" in line for line in server.lines)


@pytest.fixture
def enciphered(ssh_keys: tuple[Path, dict[str, str]], tmp_path: Path) -> Path:
    """The user's key in a file with a passphrase."""
    path = tmp_path / "enciphered"
    path.write_bytes((ssh_keys[0] / "user").read_bytes())
    path.chmod(0o600)
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", PHRASE, "-P", "", "-f", path], check=True, capture_output=True)
    return path


@pytest.fixture
def identities(agent: str) -> Identities:
    """An agent that holds the user's key."""
    return Identities(agent_socket=agent)


def test_a_key_with_a_passphrase_opens_with_it(sshd: Start, parts: Any, enciphered: Path) -> None:
    server = sshd()
    access = server.access(key_file=str(enciphered), passphrase=Secret(PHRASE))
    visit(access, **parts.opening(host_keys=server.trust()))
    visit(server.access(passphrase=Secret(PHRASE)), **parts.opening(host_keys=server.trust()))
    assert failures(server) == 0


def test_a_key_without_its_passphrase_is_said_to_lack_it(sshd: Start, parts: Any, enciphered: Path) -> None:
    server = sshd()
    with pytest.raises(AuthenticationError, match="has a passphrase, and none is known") as raised:
        visit(server.access(key_file=str(enciphered)), **parts.opening(host_keys=server.trust()))
    assert "ansible_ssh_private_key_passphrase" in (raised.value.hint or "")
    wrong = server.access(key_file=str(enciphered), passphrase=Secret("wr0ng horse"))
    with pytest.raises(AuthenticationError, match="cannot be opened with its passphrase") as raised:
        visit(wrong, **parts.opening(host_keys=server.trust()))
    assert "horse" not in f"{raised.value!r} {raised.value.__cause__!r}"
    assert not any("publickey" in line for line in server.lines)


def test_an_old_pem_key_with_a_passphrase_opens_with_it(sshd: Start, parts: Any, tmp_path: Path) -> None:
    path = tmp_path / "pem"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ecdsa", "-m", "PEM", "-N", PHRASE, "-f", path], check=True, capture_output=True
    )
    assert b"ENCRYPTED" in path.read_bytes()
    server = sshd(f"AuthorizedKeysFile {path}.pub")
    with pytest.raises(AuthenticationError, match="has a passphrase, and none is known"):
        visit(server.access(key_file=str(path)), **parts.opening(host_keys=server.trust()))
    access = server.access(key_file=str(path), passphrase=Secret(PHRASE))
    visit(access, **parts.opening(host_keys=server.trust()))


def test_a_key_file_the_agent_holds_needs_no_passphrase(
    sshd: Start, parts: Any, enciphered: Path, identities: Identities, ssh_keys: tuple[Path, dict[str, str]]
) -> None:
    enciphered.with_name("enciphered.pub").write_text((ssh_keys[0] / "user.pub").read_text())
    server = sshd()
    access = server.access(key_file=str(enciphered))
    visit(access, **parts.opening(host_keys=server.trust(), identities=identities))
    assert failures(server) == 0


def test_without_a_credential_the_keys_of_an_agent_are_offered(sshd: Start, parts: Any, identities: Identities) -> None:
    server = sshd()
    visit(server.access(key_file=None), **parts.opening(host_keys=server.trust(), identities=identities))


def test_an_agent_that_is_gone_is_no_agent(sshd: Start, parts: Any, tmp_path: Path) -> None:
    server = sshd()
    gone = Identities(agent_socket=str(tmp_path / "gone"))
    with pytest.raises(AuthenticationError, match="nothing to log in with"):
        visit(server.access(key_file=None), **parts.opening(host_keys=server.trust(), identities=gone))
    visit(server.access(), **parts.opening(host_keys=server.trust(), identities=gone))


def test_without_a_credential_the_usual_keys_are_offered(sshd: Start, parts: Any, tmp_path: Path) -> None:
    server, access = sshd(), sshd().access(key_file=None)
    access = server.access(key_file=None)
    opening = parts.opening(host_keys=server.trust(), identities=Identities(home=tmp_path))
    with pytest.raises(AuthenticationError, match="nothing to log in with") as raised:
        visit(access, **opening)
    assert "ansible_password" in (raised.value.hint or "")
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id_rsa").write_text("damaged")
    (tmp_path / ".ssh" / "id_ed25519").write_bytes(server.key_file.read_bytes())
    visit(access, **opening)
    visit(server.access(key_file="~/.ssh/id_ed25519"), **opening)


def test_what_a_server_takes_instead_is_said(sshd: Start, parts: Any) -> None:
    server = sshd()
    access = server.access(key_file=None, password=Secret("x"))
    with pytest.raises(AuthenticationError, match="was refused: it takes publickey"):
        visit(access, **parts.opening(host_keys=server.trust()))


def prompted(simulate: Simulate, parts: Any, *prompts: str) -> SimulatedCli:
    """Visit a device that asks so at the login."""
    server = simulate(prompts=prompts)
    trusted = HostKeys(known_hosts=[server.known_hosts])
    with open_cli(parts.access(server), parts.session(), **parts.opening(host_keys=trusted)):
        return server


@pytest.mark.parametrize(
    "prompt",
    [
        "Password: ",
        "password:",
        "(audit@sw-01) Password: ",
        "audit's password:",
        "Password for audit@sw-01:",
        "Passwort: ",
        "パスワード: ",
    ],
)
def test_a_prompt_for_the_password_is_answered_with_it(simulate: Simulate, parts: Any, prompt: str) -> None:
    server = prompted(simulate, parts, prompt)
    assert [name for name, _ in server.record.answers] == ["sw"]
    assert server.record.logins == [("sw", True)]


def test_a_request_without_a_prompt_is_answered_with_nothing(simulate: Simulate, parts: Any) -> None:
    server = prompted(simulate, parts, "Password: ", "|")
    assert len(server.record.answers) == 1


@pytest.mark.parametrize(
    ("prompts", "asked"),
    [
        (("Verification code: ",), "asks for 'Verification code:'"),
        (("Enter PASSCODE: ",), "asks for 'Enter PASSCODE:'"),
        (("One-time password (OATH) for `audit': ",), "One-time password"),
        (("otp-md5 497 gr4269 ext\nPassword: ",), "asks for 'otp-md5 497 gr4269 ext"),
        (("New password: ",), "asks for 'New password:'"),
        (("Password?",), "asks for 'Password?'"),
        (("Password: |Token: ",), "asks for 'Password:', 'Token:'"),
    ],
)
def test_another_prompt_is_never_answered(simulate: Simulate, parts: Any, prompts: tuple[str, ...], asked: str) -> None:
    with pytest.raises(AuthenticationError) as raised:
        prompted(simulate, parts, *prompts)
    assert asked in str(raised.value).replace("\\n", "\n")
    assert "one-time passwords are not answered" in (raised.value.hint or "")


@pytest.mark.parametrize("second", ["Verification code: ", "Password: ", "Response: "])
def test_what_is_asked_behind_the_password_gets_no_answer(simulate: Simulate, parts: Any, second: str) -> None:
    server = simulate(prompts=("Password: ", second))
    trusted = HostKeys(known_hosts=[server.known_hosts])
    access = parts.access(server)
    with (
        pytest.raises(AuthenticationError, match="after the password: only a prompt for the password is answered"),
        open_cli(access, parts.session(), **parts.opening(host_keys=trusted)),
    ):
        pass
    assert server.record.answers == [("sw", access.password.reveal())]


def test_a_request_with_more_prompts_than_a_login_has_is_not_read() -> None:
    ours, theirs = socket.socketpair()
    request = paramiko.Message()
    for text in ("", "", ""):
        request.add_string(text)
    request.add_int(2**31)
    request.rewind()
    transport = SshTransport(ours)
    interaction = _Interaction(transport)
    interaction.auth_method = "keyboard-interactive"
    with pytest.raises(paramiko.SSHException, match="expected at most 16 prompts, found 2147483648"):
        interaction._parse_userauth_info_request(request)
    transport.close()
    ours.close()
    theirs.close()


def test_a_banner_before_the_login_is_read_past(sshd: Start, parts: Any, tmp_path: Path) -> None:
    text = tmp_path / "banner"
    text.write_bytes(b"unauthorised use is prohibited\n" * 6_000)
    server = sshd(f"Banner {text}")
    visit(server.access(), **parts.opening(host_keys=server.trust()))
