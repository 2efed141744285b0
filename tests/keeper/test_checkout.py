"""One order and everything that can happen to it: faults of the vendor, crashes, late truth."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.errors import (
    LoginFailed,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.ledger import EventType
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import (
    IN_FLIGHT,
    Effect,
    Order,
    Origin,
    State,
)
from custom_components.sim_keeper.keeper.ports import Lookup
from custom_components.sim_keeper.keeper.sim import Mode, Sim

from .builders import usd
from .model_world import ACCOUNT, ADMIN, Crash, Fault, ModelWorld, a_sim, expiring_in

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
KEY = "SKAAAAAAAAAA-001-0"


async def _begun(*faults: Fault, sim: Sim | None = None) -> tuple[ModelWorld, Sim]:
    """Return a world in which an automatic order was due at once."""
    world, sim = ModelWorld(), sim or a_sim()
    world.vendor.faults = [*faults]
    await world.begin(sim, typed=expiring_in(4))
    return world, sim


async def _only(world: ModelWorld, sim: Sim) -> Order:
    (order,) = await world.orders(sim)
    return order


def _sound(world: ModelWorld) -> None:
    """Check what must hold in every world at rest."""
    assert world.ledger.find_damage() is None
    keys = [one.key for one in world.vendor.bought]
    assert len(keys) == len(set(keys)), "a key bought twice"
    costs = sum(one.cost.minor for one in world.vendor.delivered)
    booked = sum(
        (order.cost or order.ceiling).minor
        for order in world.ledger.orders()
        if order.state in (State.CONFIRMED, *IN_FLIGHT)
    )
    assert booked >= costs, "paid and not booked"


# -- The ways of one purchase -----------------------------------------------------------------


async def test_a_due_recharge_is_bought_once_and_not_again_for_a_year() -> None:
    world, sim = await _begun()
    order = await _only(world, sim)
    assert (order.state, order.cost) == (State.CONFIRMED, usd("50"))
    assert order.effect is Effect.CANNOT_VERIFY
    await world.pass_time(300 * DAY)
    assert world.vendor.submits == [KEY]
    _sound(world)


# Fault → (state at once, state at rest, purchases, sends).
OUTCOMES: dict[Fault, tuple[State, State, int, int]] = {
    Fault.NOT_SENT: (State.APPROVED, State.CONFIRMED, 1, 1),
    Fault.LOSE_REQUEST: (State.UNKNOWN, State.CONFIRMED, 1, 2),
    Fault.LOSE_ANSWER: (State.UNKNOWN, State.CONFIRMED, 1, 1),
    Fault.REFUSE_LATER: (State.REJECTED, State.REJECTED, 1, 2),
    Fault.REFUSE_NEVER: (State.REJECTED, State.REJECTED, 0, 1),
    Fault.FAIL_AFTER: (State.PENDING, State.REJECTED, 1, 2),
    Fault.PENDING: (State.PENDING, State.NEEDS_PERSON, 1, 1),
    Fault.DEARER: (State.CONFIRMED, State.CONFIRMED, 1, 1),
    Fault.LOGIN: (State.REJECTED, State.REJECTED, 0, 1),
    Fault.BREAK: (State.UNKNOWN, State.CONFIRMED, 1, 1),
}


@pytest.mark.parametrize("fault", OUTCOMES)
async def test_each_fault_ends_where_it_should(fault: Fault) -> None:
    first, last, purchases, sends = OUTCOMES[fault]
    world, sim = await _begun(fault)
    assert (await world.orders(sim))[0].state is first
    await world.pass_time(30 * HOUR)
    assert (await world.orders(sim))[0].state is last
    assert len(world.vendor.delivered) == purchases
    assert len(world.vendor.submits) == sends
    _sound(world)


def test_every_fault_of_the_vendor_is_in_the_table() -> None:
    assert set(OUTCOMES) | {Fault.HANG} == set(Fault)


@pytest.mark.parametrize("fault", OUTCOMES)
async def test_each_fault_is_told_at_least_once_and_each_outcome_once(
    fault: Fault,
) -> None:
    world, sim = await _begun(fault)
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
    world, sim = await _begun(Fault.NOT_SENT)
    assert (await _only(world, sim)).reason == "not_sent"
    await world.pass_time(10 * MINUTE)
    assert (await _only(world, sim)).state is State.CONFIRMED
    assert world.vendor.submits == [KEY]


async def test_a_provider_that_is_down_is_not_hammered_and_not_a_no() -> None:
    """An outage ends no order for longer than it lasts, and is nobody's silence."""
    world, _ = await _begun(Fault.NOT_SENT)
    world.vendor.down = True
    before, wakes = world.vendor.quotes, world.wakes
    await world.pass_time(3 * DAY)
    assert world.vendor.quotes - before <= 3 * 48 + 2
    assert world.wakes - wakes < 600
    assert len(world.vendor.submits) == 0
    world.vendor.down = False
    await world.pass_time(HOUR)
    assert len(world.vendor.delivered) == 1
    _sound(world)


