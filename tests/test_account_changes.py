"""An account is reloaded, gets another login or fails, while an order goes through it."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import aiohttp
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Context
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import sim_keeper
from custom_components.sim_keeper.channels import PROVIDERS
from custom_components.sim_keeper.channels.http import open_session
from custom_components.sim_keeper.const import DOMAIN
from custom_components.sim_keeper.keeper.engine import Engine
from custom_components.sim_keeper.keeper.orders import Order, State
from custom_components.sim_keeper.market import market_of

from .config_flow.builders import ACCOUNT_ID, AXIS_TOO, EPOCH
from .home_fixtures import House
from .test_sequence import action as connect_action

GOT_THROUGH = (State.PENDING, State.CONFIRMED)


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[aiohttp.ClientSession]:
    """Return the sessions that accounts were opened with, oldest first."""
    opened: list[aiohttp.ClientSession] = []

    def noted(*args: Any) -> aiohttp.ClientSession:
        opened.append(open_session(*args))
        return opened[-1]

    monkeypatch.setattr(sim_keeper, "open_session", noted)
    return opened


async def sending(
    house: House, sim: MockConfigEntry, caller: Context
) -> asyncio.Task[Any]:
    """Begin a recharge, and return once the vendor has heard of it."""
    call: Coroutine[Any, Any, Any] = house.hass.services.async_call(
        "sim_keeper",
        "recharge",
        {"device_id": house.device(sim)},
        blocking=True,
        context=caller,
        return_response=True,
    )
    task = asyncio.ensure_future(call)
    async with asyncio.timeout(5):
        while not any(call.startswith("POST /topups") for call in house.vendor.calls):
            await asyncio.sleep(0.01)
    return task


async def wallet_reads(house: House, number: int) -> None:
    """Wait until the wallet has been asked for so many times."""
    async with asyncio.timeout(5):
        while house.vendor.calls.count("GET /accounts/balance") < number:
            await asyncio.sleep(0.01)


async def one_order(house: House, *states: State) -> Order:
    """Return the only order, which the vendor was paid for once."""
    order = await house.only_order()
    assert order.state in states
    assert house.vendor.bought == 1
    return order


async def test_a_reload_lets_the_order_finish_its_record(
    house: House, admin: Context, sessions: list[aiohttp.ClientSession]
) -> None:
    account = house.account()
    sim = house.buying_sim()
    await house.start()
    house.vendor.fault("slow", seconds=2)
    call = await sending(house, sim, admin)
    reload = asyncio.ensure_future(
        house.hass.config_entries.async_reload(account.entry_id)
    )
    await wallet_reads(house, 2)
    await asyncio.sleep(0.2)
    # The wallet was read anew; but no second order is sent beside the first one.
    assert not call.done()
    assert house.home.channel(ACCOUNT_ID) is None
    assert await reload
    assert house.home.channel(ACCOUNT_ID) is not None
    assert (await call)["state"] in GOT_THROUGH
    await house.settle()
    await one_order(house, *GOT_THROUGH)
    assert [session.closed for session in sessions] == [True, False]


async def test_a_new_login_lets_the_order_finish_its_record(
    house: House, admin: Context
) -> None:
    account = house.account()
    login = account.data["login"]
    unique_id = PROVIDERS["reloadly"].account_id(login)
    house.hass.config_entries.async_update_entry(account, unique_id=unique_id)
    sim = house.buying_sim(account=unique_id)
    await house.start()
    house.vendor.fault("slow", seconds=1)
    call = await sending(house, sim, admin)
    flow = await account.start_reauth_flow(house.hass)
    done = await house.hass.config_entries.flow.async_configure(
        flow["flow_id"], {key: login[key] for key in ("client_id", "client_secret")}
    )
    assert done["reason"] == "reauth_successful"
    assert (await call)["state"] in GOT_THROUGH
    await house.settle()
    await one_order(house, *GOT_THROUGH)
    assert account.state is ConfigEntryState.LOADED


async def test_an_account_that_is_removed_lets_the_order_finish_its_record(
    house: House, admin: Context, sessions: list[aiohttp.ClientSession]
) -> None:
    account = house.account()
    sim = house.buying_sim()
    await house.start()
    house.vendor.fault("slow", seconds=1)
    call = await sending(house, sim, admin)
    await house.hass.config_entries.async_remove(account.entry_id)
    assert not call.done()
    assert house.home.channel(ACCOUNT_ID) is None
    assert (await call)["state"] in GOT_THROUGH
    await house.settle()
    await one_order(house, *GOT_THROUGH)
    assert [session.closed for session in sessions] == [True]


async def test_a_vendor_that_never_answers_does_not_hold_an_account_for_ever(
    house: House,
    admin: Context,
    sessions: list[aiohttp.ClientSession],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("custom_components.sim_keeper.home.SENDS_END_IN_S", 0.2)
    account = house.account()
    sim = house.buying_sim()
    await house.start()
    house.vendor.fault("hang_after", seconds=60)
    call = await sending(house, sim, admin)
    async with asyncio.timeout(5):
        assert await house.hass.config_entries.async_reload(account.entry_id)
        assert (await call)["state"] == State.UNKNOWN
    await house.settle()
    await one_order(house, State.UNKNOWN)
    assert [session.closed for session in sessions] == [True, False]


async def test_nothing_is_bought_through_an_account_before_its_wallet_was_read(
    house: House, sessions: list[aiohttp.ClientSession]
) -> None:
    """A set-up that fails would cut off what was begun meanwhile."""
    account = house.account()
    house.buying_sim(mode="auto")
    await house.start()
    house.vendor.fault("slow", on="/accounts/balance", seconds=0.3)
    house.vendor.fault("status", on="/accounts/balance", status=503, times=None)
    reload = asyncio.ensure_future(
        house.hass.config_entries.async_reload(account.entry_id)
    )
    await wallet_reads(house, 2)
    await house.low_balance()
    await reload
    assert account.state is ConfigEntryState.SETUP_RETRY
    assert house.home.channel(ACCOUNT_ID) is None
    await house.settle()
    assert not any(call.startswith("POST /topups") for call in house.vendor.calls)
    assert [session.closed for session in sessions] == [True, True]


async def test_an_account_that_comes_up_late_is_asked_for_its_prices(
    house: House,
) -> None:
    house.account()
    house.buying_sim()
    house.vendor.fault("slow", on="/accounts/balance", seconds=0.3)
    await house.start()
    assert market_of(house.hass).known(house.home.engine.sims[EPOCH]) is not None


async def test_an_account_comes_up_though_nothing_can_be_written_down(
    house: House, sessions: list[aiohttp.ClientSession]
) -> None:
    house.buying_sim(mode="auto")
    await house.start()
    await house.low_balance()
    account = house.account()
    await house.home.engine.desk.close()
    assert await house.hass.config_entries.async_setup(account.entry_id)
    assert house.home.channel(ACCOUNT_ID) is not None
    assert await house.hass.config_entries.async_unload(account.entry_id)
    await house.settle()
    assert house.home.channel(ACCOUNT_ID) is None
    assert [session.closed for session in sessions] == [True]
    assert house.vendor.bought == 0


async def test_the_engine_hears_at_which_address_an_account_works(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, str]] = []
    at = Engine.account_at

    async def noted(engine: Engine, account: str, address: str) -> None:
        assert house.home.channel(account) is None, "it could be used already"
        heard.append((account, address))
        await at(engine, account, address)

    monkeypatch.setattr(Engine, "account_at", noted)
    account = house.account()
    action = connect_action(house.hass)
    await house.start()
    assert sorted(heard) == sorted(
        [(str(account.unique_id), house.vendor.url), (str(action.unique_id), "")]
    )


# -- Its money ------------------------------------------------------------------------------


async def test_a_limit_in_money_that_no_longer_pays_makes_a_sim_ask(
    house: House,
) -> None:
    """The household's limit would allow it, but nobody has agreed to what this number may cost."""
    account = house.account()
    house.household(monthly_caps={"USD": "100.00"})
    sim = house.buying_sim(mode="auto", monthly_cap="1.00", cap_currency="EUR")
    # One that buys nothing has no need of a limit.
    house.buying_sim(
        mode="remind",
        number=AXIS_TOO,
        epoch="BBBBBBBBBB",
        monthly_cap="1.00",
        cap_currency="EUR",
    )
    await house.start()
    await house.low_balance()
    order = await house.only_order()
    assert (order.state, order.why["reason"]) == (State.ASKED, "no_cap")
    assert house.vendor.bought == 0
    assert limit_void(house, "BBBBBBBBBB") is None
    told = limit_void(house)
    assert told is not None
    assert (told["limit"], told["currency"]) == ("1 EUR", "USD")
    assert account.data["wallet_currency"] == "USD"

    dollars = {**sim.options, "monthly_cap": "10.00", "cap_currency": "USD"}
    house.hass.config_entries.async_update_entry(sim, options=dollars)
    await house.settle()
    assert limit_void(house) is None


def limit_void(house: House, epoch: str = EPOCH) -> dict[str, str] | None:
    """Return what a repair tells of a limit that holds no longer."""
    issue = ir.async_get(house.hass).async_get_issue(DOMAIN, f"limit_void_{epoch}")
    return None if issue is None else dict(issue.translation_placeholders or {})
