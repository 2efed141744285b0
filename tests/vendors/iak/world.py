"""The truth behind the simulated IAK: the deposit, the orders and what really arrived."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta, timezone
import json
from pathlib import Path

from .catalogue import BY_CODE

PROCESSING, SUCCESS, FAILED = 0, 1, 2
START_BALANCE = 5_000_000

_JAKARTA = timezone(timedelta(hours=7))
_RISE_PERCENT = 20


@dataclass(frozen=True, kw_only=True)
class Order:
    """A purchase request that passed every check."""

    ref: str
    number: str
    product: str


@dataclass(frozen=True, kw_only=True)
class Sale:
    """One order that really ran."""

    id: int
    order: Order
    at: datetime
    settles_at: datetime
    shown_at: datetime
    reversed_at: datetime | None = None
    end: int
    code: str
    cost: int

    @property
    def day(self) -> date:
        """The day in Jakarta."""
        return self.at.astimezone(_JAKARTA).date()

    def status(self, now: datetime) -> int:
        """Return the status at a time."""
        if self.reversed_at is not None and now >= self.reversed_at:
            return FAILED
        return self.end if now >= self.settles_at else PROCESSING

    def debit(self, now: datetime) -> int:
        """Return what is gone from the deposit at a time."""
        return 0 if self.status(now) == FAILED else self.cost


@dataclass(kw_only=True)
class Plan:
    """What shall become of the next sale."""

    end: int = SUCCESS
    code: str = "07"
    """The response code of a failure."""
    takes_s: float = 9
    report_lag_s: float = 0
    reversed_after_s: float | None = None


class World:
    """Everything that the vendor remembers. Survives the death of its clients."""

    def __init__(self, now: Callable[[], datetime], state: Path | None = None) -> None:
        """Start with an empty list, or with what the state file remembers."""
        self.now = now
        self.sales: list[Sale] = []
        self.funds = START_BALANCE
        self.ended: set[str] = set()
        """The keys whose call has ended: from then on they are known."""
        self.dearer = False
        """Whether everything costs more than the catalogue says."""
        self._state = state
        if state is not None and state.exists():
            self._load(json.loads(state.read_text()))

    @property
    def balance(self) -> int:
        """What is left of the deposit now."""
        now = self.now()
        return self.funds - sum(sale.debit(now) for sale in self.sales)

    @property
    def bought(self) -> list[Sale]:
        """The sales that cost money and were not given back, finished or not."""
        now = self.now()
        return [sale for sale in self.sales if sale.debit(now) > 0]

    def price(self, code: str) -> int:
        """Return what a product costs today."""
        price = BY_CODE[code].price
        return price * (100 + _RISE_PERCENT) // 100 if self.dearer else price

    def known(self, ref: str) -> Sale | None:
        """Return the order under a key, once the call that made it has ended."""
        if ref not in self.ended:
            return None
        return next((sale for sale in self.sales if sale.order.ref == ref), None)

    def shown(self, ref: str) -> Sale | None:
        """Return the order under a key, as soon as it is shown."""
        now = self.now()
        found = (sale for sale in self.sales if sale.order.ref == ref)
        return next((sale for sale in found if now >= sale.shown_at), None)

    def today(self, number: str) -> list[Sale]:
        """Return what a number got, or is to get, on this day in Jakarta."""
        today = self.now().astimezone(_JAKARTA).date()
        return [
            sale
            for sale in self.bought
            if sale.order.number == number and sale.day == today
        ]

    def sell(self, order: Order, plan: Plan | None = None) -> Sale:
        """Run an order: the money is gone from here on."""
        plan = plan or Plan()
        now, back_s = self.now(), plan.reversed_after_s
        sale = Sale(
            id=6_159_309 + len(self.sales),
            order=order,
            at=now,
            settles_at=now + timedelta(seconds=plan.takes_s),
            shown_at=now + timedelta(seconds=plan.report_lag_s),
            reversed_at=None if back_s is None else now + timedelta(seconds=back_s),
            end=plan.end,
            code=plan.code,
            cost=self.price(order.product),
        )
        self.sales.append(sale)
        self._save()
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
        self._save()

    def end_call(self, ref: str) -> None:
        """Remember that the call under a key has ended after buying."""
        self.ended.add(ref)
        self._save()

    def reset(self) -> None:
        """Forget everything."""
        self.sales, self.funds, self.ended = [], START_BALANCE, set()
        self._save()

    def truth(self) -> dict[str, object]:
        """Everything as JSON values."""
        now = self.now()
        return {
            "balance": str(self.balance),
            "currency": "IDR",
            "purchases": [
                {
                    "id": sale.id,
                    "number": sale.order.number,
                    "product": sale.order.product,
                    "identifier": sale.order.ref,
                    "at": sale.at.isoformat(),
                    "state": ("PROCESS", "SUCCESS", "FAILED")[sale.status(now)],
                    "cost": str(sale.debit(now)),
                    "delivered": BY_CODE[sale.order.product].nominal,
                    "currency": "IDR",
                }
                for sale in self.sales
            ],
        }

    def _save(self) -> None:
        """Write the state file, if there is one, in one step."""
        if self._state is None:
            return
        kept = {
            "funds": self.funds,
            "ended": sorted(self.ended),
            "sales": [asdict(sale) for sale in self.sales],
        }
        beside = self._state.with_suffix(".new")
        beside.write_text(json.dumps(kept, default=str, indent=1))
        beside.replace(self._state)

    def _load(self, kept: dict[str, object]) -> None:
        self.funds = int(str(kept["funds"]))
        self.ended = set(kept["ended"])  # type: ignore[call-overload]
        self.sales = [_sale(dict(row)) for row in kept["sales"]]  # type: ignore[attr-defined]


def _sale(row: dict[str, object]) -> Sale:
    times = {
        key: datetime.fromisoformat(str(row[key]))
        for key in ("at", "settles_at", "shown_at", "reversed_at")
        if row[key] is not None
    }
    order = Order(**row["order"])  # type: ignore[arg-type]
    return Sale(**{**row, **times, "order": order})  # type: ignore[arg-type]
