"""Follows how fast a SIM uses its credit up, and has people told of what is out of the ordinary."""

from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .following import FollowingCoordinator
from .home import Home
from .keeper.burnwatch import BurnWatch, Usage
from .keeper.errors import LedgerBroken


class BurnCoordinator(FollowingCoordinator[Usage]):
    """Looks at what was read of a SIM over time."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry[Any], home: Home
    ) -> None:
        """Know nothing yet."""
        super().__init__(hass, entry, home, "burn rate")

    @override
    async def _async_update_data(self) -> Usage | None:
        engine, now = self._home.engine, self._home.now()
        sim = engine.sims.get(self._epoch)
        if sim is None:  # The entry is being unloaded.
            return self.data
        watch = BurnWatch(engine.desk)
        try:
            found = await watch.review(sim, now)
            await watch.warn(sim, found, now)
        except LedgerBroken:
            return None
        return found
