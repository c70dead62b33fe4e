"""
The verifiers that go to an auditor, each one file: `verify.py`, and `verify.html` for a browser.

Both are joined from pieces that anybody can read, `evidence/standalone/*.py` and `evidence/standalone/web/*`.
"""

import ast
import base64
import hashlib
from importlib.resources import files

PIECES = (
    *(
        "files",
        "ed25519",
        "der",
        "asymmetric",
        "certificates",
        "tree",
        "forms",
        "slots",
        "shapes",
        "registers",
        "gaps",
        "planned",
        "keys",
        "log_checks",
        "findings",
        "stamps",
        "cosignatures",
        "erased",
        "checks",
    ),
    "main",
)
"""In an order in which each rests only on those before it."""

WEB_PIECES = (
    *(
        "bytes",
        "sha256",
        "zip",
        "ed25519",
        "canonical",
        "forms",
        "statements",
        "registers",
        "tree",
        "keys",
        "der",
        "certificates",
        "log_steps",
        "gaps",
        "slots",
    ),
    *("completeness", "findings", "stamps", "cosignatures", "erased", "statement_steps", "steps", "page"),
)
"""The same of `verify.html`."""

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


def page() -> str:
    """Return the text of verify.html: its policy lets in its own script and style, by digest, and nothing out."""
    web, script = files(_PACKAGE).joinpath("web"), page_script()
    style = web.joinpath("page.css").read_text(encoding="utf-8")
    policy = "; ".join(
        [
            *("default-src 'none'", "connect-src 'none'", "base-uri 'none'", "form-action 'none'"),
            f"script-src '{_source(script)}'",
            f"style-src '{_source(style)}'",
        ]
    )
    text = web.joinpath("page.html").read_text(encoding="utf-8")
    for name, value in (("policy", policy), ("style", style), ("script", script)):
        text = text.replace(f"{{{{{name}}}}}", value)
    return text


def page_script(*, without: tuple[str, ...] = ()) -> str:
    """Return the script of verify.html; without its last piece it runs where there is no page."""
    web = files(_PACKAGE).joinpath("web")
    pieces = (web.joinpath(f"{name}.js").read_text(encoding="utf-8") for name in WEB_PIECES if name not in without)
    return "\n".join(['"use strict";', *pieces])


def _source(text: str) -> str:
    """Return how a Content-Security-Policy names an inline script or style (CSP3 §2.3.1)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
