"""Passing a recharge over: until when it rests, and what ends the rest."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.doors import Doors
from custom_components.sim_keeper.keeper.errors import OrderRefused
from custom_components.sim_keeper.keeper.ledger import EventType
from custom_components.sim_keeper.keeper.orders import Order, State
from custom_components.sim_keeper.keeper.permissions import AUTOMATION
from custom_components.sim_keeper.keeper.policy import Reason, rests_until
from custom_components.sim_keeper.keeper.rules import Mode, RuleKind
from custom_components.sim_keeper.keeper.schedule import Calendar, Unit
from custom_components.sim_keeper.keeper.sim import Reading, Readings, Trust
from custom_components.sim_keeper.keeper.statements import Paid, Typed

from .builders import HK, NOW, balance, expiry, hkd, rules, sim, situation, view
from .model_world import ADMIN, START, ModelWorld, a_sim
from .scenes import (
    DAY,
    EPOCH,
    PERSON,
    TODAY,
    asking_for,
    asking_world,
    quiet_world,
    reason_of,
    states_of,
    the_question,
)

LOW = hkd("20")


def rests(*readings: Reading, **changes: Any) -> datetime:
    """Return until when a need rests that is passed over now."""
    line = sim(account=None, rules=rules(Mode.REMIND, **changes))
    known = Readings(**{one.field.value: one for one in readings})
    return rests_until(situation(line, view(readings=known)), NOW)


def last_second(day: date) -> datetime:
    """Return the end of a day in Hong Kong."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=HK)


def first_second(day: date) -> datetime:
    """Return the beginning of a day in Hong Kong."""
    return datetime(day.year, day.month, day.day, tzinfo=HK)


def test_a_deadline_that_calls_rests_until_it_has_passed() -> None:
    assert rests(expiry(TODAY + 4 * DAY)) == last_second(TODAY + 4 * DAY)
    # On the last day itself there is nothing left to rest: it speaks again the day after.
    assert rests(expiry(TODAY)) == NOW + DAY


def test_in_the_time_of_grace_nothing_rests_longer_than_a_day() -> None:
    assert rests(expiry(TODAY - 3 * DAY)) == NOW + DAY


def test_low_credit_has_no_day_of_its_own() -> None:
    low = {"low_balance": LOW, "days_before": None}
    assert rests(balance(hkd("5")), **low) == NOW + 30 * DAY


def test_low_credit_never_silences_a_deadline_that_comes_meanwhile() -> None:
    found = rests(balance(hkd("5")), expiry(TODAY + 20 * DAY), low_balance=LOW)
    assert found == first_second(TODAY + 15 * DAY)
    tomorrow = rests(balance(hkd("5")), expiry(TODAY + 6 * DAY), low_balance=LOW)
    assert tomorrow == NOW + DAY


def test_a_rule_that_is_off_ends_no_rest() -> None:
    readings = balance(hkd("5")), expiry(TODAY + 20 * DAY)
    silent = {RuleKind.DAYS_BEFORE: Mode.OFF}
    assert rests(*readings, low_balance=LOW, modes=silent) == NOW + 30 * DAY


@pytest.mark.parametrize(
    ("start", "until"),
    [
        (date(2026, 1, 31), date(2026, 3, 31)),
        (TODAY, date(2026, 4, 2)),
        (date(2026, 3, 20), date(2026, 3, 20)),
    ],
)
def test_a_calendar_rests_until_its_next_day(start: date, until: date) -> None:
    calendar = Calendar(start=start, every=1, unit=Unit.MONTHS)
    assert rests(calendar=calendar, days_before=None) == first_second(until)


# -- Whole lives ----------------------------------------------------------------------------


async def skipped(days: int = 4, **changes: Any) -> tuple[ModelWorld, Order]:
    """Return a world in which a task was just passed over."""
    world = await quiet_world(a_sim(account=None, **changes), days=days)
    task = await the_question(world)
    return world, await world.doors.skip(task.id, PERSON)


async def test_a_skipped_task_rests_until_the_deadline_and_comes_back_in_grace() -> (
    None
):
    world, order = await skipped()
    assert (order.state, order.reason) == (State.DECLINED, "skipped")
    assert order.next_at == last_second(TODAY + 4 * DAY)
    await world.pass_time(3 * DAY)
    assert reason_of(world) is Reason.SAID_NO
    assert states_of(world) == [State.DECLINED]
    await world.pass_time(2 * DAY)
    assert states_of(world) == [State.DECLINED, State.ASKED]


async def test_after_a_skip_only_the_last_days_are_called_to_mind() -> None:
    world, _ = await skipped(days=20, days_before=25, mode=Mode.REMIND)
    await world.pass_time(25 * DAY)
    stages = [
        event.data["stage"]
        for event in world.events
        if event.type is EventType.REMINDER
    ]
    assert stages[:4] == ["30", "3", "1", "0"]
    assert str(stages[4]).startswith("grace:")


