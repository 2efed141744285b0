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
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
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
from .home import HOME, SIGNAL_EVENT, SIGNAL_HOUSEHOLD
from .keeper.errors import LedgerBroken
from .keeper.ledger import Event, EventType, Ledger
from .keeper.money import Money
from .keeper.orders import Order, State
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
    """Whether the wallet would pay once more for each SIM what its last recharge cost.

    Nothing else is known of future prices without asking the provider.
    """

    _attr_device_class = BinarySensorDeviceClass.PROBLEM

    def __init__(self, coordinator: AccountCoordinator) -> None:
        """Start without knowing any price."""
        super().__init__(coordinator, "low_wallet")
        self._account = str(coordinator.config_entry.unique_id)
        self._last_costs: dict[str, Money] = {}

    async def async_added_to_hass(self) -> None:
        """Learn the prices that were paid, and listen for more."""
        await super().async_added_to_hass()
        try:
            orders = await self.hass.data[HOME].engine.desk.read(Ledger.orders)
        except LedgerBroken:
            orders = []
        for order in orders:
            self._learn(order)
        self._attr_is_on = self._is_low()
        for signal, heard in (
            (SIGNAL_EVENT, self._happened),
            (SIGNAL_HOUSEHOLD, self._sims_changed),
        ):
            self.async_on_remove(async_dispatcher_connect(self.hass, signal, heard))

    @callback
    def _handle_coordinator_update(self) -> None:
        self._attr_is_on = self._is_low()
        super()._handle_coordinator_update()

    @callback
    def _sims_changed(self) -> None:
        """Write only what changed: SIMs change often, and all of them are heard here."""
        low = self._is_low()
        if low != self.is_on:
            self._attr_is_on = low
            self.async_write_ha_state()

    async def _happened(self, event: Event) -> None:
        if event.type is EventType.CONFIRMED and event.order_id is not None:
            desk = self.hass.data[HOME].engine.desk
            self._learn(await desk.read(Ledger.order, event.order_id))
            self._sims_changed()

    @callback
    def _learn(self, order: Order) -> None:
        delivered = order.account == self._account and order.state is State.CONFIRMED
        if delivered and order.cost is not None:
            self._last_costs[order.sim] = order.cost

    @callback
    def _is_low(self) -> bool | None:
        """Compare; None while nothing was bought."""
        wallet, sims = self.coordinator.data, self.hass.data[HOME].engine.sims
        costs = [
            cost
            for epoch, cost in self._last_costs.items()
            if epoch in sims
            and sims[epoch].account == self._account
            and cost.currency == wallet.currency
        ]
        if not costs:
            return None
        return wallet < sum(costs, Money(0, wallet.currency))
