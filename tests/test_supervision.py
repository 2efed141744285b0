"""A whole home where money is real: the first automatic recharge waits for a person's yes."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.channels.reloadly import channel
from custom_components.sim_keeper.const import DOMAIN
from custom_components.sim_keeper.keeper.orders import State

from .config_flow.builders import Flows
from .home_fixtures import House

THREE_DAYS = 3 * 86400


@pytest.fixture
def account(house: House, monkeypatch: pytest.MonkeyPatch) -> MockConfigEntry:
    """Return an account whose channel takes the simulator for the provider itself."""
    monkeypatch.setattr(channel, "is_loopback", lambda _url: False)
    entry = house.account()
    login = {**entry.data["login"], "environment": "live"}
    house.hass.config_entries.async_update_entry(
        entry, data={**entry.data, "login": login}
    )
    return entry


async def a_yes(house: House, admin: Context, freezer: FrozenDateTimeFactory) -> None:
    """Approve the question there is, and let the provider come to an end with it."""
    (asked,) = await house.orders(State.ASKED)
    await house.call("approve", admin, order_id=asked.id)
    await passes(house, freezer)


async def passes(house: House, freezer: FrozenDateTimeFactory) -> None:
    """Let a quarter of an hour pass."""
    for _ in range(3):
        freezer.tick(300)
        await house.wake()


async def test_one_delivered_yes_opens_the_automatic_recharges_of_an_account(
    house: House,
    account: MockConfigEntry,
    admin: Context,
    freezer: FrozenDateTimeFactory,
) -> None:
    sim = house.buying_sim(mode="auto")
    await house.start()
    await house.low_balance()
    asked = await house.only_order()
    assert (asked.state, asked.why["reason"]) == (State.ASKED, "supervision")
    assert house.vendor.bought == 0
    # Wherever it is answered it says why.
    issue = ir.async_get(house.hass).async_get_issue(DOMAIN, f"question_{asked.id}")
    assert issue is not None
    why = (issue.translation_placeholders or {})["why"]
    assert why.startswith("\n\nThe first recharge through an account needs your yes.")
    (item,) = await house.to_do()
    assert why.strip() in item["description"].split("\n")

    await a_yes(house, admin, freezer)
    assert (await house.only_order()).state is State.CONFIRMED
    freezer.tick(THREE_DAYS)
    await house.low_balance()
    await passes(house, freezer)
    orders = await house.orders()
    assert [order.state for order in orders] == [State.CONFIRMED] * 2
    assert [order.why["reason"] for order in orders] == ["supervision", "due"]
    assert house.vendor.bought == 2
    assert float(house.shown(sim, "balance")) == 26000


@pytest.mark.parametrize("shadow", [False, True])
async def test_the_preview_tells_that_the_first_one_is_asked_about(
    house: House,
    account: MockConfigEntry,
    admin: Context,
    freezer: FrozenDateTimeFactory,
    shadow: bool,
) -> None:
    sim = house.buying_sim(mode="auto")
    await house.start()
    # In a trial run as well: the question is real.
    assert await is_told(house, sim, shadow)
    await house.low_balance()
    await a_yes(house, admin, freezer)
    assert not await is_told(house, sim, shadow)


async def test_the_preview_tells_what_comes_after_the_one_yes(
    house: House, account: MockConfigEntry
) -> None:
    sim = house.buying_sim(mode="auto", operator=None)
    await house.start()
    flows = Flows(house.hass)
    await flows.options(sim)
    await flows.submit()
    told = [line for line in flows.preview if "asked first" in line]
    assert ["first recharge through" in told[0], "operator" in told[1]] == [True] * 2


async def is_told(house: House, sim: MockConfigEntry, shadow: bool) -> bool:
    """Tell whether the preview of the rules says that the first order needs a yes."""
    flows = Flows(house.hass)
    await flows.options(sim)
    await flows.submit(state={"shadow": shadow})
    (told,) = [line for line in flows.preview if "asked first" in line] or [""]
    return "first recharge through an account" in told


async def test_a_yes_that_failed_opens_nothing(
    house: House,
    account: MockConfigEntry,
    admin: Context,
    freezer: FrozenDateTimeFactory,
) -> None:
    house.buying_sim(mode="auto")
    await house.start()
    await house.low_balance()
    house.vendor.fault("fail_later", seconds=5)
    await a_yes(house, admin, freezer)
    assert (await house.only_order()).state is State.REJECTED
    freezer.tick(THREE_DAYS)
    await house.low_balance()
    *_, newest = await house.orders()
    assert (newest.state, newest.why["reason"]) == (State.ASKED, "supervision")
    assert house.vendor.bought == 0
