"""What is typed about the rules: read, judged, stored, and shown again."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from ..const import (
    BYTES_PER_MEGABYTE,
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
    CONF_PRODUCT,
    CONF_RECHARGED_ELSEWHERE,
    CONF_SHADOW,
    MEGABYTES_MAX,
)
from ..keeper.contradictions import REFUSED, Contradiction, set_rules
from ..keeper.money import Money
from ..keeper.schedule import Calendar, CountedFrom, Unit
from ..keeper.sim import Mode, RuleKind, Rules
from ..reach import is_far
from ..stored_rules import rules_from, stored_calendar
from .choice import read_choice, shown_choice, usual_amount
from .form import Form, filled, shown_amount, stored_amount
from .terms import AUTO_DAYS_MIN, Terms

RULE_KEYS = (
    *(CONF_MODE, CONF_LOW_BALANCE, CONF_LOW_DATA, CONF_DAYS_BEFORE),
    *(CONF_DAYS_BEFORE_ACTIVITY, CONF_DAYS_BEFORE_GRACE_END, CONF_CALENDAR),
    *(CONF_CHEAPEST, CONF_AMOUNT, CONF_FILL_UP_TO, CONF_PRODUCT),
    *(CONF_MONTHLY_CAP, CONF_ORDER_CAP, CONF_CAP_CURRENCY, CONF_MODES),
    *(CONF_PAUSED_UNTIL, CONF_LAPSE, CONF_RECHARGED_ELSEWHERE, CONF_SHADOW),
    CONF_CHANNEL_TRUSTED,
)
"""What the forms set. Pauses of single rules are set by actions, and stay."""
LIKE_SIM = "like_sim"
CALENDAR_START = "calendar_start"
CALENDAR_EVERY = "calendar_every"
CALENDAR_UNIT = "calendar_unit"
CALENDAR_FROM = "calendar_from"
# The earlier the more a person must do by hand.
DAYS_BEFORE = {Mode.OFF: 14, Mode.REMIND: 14, Mode.ASK: 10, Mode.AUTO: 5}
_DAYS_FIELDS = (
    CONF_DAYS_BEFORE,
    CONF_DAYS_BEFORE_ACTIVITY,
    CONF_DAYS_BEFORE_GRACE_END,
)
_FLAGS = (
    *(CONF_CHEAPEST, CONF_LAPSE, CONF_RECHARGED_ELSEWHERE, CONF_SHADOW),
    CONF_CHANNEL_TRUSTED,
)
_FAULTS = {
    Contradiction.THRESHOLD_ABOVE_TARGET: (CONF_FILL_UP_TO, "threshold_above_target"),
    Contradiction.AMOUNT_ABOVE_CAP: (CONF_MONTHLY_CAP, "amount_above_cap"),
    Contradiction.NOTHING_TO_BUY: (CONF_AMOUNT, "amount_required"),
}
"""Where a form shows what can never work. Two currencies cannot be typed there."""


def mode_field(kind: RuleKind) -> str:
    """Return the name of the field for a rule's own mode."""
    return f"mode_{kind.value}"


