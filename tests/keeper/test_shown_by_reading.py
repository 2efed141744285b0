"""A recharge by an action that only a reading can prove."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from custom_components.sim_keeper.channels.action import Proof
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Effect, State
from custom_components.sim_keeper.keeper.sim import Mode, Reading, Sim, Trust
from custom_components.sim_keeper.keeper.statements import Paid, Typed

from .builders import balance, expiry, hkd
from .gateway import RECHARGE, Gateway, action_world, trusting
from .model_world import ADMIN, START, ModelWorld, a_sim
from .scenes import DAY, EPOCH, HOUR, MINUTE, only_order, states_of

SHOWN = replace(RECHARGE, proof=Proof.READING, wait_hours=6)
TODAY = START.date()
SOON = Typed(expiry=TODAY + timedelta(days=4))


def at(text: str, moment: datetime, trust: Trust = Trust.MEASURED) -> Reading:
    return balance(hkd(text), at=moment, trust=trust)


async def pending_world(
    before: Reading | None = None, gateway: Gateway | None = None
) -> tuple[ModelWorld, Sim]:
    """Return a world whose recharge has run, with a balance read before."""
    sim = trusting(a_sim(mode=Mode.ASK))
    world = await action_world(sim, SHOWN, gateway or Gateway(), SOON)
    (question,) = world.ledger.in_state(State.ASKED)
    if before is not None:
        await world.engine.observe(EPOCH, (before,))
    await world.pass_time(MINUTE)
    await world.doors.approve(question.id, ADMIN)
    return world, sim


async def read(world: ModelWorld, *readings: Reading) -> list[State]:
    await world.engine.observe(EPOCH, readings)
    await world.rest()
    return states_of(world)


async def test_a_balance_that_rose_confirms_it_and_is_not_counted_twice() -> None:
    world, sim = await pending_world(at("60", START))
    assert states_of(world) == [State.PENDING]
    await world.pass_time(HOUR)
    assert await read(world, at("108", world.moment)) == [State.CONFIRMED]
    order = await only_order(world, sim)
    assert (order.effect, order.cost) == (Effect.VERIFIED, Money(700, "USD"))
    known = world.ledger.readings(EPOCH)
    assert known.balance is not None
    assert known.expiry is not None
    assert known.balance.money == hkd("108")
    # The carrier's rule tells of the date, which nobody has read.
    assert known.expiry.trust is Trust.ESTIMATE
    assert known.expiry.day > TODAY + timedelta(days=300)


async def test_a_date_that_moved_confirms_it_and_holds_from_then_on() -> None:
    world, _ = await pending_world(
        expiry(TODAY + timedelta(days=4), at=START, trust=Trust.MEASURED)
    )
    await world.pass_time(HOUR)
    new = TODAY + timedelta(days=200)
    late = expiry(new, at=world.moment, trust=Trust.MEASURED)
    await world.pass_time(HOUR)
    assert await read(world, late) == [State.CONFIRMED]
    known = world.ledger.readings(EPOCH).expiry
    assert known is not None
    assert known.day == new
    # The date is from before the order was confirmed, and still it is the one that counts.
    status = world.engine.status(EPOCH)
    assert status is not None
    assert status.next_recharge_at is not None
    assert status.next_recharge_at.date() == new - timedelta(days=5)


async def test_without_a_reading_a_person_is_asked_after_the_hours() -> None:
    world, sim = await pending_world(at("60", START))
    await world.pass_time(5 * HOUR)
    assert states_of(world) == [State.PENDING]
    await world.pass_time(2 * HOUR)
    order = await only_order(world, sim)
    assert (order.state, order.reason) == (State.NEEDS_PERSON, "cannot_be_looked_up")


async def test_a_proof_is_waited_for_no_longer_than_the_number_lives() -> None:
    sim = trusting(a_sim(mode=Mode.ASK, overrides={"grace_days": 0}))
    patient = replace(SHOWN, wait_hours=24)
    soon = Typed(expiry=TODAY)
    world = await action_world(sim, patient, Gateway(), soon)
    (question,) = world.ledger.in_state(State.ASKED)
    await world.engine.observe(EPOCH, (at("60", START),))
    await world.pass_time(MINUTE)
    await world.doors.approve(question.id, ADMIN)
    assert states_of(world) == [State.PENDING]
    # The number is lost at midnight in Hong Kong, seven hours from now.
    await world.pass_time(8 * HOUR)
    order = await only_order(world, sim)
    assert (order.state, order.reason) == (State.NEEDS_PERSON, "grace_ends")


async def test_a_reading_that_lags_says_nothing() -> None:
    world, _ = await pending_world(at("60", START))
    for _ in range(5):
        await world.pass_time(HOUR)
        assert await read(world, at("60", world.moment)) == [State.PENDING]
    await world.pass_time(2 * HOUR)
    assert states_of(world) == [State.NEEDS_PERSON]


async def test_the_truth_may_come_after_a_person_was_asked() -> None:
    world, _ = await pending_world(at("60", START))
    await world.pass_time(DAY)
    assert states_of(world) == [State.NEEDS_PERSON]
    assert await read(world, at("110", world.moment)) == [State.CONFIRMED]


async def test_a_reading_from_before_the_run_says_nothing() -> None:
    world, _ = await pending_world(at("60", START - HOUR))
    await world.pass_time(HOUR)
    # It rose before the action ran, and the source tells only now.
    assert await read(world, at("110", START)) == [State.PENDING]
    await world.pass_time(6 * HOUR)
    assert states_of(world) == [State.NEEDS_PERSON]


async def test_what_rose_between_question_and_yes_is_not_taken_for_the_run() -> None:
    sim = trusting(a_sim(mode=Mode.ASK))
    world = await action_world(sim, SHOWN, Gateway(), SOON)
    (question,) = world.ledger.in_state(State.ASKED)
    await world.engine.observe(EPOCH, (at("60", START - HOUR),))
    await world.pass_time(2 * HOUR)
    await world.engine.observe(EPOCH, (at("110", world.moment),))
    await world.pass_time(MINUTE)
    await world.doors.approve(question.id, ADMIN)
    await world.pass_time(HOUR)
    assert await read(world, at("110", world.moment)) == [State.PENDING]


async def test_without_a_reading_from_before_a_rise_cannot_be_seen() -> None:
    world, _ = await pending_world()
    await world.pass_time(HOUR)
    assert await read(world, at("110", world.moment)) == [State.PENDING]
    await world.pass_time(6 * HOUR)
    assert states_of(world) == [State.NEEDS_PERSON]


async def test_a_reading_of_long_ago_is_nothing_to_compare_with() -> None:
    world, _ = await pending_world(at("60", START - 8 * DAY))
    await world.pass_time(HOUR)
    assert await read(world, at("110", world.moment)) == [State.PENDING]


@pytest.mark.parametrize("trust", [Trust.TYPED, Trust.HINT])
async def test_what_a_person_typed_or_anybody_sent_proves_nothing(trust: Trust) -> None:
    world, _ = await pending_world(at("60", START))
    await world.pass_time(HOUR)
    assert await read(world, at("110", world.moment, trust)) == [State.PENDING]


async def test_a_recharge_by_hand_meanwhile_leaves_it_to_a_person() -> None:
    world, _ = await pending_world(at("60", START))
    await world.pass_time(HOUR)
    paid = Paid(cost=hkd("50"), day=world.moment.date())
    await world.doors.record(EPOCH, paid, ADMIN)
    await world.pass_time(HOUR)
    states = await read(world, at("110", world.moment))
    assert states[0] is State.PENDING
    await world.pass_time(6 * HOUR)
    assert states_of(world)[0] is State.NEEDS_PERSON


async def test_a_restart_between_changes_nothing() -> None:
    world, sim = await pending_world(at("60", START))
    await world.restart(sim)
    await world.pass_time(HOUR)
    assert await read(world, at("110", world.moment)) == [State.CONFIRMED]


async def test_a_reading_that_came_while_the_account_was_gone_is_found_later() -> None:
    world, _ = await pending_world(at("60", START))
    channels, world.channels = world.channels, {}
    await world.pass_time(HOUR)
    assert await read(world, at("110", world.moment)) == [State.PENDING]
    world.channels = channels
    await world.pass_time(6 * HOUR)
    assert states_of(world) == [State.CONFIRMED]


async def test_a_run_that_broke_off_may_still_be_shown() -> None:
    gateway = Gateway(error=ValueError("x"))
    world, _ = await pending_world(at("60", START), gateway)
    assert states_of(world) == [State.UNKNOWN]
    await world.pass_time(HOUR)
    assert states_of(world) == [State.UNKNOWN]
    assert await read(world, at("110", world.moment)) == [State.CONFIRMED]
    assert len(gateway.runs) == 1


async def test_a_sim_that_is_disabled_meanwhile_goes_to_a_person() -> None:
    world, sim = await pending_world(at("60", START))
    await world.engine.unregister(sim.epoch, removed=False)
    await world.pass_time(7 * HOUR)
    assert states_of(world) == [State.NEEDS_PERSON]


async def test_only_who_declared_it_is_proved_by_a_reading() -> None:
    gateway = Gateway(error=ValueError("x"))
    sim = trusting(a_sim(mode=Mode.ASK))
    world = await action_world(sim, RECHARGE, gateway, SOON)
    (question,) = world.ledger.in_state(State.ASKED)
    await world.engine.observe(EPOCH, (at("60", START),))
    await world.pass_time(MINUTE)
    await world.doors.approve(question.id, ADMIN)
    await world.pass_time(HOUR)
    assert await read(world, at("110", world.moment)) == [State.NEEDS_PERSON]


async def test_what_has_an_end_is_not_looked_at_again() -> None:
    world, sim = await pending_world(at("60", START))
    await world.pass_time(7 * HOUR)
    order = await only_order(world, sim)
    await world.doors.resolve(order.id, arrived=False, note=None, caller=ADMIN)
    await world.pass_time(2 * DAY)
    ended = world.ledger.order(order.id)
    assert (ended.state, ended.next_at) == (State.REJECTED, None)


async def test_an_order_that_is_confirmed_is_not_looked_at_again() -> None:
    sim = trusting(a_sim())
    world = await action_world(sim, RECHARGE, Gateway(), SOON)
    await world.pass_time(3 * DAY)
    order = await only_order(world, sim)
    assert (order.state, order.next_at) == (State.CONFIRMED, None)
    assert world.ledger.find_damage() is None


async def test_a_reading_of_the_very_second_of_the_send_is_not_from_after_it() -> None:
    world, _ = await pending_world(at("60", START))
    sent_at = world.moment
    await world.pass_time(MINUTE)
    assert await read(world, at("110", sent_at)) == [State.PENDING]
    assert await read(world, at("110", world.moment)) == [State.CONFIRMED]
