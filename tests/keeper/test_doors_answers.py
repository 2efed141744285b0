"""The doors for answers: yes, no, what became of it, and the stop."""

import asyncio

import pytest

from custom_components.sim_keeper.keeper.errors import (
    NotAllowed,
    OrderRefused,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Order, State
from custom_components.sim_keeper.keeper.permissions import AUTOMATION, Caller
from custom_components.sim_keeper.keeper.sim import Mode

from .builders import usd
from .model_world import ADMIN, Fault, a_sim, expiring_in
from .scenes import (
    DAY,
    EPOCH,
    HOUR,
    MINUTE,
    PERSON,
    asking_world,
    quiet_world,
    refusal_of,
    the_question,
)

# -- Approve ----------------------------------------------------------------------------------


async def test_a_yes_sends_at_once() -> None:
    world, order = await asking_world()
    done = await world.doors.approve(order.id, ADMIN)
    assert (done.id, done.state) == (order.id, State.CONFIRMED)
    assert await refusal_of(world.doors.approve(order.id, ADMIN)) == "not_waiting"


async def test_two_yeses_at_once_send_once() -> None:
    world, order = await asking_world()
    found = await asyncio.gather(
        *(world.doors.approve(order.id, ADMIN) for _ in range(3)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Order) for one in found) == 1
    assert len(world.vendor.submits) == 1


@pytest.mark.parametrize("caller", [PERSON, AUTOMATION])
async def test_only_an_administrator_says_yes(caller: Caller) -> None:
    world, order = await asking_world()
    with pytest.raises(NotAllowed):
        await world.doors.approve(order.id, caller)
    assert world.vendor.submits == []


async def test_a_question_expires() -> None:
    world, order = await asking_world()
    world.moment += DAY
    assert await refusal_of(world.doors.approve(order.id, ADMIN)) == "question_expired"
    await world.engine.evaluate(EPOCH)
    assert world.ledger.order(order.id).state is State.EXPIRED
    assert world.vendor.submits == []


async def test_a_higher_price_asks_again_and_sends_nothing() -> None:
    world, order = await asking_world()
    world.vendor.rate = 2
    with pytest.raises(OrderRefused) as caught:
        await world.doors.approve(order.id, ADMIN)
    assert caught.value.reason == "price_changed"
    assert caught.value.numbers == {"price": "100.00 USD"}
    fresh = await the_question(world)
    assert (fresh.id, fresh.price) == (2, usd("100"))
    done = await world.doors.approve(fresh.id, ADMIN)
    assert done.state is State.CONFIRMED


async def test_a_price_in_other_money_asks_again() -> None:
    world, order = await asking_world()
    world.vendor.wallet_currency = "EUR"
    assert await refusal_of(world.doors.approve(order.id, ADMIN)) == "price_changed"
    assert (await the_question(world)).price == Money(5000, "EUR")


async def test_an_approved_order_whose_price_rose_while_it_waited_is_not_sent() -> None:
    world, order = await asking_world(faults=[Fault.NOT_SENT])
    assert (await world.doors.approve(order.id, ADMIN)).state is State.APPROVED
    world.vendor.rate = 2
    await world.pass_time(HOUR)
    old = world.ledger.order(order.id)
    assert (old.state, old.reason) == (State.CANCELLED, "price_changed")
    assert (await the_question(world)).price == usd("100")
    assert world.vendor.submits == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [(Rejected("GONE", RefusalClass.NEVER), "GONE"), (OrderRefused("odd"), "odd")],
)
async def test_an_approved_order_that_is_refused_while_it_waited_ends(
    error: Exception, reason: str
) -> None:
    world, order = await asking_world(faults=[Fault.NOT_SENT])
    await world.doors.approve(order.id, ADMIN)
    world.vendor.quote_error = error
    await world.pass_time(HOUR)
    old = world.ledger.order(order.id)
    assert (old.state, old.reason) == (State.CANCELLED, reason)


async def test_after_a_yes_that_failed_the_question_comes_again() -> None:
    world, order = await asking_world()
    world.vendor.lookup_error = Unavailable("HTTP 503")
    with pytest.raises(Unavailable):
        await world.doors.approve(order.id, ADMIN)
    assert world.ledger.order(order.id).state is State.CANCELLED
    await world.pass_time(MINUTE)
    again = await the_question(world)
    assert again.id != order.id
    world.vendor.lookup_error = None
    assert (await world.doors.approve(again.id, ADMIN)).state is State.CONFIRMED
    assert len(world.vendor.submits) == 1


