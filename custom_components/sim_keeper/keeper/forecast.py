"""The forecast: plays the policy forward, with nothing going wrong and every question answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from heapq import heapify, heappop, heapreplace
from typing import Literal

from .budget import MARGIN_PERCENT, HouseholdRules
from .burn import Burn, projected
from .course import Option
from .due import next_recharge_day, today_of
from .estimates import readings_after
from .ledger import Spending
from .lifecycle import lifecycle
from .money import Money
from .orders import Kind, Order
from .policy import decide
from .ports import Wanted
from .purchase import buys_cheapest, cheapest_now, wanted
from .rehearsal import Purse, delivered, undisturbed, used_on
from .sim import Readings, RuleKind
from .situation import Action, Decision, Reason, Situation

AHEAD = timedelta(days=365)
STEPS_MAX = 2_000
"""How often one SIM is looked at; a year of daily looks is far below."""
_WAITS = frozenset({Reason.RECENTLY_RECHARGED, Reason.SAID_NO, Reason.RETRY_LATER})
_SLEEPS = frozenset({Reason.NOT_DUE, Reason.PAUSED, Reason.OFF})


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """What a purchase is expected to cost and to bring."""

    price: Money
    value: Money | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """A SIM as it stands, and what is known of what it will buy."""

    at: Situation
    quote: Callable[[Wanted], Quoted | None] = lambda _: None
    """Without a price, an amount is counted as what it is worth."""
    options: Sequence[Option] = ()
    """What the cheapest plan can choose from."""
    burn: Burn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One recharge to come."""

    at: datetime
    kind: Kind
    rules: tuple[RuleKind, ...]
    amount: Money | None
    cost: Money | None
    """None for what costs nothing, or nobody knows what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What the rules will do."""

    recharges: tuple[Planned, ...]
    starved_on: date | None
    """The first day on which a cap leaves no room for a recharge that is due."""
    known_until: date | None
    """The day after which nothing can be told, because nobody knows what a recharge buys."""
    ended_by: Reason | None
    """Why the rules do nothing any more."""

    @property
    def total(self) -> tuple[Money, ...]:
        """The cost of the whole time, per currency."""
        return _total(self.recharges)


def forecast(
    outlooks: Sequence[Outlook],
    household: HouseholdRules,
    spent: Sequence[Spending],
    now: datetime,
    ahead: timedelta = AHEAD,
) -> tuple[Forecast, ...]:
    """Return what will happen to SIMs that share budgets, in the order in which they came.

    Raises CurrencyMismatch where the options of a cheapest plan cost different money.
    """
    purse = Purse(household, spent)
    runs = [_Run(outlook, purse, now, now + ahead) for outlook in outlooks]
    if not (household.monthly_caps or household.account_caps):
        # Nothing that one SIM buys bears on another: one after the other.
        for run in runs:
            while run.step():
                pass
        return tuple(run.result() for run in runs)
    heap = [(run.moment, number) for number, run in enumerate(runs)]
    heapify(heap)
    while heap:
        number = heap[0][1]
        if runs[number].step():
            heapreplace(heap, (runs[number].moment, number))
        else:
            heappop(heap)
    return tuple(run.result() for run in runs)