async def test_a_reading_in_between_does_not_put_off_the_next_try() -> None:
    world, sim = await _begun(Fault.NOT_SENT)
    await world.pass_time(5 * MINUTE)
    await world.doors.update_reading(sim.epoch, expiring_in(3), ADMIN)
    await world.pass_time(5 * MINUTE)
    assert (await _only(world, sim)).state is State.CONFIRMED


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
    assert (await _only(world, sim)).state is State.APPROVED
    assert world.vendor.submits == []
    world.channels[ACCOUNT] = channel
    await world.pass_time(HOUR)
    assert (await _only(world, sim)).state is State.CONFIRMED


# -- The answer was lost ----------------------------------------------------------------------


async def test_a_lost_answer_blocks_a_second_order_and_keeps_the_hold() -> None:
    world, sim = await _begun(Fault.LOSE_ANSWER)
    world.vendor.lookup_error = Unavailable("HTTP 503")
    await world.pass_time(23 * HOUR)
    order = await _only(world, sim)
    assert order.state is State.UNKNOWN
    assert world.ledger.spending(f"sim:{sim.epoch}", "2026-03").amounts == {"USD": 5250}
    assert world.vendor.submits == [KEY]


async def test_nothing_is_asked_before_the_first_look_is_due() -> None:
    world, _ = await _begun(Fault.LOSE_ANSWER)
    looks = world.vendor.looks
    await world.pass_time(timedelta(seconds=179))
    assert world.vendor.looks == looks
    await world.pass_time(timedelta(seconds=1))
    assert world.vendor.looks == looks + 1


async def test_a_lookup_that_lags_finds_the_purchase_before_it_is_sent_again() -> None:
    world, sim = await _begun(Fault.LOSE_ANSWER)
    world.vendor.lag = timedelta(seconds=400)
    await world.pass_time(HOUR)
    assert (await _only(world, sim)).state is State.CONFIRMED
    assert world.vendor.submits == [KEY]


async def test_a_purchase_that_appears_only_after_the_second_send_is_paid_once() -> (
    None
):
    """The vendor refuses the key it has seen; that is no failure and no success."""
    world, sim = await _begun(Fault.LOSE_ANSWER)
    world.vendor.lag = 3 * HOUR
    await world.pass_time(HOUR)
    assert world.vendor.submits == [KEY, KEY]
    assert (await _only(world, sim)).state in (State.UNKNOWN, State.NEEDS_PERSON)
    await world.pass_time(9 * HOUR)
    order = await _only(world, sim)
    assert order.state is State.CONFIRMED
    assert len(world.vendor.delivered) == 1
    _sound(world)


