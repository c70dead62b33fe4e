"""`plantproof assess`: judge what the log holds."""

from datetime import datetime

import click

from collectors.cli.options import fail_on_option
from evidence.cli.options import STORE_HELP, STORE_METAVAR, Moment, platforms_option, verbosity_option


@click.command()
@click.option("-c", "--config", type=click.Path(dir_okay=False), metavar="FILE", help="Site file.")
@click.option("--store", envvar="PLANTPROOF_STORE", metavar=STORE_METAVAR, help=STORE_HELP)
@click.option(
    "--as-of", type=Moment(), metavar="DATE", help="As it was known then: 2026-11-22 or 2026-11-22T23:48:00Z."
)
@click.option("--profile", metavar="NAME", help="Which requirements, by which limits [the site file's, else all].")
@fail_on_option
@click.option("--no-seal", is_flag=True, help="Sign the findings and leave sealing to `plantproof seal`.")
@platforms_option
@click.option(
    "--format", "output_format", type=click.Choice(["table", "json"]), default="table", help="For machines: json."
)
@verbosity_option
def command(
    config: str | None,
    store: str | None,
    as_of: datetime | None,
    profile: str | None,
    fail_on: str | None,
    no_seal: bool,
    platforms_folder: str | None,
    output_format: str,
) -> int:
    """
    Judge what the log holds, and add the findings to it, signed by the assessor's key.

    `collect` does so after a whole run. Evidence supports or contradicts a requirement, or it is not assessed; only
    an assessor says that one is met.
    """
    from collectors.assessing import judge_site
    from collectors.cli.site import load_site, open_evidence
    from collectors.cli.system import SystemClock
    from collectors.cli.tell_findings import tell_findings, tell_json
    from evidence.assess.comparison import fails
    from evidence.cli.exits import ExitCode
    from evidence.cli.reading import open_knowledge

    site, clock = load_site(config, store=store), SystemClock()
    now = clock.now().replace(microsecond=0)
    opened = open_evidence(site, clock)
    knowledge = open_knowledge(platforms_folder)
    judged = judge_site(
        opened, knowledge, at=as_of or now, now=now, profile=profile or site.profile, sealing=not no_seal
    )
    if output_format == "json":
        tell_json(judged)
    else:
        tell_findings(judged, always=True)
    return ExitCode.FINDINGS if fail_on and fails(judged.findings, fail_on) else ExitCode.DONE
