"""`completion`: the shell's completion script."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """
    Print the completion script for SHELL.

    For bash: `plantproof completion bash > ~/.local/share/bash-completion/completions/plantproof`.
    """
    root = ctx.find_root()
    program = root.info_name or "plantproof"
    variable = f"_{program}_COMPLETE".replace("-", "_").replace(".", "_").upper()
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell}", ctx)
    # Without the class's own `source`, which starts bash to ask for its version.
    completion = found(root.command, {}, program, variable)
    click.echo(completion.source_template % completion.source_vars())
