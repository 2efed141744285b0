"""The follow-up: lost answers, pending orders, and the truth that comes late."""

from datetime import timedelta

import pytest

from custom_components.sim_keeper.keeper.errors import (
    LoginFailed,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.orders import Origin, State
from custom_components.sim_keeper.keeper.ports import Lookup
from custom_components.sim_keeper.keeper.sim import Mode

from .builders import usd
from .model_world import ACCOUNT, ADMIN, Fault, ModelWorld, a_sim, expiring_in
from .scenes import DAY, HOUR, KEY, MINUTE, check_sound, faulty_world, only_order

# -- The answer was lost ----------------------------------------------------------------------


async def test_a_lost_answer_blocks_a_second_order_and_keeps_the_hold() -> None:
    world, sim = await faulty_world(Fault.LOSE_ANSWER)
    world.vendor.lookup_error = Unavailable("HTTP 503")
    await world.pass_time(23 * HOUR)
    order = await only_order(world, sim)
    assert order.state is State.UNKNOWN
    assert world.ledger.spending(f"sim:{sim.epoch}", "2026-03").amounts == {"USD": 5250}
    assert world.vendor.submits == [KEY]


async def test_nothing_is_asked_before_the_first_look_is_due() -> None:
    world, _ = await faulty_world(Fault.LOSE_ANSWER)
    looks = world.vendor.looks
    await world.pass_time(timedelta(seconds=179))
    assert world.vendor.looks == looks
    await world.pass_time(timedelta(seconds=1))
    assert world.vendor.looks == looks + 1


async def test_a_lookup_that_lags_finds_the_purchase_before_it_is_sent_again() -> None:
    world, sim = await faulty_world(Fault.LOSE_ANSWER)
    world.vendor.lag = timedelta(seconds=400)
    await world.pass_time(HOUR)
    assert (await only_order(world, sim)).state is State.CONFIRMED
    assert world.vendor.submits == [KEY]


async def test_a_purchase_that_appears_only_after_the_second_send_is_paid_once() -> (
    None
):
    """The vendor refuses the key it has seen; that is no failure and no success."""
    world, sim = await faulty_world(Fault.LOSE_ANSWER)
    world.vendor.lag = 3 * HOUR
    await world.pass_time(HOUR)
    assert world.vendor.submits == [KEY, KEY]
    assert (await only_order(world, sim)).state in (State.UNKNOWN, State.NEEDS_PERSON)
    await world.pass_time(9 * HOUR)
    order = await only_order(world, sim)
    assert order.state is State.CONFIRMED
    assert len(world.vendor.delivered) == 1
    check_sound(world)


async def test_a_refusal_of_the_second_send_may_be_the_echo_of_the_first() -> None:
    world, sim = await faulty_world(Fault.LOSE_ANSWER, Fault.REFUSE_NEVER)
    world.vendor.lag = 2 * HOUR
    await world.pass_time(HOUR)
    assert world.vendor.submits == [KEY, KEY]
    assert (await only_order(world, sim)).state is not State.REJECTED
    await world.pass_time(9 * HOUR)
    assert (await only_order(world, sim)).state is State.CONFIRMED


@pytest.mark.parametrize("fault", [Fault.NOT_SENT, Fault.LOGIN])
async def test_a_second_send_that_fails_says_nothing_of_the_first(fault: Fault) -> None:
    world, sim = await faulty_world(Fault.LOSE_ANSWER, fault)
    world.vendor.lag = 2 * HOUR
    await world.pass_time(timedelta(minutes=19))
    assert (await only_order(world, sim)).state is State.UNKNOWN
    assert bool(world.logins_failed) is (fault is Fault.LOGIN)
    await world.pass_time(9 * HOUR)
    assert (await only_order(world, sim)).state is State.CONFIRMED
    assert len(world.vendor.delivered) == 1


async def test_a_request_that_never_arrived_is_sent_once_more_then_a_person_decides() -> (
    None
):
    world, sim = await faulty_world(Fault.LOSE_REQUEST, Fault.LOSE_REQUEST)
    await world.pass_time(2 * HOUR)
    order = await only_order(world, sim)
    assert (order.state, order.reason) == (
        State.NEEDS_PERSON,
        "vendor_does_not_show_it",
    )
    assert world.vendor.submits == [KEY, KEY]


@pytest.mark.parametrize("why", ["stop", "off", "removed", "not due"])
async def test_what_is_not_wanted_any_more_is_not_sent_again(why: str) -> None:
    world, sim = await faulty_world(Fault.LOSE_REQUEST)
    if why == "stop":
        await world.doors.set_stop(on=True, caller=ADMIN)
    elif why == "off":
        await world.engine.change(a_sim(mode=Mode.OFF))
    elif why == "removed":
        await world.engine.unregister(sim.epoch, removed=True)
    else:
        await world.doors.update_reading(sim.epoch, expiring_in(100), ADMIN)
    await world.pass_time(2 * HOUR)
    assert world.vendor.submits == [KEY]
    assert (await only_order(world, sim)).state is State.NEEDS_PERSON


@pytest.mark.parametrize("schedule", [(60,), ()])
async def test_a_channel_that_cannot_be_asked_leaves_a_lost_answer_to_a_person(
    schedule: tuple[int, ...],
) -> None:
    world, sim = ModelWorld(), a_sim()
    world.vendor.lookup, world.vendor.schedule = Lookup.NONE, schedule
    world.vendor.faults = [Fault.LOSE_ANSWER]
    await world.begin(sim, typed=expiring_in(4))
    await world.pass_time(HOUR)
    order = await only_order(world, sim)
    assert (order.state, order.reason) == (State.NEEDS_PERSON, "cannot_be_looked_up")
    assert world.vendor.submits == [KEY]
    await world.pass_time(10 * DAY)
    assert world.vendor.submits == [KEY]


@pytest.mark.parametrize(
    "error", [Unavailable("HTTP 503"), LoginFailed("HTTP 401"), RuntimeError("a bug")]
)
async def test_a_lookup_that_fails_says_nothing(error: Exception) -> None:
    world, sim = await faulty_world(Fault.LOSE_ANSWER)
    world.vendor.lookup_error = error
    await world.pass_time(2 * HOUR)
    assert (await only_order(world, sim)).state is State.UNKNOWN
    assert bool(world.logins_failed) is isinstance(error, LoginFailed)
    await world.pass_time(DAY)
    if not isinstance(error, RuntimeError):
        assert (await only_order(world, sim)).state is State.NEEDS_PERSON
    world.vendor.lookup_error = None
    await world.pass_time(7 * HOUR)
    assert (await only_order(world, sim)).state is State.CONFIRMED
    assert world.vendor.submits == [KEY]


@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER, Fault.PENDING])
async def test_whoever_cannot_be_read_for_long_is_tried_less_often(
    fault: Fault,
) -> None:
    world, _ = await faulty_world(fault)
    world.vendor.lookup_error = Unavailable("HTTP 503")
    await world.pass_time(2 * HOUR)
    early = world.types().count("looked")
    await world.pass_time(21 * HOUR)
    late = world.types().count("looked") - early
    # In two hours every five minutes, in the next twenty-one from there to every hour.
    assert 20 <= early <= 27
    assert 50 <= late <= 70


