"""Who looks on while a command collects: transcript or log, metrics, pings, traces, as the site file and flags say."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version

import click

from collectors.cli.transcript import REQUESTS, JsonLog, Transcript
from collectors.events import Ended, Started, Watch, together
from collectors.settings import Settings
from evidence.cli.exits import ExitCode
from evidence.cli.invocation import Invocation
from evidence.clock import Clock
from evidence.errors import Error


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """Everybody who looks on."""

    tell: Watch
    requests: bool
    """Whether somebody wants to know of each request."""
    json: bool
    """What is said on standard error is JSON."""


def watching(site: Settings, clock: Clock, *, log: str | None) -> Watching:
    """Return who looks on; `log` goes before the site file's."""
    invocation = click.get_current_context().find_object(Invocation) or Invocation()
    as_json = (log or site.log) == "json"
    watchers: list[Watch] = []
    if as_json:
        logged = JsonLog(clock=clock, verbosity=invocation.verbosity)
        invocation.say = logged.said
        watchers.append(logged)
    elif invocation.verbosity >= REQUESTS:
        watchers.append(Transcript(verbosity=invocation.verbosity))
    watchers += _elsewhere(site, clock, lambda text: invocation.say("warning", text))
    return Watching(tell=together(watchers), requests=invocation.verbosity >= REQUESTS, json=as_json)


def _elsewhere(site: Settings, clock: Clock, warn: Callable[[str], None]) -> Iterator[Watch]:
    """Yield those who are told by file or over a network."""
    if site.otlp:
        from collectors.telemetry import open_telemetry

        yield open_telemetry(site.otlp, owner=site.owner, version=version("plantproof"), warn=warn)
    if site.healthcheck:
        from collectors.pings import Pings

        yield Pings(url=site.healthcheck, warn=warn)
    if site.metrics:
        from collectors.metrics import Metrics

        yield Metrics(file=site.metrics, owner=site.owner, clock=clock, warn=warn)


@contextmanager
def ending(tell: Watch, job: str) -> Iterator[Callable[[int], None]]:
    """Tell that a command started and, whatever happens, how it ended; yield what takes its exit code."""
    codes: list[int] = []
    tell(Started(job=job))
    try:
        yield codes.append
    except Exception as error:
        code = error.exit_code if isinstance(error, Error) else ExitCode.BUG
        tell(Ended(code=code, error=str(error) if isinstance(error, Error) else type(error).__name__))
        raise
    except BaseException:
        tell(Ended(code=ExitCode.INTERRUPTED, error="interrupted"))
        raise
    tell(Ended(code=codes[-1] if codes else ExitCode.DONE))
