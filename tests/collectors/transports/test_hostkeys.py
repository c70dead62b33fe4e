"""Which SSH host keys are trusted."""

import subprocess
from pathlib import Path

import pytest

from collectors.transports.hostkeys import MAX_KNOWN_HOSTS_BYTES, UNCHECKED, HostKeys, address_name, fingerprint
from collectors.transports.interface import HostKeyError

# "key one", "key two": any bytes are a key here
ONE, TWO = "a2V5IG9uZQ==", "a2V5IHR3bw=="
KEY_ONE, KEY_TWO = b"key one", b"key two"
ED = "ssh-ed25519"


def test_a_fingerprint_is_what_ssh_keygen_prints(tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "k"], check=True)
    printed = subprocess.run(["ssh-keygen", "-l", "-f", tmp_path / "k"], check=True, capture_output=True, text=True)
    import base64

    blob = base64.b64decode((tmp_path / "k.pub").read_text().split()[1])
    assert fingerprint(blob) == printed.stdout.split()[1]


def test_an_address_is_named_as_in_known_hosts() -> None:
    assert address_name("192.0.2.1", 22) == "192.0.2.1"
    assert address_name("192.0.2.1", 2222) == "[192.0.2.1]:2222"


@pytest.mark.parametrize(
    ("line", "host", "port"),
    [
        (f"192.0.2.1 {ED} {ONE}", "192.0.2.1", 22),
        (f"192.0.2.1 {ED} {ONE} a comment", "192.0.2.1", 22),
        (f"a.example,192.0.2.1 {ED} {ONE}", "192.0.2.1", 22),
        (f"Sw.Example {ED} {ONE}", "sw.example", 22),
        (f"[192.0.2.1]:2222 {ED} {ONE}", "192.0.2.1", 2222),
        (f"192.0.2.1 {ED} {ONE}", "192.0.2.1", 2222),
        (f"*.example {ED} {ONE}", "sw.example", 22),
        (f"*.example,!bad.example {ED} {ONE}", "sw.example", 22),
        (f"192.0.2.? {ED} {ONE}", "192.0.2.1", 22),
        (f"[192.0.2.*]:2222 {ED} {ONE}", "192.0.2.1", 2222),
    ],
)
def test_a_known_key_gives_its_fingerprint(line: str, host: str, port: int) -> None:
    assert HostKeys(known_hosts=[line]).check(host, port, ED, KEY_ONE) == fingerprint(KEY_ONE)


@pytest.mark.parametrize("address", ["192.0.2.1", "[192.0.2.1]:2222"])
def test_a_hashed_name_made_by_ssh_keygen_is_known(tmp_path: Path, address: str) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "k"], check=True)
    kind, blob = (tmp_path / "k.pub").read_text().split()[:2]
    hosts = tmp_path / "known_hosts"
    hosts.write_text(f"{address} {kind} {blob}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", hosts], check=True, capture_output=True)
    assert "192.0.2.1" not in hosts.read_text()
    import base64

    port = 2222 if "2222" in address else 22
    key = base64.b64decode(blob)
    keys = HostKeys(known_hosts=[hosts.read_text()])
    assert keys.check("192.0.2.1", port, kind, key) == fingerprint(key)
    assert keys.types("192.0.2.1", port) == (kind,)
    with pytest.raises(HostKeyError, match="is not known"):
        keys.check("192.0.2.2", port, kind, key)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "# 192.0.2.1",
        f"192.0.2.2 {ED} {ONE}",
        f"[192.0.2.1]:2223 {ED} {ONE}",
        f"192.0.2.1 {ED}",
        f"192.0.2.1 {ED} not-base64!",
        f"@cert-authority 192.0.2.1 {ED} {ONE}",
        f"*,!192.0.2.1 {ED} {ONE}",
        f"!192.0.2.1,* {ED} {ONE}",
        f"192.0.2 {ED} {ONE}",
        f"|1|broken {ED} {ONE}",
        f"|1|####|#### {ED} {ONE}",
        f"|1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|AAAAAAAAAAAAAAAAAAAAAAAAAAA= {ED} {ONE}",
    ],
)
def test_what_does_not_name_the_host_makes_nothing_known(line: str) -> None:
    with pytest.raises(HostKeyError, match=r"192\.0\.2\.1: the host key is not known \(ssh-ed25519 SHA256:") as raised:
        HostKeys(known_hosts=[line]).check("192.0.2.1", 22, ED, KEY_ONE)
    assert raised.value.hint is not None
    assert "ssh-keyscan 192.0.2.1 >>" in raised.value.hint


def test_the_hint_for_an_unknown_key_names_the_port() -> None:
    with pytest.raises(HostKeyError) as raised:
        HostKeys().check("192.0.2.1", 2222, ED, KEY_ONE)
    assert "ssh-keyscan -p 2222 192.0.2.1 >>" in (raised.value.hint or "")


