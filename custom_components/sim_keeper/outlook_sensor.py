"""Sensors of what is to come for a SIM: the cost of the next recharge, and of a year."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)

from .coordinator import SimCoordinator
from .entity import SimEntity
from .keeper.money import Money, exponent
from .presence import Exists, always
from .prospect import Prospect


@dataclass(frozen=True, kw_only=True)
class OutlookDescription(SensorEntityDescription):
    """A sensor of money that a SIM will cost."""

    device_class: SensorDeviceClass = SensorDeviceClass.MONETARY
    entity_registry_enabled_default: bool = False
    money: Callable[[Prospect], Money | None]
    attributes: Callable[[Prospect], Mapping[str, Any]] | None = None
    exists: Exists = always


def _year(outlook: Prospect) -> Mapping[str, Any]:
    forecast, cheaper = outlook.forecast, outlook.cheaper
    return {
        "recharges": len(forecast.recharges),
        "starved_on": forecast.starved_on,
        "known_until": forecast.known_until,
        "cheapest": None if cheaper is None else float(cheaper.cost.value),
    }


OUTLOOK_SENSORS = (
    OutlookDescription(
        key="next_recharge_cost", money=lambda outlook: outlook.next_cost
    ),
    OutlookDescription(
        key="yearly_cost", money=lambda outlook: outlook.total, attributes=_year
    ),
)


class OutlookSensor(SimEntity, SensorEntity):
    """Money that a SIM will cost; unknown where a price is."""

    entity_description: OutlookDescription

    def __init__(
        self, coordinator: SimCoordinator, description: OutlookDescription
    ) -> None:
        """Show it in the currency that pays."""
        super().__init__(coordinator, description.key)
        self.entity_description = description
        sim = coordinator.home.engine.sims[coordinator.epoch]
        self._pays_in = sim.rules.pays_in or sim.currency
        self._attr_suggested_display_precision = exponent(
            self.native_unit_of_measurement
        )

    async def async_added_to_hass(self) -> None:
        """Follow the outlook besides the status."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.coordinator.outlook.async_add_listener(self._handle_coordinator_update)
        )

    @property
    def native_unit_of_measurement(self) -> str:
        """The currency that pays."""
        outlook = self.coordinator.outlook.data
        return self._pays_in if outlook is None else outlook.pays_in

    @property
    def native_value(self) -> Decimal | None:
        """The exact amount."""
        outlook = self.coordinator.outlook.data
        money = None if outlook is None else self.entity_description.money(outlook)
        return None if money is None else money.value

    @property
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """What belongs to the amount."""
        outlook = self.coordinator.outlook.data
        attributes = self.entity_description.attributes
        return None if outlook is None or attributes is None else attributes(outlook)
