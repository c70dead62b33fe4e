"""Options that several of the operator's commands share."""

from collections.abc import Iterable

import click

from evidence.cli.options import AnyCommand
from evidence.errors import Error

TAGS = ("identify", "config", "tables", "host")


class TagError(Error):
    """There is no such tag."""

    exit_code = 5


def tags_of(given: Iterable[str]) -> tuple[str, ...]:
    """Return the tags of `-t`, each value of which may name several; raise `TagError` for one there is not."""
    tags = tuple(tag.strip() for value in given for tag in value.split(",") if tag.strip())
    for tag in tags:
        if tag not in TAGS:
            raise TagError(f"no such tag: {tag!r:.40}", hint=f"the tags are {', '.join(TAGS)}")
    return tags


def fail_on_option(command: AnyCommand) -> AnyCommand:
    """Add `--fail-on`."""
    return click.option(
        "--fail-on",
        type=click.Choice(["contradicts", "due", "not-assessed"]),
        help="End with 8 when a finding contradicts; with due also when one is due; with not-assessed at those, too.",
    )(command)


def opening_options(command: AnyCommand) -> AnyCommand:
    """Add what opens an inventory: `--vault-id`, `--vault-password-file`, `-J`; and `--resolve`."""
    for option in reversed(
        (
            click.option(
                "--vault-id",
                "vault_ids",
                multiple=True,
                metavar="ID",
                help="Vault password by vault id: `label@file`, `label@script`, `label@prompt`.",
            ),
            click.option(
                "--vault-password-file",
                "--vault-pass-file",
                "vault_password_files",
                multiple=True,
                envvar="PLANTPROOF_VAULT_PASSWORD_FILE",
                type=click.Path(),
                metavar="FILE",
                help="File, or script that prints it.",
            ),
            click.option(
                "-J",
                "--ask-vault-password",
                "--ask-vault-pass",
                "ask_vault_pass",
                is_flag=True,
                help="Ask for the vault password.",
            ),
            click.option(
                "--resolve",
                is_flag=True,
                envvar="PLANTPROOF_RESOLVE",
                help="Let Ansible render templates and lookups in the variables that are used.",
            ),
        )
    ):
        command = option(command)
    return command
