"""
Reading platform files, and finding the platform of a device.

A device is known by the longest prefix of its sysObjectID some platform names (RFC 3418 §2); where several platforms
name the same prefix, OIDs it has decide, then sysDescr. Where it gives no sysObjectID, only an OID of its vendor that
it has can tell. What stays undecided is the generic platform: no guess.

Of the packaged files only the heads are read at first (`evidence.platforms.heads`), what is asked of a platform when a
device of it is met, and what the answers mean when facts are read of them (`evidence.platforms.parsing`); a site's own
files are read whole, so that a mistake in one is told before anything is asked.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from evidence.model.names import Digest, digest_of
from evidence.platforms.build import BuildError, Rules, build, reads_rows, resolved, rules_for
from evidence.platforms.deferred import Deferred
from evidence.platforms.heads import Head, head_of
from evidence.platforms.parsing import PlatformFileError, half_of, halves_of, model_of, rules_of
from evidence.platforms.platform import Platform, Question, Recognition, Verb
from evidence.platforms.schema import PlatformModel, RulesModel

PACKAGED = Path(__file__).parent
"""Where the platform files of this release lie."""

SERVICES = PACKAGED.parent / "services"
"""Where its service files lie: the same halves, asked over HTTP, a cloud's API or OPC UA."""

GENERIC = "generic"
"""The platform of a device nobody knows; others extend it."""

RECOGNISE = "recognise"
"""The question that tells appliances with one sysObjectID apart."""

MAX_FILE_BYTES = 256 * 1024
"""Longest platform file read: the longest of ours has 34 KiB (2026-11)."""

MAX_FILES = 5000
"""Most platform files in one folder: eight times the 600 we mean to ship."""

MAX_HEIRS = 4
"""Most platforms that stand between one and what it extends in the end; ours have one."""


Named = TypeVar("Named", Platform, Head, Platform | Head)


