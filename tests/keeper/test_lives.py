"""A number that is removed and added again is still the same line."""

from dataclasses import replace

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


def expiring_in_readings(world: ModelWorld) -> tuple[Reading, ...]:
    return typed_readings(expiring_in(4), world.now())
