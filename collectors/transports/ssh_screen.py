"""Reading a command line: the prompt found once, then every answer up to the next one, pages turned."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from collectors.transports.ssh_terminal import TAIL_BYTES, holds, last_line, plain
from evidence.clock import Clock
from evidence.platforms.platform import Session

MAX_ANSWER_S = 300.0
"""Longest one answer may take in all, seconds: 1 MiB over a 38,400 baud console server takes 270 s."""

LOGIN_SILENCE_S = 1.0
"""Silence after which an Enter is sent at log-in: some devices wait for one before they show a prompt."""

SETTLE_S = 1.0
"""How long more is waited for when a prompt came but the answer does not look whole."""

MAX_PROMPT_BYTES = 120
"""Longest prompt looked for. Host names have up to 63 characters, contexts and users come before them."""

_WIPE = re.compile(rb"(?:\x00|\x1b\[[0-9;]*m)*(?:\x08|\r(?!\r*\n)|\x1b\[[0-9;?]*[KJDGHf])")
"""How a device begins to wipe its pager away."""

_PAGER_LINES = 3
"""A log message may be printed behind a pager that waits: how many lines are looked at when nothing more comes."""

_CHUNK_BYTES = 65536
_PROMPT = re.compile(rb"(?=.*\w)[^\n]{0,%d}[>#$%%\]]\s*|\s*[>#$]\s*" % MAX_PROMPT_BYTES)
PASSWORD = re.compile(rb"pass(?:word|code|phrase)[^\n]{0,60}:\s*$", re.I)
_PAGER = re.compile(
    rb"(?i)-{2,} ?\(?more\)?[^\n]{0,40}?-{2,}|<-+ ?more ?-+>|^ *lines \d+-\d+\s*$|(?:press|hit) any key"
)
"""Pagers as most systems write them, for platforms whose file names none."""


BROKEN = "the connection broke off"
_NUMBER = re.compile(rb"\d+")


@dataclass(frozen=True, slots=True)
class Told:
    """What a device sent for one command, as it came."""

    data: bytes
    reason: str | None = None
    """Why it is not whole."""

    @property
    def whole(self) -> bool:
        """Whether the prompt came back."""
        return self.reason is None


class Shell(Protocol):
    """What a command line is read from and written to: paramiko's channel, or one that behaves like it."""

    def settimeout(self, seconds: float, /) -> None:
        """Set how long `recv` waits."""
        ...

    def recv(self, size: int, /) -> bytes:
        """Return what came, at most `size` bytes; nothing at the end. Raises `TimeoutError`."""
        ...

    def recv_ready(self) -> bool:
        """Tell whether more is here already."""
        ...

    def sendall(self, data: bytes, /) -> None:
        """Send all of `data`."""
        ...


