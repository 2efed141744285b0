"""What callers hand to the ledger about an order, and how it stands in rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
import hashlib

from ..errors import RefusalClass
from ..money import Money
from ..orders import APPROVAL_LIFETIME, Effect, Kind, Order, Origin, State
from ..ports import Json
from ..sim import Field
from .chain import Change, Row, encode
from .records import EventType, Hold, HoldState


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """What is known of an order when it is born."""

    sim: str
    origin: Origin
    ceiling: Money
    why: Mapping[str, Json]
    assisted: bool = False
    kind: Kind = Kind.RECHARGE
    request: str | None = None
    account: str | None = None
    operator: str | None = None
    product: str | None = None
    body: Mapping[str, Json] | None = None
    value: Money | None = None
    price: Money | None = None
    days: int | None = None
    valid_for: timedelta = APPROVAL_LIFETIME
    traceable: bool = True
    """Its channel can be asked by key what was bought, without buying."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What the vendor said when it had delivered."""

    cost: Money | None
    cost_exact: str | None
    reference: str | None
    receipt: str | None = None
    effect: Effect = Effect.OPEN
    shown_by: Field | None = None
    note: str | None = None
    look_again_at: datetime | None = None
    """When the vendor is asked once more, in case it takes the delivery back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture of a receipt, which is kept as a file beside the ledger."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What a person says of a recharge that he did."""

    cost: Money | None
    """None where nobody knows it: it is counted nowhere."""
    day: date
    days: int | None = None
    place: str | None = None
    receipt: str | None = None
    note: str | None = None
    reason: str | None = None
    """Why it counts as done, where the person did not do it himself."""
    picture: Picture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How an order moves on without delivery."""

    to: State
    type: EventType
    reason: str | None = None
    refusal: RefusalClass | None = None
    consumed: bool = False
    reference: str | None = None
    note: str | None = None
    next_at: datetime | None = None
    quiet: bool = False
    details: Mapping[str, Json] = field(default_factory=dict)


def clipped(text: str | None, length: int) -> str | None:
    """Return a vendor's text as far as it can be kept: what happened is always recorded."""
    if text is None:
        return None
    return text.encode(errors="replace").decode()[:length]


def terms(new: NewOrder) -> Row:
    """Return the columns that a quote decides."""
    return {
        "account": new.account,
        "operator": new.operator,
        "product": new.product,
        "body": None if new.body is None else encode(new.body),
        "value_minor": None if new.value is None else new.value.minor,
        "value_cur": None if new.value is None else new.value.currency,
        "price_minor": None if new.price is None else new.price.minor,
        "max_minor": new.ceiling.minor,
        "pay_cur": new.ceiling.currency,
        "days": new.days,
    }


def held(order_id: int, ceiling: Money, holds: Sequence[Hold]) -> list[Change]:
    """Return the rows that take an order's ceiling out of its budgets."""
    return [
        (
            "hold",
            {
                "order_id": order_id,
                "scope": hold.scope,
                "period": hold.period,
                "cur": hold.currency,
                "cap_minor": hold.cap,
                "amount": ceiling.minor,
                "state": HoldState.HELD.value,
            },
        )
        for hold in holds
    ]


def fingerprint(order: Order) -> str:
    """Return the hash of the request that is frozen with the first send."""
    return hashlib.sha256(encode(order.body or {}).encode()).hexdigest()


def comparable(cost: Money | None, ceiling: Money) -> Money | None:
    """Return what a vendor says that an order cost, if it can be booked as it is."""
    if cost is None or cost.currency != ceiling.currency or cost.minor < 0:
        return None
    return cost
