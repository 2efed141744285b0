"""Connecting an action or script of Home Assistant that recharges, or uses, a number."""

from collections.abc import Mapping
from typing import Any
import uuid

from homeassistant.config_entries import ConfigEntry, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import (
    ActionSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import voluptuous as vol

from ..channels.action import (
    PROVIDER,
    TIMEOUT_S,
    TIMEOUT_S_MAX,
    WAIT_HOURS_MAX,
    Proof,
    Work,
)
from ..channels.parsing import number, plain
from ..const import (
    CONF_DECLARED,
    CONF_KIND,
    CONF_PROVIDER,
    CONF_WALLET_CURRENCY,
    KIND_ACCOUNT,
)
from ..keeper.errors import Rejected
from ..keeper.money import Money
from ..sequence import missing_actions, validated
from .form import (
    AMOUNT,
    Form,
    FormFlow,
    choice_field,
    filled,
    plain as inert,
    shown_amount,
    stored_amount,
    update_and_abort,
)

WORK = "work"
SEQUENCE = "sequence"
CURRENCY = "currency"
PRICE = "price"
MAXIMUM = "maximum"
AMOUNTS = "amounts"
PROOF = "proof"
VALUE_KEY = "value_key"
SUCCESS = "success"
FAILURE = "failure"
REFERENCE_KEY = "reference_key"
COST_KEY = "cost_key"
WAIT_HOURS = "wait_hours"
TIMEOUT = "timeout_s"
_TIMEOUT_S_MIN = 5
_RESPONSE_TEXTS = (VALUE_KEY, SUCCESS, FAILURE, REFERENCE_KEY, COST_KEY)


class ActionSteps(FormFlow, ConfigFlow):
    """What runs, what it costs, and what proves that it did its work."""

    _name: str
    _work: Work
    _currency: str
    _stored: Mapping[str, Any] = {}
    """What stands in the entry that is changed."""
    _draft: dict[str, Any]

    async def async_step_action(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the name, the work and the sequence of a new one."""
        fields = {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(WORK, default=Work.RECHARGE.value): choice_field(
                Work, "action_work", as_list=True
            ),
            vol.Required(SEQUENCE): ActionSelector(),
        }
        self._currency = self.hass.config.currency
        return await self._sequence_screen("action", fields, {}, user_input)

    async def reconfigure_action(self) -> ConfigFlowResult:
        """Begin with what is stored."""
        entry = self._get_reconfigure_entry()
        self._stored = entry.data[CONF_DECLARED]
        self._work = Work(self._stored[WORK])
        self._currency = entry.data[CONF_WALLET_CURRENCY]
        return await self.async_step_change_action()

    async def async_step_change_action(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the name and the sequence. What it does stays: its orders count on it."""
        fields = {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(SEQUENCE): ActionSelector(),
        }
        values = {
            CONF_NAME: self._get_reconfigure_entry().title,
            SEQUENCE: self._stored[SEQUENCE],
        }
        return await self._sequence_screen("change_action", fields, values, user_input)

    async def async_step_action_recharge(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what it can recharge and what that costs."""
        form = None if user_input is None else Form(user_input)
        if form is not None:
            self._read_recharge(form)
            if self.passes(form):
                return await self.async_step_action_proof()
        fields = {
            vol.Required(CURRENCY): TextSelector(),
            vol.Optional(PRICE): AMOUNT,
            vol.Required(MAXIMUM): AMOUNT,
            vol.Optional(AMOUNTS): TextSelector(TextSelectorConfig(multiple=True)),
        }
        values = self._shown_costs(PRICE, MAXIMUM) | filled(
            {AMOUNTS: self._stored.get(AMOUNTS)}
        )
        return self._show("action_recharge", fields, values, form)

    async def async_step_action_use(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what a text or call costs."""
        form = None if user_input is None else Form(user_input)
        if form is not None:
            self._read_use(form)
            if self.passes(form):
                return await self.async_step_action_proof()
        fields = {vol.Required(CURRENCY): TextSelector(), vol.Required(PRICE): AMOUNT}
        return self._show("action_use", fields, self._shown_costs(PRICE), form)

    async def async_step_action_proof(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what shows that it did its work."""
        form = None if user_input is None else Form(user_input)
        if form is not None:
            self._read_proof(form)
            if self.passes(form):
                return await self._finish_action()
        texts = {vol.Optional(key): TextSelector() for key in _RESPONSE_TEXTS}
        fields = {
            vol.Required(PROOF): choice_field(Proof, "action_proof", as_list=True),
            **texts,
            vol.Required(WAIT_HOURS): _whole_field(1, WAIT_HOURS_MAX, "h"),
            vol.Required(TIMEOUT): _whole_field(_TIMEOUT_S_MIN, TIMEOUT_S_MAX, "s"),
        }
        values = {
            PROOF: Proof.RESPONSE.value,
            WAIT_HOURS: WAIT_HOURS_MAX,
            TIMEOUT: TIMEOUT_S,
            **{
                key: value
                for key, value in self._stored.items()
                if key in (PROOF, *_RESPONSE_TEXTS, WAIT_HOURS, TIMEOUT)
            },
        }
        return self._show("action_proof", fields, values, form, last_step=True)

    async def _sequence_screen(
        self,
        step_id: str,
        fields: Mapping[Any, Any],
        values: Mapping[str, Any],
        user_input: dict[str, Any] | None,
    ) -> ConfigFlowResult:
        form = None if user_input is None else Form(user_input)
        missing: list[str] = []
        if form is not None:
            self._name = form.text(CONF_NAME) or ""
            if not self._name:
                form.errors[CONF_NAME] = "required"
            missing = await self._check_sequence(form)
            if self.passes(form):
                self._work = Work(form.typed.get(WORK) or self._work)
                self._draft = {WORK: self._work.value, SEQUENCE: form.typed[SEQUENCE]}
                if self._work is Work.USE:
                    return await self.async_step_action_use()
                return await self.async_step_action_recharge()
        placeholders = {"missing": inert(", ".join(missing)) or "–"}
        return self.show(step_id, fields, values, form, placeholders)

    async def _check_sequence(self, form: Form) -> list[str]:
        """Return what it calls and nobody offers now; faults go to the field."""
        sequence = form.typed.get(SEQUENCE)
        if not sequence:
            form.errors[SEQUENCE] = "required"
            return []
        try:
            steps = await validated(self.hass, sequence)
        except Rejected as err:
            form.errors[SEQUENCE] = err.code
            return []
        missing = missing_actions(self.hass, steps)
        if missing:
            form.warnings[SEQUENCE] = "action_missing"
        return missing

    def _read_recharge(self, form: Form) -> None:
        currency = self._read_currency(form)
        if currency is None:
            return
        price = form.amount(PRICE, currency)
        maximum = form.amount(MAXIMUM, currency)
        if maximum is None:
            form.errors.setdefault(MAXIMUM, "required")
        elif price is not None and maximum < price:
            form.errors[MAXIMUM] = "maximum_below_price"
        amounts = [number(str(text).strip()) for text in form.typed.get(AMOUNTS) or ()]
        if any(amount is None or amount <= 0 for amount in amounts):
            form.errors[AMOUNTS] = "amounts_invalid"
        self._keep(
            {
                PRICE: price and stored_amount(price),
                MAXIMUM: maximum and stored_amount(maximum),
                AMOUNTS: [plain(amount) for amount in amounts if amount] or None,
            }
        )

    def _read_use(self, form: Form) -> None:
        currency = self._read_currency(form)
        if currency is None:
            return
        price = form.balance(PRICE, currency)
        if price is None:
            form.errors.setdefault(PRICE, "required")
        elif price.minor < 0:
            form.errors[PRICE] = "amount_not_positive"
        else:
            text = stored_amount(price)
            self._keep({PRICE: text, MAXIMUM: text, AMOUNTS: None})

    def _read_currency(self, form: Form) -> str | None:
        currency = form.currency(CURRENCY)
        if currency is None:
            form.errors.setdefault(CURRENCY, "required")
            return None
        self._currency = currency
        return currency

    def _read_proof(self, form: Form) -> None:
        proof = Proof(form.typed[PROOF])
        texts = {key: form.text(key) for key in _RESPONSE_TEXTS}
        if proof is Proof.RESPONSE:
            for key in (VALUE_KEY, SUCCESS):
                if texts[key] is None:
                    form.errors[key] = "required"
            same = (texts[SUCCESS] or "").casefold() == (
                texts[FAILURE] or ""
            ).casefold()
            if texts[FAILURE] is not None and same:
                form.errors[FAILURE] = "same_as_success"
        self._keep(
            {
                PROOF: proof.value,
                WAIT_HOURS: form.whole(WAIT_HOURS),
                TIMEOUT: form.whole(TIMEOUT),
                **texts,
            }
        )

    def _keep(self, typed: Mapping[str, Any]) -> None:
        """Take over what was typed, and forget what was cleared."""
        kept = {key: value for key, value in self._draft.items() if key not in typed}
        self._draft = kept | filled(typed)

    def _shown_costs(self, *keys: str) -> dict[str, Any]:
        """Return stored money as a person would type it."""
        currency = self._stored and self._currency
        money = {
            key: shown_amount(Money.parse(self._stored[key], currency))
            for key in keys
            if currency and key in self._stored
        }
        return {CURRENCY: self._currency, **money}

    def _show(
        self,
        step_id: str,
        fields: Mapping[Any, Any],
        values: Mapping[str, Any],
        form: Form | None,
        *,
        last_step: bool | None = None,
    ) -> ConfigFlowResult:
        placeholders = {"action": inert(self._name)}
        return self.show(
            step_id, fields, values, form, placeholders, last_step=last_step
        )

    async def _finish_action(self) -> ConfigFlowResult:
        data = {CONF_WALLET_CURRENCY: self._currency, CONF_DECLARED: self._draft}
        if self._stored:
            entry: ConfigEntry[Any] = self._get_reconfigure_entry()
            return update_and_abort(self, entry, title=self._name, data_updates=data)
        await self.async_set_unique_id(f"{PROVIDER}:{uuid.uuid4()}")
        return self.async_create_entry(
            title=self._name,
            data={CONF_KIND: KIND_ACCOUNT, CONF_PROVIDER: PROVIDER, **data},
        )


def _whole_field(least: int, most: int, unit: str) -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(
            min=least,
            max=most,
            step=1,
            mode=NumberSelectorMode.BOX,
            unit_of_measurement=unit,
        )
    )
