"""
Reading the catalogue, the profiles and the support files.

Their texts together are the knowledge that findings were made with: it is kept as a blob beside them, so that they can
be made again years later.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from evidence.controls.schema import CatalogueModel, ProfileModel, RequirementModel, SupportModel
from evidence.errors import Error
from evidence.model.finding import Control, Status
from evidence.model.support import SupportEnd
from evidence.quick_yaml import load_yaml

PACKAGED = Path(__file__).parent
"""Where the files of this release lie: `catalogue.yaml`, `profiles/` and `support/`."""

CATALOGUE = "catalogue.yaml"

MAX_FILE_BYTES = 1024 * 1024
"""Longest file read: the catalogue has 20 KiB (2026-11); the 98 requirements we mean to ship will have 120."""

MAX_FILES = 1000
"""Most files of one folder."""

_Model = TypeVar("_Model", bound=BaseModel)


class ControlFileError(Error):
    """A catalogue, profile or support file is not what the schema asks for."""


class UnknownProfileError(Error):
    """No profile has that name."""

    exit_code = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Which requirements are judged, and by which limits."""

    name: str
    title: str
    requirements: tuple[str, ...]
    framework: str | None
    """The framework whose own ids a report of this profile shows first."""
    parameters: Mapping[str, Mapping[str, int]]
    """Requirement -> its limits, the profile's own in the place of the catalogue's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything the judging side knows."""

    controls: Mapping[str, Control]
    profiles: Mapping[str, Profile]
    support: tuple[SupportEnd, ...]
    files: Mapping[str, str]
    """The texts it was read from, by path below the folder."""

    def profile(self, name: str) -> Profile:
        """Return the profile of that name; raise `UnknownProfileError` if there is none."""
        try:
            return self.profiles[name]
        except KeyError:
            near = get_close_matches(name, self.profiles, n=1) or sorted(self.profiles)
            raise UnknownProfileError(f"no profile {name!r:.60}", hint=f"there is {', '.join(near)}") from None


def load_catalogue(folder: Path = PACKAGED) -> Catalogue:
    """Return what lies in `folder`; raise `ControlFileError` with file, place and reason where something is wrong."""
    return read_catalogue(dict(_texts(folder)))


def read_catalogue(files: Mapping[str, str]) -> Catalogue:
    """Return the catalogue of these texts, by path: of a folder, or as kept beside findings."""
    if CATALOGUE not in files:
        raise ControlFileError(f"expected a file {CATALOGUE}, found none")
    rows = _parse(CATALOGUE, files[CATALOGUE], CatalogueModel).requirements
    controls = {row.id: _control(row) for row in rows}
    if len(controls) != len(rows):
        raise ControlFileError(f"{CATALOGUE}: a requirement stands twice")
    profiles = {}
    support: list[SupportEnd] = []
    for path, text in sorted(files.items()):
        if path.startswith("profiles/"):
            name = Path(path).stem
            profiles[name] = _profile(path, name, _parse(path, text, ProfileModel), controls)
        elif path.startswith("support/"):
            support += _ends(path, _parse(path, text, SupportModel))
    return Catalogue(
        controls=MappingProxyType(controls),
        profiles=MappingProxyType(profiles),
        support=tuple(support),
        files=MappingProxyType(dict(files)),
    )


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    paths = [folder / CATALOGUE, *sorted(folder.glob("profiles/*.yaml")), *sorted(folder.glob("support/*.yaml"))]
    if len(paths) > MAX_FILES:
        raise ControlFileError(f"{folder}: expected at most {MAX_FILES} files, found {len(paths)}")
    for path in paths:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
            if len(data) > MAX_FILE_BYTES:
                raise ControlFileError(f"{path}: expected at most {MAX_FILE_BYTES} bytes")
            yield path.relative_to(folder).as_posix(), data.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ControlFileError(f"{path}: cannot be read: {error}") from error


def _parse(path: str, text: str, model: type[_Model]) -> _Model:
    try:
        return model.model_validate(load_yaml(text.encode()))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if not isinstance(error, ValidationError):
            raise ControlFileError(f"{path}: not YAML: {error}") from error
        raise ControlFileError(f"{path}: {_explained(error)}") from error


def _explained(error: ValidationError) -> str:
    """Return the first thing wrong, an unknown key before all, and what was probably meant by it."""
    found = error.errors(include_url=False, include_input=False)
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    where = ".".join(str(part) for part in first["loc"]) or "the whole file"
    if first["type"] != "extra_forbidden":
        return f"{where}: {first['msg']}"
    missing = [str(one["loc"][-1]) for one in found if one["type"] == "missing"]
    near = get_close_matches(str(first["loc"][-1]), missing, n=1)
    return f"{where}: unknown key{f'; did you mean {near[0]!r}?' if near else ''}"


def _control(row: RequirementModel) -> Control:
    judged = {
        Status.SUPPORTS: row.judged.supports,
        Status.CONTRADICTS: row.judged.contradicts,
        Status.NOT_ASSESSED: row.judged.not_assessed,
    }
    return Control(
        id=row.id,
        title=row.title,
        applies=row.applies,
        decide=row.decide,
        judged=MappingProxyType(judged),
        frameworks=MappingProxyType({name: tuple(dict.fromkeys(ids)) for name, ids in row.frameworks.items()}),
        parameters=MappingProxyType(dict(row.parameters)),
    )


def _profile(path: str, name: str, model: ProfileModel, controls: Mapping[str, Control]) -> Profile:
    if model.framework is not None:
        chosen = [one.id for one in controls.values() if model.framework in one.frameworks]
    elif model.requirements == "all" or model.requirements is None:
        chosen = list(controls)
    else:
        chosen = model.requirements
    for requirement in (*chosen, *model.parameters):
        if requirement not in controls:
            raise ControlFileError(f"{path}: no requirement {requirement} in the catalogue")
    for requirement, own in model.parameters.items():
        if strange := own.keys() - controls[requirement].parameters.keys():
            raise ControlFileError(f"{path}: {requirement} has no limit {', '.join(sorted(strange))}")
    if not chosen:
        raise ControlFileError(f"{path}: no requirement is chosen")
    parameters = {
        one: MappingProxyType({**controls[one].parameters, **model.parameters.get(one, {})}) for one in chosen
    }
    return Profile(
        name=name,
        title=model.title,
        requirements=tuple(sorted(set(chosen))),
        framework=model.framework,
        parameters=MappingProxyType(parameters),
    )


def _ends(path: str, model: SupportModel) -> Iterator[SupportEnd]:
    for pattern in (*model.when.values(), *(end.version for end in model.ends)):
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise ControlFileError(f"{path}: not a regular expression: {pattern!r}: {error}") from error
    for end in model.ends:
        yield SupportEnd(
            product=end.product,
            when=MappingProxyType(dict(model.when)),
            version=end.version,
            ends=end.ends.isoformat(),
            kind=model.kind,
            source=model.source,
            looked_up=model.looked_up.isoformat(),
        )
