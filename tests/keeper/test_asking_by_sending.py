"""Vendors that can be asked only by sending the same request again: the question may buy."""

from datetime import timedelta

import pytest

from custom_components.sim_keeper.keeper.errors import LoginFailed, Unavailable
from custom_components.sim_keeper.keeper.orders import SENDS_MAX, State
from custom_components.sim_keeper.keeper.ports import Lookup
from custom_components.sim_keeper.keeper.sim import Mode, Sim

from .model_world import ADMIN, Fault, ModelWorld, a_sim, expiring_in
from .scenes import DAY, HOUR, KEY, MINUTE, check_sound, only_order

NEXT_KEY = "SKAAAAAAAAAA-001-1"


async def lost(*faults: Fault) -> tuple[ModelWorld, Sim]:
    """Return a world in which an automatic order has met with faults."""
    world, sim = ModelWorld(), a_sim()
    world.vendor.lookup = Lookup.PAYING
    world.vendor.schedule = (60, 300, 900)
    world.vendor.faults = [*faults]
    await world.begin(sim, typed=expiring_in(4))
    return world, sim


async def test_a_lost_answer_is_heard_by_asking_after_a_minute() -> None:
    world, sim = await lost(Fault.LOSE_ANSWER)
    await world.pass_time(timedelta(seconds=59))
    assert world.vendor.submits == [KEY]
    await world.pass_time(timedelta(seconds=1))
    assert world.vendor.submits == [KEY, KEY]
    assert (await only_order(world, sim)).state is State.CONFIRMED
    assert len(world.vendor.bought) == 1
    check_sound(world)


async def test_a_lost_request_is_bought_by_the_question() -> None:
    world, sim = await lost(Fault.LOSE_REQUEST)
    await world.pass_time(MINUTE)
    assert (await only_order(world, sim)).state is State.CONFIRMED
    assert len(world.vendor.bought) == 1
    check_sound(world)


async def test_each_question_stands_in_the_ledger_before_it_leaves() -> None:
    world, _ = await lost(Fault.LOSE_REQUEST)
    seen: list[int] = []
    world.vendor.before_submit = lambda purchase: seen.append(
        world.ledger.attempt(1).sends
    )
    await world.pass_time(MINUTE)
    assert seen == [2]


async def test_questions_come_further_apart_and_end_with_a_person() -> None:
    world, sim = await lost(*[Fault.LOSE_REQUEST] * 9)
    for wait, sends in ((60, 2), (299, 2), (1, 3), (899, 3), (1, 4)):
        await world.pass_time(timedelta(seconds=wait))
        assert len(world.vendor.submits) == sends
    await world.pass_time(9 * DAY)
    assert world.vendor.submits == [KEY] * SENDS_MAX
    order = await only_order(world, sim)
    assert (order.state, order.reason) == (State.NEEDS_PERSON, "cannot_be_looked_up")


@pytest.mark.parametrize("why", ["stop", "off", "removed", "not due"])
async def test_what_is_not_wanted_any_more_is_not_asked_for(why: str) -> None:
    world, sim = await lost(Fault.LOSE_REQUEST)
    if why == "stop":
        await world.doors.set_stop(on=True, caller=ADMIN)
    elif why == "off":
        await world.engine.change(a_sim(mode=Mode.OFF))
    elif why == "removed":
        await world.engine.unregister(sim.epoch, removed=True)
    else:
        await world.doors.update_reading(sim.epoch, expiring_in(100), ADMIN)
    await world.pass_time(2 * HOUR)
    assert world.vendor.submits == [KEY]
    assert (await only_order(world, sim)).state is State.NEEDS_PERSON


async def test_a_refusal_of_the_question_says_nothing_of_the_first_request() -> None:
    world, sim = await lost(*[Fault.LOSE_REQUEST, Fault.REFUSE_NEVER])
    world.vendor.faults += [Fault.REFUSE_NEVER] * 3
    await world.pass_time(MINUTE)
    assert (await only_order(world, sim)).state is State.UNKNOWN
    await world.pass_time(2 * HOUR)
    assert (await only_order(world, sim)).state is State.NEEDS_PERSON
    assert not world.vendor.bought


