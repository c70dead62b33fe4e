"""The site a command works on: the site file, the environment, and the flags that go before both."""

import os
from pathlib import Path

from collectors.settings import Settings, load_settings


def load_site(config: str | None, *, store: str | None = None, owner: str | None = None) -> Settings:
    """Return the settings for this working directory."""
    return load_settings(
        path=Path(config) if config else None,
        environ=os.environ,
        home=_home(),
        cwd=Path.cwd(),
        owner=owner,
        store=store,
    )


def _home() -> Path:
    """Return this user's home; `/` for a user without one, as containers run programs under."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")
