"""Buttons: "I used it today". No button spends."""

from dataclasses import dataclass
from typing import cast

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .callers import caller_of, translated
from .coordinator import SimConfigEntry, SimCoordinator, SimKeeperConfigEntry
from .entity import SimEntity
from .presence import Exists, add_sim_entities, always, with_activity_clock

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class SimButtonDescription(ButtonEntityDescription):
    """A button of a SIM."""

    exists: Exists = always


BUTTONS = (SimButtonDescription(key="mark_active", exists=with_activity_clock),)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SimKeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of a SIM."""
    add_sim_entities(
        hass,
        cast("SimConfigEntry", entry),
        Platform.BUTTON,
        BUTTONS,
        MarkActive,
        async_add_entities,
    )


class MarkActive(SimEntity, ButtonEntity):
    """Notes that the number was used today."""

    entity_description: SimButtonDescription

    def __init__(
        self, coordinator: SimCoordinator, description: SimButtonDescription
    ) -> None:
        """Stand on the SIM's page."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    async def async_press(self) -> None:
        """Note it."""
        context, coordinator = self.take_context(), self.coordinator
        with translated(context):
            await coordinator.home.doors.mark_active(
                coordinator.epoch, await caller_of(self.hass, context)
            )
