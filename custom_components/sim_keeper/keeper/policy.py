"""The policy: whether a recharge is due, and whether it may be sent, asked for, or neither.

Pure: everything it knows stands in `Situation`, and its answer is a value with a reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum

from .carriers import Event, expiry_after
from .errors import RefusalClass
from .ledger import LedgerView
from .lifecycle import Clock, Lifecycle, Stage, end_of_day
from .orders import Effect, Kind, State
from .ports import Automatic, Capabilities, Json
from .sim import Mode, Reading, RuleKind, Sim, Trust

BALANCE_AGE_MAX = timedelta(hours=48)
BALANCE_SETTLES_AFTER = timedelta(hours=48)
"""How long a balance may lag behind a recharge that no source has verified."""
COOLDOWN = timedelta(hours=24)
AUTOMATIC_PER_DAY_MAX = 5
RETRY_WAITS = (timedelta(hours=1), timedelta(hours=2), timedelta(hours=4))
NO_LASTS = timedelta(days=7)
SILENCE_LASTS = timedelta(days=2)
LAST_DAYS = timedelta(days=3)
"""So close to the deadline an old no is asked about once more."""
CLOCK_BACK_MAX = timedelta(minutes=5)


class Action(StrEnum):
    """What the engine shall do."""

    NOTHING = "nothing"
    ASSIST = "assist"
    """Ask a person to recharge."""
    ASK = "ask"
    """Ask a person whether SIM Keeper may recharge."""
    SEND = "send"


class Reason(StrEnum):
    """Why. Each has a sentence in every language."""

    DUE = "due"
    NOT_DUE = "not_due"
    OFF = "off"
    LOST = "lost"
    ORDER_OPEN = "order_open"
    ORDER_UNKNOWN = "order_unknown"
    TASK_OPEN = "task_open"
    STOPPED = "stopped"
    LEDGER_FROZEN = "ledger_frozen"
    STOPPING = "stopping"
    CLOCK_DOUBTFUL = "clock_doubtful"
    RECENTLY_RECHARGED = "recently_recharged"
    SAID_NO = "said_no"
    REFUSED = "refused"
    RETRY_LATER = "retry_later"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    NO_AMOUNT = "no_amount"
    NO_CHANNEL = "no_channel"
    DAILY_LIMIT = "daily_limit"
    NO_CAP = "no_cap"
    OVER_CAP = "over_cap"
    RESTORED = "restored"
    SUPERVISION = "supervision"
    CHANNEL_NOT_AUTOMATIC = "channel_not_automatic"
    BALANCE_OLD = "balance_old"
    BALANCE_DOUBTFUL = "balance_doubtful"
    DEADLINE_DOUBTFUL = "deadline_doubtful"
    MODE_ASK = "mode_ask"
    PRICE_CHANGED = "price_changed"
    OVERSHOT = "overshot"
    DENIED = "denied"
    OPERATOR_UNCONFIRMED = "operator_unconfirmed"
    AMOUNT_TOO_SMALL = "amount_too_small"


TOLD_REASONS = frozenset(
    {
        *(
            Reason.REFUSED,
            Reason.TOO_MANY_ATTEMPTS,
            Reason.NO_AMOUNT,
            Reason.NO_CHANNEL,
        ),
        *(Reason.OVER_CAP, Reason.CLOCK_DOUBTFUL, Reason.DAILY_LIMIT),
    }
)
"""A recharge is due and these keep it from happening: a person is told, once per cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that bears on the decision for one SIM."""

    sim: Sim
    life: Lifecycle
    view: LedgerView
    capabilities: Capabilities | None
    """Of the SIM's account; None when there is none or it is not ready."""
    has_cap: bool
    """A cap in the currency that pays exists."""
    frozen: bool = False
    stopping: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do now, why, and when to look again."""

    action: Action
    kind: Kind
    reason: Reason
    rules: tuple[RuleKind, ...]
    """The rules that are due; together they are one need."""
    look_at: datetime
    numbers: Mapping[str, Json] = field(default_factory=dict)

    @property
    def why(self) -> dict[str, Json]:
        """The decision as it is kept with an order."""
        rules: list[Json] = [rule.value for rule in self.rules]
        return {"reason": self.reason.value, "rules": rules, **self.numbers}


def decide(at: Situation, now: datetime) -> Decision:
    """Decide for one SIM. Constraints forbid sending; none forbids recording what happened."""
    rules = due_rules(at, now)
    refusal = _forbidden(at, rules, now)
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
        kind=need(at) if rules == (RuleKind.DAYS_BEFORE,) else Kind.RECHARGE,
        reason=reason,
        rules=rules,
        look_at=min(look_at, next_day(at.sim, now)),
        numbers=_numbers(at),
    )


def due_rules(at: Situation, now: datetime) -> tuple[RuleKind, ...]:
    """Return the rules of the SIM that call for a recharge now."""
    rules = at.sim.rules
    due: list[RuleKind] = []
    balance = at.view.readings.balance
    if rules.low_balance and balance and _speaks(balance, at.view, now):
        low = (
            balance.unit == rules.low_balance.currency
            and balance.money < rules.low_balance
        )
        due += [RuleKind.LOW_BALANCE] if low else []
    days_left = at.life.days_left
    if rules.days_before is not None and days_left is not None and deadline_speaks(at):
        due += [RuleKind.DAYS_BEFORE] if days_left <= rules.days_before else []
    return tuple(due)


def deadline_speaks(at: Situation) -> bool:
    """Tell whether the deadline was learned after the last recharge.

    A recharge replaces what was known before: until the new date is read, typed or worked out,
    the old one must not cause another purchase.
    """
    if at.life.clock is None:
        return False
    last = at.view.last_recharge
    if last is None or last.settled_at is None:
        return True
    reading = _deadline_reading(at)
    # Within one second only what was worked out from the recharge itself is the newer.
    estimated = reading.trust is Trust.ESTIMATE
    return reading.observed_at > last.settled_at or (
        estimated and reading.observed_at == last.settled_at
    )


def need(at: Situation) -> Kind:
    """Return what would help: a recharge, or just using the number."""
    by_activity = at.life.clock is Clock.ACTIVITY
    if by_activity and Event.TOPUP not in at.sim.carrier.events:
        return Kind.ACTIVITY
    return Kind.ACTIVITY if by_activity and at.sim.account is None else Kind.RECHARGE


def by_hand(at: Situation, rules: tuple[RuleKind, ...]) -> bool:
    """Tell whether a person does what is needed, rather than SIM Keeper."""
    if at.sim.account is None or at.sim.rules.mode is Mode.REMIND:
        return True
    return rules == (RuleKind.DAYS_BEFORE,) and need(at) is Kind.ACTIVITY


def next_day(sim: Sim, now: datetime) -> datetime:
    """Return the start of the SIM's next day, when its days left change."""
    return end_of_day(now.astimezone(sim.zone).date(), sim.zone) + timedelta(seconds=1)


