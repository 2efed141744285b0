"""The options of a SIM: its rules."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult, OptionsFlow

from ..const import CONF_ACCOUNT, CONF_EPOCH, CONF_PRODUCT
from ..entries import account_entry, sim_from
from ..home import HOME
from ..keeper.carrier_data import load_carriers
from ..keeper.sim import Sim
from .choice import product_labels
from .form import Form
from .rule_fields import (
    by_section,
    in_sections,
    out_of_sections,
    section_fields,
    used_sections,
)
from .rules import read_rules, shown_rules, without_rules
from .rules_flow import RulesFlow
from .terms import Terms


class SimOptionsFlow(RulesFlow, OptionsFlow):
    """When a recharge is due, what is bought, how far SIM Keeper may go, and what comes of it."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go to the rules: `init` is also the household's, and each has its own texts."""
        return await self.async_step_rules(user_input)

    async def async_step_rules(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Edit the rules."""
        if self.seen_options is None:
            self.seen_options = dict(self.config_entry.options)
        terms = await self.read_terms()
        form = None
        if user_input is not None:
            self.typed_rules = out_of_sections(user_input)
            form = Form(self.typed_rules)
            options = read_rules(form, terms)
            if not form.errors:
                self.new_options = without_rules(self.config_entry.options) | options
                return await self.async_step_preview()
        return await self._show(terms, form)

    @property
    @override
    def stored_options(self) -> Mapping[str, Any]:
        """The options as they are by now."""
        return self.config_entry.options

    @property
    @override
    def typed_readings(self) -> None:
        """The ledger knows the SIM: nothing is typed here."""

    @override
    async def subject(self) -> tuple[Sim, ConfigEntry[Any] | None]:
        """Return the SIM of the entry, and its account."""
        entry = self.config_entry
        profiles = await self.hass.async_add_executor_job(load_carriers)
        sim = await self.hass.async_add_executor_job(sim_from, entry, profiles)
        return sim, account_entry(self.hass, entry.data[CONF_ACCOUNT])

    @override
    async def save_options(self) -> ConfigFlowResult:
        """Save the rules."""
        if HOME in self.hass.data:
            # Whoever saves the rules, changed or not, has seen what stands in the way.
            engine = self.hass.data[HOME].engine
            await engine.go_ahead(self.config_entry.data[CONF_EPOCH])
        return self.async_create_entry(data=self.new_options)

    async def _show(self, terms: Terms, form: Form | None) -> ConfigFlowResult:
        stored = self.config_entry.options
        values = self.typed_rules or shown_rules(stored, terms)
        labels = await product_labels(self.hass, terms, stored.get(CONF_PRODUCT))
        errors = {} if form is None else form.errors
        fields = section_fields(labels, terms, used_sections(values))
        shown = by_section(errors, fields)
        fields = section_fields(labels, terms, used_sections(values) | shown.keys())
        return self.show_rules(fields, in_sections(values, fields), shown, terms, form)
