"""Reloadly's transactions: whether one is ours, and how it ended."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ...keeper.errors import RefusalClass, Rejected, Unavailable
from ...keeper.money import Money
from ...keeper.ports import Confirmed, Foreign, Found, Pending, Purchase
from ..amounts import cost_in, floor_money
from ..parsing import Parsed, Table, integer, number, table, words
from .codes import code_in

_CLOCK_SLACK = timedelta(minutes=10)

SUCCESSFUL = "SUCCESSFUL"
FAILED = "FAILED"
REFUNDED = "REFUNDED"
FINAL = frozenset({SUCCESSFUL, FAILED, REFUNDED})


def digits_of(number_text: Parsed) -> str:
    """Return the digits of a phone number, the form that Reloadly echoes."""
    if isinstance(number_text, int) and not isinstance(number_text, bool):
        return str(number_text)
    return (
        "".join(filter(str.isdigit, number_text))
        if isinstance(number_text, str)
        else ""
    )


def found(transaction: Table, purchase: Purchase) -> Found:
    """Say what a transaction under our key is. Raises Rejected if it ended without money gone.

    Raises Unavailable for one that has no id.
    """
    identity = integer(transaction.get("transactionId"))
    if identity is None:
        raise Unavailable("unexpected answer")
    reference = str(identity)
    if not is_ours(transaction, purchase):
        return Foreign(
            reference=reference,
            cost=_cost(transaction)[0],
            value=_delivered(transaction, purchase),
            at=_time(transaction.get("transactionDate")),
        )
    return settled(purchase, reference, transaction.get("status"), None, transaction)


def settled(
    purchase: Purchase,
    reference: str,
    status: Parsed,
    code: Parsed,
    transaction: Table,
) -> Confirmed | Pending:
    """Turn a status into an outcome. Raises Rejected for the two that cost nothing."""
    if status == FAILED:
        raise Rejected(code_in(code) or FAILED, RefusalClass.LATER, consumed=True)
    if status == REFUNDED:
        raise Rejected(REFUNDED, RefusalClass.LATER, consumed=True)
    if status != SUCCESSFUL:
        return Pending(reference=reference)
    cost, exact = _cost(transaction)
    return Confirmed(
        reference=reference,
        cost=cost,
        cost_exact=exact,
        delivered=_delivered(transaction, purchase),
        at=_time(transaction.get("transactionDate")),
        receipt=_receipt(transaction.get("operatorTransactionId")),
    )


def is_ours(transaction: Table, purchase: Purchase) -> bool:
    """Whether number, operator and amount match and it is not older than the order."""
    at = _time(transaction.get("transactionDate"))
    return (
        transaction.get("customIdentifier") == purchase.key
        and digits_of(transaction.get("recipientPhone"))
        == digits_of(purchase.line.number)
        and integer(transaction.get("operatorId")) == purchase.body.get("operatorId")
        and number(transaction.get("requestedAmount")) == _requested(purchase)
        and transaction.get("requestedAmountCurrencyCode")
        == purchase.body.get("currency")
        and at is not None
        and at >= purchase.created_at - _CLOCK_SLACK
    )


def contradicts(transaction: Table, purchase: Purchase) -> bool:
    """Whether what a short answer does tell belongs to another order."""
    ours: dict[str, Parsed] = {
        "customIdentifier": purchase.key,
        "recipientPhone": digits_of(purchase.line.number),
        "operatorId": integer(_plain_json(purchase.body.get("operatorId"))),
    }
    theirs: dict[str, Parsed] = {
        "customIdentifier": transaction.get("customIdentifier"),
        "recipientPhone": digits_of(transaction.get("recipientPhone")) or None,
        "operatorId": integer(transaction.get("operatorId")),
    }
    return any(theirs[key] is not None and theirs[key] != ours[key] for key in ours)


def _requested(purchase: Purchase) -> Decimal | None:
    return number(_plain_json(purchase.body.get("amount")))


def _plain_json(value: object) -> Parsed:
    return value if isinstance(value, str | int) else None


def _cost(transaction: Table) -> tuple[Money | None, str | None]:
    """Return what left the wallet, and the vendor's own text of it."""
    balance = table(transaction.get("balanceInfo"))
    currency = balance.get("currencyCode")
    if not isinstance(currency, str):
        return None, None
    return cost_in(balance.get("cost"), currency)


def _delivered(transaction: Table, purchase: Purchase) -> Money | None:
    """Return the credit that arrived; the amount that is told of a bundle is none."""
    if purchase.body.get("bundle") is True:
        return None
    amount = number(transaction.get("deliveredAmount"))
    currency = transaction.get("deliveredAmountCurrencyCode")
    if amount is None or not isinstance(currency, str):
        return None
    return floor_money(amount, currency)


def _time(value: Parsed) -> datetime | None:
    """Read a UTC wall time: `2026-01-02 03:04:05`."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except ValueError, OverflowError:
        return None


def _receipt(value: Parsed) -> str | None:
    return words(str(value) if isinstance(value, int) else value, 64)
