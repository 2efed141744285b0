"""Connecting an account at a provider, and keeping its login working."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigFlow, ConfigFlowResult
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from ..channels import PROVIDERS, Provider
from ..channels.action import PROVIDER as ACTION
from ..channels.http import BaseUrlInvalid, check_base_url, is_loopback
from ..const import (
    CONF_KIND,
    CONF_LOGIN,
    CONF_PROVIDER,
    CONF_WALLET_CURRENCY,
    KIND_ACCOUNT,
)
from ..entries import is_loopback_account
from ..keeper.money import Money
from .channel import NotReached, read_wallet
from .form import Form, FormFlow, choice_field, filled, update_and_abort

ADVANCED = "advanced"
BASE_URL = "base_url"
ENVIRONMENT = "environment"


class AccountSteps(FormFlow, ConfigFlow):
    """Every login is tried on the spot: what is stored has worked once."""

    async def async_step_account(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which provider the new account is at."""
        return self.async_show_menu(
            step_id="account", menu_options=[*PROVIDERS, ACTION]
        )

    async def async_step_reloadly(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the keys of a new account at Reloadly."""
        return await self._connect(PROVIDERS["reloadly"], user_input)

    async def async_step_iak(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the key of a new account at IAK."""
        return await self._connect(PROVIDERS["iak"], user_input)

    async def async_step_digiflazz(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the key of a new account at Digiflazz."""
        return await self._connect(PROVIDERS["digiflazz"], user_input)

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for working keys of the same account."""
        return await self._change_login(
            "reauth_confirm", self._get_reauth_entry(), user_input, everything=False
        )

    async def async_step_reconfigure_account(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the keys or the address of the same account."""
        return await self._change_login(
            "reconfigure_account",
            self._get_reconfigure_entry(),
            user_input,
            everything=True,
        )

    async def _connect(
        self, provider: Provider, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Show the provider's own screen, and try what was typed there."""
        form = None if user_input is None else Form(user_input)
        if form is not None:
            login = _typed_login(form, provider, {})
            login[ENVIRONMENT] = form.typed[ENVIRONMENT]
            if not form.errors:
                await self.async_set_unique_id(provider.account_id(login))
                self._abort_if_unique_id_configured()
                wallet = await _try(form, provider, login)
                if wallet is not None:
                    return self._create(provider, login, wallet)
        fields = {
            vol.Required(ENVIRONMENT, default=provider.environments[0]): choice_field(
                provider.environments, "environment", as_list=True
            ),
            **_login_fields(provider, form),
        }
        return self._show_login(provider.id, provider, fields, {}, form)

    async def _change_login(
        self,
        step_id: str,
        entry: ConfigEntry[Any],
        user_input: dict[str, Any] | None,
        *,
        everything: bool,
    ) -> ConfigFlowResult:
        provider = PROVIDERS[entry.data[CONF_PROVIDER]]
        stored: Mapping[str, str] = entry.data[CONF_LOGIN]
        form = None if user_input is None else Form(user_input)
        if form is not None:
            login = _typed_login(form, provider, stored, everything=everything)
            if not form.errors:
                _check_same(form, provider, entry, login)
            wallet = None if form.errors else await _try(form, provider, login)
            if wallet is not None:
                return self._store(entry, login, wallet)
        fields = _login_fields(provider, form, address=everything, keeps=everything)
        values: dict[str, Any] = {
            field.name: stored[field.name]
            for field in provider.login_fields
            if not field.secret
        }
        values[ADVANCED] = filled({BASE_URL: stored.get(BASE_URL)})
        return self._show_login(step_id, provider, fields, values, form)

    def _create(
        self, provider: Provider, login: dict[str, str], wallet: Money
    ) -> ConfigFlowResult:
        usual = login[ENVIRONMENT] == provider.environments[0]
        title = provider.name if usual else f"{provider.name} ({login[ENVIRONMENT]})"
        if any(entry.title == title for entry in self._async_current_entries()):
            # Two accounts must not look the same where one is chosen to pay.
            title = f"{title} …{login[_field(provider, secret=False)][-4:]}"
        return self.async_create_entry(
            title=title,
            data={
                CONF_KIND: KIND_ACCOUNT,
                CONF_PROVIDER: provider.id,
                CONF_LOGIN: login,
                CONF_WALLET_CURRENCY: wallet.currency,
            },
        )

    def _store(
        self, entry: ConfigEntry[Any], login: dict[str, str], wallet: Money
    ) -> ConfigFlowResult:
        """Write the login."""
        if login == entry.data[CONF_LOGIN] and entry.update_listeners:
            # Nothing changes, but the keys work again: a wallet that was refused is read anew.
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return update_and_abort(
            self,
            entry,
            data_updates={CONF_LOGIN: login, CONF_WALLET_CURRENCY: wallet.currency},
        )

    def _show_login(
        self,
        step_id: str,
        provider: Provider,
        fields: Mapping[Any, Any],
        values: Mapping[str, Any],
        form: Form | None,
    ) -> ConfigFlowResult:
        placeholders = {"provider": provider.name, "sign_up_url": provider.sign_up_url}
        return self.show(step_id, fields, values, form, placeholders, last_step=True)


def _check_same(
    form: Form, provider: Provider, entry: ConfigEntry[Any], login: Mapping[str, str]
) -> None:
    """Refuse a login of another account; a simulator and the provider itself are two."""
    if is_loopback(login.get(BASE_URL)) != is_loopback_account(entry):
        form.errors[ADVANCED] = "simulator_is_another"
    elif provider.account_id(login) != entry.unique_id:
        form.errors[_field(provider, secret=False)] = "wrong_account"


def _login_fields(
    provider: Provider, form: Form | None, *, address: bool = True, keeps: bool = False
) -> dict[Any, Any]:
    """Return the fields of the login; the section of the address is open where it is wrong."""
    hidden = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
    fields: dict[Any, Any] = {}
    for field in provider.login_fields:
        marker = vol.Optional if field.secret and keeps else vol.Required
        fields[marker(field.name)] = hidden if field.secret else TextSelector()
    if address:
        url = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
        fields[vol.Required(ADVANCED)] = section(
            vol.Schema({vol.Optional(BASE_URL): url}),
            {"collapsed": form is None or ADVANCED not in form.errors},
        )
    return fields


def _typed_login(
    form: Form,
    provider: Provider,
    stored: Mapping[str, str],
    *,
    everything: bool = True,
) -> dict[str, str]:
    """Return the login that was typed; a stored secret stays, but never for a new address."""
    base_url = _typed_base_url(form) if everything else stored.get(BASE_URL)
    moved = base_url != stored.get(BASE_URL)
    login = filled({ENVIRONMENT: stored.get(ENVIRONMENT), BASE_URL: base_url})
    for field in provider.login_fields:
        typed = form.text(field.name)
        if typed is None and field.secret and everything and not moved:
            typed = stored.get(field.name)
        if typed is None:
            form.errors.setdefault(field.name, "required")
        login[field.name] = typed
    return login


def _typed_base_url(form: Form) -> str | None:
    text = Form(form.typed.get(ADVANCED) or {}).text(BASE_URL)
    try:
        return None if text is None else check_base_url(text)
    except BaseUrlInvalid as err:
        form.errors[ADVANCED] = err.reason
        return None


async def _try(
    form: Form, provider: Provider, login: Mapping[str, str]
) -> Money | None:
    """Read the wallet; faults go to their fields."""
    try:
        return await read_wallet(provider, login)
    except NotReached as err:
        if err.reason == "login_failed":
            form.errors[_field(provider, secret=True)] = err.reason
        else:
            form.errors[ADVANCED if BASE_URL in login else "base"] = err.reason
        return None


def _field(provider: Provider, *, secret: bool) -> str:
    return next(field.name for field in provider.login_fields if field.secret is secret)
