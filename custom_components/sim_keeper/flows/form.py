"""One form: what was typed, read field by field, with each fault at its field."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryBaseFlow,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import voluptuous as vol

from ..keeper.carrier_data import MAX_DAYS
from ..keeper.errors import AmountInvalid
from ..keeper.money import Money, exponent, positive

ACCEPT = "accept"
"""The checkbox that appears beside a warning."""

AMOUNT = TextSelector()
"""Money is typed as text: a number field of the browser would make a float of it."""


@dataclass(slots=True)
class Form:
    """What was typed, and what is wrong with it. Errors stop; warnings may be accepted."""

    typed: Mapping[str, Any]
    errors: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)

    def text(self, key: str) -> str | None:
        """Return the text without spaces around it, None if there is none."""
        return str(self.typed.get(key) or "").strip() or None

    def whole(self, key: str, most: int | None = None) -> int | None:
        """Return the whole number that a number field gave as a float."""
        value = self.typed.get(key)
        if value is None:
            return None
        if not float(value).is_integer():
            # NaN passes the limits of every number field, and has no whole part.
            self.errors[key] = "not_whole"
            return None
        if most is not None and value > most:
            self.errors[key] = "value_too_large"
            return None
        return int(value)

    def day(self, key: str) -> date | None:
        """Return the day that a date field gave."""
        text = self.text(key)
        return None if text is None else date.fromisoformat(text)

    def currency(self, key: str) -> str | None:
        """Read a code of ISO 4217."""
        code = (self.text(key) or "").upper() or None
        try:
            if code is not None:
                exponent(code)
        except AmountInvalid as err:
            self.errors[key] = err.reason
            return None
        return code

    def amount(self, key: str, currency: str) -> Money | None:
        """Read an amount above zero."""
        money = self.balance(key, currency)
        try:
            return None if money is None else positive(money)
        except AmountInvalid as err:
            self.errors[key] = err.reason
            return None

    def balance(self, key: str, currency: str) -> Money | None:
        """Read money that may be zero or a debt."""
        text = self.text(key)
        try:
            return None if text is None else Money.parse(text, currency)
        except AmountInvalid as err:
            self.errors[key] = err.reason
            return None


class FormFlow(ConfigEntryBaseFlow):
    """Showing forms: again with what was typed, and with a way to accept a warning."""

    _warned: frozenset[tuple[str, str]] = frozenset()

    def passes(self, form: Form) -> bool:
        """Whether to go on: no error, and a person has seen and accepted each warning."""
        warned = frozenset(form.warnings.items())
        accepted = form.typed.get(ACCEPT) is True and warned <= self._warned
        good = not form.errors and (not warned or accepted)
        self._warned = frozenset() if good or form.errors else warned
        return good

    def show(
        self,
        step_id: str,
        fields: Mapping[Any, Any],
        values: Mapping[str, Any],
        form: Form | None = None,
        placeholders: Mapping[str, str] | None = None,
        *,
        last_step: bool | None = None,
    ) -> ConfigFlowResult:
        """Show a form, filled with the values or with what was typed into it before."""
        fields = dict(fields)
        faults: dict[str, str] = {}
        if form is not None:
            values = form.typed
            faults = form.errors or form.warnings
            if not form.errors:
                fields[vol.Optional(ACCEPT, default=False)] = BooleanSelector()
        shown = {key: value for key, value in values.items() if key != ACCEPT}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), shown),
            errors=faults,
            description_placeholders=placeholders,
            last_step=last_step,
        )


def update_and_abort(
    flow: ConfigFlow, entry: ConfigEntry[Any], **changes: Any
) -> ConfigFlowResult:
    """Change an entry at the end of a flow.

    A loaded entry that listens decides itself what the change needs; any other is reloaded.
    """
    update = (
        flow.async_update_and_abort
        if entry.update_listeners
        else flow.async_update_reload_and_abort
    )
    return update(entry, **changes)


def days_field(least: int = 1, most: int = MAX_DAYS) -> NumberSelector:
    """Return a field for a number of days."""
    return NumberSelector(
        NumberSelectorConfig(min=least, max=most, step=1, mode=NumberSelectorMode.BOX)
    )


def choice_field(
    options: Iterable[str | tuple[str, str]],
    translation_key: str | None = None,
    *,
    as_list: bool = False,
    free: bool = False,
) -> SelectSelector:
    """Return a field for one of the options: keys to translate, or (value, label)."""
    config = SelectSelectorConfig(
        options=[
            SelectOptionDict(value=option, label=option)
            if isinstance(option, str)
            else SelectOptionDict(value=option[0], label=option[1])
            for option in options
        ],
        mode=SelectSelectorMode.LIST if as_list else SelectSelectorMode.DROPDOWN,
        custom_value=free,
    )
    if translation_key is not None:
        config["translation_key"] = translation_key
    return SelectSelector(config)


def shown_amount(money: Money | None) -> str | None:
    """Return an amount as a person would type it: `5000`, `12.50`."""
    if money is None:
        return None
    value = money.value
    return f"{value:.0f}" if value == value.to_integral_value() else f"{value:f}"


def shown_money(money: Money) -> str:
    """Return an amount as people read it: `5000 IDR`."""
    return f"{shown_amount(money)} {money.currency}"


def stored_amount(money: Money) -> str:
    """Return the exact text for the entry."""
    return f"{money.value:f}"


def plain(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|~" else char for char in text)


def filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not known."""
    return {key: value for key, value in values.items() if value is not None}
