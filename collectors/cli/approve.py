"""`plantproof approve`: approvals of sessions, changes, devices, firmware and rules, signed by the owner."""

from collectors.cli.declaring import add_command, end_command, group_of, list_command
from evidence.model.columns import APPROVALS

_SUMMARIES = {
    "session": "Approve a vendor's session: who (--subject), on what, from when until when.",
    "change": "Approve a change of assets: what (--subject), from when until when.",
    "device": "Approve a new or exchanged device: its MAC address or serial number (--subject).",
    "firmware": "Approve a firmware: its version (--subject).",
    "rule": "Approve a firewall rule: its id or name (--subject).",
}

command = group_of(
    "approve",
    "Approve what is going to happen, before it happens; list and end approvals.",
    [
        *(add_command("approval", name=kind, summary=_SUMMARIES[kind], fixed={"kind": kind}) for kind in APPROVALS),
        list_command("approval", summary="List the approvals that were neither replaced nor ended."),
        end_command("approval", summary="End approvals before their time, with a reason."),
    ],
)
