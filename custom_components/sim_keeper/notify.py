"""Tells people what happened."""

from collections.abc import Sequence

from homeassistant.core import HomeAssistant, callback

from .home import Home


class Notifier:
    """Tells people of the ledger's events."""

    def __init__(self, hass: HomeAssistant, home: Home) -> None:
        """Prepare."""

    @callback
    def async_start(self) -> None:
        """Begin."""


async def send_test(
    hass: HomeAssistant, targets: Sequence[str], language: str | None
) -> list[str]:
    """Return the targets that failed."""
    return []
