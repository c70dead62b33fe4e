"""`plantproof collect`: the main job."""

from dataclasses import dataclass

import click

from collectors.cli.options import fail_on_option, opening_options
from evidence.cli.options import STORE_METAVAR, platforms_option, verbosity_option


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectArguments:
    """What was said on the command line."""

    inventory: tuple[str, ...]
    limit: str | None
    extra_vars: tuple[str, ...]
    user: str | None
    ask_pass: bool
    ask_become_pass: bool
    vault_ids: tuple[str, ...]
    vault_password_files: tuple[str, ...]
    ask_vault_pass: bool
    resolve: bool
    forks: int | None
    tags: tuple[str, ...]
    check: bool
    list_hosts: bool
    config: str | None
    store: str | None
    owner: str | None
    platforms_folder: str | None
    pace: str | None
    slot: str | None
    part: str | None
    no_seal: bool
    no_assess: bool
    fail_on: str | None
    no_input: bool
    snmp_engine: str | None
    log: str | None
    output_format: str


@click.command()
@click.option("-i", "--inventory", multiple=True, metavar="SOURCE", help="Ansible inventory: file, folder or `a,b,`.")
@click.option("-l", "--limit", metavar="PATTERN", help="Only these hosts: `web:&dc1:!x`.")
@click.option("-e", "--extra-vars", multiple=True, metavar="VARS", help="More variables: `k=v`, JSON or @file.")
@click.option("-u", "--user", metavar="NAME", help="Log in as this user where the inventory names none.")
@click.option("-k", "--ask-pass", is_flag=True, help="Ask for the login password.")
@click.option("-K", "--ask-become-pass", is_flag=True, help="Ask for the enable password.")
@opening_options
@click.option("-f", "--forks", type=click.IntRange(1, 5000), metavar="N", help="Assets read at the same time [50].")
@click.option("-t", "--tags", multiple=True, metavar="TAGS", help="Only: identify, config, tables, host.")
@click.option("-C", "--check", is_flag=True, help="Print what would be asked; touch nothing.")
@click.option("--list-hosts", is_flag=True, help="Print the hosts selected, and stop.")
@click.option(
    "-c", "--config", type=click.Path(dir_okay=False), envvar="PLANTPROOF_CONFIG", metavar="FILE", help="Site file."
)
@click.option(
    "--store", envvar="PLANTPROOF_STORE", metavar=STORE_METAVAR, help="Where evidence goes [./plantproof-store]."
)
@click.option("--owner", metavar="NAME", help="Whose plant it is.")
@platforms_option
@click.option("--pace", type=click.Choice(["none"]), help="Do not pace; only where every asset is on loopback.")
@click.option("--slot", metavar="SLOT", help="The slot this run fills: a job's name, or nightly-20260722T0200Z.")
@click.option(
    "--part", metavar="I/N", help="Read the I-th of N slices of the hosts; with a name for I it is cut already."
)
@click.option("--no-seal", is_flag=True, help="Write the parts and leave sealing to `plantproof seal`.")
@click.option("--no-assess", is_flag=True, help="Do not judge what was seen; `plantproof assess` does later.")
@fail_on_option
@click.option("--no-input", is_flag=True, help="Never ask anything.")
@click.option(
    "--snmp-engine", type=click.Choice(["gufo", "pysnmp"]), help="The SNMP library, and then no other [both]."
)
@click.option(
    "--log-format",
    "log",
    type=click.Choice(["text", "json"]),
    help="What happens, on standard error: words, or JSON lines with run and asset [text].",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "json", "html"]),
    default="table",
    help="For machines: json. With --check, html: the visit sheet for those who have to agree to it.",
)
@verbosity_option
def command(**said: object) -> int:
    """
    Read every asset of the inventory once, and seal what was seen.

    It only reads: SNMP Get, GetNext and GetBulk, and commands listed by the platform files. It asks slowly (`ot`
    until the inventory says `it`), keeps windows and holds, and gives every planned asset one outcome. A whole run is
    judged at its end, and the findings are sealed, too. With -vv each request is told on standard error, with -vvv each
    answer, too: as it is kept, with tags for its secrets.
    """
    from collectors.cli.collecting import run_collect

    return run_collect(CollectArguments(**said))  # type: ignore[arg-type]
