"""The price list is read no more often than the vendor allows: the simulator refuses it."""

import asyncio
from datetime import timedelta

import aiohttp
import pytest

from custom_components.sim_keeper.channels.digiflazz import DigiflazzChannel
from custom_components.sim_keeper.keeper.errors import Rejected, Unavailable
from custom_components.sim_keeper.keeper.ports import Wanted
from tests.vendors.digiflazz import DigiflazzSimulator

from ..conftest import Clock
from .conftest import AXIS, TELKOMSEL, channel_at, rupiah


async def test_one_list_serves_many_looks(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    lists = [await channel.products(AXIS)]
    clock.advance(hours=3)
    lists += await asyncio.gather(*(channel.products(AXIS) for _ in range(5)))
    await channel.products(TELKOMSEL)
    assert all(one == lists[0] for one in lists)
    assert len(vendor.calls) == 1
    clock.advance(hours=1)
    await channel.products(AXIS)
    assert len(vendor.calls) == 2


async def test_rows_are_asked_for_a_second_apart(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    start = clock.now()
    quotes = await asyncio.gather(
        *(channel.quote(AXIS, Wanted(product="ax10")) for _ in range(4))
    )
    assert len({quote.price for quote in quotes}) == 1
    assert clock.now() - start == timedelta(seconds=3)
    assert len(vendor.calls) == 4


async def test_a_list_that_could_not_be_read_is_not_asked_for_again_at_once(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    vendor.fault("garbage", on="/v1/price-list")
    with pytest.raises(Unavailable, match="not JSON"):
        await channel.products(AXIS)
    clock.advance(seconds=299)
    with pytest.raises(Unavailable, match="every 5 minutes"):
        await channel.products(AXIS)
    assert len(vendor.calls) == 1
    clock.advance(seconds=1)
    assert await channel.products(AXIS)


async def test_two_installations_that_read_too_often_are_told(
    vendor: DigiflazzSimulator,
    session: aiohttp.ClientSession,
    clock: Clock,
    channel: DigiflazzChannel,
) -> None:
    await channel.products(AXIS)
    await channel.quote(AXIS, Wanted(product="ax10"))
    other = channel_at(vendor, session, clock)
    with pytest.raises(Unavailable, match="83 price list read too often"):
        await other.products(AXIS)
    with pytest.raises(Unavailable, match="83 price list read too often"):
        await other.quote(AXIS, Wanted(product="ax10"))


async def test_an_amount_that_is_not_found_is_looked_for_in_a_newer_list(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    """Products are added in the vendor's panel, and wanted soon after."""
    vendor.fault("answer", status=200, text='{"data": []}', on="/v1/price-list")
    wanted = Wanted(amount=rupiah("10000"))
    for _ in range(2):
        with pytest.raises(Rejected, match="amount_not_offered"):
            await channel.quote(AXIS, wanted)
    assert len(vendor.calls) == 1
    clock.advance(seconds=300)
    assert (await channel.quote(AXIS, wanted)).product == "ax10"


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (200, '{"data": {"rc": "83", "message": "-"}}'),
        (400, '{"data": {"rc": "83", "message": "-"}}'),
        (200, '{"data": {}}'),
        (200, '{"data": "-"}'),
        (500, '{"data": []}'),
        (500, '{"data": {"rc": "41"}}'),
    ],
)
async def test_an_object_where_a_list_should_be_is_no_list(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, status: int, text: str
) -> None:
    vendor.fault("answer", status=status, text=text, on="/v1/price-list", times=2)
    with pytest.raises(Unavailable):
        await channel.products(AXIS)
    with pytest.raises(Unavailable):
        await channel.quote(AXIS, Wanted(product="ax10"))


async def test_an_unknown_code_is_not_offered(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator
) -> None:
    """Whether the vendor answers with an empty list or with code 43 is not documented."""
    with pytest.raises(Rejected, match="amount_not_offered"):
        await channel.quote(AXIS, Wanted(product="nothing"))
    vendor.fault("refuse", code="43", status=400, on="/v1/price-list")
    with pytest.raises(Rejected, match="amount_not_offered"):
        await channel.quote(AXIS, Wanted(product="ax10"))
