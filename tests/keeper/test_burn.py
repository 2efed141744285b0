"""The burn rate: what is used up, how long it lasts, and what is out of the ordinary."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.sim_keeper.keeper.burn import (
    REST,
    WINDOW,
    Burn,
    burn_rate,
    projected,
    unexplained,
    unusual_day,
)
from custom_components.sim_keeper.keeper.errors import CurrencyMismatch
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.sim import Trust
from custom_components.sim_keeper.keeper.spent import Credited, Spent, spendings

from .builders import HK, NOW, balance, daily, hkd, usd

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _spent(*balances: str) -> tuple[Spent, ...]:
    return spendings(daily(*balances))


def _amounts(spent: tuple[Spent, ...]) -> list[str]:
    return [str(one.amount.value) for one in spent]


# -- The rate ----------------------------------------------------------------------------------


def test_the_rate_is_what_was_spent_over_the_time_that_is_known() -> None:
    burn = burn_rate(_spent("20", "18", "18", "14"), NOW)
    assert burn == Burn(spent=hkd("6"), over=3 * DAY)
    assert burn.per_day == hkd("2")
    assert burn.used_in(timedelta(hours=36)) == hkd("3")
    assert burn_rate(_spent("20", "18", "16"), NOW) is None
    assert burn_rate((), NOW) is None


def test_the_rate_forgets_what_is_long_ago_and_other_money() -> None:
    old = Spent(start=NOW - 90 * DAY, end=NOW - 40 * DAY, amount=hkd("500"))
    other = Spent(start=NOW - 20 * DAY, end=NOW - 19 * DAY, amount=usd("9"))
    recent = Spent(start=NOW - 10 * DAY, end=NOW, amount=hkd("5"))
    assert burn_rate([old, other, recent], NOW) == Burn(spent=hkd("5"), over=10 * DAY)


@pytest.mark.parametrize(
    ("left", "spent", "days"),
    [
        ("10", "1", 1),
        ("9.99", "1", 0),
        ("12", "1", 3),
        ("11.99", "1", 2),
        ("12", "0", None),
        ("20", "0.30", 34),
    ],
)
def test_the_days_until_the_threshold(left: str, spent: str, days: int | None) -> None:
    burn = Burn(spent=hkd(spent), over=DAY)
    assert burn.days_until(hkd(left), hkd("10")) == days


@given(
    st.integers(-500, 5000), st.integers(0, 300), st.integers(1, 40), st.integers(0, 99)
)
def test_the_balance_is_below_on_that_day_and_not_the_day_before(
    left: int, spent: int, over: int, threshold: int
) -> None:
    burn = Burn(spent=Money(spent, "HKD"), over=over * DAY)
    days = burn.days_until(Money(left, "HKD"), Money(threshold, "HKD"))
    if days is None:
        assert spent == 0 <= left - threshold
        return
    assert left - spent * days // over < threshold
    assert days == 0 or left - spent * (days - 1) // over >= threshold


def test_money_of_two_currencies_is_not_burnt_together() -> None:
    with pytest.raises(CurrencyMismatch):
        Burn(spent=usd("1"), over=DAY).days_until(hkd("9"), hkd("1"))


# -- Unusual days ------------------------------------------------------------------------------


def _unusual(*balances: str) -> tuple[Money, Money] | None:
    return unusual_day(_spent(*balances), (), HK, NOW)


def test_a_day_far_above_the_usual_is_reported() -> None:
    week = [str(100 - number) for number in range(9)]
    assert _unusual(*week, "89") is None
    assert _unusual(*week, "88.99") == (hkd("3.01"), hkd("1"))
    # Of too short a time nobody knows what is usual.
    assert _unusual("99", "98", "1") is None
    assert _unusual() is None


def test_a_number_in_a_drawer_that_spends_at_all_is_reported() -> None:
    still = ["20"] * 9
    assert _unusual(*still) is None
    assert _unusual(*still, "19") == (hkd("1"), hkd("0"))
    # Unless it was used today; more than usual is always news.
    spent, today = _spent(*still, "19"), NOW.astimezone(HK).date()
    assert unusual_day(spent, [today], HK, NOW) is None
    assert unusual_day(spent, [today - DAY], HK, NOW) == (hkd("1"), hkd("0"))
    busy = _spent(*[str(100 - number) for number in range(9)], "80")
    assert unusual_day(busy, [today], HK, NOW) == (hkd("12"), hkd("1"))


def test_a_monthly_fee_is_usual_and_one_odd_day_is_not() -> None:
    days = ["100"] * 25 + ["90"] * 30 + ["80"] * 30
    assert _unusual(*days, "70") is None
    once = ["100"] * 25 + ["90"] * 30
    assert _unusual(*once, "80") == (hkd("10"), hkd("0"))


def test_only_what_went_today_is_reported() -> None:
    still = daily(*["20"] * 9)
    for last, told in (
        (balance(hkd("10"), at=NOW + DAY), True),
        (balance(hkd("10"), at=NOW + DAY, trust=Trust.TYPED), True),
        (balance(hkd("10"), at=NOW + 2 * DAY), False),
    ):
        found = unusual_day(spendings([*still, last]), (), HK, last.observed_at)
        assert (found is not None) is told
    # Of a recharge a fee may be taken.
    last = balance(hkd("60"), at=NOW + DAY)
    came = [Credited(start=NOW + DAY / 2, end=NOW + DAY, value=hkd("50"))]
    spent = spendings([*still, last], came)
    assert spent[-1].amount == hkd("10")
    assert unusual_day(spent, (), HK, NOW + DAY) is None


def test_usual_is_what_was_spent_in_the_same_money() -> None:
    week = _spent(*[str(100 - number) for number in range(9)])
    abroad = [Spent(start=NOW, end=NOW + DAY, amount=usd("50"))]
    assert unusual_day([*week, *abroad], (), HK, NOW + DAY) is None


# -- Spending without a cause ------------------------------------------------------------------


def _day_of(moment: datetime) -> date:
    return moment.astimezone(HK).date()


def _resting(days: int, *later: str) -> tuple[Spent, ...]:
    """Return what a number spent that did nothing for days, the last of it yesterday."""
    readings = daily(*["20"] * (days + 1), *later)
    return tuple(
        Spent(start=one.start - DAY, end=one.end - DAY, amount=one.amount)
        for one in spendings(readings)
    )


def test_spending_without_a_cause_is_found() -> None:
    spent = _resting(REST.days, "15")
    assert unexplained(spent, [], HK, NOW) == spent[-1]
    # A monthly fee may not have fallen into a shorter rest.
    assert unexplained(spent[1:], [], HK, NOW) is None


def test_use_explains_it() -> None:
    spent = _resting(REST.days, "15")
    for moment, told in (
        (NOW - DAY, False),
        (NOW - 2 * DAY, False),
        (NOW - 3 * DAY, True),
        (NOW, True),
    ):
        found = unexplained(spent, [_day_of(moment)], HK, NOW)
        assert (found is not None) is told


def test_explained_spending_does_not_disturb_a_rest() -> None:
    spent = _resting(REST.days - 1, "18", "15")
    used_on = [_day_of(spent[-2].start)]
    assert unexplained(spent, used_on, HK, NOW) == spent[-1]
    found = unexplained(spent, (), HK, NOW)
    assert found is None


def test_a_day_is_judged_when_it_is_over() -> None:
    spent = _resting(REST.days, "15")
    assert unexplained(spent, [], HK, spent[-1].end) is None


def test_what_comes_after_the_first_is_no_news() -> None:
    first = _resting(REST.days, "15")
    for later in ("15", "14.50"):
        more = Spent(start=NOW - DAY, end=NOW, amount=hkd(later))
        assert unexplained([*first, more], [], HK, NOW + DAY) == first[-1]
    month_later = first[-1].end + WINDOW
    assert unexplained(first, [], HK, month_later - DAY) == first[-1]
    assert unexplained(first, [], HK, month_later) is None


def test_all_of_the_first_day_is_one_finding() -> None:
    before = _resting(REST.days)
    start = NOW - DAY
    parts = [
        Spent(start=start, end=start + HOUR, amount=hkd("1")),
        Spent(start=start + HOUR, end=start + 2 * HOUR, amount=hkd("2")),
    ]
    found = unexplained([*before, *parts], [], HK, NOW)
    assert found == Spent(start=start, end=start + 2 * HOUR, amount=hkd("3"))
    foreign = Spent(start=start + HOUR, end=start + 2 * HOUR, amount=usd("2"))
    assert unexplained([*before, parts[0], foreign], [], HK, NOW) == parts[0]


def test_what_a_recharge_hides_is_not_reported() -> None:
    spent = _resting(REST.days, "15")
    recharged = replace(spent[-1], recharged=True)
    assert unexplained([*spent[:-1], recharged], [], HK, NOW) is None


_SPENT_A_DAY = st.lists(st.integers(0, 2), min_size=1, max_size=120)
_MARKS = st.sets(st.integers(0, 120))


@given(_SPENT_A_DAY, _MARKS)
def test_no_report_is_a_false_alarm(amounts: list[int], marks: set[int]) -> None:
    """Never without a long rest, of use, of what was not the first, or twice."""
    start = NOW - len(amounts) * DAY
    spent = [
        Spent(
            start=start + number * DAY,
            end=start + (number + 1) * DAY,
            amount=Money(minor, "HKD"),
        )
        for number, minor in enumerate(amounts)
    ]
    used_on = {_day_of(start + number * DAY) for number in marks}
    findings = set()
    for number in range(len(amounts)):
        now = spent[number].end + DAY
        found = unexplained(spent[: number + 1], used_on, HK, now)
        if found is None:
            continue
        findings.add(found)
        place = spent.index(found)
        assert found.amount.minor > 0
        assert not {_day_of(found.start), _day_of(found.end)} & used_on
        assert place >= REST.days
        for one in spent[:place]:
            days = {_day_of(one.start), _day_of(one.end)}
            assert one.amount.minor == 0 or days & used_on
    assert len(findings) <= 1


# -- What is to come ---------------------------------------------------------------------------


def test_a_balance_as_it_will_be_read() -> None:
    later: datetime = NOW + 5 * DAY
    found = projected(balance(hkd("20")), Burn(spent=hkd("3"), over=2 * DAY), later)
    assert (found.money, found.observed_at) == (hkd("12.50"), later)
