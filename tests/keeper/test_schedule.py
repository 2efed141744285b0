"""Recharges by the calendar: month ends, leap days, zones and clocks that jump."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.sim_keeper.keeper.policy import (
    Action,
    Reason,
    decide,
    due_rules,
    next_recharge,
)
from custom_components.sim_keeper.keeper.schedule import Calendar, CountedFrom, Unit
from custom_components.sim_keeper.keeper.sim import Readings, RuleKind

from .builders import order, rules, sim, situation, view

D = date


def _calendar(
    start: date, every: int = 1, unit: Unit = Unit.MONTHS, *, recharge: bool = False
) -> Calendar:
    counted = CountedFrom.RECHARGE if recharge else CountedFrom.ANCHOR
    return Calendar(start=start, every=every, unit=unit, counted_from=counted)


@pytest.mark.parametrize(
    ("calendar", "days"),
    [
        (
            _calendar(D(2026, 1, 31)),
            [D(2026, 1, 31), D(2026, 2, 28), D(2026, 3, 31), D(2026, 4, 30)],
        ),
        (
            _calendar(D(2027, 12, 30)),
            [D(2027, 12, 30), D(2028, 1, 30), D(2028, 2, 29), D(2028, 3, 30)],
        ),
        (_calendar(D(2026, 1, 29)), [D(2026, 1, 29), D(2026, 2, 28), D(2026, 3, 29)]),
        (
            _calendar(D(2026, 11, 30), 3),
            [D(2026, 11, 30), D(2027, 2, 28), D(2027, 5, 30)],
        ),
        (
            _calendar(D(2028, 2, 29), 1, Unit.YEARS),
            [D(2028, 2, 29), D(2029, 2, 28), D(2030, 2, 28)],
        ),
        (_calendar(D(2028, 2, 29), 4, Unit.YEARS), [D(2028, 2, 29), D(2032, 2, 29)]),
        (
            _calendar(D(2026, 12, 28), 2, Unit.WEEKS),
            [D(2026, 12, 28), D(2027, 1, 11), D(2027, 1, 25)],
        ),
    ],
)
def test_the_days_of_a_calendar(calendar: Calendar, days: list[date]) -> None:
    assert [calendar.day(number) for number in range(len(days))] == days
    eve = timedelta(days=1)
    for before, day in zip([None, *days], days, strict=False):
        assert calendar.due_since(day, None) == day
        assert calendar.due_since(day - eve, None) == before
        assert calendar.due_since(day, day) is None
        assert calendar.due_since(day, day - eve) == day
        assert calendar.next_day(day - eve, day - eve) == day


def test_of_several_missed_days_only_the_newest_counts() -> None:
    calendar = _calendar(D(2026, 1, 31))
    assert calendar.due_since(D(2026, 6, 15), D(2026, 2, 1)) == D(2026, 5, 31)
    assert calendar.due_since(D(2026, 6, 15), D(2026, 5, 31)) is None
    assert calendar.next_day(D(2026, 6, 15), D(2026, 6, 1)) == D(2026, 6, 30)


def test_counted_from_the_recharge_the_start_is_only_the_first() -> None:
    calendar = _calendar(D(2026, 3, 10), recharge=True)
    for recharged in (None, D(2026, 3, 9)):
        assert calendar.due_since(D(2026, 3, 9), recharged) is None
        assert calendar.next_day(D(2026, 3, 9), recharged) == D(2026, 3, 10)
        assert calendar.due_since(D(2026, 3, 10), recharged) == D(2026, 3, 10)
    assert calendar.next_day(D(2026, 3, 20), D(2026, 3, 16)) == D(2026, 4, 16)
    assert calendar.due_since(D(2026, 4, 15), D(2026, 3, 16)) is None
    assert calendar.due_since(D(2026, 4, 20), D(2026, 3, 16)) == D(2026, 4, 16)


def test_a_calendar_has_to_count_something() -> None:
    with pytest.raises(ValueError, match="at least one"):
        _calendar(D(2026, 3, 10), 0)


_DATES = st.dates(D(2000, 1, 1), D(2080, 12, 31))
_CALENDARS = st.builds(
    _calendar,
    _DATES,
    st.integers(1, 60),
    st.sampled_from(Unit),
    recharge=st.booleans(),
)


@given(_CALENDARS, _DATES, st.none() | _DATES)
def test_what_is_due_is_over_once_it_was_recharged(
    calendar: Calendar, today: date, recharged: date | None
) -> None:
    due = calendar.due_since(today, recharged)
    coming = calendar.next_day(today, recharged)
    if due is None:
        assert coming > today or (recharged is not None and recharged >= coming)
    else:
        assert calendar.start <= due <= today
        assert coming == due
        assert calendar.due_since(today, today) is None


@given(_CALENDARS, _DATES)
def test_a_calendar_never_leaves_a_gap(calendar: Calendar, today: date) -> None:
    longest = {Unit.WEEKS: 7, Unit.MONTHS: 31, Unit.YEARS: 366}[calendar.unit]
    coming = calendar.next_day(today, today)
    if coming > calendar.start and today >= calendar.start:
        assert timedelta(0) < coming - today <= timedelta(days=longest * calendar.every)


@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        ("Pacific/Kiritimati", datetime(2026, 3, 28, 10, tzinfo=UTC)),
        ("Asia/Hong_Kong", datetime(2026, 3, 28, 16, tzinfo=UTC)),
        # Clocks jump on this very day in Europe.
        ("Europe/Berlin", datetime(2026, 3, 28, 23, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 3, 29, 4, tzinfo=UTC)),
        ("Pacific/Pago_Pago", datetime(2026, 3, 29, 11, tzinfo=UTC)),
    ],
)
def test_a_day_begins_in_the_zone_of_the_sim(zone: str, begins: datetime) -> None:
    wanted = rules(days_before=None, calendar=_calendar(D(2026, 3, 29)))
    line = sim(zone=ZoneInfo(zone), rules=wanted)
    at = situation(line, view(readings=Readings()))
    second = timedelta(seconds=1)
    assert due_rules(at, begins - second) == ()
    assert due_rules(at, begins) == (RuleKind.CALENDAR,)
    found = next_recharge(at, begins - second)
    assert found is not None
    assert found == begins
    assert decide(at, begins).action is Action.SEND


def test_a_recharge_counts_on_its_day_of_the_sim_not_when_it_was_noted() -> None:
    line = sim(rules=rules(days_before=None, calendar=_calendar(D(2026, 3, 2))))
    now = datetime(2026, 3, 5, tzinfo=UTC)
    for happened, settled, due in (
        (D(2026, 3, 1), now, True),
        (D(2026, 3, 2), now, False),
        (None, datetime(2026, 3, 1, 15, tzinfo=UTC), True),
        (None, datetime(2026, 3, 1, 16, tzinfo=UTC), False),
    ):
        paid = order(happened_on=happened, settled_at=settled)
        at = situation(line, view(readings=Readings(), last_recharge=paid))
        assert bool(due_rules(at, now)) is due
    unsettled = order(settled_at=None, created_at=now)
    at = situation(line, view(readings=Readings(), last_recharge=unsettled))
    assert due_rules(at, now) == ()


def test_a_recharge_noted_by_a_clock_that_fell_back_may_have_been_this_one() -> None:
    line = sim(rules=rules(days_before=None, calendar=_calendar(D(2026, 3, 2))))
    now = datetime(2026, 3, 5, tzinfo=UTC)
    noted = order(happened_on=D(2026, 2, 27), settled_at=now - timedelta(days=6))
    for seen_at, action, reason in (
        (None, Action.SEND, Reason.DUE),
        (datetime(2026, 3, 1, 15, tzinfo=UTC), Action.SEND, Reason.DUE),
        # It came on the first or on the second: the day of the calendar.
        (
            datetime(2026, 3, 1, 16, tzinfo=UTC),
            Action.ASK,
            Reason.DEADLINE_DOUBTFUL,
        ),
    ):
        last = replace(noted, seen_at=seen_at)
        seen = view(readings=Readings(), last_recharge=last)
        decision = decide(situation(line, seen), now)
        assert (decision.action, decision.reason) == (action, reason)
