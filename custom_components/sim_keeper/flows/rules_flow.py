"""The way of rules through a flow: typed, then shown what they will do, and only then saved."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult

from ..keeper.sim import Readings, Sim
from ..stored_rules import rules_from
from .choice import rules_placeholders
from .form import Form, FormFlow
from .preview import preview_text
from .prices import terms_for
from .rule_fields import Fields
from .terms import Terms


class RulesFlow(FormFlow):
    """What adding, changing and the options of a SIM have in common."""

    typed_rules: dict[str, Any] | None = None
    """What was typed last, not in sections."""
    seen_options: dict[str, Any] | None = None
    """The options that were shown; None of a SIM that is not added yet."""
    new_options: dict[str, Any]
    """The options that wait to be saved."""
    _terms: Terms | None = None
    _trouble: str | None = None
    """Why the price list is missing."""

    @property
    @abstractmethod
    def stored_options(self) -> Mapping[str, Any] | None:
        """The options as they are by now; None of a SIM that is not added yet."""

    @property
    @abstractmethod
    def typed_readings(self) -> Readings | None:
        """The readings that were typed; None where the ledger knows the SIM."""

    @abstractmethod
    async def subject(self) -> tuple[Sim, ConfigEntry[Any] | None]:
        """Return the SIM that the rules are for, and its account."""

    @abstractmethod
    async def save_options(self) -> ConfigFlowResult:
        """Save the new options."""

    async def async_step_preview(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what the rules will do."""
        terms = await self.read_terms()
        sim = terms.sim_with(rules_from(self.new_options, terms.currency))
        text = await preview_text(self.hass, sim, terms, self.typed_readings)
        return self.async_show_menu(
            step_id="preview",
            menu_options=["save", "rules"],
            description_placeholders={"preview": text},
        )

    async def async_step_save(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Save the rules, unless they are others by now: a stop must not be undone unseen."""
        if self.stored_options != self.seen_options:
            return self.async_abort(reason="changed_meanwhile")
        return await self.save_options()

    async def read_terms(self) -> Terms:
        """Return what the rules are judged by, read once."""
        if self._terms is None:
            sim, account = await self.subject()
            self._terms, self._trouble = await terms_for(self.hass, sim, account)
        return self._terms

    def show_rules(
        self,
        fields: Fields,
        values: Mapping[str, Any],
        errors: Mapping[str, str],
        terms: Terms,
        form: Form | None,
    ) -> ConfigFlowResult:
        """Show the form of the rules, with its errors, or with why there are no prices."""
        shown = dict(errors)
        if not shown and self._trouble is not None:
            shown = {"base": self._trouble}
        return self.show(
            "rules",
            fields,
            values,
            Form(values, errors=shown) if shown else None,
            rules_placeholders(terms, form),
            last_step=False,
        )