async def test_what_has_vanished_is_asked_for_less_often() -> None:
    world, _ = await faulty_world(Fault.PENDING)
    world.vendor.bought.clear()
    await world.pass_time(23 * HOUR)
    assert 70 <= world.types().count("looked") <= 97


async def test_a_lookup_that_is_broken_for_a_day_still_ends_with_a_person() -> None:
    world, sim = await faulty_world(Fault.LOSE_ANSWER)
    world.vendor.lookup_error = RuntimeError("a bug")
    await world.pass_time(26 * HOUR)
    assert (await only_order(world, sim)).state is State.NEEDS_PERSON


async def test_an_account_that_is_missing_leaves_the_order_unknown_then_to_a_person() -> (
    None
):
    world, sim = await faulty_world(Fault.LOSE_ANSWER)
    channel = world.channels.pop(ACCOUNT)
    await world.pass_time(2 * HOUR)
    assert (await only_order(world, sim)).state is State.UNKNOWN
    await world.pass_time(DAY)
    assert (await only_order(world, sim)).state is State.NEEDS_PERSON
    world.channels[ACCOUNT] = channel
    await world.pass_time(7 * HOUR)
    assert (await only_order(world, sim)).state is State.CONFIRMED


async def test_something_else_under_our_key_goes_to_a_person() -> None:
    world, sim = await faulty_world(Fault.LOSE_REQUEST)
    world.vendor.foreign.add(KEY)
    await world.pass_time(HOUR)
    order = await only_order(world, sim)
    assert (order.state, order.reason) == (
        State.NEEDS_PERSON,
        "something_else_was_bought",
    )
    assert world.vendor.submits == [KEY]


