"""What `plantproof schedule` prints: how this program is called on this machine, and the files made of that."""

import sys
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from collectors.ready import Call, awx_playbook, crontab, systemd_units
from collectors.settings import Settings


def files_for(kind: str, site: Settings, *, config: str | None, user: str, at: datetime) -> Mapping[str, str]:
    """Return the files of one kind by their names."""
    call = Call(
        program=_program(),
        folder=Path.cwd(),
        options=("--config", str(Path(config).resolve())) if config else (),
    )
    if kind == "cron":
        return {"crontab": crontab(site.jobs, call, owner=site.owner)}
    if kind == "awx":
        return {"awx.yml": awx_playbook(site.jobs, owner=site.owner, at=at)}
    loaded = [source.systemd for source in site.credentials.values() if source.systemd is not None]
    return systemd_units(site.jobs, call, owner=site.owner, user=user, writable=_writable(site), credentials=loaded)


def _program() -> tuple[str, ...]:
    """Return how this program is called whatever the PATH is."""
    installed = Path(sys.executable).with_name("plantproof")
    return (str(installed),) if installed.is_file() else (sys.executable, "-m", "collectors")


def _writable(site: Settings) -> tuple[Path, ...]:
    """Return the folders a run writes to: the store, the report's, and that of the locks."""
    folders = [Path(tempfile.gettempdir())]
    if "://" not in site.store:
        folders.insert(0, Path(site.store).resolve())
    if site.report:
        folders.append(site.report.resolve().parent)
    return tuple(dict.fromkeys(folders))
