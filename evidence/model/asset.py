"""What is audited."""

from dataclasses import dataclass
from enum import StrEnum

from evidence.model.names import AssetId


class Safety(StrEnum):
    """How carefully an asset is asked (DOMAIN: rules of conduct)."""

    OT = "ot"
    IT = "it"
    FRAGILE = "fragile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One line of the ledger: an asset in the sense of ISA/IEC 62443, without any credential."""

    id: AssetId
    address: str
    """Where it is asked: host name or address, without a port."""
    platform: str | None = None
    """Platform name when the inventory says it; `None` when it has to be found out."""
    network_os: str | None = None
    """`ansible_network_os` as written; mapped to a platform by the platform files."""
    transports: tuple[str, ...] = ()
    """`plantproof_collect`; empty means what platform and credentials allow."""
    safety: Safety = Safety.OT
    site: str | None = None
    zone: str | None = None
    role: str | None = None
    criticality: str | None = None
    function: str | None = None
    accountable: str | None = None
    vendor: str | None = None
    management_path: str | None = None
    contract_end: str | None = None
    support_end: str | None = None
    powered: str | None = None
    """Working hours, `Mon-Fri 06:00-22:00 Europe/Berlin`; `None` is always."""
    direct_ok: bool = False
    groups: tuple[str, ...] = ()