async def test_the_end_of_grace_hands_an_order_over_before_the_day_is_over() -> None:
    sim = a_sim(overrides={"grace_days": 0})
    world = ModelWorld()
    world.vendor.faults = [Fault.LOSE_ANSWER]
    await world.begin(sim)
    # The last hours of the last day: the SIM's day ends at 16:00 UTC.
    await world.doors.update_reading(sim.epoch, expiring_in(0), ADMIN)
    world.vendor.lookup_error = Unavailable("HTTP 503")
    await world.rest()
    await world.pass_time(8 * HOUR)
    assert (await only_order(world, sim)).state is State.NEEDS_PERSON


# -- Pending ----------------------------------------------------------------------------------


async def test_a_pending_order_that_succeeds_is_confirmed() -> None:
    world, sim = await faulty_world(Fault.PENDING)
    order = await only_order(world, sim)
    assert (order.state, order.reference) == (State.PENDING, KEY)
    await world.pass_time(3 * HOUR)
    assert (await only_order(world, sim)).state is State.PENDING
    world.vendor.bought[0].final = True
    await world.pass_time(10 * MINUTE)
    assert (await only_order(world, sim)).state is State.CONFIRMED
    check_sound(world)


async def test_a_pending_order_that_fails_is_tried_again_under_a_new_key() -> None:
    world, sim = await faulty_world(Fault.FAIL_AFTER)
    await world.pass_time(2 * HOUR)
    first, second = await world.orders(sim)
    assert (first.state, first.refusal) == (State.REJECTED, RefusalClass.LATER)
    assert second.state is State.CONFIRMED
    assert world.vendor.submits == [KEY, "SKAAAAAAAAAA-001-1"]
    check_sound(world)


async def test_a_pending_order_that_never_ends_goes_to_a_person_once() -> None:
    world, sim = await faulty_world(Fault.PENDING)
    await world.pass_time(23.9 * HOUR)
    assert (await only_order(world, sim)).state is State.PENDING
    await world.pass_time(10 * DAY)
    order = await only_order(world, sim)
    assert order.state is State.NEEDS_PERSON
    assert world.types().count("needs_person") == 1
    assert order.next_at is None, "looked up for ever"
    assert world.ledger.spending(f"sim:{sim.epoch}", "2026-03").amounts == {"USD": 5250}


async def test_a_late_success_is_recorded_after_a_person_was_asked() -> None:
    world, sim = await faulty_world(Fault.PENDING)
    await world.pass_time(30 * HOUR)
    world.vendor.bought[0].final = True
    await world.pass_time(7 * HOUR)
    assert (await only_order(world, sim)).state is State.CONFIRMED


async def test_a_pending_order_that_vanishes_is_looked_for_and_not_sent_again() -> None:
    world, sim = await faulty_world(Fault.PENDING)
    world.vendor.bought.clear()
    await world.pass_time(12 * HOUR)
    assert (await only_order(world, sim)).state is State.PENDING
    await world.pass_time(13 * HOUR)
    assert (await only_order(world, sim)).state is State.NEEDS_PERSON
    assert world.vendor.submits == [KEY]


# -- After the end ----------------------------------------------------------------------------


