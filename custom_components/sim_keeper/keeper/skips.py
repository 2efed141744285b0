"""Passing a recharge over: until when the need rests, and when it speaks again."""

from datetime import datetime, time, timedelta

from .due import DEADLINE_RULES, due_rules, recharged_on, today_of, watched_day
from .lifecycle import end_of_day
from .orders import Order
from .sim import Mode, RuleKind
from .situation import Situation

SKIPPED = "skipped"
"""The reason of a task that a person passed over; its `next_at` is when the need speaks again."""
WITHOUT_A_DAY = timedelta(days=30)
"""How long a need rests that has no day of its own: low credit, low allowance."""
_LEAST = timedelta(days=1)


def rests_until(at: Situation, now: datetime) -> datetime:
    """Return until when a need rests that is passed over now.

    A deadline that calls for it rests until it has passed, a calendar until its next day. What
    does not call yet is not passed over: it ends the rest on the day on which it calls.
    """
    due = due_rules(at, now)
    moments = [
        max(moment, now + _LEAST) if kind in due else moment
        for kind in RuleKind
        if at.sim.rules.mode_of(kind) is not Mode.OFF
        and (moment := _calls_again(at, kind, now, due=kind in due)) is not None
    ]
    ahead = (moment for moment in moments if now < moment)
    return max(min(ahead, default=now + WITHOUT_A_DAY), now + _LEAST)


def skip_in_force(at: Situation, now: datetime) -> datetime | None:
    """Return until when the newest no is a skip that still counts, None if there is none.

    A recharge since then, whoever made it, begins a new cycle; and no skip outlasts the deadline.
    """
    last = at.view.last_no
    if not is_skip(last) or last is None or not last.settled_at or not last.next_at:
        return None
    recharge, until = at.view.last_recharge, last.next_at
    if recharge and recharge.settled_at and recharge.settled_at > last.settled_at:
        return None
    if at.life.deadline is not None and last.settled_at < at.life.deadline:
        until = min(until, at.life.deadline)
    return until if now < until else None


def is_skip(order: Order | None) -> bool:
    """Tell whether an order was passed over rather than declined."""
    return order is not None and order.reason == SKIPPED


def _calls_again(
    at: Situation, kind: RuleKind, now: datetime, *, due: bool
) -> datetime | None:
    zone, today = at.sim.zone, today_of(at.sim, now)
    if kind in DEADLINE_RULES:
        found = watched_day(at, kind)
        if found is None:
            return None
        day, days = found
        if due:
            return end_of_day(day, zone)
        return datetime.combine(day - timedelta(days=days), time.min, tzinfo=zone)
    if kind is RuleKind.CALENDAR and (calendar := at.sim.rules.calendar) is not None:
        # As if it had been recharged today: what counts is the day after this one.
        last = today if due else recharged_on(at.sim, at.view.last_recharge)
        return datetime.combine(calendar.next_day(today, last), time.min, tzinfo=zone)
    return now + WITHOUT_A_DAY if due else None
