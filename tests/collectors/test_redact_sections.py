"""A rule that holds within a section finds its secrets there, and leaves the same words alone everywhere else."""

import pytest
from pydantic import ValidationError

from collectors.redact_rules import SecretSearch
from evidence.platforms.platform import SecretRule
from evidence.platforms.schema import SecretModel

RULE = SecretRule(
    pattern=r'^\s+set name "(?P<secret>[^"]+)"', type="snmp-community", within="^config community", leaves="^end"
)


def found(text: str, *rules: SecretRule) -> list[str]:
    data = text.encode()
    return [data[span.start : span.end].decode() for span in SecretSearch(rules or (RULE,)).find(data)]


def test_only_the_section_is_searched() -> None:
    text = (
        'config other\n set name "no"\nend\nconfig community\n set name "one"\n config hosts\n  set name "two"\n end\n'
    )
    assert found(text + ' set name "three"\nend\nconfig other\n set name "no"\nend\n') == ["one", "two", "three"]


def test_every_section_counts_and_one_that_is_never_left_goes_to_the_end() -> None:
    text = 'config community\n set name "one"\nend\n set name "no"\nconfig community\n set name "two"\n'
    assert found(text) == ["one", "two"]


@pytest.mark.parametrize(
    "text", ["", ' set name "no"\n', 'config community\nend\n set name "no"\n', "config community\n"]
)
def test_without_a_section_there_is_nothing(text: str) -> None:
    assert found(text) == []


def test_a_section_needs_a_beginning_and_an_end() -> None:
    for half in ({"within": "^config"}, {"leaves": "^end"}):
        with pytest.raises(ValidationError, match="one needs the other"):
            SecretModel(type="password", pattern="(?P<secret>x)", **half)