async def test_a_refusal_of_the_second_send_may_be_the_echo_of_the_first() -> None:
    world, sim = await _begun(Fault.LOSE_ANSWER, Fault.REFUSE_NEVER)
    world.vendor.lag = 2 * HOUR
    await world.pass_time(HOUR)
    assert world.vendor.submits == [KEY, KEY]
    assert (await _only(world, sim)).state is not State.REJECTED
    await world.pass_time(9 * HOUR)
    assert (await _only(world, sim)).state is State.CONFIRMED


async def test_a_request_that_never_arrived_is_sent_once_more_then_a_person_decides() -> (
    None
):
    world, sim = await _begun(Fault.LOSE_REQUEST, Fault.LOSE_REQUEST)
    await world.pass_time(2 * HOUR)
    order = await _only(world, sim)
    assert (order.state, order.reason) == (
        State.NEEDS_PERSON,
        "vendor_does_not_show_it",
    )
    assert world.vendor.submits == [KEY, KEY]


@pytest.mark.parametrize("why", ["stop", "off", "removed", "not due"])
async def test_what_is_not_wanted_any_more_is_not_sent_again(why: str) -> None:
    world, sim = await _begun(Fault.LOSE_REQUEST)
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
    assert (await _only(world, sim)).state is State.NEEDS_PERSON


@pytest.mark.parametrize("lookup", [Lookup.NONE, Lookup.PAYING])
@pytest.mark.parametrize("schedule", [(60,), ()])
async def test_a_channel_that_cannot_be_asked_leaves_a_lost_answer_to_a_person(
    lookup: Lookup, schedule: tuple[int, ...]
) -> None:
    world, sim = ModelWorld(), a_sim()
    world.vendor.lookup, world.vendor.schedule = lookup, schedule
    world.vendor.faults = [Fault.LOSE_ANSWER]
    await world.begin(sim, typed=expiring_in(4))
    await world.pass_time(HOUR)
    order = await _only(world, sim)
    assert (order.state, order.reason) == (State.NEEDS_PERSON, "cannot_be_looked_up")
    assert world.vendor.submits == [KEY]
    await world.pass_time(10 * DAY)
    assert world.vendor.submits == [KEY]


@pytest.mark.parametrize(
    "error", [Unavailable("HTTP 503"), LoginFailed("HTTP 401"), RuntimeError("a bug")]
)
async def test_a_lookup_that_fails_says_nothing(error: Exception) -> None:
    world, sim = await _begun(Fault.LOSE_ANSWER)
    world.vendor.lookup_error = error
    await world.pass_time(2 * HOUR)
    assert (await _only(world, sim)).state is State.UNKNOWN
    assert bool(world.logins_failed) is isinstance(error, LoginFailed)
    await world.pass_time(DAY)
    if not isinstance(error, RuntimeError):
        assert (await _only(world, sim)).state is State.NEEDS_PERSON
    world.vendor.lookup_error = None
    await world.pass_time(7 * HOUR)
    assert (await _only(world, sim)).state is State.CONFIRMED
    assert world.vendor.submits == [KEY]


async def test_a_lookup_that_is_broken_for_a_day_still_ends_with_a_person() -> None:
    world, sim = await _begun(Fault.LOSE_ANSWER)
    world.vendor.lookup_error = RuntimeError("a bug")
    await world.pass_time(26 * HOUR)
    assert (await _only(world, sim)).state is State.NEEDS_PERSON


async def test_an_account_that_is_missing_leaves_the_order_unknown_then_to_a_person() -> (
    None
):
    world, sim = await _begun(Fault.LOSE_ANSWER)
    channel = world.channels.pop(ACCOUNT)
    await world.pass_time(2 * HOUR)
    assert (await _only(world, sim)).state is State.UNKNOWN
    await world.pass_time(DAY)
    assert (await _only(world, sim)).state is State.NEEDS_PERSON
    world.channels[ACCOUNT] = channel
    await world.pass_time(7 * HOUR)
    assert (await _only(world, sim)).state is State.CONFIRMED


