"""What opens an inventory: vault passwords from flags, environment and people, and whether templates are rendered."""

from collections.abc import Mapping

import click

from collectors.credentials import CredentialSource
from collectors.inventory.credential_sources import CredentialSources
from collectors.inventory.read import Opening
from collectors.inventory.vault_passwords import VaultArguments, read_vault
from evidence.errors import Error


class AskingError(Error):
    """A password was to be asked for, and must not be."""

    exit_code = 5


def opening(
    environ: Mapping[str, str],
    *,
    vault_ids: tuple[str, ...] = (),
    vault_password_files: tuple[str, ...] = (),
    ask_vault_pass: bool = False,
    resolve: bool = False,
    no_input: bool = False,
    credentials: Mapping[str, CredentialSource] | None = None,
) -> Opening:
    """Return how the inventory is opened, after asking whoever has to be asked."""
    if ask_vault_pass and vault_password_files:
        raise AskingError(
            "--vault-password-file and -J exclude each other", hint="use --vault-id for several passwords"
        )

    def prompt(text: str) -> str:
        if no_input:
            raise AskingError("--no-input forbids asking for a vault password", hint="use --vault-password-file")
        return str(click.prompt(text, hide_input=True, err=True))

    said = VaultArguments(ids=vault_ids, files=vault_password_files, ask=ask_vault_pass)
    return Opening(read_vault(said, environ, prompt), resolve, CredentialSources(credentials, environ))