def without_rules(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that no form sets."""
    return {key: value for key, value in options.items() if key not in RULE_KEYS}


def new_rules(terms: Terms) -> dict[str, Any]:
    """Return the rules to suggest for a SIM that has none."""
    mode = Mode.REMIND if terms.account is None else Mode.ASK
    days = DAYS_BEFORE[mode]
    values: dict[str, Any] = {CONF_MODE: mode.value, CONF_DAYS_BEFORE: days}
    return values | shown_choice(terms, usual_amount(terms, days), None)


def shown_rules(options: Mapping[str, Any], terms: Terms) -> dict[str, Any]:
    """Return stored rules as the forms show them; a cap in another currency is no cap."""
    known = dict(options)
    if options.get(CONF_CAP_CURRENCY) != terms.cap_currency:
        known.pop(CONF_MONTHLY_CAP, None)
        known.pop(CONF_ORDER_CAP, None)
        known.pop(CONF_CAP_CURRENCY, None)
    rules = rules_from(known, terms.currency)
    low_data = rules.low_data
    values = {
        CONF_MODE: rules.mode.value,
        CONF_LOW_BALANCE: shown_amount(rules.low_balance),
        CONF_LOW_DATA: None if low_data is None else low_data // BYTES_PER_MEGABYTE,
        CONF_DAYS_BEFORE: rules.days_before,
        CONF_DAYS_BEFORE_ACTIVITY: rules.days_before_activity,
        CONF_DAYS_BEFORE_GRACE_END: rules.days_before_grace_end,
        CONF_FILL_UP_TO: shown_amount(rules.fill_up_to),
        CONF_MONTHLY_CAP: shown_amount(rules.monthly_cap),
        CONF_ORDER_CAP: shown_amount(rules.order_cap),
        CONF_PAUSED_UNTIL: _shown_pause(rules, terms.today),
        **{mode_field(kind): mode.value for kind, mode in rules.modes.items()},
        **{flag: True for flag in _FLAGS if getattr(rules, flag)},
        **_shown_calendar(rules.calendar),
    }
    return filled(values) | shown_choice(terms, rules.amount, rules.product)


def read_rules(form: Form, terms: Terms) -> dict[str, Any]:
    """Return the options that were typed; faults go to their fields."""
    mode = Mode(form.typed[CONF_MODE])
    amount, product = read_choice(form, terms)
    stored = _read_when(form, terms) | {
        CONF_MODE: mode.value,
        CONF_AMOUNT: _stored(amount),
        CONF_PRODUCT: product,
        CONF_FILL_UP_TO: _stored(form.amount(CONF_FILL_UP_TO, terms.currency)),
        CONF_MONTHLY_CAP: _stored(form.amount(CONF_MONTHLY_CAP, terms.cap_currency)),
        CONF_ORDER_CAP: _stored(form.amount(CONF_ORDER_CAP, terms.cap_currency)),
        CONF_CAP_CURRENCY: terms.cap_currency,
        CONF_MODES: _read_modes(form) or None,
        CONF_PAUSED_UNTIL: _read_pause(form, terms.today),
        **{flag: True for flag in _FLAGS if form.typed.get(flag)},
    }
    options = filled(stored)
    if form.errors:
        return options
    rules = rules_from(options, terms.currency)
    silent = rules.lapse or rules.recharged_elsewhere
    if not set_rules(terms.sim_with(rules)) and not silent:
        # Without any rule nothing would ever happen, and nobody would notice.
        options[CONF_DAYS_BEFORE] = DAYS_BEFORE[mode]
        rules = rules_from(options, terms.currency)
    _check_mode(form, terms, rules)
    _check_together(form, terms, rules)
    return options


def _read_when(form: Form, terms: Terms) -> dict[str, Any]:
    low_data = form.whole(CONF_LOW_DATA, MEGABYTES_MAX)
    calendar = _read_calendar(form, terms.today)
    return {
        CONF_LOW_BALANCE: _stored(form.amount(CONF_LOW_BALANCE, terms.currency)),
        CONF_LOW_DATA: None if low_data is None else low_data * BYTES_PER_MEGABYTE,
        CONF_DAYS_BEFORE: form.whole(CONF_DAYS_BEFORE),
        CONF_DAYS_BEFORE_ACTIVITY: form.whole(CONF_DAYS_BEFORE_ACTIVITY),
        CONF_DAYS_BEFORE_GRACE_END: form.whole(CONF_DAYS_BEFORE_GRACE_END),
        CONF_CALENDAR: None if calendar is None else stored_calendar(calendar),
    }


def _read_calendar(form: Form, today: date) -> Calendar | None:
    start, every = form.day(CALENDAR_START), form.whole(CALENDAR_EVERY)
    if start is None and every is None:
        return None
    if start is None or every is None:
        form.errors[CALENDAR_START] = "calendar_incomplete"
        return None
    if start > today and is_far(start, today):
        # A start that is long past is good for ever; the forms show it again.
        form.errors[CALENDAR_START] = "date_too_far"
        return None
    return Calendar(
        start=start,
        every=every,
        unit=Unit(form.typed.get(CALENDAR_UNIT) or Unit.MONTHS),
        counted_from=CountedFrom(form.typed.get(CALENDAR_FROM) or CountedFrom.ANCHOR),
    )


def _shown_calendar(calendar: Calendar | None) -> dict[str, Any]:
    if calendar is None:
        return {}
    return {
        CALENDAR_START: calendar.start.isoformat(),
        CALENDAR_EVERY: calendar.every,
        CALENDAR_UNIT: calendar.unit.value,
        CALENDAR_FROM: calendar.counted_from.value,
    }


def _read_pause(form: Form, today: date) -> str | None:
    day = form.day(CONF_PAUSED_UNTIL)
    if day is not None and day <= today:
        form.errors[CONF_PAUSED_UNTIL] = "pause_over"
    elif day is not None and is_far(day, today):
        form.errors[CONF_PAUSED_UNTIL] = "date_too_far"
    return None if day is None else day.isoformat()


def _shown_pause(rules: Rules, today: date) -> str | None:
    day = rules.paused_until
    return None if day is None or day <= today else day.isoformat()


def _read_modes(form: Form) -> dict[str, str]:
    typed = {kind.value: form.text(mode_field(kind)) for kind in RuleKind}
    return {kind: mode for kind, mode in typed.items() if mode and mode != LIKE_SIM}


def _check_mode(form: Form, terms: Terms, rules: Rules) -> None:
    if rules.mode is not Mode.AUTO:
        return
    if terms.account is None:
        form.errors[CONF_MODE] = "auto_needs_account"
        return
    if rules.monthly_cap is None:
        form.errors[CONF_MONTHLY_CAP] = "cap_required"
    for field in _DAYS_FIELDS:
        days = getattr(rules, field)
        if days is not None and days < AUTO_DAYS_MIN:
            form.errors[field] = "days_too_few"


def _check_together(form: Form, terms: Terms, rules: Rules) -> None:
    """Refuse what can never work; of the rest the preview warns."""
    prices = terms.prices
    if rules.fill_up_to is not None and prices and not prices.takes_any_amount:
        form.errors[CONF_FILL_UP_TO] = "fill_up_not_sold"
    for found in terms.contradictions(rules):
        if found in REFUSED and found in _FAULTS:
            field, reason = _FAULTS[found]
            form.errors.setdefault(field, reason)


def _stored(money: Money | None) -> str | None:
    return None if money is None else stored_amount(money)
