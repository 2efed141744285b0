"""Sensors."""

import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.sim_keeper.keeper.doors import Paid, Typed
from custom_components.sim_keeper.keeper.money import Money
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from .conftest import ADMIN, House


async def test_values_of_a_sim_with_validity(house: House) -> None:
    sim = house.sim()
    await house.start()

    def value(key: str) -> str:
        return house.state("sensor", sim, key).state

    assert value("balance") == "12000.00"
    # The last second of the day in Jakarta.
    assert value("expiry") == "2026-12-11T16:59:59+00:00"
    assert value("keep_alive_deadline") == value("expiry")
    assert value("days_left") == "21"
    assert value("stage") == "active"
    assert value("last_recharge") == "unknown"
    # 14 days before, at the start of the day in Jakarta.
    assert value("next_recharge") == "2026-11-26T17:00:00+00:00"
    assert value("spent_this_month") == "0.00"
    attributes = house.state("sensor", sim, "keep_alive_deadline").attributes
    assert attributes["clock"] == "validity"
    assert attributes["estimated"] is False
    assert attributes["outdated"] is False