def next_recharge(at: Situation, now: datetime) -> datetime | None:
    """Return when the next recharge is due by the deadline, as far as it can be told."""
    rules = at.sim.rules
    if rules.mode is Mode.OFF or at.life.stage is Stage.LOST:
        return None
    if due_rules(at, now):
        return datetime.combine(
            now.astimezone(at.sim.zone).date(), time.min, tzinfo=at.sim.zone
        )
    if rules.days_before is None or at.life.deadline is None:
        return None
    day = at.life.deadline.astimezone(at.sim.zone).date() - timedelta(
        days=rules.days_before
    )
    return datetime.combine(day, time.min, tzinfo=at.sim.zone)


def clock_doubtful(view: LedgerView, now: datetime) -> bool:
    """Tell whether our clock stands before what the ledger has already seen."""
    return (
        view.newest_event_at is not None and now < view.newest_event_at - CLOCK_BACK_MAX
    )


def _forbidden(
    at: Situation, rules: tuple[RuleKind, ...], now: datetime
) -> tuple[Reason, datetime] | None:
    """Return why nothing may be started, and when that may change."""
    tomorrow = next_day(at.sim, now)
    view, mode = at.view, at.sim.rules.mode
    if view.order is not None:
        stuck = view.order.state in (State.UNKNOWN, State.NEEDS_PERSON)
        return (Reason.ORDER_UNKNOWN if stuck else Reason.ORDER_OPEN), tomorrow
    checks = (
        (mode is Mode.OFF, Reason.OFF),
        (at.frozen, Reason.LEDGER_FROZEN),
        (at.life.stage is Stage.LOST, Reason.LOST),
        (not rules, Reason.NOT_DUE),
        (view.task is not None, Reason.TASK_OPEN),
    )
    for true, reason in checks:
        if true:
            return reason, tomorrow
    if said_no := _said_no(at, now):
        return said_no
    if by_hand(at, rules):
        return _rests_between_small_ones(at, rules, now)
    return _forbidden_purchase(at, now, tomorrow)


