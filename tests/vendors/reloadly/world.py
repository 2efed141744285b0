"""The truth behind the simulated vendor: wallet, purchases and what really arrived."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
import json
from pathlib import Path

from .catalogue import BY_ID
from .sold import SoldOperator

PROCESSING = "PROCESSING"
SUCCESSFUL = "SUCCESSFUL"
FAILED = "FAILED"
REFUNDED = "REFUNDED"

_STEP = Decimal("0.00001")
START_BALANCE = Decimal("1000.00000")


@dataclass(frozen=True, kw_only=True)
class Order:
    """A purchase request that passed every check of form."""

    operator: int
    amount: Decimal
    local: bool
    identifier: str | None
    country: str
    number: str


@dataclass(frozen=True, kw_only=True)
class Sale:
    """One purchase that really ran."""

    id: int
    order: Order
    at: datetime
    settles_at: datetime
    shown_at: datetime
    reversed_at: datetime | None = None
    end: str
    code: str | None
    cost: Decimal
    delivered: Decimal

    def state(self, now: datetime) -> str:
        """Return the state at a time."""
        if self.reversed_at is not None and now >= self.reversed_at:
            return REFUNDED
        return self.end if now >= self.settles_at else PROCESSING

    def debit(self, now: datetime) -> Decimal:
        """Return what is gone from the wallet at a time."""
        back = self.state(now) in (FAILED, REFUNDED)
        return Decimal(0) if back else self.cost


@dataclass(kw_only=True)
class Plan:
    """What shall become of the next sales."""

    end: str = SUCCESSFUL
    code: str | None = None
    takes_s: float = 9
    report_lag_s: float = 0
    reversed_after_s: float | None = None
    """When a delivery is taken back, in seconds after the sale."""


class World:
    """Everything that the vendor remembers. Survives the death of its clients."""

    def __init__(self, now: Callable[[], datetime], state: Path | None = None) -> None:
        """Start with an empty list, or with what the state file remembers."""
        self.now = now
        self.sales: list[Sale] = []
        self.funds = START_BALANCE
        self.taken: set[str] = set()
        self.dearer = False
        """Whether everything costs more than the catalogue says."""
        self.rates: dict[int, str] = {}
        """Today's rates by operator, where they are no longer those of the catalogue."""
        self._state = state
        if state is not None and state.exists():
            self._load(json.loads(state.read_text()))

    @property
    def balance(self) -> Decimal:
        """What is left in the wallet now."""
        now = self.now()
        return self.funds - sum((sale.debit(now) for sale in self.sales), Decimal(0))

    @property
    def bought(self) -> list[Sale]:
        """The sales that cost money and were not given back, finished or not."""
        now = self.now()
        return [sale for sale in self.sales if sale.debit(now) > 0]

    def credit_of(self, number: str) -> Decimal:
        """Add up the credit that really arrived on a number; data and PINs are none."""
        now = self.now()
        digits = number.lstrip("+")
        return sum(
            (
                sale.delivered
                for sale in self.sales
                if sale.order.number == digits
                and sale.state(now) == SUCCESSFUL
                and BY_ID[sale.order.operator].kind == "airtime"
            ),
            Decimal(0),
        )

    def quoted(self, order: Order) -> Decimal:
        """Return what an order would cost."""
        return cost_of(self.priced(BY_ID[order.operator]), order)

    def priced(self, operator: SoldOperator) -> SoldOperator:
        """Return an operator at today's prices and rates."""
        rate = self.rates.get(operator.id, operator.rate)
        percent = "25.0" if self.dearer else operator.fee_percent
        return replace(operator, rate=rate, fee_percent=percent)

    def sell(self, order: Order, plan: Plan | None = None) -> Sale:
        """Run a purchase: the money is gone from here on."""
        plan = plan or Plan()
        operator = self.priced(BY_ID[order.operator])
        now = self.now()
        back_s = plan.reversed_after_s
        sale = Sale(
            id=4_602_843 + len(self.sales),
            order=order,
            at=now,
            settles_at=now + timedelta(seconds=plan.takes_s),
            shown_at=now + timedelta(seconds=plan.report_lag_s),
            reversed_at=None if back_s is None else now + timedelta(seconds=back_s),
            end=plan.end,
            code=plan.code,
            cost=self.quoted(order),
            delivered=delivered_by(operator, order),
        )
        self.sales.append(sale)
        self.save()
        return sale

    def age(self, **by: float) -> None:
        """Make every sale older, for orders of long ago."""
        back = timedelta(**by)
        self.sales = [
            replace(
                sale,
                at=sale.at - back,
                settles_at=sale.settles_at - back,
                shown_at=sale.shown_at - back,
                reversed_at=sale.reversed_at and sale.reversed_at - back,
            )
            for sale in self.sales
        ]
        self.save()

    def take(self, identifier: str | None) -> None:
        """Remember that a call with this identifier has finished after buying."""
        if identifier is not None:
            self.taken.add(identifier)
            self.save()

    def reset(self) -> None:
        """Forget everything."""
        self.sales, self.funds, self.taken = [], START_BALANCE, set()
        self.save()

    def truth(self) -> dict[str, object]:
        """Everything as JSON values."""
        now = self.now()
        return {
            "balance": str(self.balance),
            "currency": "USD",
            "purchases": [
                {
                    "id": sale.id,
                    "number": sale.order.number,
                    "operator": sale.order.operator,
                    "amount": str(sale.order.amount),
                    "local": sale.order.local,
                    "identifier": sale.order.identifier,
                    "at": sale.at.isoformat(),
                    "state": sale.state(now),
                    "cost": str(sale.debit(now)),
                    "delivered": str(sale.delivered),
                    "currency": BY_ID[sale.order.operator].currency,
                }
                for sale in self.sales
            ],
            "delivered": {
                number: str(self.credit_of(number))
                for number in sorted({sale.order.number for sale in self.sales})
            },
        }

    def save(self) -> None:
        """Write the state file, if there is one, in one step."""
        if self._state is None:
            return
        kept = {
            "funds": str(self.funds),
            "taken": sorted(self.taken),
            "sales": [asdict(sale) for sale in self.sales],
        }
        beside = self._state.with_suffix(".new")
        beside.write_text(json.dumps(kept, default=_as_text, indent=1))
        beside.replace(self._state)

    def _load(self, kept: dict[str, object]) -> None:
        self.funds = Decimal(str(kept["funds"]))
        self.taken = set(kept["taken"])  # type: ignore[call-overload]
        self.sales = [_sale(dict(row)) for row in kept["sales"]]  # type: ignore[attr-defined]


