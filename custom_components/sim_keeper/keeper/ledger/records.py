"""Values of the heart and how they stand in rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

import orjson

from ..errors import RefusalClass
from ..money import Money
from ..orders import Attempt, Effect, Kind, Order, Origin, State
from ..ports import Json
from ..sim import Field, Reading, Trust
from .chain import Row


class EventType(StrEnum):
    """What an event says. The first block is public, the rest is bookkeeping."""

    ASKED = "asked"
    SENT = "sent"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    REVERSED = "reversed"
    MISMATCH = "mismatch"
    REMINDER = "reminder"
    STAGE_CHANGED = "stage_changed"
    SKIPPED = "skipped"
    UNUSUAL_SPENDING = "unusual_spending"
    UNEXPLAINED_SPENDING = "unexplained_spending"

    APPROVED = "approved"
    DECLINED = "declined"
    EXPIRED = "expired"
    PENDING = "pending"
    LOOKED = "looked"
    NOT_SENT = "not_sent"
    NEEDS_PERSON = "needs_person"
    VERIFIED = "verified"
    OVERSHOOT = "overshoot"
    ADOPTED = "adopted"
    READING = "reading"
    SIM_ADDED = "sim_added"
    SIM_REMOVED = "sim_removed"
    SETTING = "setting"
    RESTORED = "restored"
    THAWED = "thawed"
    WALLET_LOW = "wallet_low"
    PAYMENT_EXPIRES = "payment_expires"
    DAY = "day"


class RestoredFrom(StrEnum):
    """What a restored installation goes on from."""

    BACKUP = "backup"
    """A file of an earlier time, put there from outside."""
    SNAPSHOT = "snapshot"
    NOTHING = "nothing"
    """The ledger was lost, and a new one begun."""


class HoldState(StrEnum):
    """What became of a part of a budget."""

    HELD = "held"
    SPENT = "spent"
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A part of a budget taken for one order. `cap` None: counted, but not limited."""

    scope: str
    period: str
    currency: str
    cap: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry of the ledger's history."""

    seq: int
    at: datetime
    type: EventType
    sim: str | None
    order_id: int | None
    actor: str
    data: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A target that has not heard of an event yet."""

    event: Event
    target: str


def seconds(moment: datetime) -> int:
    """Return a moment as the ledger keeps it. Naive times are refused."""
    if moment.tzinfo is None:
        raise ValueError("a naive time reached the ledger")
    return int(moment.timestamp())


def moment(value: object) -> datetime:
    """Return a stored time."""
    return datetime.fromtimestamp(_int(value), UTC)


def order_from(row: Row) -> Order:
    """Read an order."""
    return Order(
        id=_int(row["id"]),
        sim=str(row["sim"]),
        cycle=_int(row["cycle"]),
        request=_text(row["request"]),
        origin=Origin(str(row["origin"])),
        assisted=bool(row["assisted"]),
        kind=Kind(str(row["kind"])),
        state=State(str(row["state"])),
        effect=Effect(str(row["effect"])),
        shown_by=None if row["shown_by"] is None else Field(str(row["shown_by"])),
        why=orjson.loads(str(row["why"])),
        account=_text(row["account"]),
        operator=_text(row["operator"]),
        product=_text(row["product"]),
        body=None if row["body"] is None else orjson.loads(str(row["body"])),
        value=_money(row["value_minor"], row["value_cur"]),
        price=_money(row["price_minor"], row["pay_cur"]),
        ceiling=Money(_int(row["max_minor"]), str(row["pay_cur"])),
        cost=_money(row["cost_minor"], row["pay_cur"]),
        cost_exact=_text(row["cost_exact"]),
        days=None if row["days"] is None else _int(row["days"]),
        reference=_text(row["reference"]),
        receipt=_text(row["receipt"]),
        place=_text(row["place"]),
        refusal=None if row["refusal"] is None else RefusalClass(str(row["refusal"])),
        reason=_text(row["reason"]),
        note=_text(row["note"]),
        happened_on=None
        if row["happened_on"] is None
        else date.fromordinal(_int(row["happened_on"])),
        created_at=moment(row["created_at"]),
        valid_until=moment(row["valid_until"]),
        next_at=_moment_or_none(row["next_at"]),
        settled_at=_moment_or_none(row["settled_at"]),
    )


def attempt_from(row: Row) -> Attempt:
    """Read an attempt."""
    return Attempt(
        key=str(row["key"]),
        order_id=_int(row["order_id"]),
        ordinal=_int(row["ordinal"]),
        first_sent_at=moment(row["first_sent_at"]),
        last_sent_at=moment(row["last_sent_at"]),
        sends=_int(row["sends"]),
        looks=_int(row["looks"]),
        consumed=bool(row["consumed"]),
    )


def reading_from(row: Row) -> Reading:
    """Read a reading."""
    return Reading(
        field=Field(str(row["field"])),
        value=_int(row["value"]),
        unit=str(row["unit"]),
        observed_at=moment(row["observed_at"]),
        got_at=moment(row["got_at"]),
        source=str(row["source"]),
        trust=Trust(str(row["trust"])),
    )


def event_from(row: Row) -> Event:
    """Read an event."""
    return Event(
        seq=_int(row["seq"]),
        at=moment(row["at"]),
        type=EventType(str(row["type"])),
        sim=_text(row["sim"]),
        order_id=None if row["order_id"] is None else _int(row["order_id"]),
        actor=str(row["actor"]),
        data=orjson.loads(str(row["data"])),
    )


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"expected a whole number, found {type(value).__name__}")
    return value


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _money(minor: object, currency: object) -> Money | None:
    return None if minor is None else Money(_int(minor), str(currency))


def _moment_or_none(value: object) -> datetime | None:
    return None if value is None else moment(value)
