"""The JSON that the simulated vendor writes."""

from datetime import datetime, timedelta
from decimal import Decimal

from aiohttp import web

from ..wire import Shown, reply
from .catalogue import BY_ID
from .world import Sale

ACCEPT = "application/com.reloadly.topups-v1+json"


class Refusal(Exception):
    """An error answer of the API."""

    def __init__(self, status: int, code: str | None, message: str = "refused") -> None:
        """Keep what the answer shall say."""
        super().__init__(code or message)
        self.status, self.code, self.message = status, code, message


def refusal(error: Refusal, path: str, now: datetime) -> web.Response:
    """Answer an error in the normal shape, or the framework's where there is no code."""
    if error.status in (404, 500) and error.code is None:
        shape: dict[str, Shown] = {
            "timestamp": now.isoformat(),
            "status": error.status,
            "error": error.message,
            "path": path,
        }
    else:
        shape = {
            "timeStamp": wall(now),
            "message": error.message,
            "path": path,
            "errorCode": error.code,
            "infoLink": None,
            "details": [],
        }
    return reply(shape, error.status)


def wall(at: datetime) -> str:
    """Write a UTC wall time as the vendor does."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


def transaction(
    sale: Sale, now: datetime, skew: timedelta, balance: Decimal
) -> dict[str, Shown]:
    """Show a transaction as the API does."""
    operator = BY_ID[sale.order.operator]
    state = sale.state(now)
    cost = sale.debit(now)
    return {
        "transactionId": sale.id,
        "status": state,
        "operatorTransactionId": f"OP-{sale.id}" if state == "SUCCESSFUL" else None,
        "customIdentifier": sale.order.identifier,
        "recipientPhone": sale.order.number,
        "recipientEmail": None,
        "senderPhone": None,
        "countryCode": sale.order.country,
        "operatorId": operator.id,
        "operatorName": operator.name,
        "discount": Decimal("0.0"),
        "discountCurrencyCode": "USD",
        "requestedAmount": sale.order.amount,
        "requestedAmountCurrencyCode": operator.currency if sale.order.local else "USD",
        "deliveredAmount": sale.delivered,
        "deliveredAmountCurrencyCode": operator.currency,
        "transactionDate": wall(sale.at + skew),
        "fee": Decimal("0.0"),
        "pinDetail": _pin(sale.id) if operator.kind == "pin" else None,
        "balanceInfo": {
            "oldBalance": balance + cost,
            "newBalance": balance,
            "cost": Decimal(f"{cost}000000"),
            "currencyCode": "USD",
            "currencyName": "US Dollar",
            "updatedAt": wall(sale.at + timedelta(hours=5)),
        },
    }


def _pin(sale: int) -> dict[str, Shown]:
    """Show the voucher that somebody still has to type into the phone."""
    names = ("info1", "info2", "info3", "value", "ivr", "validity")
    return {"serial": f"S{sale}", "code": f"{sale:016}", **dict.fromkeys(names)}


def page_of(rows: list[dict[str, Shown]], number: int, size: int) -> dict[str, Shown]:
    """Cut out a Spring page; pages count from 1."""
    first = (number - 1) * size
    pages = max(1, -(-len(rows) // size))
    return {
        "content": list(rows[first : first + size]),
        "totalElements": len(rows),
        "totalPages": pages,
        "last": number >= pages,
        "number": number,
        "size": size,
    }
