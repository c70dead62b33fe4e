"""The auditor's program `plantproof-verify`, and what both programs do around a command."""

import errno
import gc
import os
import sys
from collections.abc import Callable, Mapping
from io import TextIOWrapper

import click

from evidence.cli.exits import ExitCode
from evidence.cli.invocation import Invocation
from evidence.cli.lazy import Lazy, LazyGroup
from evidence.errors import Error
from evidence.harmless import harmless

AUDITOR_COMMANDS: Mapping[str, Lazy] = {
    "completion": Lazy("evidence.cli.completion:command", "Print the completion script for a shell."),
    "config": Lazy("evidence.cli.config:command", "Print the stored configuration of an asset."),
    "controls": Lazy("evidence.cli.controls:command", "List and show the requirements, and what they bear on."),
    "diff": Lazy("evidence.cli.diff:command", "Show what changed between an asset's two newest configurations."),
    "explain": Lazy("evidence.cli.explain:command", "Tell one finding in full: what was seen, and by which limits."),
    "facts": Lazy("evidence.cli.facts:command", "Print what is known of assets, and how old it is."),
    "findings": Lazy("evidence.cli.findings:command", "Print what the newest assessment found."),
    "history": Lazy("evidence.cli.history:command", "List everything the log holds about an asset."),
    "platforms": Lazy("evidence.cli.platforms:command", "List and show the platforms: what is asked, what is secret."),
    "report": Lazy("evidence.cli.report:command", "Write the report: one HTML file, or JSON."),
    "services": Lazy("evidence.cli.services:command", "List services with an API, and their rights; check a file."),
    "store": Lazy("evidence.cli.store:command", "Look into a store, and check it."),
    "verify": Lazy("evidence.cli.verify:command", "Check everything that can be checked, step by step."),
    "witness": Lazy("evidence.cli.witness:command", "Look at a log as somebody else, remember it, and cosign it."),
}
"""Every command that needs no device library; `plantproof` mounts the same table."""

YOUNG = 50_000
"""
Objects made before Python looks for cycles among the young ones, instead of 700: commands make objects by the million
and hardly any cycle. Looking took 5 % of their time; after every 5,000 it still took 7 % of sealing many statements, in
the median of five pairs of runs that were 17 % apart the one way and 16 % the other.
"""

_SUMMARY = """
Check and read the evidence in a store.

Needs no network, no device library and no trust in whoever collected it.
"""


def run(
    group: click.Group,
    prog_name: str,
    args: list[str] | None = None,
    *,
    site_store: Callable[[str | None], str | None] | None = None,
) -> int:
    """
    Carry out the command that `args` name and return the exit code.

    An `Error` becomes its message and hint on stderr, a usage error click's own text, anything unexpected a short
    text; the traceback is shown with `-v`.
    """
    _open_streams()
    gc.set_threshold(YOUNG)
    invocation = Invocation(site_store=site_store) if site_store else Invocation()
    try:
        result = group.main(args=args, prog_name=prog_name, standalone_mode=False, obj=invocation)
        sys.stdout.flush()
        return int(result) if isinstance(result, int) else ExitCode.DONE
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return ExitCode.USAGE
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    except Error as error:
        _explain(error, invocation)
        return error.exit_code
    except OSError as error:
        if error.errno == errno.EPIPE:
            return _reader_has_gone()
        _explain(error, invocation)
        return ExitCode.FAILED
    except Exception as error:  # noqa: BLE001  (the outermost place: a bug must end with its own exit code)
        invocation.say("bug", harmless(f"{type(error).__name__}: {error}"))
        _trace(error, invocation, otherwise="Please report it; -v shows where it happened.")
        return ExitCode.BUG


def _open_streams() -> None:
    """
    Give every standard stream somewhere to go, and letters it cannot write a spelling.

    Where one was closed by whoever started us, the next file opened would take its number, and what is printed would
    be written into that file.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _explain(error: Exception, invocation: Invocation) -> None:
    invocation.say("error", harmless(str(error)))
    hint = getattr(error, "hint", None)
    if hint:
        invocation.say("hint", harmless(hint))
    _trace(error, invocation)


def _trace(error: Exception, invocation: Invocation, *, otherwise: str | None = None) -> None:
    if invocation.verbosity:
        from traceback import format_exception

        click.echo("".join(format_exception(error)), err=True)
    elif otherwise:
        click.echo(otherwise, err=True)


def _reader_has_gone() -> int:
    """End quietly when a pager or `head` closed the pipe, the interpreter's last flush included."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.FAILED


def main() -> None:
    """Run `plantproof-verify`."""
    group = LazyGroup("plantproof-verify", AUDITOR_COMMANDS, summary=_SUMMARY)
    sys.exit(run(group, "plantproof-verify"))
