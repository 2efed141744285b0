"""Dates that people keep by hand: until when a number is valid, and when it was last used."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import cast

from homeassistant.components.date import DateEntity, DateEntityDescription
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .callers import caller_of, translated
from .coordinator import SimConfigEntry, SimCoordinator, SimKeeperConfigEntry
from .entity import SimEntity
from .keeper.statements import Typed
from .keeper.status import SimStatus
from .presence import Exists, add_sim_entities, always, with_activity_clock, with_expiry
from .reach import check_typed

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class SimDateDescription(DateEntityDescription):
    """A date of a SIM that people set."""

    day: Callable[[SimStatus], date | None]
    typed: Callable[[date], Typed]
    exists: Exists = always


def _expiry(status: SimStatus) -> date | None:
    """Return the last valid day in the SIM's own zone."""
    expiry = status.life.expiry
    return None if expiry is None else expiry.astimezone(status.sim.zone).date()


DATES = (
    SimDateDescription(
        key="expiry",
        day=_expiry,
        typed=lambda day: Typed(expiry=day),
        exists=with_expiry,
    ),
    SimDateDescription(
        key="last_activity",
        day=lambda status: status.last_activity,
        typed=lambda day: Typed(last_activity=day),
        exists=with_activity_clock,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SimKeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the dates of a SIM."""
    add_sim_entities(
        hass,
        cast("SimConfigEntry", entry),
        Platform.DATE,
        DATES,
        SimDate,
        async_add_entities,
    )


class SimDate(SimEntity, DateEntity):
    """A date of a SIM that people set."""

    entity_description: SimDateDescription

    def __init__(
        self, coordinator: SimCoordinator, description: SimDateDescription
    ) -> None:
        """Show what the description says."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    def native_value(self) -> date | None:
        """The day."""
        return self.entity_description.day(self.status)

    async def async_set_value(self, value: date) -> None:
        """Keep what a person knows."""
        context, coordinator = self.take_context(), self.coordinator
        home, zone = coordinator.home, self.status.sim.zone
        with translated(context):
            typed = self.entity_description.typed(value)
            await home.doors.update_reading(
                coordinator.epoch,
                check_typed(typed, home.now().astimezone(zone).date()),
                await caller_of(self.hass, context),
            )
