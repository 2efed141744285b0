"""What policy and people want to know of the ledger, read in one go."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile

from ..money import Money
from ..orders import OPEN, Order, State
from ..sim import FIRST_RUN, SOURCE_RECHARGE, Field, Reading, Readings, Trust
from .book import READING, Book
from .memo import ORDERS
from .records import (
    Event,
    EventType,
    event_from,
    moment,
    order_from,
    reading_from,
    seconds,
)

STOPPED = "stop_all_spending"
RESTORED = "restored"
"""The setting that holds the event of the newest restore."""
_ENDED_SINCE = (
    "EXISTS(SELECT 1 FROM event e WHERE e.sim = orders.sim AND e.order_id = orders.id"
    " AND e.type IN ('rejected','declined','expired','cancelled') AND e.seq > ?)"
)
"""Counted in events, not by the clock: a vendor can answer within the second."""
_AUTOMATIC_KNOWN = 100
"""More than any day may have."""
_BACK_MIN = timedelta(minutes=3)
"""Less is no clock that has fallen back."""
_FALL_MAX = timedelta(days=1)
"""So far a recharge may be reckoned late; too early a source might still lag behind it."""
_AHEAD_MAX = timedelta(days=7)
_EVENTS_KNOWN = 1000
"""More than are written while a clock has fallen back."""
_READINGS_KNOWN = 50
"""Estimates that rest on each other are few: what a source reads ends the row."""
_OPEN_LIST = ",".join(f"'{state.value}'" for state in sorted(OPEN))
_NUMBER = (
    "sim IN (SELECT epoch FROM sim WHERE number ="
    " (SELECT number FROM sim WHERE epoch = ?))"
)
"""All lives of a number: what was bought before it was removed and added again was bought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What is held and spent in one scope and period, per currency."""

    scope: str
    period: str
    amounts: Mapping[str, int]

    def in_currency(self, currency: str) -> Money:
        """Return the part in one currency."""
        return Money(self.amounts.get(currency, 0), currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """Everything in the ledger that bears on one SIM at one moment."""

    readings: Readings
    order: Order | None
    """The open order that SIM Keeper itself would pay."""
    task: Order | None
    """The open recharge that a person is asked to do."""
    cycle: int
    last_recharge: Order | None
    """The newest confirmed order of any origin."""
    last_delivered_at: datetime | None
    """When an automatic order was last delivered."""
    refused: tuple[Order, ...]
    """Rejected orders of this cycle since the last go-ahead, oldest first."""
    last_no: Order | None
    """The newest question of this cycle that a person declined, cancelled or left open."""
    automatic_today: int
    """Automatic orders of the whole installation in the last 24 hours."""
    supervised: bool
    """The account has delivered an order that a person approved."""
    restored: bool
    """The installation was restored, and nobody has supervised an order of this SIM since."""
    overshot: bool
    """The account charged more than was held, and nobody has given a go-ahead since."""
    stopped: bool
    newest_event_at: datetime | None
    last_use: Order | None = None
    """The newest order by which SIM Keeper itself used the number."""
    stage: str | None = None
    """The stage of its life that was noted last."""


def look(book: Book, epoch: str, account: str | None, now: datetime) -> LedgerView:
    """Read the view of one SIM."""
    past = book.memo.recall(
        ORDERS, ("past", epoch, account), lambda: _past(book, epoch, account)
    )
    noted = newest_event(book, EventType.STAGE_CHANGED, epoch)
    last, delivered = past.last_recharge, past.last_delivered_at
    if last is not None:
        last = dated(book, last)
        if last.seen_at is not None and delivered is not None and not last.assisted:
            delivered = max(delivered, last.seen_at)
    return replace(
        past,
        last_recharge=last,
        last_delivered_at=delivered,
        readings=book.memo.recall(
            (READING, epoch), "newest", lambda: newest_readings(book, epoch)
        ),
        automatic_today=automatic_since(book, now - timedelta(days=1)),
        newest_event_at=_newest_event_at(book, epoch),
        stage=None if noted is None else str(noted.data["stage"]),
    )


def _newest_event_at(book: Book, epoch: str) -> datetime | None:
    """Return the latest time of all events since a person's last go-ahead for a SIM.

    A go-ahead also says that the clock is right, whatever it showed before.
    """
    since = book.memo.recall(
        ORDERS,
        ("cleared", epoch),
        lambda: _setting_number(book, cleared_name(epoch)),
    )
    newest = book.value(
        # The plus keeps SQLite from walking through all events since then.
        "SELECT at FROM event WHERE +seq > ? ORDER BY at DESC LIMIT 1",
        since,
    )
    return None if newest is None else moment(newest)


def reckoned(book: Book, epoch: str, now: datetime) -> datetime:
    """Return the moment from which a recharge that is noted now is reckoned.

    Where the clock has fallen back, that is the newest event: reckoned from 1970, the days that
    it bought and the time that a source lags would be long over once the clock is right again.
    Where it was far ahead before, it is now: nobody waits a year for that.
    """
    behind = _behind(book, now)
    if behind >= _BACK_MIN and (now < FIRST_RUN or behind < _FALL_MAX):
        # That a person saved rules meanwhile does not make such a clock right.
        return now + behind
    newest = _newest_event_at(book, epoch)
    if newest is None or newest - now < _BACK_MIN:
        return now
    return newest if newest - now < _AHEAD_MAX else now


def clock_fell(book: Book, now: datetime) -> bool:
    """Tell whether the clock has fallen back so far that nobody knows what day it is.

    Also where a person has saved rules since. By a week and more it was ahead before.
    """
    return _fell(now, _behind(book, now), _FALL_MAX)


def _behind(book: Book, now: datetime) -> timedelta:
    latest = book.value("SELECT at FROM event ORDER BY at DESC LIMIT 1")
    return timedelta(0) if latest is None else moment(latest) - now


def _fell(at: datetime, behind: timedelta, least: timedelta) -> bool:
    """Tell whether a clock had fallen back by so much when it showed a time."""
    if at < FIRST_RUN:
        return behind >= _BACK_MIN
    return least <= behind < _AHEAD_MAX


def dated(book: Book, order: Order) -> Order:
    """Return a recharge with the latest moment at which it can have arrived.

    What was noted while the clock had fallen back may have arrived long after the newest event
    before the fall; but not after the first event with a right time.
    """
    noted = book.memo.recall(
        ORDERS,
        ("noted", order.id),
        lambda: book.row(
            "SELECT seq, at, (SELECT max(at) FROM event WHERE seq BETWEEN e.seq - ? AND e.seq)"
            " AS latest FROM event e WHERE order_id = ? AND type = 'confirmed'"
            " ORDER BY seq DESC LIMIT 1",
            *(_EVENTS_KNOWN, order.id),
        ),
    )
    if noted is None:
        return order
    at, latest = int(noted["at"] or 0), int(noted["latest"] or 0)
    if not _fell(moment(at), timedelta(seconds=latest - at), _BACK_MIN):
        return order
    seen = book.value(
        "SELECT at FROM event WHERE seq > ? AND at >= ? ORDER BY seq LIMIT 1",
        *(int(noted["seq"] or 0), latest),
    )
    return order if seen is None else replace(order, seen_at=moment(seen))


def newest_event(book: Book, type_: EventType, epoch: str | None) -> Event | None:
    """Return the newest event of a type for a SIM."""
    return book.memo.recall(
        (type_, epoch), "newest", lambda: _newest_event(book, type_, epoch)
    )


def _newest_event(book: Book, type_: EventType, epoch: str | None) -> Event | None:
    row = book.row(
        "SELECT * FROM event WHERE type = ? AND sim IS ? ORDER BY seq DESC LIMIT 1",
        type_.value,
        epoch,
    )
    return None if row is None else event_from(row)


def _past(book: Book, epoch: str, account: str | None) -> LedgerView:
    """Read what changes only with orders and settings; `look` fills in the rest."""
    cycle = next_cycle(book, epoch)
    since = _setting_number(book, cleared_name(epoch))
    return LedgerView(
        readings=Readings(),
        automatic_today=0,
        newest_event_at=None,
        order=_order(
            book,
            # Of an earlier life of the number only what is in flight can be open.
            f"{_NUMBER} AND assisted = 0 AND state IN ({_OPEN_LIST}) ORDER BY id",
            epoch,
        ),
        task=_order(book, "sim = ? AND assisted = 1 AND state = 'asked'", epoch),
        cycle=cycle,
        last_recharge=last_recharge(book, epoch),
        last_use=_order(
            book,
            f"{_NUMBER} AND assisted = 0 AND kind = 'activity' AND state = 'confirmed'"
            " ORDER BY settled_at DESC, id DESC",
            epoch,
        ),
        last_delivered_at=_last_delivered(book, epoch),
        refused=_refused(book, epoch, cycle, since),
        last_no=_order(
            book,
            "sim = ? AND cycle = ? AND (state = 'declined'"
            " OR state = 'expired' AND reason = 'nobody_answered'"
            f" OR state = 'cancelled' AND reason = 'person') AND {_ENDED_SINCE}"
            " ORDER BY id DESC",
            epoch,
            cycle,
            since,
        ),
        supervised=account is not None and _supervised(book, "account", account, 0),
        restored=doubted_since(book, epoch) > 0,
        overshot=account is not None and _overshot(book, account, since),
        stopped=setting(book, STOPPED) == "on",
    )


def automatic_since(book: Book, since: datetime) -> int:
    """Return how many automatic orders of the whole installation were sent after a time."""
    moment_s = seconds(since)
    return sum(1 for sent_at in _automatic(book) if sent_at > moment_s)


def _automatic(book: Book) -> tuple[int, ...]:
    """Return when the newest automatic orders of the whole installation were sent."""
    return book.memo.recall(
        ORDERS,
        "automatic",
        lambda: tuple(
            int(row["last_sent_at"] or 0)
            for row in book.rows(
                "SELECT a.last_sent_at FROM orders o JOIN attempt a ON a.order_id = o.id"
                " WHERE o.origin IN ('rule','action')"
                " ORDER BY a.last_sent_at DESC LIMIT ?",
                _AUTOMATIC_KNOWN,
            )
        ),
    )


def last_recharge(book: Book, epoch: str) -> Order | None:
    """Return the newest confirmed order of any origin."""
    return _order(
        book,
        f"{_NUMBER} AND state = 'confirmed' AND kind = 'recharge'"
        # The end of that day anywhere on earth, but not later than it was noted.
        " ORDER BY coalesce(min(settled_at, happened_on * 86400 - 62135553600), settled_at)"
        " DESC, id DESC",
        epoch,
    )


def another_recharge(book: Book, order: Order, since: datetime) -> bool:
    """Tell whether an order's number had another recharge since a time, or lost one."""
    sql = (
        f"SELECT 1 FROM orders WHERE {_NUMBER} AND id <> ? AND kind = 'recharge'"  # noqa: S608
        " AND state IN ('confirmed','reversed') AND settled_at > ? LIMIT 1"
    )
    return book.value(sql, order.sim, order.id, seconds(since)) is not None