async def test_a_question_over_the_cap_stays_a_question() -> None:
    world, order = await asking_world()
    world.engine.sims[EPOCH] = a_sim(mode=Mode.ASK, cap="10")
    assert await refusal_of(world.doors.approve(order.id, ADMIN)) == "over_cap"
    assert world.ledger.order(order.id).state is State.ASKED


# -- Cancel and resolve -----------------------------------------------------------------------


@pytest.mark.parametrize("caller", [ADMIN, PERSON, AUTOMATION])
async def test_everybody_says_no(caller: Caller) -> None:
    world, order = await asking_world()
    done = await world.doors.cancel(order.id, caller)
    assert (done.state, done.reason) == (State.DECLINED, "person")
    await world.pass_time(HOUR)
    assert world.vendor.submits == []


async def test_an_approved_order_that_waits_can_be_cancelled() -> None:
    world = await quiet_world(days=4, faults=[Fault.NOT_SENT])
    done = await world.doors.cancel(1, PERSON)
    assert (done.state, done.reason) == (State.CANCELLED, "person")
    await world.pass_time(HOUR)
    assert world.vendor.submits == []


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.PENDING, Fault.LOSE_ANSWER])
async def test_what_is_sent_cannot_be_unsent(fault: Fault) -> None:
    world = await quiet_world(days=4, faults=[fault])
    assert await refusal_of(world.doors.cancel(1, ADMIN)) == "already_sent"
    world.vendor.released.set()
    await world.rest()


async def test_what_has_ended_cannot_be_cancelled() -> None:
    world = await quiet_world(days=4)
    assert await refusal_of(world.doors.cancel(1, ADMIN)) == "not_waiting"


@pytest.mark.parametrize("arrived", [True, False])
@pytest.mark.parametrize("hours", [1, 3])
async def test_a_person_settles_what_the_vendor_does_not_tell(
    arrived: bool, hours: int
) -> None:
    world = await quiet_world(days=4, faults=[Fault.LOSE_ANSWER])
    world.vendor.lookup_error = Unavailable("x")
    await world.pass_time(hours * 10 * HOUR)
    for caller in (PERSON, AUTOMATION):
        with pytest.raises(NotAllowed):
            await world.doors.resolve(1, arrived=arrived, note=None, caller=caller)
    done = await world.doors.resolve(1, arrived=arrived, note="seen", caller=ADMIN)
    assert done.note == "seen"
    if arrived:
        assert (done.state, done.cost) == (State.CONFIRMED, usd("52.50"))
    else:
        assert (done.state, done.reason) == (
            State.REJECTED,
            "person_says_not_arrived",
        )
    again = world.doors.resolve(1, arrived=True, note=None, caller=ADMIN)
    assert await refusal_of(again) == "not_open"


async def test_an_order_of_a_removed_sim_can_be_settled() -> None:
    world = await quiet_world(days=4, faults=[Fault.LOSE_REQUEST])
    await world.engine.unregister(EPOCH, removed=True)
    await world.pass_time(HOUR)
    done = await world.doors.resolve(1, arrived=True, note=None, caller=ADMIN)
    assert done.state is State.CONFIRMED
    wakes = world.wakes
    await world.pass_time(HOUR)
    assert world.wakes - wakes < 50


# -- The stop ---------------------------------------------------------------------------------


async def test_anybody_stops_and_an_administrator_lifts_it() -> None:
    world = await quiet_world()
    for caller in (AUTOMATION, PERSON, ADMIN):
        await world.doors.set_stop(on=True, caller=caller)
        assert await world.doors.stopped()
    for caller in (AUTOMATION, PERSON):
        with pytest.raises(NotAllowed):
            await world.doors.set_stop(on=False, caller=caller)
    await world.doors.set_stop(on=False, caller=ADMIN)
    assert not await world.doors.stopped()


async def test_the_stop_survives_a_restart() -> None:
    world = await quiet_world()
    await world.doors.set_stop(on=True, caller=PERSON)
    await world.restart(a_sim())
    await world.doors.update_reading(EPOCH, expiring_in(4), ADMIN)
    await world.rest()
    assert await world.doors.stopped()
    assert world.vendor.submits == []
