"""A share of a run: every n-th host, and every n-th part of a zone's pace."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from collectors.inventory.host import Host
from evidence.errors import Error
from evidence.log.labels import read_label


class SliceError(Error):
    """A share of a run is not written `i/n` or `name/n`."""

    exit_code = 5


class LoosePaceError(Error):
    """Somebody wanted to let a run loose on something that is not loopback."""

    exit_code = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """
    The `number`-th of `count` shares; AWX cuts its job slices the same way.

    One that has a name is cut already: the inventory holds the hosts of this share and no others.
    """

    number: int = 1
    count: int = 1
    name: str | None = None

    @classmethod
    def parse(cls, text: str | None) -> "Slice":
        """Read `2/5` or `awx-17/5`; nothing is the whole."""
        if text is None:
            return cls()
        label = read_label(text)
        if label is None:
            raise SliceError(f"expected a part like 2/5, or awx-17/5 where it is cut already, found {text!r:.40}")
        return cls(number=label.number, count=label.count, name=label.name)

    def of(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return this share of the hosts, in the order of their names."""
        ordered = sorted(names)
        if self.name is not None:
            return tuple(ordered)
        return tuple(ordered[self.number - 1 :: self.count])

    @property
    def label(self) -> str:
        """The share as a part statement names it."""
        return f"{self.name or self.number}/{self.count}"

    @property
    def share(self) -> float:
        """This share of a zone's pace, so that all shares together keep it."""
        return 1 / self.count


def check_loopback(hosts: Iterable[Host]) -> None:
    """Raise unless every host is on loopback: nothing else may be asked without a pace."""
    for host in hosts:
        if not host.local and not _is_loopback(host.asset.address):
            raise LoosePaceError(
                f"{host.asset.id}: --pace none is for loopback only, and its address is {host.asset.address}"
            )
        for url in (access.url for access in (host.http, host.opcua) if access):
            if not _is_loopback(urlsplit(url).hostname or ""):
                raise LoosePaceError(f"{host.asset.id}: --pace none is for loopback only, and it is asked at {url}")
        if host.aws and not _is_loopback(urlsplit(host.aws.endpoint or "").hostname or ""):
            raise LoosePaceError(f"{host.asset.id}: --pace none is for loopback only, and its account is elsewhere")
        if host.ssh and host.ssh.common_args:
            raise LoosePaceError(f"{host.asset.id}: --pace none is for loopback only, and it may be behind a jump host")


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
