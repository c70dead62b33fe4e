"""The rules of conduct as a site file says them: when an asset is closed, and which SSH host keys are trusted."""

from collections.abc import Callable, Iterable, Mapping

from collectors.cli.site import read_log
from collectors.cli.system import clock_state
from collectors.inventory.host import Host
from collectors.schedule import Closed, verdict
from collectors.settings import Settings
from collectors.transports.hostkeys import HostKeys
from evidence.clock import Clock
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome


def closed_now(site: Settings, clock: Clock) -> Callable[[Host], Outcome | None]:
    """Return what says why a host may not be asked at this moment, or `None`."""
    trusted = clock_state().trusted

    def closed(host: Host) -> Outcome | None:
        found = verdict(host.asset, clock.now(), site.blackouts, clock_trusted=trusted)
        if isinstance(found, Closed):
            return Outcome(asset=host.asset.id, result=found.result, reason=found.reason)
        return None

    return closed


def clear_now(site: Settings, clock: Clock, hosts: Iterable[Host]) -> frozenset[AssetId]:
    """Return the assets that may be asked over telnet at this moment; the log is read only where one wants that."""
    if not any(host.telnet for host in hosts):
        return frozenset()
    from collectors.accepted import telnet_accepted

    history = read_log(site, clock)
    return telnet_accepted(history, clock.now().date()) if history else frozenset()


def trusted_host_keys(site: Settings, pins: Mapping[str, str]) -> HostKeys:
    """Return the host keys that are trusted: those of the site's files, and those pinned."""
    return HostKeys(
        known_hosts=[path.read_text("utf-8", "replace") for path in site.known_hosts if path.is_file()],
        pins=pins,
        pin_on_first_use=site.pin_on_first_use,
    )
