"""The checkout: one purchase, what was not sent, and what it cost."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.orders import Effect, Origin, State
from custom_components.sim_keeper.keeper.permissions import AUTOMATION
from custom_components.sim_keeper.keeper.ports import Lookup
from custom_components.sim_keeper.keeper.sim import Mode

from .builders import usd
from .model_world import ACCOUNT, ADMIN, Fault, ModelWorld, a_sim, expiring_in
from .scenes import (
    DAY,
    EPOCH,
    HOUR,
    KEY,
    MINUTE,
    OUTCOMES,
    asking_for,
    asking_world,
    check_sound,
    faulty_world,
    only_order,
    quiet_world,
    refusal_of,
    states_of,
    the_question,
)

# -- The ways of one purchase -----------------------------------------------------------------


async def test_a_due_recharge_is_bought_once_and_not_again_for_a_year() -> None:
    world, sim = await faulty_world()
    order = await only_order(world, sim)
    assert (order.state, order.cost) == (State.CONFIRMED, usd("50"))
    assert order.effect is Effect.CANNOT_VERIFY
    await world.pass_time(300 * DAY)
    assert world.vendor.submits == [KEY]
    check_sound(world)


@pytest.mark.parametrize("fault", OUTCOMES)
async def test_each_fault_ends_where_it_should(fault: Fault) -> None:
    first, last, purchases, sends = OUTCOMES[fault]
    world, sim = await faulty_world(fault)
    assert (await world.orders(sim))[0].state is first
    await world.pass_time(30 * HOUR)
    assert (await world.orders(sim))[0].state is last
    assert len(world.vendor.delivered) == purchases
    assert len(world.vendor.submits) == sends
    check_sound(world)


def test_every_fault_of_the_vendor_is_in_the_table() -> None:
    assert set(OUTCOMES) | {Fault.HANG} == set(Fault)


@pytest.mark.parametrize("fault", OUTCOMES)
async def test_each_fault_is_told_at_least_once_and_each_outcome_once(
    fault: Fault,
) -> None:
    world, sim = await faulty_world(fault)
    await world.pass_time(8 * DAY)
    for order in await world.orders(sim):
        told = [
            one.event.type
            for one in world.ledger.untold()
            if one.event.order_id == order.id
        ]
        assert told
        assert len(told) == len(set(told)), told


# -- Nothing was sent -------------------------------------------------------------------------


async def test_what_was_not_sent_is_tried_again_with_the_same_key() -> None:
    world, sim = await faulty_world(Fault.NOT_SENT)
    assert (await only_order(world, sim)).reason == "not_sent"
    await world.pass_time(10 * MINUTE)
    assert (await only_order(world, sim)).state is State.CONFIRMED
    assert world.vendor.submits == [KEY]


async def test_a_provider_that_is_down_is_not_hammered_and_not_a_no() -> None:
    """An outage ends no order for longer than it lasts, and is nobody's silence."""
    world, _ = await faulty_world(Fault.NOT_SENT)
    world.vendor.down = True
    before, wakes = world.vendor.quotes, world.wakes
    await world.pass_time(3 * DAY)
    assert world.vendor.quotes - before <= 3 * 48 + 2
    assert world.wakes - wakes < 600
    assert len(world.vendor.submits) == 0
    world.vendor.down = False
    await world.pass_time(HOUR)
    assert len(world.vendor.delivered) == 1
    check_sound(world)


async def test_a_reading_in_between_does_not_put_off_the_next_try() -> None:
    world, sim = await faulty_world(Fault.NOT_SENT)
    await world.pass_time(5 * MINUTE)
    await world.doors.update_reading(sim.epoch, expiring_in(3), ADMIN)
    await world.pass_time(5 * MINUTE)
    assert (await only_order(world, sim)).state is State.CONFIRMED


async def test_an_approved_order_waits_for_an_account_that_comes_up_late() -> None:
    world, sim = await faulty_world(Fault.NOT_SENT)
    channel = world.channels.pop(ACCOUNT)
    await world.pass_time(20 * MINUTE)
    assert (await only_order(world, sim)).state is State.APPROVED
    world.channels[ACCOUNT] = channel
    await world.pass_time(HOUR)
    assert (await only_order(world, sim)).state is State.CONFIRMED


async def test_an_account_that_is_gone_between_record_and_send_sends_nothing() -> None:
    world, sim = ModelWorld(), a_sim()
    await world.begin(sim)
    channel = world.channels[ACCOUNT]
    real = world.engine.checkout.free_ordinal

    async def last_moment(*args: Any) -> int:
        found = await real(*args)
        del world.channels[ACCOUNT]
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.engine.checkout, "free_ordinal", last_moment)
        await world.doors.update_reading(sim.epoch, expiring_in(4), ADMIN)
        await world.rest()
    assert (await only_order(world, sim)).state is State.APPROVED
    assert world.vendor.submits == []
    world.channels[ACCOUNT] = channel
    await world.pass_time(HOUR)
    assert (await only_order(world, sim)).state is State.CONFIRMED


# -- Cost -------------------------------------------------------------------------------------


async def test_a_price_above_the_hold_is_booked_told_and_stops_the_automatic() -> None:
    world, sim = await faulty_world(Fault.DEARER)
    assert (await only_order(world, sim)).cost == usd("100")
    assert "overshoot" in world.types()
    await world.pass_time(2 * DAY)
    await world.doors.update_reading(sim.epoch, expiring_in(5), ADMIN)
    await world.rest()
    order = (await world.orders(sim))[-1]
    assert (order.state, order.why["reason"]) == (State.ASKED, "overshot")
    # The admin's go-ahead ends it.
    await world.doors.cancel(order.id, ADMIN)
    await world.engine.change(a_sim(amount="60"))
    await world.rest()
    assert len(world.vendor.delivered) == 2


