"""One host's variables read strictly: the right kind of value, or an error that says where it was written."""

import datetime
import difflib
import re
from collections.abc import Collection, Mapping, Set
from functools import lru_cache
from typing import TypeGuard

from collectors.credentials import Secret
from collectors.inventory.credential_sources import NO_CREDENTIAL_SOURCES, CredentialSources
from collectors.inventory.problem import InventoryError
from collectors.inventory.resolve import PREFIX, Resolver
from collectors.inventory.vault import NO_VAULT, Vault, Vaulted, VaultError
from collectors.inventory.yamlfile import Verbatim, place

MAX_TEXT = 4096
"""Longest value in characters; a key pass phrase or an access path is shorter."""

CREDENTIALS = "plantproof_credentials"
"""The variable that says which of the site file's credentials stands for which secret variable."""

_TRUE = frozenset({"true", "yes", "on", "1", "y", "t"})
_FALSE = frozenset({"false", "no", "off", "0", "n", "f"})
_HALVES = re.compile("[\ud800-\udfff]")
"""What JSON can write and no encoding can."""
_WORDS = re.compile(r"[,\s]+")
_TEMPLATE_HINT = (
    "Use --resolve: Ansible then renders templates and lookups in the variables that are used. "
    "Where the braces are meant, mark the value !unsafe in YAML."
)
_OPEN_HINT = (
    "Only credentials, users and ports may be encrypted one by one: everything else stands in the evidence, and could "
    "never be taken back."
)


