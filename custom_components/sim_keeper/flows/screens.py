"""The screens between number and rules. Each may skip itself where it has nothing to ask."""

from collections.abc import Mapping
from typing import Any, cast
from zoneinfo import ZoneInfo

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..const import CONF_ACCOUNT, CONF_CARRIER, CONF_CURRENCY, CONF_TIME_ZONE
from ..entries import account_entries, account_entry, is_action
from ..keeper.carrier_data import OTHER_ID, other_carrier, with_overrides
from ..keeper.carriers import CarrierProfile
from ..keeper.ports import Line, Operator
from ..phone import LineKind, mask
from .channel import NotReached, find_operator
from .draft import SimDraft
from .form import Form, FormFlow, choice_field, filled, plain
from .readings import read_readings, readings_fields
from .rule import (
    carrier_options,
    currency_guess,
    read_rule,
    rule_fields,
    rule_placeholders,
    rule_values,
)

BY_HAND = "by_hand"
CONFIRM = "confirm"
RETRY = "retry"
LATER = "later"
_ANSWER = "answer"


class SimScreens(FormFlow, ConfigFlow):
    """Carrier, its rule, first readings, channel, operator."""

    draft: SimDraft
    profiles: Mapping[str, CarrierProfile]
    todo: list[str]
    """The screens that are still to come."""
    _found: Operator | None = None

    async def go_on(self) -> ConfigFlowResult:
        """Go to the next screen."""
        step = getattr(self, f"async_step_{self.todo.pop(0)}")
        return cast("ConfigFlowResult", await step())

    async def async_step_carrier(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the carrier."""
        draft = self.draft
        options = carrier_options(self.profiles, draft.line)
        if len(options) == 1:
            user_input = {CONF_CARRIER: OTHER_ID}
        if user_input is not None:
            self._choose_carrier(user_input[CONF_CARRIER])
            return await self.go_on()
        placeholders = {
            "number": mask(draft.line.number),
            "country": draft.line.country,
            "brand": plain(draft.line.brand or "–"),
        }
        current = draft.carrier if draft.currency else options[0][0]
        return self.show(
            "carrier",
            {vol.Required(CONF_CARRIER): choice_field(options, "carrier")},
            {CONF_CARRIER: current},
            placeholders=placeholders,
        )

    async def async_step_keep_alive(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show and correct what keeps numbers of this carrier alive."""
        if self.draft.carrier not in self.profiles:
            return await self.async_step_keep_alive_other(user_input)
        return await self._rule_screen("keep_alive", user_input)

    async def async_step_keep_alive_other(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what keeps numbers of an unknown carrier alive."""
        return await self._rule_screen("keep_alive_other", user_input)

    async def async_step_readings(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the balance and the date of today."""
        profile = self.draft.profile(self.profiles)
        form = None if user_input is None else Form(user_input)
        if form is not None:
            zone = cast(
                "ZoneInfo", await dt_util.async_get_time_zone(self.draft.time_zone)
            )
            readings = read_readings(form, profile, zone, dt_util.utcnow())
            if self.passes(form):
                self.draft.first_readings = readings
                return await self.go_on()
        placeholders = {
            "currency": profile.currency,
            "number": mask(self.draft.line.number),
        }
        return self.show("readings", readings_fields(profile), {}, form, placeholders)

    async def async_step_channel(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose who recharges: the user, or one of the connected accounts."""
        draft = self.draft
        accounts = [
            (str(entry.unique_id), entry.title) for entry in account_entries(self.hass)
        ]
        if draft.line.kind is LineKind.DATA or not accounts:
            self._recharge_by_hand()
            return await self.go_on()
        if user_input is not None:
            self._recharge_by_hand()
            if user_input[CONF_ACCOUNT] != BY_HAND:
                draft.account = user_input[CONF_ACCOUNT]
            return await self.go_on()
        current = (
            (draft.account or BY_HAND) if self._changes_channel else accounts[0][0]
        )
        options = choice_field([*accounts, BY_HAND], "channel", as_list=True)
        return self.show(
            "channel", {vol.Required(CONF_ACCOUNT): options}, {CONF_ACCOUNT: current}
        )

    async def async_step_operator(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask the provider whose number it is, and the user whether that is right."""
        account = account_entry(self.hass, self.draft.account)
        if account is None:
            self._recharge_by_hand()
            return await self.go_on()
        if is_action(account):
            return await self.go_on()
        if user_input is not None and self._found is not None:
            if user_input[_ANSWER] == CONFIRM:
                self.draft.operator = self._found.id
            else:
                self._recharge_by_hand()
            return await self.go_on()
        try:
            self._found = await find_operator(account, self._line())
        except NotReached as err:
            answers = (RETRY, LATER, BY_HAND)
            return self._ask(
                "operator_failed", answers, account.title, fault=err.reason
            )
        return self._ask("operator", (CONFIRM, BY_HAND), account.title)

    async def async_step_operator_failed(
        self, user_input: dict[str, Any]
    ) -> ConfigFlowResult:
        """Try again, go on without the operator, or recharge by hand."""
        if user_input[_ANSWER] == RETRY:
            return await self.async_step_operator()
        self.draft.operator = None
        if user_input[_ANSWER] == BY_HAND:
            self._recharge_by_hand()
        return await self.go_on()

    async def _rule_screen(
        self, step_id: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        draft = self.draft
        other = draft.carrier not in self.profiles
        form = None if user_input is None else Form(user_input)
        if form is not None:
            code = form.currency(CONF_CURRENCY) if other else draft.currency
            overrides = read_rule(form, self._base(code)) if code else {}
            zone = form.text(CONF_TIME_ZONE) or ""
            if not await _is_zone(zone):
                form.errors[CONF_TIME_ZONE] = "time_zone_unknown"
            if self.passes(form):
                draft.currency, draft.time_zone = str(code), zone
                draft.overrides = overrides
                return await self.go_on()
        base = self._base(draft.currency or self.hass.config.currency)
        profile = with_overrides(base, draft.overrides)
        values = rule_values(profile) | {
            CONF_TIME_ZONE: draft.time_zone or self._usual_zone()
        }
        values |= filled({CONF_CURRENCY: draft.currency or None}) if other else {}
        return self.show(
            step_id,
            rule_fields(draft.line.zones, other=other),
            values,
            form,
            rule_placeholders(profile, draft.overrides),
        )

    def _choose_carrier(self, carrier: str) -> None:
        """Take the carrier; what was corrected of another one does not fit it."""
        draft = self.draft
        known = self.profiles.get(carrier)
        same_money = known is None or known.currency == draft.currency
        if draft.currency and draft.carrier == carrier and same_money:
            return
        if draft.operator is not None and "operator" not in self.todo:
            # It was confirmed for the other carrier.
            draft.operator = None
            if account_entry(self.hass, draft.account) is not None:
                self.todo.insert(self.todo.index("rules"), "operator")
        guess = currency_guess(self.profiles, draft.line.country)
        draft.carrier = carrier
        draft.currency = known.currency if known else guess or ""
        draft.overrides = {}

    def _base(self, currency: str) -> CarrierProfile:
        known = self.profiles.get(self.draft.carrier)
        return known or other_carrier(self.draft.line.country, currency)

    def _usual_zone(self) -> str:
        zones, own = self.draft.line.zones, self.hass.config.time_zone
        return own if own in zones or not zones else zones[0]

    @property
    def _changes_channel(self) -> bool:
        return self.source == "reconfigure"

    def _recharge_by_hand(self) -> None:
        self.draft.account = self.draft.operator = None

    def _line(self) -> Line:
        line = self.draft.line
        return Line(
            number=line.number,
            country=line.country,
            currency=self.draft.currency,
            operator=None,
        )

    def _ask(
        self,
        step_id: str,
        answers: tuple[str, ...],
        account: str,
        *,
        fault: str | None = None,
    ) -> ConfigFlowResult:
        """Ask with the likeliest answer chosen; a fault stands above."""
        operator = self._found.name if self._found and not fault else "–"
        return self.async_show_form(
            step_id=step_id,
            data_schema=vol.Schema(
                {
                    vol.Required(_ANSWER, default=answers[0]): choice_field(
                        answers, "operator_answer", as_list=True
                    )
                }
            ),
            errors={"base": fault} if fault else {},
            description_placeholders={
                "operator": plain(operator),
                "account": plain(account),
                "number": mask(self.draft.line.number),
            },
        )


async def _is_zone(name: str) -> bool:
    try:
        return await dt_util.async_get_time_zone(name) is not None
    except ValueError, OSError:
        # Not even the shape of a name: empty, a folder, a path that leads elsewhere.
        return False
