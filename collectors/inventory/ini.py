"""An INI inventory put into a graph: host lines, `[group]`, `[group:children]`, `[group:vars]`."""

import ast
import re
import shlex
import warnings
from functools import lru_cache

from collectors.inventory.graph import UNGROUPED, Graph
from collectors.inventory.names import PatternError, expand
from collectors.inventory.problem import InventoryError, Layer, Origin

_SECTION = re.compile(r"\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?")
_GROUP_NAME = re.compile(r"([^:\]\s]+)\s*(?:#.*)?")
_PLAIN_TEXT = re.compile(r"(?!(?:True|False|None)$)[A-Za-z_][A-Za-z0-9_./:@-]*|[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
"""Values that are text for certain, so that Python need not be asked."""
_SIMPLE = re.compile(r"""(?:[^"'\\#]|"[^"\\#]*"|'[^'\\#]*')*""")
"""Lines that split into words without a look at backslashes and comments."""
_WORD = re.compile(r"""(?:[^ \t\r\n"']|"[^"]*"|'[^']*')+""")
_PIECE = re.compile(r"""[^"']+|"[^"]*"|'[^']*'""")


def add_ini(data: bytes, path: str, graph: Graph) -> None:
    """Add what an INI inventory says to `graph`; raise `InventoryError` where Ansible would not read it."""
    reader = _Reader(path, graph)
    for number, raw in enumerate(_lines(data, path), 1):
        line = raw.strip()
        if line and line[0] not in ";#":
            reader.read(line, number)
    reader.finish()


def _lines(data: bytes, path: str) -> list[str]:
    try:
        return data.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return [_decoded(line, f"{path}:{number}") for number, line in enumerate(data.splitlines(), 1)]


def _decoded(line: bytes, where: str) -> str:
    """Decode one line; a comment may be in any encoding."""
    if line[:1] in (b";", b"#"):
        return ""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InventoryError(f"{where}: expected UTF-8 text, found byte {line[error.start]:#04x}") from error


class _Reader:
    """Reads line after line; groups may be referred to before they are declared."""

    def __init__(self, path: str, graph: Graph) -> None:
        self.path = path
        self.graph = graph
        self.group = UNGROUPED
        self.state = "hosts"
        self.line = 0
        self.undeclared: dict[str, tuple[int, str, tuple[str, ...]]] = {}
        """Group -> (line, `vars` or `children`, its parents so far)."""

    def read(self, line: str, number: int) -> None:
        self.line = number
        section = _SECTION.fullmatch(line)
        if section:
            self._begin(section[1], section[2] or "hosts")
        elif line.startswith("[") and line.endswith("]"):
            raise self._wrong("a section like [group], [group:children] or [group:vars]", line)
        elif self.state == "hosts":
            self._host(line)
        elif self.state == "vars":
            self._variable(line)
        else:
            self._child(line)

    def finish(self) -> None:
        for name, (line, state, parents) in self.undeclared.items():
            wanted = f"[{name}:vars]" if state == "vars" else f"[{parents[-1]}:children]"
            raise InventoryError(f"{self.path}:{line}: expected a group [{name}] for {wanted}, found none")

    def _begin(self, group: str, state: str) -> None:
        if state not in ("hosts", "children", "vars"):
            raise self._wrong("a section of hosts, children or vars", f"[{group}:{state}]")
        self.group, self.state = group, state
        if group not in self.graph.groups:
            if state == "vars" and group not in self.undeclared:
                self.undeclared[group] = (self.line, "vars", ())
            self.graph.add_group(group)
        if state != "vars" and group in self.undeclared:
            for parent in self.undeclared.pop(group)[2]:
                self._add_child(parent, group)

    def _host(self, line: str) -> None:
        try:
            tokens = _words(line)
            hosts, port = expand(tokens[0])
        except ValueError:
            raise self._wrong("a host with key=value variables", "a quotation that does not end") from None
        except PatternError as error:
            raise InventoryError(f"{self.path}:{self.line}: {error}") from error
        if tokens[0].startswith("[") and "]" not in line:
            raise self._wrong("a section that ends with ]", line)
        if tokens[0].strip() == "---":
            raise self._wrong("an INI inventory", "the beginning of a YAML document")
        values = {}
        for token in tokens[1:]:
            key, equals, written = token.partition("=")
            if not equals:
                raise self._wrong(f"key=value after {tokens[0]:.80}", "a word without =")
            values[key] = self._value(written)
        origin = Origin(self.path, (), self.line)
        for host in hosts:
            layers = self.graph.add_host(host, self.group, port, origin)
            if values:
                layers.append(Layer(values, origin))

    def _variable(self, line: str) -> None:
        key, equals, written = line.partition("=")
        if not equals:
            raise self._wrong(f"key=value in [{self.group}:vars]", "a line without =")
        values = {key.strip(): self._value(written.strip())}
        self.graph.set_group_variables(self.group, values, Origin(self.path, (), self.line))

    def _child(self, line: str) -> None:
        found = _GROUP_NAME.fullmatch(line)
        if not found:
            raise self._wrong(f"a group name in [{self.group}:children]", line)
        child = found[1]
        if child in self.graph.groups:
            self._add_child(self.group, child)
        else:
            first, _, parents = self.undeclared.get(child, (self.line, "children", ()))
            self.undeclared[child] = (first, "children", (*parents, self.group))

    def _add_child(self, parent: str, child: str) -> None:
        if parent == child:
            raise self._wrong("a group below another", f"[{parent}:children] that names {child}")
        self.graph.add_child(parent, child)

    def _value(self, written: str) -> object:
        if _PLAIN_TEXT.fullmatch(written):
            return written
        try:
            return literal(written)
        except (TypeError, MemoryError, RecursionError):
            raise self._wrong("a value", "a Python literal that cannot be evaluated") from None

    def _wrong(self, expected: str, found: str) -> InventoryError:
        return InventoryError(f"{self.path}:{self.line}: expected {expected}, found {found:.80}")


def _words(line: str) -> list[str]:
    """Split a line as `shlex.split(line, comments=True)` does, thirty times as fast where it is simple."""
    if not _SIMPLE.fullmatch(line):
        return shlex.split(line, comments=True)
    words: list[str] = _WORD.findall(line)
    if '"' in line or "'" in line:
        words = [_PIECE.sub(_unquoted, word) for word in words]
    return words


def _unquoted(piece: re.Match[str]) -> str:
    return piece[0] if piece[0][0] not in "\"'" else piece[0][1:-1]


@lru_cache(maxsize=4096)
def literal(written: str) -> object:
    """Return a value as Ansible types it in INI files: a Python literal where it is one, else the text itself."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            value = ast.literal_eval(written)
    except (ValueError, SyntaxError):
        return written
    return _settled(value)


def _settled(value: object) -> object:
    """Return a literal in the types that Ansible keeps."""
    if isinstance(value, list | tuple | set):
        return [_settled(member) for member in value]
    if isinstance(value, dict):
        return {key: _settled(member) for key, member in value.items()}
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if value is Ellipsis or isinstance(value, complex):
        return "..." if value is Ellipsis else str(value)
    return value
