"""A number that is removed and added again is still the same line."""

from dataclasses import replace

import pytest

from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.policy import Reason
from custom_components.sim_keeper.keeper.sim import Reading
from custom_components.sim_keeper.keeper.statements import typed_readings

from .model_world import Fault, ModelWorld, a_sim, expiring_in
from .scenes import DAY, EPOCH, HOUR, OTHER, due_world, states_of


async def test_an_order_in_flight_of_an_earlier_life_blocks_the_next() -> None:
    world = await due_world(faults=[Fault.LOSE_ANSWER])
    number = world.engine.sims[EPOCH].number
    await world.engine.unregister(EPOCH, removed=True)
    again = replace(a_sim(OTHER), number=number)
    await world.engine.register(again, expiring_in_readings(world))
    await world.rest()
    status = world.engine.status(OTHER)
    assert status is not None
    assert status.decision.reason is Reason.ORDER_UNKNOWN
    await world.pass_time(HOUR)
    assert states_of(world, EPOCH) == [State.CONFIRMED]
    await world.pass_time(2 * DAY)
    assert states_of(world, OTHER) == []
    assert len(world.vendor.delivered) == 1


@pytest.mark.parametrize(
    ("stacking", "asked_in", "quiet_until"), [("reset", 362, 350), ("add", 2, 0)]
)
async def test_what_arrived_for_an_earlier_life_counts_for_the_next(
    stacking: str, asked_in: int, quiet_until: int
) -> None:
    """It was settled when the next one had begun; nobody else would work its days out."""
    line = a_sim(overrides={"stacking": stacking, "max_days": None})
    world = await due_world(line, faults=[Fault.LOSE_ANSWER])
    await world.engine.unregister(EPOCH, removed=True)
    again = replace(a_sim(OTHER), number=line.number, carrier=line.carrier)
    await world.engine.register(again, expiring_in_readings(world))
    await world.pass_time(HOUR)
    assert states_of(world, EPOCH) == [State.CONFIRMED]
    await world.pass_time(quiet_until * DAY)
    assert states_of(world, OTHER) == []
    # What was typed meanwhile may have its days in it, so that it is asked about.
    await world.pass_time((asked_in - quiet_until) * DAY)
    reasons = {order.why["reason"] for order in world.ledger.orders(OTHER)}
    assert reasons == {"deadline_doubtful"}
    assert len(world.vendor.delivered) == 1


async def test_where_nobody_knows_what_a_recharge_buys_the_next_life_is_left_to_people() -> (
    None
):
    line = a_sim(carrier=None)
    world = await due_world(line, faults=[Fault.LOSE_ANSWER])
    await world.engine.unregister(EPOCH, removed=True)
    again = replace(a_sim(OTHER, carrier=None), number=line.number)
    await world.engine.register(again, expiring_in_readings(world))
    await world.pass_time(HOUR)
    assert states_of(world, EPOCH) == [State.CONFIRMED]
    await world.pass_time(4 * DAY)
    assert states_of(world, OTHER) == []
    told = {
        event.sim for event in world.ledger.events_since(0) if event.type == "reminder"
    }
    assert told == {OTHER}


def expiring_in_readings(world: ModelWorld) -> tuple[Reading, ...]:
    return typed_readings(expiring_in(4), world.now())
