"""The notebook: recharges in shops, readings, and use of the number."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.errors import (
    AmountInvalid,
    NotAllowed,
    OrderRefused,
)
from custom_components.sim_keeper.keeper.ledger import EventType
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Kind, Order, Origin, State
from custom_components.sim_keeper.keeper.permissions import AUTOMATION
from custom_components.sim_keeper.keeper.policy import Reason
from custom_components.sim_keeper.keeper.sim import Field, Mode, Trust
from custom_components.sim_keeper.keeper.statements import Paid, Typed

from .builders import hkd, usd
from .model_world import ADMIN, START, ModelWorld, a_sim
from .scenes import (
    DAY,
    EPOCH,
    HOUR,
    PERSON,
    TODAY,
    asking_for,
    quiet_world,
    reason_of,
    refusal_of,
    the_question,
)

# -- By hand ----------------------------------------------------------------------------------


async def _tasked(**changes: Any) -> tuple[ModelWorld, Order]:
    world = await quiet_world(a_sim(account=None, **changes), days=4)
    return world, await the_question(world)


async def test_an_answer_to_a_task_that_was_settled_meanwhile_records_nothing() -> None:
    world, task = await _tasked()
    await world.doors.approve(task.id, ADMIN)
    paid = Paid(cost=hkd("60"), day=TODAY)
    answer = world.doors.record(EPOCH, paid, ADMIN, task_id=task.id)
    assert await refusal_of(answer) == "not_waiting"
    assert len(world.ledger.orders(EPOCH)) == 1


async def test_a_task_is_ticked_off_as_planned() -> None:
    world, task = await _tasked()
    done = await world.doors.approve(task.id, ADMIN)
    assert (done.state, done.cost, done.happened_on) == (
        State.CONFIRMED,
        hkd("50"),
        TODAY,
    )
    status = world.engine.status(EPOCH)
    await world.rest()
    status = world.engine.status(EPOCH)
    assert status is not None
    assert (status.task, status.life.days_left) == (None, 365)
    assert status.spent == hkd("50")
    await world.pass_time(30 * DAY)
    assert len(world.ledger.orders()) == 1


async def test_a_task_is_done_with_another_amount_days_or_date() -> None:
    world, task = await _tasked()
    paid = Paid(cost=hkd("100"), day=TODAY - DAY, place="shop", receipt="1", note="x")
    done = await world.doors.record(EPOCH, paid, PERSON)
    assert (done.id, done.cost, done.place) == (task.id, hkd("100"), "shop")
    expiry = world.ledger.readings(EPOCH).expiry
    assert expiry is not None
    assert (expiry.day, expiry.trust) == (TODAY + 364 * DAY, Trust.ESTIMATE)
    later: tuple[tuple[dict[str, Any], date, Trust], ...] = (
        ({"days": 30}, TODAY + 30 * DAY, Trust.ESTIMATE),
        ({"expiry": TODAY + 99 * DAY}, TODAY + 99 * DAY, Trust.TYPED),
    )
    for changes, day, trust in later:
        world, _ = await _tasked()
        paid = Paid(cost=hkd("50"), day=TODAY, **changes)
        await world.doors.record(EPOCH, paid, ADMIN)
        expiry = world.ledger.readings(EPOCH).expiry
        assert expiry is not None
        assert (expiry.day, expiry.trust) == (day, trust)


async def test_a_shop_recharge_counts_as_much_as_an_own_one() -> None:
    world = await quiet_world(days=6)
    paid = Paid(cost=hkd("50"), day=TODAY)
    order = await world.doors.record(EPOCH, paid, PERSON)
    assert (order.assisted, order.origin) == (True, Origin.PERSON)
    assert "asked" not in [one.event.type for one in world.ledger.untold()]
    await world.pass_time(30 * DAY)
    assert world.vendor.submits == []
    again = world.doors.record(EPOCH, paid, PERSON)
    assert await refusal_of(again) == "already_recorded"


async def test_a_recharge_of_unknown_effect_keeps_the_machine_quiet() -> None:
    world = await quiet_world(days=6)
    # Too little for the ladder: nobody knows how many days it bought.
    await world.doors.record(EPOCH, Paid(cost=hkd("10"), day=TODAY), PERSON)
    await world.pass_time(5 * DAY)
    assert world.vendor.submits == []
    status = world.engine.status(EPOCH)
    assert status is not None
    assert status.deadline_outdated


async def test_a_record_in_another_currency_is_counted_apart() -> None:
    world = await quiet_world(days=6)
    await world.doors.record(EPOCH, Paid(cost=usd("7"), day=TODAY), PERSON)
    found = world.ledger.spending(f"sim:{EPOCH}", "2026-03").amounts
    assert found == {"USD": 700}
    before = world.ledger.readings(EPOCH).expiry
    assert before is not None
    assert before.trust is Trust.TYPED


async def test_a_record_is_never_blocked_by_a_budget() -> None:
    world = await quiet_world(a_sim(cap="1"), days=6)
    await world.doors.record(EPOCH, Paid(cost=usd("500"), day=TODAY), PERSON)
    status = world.engine.status(EPOCH)
    await world.rest()
    status = world.engine.status(EPOCH)
    assert status is not None
    assert status.budget_left == usd("0")


@pytest.mark.parametrize("minor", [0, -1])
async def test_nothing_paid_is_no_recharge(minor: int) -> None:
    world = await quiet_world()
    with pytest.raises(AmountInvalid):
        await world.doors.record(
            EPOCH, Paid(cost=Money(minor, "HKD"), day=TODAY), ADMIN
        )


async def test_tomorrow_s_recharge_is_not_recorded_today() -> None:
    world = await quiet_world()
    paid = Paid(cost=hkd("50"), day=TODAY + DAY)
    assert await refusal_of(world.doors.record(EPOCH, paid, ADMIN)) == "day_in_future"
    world.moment = START.replace(hour=16)  # It is tomorrow in Hong Kong.
    await world.doors.record(EPOCH, paid, ADMIN)


async def test_dates_of_an_automatic_sim_are_an_administrator_s_business() -> None:
    world = await quiet_world()
    dates: tuple[dict[str, Any], ...] = ({"days": 1}, {"expiry": TODAY})
    for changes in dates:
        paid = Paid(cost=hkd("50"), day=TODAY, **changes)
        with pytest.raises(NotAllowed):
            await world.doors.record(EPOCH, paid, PERSON)
    for caller in (PERSON, AUTOMATION):
        with pytest.raises(NotAllowed):
            await world.doors.update_reading(EPOCH, Typed(expiry=TODAY), caller)
        with pytest.raises(NotAllowed):
            await world.doors.mark_active(EPOCH, caller)
    asking = await quiet_world(a_sim(mode=Mode.ASK))
    await asking.doors.update_reading(EPOCH, Typed(expiry=TODAY), PERSON)
    await asking.doors.record(EPOCH, Paid(cost=hkd("50"), day=TODAY, days=9), PERSON)


async def test_a_task_to_use_the_number_is_done_by_using_it() -> None:
    line = {"model": "activity_window", "window_days": 30}
    sim = a_sim(account=None, carrier=None, overrides=line, amount=None)
    world = ModelWorld()
    await world.begin(sim, typed=Typed(last_activity=date(2026, 2, 4)))
    task = await the_question(world)
    assert task.kind is Kind.ACTIVITY
    done = await world.doors.approve(task.id, ADMIN)
    assert (done.state, done.cost) == (State.CONFIRMED, hkd("0"))
    used = world.ledger.readings(EPOCH).last_activity
    assert used is not None
    assert (used.day, used.trust) == (TODAY, Trust.TYPED)
    await world.rest()
    status = world.engine.status(EPOCH)
    assert status is not None
    assert status.life.days_left == 30


@pytest.mark.parametrize("how", ["marked", "typed"])
async def test_using_the_number_clears_the_task(how: str) -> None:
    line = {"model": "activity_window", "window_days": 30}
    sim = a_sim(account=None, carrier=None, overrides=line, amount=None)
    world = ModelWorld()
    await world.begin(sim, typed=Typed(last_activity=date(2026, 2, 4)))
    if how == "marked":
        await world.doors.mark_active(EPOCH, ADMIN)
    else:
        typed = Typed(last_activity=TODAY - DAY)
        await world.doors.update_reading(EPOCH, typed, ADMIN)
    assert [order.state for order in world.ledger.orders()] == [State.CANCELLED]


async def test_a_person_asks_for_a_task() -> None:
    world = await quiet_world(a_sim(account=None))
    task = await world.doors.recharge(EPOCH, asking_for("70"), ADMIN)
    assert (task.assisted, task.value) == (True, hkd("70"))
    # It was asked for: that nothing is due does not end it.
    await world.pass_time(3 * DAY)
    assert world.ledger.order(task.id).state is State.ASKED
    assert (await world.doors.recharge(EPOCH, asking_for(), ADMIN)).id == task.id
    await world.doors.cancel(task.id, PERSON)
    bare = await quiet_world(a_sim(account=None, amount=None))
    task = await bare.doors.recharge(EPOCH, asking_for(None), ADMIN)
    assert task.value is None


# -- Readings ---------------------------------------------------------------------------------


async def test_what_a_person_types_is_kept_as_typed() -> None:
    world = await quiet_world(days=None)
    typed = Typed(
        balance=hkd("-3.50"),
        expiry=TODAY + 90 * DAY,
        data_left=0,
        last_activity=TODAY,
    )
    await world.doors.update_reading(EPOCH, typed, ADMIN)
    seen = world.ledger.readings(EPOCH)
    found = [seen.balance, seen.expiry, seen.data_left, seen.last_activity]
    kept = [reading for reading in found if reading is not None]
    assert [reading.field for reading in kept] == list(Field)
    assert {reading.trust for reading in kept} == {Trust.TYPED}
    assert kept[0].money == hkd("-3.50")
    assert kept[1].day == TODAY + 90 * DAY
    events = [event.actor for event in world.events if event.type is EventType.READING]
    assert events == [ADMIN.actor] * 4


async def test_a_form_that_was_left_empty_changes_nothing() -> None:
    world = await quiet_world()
    before, events = world.ledger.readings(EPOCH), world.ledger.last_event()
    await world.doors.update_reading(EPOCH, Typed(), ADMIN)
    # Not even a ledger that can keep nothing minds.
    world.ledger._book.conn.execute("DROP TRIGGER order_moves")
    await world.engine.desk.check()
    await world.doors.update_reading(EPOCH, Typed(), ADMIN)
    assert reason_of(world) is Reason.LEDGER_FROZEN
    assert world.ledger.readings(EPOCH) == before
    assert world.ledger.last_event() == events


async def test_a_balance_in_other_money_is_refused() -> None:
    world = await quiet_world()
    with pytest.raises(OrderRefused) as caught:
        await world.doors.update_reading(EPOCH, Typed(balance=usd("3")), ADMIN)
    assert caught.value.reason == "currency_differs"
    assert caught.value.numbers == {"currency": "HKD"}


async def test_the_number_cannot_have_been_used_tomorrow() -> None:
    world = await quiet_world()
    typed = Typed(last_activity=TODAY + DAY)
    assert (
        await refusal_of(world.doors.update_reading(EPOCH, typed, ADMIN))
        == "day_in_future"
    )


async def test_a_date_at_the_end_of_the_calendar_breaks_nothing() -> None:
    world = await quiet_world()
    await world.doors.update_reading(EPOCH, Typed(expiry=date.max), ADMIN)
    status = world.engine.status(EPOCH)
    assert status is not None
    assert status.life.days_left is not None
    assert status.life.days_left > 10_000
    order = await world.doors.recharge(EPOCH, asking_for(), ADMIN)
    assert order.state is State.CONFIRMED


# -- While the clock has fallen back ----------------------------------------------------------


async def fallen_back() -> ModelWorld:
    """Return a world in which the clock has fallen back to 1970 after a quiet day."""
    world = await quiet_world(days=20)
    await world.pass_time(HOUR)
    world.set_clock(datetime(1970, 1, 1, 7, tzinfo=UTC) - world.now())
    return world


@pytest.mark.parametrize("day", [date(1970, 1, 1), date(2026, 3, 2), date(2026, 3, 3)])
async def test_what_is_paid_while_the_clock_is_in_1970_counts(day: date) -> None:
    """Today by such a clock is the day of the newest entry; a later day may have come."""
    world = await fallen_back()
    before = world.ledger.readings(EPOCH).expiry
    order = await world.doors.record(EPOCH, Paid(cost=hkd("50"), day=day), ADMIN)
    assert order.happened_on == (date(2026, 3, 2) if day.year == 1970 else day)
    after = world.ledger.readings(EPOCH).expiry
    assert before
    assert after
    assert after.day > before.day


@pytest.mark.parametrize("day", [date(2027, 3, 4), date(2062, 3, 2)])
async def test_what_lies_a_year_ahead_of_the_newest_entry_is_refused(day: date) -> None:
    world = await fallen_back()
    paid = Paid(cost=hkd("50"), day=day)
    assert await refusal_of(world.doors.record(EPOCH, paid, ADMIN)) == "day_in_future"


async def test_a_number_that_is_used_while_the_clock_is_in_1970_is_used_now() -> None:
    world = await fallen_back()
    await world.doors.mark_active(EPOCH, ADMIN)
    found = world.ledger.readings(EPOCH).last_activity
    assert found
    assert found.day == date(2026, 3, 2)
