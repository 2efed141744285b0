"""Diagnostics: enough to find a fault, and nothing that must not leave the house."""

import json
from pathlib import Path
from typing import Any

from homeassistant.core import Context
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.const import DOMAIN
from custom_components.sim_keeper.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)

from .config_flow.builders import AXIS, EPOCH
from .home_fixtures import House
from .vendors.reloadly import CLIENT_ID, CLIENT_SECRET

SECRETS = (AXIS.removeprefix("+"), CLIENT_ID, CLIENT_SECRET, EPOCH, "reloadly:one")
WRITTEN = ("the receipt 4711", "behind the station", "for my aunt")


@pytest.fixture
async def sim(house: House) -> MockConfigEntry:
    house.account()
    house.household(notify=["notify.mobile_app_aunt"], monthly_caps={"USD": "20.00"})
    entry = house.buying_sim()
    await house.start()
    return entry


async def described(house: House, entry: MockConfigEntry) -> dict[str, Any]:
    """Return the diagnostics of an entry, as they are downloaded."""
    shown = await async_get_config_entry_diagnostics(house.hass, entry)
    text = json.dumps(shown)
    for secret in (*SECRETS, *WRITTEN):
        assert secret not in text
    return dict(shown)


async def test_a_sim(house: House, sim: MockConfigEntry, admin: Context) -> None:
    device = house.device(sim)
    receipt, where, note = WRITTEN
    paid: dict[str, Any] = {"amount": 25000, "days": 30}
    await house.call(
        "record_recharge",
        device_id=device,
        receipt=receipt,
        where=where,
        note=note,
        **paid,
    )
    house.vendor.fault("empty_wallet")
    await house.call("recharge", admin, device_id=device, another=True)
    shown = await described(house, sim)
    assert (shown["kind"], shown["state"]) == ("sim", "loaded")
    assert shown["carrier"] == "axis_id"
    assert shown["has_account"] is True
    assert shown["capabilities"]["lookup"] == "pure"
    assert shown["rules"]["mode"] == "ask"
    assert shown["life"]["clock"] == "validity"
    assert shown["decision"]["reason"] == "not_due"
    assert shown["decision"]["numbers"]["threshold"] == "5000.00 IDR"
    assert [order["state"] for order in shown["orders"]] == ["confirmed", "rejected"]
    assert shown["orders"][1]["reason"] == "INSUFFICIENT_BALANCE"
    assert shown["engine"] == {"fault": None, "stopping": False, "sims": 1}
    registered = dr.async_get(house.hass).async_get(device)
    assert registered is not None
    again: Any = registered
    of_device = await async_get_device_diagnostics(house.hass, sim, again)
    assert of_device == await async_get_config_entry_diagnostics(house.hass, sim)


async def test_an_account_and_the_household(house: House, sim: MockConfigEntry) -> None:
    entries: Any = house.hass.config_entries.async_entries(DOMAIN)
    by_kind = {entry.data["kind"]: entry for entry in entries}
    account = await described(house, by_kind["account"])
    assert (account["provider"], account["simulator"]) == ("reloadly", True)
    assert account["connected"] is account["reads"] is True
    assert account["wallet_currency"] == "USD"
    household = await described(house, by_kind["household"])
    assert household["told"] == 1
    assert household["monthly_caps"] == {"USD": "20.00"}
    assert household["stopped"] is False


async def test_a_frozen_home_can_still_be_described(house: House) -> None:
    Path(house.hass.config.path("sim_keeper.db")).write_text("no ledger at all")
    house.account()
    sim = house.buying_sim()
    await house.start()
    shown = await described(house, sim)
    assert shown["engine"]["fault"] == "damaged"
    assert shown["orders"] is None
    assert "decision" not in shown
    entries: Any = house.hass.config_entries.async_entries(DOMAIN)
    household = next(entry for entry in entries if entry.data["kind"] == "household")
    assert (await described(house, household))["stopped"] is None
