"""Binary sensors: what is wrong with a SIM or an account."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from homeassistant.components.binary_sensor import (  # type: ignore[attr-defined]
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import KIND_SIM
from .coordinator import (
    AccountConfigEntry,
    AccountCoordinator,
    SimConfigEntry,
    SimCoordinator,
    SimKeeperConfigEntry,
)
from .entity import AccountEntity, SimEntity
from .entries import kind_of
from .keeper.status import SimStatus
from .presence import Exists, add_sim_entities, always

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class SimBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor of a SIM."""

    device_class: BinarySensorDeviceClass = BinarySensorDeviceClass.PROBLEM
    is_on: Callable[[SimStatus], bool | None]
    attributes: Callable[[SimStatus], Mapping[str, Any]] | None = None
    exists: Exists = always


def _attention(status: SimStatus) -> Mapping[str, Any]:
    """Return why, and which order waits."""
    order = status.order or status.task
    return {
        "reason": status.decision.reason.value,
        "order_id": None if order is None else order.id,
        "order_state": None if order is None else order.state.value,
    }


SIM_BINARY_SENSORS = (
    SimBinarySensorDescription(
        key="low_balance", is_on=lambda status: status.low_balance
    ),
    SimBinarySensorDescription(key="expiring", is_on=lambda status: status.expiring),
    SimBinarySensorDescription(
        key="needs_attention",
        is_on=lambda status: status.needs_attention,
        attributes=_attention,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SimKeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of an entry."""
    if kind_of(entry) == KIND_SIM:
        add_sim_entities(
            hass,
            cast("SimConfigEntry", entry),
            Platform.BINARY_SENSOR,
            SIM_BINARY_SENSORS,
            SimBinarySensor,
            async_add_entities,
        )
    else:
        account = cast("AccountConfigEntry", entry).runtime_data
        async_add_entities([LowWallet(account)])


class SimBinarySensor(SimEntity, BinarySensorEntity):
    """Something that may be wrong with a SIM."""

    entity_description: SimBinarySensorDescription

    def __init__(
        self, coordinator: SimCoordinator, description: SimBinarySensorDescription
    ) -> None:
        """Show what the description says."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    def is_on(self) -> bool | None:
        """Whether there is a problem; None while that is not known."""
        return self.entity_description.is_on(self.status)

    @property
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """What belongs to the problem."""
        attributes = self.entity_description.attributes
        return None if attributes is None else attributes(self.status)


class LowWallet(AccountEntity, BinarySensorEntity):
    """Whether the wallet is too small for what people said, or for what is coming."""

    _attr_device_class = BinarySensorDeviceClass.PROBLEM

    def __init__(self, coordinator: AccountCoordinator) -> None:
        """Follow the account's money."""
        super().__init__(coordinator, "low_wallet")

    async def async_added_to_hass(self) -> None:
        """Listen to what the SIMs will need, beside the wallet itself."""
        await super().async_added_to_hass()
        funding = self.coordinator.funding
        self.async_on_remove(funding.async_add_listener(self.async_write_ha_state))

    @property
    def is_on(self) -> bool | None:
        """Whether money should be paid in; None while no price is known."""
        return self.coordinator.funding.data.low

    @property
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Until when it lasts."""
        return {"dry_on": self.coordinator.funding.data.dry_on}
