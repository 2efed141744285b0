"""What is to come: the sensors of cost and the calendar follow the rules."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.sim_keeper.keeper.statements import Typed
from tests.vendors.reloadly import ReloadlySimulator

from .conftest import ADMIN, AXIS_OPERATOR, NOW, House

pytestmark = pytest.mark.usefixtures("all_enabled")


def buying(house: House, vendor: ReloadlySimulator) -> MockConfigEntry:
    """Add a SIM that asks before it buys through the account."""
    account = house.account(vendor)
    return house.sim(
        account=account.unique_id,
        operator=AXIS_OPERATOR,
        mode="ask",
        amount="200000.00",
        cap_currency="USD",
    )


async def test_a_person_pays_what_the_carrier_asks(house: House) -> None:
    sim = house.sim(amount="200000.00")
    await house.start()
    cost = house.state("sensor", sim, "next_recharge_cost")
    assert (cost.state, cost.attributes["unit_of_measurement"]) == ("200000.00", "IDR")
    year = house.state("sensor", sim, "yearly_cost")
    # 120 days each: in November, March, July and October.
    assert (year.state, year.attributes["recharges"]) == ("800000.00", 4)
    assert year.attributes["starved_on"] is None
    assert year.attributes["cheapest"] < 800_000


async def test_an_account_pays_in_its_own_currency(
    house: House, vendor: ReloadlySimulator
) -> None:
    sim = buying(house, vendor)
    await house.start()
    cost = house.state("sensor", sim, "next_recharge_cost")
    assert (cost.state, cost.attributes["unit_of_measurement"]) == ("13.20", "USD")
    assert house.state("sensor", sim, "yearly_cost").state == "52.80"


async def test_without_a_price_the_cost_is_unknown(
    house: House, vendor: ReloadlySimulator
) -> None:
    vendor.fault("status", on="/operators/243", status=503, times=None)
    sim = buying(house, vendor)
    await house.start()
    cost = house.state("sensor", sim, "next_recharge_cost")
    assert (cost.state, cost.attributes["unit_of_measurement"]) == ("unknown", "USD")
    year = house.state("sensor", sim, "yearly_cost")
    assert (year.state, year.attributes["recharges"]) == ("unknown", 4)


async def test_changed_rules_change_what_is_to_come(house: House) -> None:
    sim = house.sim(amount="200000.00")
    await house.start()
    house.hass.config_entries.async_update_entry(
        sim, options={**sim.options, "amount": "100000.00"}
    )
    await house.settle()
    assert house.state("sensor", sim, "next_recharge_cost").state == "100000.00"


async def test_a_known_day_is_needed(house: House) -> None:
    sim = house.sim(first_readings={"at": NOW.isoformat()})
    await house.start()
    assert house.state("sensor", sim, "next_recharge_cost").state == "unknown"
    assert house.state("sensor", sim, "yearly_cost").state == "0.00"


async def test_what_stays_the_same_is_not_written_again(
    hass: HomeAssistant, house: House
) -> None:
    sim = house.sim(amount="200000.00")
    await house.start()
    changes = async_capture_events(hass, "state_changed")
    # The same readings again: the status changes, what is to come does not.
    await house.doors.update_reading(
        sim.data["epoch"], Typed(data_left=5_000_000), ADMIN
    )
    await house.settle()
    changed = {change.data["entity_id"] for change in changes}
    assert house.id("sensor", sim, "data_left") in changed
    assert house.id("sensor", sim, "yearly_cost") not in changed
    assert house.id("sensor", sim, "next_recharge_cost") not in changed


async def test_without_a_ledger_nothing_is_foretold(house: House) -> None:
    sim = house.sim()
    (house.path / "sim_keeper.db").write_text("this is not a database")
    (house.path / ".sim_keeper.witness").touch()
    await house.start()
    assert house.state("sensor", sim, "yearly_cost").state == "unavailable"