def cost_of(operator: SoldOperator, order: Order) -> Decimal:
    """Return what a purchase costs in dollars, to five decimals."""
    rate = Decimal(operator.rate)
    percent = Decimal(operator.fee_percent)
    if order.local:
        sender, discount = order.amount / rate, Decimal(0)
        flat = Decimal(operator.local_fee) / rate
    else:
        sender, discount, flat = (
            order.amount,
            Decimal(operator.discount),
            Decimal(operator.fee),
        )
    factor = 1 + percent / 100 if percent else 1 - discount / 100
    return (sender * factor + flat).quantize(_STEP, rounding=ROUND_HALF_UP)


def delivered_by(operator: SoldOperator, order: Order) -> Decimal:
    """Return the credit that a purchase delivers."""
    if order.local:
        return order.amount
    listed = [Decimal(amount) for amount in operator.fixed]
    if order.amount in listed and len(operator.local_fixed) == len(listed):
        return Decimal(operator.local_fixed[listed.index(order.amount)])
    for amount, credit in operator.suggested.items():
        if Decimal(amount) == order.amount:
            return Decimal(credit)
    return (order.amount * Decimal(operator.rate)).quantize(_STEP, rounding=ROUND_FLOOR)


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _sale(row: dict[str, object]) -> Sale:
    order = dict(row["order"])  # type: ignore[call-overload]
    order["amount"] = Decimal(order["amount"])
    times = {
        key: datetime.fromisoformat(str(row[key]))
        for key in ("at", "settles_at", "shown_at", "reversed_at")
        if row.get(key) is not None
    }
    numbers = {key: Decimal(str(row[key])) for key in ("cost", "delivered")}
    return Sale(**{**row, **times, **numbers, "order": Order(**order)})  # type: ignore[arg-type]
