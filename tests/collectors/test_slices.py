"""A share of a run, and where a run may go without a pace."""

import pytest

from collectors.inventory.host import AwsAccess, Host, HttpAccess, OpcuaAccess, SshAccess
from collectors.slices import LoosePaceError, Slice, SliceError, check_loopback
from evidence.model.asset import Asset
from evidence.model.names import AssetId


def host(name: str, address: str = "127.0.0.1", **more: object) -> Host:
    return Host(asset=Asset(id=AssetId(name), address=address), **more)  # type: ignore[arg-type]


def test_the_slices_of_a_run_are_all_of_it_and_none_twice() -> None:
    hosts = [f"sw-{number:02}" for number in range(11)]
    slices = [Slice.parse(f"{number}/3").of(reversed(hosts)) for number in (1, 2, 3)]
    assert sorted(one for part in slices for one in part) == hosts
    assert [len(part) for part in slices] == [4, 4, 3]


def test_a_slice_is_the_same_whatever_order_the_inventory_has() -> None:
    hosts = [f"sw-{number:02}" for number in range(11)]
    assert Slice.parse("2/3").of(hosts) == Slice.parse("2/3").of(reversed(hosts))


def test_nothing_said_is_the_whole() -> None:
    whole = Slice.parse(None)
    assert (whole.label, whole.share) == ("1/1", 1.0)
    assert Slice.parse("3/4").share == 0.25


@pytest.mark.parametrize(
    "text", ["", "2", "0/3", "4/3", "1/0", "-1/3", "01/3", "1/3/5", "1/99999", " 1/3", "1/3\n", "١/٣"]
)
def test_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(SliceError, match="expected a part like 2/5"):
        Slice.parse(text)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_needs_no_pace(address: str) -> None:
    check_loopback([host("a", address), host("me", "plant.example", local=True)])


@pytest.mark.parametrize(
    "address", ["192.0.2.7", "127.0.0.1.example", "0.0.0.0", "localhost.example", "127.1", "2130706433"]
)
def test_everything_else_does(address: str) -> None:
    with pytest.raises(LoosePaceError, match="for loopback only"):
        check_loopback([host("a", address)])


def test_what_may_be_behind_a_jump_host_does() -> None:
    access = SshAccess(address="127.0.0.1", common_args="-J plant.example")
    with pytest.raises(LoosePaceError, match="jump host"):
        check_loopback([host("a", ssh=access)])


@pytest.mark.parametrize(
    "access",
    [{"http": HttpAccess(url="https://scada.example")}, {"opcua": OpcuaAccess(url="opc.tcp://192.0.2.7:4840")}],
)
def test_what_is_asked_at_another_address_does(access: dict[str, object]) -> None:
    with pytest.raises(LoosePaceError, match="and it is asked at"):
        check_loopback([host("a", **access)])
    check_loopback(
        [host("a", http=HttpAccess(url="http://127.0.0.1:80"), opcua=OpcuaAccess(url="opc.tcp://[::1]:4840"))]
    )


@pytest.mark.parametrize("endpoint", [None, "https://iam.example", "http://127.0.0.1.example:4566"])
def test_an_account_that_is_elsewhere_does(endpoint: str | None) -> None:
    with pytest.raises(LoosePaceError, match="account is elsewhere"):
        check_loopback([host("a", aws=AwsAccess(region="eu-central-1", endpoint=endpoint))])
    check_loopback([host("a", aws=AwsAccess(endpoint="http://127.0.0.1:4566"))])
