"""Home Assistant stops while an order is on its way."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from homeassistant.core import Context
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.orders import Order, State

from .config_flow.builders import AXIS_TOO
from .home_fixtures import House


def bought_by(
    house: House, entry: MockConfigEntry, caller: Context
) -> Coroutine[Any, Any, Any]:
    """Call for a recharge, without waiting until the home has come to rest."""
    return house.hass.services.async_call(
        "sim_keeper",
        "recharge",
        {"device_id": house.device(entry)},
        blocking=True,
        context=caller,
        return_response=True,
    )


async def posted(house: House) -> None:
    """Wait until the vendor has heard of a purchase."""
    async with asyncio.timeout(5):
        while not any(call.startswith("POST /topups") for call in house.vendor.calls):
            await asyncio.sleep(0.01)


def left_behind(house: House) -> list[Order]:
    """Return the orders that the ledger holds once everything has ended."""
    ledger = Ledger.open(
        Path(house.hass.config.path("sim_keeper.db")),
        expected=True,
        fresh_uuid="x" * 32,
        now=dt_util.utcnow(),
    )
    try:
        return list(ledger.in_state(*State))
    finally:
        ledger.close()


async def test_an_order_whose_answer_is_awaited_finishes_its_record(
    house: House, admin: Context
) -> None:
    house.account()
    sim = house.buying_sim()
    await house.start()
    house.vendor.fault("slow", seconds=1)
    call = asyncio.ensure_future(bought_by(house, sim, admin))
    await posted(house)
    await house.hass.async_stop()
    assert (await call)["state"] in (State.PENDING, State.CONFIRMED)
    (order,) = left_behind(house)
    assert order.state in (State.PENDING, State.CONFIRMED)
    assert house.vendor.bought == 1


async def test_an_order_whose_answer_does_not_come_is_left_to_the_next_start(
    house: House,
    admin: Context,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("custom_components.sim_keeper.keeper.engine.STOP_WAITS_S", 0.2)
    house.account()
    sim = house.buying_sim()
    await house.start()
    house.vendor.fault("hang_after", seconds=60)
    call = asyncio.ensure_future(bought_by(house, sim, admin))
    await posted(house)
    async with asyncio.timeout(5):
        await house.hass.async_stop()
    with pytest.raises(asyncio.CancelledError):
        await call
    (order,) = left_behind(house)
    assert order.state is State.SENDING
    assert "it is looked up later" in caplog.text


async def test_nothing_new_begins_while_an_order_is_let_end(
    house: House, admin: Context
) -> None:
    house.account()
    sim = house.buying_sim()
    other = house.buying_sim(number=AXIS_TOO, epoch="KLMNOPQRST", title="Other")
    await house.start()
    house.vendor.fault("slow", seconds=1)
    call = asyncio.ensure_future(bought_by(house, sim, admin))
    await posted(house)
    stopped = asyncio.ensure_future(house.hass.async_stop())
    await asyncio.sleep(0)
    with pytest.raises(ServiceValidationError) as refused:
        await bought_by(house, other, admin)
    assert refused.value.translation_key == "stopping"
    await stopped
    await call
    assert [order.sim for order in left_behind(house)] == [sim.data["epoch"]]
    assert house.vendor.bought == 1
