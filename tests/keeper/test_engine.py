"""The engine: when it looks, and how far each mode goes."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.ledger import EventType
from custom_components.sim_keeper.keeper.lifecycle import Stage
from custom_components.sim_keeper.keeper.orders import Kind, State
from custom_components.sim_keeper.keeper.policy import Reason
from custom_components.sim_keeper.keeper.ports import Lookup
from custom_components.sim_keeper.keeper.sim import Mode
from custom_components.sim_keeper.keeper.statements import Typed

from .builders import hkd
from .model_world import ADMIN, START, Fault, ModelWorld, a_sim, expiring_in
from .scenes import DAY, EPOCH, HOUR, MINUTE, due_world, reason_of, skips_of, states_of

# -- When -------------------------------------------------------------------------------------


async def test_an_order_is_made_on_the_day_on_which_it_is_due_and_not_before() -> None:
    world = await due_world(days=8)
    assert states_of(world) == []
    # The SIM's fifth day before the deadline begins at 16:00 UTC three days before.
    due = START.replace(hour=16) + 2 * DAY
    await world.pass_time(due - START - MINUTE)
    assert states_of(world) == []
    await world.pass_time(MINUTE)
    assert states_of(world) == [State.CONFIRMED]


async def test_nothing_is_bought_before_the_home_is_running() -> None:
    world, sim = ModelWorld(), a_sim()
    await world.engine.open(lambda: world.ledger)
    await world.engine.register(sim)
    await world.doors.update_reading(sim.epoch, expiring_in(4), ADMIN)
    await world.engine.wake()
    assert states_of(world) == []
    assert world.wake_moment is None
    status = world.engine.status(sim.epoch)
    assert status is not None
    assert status.life.days_left == 4


async def test_a_month_of_being_off_buys_one_recharge_not_many() -> None:
    world = await due_world(days=8)
    await world.die()
    world._be_born()
    world.moment += 20 * DAY
    await world.begin(a_sim())
    assert len(world.vendor.delivered) <= 1
    await world.pass_time(5 * DAY)
    assert len(world.vendor.delivered) == 1


async def test_a_sim_is_looked_at_once_a_day_and_the_ledger_gives_a_sign_of_life() -> (
    None
):
    world = await due_world(days=200)
    wakes = world.wakes
    await world.pass_time(10 * DAY)
    assert world.wakes - wakes <= 21
    days = [event for event in world.events if event.type is EventType.DAY]
    assert len(days) == 11


async def test_a_year_of_twenty_sims_is_quiet() -> None:
    sims = [a_sim(f"SIM{number:07d}") for number in range(20)]
    world = await due_world(*sims, days=300)
    await world.pass_time(100 * DAY)
    assert len(world.ledger.events_since(0)) < 20 * 4 + 105


async def test_a_status_is_announced_only_when_it_changes() -> None:
    world = await due_world(days=200)
    world.changes.clear()
    await world.engine.evaluate("AAAAAAAAAA")
    assert world.changes == []
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(190), ADMIN)
    assert world.changes == ["AAAAAAAAAA"]


# -- Modes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "states"),
    [
        (Mode.OFF, []),
        (Mode.REMIND, [State.ASKED]),
        (Mode.ASK, [State.ASKED]),
        (Mode.AUTO, [State.CONFIRMED]),
    ],
)
async def test_a_mode_goes_so_far_and_no_further(
    mode: Mode, states: list[State]
) -> None:
    world = await due_world(a_sim(mode=mode))
    assert states_of(world) == states
    tasks = [order.assisted for order in world.ledger.orders()]
    assert tasks == [mode is Mode.REMIND] * len(states)
    await world.pass_time(HOUR)
    assert len(world.vendor.bought) == (mode is Mode.AUTO)


async def test_a_question_that_nobody_answers_ends_after_a_day_and_is_asked_again() -> (
    None
):
    world = await due_world(a_sim(mode=Mode.ASK), days=5)
    await world.pass_time(40 * HOUR)
    assert states_of(world) == [State.EXPIRED]
    assert reason_of(world) is Reason.SAID_NO
    await world.pass_time(DAY)
    assert states_of(world) == [State.EXPIRED, State.ASKED]
    await world.pass_time(2 * DAY)
    assert world.vendor.bought == []


async def test_a_declined_question_rests_until_the_last_days() -> None:
    world = await due_world(a_sim(mode=Mode.ASK), days=5)
    await world.doors.cancel(1, ADMIN)
    # The last three days begin with the end of 4 March in Hong Kong.
    await world.pass_time(START.replace(hour=15, minute=59) + 2 * DAY - START)
    assert states_of(world) == [State.DECLINED]
    await world.pass_time(MINUTE)
    assert states_of(world) == [State.DECLINED, State.ASKED]


async def test_a_question_that_is_not_needed_any_more_goes_away_and_comes_back() -> (
    None
):
    world = await due_world(a_sim(mode=Mode.ASK))
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(100), ADMIN)
    assert states_of(world) == [State.CANCELLED]
    # The date was a slip of the pen.
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(4), ADMIN)
    assert states_of(world) == [State.CANCELLED, State.ASKED]


@pytest.mark.parametrize("changed", [{"mode": Mode.OFF}, {"account": None}])
async def test_new_settings_end_a_question_that_they_forbid(
    changed: dict[str, Any],
) -> None:
    world = await due_world(a_sim(mode=Mode.ASK))
    await world.engine.change(a_sim(**({"mode": Mode.ASK} | changed)))
    assert states_of(world)[0] is State.CANCELLED


async def test_new_settings_are_a_go_ahead() -> None:
    world = await due_world(faults=[Fault.REFUSE_NEVER])
    await world.pass_time(DAY)
    assert reason_of(world) is Reason.REFUSED
    assert states_of(world) == [State.REJECTED]
    await world.engine.change(a_sim(amount="60"))
    await world.rest()
    assert states_of(world) == [State.REJECTED, State.CONFIRMED]


async def test_a_vendor_that_refuses_within_the_second_is_not_asked_again_and_again() -> (
    None
):
    world = await due_world(faults=[Fault.REFUSE_NEVER] * 20)
    await world.engine.change(a_sim(amount="60"))
    await world.rest()
    assert len(world.vendor.submits) == 2


async def test_a_later_is_tried_four_times_in_all() -> None:
    world = await due_world(days=5, faults=[Fault.REFUSE_LATER] * 20)
    seen = []
    for _ in range(10 * 4):
        seen.append(len(world.vendor.submits))
        await world.pass_time(15 * MINUTE)
    assert [seen.index(count) / 4 for count in (2, 3, 4)] == [1, 3, 7]
    await world.pass_time(2 * DAY)
    assert len(world.vendor.submits) == 4
    assert "too_many_attempts" in skips_of(world)


# -- Tasks ------------------------------------------------------------------------------------


async def test_without_an_account_a_person_is_asked_once_and_the_task_goes_when_done() -> (
    None
):
    world = await due_world(a_sim(account=None))
    (task,) = world.ledger.orders()
    assert (task.assisted, task.state, task.value) == (True, State.ASKED, hkd("50"))
    await world.pass_time(2 * DAY)
    assert len(world.ledger.orders()) == 1
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(300), ADMIN)
    assert states_of(world) == [State.CANCELLED]


async def test_a_number_that_must_be_used_is_a_task_without_an_amount() -> None:
    sim = a_sim(
        account=None,
        carrier=None,
        overrides={"model": "activity_window", "window_days": 30},
        amount=None,
    )
    world = ModelWorld()
    await world.begin(sim, typed=Typed(last_activity=date(2026, 2, 4)))
    (task,) = world.ledger.orders()
    assert (task.kind, task.value) == (Kind.ACTIVITY, None)


async def test_reminders_and_stages_are_noted_once() -> None:
    world = await due_world(a_sim(mode=Mode.REMIND), days=35)
    await world.pass_time(40 * DAY)
    reminders = [
        event.data["stage"]
        for event in world.events
        if event.type is EventType.REMINDER
    ]
    assert reminders[:6] == ["30", "14", "7", "3", "1", "0"]
    assert len(reminders) == len(set(reminders))
    stages = [
        (event.data["from"], event.data["stage"])
        for event in world.events
        if event.type is EventType.STAGE_CHANGED
    ]
    assert stages == [
        (None, Stage.ACTIVE),
        (Stage.ACTIVE, Stage.EXPIRING),
        (Stage.EXPIRING, Stage.GRACE),
    ]


# -- Together ---------------------------------------------------------------------------------


async def test_several_wakes_at_once_look_each_order_up_once() -> None:
    world = await due_world(faults=[Fault.LOSE_ANSWER])
    world.moment += timedelta(seconds=180)
    world.vendor.lag = DAY
    world.turns = 1
    looks = world.vendor.looks
    await asyncio.gather(*(world.engine.wake() for _ in range(5)))
    assert world.vendor.looks == looks + 1
    assert world.ledger.attempt(1).looks == 1


@pytest.mark.parametrize("lookup", Lookup)
async def test_with_every_kind_of_channel_a_recharge_is_bought_once(
    lookup: Lookup,
) -> None:
    world = await due_world(lookup=lookup)
    await world.pass_time(3 * DAY)
    assert len(world.vendor.delivered) == 1


async def test_an_order_that_moved_on_by_itself_is_not_ended() -> None:
    world = await due_world()
    (order,) = world.ledger.orders(EPOCH)
    assert order.state is State.CONFIRMED
    await world.engine._end(order, State.EXPIRED, "nobody_answered")
    assert states_of(world) == [State.CONFIRMED]
