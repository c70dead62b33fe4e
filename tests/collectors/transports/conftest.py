"""What tests of transports share."""

import pytest


@pytest.fixture(params=["gufo", "pysnmp"])
def engine(request: pytest.FixtureRequest) -> str:
    """Each of the SNMP engines: one suite for both."""
    return str(request.param)
