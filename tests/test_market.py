"""Price lists: read through a channel, remembered for a while."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from homeassistant.util.ssl import get_default_context
import pytest

from custom_components.sim_keeper.channels.http import open_session
from custom_components.sim_keeper.channels.reloadly import ReloadlyChannel
from custom_components.sim_keeper.keeper.carrier_data import load_carriers
from custom_components.sim_keeper.keeper.errors import Unavailable
from custom_components.sim_keeper.keeper.sim import Mode, Rules, Sim
from custom_components.sim_keeper.market import Market

from .vendors.reloadly import CLIENT_ID, CLIENT_SECRET, ReloadlySimulator, SoldPromotion

NOW = datetime(2026, 11, 20, 5, tzinfo=UTC)
SIM = Sim(
    epoch="ABCDEFGHIJ",
    number="+6283112345678",
    country="ID",
    currency="IDR",
    zone=ZoneInfo("Asia/Jakarta"),
    carrier=load_carriers()["axis_id"],
    account="reloadly:one",
    operator="243",
    rules=Rules(mode=Mode.ASK),
)


@pytest.fixture
async def channel(vendor: ReloadlySimulator) -> AsyncGenerator[ReloadlyChannel]:
    """Return the account of the simulated vendor."""
    login = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "environment": "live",
        "base_url": vendor.url,
    }
    async with open_session(get_default_context()) as session:
        yield ReloadlyChannel(session, login)


async def test_a_list_is_remembered(channel: ReloadlyChannel) -> None:
    market = Market()
    assert market.known(SIM) is None
    assert market.is_stale(SIM, NOW)
    prices = await market.read(SIM, channel, NOW)
    assert [product.id for product in prices.products][:2] == ["243", "231:12000:IDR"]
    assert market.known(SIM) == prices
    assert not market.is_stale(SIM, NOW + timedelta(hours=23))
    assert market.is_stale(SIM, NOW + timedelta(hours=24))


async def test_a_list_that_was_just_read_is_not_read_again(
    channel: ReloadlyChannel, vendor: ReloadlySimulator
) -> None:
    market = Market()
    prices = await market.read(SIM, channel, NOW)
    vendor.fault("status", on="/operators/243", status=503, times=None)
    assert await market.read(SIM, channel, NOW + timedelta(minutes=14)) == prices
    with pytest.raises(Unavailable):
        await market.read(SIM, channel, NOW + timedelta(minutes=15))
    # What was read before is still known.
    assert market.known(SIM) == prices


async def test_a_list_that_cannot_be_read_waits_a_while(
    channel: ReloadlyChannel, vendor: ReloadlySimulator
) -> None:
    market = Market()
    vendor.fault("status", on="/operators/243", status=503, times=None)
    with pytest.raises(Unavailable):
        await market.read(SIM, channel, NOW)
    assert not market.is_stale(SIM, NOW + timedelta(hours=5))
    assert market.is_stale(SIM, NOW + timedelta(hours=6))


async def test_promotions_are_asked_for_only_when_a_person_looks(
    channel: ReloadlyChannel, vendor: ReloadlySimulator
) -> None:
    vendor.promotions = [SoldPromotion(id=1, operator=243, title="Double")]
    market = Market()
    prices = await market.read(SIM, channel, NOW)
    assert not any("/promotions" in call for call in vendor.calls)
    seen = await market.look(SIM, channel, NOW)
    (promotion,) = seen.products[0].promotions
    assert promotion.title == "Double"
    assert {choice.promotions for choice in seen.choices() if choice.credit} == {
        (promotion,)
    }
    # What plans and forecasts are made from stays without.
    assert market.known(SIM) == prices
    assert await market.read(SIM, channel, NOW) == prices


async def test_a_list_is_seen_without_promotions_that_cannot_be_read(
    channel: ReloadlyChannel, vendor: ReloadlySimulator
) -> None:
    vendor.fault("status", on="/promotions", status=503, times=None)
    market = Market()
    seen = await market.look(SIM, channel, NOW)
    assert seen == market.known(SIM)
    vendor.fault("status", on="/operators/243", status=503, times=None)
    assert await market.look(SIM, channel, NOW + timedelta(minutes=14)) == seen
    with pytest.raises(Unavailable):
        await market.look(SIM, channel, NOW + timedelta(minutes=15))


async def test_each_line_has_its_own_list(channel: ReloadlyChannel) -> None:
    market = Market()
    await market.read(SIM, channel, NOW)
    assert market.known(replace(SIM, operator="9002")) is None
    assert market.known(replace(SIM, account="reloadly:two")) is None
    # A carrier that was corrected changes the days, not the list.
    again = market.known(replace(SIM, carrier=load_carriers()["xl_id"]))
    assert again is not None
    assert again.carrier.id == "xl_id"
