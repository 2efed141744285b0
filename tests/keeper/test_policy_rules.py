"""The policy, part by part: rules, rest and retry, clock and calendar."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.sim_keeper.keeper.carriers import CarrierProfile, Event
from custom_components.sim_keeper.keeper.due import clock_reading
from custom_components.sim_keeper.keeper.orders import Effect, Kind, State
from custom_components.sim_keeper.keeper.policy import (
    Action,
    Decision,
    Reason,
    clock_doubtful,
    deadline_speaks,
    decide,
    due_rules,
    next_day,
    next_recharge,
    not_automatic,
)
from custom_components.sim_keeper.keeper.sim import (
    Field,
    Mode,
    Readings,
    RuleKind,
    Rules,
    Sim,
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
    usd,
    view,
)
from .cases import (
    BOTH,
    HOUR,
    LATER,
    LOW,
    TODAY,
    TOMORROW,
    a_no,
    low,
    refusals,
    valid_for,
)

# -- Rules ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "seen", "due"),
    [
        (LOW, low(), (RuleKind.LOW_BALANCE,)),
        (LOW, Readings(balance=balance(hkd("10"))), ()),
        (LOW, Readings(balance=balance(hkd("-3"))), (RuleKind.LOW_BALANCE,)),
        (LOW, Readings(balance=balance(usd("1"))), ()),
        (LOW, Readings(), ()),
        (LOW, low(at=NOW + timedelta(seconds=1)), ()),
        (LOW, valid_for(0), ()),
        (rules(), valid_for(5), (RuleKind.DAYS_BEFORE,)),
        (rules(), valid_for(-1), (RuleKind.DAYS_BEFORE,)),
        (rules(days_before=0), valid_for(0), (RuleKind.DAYS_BEFORE,)),
        (rules(days_before=0), valid_for(1), ()),
        (rules(days_before=None), valid_for(0), ()),
        (
            BOTH,
            Readings(balance=balance(hkd("1")), expiry=expiry(TODAY)),
            (RuleKind.LOW_BALANCE, RuleKind.DAYS_BEFORE),
        ),
    ],
)
def test_the_rules_that_are_due(
    wanted: Rules, seen: Readings, due: tuple[RuleKind, ...]
) -> None:
    at = situation(sim(rules=wanted), view(readings=seen))
    assert due_rules(at, NOW) == due


def test_a_balance_says_nothing_once_a_recharge_came_after_it() -> None:
    for ago, due in ((2, True), (1, False), (0.5, False)):
        at = situation(
            sim(rules=LOW),
            view(
                readings=low(at=NOW - HOUR),
                last_recharge=order(settled_at=NOW - ago * HOUR),
            ),
        )
        assert bool(due_rules(at, NOW)) is due


def test_a_deadline_says_nothing_until_it_is_learned_after_the_recharge() -> None:
    paid = order(settled_at=NOW - 30 * HOUR)
    second = timedelta(seconds=1)
    for seen_at, trust, due in (
        (-second, Trust.TYPED, False),
        # Of the same second, only what was worked out from the recharge itself is newer.
        (timedelta(0), Trust.TYPED, False),
        (timedelta(0), Trust.ESTIMATE, True),
        (second, Trust.TYPED, True),
    ):
        seen = valid_for(4, at=NOW - 30 * HOUR + seen_at, trust=trust)
        at = situation(seen=view(readings=seen, last_recharge=paid))
        assert bool(due_rules(at, NOW)) is due


def test_a_recharge_without_an_end_does_not_silence_what_is_known() -> None:
    for rule, seen in ((LOW, low()), (rules(), valid_for(4))):
        at = situation(
            sim(rules=rule), view(readings=seen, last_recharge=order(settled_at=None))
        )
        assert decide(at, NOW).action is Action.SEND


@pytest.mark.parametrize(
    ("effect", "shown", "after", "reason"),
    [
        (Effect.VERIFIED, Field.BALANCE, 1, Reason.DUE),
        # Its date has shown the recharge; its balance may still lag.
        (Effect.VERIFIED, Field.EXPIRY, 1, Reason.BALANCE_DOUBTFUL),
        (Effect.VERIFIED, Field.EXPIRY, 58, Reason.BALANCE_DOUBTFUL),
        (Effect.CANNOT_VERIFY, None, 1, Reason.BALANCE_DOUBTFUL),
        (Effect.OPEN, None, 48, Reason.BALANCE_DOUBTFUL),
        (Effect.CANNOT_VERIFY, None, 48.5, Reason.DUE),
        (Effect.MISMATCH, None, 48, Reason.BALANCE_DOUBTFUL),
        # What never showed proves no new need, however often it is read.
        (Effect.MISMATCH, None, 58, Reason.BALANCE_DOUBTFUL),
    ],
)
def test_a_balance_that_may_lag_behind_a_recharge_asks(
    effect: Effect, shown: Field | None, after: float, reason: Reason
) -> None:
    paid = order(settled_at=NOW - 60 * HOUR, effect=effect, shown_by=shown)
    readings = low(at=NOW - 60 * HOUR + after * HOUR)
    if after == 1:
        paid = order(settled_at=NOW - 30 * HOUR, effect=effect, shown_by=shown)
        readings = low(at=NOW - 29 * HOUR)
    at = situation(sim(rules=LOW), view(readings=readings, last_recharge=paid))
    assert decide(at, NOW).reason is reason


def test_after_a_recharge_that_never_showed_a_person_s_word_counts() -> None:
    paid = order(settled_at=NOW - 60 * HOUR, effect=Effect.MISMATCH)
    typed = low(at=NOW - HOUR, trust=Trust.TYPED)
    at = situation(sim(rules=LOW), view(readings=typed, last_recharge=paid))
    assert decide(at, NOW).reason is Reason.DUE


@pytest.mark.parametrize(
    ("effect", "trust", "action"),
    [
        (Effect.MISMATCH, Trust.MEASURED, Action.ASK),
        (Effect.MISMATCH, Trust.TYPED, Action.SEND),
        (Effect.CANNOT_VERIFY, Trust.MEASURED, Action.SEND),
    ],
)
def test_a_date_that_a_recharge_has_not_moved_asks(
    effect: Effect, trust: Trust, action: Action
) -> None:
    paid = order(settled_at=NOW - 60 * HOUR, effect=effect)
    seen = valid_for(4, at=NOW - HOUR, trust=trust)
    at = situation(seen=view(readings=seen, last_recharge=paid))
    assert decide(at, NOW).action is action


def test_a_doubtful_balance_does_not_hold_up_the_deadline() -> None:
    both = Readings(
        balance=balance(hkd("1"), trust=Trust.HINT),
        expiry=expiry(TODAY + timedelta(days=4)),
    )
    at = situation(sim(rules=BOTH), view(readings=both))
    assert decide(at, NOW).action is Action.SEND


# -- What only a person can do ----------------------------------------------------------------


def _by_activity(**changes: Any) -> Sim:
    model = {"model": "activity_window", "window_days": 30}
    return sim(carrier=carrier(None, **model), **changes)


def test_a_number_that_only_has_to_be_used_is_not_recharged() -> None:
    used = view(readings=Readings(last_activity=activity(date(2026, 2, 4))))
    decision = decide(situation(_by_activity(account=None), used), NOW)
    assert (decision.action, decision.kind) == (Action.ASSIST, Kind.ACTIVITY)
    # With an account a top-up is activity too, where the carrier counts it.
    decision = decide(situation(_by_activity(), used), NOW)
    assert (decision.action, decision.kind) == (Action.SEND, Kind.RECHARGE)


def test_where_a_top_up_is_no_activity_a_person_uses_the_number() -> None:
    line = sim(carrier=_no_topup_carrier())
    used = view(readings=Readings(last_activity=activity(date(2026, 2, 4))))
    decision = decide(situation(line, used), NOW)
    assert (decision.action, decision.kind) == (Action.ASSIST, Kind.ACTIVITY)
    poor = Readings(last_activity=activity(date(2026, 2, 4)), balance=balance(hkd("1")))
    line = sim(carrier=_no_topup_carrier(), rules=BOTH)
    decision = decide(situation(line, view(readings=poor)), NOW)
    assert (decision.action, decision.kind) == (Action.SEND, Kind.RECHARGE)


def _no_topup_carrier() -> CarrierProfile:
    known = carrier(None, model="activity_window", window_days=30)
    return replace(known, events=frozenset({Event.SMS_OUT}))


def test_a_doubtful_last_activity_asks() -> None:
    used = Readings(last_activity=activity(date(2026, 2, 4), trust=Trust.HINT))
    decision = decide(situation(_by_activity(), view(readings=used)), NOW)
    assert (decision.action, decision.reason) == (
        Action.ASK,
        Reason.DEADLINE_DOUBTFUL,
    )


def test_a_limit_of_days_is_not_judged_by_the_activity_clock() -> None:
    line = _by_activity(rules=rules(days_before=60))
    used = view(readings=Readings(last_activity=activity(date(2026, 2, 4))))
    assert decide(situation(line, used), NOW).action is Action.SEND


# -- Retry and rest ---------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "wait"), [(1, 1), (2, 2), (3, 4)])
def test_a_later_is_tried_again_after_one_two_and_four_hours(
    count: int, wait: int
) -> None:
    for ago, reason in ((wait - 0.1, Reason.RETRY_LATER), (wait, Reason.DUE)):
        seen = view(refused=refusals(*[LATER] * count, ago=ago * HOUR))
        decision = decide(situation(seen=seen), NOW)
        assert decision.reason is reason
        if reason is Reason.RETRY_LATER:
            assert decision.look_at == NOW + 0.1 * HOUR


def test_a_denial_between_refusals_counts_for_neither() -> None:
    seen = view(refused=refusals(LATER, None, ago=40 * HOUR))
    assert decide(situation(seen=seen), NOW).action is Action.SEND


def test_a_cooldown_ends_to_the_minute() -> None:
    delivered = NOW - timedelta(hours=23, minutes=30)
    decision = decide(situation(seen=view(last_delivered_at=delivered)), NOW)
    assert decision.look_at == NOW + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("state", "days_left", "ago", "rests"),
    [
        (State.DECLINED, 5, 23, True),
        (State.DECLINED, 5, 24 * 6, True),
        (State.DECLINED, 5, 24 * 7, False),
        # The last three days begin tonight.
        (State.DECLINED, 3, 24 * 6, True),
        (State.CANCELLED, 5, 24, True),
        (State.EXPIRED, 5, 47, True),
        (State.EXPIRED, 5, 48, False),
        # In the last three days, and after them, a no lasts a day.
        (State.DECLINED, 2, 23, True),
        (State.DECLINED, 2, 24, False),
        (State.DECLINED, -5, 23, True),
        (State.DECLINED, -5, 24, False),
        (State.EXPIRED, 2, 24, False),
    ],
)
def test_a_no_is_respected_for_a_while(
    state: State, days_left: int, ago: float, rests: bool
) -> None:
    said = view(readings=valid_for(days_left), last_no=a_no(state, ago * HOUR))
    decision = decide(situation(seen=said), NOW)
    assert (decision.reason is Reason.SAID_NO) is rests


def test_a_no_lasts_a_week_where_no_deadline_presses() -> None:
    for days, rests in ((6.9, True), (7, False)):
        said = view(readings=low(), last_no=a_no(State.DECLINED, timedelta(days=days)))
        decision = decide(situation(sim(rules=LOW), said), NOW)
        assert (decision.reason is Reason.SAID_NO) is rests
    unsettled = view(last_no=order(State.DECLINED, settled_at=None))
    assert decide(situation(seen=unsettled), NOW).reason is Reason.DUE


# -- Clock and calendar -----------------------------------------------------------------------


def test_a_clock_before_the_ledger_s_is_doubtful() -> None:
    for minutes, doubtful in ((5, False), (5.1, True), (-60, False)):
        seen = view(newest_event_at=NOW + timedelta(minutes=minutes))
        assert clock_doubtful(seen, NOW) is doubtful
    assert not clock_doubtful(view(newest_event_at=None), NOW)


def test_the_next_look_is_the_start_of_the_sim_s_day() -> None:
    assert next_day(sim(), NOW) == TOMORROW
    berlin = sim(zone=ZoneInfo("Europe/Berlin"))
    for day, hours in ((28, 24), (29, 23)):
        now = datetime(2026, 3, day, tzinfo=berlin.zone)
        found = next_day(berlin, now)
        assert found.timestamp() - now.timestamp() == hours * 3600


@pytest.mark.parametrize(
    ("line", "seen", "day"),
    [
        (sim(), valid_for(20), date(2026, 3, 17)),
        (sim(), valid_for(5), TODAY),
        (sim(), valid_for(-3), TODAY),
        (sim(), valid_for(-40), None),
        (sim(), Readings(), None),
        (sim(rules=rules(days_before=None)), valid_for(20), None),
        (sim(rules=rules(Mode.OFF)), valid_for(20), None),
        (sim(rules=LOW), low(), TODAY),
    ],
)
def test_the_next_recharge_as_far_as_it_can_be_told(
    line: Sim, seen: Readings, day: date | None
) -> None:
    found = next_recharge(situation(line, view(readings=seen)), NOW)
    expected = None if day is None else datetime(*day.timetuple()[:3], tzinfo=HK)
    assert found == expected


def test_a_decision_carries_the_figures_it_was_made_from() -> None:
    both = Readings(balance=balance(hkd("1")), expiry=expiry(TODAY))
    decision: Decision = decide(situation(sim(rules=BOTH), view(readings=both)), NOW)
    assert decision.why == {
        "reason": "due",
        "rules": ["low_balance", "days_before"],
        "balance": "1.00 HKD",
        "threshold": "10.00 HKD",
        "deadline": "2026-03-02",
        "days_left": 0,
        "amount": "50.00 HKD",
    }
    bare = situation(
        sim(account=None, rules=rules(amount=None)), view(readings=Readings())
    )
    assert decide(bare, NOW).why == {"reason": "not_due", "rules": []}


# -- Between small ones, and what a source shows ----------------------------------------------


@pytest.mark.parametrize(
    ("days", "reason"), [(182, Reason.RECENTLY_RECHARGED), (183, Reason.DUE)]
)
def test_a_recharge_that_buys_less_than_the_rule_wants_rests_for_half_of_it(
    days: int, reason: Reason
) -> None:
    line = sim(account=None, rules=rules(days_before=400))
    settled = NOW - timedelta(days=days)
    seen = view(
        readings=valid_for(365 - days, at=settled, trust=Trust.ESTIMATE),
        last_recharge=order(settled_at=settled),
    )
    assert decide(situation(line, seen), NOW).reason is reason


def test_without_a_recharge_there_is_nothing_to_rest_from() -> None:
    line = sim(account=None, rules=rules(days_before=400))
    for last in (None, order(settled_at=None)):
        seen = view(readings=valid_for(100), last_recharge=last)
        assert decide(situation(line, seen), NOW).action is Action.ASSIST


@pytest.mark.parametrize(
    ("effect", "after", "reason"),
    [
        (Effect.VERIFIED, 1, Reason.DEADLINE_DOUBTFUL),
        (Effect.CANNOT_VERIFY, 1, Reason.DEADLINE_DOUBTFUL),
        (Effect.OPEN, 48, Reason.DEADLINE_DOUBTFUL),
        (Effect.CANNOT_VERIFY, 48.5, Reason.DUE),
    ],
)
def test_a_measured_deadline_may_lag_behind_a_recharge(
    effect: Effect, after: float, reason: Reason
) -> None:
    settled = NOW - 60 * HOUR
    seen = view(
        readings=valid_for(4, at=settled + after * HOUR, trust=Trust.MEASURED),
        last_recharge=order(settled_at=settled, effect=effect),
    )
    assert decide(situation(seen=seen), NOW).reason is reason


def test_without_a_deadline_nothing_speaks() -> None:
    bare = situation(seen=view(readings=Readings()))
    assert not deadline_speaks(bare)
    with pytest.raises(ValueError, match="rests on no reading"):
        clock_reading(bare, None)


def test_without_an_account_nothing_can_turn_up() -> None:
    denied = view(refused=refusals(None, ago=HOUR))
    at = situation(seen=denied, capabilities=None)
    assert not_automatic(at, due_rules(at, NOW), NOW) is Reason.MODE_ASK
