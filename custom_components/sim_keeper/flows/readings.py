"""The screen of the first readings: what the user knows of the SIM today."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.helpers.selector import DateSelector
import voluptuous as vol

from ..keeper.carriers import CarrierProfile, Model
from ..reach import is_far
from .form import AMOUNT, Form, filled, stored_amount

BALANCE = "balance"
EXPIRY = "expiry"
LAST_ACTIVITY = "last_activity"


def date_key(carrier: CarrierProfile) -> str:
    """Return which date says how long the number lives: it depends on the carrier's rule."""
    windows = (Model.ACTIVITY_WINDOW, Model.SPEND_WINDOW)
    return LAST_ACTIVITY if carrier.model in windows else EXPIRY


def readings_fields(carrier: CarrierProfile) -> dict[Any, Any]:
    """Return the fields of the first readings; all may stay empty."""
    return {
        vol.Optional(date_key(carrier)): DateSelector(),
        vol.Optional(BALANCE): AMOUNT,
    }


def read_readings(
    form: Form, carrier: CarrierProfile, zone: ZoneInfo, now: datetime
) -> dict[str, Any]:
    """Return what was typed, with its time; faults go to their fields."""
    balance = form.balance(BALANCE, carrier.currency)
    if balance is not None and balance.minor < 0:
        form.warnings[BALANCE] = "balance_negative"
    key = date_key(carrier)
    day = form.day(key)
    if day is not None:
        _check_day(form, key, day, now.astimezone(zone).date())
    return filled(
        {
            "at": now.isoformat(),
            BALANCE: balance and stored_amount(balance),
            key: day and day.isoformat(),
        }
    )


def _check_day(form: Form, key: str, day: date, today: date) -> None:
    if key == LAST_ACTIVITY and day > today:
        form.errors[key] = "date_in_future"
    elif is_far(day, today):
        form.errors[key] = "date_too_far"
    elif key == EXPIRY and day < today:
        form.warnings[key] = "expiry_past"
