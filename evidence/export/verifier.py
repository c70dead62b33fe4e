"""`verify.py`: the pieces of `evidence.standalone`, joined into one file that anybody can read and run."""

import ast
from importlib.resources import files

PIECES = ("files", "ed25519", "tree", "forms", "slots", "gaps", "planned", "checks", "main")
"""In an order in which each rests only on those before it."""

_PACKAGE = "evidence.standalone"
_LAST = PIECES[-1]


def standalone() -> str:
    """Return the text of verify.py: the last piece's docstring, every import of the library once, then the code."""
    sources = {name: files(_PACKAGE).joinpath(f"{name}.py").read_text(encoding="utf-8") for name in PIECES}
    imports: set[str] = set()
    bodies: list[str] = []
    for source in sources.values():
        lines, tree = source.splitlines(), ast.parse(source)
        first = len(lines)
        for node in tree.body[1:]:
            if isinstance(node, ast.Import | ast.ImportFrom):
                if not (isinstance(node, ast.ImportFrom) and str(node.module).startswith(_PACKAGE)):
                    imports.add(ast.unparse(node))
            else:
                first = min(first, node.lineno - 1)
        bodies.append("\n".join(lines[first:]).strip())
    described = ast.get_docstring(ast.parse(sources[_LAST]), clean=False)
    head = ["#!/usr/bin/env python3", f'"""{described}"""', "", *sorted(imports)]
    return "\n".join([*head, "", "\n\n\n".join(bodies), ""])
