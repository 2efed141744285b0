"""The status: what people and automations are shown of a SIM."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.budget import HouseholdRules, caps_for
from custom_components.sim_keeper.keeper.errors import RefusalClass
from custom_components.sim_keeper.keeper.ledger import Spending
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.policy import Reason, Situation, decide
from custom_components.sim_keeper.keeper.sim import Field, Mode, Readings
from custom_components.sim_keeper.keeper.status import SimStatus, months_caps, status

from .builders import (
    EPOCH,
    HK,
    NOW,
    activity,
    balance,
    expiry,
    hkd,
    order,
    reading,
    rules,
    sim,
    situation,
    usd,
    view,
)

TODAY = date(2026, 3, 2)


def _status(at: Situation, *spendings: Spending) -> SimStatus:
    return status(at, spendings, decide(at, NOW), NOW)


def _spent(scope: str, **amounts: int) -> Spending:
    return Spending(scope=scope, period="2026-03", amounts=amounts)


def _days(days: int) -> Readings:
    return Readings(expiry=expiry(TODAY + timedelta(days=days)))


def test_a_sim_of_which_nothing_is_known() -> None:
    at = situation(
        sim(
            account=None,
            rules=rules(Mode.REMIND, amount=None, monthly_cap=None, pays_in=None),
        ),
        view(readings=Readings()),
    )
    found = _status(at)
    assert found.spent == hkd("0")
    nothing = (
        *(found.balance, found.data_left, found.last_activity, found.low_balance),
        *(found.last_reading_at, found.last_recharge, found.next_recharge_at),
        *(found.next_cost, found.budget_left, found.order, found.task),
        found.expiring,
    )
    assert nothing == (None,) * 12
    assert not found.needs_attention
    assert not found.deadline_outdated


def test_a_sim_of_which_everything_is_known() -> None:
    seen = Readings(
        balance=balance(hkd("12"), at=NOW - timedelta(hours=2)),
        expiry=expiry(TODAY + timedelta(days=20), at=NOW - timedelta(hours=1)),
        data_left=reading(Field.DATA_LEFT, 5_000, "B", at=NOW - timedelta(days=1)),
        last_activity=activity(TODAY, at=NOW - timedelta(days=2)),
    )
    at = situation(sim(rules=rules(low_balance=hkd("10"))), view(readings=seen))
    found = _status(at, _spent(f"sim:{EPOCH}", USD=150_00, HKD=9), _spent("household"))
    assert found.balance == hkd("12")
    assert found.data_left == 5_000
    assert found.last_activity == TODAY
    assert found.last_reading_at == NOW - timedelta(hours=1)
    assert found.next_recharge_at == datetime(2026, 3, 17, tzinfo=HK)
    assert found.next_cost == hkd("50")
    assert found.spent == usd("150")
    assert found.budget_left == usd("50")
    assert found.low_balance is False
    assert found.expiring is False
    assert not found.needs_attention


@pytest.mark.parametrize(
    ("spent", "left"), [(0, 200_00), (199_99, 1), (200_00, 0), (250_00, 0)]
)
def test_what_is_left_of_a_budget_is_never_less_than_nothing(
    spent: int, left: int
) -> None:
    found = _status(situation(), _spent(f"sim:{EPOCH}", USD=spent))
    assert found.budget_left == Money(left, "USD")


@pytest.mark.parametrize(
    ("cap", "pays_in", "spent"),
    [
        (hkd("100"), "USD", hkd("0.07")),
        (None, "USD", usd("0.05")),
        (None, None, hkd("0.07")),
    ],
)
def test_spending_is_told_in_the_money_of_the_cap_or_of_the_wallet(
    cap: Money | None, pays_in: str | None, spent: Money
) -> None:
    line = sim(rules=rules(monthly_cap=cap, pays_in=pays_in))
    found = _status(situation(line), _spent(f"sim:{EPOCH}", USD=5, HKD=7))
    assert found.spent == spent
    assert found.budget_left == (None if cap is None else cap - spent)


def test_what_the_household_spent_is_not_the_sim_s() -> None:
    found = _status(situation(), _spent("household", USD=99), _spent("sim:B", USD=99))
    assert found.spent == usd("0")


@pytest.mark.parametrize(
    ("seen", "low"),
    [
        (Readings(), None),
        (Readings(balance=balance(hkd("9"))), True),
        (Readings(balance=balance(hkd("10"))), False),
        (Readings(balance=balance(usd("1"))), False),
    ],
)
def test_a_balance_is_low_below_its_threshold(seen: Readings, low: bool | None) -> None:
    line = sim(rules=rules(low_balance=hkd("10")))
    assert _status(situation(line, view(readings=seen))).low_balance is low
    assert _status(situation(seen=view(readings=seen))).low_balance is None


@pytest.mark.parametrize(
    ("days", "expiring"), [(6, False), (5, True), (0, True), (-1, True), (-99, True)]
)
def test_expiring_holds_from_the_rule_on(days: int, expiring: bool) -> None:
    found = _status(situation(seen=view(readings=_days(days))))
    assert found.expiring is expiring


ATTENTION: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    # (what the ledger says, what else is different, attention)
    ({}, {}, False),
    ({"order": order(State.ASKED)}, {}, True),
    ({"order": order(State.NEEDS_PERSON)}, {}, True),
    ({"order": order(State.SENDING)}, {}, False),
    ({"order": order(State.UNKNOWN)}, {}, False),
    ({"task": order(State.ASKED, assisted=True)}, {}, True),
    ({"readings": _days(-1)}, {}, True),
    ({"readings": _days(-99)}, {}, True),
    ({"stopped": True}, {}, False),
    ({}, {"frozen": True}, True),
    ({}, {"capabilities": None}, True),
    ({"readings": _days(30)}, {"capabilities": None}, False),
    ({"refused": (order(refusal=RefusalClass.NEVER),)}, {}, True),
    ({"newest_event_at": NOW + timedelta(days=1)}, {}, True),
]


@pytest.mark.parametrize(("seen", "changes", "attention"), ATTENTION)
def test_attention_is_needed_for_what_only_a_person_can_end(
    seen: dict[str, Any], changes: dict[str, Any], attention: bool
) -> None:
    at = situation(None, view(**seen), **changes)
    assert _status(at).needs_attention is attention


def test_a_date_from_before_the_last_recharge_is_outdated() -> None:
    paid = order(settled_at=NOW)
    old = Readings(expiry=expiry(TODAY, at=NOW - timedelta(hours=1)))
    for mode, attention in ((Mode.ASK, True), (Mode.OFF, False)):
        at = situation(sim(rules=rules(mode)), view(readings=old, last_recharge=paid))
        found = _status(at)
        assert found.deadline_outdated
        assert found.needs_attention is attention
        assert found.decision.reason in (Reason.NOT_DUE, Reason.OFF)
    fresh = Readings(expiry=expiry(TODAY, at=NOW + timedelta(seconds=1)))
    found = _status(situation(seen=view(readings=fresh, last_recharge=paid)))
    assert not found.deadline_outdated


def test_equal_situations_have_equal_statuses() -> None:
    assert _status(situation()) == _status(situation())
    moved = replace(situation(), sim=sim(number="+85250000000"))
    assert _status(moved) != _status(situation())


def test_the_spendings_that_a_status_needs_are_named_once() -> None:
    household = HouseholdRules(zone=HK, monthly_caps=(usd("1"), hkd("1")))
    assert months_caps(caps_for(sim(), household, NOW)) == (
        (f"sim:{EPOCH}", "2026-03"),
        ("household", "2026-03"),
        ("account:model:1", "2026-03"),
    )


def test_a_number_that_may_die_needs_no_attention() -> None:
    for frozen in (False, True):
        at = situation(
            sim(rules=rules(lapse=True)), view(readings=_days(-9)), frozen=frozen
        )
        assert _status(at).needs_attention is frozen


def test_the_next_cost_is_what_the_rules_would_buy() -> None:
    filling = rules(fill_up_to=hkd("80"))
    seen = Readings(balance=balance(hkd("12")), expiry=expiry(TODAY))
    assert _status(situation(sim(rules=filling), view(readings=seen))).next_cost == (
        hkd("68")
    )
    product = sim(rules=rules(product="7"))
    assert _status(situation(product)).next_cost is None
