"""Rules of the tree that no single module can hold."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 50
PACKAGES = ("collectors", "evidence")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

AT_THE_EDGE = ("cli/", "simulate/", "demo")
"""Where a program begins: these read the clock and the environment, print, and end the process."""


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    """Return a module's path within the repository."""
    return path.relative_to(ROOT).as_posix()


def at_the_edge(path: Path) -> bool:
    """Tell whether a module may read the clock and the environment."""
    return any(name_of(path).split("/", 1)[1].startswith(edge) for edge in AT_THE_EDGE)


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` for such an expression, else an empty string."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def tracked_files() -> list[Path]:
    """Return every file of the repository: what git lists, or in a source archive what lies there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    names = listed.stdout.decode().split("\0") if listed.returncode == 0 else []
    found = [ROOT / name for name in names if name] or list(ROOT.rglob("*"))
    return [path for path in found if path.is_file() and ".venv" not in path.parts]


def test_a_module_is_at_most_400_lines() -> None:
    sizes = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: size for name, size in sizes.items() if size > MAX_MODULE_LINES} == {}


def test_a_function_is_at_most_50_lines() -> None:
    sizes = {
        f"{name_of(path)}:{function.name}": (function.end_lineno or 0) - function.lineno + 1
        for path in MODULES
        for function in functions(tree_of(path))
    }
    assert {name: size for name, size in sizes.items() if size > MAX_FUNCTION_LINES} == {}


def test_every_module_says_what_it_is_for() -> None:
    assert [name_of(path) for path in MODULES if not ast.get_docstring(tree_of(path))] == []


def test_every_public_name_has_a_docstring() -> None:
    def undocumented(owner: ast.Module | ast.ClassDef) -> Iterator[str]:
        for node in owner.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name[0] != "_":
                if not ast.get_docstring(node):
                    yield node.name
                if isinstance(node, ast.ClassDef):
                    yield from undocumented(node)

    assert [f"{name_of(path)}:{name}" for path in MODULES for name in undocumented(tree_of(path))] == []


CLOCK_AND_ENVIRONMENT = {
    "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "datetime.now",
    "datetime.utcnow", "datetime.today", "date.today", "os.environ", "os.getenv", "os.environb", "print", "sys.exit",
    "input", "exit", "quit", "breakpoint",
}  # fmt: skip

MEASURES_A_WAIT = {
    "collectors/transports/": {"time.monotonic", "time.perf_counter"},
    "collectors/inventory/external.py": {"time.monotonic"},
    "evidence/store/directory.py": {"time.monotonic"},
}
"""How long an answer took, or a wait lasts: durations, which are no argument of anybody's."""


def read_from_the_world(path: Path) -> set[str]:
    """Return what a module reads of clock, environment and terminal beyond what it may."""
    allowed = {name for where, names in MEASURES_A_WAIT.items() if name_of(path).startswith(where) for name in names}
    used = set()
    for node in ast.walk(tree_of(path)):
        name = dotted(node) if isinstance(node, ast.Attribute | ast.Name) else ""
        used |= {world for world in CLOCK_AND_ENVIRONMENT if name == world or name.endswith("." + world)}
        if isinstance(node, ast.ImportFrom) and node.module in ("time", "os", "sys"):
            used |= {f"{node.module}.{alias.name}" for alias in node.names} & CLOCK_AND_ENVIRONMENT
    return used - allowed


def test_only_the_command_line_reads_the_clock_and_the_environment() -> None:
    below = [path for path in MODULES if not at_the_edge(path)]
    assert {name_of(path): found for path in below if (found := read_from_the_world(path))} == {}


MAY_REVEAL = ("collectors/transports/", "collectors/redact", "collectors/credentials.py")
"""Who hands a credential on, and who looks for it in what came back."""


def test_a_secret_is_revealed_to_transports_and_redaction_only() -> None:
    revealed = [
        f"{name_of(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and node.attr == "reveal" and not name_of(path).startswith(MAY_REVEAL)
    ]
    assert revealed == []


def test_nobody_reaches_over_anothers_underscore() -> None:
    reached = [
        f"{name_of(path)}: {node.module}.{alias.name}"
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES
        for alias in node.names
        if alias.name.startswith("_")
    ]
    assert reached == []


def test_an_init_holds_a_docstring_and_at_the_roots_the_public_names() -> None:
    for path in MODULES:
        if path.name != "__init__.py":
            continue
        rest = tree_of(path).body[1:]
        if path.parent.parent != ROOT:
            assert rest == [], name_of(path)
            continue
        imported = {a.asname or a.name for node in rest if isinstance(node, ast.ImportFrom) for a in node.names}
        exported: set[str] = set()
        for node in rest:
            if isinstance(node, ast.Assign) and dotted(node.targets[0]) == "__all__":
                exported |= set(ast.literal_eval(node.value))
        assert imported == exported, name_of(path)
        assert all(isinstance(node, ast.ImportFrom | ast.Assign) for node in rest), name_of(path)


BUILT_IN = {"Exception", "BaseException", "ValueError", "TypeError", "RuntimeError", "OSError", "KeyError"}


def test_every_public_exception_descends_from_ours_and_ends_in_error() -> None:
    for path in MODULES:
        for node in tree_of(path).body:
            if not isinstance(node, ast.ClassDef) or node.name.startswith("_"):
                continue
            bases = {dotted(base).split(".")[-1] for base in node.bases}
            if name_of(path) != "evidence/errors.py":
                assert not bases & BUILT_IN, f"{name_of(path)}:{node.name}"
            if any(base.endswith("Error") for base in bases):
                assert node.name.endswith("Error"), f"{name_of(path)}:{node.name}"


def test_tests_playbooks_and_inventories_hold_no_package() -> None:
    folders = [ROOT / name for name in ("tests", "playbooks", "inventories", "benchmarks")]
    assert [path for folder in folders for path in folder.rglob("__init__.py")] == []


def test_names_of_test_files_are_unique() -> None:
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


ELSEWHERE = re.compile(
    r"(?<![\w.])/(?:work|root)/|(?<![\w.~])/home/[a-z]+/|files\.pythonhosted\.org/simple|artifactory|nexus\.|jfrog|pypi-proxy",
    re.I,
)
"""Paths and package hosts of whoever happened to build it."""


def test_the_tree_names_no_machine_it_was_made_on() -> None:
    here = Path(__file__).resolve()
    named = []
    for path in tracked_files():
        if path.resolve() == here or path.suffix in {".zst", ".png", ".xz"}:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines() if ELSEWHERE.search(text) else (), 1):
            if ELSEWHERE.search(line):
                named.append(f"{name_of(path)}:{number}: {line.strip():.80}")
    assert named == []


def test_nothing_needs_what_lies_beside_the_checkout() -> None:
    """`../shared` may be named where it is skipped by name when absent: in conformance tests only."""
    named = [
        name_of(path)
        for path in tracked_files()
        if path.suffix in {".py", ".sh", ".yml", ".yaml", ".toml"} and path.resolve() != Path(__file__).resolve()
        if "../shared" in path.read_text(encoding="utf-8", errors="replace")
        and "pytest.mark.conformance" not in path.read_text(encoding="utf-8", errors="replace")
        and path.name != "pyproject.toml"
    ]
    assert named == []
