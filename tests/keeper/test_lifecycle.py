"""Clocks, deadline and stage: zones, daylight saving, leap days, grace."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.sim_keeper.keeper.lifecycle import (
    ASSUMED_GRACE_DAYS,
    EXPIRING_DAYS,
    Clock,
    Stage,
    end_of_day,
    expiring_days,
    lifecycle,
    stage_changes,
)
from custom_components.sim_keeper.keeper.sim import Field, Readings, Trust

from .builders import NOW, activity, carrier, expiry, reading, rules, sim

ZONES = (
    "UTC",
    "Asia/Hong_Kong",
    "Asia/Kathmandu",
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Pacific/Chatham",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
)


@pytest.mark.parametrize(
    ("zone", "day", "end"),
    [
        ("UTC", date(2026, 6, 30), "2026-06-30T23:59:59"),
        ("Pacific/Kiritimati", date(2026, 6, 30), "2026-06-30T09:59:59"),
        ("Pacific/Pago_Pago", date(2026, 6, 30), "2026-07-01T10:59:59"),
        # Both nights on which Berlin's clocks change, and New York's.
        ("Europe/Berlin", date(2026, 3, 28), "2026-03-28T22:59:59"),
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-29T21:59:59"),
        ("Europe/Berlin", date(2026, 10, 25), "2026-10-25T22:59:59"),
        ("America/New_York", date(2026, 3, 8), "2026-03-09T03:59:59"),
        ("America/New_York", date(2026, 11, 1), "2026-11-02T04:59:59"),
        # A zone whose clocks went forward at midnight: that day began at one o'clock.
        ("America/Sao_Paulo", date(2018, 11, 3), "2018-11-04T02:59:59"),
        ("Asia/Hong_Kong", date(2028, 2, 28), "2028-02-28T15:59:59"),
        ("Asia/Hong_Kong", date(2028, 2, 29), "2028-02-29T15:59:59"),
        ("Asia/Hong_Kong", date(2026, 12, 31), "2026-12-31T15:59:59"),
    ],
)
def test_a_day_ends_at_its_last_second_in_its_zone(
    zone: str, day: date, end: str
) -> None:
    found = end_of_day(day, ZoneInfo(zone))
    assert found == datetime.fromisoformat(end).replace(tzinfo=UTC)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from(ZONES))
def test_the_second_after_the_end_is_the_next_day(day: date, zone: str) -> None:
    end = end_of_day(day, ZoneInfo(zone))
    assert end.astimezone(ZoneInfo(zone)).date() == day
    after = (end + timedelta(seconds=1)).astimezone(ZoneInfo(zone))
    assert after.date() == day + timedelta(days=1)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    st.integers(-60, 400),
    st.sampled_from(ZONES),
)
def test_days_left_count_calendar_days_of_the_sim(
    now: datetime, days: int, zone: str
) -> None:
    line = sim(zone=ZoneInfo(zone))
    today = now.astimezone(line.zone).date()
    life = lifecycle(line, Readings(expiry=expiry(today + timedelta(days=days))), now)
    assert life.days_left == max(0, days)
    assert life.over is (days < 0)
    assert life.deadline is not None
    assert (now > life.deadline) is (days < 0)


def test_the_same_moment_is_another_day_on_the_other_side_of_the_date_line() -> None:
    now = datetime(2026, 6, 30, 10, 30, tzinfo=UTC)
    readings = Readings(expiry=expiry(date(2026, 6, 30)))
    east = lifecycle(sim(zone=ZoneInfo("Pacific/Kiritimati")), readings, now)
    west = lifecycle(sim(zone=ZoneInfo("Pacific/Pago_Pago")), readings, now)
    assert (east.stage, east.days_left) == (Stage.GRACE, 0)
    assert (west.stage, west.days_left) == (Stage.EXPIRING, 1)


def test_a_day_is_counted_once_when_the_clocks_change() -> None:
    line = sim(zone=ZoneInfo("Europe/Berlin"))
    for start in (
        datetime(2026, 3, 28, tzinfo=UTC),
        datetime(2026, 10, 24, tzinfo=UTC),
    ):
        readings = Readings(expiry=expiry(start.date() + timedelta(days=3)))
        seen = [
            lifecycle(line, readings, start + timedelta(hours=hour)).days_left
            for hour in range(24 * 4)
        ]
        assert seen == sorted(seen, key=lambda left: -(left or 0))
        assert sorted(set(seen), key=lambda left: left or 0) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("grace", "days_over", "stage"),
    [
        *((30, 0, Stage.EXPIRING), (30, 1, Stage.GRACE), (30, 30, Stage.GRACE)),
        *((30, 31, Stage.LOST), (0, 0, Stage.EXPIRING), (0, 1, Stage.LOST)),
        (None, ASSUMED_GRACE_DAYS, Stage.GRACE),
        (None, ASSUMED_GRACE_DAYS + 1, Stage.LOST),
    ],
)
def test_a_number_is_in_grace_then_lost(
    grace: int | None, days_over: int, stage: Stage
) -> None:
    line = sim(carrier=carrier(grace_days=grace))
    day = date(2026, 6, 30)
    now = end_of_day(day + timedelta(days=days_over), line.zone)
    life = lifecycle(line, Readings(expiry=expiry(day)), now)
    assert life.stage is stage
    assert life.over is (days_over > 0)
    known = (
        None if grace is None else end_of_day(day + timedelta(days=grace), line.zone)
    )
    assert life.grace_end == known


@pytest.mark.parametrize(
    ("days_before", "lead"), [(None, EXPIRING_DAYS), (0, 0), (5, 5), (30, 30)]
)
def test_expiring_begins_with_the_rule_or_a_fortnight(
    days_before: int | None, lead: int
) -> None:
    line = sim(rules=rules(days_before=days_before))
    assert expiring_days(line) == lead
    today = NOW.astimezone(line.zone).date()
    stages = [
        lifecycle(
            line, Readings(expiry=expiry(today + timedelta(days=days))), NOW
        ).stage
        for days in (lead, lead + 1)
    ]
    assert stages == [Stage.EXPIRING, Stage.ACTIVE]


@pytest.mark.parametrize(
    ("valid", "used", "clock"),
    [
        (date(2026, 6, 30), None, Clock.VALIDITY),
        (None, date(2026, 1, 1), Clock.ACTIVITY),
        (date(2026, 6, 29), date(2026, 1, 1), Clock.VALIDITY),
        (date(2026, 6, 30), date(2026, 1, 1), Clock.VALIDITY),
        (date(2026, 7, 1), date(2026, 1, 1), Clock.ACTIVITY),
        (None, None, None),
    ],
)
def test_the_earlier_clock_is_the_deadline(
    valid: date | None, used: date | None, clock: Clock | None
) -> None:
    line = sim(carrier=carrier(None, model="activity_window", window_days=180))
    life = lifecycle(
        line,
        Readings(
            expiry=expiry(valid, trust=Trust.ESTIMATE) if valid else None,
            last_activity=activity(used) if used else None,
        ),
        NOW,
    )
    assert life.clock is clock
    assert life.expiry == (end_of_day(valid, line.zone) if valid else None)
    limit = end_of_day(date(2026, 6, 30), line.zone) if used else None
    assert life.activity_deadline == limit
    known = [end for end in (life.expiry, life.activity_deadline) if end]
    assert life.deadline == min(known, default=None)
    assert life.estimated is (clock is Clock.VALIDITY)


def test_without_a_reading_nothing_is_known() -> None:
    life = lifecycle(sim(), Readings(), NOW)
    assert (life.deadline, life.stage, life.days_left) == (None, None, None)
    assert not life.over
    assert not life.estimated


def test_activity_means_nothing_to_a_carrier_without_that_clock() -> None:
    life = lifecycle(sim(), Readings(last_activity=activity(date(2020, 1, 1))), NOW)
    assert life.deadline is None
    assert life.activity_deadline is None


@pytest.mark.parametrize("day", [date(9378, 1, 1), date(9999, 12, 30), date.max])
def test_a_day_at_the_end_of_the_calendar_breaks_nothing(day: date) -> None:
    for line in (
        sim(),
        sim(carrier=carrier(None, model="activity_window", window_days=180)),
    ):
        life = lifecycle(
            line, Readings(expiry=expiry(day), last_activity=activity(day)), NOW
        )
        assert life.stage is Stage.ACTIVE
        assert life.days_left is not None
        assert life.days_left > 10_000


@pytest.mark.parametrize("value", [0, -5, 10**12])
def test_a_day_that_is_none_is_clamped(value: int) -> None:
    found = reading(Field.EXPIRY, value, "day").day
    assert date.min <= found <= date(9999, 1, 1)


def test_the_activity_clock_has_days_of_its_own() -> None:
    line = sim(rules=rules(days_before=9, days_before_activity=3))
    assert expiring_days(line, Clock.ACTIVITY) == 3
    assert expiring_days(line, Clock.VALIDITY) == 9


@pytest.mark.parametrize("grace", [None, 0, 9])
@pytest.mark.parametrize("zone", ZONES)
def test_the_stage_changes_at_the_moments_that_were_told(
    zone: str, grace: int | None
) -> None:
    line = sim(zone=ZoneInfo(zone), carrier=carrier(None, grace_days=grace))
    readings = Readings(expiry=expiry(date(2026, 3, 28)))
    changes = stage_changes(line, lifecycle(line, readings, NOW))
    assert [stage for _, stage in changes] == [
        stage
        for stage in (Stage.EXPIRING, Stage.GRACE, Stage.LOST)
        if grace != 0 or stage is not Stage.GRACE
    ]
    before = Stage.ACTIVE
    for moment, stage in changes:
        eve = moment - timedelta(seconds=1)
        assert lifecycle(line, readings, eve).stage is before
        assert lifecycle(line, readings, moment).stage is stage
        before = stage
    assert stage_changes(line, lifecycle(line, Readings(), NOW)) == ()
