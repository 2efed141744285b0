"""Adding a SIM, and changing what it is: the way through the screens."""

from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import CountrySelector, TextSelector
import voluptuous as vol

from ..const import CONF_COUNTRY, CONF_NUMBER
from ..entries import account_entries, sim_unique_id
from ..keeper.carrier_data import load_carriers
from ..phone import LineInvalid, LineKind, ParsedLine, known_line, parse_line
from .draft import SimDraft
from .form import Form, filled
from .rule_steps import RuleSteps

_NUMBER_FIELDS = {
    vol.Required(CONF_NUMBER): TextSelector(),
    vol.Optional(CONF_COUNTRY): CountrySelector(),
    vol.Optional(CONF_NAME): TextSelector(),
}


class SimSteps(RuleSteps):
    """From the number to the rules; a change visits only the screens that it needs."""

    async def async_step_sim(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the number of a new SIM."""
        form = None if user_input is None else Form(user_input)
        if form is not None:
            line = await self._typed_line(form)
            if line is not None and self.passes(form):
                await self.async_set_unique_id(sim_unique_id(line.number))
                self._abort_if_unique_id_configured()
                self.profiles = await self.hass.async_add_executor_job(load_carriers)
                self.draft = SimDraft(line=line, name=form.text(CONF_NAME))
                self.todo = ["carrier", "keep_alive", "readings"]
                self.todo += ["channel", "operator", "rules"]
                return await self.go_on()
        return self.show("sim", _NUMBER_FIELDS, {}, form)

    async def reconfigure_sim(self) -> ConfigFlowResult:
        """Ask what to change."""
        entry = self._get_reconfigure_entry()
        self.profiles = await self.hass.async_add_executor_job(load_carriers)
        line = await self.hass.async_add_executor_job(
            known_line, entry.data[CONF_NUMBER], entry.data[CONF_COUNTRY]
        )
        self.draft = SimDraft.of(entry, line, self.profiles)
        options = ["change_number", "change_carrier"]
        if line.kind is LineKind.PHONE and (
            account_entries(self.hass) or self.draft.account
        ):
            options.append("change_channel")
        return self.async_show_menu(step_id="reconfigure", menu_options=options)

    async def async_step_change_number(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the number or the name. Another number is another line."""
        entry, draft = self._get_reconfigure_entry(), self.draft
        form = None if user_input is None else Form(user_input)
        if form is not None:
            line = await self._typed_line(form)
            if line is not None and self._is_taken(line, entry):
                form.errors[CONF_NUMBER] = "already_configured"
            if line is not None and line.number == draft.line.number:
                # It was accepted when it was added.
                form.warnings.clear()
            if line is not None and self.passes(form):
                moved = line.country != draft.line.country
                renumbered = line.number != draft.line.number
                draft.name, draft.line = form.text(CONF_NAME), line
                self.todo = ["carrier", "keep_alive"] if moved else []
                self.todo += ["readings", "operator"] if renumbered else []
                self.todo += ["rules"]
                return await self.go_on()
        values = {CONF_NUMBER: draft.line.number, CONF_NAME: draft.name}
        if draft.line.kind is LineKind.DATA:
            values[CONF_COUNTRY] = draft.line.country
        return self.show("change_number", _NUMBER_FIELDS, filled(values), form)

    async def async_step_change_carrier(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the carrier or its rule."""
        self.sets_right = True
        self.todo = ["carrier", "keep_alive", "rules"]
        return await self.go_on()

    async def async_step_change_channel(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change how the SIM is recharged, or say once more that it is right."""
        self.sets_right = True
        self.todo = ["channel", "operator", "rules"]
        return await self.go_on()

    async def _typed_line(self, form: Form) -> ParsedLine | None:
        """Read the number; faults go to their fields."""
        read: Callable[[str, str | None], ParsedLine] = parse_line
        try:
            line = await self.hass.async_add_executor_job(
                read, str(form.typed[CONF_NUMBER]), form.text(CONF_COUNTRY)
            )
        except LineInvalid as err:
            field = (
                CONF_COUNTRY if err.reason == "number_needs_country" else CONF_NUMBER
            )
            form.errors[field] = err.reason
            return None
        if line.unusual is not None:
            form.warnings[CONF_NUMBER] = line.unusual
        return line

    def _is_taken(self, line: ParsedLine, entry: ConfigEntry[Any]) -> bool:
        found = self.hass.config_entries.async_entry_for_domain_unique_id(
            self.handler, sim_unique_id(line.number)
        )
        return found is not None and found.entry_id != entry.entry_id
