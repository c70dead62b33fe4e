"""The pieces of verify.py and verify.html are joined into one file each, so no name may stand for two things."""

import ast
import re
from collections import Counter
from importlib.resources import files

import pytest

from evidence.export.verifier import PIECES, WEB_PIECES

FOLDER = files("evidence.standalone")


def names_of(source: str) -> set[str]:
    """Return what a piece of verify.py defines at its top."""
    found: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        found |= {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    return found


def test_no_two_pieces_of_verify_py_define_the_same_name() -> None:
    sources = [FOLDER.joinpath(f"{piece}.py").read_text(encoding="utf-8") for piece in PIECES]
    counted = Counter(name for source in sources for name in names_of(source))
    assert "_UNSEEN" in counted
    assert [name for name, count in counted.items() if count > 1] == []


def test_no_two_pieces_of_verify_html_define_the_same_name() -> None:
    defined = re.compile(
        r"^(?:async )?(?:function|const|let|class) (?:(\w+)|\[([\w, ]+)\]|\{([\w, ]+)\})", re.MULTILINE
    )
    counted = Counter[str]()
    for piece in WEB_PIECES:
        rows = defined.findall(FOLDER.joinpath("web", f"{piece}.js").read_text(encoding="utf-8"))
        counted.update({name.strip() for row in rows for names in row for name in names.split(",") if name.strip()})
    assert "UNSEEN" in counted
    assert [name for name, count in counted.items() if count > 1] == []


@pytest.mark.parametrize("folder", ["", "web"])
def test_every_piece_there_is_is_joined(folder: str) -> None:
    ending = ".js" if folder else ".py"
    there = {one.name.removesuffix(ending) for one in FOLDER.joinpath(folder).iterdir() if one.name.endswith(ending)}
    assert there - {"__init__"} == set(WEB_PIECES if folder else PIECES)
