"""What looks at a SIM anew whenever it changed."""

import asyncio
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .const import CONF_EPOCH, DOMAIN
from .home import Home, signal_status

_LOGGER = logging.getLogger(__name__)


class FollowingCoordinator[T](DataUpdateCoordinator[T | None]):
    """Follows a SIM. `data` is None until the first look, and while the ledger cannot be read."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry[Any], home: Home, what: str
    ) -> None:
        """Know nothing yet; `what` is followed."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=f"{entry.title} {what}",
            always_update=False,
        )
        self._entry = entry
        self._home = home
        self._epoch: str = entry.data[CONF_EPOCH]
        self._what = what
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
        unload(async_at_started(self.hass, self._look_soon))

    @callback
    def _look_soon(self, _hass: HomeAssistant | None = None) -> None:
        """Look as soon as possible, once for all that changes until then."""
        self._again = True
        if self._task is None or self._task.done():
            self._task = self._entry.async_create_background_task(
                self.hass, self._look(), f"{DOMAIN} {self._what}"
            )

    async def _look(self) -> None:
        while self._again:
            self._again = False
            await self.async_refresh()
