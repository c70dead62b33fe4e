"""`plantproof share`: the evidence bundle put into a bucket, and a link that opens it for a while."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collectors.cli.export import chosen, pages, selection_options
from evidence.cli.options import now, platforms_option, verbosity_option

if TYPE_CHECKING:
    from collectors.settings import Settings
    from evidence.clock import Clock
    from evidence.export.selection import Selection
    from evidence.model.names import Digest
    from evidence.store.s3_wire import Bucket

_TIME = re.compile(r"([1-9][0-9]{0,5})([mhd])")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400}


class _Lasting(click.ParamType[int]):
    """A time such as `7d`, in seconds."""

    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return seconds."""
        if isinstance(value, int):
            return value
        found = _TIME.fullmatch(str(value))
        seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
        if not 0 < seconds <= 7 * _SECONDS["d"]:
            self.fail(f"{value!r}: expected minutes, hours or days, 7d at most: 30m, 12h, 7d", param, ctx)
        return seconds


@click.command()
@selection_options
@click.option(
    "--to",
    "place",
    required=True,
    metavar="s3://bucket/prefix",
    help="Where it is put: a bucket of its own, never one that evidence is kept in.",
)
@click.option("--expires", "seconds", type=_Lasting(), default="7d", show_default=True, help="How long the link lasts.")
@platforms_option
@verbosity_option
def command(
    config: str | None,
    store: str | None,
    owner: str | None,
    period: str | None,
    assets: tuple[str, ...],
    profile: str | None,
    controls: tuple[str, ...],
    recipient: str | None,
    incident: bool,
    artifact_root: str | None,
    place: str,
    seconds: int,
    as_of: datetime | None,
    platforms_folder: str | None,
) -> None:
    """
    Write the evidence bundle of a period as `export` does, put it into a bucket, and print a link that opens it.

    Whoever has the link can read the bundle until it expires: send it as you would a password. The log states what was
    handed out, where it lies and until when, and never the link.
    """
    from collectors.cli.site import load_site

    if not period:
        raise click.UsageError("say which time it is about: --period 2026Q3")
    selection = chosen(period, assets, profile, controls, recipient, as_of, incident, artifact_root)
    click.echo(_share(load_site(config, store=store, owner=owner), selection, place, seconds, platforms_folder))


def _share(site: "Settings", selection: "Selection", place: str, seconds: int, platforms: str | None) -> str:
    """Write, put and state; return the link."""
    import tempfile
    from importlib.metadata import version

    from collectors.cli.site import open_evidence
    from collectors.cli.system import SystemClock
    from evidence.clock import rfc3339
    from evidence.export.write import export
    from evidence.log.export import Shared
    from evidence.model.names import hex_of, slug
    from evidence.store.s3_upload import link, upload

    clock = SystemClock()
    bucket, at = _bucket(place, site, clock), now()
    until = rfc3339(at + timedelta(seconds=seconds))

    def name(tagmanifest: "Digest") -> str:
        return f"{slug(site.owner)}-{selection.period.name}-{hex_of(tagmanifest)[:16]}.zip"

    def deliver(bundle: Path, tagmanifest: "Digest") -> Shared:
        upload(bucket, name(tagmanifest), bundle)
        return Shared(place=f"{bucket.place}/{name(tagmanifest)}", until=until)

    opened = open_evidence(site, clock)
    page, tool = pages(platforms), version("plantproof")
    with tempfile.TemporaryDirectory(prefix="plantproof-share-") as folder:
        target = Path(folder) / "bundle.zip"
        done = export(opened.store, opened.keyring, selection, target, page=page, tool=tool, at=at, deliver=deliver)
    key = name(done.tagmanifest)
    click.echo(
        f"{bucket.place}/{key}: {done.files} files, {done.withheld} statements withheld; until {until}", err=True
    )
    return link(bucket, key, seconds=seconds)


def _bucket(place: str, site: "Settings", clock: "Clock") -> "Bucket":
    """Return the bucket to put it into; never the one the evidence is in, whose names mean something else."""
    from collectors.cli.collecting import UsageError
    from evidence.store.remote import Remote
    from evidence.store.s3 import S3Store

    if not place.startswith("s3://") or f"{place.rstrip('/')}/".startswith(f"{site.store.rstrip('/')}/"):
        raise UsageError(f"{place}: expected s3://bucket/prefix, and not within the store")
    return S3Store(place, Remote(endpoint=site.remote(clock.now).endpoint)).bucket
