"""What the rules of one SIM will do, what it costs, and what would be cheaper. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .keeper.budget import HouseholdRules
from .keeper.burn import Burn
from .keeper.contradictions import set_rules
from .keeper.course import Option, Plan
from .keeper.due import DEADLINE_RULES
from .keeper.forecast import AHEAD, Forecast, Outlook, Planned, Quoted, forecast
from .keeper.ledger import LedgerView, Spending
from .keeper.lifecycle import lifecycle
from .keeper.money import Money
from .keeper.options import ladder_options, options_for
from .keeper.orders import Kind
from .keeper.planner import always, cheapest
from .keeper.policy import wanted
from .keeper.ports import Capabilities, Wanted
from .keeper.purchase import course_of
from .keeper.sim import Readings, Sim
from .keeper.situation import Situation
from .price_list import PriceList


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a look ahead at a SIM begins with."""

    at: Situation
    household: HouseholdRules
    spent: tuple[Spending, ...] = ()
    """What stands in the budgets of this SIM and of the others."""
    burn: Burn | None = None
    """How fast its balance is used up; without it only deadlines can be foreseen."""
    others: tuple[Outlook, ...] = ()
    """The SIMs that spend from the same budgets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cheaper:
    """A way to keep the number alive that costs less than the rules do."""

    plan: Plan
    cost: Money
    """Of the plan, for a year."""
    now: Money
    """What the rules' own purchase costs, whenever it is due, for the same year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """How it goes on with a SIM, if nothing goes wrong and every question gets a yes."""

    forecast: Forecast
    cheaper: Cheaper | None
    pays_in: str
    """The currency of what pays; an amount in another one stands for a price not known."""

    @property
    def next(self) -> Planned | None:
        """The next recharge."""
        return next(iter(self.forecast.recharges), None)

    @property
    def next_cost(self) -> Money | None:
        """What the next recharge will cost."""
        return None if self.next is None else self.cost(self.next)

    @property
    def total(self) -> Money | None:
        """What all of it costs; None where a price is not known."""
        recharges = self.forecast.recharges
        if any(self.is_unpriced(planned) for planned in recharges):
            return None
        return sum(self.costs(recharges), Money(0, self.pays_in))

    def costs(self, recharges: Sequence[Planned]) -> list[Money]:
        """Return the costs that are known."""
        found = (self.cost(planned) for planned in recharges)
        return [cost for cost in found if cost is not None]

    def is_unpriced(self, planned: Planned) -> bool:
        """Tell whether a recharge costs something, and nobody knows what."""
        return planned.kind is Kind.RECHARGE and self.cost(planned) is None

    def cost(self, planned: Planned) -> Money | None:
        """Return what a recharge costs, where its price is known."""
        cost = planned.cost
        return cost if cost is not None and cost.currency == self.pays_in else None


def look_ahead(
    standing: Standing,
    prices: PriceList | None,
    now: datetime,
    ahead: timedelta = AHEAD,
) -> Prospect:
    """Play the rules of one SIM forward. Prices are those that were last read."""
    at = standing.at
    outlook = outlook_of(at, prices, standing.burn)
    everyone = [outlook, *standing.others]
    found = forecast(everyone, standing.household, standing.spent, now, ahead)[0]
    return Prospect(
        forecast=found,
        cheaper=_cheaper(at, prices, outlook.options, now),
        pays_in=at.sim.rules.pays_in or at.sim.currency,
    )


def outlook_of(at: Situation, prices: PriceList | None, burn: Burn | None) -> Outlook:
    """Return what a forecast knows of a SIM. Prices are those that were last read."""

    def quote(buys: Wanted) -> Quoted | None:
        known = None if prices is None else prices.quoted(buys)
        return known or _as_last_time(at, buys)

    return Outlook(at=at, quote=quote, options=_options(at.sim, prices), burn=burn)


def beginning(
    sim: Sim, readings: Readings, capabilities: Capabilities | None, now: datetime
) -> Situation:
    """Return how a SIM stands of which nothing but its readings is known."""
    view = LedgerView(
        readings=readings,
        order=None,
        task=None,
        cycle=1,
        last_recharge=None,
        last_delivered_at=None,
        refused=(),
        last_no=None,
        automatic_today=0,
        supervised=False,
        restored=False,
        overshot=False,
        stopped=False,
        newest_event_at=None,
    )
    return Situation(
        sim=sim,
        life=lifecycle(sim, readings, now),
        view=view,
        capabilities=capabilities,
        has_cap=sim.rules.monthly_cap is not None,
    )


def _options(sim: Sim, prices: PriceList | None) -> tuple[Option, ...]:
    """Return what the planner can choose from, all in the currency that pays."""
    pays_in = sim.rules.pays_in or sim.currency
    if prices is not None:
        found = options_for(sim, prices.products)
    else:
        found = () if sim.account is not None else ladder_options(sim)
    return tuple(option for option in found if option.price.currency == pays_in)


def _as_last_time(at: Situation, buys: Wanted) -> Quoted | None:
    """Return what the same recharge cost the last time that SIM Keeper paid for it."""
    last = at.view.last_recharge
    if last is None or last.assisted:
        return None
    price = last.cost or last.price
    same = last.value == buys.amount and buys.product in (None, last.product)
    if price is None or not same:
        return None
    return Quoted(price=price, value=last.value, days=last.days)


def _cheaper(
    at: Situation, prices: PriceList | None, options: Sequence[Option], now: datetime
) -> Cheaper | None:
    """Compare the rules' own purchase with the cheapest plan, where a deadline makes it due."""
    rules, buys = at.sim.rules, wanted(at, now)
    by_deadline = set_rules(at.sim) & DEADLINE_RULES.keys()
    if rules.cheapest or buys is None or not by_deadline:
        return None
    own = _own(buys, prices, options)
    if own is None:
        return None
    course = course_of(at, now)
    plan, usual = cheapest(course, options), always(course, own)
    if plan is None or usual is None or plan.cost >= usual.cost:
        return None
    currency = own.price.currency
    return Cheaper(
        plan=plan, cost=Money(plan.cost, currency), now=Money(usual.cost, currency)
    )


def _own(
    buys: Wanted, prices: PriceList | None, options: Sequence[Option]
) -> Option | None:
    """Return what the rules buy, as the planner sees it; it knows products by their id."""
    choice = None if prices is None else prices.choice(buys)
    names = [buys] if choice is None else [buys, Wanted(product=choice.id)]
    return next((option for option in options if option.wanted in names), None)