class Screen:
    """The reading side of a command line."""

    def __init__(self, channel: Shell, clock: Clock, session: Session, limit: int) -> None:
        self._channel = channel
        self._clock = clock
        self._limit = limit
        self._known = re.compile(session.prompt.encode()) if session.prompt else None
        self._pager = re.compile(session.pager.encode()) if session.pager else _PAGER
        self.prompt = b""
        self.shown = b""
        """The line the cursor stood on when a prompt was last looked for."""
        self._counts = False
        """The prompt holds a number that moves: a clock, a count of lines."""

    def find_prompt(self, press_enter: Callable[[], None], timeout_s: float) -> bool:
        """
        Read to the prompt and make sure of it: after an Enter, the same line comes again.

        Raises `EOFError` when the session ends first; `shown` is what was said last then.
        """
        deadline, pressed = self._clock.monotonic() + timeout_s, 0
        candidate = b""
        while (left := deadline - self._clock.monotonic()) > 0:
            told = self._read(self._looks_like_prompt, min(LOGIN_SILENCE_S, left), left)
            line = last_line(told.data).strip()
            self.shown = line or self.shown
            if told.whole and pressed and _still(line) == _still(candidate):
                self.prompt, self._counts = line, line != candidate
                return True
            if told.whole and pressed and candidate:
                candidate = line
                continue
            if told.reason == BROKEN:
                self.shown = last_line(told.data.rstrip()).strip() or self.shown
                raise EOFError(BROKEN)
            if told.reason == _TOO_MUCH:
                return False
            candidate = line if told.whole else b""
            press_enter()
            pressed += 1
        return False

    def read_answer(
        self,
        timeout_s: float,
        turn_page: Callable[[], None],
        complete: str | None = None,
        press_enter: Callable[[], None] | None = None,
    ) -> Told:
        """
        Read to the prompt. `timeout_s` is the longest silence; pages are turned with `turn_page`.

        Where silence comes instead and the last line reads like another prompt of the same kind, `press_enter` is
        called: if the same line comes again, it is the prompt from now on (the host name was changed, or a cluster
        went over to its other half).
        """
        told = self._read(self._is_prompt, timeout_s, MAX_ANSWER_S, turn_page, complete)
        line = last_line(told.data).strip()
        if told.whole or press_enter is None or told.reason == BROKEN or not self._could_be_prompt(line):
            return told
        press_enter()
        if not self._read(lambda seen: seen.strip() == line, timeout_s, timeout_s).whole:
            return told
        self.prompt = line
        return Told(told.data)

    def raise_privilege(self, timeout_s: float, type_password: Callable[[], None]) -> bool:
        """
        Read on after `enable`, answer one password prompt, and tell whether the prompt then is a privileged one.

        Raises `TimeoutError` when the device does not come to a prompt.
        """
        line = self._read_line(timeout_s)
        if PASSWORD.search(line):
            type_password()
            line = self._read_line(timeout_s)
        if not line.endswith(b"#"):
            return False
        self.prompt = line
        return True

    def _read_line(self, timeout_s: float) -> bytes:
        told = self._read(self._asks_or_prompts, timeout_s, timeout_s)
        if not told.whole:
            raise TimeoutError(told.reason)
        return last_line(told.data).strip()

    def _looks_like_prompt(self, line: bytes) -> bool:
        if self._known:
            return self._known.search(line) is not None
        return _PROMPT.fullmatch(line) is not None

    def _is_prompt(self, line: bytes) -> bool:
        if self._known:
            return self._known.search(line) is not None
        line = line.strip()
        return line == self.prompt or (self._counts and _still(line) == _still(self.prompt))

    def _could_be_prompt(self, line: bytes) -> bool:
        """Tell whether a line reads like a prompt of the same kind as the one known."""
        return bool(line) and line[-1:] == self.prompt[-1:] and self._looks_like_prompt(line)

    def _asks_or_prompts(self, line: bytes) -> bool:
        return bool(PASSWORD.search(line)) or line.strip()[:-1] == self.prompt[:-1]

    def _read(
        self,
        stop: Callable[[bytes], bool],
        silence_s: float,
        total_s: float,
        turn_page: Callable[[], None] | None = None,
        complete: str | None = None,
    ) -> Told:
        seen, pages, ended, quiet_s = bytearray(), _Pages(self._pager), False, 0.0
        deadline = self._clock.monotonic() + total_s
        while (left := deadline - self._clock.monotonic()) > 0:
            wait_s = min(SETTLE_S, silence_s - quiet_s, left)
            self._channel.settimeout(wait_s)
            try:
                chunk = self._channel.recv(_CHUNK_BYTES)
            except TimeoutError:
                quiet_s += wait_s
                if ended:
                    return Told(pages.taken_out(seen))
                if turn_page is not None and pages.found(seen, lines=_PAGER_LINES):
                    turn_page()
                elif quiet_s >= silence_s:
                    return Told(pages.taken_out(seen), f"no prompt within {silence_s:g} s")
                continue
            if not chunk:
                return Told(pages.taken_out(seen), BROKEN)
            seen += chunk
            quiet_s = 0.0
            if len(seen) > self._limit:
                return Told(pages.taken_out(seen)[: self._limit], _TOO_MUCH)
            if self._channel.recv_ready():
                continue
            ended = stop(last_line(seen))
            if ended and (turn_page is None or self._seems_whole(seen, complete)):
                return Told(pages.taken_out(seen))
            if not ended and turn_page is not None and pages.found(seen):
                turn_page()
        return Told(pages.taken_out(seen), f"did not end within {total_s:g} s")

    def _seems_whole(self, seen: bytearray, complete: str | None) -> bool:
        """Tell an answer from a line in its middle that reads like the prompt, and from a prompt left over."""
        if complete:
            return holds(complete, plain(bytes(seen)) if len(seen) <= TAIL_BYTES else bytes(seen).replace(b"\r", b""))
        return len(seen) > TAIL_BYTES or bool(plain(bytes(seen)).replace(self.prompt, b"").strip())


def _still(line: bytes) -> bytes:
    """Return a line without what counts in it."""
    return _NUMBER.sub(b"0", line)


class _Pages:
    """Where pagers stood in an answer, and how they are taken out of it again."""

    def __init__(self, pager: re.Pattern[bytes]) -> None:
        self._pager = pager
        self._spans: list[tuple[int, int]] = []

    def found(self, seen: bytearray, *, lines: int = 1) -> bool:
        """Return whether a pager that was not answered yet stands in one of the last `lines`."""
        end, answered = len(seen), self._spans[-1][1] if self._spans else 0
        for _ in range(lines):
            start = max(seen.rfind(b"\n", 0, end) + 1, answered)
            line = bytes(seen[start:end])
            match = self._pager.search(line)
            if match or self._pager.search(last_line(line)):
                self._spans.append((start + (match.start() if match else 0), end))
                return True
            end = max(start - 1, 0)
            if end <= answered:
                break
        return False

    def taken_out(self, seen: bytearray) -> bytes:
        """Return the answer without the pagers; those the device itself wipes away are left to it."""
        for start, end in reversed(self._spans):
            if not _WIPE.match(seen, end):
                del seen[start:end]
        return bytes(seen)


_TOO_MUCH = "it did not stop sending"
