"""The config flow: adding SIMs and accounts. The screens are in `flows`."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult, OptionsFlow
from homeassistant.core import callback

from .const import DOMAIN, KIND_ACCOUNT, KIND_SIM
from .entries import is_action, kind_of
from .flows.account import AccountSteps
from .flows.account_options import AccountOptionsFlow
from .flows.action import ActionSteps
from .flows.household import HouseholdOptionsFlow, HouseholdSteps
from .flows.options import SimOptionsFlow
from .flows.sim import SimSteps


class SimKeeperConfigFlow(
    SimSteps, AccountSteps, ActionSteps, HouseholdSteps, domain=DOMAIN
):
    """One flow for the three kinds of entries; each refuses what is not its own."""

    VERSION = 1
    MINOR_VERSION = 1

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what to add."""
        return self.async_show_menu(step_id="user", menu_options=["sim", "account"])

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change a SIM or an account."""
        kind = kind_of(self._get_reconfigure_entry())
        if kind == KIND_SIM:
            return await self.reconfigure_sim()
        if is_action(self._get_reconfigure_entry()):
            return await self.reconfigure_action()
        if kind == KIND_ACCOUNT:
            return await self.async_step_reconfigure_account()
        return self.async_abort(reason="household_has_options")

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Ask for a new login; only accounts have one."""
        if kind_of(self._get_reauth_entry()) != KIND_ACCOUNT:
            return self.async_abort(reason="only_accounts_log_in")
        return await self.async_step_reauth_confirm()

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry[Any]) -> OptionsFlow:
        """Return the options flow of the entry's kind."""
        kind = kind_of(config_entry)
        if kind == KIND_SIM:
            return SimOptionsFlow()
        return AccountOptionsFlow() if kind == KIND_ACCOUNT else HouseholdOptionsFlow()
