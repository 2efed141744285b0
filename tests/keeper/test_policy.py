"""The policy: from each situation follows one action, for one reason."""

from datetime import date, timedelta

import pytest

from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.policy import (
    TOLD_REASONS,
    Action,
    Reason,
    Situation,
    decide,
    next_day,
)
from custom_components.sim_keeper.keeper.ports import Automatic
from custom_components.sim_keeper.keeper.sim import Mode, Readings, Trust

from .builders import NOW, capabilities, hkd, order, rules, sim, situation, usd, view
from .cases import (
    AFTER_ONE,
    ASSISTED,
    DATA,
    FIX,
    HOUR,
    LATER,
    LOW,
    NEVER,
    TODAY,
    a_no,
    little_data,
    low,
    refusals,
    valid_for,
)

# What is different from a situation in which an automatic recharge is due → what follows.
TABLE: list[tuple[Situation, Action, Reason]] = [
    (situation(), Action.SEND, Reason.DUE),
    (situation(ASSISTED), Action.ASSIST, Reason.DUE),
    (situation(sim(rules=rules(Mode.REMIND))), Action.ASSIST, Reason.DUE),
    (situation(sim(rules=rules(Mode.OFF))), Action.NOTHING, Reason.OFF),
    (situation(sim(rules=rules(Mode.ASK))), Action.ASK, Reason.MODE_ASK),
    (situation(seen=view(readings=valid_for(6))), Action.NOTHING, Reason.NOT_DUE),
    (situation(seen=view(readings=Readings())), Action.NOTHING, Reason.NOT_DUE),
    (situation(seen=view(readings=valid_for(-31))), Action.NOTHING, Reason.LOST),
    *(
        (situation(seen=view(order=order(state))), Action.NOTHING, reason)
        for state, reason in (
            (State.ASKED, Reason.ORDER_OPEN),
            (State.APPROVED, Reason.ORDER_OPEN),
            (State.SENDING, Reason.ORDER_OPEN),
            (State.PENDING, Reason.ORDER_OPEN),
            (State.UNKNOWN, Reason.ORDER_UNKNOWN),
            (State.NEEDS_PERSON, Reason.ORDER_UNKNOWN),
        )
    ),
    (situation(seen=view(task=order(State.ASKED))), Action.NOTHING, Reason.TASK_OPEN),
    (situation(frozen=True), Action.NOTHING, Reason.LEDGER_FROZEN),
    (situation(ASSISTED, frozen=True), Action.NOTHING, Reason.LEDGER_FROZEN),
    (situation(seen=view(stopped=True)), Action.NOTHING, Reason.STOPPED),
    (situation(stopping=True), Action.NOTHING, Reason.STOPPING),
    # What only keeps SIM Keeper from buying does not keep a person from being asked.
    (situation(ASSISTED, view(stopped=True)), Action.ASSIST, Reason.DUE),
    (situation(ASSISTED, capabilities=None), Action.ASSIST, Reason.DUE),
    (
        situation(seen=view(newest_event_at=NOW + timedelta(minutes=6))),
        Action.NOTHING,
        Reason.CLOCK_DOUBTFUL,
    ),
    (situation(capabilities=None), Action.NOTHING, Reason.NO_CHANNEL),
    (situation(sim(rules=rules(amount=None))), Action.NOTHING, Reason.NO_AMOUNT),
    (
        situation(seen=view(last_delivered_at=NOW - 23 * HOUR)),
        Action.NOTHING,
        Reason.RECENTLY_RECHARGED,
    ),
    (situation(seen=view(last_delivered_at=NOW - 24 * HOUR)), Action.SEND, Reason.DUE),
    (
        situation(seen=view(last_no=a_no(State.DECLINED, HOUR))),
        Action.NOTHING,
        Reason.SAID_NO,
    ),
    (
        situation(ASSISTED, view(last_no=a_no(State.DECLINED, HOUR))),
        Action.NOTHING,
        Reason.SAID_NO,
    ),
    (
        situation(seen=view(refused=refusals(NEVER, ago=99 * HOUR))),
        Action.NOTHING,
        Reason.REFUSED,
    ),
    (
        situation(seen=view(refused=refusals(LATER, FIX, ago=99 * HOUR))),
        Action.NOTHING,
        Reason.REFUSED,
    ),
    (
        situation(seen=view(refused=refusals(LATER, ago=HOUR / 2))),
        Action.NOTHING,
        Reason.RETRY_LATER,
    ),
    (
        situation(seen=view(refused=refusals(*[LATER] * 4, ago=99 * HOUR))),
        Action.NOTHING,
        Reason.TOO_MANY_ATTEMPTS,
    ),
    (situation(seen=view(restored=True)), Action.ASK, Reason.RESTORED),
    (situation(seen=view(overshot=True)), Action.ASK, Reason.OVERSHOT),
    # Where a person is asked anyway, he hears of the past all the same.
    *(
        (situation(sim(rules=rules(Mode.ASK)), seen=seen), Action.ASK, reason)
        for seen, reason in (
            (view(restored=True), Reason.RESTORED),
            (view(overshot=True), Reason.OVERSHOT),
            (view(refused=refusals(None, ago=HOUR)), Reason.DENIED),
        )
    ),
    (
        situation(seen=view(refused=refusals(None, ago=35 * HOUR))),
        Action.ASK,
        Reason.DENIED,
    ),
    (
        situation(seen=view(refused=refusals(None, ago=36 * HOUR))),
        Action.SEND,
        Reason.DUE,
    ),
    (
        situation(sim(rules=rules(days_before=365))),
        Action.ASK,
        Reason.AMOUNT_TOO_SMALL,
    ),
    (situation(sim(rules=rules(days_before=364))), Action.SEND, Reason.DUE),
    (situation(sim(rules=rules(amount=hkd("49")))), Action.SEND, Reason.DUE),
    (
        situation(
            sim(currency="USD", rules=rules(amount=usd("7"))),
            view(),
        ),
        Action.SEND,
        Reason.DUE,
    ),
    *(
        (
            situation(capabilities=capabilities(automatic=automatic)),
            Action.ASK,
            Reason.CHANNEL_NOT_AUTOMATIC,
        )
        for automatic in (Automatic.NO, Automatic.OPT_IN)
    ),
    (
        situation(
            seen=view(supervised=False), capabilities=capabilities(automatic=AFTER_ONE)
        ),
        Action.ASK,
        Reason.SUPERVISION,
    ),
    (situation(seen=view(supervised=False)), Action.SEND, Reason.DUE),
    (
        situation(capabilities=capabilities(automatic=AFTER_ONE)),
        Action.SEND,
        Reason.DUE,
    ),
    (
        situation(capabilities=capabilities(confirms_operator=True)),
        Action.ASK,
        Reason.OPERATOR_UNCONFIRMED,
    ),
    (
        situation(
            sim(operator="77"), capabilities=capabilities(confirms_operator=True)
        ),
        Action.SEND,
        Reason.DUE,
    ),
    (situation(has_cap=False), Action.ASK, Reason.NO_CAP),
    (situation(seen=view(automatic_today=5)), Action.ASK, Reason.DAILY_LIMIT),
    (situation(seen=view(automatic_today=4)), Action.SEND, Reason.DUE),
    (
        situation(
            seen=view(automatic_today=5, readings=valid_for(4, trust=Trust.HINT))
        ),
        Action.ASK,
        Reason.DEADLINE_DOUBTFUL,
    ),
    (
        situation(seen=view(readings=valid_for(4, trust=Trust.HINT))),
        Action.ASK,
        Reason.DEADLINE_DOUBTFUL,
    ),
    (
        situation(seen=view(readings=valid_for(4, trust=Trust.ESTIMATE))),
        Action.SEND,
        Reason.DUE,
    ),
    (situation(sim(rules=LOW), view(readings=low())), Action.SEND, Reason.DUE),
    *(
        (
            situation(sim(rules=LOW), view(readings=low(trust=trust))),
            action,
            reason,
        )
        for trust, action, reason in (
            (Trust.TYPED, Action.SEND, Reason.DUE),
            (Trust.HINT, Action.ASK, Reason.BALANCE_DOUBTFUL),
            (Trust.ESTIMATE, Action.NOTHING, Reason.NOT_DUE),
        )
    ),
    (
        situation(sim(rules=LOW), view(readings=low(at=NOW - 48 * HOUR))),
        Action.SEND,
        Reason.DUE,
    ),
    (
        situation(sim(rules=LOW), view(readings=low(at=NOW - 48.1 * HOUR))),
        Action.ASK,
        Reason.BALANCE_OLD,
    ),
    (
        situation(
            sim(rules=LOW),
            view(readings=low(), last_recharge=order(settled_at=NOW - 47 * HOUR)),
        ),
        Action.ASK,
        Reason.BALANCE_DOUBTFUL,
    ),
    (situation(sim(rules=rules(lapse=True))), Action.NOTHING, Reason.LAPSE),
    (
        situation(sim(rules=rules(recharged_elsewhere=True))),
        Action.NOTHING,
        Reason.RECHARGED_ELSEWHERE,
    ),
    (
        situation(sim(rules=rules(paused_until=date(2026, 3, 3)))),
        Action.NOTHING,
        Reason.PAUSED,
    ),
    (situation(sim(rules=rules(paused_until=TODAY))), Action.SEND, Reason.DUE),
    *(
        (situation(sim(rules=DATA), view(readings=little_data(**how))), action, reason)
        for how, action, reason in (
            ({}, Action.SEND, Reason.DUE),
            ({"at": NOW - 49 * HOUR}, Action.ASK, Reason.ALLOWANCE_OLD),
            ({"trust": Trust.HINT}, Action.ASK, Reason.ALLOWANCE_DOUBTFUL),
            ({"trust": Trust.ESTIMATE}, Action.NOTHING, Reason.NOT_DUE),
        )
    ),
    (
        situation(sim(rules=rules(amount=None, fill_up_to=hkd("20")))),
        Action.NOTHING,
        Reason.FILL_UP_UNKNOWN,
    ),
    (situation(sim(rules=rules(fill_up_to=hkd("20")))), Action.SEND, Reason.DUE),
    (
        situation(sim(rules=rules(amount=None, product="7"))),
        Action.SEND,
        Reason.DUE,
    ),
    (
        situation(sim(rules=rules(amount=None, cheapest=True))),
        Action.SEND,
        Reason.DUE,
    ),
]
# These come from the engine, which knows prices: see test_engine and test_doors.
ELSEWHERE = {
    *(Reason.OVER_CAP, Reason.PRICE_CHANGED, Reason.NO_PLAN, Reason.SHADOW),
    *(Reason.UNREACHABLE, Reason.ACCOUNT_CHANGED, Reason.AMOUNT_CHANGED),
}


