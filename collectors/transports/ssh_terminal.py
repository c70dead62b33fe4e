"""What a terminal would show of the bytes a CLI sends: control sequences acted on, echo and prompt taken away."""

import re

_TOKEN = re.compile(
    rb"(?P<text>[^\x00-\x08\x0b-\x1f\x7f]+)|(?P<csi>\x1b\[(?P<args>[0-9;?]*)[ -/]*(?P<final>[@-~]))"
    rb"|\x1b\][^\x07\x1b]{0,500}(?:\x07|\x1b\\)?|\x1b[()#][0-9A-Z]?|\x1b.?|(?P<control>[\x00-\x1f\x7f])",
    re.S,
)
"""Text, and the control sequences of ECMA-48 §5 that CLIs send."""

_ACTS = re.compile(rb"[\x00\x07\x08\x1b]|\r(?!\n)")
_CONTROLS = (b"\r", b"\x1b", b"\b", b"\0", b"\a")
_ENDINGS = re.compile(rb"\r+\n|\x1bE")

MAX_COLUMNS = 4096
"""Farthest a cursor movement is followed; we ask for 511 columns."""


TAIL_BYTES = 1024
"""How much of an answer's end is looked at first for what mostly stands there."""


def plain(data: bytes) -> bytes:
    """
    Return the text a reader sees, with `\\n` line ends.

    Lines without control characters are returned byte for byte. In the others backspace, cursor and erase sequences
    act as on a screen, text behind a carriage return replaces the line, and blanks left at the end are dropped.
    """
    data = data.replace(b"\r\n", b"\n")
    if not any(control in data for control in _CONTROLS):
        return data
    return b"\n".join(_render(line) if _ACTS.search(line) else line for line in _ENDINGS.sub(b"\n", data).split(b"\n"))


def last_line(data: bytes | bytearray) -> bytes:
    """Return the line the cursor stands on, as shown."""
    start = data.rfind(b"\n") + 1
    line = bytes(data[max(start, len(data) - MAX_COLUMNS) :])
    return _render(line) if _ACTS.search(line) or b"\r" in line else line


def without_echo(text: bytes, command: str, prompt: bytes = b"") -> bytes:
    """Drop the first line that is neither blank nor a bare prompt if it is the command as typed."""
    typed, rest = b" ".join(command.encode().split()), text
    while rest:
        line, _, rest = rest.partition(b"\n")
        if b" ".join(line.split()).endswith(typed):
            return rest
        if line.strip() not in (b"", prompt):
            break
    return text


def without_last_line(text: bytes) -> bytes:
    """Drop what follows the last line end: the prompt."""
    return text[: text.rfind(b"\n") + 1]


def holds(pattern: str, data: bytes) -> bool:
    """Return whether the text holds the pattern; its last lines, where it mostly is, are looked at first."""
    tail = data[-TAIL_BYTES:]
    if len(data) > len(tail):
        tail = tail[tail.find(b"\n") + 1 :]
    compiled = re.compile(pattern, re.M)
    return any(compiled.search(text.decode("utf-8", "replace")) for text in (tail, data))


def _render(line: bytes) -> bytes:
    cells, at, returned = bytearray(), 0, False
    for token in _TOKEN.finditer(line):
        if token["text"]:
            if returned and not at:
                cells.clear()
            returned = False
            cells[at : at + len(token["text"])] = token["text"]
            at += len(token["text"])
        elif token["csi"]:
            at = _move(cells, at, token["args"].strip(b"?"), token["final"])
        elif token["control"] == b"\r":
            at, returned = 0, True
        elif token["control"] == b"\b":
            at = max(0, at - 1)
    return bytes(cells).rstrip()


def _move(cells: bytearray, at: int, args: bytes, final: bytes) -> int:
    """Act on one control sequence; return the new column. What only colours or sets modes does nothing."""
    first, _, second = args.partition(b";")
    count = int(first) if first.isdigit() and len(first) < 6 else 0
    if final == b"K":
        if count == 0:
            del cells[at:]
        else:
            cells[: at if count == 1 else len(cells)] = b" " * (min(at, len(cells)) if count == 1 else len(cells))
    elif final == b"J":
        del cells[at if count == 0 else 0 :]
        at = min(at, len(cells))
    elif final == b"D":
        at = max(0, at - max(count, 1))
    elif final == b"C":
        at = min(at + max(count, 1), MAX_COLUMNS)
    elif final == b"G":
        at = min(max(count, 1) - 1, MAX_COLUMNS)
    elif final in (b"H", b"f"):
        at = min(int(second) - 1, MAX_COLUMNS) if second.isdigit() and len(second) < 6 and int(second) else 0
    if at > len(cells):
        cells.extend(b" " * (at - len(cells)))
    return at