class Platforms:
    """The platforms known, and how to find one. Nothing that can be asked of it ever changes."""

    __slots__ = ("_by_network_os", "_by_prefix", "_heads", "_named", "_read", "_unnamed", "files")

    def __init__(
        self,
        platforms: Iterable[Platform | Head],
        files: Mapping[str, bytes] = MappingProxyType({}),
        *,
        read: Callable[[str], Platform] | None = None,
    ) -> None:
        """
        Index `platforms`; raise `PlatformFileError` where two of them could not be told apart.

        `read` returns the platform of a head's name.
        """
        self.files = files
        """The files they were read from, by name."""
        self._read = read
        self._heads: dict[str, Platform | Head] = {}
        self._named: dict[str, Platform] = {}
        self._by_network_os: dict[str, str] = {}
        self._by_prefix: dict[str, list[Platform | Head]] = {}
        self._unnamed: dict[str, str] = {}
        """By OID, what a device is that has it and no sysObjectID."""
        for platform in platforms:
            if platform.name in self._heads:
                raise PlatformFileError(f"{platform.name}: defined twice")
            self._heads[platform.name] = platform
            for prefix in platform.recognition.sysobjectid:
                self._add_prefix(prefix, platform)
            for oid in platform.recognition.unnamed:
                if (other := self._unnamed.setdefault(oid, platform.name)) != platform.name:
                    raise PlatformFileError(f"unnamed {oid}: named by both {other} and {platform.name}")
        if GENERIC not in self._heads:
            raise PlatformFileError(f"expected a platform named {GENERIC}, found none")
        for platform in self._heads.values():
            for name in platform.recognition.network_os:
                other = self._by_network_os.setdefault(name, platform.name)
                if other != platform.name or (name in self._heads and name != platform.name):
                    other = name if other == platform.name else other
                    raise PlatformFileError(f"network_os {name}: named by both {other} and {platform.name}")

    def _add_prefix(self, prefix: str, platform: Platform | Head) -> None:
        known = self._by_prefix.setdefault(prefix, [])
        mine = platform.recognition
        for other in known:
            theirs = other.recognition
            if theirs.sysdescr == mine.sysdescr and (
                set(theirs.answers) & set(mine.answers) or not theirs.answers + mine.answers
            ):
                raise PlatformFileError(f"sysobjectid {prefix}: {other.name} and {platform.name} cannot be told apart")
        known.append(platform)

    def __iter__(self) -> Iterator[Platform]:
        """Yield every platform, by name."""
        return map(self.unresolved, sorted(self._heads))

    def __len__(self) -> int:
        return len(self._heads)

    def __contains__(self, name: object) -> bool:
        return name in self._heads

    @property
    def heads(self) -> Iterable[Platform | Head]:
        """What each platform is called and how it is known."""
        return self._heads.values()

    def digests(self) -> Mapping[str, str]:
        """Return each platform's digest by name, reading no more than the heads and the bytes of the files."""
        return {name: self._digest(name) for name in sorted(self._heads)}

    def _digest(self, name: str, heirs: int = 0) -> str:
        head = self._heads[name]
        if isinstance(head, Platform) or heirs > MAX_HEIRS or head.extends not in {None, *self._heads}:
            return self.unresolved(name).digest
        return _digest_after(self._digest(head.extends, heirs + 1) if head.extends else None, self.files[name])

    def unresolved(self, name: str) -> Platform:
        """Return the platform of that name as its file has it, which must be known."""
        platform = self._heads[name]
        if isinstance(platform, Platform):
            return platform
        assert self._read is not None  # noqa: S101 - who gives heads says how they are read
        found = self._read(name)
        if (found.name, found.recognition) != (platform.name, platform.recognition):
            raise PlatformFileError(f"{name}: expected name and recognition once each, and at the left edge")
        return found

    @property
    def generic(self) -> Platform:
        """The platform of a device nobody knows."""
        return self.unresolved(GENERIC)

    def named(self, name: str) -> Platform | None:
        """Return the platform of that name, without the questions that need the device's sysObjectID."""
        if name in self._heads and name not in self._named:
            self._named[name] = resolved(self.unresolved(name), None)
        return self._named.get(name)

    def for_network_os(self, name: str) -> Platform | None:
        """Return the platform an inventory means by `ansible_network_os: name`."""
        return self.named(self._by_network_os.get(name, name))

    def resolve(self, platform: Platform, sysobjectid: str | None) -> Platform:
        """Return a named platform with the questions that need the device's sysObjectID, once that is known."""
        return resolved(self.unresolved(platform.name), _plain(sysobjectid))

    def recognise(self, sysobjectid: str | None) -> Question | None:
        """Return the question whose answer `match` needs for a device of this sysObjectID, where it needs one."""
        oids = {oid for known in self._at(sysobjectid) for platform in known for oid in platform.recognition.answers}
        if not (oids := oids if _plain(sysobjectid) else set(self._unnamed)):
            return None
        return Question(
            name=RECOGNISE,
            transport="snmp",
            verb=Verb.GET,
            objects=tuple(sorted(oids)),
            tags=frozenset({"identify"}),
            ttl_s=86400,
            optional=True,
        )

    def match(self, sysobjectid: str | None, sysdescr: str | None, answered: Collection[str] = ()) -> Platform:
        """
        Return the platform with the longest matching prefix whose sysDescr pattern, if it has one, is found.

        `answered` are the OIDs of the `recognise` question that have a value. Of platforms that name the same prefix,
        one with such an OID goes before one with a sysDescr pattern, and that before one with neither. Where two fit
        equally, and where nothing matches, it is the generic platform.
        """
        if not _plain(sysobjectid):
            names = {self._unnamed[oid] for oid in answered if oid in self._unnamed}
            return resolved(self.unresolved(names.pop()), None) if len(names) == 1 else self.generic
        for known in self._at(sysobjectid):
            ranked = [(_fit(one.recognition, sysdescr, answered), one) for one in known]
            best = max(rank for rank, _ in ranked)
            fits = [one for rank, one in ranked if rank == best]
            if best and len(fits) == 1:
                return resolved(self.unresolved(fits[0].name), _plain(sysobjectid))
            if best:
                return self.generic
        return self.generic

    def _at(self, sysobjectid: str | None) -> Iterator[list[Platform | Head]]:
        """Yield the platforms of each prefix of a sysObjectID, the longest first."""
        prefix = _plain(sysobjectid)
        while prefix:
            if prefix in self._by_prefix:
                yield self._by_prefix[prefix]
            prefix = prefix.rpartition(".")[0]


