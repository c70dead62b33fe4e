"""Hosts and a real router behind a real OpenSSH server."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from collectors.inventory.host import SshAccess
from collectors.transports.host import open_host
from collectors.transports.hostkeys import HostKeys
from collectors.transports.interface import (
    AuthenticationError,
    HostKeyError,
    RefusedError,
    UnreachableError,
)
from collectors.transports.ssh import open_cli
from collectors.transports.ssh_again import lasting
from evidence.platforms.platform import Session, Verb

pytestmark = pytest.mark.real

Start = Callable[..., Any]


def visit(access: SshAccess, **opening: Any) -> None:
    """Open a session and close it again."""
    with open_host(access, **opening):
        pass


def test_a_listed_command_is_run_and_a_listed_file_is_read(sshd: Start, parts: Any, tmp_path: Path) -> None:
    server = sshd("AcceptEnv LC_ALL")
    odd = tmp_path / "a file; with 'odd' $(name)"
    odd.write_bytes(b"\xff\x00kept as it is\r\n")
    opening = parts.opening("uname -s", "locale", "/etc/os-release", str(odd), host_keys=server.trust())
    with open_host(server.access(), **opening) as host:
        assert host.host_key.startswith("SHA256:")
        kernel = host.ask(parts.question("uname -s"))
        assert (kernel.data, kernel.complete, kernel.reason, kernel.request) == (b"Linux\n", True, None, "uname -s")
        release = host.ask(parts.question("/etc/os-release", Verb.READ))
        assert release.data == Path("/etc/os-release").read_bytes()
        assert host.ask(parts.question(str(odd), Verb.READ)).data == odd.read_bytes()
        assert b'LC_TIME="C"' in host.ask(parts.question("locale")).data
    login = f"login {server.user}@127.0.0.1:{server.port}"
    assert parts.gate.said[:3] == [login, "run uname -s", "read /etc/os-release"]
    assert [error for _, _, error in parts.gate.ended] == [None] * 5
    assert parts.gate.ended[1][1] == len("Linux\n")


def test_a_command_that_is_not_there_or_fails_is_no_whole_answer(sshd: Start, parts: Any) -> None:
    server = sshd()
    listed = ["no-such-program", "ls /etc/os-release /none", "ls /none", "getent passwd no-such-user", "/etc/none"]
    with open_host(server.access(), **parts.opening(*listed, host_keys=server.trust())) as host:
        with pytest.raises(RefusedError, match=r"sw-01: 'no-such-program' cannot be run there \(exit status 127\)"):
            host.ask(parts.question("no-such-program"))
        partly = host.ask(parts.question("ls /etc/os-release /none"))
        assert (partly.data, partly.complete, partly.reason) == (b"/etc/os-release\n", False, "exit status 2")
        with pytest.raises(RefusedError, match="is not known or not allowed there"):
            host.ask(parts.question("ls /none", refused="No such file"))
        assert host.ask(parts.question("ls /etc/os-release /none", complete="os-release")).complete
        unseen = host.ask(parts.question("ls /etc/os-release /none", complete="^end$"))
        assert unseen.reason == "the end of the answer was not seen"
        with pytest.raises(RefusedError, match="sw-01: /etc/none cannot be read"):
            host.ask(parts.question("/etc/none", Verb.READ))
    assert [error for _, _, error in parts.gate.ended][1:3] == ["refused", "exit status 2"]


@pytest.mark.parametrize("command", ["reboot", "rm -rf /none", "uname; id"])
def test_a_command_that_changes_a_host_is_not_sent_even_if_listed(sshd: Start, parts: Any, command: str) -> None:
    server = sshd()
    with open_host(server.access(), **parts.opening(command, host_keys=server.trust())) as host:
        for verb in (Verb.RUN, Verb.READ, Verb.GET):
            with pytest.raises(RefusedError):
                host.ask(parts.question(command, verb))
        with pytest.raises(RefusedError, match="not on the read-only list"):
            host.ask(parts.question("id"))
    assert len(parts.gate.actions) == 1


def test_an_answer_is_cut_at_the_limit_and_at_silence(sshd: Start, parts: Any, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(b"x" * 300_000)
    server = sshd()
    opening = parts.opening(str(big), "sleep 30", "uname", host_keys=server.trust(), read_limit=100_000)
    with open_host(server.access(), **opening) as host:
        cut = host.ask(parts.question(str(big), Verb.READ))
        assert (len(cut.data), cut.complete, cut.reason) == (100_000, False, "more than 100000 bytes")
        silent = host.ask(parts.question("sleep 30", timeout_s=1))
        assert (silent.data, silent.complete, silent.reason) == (b"", False, "nothing came for 1 s")
        assert host.ask(parts.question("uname")).data == b"Linux\n"


def test_an_answer_that_trickles_is_left_in_bounded_time(sshd: Start, parts: Any) -> None:
    server = sshd()
    with open_host(server.access(), **parts.opening("uname", host_keys=server.trust())) as host:
        host._clock = _Hurried()
        answer = host.ask(parts.question("uname"))
    assert (answer.complete, answer.reason) == (False, "did not end within 300 s")


class _Hurried:
    """A clock on which every look takes ten minutes."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        self._now += 600
        return self._now


def test_a_command_killed_in_the_middle_has_no_exit_status(sshd: Start, parts: Any) -> None:
    server = sshd("ForceCommand echo half; kill -9 $PPID; kill -9 $$")
    with open_host(server.access(), **parts.opening("uname", host_keys=server.trust())) as host:
        try:
            answer = host.ask(parts.question("uname"))
        except UnreachableError:
            return
    assert not answer.complete


