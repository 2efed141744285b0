"""What policy and people want to know of the ledger, read in one go."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..errors import LOGIN_FAILED
from ..money import Money
from ..orders import OPEN, ORDINAL_MAX, SENDS_MAX, Order, Origin, State
from ..sim import FIRST_RUN, Field, Readings
from .book import READING, Book
from .memo import ORDERS
from .reckoning import AHEAD_MAX, dated, newest_event_at
from .records import (
    Event,
    EventType,
    event_from,
    moment,
    order_from,
    reading_from,
    seconds,
)
from .settings import (
    RESTORED,
    STOPPED,
    cleared_name,
    floor_name,
    login_name,
    moved_name,
    restored_name,
    setting,
    setting_number,
)

_ENDED_SINCE = (
    "EXISTS(SELECT 1 FROM event e WHERE e.sim = orders.sim AND e.order_id = orders.id"
    " AND e.type IN ('rejected','declined','expired','cancelled') AND e.seq > ?)"
)
"""Counted in events, not by the clock: a vendor can answer within the second."""
_AUTOMATIC_KNOWN = 100
"""More than any day may have."""
_YES = (
    "SELECT 1 FROM event e WHERE e.order_id = o.id AND e.type = 'approved'"
    " AND e.actor LIKE 'user:%' AND e.seq > ?"
)
"""A person's yes to order `o`, after an event."""
_OPEN_LIST = ",".join(f"'{state.value}'" for state in sorted(OPEN))
_UNBOUGHT = (
    "cycle > (SELECT coalesce(max(b.cycle), 0) FROM orders b"
    " WHERE b.sim = orders.sim AND b.assisted = 0 AND b.state = 'confirmed')"
)
"""The cycles of the need that is open: more than one, where all keys of the first were used up."""
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
    """The account has delivered an order that a person approved, at its present address."""
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
    past = over_ahead(book, epoch, past, now)
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
        newest_event_at=newest_event_at(book, epoch),
        stage=None if noted is None else str(noted.data["stage"]),
    )


def over_ahead(book: Book, epoch: str, past: LedgerView, now: datetime) -> LedgerView:
    """Return a view in which what seems to be settled in the far future is over.

    A clock that was far ahead has settled it. A person's go-ahead since then says that the clock
    is right: by then it was over. As long as nobody has said so, it stays as it is; and so it does
    once the clock has come to that time after all.
    """
    last, ahead = past.last_recharge, now + AHEAD_MAX
    if last is None or last.settled_at is None or last.settled_at <= ahead:
        return past
    cleared = setting_number(book, cleared_name(epoch))
    said = book.value("SELECT at FROM event WHERE seq = ?", cleared + 1)
    if said is None or moment(int(said)) < FIRST_RUN:
        return past
    over = moment(int(said))
    rows = book.rows(
        "SELECT *, (SELECT max(seq) FROM event e WHERE e.order_id = orders.id"  # noqa: S608
        f" AND e.type IN ('confirmed','adopted')) AS seen FROM orders WHERE {_NUMBER}"
        " AND state = 'confirmed' AND kind = 'recharge' AND settled_at IS NOT NULL",
        epoch,
    )
    orders = [
        replace(order, settled_at=over)
        if int(row["seen"] or 0) <= cleared and (order.settled_at or over) > ahead
        else order
        for row, order in ((row, order_from(row)) for row in rows)
    ]
    newest = max(orders, key=lambda order: (order.settled_at or over, order.id))
    automatic = (Origin.RULE, Origin.ACTION, Origin.ADOPTED)
    delivered = [
        order.settled_at or over
        for order in orders
        if not order.assisted and order.origin in automatic
    ]
    return replace(
        past, last_recharge=newest, last_delivered_at=max(delivered, default=None)
    )


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
    since = setting_number(book, cleared_name(epoch))
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
        refused=_refused(book, epoch, account, since),
        last_no=_order(
            book,
            f"sim = ? AND {_UNBOUGHT} AND (state = 'declined'"
            " OR state = 'expired' AND reason = 'nobody_answered'"
            f" OR state = 'cancelled' AND reason = 'person') AND {_ENDED_SINCE}"
            " ORDER BY id DESC",
            *(epoch, since),
        ),
        supervised=account is not None and _account_supervised(book, account),
        restored=doubted_since(book, epoch) > 0,
        overshot=account is not None and _overshot(book, account, since),
        stopped=setting(book, STOPPED) == "on",
    )


def automatic_since(book: Book, since: datetime) -> int:
    """Return how many automatic orders of the whole installation were sent after a time."""
    # What seems to be sent in the far future was sent by a clock that was ahead.
    first, last = seconds(since), seconds(since + AHEAD_MAX)
    return sum(1 for sent_at in _automatic(book) if first < sent_at <= last)


