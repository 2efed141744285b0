"""The catalogue of a country: for whom, how old, and what happens when it cannot be read."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from custom_components.sim_keeper.channels.reloadly import ReloadlyChannel
from custom_components.sim_keeper.keeper.errors import Rejected, Unavailable
from custom_components.sim_keeper.keeper.ports import Line, Wanted
from tests.vendors.reloadly import ReloadlySimulator
from tests.vendors.reloadly.catalogue import BY_ID
from tests.vendors.wire import write

from ..conftest import Clock
from .conftest import AXIS, GIFFGAFF

LIST = "/operators/countries/ID"
SMALL = Wanted(product="231:12000:IDR")

type Listed = list[dict[str, object]]


async def bundles(channel: ReloadlyChannel, line: Line = AXIS) -> list[str]:
    """Return the ids of the bundles that are listed for a line."""
    products = await channel.products(line)
    return [product.id for product in products if product.value is None]


def listed(vendor: ReloadlySimulator) -> int:
    """Return how often the country's list was read."""
    return vendor.calls.count(f"GET {LIST}")


async def test_each_brand_has_its_own_bundles(channel: ReloadlyChannel) -> None:
    xl = replace(AXIS, number="+6281755501234", operator="239")
    assert await bundles(channel, xl) == ["797:30000:IDR"]
    axis = await bundles(channel)
    assert len(axis) == 5
    assert not any(product.startswith(("797", "9012", "9013")) for product in axis)


@pytest.mark.parametrize(
    "change",
    [{"operator": None}, {"operator": "9004"}, {"country": "GB"}],
    ids=str,
)
async def test_only_the_confirmed_operators_bundles_are_sold(
    channel: ReloadlyChannel, change: dict[str, str | None]
) -> None:
    line = replace(AXIS, **change)  # type: ignore[arg-type]
    with pytest.raises(Rejected, match="amount_not_offered"):
        await channel.quote(line, SMALL)


async def test_without_a_confirmed_operator_there_is_only_airtime(
    channel: ReloadlyChannel, vendor: ReloadlySimulator
) -> None:
    products = await channel.products(replace(AXIS, operator=None))
    assert [product.id for product in products] == ["243"]
    assert listed(vendor) == 0


async def test_another_currency_of_the_line_sells_no_bundle(
    channel: ReloadlyChannel,
) -> None:
    with pytest.raises(Rejected, match="amount_not_offered"):
        await channel.quote(replace(AXIS, currency="USD"), SMALL)


async def test_the_list_is_read_once_a_day_and_the_offer_each_time(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    for _ in range(3):
        await channel.products(AXIS)
        await channel.quote(AXIS, SMALL)
    assert listed(vendor) == 1
    assert vendor.calls.count("GET /operators/231") == 3
    clock.advance(hours=23, minutes=59)
    await channel.products(AXIS)
    assert listed(vendor) == 1
    clock.advance(minutes=1)
    await channel.products(AXIS)
    assert listed(vendor) == 2


async def test_buying_airtime_asks_for_no_list(
    channel: ReloadlyChannel, vendor: ReloadlySimulator
) -> None:
    price = (await channel.products(replace(AXIS, operator=None)))[0].value
    await channel.quote(AXIS, Wanted(amount=price))
    assert listed(vendor) == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 404},
        {"kind": "huge"},
        {"kind": "deep"},
        {"kind": "garbage"},
        {"kind": "lose_answer"},
        {"kind": "refuse", "status": 409, "code": "COUNTRY_NOT_SUPPORTED"},
        {"kind": "answer", "status": 200, "text": "{}"},
        {"kind": "answer", "status": 200, "text": "null"},
        {"kind": "answer", "status": 200, "text": '{"content": []}'},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
async def test_airtime_is_sold_while_the_list_cannot_be_read(
    channel: ReloadlyChannel,
    vendor: ReloadlySimulator,
    clock: Clock,
    fault: dict[str, object],
) -> None:
    vendor.fault(on=LIST, times=None, **fault)  # type: ignore[arg-type]
    assert [product.id for product in await channel.products(AXIS)] == ["243"]
    tried = listed(vendor)
    assert [product.id for product in await channel.products(AXIS)] == ["243"]
    assert listed(vendor) == tried
    with pytest.raises((Unavailable, Rejected)):
        await channel.quote(AXIS, SMALL)
    vendor.behave()
    assert await bundles(channel) == []
    clock.advance(minutes=15)
    assert len(await bundles(channel)) == 5


async def test_yesterdays_list_serves_while_a_new_one_cannot_be_read(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    before = await bundles(channel)
    clock.advance(hours=24)
    vendor.fault("status", on=LIST, status=503, times=None)
    assert await bundles(channel) == before
    assert (await channel.quote(AXIS, SMALL)).product == SMALL.product
    assert listed(vendor) == 2
    vendor.behave()
    clock.advance(minutes=15)
    assert await bundles(channel) == before
    assert listed(vendor) == 3


def _axis(**changes: object) -> dict[str, object]:
    return {**BY_ID[231].shown(), **changes}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda good: [None, [], 5, "x", {}, *good],
        lambda good: [_axis(id=9, operatorId=9, fx=None), *good],
        lambda good: [_axis(id=None, operatorId=None), *good],
        lambda good: [_axis(id=9, operatorId=9, country={"isoName": "MY"}), *good],
        lambda good: [
            _axis(id=9, operatorId=9, destinationCurrencyCode="USD"),
            *good,
        ],
        lambda good: [_axis(id=9, operatorId=9, name="Axisnet Data"), *good],
        lambda good: [*good, *good],
    ],
)
async def test_a_strange_row_spoils_no_other(
    channel: ReloadlyChannel,
    vendor: ReloadlySimulator,
    spoil: Callable[[Listed], Listed],
) -> None:
    good = [BY_ID[243].shown(), BY_ID[231].shown()]
    text = write(spoil(good))  # type: ignore[arg-type]
    vendor.fault("answer", on=LIST, status=200, text=text)
    assert await bundles(channel) == [
        *("231:12000:IDR", "231:25000:IDR", "231:47000:IDR")
    ]


async def test_a_longer_brand_keeps_its_bundles_to_itself(
    channel: ReloadlyChannel, vendor: ReloadlySimulator
) -> None:
    """Were `Axis Indonesia Data` the data of an operator called `Axis Data`, it is not for AXIS."""
    other = {**BY_ID[243].shown(), "id": 8, "operatorId": 8, "name": "Axis Data"}
    rows = [other, BY_ID[243].shown(), BY_ID[231].shown()]
    vendor.fault("answer", on=LIST, status=200, text=write(rows))
    assert await bundles(channel) == []


async def test_the_list_of_one_country_says_nothing_of_another(
    channel: ReloadlyChannel, vendor: ReloadlySimulator
) -> None:
    await channel.products(AXIS)
    await channel.products(replace(GIFFGAFF, operator="9001"))
    assert f"GET {LIST}" in vendor.calls
    assert "GET /operators/countries/GB" in vendor.calls


async def test_no_more_than_a_thousand_rows_are_read(
    channel: ReloadlyChannel, vendor: ReloadlySimulator
) -> None:
    rows = [BY_ID[243].shown(), BY_ID[231].shown(), *([{}] * 998), BY_ID[9011].shown()]
    vendor.fault("answer", on=LIST, status=200, text=write(rows))
    assert len(await bundles(channel)) == 3
