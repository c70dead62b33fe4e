"""A credential opens one asset before it is tried on many."""

import asyncio

import pytest

from collectors.proof import Proofs
from collectors.transports.interface import AuthenticationError, LeftAloneError


async def log_in(proofs: Proofs, asset: str, tried: list[str], *, right: bool) -> str:
    try:
        async with proofs.proving(asset, "plant-admin") as accepted:
            tried.append(asset)
            await asyncio.sleep(0)
            if not right:
                raise AuthenticationError(f"{asset}: refused")
            accepted()
            await asyncio.sleep(0)
            return "in"
    except AuthenticationError:
        return "refused"
    except LeftAloneError as error:
        return str(error)


def test_a_wrong_credential_costs_exactly_one_failed_login() -> None:
    tried: list[str] = []

    async def all_at_once() -> list[str]:
        proofs = Proofs()
        return await asyncio.gather(*(log_in(proofs, f"sw-{n}", tried, right=False) for n in range(50)))

    ends = asyncio.run(all_at_once())
    assert tried == ["sw-0"]
    assert ends[0] == "refused"
    assert set(ends[1:]) == {f"sw-{n}: its credential was refused by sw-0 in this run" for n in range(1, 50)}


def test_a_right_credential_opens_everything() -> None:
    tried: list[str] = []

    async def all_at_once() -> list[str]:
        proofs = Proofs()
        return await asyncio.gather(*(log_in(proofs, f"sw-{n}", tried, right=True) for n in range(50)))

    assert asyncio.run(all_at_once()) == ["in"] * 50


def test_a_device_that_is_down_passes_the_turn_on() -> None:
    async def two() -> list[str]:
        proofs = Proofs()
        with pytest.raises(OSError, match="no route"):
            async with proofs.proving("sw-0", "plant-admin"):
                raise OSError("no route")
        return [await log_in(proofs, "sw-1", [], right=True)]

    assert asyncio.run(two()) == ["in"]


def test_no_credential_needs_no_proof() -> None:
    async def once() -> None:
        async with Proofs().proving("sw-0", None) as accepted:
            accepted()

    asyncio.run(once())
