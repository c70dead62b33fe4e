"""Write docs/cli.md from the commands themselves: `python script/cli_reference.py > docs/cli.md`."""

import ast
import inspect
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import click

from collectors.cli.main import OPERATOR_COMMANDS
from evidence.cli import exits
from evidence.cli.main import AUDITOR_COMMANDS

_HEAD = """\
# Command reference

Made from the commands themselves by `python script/cli_reference.py > docs/cli.md`; a test compares the two.

Two programs are installed. `plantproof` is the operator's and has every command; `plantproof-verify` is the auditor's,
needs no device library, and has those marked *auditor*. `python -m collectors` and `python -m evidence` are the same.

Results go to standard output, everything else to standard error. Every command also takes `--help`. `NO_COLOR` is
honoured. A flag goes before an environment variable, and that before `./plantproof.yml`, `~/.config/plantproof/` and
`/etc/plantproof/`. `plantproof completion bash|zsh|fish` prints a completion script.
"""


def main() -> None:
    """Print the reference."""
    sys.stdout.write(reference())


def reference() -> str:
    """Return the whole reference."""
    lines = [_HEAD, "## Exit codes", "", "| code | meaning |", "| --- | --- |"]
    lines += [f"| {code} | {meaning} |" for code, meaning in exit_codes()]
    lines += ["", "## Commands", ""]
    for name, lazy in sorted({**AUDITOR_COMMANDS, **OPERATOR_COMMANDS}.items()):
        lines += _described(name, lazy.load(), AUDITOR_COMMANDS[name].load() if name in AUDITOR_COMMANDS else None)
    return "\n".join(lines).rstrip() + "\n"


def exit_codes() -> Iterator[tuple[int, str]]:
    """Yield every exit code with the words below it in the source."""
    (body,) = (n.body for n in ast.parse(inspect.getsource(exits)).body if isinstance(n, ast.ClassDef))
    for code, words in pairwise(body):
        if isinstance(code, ast.Assign) and isinstance(words, ast.Expr):
            yield ast.literal_eval(code.value), ast.literal_eval(words.value)


def _described(name: str, command: click.Command, auditors: click.Command | None) -> Iterator[str]:
    """Yield what there is to say of a command, which the auditor's program has, too, if `auditors` is one."""
    yield f"### {name}{' (auditor)' if auditors else ''}"
    yield ""
    usage = " ".join([name, *(_argument(p) for p in command.params if isinstance(p, click.Argument))])
    subcommands = isinstance(command, click.Group)
    yield f"`plantproof {usage}{' COMMAND' if subcommands else ''}`"
    yield ""
    yield _plain(command.help)
    yield ""
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    if options:
        yield "| option | meaning |"
        yield "| --- | --- |"
        yield from map(_option, options)
        yield ""
    if isinstance(command, click.Group):
        for sub in command.commands.values():
            theirs = auditors.commands.get(sub.name or "") if isinstance(auditors, click.Group) else None
            yield from _described(f"{name} {sub.name}", sub, theirs)


def _argument(argument: click.Argument) -> str:
    shown = argument.metavar or (argument.name or "").upper()
    if isinstance(argument.type, click.Choice):
        shown = "|".join(map(str, argument.type.choices))
    return shown if argument.required or shown.startswith("[") else f"[{shown}]"


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    if not option.is_flag and not option.count:
        kind = "\\|".join(map(str, option.type.choices)) if isinstance(option.type, click.Choice) else None
        names += f" {option.metavar or kind or option.type.name.upper()}"
    words = option.help or ""
    if option.multiple:
        words += " May be given several times."
    if option.envvar:
        words += f" Environment: `{option.envvar}`."
    return f"| {names.replace('|none', chr(92) + '|none').replace('|s3:', chr(92) + '|s3:')} | {words} |"


def _plain(text: str | None) -> str:
    return inspect.cleandoc(text or "").replace("\b\n", "")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