def _automatic(book: Book) -> tuple[int, ...]:
    """Return when the newest automatic orders of the whole installation were sent."""
    return book.memo.recall(
        ORDERS,
        "automatic",
        lambda: tuple(
            int(row["last_sent_at"] or 0)
            for row in book.rows(
                "SELECT a.last_sent_at FROM orders o JOIN attempt a ON a.order_id = o.id"
                # What provably did not leave is no order of the day.
                " WHERE o.origin IN ('rule','action') AND a.sends > 0"
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
    # Where all keys of a cycle are used up without a delivery, the next one begins.
    used_up = book.value(
        "SELECT max(cycle) FROM attempt WHERE sim = ? AND ordinal = ?"
        " AND (consumed = 1 OR sends >= ?)",
        *(epoch, ORDINAL_MAX, SENDS_MAX),
    )
    return max(1 + int(bought or 0), 1 + int(used_up or 0), cycle_floor(book, epoch)[0])


def cycle_floor(book: Book, epoch: str) -> tuple[int, int]:
    """Return the cycle before which keys may have been used unknown to us, and since when."""
    words = (setting(book, floor_name(epoch)) or "0 0").split()
    return int(words[0]), int(words[1])


def doubted_since(book: Book, epoch: str) -> int:
    """Return the event by which a SIM's past became doubtful; 0 where it is not.

    Counted in events: a clock may be wrong at any start.
    """
    seq = max(
        setting_number(book, RESTORED), setting_number(book, restored_name(epoch))
    )
    return 0 if not seq or _sim_supervised(book, epoch, seq) else seq


def has_a_yes(book: Book, order_id: int, since: int) -> bool:
    """Tell whether a person said yes to an order after an event."""
    sql = f"SELECT 1 FROM orders o WHERE o.id = ? AND EXISTS({_YES})"  # noqa: S608
    return book.value(sql, order_id, since) is not None


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


def _order(book: Book, where: str, *values: str | int) -> Order | None:
    row = book.row(f"SELECT * FROM orders WHERE {where} LIMIT 1", *values)  # noqa: S608
    return None if row is None else order_from(row)


def _refused(
    book: Book, epoch: str, account: str | None, since: int
) -> tuple[Order, ...]:
    """Return what was refused in this need since the last go-ahead, oldest first.

    A recharge of any origin ends a need, and with it what was refused; but what a person has
    called not arrived may still turn up. A login that works again ends what only it had stopped.
    """
    login = 0 if account is None else setting_number(book, login_name(account))
    rows = book.rows(
        f"SELECT * FROM orders WHERE sim = ? AND {_UNBOUGHT} AND assisted = 0"  # noqa: S608
        f" AND state = 'rejected' AND {_ENDED_SINCE}"
        f" AND (refusal IS NULL OR {_ENDED_SINCE})"
        f" AND (reason IS NOT ? OR {_ENDED_SINCE}) ORDER BY id",
        *(epoch, since, recharged_since(book, epoch)),
        *(LOGIN_FAILED, login),
    )
    return tuple(map(order_from, rows))


def recharged_since(book: Book, epoch: str) -> int:
    """Return the event by which the last need of a number ended: a recharge of any origin."""
    return book.memo.recall(
        ORDERS, ("recharged", epoch), lambda: _recharged_since(book, epoch)
    )


def _recharged_since(book: Book, epoch: str) -> int:
    seq = book.value(
        "SELECT max(e.seq) FROM event e JOIN orders o ON o.id = e.order_id"  # noqa: S608
        f" WHERE o.{_NUMBER} AND o.kind = 'recharge' AND o.state = 'confirmed'"
        " AND e.type IN ('confirmed','adopted')",
        epoch,
    )
    return int(seq or 0)


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


def _account_supervised(book: Book, account: str) -> bool:
    """Tell whether an order that a person approved was delivered, and its provider understood.

    Only the provider's own answer proves that it is understood: no person's word, and nothing that
    a source contradicts. What it answered at another address proves nothing of this one.
    """
    sql = (
        "SELECT 1 FROM orders o WHERE o.account = ? AND o.assisted = 0"  # noqa: S608
        f" AND o.state = 'confirmed' AND o.effect <> 'mismatch' AND EXISTS({_YES})"
        " AND EXISTS(SELECT 1 FROM event e WHERE e.order_id = o.id"
        " AND e.type = 'confirmed' AND e.actor = 'keeper') LIMIT 1"
    )
    since = setting_number(book, moved_name(account))
    return book.value(sql, account, since) is not None


def _sim_supervised(book: Book, epoch: str, since: int) -> bool:
    """Tell whether an order of a SIM that a person approved after an event was delivered."""
    sql = (
        "SELECT 1 FROM orders o WHERE o.sim = ? AND o.assisted = 0"  # noqa: S608
        f" AND o.state = 'confirmed' AND EXISTS({_YES}) LIMIT 1"
    )
    return book.value(sql, epoch, since) is not None
