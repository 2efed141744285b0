"""All entities of all kinds of entries, as the registry and the state machine have them."""

import json
import re
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.statements import Paid, Typed
from tests.vendors.reloadly import ReloadlySimulator

from .conftest import ADMIN, AXIS_OPERATOR, NOW, House


def check(
    hass: HomeAssistant, entry: MockConfigEntry, snapshot: SnapshotAssertion
) -> None:
    """Compare everything that an entry shows."""
    registry = dr.async_get(hass)
    (device,) = dr.async_entries_for_config_entry(registry, entry.entry_id)
    assert device == snapshot(name=f"{entry.title} device")
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    for entity in sorted(entities, key=lambda entity: entity.entity_id):
        assert entity == snapshot(name=f"{entity.entity_id} entry")
        assert hass.states.get(entity.entity_id) == snapshot(
            name=f"{entity.entity_id} state"
        )


@pytest.mark.usefixtures("all_enabled")
async def test_sim_with_validity(
    hass: HomeAssistant, house: House, snapshot: SnapshotAssertion
) -> None:
    sim = house.sim(monthly_cap="100000.00", low_balance="15000.00")
    await house.start()
    await house.doors.update_reading(
        sim.data["epoch"], Typed(data_left=1_500_000_000), ADMIN
    )
    paid = Paid(cost=Money(500_000, "IDR"), day=NOW.date(), place="Indomaret")
    await house.doors.record(sim.data["epoch"], paid, ADMIN)
    await house.settle()
    check(hass, sim, snapshot)


@pytest.mark.usefixtures("all_enabled")
async def test_sim_that_must_be_used(
    hass: HomeAssistant, house: House, snapshot: SnapshotAssertion
) -> None:
    sim = house.giffgaff()
    await house.start()
    check(hass, sim, snapshot)


async def test_account_and_household(
    hass: HomeAssistant,
    house: House,
    vendor: ReloadlySimulator,
    snapshot: SnapshotAssertion,
) -> None:
    account = house.account(vendor)
    house.sim(
        account=account.unique_id, operator=AXIS_OPERATOR, mode="ask", days_before=30
    )
    house.giffgaff()
    await house.start()
    # The first look may have come before or after the question with its price.
    await account.runtime_data.funding.async_refresh()
    await house.settle()
    check(hass, account, snapshot)
    check(hass, house.household, snapshot)


@pytest.mark.usefixtures("all_enabled")
async def test_no_full_number_anywhere(
    hass: HomeAssistant, house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    sim = house.sim(
        title="AXIS (XLSMART) +62 ••• 678",
        account=account.unique_id,
        operator=AXIS_OPERATOR,
        mode="ask",
        days_before=30,
    )
    await house.start()
    order = (await house.orders())[0]
    await house.doors.approve(order.id, ADMIN)
    await house.settle()
    shown: list[Any] = [state.as_dict() for state in hass.states.async_all()]
    shown += [entry.extended_dict for entry in er.async_get(hass).entities.values()]
    digits = re.sub(r"\D", "", sim.data["number"])
    text = json.dumps(shown, default=str)
    assert digits[-8:] not in re.sub(r"[\s-]", "", text)
    assert len(shown) > 50


async def test_nothing_is_written_when_nothing_changed(
    hass: HomeAssistant, house: House
) -> None:
    house.sim()
    house.giffgaff()
    await house.start()
    before = {state.entity_id: state.last_reported for state in hass.states.async_all()}
    house.freezer.tick(60)
    for epoch in house.engine.sims:
        await house.engine.evaluate(epoch)
    await house.settle()
    after = {state.entity_id: state.last_reported for state in hass.states.async_all()}
    assert before == after
