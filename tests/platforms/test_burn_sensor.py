"""What a SIM uses up, as its sensors show it."""

from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.sim import Field, Reading, Trust
from custom_components.sim_keeper.keeper.statements import Typed

from .conftest import ADMIN, NOW, House

DAY = timedelta(days=1)


def _read(
    *balances: str, currency: str = "IDR", until: datetime = NOW
) -> list[Reading]:
    """Return daily balances, the last of them read at a time."""
    return [
        Reading(
            field=Field.BALANCE,
            value=Money.parse(text, currency).minor,
            unit=currency,
            observed_at=until - number * DAY,
            got_at=until,
            source="sensor.balance",
            trust=Trust.MEASURED,
        )
        for number, text in reversed([*enumerate(reversed(balances))])
    ]


async def _observe(house: House, sim: MockConfigEntry, *readings: Reading) -> None:
    epoch = sim.data["epoch"]
    await house.engine.desk.write(
        Ledger.add_readings, epoch, readings, "source", house.engine.world.now()
    )
    await house.engine.evaluate(epoch)
    await house.settle()


@pytest.mark.usefixtures("all_enabled")
async def test_a_balance_that_falls_tells_how_long_it_lasts(house: House) -> None:
    sim = house.sim(low_balance="8000.00", first_readings={"at": NOW.isoformat()})
    await house.start()
    assert house.find("sensor", sim, "days_until_low") is None
    await _observe(house, sim, *_read("14000", "13500", "12000"))
    days, rate = (
        house.state("sensor", sim, key) for key in ("days_until_low", "burn_rate")
    )
    # Two days tell nothing of a rate.
    assert (days.state, rate.state) == ("unknown", "unknown")
    assert rate.attributes["unit_of_measurement"] == "IDR/d"
    await house.at("2026-11-21T05:00:00+00:00")
    await _observe(house, sim, *_read("10500", until=NOW + DAY))
    days, rate = (
        house.state("sensor", sim, key) for key in ("days_until_low", "burn_rate")
    )
    assert (days.state, days.attributes["unit_of_measurement"]) == ("3", "d")
    assert (rate.state, rate.attributes["state_class"]) == ("1166.67", "measurement")


async def test_the_days_go_by(house: House) -> None:
    sim = house.sim(low_balance="8000.00", first_readings={"at": NOW.isoformat()})
    await house.start()
    await _observe(house, sim, *_read("15000", "14000", "13000", "12000"))
    assert house.state("sensor", sim, "days_until_low").state == "5"
    await house.at("2026-11-22T05:00:00+00:00")
    assert house.state("sensor", sim, "days_until_low").state == "3"


async def test_a_changed_threshold_changes_the_days(house: House) -> None:
    sim = house.sim(first_readings={"at": NOW.isoformat()})
    await house.start()
    await _observe(house, sim, *_read("15000", "14000", "13000", "12000"))
    assert house.state("sensor", sim, "days_until_low").state == "13"
    house.hass.config_entries.async_update_entry(
        sim, options={**sim.options, "low_balance": "11000.00"}
    )
    await house.settle()
    assert house.state("sensor", sim, "days_until_low").state == "2"


@pytest.mark.usefixtures("all_enabled")
async def test_the_rate_is_in_the_money_that_is_used_up(house: House) -> None:
    sim = house.sim(first_readings={"at": NOW.isoformat()})
    await house.start()
    await _observe(house, sim, *_read("15", "14", "13", "12", currency="USD"))
    rate = house.state("sensor", sim, "burn_rate")
    assert (rate.state, rate.attributes["unit_of_measurement"]) == ("1.00", "USD/d")


async def test_the_rate_is_off_by_default(house: House) -> None:
    sim = house.sim()
    await house.start()
    assert house.state("sensor", sim, "days_until_low").state == "unknown"
    assert house.hass.states.get(house.id("sensor", sim, "burn_rate")) is None


@pytest.mark.usefixtures("all_enabled")
async def test_what_stays_the_same_is_not_written_again(
    hass: HomeAssistant, house: House
) -> None:
    sim = house.sim(first_readings={"at": NOW.isoformat()})
    await house.start()
    await _observe(house, sim, *_read("15000", "14000", "13000", "12000"))
    changes = async_capture_events(hass, "state_changed")
    await house.doors.update_reading(
        sim.data["epoch"], Typed(data_left=5_000_000), ADMIN
    )
    await house.settle()
    changed = {event.data["entity_id"] for event in changes}
    assert house.id("sensor", sim, "data_left") in changed
    for key in ("days_until_low", "burn_rate"):
        assert house.id("sensor", sim, key) not in changed


@pytest.mark.usefixtures("all_enabled")
async def test_low_balance_is_foreseen(house: House) -> None:
    """The cost of the next recharge, and of a year, count those that the balance calls for."""
    sim = house.sim(
        days_before=None,
        amount="10000.00",
        low_balance="8000.00",
        first_readings={"at": NOW.isoformat()},
    )
    await house.start()
    assert house.state("sensor", sim, "yearly_cost").attributes["recharges"] == 0
    await _observe(house, sim, *_read("15000", "14000", "13000", "12000"))
    year = house.state("sensor", sim, "yearly_cost")
    # A thousand a day: every ten days, the first on the fifth.
    assert year.attributes["recharges"] == 37
    assert house.state("sensor", sim, "next_recharge_cost").state == "10000.00"


async def test_a_frozen_ledger_tells_nothing(house: House) -> None:
    (house.path / "sim_keeper.db").write_text("this is no ledger")
    sim = house.sim()
    await house.start()
    assert sim.runtime_data.burn.data is None
