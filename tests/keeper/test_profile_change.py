"""A newer profile: the user hears of it with the old and the new dates."""

from dataclasses import replace
from datetime import date

from custom_components.sim_keeper.keeper.profile_change import (
    Dates,
    ProfileChange,
    profile_change,
)
from custom_components.sim_keeper.keeper.sim import Readings

from .builders import NOW, activity, carrier, rules, sim, usd

OLD = carrier(None, model="activity_window", window_days=90, grace_days=30)
NEW = carrier(None, model="activity_window", window_days=60, grace_days=0)
USED = Readings(last_activity=activity(date(2026, 2, 1)))


def test_the_dates_before_and_after_a_change_are_told() -> None:
    assert profile_change(sim(carrier=NEW), OLD, USED, NOW) == ProfileChange(
        facts=("window_days", "grace_days"),
        before=Dates(
            deadline=date(2026, 5, 2), grace_end=date(2026, 6, 1), days_bought=90
        ),
        after=Dates(
            deadline=date(2026, 4, 2), grace_end=date(2026, 4, 2), days_bought=60
        ),
    )


def test_what_does_not_bear_on_the_dates_is_no_news() -> None:
    noted = replace(OLD, notes="read again", as_of=2026, confirmed=True)
    assert profile_change(sim(carrier=noted), OLD, USED, NOW) is None


def test_a_change_is_told_even_where_no_date_is_known() -> None:
    line = sim(carrier=NEW, rules=rules(amount=usd("5")))
    found = profile_change(line, OLD, Readings(), NOW)
    nothing = Dates(deadline=None, grace_end=None, days_bought=None)
    assert found is not None
    assert (found.before, found.after) == (nothing, nothing)
