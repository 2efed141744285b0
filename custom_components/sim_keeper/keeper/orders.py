"""An order's life: its states, the only legal moves, its key, and what to do next with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from .errors import RefusalClass
from .money import Money
from .ports import Capabilities, Json, Lookup
from .sim import Field


class State(StrEnum):
    """Where an order stands."""

    ASKED = "asked"
    """A person has been asked for a yes, or (assisted) to recharge."""
    APPROVED = "approved"
    """May be sent; its holds are placed."""
    SENDING = "sending"
    """Durably recorded; the request may be on its way."""
    PENDING = "pending"
    """The vendor has it and works on it."""
    UNKNOWN = "unknown"
    """May have been paid. Being looked up."""
    NEEDS_PERSON = "needs_person"
    """May have been paid. Nothing more can be learned automatically."""
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    EXPIRED = "expired"
    REVERSED = "reversed"
    """Delivered once, then taken back by the vendor."""


class Effect(StrEnum):
    """What a source says of a confirmed order."""

    OPEN = "open"
    VERIFIED = "verified"
    MISMATCH = "mismatch"
    CANNOT_VERIFY = "cannot_verify"


class Origin(StrEnum):
    """Who wanted an order."""

    RULE = "rule"
    PERSON = "person"
    ACTION = "action"
    ADOPTED = "adopted"


class Kind(StrEnum):
    """What an order is for."""

    RECHARGE = "recharge"
    ACTIVITY = "activity"


_S = State
MOVES: Mapping[State, frozenset[State]] = {
    _S.ASKED: frozenset(
        {_S.APPROVED, _S.DECLINED, _S.EXPIRED, _S.CANCELLED, _S.CONFIRMED}
    ),
    _S.APPROVED: frozenset({_S.SENDING, _S.ASKED, _S.CANCELLED, _S.EXPIRED}),
    _S.SENDING: frozenset(
        {_S.PENDING, _S.CONFIRMED, _S.REJECTED, _S.UNKNOWN, _S.APPROVED, _S.CANCELLED}
    ),
    _S.PENDING: frozenset({_S.CONFIRMED, _S.REJECTED, _S.UNKNOWN}),
    _S.UNKNOWN: frozenset(
        {_S.PENDING, _S.CONFIRMED, _S.REJECTED, _S.APPROVED, _S.NEEDS_PERSON}
    ),
    _S.NEEDS_PERSON: frozenset({_S.PENDING, _S.CONFIRMED, _S.REJECTED}),
    _S.REJECTED: frozenset({_S.CONFIRMED}),
    _S.CONFIRMED: frozenset({_S.REVERSED}),
    _S.CANCELLED: frozenset(),
    _S.DECLINED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.REVERSED: frozenset(),
}
"""Every legal move. The ledger holds the same rows and refuses all others."""

OPEN = frozenset(
    {_S.ASKED, _S.APPROVED, _S.SENDING, _S.PENDING, _S.UNKNOWN, _S.NEEDS_PERSON}
)
IN_FLIGHT = frozenset({_S.SENDING, _S.PENDING, _S.UNKNOWN, _S.NEEDS_PERSON})
"""Money may have moved: the holds are kept and no automatic order may start."""
RELEASING = frozenset({_S.REJECTED, _S.CANCELLED, _S.DECLINED, _S.EXPIRED})
"""Entering one of these gives the holds back."""

APPROVAL_LIFETIME = timedelta(hours=24)
HANDOVER_AFTER = timedelta(hours=24)
"""An order whose end is still open after this goes to a person."""
SENDS_MAX = 4
UNSCHEDULED_LOOK = timedelta(minutes=10)
"""When to look where a channel declares no schedule, because it cannot be asked."""
LATE_LOOK_EVERY = timedelta(hours=6)
"""How often what a person was given, or has settled, is still looked up."""

_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CYCLE_MAX = 36**3 - 1
ORDINAL_MAX = 9


def order_key(epoch: str, cycle: int, ordinal: int) -> str:
    """Return the key of an intent as it goes to the vendor: `SKX7Q2M9K4TB-00C-0`.

    18 characters of [A-Z0-9-], inside every vendor's documented limit and safe for searches
    that ignore case.
    """
    if not (0 < cycle <= CYCLE_MAX and 0 <= ordinal <= ORDINAL_MAX):
        raise ValueError(
            f"cycle {cycle} or ordinal {ordinal} is outside the key's range"
        )
    digits = ""
    for _ in range(3):
        cycle, digit = divmod(cycle, 36)
        digits = _BASE36[digit] + digits
    return f"SK{epoch}-{digits}-{ordinal}"


def cycle_of(key: str) -> int:
    """Return the cycle that stands in a key."""
    return int(key.split("-")[1], 36)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One need on its way, as the ledger has it."""

    id: int
    sim: str
    cycle: int
    request: str | None
    origin: Origin
    assisted: bool
    """A person recharges; SIM Keeper asks, reminds and remembers."""
    kind: Kind
    state: State
    effect: Effect
    why: Mapping[str, Json]
    account: str | None
    operator: str | None
    product: str | None
    body: Mapping[str, Json] | None
    value: Money | None
    price: Money | None
    """What the vendor quoted."""
    ceiling: Money
    """The most it may cost; every hold is placed for this."""
    cost: Money | None
    cost_exact: str | None
    days: int | None
    reference: str | None
    receipt: str | None
    place: str | None
    """Where a person recharged."""
    refusal: RefusalClass | None
    """What a rejection asks for."""
    reason: str | None
    """Why it ended as it did: the vendor's code or our own reason."""
    note: str | None
    happened_on: date | None
    """The day of the SIM on which a person recharged."""
    created_at: datetime
    valid_until: datetime
    next_at: datetime | None
    settled_at: datetime | None
    shown_by: Field | None = None
    """Which of the SIM's readings has shown the recharge; of the others, nobody knows yet."""
    seen_at: datetime | None = None
    """When a clock that had fallen back before it was settled first showed a right time again."""

    @property
    def over_at(self) -> datetime | None:
        """The latest moment at which it can have been settled."""
        return self.seen_at or self.settled_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One key that was used for an order."""

    key: str
    order_id: int
    ordinal: int
    first_sent_at: datetime
    last_sent_at: datetime
    sends: int
    looks: int
    """How often the vendor was asked since the last send and showed nothing."""
    consumed: bool


class Step(StrEnum):
    """What the engine shall do with an order that is in flight."""

    LOOK = "look"
    SEND_AGAIN = "send_again"
    HAND_OVER = "hand_over"
    WAIT = "wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """The next step of an order in flight and when it is due."""

    step: Step
    at: datetime


def next_look(
    caps: Capabilities, state: State, attempt: Attempt, now: datetime
) -> datetime:
    """Return when the vendor is to be asked next about a pending or unknown order.

    The waits are counted from the stored send time, so that a restart changes nothing. Where
    the schedule is used up, its last gap repeats.
    """
    schedule = caps.poll_s if state is State.PENDING else caps.look_after_s
    if not schedule:
        return now + UNSCHEDULED_LOOK
    if caps.lookup is Lookup.PAYING and state is State.UNKNOWN:
        # Each question is a send: the waits grow from send to send.
        offset = schedule[min(attempt.sends, len(schedule)) - 1]
        return max(now, attempt.last_sent_at + timedelta(seconds=offset))
    elapsed = (now - attempt.last_sent_at).total_seconds()
    if elapsed < 0 and state is State.PENDING:
        # The clock has fallen back; until it is right again nobody knows how long ago that was.
        return now + timedelta(seconds=schedule[-1])
    for offset in schedule:
        if offset > elapsed:
            return attempt.last_sent_at + timedelta(seconds=offset)
    gap = schedule[-1] - schedule[-2] if len(schedule) > 1 else schedule[-1]
    return now + timedelta(seconds=gap)


def handover_at(
    order: Order, sent_at: datetime, grace_end: datetime | None
) -> datetime:
    """Return when an order without an end goes to a person: after a day, or before grace ends.

    `sent_at` is when this order was sent first; its key may be older.
    """
    limit = sent_at + HANDOVER_AFTER
    if grace_end is None or grace_end <= order.created_at:
        return limit
    return min(limit, grace_end)


def after_absent(
    caps: Capabilities, order: Order, attempt: Attempt, now: datetime, *, wanted: bool
) -> Next:
    """Decide what follows when the vendor shows nothing under the key of an unknown order.

    `attempt.looks` counts this look. Nothing found becomes a fact only after the whole schedule
    of the channel; then one send with the same key, where the channel allows it and the order is
    still wanted; then a person.
    """
    elapsed = (now - attempt.last_sent_at).total_seconds()
    if attempt.looks < len(caps.look_after_s) or elapsed < caps.look_after_s[-1]:
        return Next(step=Step.WAIT, at=next_look(caps, State.UNKNOWN, attempt, now))
    since_first = (now - attempt.first_sent_at).total_seconds()
    may_send = (
        caps.lookup is Lookup.PURE
        and wanted
        and attempt.sends < 2
        and since_first <= caps.resend_within_s
        and now <= order.valid_until
    )
    return Next(step=Step.SEND_AGAIN if may_send else Step.HAND_OVER, at=now)
