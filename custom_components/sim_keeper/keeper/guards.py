"""The guards: what forbids an order for now, and what makes a purchase a question instead."""

from datetime import datetime, timedelta

from .belief import day_doubtful, reading_doubtful, reading_old
from .carriers import expiry_after, rescue_days
from .due import (
    by_hand,
    called_rules,
    channel_uses_number,
    clock_of,
    clock_reading,
    last_moved,
    only_deadlines,
    today_of,
    watched_day,
)
from .errors import RefusalClass
from .ledger import LedgerView
from .lifecycle import Clock, Stage, end_of_day
from .orders import State
from .ports import Automatic
from .purchase import buys_cheapest, wanted
from .sim import FIRST_RUN, Mode, RuleKind, Sim
from .situation import Reason, Situation
from .skips import is_skip, skip_in_force

COOLDOWN = timedelta(hours=24)
AUTOMATIC_PER_DAY_MAX = 5
RETRY_WAITS = (timedelta(hours=1), timedelta(hours=2), timedelta(hours=4))
NO_LASTS = timedelta(days=7)
SILENCE_LASTS = timedelta(days=2)
LAST_DAYS = timedelta(days=3)
"""So close to the deadline an old no is asked about once more."""
CLOCK_BACK_MAX = timedelta(minutes=5)


def next_day(sim: Sim, now: datetime) -> datetime:
    """Return the start of the SIM's next day, when its days left change."""
    return end_of_day(today_of(sim, now), sim.zone) + timedelta(seconds=1)


def clock_doubtful(view: LedgerView, now: datetime) -> bool:
    """Tell whether our clock stands before what the ledger has already seen, or could have."""
    return now < FIRST_RUN or (
        view.newest_event_at is not None and now < view.newest_event_at - CLOCK_BACK_MAX
    )


def forbidden(
    at: Situation, rules: tuple[RuleKind, ...], now: datetime
) -> tuple[Reason, datetime] | None:
    """Return why nothing may be started, and when that may change."""
    tomorrow = next_day(at.sim, now)
    view = at.view
    if view.order is not None:
        stuck = view.order.state in (State.UNKNOWN, State.NEEDS_PERSON)
        return (Reason.ORDER_UNKNOWN if stuck else Reason.ORDER_OPEN), tomorrow
    if (silence := silenced(at, now)) is not None:
        return silence, tomorrow
    checks = (
        (at.frozen, Reason.LEDGER_FROZEN),
        (at.life.stage is Stage.LOST, Reason.LOST),
        (not rules, _why_nothing_is_due(at, now)),
        (_task_comes_first(at, rules, now), Reason.TASK_OPEN),
    )
    for true, reason in checks:
        if true:
            return reason, tomorrow
    if said_no := _said_no(at, now):
        return said_no
    if by_hand(at, rules):
        return _rests_between_small_ones(at, rules, now)
    return _forbidden_purchase(at, rules, now)


def silenced(at: Situation, now: datetime) -> Reason | None:
    """Return by which setting a person has said that nothing is to be bought for a SIM now."""
    rules, today = at.sim.rules, today_of(at.sim, now)
    checks = (
        (rules.mode is Mode.OFF, Reason.OFF),
        (rules.lapse, Reason.LAPSE),
        (rules.recharged_elsewhere, Reason.RECHARGED_ELSEWHERE),
        (rules.paused_until is not None and today < rules.paused_until, Reason.PAUSED),
    )
    return next((reason for true, reason in checks if true), None)


def task_unheard(at: Situation, now: datetime) -> bool:
    """Tell whether a person was asked to do something so long ago that nobody seems to do it.

    Until then he may be paying at this very moment.
    """
    task = at.view.task
    return task is not None and now >= task.created_at + SILENCE_LASTS


def _task_comes_first(
    at: Situation, rules: tuple[RuleKind, ...], now: datetime
) -> bool:
    """Tell whether an open task keeps everything else waiting: a person's own, or a fresh one."""
    open_ = at.view.task is not None
    return open_ and (by_hand(at, rules) or not task_unheard(at, now))


def _why_nothing_is_due(at: Situation, now: datetime) -> Reason:
    rules, today = at.sim.rules, today_of(at.sim, now)
    called = called_rules(at, now)
    if any(rules.is_paused(kind, today) for kind in called):
        return Reason.PAUSED
    return Reason.OFF if called else Reason.NOT_DUE