def test_a_connection_that_is_gone_is_unreachable(sshd: Start, parts: Any) -> None:
    server = sshd()
    with open_host(server.access(), **parts.opening("uname", host_keys=server.trust())) as host:
        host._connection.transport.sock.shutdown(2)
        with pytest.raises(UnreachableError, match="sw-01: "):
            host.ask(parts.question("uname"))
    assert {error for _, _, error in parts.gate.ended} <= {None, "unreachable"}, (
        "or it is known before anything is asked"
    )


def test_a_host_that_ends_the_session_between_two_questions_is_logged_in_to_again(sshd: Start, parts: Any) -> None:
    server = sshd()
    with lasting(partial(open_host, server.access(), **parts.opening("uname", host_keys=server.trust()))) as host:
        for _ in range(3):
            assert host.ask(parts.question("uname")).data == b"Linux\n"
            host._session._connection.transport.sock.shutdown(2)
        assert host.host_key == host._session.host_key
    assert server.logged("Accepted publickey", 3) == 3


def test_a_key_of_a_known_type_is_asked_for(sshd: Start, parts: Any) -> None:
    server = sshd()
    for kind in ("ed25519", "ecdsa"):
        only = HostKeys(known_hosts=[f"[127.0.0.1]:{server.port} {server.host_keys[kind]}\n"])
        visit(server.access(), **parts.opening(host_keys=only))


def test_another_type_than_the_known_one_is_a_changed_key(sshd: Start, parts: Any) -> None:
    both = sshd()
    server = sshd(kinds=("ecdsa",))
    known = HostKeys(known_hosts=[f"[127.0.0.1]:{server.port} {both.host_keys['ed25519']}\n"])
    with pytest.raises(HostKeyError, match="CHANGED"):
        visit(server.access(), **parts.opening(host_keys=known))
    assert not any("Accepted" in line or "Failed" in line for line in server.lines)


def test_the_first_key_is_pinned_where_the_site_says_so(sshd: Start, parts: Any) -> None:
    server = sshd()
    keys = HostKeys(pin_on_first_use=True)
    visit(server.access(), **parts.opening(host_keys=keys))
    assert list(keys.new_pins()) == [f"[127.0.0.1]:{server.port}"]


def test_a_key_that_is_not_authorised_is_one_failed_login(
    sshd: Start, parts: Any, ssh_keys: tuple[Path, dict[str, str]]
) -> None:
    server = sshd()
    with pytest.raises(AuthenticationError, match=rf"sw-01: the login of '{server.user}' was refused"):
        visit(server.access(key_file=str(ssh_keys[0] / "ecdsa")), **parts.opening(host_keys=server.trust()))
    assert server.logged("Failed publickey", 1) == 1
    assert len(parts.gate.actions) == 1


def test_a_refused_key_is_followed_by_the_password_once(
    sshd: Start, parts: Any, ssh_keys: tuple[Path, dict[str, str]]
) -> None:
    from collectors.credentials import Secret

    server = sshd()
    access = server.access(key_file=str(ssh_keys[0] / "ecdsa"), password=Secret("x"))
    with pytest.raises(AuthenticationError, match="was refused"):
        visit(access, **parts.opening(host_keys=server.trust()))
    assert server.logged("Failed", 1) == 1


def test_a_server_that_wants_a_second_factor_is_not_opened_by_the_first(sshd: Start, parts: Any) -> None:
    server = sshd("PasswordAuthentication yes", "AuthenticationMethods publickey,password")
    with pytest.raises(AuthenticationError, match="was refused"):
        visit(server.access(), **parts.opening(host_keys=server.trust()))
    assert not any("Accepted publickey" in line for line in server.lines)


@pytest.mark.parametrize("content", [None, "no key at all", ""])
def test_a_key_file_that_is_none_is_said_to_be_none(
    sshd: Start, parts: Any, tmp_path: Path, content: str | None
) -> None:
    server, path = sshd(), tmp_path / "id"
    if content is not None:
        path.write_text(content)
    with pytest.raises(AuthenticationError, match=r"the key file .* cannot be used") as raised:
        visit(server.access(key_file=str(path)), **parts.opening(host_keys=server.trust()))
    assert "hold a private key" in (raised.value.hint or "")


def test_a_real_router_is_read_and_not_changed(frr: Any, parts: Any) -> None:
    commands = ["terminal length 0", "show version", "show running-config", "show bgp summary", "show nonsense"]
    session = Session(driver="generic", setup=("terminal length 0",))
    with open_cli(frr.access(), session, **parts.opening(*commands, host_keys=frr.trust())) as cli:
        version = cli.ask(parts.question("show version"))
        config = cli.ask(parts.question("show running-config", complete=r"^end\s*$", refused="^% ?Unknown"))
        with pytest.raises(RefusedError, match="does not know or allow"):
            cli.ask(parts.question("show nonsense", refused="^% ?Unknown"))
        summary = cli.ask(parts.question("show bgp summary"))
    assert version.data.startswith(b"FRRouting ")
    assert b"\x1b" not in version.data + config.data + summary.data
    assert config.complete
    lines = config.data.decode().splitlines()
    assert "hostname edge-01" in lines
    assert " neighbor 192.0.2.9 remote-as 65002" in lines
    assert lines[-1] == "end"
    assert not any("show running-config" in line or line.endswith("# ") for line in lines)
    assert b"192.0.2.9" in summary.data


def test_a_real_router_that_pages_is_read_page_by_page(frr: Any, parts: Any) -> None:
    with open_cli(
        frr.access(), Session(driver="generic"), **parts.opening("show running-config", host_keys=frr.trust())
    ) as cli:
        config = cli.ask(parts.question("show running-config", complete=r"^end\s*$"))
    assert config.complete
    assert "hostname edge-01" in config.data.decode().splitlines()