def test_another_key_for_a_known_host_is_a_changed_one() -> None:
    keys = HostKeys(known_hosts=[f"192.0.2.1 {ED} {ONE}\n192.0.2.1 ssh-rsa {ONE}\n"])
    with pytest.raises(HostKeyError) as raised:
        keys.check("192.0.2.1", 22, ED, KEY_TWO)
    assert str(raised.value) == (
        f"192.0.2.1: the host key has CHANGED: known is {ED} {fingerprint(KEY_ONE)}, ssh-rsa {fingerprint(KEY_ONE)},"
        f" presented was {ED} {fingerprint(KEY_TWO)}"
    )
    assert "may stand in between" in (raised.value.hint or "")


def test_a_key_known_for_the_host_on_port_22_says_nothing_against_another_on_another_port() -> None:
    with pytest.raises(HostKeyError, match="is not known"):
        HostKeys(known_hosts=[f"192.0.2.1 {ED} {ONE}"]).check("192.0.2.1", 2222, ED, KEY_TWO)


def test_one_of_several_known_keys_is_enough() -> None:
    keys = HostKeys(known_hosts=[f"192.0.2.1 {ED} {ONE}", f"192.0.2.1 {ED} {TWO}"])
    assert keys.check("192.0.2.1", 22, ED, KEY_TWO) == fingerprint(KEY_TWO)


@pytest.mark.parametrize("checking", [True, False])
def test_a_revoked_key_is_refused_even_where_nothing_is_checked(checking: bool) -> None:
    keys = HostKeys(known_hosts=[f"192.0.2.1 {ED} {ONE}\n@revoked * {ED} {ONE}\n"], pin_on_first_use=True)
    with pytest.raises(HostKeyError, match="revoked"):
        keys.check("192.0.2.1", 22, ED, KEY_ONE, checking=checking)


def test_where_nothing_is_checked_the_capture_says_so() -> None:
    keys = HostKeys(known_hosts=[f"192.0.2.1 {ED} {ONE}"], pin_on_first_use=True)
    assert keys.check("192.0.2.1", 22, ED, KEY_TWO, checking=False) == UNCHECKED == "unchecked"
    assert keys.new_pins() == {}


@pytest.mark.parametrize("kind", ["", f"{ED} "])
def test_a_pin_counts_before_known_hosts(kind: str) -> None:
    keys = HostKeys(known_hosts=[f"192.0.2.1 {ED} {ONE}"], pins={"192.0.2.1": kind + fingerprint(KEY_TWO)})
    assert keys.check("192.0.2.1", 22, ED, KEY_TWO) == fingerprint(KEY_TWO)
    with pytest.raises(HostKeyError, match="CHANGED"):
        keys.check("192.0.2.1", 22, ED, KEY_ONE)


def test_the_first_key_is_pinned_only_where_the_site_says_so_and_then_holds() -> None:
    keys = HostKeys(pin_on_first_use=True)
    assert keys.check("192.0.2.1", 2222, ED, KEY_ONE) == fingerprint(KEY_ONE)
    assert keys.new_pins() == {"[192.0.2.1]:2222": f"{ED} {fingerprint(KEY_ONE)}"}
    assert keys.check("192.0.2.1", 2222, ED, KEY_ONE) == fingerprint(KEY_ONE)
    with pytest.raises(HostKeyError, match="CHANGED"):
        keys.check("192.0.2.1", 2222, ED, KEY_TWO)
    again = HostKeys(pins=keys.new_pins(), pin_on_first_use=True)
    with pytest.raises(HostKeyError, match="CHANGED"):
        again.check("192.0.2.1", 2222, ED, KEY_TWO)
    assert again.new_pins() == {}


def test_a_host_known_from_known_hosts_is_not_pinned() -> None:
    keys = HostKeys(known_hosts=[f"192.0.2.1 {ED} {ONE}"], pin_on_first_use=True)
    keys.check("192.0.2.1", 22, ED, KEY_ONE)
    assert keys.new_pins() == {}
    with pytest.raises(HostKeyError, match="CHANGED"):
        keys.check("192.0.2.1", 22, ED, KEY_TWO)


def test_the_known_types_are_told_so_that_one_of_them_is_asked_for() -> None:
    text = f"192.0.2.1 ssh-rsa {ONE}\n192.0.2.1 {ED} {TWO}\n192.0.2.1 {ED} {ONE}\n[192.0.2.1]:2222 ecdsa {ONE}\n"
    keys = HostKeys(known_hosts=[text], pins={"192.0.2.9": f"ecdsa {fingerprint(KEY_ONE)}", "192.0.2.8": "SHA256:x"})
    assert keys.types("192.0.2.1", 22) == ("ssh-rsa", ED)
    assert keys.types("192.0.2.1", 2222) == ("ecdsa",)
    assert keys.types("192.0.2.1", 2223) == ("ssh-rsa", ED)
    assert keys.types("192.0.2.9", 22) == ("ecdsa",)
    assert keys.types("192.0.2.8", 22) == ()
    assert keys.types("192.0.2.7", 22) == ()


def test_a_known_hosts_file_has_a_greatest_size() -> None:
    with pytest.raises(HostKeyError, match="larger than"):
        HostKeys(known_hosts=["#" * (MAX_KNOWN_HOSTS_BYTES + 1)])
    HostKeys(known_hosts=["#" * MAX_KNOWN_HOSTS_BYTES])