def _rests_between_small_ones(
    at: Situation, rules: tuple[RuleKind, ...], now: datetime
) -> tuple[Reason, datetime] | None:
    """Wait for half of what was bought, where it buys less than the rule wants in hand.

    Otherwise a person who ticks the task off would find the next one at once.
    """
    last = at.view.last_recharge
    if not only_deadlines(rules):
        return None
    days = max((too_small(at, kind, now) or 0 for kind in rules), default=0)
    if not days or last is None or last.settled_at is None:
        return None
    until = last.settled_at + timedelta(days=days / 2)
    return (Reason.RECENTLY_RECHARGED, until) if now < until else None


def _forbidden_purchase(
    at: Situation, rules: tuple[RuleKind, ...], now: datetime
) -> tuple[Reason, datetime] | None:
    view, tomorrow = at.view, next_day(at.sim, now)
    unknown = not (
        channel_uses_number(at) or buys_cheapest(at, rules) or wanted(at, now)
    )
    fills_up = at.sim.rules.fill_up_to is not None
    checks = (
        (view.stopped, Reason.STOPPED),
        (at.stopping, Reason.STOPPING),
        (clock_doubtful(view, now), Reason.CLOCK_DOUBTFUL),
        (at.capabilities is None, Reason.NO_CHANNEL),
        (unknown, Reason.FILL_UP_UNKNOWN if fills_up else Reason.NO_AMOUNT),
    )
    for true, reason in checks:
        if true:
            return reason, tomorrow
    delivered = view.last_delivered_at
    if delivered is not None and now - delivered < COOLDOWN:
        return Reason.RECENTLY_RECHARGED, delivered + COOLDOWN
    return _waits_for_retry(at, now, tomorrow)


def rests(at: Situation, now: datetime) -> tuple[Reason, datetime] | None:
    """Return why a person's no or a vendor's refusal keeps the machine from trying now."""
    return _said_no(at, now) or _waits_for_retry(at, now, next_day(at.sim, now))


def _waits_for_retry(
    at: Situation, now: datetime, tomorrow: datetime
) -> tuple[Reason, datetime] | None:
    """Only a "later" is tried again by itself, at most three times more in a cycle."""
    refused = [order for order in at.view.refused if order.refusal is not None]
    if not refused:
        return None
    last = refused[-1]
    if last.refusal is not RefusalClass.LATER:
        return Reason.REFUSED, tomorrow
    if len(refused) > len(RETRY_WAITS):
        return Reason.TOO_MANY_ATTEMPTS, tomorrow
    again = (last.settled_at or now) + RETRY_WAITS[len(refused) - 1]
    return (Reason.RETRY_LATER, again) if now < again else None


def _said_no(at: Situation, now: datetime) -> tuple[Reason, datetime] | None:
    """Let a no last a week and an unanswered question two days; less near the end.

    What a person passed over rests as long as he was told.
    """
    last = at.view.last_no
    if last is None or last.settled_at is None:
        return None
    if is_skip(last):
        resting = skip_in_force(at, now)
        return None if resting is None else (Reason.SAID_NO, resting)
    lasts = SILENCE_LASTS if last.state is State.EXPIRED else NO_LASTS
    until = last.settled_at + lasts
    if at.life.deadline is not None:
        final = at.life.deadline - LAST_DAYS
        until = min(until, max(final, last.settled_at + timedelta(days=1)))
    return (Reason.SAID_NO, until) if now < until else None


def not_automatic(
    at: Situation, rules: tuple[RuleKind, ...], now: datetime
) -> Reason | None:
    """Return what makes this order a question instead of an automatic purchase.

    Of the rules that are due one must justify it by itself: automatic, and on good readings.
    """
    if (unsure := _past_doubt(at, now)) is not None:
        return unsure
    modes = [at.sim.rules.mode_of(kind) for kind in rules] or [at.sim.rules.mode]
    if Mode.AUTO not in modes or at.capabilities is None:
        return Reason.MODE_ASK
    automatic = at.capabilities.automatic
    checks = (
        (automatic is Automatic.NO, Reason.CHANNEL_NOT_AUTOMATIC),
        (
            automatic is Automatic.OPT_IN and not at.sim.rules.channel_trusted,
            Reason.CHANNEL_NOT_AUTOMATIC,
        ),
        (
            automatic is Automatic.AFTER_ONE_SUPERVISED and not at.view.supervised,
            Reason.SUPERVISION,
        ),
        (
            at.capabilities.confirms_operator and at.sim.operator is None,
            Reason.OPERATOR_UNCONFIRMED,
        ),
        (not at.has_cap, Reason.NO_CAP),
    )
    for true, reason in checks:
        if true:
            return reason
    # The limit of a day comes last: what it does not hold back has no other doubt then.
    limited = at.view.automatic_today >= AUTOMATIC_PER_DAY_MAX
    return _rules_doubt(at, rules, now) or (Reason.DAILY_LIMIT if limited else None)


