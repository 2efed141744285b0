"""The screen of the rules: when a recharge is due, how much, and how far we may go."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.config_entries import ConfigEntry
import voluptuous as vol

from ..const import (
    CONF_AMOUNT,
    CONF_CAP_CURRENCY,
    CONF_DAYS_BEFORE,
    CONF_LOW_BALANCE,
    CONF_MODE,
    CONF_MONTHLY_CAP,
    CONF_WALLET_CURRENCY,
)
from ..entries import is_loopback_account
from ..keeper.carriers import CarrierProfile, Event
from ..keeper.money import Money
from ..keeper.sim import Mode
from .form import (
    AMOUNT,
    Form,
    choice_field,
    days_field,
    filled,
    plain,
    shown_amount,
    stored_amount,
)

RULE_KEYS = (
    CONF_MODE,
    CONF_LOW_BALANCE,
    CONF_DAYS_BEFORE,
    CONF_AMOUNT,
    CONF_MONTHLY_CAP,
    CONF_CAP_CURRENCY,
)
# The earlier the more a person must do by hand.
DAYS_BEFORE = {Mode.OFF: 14, Mode.REMIND: 14, Mode.ASK: 10, Mode.AUTO: 5}
# A lost answer takes up to two days to be settled; the number must still be alive then.
AUTO_DAYS_MIN = 3
_DAYS_MAX = 365


def auto_allowed(account: ConfigEntry[Any]) -> bool:
    """Whether recharges through this account may be automatic. For now: simulators only."""
    return is_loopback_account(account)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the rules of a SIM are judged by."""

    carrier: CarrierProfile
    currency: str
    account: ConfigEntry[Any] | None

    @property
    def cap_currency(self) -> str:
        """The currency that pays."""
        if self.account is None:
            return self.currency
        return str(self.account.data[CONF_WALLET_CURRENCY])


def rules_fields() -> dict[Any, Any]:
    """Return the fields of the rules."""
    return {
        vol.Required(CONF_MODE): choice_field(Mode, "mode", as_list=True),
        vol.Optional(CONF_DAYS_BEFORE): days_field(most=_DAYS_MAX),
        vol.Optional(CONF_LOW_BALANCE): AMOUNT,
        vol.Optional(CONF_AMOUNT): AMOUNT,
        vol.Optional(CONF_MONTHLY_CAP): AMOUNT,
    }


def rules_placeholders(terms: Terms) -> dict[str, str]:
    """Return the currencies and the carrier that the texts name."""
    return {
        "carrier": plain(terms.carrier.name),
        "currency": terms.currency,
        "cap_currency": terms.cap_currency,
        "min_topup": str(terms.carrier.min_topup or "–"),
        "auto_days": str(AUTO_DAYS_MIN),
    }


def new_rules(terms: Terms) -> dict[str, Any]:
    """Return the rules to suggest for a SIM that has none."""
    mode = Mode.REMIND if terms.account is None else Mode.ASK
    return filled(
        {
            CONF_MODE: mode.value,
            CONF_DAYS_BEFORE: DAYS_BEFORE[mode],
            CONF_AMOUNT: shown_amount(_usual_amount(terms.carrier)),
        }
    )


def shown_rules(options: Mapping[str, Any], terms: Terms) -> dict[str, Any]:
    """Return stored rules as the form shows them; a cap in another currency is no cap."""
    values = {key: options.get(key) for key in RULE_KEYS}
    form = Form(values)
    return filled(
        {
            CONF_MODE: values[CONF_MODE],
            CONF_DAYS_BEFORE: values[CONF_DAYS_BEFORE],
            CONF_LOW_BALANCE: shown_amount(
                form.amount(CONF_LOW_BALANCE, terms.currency)
            ),
            CONF_AMOUNT: shown_amount(form.amount(CONF_AMOUNT, terms.currency)),
            CONF_MONTHLY_CAP: shown_amount(
                form.amount(CONF_MONTHLY_CAP, terms.cap_currency)
            )
            if values[CONF_CAP_CURRENCY] == terms.cap_currency
            else None,
        }
    )


def read_rules(form: Form, terms: Terms) -> dict[str, Any]:
    """Return the options that were typed; faults go to their fields."""
    mode = Mode(form.typed[CONF_MODE])
    low = form.amount(CONF_LOW_BALANCE, terms.currency)
    amount = form.amount(CONF_AMOUNT, terms.currency)
    cap = form.amount(CONF_MONTHLY_CAP, terms.cap_currency)
    days = form.whole(CONF_DAYS_BEFORE)
    if days is None and low is None:
        # Without any rule nothing would ever happen, and nobody would notice.
        days = DAYS_BEFORE[mode]
    if amount is not None:
        _check_amount(form, terms, amount)
    if amount and cap and amount.currency == cap.currency and cap < amount:
        form.errors[CONF_MONTHLY_CAP] = "cap_below_amount"
    _check_mode(form, terms, mode, days)
    return filled(
        {
            CONF_MODE: mode.value,
            CONF_LOW_BALANCE: low and stored_amount(low),
            CONF_DAYS_BEFORE: days,
            CONF_AMOUNT: amount and stored_amount(amount),
            CONF_MONTHLY_CAP: cap and stored_amount(cap),
            CONF_CAP_CURRENCY: terms.cap_currency,
        }
    )


def _check_mode(form: Form, terms: Terms, mode: Mode, days: int | None) -> None:
    if mode is Mode.AUTO and terms.account is None:
        form.errors[CONF_MODE] = "auto_needs_account"
        return
    if mode is Mode.AUTO and terms.account and not auto_allowed(terms.account):
        form.errors[CONF_MODE] = "auto_not_yet"
        return
    if mode is Mode.AUTO or (mode is Mode.ASK and terms.account):
        _require(form, CONF_AMOUNT, "amount_required")
    if mode is Mode.AUTO:
        _require(form, CONF_MONTHLY_CAP, "cap_required")
        if days is not None and days < AUTO_DAYS_MIN:
            form.errors[CONF_DAYS_BEFORE] = "days_too_few"


def _require(form: Form, key: str, reason: str) -> None:
    if form.text(key) is None:
        form.errors[key] = reason


def _check_amount(form: Form, terms: Terms, amount: Money) -> None:
    """Warn of an amount that will not help the number."""
    carrier = terms.carrier
    if carrier.min_topup is not None and amount < carrier.min_topup:
        form.warnings[CONF_AMOUNT] = "amount_below_minimum"
    elif (carrier.tiers or carrier.window_days) and carrier.days_for(amount) is None:
        form.warnings[CONF_AMOUNT] = "amount_buys_no_days"


def _usual_amount(carrier: CarrierProfile) -> Money | None:
    """Return the smallest payment that keeps the number alive, where it is known."""
    if carrier.events.isdisjoint({Event.TOPUP, Event.PLAN_RENEWAL}):
        return None
    known = (carrier.min_topup, *(tier.amount for tier in carrier.tiers[:1]))
    return max(filter(None, known), key=lambda money: money.minor, default=None)