async def test_what_failed_at_the_vendor_has_used_up_its_key() -> None:
    world, sim = await lost(Fault.LOSE_ANSWER)
    world.vendor.bought[0].undone = True
    await world.pass_time(MINUTE)
    (order,) = await world.orders(sim)
    assert order.state is State.REJECTED
    await world.pass_time(2 * HOUR)
    assert world.vendor.submits == [KEY, KEY, NEXT_KEY]
    check_sound(world)


async def test_a_pending_order_is_asked_for_until_it_ends() -> None:
    world, sim = await lost(Fault.PENDING)
    await world.pass_time(HOUR)
    assert (await only_order(world, sim)).state is State.PENDING
    # Nobody wants it any more; but the vendor has it, and its end must be known.
    await world.doors.set_stop(on=True, caller=ADMIN)
    world.vendor.bought[0].final = True
    await world.pass_time(HOUR)
    assert (await only_order(world, sim)).state is State.CONFIRMED
    assert len(world.vendor.bought) == 1


async def test_a_pending_order_that_never_ends_goes_to_a_person_after_a_day() -> None:
    world, sim = await lost(Fault.PENDING)
    await world.pass_time(23 * HOUR)
    assert (await only_order(world, sim)).state is State.PENDING
    await world.pass_time(2 * HOUR)
    asked = len(world.vendor.submits)
    assert (await only_order(world, sim)).state is State.NEEDS_PERSON
    await world.pass_time(9 * DAY)
    assert len(world.vendor.submits) == asked


async def test_what_has_ended_is_never_asked_for_again() -> None:
    world, _ = await lost()
    await world.pass_time(3 * DAY)
    assert world.vendor.submits == [KEY]


@pytest.mark.parametrize("error", [Unavailable("HTTP 503"), LoginFailed("HTTP 401")])
async def test_a_question_that_fails_leaves_the_outcome_unknown(
    error: Exception,
) -> None:
    world, sim = await lost(Fault.LOSE_ANSWER)
    world.vendor.lookup_error = error
    await world.pass_time(2 * MINUTE)
    assert (await only_order(world, sim)).state is State.UNKNOWN
    world.vendor.lookup_error = None
    await world.pass_time(HOUR)
    assert (await only_order(world, sim)).state is State.CONFIRMED
    assert len(world.vendor.bought) == 1


async def test_a_vendor_that_answers_something_else_leaves_it_to_a_person() -> None:
    world, sim = await lost(Fault.PENDING)
    world.vendor.foreign.add(KEY)
    await world.pass_time(HOUR)
    assert (await only_order(world, sim)).state is State.NEEDS_PERSON


async def test_something_else_under_the_key_of_a_lost_request_is_no_delivery() -> None:
    world, sim = await lost(Fault.LOSE_REQUEST)
    world.vendor.foreign.add(KEY)
    await world.pass_time(MINUTE)
    order = await only_order(world, sim)
    assert (order.state, order.reason) == (State.UNKNOWN, "vendor_does_not_show_it")
    await world.pass_time(2 * HOUR)
    order = await only_order(world, sim)
    assert (order.state, order.cost) == (State.NEEDS_PERSON, None)
    assert world.vendor.bought == []


async def test_the_question_survives_a_restart_and_is_not_asked_too_early() -> None:
    world, sim = await lost(Fault.LOSE_ANSWER)
    await world.die()
    await world.restart(sim)
    await world.pass_time(timedelta(seconds=50))
    assert world.vendor.submits == [KEY]
    await world.pass_time(HOUR)
    assert (await only_order(world, sim)).state is State.CONFIRMED
    assert len(world.vendor.bought) == 1