async def test_something_else_under_our_key_goes_to_a_person() -> None:
    world, sim = await _begun(Fault.LOSE_REQUEST)
    world.vendor.foreign.add(KEY)
    await world.pass_time(HOUR)
    order = await _only(world, sim)
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
    assert (await _only(world, sim)).state is State.NEEDS_PERSON


# -- Pending ----------------------------------------------------------------------------------


async def test_a_pending_order_that_succeeds_is_confirmed() -> None:
    world, sim = await _begun(Fault.PENDING)
    order = await _only(world, sim)
    assert (order.state, order.reference) == (State.PENDING, KEY)
    await world.pass_time(3 * HOUR)
    assert (await _only(world, sim)).state is State.PENDING
    world.vendor.bought[0].final = True
    await world.pass_time(10 * MINUTE)
    assert (await _only(world, sim)).state is State.CONFIRMED
    _sound(world)


async def test_a_pending_order_that_fails_is_tried_again_under_a_new_key() -> None:
    world, sim = await _begun(Fault.FAIL_AFTER)
    await world.pass_time(2 * HOUR)
    first, second = await world.orders(sim)
    assert (first.state, first.refusal) == (State.REJECTED, RefusalClass.LATER)
    assert second.state is State.CONFIRMED
    assert world.vendor.submits == [KEY, "SKAAAAAAAAAA-001-1"]
    _sound(world)


async def test_a_pending_order_that_never_ends_goes_to_a_person_once() -> None:
    world, sim = await _begun(Fault.PENDING)
    await world.pass_time(23.9 * HOUR)
    assert (await _only(world, sim)).state is State.PENDING
    await world.pass_time(10 * DAY)
    order = await _only(world, sim)
    assert order.state is State.NEEDS_PERSON
    assert world.types().count("needs_person") == 1
    assert order.next_at is None, "looked up for ever"
    assert world.ledger.spending(f"sim:{sim.epoch}", "2026-03").amounts == {"USD": 5250}


async def test_a_late_success_is_recorded_after_a_person_was_asked() -> None:
    world, sim = await _begun(Fault.PENDING)
    await world.pass_time(30 * HOUR)
    world.vendor.bought[0].final = True
    await world.pass_time(7 * HOUR)
    assert (await _only(world, sim)).state is State.CONFIRMED


async def test_a_pending_order_that_vanishes_is_looked_for_and_not_sent_again() -> None:
    world, sim = await _begun(Fault.PENDING)
    world.vendor.bought.clear()
    await world.pass_time(12 * HOUR)
    assert (await _only(world, sim)).state is State.PENDING
    await world.pass_time(13 * HOUR)
    assert (await _only(world, sim)).state is State.NEEDS_PERSON
    assert world.vendor.submits == [KEY]


# -- After the end ----------------------------------------------------------------------------


async def test_a_delivery_that_is_taken_back_is_reversed_and_told() -> None:
    world, sim = await _begun()
    await world.pass_time(HOUR)
    world.vendor.bought[0].undone = True
    await world.pass_time(2 * DAY)
    order = (await world.orders(sim))[0]
    assert order.state is State.REVERSED
    assert "reversed" in world.types()


@pytest.mark.xfail(
    strict=True,
    reason="decision: a reversal leaves the estimated expiry and balance of the recharge",
)
async def test_a_sim_whose_recharge_was_taken_back_is_not_thought_to_be_recharged() -> (
    None
):
    world, _ = await _begun()
    world.vendor.bought[0].undone = True
    await world.pass_time(3 * DAY)
    assert len(world.vendor.delivered) == 1


async def test_a_delivery_is_looked_at_once_more_and_then_left_alone() -> None:
    world, sim = await _begun()
    looks = world.vendor.looks
    await world.pass_time(10 * DAY)
    assert world.vendor.looks == looks + 1
    assert (await _only(world, sim)).next_at is None