def _past_doubt(at: Situation, now: datetime) -> Reason | None:
    """Return what of the past a person has to hear before a yes, whatever the mode is.

    A number that is asked about anyway is not asked about blindly: something may have been bought
    that the ledger does not know of, or more been paid than was agreed.
    """
    checks = (
        (at.view.restored, Reason.RESTORED),
        (at.view.overshot, Reason.OVERSHOT),
        (_denied(at, now), Reason.DENIED),
    )
    return next((reason for true, reason in checks if true), None)


def _rules_doubt(
    at: Situation, rules: tuple[RuleKind, ...], now: datetime
) -> Reason | None:
    """Return why none of the rules that are due justifies an automatic purchase by itself."""
    doubts = [rule_doubt(at, kind, now) for kind in rules]
    if None in doubts:
        return None
    return next((doubt for doubt in doubts if doubt is not Reason.MODE_ASK), None)


def rule_doubt(at: Situation, kind: RuleKind, now: datetime) -> Reason | None:
    """Return why a rule that is due does not justify an automatic purchase by itself."""
    if at.sim.rules.mode_of(kind) is not Mode.AUTO:
        return Reason.MODE_ASK
    readings = at.view.readings
    if kind is RuleKind.LOW_BALANCE:
        if reading_old(readings.balance, now):
            return Reason.BALANCE_OLD
        doubtful = reading_doubtful(readings.balance, at.view.last_recharge)
        return Reason.BALANCE_DOUBTFUL if doubtful else None
    if kind is RuleKind.LOW_DATA:
        if reading_old(readings.data_left, now):
            return Reason.ALLOWANCE_OLD
        doubtful = reading_doubtful(readings.data_left, at.view.last_recharge)
        return Reason.ALLOWANCE_DOUBTFUL if doubtful else None
    if kind is RuleKind.CALENDAR:
        return Reason.DEADLINE_DOUBTFUL if _calendar_doubtful(at, now) else None
    if too_small(at, kind, now) is not None:
        return Reason.AMOUNT_TOO_SMALL
    return Reason.DEADLINE_DOUBTFUL if _deadline_doubtful(at, kind) else None


def _deadline_doubtful(at: Situation, kind: RuleKind) -> bool:
    """Tell whether the deadline is not good enough to buy on."""
    clock = clock_of(at, kind)
    return day_doubtful(clock_reading(at, clock), last_moved(at, clock))


def _calendar_doubtful(at: Situation, now: datetime) -> bool:
    """Tell whether the last recharge may have come after the day that calls for one.

    It was noted while the clock had fallen back.
    """
    calendar, last = at.sim.rules.calendar, at.view.last_recharge
    if calendar is None or last is None or last.seen_at is None:
        return False
    seen_on = last.seen_at.astimezone(at.sim.zone).date()
    return calendar.due_since(today_of(at.sim, now), seen_on) is None


def _denied(at: Situation, now: datetime) -> bool:
    """Tell whether a person said "it did not arrive" and it might still turn up."""
    if at.capabilities is None:
        return False
    horizon = timedelta(seconds=at.capabilities.look_horizon_s)
    return any(
        order.refusal is None
        and order.settled_at is not None
        and now < order.settled_at + horizon
        for order in at.view.refused
    )


def too_small(at: Situation, kind: RuleKind, now: datetime) -> int | None:
    """Return the days that the amount buys, if a deadline's rule would be due again at once."""
    buys, carrier = wanted(at, now), at.sim.carrier
    if buys is None or buys.amount is None or buys.amount.currency != carrier.currency:
        return None
    days = carrier.days_for(buys.amount)
    return days if days is not None and due_again(at, kind, days, now) else None


def due_again(at: Situation, kind: RuleKind, days: int, now: datetime) -> bool:
    """Tell whether a deadline's rule would still be due once so many days were bought."""
    watched, carrier = watched_day(at, kind), at.sim.carrier
    if (
        watched is None
        or clock_of(at, kind) is Clock.ACTIVITY
        or kind is RuleKind.CHEAPEST
    ):
        return False
    today, old = today_of(at.sim, now), at.view.readings.expiry
    new = expiry_after(
        carrier, expiry=old.day if old else None, event_day=today, days=days
    )
    if kind is RuleKind.DAYS_BEFORE_GRACE_END:
        new += timedelta(days=rescue_days(carrier) or 0)
    return (new - today).days <= watched[1]
