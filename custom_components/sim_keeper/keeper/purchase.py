"""What to buy: the user's amount, product or target, or the first step of the cheapest plan."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from .belief import reading_doubtful, reading_old
from .budget import MARGIN_PERCENT
from .carriers import activity_limit
from .course import Course, Option
from .due import CHEAPEST_DAYS_BEFORE, DEADLINE_RULES, only_deadlines, speaks, today_of
from .money import Money
from .planner import cheapest
from .ports import Wanted
from .sim import RuleKind, Sim
from .situation import Situation

PLANNED_AHEAD = timedelta(days=365)


def wanted(at: Situation, now: datetime) -> Wanted | None:
    """Return what the rules buy now; None where nothing is set or it cannot be worked out.

    What the cheapest plan buys depends on what is on sale: see `cheapest_now`.
    """
    rules = at.sim.rules
    if rules.product is not None:
        return Wanted(product=rules.product)
    amount = rules.amount if rules.fill_up_to is None else _missing(at, now)
    return None if amount is None else Wanted(amount=amount)


def buys_cheapest(at: Situation, rules: tuple[RuleKind, ...]) -> bool:
    """Tell whether the planner chooses: where deadlines call for a recharge, and nothing else does.

    Where something else does as well and nobody has set what it shall buy, a deadline comes first.
    """
    own = at.sim.rules
    set_ = (
        own.amount is not None or own.product is not None or own.fill_up_to is not None
    )
    deadlines = any(kind in DEADLINE_RULES for kind in rules)
    return own.cheapest and (only_deadlines(rules) or (deadlines and not set_))


def cheapest_now(
    at: Situation, options: Sequence[Option], now: datetime
) -> Wanted | None:
    """Return the first purchase of the cheapest plan for a year; None where no plan works.

    What costs more than one order or a month may cost is left out. Raises CurrencyMismatch for
    prices in several currencies.
    """
    cap = at.sim.rules.monthly_cap
    options = [option for option in options if _affordable(at.sim, option)]
    course = course_of(at, now)
    if cap is not None and any(o.price.currency == cap.currency for o in options):
        course = replace(course, monthly_cap=cap)
    plan = cheapest(course, options)
    if plan is None or not plan.steps:
        return None
    return plan.steps[0].option.wanted


def course_of(at: Situation, now: datetime) -> Course:
    """Return what the planner has to do for a SIM: to keep it alive for a year from today."""
    sim, readings = at.sim, at.view.readings
    today = today_of(sim, now)
    lead = sim.rules.days_before
    return Course(
        carrier=sim.carrier,
        today=today,
        until=today + PLANNED_AHEAD,
        expiry=readings.expiry.day if readings.expiry else None,
        activity=activity_limit(sim.carrier, readings.last_activity.day)
        if readings.last_activity
        else None,
        lead_days=CHEAPEST_DAYS_BEFORE if lead is None else lead,
    )


def _affordable(sim: Sim, option: Option) -> bool:
    """Tell whether a cap in the same money has room for an option, with what it may rise by."""
    most = option.price.with_margin(MARGIN_PERCENT)
    caps = (sim.rules.monthly_cap, sim.rules.order_cap)
    return all(
        cap is None or cap.currency != most.currency or most <= cap for cap in caps
    )


def _missing(at: Situation, now: datetime) -> Money | None:
    """Return what is missing to the target, but at least the amount or the smallest top-up."""
    rules, balance = at.sim.rules, at.view.readings.balance
    target, least = rules.fill_up_to, rules.amount or _smallest(at.sim)
    if (
        target is None
        or balance is None
        or balance.unit != target.currency
        or not speaks(balance, at, now)
        or reading_old(balance, now)
        or reading_doubtful(balance, at.view.last_recharge)
    ):
        # Filling up from a wrong balance would buy too much.
        return rules.amount
    missing = target - balance.money
    if least is not None and missing < least:
        return least
    return missing if missing.minor > 0 else None


def _smallest(sim: Sim) -> Money | None:
    smallest = sim.carrier.min_topup
    return smallest if smallest and smallest.currency == sim.currency else None
