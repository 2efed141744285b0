"""Crashes at every step of an order's life."""

import pytest

from custom_components.sim_keeper.keeper.ledger import EventType
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.sim import Sim

from .builders import usd
from .model_world import Crash, Fault, ModelWorld, a_sim, expiring_in
from .scenes import HOUR, KEY, MINUTE, OUTCOMES, check_sound, faulty_world, only_order


async def _live_through(
    fault: Fault | None, crashes: list[int], sim: Sim
) -> tuple[ModelWorld, int]:
    """Live a day and a bit; the n-th process dies at the n-th of the steps, the last one lives."""
    world = ModelWorld()
    world.vendor.faults = [fault] if fault else []
    end = world.moment + 30 * HOUR
    for crash in [*crashes, None]:
        world.crash_at = None if crash is None else len(world.steps) + crash
        try:
            await world.begin(sim, typed=expiring_in(4))
            await world.pass_time(end - world.moment)
        except Crash:
            await world.die()
            world._be_born()
        else:
            break
    return world, len(world.steps)


CRASHED = [
    None,
    *(Fault.NOT_SENT, Fault.LOSE_ANSWER, Fault.LOSE_REQUEST, Fault.REFUSE_LATER),
    *(Fault.FAIL_AFTER, Fault.PENDING, Fault.BREAK),
]


@pytest.mark.parametrize("fault", CRASHED)
async def test_a_crash_at_any_step_never_pays_twice_and_always_ends(
    fault: Fault | None,
) -> None:
    sim = a_sim()
    _, steps = await _live_through(fault, [], sim)
    for place in range(1, min(steps, 30) + 1):
        world, _ = await _live_through(fault, [place], sim)
        assert len(world.vendor.delivered) <= 1, f"crash at {place}"
        orders = await world.orders(sim)
        open_ = [
            order.state
            for order in orders
            if order.state in (State.SENDING, State.APPROVED, State.UNKNOWN)
        ]
        assert not open_, f"crash at {place}: {open_}"
        given = any(order.state is State.NEEDS_PERSON for order in orders)
        assert len(world.vendor.delivered) == 1 or given, f"crash at {place}"
        check_sound(world)


async def test_two_crashes_anywhere_never_pay_twice() -> None:
    sim = a_sim()
    for first in range(1, 12):
        for second in range(1, 12):
            world, _ = await _live_through(None, [first, second], sim)
            orders = await world.orders(sim)
            given = any(order.state is State.NEEDS_PERSON for order in orders)
            assert len(world.vendor.delivered) == 1 or given, (first, second)
            check_sound(world)


@pytest.mark.parametrize("fault", [None, *OUTCOMES])
async def test_restarting_again_and_again_changes_nothing(fault: Fault | None) -> None:
    plain, sim = await faulty_world(*([fault] if fault else []))
    await plain.pass_time(6 * HOUR)
    world, _ = await faulty_world(*([fault] if fault else []))
    for _ in range(6):
        await world.restart(sim)
        await world.restart(sim)
        await world.pass_time(HOUR)
    assert world.vendor.submits == plain.vendor.submits
    states = [order.state for order in await world.orders(sim)]
    assert states == [order.state for order in await plain.orders(sim)]
    check_sound(world)


async def test_a_process_that_died_while_sending_looks_before_it_sends() -> None:
    world, sim = await faulty_world(Fault.HANG)
    assert (await only_order(world, sim)).state is State.SENDING
    looks = world.vendor.looks
    await world.restart(sim)
    order = await only_order(world, sim)
    assert (order.state, order.reason) == (State.UNKNOWN, "interrupted")
    # The request may still be running at the vendor: what is not found now means nothing.
    await world.pass_time(2 * MINUTE)
    assert world.vendor.looks == looks
    await world.pass_time(HOUR)
    assert (await only_order(world, sim)).state is State.CONFIRMED
    assert world.vendor.submits == [KEY]


async def test_an_order_whose_task_was_cut_off_is_taken_up_without_a_restart() -> None:
    world, sim = await faulty_world(Fault.HANG)
    for task in list(world.tasks):
        task.cancel()
    await world.pass_time(HOUR)
    assert (await only_order(world, sim)).state is State.CONFIRMED
    assert world.vendor.submits == [KEY]


def test_an_event_type_exists_for_every_end() -> None:
    ends = {State.CONFIRMED, State.REJECTED, State.UNKNOWN, State.REVERSED}
    assert {end.value for end in ends} <= {type_.value for type_ in EventType}
    assert Money(1, "USD") == usd("0.01")