async def test_a_delivery_that_is_taken_back_is_reversed_and_told() -> None:
    world, sim = await faulty_world()
    await world.pass_time(HOUR)
    world.vendor.bought[0].undone = True
    await world.pass_time(2 * DAY)
    order = (await world.orders(sim))[0]
    assert order.state is State.REVERSED
    assert "reversed" in world.types()


async def test_a_sim_whose_recharge_was_taken_back_is_not_thought_to_be_recharged() -> (
    None
):
    world, _ = await faulty_world()
    world.vendor.bought[0].undone = True
    await world.pass_time(3 * DAY)
    assert len(world.vendor.delivered) == 1


async def test_what_a_person_has_settled_may_still_be_taken_back() -> None:
    world, sim = await faulty_world(Fault.PENDING)
    await world.pass_time(25 * HOUR)
    order = await only_order(world, sim)
    assert order.state is State.NEEDS_PERSON
    await world.doors.resolve(order.id, arrived=True, note=None, caller=ADMIN)
    world.vendor.bought[0].undone = True
    await world.pass_time(7 * HOUR)
    assert (await world.orders(sim))[0].state is State.REVERSED
    assert world.types().count("reversed") == 1


async def test_what_a_person_has_settled_is_left_alone_in_the_end() -> None:
    world, sim = await faulty_world(Fault.PENDING)
    await world.pass_time(25 * HOUR)
    order = await only_order(world, sim)
    await world.doors.resolve(order.id, arrived=True, note=None, caller=ADMIN)
    await world.pass_time(10 * DAY)
    order = await only_order(world, sim)
    assert (order.state, order.next_at) == (State.CONFIRMED, None)


async def test_a_delivery_is_looked_at_once_more_and_then_left_alone() -> None:
    world, sim = await faulty_world()
    looks = world.vendor.looks
    await world.pass_time(10 * DAY)
    assert world.vendor.looks == looks + 1
    assert (await only_order(world, sim)).next_at is None


async def test_a_denied_order_that_arrives_after_all_is_recorded() -> None:
    world, sim = await faulty_world(Fault.LOSE_ANSWER)
    world.vendor.lag = 20 * HOUR
    await world.pass_time(2 * HOUR)
    order = await only_order(world, sim)
    assert order.state is State.NEEDS_PERSON
    await world.doors.resolve(order.id, arrived=False, note=None, caller=ADMIN)
    await world.rest()
    # The next one is a question, for the first may still turn up.
    assert [one.state for one in await world.orders(sim)] == [
        State.REJECTED,
        State.ASKED,
    ]
    await world.pass_time(21 * HOUR)
    assert (await world.orders(sim))[0].state is State.CONFIRMED
    assert len(world.vendor.delivered) == 1


async def test_a_denied_order_that_never_arrives_is_forgotten_in_the_end() -> None:
    world, sim = await faulty_world(Fault.LOSE_REQUEST, Fault.LOSE_REQUEST)
    await world.pass_time(2 * HOUR)
    order = await only_order(world, sim)
    await world.doors.resolve(order.id, arrived=False, note="no", caller=ADMIN)
    await world.engine.change(a_sim(mode=Mode.OFF))
    await world.pass_time(4 * DAY)
    order = (await world.orders(sim))[0]
    assert (order.state, order.next_at, order.note) == (State.REJECTED, None, "no")


@pytest.mark.parametrize("error", [Unavailable("x"), Rejected("X", RefusalClass.NEVER)])
async def test_looking_at_what_has_ended_changes_nothing_when_it_fails(
    error: Exception,
) -> None:
    world, sim = await faulty_world(Fault.LOSE_REQUEST, Fault.LOSE_REQUEST)
    await world.pass_time(2 * HOUR)
    order = await only_order(world, sim)
    await world.doors.resolve(order.id, arrived=False, note=None, caller=ADMIN)
    await world.engine.change(a_sim(mode=Mode.OFF))
    world.vendor.lookup_error = error
    await world.pass_time(32 * DAY)
    order = (await world.orders(sim))[0]
    assert (order.state, order.next_at) == (State.REJECTED, None)


