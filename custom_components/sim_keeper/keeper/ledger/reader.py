"""Everything that is asked of the ledger."""

from collections.abc import Iterable
from datetime import datetime

from ..errors import OrderRefused
from ..orders import SENDS_MAX, Attempt, Order, State, order_key
from ..sim import Field, Reading, Readings
from . import reckoning, settings, views
from .book import Book
from .history import History
from .memo import ORDERS
from .records import (
    Event,
    EventType,
    Told,
    attempt_from,
    event_from,
    moment,
    order_from,
    reading_from,
    seconds,
)
from .terms import Picture

PICTURE = "picture"
"""Under this an event tells of the picture that a person kept of his receipt."""
_PAID_KNOWN = 20
"""Enough to know the price of whatever a SIM buys in turns."""


class Reader:
    """Plain reads."""

    def __init__(self, book: Book) -> None:
        """Read from an open book."""
        self._book = book
        self.history = History(book)

    def view(self, epoch: str, account: str | None, now: datetime) -> views.LedgerView:
        """Return what bears on one SIM now."""
        return views.look(self._book, epoch, account, now)

    def look(
        self,
        epoch: str,
        account: str | None,
        months: Iterable[tuple[str, str]],
        now: datetime,
    ) -> tuple[views.LedgerView, tuple[views.Spending, ...]]:
        """Return what bears on one SIM now, and the spending of scopes in their periods."""
        spendings = tuple(self.spending(scope, period) for scope, period in months)
        return self.view(epoch, account, now), spendings

    def reckoned(self, epoch: str, now: datetime) -> reckoning.Reckoned:
        """Return from when a recharge that is noted now is reckoned."""
        return reckoning.reckoned(self._book, epoch, now)

    def readings(self, epoch: str) -> Readings:
        """Return the newest reading of each field."""
        return views.newest_readings(self._book, epoch)

    def last_recharge(self, epoch: str) -> Order | None:
        """Return the newest confirmed order of a SIM, of any origin."""
        last = views.last_recharge(self._book, epoch)
        return None if last is None else reckoning.dated(self._book, last)

    def measured_before(
        self, epoch: str, field: Field, before: datetime
    ) -> Reading | None:
        """Return the newest measured reading of a field from before a time."""
        row = self._book.row(
            "SELECT * FROM reading WHERE sim = ? AND field = ? AND trust = 'measured'"
            " AND observed_at < ? ORDER BY id DESC LIMIT 1",
            epoch,
            field.value,
            seconds(before),
        )
        return None if row is None else reading_from(row)

    def spending(self, scope: str, period: str) -> views.Spending:
        """Return what is held and spent in a scope and period."""
        return views.spending(self._book, scope, period)

    def setting(self, name: str) -> str | None:
        """Return a setting."""
        return settings.setting(self._book, name)

    def order(self, order_id: int) -> Order:
        """Return an order. Raises OrderRefused for an id that does not exist."""
        return self._book.memo.recall(
            ORDERS, ("order", order_id), lambda: self._order(order_id)
        )

    def _order(self, order_id: int) -> Order:
        row = self._book.row("SELECT * FROM orders WHERE id = ?", order_id)
        if row is None:
            raise OrderRefused("order_not_found")
        return order_from(row)

    def attempt(self, order_id: int) -> Attempt:
        """Return the newest attempt of an order that was sent."""
        row = self._book.row(
            "SELECT * FROM attempt WHERE order_id = ? ORDER BY ordinal DESC", order_id
        )
        if row is None:
            raise OrderRefused("order_not_sent")
        return attempt_from(row)

    def sent_at(self, order_id: int) -> datetime | None:
        """Return when an order was sent first; a try that provably did not leave is none."""
        at = self._book.value(
            "SELECT min(at) FROM event WHERE order_id = ? AND type = 'sent' AND seq >"
            " (SELECT coalesce(max(seq), 0) FROM event"
            "  WHERE order_id = ? AND type = 'not_sent')",
            *(order_id, order_id),
        )
        return None if at is None else moment(at)

    def attempt_of(self, key: str) -> Attempt | None:
        """Return the attempt that was made under a key."""
        row = self._book.row("SELECT * FROM attempt WHERE key = ?", key)
        return None if row is None else attempt_from(row)

    def another_recharge(self, order_id: int, since: datetime) -> bool:
        """Tell whether an order's number had another recharge since a time, or lost one."""
        return views.another_recharge(self._book, self.order(order_id), since)

    def was_denied(self, epoch: str, cycle: int) -> bool:
        """Tell whether a person said of an order of a cycle that it did not arrive."""
        denied = self._book.value(
            "SELECT 1 FROM orders WHERE sim = ? AND cycle = ? AND assisted = 0"
            " AND state = 'rejected' AND refusal IS NULL LIMIT 1",
            *(epoch, cycle),
        )
        return denied is not None

    def was_adopted(self, key: str) -> bool:
        """Tell whether a purchase under a key was recorded as an order of its own."""
        return (
            self._book.value(
                "SELECT 1 FROM orders WHERE origin = 'adopted' AND reason = ?", key
            )
            is not None
        )

    def by_request(self, epoch: str, request: str) -> Order | None:
        """Return the order that a caller made under a request id."""
        row = self._book.row(
            "SELECT * FROM orders WHERE sim = ? AND request = ?", epoch, request
        )
        return None if row is None else order_from(row)

    def orders(
        self,
        epoch: str | None = None,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> list[Order]:
        """Return orders by age, of one SIM or of all, born in [start, end)."""
        rows = self._book.rows(
            "SELECT * FROM orders WHERE (? IS NULL OR sim = ?) AND (? IS NULL OR created_at >= ?)"
            " AND (? IS NULL OR created_at < ?) ORDER BY id",
            *(epoch, epoch),
            *((seconds(start),) * 2 if start else (None, None)),
            *((seconds(end),) * 2 if end else (None, None)),
        )
        return [order_from(row) for row in rows]

    def paid_by(self, epoch: str, account: str) -> tuple[Order, ...]:
        """Return what an account paid for a SIM of late, the newest first."""
        return self._book.memo.recall(
            ORDERS,
            ("paid_by", epoch, account),
            lambda: self._paid_by(epoch, account),
        )

    def _paid_by(self, epoch: str, account: str) -> tuple[Order, ...]:
        rows = self._book.rows(
            "SELECT * FROM orders WHERE sim = ? AND account = ? AND state = 'confirmed'"
            " AND assisted = 0 AND cost_minor IS NOT NULL ORDER BY id DESC LIMIT ?",
            *(epoch, account, _PAID_KNOWN),
        )
        return tuple(map(order_from, rows))

    def in_state(self, *states: State) -> tuple[Order, ...]:
        """Return the orders of all SIMs in some states, oldest first."""
        return self._book.memo.recall(ORDERS, states, lambda: self._in_state(states))

    def _in_state(self, states: tuple[State, ...]) -> tuple[Order, ...]:
        marks = ",".join("?" * len(states))
        rows = self._book.rows(
            f"SELECT * FROM orders WHERE state IN ({marks}) ORDER BY id",  # noqa: S608
            *(state.value for state in states),
        )
        return tuple(map(order_from, rows))

    def followed(self) -> tuple[Order, ...]:
        """Return the orders whose vendor is to be asked (again), the most urgent first."""
        return self._book.memo.recall(ORDERS, "followed", self._followed)

    def _followed(self) -> tuple[Order, ...]:
        rows = self._book.rows(
            "SELECT * FROM orders WHERE next_at IS NOT NULL AND assisted = 0"
            " AND state IN ('pending','unknown','needs_person','confirmed','rejected')"
            " ORDER BY next_at, id"
        )
        return tuple(map(order_from, rows))

    def sim_number(self, epoch: str) -> str:
        """Return the number that a SIM's orders are for, also after its removal."""
        return str(self._book.value("SELECT number FROM sim WHERE epoch = ?", epoch))

    def is_live(self, epoch: str) -> bool:
        """Tell whether a SIM is known and not removed."""
        return (
            self._book.value(
                "SELECT 1 FROM sim WHERE epoch = ? AND removed_at IS NULL", epoch
            )
            is not None
        )

    def is_removed(self, epoch: str) -> bool:
        """Tell whether a SIM is known and removed."""
        return (
            self._book.value(
                "SELECT 1 FROM sim WHERE epoch = ? AND removed_at IS NOT NULL", epoch
            )
            is not None
        )

    def peek_key(
        self, epoch: str, ordinal: int, cycle: int | None = None
    ) -> str | None:
        """Return the key that an order of a SIM would be sent under, None if it is used up.

        `cycle` is that of an order which was born already: a delivery that was taken back since
        lets new orders begin one before.
        """
        key = order_key(epoch, cycle or views.next_cycle(self._book, epoch), ordinal)
        used = self._book.value(
            "SELECT consumed OR sends >= ? FROM attempt WHERE key = ?", SENDS_MAX, key
        )
        return None if used else key

    def is_bought(self, order_id: int) -> bool:
        """Tell whether what an order was to buy has been bought by another one meanwhile."""
        order = self.order(order_id)
        return views.next_cycle(self._book, order.sim) > order.cycle

    def was_skipped(self, epoch: str, cycle: int, reason: str) -> bool:
        """Tell whether a skip was already noted for a reason, in this need of a cycle."""
        return (
            self._book.value(
                "SELECT 1 FROM event WHERE sim = ? AND type = 'skipped'"
                " AND json_extract(data, '$.cycle') = ? AND json_extract(data, '$.reason') = ?"
                " AND seq > ?",
                *(epoch, cycle, reason, views.recharged_since(self._book, epoch)),
            )
            is not None
        )

    def was_shadowed(self, epoch: str, need: str) -> bool:
        """Tell whether the newest trial of a SIM was for this need, which lasts since then.

        A need of the balance is a new one once the balance was read higher than at the trial.
        """
        row = self._book.row(
            "SELECT at, json_extract(data, '$.need') AS need FROM event WHERE sim = ?"
            " AND type = 'skipped' AND json_extract(data, '$.reason') = 'shadow'"
            " ORDER BY seq DESC LIMIT 1",
            epoch,
        )
        if row is None or row["need"] != need:
            return False
        risen = self._book.value(
            "SELECT 1 FROM reading r WHERE sim = ? AND field = 'balance' AND got_at >= ?"
            " AND value > (SELECT value FROM reading WHERE sim = r.sim AND field = 'balance'"
            "  AND got_at <= ? ORDER BY id DESC LIMIT 1)",
            *(epoch, row["at"], row["at"]),
        )
        return risen is None

    def newest_event(self, type_: EventType, epoch: str | None) -> Event | None:
        """Return the newest event of a type for a SIM."""
        return views.newest_event(self._book, type_, epoch)

    def last_event(self) -> int:
        """Return the number of the newest event."""
        return self._book.last_event()[0]

    def outlived_restore(self, order_id: int) -> bool:
        """Tell whether an order was born before a restore that still casts doubt on its SIM."""
        order = self.order(order_id)
        since = views.doubted_since(self._book, order.sim)
        birth = self._book.value(
            "SELECT min(seq) FROM event WHERE order_id = ?", order_id
        )
        return int(birth or 0) < since

    def has_a_yes(self, order_id: int) -> bool:
        """Tell whether a person said yes to an order, and to what is known of its SIM.

        What was said before a restore that still casts doubt on it was said to another past.
        """
        since = views.doubted_since(self._book, self.order(order_id).sim)
        return views.has_a_yes(self._book, order_id, since)

    def newest_moment(self) -> datetime | None:
        """Return the latest time that stands on any event."""
        at = self._book.value("SELECT max(at) FROM event")
        return None if at is None else moment(at)

    def events_since(self, seq: int) -> list[Event]:
        """Return the events after a number, oldest first."""
        rows = self._book.rows("SELECT * FROM event WHERE seq > ? ORDER BY seq", seq)
        return [event_from(row) for row in rows]

    def events(self, order_id: int) -> list[Event]:
        """Return the history of an order."""
        rows = self._book.rows(
            "SELECT * FROM event WHERE order_id = ? ORDER BY seq", order_id
        )
        return [event_from(row) for row in rows]

    def pictures(self, epoch: str | None = None) -> dict[int, Picture]:
        """Return the pictures of receipts by order, of one SIM or of all."""
        rows = self._book.rows(
            "SELECT order_id, json_extract(data, '$.picture.name') AS name,"
            " json_extract(data, '$.picture.sha256') AS sha256 FROM event"
            " WHERE type = 'confirmed' AND name IS NOT NULL AND (? IS NULL OR sim = ?)",
            *(epoch, epoch),
        )
        return {
            int(row["order_id"] or 0): Picture(
                name=str(row["name"]), sha256=str(row["sha256"])
            )
            for row in rows
        }

    def untold(self) -> list[Told]:
        """Return the events that people have not heard of, oldest first."""
        rows = self._book.rows(
            "SELECT e.*, t.target FROM told t JOIN event e ON e.seq = t.event_seq"
            " WHERE t.done_at IS NULL ORDER BY e.seq"
        )
        return [Told(event=event_from(row), target=str(row["target"])) for row in rows]
