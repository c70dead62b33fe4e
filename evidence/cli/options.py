"""Options that several commands share, and the clock and environment that only this layer reads."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evidence.cli.invocation import Invocation
from evidence.clock import TimeError, parse_rfc3339, rfc3339

if TYPE_CHECKING:
    from evidence.store.interface import Store

DEFAULT_STORE = "plantproof-store"
"""Where evidence goes when nobody says otherwise."""

STORE_METAVAR = "DIR|s3://bucket/prefix"
STORE_HELP = "Where the evidence is: a directory, or a bucket (PLANTPROOF_S3_ENDPOINT: a server that is not AWS's)."

_CONFIG_FILE = "plantproof.config"

AnyCommand = Callable[..., object]
"""What click's decorators take and give."""


class Moment(click.ParamType[datetime]):
    """A date (its last second, UTC) or an RFC 3339 time in UTC."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment that `value` names."""
        if isinstance(value, datetime):
            return value
        text = str(value)
        try:
            if "T" not in text:
                return datetime.combine(datetime.strptime(text, "%Y-%m-%d").date(), time(23, 59, 59), UTC)  # noqa: DTZ007
            return parse_rfc3339(text)
        except (ValueError, TimeError):
            self.fail(f"expected 2026-11-22 or 2026-11-22T23:48:00Z, found {text!r:.60}", param, ctx)


def verbosity_option(command: AnyCommand) -> AnyCommand:
    """Add `-v`: more detail, and the traceback of what failed."""

    def note(ctx: click.Context, _param: click.Parameter, value: int) -> None:
        invocation = ctx.find_object(Invocation)
        if invocation is not None:
            invocation.verbosity = max(invocation.verbosity, value)

    return click.option(
        "-v",
        "--verbose",
        count=True,
        expose_value=False,
        is_eager=True,
        callback=note,
        help="Say more; with an error, show where it happened.",
    )(command)


def store_option(command: AnyCommand) -> AnyCommand:
    """Add `--store` and `--config`; the command is given the store's place as `store`."""

    def settle(ctx: click.Context, _param: click.Parameter, value: str | None) -> str:
        if value:
            return value
        invocation = ctx.find_object(Invocation) or Invocation()
        return invocation.site_store(ctx.meta.get(_CONFIG_FILE)) or DEFAULT_STORE

    def note(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
        ctx.meta[_CONFIG_FILE] = value

    command = click.option(
        "--store",
        envvar="PLANTPROOF_STORE",
        metavar=STORE_METAVAR,
        callback=settle,
        help=f"{STORE_HELP} Default: the site file's, else ./plantproof-store.",
    )(command)
    return click.option(
        "-c",
        "--config",
        envvar="PLANTPROOF_CONFIG",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=note,
        help="Site file that names the store (plantproof only).",
    )(command)


def as_of_option(command: AnyCommand) -> AnyCommand:
    """Add `--as-of`."""
    return click.option(
        "--as-of", type=Moment(), metavar="DATE", help="As it was known then: 2026-11-22 or 2026-11-22T23:48:00Z."
    )(command)


def platforms_option(command: AnyCommand) -> AnyCommand:
    """Add `--platforms`."""
    return click.option(
        "--platforms",
        "platforms_folder",
        envvar="PLANTPROOF_PLATFORMS",
        metavar="DIR|none",
        help="Folder of platform files to use instead of the built-in ones; none uses none.",
    )(command)


def open_here(spec: str) -> "Store":
    """Open the store that `spec` names, reached as this environment says."""
    import os

    from evidence.store.open import open_store
    from evidence.store.remote import Remote, endpoint_in

    return open_store(spec, remote=Remote(endpoint=endpoint_in(os.environ), now=now))


def now() -> datetime:
    """Return the time, in whole seconds, UTC."""
    return datetime.now(UTC).replace(microsecond=0)


def moment_text(moment: datetime | None) -> str | None:
    """Return `moment` as RFC 3339, or nothing for nothing."""
    return rfc3339(moment) if moment else None


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that a reader sees the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.write_bytes(data)
    unfinished.replace(path)
