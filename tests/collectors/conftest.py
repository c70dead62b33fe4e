"""Tests of reading: what is read is not judged, which has tests of its own."""

from typing import Any

import pytest


@pytest.fixture
def site(site: Any) -> Any:
    """A site in a temporary folder, whose runs judge nothing."""
    site.judging = False
    return site
