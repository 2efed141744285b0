"""The recharge event of a SIM: what became of its orders, and what people were told."""

import asyncio
from typing import Any, cast

from homeassistant.components.event import EventEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import SimConfigEntry, SimCoordinator, SimKeeperConfigEntry
from .entity import SimEntity
from .home import SIGNAL_EVENT
from .keeper.errors import LedgerBroken
from .keeper.ledger import Event, EventType, Ledger
from .keeper.orders import Order
from .spending_messages import SPENDING_EVENTS, spent_in, usual_in

PARALLEL_UPDATES = 0

_TYPES = {
    EventType.ASKED: EventType.ASKED,
    EventType.SENT: EventType.SENT,
    EventType.CONFIRMED: EventType.CONFIRMED,
    EventType.REJECTED: EventType.REJECTED,
    EventType.UNKNOWN: EventType.UNKNOWN,
    EventType.NEEDS_PERSON: EventType.UNKNOWN,
    EventType.CANCELLED: EventType.CANCELLED,
    EventType.DECLINED: EventType.CANCELLED,
    EventType.EXPIRED: EventType.CANCELLED,
    EventType.REVERSED: EventType.REVERSED,
    EventType.MISMATCH: EventType.MISMATCH,
    EventType.REMINDER: EventType.REMINDER,
    EventType.STAGE_CHANGED: EventType.STAGE_CHANGED,
    EventType.SKIPPED: EventType.SKIPPED,
    EventType.UNUSUAL_SPENDING: EventType.UNUSUAL_SPENDING,
    EventType.UNEXPLAINED_SPENDING: EventType.UNEXPLAINED_SPENDING,
}
"""The ledger's events that are public, and how they are called there."""
EVENT_TYPES = tuple(type_.value for type_ in dict.fromkeys(_TYPES.values()))
_RECORDED = "recorded"
"""The reason of an order that a person noted after the fact: nobody was asked."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: SimKeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the event of a SIM."""
    async_add_entities([RechargeEvent(cast("SimConfigEntry", entry).runtime_data)])


class RechargeEvent(SimEntity, EventEntity):
    """Shows each public event of a SIM in the ledger."""

    _attr_event_types = list(EVENT_TYPES)

    def __init__(self, coordinator: SimCoordinator) -> None:
        """Stand on the SIM's page."""
        super().__init__(coordinator, "recharge")
        self._in_turn = asyncio.Lock()

    async def async_added_to_hass(self) -> None:
        """Listen to the ledger."""
        await super().async_added_to_hass()
        self.async_on_remove(
            async_dispatcher_connect(self.hass, SIGNAL_EVENT, self._happened)
        )

    async def _happened(self, event: Event) -> None:
        if event.sim != self.coordinator.epoch or event.type not in _TYPES:
            return
        async with self._in_turn:
            order = await self._order(event.order_id)
            if (
                event.type is EventType.ASKED
                and order
                and order.why["reason"] == _RECORDED
            ):
                return
            self._trigger_event(_TYPES[event.type].value, _details(event, order))
            self.async_write_ha_state()

    async def _order(self, order_id: int | None) -> Order | None:
        if order_id is None:
            return None
        try:
            return await self.coordinator.home.engine.desk.read(Ledger.order, order_id)
        except LedgerBroken:
            return None


def _details(event: Event, order: Order | None) -> dict[str, Any]:
    """Return what is worth knowing: a few small facts, and no secrets."""
    details: dict[str, Any] = {
        "order_id": event.order_id,
        "reason": event.data.get("reason"),
        "stage": event.data.get("stage"),
    }
    if event.type is EventType.NEEDS_PERSON:
        details["needs_person"] = True
    if event.type in SPENDING_EVENTS:
        spent, usual = spent_in(event), usual_in(event)
        details |= {"amount": float(spent.value), "currency": spent.currency}
        details["usual"] = None if usual is None else float(usual.value)
        details |= {name: event.data.get(name) for name in ("start", "end")}
    if order is not None:
        details["reason"] = order.reason or order.why.get("reason")
        details["assisted"] = order.assisted
        details["where"] = order.place
        if amount := order.value or order.cost:
            details |= {"amount": float(amount.value), "currency": amount.currency}
    return {key: value for key, value in details.items() if value is not None}