async def test_a_denied_order_that_arrives_after_all_is_recorded() -> None:
    world, sim = await _begun(Fault.LOSE_ANSWER)
    world.vendor.lag = 20 * HOUR
    await world.pass_time(2 * HOUR)
    order = await _only(world, sim)
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
    world, sim = await _begun(Fault.LOSE_REQUEST, Fault.LOSE_REQUEST)
    await world.pass_time(2 * HOUR)
    order = await _only(world, sim)
    await world.doors.resolve(order.id, arrived=False, note="no", caller=ADMIN)
    await world.engine.change(a_sim(mode=Mode.OFF))
    await world.pass_time(4 * DAY)
    order = (await world.orders(sim))[0]
    assert (order.state, order.next_at, order.note) == (State.REJECTED, None, "no")


@pytest.mark.parametrize("error", [Unavailable("x"), Rejected("X", RefusalClass.NEVER)])
async def test_looking_at_what_has_ended_changes_nothing_when_it_fails(
    error: Exception,
) -> None:
    world, sim = await _begun(Fault.LOSE_REQUEST, Fault.LOSE_REQUEST)
    await world.pass_time(2 * HOUR)
    order = await _only(world, sim)
    await world.doors.resolve(order.id, arrived=False, note=None, caller=ADMIN)
    await world.engine.change(a_sim(mode=Mode.OFF))
    world.vendor.lookup_error = error
    await world.pass_time(12 * DAY)
    order = (await world.orders(sim))[0]
    assert (order.state, order.next_at) == (State.REJECTED, None)


async def test_a_purchase_under_the_next_key_is_adopted_and_not_repeated() -> None:
    """A restored ledger has forgotten it; the vendor has not."""
    world, sim = await _begun()
    other = ModelWorld()
    other.vendor.bought = world.vendor.bought
    await other.begin(sim, typed=expiring_in(4))
    order = await _only(other, sim)
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
    order = await _only(world, sim)
    assert (order.origin, order.cost) == (Origin.ADOPTED, usd("52.50"))
    assert world.vendor.submits == []


async def test_a_purchase_that_is_under_way_under_the_next_key_is_waited_for() -> None:
    first, sim = await _begun(Fault.PENDING)
    world = ModelWorld()
    world.vendor.bought = first.vendor.bought
    await world.begin(sim, typed=expiring_in(4))
    assert await world.orders(sim) == []
    assert world.events[-1].data["reason"] == "already_on_its_way"
    assert world.vendor.submits == []


async def test_a_key_that_the_vendor_has_used_up_is_passed_over() -> None:
    first, sim = await _begun(Fault.FAIL_AFTER)
    world = ModelWorld()
    world.vendor.bought = [first.vendor.bought[0]]
    await world.begin(sim, typed=expiring_in(4))
    assert world.vendor.submits == ["SKAAAAAAAAAA-001-1"]
    assert (await _only(world, sim)).state is State.CONFIRMED


async def test_when_all_keys_of_a_cycle_are_used_up_nothing_is_bought() -> None:
    world, sim = ModelWorld(), a_sim()
    world.vendor.lookup_error = Rejected("FAILED", RefusalClass.LATER, consumed=True)
    await world.begin(sim, typed=expiring_in(4))
    assert world.events[-1].data["reason"] == "too_many_attempts"
    assert world.vendor.submits == []


# -- Cost -------------------------------------------------------------------------------------


async def test_a_price_above_the_hold_is_booked_told_and_stops_the_automatic() -> None:
    world, sim = await _begun(Fault.DEARER)
    assert (await _only(world, sim)).cost == usd("100")
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
    world, sim = await _begun(Fault.PENDING)
    assert (await _only(world, sim)).ceiling == usd("52.50")
    assert (await _only(world, sim)).price == usd("50")


# -- Crashes ----------------------------------------------------------------------------------


