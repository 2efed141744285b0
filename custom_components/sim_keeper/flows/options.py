"""The options of a SIM: its rules."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow

from ..const import CONF_ACCOUNT, CONF_CURRENCY, CONF_EPOCH
from ..entries import account_entry, carrier_of
from ..home import HOME
from ..keeper.carrier_data import load_carriers
from .form import Form, FormFlow
from .rules import (
    RULE_KEYS,
    Terms,
    read_rules,
    rules_fields,
    rules_placeholders,
    shown_rules,
)


class SimOptionsFlow(FormFlow, OptionsFlow):
    """When a recharge is due, how much, and how far SIM Keeper may go."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go to the rules: `init` is also the household's, and each has its own texts."""
        return await self.async_step_rules(user_input)

    async def async_step_rules(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Edit the rules."""
        entry = self.config_entry
        profiles = await self.hass.async_add_executor_job(load_carriers)
        terms = Terms(
            carrier=carrier_of(entry.data, profiles),
            currency=entry.data[CONF_CURRENCY],
            account=account_entry(self.hass, entry.data[CONF_ACCOUNT]),
        )
        form = None if user_input is None else Form(user_input)
        if form is not None:
            options = read_rules(form, terms)
            if self.passes(form):
                if HOME in self.hass.data:
                    # Whoever saves the rules, changed or not, has seen what stands in the way.
                    engine = self.hass.data[HOME].engine
                    await engine.go_ahead(entry.data[CONF_EPOCH])
                kept = {
                    key: value
                    for key, value in entry.options.items()
                    if key not in RULE_KEYS
                }
                return self.async_create_entry(data=kept | options)
        values = shown_rules(entry.options, terms)
        return self.show(
            "rules",
            rules_fields(),
            values,
            form,
            rules_placeholders(terms),
            last_step=True,
        )
