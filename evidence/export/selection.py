"""What a bundle is asked to hold."""

from dataclasses import dataclass

from evidence.errors import Error
from evidence.export.period import Period
from evidence.model.names import AssetId


class ExportError(Error):
    """There is nothing to hand out, or it cannot be chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a bundle is asked to hold."""

    period: Period
    as_of: str | None = None
    """RFC 3339; `None`: the period's newest statement."""
    assets: frozenset[AssetId] = frozenset()
    """None: all of them."""
    profile: str | None = None
    controls: tuple[str, ...] = ()
    recipient: str | None = None
    incident: bool = False
    """Whether values that change by themselves are wanted, too, and a timeline."""
    artifact_root: str | None = None
    """Where the bundle is to be unpacked, for the hash logs of a CMMC assessment."""

    @property
    def by_findings(self) -> bool:
        """Whether only answers are wanted that findings of chosen requirements rest on."""
        return bool(self.controls or self.profile)

    @property
    def narrowed(self) -> str:
        """What it was narrowed by, for machines: `no`, `assets`, `controls` or `assets controls`."""
        by = (*(["assets"] if self.assets else []), *(["controls"] if self.by_findings else []))
        return " ".join(by) or "no"

    def wants(self, asset: AssetId) -> bool:
        """Tell whether an asset was chosen."""
        return not self.assets or asset in self.assets
