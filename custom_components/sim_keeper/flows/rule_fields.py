"""The fields of the rules: the few that everybody needs, and all of them in sections."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    DateSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)
import voluptuous as vol

from ..const import (
    CONF_AMOUNT,
    CONF_CALENDAR,
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
)
from ..entries import is_action
from ..keeper.carriers import activity_limit, rescue_days
from ..keeper.schedule import CountedFrom, Unit
from ..keeper.sim import Mode, RuleKind
from .choice import OWN_AMOUNT
from .form import AMOUNT, choice_field, days_field
from .rules import (
    CALENDAR_EVERY,
    CALENDAR_FROM,
    CALENDAR_START,
    CALENDAR_UNIT,
    LIKE_SIM,
    mode_field,
)
from .terms import Terms

WHEN = "when"
WHAT = "what"
LIMITS = "limits"
STATE = "state"
_DAYS_MAX = 365
_EVERY_MAX = 120
# Its upper limit is checked by us: whoever passes it is told so in his language.
_DATA = NumberSelector(
    NumberSelectorConfig(
        min=1, step=1, mode=NumberSelectorMode.BOX, unit_of_measurement="MB"
    )
)

type Fields = dict[Any, Any]


def short_fields(labels: Iterable[tuple[str, str]], terms: Terms) -> Fields:
    """Return the fields that a new SIM needs."""
    return {
        vol.Required(CONF_MODE): choice_field(Mode, "mode", as_list=True),
        vol.Optional(CONF_DAYS_BEFORE): days_field(most=_DAYS_MAX),
        vol.Optional(CONF_LOW_BALANCE): AMOUNT,
        **_choice(labels, terms),
        vol.Optional(CONF_MONTHLY_CAP): AMOUNT,
    }


def section_fields(
    labels: Iterable[tuple[str, str]], terms: Terms, opened: Collection[str]
) -> Fields:
    """Return all fields in their sections; those that are rarely used begin closed."""
    sections: dict[str, Fields] = {
        WHEN: _when(terms),
        CONF_CALENDAR: _calendar(),
        WHAT: {**_choice(labels, terms), vol.Optional(CONF_FILL_UP_TO): AMOUNT},
        LIMITS: {
            vol.Optional(CONF_MONTHLY_CAP): AMOUNT,
            vol.Optional(CONF_ORDER_CAP): AMOUNT,
            **_trust(terms),
        },
        STATE: {
            vol.Optional(CONF_PAUSED_UNTIL): DateSelector(),
            vol.Optional(CONF_SHADOW): BooleanSelector(),
            vol.Optional(CONF_RECHARGED_ELSEWHERE): BooleanSelector(),
            vol.Optional(CONF_LAPSE): BooleanSelector(),
        },
        CONF_MODES: _modes(),
    }
    always = {WHEN, WHAT, LIMITS}
    return {
        vol.Required(CONF_MODE): choice_field(Mode, "mode", as_list=True),
        **{
            vol.Required(name): section(
                vol.Schema(fields), {"collapsed": name not in always | set(opened)}
            )
            for name, fields in sections.items()
        },
    }


def in_sections(values: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    """Return plain values as the sections hold them."""
    placed = {key: value for key, value in values.items() if key == CONF_MODE}
    for marker, field in fields.items():
        if isinstance(field, section):
            names = [str(inner) for inner in field.schema.schema]
            placed[str(marker)] = {n: values[n] for n in names if n in values}
    return placed


def out_of_sections(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed into sections as plain values."""
    plain: dict[str, Any] = {}
    for name, value in typed.items():
        plain |= value if isinstance(value, Mapping) else {name: value}
    return plain


def by_section(errors: Mapping[str, str], fields: Fields) -> dict[str, str]:
    """Return faults as the form can show them: a section shows one for all of its fields."""
    found: dict[str, str] = {}
    homes = {
        str(inner): str(marker)
        for marker, field in fields.items()
        if isinstance(field, section)
        for inner in field.schema.schema
    }
    for name, reason in errors.items():
        found.setdefault(homes.get(name, name), reason)
    return found


def used_sections(values: Mapping[str, Any]) -> set[str]:
    """Return the sections that begin closed, and have something set in them."""
    used = set()
    if CALENDAR_START in values:
        used.add(CONF_CALENDAR)
    state = (CONF_PAUSED_UNTIL, CONF_LAPSE, CONF_RECHARGED_ELSEWHERE, CONF_SHADOW)
    if any(name in values for name in state):
        used.add(STATE)
    if any(mode_field(kind) in values for kind in RuleKind):
        used.add(CONF_MODES)
    return used


def _when(terms: Terms) -> Fields:
    """Return the fields of the rules that can ever be due for this carrier."""
    carrier = terms.carrier
    fields: Fields = {vol.Optional(CONF_DAYS_BEFORE): days_field(most=_DAYS_MAX)}
    if activity_limit(carrier, terms.today) is not None:
        fields[vol.Optional(CONF_DAYS_BEFORE_ACTIVITY)] = days_field(most=_DAYS_MAX)
    if rescue_days(carrier) is not None:
        fields[vol.Optional(CONF_DAYS_BEFORE_GRACE_END)] = days_field(most=_DAYS_MAX)
    return fields | {
        vol.Optional(CONF_LOW_BALANCE): AMOUNT,
        vol.Optional(CONF_LOW_DATA): _DATA,
        vol.Optional(CONF_CHEAPEST): BooleanSelector(),
    }


def _trust(terms: Terms) -> Fields:
    if terms.account is None or not is_action(terms.account):
        return {}
    return {vol.Optional(CONF_CHANNEL_TRUSTED): BooleanSelector()}


def _calendar() -> Fields:
    return {
        vol.Optional(CALENDAR_START): DateSelector(),
        vol.Optional(CALENDAR_EVERY): days_field(most=_EVERY_MAX),
        vol.Optional(CALENDAR_UNIT): choice_field(Unit, "calendar_unit"),
        vol.Optional(CALENDAR_FROM): choice_field(CountedFrom, "counted_from"),
    }


def _modes() -> Fields:
    modes = choice_field((LIKE_SIM, *Mode), "rule_mode")
    return {vol.Optional(mode_field(kind)): modes for kind in RuleKind}


def _choice(labels: Iterable[tuple[str, str]], terms: Terms) -> Fields:
    """Return the fields of what is bought; the list only where there is one."""
    options: list[str | tuple[str, str]] = list(labels)
    if not options:
        return {vol.Optional(CONF_AMOUNT): AMOUNT}
    if terms.prices is not None and terms.prices.takes_any_amount:
        options.append(OWN_AMOUNT)
    return {
        vol.Optional(CONF_PRODUCT): choice_field(options, "product"),
        vol.Optional(CONF_AMOUNT): AMOUNT,
    }
