"""What SSH agreed, as a member of a capture's row: there and back, and nothing else."""

from dataclasses import replace

import pytest

from evidence.log.fields import ShapeError
from evidence.log.links import MAX_HOP, link_row, read_link
from evidence.log.rows import capture_row, read_capture
from evidence.model.capture import Capture
from evidence.model.names import AssetId, digest_of
from evidence.model.ssh import SshLink

LINK = SshLink(kex="curve25519-sha256@libssh.org", host_key="ssh-ed25519", cipher="aes128-gcm@openssh.com")
FULL = replace(
    LINK, cipher="3des-cbc", mac="hmac-md5", offered=("3des-cbc", "hmac-md5"), via=("a@192.0.2.1:22 SHA256:x",)
)
ROW = link_row(FULL)
CAPTURE = Capture(
    asset=AssetId("sw-01"),
    platform="cisco_ios",
    question="version",
    transport="ssh",
    request="show version",
    at="2026-11-22T23:48:00Z",
    took_ms=1,
    blob=digest_of(b""),
    bytes=0,
    ttl_s=600,
)


@pytest.mark.parametrize("link", [LINK, FULL])
def test_what_was_agreed_is_read_back(link: SshLink) -> None:
    capture = CAPTURE._replace(link=link)
    assert read_capture(capture_row(capture)) == capture
    assert "ssh" not in capture_row(CAPTURE)


def test_it_is_said_of_ssh_alone() -> None:
    with pytest.raises(ShapeError, match="says what SSH agreed, found beside 'snmp'"):
        read_capture({**capture_row(CAPTURE), "transport": "snmp", "ssh": ROW})


@pytest.mark.parametrize(
    "row",
    [
        None,
        {},
        {**ROW, "more": "x"},
        {**ROW, "kex": "two words"},
        {**ROW, "kex": "a,b"},
        {**ROW, "cipher": "x" * 65},
        {**ROW, "mac": ""},
        {**ROW, "offered": []},
        {**ROW, "offered": ["aes128-ctr"]},
        {**ROW, "offered": ["hmac-md5", "3des-cbc"]},
        {**ROW, "offered": ["hmac-md5", "hmac-md5"]},
        {**ROW, "offered": [1]},
        {**ROW, "via": []},
        {**ROW, "via": [""]},
        {**ROW, "via": ["x" * (MAX_HOP + 1)]},
        {**ROW, "via": ["x"] * 9},
    ],
)
def test_it_is_strict(row: object) -> None:
    with pytest.raises(ShapeError):
        read_link(row)


def test_the_legacy_algorithms_used_are_told_apart() -> None:
    assert (LINK.used, FULL.used) == ((), ("3des-cbc", "hmac-md5"))