def _fit(wanted: Recognition, sysdescr: str | None, answered: Collection[str]) -> int:
    """Return how well a device fits: 0 not at all, 1 by its prefix, 2 by its sysDescr, 3 by OIDs it has."""
    if wanted.sysdescr and not _found(wanted.sysdescr, sysdescr):
        return 0
    if wanted.answers:
        return 3 if not set(wanted.answers).isdisjoint(answered) else 0
    return 2 if wanted.sysdescr else 1


def load_platforms(folder: Path | None = None, *, only: Iterable[str] | None = None) -> Platforms:
    """
    Return the packaged platforms and services, with those of `folder` added or put in their place.

    `only` keeps the platforms of these names (and the generic one): `only=()` is "no platform knowledge". Raises
    `PlatformFileError` with the file, the place and, for a mistyped key, what was probably meant.
    """
    files = {path.stem: path for path in (*_files(PACKAGED), *_files(SERVICES))}
    own: Collection[str] = ()
    if folder is not None:
        if not folder.is_dir():
            raise PlatformFileError(f"{folder}: expected a folder of platform files")
        own = {path.stem: path for path in _files(folder)}
        files |= own
    wanted = set(files) if only is None else {GENERIC, *only}
    if missing := wanted - files.keys():
        raise PlatformFileError(f"no such platform: {', '.join(sorted(missing))}")
    return load_files({stem: files[stem] for stem in sorted(wanted)}, others=files, whole=own)


def load_files(files: Mapping[str, Path], *, others: Mapping[str, Path], whole: Collection[str] = ()) -> Platforms:
    """Return the platforms of some files, which may extend `others`; those named in `whole` are read whole at once."""
    shelf = _Shelf(others, {GENERIC, *whole})
    found: list[Platform | Head] = []
    for stem, path in files.items():
        head = None if stem in shelf.whole else head_of(shelf.text(stem))
        found.append(_named_as(path, head or shelf.platform(stem)))
        while (
            head is not None and head.extends is not None and head.extends in others
        ):  # what it extends is part of what is known of it
            head = head_of(shelf.text(head.extends)) if head.extends not in shelf.met else None
    texts = {stem: shelf.text(stem) for stem in sorted({*files, *shelf.met})}
    return Platforms(found, MappingProxyType(texts), read=shelf.platform)


def read_platform_file(path: Path, *, known: Platforms) -> Platform:
    """Return the platform of one file, which may extend a known one; raise `PlatformFileError` as `load_platforms`."""
    data = _bytes(path)
    model = model_of(path, data)
    parent = known.unresolved(model.extends) if model.extends and model.extends in known else None
    return _named_as(path, _built(path, data, model, parent))


def with_file(path: Path, known: Platforms) -> Platforms:
    """Return what is known with the platform of one file added, or put in the place of the one of its name."""
    platform = read_platform_file(path, known=known)
    others = [one for one in known.heads if one.name != platform.name]
    return Platforms([*others, platform], {**known.files, platform.name: _bytes(path)}, read=known.unresolved)


def read_platform(data: bytes, *, generic: Platform | None, name: str) -> Platform:
    """
    Return the platform of a file's bytes, for re-deriving facts from the platform files kept as evidence.

    `name` is what a message calls the file; `generic` is the platform it extends.
    """
    return _built(Path(name), data, model_of(Path(name), data), generic)