async def _live_through(
    fault: Fault | None, crashes: list[int], sim: Sim
) -> tuple[ModelWorld, int]:
    """Live a day and a bit; the n-th process dies at the n-th of the steps, the last one lives."""
    world = ModelWorld()
    world.vendor.faults = [fault] if fault else []
    end = world.moment + 30 * HOUR
    for crash in [*crashes, None]:
        world.crash_at = None if crash is None else len(world.steps) + crash
        try:
            await world.begin(sim, typed=expiring_in(4))
            await world.pass_time(end - world.moment)
        except Crash:
            await world.die()
            world._be_born()
        else:
            break
    return world, len(world.steps)


CRASHED = [
    None,
    *(Fault.NOT_SENT, Fault.LOSE_ANSWER, Fault.LOSE_REQUEST, Fault.REFUSE_LATER),
    *(Fault.FAIL_AFTER, Fault.PENDING, Fault.BREAK),
]


@pytest.mark.parametrize("fault", CRASHED)
async def test_a_crash_at_any_step_never_pays_twice_and_always_ends(
    fault: Fault | None,
) -> None:
    sim = a_sim()
    _, steps = await _live_through(fault, [], sim)
    for place in range(1, min(steps, 40) + 1):
        world, _ = await _live_through(fault, [place], sim)
        assert len(world.vendor.delivered) <= 1, f"crash at {place}"
        orders = await world.orders(sim)
        open_ = [
            order.state
            for order in orders
            if order.state in (State.SENDING, State.APPROVED, State.UNKNOWN)
        ]
        assert not open_, f"crash at {place}: {open_}"
        given = any(order.state is State.NEEDS_PERSON for order in orders)
        assert len(world.vendor.delivered) == 1 or given, f"crash at {place}"
        _sound(world)


async def test_two_crashes_anywhere_never_pay_twice() -> None:
    sim = a_sim()
    for first in range(1, 12):
        for second in range(1, 12):
            world, _ = await _live_through(None, [first, second], sim)
            orders = await world.orders(sim)
            given = any(order.state is State.NEEDS_PERSON for order in orders)
            assert len(world.vendor.delivered) == 1 or given, (first, second)
            _sound(world)


@pytest.mark.parametrize("fault", [None, *OUTCOMES])
async def test_restarting_again_and_again_changes_nothing(fault: Fault | None) -> None:
    plain, sim = await _begun(*([fault] if fault else []))
    await plain.pass_time(6 * HOUR)
    world, _ = await _begun(*([fault] if fault else []))
    for _ in range(6):
        await world.restart(sim)
        await world.restart(sim)
        await world.pass_time(HOUR)
    assert world.vendor.submits == plain.vendor.submits
    states = [order.state for order in await world.orders(sim)]
    assert states == [order.state for order in await plain.orders(sim)]
    _sound(world)


async def test_a_process_that_died_while_sending_looks_before_it_sends() -> None:
    world, sim = await _begun(Fault.HANG)
    assert (await _only(world, sim)).state is State.SENDING
    await world.restart(sim)
    order = await _only(world, sim)
    assert (order.state, order.reason) == (State.UNKNOWN, "interrupted")
    await world.pass_time(HOUR)
    assert (await _only(world, sim)).state is State.CONFIRMED
    assert world.vendor.submits == [KEY]


async def test_an_order_whose_task_was_cut_off_is_taken_up_without_a_restart() -> None:
    world, sim = await _begun(Fault.HANG)
    for task in list(world.tasks):
        task.cancel()
    await world.pass_time(HOUR)
    assert (await _only(world, sim)).state is State.CONFIRMED
    assert world.vendor.submits == [KEY]


def test_an_event_type_exists_for_every_end() -> None:
    ends = {State.CONFIRMED, State.REJECTED, State.UNKNOWN, State.REVERSED}
    assert {end.value for end in ends} <= {type_.value for type_ in EventType}
    assert Money(1, "USD") == usd("0.01")
