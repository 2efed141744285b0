"""What comes to light long after it was sent, and what it proves."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.errors import Unavailable
from custom_components.sim_keeper.keeper.ledger import STOPPED, EventType
from custom_components.sim_keeper.keeper.orders import Attempt, Order, State
from custom_components.sim_keeper.keeper.ports import Automatic, Confirmed, Lookup
from custom_components.sim_keeper.keeper.settlement import JUST_NOW, Arrival, arrival
from custom_components.sim_keeper.keeper.sim import Reading, Trust
from custom_components.sim_keeper.keeper.statements import Paid, Typed

from .builders import NOW, expiry, hkd
from .model_world import ACCOUNT, ADMIN, START, Fault, ModelWorld
from .scenes import (
    DAY,
    EPOCH,
    HOUR,
    KEY,
    asking_for,
    due_world,
    faulty_world,
    quiet_world,
    states_of,
    the_question,
)

ANOTHER_KEY = KEY[:-1] + "1"


async def given_up(**vendor: Any) -> tuple[ModelWorld, Order]:
    """Return a world in which a person has said that something pending did not arrive."""
    world = await due_world(faults=[Fault.PENDING], **vendor)
    await world.pass_time(25 * HOUR)
    (order,) = world.ledger.in_state(State.NEEDS_PERSON)
    await world.doors.resolve(order.id, arrived=False, note=None, caller=ADMIN)
    today = world.now().date()
    paid = Paid(cost=hkd("50"), day=today, expiry=today + 60 * DAY)
    await world.doors.record(EPOCH, paid, ADMIN)
    await world.rest()
    return world, order


@pytest.mark.parametrize("lookup", [Lookup.PAYING, Lookup.NONE])
async def test_a_key_that_was_given_up_buys_nothing_later(lookup: Lookup) -> None:
    """The vendor would answer for the old purchase as if it were this one."""
    world, _ = await given_up(lookup=lookup)
    world.vendor.bought[0].final = True
    await world.pass_time(56 * DAY)
    assert world.vendor.submits[-1] == ANOTHER_KEY
    assert [one.key for one in world.vendor.bought] == [KEY, ANOTHER_KEY]
    assert world.ledger.orders()[-1].state is State.CONFIRMED


async def test_ten_keys_that_were_given_up_are_enough() -> None:
    world = await due_world(lookup=Lookup.NONE, faults=[Fault.LOSE_REQUEST] * 20)
    for _ in range(10):
        await world.pass_time(40 * HOUR)
        (order,) = world.ledger.in_state(State.NEEDS_PERSON)
        await world.doors.resolve(order.id, arrived=False, note=None, caller=ADMIN)
        await world.rest()
        for question in world.ledger.in_state(State.ASKED):
            await world.doors.cancel(question.id, ADMIN)
        # Long enough for it never to turn up any more, and for the no to be over.
        await world.pass_time(8 * DAY)
        soon = Typed(expiry=world.now().date() + 4 * DAY)
        await world.doors.update_reading(EPOCH, soon, ADMIN)
        await world.rest()
    assert len(set(world.vendor.submits)) == 10
    skips = [e for e in world.events if e.type is EventType.SKIPPED]
    assert skips[-1].data["reason"] == "too_many_attempts"


async def test_a_key_that_was_handed_on_unsent_stays_given_up() -> None:
    world, _ = await given_up(lookup=Lookup.PAYING)

    async def stop() -> None:
        world.ledger.set_setting(STOPPED, "on", "user:test", world.now())

    # Within the time in which it may turn up its key is handed on, to an order that is stopped.
    world.vendor.before_price = stop
    order = await world.doors.recharge(EPOCH, asking_for(another=True), ADMIN)
    assert order.state is State.CANCELLED
    assert world.ledger.attempt(order.id).key == KEY
    world.vendor.before_price = None
    await world.doors.set_stop(on=False, caller=ADMIN)
    world.vendor.bought[0].final = True
    await world.pass_time(56 * DAY)
    assert [one.key for one in world.vendor.bought] == [KEY, ANOTHER_KEY]


async def test_a_key_stays_with_its_need_as_long_as_it_may_turn_up() -> None:
    world = await due_world(faults=[Fault.PENDING], lookup=Lookup.PAYING)
    await world.pass_time(25 * HOUR)
    (order,) = world.ledger.in_state(State.NEEDS_PERSON)
    await world.doors.resolve(order.id, arrived=False, note=None, caller=ADMIN)
    await world.rest()
    world.vendor.bought[0].final = True
    question = await the_question(world)
    settled = await world.doors.approve(question.id, ADMIN)
    assert settled.state is State.CONFIRMED
    assert {one.key for one in world.vendor.bought} == {KEY}


async def test_what_arrived_long_ago_is_counted_from_then_and_doubted() -> None:
    world, order = await given_up(tells_when=False)
    # It is not looked at any more by the time it is delivered.
    world.vendor.lookup_error = Unavailable("HTTP 503")
    await world.pass_time(50 * DAY)
    world.vendor.lookup_error = None
    world.vendor.bought[0].final = True
    await world.pass_time(6 * DAY)
    assert world.ledger.order(order.id).state is State.CONFIRMED
    expiry = world.ledger.readings(EPOCH).expiry
    assert expiry is not None
    assert expiry.trust is Trust.HINT
    # The ladder gives a year, from the day of the send.
    assert expiry.day <= START.date() + 366 * DAY
    assert [one.key for one in world.vendor.bought] == [KEY]


def test_an_arrival_is_dated_by_the_vendor_or_by_the_send() -> None:
    def at(ago: timedelta, told: timedelta | None) -> Arrival:
        sent = Attempt(
            key=KEY,
            order_id=1,
            ordinal=0,
            first_sent_at=NOW - ago,
            last_sent_at=NOW - ago,
            sends=1,
            looks=0,
            consumed=False,
        )
        when = None if told is None else NOW - told
        answer = Confirmed(
            reference="7", cost=None, cost_exact=None, delivered=None, at=when
        )
        return arrival(sent, answer, NOW)

    assert at(DAY, None) == at(DAY, HOUR) == JUST_NOW
    assert at(-DAY, None) == JUST_NOW
    assert at(3 * DAY, None) == Arrival(at=NOW - 3 * DAY, known=False)
    assert at(3 * DAY, DAY) == Arrival(at=NOW - DAY, known=True)
    assert at(3 * DAY, -DAY) == Arrival(at=NOW, known=True)


# -- Supervision ----------------------------------------------------------------------------


async def supervised(world: ModelWorld) -> bool:
    view = world.ledger.view(EPOCH, ACCOUNT, world.now())
    return view.supervised


async def approved(*faults: Fault, seen: Reading | None = None) -> ModelWorld:
    """Return a world in which a person has said yes to the first order of an account."""
    world = await due_world(automatic=Automatic.AFTER_ONE_SUPERVISED)
    if seen is not None:
        await world.engine.observe(EPOCH, (seen,))
    world.vendor.faults = [*faults]
    await world.doors.approve((await the_question(world)).id, ADMIN)
    await world.rest()
    return world


async def test_an_order_that_was_approved_and_delivered_supervises() -> None:
    assert await supervised(await approved())


async def test_a_person_s_word_does_not_show_that_the_provider_is_understood() -> None:
    world = await approved(Fault.LOSE_ANSWER)
    world.vendor.lookup_error = Unavailable("HTTP 503")
    await world.pass_time(25 * HOUR)
    (order,) = world.ledger.in_state(State.NEEDS_PERSON)
    await world.doors.resolve(order.id, arrived=True, note=None, caller=ADMIN)
    assert states_of(world) == [State.CONFIRMED]
    assert not await supervised(world)


async def test_at_another_address_an_account_is_supervised_anew() -> None:
    world = await approved()
    await world.engine.account_at(ACCOUNT, "")
    assert await supervised(world)
    await world.engine.account_at(ACCOUNT, "https://relay.example")
    assert not await supervised(world)
    await world.engine.account_at(ACCOUNT, "https://relay.example")
    typed = Typed(expiry=world.now().date() + 4 * DAY)
    await world.pass_time(3 * DAY)
    await world.doors.update_reading(EPOCH, typed, ADMIN)
    question = await the_question(world)
    assert question.why["reason"] == "supervision"
    await world.doors.approve(question.id, ADMIN)
    assert await supervised(world)


async def test_what_a_source_contradicts_supervises_nothing() -> None:
    seen = expiry(START.date() + 4 * DAY, at=START - HOUR, trust=Trust.MEASURED)
    world = await approved(seen=seen)
    (order,) = world.ledger.orders()
    assert await supervised(world)
    world.ledger.set_effect(order.id, None, world.now())
    assert not await supervised(world)


async def test_a_login_that_works_again_forgives_nothing_but_itself() -> None:
    world, _ = await faulty_world(Fault.DEARER)
    assert any(event.type.value == "overshoot" for event in world.events)
    await world.pass_time(3 * DAY)
    typed = Typed(expiry=world.now().date() + 4 * DAY)
    await world.doors.update_reading(EPOCH, typed, ADMIN)
    world.vendor.faults = [Fault.LOGIN]
    await world.doors.approve((await the_question(world)).id, ADMIN)
    await world.rest()
    await world.engine.account_ready(ACCOUNT)
    await world.rest()
    await world.engine.wake()
    await world.rest()
    assert (await the_question(world)).why["reason"] == "overshot"


async def test_an_account_that_is_set_up_again_writes_nothing() -> None:
    world = await quiet_world()
    await world.engine.account_at(ACCOUNT, "")
    before = world.ledger.last_event()
    await world.engine.account_at(ACCOUNT, "")
    await world.engine.account_ready(ACCOUNT)
    assert world.ledger.last_event() == before
