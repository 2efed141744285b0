"""An action that texts or calls, so that a number does not fall silent."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.sim_keeper.channels.action import ActionChannel, Proof
from custom_components.sim_keeper.keeper.budget import HouseholdRules
from custom_components.sim_keeper.keeper.errors import (
    NotSent,
    OrderRefused,
    OutcomeUnknown,
)
from custom_components.sim_keeper.keeper.forecast import Outlook, Quoted, forecast
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Effect, Kind, State
from custom_components.sim_keeper.keeper.policy import Reason
from custom_components.sim_keeper.keeper.ports import Wanted
from custom_components.sim_keeper.keeper.sim import (
    Field,
    Mode,
    Readings,
    Trust,
    only_tightens,
)
from custom_components.sim_keeper.keeper.statements import Typed

from .builders import activity, capabilities, situation, view
from .gateway import USE, Gateway, action_world, quiet_line, trusting, used_on
from .model_world import ACCOUNT, ADMIN, START, a_sim
from .scenes import DAY, EPOCH, HOUR, KEY, MINUTE, only_order, reason_of, states_of

TODAY = START.date()


async def test_a_silent_number_is_used_once_and_the_clock_starts_anew() -> None:
    gateway, sim = Gateway(), quiet_line()
    world = await action_world(sim, USE, gateway)
    order = await only_order(world, sim)
    assert (order.state, order.kind) == (State.CONFIRMED, Kind.ACTIVITY)
    assert (order.cost, order.value) == (Money(10, "USD"), None)
    assert order.effect is Effect.CANNOT_VERIFY
    used = world.ledger.readings(EPOCH).last_activity
    assert used is not None
    assert (used.day, used.trust) == (TODAY, Trust.ESTIMATE)
    assert gateway.runs == [
        {"number": sim.number, "amount": None, "currency": None, "order_key": KEY}
    ]
    await world.pass_time(24 * DAY)
    assert len(gateway.runs) == 1
    await world.pass_time(3 * DAY)
    assert len(gateway.runs) == 2
    assert world.ledger.find_damage() is None


async def test_it_changes_nothing_but_the_last_activity() -> None:
    sim = quiet_line()
    world = await action_world(sim, USE, Gateway())
    known = world.ledger.readings(EPOCH)
    assert (known.balance, known.expiry) == (None, None)
    assert world.ledger.last_recharge(EPOCH) is None


async def test_it_asks_where_the_user_has_not_said_that_it_may_run() -> None:
    gateway, sim = Gateway(), quiet_line()
    sim = replace(sim, rules=replace(sim.rules, channel_trusted=False))
    world = await action_world(sim, USE, gateway)
    order = await only_order(world, sim)
    assert (order.state, order.kind) == (State.ASKED, Kind.ACTIVITY)
    assert order.why["reason"] == Reason.CHANNEL_NOT_AUTOMATIC
    assert gateway.runs == []
    done = await world.doors.approve(order.id, ADMIN)
    assert done.state is State.CONFIRMED
    assert len(gateway.runs) == 1


async def test_without_a_cap_it_asks() -> None:
    gateway, sim = Gateway(), quiet_line(cap=None)
    world = await action_world(sim, USE, gateway)
    assert states_of(world) == [State.ASKED]
    assert gateway.runs == []


async def test_a_free_text_is_booked_as_nothing() -> None:
    free = replace(USE, price=Money(0, "USD"), maximum=Money(0, "USD"))
    sim = quiet_line()
    world = await action_world(sim, free, Gateway())
    assert (await only_order(world, sim)).cost == Money(0, "USD")


async def test_what_recharges_is_left_to_a_person() -> None:
    """The validity ends, and a text does not buy days."""
    gateway = Gateway()
    sim = trusting(a_sim())
    world = await action_world(
        sim, USE, gateway, Typed(expiry=TODAY + timedelta(days=4))
    )
    order = await only_order(world, sim)
    assert (order.assisted, order.kind) == (True, Kind.RECHARGE)
    assert gateway.runs == []


async def test_a_low_balance_with_a_silent_number_is_left_to_a_person_as_well() -> None:
    gateway, sim = Gateway(), quiet_line(threshold="10", amount="50", mode=Mode.ASK)
    typed = Typed(
        balance=Money.parse("1", "HKD"), last_activity=TODAY - timedelta(days=27)
    )
    world = await action_world(sim, USE, gateway, typed)
    order = await only_order(world, sim)
    assert (order.assisted, order.kind) == (True, Kind.RECHARGE)


async def test_a_source_that_lags_does_not_make_it_text_again() -> None:
    gateway, sim = Gateway(), quiet_line()
    world = await action_world(sim, USE, gateway)
    old = TODAY - timedelta(days=27)
    for _ in range(46):
        await world.pass_time(HOUR)
        seen = activity(old, at=world.moment, trust=Trust.MEASURED)
        await world.engine.observe(EPOCH, (seen,))
        await world.rest()
    assert len(gateway.runs) == 1


async def test_a_source_that_never_shows_it_makes_it_text_again_in_the_end() -> None:
    gateway, sim = Gateway(), quiet_line()
    world = await action_world(sim, USE, gateway)
    await world.pass_time(50 * HOUR)
    seen = activity(TODAY - timedelta(days=27), at=world.moment, trust=Trust.MEASURED)
    await world.engine.observe(EPOCH, (seen,))
    for order in world.ledger.in_state(State.ASKED):
        await world.doors.cancel(order.id, ADMIN)
    await world.pass_time(HOUR)
    assert len(gateway.runs) == 2


async def test_a_reading_from_before_the_text_does_not_count_against_it() -> None:
    gateway, sim = Gateway(), quiet_line()
    world = await action_world(sim, USE, gateway)
    late = activity(TODAY - timedelta(days=27), at=START - HOUR, trust=Trust.MEASURED)
    await world.pass_time(49 * HOUR)
    await world.engine.observe(EPOCH, (late,))
    await world.pass_time(3 * DAY)
    assert len(gateway.runs) == 1


async def test_a_recharge_elsewhere_restarts_the_clock_too() -> None:
    gateway, sim = Gateway(), quiet_line()
    world = await action_world(sim, USE, gateway, used_on(TODAY - timedelta(days=10)))
    assert gateway.runs == []
    await world.doors.update_reading(EPOCH, used_on(TODAY), ADMIN)
    await world.pass_time(24 * DAY)
    assert gateway.runs == []


@pytest.mark.parametrize("error", [OutcomeUnknown("sequence aborted"), ValueError("x")])
async def test_a_run_that_breaks_off_is_given_to_a_person(error: Exception) -> None:
    gateway, sim = Gateway(error=error), quiet_line()
    world = await action_world(sim, USE, gateway)
    assert states_of(world) == [State.UNKNOWN]
    await world.pass_time(HOUR)
    assert states_of(world) == [State.NEEDS_PERSON]
    await world.pass_time(10 * DAY)
    assert len(gateway.runs) == 1
    assert reason_of(world) is Reason.ORDER_UNKNOWN


async def test_a_person_who_hears_of_it_late_does_not_move_the_day() -> None:
    gateway, sim = Gateway(error=ValueError("x")), quiet_line()
    world = await action_world(sim, USE, gateway)
    await world.pass_time(20 * DAY)
    order = await only_order(world, sim)
    await world.doors.resolve(order.id, arrived=True, note=None, caller=ADMIN)
    used = world.ledger.readings(EPOCH).last_activity
    assert used is not None
    assert used.day == TODAY
    gateway.error = None
    await world.pass_time(7 * DAY)
    assert len(gateway.runs) == 2


async def test_what_the_person_did_since_is_not_forgotten_when_he_hears_of_it() -> None:
    gateway, sim = Gateway(error=ValueError("x")), quiet_line()
    world = await action_world(sim, USE, gateway)
    await world.pass_time(5 * DAY)
    await world.doors.mark_active(EPOCH, ADMIN)
    order = await only_order(world, sim)
    await world.doors.resolve(order.id, arrived=True, note=None, caller=ADMIN)
    used = world.ledger.readings(EPOCH).last_activity
    assert used is not None
    assert (used.day, used.trust) == (TODAY + 5 * DAY, Trust.ESTIMATE)


async def test_a_person_who_knows_that_it_did_not_work_is_asked_before_the_next() -> (
    None
):
    gateway, sim = Gateway(error=ValueError("x")), quiet_line()
    world = await action_world(sim, USE, gateway)
    await world.pass_time(HOUR)
    order = await only_order(world, sim)
    await world.doors.resolve(order.id, arrived=False, note=None, caller=ADMIN)
    gateway.error = None
    await world.rest()
    assert states_of(world) == [State.REJECTED, State.ASKED]
    question = world.ledger.orders()[-1]
    done = await world.doors.approve(question.id, ADMIN)
    # The same key goes out: who knows it need not do the work twice.
    assert [run["order_key"] for run in gateway.runs] == [KEY, KEY]
    assert done.state is State.CONFIRMED


async def test_what_was_never_begun_is_tried_again_with_the_same_key() -> None:
    gateway, sim = Gateway(refuses=NotSent("stopping")), quiet_line()
    world = await action_world(sim, USE, gateway)
    assert states_of(world) == [State.APPROVED]
    gateway.refuses = None
    await world.pass_time(15 * MINUTE)
    assert states_of(world) == [State.CONFIRMED]
    assert [run["order_key"] for run in gateway.runs] == [KEY]


async def test_a_crash_while_it_runs_never_runs_it_again() -> None:
    gateway, sim = Gateway(hangs=True), quiet_line()
    world = await action_world(sim, USE, gateway)
    assert states_of(world) == [State.SENDING]
    gateway.hangs = False
    await world.restart(sim)
    await world.pass_time(10 * DAY)
    assert states_of(world) == [State.NEEDS_PERSON]
    assert len(gateway.runs) == 1


async def test_without_its_channel_nothing_runs_and_it_comes_back() -> None:
    gateway, sim = Gateway(), quiet_line()
    world = await action_world(sim, USE, gateway, used_on(TODAY - timedelta(days=20)))
    channels, world.channels = world.channels, {}
    await world.pass_time(6 * DAY)
    assert reason_of(world) is Reason.NO_CHANNEL
    world.channels = channels
    await world.engine.account_ready("model:1")
    await world.rest()
    assert len(gateway.runs) == 1


async def test_a_trial_run_runs_nothing() -> None:
    gateway, sim = Gateway(), quiet_line()
    sim = replace(sim, rules=replace(sim.rules, shadow=True))
    world = await action_world(sim, USE, gateway)
    await world.pass_time(2 * DAY)
    assert gateway.runs == []
    assert "skipped" in world.types()


async def test_a_source_that_shows_it_proves_it() -> None:
    gateway = Gateway()
    sim = quiet_line()
    world = await action_world(
        sim, replace(USE, proof=Proof.READING), gateway, used_on(TODAY)
    )
    seen = activity(TODAY - timedelta(days=27), at=START + HOUR, trust=Trust.MEASURED)
    await world.pass_time(2 * HOUR)
    await world.engine.observe(EPOCH, (seen,))
    await world.rest()
    assert states_of(world) == [State.PENDING]
    shown = activity(TODAY, at=world.moment + MINUTE, trust=Trust.MEASURED)
    await world.pass_time(MINUTE)
    await world.engine.observe(EPOCH, (shown,))
    order = await only_order(world, sim)
    assert (order.state, order.effect) == (State.CONFIRMED, Effect.VERIFIED)
    assert order.cost == Money(10, "USD")
    used = world.ledger.readings(EPOCH)
    assert used.last_activity is not None
    assert used.last_activity.field is Field.LAST_ACTIVITY
    assert used.last_activity.day == TODAY
    await world.pass_time(20 * DAY)
    assert len(gateway.runs) == 1


async def test_a_use_of_yesterday_that_is_told_today_is_not_this_one() -> None:
    gateway, sim = Gateway(), quiet_line()
    shown = replace(USE, proof=Proof.READING)
    world = await action_world(sim, shown, gateway, used_on(TODAY))
    before = activity(TODAY - timedelta(days=27), at=START + HOUR, trust=Trust.MEASURED)
    await world.pass_time(2 * HOUR)
    await world.engine.observe(EPOCH, (before,))
    await world.rest()
    await world.pass_time(HOUR)
    called = activity(TODAY - DAY, at=world.moment, trust=Trust.MEASURED)
    await world.engine.observe(EPOCH, (called,))
    assert states_of(world) == [State.PENDING]
    await world.pass_time(DAY)
    assert states_of(world) == [State.NEEDS_PERSON]


async def test_a_use_that_became_dearer_is_asked_for_again_as_a_use() -> None:
    gateway, sim = Gateway(), quiet_line(mode=Mode.ASK)
    world = await action_world(sim, USE, gateway)
    dearer = replace(USE, price=Money(50, "USD"), maximum=Money(50, "USD"))
    world.channels[ACCOUNT] = ActionChannel(dearer, gateway)
    question = await only_order(world, sim)
    with pytest.raises(OrderRefused, match="price_changed"):
        await world.doors.approve(question.id, ADMIN)
    (again,) = world.ledger.in_state(State.ASKED)
    assert (again.kind, again.price) == (Kind.ACTIVITY, Money(50, "USD"))
    done = await world.doors.approve(again.id, ADMIN)
    assert done.cost == Money(50, "USD")
    assert len(gateway.runs) == 1


def test_a_forecast_knows_what_it_will_cost() -> None:
    line = quiet_line()
    at = situation(
        line,
        view(readings=Readings(last_activity=activity(TODAY))),
        capabilities=capabilities(uses_number=True),
    )
    asked: list[Wanted] = []

    def quote(buys: Wanted) -> Quoted:
        asked.append(buys)
        return Quoted(price=Money(10, "USD"))

    household = HouseholdRules(zone=line.zone)
    (told,) = forecast(
        [Outlook(at=at, quote=quote)], household, (), START, timedelta(days=60)
    )
    assert [(one.at.date() - TODAY).days for one in told.recharges] == [25, 50]
    assert {one.kind for one in told.recharges} == {Kind.ACTIVITY}
    assert told.total == (Money(20, "USD"),)
    assert set(asked) == {Wanted()}


def test_a_forecast_sees_the_day_on_which_a_limit_forbids_it() -> None:
    line = quiet_line(cap="0.05")
    at = situation(
        line,
        view(readings=Readings(last_activity=activity(TODAY))),
        capabilities=capabilities(uses_number=True),
    )
    (told,) = forecast(
        [Outlook(at=at, quote=lambda _: Quoted(price=Money(10, "USD")))],
        HouseholdRules(zone=line.zone),
        (),
        START,
        timedelta(days=60),
    )
    assert told.recharges == ()
    assert told.starved_on == TODAY + timedelta(days=25)


def test_trust_is_loosened_by_a_person_only() -> None:
    trusting_rules = quiet_line().rules
    cautious = replace(trusting_rules, channel_trusted=False)
    assert only_tightens(trusting_rules, cautious)
    assert not only_tightens(cautious, trusting_rules)
