"""What actions answer: orders as plain values, and the ledger as a table."""

import csv
from datetime import datetime
import io

from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from .keeper.ledger import Picture
from .keeper.money import Money
from .keeper.orders import Order
from .receipts import FOLDER

ORDER_FIELDS = (
    *("order_id", "state", "effect", "reason", "kind"),
    *("amount", "currency", "price", "price_currency"),
    *("product", "account", "reference", "receipt", "created_at", "settled_at"),
)
"""What an order in a response has. Stable: automations read it."""

EXPORT_FIELDS = (
    *ORDER_FIELDS,
    *("happened_on", "place", "note", "picture", "picture_sha256"),
)
"""What an order in the exported ledger has."""

_TEXTS = frozenset(
    {
        *("name", "number", "reason", "product", "account", "reference", "receipt"),
        *("place", "note"),
    }
)
"""Columns whose content somebody else chose; a spreadsheet must not run it."""
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def order_reply(order: Order) -> JsonObjectType:
    """Return an order as a response shows it: amounts are decimal text, times have a zone."""
    price = order.cost or order.price
    why = order.why.get("reason")
    return {
        "order_id": order.id,
        "state": order.state.value,
        "effect": order.effect.value,
        "reason": order.reason or (why if isinstance(why, str) else None),
        "kind": order.kind.value,
        "amount": decimal_text(order.value),
        "currency": None if order.value is None else order.value.currency,
        "price": decimal_text(price),
        "price_currency": order.ceiling.currency if price is None else price.currency,
        "product": order.product,
        "account": order.account,
        "reference": order.reference,
        "receipt": order.receipt,
        "created_at": time_text(order.created_at),
        "settled_at": time_text(order.settled_at),
    }


def export_row(order: Order, picture: Picture | None) -> JsonObjectType:
    """Return an order as the export shows it: also what a person told of it."""
    day = order.happened_on
    return {
        **order_reply(order),
        "happened_on": None if day is None else day.isoformat(),
        "place": order.place,
        "note": order.note,
        "picture": None if picture is None else f"{FOLDER}/{picture.name}",
        "picture_sha256": None if picture is None else picture.sha256,
    }


def decimal_text(money: Money | None) -> str | None:
    """Return an amount without its currency: `12.50`."""
    return None if money is None else f"{money.value:f}"


def as_csv(rows: list[JsonObjectType]) -> str:
    """Return rows of orders as CSV that no spreadsheet takes for formulas."""
    out = io.StringIO()
    table = csv.writer(out)
    names = ("name", "number", *EXPORT_FIELDS)
    table.writerow(names)
    for row in rows:
        table.writerow([_cell(name, row[name]) for name in names])
    return out.getvalue()


def _cell(name: str, value: object) -> object:
    if name in _TEXTS and isinstance(value, str) and value.startswith(_DANGEROUS):
        return f"'{value}"
    return value


def time_text(moment: datetime | None) -> str | None:
    """Return a time in the zone of Home Assistant."""
    return None if moment is None else dt_util.as_local(moment).isoformat()