@pytest.mark.parametrize(("at", "action", "reason"), TABLE)
def test_what_follows_from_a_situation(
    at: Situation, action: Action, reason: Reason
) -> None:
    decision = decide(at, NOW)
    assert (decision.action, decision.reason) == (action, reason)
    assert NOW < decision.look_at <= next_day(at.sim, NOW)
    assert decision.why["reason"] == reason.value


def test_every_reason_is_reached() -> None:
    assert {reason for _, _, reason in TABLE} | ELSEWHERE == set(Reason)


def test_nothing_is_sent_for_any_reason_but_that_it_is_due() -> None:
    sent = {reason for _, action, reason in TABLE if action is Action.SEND}
    assert sent == {Reason.DUE}
    asked = {reason for _, action, reason in TABLE if action is Action.ASK}
    assert not asked & {
        reason for _, action, reason in TABLE if action is Action.NOTHING
    }


def test_the_reasons_that_are_told_are_those_that_only_a_person_can_end() -> None:
    silent = {
        *(Reason.DUE, Reason.NOT_DUE, Reason.OFF, Reason.SAID_NO, Reason.STOPPED),
        *(Reason.ORDER_OPEN, Reason.TASK_OPEN, Reason.RETRY_LATER, Reason.MODE_ASK),
    }
    assert not TOLD_REASONS & silent
