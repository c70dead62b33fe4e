"""The root of all exceptions raised on purpose."""


class Error(Exception):
    """
    Something that was expected to hold does not.

    Every exception of this project descends from it and is declared in the module that raises it. The message names
    the asset or object, what was expected and what came; `hint` says what a person can do about it.
    """

    hint: str | None = None
    exit_code: int = 1
    """What a program ends with when this stops it (`evidence.cli.exits.ExitCode`)."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint
