"""Keeps track of whether the wallet of an account will suffice, and has people warned."""

from datetime import datetime
import logging
from typing import TYPE_CHECKING, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.dispatcher import (
    async_dispatcher_connect,
    async_dispatcher_send,
)
from homeassistant.helpers.event import async_track_time_change
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .const import CONF_ACCOUNT, CONF_EPOCH, DOMAIN, KIND_SIM
from .entries import kind_of
from .home import SIGNAL_FUNDING, SIGNAL_HOUSEHOLD, Home
from .keeper.errors import LedgerBroken
from .keeper.funding import Funding, funding
from .keeper.treasury import Treasury
from .stored_terms import account_terms

if TYPE_CHECKING:
    from .coordinator import AccountCoordinator

_LOGGER = logging.getLogger(__name__)

# A hundred SIMs may change at once, at midnight for instance.
_GATHER_S = 5


class FundingCoordinator(DataUpdateCoordinator[Funding]):
    """Compares the wallet with what is to come, whenever one of the two changes."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[AccountCoordinator],
        home: Home,
        account: AccountCoordinator,
    ) -> None:
        """Follow an account whose wallet was read."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=f"{entry.title} funding",
            always_update=False,
            request_refresh_debouncer=Debouncer(
                hass, _LOGGER, cooldown=_GATHER_S, immediate=True
            ),
        )
        self._entry = entry
        self._home = home
        self._account = account
        self.data = self._without_sims()

    @callback
    def async_start(self) -> None:
        """Follow the wallet, the SIMs and the calendar as long as the entry is loaded."""
        unload = self._entry.async_on_unload
        unload(self._account.async_add_listener(self.look_soon))
        unload(async_dispatcher_connect(self.hass, SIGNAL_HOUSEHOLD, self.look_soon))
        unload(
            async_track_time_change(
                self.hass, self._day_began, hour=0, minute=0, second=0
            )
        )
        unload(self.async_add_listener(self._changed))
        self._changed()

    @callback
    def look_soon(self) -> None:
        """Compare again."""
        self._entry.async_create_background_task(
            self.hass, self.async_request_refresh(), f"{DOMAIN} funding"
        )

    @override
    async def _async_update_data(self) -> Funding:
        terms, treasury = account_terms(self._entry), Treasury(self._home.engine)
        try:
            found = await treasury.review(terms, self._account.data)
            if self._account.last_update_success and self._all_sims_known():
                await treasury.warn(terms, found)
        except LedgerBroken:
            # Nothing is bought meanwhile; what people said about the wallet holds all the same.
            return self._without_sims()
        return found

    def _without_sims(self) -> Funding:
        today, low = self._home.now().date(), account_terms(self._entry).low
        return funding(self._account.data, (), today, low)

    @callback
    def _changed(self) -> None:
        async_dispatcher_send(self.hass, SIGNAL_FUNDING)

    @callback
    def _day_began(self, _now: datetime) -> None:
        self.look_soon()

    @callback
    def _all_sims_known(self) -> bool:
        """Whether every SIM of the account is set up.

        While one is reloaded, what it needs is missing, and a dip would seem to have ended.
        """
        return all(
            sim.data[CONF_EPOCH] in self._home.engine.sims
            for sim in self.hass.config_entries.async_entries(
                DOMAIN, include_ignore=False, include_disabled=False
            )
            if kind_of(sim) == KIND_SIM
            and sim.data[CONF_ACCOUNT] == self._entry.unique_id
        )


@callback
def funding_of(entry: ConfigEntry[AccountCoordinator]) -> Funding | None:
    """Return how the wallet of an account stands, None while it is not set up."""
    account = getattr(entry, "runtime_data", None)
    return None if account is None else account.funding.data
