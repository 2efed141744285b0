"""The options of a SIM in a running home: the preview knows the ledger, and saving goes ahead."""

from datetime import timedelta
from pathlib import Path

from freezegun.api import FrozenDateTimeFactory
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.orders import State

from .config_flow.builders import AXIS_TOO, Flows
from .home_fixtures import House


@pytest.fixture
async def sim(house: House) -> MockConfigEntry:
    """Return a SIM that buys through the account."""
    house.account()
    entry = house.buying_sim(low_balance=None)
    await house.start()
    expiry = (dt_util.utcnow() + timedelta(days=100)).date()
    await house.call(
        "update_reading", device_id=house.device(entry), expiry=expiry.isoformat()
    )
    return entry


async def test_the_preview_begins_with_what_the_ledger_knows(
    house: House, sim: MockConfigEntry
) -> None:
    due = (dt_util.utcnow() + timedelta(days=100 - 14)).date()
    flows = Flows(house.hass)
    await flows.options(sim)
    await flows.submit()
    # Both words of a price: what arrives, and what it costs.
    assert flows.preview[0] == (
        f"Next recharge on {due.isoformat()}: 25000 IDR for about 1.65 USD."
    )
    assert house.vendor.bought == 0


async def test_saving_is_a_go_ahead(house: House, sim: MockConfigEntry) -> None:
    before = await house.home.engine.desk.read(Ledger.last_event)
    flows = Flows(house.hass)
    await flows.options(sim)
    await flows.finish(when={"days_before": 15})
    await house.settle()
    assert house.home.engine.sims[sim.data["epoch"]].rules.days_before == 15
    assert await house.home.engine.desk.read(Ledger.last_event) > before


async def refused(house: House) -> MockConfigEntry:
    """Return a SIM whose recharge the vendor has just refused, until a person changes something."""
    house.account()
    entry = house.buying_sim(mode="auto")
    await house.start()
    code = "OPERATOR_AND_RECIPIENT_PHONE_MISMATCH"
    house.vendor.fault("refuse", status=400, code=code)
    await house.low_balance()
    assert (await house.only_order()).state is State.REJECTED
    assert house.vendor.bought == 0
    return entry


async def test_changing_how_a_sim_is_recharged_is_a_go_ahead(
    house: House, freezer: FrozenDateTimeFactory
) -> None:
    entry = await refused(house)
    flows = Flows(house.hass)
    await flows.reconfigure(entry)
    await flows.choose("change_channel")
    await flows.submit()
    assert flows.at == "operator"
    await flows.submit()
    assert flows.result["reason"] == "reconfigure_successful"
    freezer.tick(10)
    await house.wake()
    assert [order.state for order in await house.orders()] == [
        State.REJECTED,
        State.PENDING,
    ]
    assert house.vendor.bought == 1


async def test_another_name_is_no_go_ahead(
    house: House, freezer: FrozenDateTimeFactory
) -> None:
    entry = await refused(house)
    flows = Flows(house.hass)
    await flows.reconfigure(entry)
    await flows.choose("change_number")
    await flows.submit(name="Grandma")
    assert flows.result["reason"] == "reconfigure_successful"
    freezer.tick(10)
    await house.wake()
    assert (await house.only_order()).state is State.REJECTED
    assert house.vendor.bought == 0


async def test_without_a_ledger_the_rules_can_still_be_looked_at(
    house: House, tmp_path: Path
) -> None:
    entry = house.sim()
    (tmp_path / "sim_keeper.db").write_text("this is not a database")
    (tmp_path / ".sim_keeper.witness").touch()
    await house.start()
    flows = Flows(house.hass)
    await flows.options(entry)
    await flows.submit()
    assert flows.preview[0].startswith("When the next recharge is due cannot be told")


async def test_a_new_sim_is_foretold_from_what_was_typed(
    house: House, sim: MockConfigEntry
) -> None:
    expiry = (dt_util.utcnow() + timedelta(days=100)).date()
    flows = Flows(house.hass)
    await flows.start()
    await flows.choose("sim")
    await flows.type(number=AXIS_TOO)
    await flows.submit()
    await flows.submit()
    await flows.type(expiry=expiry.isoformat())
    await flows.submit()
    await flows.submit()
    await flows.submit(days_before=20)
    due = expiry - timedelta(days=20)
    assert flows.preview[0].startswith(f"Next recharge on {due.isoformat()}: ")
    await flows.choose("rules")
    await flows.finish(days_before=25)
    added = flows.result["result"]
    await house.settle()
    state = house.hass.states.get(house.entity("sensor", added, "next_recharge"))
    assert state is not None
    assert state.state[:10] in {
        (expiry - timedelta(days=days)).isoformat() for days in (25, 26)
    }


@pytest.mark.parametrize(
    ("mode", "warned"), [("remind", False), ("ask", True), ("auto", True)]
)
async def test_an_account_that_only_pretends_is_warned_of_where_it_buys(
    house: House, mode: str, warned: bool
) -> None:
    house.account()
    entry = house.buying_sim(mode=mode)
    await house.start()
    flows = Flows(house.hass)
    await flows.options(entry)
    await flows.submit()
    warnings = [line for line in flows.preview if "only pretends" in line]
    assert [line.startswith("⚠️") for line in warnings] == [True] * warned
    # Where no money moves, nothing has to be approved first.
    assert not any("asked first" in line for line in flows.preview)
