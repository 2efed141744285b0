"""Backups: no order begins while one is made, and a sound copy of the ledger goes with it."""

import logging

from homeassistant.core import HomeAssistant

from .home import HOME
from .keeper.errors import LedgerBroken

_LOGGER = logging.getLogger(__name__)


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Lay a copy of the ledger beside it. A failure here must not spoil the user's backup."""
    try:
        await hass.data[HOME].engine.begin_backup()
    except LedgerBroken as err:
        _LOGGER.warning("The backup holds no sound copy of the ledger: %s", err.fault)
    except Exception:
        _LOGGER.exception("The backup holds no sound copy of the ledger")


async def async_post_backup(hass: HomeAssistant) -> None:
    """Let orders begin again."""
    hass.data[HOME].engine.end_backup()
