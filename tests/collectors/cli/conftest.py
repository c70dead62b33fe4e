"""Where the operator's commands are what is tested, coverage is measured in the programs themselves."""

from typing import Any

import pytest


@pytest.fixture
def site(site: Any) -> Any:
    """A site in a temporary folder, whose programs are measured."""
    site.covered = site.judging = True
    return site