def next_cycle(book: Book, epoch: str) -> int:
    """Return n of `money.md` §1: one more than the greatest cycle that was bought."""
    bought = book.value(
        "SELECT max(cycle) FROM orders"
        " WHERE sim = ? AND assisted = 0 AND state = 'confirmed'",
        epoch,
    )
    return max(1 + int(bought or 0), cycle_floor(book, epoch)[0])


def cycle_floor(book: Book, epoch: str) -> tuple[int, int]:
    """Return the cycle before which keys may have been used unknown to us, and since when."""
    words = (setting(book, floor_name(epoch)) or "0 0").split()
    return int(words[0]), int(words[1])


def doubted_since(book: Book, epoch: str) -> int:
    """Return the event by which a SIM's past became doubtful; 0 where it is not.

    Counted in events: a clock may be wrong at any start.
    """
    seq = max(
        _setting_number(book, RESTORED), _setting_number(book, restored_name(epoch))
    )
    return 0 if not seq or _supervised(book, "sim", epoch, seq) else seq


def newest_readings(book: Book, epoch: str) -> Readings:
    """Return the newest reading of each field."""
    rows = book.rows(
        "SELECT * FROM reading WHERE id IN (SELECT max(id) FROM reading WHERE sim = ?"
        " GROUP BY field)",
        epoch,
    )
    found = {reading.field: reading for reading in map(reading_from, rows)}
    return Readings(
        balance=found.get(Field.BALANCE),
        expiry=found.get(Field.EXPIRY),
        data_left=found.get(Field.DATA_LEFT),
        last_activity=found.get(Field.LAST_ACTIVITY),
    )


