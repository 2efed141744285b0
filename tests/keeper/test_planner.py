"""The planner: exactly the cheapest way, checked against trying everything."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.sim_keeper.keeper import plan_search
from custom_components.sim_keeper.keeper.carriers import CarrierProfile, Stacking
from custom_components.sim_keeper.keeper.errors import CurrencyMismatch
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.planner import (
    Course,
    Drain,
    Option,
    Plan,
    always,
    cheapest,
    smallest,
)
from custom_components.sim_keeper.keeper.ports import Wanted

from .builders import carrier, hkd, usd

TODAY = date(2026, 1, 30)
NOTHING = Wanted()
A_DAY_MAX = 2
"""Who tries everything stops at so many purchases a day."""


def option(price: int, days: int = 0, **changes: Any) -> Option:
    """Return something for so many cents."""
    return Option(wanted=NOTHING, price=Money(price, "USD"), days=days, **changes)


def course(days: int = 10, left: int | None = 0, **changes: Any) -> Course:
    """Return a number with so many days left that shall live so many days."""
    values: dict[str, Any] = {
        "carrier": _profile(Stacking.MAX),
        "today": TODAY,
        "until": _day(days),
        "expiry": None if left is None else _day(left),
    }
    return Course(**(values | changes))


def _profile(stacking: Stacking, **changes: Any) -> CarrierProfile:
    known = replace(carrier(None), stacking=stacking, max_days=None)
    return replace(known, **changes)


def _day(days: int) -> date:
    return TODAY + timedelta(days=days)


def bought(plan: Plan | None) -> list[tuple[int, int]]:
    """Return the days from today and the prices of a plan."""
    assert plan is not None
    return [((step.day - TODAY).days, step.option.price.minor) for step in plan.steps]


# -- Cases that can be seen through ------------------------------------------------------------


def test_a_number_that_lives_long_enough_needs_nothing() -> None:
    assert cheapest(course(10, 10), [option(1, 5)]) == Plan(steps=(), cost=0)
    assert smallest(course(10, None), [option(1, 5)]) == Plan(steps=(), cost=0)


def test_a_long_validity_beats_many_short_ones() -> None:
    options = [option(10, 7), option(25, 30), option(90, 90)]
    plan = cheapest(course(30), options)
    assert bought(plan) == [(0, 25)]
    assert bought(smallest(course(30), options)) == [
        (7 * number, 10) for number in range(5)
    ]
    assert bought(always(course(30), options[2])) == [(0, 90)]


def test_a_purchase_waits_for_its_last_day_before_the_lead() -> None:
    plan = cheapest(course(40, 20, lead_days=5), [option(10, 30)])
    assert bought(plan) == [(15, 10)]


def test_in_grace_it_is_bought_today() -> None:
    assert bought(cheapest(course(5, -3), [option(10, 30)])) == [(0, 10)]


def test_what_cannot_be_kept_alive_has_no_plan() -> None:
    assert cheapest(course(), []) is None
    assert smallest(course(), []) is None
    assert cheapest(course(lead_days=5), [option(1, 5)]) is None
    assert cheapest(course(), [option(1, 0)]) is None
    assert always(course(), option(1, 5, last=_day(3))) is None
    capped = course(monthly_cap=usd("0.05"))
    assert cheapest(capped, [option(6, 30)]) is None


def test_an_offer_that_ends_is_taken_before() -> None:
    special = option(3, 30, last=_day(4))
    plan = cheapest(course(34, 10), [option(10, 30), special])
    assert bought(plan) == [(4, 3)]
    stacked = course(60, 10, carrier=_profile(Stacking.ADD))
    assert bought(cheapest(stacked, [option(10, 30), special])) == [(4, 3), (4, 3)]


def test_an_offer_that_has_not_begun_is_bridged() -> None:
    plan = cheapest(course(40, 2), [option(4, 7), option(9, 40, first=_day(6))])
    assert bought(plan) == [(2, 4), (9, 9)]


def test_a_month_without_room_is_prepared_for_in_the_one_before() -> None:
    # Today is two days before the end of January; February has room for one of three.
    line = course(30, 5, carrier=_profile(Stacking.ADD), monthly_cap=usd("0.20"))
    plan = cheapest(line, [option(10, 9)])
    assert bought(plan) == [(1, 10), (14, 10), (23, 10)]
    spent = replace(line, spent=15)
    assert cheapest(spent, [option(10, 9)]) is None


def test_validity_and_credit_can_be_two_purchases() -> None:
    line = course(20, 4, drain=Drain(credit=30, spent=10, days=1))
    both = option(90, 20, credit=200)
    apart = [option(20, 20), option(50, credit=200)]
    assert bought(cheapest(line, [both, *apart])) == [(3, 20), (3, 50)]
    assert bought(cheapest(line, [replace(both, price=usd("0.69")), *apart])) == [
        (3, 69)
    ]


def test_a_limit_of_the_carrier_makes_hoarding_useless() -> None:
    limited = _profile(Stacking.ADD, max_days=10)
    options = [option(10, 5), option(15, 30)]
    plan = cheapest(course(20, carrier=limited), options)
    assert bought(plan) == [(0, 15), (10, 15)]


def test_the_activity_clock_is_a_deadline_as_well() -> None:
    line = course(
        30, 30, carrier=_profile(Stacking.MAX, window_days=10), activity=_day(8)
    )
    options = [option(10, 5), option(3, 20, active=False)]
    assert bought(cheapest(line, options)) == [(8, 10), (18, 10), (28, 10)]


def test_the_smallest_that_helps_moves_the_clock_that_presses() -> None:
    line = course(
        12, 5, carrier=_profile(Stacking.MAX, window_days=10), activity=_day(5)
    )
    options = [option(2, 0), option(3, 10, active=False), option(9, 10)]
    assert bought(smallest(line, options)) == [(5, 2), (5, 3)]


def test_prices_in_two_currencies_are_never_compared() -> None:
    mixed = [option(1, 5), replace(option(1, 5), price=hkd("1"))]
    with pytest.raises(CurrencyMismatch):
        cheapest(course(), mixed)
    with pytest.raises(CurrencyMismatch):
        cheapest(course(monthly_cap=hkd("1")), [option(1, 5)])


def test_a_search_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_search, "STATES_MAX", 3)
    assert cheapest(course(60), [option(1, 1, last=_day(90))]) is None


# -- Against trying everything -----------------------------------------------------------------


def _tried(course: Course, options: Sequence[Option]) -> int | None:
    """Return the least cost by trying, on every day, every bag of purchases; no shortcut at all."""
    first, end = course.today.toordinal(), course.until.toordinal()
    drain, window = course.drain, course.carrier.window_days or 10**6
    cap = course.monthly_cap
    never = 10**7

    def lasts(credit: int) -> int:
        if drain is None:
            return never
        return first + max(0, (drain.credit + credit) * drain.days // drain.spent)

    @cache
    def least(
        day: int, expiry: int, active: int, credit: int, spent: int, left: int
    ) -> int | None:
        """Stand on a day, with `left` more purchases allowed on it."""
        found: list[int] = []
        deadline = min(expiry, active, lasts(credit))
        if deadline >= end:
            return 0
        if deadline > day + course.lead_days:
            today, tomorrow = date.fromordinal(day), date.fromordinal(day + 1)
            kept = spent if today.month == tomorrow.month else 0
            rest = least(day + 1, expiry, active, credit, kept, A_DAY_MAX)
            found += _known(rest)
        for one in options if left else ():
            if one.first and day < one.first.toordinal():
                continue
            if one.last and day > one.last.toordinal():
                continue
            total = 0 if cap is None else spent + one.price.minor
            if cap is not None and total > cap.minor:
                continue
            new = expiry
            if course.expiry is not None and one.days:
                new = _stacked(course.carrier, expiry, day, one.days)
            used = active
            if course.activity is not None and one.active:
                used = max(active, day + window)
            sum_ = 0 if drain is None else credit + one.credit
            rest = least(day, min(new, end), min(used, end), sum_, total, left - 1)
            found += [one.price.minor + cost for cost in _known(rest)]
        return min(found, default=None)

    expiry = never if course.expiry is None else course.expiry.toordinal()
    active = never if course.activity is None else course.activity.toordinal()
    return least(first, expiry, active, 0, course.spent, A_DAY_MAX)


def _known(cost: int | None) -> list[int]:
    return [] if cost is None else [cost]


def _stacked(profile: CarrierProfile, old: int, day: int, days: int) -> int:
    new = {
        Stacking.RESET: day + days,
        Stacking.ADD: max(old, day) + days,
    }.get(profile.stacking, max(old, day + days))
    if profile.max_days is None:
        return new
    return min(new, max(old, day + profile.max_days))


@st.composite
def _options(draw: st.DrawFn) -> Option:
    return option(
        draw(st.integers(1, 9)),
        draw(st.integers(0, 9)),
        credit=draw(st.sampled_from((0, 0, 20, 50))),
        active=draw(st.booleans()),
        first=draw(st.none() | st.none() | st.integers(-2, 8).map(_day)),
        last=draw(st.none() | st.integers(0, 9).map(_day)),
    )


@st.composite
def _courses(draw: st.DrawFn) -> Course:
    cap = draw(st.none() | st.integers(4, 20))
    profile = _profile(
        draw(st.sampled_from(Stacking)),
        max_days=draw(st.none() | st.integers(3, 10)),
        window_days=draw(st.integers(2, 9)),
    )
    drain = Drain(
        credit=draw(st.integers(-5, 60)), spent=draw(st.integers(1, 30)), days=3
    )
    return course(
        draw(st.integers(1, 10)),
        draw(st.none() | st.integers(-2, 9)),
        carrier=profile,
        activity=draw(st.none() | st.integers(-1, 8).map(_day)),
        drain=draw(st.sampled_from((None, drain))),
        lead_days=draw(st.sampled_from((0, 0, 1, 3))),
        monthly_cap=None if cap is None else Money(cap, "USD"),
        spent=0 if cap is None else draw(st.integers(0, 5)),
    )


@settings(max_examples=300, deadline=None)
@given(_courses(), st.lists(_options(), max_size=3))
def test_nothing_is_cheaper_than_the_plan(line: Course, options: list[Option]) -> None:
    plan, least = cheapest(line, options), _tried(line, options)
    if plan is None:
        assert least is None
        return
    assert least is None or plan.cost <= least
    by_day = [step.day for step in plan.steps]
    if all(by_day.count(day) <= A_DAY_MAX for day in by_day):
        assert plan.cost == least


@settings(max_examples=100, deadline=None)
@given(_courses(), st.lists(_options(), max_size=4))
def test_the_naive_ways_never_cost_less(line: Course, options: list[Option]) -> None:
    free = replace(line, monthly_cap=None)
    plan = cheapest(free, options)
    for naive in (smallest(free, options), *(always(free, one) for one in options)):
        assert naive is None or (plan is not None and plan.cost <= naive.cost)


@settings(max_examples=100, deadline=None)
@given(_courses(), st.lists(_options(), min_size=1, max_size=4), st.integers(0, 9))
def test_more_of_everything_never_costs_more(
    line: Course, options: list[Option], more: int
) -> None:
    plan = cheapest(line, options)
    if plan is None:
        return
    richer = replace(
        line, monthly_cap=line.monthly_cap and line.monthly_cap + Money(more, "USD")
    )
    later = replace(line, expiry=line.expiry and line.expiry + timedelta(days=more))
    for better, known in (
        (richer, options),
        (later, options),
        (line, [*options, option(1 + more, 5)]),
    ):
        found = cheapest(better, known)
        assert found is not None and found.cost <= plan.cost
