"""What is due: which rules of a SIM call for a recharge, judged by readings that can speak."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType

from .carriers import Event
from .estimates import counts_as_activity
from .lifecycle import Clock, Stage
from .orders import Kind, Order
from .sim import LOOSENESS, SOURCE_NOTED, Mode, Reading, RuleKind, Sim, Trust
from .situation import Situation

CHEAPEST_DAYS_BEFORE = 7
"""When the cheapest plan buys, where no rule says how many days before the deadline."""
DEADLINE_RULES: Mapping[RuleKind, Clock | None] = MappingProxyType(
    {
        RuleKind.DAYS_BEFORE: None,
        RuleKind.DAYS_BEFORE_ACTIVITY: Clock.ACTIVITY,
        RuleKind.DAYS_BEFORE_GRACE_END: None,
        RuleKind.CHEAPEST: None,
    }
)
"""The rules that a deadline makes due, with the clock of those that watch only one."""


def due_rules(at: Situation, now: datetime) -> tuple[RuleKind, ...]:
    """Return the rules of the SIM that call for a recharge now and may speak."""
    rules = at.sim.rules
    if rules.lapse or rules.recharged_elsewhere:
        return ()
    today = today_of(at.sim, now)
    return tuple(
        kind
        for kind in called_rules(at, now)
        if rules.mode_of(kind) is not Mode.OFF and not rules.is_paused(kind, today)
    )


def called_rules(at: Situation, now: datetime) -> tuple[RuleKind, ...]:
    """Return the rules whose condition is met, whether they are silenced or not."""
    conditions = {
        RuleKind.LOW_BALANCE: _low_balance(at, now),
        RuleKind.LOW_DATA: _low_data(at, now),
        **{kind: is_near(at, kind, now) for kind in DEADLINE_RULES},
        RuleKind.CALENDAR: _calendar_calls(at, now),
    }
    return tuple(kind for kind in RuleKind if conditions[kind])


def need_mode(at: Situation, rules: tuple[RuleKind, ...]) -> Mode:
    """Return how far these rules together may go: as far as the loosest of them by itself."""
    if not rules:
        return at.sim.rules.mode
    modes = (at.sim.rules.mode_of(kind) for kind in rules)
    return max(modes, key=LOOSENESS.__getitem__)


def is_near(at: Situation, kind: RuleKind, now: datetime) -> bool:
    """Tell whether the day that a rule watches is as near as the rule says."""
    found = watched_day(at, kind)
    if found is None:
        return False
    day, days = found
    return day - today_of(at.sim, now) <= timedelta(days=days)


def watched_day(at: Situation, kind: RuleKind) -> tuple[date, int] | None:
    """Return the day that a deadline's rule watches, and how many days before it is due.

    None where the rule is not set, or the day is not known from after the last recharge.
    """
    days, clock = _days(at, kind), clock_of(at, kind)
    if days is None or clock is None or not clock_speaks(at, clock):
        return None
    life = at.life
    moment = life.expiry if clock is Clock.VALIDITY else life.activity_deadline
    if kind is RuleKind.DAYS_BEFORE_GRACE_END:
        moment = life.grace_end
    if moment is None:
        return None
    return moment.astimezone(at.sim.zone).date(), days


def _days(at: Situation, kind: RuleKind) -> int | None:
    rules = at.sim.rules
    if kind is RuleKind.CHEAPEST:
        if not rules.cheapest:
            return None
        return CHEAPEST_DAYS_BEFORE if rules.days_before is None else rules.days_before
    return {
        RuleKind.DAYS_BEFORE: rules.days_before,
        RuleKind.DAYS_BEFORE_ACTIVITY: rules.days_before_activity,
        RuleKind.DAYS_BEFORE_GRACE_END: rules.days_before_grace_end,
    }.get(kind)


def clock_of(at: Situation, kind: RuleKind) -> Clock | None:
    """Return the clock that a deadline's rule watches now."""
    if kind is RuleKind.DAYS_BEFORE_ACTIVITY:
        return None if at.life.activity_deadline is None else Clock.ACTIVITY
    own_days = at.sim.rules.days_before_activity is not None
    if kind is RuleKind.DAYS_BEFORE and own_days:
        # Activity has its own rule: this one watches the expiry alone.
        return None if at.life.expiry is None else Clock.VALIDITY
    return at.life.clock


def _low_balance(at: Situation, now: datetime) -> bool:
    limit, balance = at.sim.rules.low_balance, at.view.readings.balance
    if limit is None or balance is None or not speaks(balance, at, now):
        return False
    return balance.unit == limit.currency and balance.money < limit


def _low_data(at: Situation, now: datetime) -> bool:
    limit, left = at.sim.rules.low_data, at.view.readings.data_left
    return (
        limit is not None
        and left is not None
        and speaks(left, at, now)
        and left.value < limit
    )


def _calendar_calls(at: Situation, now: datetime) -> bool:
    calendar = at.sim.rules.calendar
    if calendar is None:
        return False
    last = recharged_on(at.sim, at.view.last_recharge)
    return calendar.due_since(today_of(at.sim, now), last) is not None


def recharged_on(sim: Sim, last: Order | None) -> date | None:
    """Return the SIM's day of a recharge: of the purchase, not of when it was noted."""
    if last is None:
        return None
    if last.happened_on is not None:
        return last.happened_on
    settled = last.settled_at or last.created_at
    return settled.astimezone(sim.zone).date()


def speaks(reading: Reading, at: Situation, now: datetime) -> bool:
    """Tell whether a balance or allowance says anything: seen, and after the last recharge."""
    if reading.trust is Trust.ESTIMATE or reading.observed_at > now:
        return False
    last = at.view.last_recharge
    return (
        last is None or last.settled_at is None or reading.observed_at > last.settled_at
    )


def deadline_speaks(at: Situation) -> bool:
    """Tell whether the deadline was learned after the last recharge.

    A recharge replaces what was known before: until the new date is read, typed or worked out,
    the old one must not cause another purchase.
    """
    return at.life.clock is not None and clock_speaks(at, at.life.clock)


def clock_speaks(at: Situation, clock: Clock) -> bool:
    """Tell whether the day of a clock was learned after the last order that moved it."""
    last = last_moved(at, clock)
    if last is None or last.settled_at is None:
        return True
    reading = clock_reading(at, clock)
    if reading.observed_at != last.settled_at:
        return reading.observed_at > last.settled_at
    # Within one second only what came with the recharge itself is the newer: worked out from it,
    # or typed by whoever noted it.
    return reading.worked_out or reading.source == SOURCE_NOTED


def last_moved(at: Situation, clock: Clock | None) -> Order | None:
    """Return the last order that moved a clock: to use the number moves only that of activity.

    A recharge that is no activity for the carrier moves that of validity alone.
    """
    recharge, use = at.view.last_recharge, at.view.last_use
    if clock is not Clock.ACTIVITY:
        return recharge
    if recharge is not None and not counts_as_activity(at.sim.carrier, recharge.value):
        recharge = None
    if use is None or use.settled_at is None:
        return recharge
    if recharge is None or recharge.settled_at is None:
        return use
    return max(recharge, use, key=lambda order: order.settled_at or order.created_at)


def clock_reading(at: Situation, clock: Clock | None) -> Reading:
    """Return the reading that the day of a clock rests on; only where the clock runs."""
    readings = at.view.readings
    reading = readings.expiry if clock is Clock.VALIDITY else readings.last_activity
    if reading is None:
        raise ValueError("a deadline rests on no reading")
    return reading


def need(at: Situation) -> Kind:
    """Return what would help: a recharge, or just using the number."""
    if at.life.clock is not Clock.ACTIVITY:
        return Kind.RECHARGE
    using = at.sim.account is None or channel_uses_number(at)
    if using or Event.TOPUP not in at.sim.carrier.events:
        return Kind.ACTIVITY
    return Kind.RECHARGE


def channel_uses_number(at: Situation) -> bool:
    """Tell whether the SIM's account uses the number instead of recharging it."""
    return at.capabilities is not None and at.capabilities.uses_number


def only_deadlines(rules: tuple[RuleKind, ...]) -> bool:
    """Tell whether nothing but deadlines makes a recharge due."""
    return bool(rules) and all(kind in DEADLINE_RULES for kind in rules)


def by_hand(at: Situation, rules: tuple[RuleKind, ...]) -> bool:
    """Tell whether a person does what is needed, rather than SIM Keeper."""
    if at.sim.account is None or need_mode(at, rules) is Mode.REMIND:
        return True
    to_be_used = only_deadlines(rules) and need(at) is Kind.ACTIVITY
    return to_be_used is not channel_uses_number(at)


def served(at: Situation, rules: tuple[RuleKind, ...]) -> tuple[RuleKind, ...]:
    """Return the rules that the SIM's account can satisfy: one recharge satisfies them all.

    To use the number satisfies only what that restarts; the others are left to people.
    """
    if not channel_uses_number(at):
        return rules
    return tuple(kind for kind in rules if not by_hand(at, (kind,)))


def today_of(sim: Sim, now: datetime) -> date:
    """Return the SIM's calendar day."""
    return now.astimezone(sim.zone).date()


def next_recharge_day(at: Situation, now: datetime) -> date | None:
    """Return the day on which the next recharge is due, as far as it can be told."""
    rules, today = at.sim.rules, today_of(at.sim, now)
    if rules.mode is Mode.OFF or rules.lapse or rules.recharged_elsewhere:
        return None
    if at.life.stage is Stage.LOST:
        return None
    if due_rules(at, now):
        return today
    return min(
        (
            max(day, rules.paused_until or day, rules.pauses.get(kind) or day)
            for kind, day in _upcoming(at, today)
            if rules.mode_of(kind) is not Mode.OFF
        ),
        default=None,
    )


def _upcoming(at: Situation, today: date) -> list[tuple[RuleKind, date]]:
    days = [
        (kind, found[0] - timedelta(days=found[1]))
        for kind in DEADLINE_RULES
        if (found := watched_day(at, kind)) is not None
    ]
    if (calendar := at.sim.rules.calendar) is not None:
        last = recharged_on(at.sim, at.view.last_recharge)
        days.append((RuleKind.CALENDAR, calendar.next_day(today, last)))
    return days
