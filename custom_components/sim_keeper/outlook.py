"""Looks ahead for one SIM whenever it changed: what its rules will do, and what that costs."""

import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send

from .const import DOMAIN
from .following import FollowingCoordinator
from .home import Home
from .keeper.errors import KeeperError, LedgerBroken
from .keeper.sim import Mode, Sim
from .market import market_of
from .price_list import PriceList
from .prospect import Prospect, look_ahead
from .standing import standing_alone

_LOGGER = logging.getLogger(__name__)

SIGNAL_OUTLOOK = f"{DOMAIN}_outlook"
"""Sent when it was found that a SIM goes on otherwise than thought."""


class OutlookCoordinator(FollowingCoordinator[Prospect]):
    """Looks at what the rules of a SIM will do."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry[Any], home: Home
    ) -> None:
        """Know nothing yet."""
        super().__init__(hass, entry, home, "outlook")

    @override
    @callback
    def async_start(self) -> None:
        """Look from now on, and pass on what is found."""
        self._entry.async_on_unload(self.async_add_listener(self._found))
        super().async_start()

    @override
    async def _async_update_data(self) -> Prospect | None:
        sim = self._home.engine.sims.get(self._epoch)
        if sim is None:  # The entry is being unloaded.
            return self.data
        prices = await self._prices(sim)
        try:
            begun = await standing_alone(self._home, sim)
        except LedgerBroken:
            return None
        # A careless rule can be due every day of the year: too much for the event loop.
        return await self.hass.async_add_executor_job(
            look_ahead, begun, prices, self._home.now()
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
    def _found(self) -> None:
        async_dispatcher_send(self.hass, SIGNAL_OUTLOOK)
