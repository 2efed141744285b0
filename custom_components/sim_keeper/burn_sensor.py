"""Sensors of what a SIM uses up: how much on a day, and how long its credit lasts."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import UnitOfTime

from .coordinator import SimCoordinator
from .entity import SimEntity
from .keeper.burnwatch import Usage
from .keeper.money import exponent
from .keeper.sim import Sim
from .keeper.status import SimStatus
from .presence import Exists


def with_balance(_sim: Sim, status: SimStatus | None) -> bool:
    """Mean something where a balance was read or typed."""
    return status is not None and status.balance is not None


@dataclass(frozen=True, kw_only=True)
class BurnDescription(SensorEntityDescription):
    """A sensor of what a SIM uses up."""

    value: Callable[[Usage], int | Decimal | None]
    per_day: bool = False
    """In money a day."""
    exists: Exists = with_balance


def _rate(usage: Usage) -> Decimal | None:
    return None if usage.burn is None else usage.burn.per_day.value


BURN_SENSORS = (
    BurnDescription(
        key="days_until_low",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.DAYS,
        suggested_display_precision=0,
        value=lambda usage: usage.days_until_low,
    ),
    BurnDescription(
        # An amount of money of the device class may not be a rate.
        key="burn_rate",
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
        value=_rate,
        per_day=True,
    ),
)


class BurnSensor(SimEntity, SensorEntity):
    """Something about what a SIM uses up; unknown where too little was read."""

    entity_description: BurnDescription

    def __init__(
        self, coordinator: SimCoordinator, description: BurnDescription
    ) -> None:
        """Show what the description says."""
        super().__init__(coordinator, description.key)
        self.entity_description = description
        self._currency = coordinator.home.engine.sims[coordinator.epoch].currency
        if description.per_day:
            self._attr_suggested_display_precision = exponent(self._currency)

    async def async_added_to_hass(self) -> None:
        """Follow the burn rate besides the status."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.coordinator.burn.async_add_listener(self._handle_coordinator_update)
        )

    @property
    def native_unit_of_measurement(self) -> str | None:
        """Days, or money a day in the currency that is used up."""
        if not self.entity_description.per_day:
            return self.entity_description.native_unit_of_measurement
        usage = self.coordinator.burn.data
        burn = None if usage is None else usage.burn
        currency = self._currency if burn is None else burn.spent.currency
        return f"{currency}/{UnitOfTime.DAYS}"

    @property
    def native_value(self) -> int | Decimal | None:
        """The value."""
        usage = self.coordinator.burn.data
        return None if usage is None else self.entity_description.value(usage)
