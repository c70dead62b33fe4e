"""
The head of a platform file: its name and how its devices are recognised, read without reading the rest.

A run meets a few platforms of hundreds. What finds them is a dozen lines of each file; the rest is read when a device
of that platform is met, and compared with the head then.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import yaml
from pydantic import ValidationError

from evidence.platforms.platform import Recognition
from evidence.platforms.schema import RecognitionModel
from evidence.quick_yaml import load_yaml

_BLOCK = re.compile(rb"^(?:name|extends|recognition):[^\n]*\n(?:[ \t#-][^\n]*\n|\r?\n)*", re.MULTILINE)
"""A key at the left edge with all that belongs to it: up to the next line that begins with anything but these."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a platform is called, and how it is known."""

    name: str
    extends: str | None
    recognition: Recognition


@lru_cache(maxsize=1024)
def head_of(data: bytes) -> Head | None:
    """Return the head of a platform file, remembered; nothing where only reading the whole file can tell."""
    try:
        found = load_yaml(b"".join(_BLOCK.findall(data)))
        name = found["name"]
        recognition = recognition_of(RecognitionModel.model_validate(found.get("recognition", {})))
    except (yaml.YAMLError, ValidationError, ValueError, KeyError, TypeError, RecursionError):
        return None
    extends = found.get("extends")
    return Head(name, extends, recognition) if isinstance(name, str) and isinstance(extends, str | None) else None


def recognition_of(model: RecognitionModel) -> Recognition:
    """Return what the model of a file says."""
    return Recognition(
        sysobjectid=tuple(model.sysobjectid),
        sysdescr=model.sysdescr,
        answers=tuple(model.answers),
        unnamed=tuple(model.unnamed),
        network_os=tuple(model.network_os),
    )
