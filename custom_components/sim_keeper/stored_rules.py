"""The rules of a SIM as they stand in the options of its entry: plain text and numbers."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from .const import (
    CONF_AMOUNT,
    CONF_CALENDAR,
    CONF_CAP_CURRENCY,
    CONF_CHANNEL_TRUSTED,
    CONF_CHEAPEST,
    CONF_DAYS_BEFORE,
    CONF_DAYS_BEFORE_ACTIVITY,
    CONF_DAYS_BEFORE_GRACE_END,
    CONF_FILL_UP_TO,
    CONF_LAPSE,
    CONF_LOW_BALANCE,
    CONF_LOW_DATA,
    CONF_MODE,
    CONF_MODES,
    CONF_MONTHLY_CAP,
    CONF_ORDER_CAP,
    CONF_PAUSED_UNTIL,
    CONF_PAUSES,
    CONF_PRODUCT,
    CONF_RECHARGED_ELSEWHERE,
    CONF_SHADOW,
)
from .keeper.money import Money
from .keeper.schedule import Calendar, CountedFrom, Unit
from .keeper.sim import Mode, RuleKind, Rules


def rules_from(options: Mapping[str, Any], currency: str) -> Rules:
    """Return the rules in the options of a SIM whose credit is in this currency."""
    pays_in = options.get(CONF_CAP_CURRENCY)
    paused_until = options.get(CONF_PAUSED_UNTIL)
    return Rules(
        mode=Mode(options[CONF_MODE]),
        low_balance=_money(options, CONF_LOW_BALANCE, currency),
        low_data=_whole(options, CONF_LOW_DATA),
        days_before=_whole(options, CONF_DAYS_BEFORE),
        days_before_activity=_whole(options, CONF_DAYS_BEFORE_ACTIVITY),
        days_before_grace_end=_whole(options, CONF_DAYS_BEFORE_GRACE_END),
        calendar=_calendar(options.get(CONF_CALENDAR)),
        cheapest=options.get(CONF_CHEAPEST, False),
        amount=_money(options, CONF_AMOUNT, currency),
        fill_up_to=_money(options, CONF_FILL_UP_TO, currency),
        product=options.get(CONF_PRODUCT),
        monthly_cap=_money(options, CONF_MONTHLY_CAP, pays_in or currency),
        order_cap=_money(options, CONF_ORDER_CAP, pays_in or currency),
        pays_in=pays_in,
        shadow=options.get(CONF_SHADOW, False),
        modes={
            RuleKind(kind): Mode(mode)
            for kind, mode in options.get(CONF_MODES, {}).items()
        },
        pauses={
            RuleKind(kind): date.fromisoformat(day)
            for kind, day in options.get(CONF_PAUSES, {}).items()
        },
        paused_until=None if paused_until is None else date.fromisoformat(paused_until),
        lapse=options.get(CONF_LAPSE, False),
        recharged_elsewhere=options.get(CONF_RECHARGED_ELSEWHERE, False),
        channel_trusted=options.get(CONF_CHANNEL_TRUSTED, False),
    )


def stored_calendar(calendar: Calendar) -> dict[str, Any]:
    """Return a calendar as it is stored."""
    return {
        "start": calendar.start.isoformat(),
        "every": calendar.every,
        "unit": calendar.unit.value,
        "counted_from": calendar.counted_from.value,
    }


def _calendar(stored: Mapping[str, Any] | None) -> Calendar | None:
    if stored is None:
        return None
    return Calendar(
        start=date.fromisoformat(stored["start"]),
        every=int(stored["every"]),
        unit=Unit(stored["unit"]),
        counted_from=CountedFrom(stored["counted_from"]),
    )


def _whole(options: Mapping[str, Any], key: str) -> int | None:
    number = options.get(key)
    return None if number is None else int(number)


def _money(options: Mapping[str, Any], key: str, currency: str) -> Money | None:
    text = options.get(key)
    return None if text is None else Money.parse(text, currency)
