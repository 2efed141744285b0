"""The household: what all SIMs share. Made by the integration itself."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult, OptionsFlow
from homeassistant.const import ATTR_FRIENDLY_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import voluptuous as vol

from ..const import (
    CONF_KIND,
    CONF_LANGUAGE,
    CONF_LEDGER_EXISTS,
    CONF_MONTHLY_CAPS,
    CONF_NOTIFY,
    KIND_HOUSEHOLD,
)
from ..notify import send_test
from .form import AMOUNT, Form, FormFlow, choice_field, filled, plain, stored_amount

CAP = "cap"
CAP_CURRENCY = "cap_currency"
SEND_TEST = "send_test"
LIKE_HOME_ASSISTANT = "like_home_assistant"
LANGUAGES = (("en", "English"), ("zh-Hans", "简体中文"), ("id", "Bahasa Indonesia"))
_PHONE = "mobile_app_"


class HouseholdSteps(ConfigFlow):
    """The one entry that no user adds."""

    async def async_step_system(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Make the household."""
        await self.async_set_unique_id(KIND_HOUSEHOLD)
        self._abort_if_unique_id_configured()
        exists = bool((user_input or {}).get(CONF_LEDGER_EXISTS))
        return self.async_create_entry(
            title="Household",
            data={CONF_KIND: KIND_HOUSEHOLD, CONF_LEDGER_EXISTS: exists},
        )


class HouseholdOptionsFlow(FormFlow, OptionsFlow):
    """Whom to tell, in which language, and how much all SIMs together may cost."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go to the settings: `init` is also the SIM's, and each has its own texts."""
        return await self.async_step_household(user_input)

    async def async_step_household(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the settings, and try them if wanted."""
        stored = self.config_entry.options
        form = None if user_input is None else Form(user_input)
        placeholders = {"failed": ""}
        if form is not None:
            options = _typed_options(form)
            if not form.errors and form.typed.get(SEND_TEST):
                placeholders["failed"] = await _send_test(self.hass, form, options)
            if self.passes(form):
                kept = {key: value for key, value in stored.items() if key not in _OWN}
                return self.async_create_entry(data=kept | options)
        fields = _fields(_targets(self.hass, stored.get(CONF_NOTIFY, ())))
        return self.show(
            "household", fields, _shown(stored), form, placeholders, last_step=True
        )


_OWN = (CONF_NOTIFY, CONF_LANGUAGE, CONF_MONTHLY_CAPS)


def _fields(targets: list[SelectOptionDict]) -> dict[Any, Any]:
    return {
        vol.Optional(CONF_NOTIFY, default=[]): SelectSelector(
            SelectSelectorConfig(
                options=targets, multiple=True, mode=SelectSelectorMode.DROPDOWN
            )
        ),
        vol.Required(CONF_LANGUAGE, default=LIKE_HOME_ASSISTANT): choice_field(
            (LIKE_HOME_ASSISTANT, *LANGUAGES), "language"
        ),
        vol.Optional(CAP): AMOUNT,
        vol.Optional(CAP_CURRENCY): TextSelector(),
        vol.Optional(SEND_TEST, default=False): BooleanSelector(),
    }


def _shown(stored: Mapping[str, Any]) -> dict[str, Any]:
    currency, cap = next(iter(stored.get(CONF_MONTHLY_CAPS, {}).items()), (None, None))
    return filled(
        {
            CONF_NOTIFY: list(stored.get(CONF_NOTIFY, ())),
            CONF_LANGUAGE: stored.get(CONF_LANGUAGE, LIKE_HOME_ASSISTANT),
            CAP: cap,
            CAP_CURRENCY: currency,
        }
    )


def _typed_options(form: Form) -> dict[str, Any]:
    """Return the options that were typed; faults go to their fields."""
    currency = form.currency(CAP_CURRENCY)
    if form.text(CAP) is not None and form.text(CAP_CURRENCY) is None:
        form.errors[CAP_CURRENCY] = "required"
    cap = None if currency is None else form.amount(CAP, currency)
    language = form.typed[CONF_LANGUAGE]
    return filled(
        {
            CONF_NOTIFY: list(form.typed[CONF_NOTIFY]),
            CONF_LANGUAGE: None if language == LIKE_HOME_ASSISTANT else language,
            CONF_MONTHLY_CAPS: {}
            if cap is None
            else {cap.currency: stored_amount(cap)},
        }
    )


async def _send_test(
    hass: HomeAssistant, form: Form, options: Mapping[str, Any]
) -> str:
    """Send a test to everybody, and return the names of those that it did not reach."""
    targets = options[CONF_NOTIFY]
    if not targets:
        form.errors[CONF_NOTIFY] = "test_needs_target"
        return ""
    failed = await send_test(hass, targets, options.get(CONF_LANGUAGE))
    if failed:
        form.errors[CONF_NOTIFY] = "test_failed"
    return ", ".join(plain(target) for target in failed)


@callback
def _targets(hass: HomeAssistant, stored: list[str]) -> list[SelectOptionDict]:
    """Return the notify entities and phones; a chosen one that is gone stays visible."""
    names = {
        state.entity_id: str(state.attributes.get(ATTR_FRIENDLY_NAME, state.entity_id))
        for state in hass.states.async_all("notify")
    }
    for action in hass.services.async_services_for_domain("notify"):
        if action.startswith(_PHONE):
            label = action.removeprefix(_PHONE).replace("_", " ")
            names.setdefault(f"notify.{action}", f"📱 {label}")
    for target in stored:
        names.setdefault(target, target)
    return [
        SelectOptionDict(value=target, label=name)
        for target, name in sorted(names.items(), key=lambda item: item[1].casefold())
    ]
