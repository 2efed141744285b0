"""Which rules are due, each by its own clock, and which of them justifies what."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.sim_keeper.keeper.due import due_rules, need_mode
from custom_components.sim_keeper.keeper.orders import Effect, Kind
from custom_components.sim_keeper.keeper.policy import (
    Action,
    Reason,
    decide,
    next_recharge,
)
from custom_components.sim_keeper.keeper.schedule import Calendar, Unit
from custom_components.sim_keeper.keeper.sim import (
    Field,
    Mode,
    Readings,
    RuleKind,
    Rules,
    Trust,
)

from .builders import (
    HK,
    NOW,
    activity,
    balance,
    carrier,
    expiry,
    hkd,
    order,
    rules,
    sim,
    situation,
    view,
)
from .cases import BOTH, DATA, HOUR, TODAY, TOMORROW, little_data, low, valid_for

K = RuleKind
WINDOW = {"model": "activity_window", "window_days": 30}
CALENDAR = Calendar(start=TODAY, every=1, unit=Unit.MONTHS)


def _both_clocks(valid: int, active: int) -> Readings:
    """Return readings with so many days of validity and until the activity limit."""
    return Readings(
        expiry=expiry(TODAY + timedelta(days=valid)),
        last_activity=activity(TODAY + timedelta(days=active - 30)),
    )


@pytest.mark.parametrize(
    ("wanted", "valid", "active", "due"),
    [
        # Without days of its own, activity falls to the rule for the deadline.
        ({"days_before": 5}, 20, 5, (K.DAYS_BEFORE,)),
        ({"days_before": 5, "days_before_activity": 3}, 20, 5, ()),
        (
            {"days_before": 5, "days_before_activity": 3},
            20,
            3,
            (K.DAYS_BEFORE_ACTIVITY,),
        ),
        (
            {"days_before": 25, "days_before_activity": 3},
            20,
            5,
            (K.DAYS_BEFORE,),
        ),
        ({"days_before": None, "days_before_activity": 3}, 2, 5, ()),
        ({"days_before": None, "cheapest": True}, 7, 30, (K.CHEAPEST,)),
        ({"days_before": None, "cheapest": True}, 8, 30, ()),
        ({"days_before": 5, "cheapest": True}, 6, 30, ()),
    ],
)
def test_each_clock_has_its_own_days(
    wanted: dict[str, Any], valid: int, active: int, due: tuple[K, ...]
) -> None:
    line = sim(carrier=carrier(None, **WINDOW), rules=rules(**wanted))
    at = situation(line, view(readings=_both_clocks(valid, active)))
    assert due_rules(at, NOW) == due


def test_a_rule_for_a_clock_that_does_not_run_is_never_due() -> None:
    wanted = rules(days_before=5, days_before_activity=5)
    seen = view(readings=Readings(expiry=expiry(TODAY)))
    assert due_rules(situation(sim(rules=wanted), seen), NOW) == (K.DAYS_BEFORE,)
    line = sim(carrier=carrier(None, **WINDOW), rules=wanted)
    used = view(readings=Readings(last_activity=activity(TODAY)))
    assert due_rules(situation(line, used), NOW) == ()
    assert due_rules(situation(line, view(readings=Readings())), NOW) == ()


@pytest.mark.parametrize(
    ("left", "due"), [(-5, False), (-6, True), (-9, True), (-10, False)]
)
def test_before_the_end_of_grace(left: int, due: bool) -> None:
    line = sim(
        carrier=carrier(None, grace_days=9),
        rules=rules(days_before=None, days_before_grace_end=3),
    )
    at = situation(line, view(readings=valid_for(left)))
    found = due_rules(at, NOW)
    assert (found == (K.DAYS_BEFORE_GRACE_END,)) is (due or left == -10)
    assert (decide(at, NOW).action is Action.SEND) is due
    unknown = replace(line, carrier=carrier(None))
    assert due_rules(situation(unknown, view(readings=valid_for(left))), NOW) == ()


def test_a_rule_for_the_end_of_grace_wants_an_amount_that_helps() -> None:
    known = carrier(None, grace_days=9, window_days=2)
    for days, reason in ((11, Reason.AMOUNT_TOO_SMALL), (10, Reason.DUE)):
        line = sim(
            carrier=known, rules=rules(days_before=None, days_before_grace_end=days)
        )
        at = situation(line, view(readings=valid_for(-1)))
        assert decide(at, NOW).reason is reason


@pytest.mark.parametrize(
    ("left", "due"), [(999, True), (0, True), (1000, False), (5000, False)]
)
def test_little_data_calls_for_a_recharge(left: int, due: bool) -> None:
    at = situation(sim(rules=DATA), view(readings=little_data(left)))
    assert (due_rules(at, NOW) == (K.LOW_DATA,)) is due
    assert due_rules(situation(sim(rules=DATA), view(readings=Readings())), NOW) == ()


@pytest.mark.parametrize(
    ("ago", "effect", "reason"),
    [
        (50, Effect.CANNOT_VERIFY, Reason.DUE),
        (47, Effect.CANNOT_VERIFY, Reason.ALLOWANCE_DOUBTFUL),
        # That the balance shows the recharge says nothing of the allowance.
        (50, Effect.VERIFIED, Reason.DUE),
        (47, Effect.VERIFIED, Reason.ALLOWANCE_DOUBTFUL),
        (0, Effect.VERIFIED, Reason.NOT_DUE),
    ],
)
def test_an_allowance_may_lag_behind_a_recharge(
    ago: float, effect: Effect, reason: Reason
) -> None:
    shown = Field.BALANCE if effect is Effect.VERIFIED else None
    paid = order(settled_at=NOW - ago * HOUR, effect=effect, shown_by=shown)
    at = situation(sim(rules=DATA), view(readings=little_data(), last_recharge=paid))
    assert decide(at, NOW).reason is reason


@pytest.mark.parametrize(("recharged", "used"), [(3, 2), (2, 3)])
@pytest.mark.parametrize(("seen", "due"), [(2.5, False), (2, False), (1, True)])
def test_an_activity_counts_only_if_it_was_read_after_the_last_recharge_and_use(
    recharged: float, used: float, seen: float, due: bool
) -> None:
    line = sim(carrier=carrier(None, **WINDOW))
    old = activity(
        TODAY - timedelta(days=28), at=NOW - seen * HOUR, trust=Trust.MEASURED
    )
    known = view(
        readings=Readings(last_activity=old),
        last_recharge=order(settled_at=NOW - recharged * HOUR),
        last_use=order(kind=Kind.ACTIVITY, settled_at=NOW - used * HOUR),
    )
    assert (due_rules(situation(line, known), NOW) == (K.DAYS_BEFORE,)) is due


# -- A mode for each rule ----------------------------------------------------------------------


def _low_and_expiring(**trusts: Trust) -> Readings:
    return Readings(
        balance=balance(hkd("1"), trust=trusts.get("balance", Trust.MEASURED)),
        expiry=expiry(TODAY, trust=trusts.get("expiry", Trust.TYPED)),
    )


@pytest.mark.parametrize(
    ("modes", "action", "reason"),
    [
        ({}, Action.SEND, Reason.DUE),
        ({K.LOW_BALANCE: Mode.ASK}, Action.SEND, Reason.DUE),
        (
            {K.LOW_BALANCE: Mode.ASK, K.DAYS_BEFORE: Mode.REMIND},
            Action.ASK,
            Reason.MODE_ASK,
        ),
        (
            {K.LOW_BALANCE: Mode.REMIND, K.DAYS_BEFORE: Mode.REMIND},
            Action.ASSIST,
            Reason.DUE,
        ),
        (
            {K.LOW_BALANCE: Mode.OFF, K.DAYS_BEFORE: Mode.OFF},
            Action.NOTHING,
            Reason.OFF,
        ),
        ({K.LOW_BALANCE: Mode.OFF}, Action.SEND, Reason.DUE),
    ],
)
def test_the_need_goes_as_far_as_its_loosest_rule(
    modes: dict[K, Mode], action: Action, reason: Reason
) -> None:
    line = sim(rules=replace(BOTH, modes=modes))
    at = situation(line, view(readings=_low_and_expiring()))
    decision = decide(at, NOW)
    assert (decision.action, decision.reason) == (action, reason)


def test_an_automatic_order_needs_a_rule_that_justifies_it_by_itself() -> None:
    doubted = _low_and_expiring(balance=Trust.HINT)
    for modes, action, reason in (
        ({}, Action.SEND, Reason.DUE),
        # The one that may is doubted, the one that is sure may only ask.
        ({K.DAYS_BEFORE: Mode.ASK}, Action.ASK, Reason.BALANCE_DOUBTFUL),
    ):
        line = sim(rules=replace(BOTH, modes=modes))
        decision = decide(situation(line, view(readings=doubted)), NOW)
        assert (decision.action, decision.reason) == (action, reason)
    unsure = _low_and_expiring(expiry=Trust.HINT)
    assert decide(situation(sim(rules=BOTH), view(readings=unsure)), NOW).action is (
        Action.SEND
    )


def test_a_silenced_rule_is_not_in_the_order() -> None:
    both = view(readings=_low_and_expiring())
    for changes in (
        {"modes": {K.LOW_BALANCE: Mode.OFF}},
        {"pauses": {K.LOW_BALANCE: date(2026, 3, 3)}},
    ):
        at = situation(sim(rules=replace(BOTH, **changes)), both)
        assert decide(at, NOW).why["rules"] == ["days_before"]


def test_without_rules_the_mode_of_the_sim_counts() -> None:
    assert need_mode(situation(), ()) is Mode.AUTO


def test_a_calendar_with_an_activity_clock_still_recharges() -> None:
    line = sim(
        carrier=carrier(None, model="spend_window", window_days=30),
        account=None,
        rules=rules(calendar=CALENDAR),
    )
    used = view(readings=Readings(last_activity=activity(TODAY - timedelta(days=28))))
    decision = decide(situation(line, used), NOW)
    assert decision.rules == (K.DAYS_BEFORE, K.CALENDAR)
    assert decision.kind is Kind.RECHARGE
    alone = replace(line, rules=rules())
    assert decide(situation(alone, used), NOW).kind is Kind.ACTIVITY


# -- Pauses ------------------------------------------------------------------------------------


def test_a_pause_lasts_until_its_day() -> None:
    for days, action in ((0, Action.SEND), (1, Action.NOTHING), (3, Action.NOTHING)):
        until = TODAY + timedelta(days=days)
        for paused in (rules(paused_until=until), rules(pauses={K.DAYS_BEFORE: until})):
            decision = decide(situation(sim(rules=paused)), NOW)
            assert decision.action is action
            assert decision.look_at == TOMORROW
            found = next_recharge(situation(sim(rules=paused)), NOW)
            assert found is not None
            assert found.astimezone(HK).date() == until


def test_the_next_recharge_is_the_first_of_all_rules_that_may_speak() -> None:
    wanted = rules(calendar=replace(CALENDAR, start=date(2026, 3, 20)))
    for modes, day in (
        ({}, date(2026, 3, 10)),
        ({K.DAYS_BEFORE: Mode.OFF}, date(2026, 3, 20)),
        ({K.DAYS_BEFORE: Mode.OFF, K.CALENDAR: Mode.OFF}, None),
    ):
        line = sim(rules=replace(wanted, modes=modes))
        at = situation(line, view(readings=valid_for(13)))
        found = next_recharge(at, NOW)
        assert (found and found.astimezone(HK).date()) == day
    for silent in (
        replace(wanted, lapse=True),
        replace(wanted, recharged_elsewhere=True),
    ):
        assert next_recharge(situation(sim(rules=silent)), NOW) is None


def test_low_balance_alone_is_not_told_beforehand() -> None:
    at = situation(sim(rules=replace(BOTH, days_before=None)), view(readings=low()))
    assert next_recharge(at, NOW) is not None
    later = Readings(balance=balance(hkd("50")))
    line = sim(rules=replace(BOTH, days_before=None))
    assert next_recharge(situation(line, view(readings=later)), NOW) is None


# -- Properties --------------------------------------------------------------------------------

_DAYS = st.none() | st.integers(0, 40)


@st.composite
def _rules(draw: st.DrawFn) -> Rules:
    until = st.integers(-2, 5).map(lambda days: TODAY + timedelta(days=days))
    return rules(
        draw(st.sampled_from(Mode)),
        days_before=draw(_DAYS),
        days_before_activity=draw(_DAYS),
        days_before_grace_end=draw(_DAYS),
        low_balance=draw(st.sampled_from((None, hkd("10")))),
        low_data=draw(st.sampled_from((None, 1000))),
        calendar=draw(st.sampled_from((None, CALENDAR))),
        cheapest=draw(st.booleans()),
        amount=draw(st.sampled_from((None, hkd("50")))),
        fill_up_to=draw(st.sampled_from((None, hkd("30")))),
        product=draw(st.sampled_from((None, "7"))),
        modes=draw(st.dictionaries(st.sampled_from(K), st.sampled_from(Mode))),
        pauses=draw(st.dictionaries(st.sampled_from(K), until)),
        paused_until=draw(st.none() | until),
        lapse=draw(st.sampled_from((False, False, False, True))),
    )


@st.composite
def _readings(draw: st.DrawFn) -> Readings:
    trust = st.sampled_from(Trust)
    days = draw(st.integers(-40, 40))
    return Readings(
        balance=balance(hkd("5"), trust=draw(trust)),
        expiry=expiry(TODAY + timedelta(days=days), trust=draw(trust)),
        data_left=little_data(draw(st.integers(0, 2000)), trust=draw(trust)).data_left,
        last_activity=activity(TODAY - timedelta(days=draw(st.integers(0, 40)))),
    )


@settings(max_examples=300, deadline=None)
@given(_rules(), _readings(), st.booleans(), st.booleans())
def test_a_decision_is_stable_and_keeps_to_the_modes(
    wanted: Rules, readings: Readings, window: bool, assisted: bool
) -> None:
    line = sim(
        carrier=carrier(None, **WINDOW) if window else carrier(None, grace_days=9),
        rules=wanted,
        account=None if assisted else "model:1",
    )
    at = situation(line, view(readings=readings))
    decision = decide(at, NOW)
    assert decide(at, NOW) == decision
    assert NOW < decision.look_at <= TOMORROW
    modes = {wanted.mode_of(kind) for kind in decision.rules}
    if decision.action is Action.SEND:
        assert Mode.AUTO in modes
    if decision.action is Action.ASK:
        assert modes & {Mode.ASK, Mode.AUTO}
    if decision.action is not Action.NOTHING:
        assert Mode.OFF not in modes and modes
        assert not any(wanted.is_paused(kind, TODAY) for kind in decision.rules)
        assert not wanted.lapse