def readings_without(book: Book, order: Order, *, days_add_up: bool) -> list[Reading]:
    """Return what is known of a SIM if the recharge of an order is taken out again.

    Fields whose newest reading is an estimate that rests on it; what was read or typed since
    holds. `days_add_up`: the carrier adds the days of a recharge to those before. What is left of
    a day then is a hint: without the first recharge the second may have begun anew, or met no
    limit of the carrier.
    """
    found: list[Reading] = []
    for field in (Field.BALANCE, Field.EXPIRY, Field.LAST_ACTIVITY):
        readings = _newest_first(book, order.sim, field)
        later = list(takewhile(lambda one: one.got_at != order.settled_at, readings))
        rest = readings[len(later) :]
        if len(rest) < 2 or any(
            one.source != SOURCE_RECHARGE for one in (*later, rest[0])
        ):
            continue
        own, before = rest[:2]
        if not later:
            found.append(before)
        elif field is Field.BALANCE or (field is Field.EXPIRY and days_add_up):
            newest = later[0]
            if newest.unit == own.unit == before.unit:
                left = newest.value - (own.value - before.value)
                trust = Trust.HINT if field is Field.EXPIRY else newest.trust
                found.append(replace(newest, value=left, trust=trust))
    return found


def _newest_first(book: Book, epoch: str, field: Field) -> list[Reading]:
    rows = book.rows(
        "SELECT * FROM reading WHERE sim = ? AND field = ? ORDER BY id DESC LIMIT ?",
        *(epoch, field.value, _READINGS_KNOWN),
    )
    return [reading_from(row) for row in rows]