async def test_the_hold_is_the_quote_and_a_margin_or_what_the_vendor_enforces() -> None:
    world, sim = await faulty_world(Fault.PENDING)
    assert (await only_order(world, sim)).ceiling == usd("52.50")
    assert (await only_order(world, sim)).price == usd("50")


# -- Keys that a restored ledger has forgotten ------------------------------------------------


@pytest.mark.parametrize("lookup", [Lookup.PAYING, Lookup.NONE])
async def test_a_yes_to_a_question_of_before_a_restore_buys_nothing_where_nobody_can_be_asked(
    lookup: Lookup,
) -> None:
    """The same yes may have been given, and its key used, in the time that was wiped out."""
    world, question = await asking_world(lookup=lookup)
    await world.die()
    world.ledger.note_restored(world.moment)
    await world.restart(a_sim(mode=Mode.ASK))
    assert await refusal_of(world.doors.approve(question.id, ADMIN)) == "restored"
    assert world.vendor.submits == []
    await world.rest()
    # A question that was asked since then has a key that nobody can have used.
    again = await the_question(world)
    assert (await world.doors.approve(again.id, ADMIN)).state is State.CONFIRMED
    assert len(world.vendor.submits) == 1
    assert KEY not in world.vendor.submits
    check_sound(world)


async def test_a_yes_to_a_question_of_before_a_restore_counts_where_the_vendor_tells() -> (
    None
):
    world, question = await asking_world()
    await world.die()
    world.ledger.note_restored(world.moment)
    await world.restart(a_sim(mode=Mode.ASK))
    assert (await world.doors.approve(question.id, ADMIN)).state is State.CONFIRMED
    assert world.vendor.submits == [KEY]


async def test_what_was_bought_under_the_key_of_an_order_called_off_is_adopted() -> (
    None
):
    """It was called off before it left; what stands under its key is another purchase."""
    world, sim = await faulty_world(Fault.NOT_SENT)
    await world.doors.cancel(1, ADMIN)
    other, _ = await faulty_world()
    world.vendor.bought = other.vendor.bought
    again = world.doors.recharge(EPOCH, asking_for(), ADMIN)
    assert await refusal_of(again) == "already_bought"
    assert world.vendor.submits == []
    called_off, *_, adopted = await world.orders(sim)
    assert called_off.state is State.CANCELLED
    assert (adopted.state, adopted.origin) == (State.CONFIRMED, Origin.ADOPTED)
    assert adopted.reason == KEY
    check_sound(world)


async def test_a_yes_does_not_pass_over_a_purchase_under_way_that_nobody_gave_up() -> (
    None
):
    first, _ = await faulty_world(Fault.PENDING)
    world, question = await asking_world()
    world.vendor.bought = first.vendor.bought
    approval = world.doors.approve(question.id, ADMIN)
    assert await refusal_of(approval) == "already_on_its_way"
    # Once it has arrived, the next yes finds that it was this one.
    await world.pass_time(8 * HOUR)
    world.vendor.bought[0].final = True
    approval = world.doors.approve((await the_question(world)).id, ADMIN)
    assert await refusal_of(approval) == "already_bought"
    assert world.vendor.submits == []
    assert states_of(world).count(State.CONFIRMED) == 1
    check_sound(world)


@pytest.mark.parametrize("free", [True, False])
async def test_the_key_that_is_looked_up_is_the_key_that_is_sent(free: bool) -> None:
    """Where the delivery before was taken back since, new orders would begin a cycle before."""
    world = await quiet_world(a_sim(mode=Mode.ASK))
    await world.doors.recharge(EPOCH, asking_for(), ADMIN)
    await world.pass_time(25 * HOUR)
    question = await world.doors.recharge(EPOCH, asking_for(), AUTOMATION)
    assert question.state is State.ASKED
    (first,) = world.vendor.bought
    first.undone = True
    await world.pass_time(12 * HOUR)
    assert states_of(world) == [State.REVERSED, State.ASKED]
    second = f"SK{EPOCH}-002-0"
    approval = world.doors.approve(question.id, ADMIN)
    if free:
        assert (await approval).state is State.CONFIRMED
        assert world.vendor.submits == [KEY, second]
    else:
        # It was bought under that key unknown to the ledger.
        world.vendor.bought.append(replace(first, key=second, undone=False))
        assert await refusal_of(approval) == "already_bought"
        assert world.vendor.submits == [KEY]
        adopted = world.ledger.orders()[-1]
        assert (adopted.cycle, adopted.reason) == (2, second)
    check_sound(world)


async def test_what_came_to_light_while_a_question_waited_is_not_adopted_once_more() -> (
    None
):
    """A person had said that it did not arrive, and then it did."""
    world = await quiet_world(a_sim(mode=Mode.ASK), faults=[Fault.LOSE_REQUEST])
    lost = await world.doors.recharge(EPOCH, asking_for(), ADMIN)
    await world.doors.resolve(lost.id, arrived=False, note=None, caller=ADMIN)
    question = await world.doors.recharge(EPOCH, asking_for(), AUTOMATION)
    assert (question.state, question.cycle) == (State.ASKED, lost.cycle)
    other, _ = await faulty_world()
    world.vendor.bought = [replace(one, at=world.now()) for one in other.vendor.bought]
    await world.pass_time(7 * HOUR)
    assert states_of(world) == [State.CONFIRMED, State.ASKED]
    approval = world.doors.approve(question.id, ADMIN)
    assert await refusal_of(approval) == "already_bought"
    assert states_of(world) == [State.CONFIRMED, State.CANCELLED]
    assert world.vendor.submits == [KEY]
    check_sound(world)