def _rests_between_small_ones(
    at: Situation, rules: tuple[RuleKind, ...], now: datetime
) -> tuple[Reason, datetime] | None:
    """Wait for half of what was bought, where it buys less than the rule wants in hand.

    Otherwise a person who ticks the task off would find the next one at once.
    """
    last, amount = at.view.last_recharge, at.sim.rules.amount
    if rules != (RuleKind.DAYS_BEFORE,) or not _too_small(at, now):
        return None
    if last is None or last.settled_at is None or amount is None:
        return None
    half = timedelta(days=(at.sim.carrier.days_for(amount) or 0) / 2)
    until = last.settled_at + half
    return (Reason.RECENTLY_RECHARGED, until) if now < until else None


def _forbidden_purchase(
    at: Situation, now: datetime, tomorrow: datetime
) -> tuple[Reason, datetime] | None:
    view = at.view
    checks = (
        (view.stopped, Reason.STOPPED),
        (at.stopping, Reason.STOPPING),
        (clock_doubtful(view, now), Reason.CLOCK_DOUBTFUL),
        (at.capabilities is None, Reason.NO_CHANNEL),
        (at.sim.rules.amount is None, Reason.NO_AMOUNT),
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
    """Let a no last a week and an unanswered question two days; less near the end."""
    last = at.view.last_no
    if last is None or last.settled_at is None:
        return None
    lasts = SILENCE_LASTS if last.state is State.EXPIRED else NO_LASTS
    until = last.settled_at + lasts
    if at.life.deadline is not None:
        final = at.life.deadline - LAST_DAYS
        until = min(until, max(final, last.settled_at + timedelta(days=1)))
    return (Reason.SAID_NO, until) if now < until else None


def not_automatic(
    at: Situation, rules: tuple[RuleKind, ...], now: datetime
) -> Reason | None:
    """Return what makes this order a question instead of an automatic purchase."""
    if at.sim.rules.mode is not Mode.AUTO or at.capabilities is None:
        return Reason.MODE_ASK
    automatic = at.capabilities.automatic
    checks = (
        (at.view.restored, Reason.RESTORED),
        (at.view.overshot, Reason.OVERSHOT),
        (_denied(at, at.capabilities, now), Reason.DENIED),
        (
            RuleKind.DAYS_BEFORE in rules and _too_small(at, now),
            Reason.AMOUNT_TOO_SMALL,
        ),
        (automatic in (Automatic.NO, Automatic.OPT_IN), Reason.CHANNEL_NOT_AUTOMATIC),
        (
            automatic is Automatic.AFTER_ONE_SUPERVISED and not at.view.supervised,
            Reason.SUPERVISION,
        ),
        (
            at.capabilities.confirms_operator and at.sim.operator is None,
            Reason.OPERATOR_UNCONFIRMED,
        ),
        (not at.has_cap, Reason.NO_CAP),
        (at.view.automatic_today >= AUTOMATIC_PER_DAY_MAX, Reason.DAILY_LIMIT),
    )
    for true, reason in checks:
        if true:
            return reason
    if rules == (RuleKind.LOW_BALANCE,):
        return _balance_doubt(at, now)
    if RuleKind.DAYS_BEFORE in rules and _deadline_doubtful(at):
        return Reason.DEADLINE_DOUBTFUL
    return None


def _deadline_doubtful(at: Situation) -> bool:
    """Tell whether the deadline is not good enough to buy on.

    What a source shows may lag behind a recharge. That its balance has shown it says nothing of
    its date, so only time helps.
    """
    reading, last = _deadline_reading(at), at.view.last_recharge
    if reading.trust is not Trust.MEASURED or last is None or last.settled_at is None:
        return reading.trust is Trust.HINT
    return reading.observed_at <= last.settled_at + BALANCE_SETTLES_AFTER


def _denied(at: Situation, capabilities: Capabilities, now: datetime) -> bool:
    """Tell whether a person said "it did not arrive" and it might still turn up."""
    horizon = timedelta(seconds=capabilities.look_horizon_s)
    return any(
        order.refusal is None
        and order.settled_at is not None
        and now < order.settled_at + horizon
        for order in at.view.refused
    )


def _too_small(at: Situation, now: datetime) -> bool:
    """Tell whether the amount buys so few days that the rule would be due again at once."""
    rules, carrier = at.sim.rules, at.sim.carrier
    if (
        rules.amount is None
        or rules.days_before is None
        or at.life.clock is Clock.ACTIVITY
        or rules.amount.currency != carrier.currency
    ):
        return False
    days = carrier.days_for(rules.amount)
    if days is None:
        return False
    today = now.astimezone(at.sim.zone).date()
    old = at.view.readings.expiry
    new = expiry_after(
        carrier, expiry=old.day if old else None, event_day=today, days=days
    )
    return (new - today).days <= rules.days_before


def _balance_doubt(at: Situation, now: datetime) -> Reason | None:
    """Return why the balance is not good enough to buy on."""
    balance = at.view.readings.balance
    if balance is None or balance.trust not in (Trust.TYPED, Trust.MEASURED):
        return Reason.BALANCE_DOUBTFUL
    if not timedelta(0) <= now - balance.observed_at <= BALANCE_AGE_MAX:
        return Reason.BALANCE_OLD
    last = at.view.last_recharge
    if last is None or last.settled_at is None:
        return None
    wait = timedelta(0) if last.effect is Effect.VERIFIED else BALANCE_SETTLES_AFTER
    return (
        Reason.BALANCE_DOUBTFUL
        if balance.observed_at <= last.settled_at + wait
        else None
    )


def _speaks(balance: Reading, view: LedgerView, now: datetime) -> bool:
    """Tell whether a balance says anything: not an estimate, and seen after the last recharge."""
    if balance.trust is Trust.ESTIMATE or balance.observed_at > now:
        return False
    last = view.last_recharge
    return (
        last is None or last.settled_at is None or balance.observed_at > last.settled_at
    )


def _deadline_reading(at: Situation) -> Reading:
    """Return the reading that the deadline rests on; only where there is a deadline."""
    readings = at.view.readings
    reading = (
        readings.expiry if at.life.clock is Clock.VALIDITY else readings.last_activity
    )
    if reading is None:
        raise ValueError("a deadline rests on no reading")
    return reading


def _numbers(at: Situation) -> dict[str, Json]:
    numbers: dict[str, Json] = {}
    balance = at.view.readings.balance
    if balance is not None:
        numbers["balance"] = str(balance.money)
    if at.sim.rules.low_balance is not None:
        numbers["threshold"] = str(at.sim.rules.low_balance)
    if at.life.deadline is not None:
        numbers["deadline"] = (
            at.life.deadline.astimezone(at.sim.zone).date().isoformat()
        )
        numbers["days_left"] = at.life.days_left
    if at.sim.rules.amount is not None:
        numbers["amount"] = str(at.sim.rules.amount)
    return numbers