def spending(book: Book, scope: str, period: str) -> Spending:
    """Return what is held and spent in a scope and period."""
    return book.memo.recall(
        ORDERS, ("spending", scope, period), lambda: _spending(book, scope, period)
    )


def _spending(book: Book, scope: str, period: str) -> Spending:
    rows = book.rows(
        "SELECT cur, sum(amount) AS amount FROM hold"
        " WHERE scope = ? AND period = ? AND state <> 'released' GROUP BY cur",
        scope,
        period,
    )
    amounts = {str(row["cur"]): int(row["amount"] or 0) for row in rows}
    return Spending(scope=scope, period=period, amounts=amounts)


def setting(book: Book, name: str) -> str | None:
    """Return a stored setting."""
    value = book.value("SELECT value FROM setting WHERE name = ?", name)
    return None if value is None else str(value)


def cleared_name(epoch: str) -> str:
    """Return the setting that holds the last event before a person's go-ahead for a SIM."""
    return f"cleared:{epoch}"


def restored_name(epoch: str) -> str:
    """Return the setting that holds the event by which an unknown purchase was found."""
    return f"{RESTORED}:{epoch}"


def floor_name(epoch: str) -> str:
    """Return the setting that holds a SIM's cycle floor."""
    return f"floor:{epoch}"


def _setting_number(book: Book, name: str) -> int:
    return int(setting(book, name) or 0)


def _order(book: Book, where: str, *values: str | int) -> Order | None:
    row = book.row(f"SELECT * FROM orders WHERE {where} LIMIT 1", *values)  # noqa: S608
    return None if row is None else order_from(row)


def _refused(book: Book, epoch: str, cycle: int, since: int) -> tuple[Order, ...]:
    rows = book.rows(
        "SELECT * FROM orders WHERE sim = ? AND cycle = ? AND assisted = 0"  # noqa: S608
        f" AND state = 'rejected' AND {_ENDED_SINCE} ORDER BY id",
        epoch,
        cycle,
        since,
    )
    return tuple(map(order_from, rows))


def _last_delivered(book: Book, epoch: str) -> datetime | None:
    value = book.value(
        f"SELECT max(settled_at) FROM orders WHERE {_NUMBER} AND assisted = 0"  # noqa: S608
        " AND state = ? AND origin IN ('rule','action','adopted')",
        epoch,
        State.CONFIRMED.value,
    )
    return None if value is None else moment(value)


def _overshot(book: Book, account: str, since: int) -> bool:
    sql = (
        "SELECT 1 FROM event e JOIN orders o ON o.id = e.order_id"
        " WHERE e.type = 'overshoot' AND o.account = ? AND e.seq > ? LIMIT 1"
    )
    return book.value(sql, account, since) is not None


def _supervised(book: Book, column: str, value: str, since: int) -> bool:
    """Tell whether an order that a person approved after an event was delivered."""
    sql = (
        f"SELECT 1 FROM orders o WHERE o.{column} = ? AND o.assisted = 0"  # noqa: S608
        " AND o.state = 'confirmed' AND EXISTS("
        "SELECT 1 FROM event e WHERE e.order_id = o.id AND e.type = 'approved'"
        " AND e.actor LIKE 'user:%' AND e.seq > ?) LIMIT 1"
    )
    return book.value(sql, value, since) is not None
