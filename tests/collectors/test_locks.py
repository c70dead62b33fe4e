"""One session per device at a time."""

import asyncio
from pathlib import Path

import pytest

from collectors.inventory.host import Host, SnmpAccess, SshAccess
from collectors.locks import DeviceLocks, LockFolderError, lock_name
from collectors.transports.interface import InterruptedRunError
from evidence.model.asset import Asset
from evidence.model.names import AssetId


def host(name: str, address: str, **more: object) -> Host:
    return Host(asset=Asset(id=AssetId(name), address=address), **more)  # type: ignore[arg-type]


def locks(folder: Path) -> DeviceLocks:
    made = DeviceLocks(folder)
    made.prepare()
    return made


def test_two_assets_at_one_address_are_one_device() -> None:
    assert lock_name(host("a", "192.0.2.7")) == lock_name(host("b", "192.0.2.7"))


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1"])
def test_on_loopback_port_and_user_tell_devices_apart(address: str) -> None:
    one = host("a", address, snmp=SnmpAccess(address=address, port=1161), ssh=SshAccess(address=address, port=22))
    other = host("a", address, snmp=SnmpAccess(address=address, port=1162), ssh=SshAccess(address=address, port=22))
    user = host("a", address, ssh=SshAccess(address=address, port=22, user="reader"))
    assert len({lock_name(one), lock_name(other), lock_name(user)}) == 3


def test_a_held_device_is_waited_for(tmp_path: Path) -> None:
    one, other, order = locks(tmp_path / "l"), locks(tmp_path / "l"), []

    async def visit(which: DeviceLocks, name: str) -> None:
        async with which.held(host(name, "192.0.2.7"), lambda: False):
            order.append(f"{name} in")
            await asyncio.sleep(0)
            order.append(f"{name} out")

    async def both() -> None:
        await asyncio.gather(visit(one, "a"), visit(other, "b"))

    asyncio.run(both())
    assert order == ["a in", "a out", "b in", "b out"]


def test_who_ends_the_run_does_not_wait_for_a_held_device(tmp_path: Path) -> None:
    async def both() -> None:
        device, one, other = host("a", "192.0.2.7"), locks(tmp_path / "l"), locks(tmp_path / "l")
        async with one.held(device, lambda: False), other.held(device, lambda: True):
            pytest.fail("it was held")

    with pytest.raises(InterruptedRunError, match="a: the run is being ended"):
        asyncio.run(both())


def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "open", "link", "file/below"):
        with pytest.raises(LockFolderError):
            DeviceLocks(tmp_path / name).prepare()