class Values:
    """The used variables of one host."""

    def __init__(
        self,
        host: str,
        values: Mapping[str, object],
        resolver: Resolver,
        vault: Vault = NO_VAULT,
        sources: CredentialSources = NO_CREDENTIAL_SOURCES,
    ) -> None:
        self.host = host
        self._values = values
        self._present = values.keys()
        """Asked first, because most variables of most hosts are absent."""
        self._resolver = resolver
        self._vault = vault
        self._sources = sources

    def check_names(self, known: Collection[str]) -> None:
        """Raise `InventoryError` for a variable with our prefix that nobody knows."""
        for key in self._values.keys() - known:
            if key.startswith(PREFIX):
                near = difflib.get_close_matches(key, known, n=1)
                meant = f" (did you mean {near[0]}?)" if near else ""
                found = f"expected a variable that plantproof knows, found {key:.80}{meant}"
                raise InventoryError(f"{self._place(key)}: {self.host}: {found}")

    def has_none_of(self, keys: Set[str]) -> bool:
        """Tell whether nothing was said under any of `keys`."""
        return self._present.isdisjoint(keys)

    def texts(self, keys: Mapping[str, str]) -> dict[str, str]:
        """Return what was said under `keys`, each as `text` has it, by the names that they stand for."""
        found = {}
        for key, name in keys.items():
            if key in self._present and (said := self.text(key)) is not None:
                found[name] = said
        return found

    def text(self, *keys: str, may_be_vaulted: bool = False) -> str | None:
        """Return the first of `keys` that has a value, as text; numbers and dates as they were written."""
        if self._present.isdisjoint(keys):
            return None
        value = self._values.get(keys[0])
        if _is_clean(value):
            return value
        key, value = self._first(keys, may_be_vaulted=may_be_vaulted)
        return None if value is None else self._as_text(key, value)

    def secret(self, *keys: str, at_least: int = 0) -> Secret | None:
        """
        Return the first of `keys` that has a value as a secret; it is not shown in an error.

        Without one, what `plantproof_credentials` names for the first of `keys` that it names.
        """
        value, key = None, ""
        if not self._present.isdisjoint(keys):
            key, value = self._first(keys, may_be_vaulted=True)
        if value is None:
            return self._named(keys, at_least)
        if isinstance(value, bool | float):
            raise self.wrong(key, "text in quotes", "a value that YAML or INI took for something else")
        text = self._as_text(key, value, shown=False)
        if len(text) < at_least:
            raise self.wrong(key, f"at least {at_least} characters (RFC 3414 §11.2)", f"{len(text)}")
        return Secret(text)

    def credentials(self, secrets: Collection[str]) -> Mapping[str, str]:
        """Return which of the site file's credentials stands for which of `secrets`."""
        found = self._values.get(CREDENTIALS)
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise self.wrong(CREDENTIALS, "a mapping of variables to names of credentials", "a single value or a list")
        for key in found:
            if key not in secrets:
                near = difflib.get_close_matches(str(key), secrets, n=1)
                meant = f" (did you mean {near[0]}?)" if near else ""
                raise self.wrong(CREDENTIALS, "variables that are secrets", f"{str(key)[:80]!r}{meant}")
        return {str(key): self._as_text(CREDENTIALS, name) for key, name in found.items()}

    def _named(self, keys: Collection[str], at_least: int) -> Secret | None:
        """Return the secret that the site file's credentials give for the first of `keys` they stand for."""
        found = self._values.get(CREDENTIALS)
        key = next((key for key in keys if key in found), None) if isinstance(found, dict) else None
        if key is None or not isinstance(found, dict):
            return None
        name = self._as_text(CREDENTIALS, found[key])
        try:
            return self._sources.secret(name, at_least=at_least)
        except InventoryError as error:
            raise InventoryError(f"{self._place(CREDENTIALS)}: {self.host}: {key}: {error}", hint=error.hint) from None

    def is_vaulted(self, *keys: str) -> bool:
        """Tell whether the first of `keys` that has a value is encrypted by itself."""
        for key in keys:
            value = self._values.get(key)
            if value is not None and value != "":
                return _sealed(value) is not None
        return False

    def choice(self, key: str, allowed: Collection[str]) -> str | None:
        """Return the value of `key`, one of `allowed`."""
        text = self.text(key)
        if text is None or text in allowed:
            return text
        near = difflib.get_close_matches(text.lower(), allowed, n=1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        raise self.wrong(key, _one_of(allowed), self.shown(key, text, meant))

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
                raise self.wrong(key, f"a list of {_one_of(allowed)}", self.shown(key, word, meant))
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
        text = self.text(*keys, may_be_vaulted=True)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) < 65536):
            key = self._first(keys, may_be_vaulted=True)[0]
            raise self.wrong(key, "a port from 1 to 65535", self.shown(key, text))
        return int(text)

    def flag(self, *keys: str, default: bool) -> bool:
        """Return a boolean as Ansible writes it."""
        if self._present.isdisjoint(keys):
            return default
        key, value = self._first(keys)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        text = self._as_text(key, value).lower()
        if text not in _TRUE | _FALSE:
            raise self.wrong(key, "true or false", self.shown(key, text))
        return text in _TRUE

    def date(self, key: str) -> str | None:
        """Return a date as `2027-03-31`."""
        text = self.text(key)
        if text is None or _is_date(text):
            return text
        raise self.wrong(key, "a date like 2027-03-31", self.shown(key, text))

    def wrong(self, key: str, expected: str, found: str, *, hint: str | None = None) -> InventoryError:
        """Return the error for a value that is not what it has to be."""
        return InventoryError(f"{self._place(key)}: {self.host}: {key}: expected {expected}, found {found}", hint=hint)

    def shown(self, key: str, text: str, meant: str = "") -> str:
        """Return the beginning of a wrong value for an error, and what was `meant`; nothing of a hidden one."""
        return "something else" if self.hides(key) else repr(text[:80]) + meant

    def hides(self, key: str) -> bool:
        """Tell whether a value was encrypted, so that nothing of it may be shown."""
        return _sealed(self._values.get(key)) is not None or self._resolver.hides(self.host, key)

    def _first(self, keys: Collection[str], *, may_be_vaulted: bool = False) -> tuple[str, object]:
        """Return the first of `keys` that has a value, decrypted, or a key and `None`."""
        key = ""
        for key in keys:
            value = self._values.get(key)
            if value is None or value == "":
                continue
            sealed = None if type(value) is str else _sealed(value)
            if sealed is None:
                return key, value
            if not may_be_vaulted:
                raise self._vaulted(key)
            opened = self._opened(key, sealed)
            if opened:
                return key, opened
        return key, None

    def _opened(self, key: str, sealed: Vaulted) -> Verbatim:
        """Return what a value's envelope holds; as in Ansible, that is text and never a template."""
        try:
            return Verbatim(self._vault.open_value(sealed))
        except VaultError as error:
            raise InventoryError(f"{self._place(key)}: {self.host}: {key}: {error}", hint=error.hint) from None

    def _as_text(self, key: str, value: object, *, shown: bool = True) -> str:
        if _is_clean(value):
            return value
        if isinstance(value, dict) and len(value) == 1 and "__ansible_unsafe" in value:
            value = Verbatim(value["__ansible_unsafe"])
        if _sealed(value) is not None:
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
            shown = shown and not self.hides(key)
            found = f"the template {text[:80]!r}" if shown else "a template ({{ … }})"
            raise self.wrong(key, "a value", found, hint=_TEMPLATE_HINT)
        if len(text) > MAX_TEXT or "\0" in text:
            raise self.wrong(key, f"at most {MAX_TEXT} characters without NUL", "something else")
        if _HALVES.search(text):
            raise self.wrong(key, "Unicode text", "half of a surrogate pair")
        return text

    def _vaulted(self, key: str) -> InventoryError:
        return self.wrong(key, "a value in the open", "one encrypted with Ansible Vault", hint=_OPEN_HINT)

    def _place(self, key: str) -> str:
        return place(self._resolver.layer_of(self.host, key).origin, key)


def _is_clean(value: object) -> TypeGuard[str]:
    """Tell whether a value is text that needs no second look; most are."""
    return (
        type(value) is str and 0 < len(value) <= MAX_TEXT and value.isascii() and "{" not in value and "\0" not in value
    )


@lru_cache(maxsize=1024)
def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _sealed(value: object) -> Vaulted | None:
    """Return a value's envelope where it is encrypted by itself, as YAML or as JSON writes it."""
    if isinstance(value, Vaulted):
        return value
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("__ansible_vault"), str):
        return Vaulted(value["__ansible_vault"])
    return None


def _one_of(allowed: Collection[str]) -> str:
    return "one of " + ", ".join(allowed)


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "a list" if isinstance(value, list | tuple) else "a mapping"
