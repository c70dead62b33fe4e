"""One host's variables read strictly: the right kind of value, or an error that says where it was written."""

import datetime
import difflib
import re
from collections.abc import Collection, Mapping

from collectors.credentials import Secret
from collectors.inventory.problem import InventoryError
from collectors.inventory.resolve import PREFIX, VAULT_HINT, Resolver
from collectors.inventory.yamlfile import Vaulted, Verbatim, place

MAX_TEXT = 4096
"""Longest value in characters; a key pass phrase or an access path is shorter."""

_TRUE = frozenset({"true", "yes", "on", "1", "y", "t"})
_FALSE = frozenset({"false", "no", "off", "0", "n", "f"})
_HALVES = re.compile("[\ud800-\udfff]")
"""What JSON can write and no encoding can."""
_WORDS = re.compile(r"[,\s]+")
_TEMPLATE_HINT = (
    "Templates are not rendered here, only values: write the value itself, or pass the rendered one with -e. "
    "Where the braces are meant, mark the value !unsafe in YAML."
)


class Values:
    """The used variables of one host."""

    def __init__(self, host: str, values: Mapping[str, object], resolver: Resolver) -> None:
        self.host = host
        self._values = values
        self._resolver = resolver

    def check_names(self, known: Collection[str]) -> None:
        """Raise `InventoryError` for a variable with our prefix that nobody knows."""
        for key in self._values.keys() - known:
            if key.startswith(PREFIX):
                near = difflib.get_close_matches(key, known, n=1)
                meant = f" (did you mean {near[0]}?)" if near else ""
                found = f"expected a variable that plantproof knows, found {key:.80}{meant}"
                raise InventoryError(f"{self._place(key)}: {self.host}: {found}")

    def text(self, *keys: str) -> str | None:
        """Return the first of `keys` that has a value, as text; numbers and dates as they were written."""
        for key in keys:
            value = self._values.get(key)
            if value is not None and value != "":
                return self._as_text(key, value)
        return None

    def secret(self, *keys: str, at_least: int = 0) -> Secret | None:
        """Return the first of `keys` that has a value as a secret; it is not shown in an error."""
        for key in keys:
            value = self._values.get(key)
            if value is None or value == "":
                continue
            if isinstance(value, bool | float):
                raise self.wrong(key, "text in quotes", "a value that YAML or INI took for something else")
            text = self._as_text(key, value, shown=False)
            if len(text) < at_least:
                raise self.wrong(key, f"at least {at_least} characters (RFC 3414 §11.2)", f"{len(text)}")
            return Secret(text)
        return None

    def choice(self, key: str, allowed: Collection[str]) -> str | None:
        """Return the value of `key`, one of `allowed`."""
        text = self.text(key)
        if text is None or text in allowed:
            return text
        near = difflib.get_close_matches(text.lower(), allowed, n=1)
        raise self.wrong(key, _one_of(allowed), repr(text[:80]) + (f" (did you mean {near[0]}?)" if near else ""))

    def words(self, key: str, allowed: Collection[str]) -> tuple[str, ...]:
        """Return a list of words out of `allowed`, written as a list or with commas."""
        value = self._values.get(key)
        if value is None:
            return ()
        if not isinstance(value, list | tuple):
            text = self._as_text(key, value)
            value = [word for word in _WORDS.split(text) if word]
        words = tuple(self._as_text(key, word) for word in value)
        for word in words:
            if word not in allowed:
                near = difflib.get_close_matches(word.lower(), allowed, n=1)
                meant = f" (did you mean {near[0]}?)" if near else ""
                raise self.wrong(key, f"a list of {_one_of(allowed)}", f"{word!r:.80}{meant}")
        return tuple(dict.fromkeys(words))

    def entries(self, key: str, *, at_most: int) -> tuple[str, ...]:
        """Return a list of texts, each once; a single text is a list of one."""
        value = self._values.get(key)
        if value is None:
            return ()
        entries = tuple(self._as_text(key, entry) for entry in (value if isinstance(value, list | tuple) else [value]))
        if len(entries) > at_most:
            raise self.wrong(key, f"at most {at_most} entries", f"{len(entries)}")
        return tuple(dict.fromkeys(entry for entry in entries if entry))

    def port(self, *keys: str) -> int | None:
        """Return a port number."""
        for key in keys:
            value = self._values.get(key)
            if value is None or value == "":
                continue
            text = self._as_text(key, value)
            if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) < 65536):
                raise self.wrong(key, "a port from 1 to 65535", repr(text[:80]))
            return int(text)
        return None

    def flag(self, *keys: str, default: bool) -> bool:
        """Return a boolean as Ansible writes it."""
        for key in keys:
            value = self._values.get(key)
            if value is None or value == "":
                continue
            if isinstance(value, bool):
                return value
            text = self._as_text(key, value).lower()
            if text not in _TRUE | _FALSE:
                raise self.wrong(key, "true or false", repr(text[:80]))
            return text in _TRUE
        return default

    def date(self, key: str) -> str | None:
        """Return a date as `2027-03-31`."""
        text = self.text(key)
        if text is None:
            return None
        try:
            if datetime.date.fromisoformat(text).isoformat() == text:
                return text
        except ValueError:
            pass
        raise self.wrong(key, "a date like 2027-03-31", repr(text[:80]))

    def wrong(self, key: str, expected: str, found: str, *, hint: str | None = None) -> InventoryError:
        """Return the error for a value that is not what it has to be."""
        return InventoryError(f"{self._place(key)}: {self.host}: {key}: expected {expected}, found {found}", hint=hint)

    def _as_text(self, key: str, value: object, *, shown: bool = True) -> str:
        if type(value) is str and len(value) <= MAX_TEXT and value.isascii() and "{" not in value and "\0" not in value:
            return value
        if isinstance(value, dict) and len(value) == 1:
            if "__ansible_unsafe" in value:
                value = Verbatim(value["__ansible_unsafe"])
            elif "__ansible_vault" in value:
                raise self._vaulted(key)
        if isinstance(value, Vaulted):
            raise self._vaulted(key)
        if isinstance(value, str):
            text: str = value
        elif isinstance(value, datetime.date):
            text = value.isoformat()
        elif isinstance(value, int | float) and not isinstance(value, bool):
            text = str(value)
        else:
            raise self.wrong(key, "a single value", _kind(value))
        if ("{{" in text or "{%" in text) and not isinstance(value, Verbatim):
            found = f"the template {text[:80]!r}" if shown else "a template ({{ … }})"
            raise self.wrong(key, "a value", found, hint=_TEMPLATE_HINT)
        if len(text) > MAX_TEXT or "\0" in text:
            raise self.wrong(key, f"at most {MAX_TEXT} characters without NUL", "something else")
        if _HALVES.search(text):
            raise self.wrong(key, "Unicode text", "half of a surrogate pair")
        return text

    def _vaulted(self, key: str) -> InventoryError:
        return self.wrong(key, "a value in the open", "one encrypted with Ansible Vault", hint=VAULT_HINT)

    def _place(self, key: str) -> str:
        return place(self._resolver.layer_of(self.host, key).origin, key)


def _one_of(allowed: Collection[str]) -> str:
    return "one of " + ", ".join(allowed)


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "a list" if isinstance(value, list | tuple) else "a mapping"
