"""What the vendors' command references call secret, line by line, beyond what recordings show."""

from pathlib import Path

import pytest
import yaml

from collectors.redact import Redactor
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import Question, Verb

PLATFORMS = load_platforms()
QUESTION = Question(
    name="running-config",
    transport="ssh",
    verb=Verb.RUN,
    objects=("show running-config",),
    tags=frozenset({"config"}),
    ttl_s=1,
    config="running",
)
LINES = yaml.safe_load(Path(__file__).with_name("redact_dialects.yaml").read_text())


@pytest.mark.parametrize(("platform", "line"), [(name, line) for name, lines in LINES.items() for line in lines])
def test_a_secret_of_the_dialect_is_taken_out_by_a_rule(platform: str, line: str) -> None:
    known = PLATFORMS.named(platform)
    assert known is not None
    got = Redactor(key=bytes(32), key_id="k1").capture(line.encode() + b"\n", QUESTION, known)
    left = [secret for secret in ("Tr33", "W1nd", "0123456789abcdef", "fedcba98") if secret in got.data.decode()]
    assert (got.unlisted, left) == (0, []), got.data.decode()
    assert got.hits


@pytest.mark.parametrize(
    ("platform", "line"),
    [
        ("cisco_ios", " ip rip authentication key-chain old"),
        ("cisco_ios", " authentication mode md5"),
        ("cisco_ios", " mpls ldp neighbor 192.0.2.1 targeted"),
        ("routeros", "/interface bridge\nadd name=bridge1"),
        ("routeros", "/interface ethernet\nset [ find default-name=ether1 ] name=lan"),
        ("hirschmann", "radius server primary 192.0.2.1"),
    ],
)
def test_what_only_looks_like_one_of_these_stays(platform: str, line: str) -> None:
    known = PLATFORMS.named(platform)
    assert known is not None
    got = Redactor(key=bytes(32), key_id="k1").capture(line.encode() + b"\n", QUESTION, known)
    assert got.data.decode() == line + "\n"
