"""`plantproof schedule`: ready files for what starts jobs."""

from pathlib import Path

import click

from evidence.cli.options import verbosity_option


@click.command()
@click.argument("kind", type=click.Choice(["cron", "systemd", "awx"]))
@click.option(
    "-c", "--config", type=click.Path(dir_okay=False), envvar="PLANTPROOF_CONFIG", metavar="FILE", help="Site file."
)
@click.option(
    "--user", default="plantproof", show_default=True, metavar="NAME", help="Who the systemd service runs as."
)
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Write the files there."
)
@verbosity_option
def command(kind: str, config: str | None, user: str, output: Path | None) -> None:
    """
    Print ready files that run the jobs of the site file: crontab lines, systemd units, or a playbook that sets up AWX.

    They call this program in the current folder. Nothing is installed and nothing is started.
    """
    from collectors.cli.scheduling import files_for
    from collectors.cli.site import load_site
    from collectors.cli.system import SystemClock
    from evidence.cli.options import write_whole
    from evidence.errors import Error

    site = load_site(config)
    if not site.jobs:
        raise Error("the site file names no jobs", hint="add `jobs: [{name: nightly, at: 02:00 Europe/Berlin}]`")
    for name, text in files_for(kind, site, config=config, user=user, at=SystemClock().now()).items():
        if output is None:
            click.echo(f"# {name}\n{text}" if kind == "systemd" else text, nl=kind == "systemd")
        else:
            write_whole(output / name, text.encode())
            click.echo(output / name)
