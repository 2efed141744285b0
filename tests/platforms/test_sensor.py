"""Sensors: what they show, and which of them exist."""

from datetime import date

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.entries import sim_unique_id
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.statements import Paid, Typed
from tests.vendors.reloadly import ReloadlySimulator

from .conftest import ADMIN, AXIS_OPERATOR, House


def keys(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return platform and key of each entity of a SIM."""
    registry = er.async_get(hass)
    return {
        f"{entity.domain}.{entity.unique_id.removeprefix(f'{entry.unique_id}_')}"
        for entity in er.async_entries_for_config_entry(registry, entry.entry_id)
    }


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
    changes = house.state("sensor", sim, "stage").attributes
    stages = ("expiring", "grace", "lost")
    assert {name: changes[f"{name}_from"].isoformat() for name in stages} == {
        # What time alone will do, each at the start of a day in Jakarta.
        "expiring": "2026-11-26T17:00:00+00:00",
        "grace": "2026-12-11T17:00:00+00:00",
        "lost": "2027-01-10T17:00:00+00:00",
    }


async def test_time_alone_changes_stage_and_days(house: House) -> None:
    sim = house.sim()
    await house.start()
    seen = []
    for moment in (
        "2026-12-10T17:00:00+00:00",  # the last day begins in Jakarta
        "2026-12-11T17:00:00+00:00",
        "2027-01-11T17:00:00+00:00",  # 30 days of grace are over
    ):
        await house.at(moment)
        days = house.state("sensor", sim, "days_left").state
        seen.append((house.state("sensor", sim, "stage").state, days))
    assert seen == [("expiring", "0"), ("grace", "0"), ("lost", "0")]


async def test_recharge_by_hand_is_shown_with_its_day_and_place(house: House) -> None:
    sim = house.sim()
    await house.start()
    yesterday = Paid(
        cost=Money(500_000, "IDR"), day=date(2026, 11, 19), place="Indomaret"
    )
    await house.doors.record(sim.data["epoch"], yesterday, ADMIN)
    await house.settle()

    last = house.state("sensor", sim, "last_recharge")
    assert last.state == "2026-11-18T17:00:00+00:00"
    assert last.attributes["amount"] == 5000
    assert last.attributes["currency"] == "IDR"
    assert last.attributes["where"] == "Indomaret"
    spent = house.state("sensor", sim, "spent_this_month")
    assert spent.state == "5000.00"
    assert spent.attributes["last_reset"] == "2026-11-01T00:00:00+07:00"
    deadline = house.state("sensor", sim, "keep_alive_deadline")
    assert deadline.attributes["estimated"] is True


async def test_recharge_through_an_account_names_the_account(
    house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    sim = house.sim(
        account=account.unique_id, operator=AXIS_OPERATOR, mode="ask", days_before=30
    )
    await house.start()
    (question,) = await house.orders()
    await house.doors.approve(question.id, ADMIN)
    house.freezer.tick(60)
    await house.engine.wake()
    await house.settle()

    last = house.state("sensor", sim, "last_recharge")
    assert last.state == "2026-11-20T05:01:00+00:00"
    assert last.attributes["where"] == "Reloadly (sandbox)"


async def test_entities_that_mean_nothing_do_not_exist(
    hass: HomeAssistant, house: House
) -> None:
    axis, giffgaff = house.sim(), house.giffgaff()
    await house.start()
    only_axis = {
        *("sensor.expiry", "date.expiry"),
        # Nobody has read a balance of giffgaff.
        *("sensor.days_until_low", "sensor.burn_rate"),
    }
    only_giffgaff = {
        *("sensor.activity_deadline", "sensor.last_activity"),
        *("date.last_activity", "button.mark_active"),
    }
    # giffgaff's grace time is known to be none, so its end is known as well.
    assert keys(hass, axis) - keys(hass, giffgaff) == only_axis
    assert keys(hass, giffgaff) - keys(hass, axis) == only_giffgaff
    assert "sensor.data_left" not in keys(hass, axis)
    assert "sensor.budget_left" not in keys(hass, axis)


async def test_entities_appear_when_they_begin_to_mean_something(
    hass: HomeAssistant, house: House
) -> None:
    sim = house.giffgaff()
    await house.start()
    typed = Typed(
        balance=Money(500, "GBP"), data_left=5_000_000, expiry=date(2027, 1, 1)
    )
    await house.doors.update_reading(sim.data["epoch"], typed, ADMIN)
    hass.config_entries.async_update_entry(
        sim, options={**sim.options, "monthly_cap": "30.00"}
    )
    await house.settle()
    assert keys(hass, sim) >= {
        "sensor.data_left",
        "sensor.expiry",
        "sensor.budget_left",
        "sensor.days_until_low",
    }
    assert house.state("sensor", sim, "expiry").state == "2027-01-01T23:59:59+00:00"


async def test_entities_that_ceased_to_mean_anything_are_removed(
    hass: HomeAssistant, house: House
) -> None:
    sim = house.giffgaff()
    await house.start()
    assert house.find("button", sim, "mark_active")
    hass.config_entries.async_update_entry(
        sim, data={**sim.data, "overrides": {"model": "topup_window"}}
    )
    await house.settle()
    assert not house.find("button", sim, "mark_active")
    assert not house.find("sensor", sim, "activity_deadline")
    assert house.state("sensor", sim, "expiry").state == "unknown"


async def test_another_number_is_another_device(
    hass: HomeAssistant, house: House
) -> None:
    sim = house.sim()
    await house.start()
    before = keys(hass, sim)
    number = "+6283187654321"
    hass.config_entries.async_update_entry(
        sim,
        unique_id=sim_unique_id(number),
        data={**sim.data, "number": number, "epoch": "ANOTHERAAA"},
    )
    await house.settle()
    assert keys(hass, sim) == before
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), sim.entry_id)
    assert device.identifiers == {("sim_keeper", sim_unique_id(number))}


@pytest.mark.parametrize(
    ("currency", "balance", "shown", "precision"),
    [
        ("JPY", "980", "980", 0),
        ("EUR", "-0.50", "-0.50", 2),
        ("KWD", "1.234", "1.234", 3),
    ],
)
async def test_money_is_exact_in_every_currency(
    hass: HomeAssistant,
    house: House,
    currency: str,
    balance: str,
    shown: str,
    precision: int,
) -> None:
    readings = {"at": "2026-11-20T05:00:00+00:00", "balance": balance}
    sim = house.sim(
        carrier="other", currency=currency, amount=None, first_readings=readings
    )
    await house.start()
    state = house.state("sensor", sim, "balance")
    assert state.state == shown
    assert state.attributes["unit_of_measurement"] == currency
    entry = er.async_get(hass).async_get(state.entity_id)
    assert entry is not None
    assert entry.options["sensor"] == {"suggested_display_precision": precision}


async def test_household_counts_and_looks_ahead(house: House) -> None:
    house.sim()
    house.giffgaff()
    await house.start()

    def value(key: str) -> str:
        return house.state("sensor", house.household, key).state

    assert value("next_deadline") == "2026-12-11T16:59:59+00:00"
    assert value("needing_attention") == "0"
    await house.at("2026-11-27T00:00:00+00:00")
    assert value("needing_attention") == "1"


async def test_wallet(house: House, vendor: ReloadlySimulator) -> None:
    account = house.account(vendor)
    await house.start()
    state = house.state("sensor", account, "wallet_balance")
    assert state.state == "1000.00"
    assert state.attributes["unit_of_measurement"] == "USD"


async def test_without_a_ledger_entities_are_unavailable_and_stay_registered(
    hass: HomeAssistant, house: House
) -> None:
    sim = house.sim()
    (house.path / "sim_keeper.db").write_text("this is not a database")
    (house.path / ".sim_keeper.witness").touch()
    await house.start()
    assert house.state("sensor", sim, "balance").state == "unavailable"
    assert house.state("switch", house.household, "stop_all_spending").state == "on"
