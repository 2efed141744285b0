"""A whole home whose SIM buys bundles at Reloadly: by a person's choice, and never instead of credit."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.const import DOMAIN
from custom_components.sim_keeper.goods import goods
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Order, State
from custom_components.sim_keeper.texts import harmless

from .home_fixtures import House

SMALL = "231:12000:IDR"


@pytest.fixture
async def sim(house: House) -> MockConfigEntry:
    """Return a SIM that recharges itself with 25000 rupiah."""
    house.account()
    made = house.buying_sim(mode="auto")
    await house.start()
    return made


async def choose(house: House, entry: MockConfigEntry, **rules: Any) -> None:
    """Store other rules, as the options flow does."""
    options = {**entry.options, **rules}
    kept = {key: value for key, value in options.items() if value is not None}
    house.hass.config_entries.async_update_entry(entry, options=kept)
    await house.settle()


async def test_a_bundle_is_bought_by_name_and_is_neither_credit_nor_validity(
    house: House, sim: MockConfigEntry, admin: Context, freezer: FrozenDateTimeFactory
) -> None:
    device = house.device(sim)
    expiry = (dt_util.utcnow() + timedelta(days=90)).date().isoformat()
    await house.call(
        "update_reading", admin, device_id=device, balance="30000", expiry=expiry
    )
    keys = ("balance", "days_left")
    before = [house.shown(sim, key) for key in keys]
    trial = await house.call(
        "recharge", admin, device_id=device, product=SMALL, dry_run=True
    )
    assert (trial["amount"], trial["price"]) == (None, "0.72")
    assert house.vendor.bought == 0
    await house.call("recharge", admin, device_id=device, product=SMALL)
    freezer.tick(60)
    await house.wake()
    await house.wake()
    order = await house.only_order()
    assert order.state is State.CONFIRMED
    assert (order.product, order.value, order.days) == (SMALL, None, None)
    assert order.cost == Money.parse("0.72", "USD")
    (sale,) = house.vendor.world.sales
    assert (sale.order.operator, sale.order.number) == (231, "6283112345678")
    # The vendor told of 12000 rupiah delivered.
    assert [house.shown(sim, key) for key in keys] == before


async def test_a_lost_answer_is_looked_up_and_paid_once(
    house: House, sim: MockConfigEntry, admin: Context, freezer: FrozenDateTimeFactory
) -> None:
    house.vendor.fault("lose_answer")
    await house.call("recharge", admin, device_id=house.device(sim), product=SMALL)
    assert (await house.only_order()).state is State.UNKNOWN
    freezer.tick(185)
    await house.wake()
    assert (await house.only_order()).state is State.CONFIRMED
    assert house.vendor.bought == 1


async def test_a_bundle_that_became_dearer_waits_for_a_person(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    """The question names a price; the yes to it is none to a higher one."""
    await choose(house, sim, mode="ask", product=SMALL, amount=None)
    await house.low_balance()
    order = await house.only_order()
    assert (order.state, order.product) == (State.ASKED, SMALL)
    house.vendor.fault("price_rise", on="/operators/231", times=None)
    with pytest.raises(HomeAssistantError):
        await house.call("approve", admin, device_id=house.device(sim))
    assert house.vendor.bought == 0
    (again,) = await house.orders(State.ASKED)
    assert again.id != order.id
    # 0.78 and 25 %
    assert again.price == Money.parse("0.98", "USD")


async def test_a_question_about_a_bundle_names_it(
    house: House, sim: MockConfigEntry
) -> None:
    await choose(house, sim, mode="ask", product=SMALL, amount=None)
    await house.low_balance()
    order = await house.only_order()
    assert shown_in_repair(house, order) == "Axis Indonesia Data: 1GB 30 days"
    # What stands no longer on the list, or on none that was read, has its id.
    assert goods(house.hass, replace(order, product="231:9:IDR")) == "231:9:IDR"
    gone = replace(order, sim="ZZZZZZZZZZ")
    assert goods(house.hass, gone) == SMALL


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        # A comma more or less is ten times as much.
        (
            "Paket 1,5 GB + 1/2 GB (30 Hari), 50%",
            "Paket 1,5 GB + 1/2 GB (30 Hari), 50%",
        ),
        ("[here](https://x.example) <b>*1*</b>", "here(https:/x.example) b1/b"),
        ("★", ""),
    ],
)
def test_a_provider_s_words_are_shown_without_markup(told: str, shown: str) -> None:
    assert harmless(told) == shown


def shown_in_repair(house: House, order: Order) -> str:
    issue = ir.async_get(house.hass).async_get_issue(DOMAIN, f"question_{order.id}")
    assert issue is not None
    return (issue.translation_placeholders or {})["amount"]


@pytest.mark.parametrize(
    "fault", ["operator_inactive", "operator_reassigned", "amount_gone"]
)
async def test_a_bundle_that_is_gone_is_not_bought(
    house: House, sim: MockConfigEntry, admin: Context, fault: str
) -> None:
    house.vendor.fault(fault, on="/operators/231", times=None)
    with pytest.raises(HomeAssistantError):
        await house.call("recharge", admin, device_id=house.device(sim), product=SMALL)
    assert not [call for call in house.vendor.calls if "POST /topups" in call]
    assert await house.orders() == []


async def test_the_bundle_of_another_brand_is_not_bought(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    with pytest.raises(HomeAssistantError):
        await house.call(
            "recharge", admin, device_id=house.device(sim), product="797:30000:IDR"
        )
    assert house.vendor.bought == 0


async def test_the_cheapest_way_to_stay_alive_is_never_a_bundle(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    """The smallest bundle costs less than what buys a month."""
    await choose(
        house, sim, cheapest=True, days_before=10, amount=None, low_balance=None
    )
    expiry = (dt_util.utcnow() + timedelta(days=5)).date().isoformat()
    device = house.device(sim)
    await house.call("update_reading", admin, device_id=device, expiry=expiry)
    await house.settle()
    order = await house.only_order()
    assert order.product == "243"
    assert order.value is not None
    assert all(sale.order.operator == 243 for sale in house.vendor.world.sales)


async def test_a_date_that_a_bundle_does_not_move_buys_it_once(
    house: House, sim: MockConfigEntry, admin: Context, freezer: FrozenDateTimeFactory
) -> None:
    """Bought daily until the cap, it would keep the number alive no more than once."""
    await choose(
        *(house, sim),
        product=SMALL,
        amount=None,
        low_balance=None,
        days_before=10,
    )
    device = house.device(sim)
    for bought in (1, 2):
        expiry = (dt_util.utcnow() + timedelta(days=8)).date().isoformat()
        await house.call("update_reading", admin, device_id=device, expiry=expiry)
        for _ in range(4):
            await house.wake()
            freezer.tick(timedelta(hours=13))
        assert [sale.order.operator for sale in house.vendor.world.sales] == [
            231
        ] * bought
        # Only a person, or a source, says until when the number is valid now.
        freezer.tick(timedelta(days=1))


async def test_an_evaluation_asks_for_no_promotions(
    house: House, sim: MockConfigEntry
) -> None:
    await house.low_balance()
    assert house.vendor.bought == 1
    assert not [call for call in house.vendor.calls if "/promotions" in call]
