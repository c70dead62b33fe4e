"""What `plantproof-verify` does around every command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from collectors.cli.main import OPERATOR_COMMANDS
from evidence.cli.exits import ExitCode
from evidence.cli.invocation import Invocation
from evidence.cli.lazy import Lazy, LazyGroup
from evidence.cli.main import AUDITOR_COMMANDS, run
from evidence.cli.options import Moment, store_option, verbosity_option
from evidence.errors import Error

HEAVY = {
    "ansible_runner", "asyncio", "boto3", "cryptography", "gufo", "jinja2", "netmiko", "paramiko", "pydantic",
    "pysnmp", "rich", "yaml", "zstandard",
}  # fmt: skip


def modules_after(module: str, *args: str) -> set[str]:
    """Run a program's `main` in a fresh interpreter and return the modules it loaded."""
    code = (
        "import json, sys\n"
        f"sys.argv = ['program', *{list(args)!r}]\n"
        f"from {module} import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    code = end.code\n"
        "print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    ended, loaded = json.loads(done.stderr.splitlines()[-1])
    assert ended == 0, done.stderr
    return set(loaded)


@pytest.mark.parametrize("module", ["evidence.cli.main", "collectors.cli.main"])
@pytest.mark.parametrize("args", [("--help",), ("--version",), ("completion", "bash")])
def test_help_loads_nothing_heavy(module: str, args: tuple[str, ...]) -> None:
    assert modules_after(module, *args).isdisjoint(HEAVY)


@pytest.mark.parametrize("name", sorted(OPERATOR_COMMANDS))
def test_help_of_an_operators_command_loads_nothing_heavy(name: str) -> None:
    assert modules_after("collectors.cli.main", name, "--help").isdisjoint(HEAVY)


@pytest.mark.parametrize("name", sorted(AUDITOR_COMMANDS))
def test_every_command_in_the_table_exists_and_explains_itself(name: str) -> None:
    command = AUDITOR_COMMANDS[name].load()
    assert command.help


@pytest.mark.parametrize("name", sorted(AUDITOR_COMMANDS))
def test_help_of_a_command_loads_nothing_heavy(name: str) -> None:
    assert modules_after("evidence.cli.main", name, "--help").isdisjoint(HEAVY)


class PaperError(Error):
    """The printer is out of paper."""

    hint = "buy some"
    exit_code = 5


@click.command()
@click.argument("what")
@verbosity_option
def trouble(what: str) -> int:
    """Raise what the test asks for."""
    match what:
        case "error":
            raise PaperError("no paper")
        case "bug":
            raise ZeroDivisionError("division by zero")
        case "keyboard":
            raise KeyboardInterrupt
        case "disk":
            raise OSError(28, "No space left on device")
        case _:
            return int(what)


@click.command()
@store_option
def where(store: str) -> None:
    """Print the store's place."""
    click.echo(store)


GROUP = LazyGroup(
    "program",
    {"trouble": Lazy(f"{__name__}:trouble", "Raise."), "where": Lazy(f"{__name__}:where", "Print.")},
    summary="A program.",
)


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["trouble", "error"], ExitCode.USAGE, "error: no paper\nhint: buy some\n"),
        (["trouble", "bug"], ExitCode.BUG, "bug: ZeroDivisionError: division by zero\n"),
        (["trouble", "keyboard"], ExitCode.INTERRUPTED, "interrupted\n"),
        (["trouble", "disk"], ExitCode.FAILED, "error: [Errno 28] No space left on device\n"),
        (["trouble", "6"], ExitCode.NOT_LET_IN_AND_UNREACHABLE, ""),
        (["troubel", "0"], ExitCode.USAGE, "Did you mean trouble?"),
        (["zzz"], ExitCode.USAGE, "program --help lists them."),
        (["trouble"], ExitCode.USAGE, "Missing argument 'WHAT'"),
        (["trouble", "0", "--nonsense"], ExitCode.USAGE, "No such option"),
        ([], ExitCode.USAGE, "Usage: program"),
    ],
)
def test_every_end_has_its_exit_code_and_its_words(
    args: list[str], code: ExitCode, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(GROUP, "program", args) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err
    assert "Traceback" not in said.err


def test_v_shows_where_it_happened(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(GROUP, "program", ["trouble", "-v", "bug"]) == ExitCode.BUG
    assert "Traceback" in capsys.readouterr().err


def test_the_flag_beats_the_environment_beats_the_site_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def site_store(config: str | None) -> str | None:
        return f"store-of-{config}" if config else None

    run(GROUP, "program", ["where"], site_store=site_store)
    run(GROUP, "program", ["where", "-c", "site.yml"], site_store=site_store)
    monkeypatch.setenv("PLANTPROOF_STORE", "of-environment")
    run(GROUP, "program", ["where", "-c", "site.yml"], site_store=site_store)
    run(GROUP, "program", ["where", "--store", "of-flag"], site_store=site_store)
    assert capsys.readouterr().out.split() == ["plantproof-store", "store-of-site.yml", "of-environment", "of-flag"]


def test_a_command_called_alone_uses_the_default_store() -> None:
    assert Invocation().site_store(None) is None


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as stdout:
        done = subprocess.run(
            [sys.executable, "-m", "evidence", "--help"], stdout=stdout, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == ExitCode.FAILED
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-11-22T10:00:00", "2026-11-22T10:00:00+01:00"])
def test_a_moment_is_a_date_or_a_time_in_utc(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Moment().convert(text, None, None)


def test_a_date_is_its_last_second() -> None:
    assert Moment().convert("2026-11-22", None, None).isoformat() == "2026-11-22T23:59:59+00:00"


def test_completion_offers_the_commands_without_importing_them() -> None:
    group = LazyGroup("program", {"verify": Lazy("no.such.module:command", "Check.")}, summary="A program.")
    offered = group.shell_complete(click.Context(group), "ver")
    assert [(item.value, item.help) for item in offered] == [("verify", "Check.")]
