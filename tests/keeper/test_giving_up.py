"""What a person's word changes: an order given up, a refusal waved through."""

from datetime import timedelta

import pytest

from custom_components.sim_keeper.keeper.errors import OrderRefused
from custom_components.sim_keeper.keeper.orders import State

from .model_world import ADMIN, Fault, ModelWorld, a_sim, expiring_in
from .scenes import DAY, EPOCH, HOUR, check_sound, due_world, skips_of, states_of


async def pending_for_ever() -> ModelWorld:
    """Return a world in which a person has given up what the vendor keeps pending."""
    world = await due_world(faults=[Fault.PENDING])
    await world.pass_time(25 * HOUR)
    (order,) = world.ledger.orders(EPOCH)
    assert order.state is State.NEEDS_PERSON
    await world.doors.resolve(order.id, arrived=False, note=None, caller=ADMIN)
    await world.rest()
    return world


async def test_what_is_pending_at_the_vendor_is_not_bought_again_too_early() -> None:
    world = await pending_for_ever()
    (question,) = world.ledger.in_state(State.ASKED)
    with pytest.raises(OrderRefused, match="already_on_its_way"):
        await world.doors.approve(question.id, ADMIN)
    assert len(world.vendor.bought) == 1


async def test_beyond_the_horizon_a_person_may_have_another_key() -> None:
    world = await pending_for_ever()
    await world.pass_time(14 * HOUR)
    (question,) = world.ledger.in_state(State.ASKED)
    order = await world.doors.approve(question.id, ADMIN)
    assert order.state is State.CONFIRMED
    assert [one.key[-1] for one in world.vendor.bought] == ["0", "1"]


async def test_what_was_denied_and_is_found_before_the_next_order_is_that_order() -> (
    None
):
    world = await pending_for_ever()
    (question,) = world.ledger.in_state(State.ASKED)
    world.vendor.bought[0].final = True
    with pytest.raises(OrderRefused, match="already_bought"):
        await world.doors.approve(question.id, ADMIN)
    assert states_of(world) == [State.CONFIRMED, State.CANCELLED]
    await world.pass_time(3 * DAY)
    assert len(world.vendor.bought) == 1
    check_sound(world)


async def test_a_no_to_a_denied_order_s_key_says_nothing_of_the_denied_order() -> None:
    world = await due_world(faults=[Fault.LOSE_ANSWER], lag=30 * DAY)
    await world.pass_time(25 * HOUR)
    (order,) = world.ledger.orders(EPOCH)
    assert order.state is State.NEEDS_PERSON
    await world.doors.resolve(order.id, arrived=False, note=None, caller=ADMIN)
    await world.rest()
    (question,) = world.ledger.in_state(State.ASKED)
    world.vendor.faults = [Fault.REFUSE_LATER]
    again = await world.doors.approve(question.id, ADMIN)
    assert world.vendor.submits[-1] == world.vendor.bought[0].key
    assert again.state is State.UNKNOWN
    world.vendor.lag = timedelta()
    await world.pass_time(DAY)
    assert world.ledger.order(again.id).state is State.CONFIRMED
    assert len(world.vendor.bought) == 1


async def test_a_go_ahead_lets_a_refused_sim_be_tried_again() -> None:
    world = await due_world(faults=[Fault.REFUSE_NEVER])
    assert states_of(world) == [State.REJECTED]
    await world.pass_time(2 * DAY)
    assert states_of(world) == [State.REJECTED]
    await world.engine.go_ahead(EPOCH)
    await world.pass_time(timedelta(minutes=1))
    assert states_of(world) == [State.REJECTED, State.CONFIRMED]


async def test_a_go_ahead_for_a_sim_that_is_not_there_changes_nothing() -> None:
    world = await due_world()
    await world.engine.go_ahead("ZZZZZZZZZZ")
    await world.pass_time(HOUR)
    assert states_of(world) == [State.CONFIRMED]


async def test_an_account_that_comes_up_late_is_no_news() -> None:
    world = ModelWorld()
    channels = dict(world.channels)
    world.channels.clear()
    await world.begin(a_sim(), typed=expiring_in(4))
    await world.pass_time(timedelta(minutes=10))
    assert skips_of(world) == []
    world.channels.update(channels)
    await world.pass_time(timedelta(minutes=10))
    assert states_of(world) == [State.CONFIRMED]


async def test_an_account_that_stays_away_is_told() -> None:
    world = ModelWorld()
    world.channels.clear()
    await world.begin(a_sim(), typed=expiring_in(4))
    await world.pass_time(HOUR)
    assert skips_of(world) == ["no_channel"]
