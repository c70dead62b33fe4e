"""Hosts on the way, behind real OpenSSH servers: chains of them, each checked, each logged in to once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collectors.credentials import Secret
from collectors.inventory.host import SshAccess
from collectors.transports.host import open_host
from collectors.transports.hostkeys import HostKeys
from collectors.transports.interface import (
    HostKeyError,
    JumpHostError,
    LeftAloneError,
    TransportError,
    UnreachableError,
)
from collectors.transports.ssh_jump import way_to
from evidence.model.names import AssetId

pytestmark = pytest.mark.real

Start = Callable[..., Any]


def visit(access: SshAccess, **opening: Any) -> None:
    """Open a session and close it again."""
    with open_host(access, **opening):
        pass


def trusting(*servers: Any) -> HostKeys:
    return HostKeys(known_hosts=[server.known_hosts for server in servers])


def accepted(server: Any, times: int) -> int:
    """How often a server let somebody in, once it was as often as expected."""
    return int(server.logged("Accepted publickey", times))


@pytest.mark.parametrize("words", ["-o ProxyJump={}", "-J {}", "-oProxyJump={}", "-J{}", "-v -o 'proxyjump {}'"])
def test_a_host_behind_another_is_reached_through_it(sshd: Start, parts: Any, words: str) -> None:
    jump, server = sshd(), sshd("PermitOpen none")
    access = server.access(common_args=words.format(f"{jump.user}@127.0.0.1:{jump.port}"))
    with open_host(access, **parts.opening("uname", host_keys=trusting(jump, server))) as host:
        assert host.ask(parts.question("uname")).data == b"Linux\n"
    assert parts.gate.said == [
        f"login {jump.user}@127.0.0.1:{jump.port}",
        f"login {server.user}@127.0.0.1:{server.port}",
        "run uname",
    ]


def test_a_chain_is_gone_hop_by_hop_and_the_session_says_so(sshd: Start, parts: Any) -> None:
    outer, inner, server = sshd(), sshd(), sshd("PermitOpen none")
    access = server.access(common_args=f"-J 127.0.0.1:{outer.port},{inner.user}@127.0.0.1:{inner.port}")
    with open_host(access, **parts.opening("uname", host_keys=trusting(outer, inner, server))) as host:
        assert host.ask(parts.question("uname")).data == b"Linux\n"
        hops = [hop.split(" ") for hop in host.link.via]
    user = server.user
    assert [place for place, _ in hops] == [f"{user}@127.0.0.1:{outer.port}", f"{user}@127.0.0.1:{inner.port}"]
    assert all(key.startswith("SHA256:") for _, key in hops)
    assert [line for line in parts.gate.said if line.startswith("login")] == [
        f"login {user}@127.0.0.1:{one.port}" for one in (outer, inner, server)
    ]


@pytest.mark.parametrize("unknown", [0, 1])
def test_the_host_key_of_every_hop_is_checked_whatever_the_asset_says(sshd: Start, parts: Any, unknown: int) -> None:
    hops, server = [sshd(), sshd()], sshd()
    access = server.access(
        common_args=f"-J {','.join(f'127.0.0.1:{hop.port}' for hop in hops)}", host_key_checking=False
    )
    keys = trusting(server, *(hop for n, hop in enumerate(hops) if n != unknown))
    with pytest.raises(HostKeyError, match=rf"127\.0\.0\.1\]:{hops[unknown].port}: the host key is not known"):
        visit(access, **parts.opening(host_keys=keys))
    assert not any("Accepted" in line for line in (*hops[unknown].lines, *server.lines))


def test_assets_behind_a_host_share_one_login_to_it(sshd: Start, parts: Any) -> None:
    jump, servers = sshd(), [sshd(), sshd()]
    keys = trusting(jump, *servers)
    for _ in range(2):
        for server in servers:
            visit(server.access(common_args=f"-J 127.0.0.1:{jump.port}"), **parts.opening(host_keys=keys))
    assert [accepted(one, times) for one, times in zip((jump, *servers), (1, 2, 2), strict=True)] == [1, 2, 2]


def test_a_host_that_was_lost_is_logged_in_to_again(sshd: Start, parts: Any) -> None:
    jump, server = sshd(), sshd()
    access, keys = server.access(common_args=f"-J 127.0.0.1:{jump.port}"), trusting(jump, server)
    visit(access, **parts.opening(host_keys=keys))
    (hop,) = parts.jumps._hops.values()
    hop.connection.close()
    visit(access, **parts.opening(host_keys=keys))
    assert accepted(jump, 2) == 2


def test_what_a_host_on_the_way_refused_costs_one_failed_login(
    sshd: Start, parts: Any, ssh_keys: tuple[Path, dict[str, str]]
) -> None:
    jump, server = sshd(), sshd()
    access = server.access(common_args=f"-J 127.0.0.1:{jump.port}", jump_key_file=str(ssh_keys[0] / "ecdsa"))
    opening = parts.opening(host_keys=trusting(jump, server))
    with pytest.raises(JumpHostError, match=rf"sw-01: the jump host 127\.0\.0\.1:{jump.port}: the login of .* refused"):
        visit(access, **opening)
    for _ in range(3):
        with pytest.raises(LeftAloneError, match=r"not asked: the jump host .* refused the login in this run"):
            visit(access, **opening)
    assert jump.logged("Failed publickey", 1) == 1
    assert not any("publickey" in line for line in server.lines)


def test_a_host_that_is_not_there_is_given_up_after_three_times(sshd: Start, parts: Any) -> None:
    server = sshd()
    access = server.access(common_args="-J 127.0.0.1:9")
    for _ in range(3):
        with pytest.raises(UnreachableError, match=r"the jump host 127\.0\.0\.1:9: .* Connection refused"):
            visit(access, **parts.opening(host_keys=server.trust()))
    with pytest.raises(LeftAloneError, match="could not be reached 3 times in this run"):
        visit(access, **parts.opening(host_keys=server.trust()))
    assert len(parts.gate.actions) == 3


def test_a_host_on_the_way_has_a_key_of_its_own(
    sshd: Start, parts: Any, ssh_keys: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.write_text((ssh_keys[0] / "ecdsa.pub").read_text())
    jump, server = sshd(f"AuthorizedKeysFile {own}"), sshd()
    access = server.access(common_args=f"-J 127.0.0.1:{jump.port}", jump_key_file=str(ssh_keys[0] / "ecdsa"))
    visit(access, **parts.opening(host_keys=trusting(jump, server)))
    assert [accepted(jump, 1), accepted(server, 1)] == [1, 1]


def test_a_jump_host_is_not_trusted_more_than_another(sshd: Start, parts: Any) -> None:
    jump, server = sshd("AllowTcpForwarding no"), sshd()
    access = server.access(common_args=f"-J 127.0.0.1:{jump.port}")
    with pytest.raises(UnreachableError, match=rf"cannot be reached through the jump host 127\.0\.0\.1:{jump.port}"):
        visit(access, **parts.opening(host_keys=trusting(jump, server)))
    parts.gate.at_most = len(parts.gate.actions)
    with pytest.raises(TransportError, match="left alone"):
        visit(access, **parts.opening(host_keys=trusting(jump, server)))


ACCESS = SshAccess(address="192.0.2.1", user="me", password=Secret("x"), enable=Secret("y"), key_file="k")


@pytest.mark.parametrize(
    ("written", "address", "port", "user"),
    [
        ("-J jump", "jump", 22, "me"),
        ("-J you@jump:2222", "jump", 2222, "you"),
        ("-J ssh://you@jump:2222", "jump", 2222, "you"),
        ("-o ProxyJump=you@[2001:db8::1]:2222", "2001:db8::1", 2222, "you"),
        ("-J [2001:db8::1]", "2001:db8::1", 22, "me"),
        ("-J 2001:db8::1", "2001:db8::1", 22, "me"),
    ],
)
def test_a_jump_host_is_read_as_ssh_reads_it(written: str, address: str, port: int, user: str) -> None:
    (jump,) = way_to(replace(ACCESS, common_args=written), AssetId("a"))
    assert (jump.address, jump.port, jump.user, jump.key_file) == (address, port, user, "k")
    assert (jump.password, jump.enable, jump.common_args) == (None, None, None)


def test_a_chain_is_read_in_the_order_it_is_gone() -> None:
    hops = way_to(replace(ACCESS, common_args="-J a,you@b:2,c"), AssetId("a"))
    assert [(hop.user, hop.address, hop.port) for hop in hops] == [("me", "a", 22), ("you", "b", 2), ("me", "c", 22)]


@pytest.mark.parametrize("written", [None, "", "-o ProxyJump=none", "-v", "-o StrictHostKeyChecking=no", "-o"])
def test_where_no_jump_host_is_named_none_is_used(written: str | None) -> None:
    assert way_to(replace(ACCESS, common_args=written), AssetId("a")) == ()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("-o ProxyCommand='nc %h %p'", "ProxyCommand, which is not carried out"),
        ("-oProxyCommand=x", "ProxyCommand, which is not carried out"),
        ("-J a,", "expected a ProxyJump"),
        ("-J a:b", "expected a ProxyJump"),
        ("-J a:pass@b", "found a password in it"),
        ("-J", "expected a ProxyJump"),
        ("-J a,b,c,d,e,f,g,h,i", "expected at most 8 hosts to go through, found 9"),
        ("-o 'x", "cannot be read"),
    ],
)
def test_what_cannot_be_carried_out_is_said(written: str, said: str) -> None:
    with pytest.raises(TransportError, match=said):
        way_to(replace(ACCESS, common_args=written), AssetId("a"))
