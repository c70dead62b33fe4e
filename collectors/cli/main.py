"""The operator's program `plantproof`: its own commands, and every one of the auditor's."""

import sys
from collections.abc import Mapping

from evidence.cli.lazy import Lazy, LazyGroup
from evidence.cli.main import AUDITOR_COMMANDS, run

OPERATOR_COMMANDS: Mapping[str, Lazy] = {
    "assess": Lazy("collectors.cli.assess:command", "Judge what the log holds, and seal the findings."),
    "approve": Lazy("collectors.cli.approve:command", "Approve sessions, changes, devices, firmware and rules."),
    "attest": Lazy("collectors.cli.attest:command", "Record restore tests, support dates, known devices, baselines."),
    "collect": Lazy("collectors.cli.collect:command", "Read every asset once and seal what was seen."),
    "demo": Lazy("collectors.cli.demo:command", "Try everything on a simulated plant and on this machine."),
    "doctor": Lazy("collectors.cli.doctor:command", "Examine this installation, its keys, clock and store."),
    "erase": Lazy("collectors.cli.erase:command", "Remove artefacts for good, and say so in the log."),
    "exception": Lazy("collectors.cli.exception:command", "Accept a deviation for a time; list and end exceptions."),
    "export": Lazy("collectors.cli.export:command", "Write the evidence bundle of a period, for an auditor."),
    "fixture": Lazy("collectors.cli.fixture:command", "Record a device into a fixture, and serve fixtures."),
    "hold": Lazy("collectors.cli.hold:command", "Stop polling a zone until a time, or until it is released."),
    "init": Lazy("collectors.cli.init:command", "Make a site: site file, example inventory, keys, store."),
    "inventory": Lazy("collectors.cli.inventory:command", "Show the assets as read from the inventory."),
    "key": Lazy("collectors.cli.key:command", "Make, introduce, retire and revoke the keys of a log."),
    "missed": Lazy("collectors.cli.missed:command", "State why a planned slot was not read."),
    "platforms": Lazy(
        "collectors.cli.platforms:command", "List, show and test platforms: what is asked, what is secret."
    ),
    "register": Lazy("collectors.cli.register:command", "Write registers as sheets, and read them back in."),
    "owner": Lazy("collectors.cli.owner:command", "Make and list owners: each has its own keys, store and log."),
    "release": Lazy("collectors.cli.release:command", "Lift the quarantine of an asset, or the hold of a zone."),
    "retain": Lazy(
        "collectors.cli.retain:command", "Keep what has to stay (legal holds), and remove what is past its period."
    ),
    "review": Lazy("collectors.cli.review:command", "Let statements count that were set aside with their key."),
    "schedule": Lazy("collectors.cli.schedule:command", "Print ready files for cron, systemd or AWX."),
    "seal": Lazy("collectors.cli.seal:command", "Commit every part that waits to the log, and name what is missing."),
    "share": Lazy("collectors.cli.share:command", "Put the evidence bundle into a bucket, with a link that expires."),
    "why": Lazy("collectors.cli.why:command", "Show the last tries to read an asset, and why they failed."),
}
"""Every command that needs the inventory, a credential or a signing key."""

_SUMMARY = """
Collect evidence from a plant, and check and read what was collected.

It only reads, slowly, inside the hours it was given. Start with `plantproof demo`, or `plantproof init`.
"""


def site_store(config: str | None) -> str | None:
    """Return the store that the site file names; `None` where there is no site file."""
    from collectors.cli.site import load_site

    return str(load_site(config).store)


def main() -> None:
    """Run `plantproof`."""
    group = LazyGroup("plantproof", {**AUDITOR_COMMANDS, **OPERATOR_COMMANDS}, summary=_SUMMARY)
    sys.exit(run(group, "plantproof", site_store=site_store))
