"""What a terminal would show of the bytes a command line sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.transports.ssh_terminal import holds, last_line, plain, without_echo, without_last_line


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (b"one\r\ntwo\r\n", b"one\ntwo\n"),
        (b"one\r\r\ntwo\r\n", b"one\ntwo\n"),
        (b"one\n\rtwo", b"one\ntwo"),
        (b"trailing blanks  \r\nstay  \r\n", b"trailing blanks  \nstay  \n"),
        ("Gerät ünter 東京\r\n".encode(), "Gerät ünter 東京\n".encode()),
        (b"tab\there", b"tab\there"),
        (b"\x1b[1mbold\x1b[0m plain", b"bold plain"),
        (b"\x1b[?2004lout\x1b[?2004h", b"out"),
        (b"\x1b]0;title\x07text", b"text"),
        (b"\x1b(Btext\x1b=\x1b>", b"text"),
        (b"bell\x07 nul\x00", b"bell nul"),
        (b"--More--\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\bnext", b"next"),
        (b"--More--\r        \rnext", b"next"),
        (b"--More--\r\x1b[Knext", b"next"),
        (b"--More--\x1b[8D\x1b[Kno", b"no"),
        (b"--More--\x1b[2K\rno", b"no"),
        (b"--More--\x1b[1G\x1b[0Kno", b"no"),
        (b"--More--\x1b[24;1H\x1b[2Kno", b"no"),
        (b"lines 1-23 \x1b[m\x1b[K\r\x1b[Knext", b"next"),
        (b"a long log line\rshort", b"short"),
        (b"abc\b\bX", b"aXc"),
        (b"\b\bab", b"ab"),
        (b"ab\x1b[3Cc", b"ab   c"),
        (b"ab\x1b[Cc", b"ab c"),
        (b"abc\x1b[Dd", b"abd"),
        (b"abcdef\x1b[4G\x1b[1Kx", b"   xef"),
        (b"abc\x1b[2Jd", b"d"),
        (b"abc\x1b[2D\x1b[Jd", b"ad"),
        (b"abc\x1b[Hd", b"dbc"),
        (b"abc\x1b[1;3fd", b"abd"),
        (b"abc\x1b[0;0Hd", b"dbc"),
        (b"one\x1bEtwo", b"one\ntwo"),
        (b"ab\x1b[99999999Dc", b"ac"),
        (b"\x1b", b""),
    ],
)
def test_control_sequences_are_acted_on(sent: bytes, shown: bytes) -> None:
    assert plain(sent) == shown


def test_a_cursor_is_not_followed_without_end() -> None:
    assert len(plain(b"a\x1b[99999Cb")) < 5000
    assert len(plain(b"a\x1b[99999Gb")) < 5000
    assert len(plain(b"a\x1b[1;99999Hb")) < 5000


@given(st.binary(max_size=300))
def test_no_bytes_break_it_and_nothing_invisible_remains(sent: bytes) -> None:
    shown = plain(sent)
    assert not any(control in shown for control in (b"\r", b"\x1b", b"\b", b"\0", b"\a"))
    assert plain(shown) == shown
    assert b"\n" not in last_line(sent)


@given(st.text(alphabet=st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc")), max_size=100))
def test_text_without_control_characters_stays_byte_for_byte(text: str) -> None:
    assert plain(text.encode()) == text.encode()


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        (b"one\r\nr1#", b"r1#"),
        (b"r1#", b"r1#"),
        (b"one\r\n", b""),
        (b"", b""),
        (b"one\r\n\x1b[1mr1#\x1b[0m ", b"r1#"),
        (b"one\r\n\r        \rr1#", b"r1#"),
        (b"one\n\rr1#", b"r1#"),
    ],
)
def test_the_last_line_is_the_one_the_cursor_stands_on(sent: bytes, line: bytes) -> None:
    assert last_line(bytearray(sent)) == line


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (b"show version\nIOS\n", b"IOS\n"),
        (b"r1#show version\nIOS\n", b"IOS\n"),
        (b"show  version \nIOS\n", b"IOS\n"),
        (b"\n\nshow version\nIOS\n", b"IOS\n"),
        (b"r1#\nr1#show version\nIOS\n", b"IOS\n"),
        (b"show version", b""),
        (b"IOS\nshow version\n", b"IOS\nshow version\n"),
        (b"IOS\n", b"IOS\n"),
        (b"\n\n", b"\n\n"),
        (b"", b""),
    ],
)
def test_the_echo_of_the_command_is_taken_away_and_nothing_else(text: bytes, left: bytes) -> None:
    assert without_echo(text, "show version", b"r1#") == left


def test_the_prompt_is_taken_away() -> None:
    assert without_last_line(b"IOS\nr1#") == b"IOS\n"
    assert without_last_line(b"r1#") == b""


def test_a_pattern_is_found_at_the_end_and_before_it() -> None:
    long = b"first line\n" + b"x" * 5000 + b"\n  end\n"
    assert holds("^first", long)
    assert holds("end$", long)
    assert not holds("^end", long)
    assert not holds("^x{1,200}$", long)
    assert holds("^a$", b"a\n")
    assert holds("東", "東京".encode())


def test_a_cut_line_is_not_taken_for_a_whole_one() -> None:
    assert not holds("^x{10,2000}$", b"y" + b"x" * 1500 + b"\nz\n")
