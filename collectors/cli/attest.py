"""`plantproof attest`: records that people make, where no device can tell, signed by the owner."""

from collectors.cli.declaring import add_command, end_command, group_of, list_command
from evidence.model.columns import ATTESTATIONS

_SUMMARIES = {
    "restore-test": "Record a restore that was really tried, and what was checked afterwards.",
    "support-end": "Record until when a vendor supports an asset, and who says so (--origin).",
    "known-device": "Record that a device which no inventory lists is known.",
    "firmware-baseline": "Record which firmware a model, or one asset, is meant to run.",
    "legal-hold": "Record that nothing of an asset, or of the site, may be erased; `retain hold` locks it in S3, too.",
}

command = group_of(
    "attest",
    "Record what no device can tell: restore tests, support dates, known devices, firmware baselines, legal holds.",
    [
        *(add_command(kind, name=kind, summary=_SUMMARIES[kind]) for kind in ATTESTATIONS),
        list_command("attestation", summary="List the records that were neither replaced nor ended."),
        end_command("attestation", summary="End records, with a reason."),
    ],
)