@pytest.mark.parametrize(
    "paid",
    [
        Paid(cost=hkd("10"), day=TODAY),
        Paid(cost=None, day=TODAY, already=True, expiry=TODAY + 8 * DAY),
    ],
)
async def test_a_recharge_begins_a_new_cycle(paid: Paid) -> None:
    world, _ = await skipped(days=20, days_before=25)
    await world.pass_time(DAY)
    await world.doors.record(EPOCH, paid, ADMIN)
    await world.pass_time(timedelta(minutes=1))
    await world.doors.update_reading(EPOCH, Typed(expiry=TODAY + 9 * DAY), ADMIN)
    await world.rest()
    assert states_of(world) == [State.DECLINED, State.CONFIRMED, State.ASKED]


async def test_no_skip_outlasts_a_deadline_that_turns_out_to_be_nearer() -> None:
    world, order = await skipped(days=20, days_before=25)
    await world.pass_time(DAY)
    await world.doors.update_reading(EPOCH, Typed(expiry=TODAY + 3 * DAY), ADMIN)
    await world.pass_time(DAY)
    assert states_of(world) == [State.DECLINED]
    await world.pass_time(2 * DAY)
    assert states_of(world) == [State.DECLINED, State.ASKED]
    assert order.next_at is not None
    assert world.moment < order.next_at


async def test_a_go_ahead_ends_a_skip() -> None:
    world, _ = await skipped()
    await world.engine.go_ahead(EPOCH)
    await world.pass_time(timedelta(minutes=1))
    assert states_of(world) == [State.DECLINED, State.ASKED]


async def test_a_skip_survives_a_restart() -> None:
    world, _ = await skipped()
    await world.restart(a_sim(account=None))
    await world.pass_time(3 * DAY)
    assert states_of(world) == [State.DECLINED]


async def test_a_skip_keeps_the_machine_from_buying_as_well() -> None:
    world = await quiet_world(a_sim(mode=Mode.REMIND), days=4)
    task = await the_question(world)
    # Automatic while the person is still asked: then he says "not this time".
    await world.engine.change(a_sim())
    assert reason_of(world) is Reason.TASK_OPEN
    await world.doors.skip(task.id, PERSON)
    await world.pass_time(4 * DAY)
    assert world.vendor.submits == []
    await world.pass_time(2 * DAY)
    assert len(world.vendor.bought) == 1


async def test_what_a_person_asked_for_is_passed_over_too() -> None:
    world = await quiet_world(a_sim(account=None))
    task = await world.doors.recharge(EPOCH, asking_for("70"), ADMIN)
    order = await world.doors.skip(task.id, AUTOMATION)
    # Nothing calls for it; the next rule that does is heard as ever.
    assert order.next_at == first_second(TODAY + 95 * DAY)
    await world.pass_time(96 * DAY)
    assert states_of(world) == [State.DECLINED, State.ASKED]


async def test_only_an_open_task_can_be_passed_over() -> None:
    world, order = await skipped()
    with pytest.raises(OrderRefused) as caught:
        await world.doors.skip(order.id, ADMIN)
    assert caught.value.reason == "not_waiting"
    world, question = await asking_world()
    assert isinstance(world.doors, Doors)
    with pytest.raises(OrderRefused) as caught:
        await world.doors.skip(question.id, ADMIN)
    assert caught.value.reason == "not_a_task"
    assert states_of(world) == [State.ASKED]


async def test_a_typed_reading_of_the_same_deadline_does_not_end_a_skip() -> None:
    world, _ = await skipped()
    await world.doors.update_reading(EPOCH, Typed(expiry=TODAY + 4 * DAY), ADMIN)
    await world.rest()
    seen = world.ledger.readings(EPOCH).expiry
    assert seen is not None
    assert (seen.trust, seen.day) == (Trust.TYPED, START.date() + 4 * DAY)
    assert states_of(world) == [State.DECLINED]


async def test_low_credit_without_a_deadline_rests_for_a_month() -> None:
    line = a_sim(account=None, threshold="20", days_before=None)
    world = await quiet_world(line, days=None)
    await world.doors.update_reading(EPOCH, Typed(balance=hkd("5")), ADMIN)
    await world.rest()
    await world.doors.skip((await the_question(world)).id, PERSON)
    await world.pass_time(29 * DAY)
    assert reason_of(world) is Reason.SAID_NO
    assert states_of(world) == [State.DECLINED]
    await world.pass_time(2 * DAY)
    assert states_of(world) == [State.DECLINED, State.ASKED]
