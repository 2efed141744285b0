"""The engine and a clock that jumps: what was planned by it, and who may trust it again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.sim_keeper.keeper.errors import Unavailable
from custom_components.sim_keeper.keeper.lifecycle import Stage
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.policy import Reason
from custom_components.sim_keeper.keeper.ports import Lookup
from custom_components.sim_keeper.keeper.statements import Paid, Typed

from .builders import balance, hkd, usd
from .model_world import ADMIN, Fault, ModelWorld, a_sim
from .scenes import (
    DAY,
    EPOCH,
    HOUR,
    KEY,
    MINUTE,
    asking_world,
    due_world,
    faulty_world,
    quiet_world,
    reason_of,
    states_of,
    the_question,
)

NOTICED_WITHIN = timedelta(hours=25)
"""The engine wakes for each day of a SIM."""


async def test_a_delivery_taken_back_is_seen_though_the_clock_was_ahead() -> None:
    world = await due_world()
    assert states_of(world) == [State.CONFIRMED]
    world.set_clock(400 * DAY)
    await world.pass_time(NOTICED_WITHIN)
    world.vendor.bought[0].undone = True
    world.set_clock(-400 * DAY)
    await world.pass_time(NOTICED_WITHIN)
    assert states_of(world)[0] is State.REVERSED


async def test_one_that_was_looked_at_too_early_is_looked_at_again() -> None:
    world = await due_world()
    world.set_clock(400 * DAY)
    await world.pass_time(NOTICED_WITHIN)
    world.set_clock(-400 * DAY)
    await world.pass_time(HOUR)
    looks = world.vendor.looks
    world.vendor.bought[0].undone = True
    await world.pass_time(3 * DAY)
    assert world.vendor.looks > looks
    assert states_of(world)[0] is State.REVERSED


async def test_a_clock_that_falls_by_less_than_a_night_of_rest_is_noticed() -> None:
    """Between two wakings more time passes than the clock lost: it shows a later time all the same."""
    world = await due_world()
    world.set_clock(12 * HOUR)
    await world.pass_time(NOTICED_WITHIN)
    looks = world.vendor.looks
    world.set_clock(-12 * HOUR)
    world.vendor.bought[0].undone = True
    await world.pass_time(NOTICED_WITHIN)
    assert world.vendor.looks > looks
    assert states_of(world)[0] is State.REVERSED


async def test_a_clock_that_is_set_right_by_minutes_is_no_reason_to_look_again() -> (
    None
):
    world = await due_world()
    await world.pass_time(3 * DAY)
    looks = world.vendor.looks
    world.set_clock(timedelta(minutes=-4))
    await world.pass_time(NOTICED_WITHIN)
    assert world.vendor.looks == looks


async def test_a_fall_that_is_noticed_right_after_a_send_asks_no_sooner_for_it() -> (
    None
):
    """Where asking means sending, a vendor may execute both."""
    world, _ = await asking_world(faults=[Fault.PENDING], lookup=Lookup.PAYING)
    world.set_clock(-HOUR)
    sim = world.engine.sims[EPOCH]
    await world.engine.change(replace(sim, rules=replace(sim.rules, days_before=6)))
    await world.doors.approve((await the_question(world)).id, ADMIN)
    assert states_of(world) == [State.PENDING]
    await world.engine.wake()
    await world.rest()
    assert world.vendor.submits == [KEY]
    await world.pass_time(MINUTE)
    assert len(world.vendor.submits) > 1


async def test_what_was_planned_for_next_year_is_looked_up_now() -> None:
    world = await due_world(faults=[Fault.LOSE_ANSWER])
    world.vendor.lookup_error = Unavailable("HTTP 503")
    world.set_clock(400 * DAY)
    await world.pass_time(NOTICED_WITHIN)
    world.vendor.lookup_error = None
    world.set_clock(-400 * DAY)
    await world.pass_time(NOTICED_WITHIN)
    assert states_of(world) == [State.CONFIRMED]


async def test_what_was_sent_next_year_goes_to_a_person_and_waits_for_no_year() -> None:
    world = await due_world(faults=[Fault.LOSE_ANSWER])
    world.vendor.lookup_error = Unavailable("HTTP 503")
    world.vendor.lag = -400 * DAY
    world.set_clock(-400 * DAY)
    await world.pass_time(NOTICED_WITHIN)
    assert states_of(world) == [State.NEEDS_PERSON]
    # A look buys nothing, so it goes on besides.
    world.vendor.lookup_error = None
    await world.pass_time(DAY)
    assert states_of(world) == [State.CONFIRMED]
    assert world.vendor.submits == [KEY]


async def test_what_was_sent_some_hours_ahead_waits_for_them() -> None:
    """What is asked too early may still be running at the vendor."""
    world = await due_world(faults=[Fault.LOSE_ANSWER])
    before = world.vendor.looks
    world.set_clock(-23 * HOUR)
    await world.pass_time(22 * HOUR)
    assert (states_of(world), world.vendor.looks) == ([State.UNKNOWN], before)
    await world.pass_time(2 * HOUR)
    assert states_of(world) == [State.CONFIRMED]


@pytest.mark.parametrize("saved", [True, False])
@pytest.mark.parametrize("teller", ["vendor", "person"])
async def test_what_is_learned_while_the_clock_is_in_1970_was_delivered_now(
    teller: str, saved: bool
) -> None:
    """Rules that were saved meanwhile say that the clock is right; in 1970 it never is."""
    world, sim = await faulty_world(Fault.PENDING)
    if teller == "person":
        await world.pass_time(25 * HOUR)
    today = world.now()
    world.set_clock(datetime(1970, 1, 2, tzinfo=UTC) - today)
    world.vendor.bought[0].final = True
    # The vendor's own clock is right: to it nothing lies in the future.
    world.vendor.lag = world.now() - today
    if saved:
        rules = replace(sim.rules, monthly_cap=usd("201"))
        await world.engine.change(replace(sim, rules=rules))
    if teller == "person":
        await world.doors.resolve(1, arrived=True, note=None, caller=ADMIN)
    await world.pass_time(NOTICED_WITHIN)
    world.set_clock(today + NOTICED_WITHIN - world.now())
    await world.pass_time(NOTICED_WITHIN)
    (order,) = await world.orders(sim)
    assert order.state is State.CONFIRMED
    assert order.settled_at is not None
    assert order.created_at <= order.settled_at <= today
    status = world.engine.status(sim.epoch)
    assert status is not None
    assert status.life.stage is Stage.ACTIVE
    assert len(world.vendor.delivered) == 1


async def test_a_start_notices_that_the_clock_was_ahead_before() -> None:
    world = await due_world(faults=[Fault.LOSE_ANSWER])
    world.vendor.lookup_error = Unavailable("HTTP 503")
    world.set_clock(400 * DAY)
    await world.pass_time(NOTICED_WITHIN)
    await world.die()
    world.vendor.lookup_error = None
    world.set_clock(-400 * DAY)
    await world.restart(a_sim())
    await world.pass_time(HOUR)
    assert states_of(world) == [State.CONFIRMED]


async def test_a_source_may_lag_behind_what_arrived_while_the_clock_was_behind() -> (
    None
):
    sim = a_sim(threshold="10", days_before=None)
    world = ModelWorld()
    world.vendor.faults = [Fault.PENDING]
    await world.begin(sim)
    await world.engine.observe(sim.epoch, (balance(hkd("9"), at=world.moment),))
    await world.rest()
    assert states_of(world) == [State.PENDING]
    world.set_clock(-12 * HOUR)
    world.vendor.lag = -12 * HOUR
    await world.pass_time(11 * HOUR)
    world.vendor.bought[0].final = True
    await world.pass_time(HOUR)
    assert states_of(world) == [State.CONFIRMED]
    world.set_clock(12 * HOUR)
    world.vendor.lag = timedelta(0)
    # It arrived twelve hours after the newest event before the fall.
    await world.pass_time(40 * HOUR)
    await world.engine.observe(sim.epoch, (balance(hkd("9"), at=world.moment),))
    await world.rest()
    assert len(world.vendor.bought) == 1


async def test_a_day_that_was_counted_while_the_clock_was_days_behind_buys_nothing() -> (
    None
):
    """Somebody saved rules meanwhile, but that does not make the clock right."""
    world = await quiet_world(days=10)
    await world.pass_time(DAY)
    world.set_clock(-3 * DAY)
    await world.engine.change(a_sim(days_before=6))
    paid = Paid(cost=hkd("50"), day=world.now().date())
    await world.doors.record(EPOCH, paid, ADMIN)
    world.set_clock(3 * DAY)
    world.vendor.lag = timedelta(0)
    # It is good for a year; by a clock three days behind, for 362 days from now.
    await world.engine.change(a_sim(days_before=363))
    await world.pass_time(HOUR)
    assert world.vendor.submits == []
    assert (await the_question(world)).why["reason"] == "deadline_doubtful"


async def test_in_1970_nothing_is_bought_whoever_says_that_the_clock_is_right() -> None:
    world = await quiet_world(days=10)
    world.set_clock(datetime(1970, 1, 2, tzinfo=UTC) - world.now())
    world.vendor.lag = timedelta(0)
    await world.engine.change(a_sim(threshold="10", days_before=None))
    await world.doors.update_reading(EPOCH, Typed(balance=hkd("1")), ADMIN)
    await world.pass_time(NOTICED_WITHIN)
    assert reason_of(world) is Reason.CLOCK_DOUBTFUL
    assert world.vendor.submits == []


@pytest.mark.parametrize("spoken", [True, False])
async def test_a_person_s_go_ahead_says_that_the_clock_is_right_again(
    spoken: bool,
) -> None:
    world = await quiet_world(days=10)
    world.set_clock(400 * DAY)
    await world.pass_time(NOTICED_WITHIN)
    world.set_clock(-394 * DAY)
    await world.pass_time(NOTICED_WITHIN)
    assert reason_of(world) is Reason.CLOCK_DOUBTFUL
    assert world.vendor.bought == []
    if spoken:
        sim = a_sim()
        rules = replace(sim.rules, monthly_cap=usd("201"))
        await world.engine.change(replace(sim, rules=rules))
    await world.pass_time(HOUR)
    assert len(world.vendor.bought) == int(spoken)
