"""What is bought: an amount, a product, what is missing to a target, or the cheapest plan."""

from datetime import date, timedelta
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.course import Option
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Effect
from custom_components.sim_keeper.keeper.ports import Wanted
from custom_components.sim_keeper.keeper.purchase import (
    buys_cheapest,
    cheapest_now,
    course_of,
    wanted,
)
from custom_components.sim_keeper.keeper.sim import Field, Readings, RuleKind, Trust

from .builders import (
    NOW,
    activity,
    balance,
    carrier,
    hkd,
    order,
    rules,
    sim,
    situation,
    usd,
    view,
)
from .cases import HOUR, TODAY, valid_for


def _missing(
    seen: Money | None, target: str = "30", amount: Money | None = None, **how: Any
) -> Money | None:
    """Return what is bought to fill up to a target."""
    line = sim(
        carrier=carrier(None), rules=rules(fill_up_to=hkd(target), amount=amount)
    )
    readings = Readings(balance=None if seen is None else balance(seen, **how))
    found = wanted(situation(line, view(readings=readings)), NOW)
    return None if found is None else found.amount


@pytest.mark.parametrize(
    ("seen", "amount", "missing"),
    [
        (hkd("12.30"), None, hkd("17.70")),
        (hkd("-5"), None, hkd("35")),
        (hkd("30"), None, None),
        (hkd("29"), hkd("10"), hkd("10")),
        (hkd("31"), hkd("10"), hkd("10")),
        (hkd("20"), hkd("10"), hkd("10")),
        (hkd("19.99"), hkd("10"), hkd("10.01")),
        (None, hkd("10"), hkd("10")),
        (None, None, None),
        (usd("1"), None, None),
    ],
)
def test_what_is_missing_to_a_target_is_bought(
    seen: Money | None, amount: Money | None, missing: Money | None
) -> None:
    assert _missing(seen, amount=amount) == missing


@pytest.mark.parametrize(
    "how",
    [
        {"trust": Trust.HINT},
        {"trust": Trust.ESTIMATE},
        {"at": NOW - 49 * HOUR},
        {"at": NOW + HOUR},
    ],
)
def test_nothing_is_filled_up_from_a_balance_that_may_be_wrong(
    how: dict[str, Any],
) -> None:
    assert _missing(hkd("1"), **how) is None
    assert _missing(hkd("1"), amount=hkd("10"), **how) == hkd("10")


def test_nothing_is_filled_up_from_a_balance_that_may_lag() -> None:
    line = sim(rules=rules(fill_up_to=hkd("30"), amount=None))
    for shown, known in ((Field.BALANCE, True), (Field.EXPIRY, False), (None, False)):
        effect = Effect.VERIFIED if shown else Effect.CANNOT_VERIFY
        seen = view(
            readings=Readings(balance=balance(hkd("1"))),
            last_recharge=order(settled_at=NOW - HOUR, effect=effect, shown_by=shown),
        )
        assert (wanted(situation(line, seen), NOW) is not None) is known


def test_the_smallest_top_up_is_the_least_to_fill_up_with() -> None:
    line = sim(
        carrier=carrier(None, min_topup="20"),
        rules=rules(fill_up_to=hkd("30"), amount=None),
    )
    at = situation(line, view(readings=Readings(balance=balance(hkd("29")))))
    assert wanted(at, NOW) == Wanted(amount=hkd("20"))
    other = sim(currency="USD", carrier=line.carrier, rules=line.rules)
    at = situation(other, view(readings=Readings(balance=balance(hkd("29")))))
    assert wanted(at, NOW) == Wanted(amount=hkd("1"))


def test_a_product_comes_before_an_amount() -> None:
    assert wanted(situation(), NOW) == Wanted(amount=hkd("50"))
    line = sim(rules=rules(product="7"))
    assert wanted(situation(line), NOW) == Wanted(product="7")
    assert wanted(situation(sim(rules=rules(amount=None))), NOW) is None


def test_the_planner_chooses_only_where_deadlines_call() -> None:
    at = situation(sim(rules=rules(cheapest=True)))
    deadlines = (RuleKind.CHEAPEST, RuleKind.DAYS_BEFORE)
    assert buys_cheapest(at, deadlines)
    assert not buys_cheapest(at, (*deadlines, RuleKind.LOW_BALANCE))
    assert not buys_cheapest(at, ())
    assert not buys_cheapest(situation(), deadlines)


def test_the_first_purchase_of_the_cheapest_plan() -> None:
    line = sim(
        carrier=carrier(None, window_days=30), rules=rules(cheapest=True, amount=None)
    )
    at = situation(line, view(readings=valid_for(3)))
    dear = Option(wanted=Wanted(product="month"), price=usd("9"), days=30)
    cheap = Option(wanted=Wanted(product="year"), price=usd("60"), days=365)
    assert cheapest_now(at, [dear, cheap], NOW) == Wanted(product="year")
    assert cheapest_now(at, [dear], NOW) == Wanted(product="month")
    assert cheapest_now(at, [], NOW) is None
    long = situation(line, view(readings=valid_for(400)))
    assert cheapest_now(long, [dear, cheap], NOW) is None


def test_the_plan_looks_a_year_ahead_from_what_is_known() -> None:
    known = carrier(None, model="activity_window", window_days=30)
    seen = Readings(last_activity=activity(date(2026, 2, 20)))
    line = sim(carrier=known, rules=rules(days_before=None, cheapest=True))
    found = course_of(situation(line, view(readings=seen)), NOW)
    assert (found.today, found.until) == (TODAY, TODAY + timedelta(days=365))
    assert (found.expiry, found.activity) == (None, date(2026, 3, 22))
    assert found.lead_days == 7
    bare = course_of(situation(sim(), view(readings=Readings())), NOW)
    assert (bare.expiry, bare.activity, bare.lead_days) == (None, None, 5)
