"""Binary sensors: what is wrong, and why."""

from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.statements import Typed

from .conftest import ADMIN, House


async def test_low_balance_needs_a_threshold_and_a_balance(house: House) -> None:
    sim = house.sim(low_balance="12000.01")
    other = house.giffgaff()
    await house.start()
    assert house.state("binary_sensor", sim, "low_balance").state == "on"
    assert house.state("binary_sensor", other, "low_balance").state == "unknown"
    typed = Typed(balance=Money(1_200_001, "IDR"))
    await house.doors.update_reading(sim.data["epoch"], typed, ADMIN)
    await house.settle()
    assert house.state("binary_sensor", sim, "low_balance").state == "off"


async def test_attention_says_why_and_which_order_waits(house: House) -> None:
    sim = house.sim(days_before=30, amount="100000.00")
    await house.start()
    (task,) = await house.orders()
    state = house.state("binary_sensor", sim, "needs_attention")
    assert state.state == "on"
    assert state.attributes["reason"] == "task_open"
    assert state.attributes["order_id"] == task.id
    assert state.attributes["order_state"] == "asked"
    await house.doors.approve(task.id, ADMIN)
    await house.settle()
    state = house.state("binary_sensor", sim, "needs_attention")
    assert (state.state, state.attributes["order_id"]) == ("off", None)


async def test_expiring_follows_the_stage(house: House) -> None:
    sim = house.sim()
    await house.start()
    assert house.state("binary_sensor", sim, "expiring").state == "off"
    await house.at("2026-11-26T17:00:00+00:00")
    assert house.state("binary_sensor", sim, "expiring").state == "on"
