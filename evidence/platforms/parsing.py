"""
From the bytes of a platform file to its models.

What is asked of a device is in one half of the file; what the answers mean, its facts and tables, in the other. A run
that collects asks and keeps, and reads the second half of few files.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import ValidationError

from evidence.errors import Error
from evidence.platforms.schema import PlatformModel, RulesModel, keys_at
from evidence.quick_yaml import load_yaml

MAX_REMEMBERED_BYTES = 64 * 1024
"""Longest platform file whose content is kept in memory for the next time it is met; the longest of ours has 34 KiB."""

_RULES = re.compile(rb"^(?:facts|tables):[^\n]*\n(?:[ \t#-][^\n]*\n|\r?\n)*", re.MULTILINE)
"""A key of the second half with all that belongs to it: up to the next line that begins with anything but these."""

_PLAIN = re.compile(rb"(?:(?:[a-z_]+:|[ #-])[^\r\n]*\n|\n)*")
"""Lines that begin as those of our files do, the last one with its end: what is more is read whole."""

Model = TypeVar("Model", PlatformModel, RulesModel)


class PlatformFileError(Error):
    """A platform file is not what the schema asks for, or two files cannot be told apart."""


class Halves(NamedTuple):
    """A platform file cut in two."""

    asked: bytes
    rules: bytes
    """Its `facts` and `tables`."""


def halves_of(data: bytes) -> Halves:
    """Cut a file in two; the second half is empty where more than keys and comments stands at the left edge."""
    rules = b"".join(_RULES.findall(data)) if _PLAIN.fullmatch(data) else b""
    return Halves(_RULES.sub(b"", data) if rules else data, rules)


def model_of(path: Path, data: bytes) -> PlatformModel:
    """Return what a file says; raise `PlatformFileError` with the place and what was probably meant."""
    return _in_words(path, _remembered if len(data) <= MAX_REMEMBERED_BYTES else _read, data)


def half_of(path: Path, data: bytes) -> PlatformModel:
    """Return what the first half of a file says, which is not remembered: who asks keeps the platform."""
    return _in_words(path, _read, data)


def rules_of(path: Path, data: bytes) -> RulesModel:
    """Return what the second half of a file says."""
    return _in_words(path, lambda told: RulesModel.model_validate(load_yaml(told)), data)


def _in_words(path: Path, read: Callable[[bytes], Model], data: bytes) -> Model:
    try:
        return read(data)
    except ValidationError as error:
        raise PlatformFileError(f"{path}: {_explained(error)}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PlatformFileError(f"{path}: not YAML: {error}") from error


def _read(data: bytes) -> PlatformModel:
    return PlatformModel.model_validate(load_yaml(data))


@lru_cache(maxsize=1024)
def _remembered(data: bytes) -> PlatformModel:
    """Return what a file says; most files of two releases, and those in the evidence of both, are the same."""
    return _read(data)


def _explained(error: ValidationError) -> str:
    """Return the first thing wrong, where it is, and what was probably meant."""
    first: Mapping[str, Any] = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole file"
    if first["type"] != "extra_forbidden":
        return f"{where}: {first['msg']}"
    key = str(first["loc"][-1])
    known = keys_at(first["loc"][:-1])
    close = get_close_matches(key, known, n=1)
    meant = f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known)}"
    return f"{where}: unknown key {key!r}; {meant}"
