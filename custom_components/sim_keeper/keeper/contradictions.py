"""Settings that work against each other, found before they are saved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from .carriers import activity_limit, rescue_days
from .course import Option
from .due import DEADLINE_RULES
from .sim import LOOSENESS, Mode, RuleKind, Sim


class Contradiction(StrEnum):
    """What is wrong. Each has a sentence in every language that says what would happen."""

    THRESHOLD_ABOVE_TARGET = "threshold_above_target"
    OTHER_CURRENCY = "other_currency"
    AMOUNT_ABOVE_CAP = "amount_above_cap"
    PRODUCTS_ABOVE_CAP = "products_above_cap"
    AMOUNT_BUYS_NO_DAYS = "amount_buys_no_days"
    DUE_AGAIN_AT_ONCE = "due_again_at_once"
    CALENDAR_TOO_SLOW = "calendar_too_slow"
    CALENDAR_IN_THE_PAST = "calendar_in_the_past"
    NO_GRACE_KNOWN = "no_grace_known"
    NO_ACTIVITY_CLOCK = "no_activity_clock"
    NOTHING_TO_BUY = "nothing_to_buy"
    PRODUCT_WINS = "product_wins"
    NO_RULE = "no_rule"
    RULE_MODE_WITHOUT_EFFECT = "rule_mode_without_effect"


REFUSED = frozenset(
    {
        Contradiction.THRESHOLD_ABOVE_TARGET,
        Contradiction.OTHER_CURRENCY,
        Contradiction.AMOUNT_ABOVE_CAP,
        Contradiction.NOTHING_TO_BUY,
    }
)
"""These can never work; of the others a person is warned."""


@dataclass(frozen=True, slots=True)
class _Case:
    """A SIM with its new rules, on a day, and what is on sale for it."""

    sim: Sim
    today: date
    options: Sequence[Option]

    @property
    def days_bought(self) -> int | None:
        """The days that the amount buys, as far as the carrier's rule tells."""
        amount, carrier = self.sim.rules.amount, self.sim.carrier
        if amount is None or amount.currency != carrier.currency:
            return None
        return carrier.days_for(amount)


def contradictions(
    sim: Sim, today: date, options: Sequence[Option] = ()
) -> tuple[Contradiction, ...]:
    """Return what is wrong with the rules of a SIM, what cannot work first."""
    case, code = _Case(sim, today, options), Contradiction
    found = {
        code.THRESHOLD_ABOVE_TARGET: _threshold_above_target(sim),
        code.OTHER_CURRENCY: _other_currency(sim),
        code.AMOUNT_ABOVE_CAP: _amount_above_cap(sim),
        code.PRODUCTS_ABOVE_CAP: _products_above_cap(case),
        code.AMOUNT_BUYS_NO_DAYS: _buys_no_days(sim),
        code.DUE_AGAIN_AT_ONCE: _due_again_at_once(case),
        code.CALENDAR_TOO_SLOW: _calendar_too_slow(case),
        code.CALENDAR_IN_THE_PAST: _calendar_in_the_past(case),
        code.NO_GRACE_KNOWN: sim.rules.days_before_grace_end is not None
        and rescue_days(sim.carrier) is None,
        code.NO_ACTIVITY_CLOCK: sim.rules.days_before_activity is not None
        and activity_limit(sim.carrier, today) is None,
        code.NOTHING_TO_BUY: _nothing_to_buy(sim),
        code.PRODUCT_WINS: sim.rules.product is not None
        and (sim.rules.amount is not None or sim.rules.fill_up_to is not None),
        code.NO_RULE: _no_rule(sim),
        code.RULE_MODE_WITHOUT_EFFECT: any(
            LOOSENESS[mode] > LOOSENESS[sim.rules.mode]
            for mode in sim.rules.modes.values()
        ),
    }
    wrong = [one for one in code if found[one]]
    return tuple(sorted(wrong, key=lambda one: one not in REFUSED))


def set_rules(sim: Sim) -> frozenset[RuleKind]:
    """Return the rules that a SIM has."""
    rules = sim.rules
    values = {
        RuleKind.LOW_BALANCE: rules.low_balance,
        RuleKind.LOW_DATA: rules.low_data,
        RuleKind.DAYS_BEFORE: rules.days_before,
        RuleKind.DAYS_BEFORE_ACTIVITY: rules.days_before_activity,
        RuleKind.DAYS_BEFORE_GRACE_END: rules.days_before_grace_end,
        RuleKind.CALENDAR: rules.calendar,
        RuleKind.CHEAPEST: rules.cheapest or None,
    }
    return frozenset(kind for kind, value in values.items() if value is not None)


def _threshold_above_target(sim: Sim) -> bool:
    low, target = sim.rules.low_balance, sim.rules.fill_up_to
    return (
        low is not None
        and target is not None
        and low.currency == target.currency
        and target <= low
    )


def _other_currency(sim: Sim) -> bool:
    amounts = (sim.rules.low_balance, sim.rules.fill_up_to, sim.rules.amount)
    return any(amount and amount.currency != sim.currency for amount in amounts)


def _amount_above_cap(sim: Sim) -> bool:
    amount, caps = sim.rules.amount, (sim.rules.monthly_cap, sim.rules.order_cap)
    return amount is not None and any(
        cap is not None and cap.currency == amount.currency and cap < amount
        for cap in caps
    )


def _products_above_cap(case: _Case) -> bool:
    caps = (case.sim.rules.monthly_cap, case.sim.rules.order_cap)
    return any(
        cap is not None
        and bool(
            prices := [
                o.price for o in case.options if o.price.currency == cap.currency
            ]
        )
        and all(cap < price for price in prices)
        for cap in caps
    )


def _buys_no_days(sim: Sim) -> bool:
    amount, least = sim.rules.amount, sim.carrier.min_topup
    return (
        amount is not None
        and least is not None
        and amount.currency == least.currency
        and amount < least
    )


def _due_again_at_once(case: _Case) -> bool:
    days, bought = case.sim.rules.days_before, case.days_bought
    return days is not None and bought is not None and bought <= days


def _calendar_too_slow(case: _Case) -> bool:
    """Tell whether a number dies between two days of its calendar, and nothing else watches it."""
    calendar, bought = case.sim.rules.calendar, case.days_bought
    watching = set_rules(case.sim) - {
        *(RuleKind.CALENDAR, RuleKind.LOW_BALANCE, RuleKind.LOW_DATA)
    }
    if calendar is None or bought is None or watching:
        return False
    between = calendar.day(1) - calendar.day(0)
    return between > timedelta(days=bought)


def _calendar_in_the_past(case: _Case) -> bool:
    """Tell whether a calendar would call for a recharge at once, for a day that is over."""
    calendar = case.sim.rules.calendar
    return calendar is not None and calendar.start < case.today


def _nothing_to_buy(sim: Sim) -> bool:
    rules = sim.rules
    buys = rules.mode in (Mode.ASK, Mode.AUTO) and sim.account is not None
    things = (rules.amount, rules.product, rules.fill_up_to)
    return (
        buys
        and bool(set_rules(sim) - (DEADLINE_RULES.keys() if rules.cheapest else set()))
        and all(thing is None for thing in things)
    )


def _no_rule(sim: Sim) -> bool:
    rules = sim.rules
    idle = rules.mode is Mode.OFF or rules.lapse or rules.recharged_elsewhere
    return not idle and not set_rules(sim)
