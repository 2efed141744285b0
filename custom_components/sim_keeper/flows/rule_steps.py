"""The last screens of adding or changing a SIM: its rules, and what they will do."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlowResult,
)

from ..const import (
    CONF_ACCOUNT,
    CONF_CAP_CURRENCY,
    CONF_CARRIER,
    CONF_CHANNEL_TRUSTED,
    CONF_CURRENCY,
    CONF_EPOCH,
    CONF_FIRST_READINGS,
    CONF_KIND,
    CONF_MODE,
    CONF_NUMBER,
    CONF_OPERATOR,
    CONF_PRODUCT,
    KIND_SIM,
)
from ..entries import account_entry, first_readings, new_epoch, sim_of, sim_unique_id
from ..home import HOME
from ..keeper.sim import Mode, Readings, Rules, Sim
from .choice import product_labels
from .form import Form, update_and_abort
from .rule_fields import Fields, short_fields
from .rules import new_rules, read_rules, shown_rules, without_rules
from .rules_flow import RulesFlow
from .screens import SimScreens
from .terms import Terms, cap_currency

_RECIPIENT = (CONF_NUMBER, CONF_CARRIER, CONF_OPERATOR)
"""Who gets what is bought."""


class RuleSteps(RulesFlow, SimScreens):
    """The few rules that everybody needs; the options have the rest."""

    sets_right: bool = False
    """A change may be what earlier refusals of a SIM wait for; a name never is."""

    async def async_step_rules(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the rules, unless a change leaves them as they are."""
        entry = self._changed_entry
        if entry is not None and self.seen_options is None:
            if not self._is_unsettled(entry):
                return await self._update(entry, dict(entry.options))
            self.seen_options = dict(entry.options)
        terms = await self.read_terms()
        form = None
        if user_input is not None:
            self.typed_rules = user_input
            form = Form(self._hidden(terms) | user_input)
            options = read_rules(form, terms)
            if not form.errors:
                self.new_options = options
                return await self.async_step_preview()
        return await self._show_rules(terms, form)

    async def _show_rules(self, terms: Terms, form: Form | None) -> ConfigFlowResult:
        entry = self._changed_entry
        if self.typed_rules is not None:
            values = self.typed_rules
        elif entry is None:
            values = new_rules(terms)
        else:
            values = self._suggested(entry, terms)
        stored = None if entry is None else entry.options.get(CONF_PRODUCT)
        labels = await product_labels(self.hass, terms, stored)
        fields = short_fields(labels, terms)
        errors = {} if form is None else _at_their_fields(form.errors, fields)
        return self.show_rules(fields, values, errors, terms, form)

    @property
    @override
    def stored_options(self) -> Mapping[str, Any] | None:
        """The options of the SIM that is changed."""
        entry = self._changed_entry
        return None if entry is None else entry.options

    @override
    async def subject(self) -> tuple[Sim, ConfigEntry[Any] | None]:
        """Return the SIM as drafted, and the account that was chosen."""
        sim = await self.hass.async_add_executor_job(self._sim)
        return sim, account_entry(self.hass, self.draft.account)

    def _sim(self) -> Sim:
        """Return the SIM as drafted. May read the small file of its time zone."""
        data, entry = self.draft.data(), self._changed_entry
        if entry is not None and not self._is_renumbered(entry):
            data[CONF_EPOCH] = entry.data[CONF_EPOCH]
        return sim_of(data, Rules(mode=Mode.OFF), self.profiles)

    @property
    @override
    def typed_readings(self) -> Readings | None:
        """The readings that were typed; None where the ledger knows the SIM."""
        entry = self._changed_entry
        if entry is not None and not self._is_renumbered(entry):
            return None
        typed = first_readings(dict(self.draft.first_readings), self.draft.currency)
        return Readings(**{reading.field.value: reading for reading in typed})

    def _hidden(self, terms: Terms) -> dict[str, Any]:
        """Return the stored rules for which this screen has no field: they stay."""
        entry = self._changed_entry
        if entry is None:
            return {}
        shown = {str(marker) for marker in short_fields((("", ""),), terms)}
        stored = self._suggested(entry, terms)
        return {key: value for key, value in stored.items() if key not in shown}

    def _suggested(self, entry: ConfigEntry[Any], terms: Terms) -> dict[str, Any]:
        """Return what is left of the stored rules; the mode never goes up by itself."""
        fresh = new_rules(terms)
        if entry.data[CONF_CURRENCY] != terms.currency:
            return fresh
        stored = shown_rules(entry.options, terms) | {"mode": fresh["mode"]}
        if entry.data[CONF_ACCOUNT] != self.draft.account:
            # It was said of another action.
            stored.pop(CONF_CHANNEL_TRUSTED, None)
        return stored

    def _is_renumbered(self, entry: ConfigEntry[Any]) -> bool:
        return bool(self.draft.line.number != entry.data[CONF_NUMBER])

    def _is_unsettled(self, entry: ConfigEntry[Any]) -> bool:
        """Whether the stored rules were made for another currency, or another way to pay.

        What is bought without asking was also allowed for this number at this operator only.
        """
        draft, data = self.draft, self.draft.data()
        account = account_entry(self.hass, draft.account)
        automatic = entry.options.get(CONF_MODE) == Mode.AUTO
        return (
            (automatic and any(data[key] != entry.data[key] for key in _RECIPIENT))
            or entry.data[CONF_CURRENCY] != draft.currency
            or entry.data[CONF_ACCOUNT] != (account and account.unique_id)
            or entry.options.get(CONF_CAP_CURRENCY)
            != cap_currency(account, draft.currency)
        )

    @property
    def _changed_entry(self) -> ConfigEntry[Any] | None:
        if self.source != SOURCE_RECONFIGURE:
            return None
        return self._get_reconfigure_entry()

    @override
    async def save_options(self) -> ConfigFlowResult:
        """Add the SIM, or change it."""
        entry = self._changed_entry
        if entry is not None:
            return await self._update(
                entry, without_rules(entry.options) | self.new_options
            )
        data = {CONF_KIND: KIND_SIM, CONF_EPOCH: new_epoch(), **self.draft.data()}
        return self.async_create_entry(
            title=self.draft.title(self.profiles),
            data=data | {CONF_FIRST_READINGS: dict(self.draft.first_readings)},
            options=self.new_options,
        )

    async def _update(
        self, entry: ConfigEntry[Any], options: dict[str, Any]
    ) -> ConfigFlowResult:
        """Write the change. Another number is another line: no old order may count for it."""
        if self.sets_right and HOME in self.hass.data:
            await self.hass.data[HOME].engine.go_ahead(entry.data[CONF_EPOCH])
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


def _at_their_fields(errors: Mapping[str, str], fields: Fields) -> dict[str, str]:
    """Return faults as the form can show them: what has no field here is said above it."""
    names = {str(marker) for marker in fields}
    return {
        name if name in names else "base": reason for name, reason in errors.items()
    }
