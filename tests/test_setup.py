"""Entries whose set-up fails, and what the engine keeps of them."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
import pytest

from custom_components import sim_keeper
from custom_components.sim_keeper import select
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.sim import Mode

from .config_flow.builders import EPOCH
from .home_fixtures import House

DAMAGED = ["what was known of the carrier"]
"""In the place of a mapping; it is read after the engine has heard of the SIM."""


async def test_a_sim_whose_set_up_fails_buys_nothing(house: House) -> None:
    house.account()
    sim = house.buying_sim(mode="auto")
    await house.start()
    house.hass.config_entries.async_update_entry(
        sim, data={**sim.data, "carrier_rule": DAMAGED}
    )
    assert not await house.hass.config_entries.async_reload(sim.entry_id)
    assert sim.state is ConfigEntryState.SETUP_ERROR
    await house.low_balance()
    assert house.home.engine.sims == {}
    assert await house.orders() == []
    # A change that would come too late for an engine that still had it.
    data = {**sim.data, "carrier_rule": {}}
    options = {**sim.options, "mode": "ask"}
    house.hass.config_entries.async_update_entry(sim, data=data, options=options)
    assert await house.hass.config_entries.async_reload(sim.entry_id)
    await house.settle()
    assert set(house.home.engine.sims) == {EPOCH}
    assert (await house.only_order()).state is State.ASKED
    assert house.vendor.bought == 0


@pytest.mark.parametrize(
    ("module", "name"),
    [
        # Before anybody listens to the entry, and after that.
        (sim_keeper, "async_compare_carrier"),
        (select, "async_setup_entry"),
    ],
)
async def test_rules_that_change_while_a_sim_is_set_up_count(
    house: House, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    house.account()
    sim = house.buying_sim(mode="auto")
    as_before = getattr(module, name)

    async def meanwhile(*args: Any) -> None:
        off = {**sim.options, "mode": "off"}
        house.hass.config_entries.async_update_entry(sim, options=off)
        await as_before(*args)

    monkeypatch.setattr(module, name, meanwhile)
    await house.start()
    assert house.home.engine.sims[EPOCH].rules.mode is Mode.OFF
    await house.low_balance()
    assert await house.orders() == []
