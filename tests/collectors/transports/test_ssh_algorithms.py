"""Legacy algorithms, on a real OpenSSH server that offers nothing else: refused, unless the asset says so."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collectors.transports.host import open_host
from collectors.transports.hostkeys import HostKeys
from collectors.transports.interface import AlgorithmError
from evidence.model.ssh import LEGACY, USABLE, SshLink

pytestmark = pytest.mark.real

Start = Callable[..., Any]

SAID = {"diffie": "KexAlgorithms", "ssh-rsa": "HostKeyAlgorithms", "cbc": "Ciphers", "hmac": "MACs"}
"""What algorithms are called by, and the keyword of sshd_config(5) that offers them."""


ONE_OF_EACH = frozenset({"diffie-hellman-group1-sha1", "ssh-rsa", "3des-cbc", "hmac-md5"})


def only(name: str) -> list[str]:
    """Return the lines that let a server offer nothing else of the kind; a MAC counts only beside a plain cipher."""
    line = next(f"{keyword} {name}" for part, keyword in SAID.items() if part in name)
    return [line, "Ciphers aes128-ctr"] if name.startswith("hmac") else [line]


@pytest.fixture(scope="module")
def rsa(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An RSA host key."""
    path = tmp_path_factory.mktemp("rsa") / "rsa"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", path], check=True, timeout=60)
    return path


def linked(server: Any, parts: Any, *legacy: str, host_keys: HostKeys | None = None) -> SshLink:
    """Return what was agreed with a server by one who may use `legacy`."""
    opening = parts.opening("uname", host_keys=host_keys or server.trust())
    with open_host(server.access(legacy=legacy), **opening) as host:
        assert host.ask(parts.question("uname")).data == b"Linux\n"
        link: SshLink = host.link
        return link


def test_what_is_agreed_and_offered_is_told(sshd: Start, parts: Any) -> None:
    link = linked(sshd("Ciphers aes256-ctr,aes128-cbc", "MACs hmac-sha2-512,hmac-md5"), parts)
    assert (link.cipher, link.mac, link.host_key) == ("aes256-ctr", "hmac-sha2-512", "ssh-ed25519")
    assert link.kex in {"curve25519-sha256@libssh.org", "ecdh-sha2-nistp256"}
    assert (link.offered, link.used, link.via) == (("aes128-cbc", "hmac-md5"), (), ())
    assert linked(sshd(), parts).mac is None, "a cipher that authenticates needs none"


@pytest.mark.parametrize(
    "name", [name if name in ONE_OF_EACH else pytest.param(name, marks=pytest.mark.exhaustive) for name in USABLE]
)
def test_a_legacy_algorithm_is_used_only_where_the_asset_names_it(
    sshd: Start, parts: Any, name: str, rsa: Path
) -> None:
    lines = [f"HostKey {rsa}", *only(name)] if name == "ssh-rsa" else only(name)
    server = sshd(*lines)
    keys = server.trust()
    if name == "ssh-rsa":
        keys = HostKeys(known_hosts=[f"[127.0.0.1]:{server.port} {rsa.with_name('rsa.pub').read_text()}"])
    with pytest.raises(AlgorithmError, match=f"no SSH algorithm in common: for .* it offers {name}") as raised:
        linked(server, parts, *(other for other in USABLE if other != name), host_keys=keys)
    assert (raised.value.hint or "").endswith(f"plantproof_ssh_legacy: [{name}]")
    assert not any("publickey" in line for line in server.lines), "nothing secret was sent"
    link = linked(server, parts, name, host_keys=keys)
    assert link.used == (name,)
    assert name in link.offered


def test_what_is_modern_comes_first_though_more_is_allowed(sshd: Start, parts: Any) -> None:
    server = sshd(
        "KexAlgorithms +diffie-hellman-group1-sha1", "Ciphers 3des-cbc,aes128-ctr", "MACs hmac-md5,hmac-sha2-256"
    )
    link = linked(server, parts, *USABLE)
    assert link.used == ()
    assert {"3des-cbc", "diffie-hellman-group1-sha1", "hmac-md5"} <= set(link.offered)


def test_every_lack_is_named_at_once(sshd: Start, parts: Any) -> None:
    server = sshd("KexAlgorithms diffie-hellman-group1-sha1,diffie-hellman-group14-sha1", "Ciphers 3des-cbc")
    with pytest.raises(AlgorithmError) as raised:
        linked(server, parts)
    assert str(raised.value) == (
        f"sw-01: 127.0.0.1 port {server.port}: no SSH algorithm in common: for key exchange it offers"
        " diffie-hellman-group1-sha1, diffie-hellman-group14-sha1; for encryption it offers 3des-cbc"
    )
    assert "plantproof_ssh_legacy: [diffie-hellman-group14-sha1, 3des-cbc]" in (raised.value.hint or "")


def test_what_is_known_to_nobody_here_has_no_remedy_in_the_inventory(sshd: Start, parts: Any) -> None:
    server = sshd("Ciphers chacha20-poly1305@openssh.com")
    with pytest.raises(AlgorithmError, match=r"for encryption it offers chacha20-poly1305@openssh\.com") as raised:
        linked(server, parts)
    assert "none of these is known here" in (raised.value.hint or "")


def test_a_host_on_the_way_is_never_reached_by_legacy_algorithms(sshd: Start, parts: Any) -> None:
    jump, server = sshd("Ciphers aes128-cbc"), sshd("Ciphers aes128-cbc")
    keys = HostKeys(known_hosts=[jump.known_hosts, server.known_hosts])
    access = server.access(legacy=("aes128-cbc",), common_args=f"-J 127.0.0.1:{jump.port}")
    with pytest.raises(AlgorithmError, match=f"port {jump.port}"), open_host(access, **parts.opening(host_keys=keys)):
        pass


def test_what_may_be_named_is_legacy() -> None:
    assert set(USABLE) < LEGACY