def _files(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.yaml"))
    if len(found) > MAX_FILES:
        raise PlatformFileError(f"{folder}: expected at most {MAX_FILES} platform files, found {len(found)}")
    return found


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise PlatformFileError(f"{path}: expected at most {MAX_FILE_BYTES} bytes")
    return data


class _Shelf:
    """Platform files by name, each read once."""

    __slots__ = ("_built", "_files", "_texts", "whole")

    def __init__(self, files: Mapping[str, Path], whole: Collection[str]) -> None:
        self._files = files
        self.whole = whole
        """The names of the files that are read whole at once."""
        self._texts: dict[str, bytes] = {}
        self._built: dict[str, Platform] = {}

    @property
    def met(self) -> Collection[str]:
        """The names of the files looked into."""
        return self._texts.keys()

    def text(self, stem: str) -> bytes:
        if stem not in self._texts:
            self._texts[stem] = _bytes(self._files[stem])
        return self._texts[stem]

    def _asked(self, stem: str) -> tuple[PlatformModel, bytes]:
        """Return what a file says, without its rules where their text can be given beside it."""
        path, data = self._files[stem], self.text(stem)
        asked, rules = halves_of(data) if stem not in self.whole else (data, b"")
        if rules:
            with suppress(PlatformFileError):  # the whole file may say otherwise, and says where
                return half_of(path, asked), rules
        return model_of(path, data), b""

    def platform(self, stem: str, heirs: tuple[str, ...] = ()) -> Platform:
        """Return the platform of a file, after the one it extends."""
        if stem in self._built:
            return self._built[stem]
        path, data = self._files[stem], self.text(stem)
        model, rules = self._asked(stem)
        parent = None
        if model.extends is not None:
            if model.extends in (stem, *heirs) or model.extends not in self._files or len(heirs) > MAX_HEIRS:
                raise PlatformFileError(f"{path}: extends: expected another platform, found {model.extends}")
            parent = self.platform(model.extends, (stem, *heirs))
        built = _named_as(path, _built(path, data, model, parent, rules))
        if rules and reads_rows(model, built, rules):
            built = _built(path, data, model_of(path, data), parent)
        self._built[stem] = built
        return built


def _named_as(path: Path, platform: Named) -> Named:
    if platform.name != path.stem:
        raise PlatformFileError(f"{path}: expected the name {path.stem}, as the file is called, found {platform.name}")
    return platform


def _built(path: Path, data: bytes, model: PlatformModel, parent: Platform | None, rules: bytes = b"") -> Platform:
    """Return the platform of a model; `rules` is the text of its facts and tables, where the model is without them."""
    if model.extends != (parent.name if parent and model.extends else None):
        raise PlatformFileError(f"{path}: it extends {model.extends}, which is not at hand")
    parent = parent if model.extends else None

    @cache
    def told() -> Rules:
        try:
            found: PlatformModel | RulesModel = rules_of(path, rules)
        except PlatformFileError:  # the whole file may say otherwise, and says where
            found = model_of(path, data)
        with _naming(path):
            return rules_for(model, found, parent)

    later: Rules | None = (Deferred(lambda: told()[0]), Deferred(lambda: told()[1])) if rules else None
    with _naming(path):
        return build(model, digest=_digest_after(parent.digest if parent else None, data), parent=parent, rules=later)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except BuildError as error:
        raise PlatformFileError(f"{path}: {error}") from error


def _digest_after(parent: str | None, data: bytes) -> Digest:
    return digest_of(data if parent is None else parent.encode() + b"\0" + data)


def _plain(sysobjectid: str | None) -> str:
    return (sysobjectid or "").lstrip(".")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)


def _found(pattern: str, text: str | None) -> bool:
    return bool(_compiled(pattern).search(text or ""))
