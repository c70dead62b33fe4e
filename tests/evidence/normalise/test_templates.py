from time import process_time

import pytest

from evidence.normalise.facts import read_facts
from evidence.normalise.readers import read_document
from evidence.normalise.recordings import capture_of
from evidence.normalise.templates import MAX_LINE_CHARACTERS, MAX_TEXT_BYTES, read_template
from evidence.platforms.load import load_platforms

TEMPLATE = "cisco_ios_show_ip_access-lists"
LIST = b"Extended IP access list CELL-4-IN\r\n    10 permit tcp any host 198.51.100.7 eq 502 (733 matches)\r\n"


def test_a_text_the_template_knows_is_a_list_of_rows() -> None:
    rows = read_template(TEMPLATE, LIST)
    assert rows is not None
    (row,) = (row for row in rows if row["line_num"])
    assert (row["acl_name"], row["action"], row["dst_host"], row["matches"]) == (
        "CELL-4-IN",
        "permit",
        "198.51.100.7",
        "733",
    )
    assert read_template(TEMPLATE, LIST) == rows, "nothing of one text is left for the next"
    assert read_template(TEMPLATE, b"") == []


@pytest.mark.parametrize(
    "data",
    [
        LIST + b"something nobody expected\n",
        b"x" * (MAX_LINE_CHARACTERS + 1),
        b"\n" * (MAX_TEXT_BYTES + 1),
    ],
)
def test_half_a_table_is_none(data: bytes) -> None:
    assert read_template(TEMPLATE, data) is None


def test_every_template_a_platform_names_is_there() -> None:
    named = {question for platform in load_platforms() for question in platform.questions if question.template}
    assert named
    for question in named:
        assert read_document(question, b"", question.request) == []


CERTIFICATE = b"Certificate\n  Certificate Serial Number (hex): 01\n  Issuer: \n" + b"    cn=a\n" * 20

HOSTILE = [
    ("cisco_ios", "access-lists", b"Extended IP access list A\n    10 permit tcp" + b" any eq 1" * 95 + b"\n"),
    ("nxos", "access-lists", b"IP access list A\n 10 permit" + b"  any eq 1" * 95 + b"\n"),
    ("cisco_asa", "access-lists", b"access-list A line 1 extended permit tcp" + b" any eq 1" * 95 + b"\n"),
    ("arista_eos", "access-lists", b"IP Access List A\n    10 permit ip any " + b"x " * 450 + b"\n"),
    ("huawei_vrp", "access-lists", b"Basic ACL 2000, 1 rule\n rule 5 permit source " + b"1" * 900 + b"\n"),
    ("cisco_ios", "certificates", (CERTIFICATE + b"  Subject: \n" + b"    cn=a\n" * 20) * 1000),
    ("cisco_ios", "licences", b"Index 1 Feature: a\n  Period left: " + b" " * 900 + b"\n"),
    ("nxos", "licences", b"Feature Ins Lic Status Expiry Date Comments\nA Yes - In use" + b" " * 900 + b"\n"),
    ("huawei_vrp", "licences", b"Custom" + b" " * 900 + b"x\n"),
]


@pytest.mark.parametrize(("name", "asked", "data"), HOSTILE)
def test_a_line_no_device_says_costs_little(name: str, asked: str, data: bytes) -> None:
    platform = load_platforms().named(name)
    assert platform is not None
    (question,) = (one for one in platform.questions if one.name == asked)
    before = process_time()
    list(read_facts(platform, capture_of(platform, question, data), data))
    assert process_time() - before < 2, "exponential in its words, it would take hours"
