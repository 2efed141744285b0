"""An update that changed a carrier in use: the old and the new dates, told as a repair."""

from dataclasses import replace
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.sim_keeper.const import CONF_CARRIER_RULE, DOMAIN
from custom_components.sim_keeper.keeper.carrier_data import load_carriers

from .config_flow.builders import EPOCH
from .home_fixtures import House

ISSUE = f"carrier_changed_{EPOCH}"
READINGS = {"at": "2026-11-20T05:00:00+00:00", "expiry": "2026-12-11"}


@pytest.fixture(autouse=True)
def clock(freezer: FrozenDateTimeFactory) -> None:
    """Stop the clock."""
    freezer.move_to("2026-11-20T05:00:00+00:00")


@pytest.fixture
async def sim(house: House) -> MockConfigEntry:
    """Return a SIM of AXIS, whose grace time is 30 days."""
    entry = house.sim(first_readings=READINGS, amount="10000.00")
    await house.start()
    return entry


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return the repair, if there is one."""
    return ir.async_get(hass).async_get_issue(DOMAIN, ISSUE)


async def update(house: House, entry: MockConfigEntry, **facts: Any) -> None:
    """Set the SIM up again, with another carrier file."""
    axis = replace(load_carriers()["axis_id"], **facts)
    house.home.profiles = {**load_carriers(), "axis_id": axis}
    await house.hass.config_entries.async_reload(entry.entry_id)
    await house.settle()


async def test_what_is_known_is_kept(house: House, sim: MockConfigEntry) -> None:
    kept = sim.data[CONF_CARRIER_RULE]
    assert kept["id"] == "axis_id"
    assert kept["grace_days"] == 30
    assert issue(house.hass) is None
    await house.hass.config_entries.async_reload(sim.entry_id)
    await house.settle()
    assert issue(house.hass) is None
    assert sim.data[CONF_CARRIER_RULE] == kept


async def test_a_change_is_told_with_the_old_and_the_new_dates(
    house: House, sim: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    hass = house.hass
    await update(house, sim, grace_days=5)
    found = issue(hass)
    assert found is not None
    assert found.is_fixable
    assert found.translation_placeholders == {
        "name": sim.title,
        "carrier": "AXIS (XLSMART)",
        "deadline_before": "2026-12-11",
        "deadline": "2026-12-11",
        "grace_before": "2027-01-10",
        "grace": "2026-12-16",
        "days_before": "15",
        "days": "15",
    }
    # As long as nobody has read it, it is told at every start.
    ir.async_delete_issue(hass, DOMAIN, ISSUE)
    await update(house, sim, grace_days=5)
    assert issue(hass) is not None

    assert await async_setup_component(hass, "repairs", {})
    client = await hass_client()
    url = "/api/repairs/issues/fix"
    answer = await client.post(url, json={"handler": DOMAIN, "issue_id": ISSUE})
    form = await answer.json()
    assert form["step_id"] == "confirm"
    assert form["description_placeholders"] == found.translation_placeholders
    assert sim.data[CONF_CARRIER_RULE]["grace_days"] == 30
    answer = await client.post(f"{url}/{form['flow_id']}", json={})
    assert (await answer.json())["type"] == "create_entry"

    assert issue(hass) is None
    assert sim.data[CONF_CARRIER_RULE]["grace_days"] == 5
    await update(house, sim, grace_days=5)
    assert issue(hass) is None


async def test_a_change_that_is_taken_back_is_no_news(
    house: House, sim: MockConfigEntry
) -> None:
    await update(house, sim, grace_days=5)
    await update(house, sim)
    assert issue(house.hass) is None


async def test_what_does_not_bear_on_the_number_is_no_news(
    house: House, sim: MockConfigEntry
) -> None:
    await update(house, sim, topup_url="https://example.org/", notes="New words.")
    assert issue(house.hass) is None


async def test_what_the_user_set_himself_is_no_news(
    house: House, sim: MockConfigEntry
) -> None:
    house.hass.config_entries.async_update_entry(
        sim, data={**sim.data, "overrides": {"grace_days": 12}}
    )
    await house.settle()
    await update(house, sim, grace_days=5)
    assert issue(house.hass) is None


async def test_another_carrier_is_no_news(house: House, sim: MockConfigEntry) -> None:
    house.hass.config_entries.async_update_entry(
        sim, data={**sim.data, "carrier": "xl_id"}
    )
    await house.settle()
    assert issue(house.hass) is None
    assert sim.data[CONF_CARRIER_RULE]["id"] == "xl_id"
    house.hass.config_entries.async_update_entry(
        sim, data={**sim.data, "carrier": "other"}
    )
    await house.settle()
    assert CONF_CARRIER_RULE not in sim.data


async def test_facts_that_no_longer_fit_are_forgotten(
    house: House, sim: MockConfigEntry
) -> None:
    kept = {**sim.data[CONF_CARRIER_RULE], "model": "subscription"}
    house.hass.config_entries.async_update_entry(
        sim, data={**sim.data, CONF_CARRIER_RULE: kept}
    )
    await house.hass.config_entries.async_reload(sim.entry_id)
    await house.settle()
    assert issue(house.hass) is None
    assert sim.data[CONF_CARRIER_RULE]["model"] == "topup_window"


async def test_a_removed_sim_takes_its_repair_along(
    house: House, sim: MockConfigEntry
) -> None:
    await update(house, sim, grace_days=5)
    await house.hass.config_entries.async_remove(sim.entry_id)
    await house.settle()
    assert issue(house.hass) is None
