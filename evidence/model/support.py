"""When makers end their support, as their own bulletins say."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportEnd:
    """The end of support of one product in one range of versions."""

    product: str
    """As people call it: `Debian 11`."""
    when: Mapping[str, str]
    """Fact name -> regular expression its whole value has; every one must fit. `module.name` fits any one module."""
    version: str
    """Regular expression that the version begins with: of `firmware.version`, or of the module that fits."""
    ends: str
    """RFC 3339 date; the last day of support."""
    kind: str
    """What ends: `security updates`, `vulnerability fixes`."""
    source: str
    """The maker's bulletin: title, and where it is."""
    looked_up: str
    """RFC 3339 date on which somebody read it there."""
