"""System health: whether all is well, at a glance."""

from pathlib import Path
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import get_system_health_info

from custom_components.sim_keeper.const import DOMAIN

from .home_fixtures import House
from .test_translations import EN


async def info(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the system information shows of us."""
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    shown: dict[str, Any] = await get_system_health_info(hass, DOMAIN)
    assert set(shown) == set(EN["system_health"]["info"])
    return shown


async def test_a_home_that_works(house: House, admin: Context) -> None:
    house.account()
    sim = house.buying_sim()
    await house.start()
    house.vendor.fault("lose_answer")
    await house.call("recharge", admin, device_id=house.device(sim))
    assert await info(house.hass) == {
        "sims": 1,
        "ledger": "ok",
        "orders_in_flight": 1,
        "spending_stopped": False,
        "frozen": False,
    }


async def test_a_home_that_is_frozen(house: House) -> None:
    Path(house.hass.config.path("sim_keeper.db")).write_text("no ledger at all")
    house.sim()
    await house.start()
    assert await info(house.hass) == {
        "sims": 1,
        "ledger": "damaged",
        "orders_in_flight": None,
        "spending_stopped": None,
        "frozen": True,
    }
