"""What is known of one call of a program while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Invocation:
    """What is known of one call of a program while it runs; `ctx.obj` of every command."""

    verbosity: int = 0
    """How many `-v` were given."""
    site_store: Callable[[str | None], str | None] = field(default=lambda _config: None)
    """Returns the site file's store, given `--config`; the auditor's program has no site file."""
