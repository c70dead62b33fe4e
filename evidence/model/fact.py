"""What a capture means."""

from typing import NamedTuple

from evidence.model.names import AssetId, Digest


class Fact(NamedTuple):
    """
    One thing known of an asset; a fact without a source is a rumour.

    A tuple, because an estate has thousands of an asset: making a frozen dataclass takes four times as long.
    """

    asset: AssetId
    name: str
    """Dotted, as in the command reference: `firmware.version`, `interface.name`."""
    value: str
    source: Digest
    """Digest of the blob it was read from."""
    origin: str
    """Transport and request, or transport and OID: `ssh show version`, `snmp 1.3.6.1.2.1.1.1.0`."""
    at: str
    """RFC 3339 UTC time of the capture."""
    ttl_s: int
    row: str | None = None
    """Which row of a table, for facts that come in rows."""
    platform: str | None = None
    untested: bool = False
    """The rule that read it has never met a recording of a real device."""
