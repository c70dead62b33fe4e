"""The site a command works on: the site file, the environment, and the flags that go before both."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collectors.settings import SITE_FILE, Settings, load_settings
from evidence.clock import Clock
from evidence.model.names import slug

if TYPE_CHECKING:
    from collectors.site import OpenSite
    from evidence.log.history import History

OWNERS = Path("owners")
"""Where owners' sites lie, in the working directory."""


def load_site(
    config: str | None, *, store: str | None = None, owner: str | None = None, snmp_engine: str | None = None
) -> Settings:
    """
    Return the settings for this working directory.

    An owner that has a site of its own in `owners/` is worked on there, and nowhere else.
    """
    path = Path(config) if config else None
    if path is None and owner and (own := OWNERS / slug(owner) / SITE_FILE).is_file():
        path, owner = own, None
    return load_settings(
        path=path,
        environ=os.environ,
        home=_home(),
        cwd=Path.cwd(),
        owner=owner,
        store=store,
        snmp_engine=snmp_engine,
    )


def open_evidence(site: Settings, clock: Clock) -> "OpenSite":
    """Open the site's evidence for writing, reached and locked as its settings say."""
    from collectors.site import open_site

    opened = open_site(
        site.store,
        site.keys,
        owner=site.owner,
        domain=site.domain,
        at=clock.now(),
        remote=site.remote(clock.now),
        environ=os.environ,
    )
    return replace(opened, authorities=site.authorities, tell=told)


def told(words: str) -> None:
    """Tell the person what went wrong with a time stamp, which fails nothing."""
    from evidence.harmless import one_line

    click.echo(one_line(words), err=True)


def read_log(site: Settings, clock: Clock) -> "History | None":
    """Return what the site's log holds, without opening it for writing; `None` before the first run."""
    from evidence.log.history import History
    from evidence.store.interface import MissingError
    from evidence.store.open import open_store

    if "://" not in site.store and not Path(site.store).exists():
        return None
    try:
        return History.read(open_store(site.store, remote=site.remote(clock.now)))
    except MissingError:
        return None


def _home() -> Path:
    """Return this user's home; `/` for a user without one, as containers run programs under."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")
