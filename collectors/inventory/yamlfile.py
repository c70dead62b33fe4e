"""
YAML and JSON files as Ansible reads them: libyaml for speed, and a second, slower look for line numbers.

JSON is tried first where a file begins like JSON, because the two differ (`1e5` is a number in one, text in the
other).
"""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import cast

import yaml

from collectors.inventory.problem import InventoryError, Origin
from collectors.inventory.vault import Vault, Vaulted, is_vaulted
from evidence.quick_yaml import NotPlainError, load_plain

MAX_FILE_BYTES = 64 * 1024 * 1024
"""Largest inventory or variables file we read: 200,000 hosts at the 300 bytes each of a usual plant."""

MAX_MERGED_PAIRS = 1_000_000
"""Most key/value pairs that `<<:` may copy in one file; merges of merges can grow exponentially."""

_TEXT, _MAP, _LIST, _MERGE = (f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq", "merge"))
_READING = os.O_RDONLY | getattr(os, "O_BINARY", 0)
_BOM = b"\xef\xbb\xbf"


_TAGS_KEPT, _TAG_CHARACTERS = 50_000, 200
_TAGS: dict[tuple[str, object], str] = {}
"""What the look of a scalar says it is: names and values come again in every file of a thousand hosts."""


class Verbatim(str):
    """Text marked `!unsafe`: braces in it are not a template."""

    __slots__ = ()


class _Loader(yaml.CSafeLoader):
    """
    Ansible's dialect: safe YAML 1.1 with `!vault` and `!unsafe`.

    The two overrides give what the base gives, three times as fast: the same scalars come again and again, and plain
    maps, lists and texts need no look-up of a constructor.
    """

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self._merged = 0
        self._built: dict[int, object] = {}

    def resolve(self, kind: type[yaml.Node], value: str, implicit: object) -> str:
        """Return the tag that a scalar's look gives it."""
        if kind is not yaml.ScalarNode:
            return cast(str, super().resolve(kind, value, implicit))  # type: ignore[no-untyped-call]
        tag = _TAGS.get((value, implicit))
        if tag is None:
            tag = super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]
            if len(_TAGS) < _TAGS_KEPT and len(value) <= _TAG_CHARACTERS:
                _TAGS[value, implicit] = tag
        return tag

    def construct_document(self, node: yaml.Node) -> object:
        """Return what the whole document says."""
        return self._build(node)

    def _build(self, node: yaml.Node) -> object:
        tag = node.tag
        if tag == _TEXT:
            return node.value
        if isinstance(node, yaml.ScalarNode):
            return self.construct_object(node, deep=True)
        known = self._built.get(id(node), self)
        if known is not self:
            return known
        if isinstance(node, yaml.MappingNode) and tag == _MAP:
            return self._build_map(node)
        if isinstance(node, yaml.SequenceNode) and tag == _LIST:
            members: list[object] = []
            self._built[id(node)] = members
            members += [self._build(member) for member in node.value]
            return members
        built = self._built[id(node)] = self.construct_object(node, deep=True)
        return built

    def _build_map(self, node: yaml.MappingNode) -> object:
        mapping: dict[object, object] = {}
        self._built[id(node)] = mapping
        if any(key.tag == _MERGE for key, _ in node.value):
            self.flatten_mapping(node)
        for key_node, value_node in node.value:
            key = self._build(key_node)
            try:
                mapping[key] = self._build(value_node)
            except TypeError as error:
                problem = "a key that is no single value"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark) from error
        return mapping

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Resolve `<<:` as the base does, within bounds."""
        before = len(node.value)
        super().flatten_mapping(node)
        self._merged += max(0, len(node.value) - before)
        if self._merged > MAX_MERGED_PAIRS:
            problem = f"more than {MAX_MERGED_PAIRS} pairs merged with <<"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _vault(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Vaulted:
    return Vaulted(loader.construct_scalar(node))


def _unsafe(loader: yaml.SafeLoader, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        tag = loader.resolve(yaml.ScalarNode, node.value, (True, False))  # type: ignore[no-untyped-call]
        value: object = loader.construct_object(yaml.ScalarNode(tag, node.value))
        return Verbatim(value) if isinstance(value, str) else value
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_sequence(cast(yaml.SequenceNode, node), deep=True)


def _existing(build: Callable[..., object]) -> Callable[..., object]:
    """Return a constructor that says where an impossible date or number stands, and not what it was."""

    def construct(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
        try:
            return build(loader, node)
        except (ValueError, OverflowError) as error:
            problem = "a date or number that does not exist"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from error

    return construct


_Loader.add_constructor("tag:yaml.org,2002:int", _existing(yaml.CSafeLoader.construct_yaml_int))
_Loader.add_constructor("tag:yaml.org,2002:float", _existing(yaml.CSafeLoader.construct_yaml_float))
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _existing(yaml.CSafeLoader.construct_yaml_timestamp))
_Loader.add_constructor("!vault", _vault)
_Loader.add_constructor("!vault-encrypted", _vault)
_Loader.add_constructor("!unsafe", _unsafe)


def read_bytes(path: Path | str) -> bytes:
    """Return the bytes of a file, bounded."""
    pieces, size = [], 0
    try:
        file = os.open(path, _READING)  # a file object costs as much as the file
        try:
            wanted = min(os.fstat(file).st_size, MAX_FILE_BYTES) + 1
            while size <= MAX_FILE_BYTES and (piece := os.read(file, wanted)):
                pieces.append(piece)
                size += len(piece)
                wanted = 65536
        finally:
            os.close(file)
    except OSError as error:
        raise InventoryError(f"{path}: cannot be read: {error.strerror}") from error
    if size > MAX_FILE_BYTES:
        raise InventoryError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def parse(data: bytes, path: Path | str) -> object:
    """Return what a YAML or JSON file holds; raise `InventoryError`."""
    data = data.removeprefix(_BOM)
    try:
        if data.lstrip()[:1] in (b"{", b"["):
            try:
                return cast(object, json.loads(data))
            except ValueError:
                pass
        with suppress(NotPlainError):
            return load_plain(data)
        return cast(object, yaml.load(data, Loader=_Loader))  # noqa: S506  (a subclass of the safe loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise InventoryError(f"{where}: expected YAML, found: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        line = data[: error.position].count(b"\n") + 1
        raise InventoryError(f"{path}:{line}: expected UTF-8 text, found: {error.reason}") from error
    except RecursionError as error:
        raise InventoryError(f"{path}: expected at most a few hundred levels of nesting, found more") from error


def load(path: Path | str, vault: Vault) -> tuple[object, bool]:
    """Read and parse a YAML or JSON file; also say whether it was encrypted. Raise `VaultError` where it stays shut."""
    data = read_bytes(path)
    if not is_vaulted(data):
        return parse(data, path), False
    return parse_opened(opened(data, vault), path), True


def opened(data: bytes, vault: Vault) -> bytes:
    """Return what a file holds, decrypted where all of it is encrypted; raise `VaultError`."""
    return vault.open_file(Vaulted(data.decode("utf-8", "replace"))) if is_vaulted(data) else data


def parse_opened(data: bytes, path: Path | str) -> object:
    """Parse what was encrypted: an error about it shows nothing of it."""
    with suppress(InventoryError):  # which would quote it
        return parse(data, path)
    raise InventoryError(f"{path}: expected YAML in the encrypted file, found something else")


def place(origin: Origin, key: str | None = None) -> str:
    """Return `file:line` of `key`, or the file alone where it cannot be found; reads the file again for that."""
    line = origin.line
    if line is None:
        line = _line_of(origin.path, origin.trail if key is None else (*origin.trail, key))
    return origin.path if line is None else f"{origin.path}:{line}"


def _line_of(path: str, trail: tuple[str, ...]) -> int | None:
    try:
        node = yaml.compose(read_bytes(path), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, InventoryError, RecursionError):
        return None
    line = None
    for key in trail:
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        found = [(name, value) for name, value in pairs if name.value == key]
        if not found:
            return None
        line, node = found[-1][0].start_mark.line + 1, found[-1][1]
    return line
