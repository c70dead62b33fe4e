"""What a program ends with: one number per kind of end, the same for every command."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of `plantproof` and `plantproof-verify`; the first three kinds of trouble can add up."""

    DONE = 0
    """Done: collected, partial with a warning, excluded, out of window, off by schedule."""
    FAILED = 1
    """The command could not do what it was asked."""
    NOT_LET_IN = 2
    """Some asset's outcome is auth-failed, refused or left-alone."""
    UNREACHABLE = 4
    """Some asset is unreachable."""
    NOT_LET_IN_AND_UNREACHABLE = 6
    """Both of the two above."""
    USAGE = 5
    """Bad usage, inventory or site file."""
    FINDINGS = 8
    """Findings above `--fail-on`."""
    UNVERIFIED = 16
    """Verification failed, or an artefact in the store is not what its name says."""
    LOCKED = 75
    """Another run holds the lock."""
    INTERRUPTED = 99
    """Interrupted by the keyboard or a signal."""
    BUG = 250
    """A bug: an exception nobody expected."""
