"""Every secret this run holds, searched in everything that is about to rest, in every form, in one pass."""

from array import array
from collections.abc import Iterable, Iterator
from functools import lru_cache

from collectors.redact_forms import Form, forms
from collectors.redact_tags import LITERALS, WELL_KNOWN, Span
from evidence.normalise.lines import finder

_HEAD_BYTES = 10
"""So much of a form goes into the automaton, the rest is compared: 10,000 secrets have 400,000 forms."""

_FORM_BITS = 8
"""A secret has fewer than 256 forms."""

_END, _LITERAL = -1, -2
"""How a chain of forms with the same head ends."""

MIN_CHARACTERS = 2
"""A secret of one character cannot be searched for."""


class HeldSecrets:
    """The secrets of one run. Shows none of them."""

    __slots__ = ("_finder", "_first", "_following", "_secrets", "_which")

    def __init__(self, secrets: Iterable[str]) -> None:
        """Build the search once; well-known words are left out: they are no secrets, and part of many names."""
        self._secrets = tuple(sorted(set(_worth_hiding(secrets))))
        heads: dict[bytes, int] = dict.fromkeys(LITERALS, _LITERAL)
        which, following = array("q"), array("q")
        for place, secret in enumerate(self._secrets):
            for number, form in enumerate(forms(secret)):
                head = form.text[:_HEAD_BYTES]
                following.append(heads.get(head, _END))
                heads[head] = len(which)
                which.append(place << _FORM_BITS | number)
        self._which, self._following = which, following
        self._first = array("q", heads.values())
        self._finder = finder(tuple(heads))

    def __repr__(self) -> str:
        return f"HeldSecrets({len(self._secrets)})"

    def find(self, data: bytes) -> Iterator[Span]:
        """Yield a span for every form of every secret in `data`, and for what looks like a tag but is not ours."""
        for start, head in self._finder.find(data):
            place = self._first[head]
            while place >= 0:
                secret = self._secrets[self._which[place] >> _FORM_BITS]
                form = _forms_of(secret)[self._which[place] & (1 << _FORM_BITS) - 1]
                if form.fits(data, start):
                    yield Span(
                        start=max(start - form.before, 0),
                        end=min(start + len(form.text) + form.after, len(data)),
                        plain=secret.encode("utf-8", "surrogatepass"),
                        type="credential",
                        rank=1,
                    )
                place = self._following[place]
            if place == _LITERAL:
                yield Span(start=start, end=start + 1, plain=b"", type="literal", rank=3)


def _worth_hiding(secrets: Iterable[str]) -> Iterator[str]:
    for secret in secrets:
        for text in (secret, secret.strip()):
            if len(text) >= MIN_CHARACTERS and text.lower().encode("utf-8", "surrogatepass") not in WELL_KNOWN:
                yield text


@lru_cache(maxsize=512)
def _forms_of(secret: str) -> tuple[Form, ...]:
    return tuple(forms(secret))
