"""A whole home whose SIM is recharged through a provider of fixed products, IAK."""

from collections.abc import AsyncGenerator

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.channels import PROVIDERS
from custom_components.sim_keeper.const import DOMAIN
from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import State

from .home_fixtures import House
from .vendors.iak import API_KEY, USERNAME, IakSimulator, Order as Sold, Plan
from .vendors.iak.world import FAILED


@pytest.fixture
async def wholesaler(socket_enabled: None) -> AsyncGenerator[IakSimulator]:
    """Return a wholesaler that listens on loopback."""
    async with IakSimulator(now=dt_util.utcnow) as simulator:
        yield simulator


@pytest.fixture
def account(hass: HomeAssistant, wholesaler: IakSimulator) -> MockConfigEntry:
    """Return the account there."""
    login = {
        "username": USERNAME,
        "api_key": API_KEY,
        "environment": "development",
        "base_url": wholesaler.url,
    }
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="IAK",
        data={
            "kind": "account",
            "provider": "iak",
            "login": login,
            "wallet_currency": "IDR",
        },
        unique_id=PROVIDERS["iak"].account_id(login),
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def sim(house: House, account: MockConfigEntry) -> MockConfigEntry:
    """Return a SIM that recharges itself there."""
    made = house.buying_sim(
        account=account.unique_id,
        operator="axis",
        mode="auto",
        amount="25000.00",
        monthly_cap="100000.00",
        cap_currency="IDR",
    )
    await house.start()
    return made


async def test_a_low_balance_is_recharged_with_the_days_of_the_product(
    house: House,
    sim: MockConfigEntry,
    account: MockConfigEntry,
    wholesaler: IakSimulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    await house.low_balance()
    assert (await house.only_order()).state is State.PENDING
    freezer.tick(60)
    await house.wake()
    # What the look found is shown by the evaluation that it asks for.
    await house.wake()
    order = await house.only_order()
    assert order.state is State.CONFIRMED
    assert order.cost == Money.parse("25800", "IDR")
    assert (order.product, order.days) == ("haxis25000", 30)
    assert order.receipt
    (sale,) = wholesaler.world.bought
    assert (sale.order.number, sale.cost) == ("083112345678", 25800)
    assert float(house.shown(sim, "balance")) == 26000
    assert house.shown(sim, "days_left") == "30"
    assert float(house.shown(account, "wallet_balance")) == 5_000_000 - 25_800


async def test_a_lost_answer_is_looked_up_and_paid_once(
    house: House,
    sim: MockConfigEntry,
    wholesaler: IakSimulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    wholesaler.fault("lose_answer")
    await house.low_balance()
    assert (await house.only_order()).state is State.UNKNOWN
    freezer.tick(125)
    await house.wake()
    assert (await house.only_order()).state is State.CONFIRMED
    assert wholesaler.bought == 1


async def test_a_lost_request_is_sent_once_more_under_the_same_key(
    house: House,
    sim: MockConfigEntry,
    wholesaler: IakSimulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    wholesaler.fault("lose_request")
    await house.low_balance()
    for seconds in (125, 180):
        freezer.tick(seconds)
        await house.wake()
        assert (await house.only_order()).state is State.UNKNOWN
        assert wholesaler.bought == 0
    freezer.tick(180)
    await house.wake()
    assert (await house.only_order()).state is State.PENDING
    assert wholesaler.calls.count("POST /api/top-up") == 2
    assert wholesaler.bought == 1


async def test_a_refused_order_is_tried_again_under_the_key_that_is_free(
    house: House,
    sim: MockConfigEntry,
    wholesaler: IakSimulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    wholesaler.fault("fail_later", seconds=5)
    await house.low_balance()
    freezer.tick(60)
    await house.wake()
    assert (await house.only_order()).state is State.REJECTED
    assert wholesaler.bought == 0
    freezer.tick(26 * 3600)
    await house.low_balance()
    orders = await house.orders()
    assert [order.state for order in orders] == [State.REJECTED, State.PENDING]
    assert [sale.order.ref[-1] for sale in wholesaler.world.sales] == ["0", "1"]


async def test_another_amount_after_a_failure_is_not_taken_for_the_failed_one(
    house: House,
    sim: MockConfigEntry,
    admin: Context,
    wholesaler: IakSimulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A refused order that the vendor kept, though nothing had told so."""
    wholesaler.fault("refuse", code="10", status=200)
    device = house.device(sim)
    await house.call("recharge", admin, device_id=device, amount="25000")
    refused = await house.only_order()
    assert refused.state is State.REJECTED
    key = await house.home.engine.desk.read(Ledger.attempt, refused.id)
    number = "083112345678"
    kept = Sold(ref=key.key, number=number, product="haxis25000")
    wholesaler.world.sell(kept, Plan(end=FAILED, code="10", takes_s=0))
    freezer.tick(60)
    await house.call("recharge", admin, device_id=device, amount="10000")
    (sale,) = wholesaler.world.bought
    assert (sale.order.product, sale.order.ref[-1]) == ("haxis10000", "1")


async def test_a_data_package_is_bought_by_name_and_prolongs_nothing(
    house: House,
    sim: MockConfigEntry,
    admin: Context,
    wholesaler: IakSimulator,
    freezer: FrozenDateTimeFactory,
) -> None:
    device = house.device(sim)
    before = house.shown(sim, "days_left")
    trial = await house.call(
        "recharge", admin, device_id=device, product="axisdata5", dry_run=True
    )
    assert (trial["amount"], trial["price"]) == (None, "43100.00")
    answer = await house.call("recharge", admin, device_id=device, product="axisdata5")
    assert (answer["amount"], answer["product"]) == (None, "axisdata5")
    assert (answer["price"], answer["price_currency"]) == ("43100.00", "IDR")
    freezer.tick(60)
    await house.wake()
    await house.wake()
    order = await house.only_order()
    assert order.state is State.CONFIRMED
    assert (order.value, order.days) == (None, None)
    assert order.cost == Money.parse("43100", "IDR")
    assert house.shown(sim, "days_left") == before
    assert wholesaler.bought == 1


async def test_an_amount_between_the_steps_is_refused_before_anything_is_sent(
    house: House, sim: MockConfigEntry, admin: Context, wholesaler: IakSimulator
) -> None:
    with pytest.raises(HomeAssistantError):
        await house.call("recharge", admin, device_id=house.device(sim), amount="12345")
    assert "POST /api/top-up" not in wholesaler.calls
