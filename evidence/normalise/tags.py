"""Redaction tags in a stored text: which secrets a configuration holds, told by what stands in their place."""

import re
from collections.abc import Iterator

from evidence.normalise.values import clean

TAG = re.compile(r"<((?:secret|default):[A-Za-z0-9_.-]+):([A-Za-z0-9_.-]+):[0-9a-z:]+>")
"""A redaction tag: type, key, keyed digest (evidence format: secrets)."""

MAX_TAGS = 10_000
"""Most tags read from one configuration; a firewall with a thousand accounts has a few thousand."""

NAMES = re.compile(r"(?:<(?:secret|default):[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+:[0-9a-z:]+>)+")
"""One secret: its tag, and behind it, for the cycle after a change of the key, the one of the key before."""

_PARTS = re.compile(r"<(secret|default):([A-Za-z0-9_.-]+):([A-Za-z0-9_.-]+:[0-9a-z:]+)>")


def tag_of(text: str) -> str:
    """Return what is the same where the secret is the same, of one tag: the key's id and the digest."""
    return NAMES.sub(lambda names: _PARTS.sub(r"\3", names[0][: names[0].index(">") + 1]), text)


def names_of(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield (type, what `tag_of` gives of each tag it has) for each place where a secret stood."""
    for names in NAMES.finditer(text):
        parts = _PARTS.findall(names[0])
        yield parts[0][1], tuple(tag for _, _, tag in parts)


def secrets_of(text: str) -> Iterator[tuple[str, str, str]]:
    """
    Yield (fact, row, value) for each secret a configuration holds, each once.

    `secret.tag` is the key's id and the digest without the type: it is the same where the secret is the same.
    """
    seen: dict[tuple[str, str], bool] = {}
    for known, kind, tag in _PARTS.findall(text):
        if len(seen) >= MAX_TAGS:
            return
        if (kind, tag) in seen:
            continue
        seen[kind, tag] = True
        row = clean(f"{kind}:{tag}")
        yield "secret.type", row, kind
        yield "secret.tag", row, tag
        if known == "default":
            yield "secret.well_known", row, "yes"
