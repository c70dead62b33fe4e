"""
YAML and JSON files as Ansible reads them: libyaml for speed, and a second, slower look for line numbers.

JSON is tried first where a file begins like JSON, because the two differ (`1e5` is a number in one, text in the
other).
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

import yaml

from collectors.inventory.problem import InventoryError, Origin

MAX_FILE_BYTES = 64 * 1024 * 1024
"""Largest inventory or variables file we read: 200,000 hosts at the 300 bytes each of a usual plant."""

MAX_MERGED_PAIRS = 1_000_000
"""Most key/value pairs that `<<:` may copy in one file; aliases of aliases grow exponentially ("billion laughs")."""

_VAULT_HEADER = b"$ANSIBLE_VAULT;"
_BOM = b"\xef\xbb\xbf"


class Vaulted:
    """A value encrypted with Ansible Vault, which is not decrypted here."""

    def __repr__(self) -> str:
        return "<vault>"


VAULTED = Vaulted()


class Verbatim(str):
    """Text marked `!unsafe`: braces in it are not a template."""

    __slots__ = ()


class _Loader(yaml.CSafeLoader):
    """Ansible's dialect: safe YAML 1.1 with `!vault` and `!unsafe`."""

    merged = 0

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Resolve `<<:` as the base does, within bounds."""
        before = len(node.value)
        super().flatten_mapping(node)
        self.merged += max(0, len(node.value) - before)
        if self.merged > MAX_MERGED_PAIRS:
            raise yaml.constructor.ConstructorError(
                None, None, f"more than {MAX_MERGED_PAIRS} pairs merged with <<", node.start_mark
            )


def _vault(_loader: yaml.SafeLoader, _node: yaml.Node) -> Vaulted:
    return VAULTED


def _unsafe(loader: yaml.SafeLoader, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        tag = loader.resolve(yaml.ScalarNode, node.value, (True, False))  # type: ignore[no-untyped-call]
        value: object = loader.construct_object(yaml.ScalarNode(tag, node.value))
        return Verbatim(value) if isinstance(value, str) else value
    kind = "map" if isinstance(node, yaml.MappingNode) else "seq"
    build: Callable[..., object] = loader.construct_mapping if kind == "map" else loader.construct_sequence
    return build(node, deep=True)


def _existing(build: Callable[..., object]) -> Callable[..., object]:
    """Return a constructor that says where an impossible date or number stands, and not what it was."""

    def construct(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
        try:
            return build(loader, node)
        except ValueError as error:
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
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InventoryError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_FILE_BYTES:
        raise InventoryError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
    return data


def parse(data: bytes, path: Path | str) -> object:
    """Return what a YAML or JSON file holds: `VAULTED` when the whole file is encrypted; raise `InventoryError`."""
    data = data.removeprefix(_BOM)
    if data.startswith(_VAULT_HEADER):
        return VAULTED
    try:
        if data.lstrip()[:1] in (b"{", b"["):
            try:
                return cast(object, json.loads(data))
            except ValueError:
                pass
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


def load(path: Path | str) -> object:
    """Read and parse a YAML or JSON file."""
    return parse(read_bytes(path), path)


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
