"""Adding a SIM, and changing what it is: the way through the screens."""

from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlowResult,
)
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import CountrySelector, TextSelector
import voluptuous as vol

from ..const import (
    CONF_ACCOUNT,
    CONF_CAP_CURRENCY,
    CONF_COUNTRY,
    CONF_CURRENCY,
    CONF_EPOCH,
    CONF_FIRST_READINGS,
    CONF_KIND,
    CONF_NUMBER,
    KIND_SIM,
)
from ..entries import account_entries, account_entry, new_epoch, sim_unique_id
from ..keeper.carrier_data import load_carriers
from ..phone import LineInvalid, LineKind, ParsedLine, known_line, parse_line
from .draft import SimDraft
from .form import Form, filled, update_and_abort
from .rules import (
    RULE_KEYS,
    Terms,
    new_rules,
    read_rules,
    rules_fields,
    rules_placeholders,
    shown_rules,
)
from .screens import SimScreens

_NUMBER_FIELDS = {
    vol.Required(CONF_NUMBER): TextSelector(),
    vol.Optional(CONF_COUNTRY): CountrySelector(),
    vol.Optional(CONF_NAME): TextSelector(),
}


class SimSteps(SimScreens):
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
        self.todo = ["carrier", "keep_alive", "rules"]
        return await self.go_on()

    async def async_step_change_channel(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change how the SIM is recharged."""
        self.todo = ["channel", "operator", "rules"]
        return await self.go_on()

    async def async_step_rules(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the rules, unless a change leaves them as they are."""
        terms = Terms(
            carrier=self.draft.profile(self.profiles),
            currency=self.draft.currency,
            account=account_entry(self.hass, self.draft.account),
        )
        entry = self._changed_entry
        if entry is not None and not _unsettled(entry, terms):
            return self._update(entry, dict(entry.options))
        form = None if user_input is None else Form(user_input)
        if form is not None:
            options = read_rules(form, terms)
            if self.passes(form):
                return self._finish(options)
        values = new_rules(terms) if entry is None else _suggested(entry, terms)
        return self.show(
            "rules",
            rules_fields(),
            values,
            form,
            rules_placeholders(terms),
            last_step=True,
        )

    @property
    def _changed_entry(self) -> ConfigEntry[Any] | None:
        if self.source != SOURCE_RECONFIGURE:
            return None
        return self._get_reconfigure_entry()

    def _finish(self, options: dict[str, Any]) -> ConfigFlowResult:
        entry = self._changed_entry
        if entry is not None:
            kept = {
                key: value
                for key, value in entry.options.items()
                if key not in RULE_KEYS
            }
            return self._update(entry, kept | options)
        data = {CONF_KIND: KIND_SIM, CONF_EPOCH: new_epoch(), **self.draft.data()}
        return self.async_create_entry(
            title=self.draft.title(self.profiles),
            data=data | {CONF_FIRST_READINGS: dict(self.draft.first_readings)},
            options=options,
        )

    def _update(
        self, entry: ConfigEntry[Any], options: dict[str, Any]
    ) -> ConfigFlowResult:
        """Write the change. Another number is another line: no old order may count for it."""
        data = self.draft.data()
        if data[CONF_NUMBER] != entry.data[CONF_NUMBER]:
            data[CONF_EPOCH] = new_epoch()
            data[CONF_FIRST_READINGS] = dict(self.draft.first_readings)
        return update_and_abort(
            self,
            entry,
            unique_id=sim_unique_id(data[CONF_NUMBER]),
            title=self.draft.title(self.profiles),
            data_updates=data,
            options=options,
        )

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


def _unsettled(entry: ConfigEntry[Any], terms: Terms) -> bool:
    """Whether the stored rules were made for another currency or another way to pay."""
    account = None if terms.account is None else terms.account.unique_id
    return (
        entry.data[CONF_CURRENCY] != terms.currency
        or entry.data[CONF_ACCOUNT] != account
        or entry.options.get(CONF_CAP_CURRENCY) != terms.cap_currency
    )


def _suggested(entry: ConfigEntry[Any], terms: Terms) -> dict[str, Any]:
    """Return what is left of the stored rules; the mode never goes up by itself."""
    fresh = new_rules(terms)
    if entry.data[CONF_CURRENCY] != terms.currency:
        return fresh
    return shown_rules(entry.options, terms) | {"mode": fresh["mode"]}
