"""The policy: whether a recharge is due, and whether it may be sent, asked for, or neither.

Pure: everything it knows stands in `Situation`, and its answer is a value with a reason.
"""

from datetime import datetime, time

from .due import (
    by_hand,
    deadline_speaks,
    due_rules,
    need,
    need_mode,
    next_recharge_day,
    only_deadlines,
    served,
)
from .guards import (
    CLOCK_BACK_MAX,
    COOLDOWN,
    clock_doubtful,
    forbidden,
    next_day,
    not_automatic,
    rests,
    silenced,
    task_unheard,
)
from .orders import Kind
from .ports import Json
from .purchase import buys_cheapest, cheapest_now, wanted
from .situation import TOLD_REASONS, Action, Decision, Reason, Situation
from .skips import SKIPPED, rests_until, skip_in_force

__all__ = [
    "CLOCK_BACK_MAX",
    "COOLDOWN",
    "SKIPPED",
    "TOLD_REASONS",
    "Action",
    "Decision",
    "Reason",
    "Situation",
    "buys_cheapest",
    "by_hand",
    "cheapest_now",
    "clock_doubtful",
    "deadline_speaks",
    "decide",
    "due_rules",
    "need",
    "need_mode",
    "next_day",
    "next_recharge",
    "not_automatic",
    "rests",
    "rests_until",
    "silenced",
    "skip_in_force",
    "wanted",
]


def decide(at: Situation, now: datetime) -> Decision:
    """Decide for one SIM. Constraints forbid sending; none forbids recording what happened."""
    rules = due_rules(at, now)
    if task_unheard(at, now):
        # What the machine can do by itself waits no longer for a person.
        rules = served(at, rules) or rules
    refusal = forbidden(at, rules, now)
    if refusal is not None:
        action, (reason, look_at) = Action.NOTHING, refusal
    elif by_hand(at, rules):
        action, reason, look_at = Action.ASSIST, Reason.DUE, next_day(at.sim, now)
    else:
        doubt = not_automatic(at, rules, now)
        action = Action.SEND if doubt is None else Action.ASK
        reason, look_at = doubt or Reason.DUE, next_day(at.sim, now)
    return Decision(
        action=action,
        kind=need(at) if only_deadlines(rules) else Kind.RECHARGE,
        reason=reason,
        rules=rules,
        look_at=min(look_at, next_day(at.sim, now)),
        numbers=_numbers(at, now),
    )


def next_recharge(at: Situation, now: datetime) -> datetime | None:
    """Return when the next recharge is due by deadline or calendar, as far as it can be told."""
    day = next_recharge_day(at, now)
    return None if day is None else datetime.combine(day, time.min, tzinfo=at.sim.zone)


def _numbers(at: Situation, now: datetime) -> dict[str, Json]:
    """Return what the decision was made from, in words that stay true."""
    rules, readings, buys = at.sim.rules, at.view.readings, wanted(at, now)
    numbers: dict[str, Json] = {}
    if readings.balance is not None:
        numbers["balance"] = str(readings.balance.money)
    if rules.low_balance is not None:
        numbers["threshold"] = str(rules.low_balance)
    if rules.low_data is not None:
        left = readings.data_left
        numbers["data_left"] = None if left is None else left.value
        numbers["low_data"] = rules.low_data
    if at.life.deadline is not None:
        numbers["deadline"] = (
            at.life.deadline.astimezone(at.sim.zone).date().isoformat()
        )
        numbers["days_left"] = at.life.days_left
    if rules.paused_until is not None:
        numbers["paused_until"] = rules.paused_until.isoformat()
    if buys is not None and buys.amount is not None:
        numbers["amount"] = str(buys.amount)
    if rules.product is not None:
        numbers["product"] = rules.product
    return numbers
