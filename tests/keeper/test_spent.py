"""What was spent between balances that were read, with recharges in between."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.sim_keeper.keeper.burn import WINDOW, burn_rate, unusual_day
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.sim import Reading, Trust
from custom_components.sim_keeper.keeper.spent import (
    Credited,
    Spent,
    by_day,
    spendings,
    thinned,
)

from .builders import HK, NOW, balance, daily, hkd, usd

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _spent(*balances: str) -> tuple[Spent, ...]:
    return spendings(daily(*balances))


def _amounts(spent: tuple[Spent, ...]) -> list[str]:
    return [str(one.amount.value) for one in spent]


def test_what_lies_between_two_balances_was_spent() -> None:
    assert _amounts(_spent("10", "8", "8", "7.50")) == ["2.00", "0.00", "0.50"]
    assert spendings([]) == ()
    twice = [balance(hkd("9")), balance(hkd("8"))]
    assert spendings(twice) == ()
    two = [balance(hkd("9")), balance(usd("8"), at=NOW + DAY)]
    assert spendings(two) == ()


# -- Recharges ---------------------------------------------------------------------------------


def _credit(start: float, end: float, value: Money | None) -> Credited:
    """Return credit that came between two times, in days before now."""
    return Credited(start=NOW - start * DAY, end=NOW - end * DAY, value=value)


def test_a_top_up_is_taken_out_where_it_is_known() -> None:
    readings = daily("10", "8", "57", "56")
    assert _amounts(spendings(readings)) == ["2.00", "1.00"]
    found = spendings(readings, [_credit(1.5, 1.5, hkd("50"))])
    assert _amounts(found) == ["2.00", "1.00", "1.00"]
    assert [one.recharged for one in found] == [False, True, False]


@pytest.mark.parametrize("value", [None, usd("50")])
def test_credit_of_unknown_worth_silences_its_time(value: Money | None) -> None:
    readings = daily("10", "8", "7", "6")
    assert _amounts(spendings(readings, [_credit(1.5, 1.2, value)])) == ["2.00", "1.00"]


def test_the_rise_tells_when_the_credit_came() -> None:
    """An answer may come before the balance shows the credit, or long after."""
    readings = daily("10", "8", "57", "56")
    for start, end in ((3.5, 0.5), (2.0, 0.5), (3.5, 1.0)):
        found = spendings(readings, [_credit(start, end, hkd("50"))])
        assert _amounts(found) == ["2.00", "1.00", "1.00"]


def test_while_credit_may_come_nothing_is_said() -> None:
    readings = daily("10", "8", "7", "6")
    assert _amounts(spendings(readings, [_credit(1.5, 0.5, hkd("50"))])) == ["2.00"]
    # Half of it is enough to know it by; what is missing is a fee or was spent at once.
    fee = daily("10", "36", "35")
    found = spendings(fee, [_credit(1.5, 0.5, hkd("50"))])
    assert _amounts(found) == ["24.00", "1.00"]
    assert found[0].recharged


def test_two_top_ups_are_two_rises() -> None:
    readings = daily("10", "59", "108", "107")
    both = [_credit(2.5, 0.5, hkd("50")), _credit(2.6, 0.4, hkd("50"))]
    assert _amounts(spendings(readings, both)) == ["1.00", "1.00", "1.00"]


def test_more_than_what_is_known_to_have_come_says_nothing() -> None:
    readings = daily("10", "70", "69")
    bonus = [_credit(1.5, 1.5, hkd("50"))]
    assert _amounts(spendings(readings, bonus)) == ["1.00"]


# -- Which readings matter ---------------------------------------------------------------------


def test_what_was_not_really_read_does_not_count() -> None:
    readings = daily("10", "9")
    others = [
        balance(hkd("1"), at=NOW - DAY / 2, trust=Trust.HINT),
        balance(hkd("99"), at=NOW - DAY / 3, trust=Trust.ESTIMATE),
    ]
    assert thinned([*others, *reversed(readings)], HK) == readings


def test_a_fall_during_a_day_is_known_by_its_ends() -> None:
    noon = datetime(2026, 3, 2, 4, 0, tzinfo=HK)
    hours = [timedelta(hours=number) for number in range(6)]
    readings = [
        balance(hkd(text), at=noon + hour)
        for hour, text in zip(hours, ("9", "8", "8", "7", "8", "6"), strict=True)
    ]
    kept = thinned(readings, HK)
    assert [str(one.money.value) for one in kept] == ["9.00", "7.00", "8.00", "6.00"]
    evening = [balance(hkd("5"), at=noon + timedelta(hours=19, minutes=59))]
    assert thinned([*readings, *evening], HK)[-1:] == evening
    assert len(thinned([*readings, *evening], HK)) == 4
    # Another day begins at midnight where the SIM lives.
    assert len(thinned([*readings, *evening], ZoneInfo("America/New_York"))) == 5


def test_who_types_again_corrects_himself() -> None:
    morning, noon = NOW, NOW + timedelta(hours=4)
    wrong = balance(hkd("2000"), at=morning, trust=Trust.TYPED)
    right = balance(hkd("20"), at=noon, trust=Trust.TYPED)
    later = balance(hkd("19"), at=noon + DAY, trust=Trust.TYPED)
    assert thinned([wrong, right, later], HK) == [right, later]
    measured = balance(hkd("20"), at=noon)
    assert thinned([wrong, measured], HK) == [wrong, measured]


_STEPS = st.lists(
    st.tuples(st.integers(1, 40 * 3600), st.integers(-9, 3)), min_size=1, max_size=60
)


def _walk(steps: list[tuple[int, int]]) -> list[Reading]:
    """Return balances from seconds and changes between them."""
    at, value, found = NOW, 10_000, []
    for seconds, change in steps:
        at, value = at + timedelta(seconds=seconds), value + change
        found.append(balance(Money(value, "HKD"), at=at))
    return found


@given(_STEPS, st.sampled_from(["Asia/Kathmandu", "Europe/London", "Pacific/Apia"]))
def test_thinning_loses_nothing(steps: list[tuple[int, int]], place: str) -> None:
    zone, readings = ZoneInfo(place), _walk(steps)
    few = thinned(readings, zone)
    spent = [spendings(readings), spendings(few)]
    assert by_day(spent[0], zone) == by_day(spent[1], zone)
    now = readings[-1].observed_at
    if now - readings[0].observed_at < WINDOW:
        # A day is in the window as a whole.
        assert burn_rate(spent[0], now) == burn_rate(spent[1], now)
    assert unusual_day(spent[0], (), zone, now) == unusual_day(spent[1], (), zone, now)


@given(_STEPS, st.integers(0, 60))
def test_thinned_readings_can_be_added_to(
    steps: list[tuple[int, int]], split: int
) -> None:
    readings = _walk(steps)
    first = thinned(readings[:split], HK)
    assert thinned([*first, *readings[split:]], HK) == thinned(readings, HK)


# -- Days ---------------------------------------------------------------------------------------


def test_a_longer_time_is_spread_over_its_days() -> None:
    spent = spendings(daily("10", "9", every=3 * DAY))
    assert by_day(spent, HK) == {
        date(2026, 2, 28): 33,
        date(2026, 3, 1): 33,
        date(2026, 3, 2): 34,
    }
    hour = Spent(start=NOW, end=NOW + timedelta(hours=1), amount=hkd("1"))
    assert by_day([hour, hour], HK) == {date(2026, 3, 2): 200}
