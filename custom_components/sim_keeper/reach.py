"""How far away a day may be that somebody types, or that an automation gives."""

from datetime import date, timedelta

from .keeper.carrier_data import MAX_DAYS
from .keeper.errors import OrderRefused
from .keeper.statements import Typed


def is_far(day: date, today: date) -> bool:
    """Tell whether a day is so far away that it is a slip of the keyboard.

    Sensors and calendars cannot show what lies at either end of the calendar.
    """
    return abs(day - today) > timedelta(days=MAX_DAYS)


def check_reach(day: date, today: date) -> None:
    """Raise OrderRefused for a day that is too far away to be right."""
    if is_far(day, today):
        raise OrderRefused("date_too_far")


def check_past(day: date, today: date) -> None:
    """Raise OrderRefused for a day that is too long ago; what lies ahead is the heart's to judge."""
    check_reach(min(day, today), today)


def check_typed(typed: Typed, today: date) -> Typed:
    """Return what a person typed. Raises OrderRefused where one of its days is too far away."""
    if typed.expiry is not None:
        check_reach(typed.expiry, today)
    if typed.last_activity is not None:
        check_past(typed.last_activity, today)
    return typed
