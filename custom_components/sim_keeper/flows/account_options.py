"""The options of an account: how much it may spend, and when to warn of its money."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import DateSelector
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..channels import PROVIDERS
from ..const import (
    CONF_CAP_CURRENCY,
    CONF_LOW_WALLET,
    CONF_MONTHLY_CAP,
    CONF_PAYMENT_EXPIRES,
    CONF_PROVIDER,
    CONF_WALLET_CURRENCY,
)
from ..entries import is_action
from ..reach import is_far
from .form import AMOUNT, Form, FormFlow, filled, plain, shown_amount, stored_amount

_OWN = (CONF_MONTHLY_CAP, CONF_LOW_WALLET, CONF_CAP_CURRENCY, CONF_PAYMENT_EXPIRES)


class AccountOptionsFlow(FormFlow, OptionsFlow):
    """No card and no bank account is asked for: only the day on which it runs out."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go to the settings: `init` is also the SIM's, and each has its own texts."""
        if is_action(self.config_entry):
            return await self.async_step_action_options(user_input)
        return await self.async_step_account_options(user_input)

    async def async_step_account_options(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the limit, the threshold and the day."""
        entry = self.config_entry
        currency = str(entry.data[CONF_WALLET_CURRENCY])
        form = None if user_input is None else Form(user_input)
        if form is not None:
            options = _typed_options(form, currency, dt_util.now().date())
            if self.passes(form):
                kept = {
                    key: value
                    for key, value in entry.options.items()
                    if key not in _OWN
                }
                return self.async_create_entry(data=kept | options)
        provider = PROVIDERS[entry.data[CONF_PROVIDER]]
        return self.show(
            "account_options",
            {
                vol.Optional(CONF_MONTHLY_CAP): AMOUNT,
                vol.Optional(CONF_LOW_WALLET): AMOUNT,
                vol.Optional(CONF_PAYMENT_EXPIRES): DateSelector(),
            },
            _shown(entry.options, currency),
            form,
            {
                "provider": provider.name,
                "funding_url": provider.funding_url,
                "currency": currency,
            },
            last_step=True,
        )

    async def async_step_action_options(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the limit of an action: it has no wallet that could run dry."""
        entry = self.config_entry
        currency = str(entry.data[CONF_WALLET_CURRENCY])
        form = None if user_input is None else Form(user_input)
        if form is not None:
            options = _typed_options(form, currency, dt_util.now().date())
            if self.passes(form):
                return self.async_create_entry(data=options)
        return self.show(
            "action_options",
            {vol.Optional(CONF_MONTHLY_CAP): AMOUNT},
            _shown(entry.options, currency),
            form,
            {"action": plain(entry.title), "currency": currency},
            last_step=True,
        )


def _shown(options: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """Return the stored options as the form shows them; money in another currency is none."""
    shown = {CONF_PAYMENT_EXPIRES: options.get(CONF_PAYMENT_EXPIRES)}
    if options.get(CONF_CAP_CURRENCY) == currency:
        form = Form(options)
        for key in (CONF_MONTHLY_CAP, CONF_LOW_WALLET):
            shown[key] = shown_amount(form.amount(key, currency))
    return filled(shown)


def _typed_options(form: Form, currency: str, today: date) -> dict[str, Any]:
    """Return the options that were typed; faults go to their fields."""
    cap = form.amount(CONF_MONTHLY_CAP, currency)
    low = form.amount(CONF_LOW_WALLET, currency)
    expires = form.day(CONF_PAYMENT_EXPIRES)
    if expires is not None and expires < today:
        form.errors[CONF_PAYMENT_EXPIRES] = "day_passed"
    elif expires is not None and is_far(expires, today):
        form.errors[CONF_PAYMENT_EXPIRES] = "date_too_far"
    return filled(
        {
            CONF_MONTHLY_CAP: cap and stored_amount(cap),
            CONF_LOW_WALLET: low and stored_amount(low),
            CONF_CAP_CURRENCY: currency,
            CONF_PAYMENT_EXPIRES: expires and expires.isoformat(),
        }
    )
