"""Looks ahead for one SIM whenever it changed: what its rules will do, and what that costs."""

import asyncio
from functools import partial
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import (
    async_dispatcher_connect,
    async_dispatcher_send,
)
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .const import CONF_EPOCH, DOMAIN
from .home import Home, signal_status
from .keeper.errors import KeeperError, LedgerBroken
from .keeper.sim import Mode, Sim
from .market import market_of
from .price_list import PriceList
from .prospect import Prospect, look_ahead

_LOGGER = logging.getLogger(__name__)

SIGNAL_OUTLOOK = f"{DOMAIN}_outlook"
"""Sent when it was found that a SIM goes on otherwise than thought."""


class OutlookCoordinator(DataUpdateCoordinator[Prospect | None]):
    """Follows a SIM. `data` is None until the first look, and while the ledger cannot be read."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry[Any], home: Home
    ) -> None:
        """Know nothing yet."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=f"{entry.title} outlook",
            always_update=False,
        )
        self._entry = entry
        self._home = home
        self._epoch: str = entry.data[CONF_EPOCH]
        self._again = False
        self._task: asyncio.Task[None] | None = None

    @callback
    def async_start(self) -> None:
        """Look now, when all accounts are there, and after every change of the SIM.

        A SIM changes at least once a day: then it was looked at again.
        """
        unload = self._entry.async_on_unload
        unload(
            async_dispatcher_connect(
                self.hass, signal_status(self._epoch), self._look_soon
            )
        )
        unload(self.async_add_listener(self._found))
        unload(async_at_started(self.hass, self._look_soon))

    @override
    async def _async_update_data(self) -> Prospect | None:
        engine = self._home.engine
        sim = engine.sims.get(self._epoch)
        if sim is None:  # The entry is being unloaded.
            return self.data
        prices = await self._prices(sim)
        try:
            at, spent = await engine.situation(sim)
        except LedgerBroken:
            return None
        # A careless rule can be due every day of the year: too much for the event loop.
        return await self.hass.async_add_executor_job(
            partial(look_ahead, at, prices, engine.household, spent, self._home.now())
        )

    async def _prices(self, sim: Sim) -> PriceList | None:
        """Return what is sold for a SIM that buys, read anew about once a day."""
        market, now = market_of(self.hass), self._home.now()
        buys = sim.account is not None and sim.rules.mode in (Mode.ASK, Mode.AUTO)
        channel = self._home.channel(str(sim.account)) if buys else None
        if channel is not None and market.is_stale(sim, now):
            try:
                return await market.read(sim, channel, now)
            except KeeperError as err:
                _LOGGER.debug("No price list at the moment: %s", err)
        return market.known(sim)

    @callback
    def _look_soon(self, _hass: HomeAssistant | None = None) -> None:
        """Look as soon as possible, once for all that changes until then."""
        self._again = True
        if self._task is None or self._task.done():
            self._task = self._entry.async_create_background_task(
                self.hass, self._look(), f"{DOMAIN} outlook"
            )

    async def _look(self) -> None:
        while self._again:
            self._again = False
            await self.async_refresh()

    @callback
    def _found(self) -> None:
        async_dispatcher_send(self.hass, SIGNAL_OUTLOOK)
