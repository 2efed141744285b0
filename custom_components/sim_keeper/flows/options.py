"""The options of a SIM: its rules."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow

from ..const import CONF_ACCOUNT, CONF_EPOCH, CONF_PRODUCT
from ..entries import account_entry, sim_from
from ..home import HOME
from ..keeper.carrier_data import load_carriers
from ..stored_rules import rules_from
from .choice import product_labels, rules_placeholders
from .form import Form, FormFlow
from .preview import preview_text
from .prices import terms_for
from .rule_fields import (
    by_section,
    in_sections,
    out_of_sections,
    section_fields,
    used_sections,
)
from .rules import read_rules, shown_rules, without_rules
from .terms import Terms


class SimOptionsFlow(FormFlow, OptionsFlow):
    """When a recharge is due, what is bought, how far SIM Keeper may go, and what comes of it."""

    _terms: Terms | None = None
    _trouble: str | None = None
    """Why the price list is missing."""
    _typed: dict[str, Any] | None = None
    """What was typed last, not in sections."""
    _seen: dict[str, Any] | None = None
    """The options that were shown."""
    _new: dict[str, Any]
    """The options that wait to be saved."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go to the rules: `init` is also the household's, and each has its own texts."""
        return await self.async_step_rules(user_input)

    async def async_step_rules(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Edit the rules."""
        if self._seen is None:
            self._seen = dict(self.config_entry.options)
        terms = await self._read_terms()
        form = None
        if user_input is not None:
            self._typed = out_of_sections(user_input)
            form = Form(self._typed)
            options = read_rules(form, terms)
            if not form.errors:
                self._new = without_rules(self.config_entry.options) | options
                return await self.async_step_preview()
        return await self._show(terms, form)

    async def async_step_preview(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what the rules will do."""
        terms = await self._read_terms()
        sim = terms.sim_with(rules_from(self._new, terms.currency))
        text = await preview_text(self.hass, sim, terms, None)
        return self.async_show_menu(
            step_id="preview",
            menu_options=["save", "rules"],
            description_placeholders={"preview": text},
        )

    async def async_step_save(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Save the rules, unless they are others by now: a stop must not be undone unseen."""
        if self.config_entry.options != self._seen:
            return self.async_abort(reason="changed_meanwhile")
        if HOME in self.hass.data:
            # Whoever saves the rules, changed or not, has seen what stands in the way.
            engine = self.hass.data[HOME].engine
            await engine.go_ahead(self.config_entry.data[CONF_EPOCH])
        return self.async_create_entry(data=self._new)

    async def _read_terms(self) -> Terms:
        if self._terms is None:
            entry = self.config_entry
            profiles = await self.hass.async_add_executor_job(load_carriers)
            sim = await self.hass.async_add_executor_job(sim_from, entry, profiles)
            account = account_entry(self.hass, entry.data[CONF_ACCOUNT])
            self._terms, self._trouble = await terms_for(self.hass, sim, account)
        return self._terms

    async def _show(self, terms: Terms, form: Form | None) -> ConfigFlowResult:
        stored = self.config_entry.options
        values = self._typed or shown_rules(stored, terms)
        labels = await product_labels(self.hass, terms, stored.get(CONF_PRODUCT))
        errors = {} if form is None else form.errors
        fields = section_fields(labels, terms, used_sections(values))
        shown = by_section(errors, fields)
        fields = section_fields(labels, terms, used_sections(values) | shown.keys())
        if not shown and self._trouble is not None:
            shown = {"base": self._trouble}
        placed = in_sections(values, fields)
        return self.show(
            "rules",
            fields,
            placed,
            Form(placed, errors=shown) if shown else None,
            rules_placeholders(terms, form),
            last_step=False,
        )
