"""Switches: the stop of all spending. No switch spends."""

from typing import Any, cast

from homeassistant.components.switch import SwitchEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .callers import caller_of, translated
from .coordinator import (
    HouseholdConfigEntry,
    HouseholdCoordinator,
    SimKeeperConfigEntry,
)
from .entity import HouseholdEntity

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SimKeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switch of the household."""
    household = cast("HouseholdConfigEntry", entry).runtime_data
    async_add_entities([StopAllSpending(household)])


class StopAllSpending(HouseholdEntity, SwitchEntity):
    """On: nothing is bought. Anybody may turn it on, an administrator off."""

    def __init__(self, coordinator: HouseholdCoordinator) -> None:
        """Stand on the household's page."""
        super().__init__(coordinator, "stop_all_spending")

    @property
    def is_on(self) -> bool:
        """Whether spending is stopped."""
        return self.coordinator.data.stopped

    async def async_turn_on(self, **kwargs: Any) -> None:
        """Stop all spending."""
        await self._set(on=True)

    async def async_turn_off(self, **kwargs: Any) -> None:
        """Lift the stop."""
        await self._set(on=False)

    async def _set(self, *, on: bool) -> None:
        context = self.take_context()
        with translated(context):
            caller = await caller_of(self.hass, context)
            await self.coordinator.home.doors.set_stop(on=on, caller=caller)
        await self.coordinator.async_refresh()
