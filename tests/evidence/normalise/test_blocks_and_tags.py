"""Configurations in blocks, and the tags that stand where secrets stood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.normalise.blocks import MAX_DEPTH, read_blocks
from evidence.normalise.tags import secrets_of


def read(text: str) -> object:
    return read_blocks(text.encode(), "show")


def test_tables_are_lists_and_single_blocks_objects() -> None:
    text = """#config-version="half open
config system global
    set hostname "fw"
    set admintimeout 10
end
config firewall policy
    edit 1
        set srcaddr "a" "b c"
        config inner thing
            edit "x"
                set y z
            next
        end
    next
    edit 2
    next
end
"""
    assert read(text.replace('"half open', "x")) == {
        "system global": {"hostname": "fw", "admintimeout": "10"},
        "firewall policy": [
            {"edit": "1", "srcaddr": ["a", "b c"], "inner thing": [{"edit": "x", "y": "z"}]},
            {"edit": "2"},
        ],
    }


def test_domains_hold_blocks_of_their_own() -> None:
    text = "config vdom\nedit root\nconfig firewall policy\n    edit 7\n        set action accept\n    next\nend\nend\n"
    text += "config vdom\nedit lab\nconfig firewall policy\n    edit 8\n    next\nend\nend\n"
    assert read(text) == {
        "vdom": [
            {"edit": "root", "firewall policy": [{"edit": "7", "action": "accept"}]},
            {"edit": "lab", "firewall policy": [{"edit": "8"}]},
        ]
    }


def test_a_quoted_text_goes_over_lines_and_holds_quotes() -> None:
    text = 'config a b\n    set c "one\n    end\n\\"two\\" three"\n    set d e\nend\n'
    assert read(text) == {"a b": {"c": 'one\n    end\n"two" three', "d": "e"}}


@pytest.mark.parametrize("text", ["", "\n", "nothing of the kind\n"])
def test_what_is_not_in_blocks_is_no_document(text: str) -> None:
    assert read(text) is None


def test_deep_nesting_is_refused() -> None:
    assert read("config a\n" * (MAX_DEPTH + 1)) is None


@given(st.text(st.sampled_from('config edit set next end "\\\n ab')))
def test_anything_can_be_read_or_refused(text: str) -> None:
    read(text)


def test_an_unclosed_quote_takes_no_more_time_than_its_length() -> None:
    assert read('config a\nset b "' + "x\n" * 300_000) == {"a": {}}


def test_each_secret_is_told_once_with_what_is_comparable() -> None:
    text = """snmp-server community <default:snmp-community:k1:00aa> RO
snmp-server host x <default:snmp-community:k1:00aa>
enable secret 5 <secret:password-hash:k1:00bb:opaque>
set psksecret ENC <secret:cipher:k1:varying>
username x <secret:password:k1:00aa>
not <secret:a tag> nor <escaped-secret:password:k1:00cc>
"""
    found: dict[str, dict[str, str]] = {}
    for name, row, value in secrets_of(text):
        found.setdefault(row, {})[name.removeprefix("secret.")] = value
    assert found == {
        "snmp-community:k1:00aa": {"type": "snmp-community", "tag": "k1:00aa", "well_known": "yes"},
        "password-hash:k1:00bb:opaque": {"type": "password-hash", "tag": "k1:00bb:opaque"},
        "cipher:k1:varying": {"type": "cipher", "tag": "k1:varying"},
        "password:k1:00aa": {"type": "password", "tag": "k1:00aa"},
    }