async def test_a_purchase_under_the_next_key_is_adopted_and_not_repeated() -> None:
    """A restored ledger has forgotten it; the vendor has not."""
    world, sim = await faulty_world()
    other = ModelWorld()
    other.vendor.bought = world.vendor.bought
    await other.begin(sim, typed=expiring_in(4))
    order = await only_order(other, sim)
    assert (order.state, order.origin, order.reason) == (
        State.CONFIRMED,
        Origin.ADOPTED,
        KEY,
    )
    assert other.vendor.submits == []
    await other.pass_time(2 * DAY)
    assert len(other.vendor.delivered) == 1
    # The next one asks, because nobody knows what else was forgotten.
    await other.doors.update_reading(sim.epoch, expiring_in(5), ADMIN)
    await other.rest()
    assert (await other.orders(sim))[-1].state is State.ASKED


async def test_a_foreign_purchase_under_the_next_key_is_adopted_too() -> None:
    world, sim = ModelWorld(), a_sim()
    world.vendor.foreign.add(KEY)
    await world.begin(sim, typed=expiring_in(4))
    order = await only_order(world, sim)
    assert (order.origin, order.cost) == (Origin.ADOPTED, usd("52.50"))
    assert world.vendor.submits == []


async def test_what_was_adopted_is_not_also_the_purchase_of_the_order_before() -> None:
    """A restored ledger knows the key from an order that was refused back then."""
    world, sim = await faulty_world(Fault.REFUSE_LATER)
    world.vendor.foreign.add(KEY)
    await world.pass_time(2 * HOUR)
    # To the refused order, which is as old as the purchase, it does not look foreign.
    world.vendor.foreign.clear()
    other, _ = await faulty_world()
    world.vendor.bought = other.vendor.bought
    # A clock that has fallen back makes everything be looked at anew; the vendor's has not.
    world.vendor.lag = -8 * DAY
    world.set_clock(-8 * DAY)
    await world.pass_time(25 * HOUR)
    assert world.vendor.looks > 2
    assert [(one.origin, one.state) for one in await world.orders(sim)] == [
        (Origin.RULE, State.REJECTED),
        (Origin.ADOPTED, State.CONFIRMED),
    ]


async def test_a_purchase_that_is_under_way_under_the_next_key_is_waited_for() -> None:
    first, sim = await faulty_world(Fault.PENDING)
    world = ModelWorld()
    world.vendor.bought = first.vendor.bought
    await world.begin(sim, typed=expiring_in(4))
    assert await world.orders(sim) == []
    assert world.events[-1].data["reason"] == "already_on_its_way"
    assert world.vendor.submits == []


async def test_a_key_that_the_vendor_has_used_up_is_passed_over() -> None:
    first, sim = await faulty_world(Fault.FAIL_AFTER)
    world = ModelWorld()
    world.vendor.bought = [first.vendor.bought[0]]
    await world.begin(sim, typed=expiring_in(4))
    assert world.vendor.submits == ["SKAAAAAAAAAA-001-1"]
    assert (await only_order(world, sim)).state is State.CONFIRMED


async def test_when_all_keys_of_a_cycle_are_used_up_nothing_is_bought() -> None:
    world, sim = ModelWorld(), a_sim()
    world.vendor.lookup_error = Rejected("FAILED", RefusalClass.LATER, consumed=True)
    await world.begin(sim, typed=expiring_in(4))
    assert world.events[-1].data["reason"] == "too_many_attempts"
    assert world.vendor.submits == []


async def test_what_ended_is_looked_at_though_the_home_was_away_for_long() -> None:
    world, sim = await faulty_world()
    await world.die()
    world.moment += 9 * DAY
    channel = world.channels.pop(ACCOUNT)
    await world.restart(sim)
    await world.pass_time(MINUTE)
    world.channels[ACCOUNT] = channel
    world.vendor.bought[0].undone = True
    await world.pass_time(7 * HOUR)
    assert world.ledger.order(1).state is State.REVERSED