class _Run:
    """One SIM on its way through the time."""

    def __init__(
        self, outlook: Outlook, purse: Purse, now: datetime, end: datetime
    ) -> None:
        self.moment = now
        self._outlook = outlook
        self._purse = purse
        self._end = end
        self._sim = outlook.at.sim
        self._at = undisturbed(outlook.at)
        self._steps = 0
        self._found: list[Planned] = []
        self._starved_on: date | None = None
        self._known_until: date | None = None
        self._ended_by: Reason | None = None

    def result(self) -> Forecast:
        """Return what was found."""
        return Forecast(
            recharges=tuple(self._found),
            starved_on=self._starved_on,
            known_until=self._known_until,
            ended_by=self._ended_by,
        )

    def step(self) -> bool:
        """Look at one moment; tell whether there is another."""
        self._steps += 1
        at = self._now()
        decision = decide(at, self.moment)
        if decision.action is not Action.NOTHING:
            self._recharge(at, decision)
        elif decision.reason in _WAITS or self._waits_for_plan(decision):
            self.moment = decision.look_at
        elif decision.reason not in _SLEEPS or not self._sleep(at):
            self._ended_by = decision.reason
            return False
        return self.moment <= self._end and self._steps < STEPS_MAX

    def _waits_for_plan(self, decision: Decision) -> bool:
        """Tell whether nothing is set to buy, until a deadline lets the planner choose."""
        return decision.reason is Reason.NO_AMOUNT and self._sim.rules.cheapest

    def _now(self) -> Situation:
        view = self._at.view
        balance, burn = view.readings.balance, self._outlook.burn
        if (
            balance is not None
            and burn is not None
            and balance.unit == burn.spent.currency
        ):
            readings = replace(
                view.readings, balance=projected(balance, burn, self.moment)
            )
            view = replace(view, readings=readings)
        life = lifecycle(self._sim, view.readings, self.moment)
        return replace(self._at, life=life, view=view)

    def _sleep(self, at: Situation) -> bool:
        """Go to the day on which something is due next; False where nothing ever is."""
        days = [next_recharge_day(at, self.moment), self._low_balance_day(at)]
        day = min((day for day in days if day is not None), default=None)
        if day is None:
            if self._found and at.sim.rules.calendar is None and not _knows_more(at):
                self._known_until = today_of(self._sim, self._found[-1].at)
            return False
        later = max(day, today_of(self._sim, self.moment) + timedelta(days=1))
        self.moment = datetime.combine(later, time.min, tzinfo=self._sim.zone)
        return True

    def _low_balance_day(self, at: Situation) -> date | None:
        limit, balance = self._sim.rules.low_balance, at.view.readings.balance
        burn = self._outlook.burn
        if limit is None or balance is None or burn is None:
            return None
        if not limit.currency == balance.unit == burn.spent.currency:
            return None
        days = burn.days_until(balance.money, limit)
        return (
            None
            if days is None
            else today_of(self._sim, self.moment) + timedelta(days=days)
        )

    def _recharge(self, at: Situation, decision: Decision) -> None:
        bought = self._bought(at, decision)
        if bought is Reason.NO_PLAN:
            self._ended_by, self.moment = bought, self._end + AHEAD
            return
        if bought is None:
            self._starve()
            return
        buys, quoted = bought
        self._found.append(
            Planned(
                at=self.moment,
                kind=decision.kind,
                rules=decision.rules,
                amount=None if buys is None else buys.amount,
                cost=None if quoted is None else quoted.price,
            )
        )
        if decision.kind is Kind.ACTIVITY:
            self._used(at)
        else:
            self._recharged(at, decision, buys, quoted)

    def _bought(
        self, at: Situation, decision: Decision
    ) -> tuple[Wanted | None, Quoted | None] | Literal[Reason.NO_PLAN] | None:
        """Return what is bought and its price; None where a budget has no room."""
        using = decision.kind is Kind.ACTIVITY
        if using and decision.action is Action.ASSIST:
            return None, None
        buys = Wanted() if using else wanted(at, self.moment)
        if decision.action is not Action.ASSIST and buys_cheapest(at, decision.rules):
            buys = cheapest_now(at, self._outlook.options, self.moment)
        if buys is None:
            # A person is asked all the same, and finds out what to pay.
            by_hand = decision.action is Action.ASSIST
            return (None, None) if by_hand else Reason.NO_PLAN
        quoted = self._outlook.quote(buys)
        if quoted is None:
            if buys.amount is None:
                return buys, None
            quoted = Quoted(price=buys.amount, value=buys.amount)
        if decision.action is Action.ASSIST:
            return buys, quoted
        capabilities = at.capabilities
        guarded = capabilities is not None and capabilities.price_guard
        ceiling = quoted.price if guarded else quoted.price.with_margin(MARGIN_PERCENT)
        paid = self._purse.pay(self._sim, quoted.price, ceiling, self.moment)
        return (buys, quoted) if paid else None

    def _starve(self) -> None:
        """Wait for the next day, as long as a budget has no room."""
        today = today_of(self._sim, self.moment)
        self._starved_on = self._starved_on or today
        self.moment = datetime.combine(
            today + timedelta(days=1), time.min, tzinfo=self._sim.zone
        )

    def _used(self, at: Situation) -> None:
        used = used_on(today_of(self._sim, self.moment), self.moment)
        self._keep(at, replace(at.view.readings, last_activity=used), None)

    def _recharged(
        self,
        at: Situation,
        decision: Decision,
        buys: Wanted | None,
        quoted: Quoted | None,
    ) -> None:
        value = quoted.value if quoted else None
        days = quoted.days if quoted else None
        readings = at.view.readings
        for reading in readings_after(
            *(self._sim, readings),
            last=at.view.last_recharge,
            value=value,
            days=days,
            now=self.moment,
            product=buys.product if buys and quoted else None,
        ):
            readings = replace(readings, **{reading.field.value: reading})
        by_hand = decision.action is Action.ASSIST
        self._keep(
            at, readings, delivered(self._sim, value, self.moment, by_hand=by_hand)
        )

    def _keep(self, at: Situation, readings: Readings, last: Order | None) -> None:
        view = replace(at.view, readings=readings)
        if last is not None:
            delivered = view.last_delivered_at if last.assisted else self.moment
            view = replace(view, last_recharge=last, last_delivered_at=delivered)
        self._at = replace(at, view=view)


def _total(recharges: Sequence[Planned]) -> tuple[Money, ...]:
    amounts: dict[str, Money] = {}
    for planned in recharges:
        if (cost := planned.cost) is not None:
            old = amounts.get(cost.currency, Money(0, cost.currency))
            amounts[cost.currency] = old + cost
    return tuple(amounts[currency] for currency in sorted(amounts))


def _knows_more(at: Situation) -> bool:
    """Tell whether a deadline is known from after the last recharge."""
    last = at.view.last_recharge
    reading = at.view.readings.expiry or at.view.readings.last_activity
    return (
        last is None
        or last.settled_at is None
        or (reading is not None and reading.observed_at >= last.settled_at)
    )
