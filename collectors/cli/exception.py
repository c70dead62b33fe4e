"""`plantproof exception`: accepted deviations, signed by the owner."""

from collectors.cli.declaring import add_command, end_command, group_of, list_command

command = group_of(
    "exception",
    "Accept a deviation for a time, with compensating controls; list and end what was accepted.",
    [
        add_command("exception", name="add", summary="Accept a deviation until a date."),
        list_command("exception", summary="List the exceptions that were neither replaced nor ended."),
        end_command("exception", summary="End exceptions before their date, with a reason."),
    ],
)
