"""Flows alone: entries are made and changed, but nothing behind them is started."""

from collections.abc import AsyncGenerator, Generator
from unittest.mock import AsyncMock, patch

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.vendors.reloadly import CLIENT_ID, CLIENT_SECRET, ReloadlySimulator

from .builders import Flows, account_entry


@pytest.fixture(autouse=True)
def set_up() -> Generator[AsyncMock]:
    """Stand in for setting up entries; the tests of `__init__` do it for real."""
    with (
        patch("custom_components.sim_keeper.async_setup", return_value=True),
        patch("custom_components.sim_keeper.async_unload_entry", return_value=True),
        patch("custom_components.sim_keeper.async_remove_entry", return_value=True),
        patch(
            "custom_components.sim_keeper.async_setup_entry", return_value=True
        ) as set_up_entry,
    ):
        yield set_up_entry


@pytest.fixture
async def flows(hass: HomeAssistant) -> Flows:
    """Return a driver of flows."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    return Flows(hass)


@pytest.fixture
async def vendor(
    socket_enabled: None,
) -> AsyncGenerator[ReloadlySimulator]:
    """Return a provider that knows AXIS."""
    async with ReloadlySimulator() as simulator:
        yield simulator


@pytest.fixture
def account(hass: HomeAssistant, vendor: ReloadlySimulator) -> MockConfigEntry:
    """Return an account at the simulator."""
    return account_entry(
        hass, vendor.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET
    )
