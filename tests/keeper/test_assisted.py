"""A recharge that a person does: asked, called to mind, done, and never paid for again."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.errors import AmountInvalid, NotAllowed
from custom_components.sim_keeper.keeper.ledger import EventType, Picture
from custom_components.sim_keeper.keeper.orders import Order, State
from custom_components.sim_keeper.keeper.permissions import AUTOMATION
from custom_components.sim_keeper.keeper.policy import Reason
from custom_components.sim_keeper.keeper.sim import Mode
from custom_components.sim_keeper.keeper.statements import Paid, Typed

from .builders import hkd, usd
from .model_world import ADMIN, ModelWorld, a_sim
from .scenes import (
    DAY,
    EPOCH,
    PERSON,
    TODAY,
    asking_for,
    asking_world,
    quiet_world,
    reason_of,
    refusal_of,
    states_of,
    the_question,
)

ALREADY = Paid(cost=None, day=TODAY, already=True)
PAID = Paid(cost=hkd("50"), day=TODAY)


async def tasked(**changes: Any) -> tuple[ModelWorld, Order]:
    """Return a world in which a person is asked for a SIM that could buy by itself."""
    world = await quiet_world(a_sim(mode=Mode.REMIND, **changes), days=4)
    return world, await the_question(world)


# -- Already paid ---------------------------------------------------------------------------


async def test_what_was_already_paid_needs_no_amount() -> None:
    world, task = await tasked()
    done = await world.doors.record(EPOCH, ALREADY, PERSON, task_id=task.id)
    assert (done.id, done.state, done.reason) == (
        task.id,
        State.CONFIRMED,
        "already_paid",
    )
    assert (done.cost, done.value) == (None, None)
    # Nobody knows what it cost: it is counted nowhere, rather than as zero.
    assert world.ledger.spending(f"sim:{EPOCH}", "2026-03").amounts == {}
    assert world.ledger.find_damage() is None


async def test_what_was_already_paid_counts_where_the_amount_is_known() -> None:
    world, task = await tasked()
    paid = Paid(cost=hkd("50"), day=TODAY, already=True)
    done = await world.doors.record(EPOCH, paid, ADMIN, task_id=task.id)
    assert (done.cost, done.reason) == (hkd("50"), "already_paid")
    assert world.ledger.spending(f"sim:{EPOCH}", "2026-03").amounts == {"HKD": 5000}


async def test_an_unknown_amount_needs_to_be_already_paid() -> None:
    world, task = await tasked()
    with pytest.raises(AmountInvalid):
        await world.doors.record(EPOCH, Paid(cost=None, day=TODAY), ADMIN)
    assert world.ledger.order(task.id).state is State.ASKED


async def test_what_was_already_paid_is_recorded_once_without_a_task() -> None:
    world = await quiet_world()
    order = await world.doors.record(EPOCH, ALREADY, PERSON)
    assert (order.cost, order.ceiling.currency) == (None, "HKD")
    again = world.doors.record(EPOCH, ALREADY, PERSON)
    assert await refusal_of(again) == "already_recorded"
    other = Paid(cost=None, day=TODAY, already=True, place="auto_recharge")
    await world.doors.record(EPOCH, other, PERSON)
    assert states_of(world) == [State.CONFIRMED] * 2


async def test_the_date_of_an_automatic_sim_stays_an_administrator_s_business() -> None:
    world = await quiet_world()
    paid = Paid(cost=None, day=TODAY, already=True, expiry=TODAY + 9 * DAY)
    for caller in (PERSON, AUTOMATION):
        with pytest.raises(NotAllowed):
            await world.doors.record(EPOCH, paid, caller)
    await world.doors.record(EPOCH, paid, ADMIN)


async def test_a_tick_of_a_task_without_an_amount_invents_none() -> None:
    world = await quiet_world(a_sim(account=None, amount=None), days=4)
    task = await the_question(world)
    done = await world.doors.approve(task.id, PERSON)
    assert (done.state, done.cost, done.value) == (State.CONFIRMED, None, None)
    assert world.ledger.spending(f"sim:{EPOCH}", "2026-03").amounts == {}


# -- It satisfies the need ------------------------------------------------------------------

ANSWERS = {"done": PAID, "already": ALREADY, "other": Paid(cost=hkd("77"), day=TODAY)}


@pytest.mark.parametrize("answer", ANSWERS)
async def test_done_and_then_automatic(answer: str) -> None:
    world, task = await tasked()
    await world.doors.record(EPOCH, ANSWERS[answer], PERSON, task_id=task.id)
    await world.engine.change(a_sim())
    await world.pass_time(6 * DAY)
    assert world.vendor.submits == []
    assert states_of(world) == [State.CONFIRMED]


@pytest.mark.parametrize("answer", ANSWERS)
async def test_automatic_and_then_done(answer: str) -> None:
    world, task = await tasked()
    await world.engine.change(a_sim())
    # Whoever was asked may be paying at this very moment.
    await world.pass_time(DAY)
    assert reason_of(world) is Reason.TASK_OPEN
    assert world.vendor.submits == []
    await world.doors.record(EPOCH, ANSWERS[answer], PERSON, task_id=task.id)
    await world.pass_time(6 * DAY)
    assert world.vendor.submits == []
    assert states_of(world) == [State.CONFIRMED]


async def test_a_question_goes_when_it_was_already_paid() -> None:
    world, question = await asking_world()
    await world.doors.record(EPOCH, ALREADY, PERSON)
    await world.rest()
    assert world.ledger.order(question.id).state is State.CANCELLED
    assert await refusal_of(world.doors.approve(question.id, ADMIN)) == "not_waiting"
    await world.pass_time(6 * DAY)
    assert world.vendor.submits == []


async def test_a_new_reading_of_the_old_date_asks_again() -> None:
    world, task = await tasked()
    await world.doors.record(EPOCH, ALREADY, PERSON, task_id=task.id)
    await world.pass_time(timedelta(minutes=1))
    # Whoever types the old date says that nothing came of what was "already paid".
    await world.doors.update_reading(EPOCH, Typed(expiry=TODAY + 4 * DAY), ADMIN)
    assert states_of(world) == [State.CONFIRMED, State.ASKED]


@pytest.mark.parametrize("answer", ANSWERS)
async def test_a_second_answer_records_nothing(answer: str) -> None:
    world, task = await tasked()
    await world.doors.record(EPOCH, ANSWERS[answer], PERSON)
    before = world.ledger.last_event()
    for late in (
        world.doors.approve(task.id, ADMIN),
        world.doors.skip(task.id, ADMIN),
        world.doors.cancel(task.id, ADMIN),
        world.doors.record(EPOCH, PAID, ADMIN, task_id=task.id),
    ):
        assert await refusal_of(late) == "not_waiting"
    await world.rest()
    # Only what the first answer led to was written since: nothing about the order.
    later = [event.order_id for event in world.ledger.events_since(before)]
    assert set(later) <= {None}
    assert states_of(world) == [State.CONFIRMED]


async def test_another_currency_is_kept_as_it_was_paid() -> None:
    world, task = await tasked()
    paid = Paid(cost=usd("7"), day=TODAY, place="paypal")
    done = await world.doors.record(EPOCH, paid, PERSON, task_id=task.id)
    assert (done.cost, done.place) == (usd("7"), "paypal")


# -- Called to mind -------------------------------------------------------------------------


async def test_the_reminders_of_a_deadline_stand_in_the_life_of_its_task() -> None:
    world = await quiet_world(a_sim(account=None, mode=Mode.REMIND), days=10)
    await world.pass_time(9 * DAY)
    task = await the_question(world)
    told = [
        (event.data["stage"], event.order_id)
        for event in world.ledger.events_since(0)
        if event.type is EventType.REMINDER
    ]
    # The first came before the task; the one of the task's own day says nothing new.
    assert told == [("14", None), ("7", None), ("3", task.id), ("1", task.id)]
    await world.doors.approve(task.id, PERSON)
    life = [event.type for event in world.ledger.events(task.id)]
    assert life[0] is EventType.ASKED
    assert life[-1] is EventType.CONFIRMED
    assert set(life[1:-1]) == {EventType.REMINDER}


async def test_a_task_without_a_deadline_is_called_to_mind_each_week_for_a_month() -> (
    None
):
    world = await quiet_world(a_sim(account=None, mode=Mode.REMIND), days=None)
    task = await world.doors.recharge(EPOCH, asking_for("70"), ADMIN)
    await world.pass_time(60 * DAY)
    stages = [
        event.data["stage"]
        for event in world.ledger.events(task.id)
        if event.type is EventType.REMINDER
    ]
    assert stages == [f"task:{task.id}:{week}" for week in (1, 2, 3, 4)]
    assert world.ledger.order(task.id).state is State.ASKED


# -- The picture of the receipt -------------------------------------------------------------


async def test_the_picture_of_a_receipt_is_part_of_the_chained_history() -> None:
    world, task = await tasked()
    picture = Picture(name="1.jpg", sha256="ab" * 32)
    paid = Paid(cost=hkd("50"), day=TODAY, picture=picture)
    await world.doors.record(EPOCH, paid, PERSON, task_id=task.id)
    await world.doors.record(EPOCH, ALREADY, PERSON)
    assert world.ledger.pictures() == world.ledger.pictures(EPOCH) == {task.id: picture}
    assert world.ledger.pictures("BBBBBBBBBB") == {}
    assert world.ledger.find_damage() is None
