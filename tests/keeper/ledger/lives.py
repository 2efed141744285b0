"""Ledgers with orders in them, made through the API only."""

from datetime import datetime, timedelta
import sqlite3
from typing import Any

from custom_components.sim_keeper.keeper.errors import RefusalClass
from custom_components.sim_keeper.keeper.ledger import (
    Closing,
    Delivery,
    EventType,
    Hold,
    Ledger,
    NewOrder,
    Payment,
)
from custom_components.sim_keeper.keeper.orders import Order, Origin, State

from ..builders import EPOCH, NOW, hkd, usd

OTHER = "BBBBBBBBBB"
SCOPE = f"sim:{EPOCH}"
MONTH = "2026-03"
HOLDS = (
    Hold(scope=SCOPE, period=MONTH, currency="USD", cap=2000),
    Hold(scope="household", period=MONTH, currency="USD", cap=None),
)
DELIVERY = Delivery(cost=usd("6.50"), cost_exact="6.5", reference="ref-1")
CLOSINGS = {
    State.PENDING: EventType.PENDING,
    State.UNKNOWN: EventType.UNKNOWN,
    State.NEEDS_PERSON: EventType.NEEDS_PERSON,
    State.REJECTED: EventType.REJECTED,
    State.CANCELLED: EventType.CANCELLED,
    State.DECLINED: EventType.DECLINED,
    State.EXPIRED: EventType.EXPIRED,
    State.REVERSED: EventType.REVERSED,
    State.APPROVED: EventType.NOT_SENT,
    State.ASKED: EventType.ASKED,
}


def a_ledger(*others: str) -> Ledger:
    """Return a ledger that knows a SIM, and perhaps others."""
    ledger = Ledger.in_memory()
    for index, epoch in enumerate((EPOCH, *others)):
        ledger.add_sim(epoch, f"+8525123456{index}", "Asia/Hong_Kong", NOW)
    return ledger


def conn_of(ledger: Ledger) -> sqlite3.Connection:
    """Return the connection under a ledger, for raw SQL."""
    return ledger._book.conn


def new(**changes: Any) -> NewOrder:
    """Return an order of 50 HKD for at most 7 USD."""
    values: dict[str, Any] = {
        "sim": EPOCH,
        "origin": Origin.RULE,
        "ceiling": usd("7"),
        "why": {"reason": "due", "rules": []},
        "account": "model:1",
        "product": "any",
        "body": {"amount": "50.00"},
        "value": hkd("50"),
        "price": usd("6.50"),
    }
    return NewOrder(**(values | changes))


def task(**changes: Any) -> NewOrder:
    """Return a recharge that a person is asked to do."""
    values = {"assisted": True, "account": None, "product": None, "body": None}
    return new(**(values | {"price": None, "ceiling": hkd("50")} | changes))


def closing(to: State, **changes: Any) -> Closing:
    """Return how an order moves on."""
    values: dict[str, Any] = {"to": to, "type": CLOSINGS[to]}
    if to is State.REJECTED:
        values["refusal"] = RefusalClass.LATER
    return Closing(**(values | changes))


def move(
    ledger: Ledger, order: Order, to: State, now: datetime = NOW, **changes: Any
) -> Order:
    """Move an order on."""
    return ledger.move(order.id, closing(to, **changes), "keeper", now)


def paid(**changes: Any) -> Payment:
    """Return what a person paid in a shop today."""
    values: dict[str, Any] = {"cost": hkd("50"), "day": NOW.date()}
    return Payment(**(values | changes))


def sending(ledger: Ledger, now: datetime = NOW, **changes: Any) -> Order:
    """Bear an automatic order that is being sent."""
    return ledger.bear_sending(new(**changes), HOLDS, 0, now)[0]


def confirmed(ledger: Ledger, now: datetime = NOW, **changes: Any) -> Order:
    """Bear an automatic order and deliver it."""
    order = sending(ledger, now, **changes)
    return ledger.confirm(order.id, DELIVERY, (), "keeper", now)


def reach(ledger: Ledger, state: State, now: datetime = NOW) -> Order:
    """Bring an order into a state the usual way."""
    if state in (State.ASKED, State.DECLINED, State.EXPIRED):
        order = ledger.ask(new(), "keeper", now)
        return order if state is State.ASKED else move(ledger, order, state, now)
    if state in (State.APPROVED, State.CANCELLED):
        order = ledger.bear_approved(new(), HOLDS, "user:1", now)
        return order if state is State.APPROVED else move(ledger, order, state, now)
    order = sending(ledger, now)
    if state is State.SENDING:
        return order
    if state in (State.CONFIRMED, State.REVERSED):
        order = ledger.confirm(order.id, DELIVERY, (), "keeper", now)
        return order if state is State.CONFIRMED else move(ledger, order, state, now)
    if state is State.NEEDS_PERSON:
        order = move(ledger, order, State.UNKNOWN, now)
    return move(ledger, order, state, now)


def later(**delta: float) -> datetime:
    """Return a moment after NOW."""
    return NOW + timedelta(**delta)


def spent_in(ledger: Ledger, scope: str = SCOPE, period: str = MONTH) -> dict[str, int]:
    return dict(ledger.spending(scope, period).amounts)


def types_of(ledger: Ledger, order_id: int = 1) -> list[str]:
    return [event.type.value for event in ledger.events(order_id)]


def untold_types(ledger: Ledger) -> list[EventType]:
    return [told.event.type for told in ledger.untold()]
