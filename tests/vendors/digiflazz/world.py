"""The truth behind the simulated vendor: deposit, purchases and what really arrived."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
import json
from pathlib import Path

from .catalogue import BY_SKU, SoldProduct

PENDING = "pending"
SUCCESS = "success"
FAILED = "failed"

START_DEPOSIT = Decimal(1_000_000)
MEMORY = timedelta(days=90)
"""How long a ref_id is known; later it buys anew."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """A purchase request that passed every check of form."""

    ref_id: str
    sku: str
    number: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What shall become of a purchase."""

    takes_s: float = 9
    end: str = SUCCESS
    code: str = "02"
    """The code of a failure."""
    reversed_after_s: float | None = None
    """When a success is taken back."""


@dataclass(frozen=True, kw_only=True)
class Sale:
    """One transaction that was formed."""

    id: int
    order: Order
    at: datetime
    settles_at: datetime
    reversed_at: datetime | None
    end: str
    failure: str
    price: Decimal
    play: bool

    def state(self, now: datetime) -> str:
        """Return the state at a time."""
        if self.reversed_at is not None and now >= self.reversed_at:
            return FAILED
        return self.end if now >= self.settles_at else PENDING

    def code(self, now: datetime) -> str:
        """Return the response code at a time."""
        if self.reversed_at is not None and now >= self.reversed_at:
            return "74"
        return {PENDING: "03", SUCCESS: "00", FAILED: self.failure}[self.state(now)]

    def debit(self, now: datetime) -> Decimal:
        """Return what is gone from the deposit at a time."""
        back = self.play or self.state(now) == FAILED
        return Decimal(0) if back else self.price


class World:
    """Everything that the vendor remembers. Survives the death of its clients."""

    def __init__(self, now: Callable[[], datetime], state: Path | None = None) -> None:
        """Start with an empty list, or with what the state file remembers."""
        self.now = now
        self.sales: list[Sale] = []
        self.funds = START_DEPOSIT
        self.dearer = False
        self.called_at: dict[str, datetime] = {}
        """When each ref_id was last sent, be it to buy or to ask."""
        self._state = state
        if state is not None and state.exists():
            self._load(json.loads(state.read_text()))

    @property
    def deposit(self) -> Decimal:
        """What is left now."""
        now = self.now()
        return self.funds - sum((sale.debit(now) for sale in self.sales), Decimal(0))

    @property
    def bought(self) -> list[Sale]:
        """The sales that cost money and were not given back, finished or not."""
        now = self.now()
        return [sale for sale in self.sales if sale.debit(now) > 0]

    def credit_of(self, number: str) -> int:
        """Add up the credit that really arrived on a number in local form."""
        return sum(product.credit for product in self._delivered(number))

    def days_of(self, number: str) -> int:
        """Add up the validity that really arrived on a number in local form."""
        return sum(product.days for product in self._delivered(number))

    def price_of(self, product: SoldProduct) -> Decimal:
        """Return what a product costs now."""
        price = Decimal(product.price)
        return price + 1500 if self.dearer else price

    def known(self, ref_id: str) -> Sale | None:
        """Return the newest transaction under a ref_id that is not forgotten yet."""
        since = self.now() - MEMORY
        for sale in reversed(self.sales):
            if sale.order.ref_id == ref_id and sale.at > since:
                return sale
        return None

    def sell(
        self, order: Order, plan: Plan | None = None, *, play: bool = False
    ) -> Sale:
        """Form a transaction: the money is gone from here on, unless it failed."""
        plan = plan or Plan()
        now, back_s = self.now(), plan.reversed_after_s
        product = BY_SKU.get(order.sku)
        sale = Sale(
            id=7_250_101 + len(self.sales),
            order=order,
            at=now,
            settles_at=now + timedelta(seconds=plan.takes_s),
            reversed_at=None if back_s is None else now + timedelta(seconds=back_s),
            end=plan.end,
            failure=plan.code,
            price=Decimal(0) if product is None else self.price_of(product),
            play=play,
        )
        self.sales.append(sale)
        self.save()
        return sale

    def age(self, **by: float) -> None:
        """Make every transaction older."""
        back = timedelta(**by)
        self.sales = [
            replace(
                sale,
                at=sale.at - back,
                settles_at=sale.settles_at - back,
                reversed_at=sale.reversed_at and sale.reversed_at - back,
            )
            for sale in self.sales
        ]
        self.called_at = {ref: at - back for ref, at in self.called_at.items()}
        self.save()

    def reset(self) -> None:
        """Forget everything."""
        self.sales, self.funds, self.called_at = [], START_DEPOSIT, {}
        self.save()

    def truth(self) -> dict[str, object]:
        """Everything as JSON values."""
        now = self.now()
        return {
            "balance": str(self.deposit),
            "currency": "IDR",
            "purchases": [
                {
                    "id": sale.id,
                    "number": sale.order.number,
                    "product": sale.order.sku,
                    "identifier": sale.order.ref_id,
                    "at": sale.at.isoformat(),
                    "state": sale.state(now),
                    "code": sale.code(now),
                    "cost": str(sale.debit(now)),
                    "currency": "IDR",
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
            "sales": [asdict(sale) for sale in self.sales],
        }
        beside = self._state.with_suffix(".new")
        beside.write_text(json.dumps(kept, default=_as_text, indent=1))
        beside.replace(self._state)

    def _delivered(self, number: str) -> list[SoldProduct]:
        now = self.now()
        return [
            BY_SKU[sale.order.sku]
            for sale in self.sales
            if sale.order.number == number
            and sale.state(now) == SUCCESS
            and not sale.play
        ]

    def _load(self, kept: dict[str, object]) -> None:
        self.funds = Decimal(str(kept["funds"]))
        self.sales = [_sale(dict(row)) for row in kept["sales"]]  # type: ignore[attr-defined]


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _sale(row: dict[str, object]) -> Sale:
    times = {
        key: row[key] and datetime.fromisoformat(str(row[key]))
        for key in ("at", "settles_at", "reversed_at")
    }
    order = Order(**row["order"])  # type: ignore[arg-type]
    price = Decimal(str(row["price"]))
    return Sale(**{**row, **times, "order": order, "price": price})  # type: ignore[arg-type]
