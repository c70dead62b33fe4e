"""This machine as an asset."""

import os
import select
import sys
from pathlib import Path
from typing import Any

import pytest

from collectors.transports.interface import RefusedError
from collectors.transports.local import open_local
from evidence.platforms.platform import Verb


def here(parts: Any, *allowed: str, **changes: Any) -> Any:
    """Open this machine with `allowed`."""
    about = {
        "asset": "me",
        "gate": parts.gate,
        "clock": parts.ticks,
        "allowed": frozenset(allowed),
        "environ": {"PATH": os.environ["PATH"], "ANSIBLE_PASSWORD": "hunter2"},
    }
    return open_local(**{**about, **changes})


def program(folder: Path, name: str, body: str) -> str:
    """Write a Python program and return its path."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport os, sys, time, signal\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_a_listed_command_is_run_and_a_listed_file_is_read(parts: Any) -> None:
    with here(parts, "uname -s", "/etc/os-release") as machine:
        assert machine.host_key is None
        kernel = machine.ask(parts.question("uname -s", transport="local"))
        assert (kernel.data, kernel.complete, kernel.reason, kernel.request) == (
            os.uname().sysname.encode() + b"\n",
            True,
            None,
            "uname -s",
        )
        release = machine.ask(parts.question("/etc/os-release", Verb.READ, transport="local"))
    assert release.data == Path("/etc/os-release").read_bytes()
    assert parts.gate.said == ["run uname -s", "read /etc/os-release"]
    assert [action.transport for action in parts.gate.actions] == ["local", "local"]
    assert parts.gate.ended[1][1:] == (len(release.data), None)


def test_a_command_sees_nothing_of_the_environment_but_the_path(parts: Any, tmp_path: Path) -> None:
    show = program(tmp_path, "show-env", "print(sorted(os.environ), os.getcwd(), sys.stdin.read() == '')")
    with here(parts, show) as machine:
        said = machine.ask(parts.question(show)).data.decode()
    assert "hunter2" not in said
    assert "ANSIBLE" not in said
    assert "'LC_ALL'" in said
    assert said.rstrip().endswith("/ True")
    with here(parts, "uname", environ={}) as machine:
        assert machine.ask(parts.question("uname")).complete


def test_no_shell_comes_between(parts: Any, tmp_path: Path) -> None:
    show = program(tmp_path, "show-args", "print(sys.argv[1:])")
    command = f"{show} '$(id)' 'a b' plain"
    with here(parts, command) as machine:
        assert machine.ask(parts.question(command)).data == b"['$(id)', 'a b', 'plain']\n"


@pytest.mark.parametrize("command", ["reboot", "rm -rf /none", "uname; id", "sh -c id"])
def test_a_command_that_changes_this_machine_is_not_run_even_if_listed(parts: Any, command: str) -> None:
    with here(parts, command) as machine:
        for verb in (Verb.RUN, Verb.READ, Verb.WALK):
            with pytest.raises(RefusedError):
                machine.ask(parts.question(command, verb))
    assert parts.gate.actions == []


def test_a_command_that_is_not_there_or_not_executable_is_refused(parts: Any, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("not a program")
    listed = ["no-such-program", str(tmp_path / "plain")]
    with here(parts, *listed) as machine:
        with pytest.raises(RefusedError, match=r"me: 'no-such-program' cannot be run there \(exit status 127\)"):
            machine.ask(parts.question("no-such-program"))
        with pytest.raises(RefusedError, match="exit status 126"):
            machine.ask(parts.question(listed[1]))
    assert [error for _, _, error in parts.gate.ended] == ["refused", "refused"]


def test_a_command_that_fails_is_no_whole_answer_and_its_complaint_is_not_kept(parts: Any, tmp_path: Path) -> None:
    fail = program(tmp_path, "fail", "print('half'); print('hunter2', file=sys.stderr); sys.exit(3)")
    with here(parts, fail) as machine:
        answer = machine.ask(parts.question(fail))
        assert (answer.data, answer.complete, answer.reason) == (b"half\n", False, "exit status 3")
        with pytest.raises(RefusedError) as raised:
            machine.ask(parts.question(fail, refused="^hunter"))
        assert machine.ask(parts.question(fail, complete="half")).complete
    assert "hunter2" not in str(raised.value)


def test_an_answer_that_does_not_stop_is_cut_and_the_command_ended(parts: Any, tmp_path: Path) -> None:
    endless = program(tmp_path, "endless", "while True: sys.stdout.write('x' * 65536)")
    with here(parts, endless, read_limit=100_000) as machine:
        answer = machine.ask(parts.question(endless))
    assert (len(answer.data), answer.complete, answer.reason) == (100_000, False, "more than 100000 bytes")


def test_a_command_that_hangs_is_ended_with_its_children(parts: Any, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "alive")
    watch = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    body = f"os.open({str(tmp_path / 'alive')!r}, os.O_WRONLY); os.fork(); print('x', flush=True); time.sleep(60)"
    hang = program(tmp_path, "hang", body)
    with here(parts, hang) as machine:
        answer = machine.ask(parts.question(hang, timeout_s=1))
    assert (answer.data, answer.complete, answer.reason) == (b"x\nx\n", False, "nothing came for 1 s")
    ended, _, _ = select.select([watch], [], [], 20)
    assert ended
    assert os.read(watch, 1) == b""
    os.close(watch)


def test_a_command_that_closes_its_output_and_stays_is_ended(parts: Any, tmp_path: Path) -> None:
    stay = program(tmp_path, "stay", "print('x', flush=True); os.close(1); os.close(2); time.sleep(60)")
    with here(parts, stay) as machine:
        answer = machine.ask(parts.question(stay, timeout_s=1))
    assert (answer.data, answer.reason) == (b"x\n", "did not end within 1 s")


def test_a_complaint_without_end_is_not_kept_without_end(parts: Any, tmp_path: Path) -> None:
    loud = program(tmp_path, "loud", "sys.stderr.write('x' * 3_000_000); print('done')")
    with here(parts, loud) as machine:
        assert machine.ask(parts.question(loud)).data == b"done\n"


def test_a_file_is_read_up_to_the_limit(parts: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 101)
    with here(parts, str(path), read_limit=100) as machine:
        answer = machine.ask(parts.question(str(path), Verb.READ))
        assert (len(answer.data), answer.complete, answer.reason) == (100, False, "more than 100 bytes")
        path.write_bytes(b"x" * 100)
        assert machine.ask(parts.question(str(path), Verb.READ)).complete


def test_what_is_no_plain_file_is_not_read(parts: Any, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    listed = [str(tmp_path / "pipe"), str(tmp_path), "/dev/zero", str(tmp_path / "none")]
    with here(parts, *listed) as machine:
        for path in listed:
            with pytest.raises(RefusedError, match=r"me: .* (is not a plain file|cannot be read \()"):
                machine.ask(parts.question(path, Verb.READ))
    assert [error for _, _, error in parts.gate.ended] == ["refused"] * 4


def test_a_link_to_a_plain_file_is_followed(parts: Any, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("x")
    (tmp_path / "link").symlink_to("real")
    with here(parts, str(tmp_path / "link")) as machine:
        assert machine.ask(parts.question(str(tmp_path / "link"), Verb.READ)).data == b"x"
