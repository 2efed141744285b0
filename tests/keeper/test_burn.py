"""The burn rate: what is used up, how long it lasts, and what is out of the ordinary."""

from datetime import date, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.sim_keeper.keeper.burn import (
    Burn,
    Credited,
    Spent,
    burn_rate,
    by_day,
    projected,
    spendings,
    unexplained,
    unusual_day,
)
from custom_components.sim_keeper.keeper.errors import CurrencyMismatch
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.sim import Reading, Trust

from .builders import HK, NOW, balance, hkd, usd

DAY = timedelta(days=1)


def _read(*balances: str, every: timedelta = DAY) -> list[Reading]:
    """Return balances, the last of them read now."""
    start = NOW - (len(balances) - 1) * every
    return [
        balance(hkd(text), at=start + number * every)
        for number, text in enumerate(balances)
    ]


def _spent(*balances: str) -> tuple[Spent, ...]:
    return spendings(_read(*balances))


def _amounts(spent: tuple[Spent, ...]) -> list[str]:
    return [str(one.amount.value) for one in spent]


def test_what_lies_between_two_balances_was_spent() -> None:
    assert _amounts(_spent("10", "8", "8", "7.50")) == ["2.00", "0.00", "0.50"]
    assert spendings([]) == ()


def test_a_top_up_is_taken_out_where_it_is_known() -> None:
    readings = _read("10", "8", "57", "56")
    assert _amounts(spendings(readings)) == ["2.00", "1.00"]
    known = [Credited(at=NOW - 1.5 * DAY, value=hkd("50"))]
    assert _amounts(spendings(readings, known)) == ["2.00", "1.00", "1.00"]
    other = [Credited(at=NOW - 1.5 * DAY, value=usd("50"))]
    assert _amounts(spendings(readings, other)) == ["2.00", "1.00"]


def test_what_was_not_really_read_does_not_count() -> None:
    readings = _read("10", "9")
    readings += [
        balance(hkd("1"), at=NOW - DAY / 2, trust=Trust.HINT),
        balance(hkd("99"), at=NOW - DAY / 3, trust=Trust.ESTIMATE),
        balance(hkd("9"), at=NOW),
        balance(usd("5"), at=NOW + DAY),
    ]
    assert _amounts(spendings(readings)) == ["1.00"]


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


def test_a_longer_time_is_spread_over_its_days() -> None:
    spent = spendings(_read("10", "9", every=3 * DAY))
    assert by_day(spent, HK) == {
        date(2026, 2, 28): 33,
        date(2026, 3, 1): 33,
        date(2026, 3, 2): 34,
    }
    hour = Spent(start=NOW, end=NOW + timedelta(hours=1), amount=hkd("1"))
    assert by_day([hour, hour], HK) == {date(2026, 3, 2): 200}


def test_a_day_far_above_the_usual_is_reported() -> None:
    week = [str(100 - number) for number in range(9)]
    assert unusual_day(_spent(*week, "89"), HK, NOW) is None
    assert unusual_day(_spent(*week, "88.99"), HK, NOW) == (hkd("3.01"), hkd("1"))
    # Of too short a time nobody knows what is usual.
    assert unusual_day(_spent("99", "98", "1"), HK, NOW) is None
    assert unusual_day((), HK, NOW) is None


def test_a_number_in_a_drawer_that_spends_at_all_is_reported() -> None:
    still = ["20"] * 9
    assert unusual_day(_spent(*still), HK, NOW) is None
    assert unusual_day(_spent(*still, "19"), HK, NOW) == (hkd("1"), hkd("0"))


def test_a_monthly_fee_is_usual_and_one_odd_day_is_not() -> None:
    days = ["100"] * 25 + ["90"] * 30 + ["80"] * 30
    assert unusual_day(_spent(*days, "70"), HK, NOW) is None
    once = ["100"] * 25 + ["90"] * 30
    assert unusual_day(_spent(*once, "80"), HK, NOW) == (hkd("10"), hkd("0"))


def test_spending_without_a_cause_is_found() -> None:
    spent = _spent("20", "20", "20", "20", "20", "15")
    assert unexplained(spent, [], HK) == (spent[-1],)
    for day, found in ((date(2026, 3, 2), 0), (date(2026, 2, 28), 1)):
        assert len(unexplained(spent, [day], HK)) == found
    # What a number spends every day is a habit; much more than that is not.
    habit = _spent("20", "19", "18", "17", "16", "13.50")
    assert unexplained(habit, [date(2026, 2, 26), date(2026, 2, 28)], HK) == ()
    much = _spent("20", "19", "18", "17", "16", "10")
    known = [date(2026, 2, 26), date(2026, 2, 28)]
    assert unexplained(much, known, HK) == (much[-1],)
    foreign = Spent(start=NOW, end=NOW + DAY, amount=usd("1"))
    assert unexplained([*habit, foreign], known, HK) == (foreign,)


def test_a_balance_as_it_will_be_read() -> None:
    later: datetime = NOW + 5 * DAY
    found = projected(balance(hkd("20")), Burn(spent=hkd("3"), over=2 * DAY), later)
    assert (found.money, found.observed_at) == (hkd("12.50"), later)
