"""Repairs: what only a person can settle, kept in step with the engine."""

from homeassistant.components.repairs import RepairsFlow
from homeassistant.core import HomeAssistant, callback


@callback
def async_watch_repairs(hass: HomeAssistant) -> None:
    """Keep the issues in step with the engine."""


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that settles an issue."""
    raise NotImplementedError
