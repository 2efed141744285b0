"""From when a recharge is reckoned, where the clock cannot be believed.

A clock that has fallen back falsifies the future as well: what was delivered "in 1970" would be
long used up once the clock is right again.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from ..orders import Order
from ..sim import FIRST_RUN
from .book import Book
from .memo import ORDERS
from .records import moment
from .settings import cleared_name, setting_number

_BACK_MIN = timedelta(minutes=3)
"""Less is no clock that has fallen back."""
_FALL_MAX = timedelta(days=1)
"""So far a recharge may be reckoned late; too early a source might still lag behind it."""
AHEAD_MAX = timedelta(days=7)
"""What lies further ahead was noted by a clock that was ahead; what lies nearer, before a fall."""
_EVENTS_KNOWN = 1000
"""More than are written while a clock has fallen back."""


class Reckoned(NamedTuple):
    """From when something that is noted now is reckoned, and whether the day is known at all."""

    at: datetime
    fell: bool
    """The clock has fallen back so far that nobody knows what day it is."""


def reckoned(book: Book, epoch: str, now: datetime) -> Reckoned:
    """Return from when a recharge that is noted now is reckoned.

    A fall counts also where a person has saved rules since. By a week and more the clock was
    ahead before.
    """
    behind = _behind(book, now)
    at = _reckoned_from(book, epoch, now, behind)
    return Reckoned(at=at, fell=_fell(now, behind, _FALL_MAX))


def _reckoned_from(
    book: Book, epoch: str, now: datetime, behind: timedelta
) -> datetime:
    """Return the newest event where the clock has fallen back, and now elsewhere.

    Reckoned from 1970, the days that a recharge bought and the time that a source lags would be
    long over once the clock is right again. Where it was far ahead before, it is now: nobody
    waits a year for that.
    """
    if behind >= _BACK_MIN and (now < FIRST_RUN or behind < _FALL_MAX):
        # That a person saved rules meanwhile does not make such a clock right.
        return now + behind
    newest = newest_event_at(book, epoch)
    if newest is None or newest - now < _BACK_MIN:
        return now
    return newest if newest - now < AHEAD_MAX else now


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


def newest_event_at(book: Book, epoch: str) -> datetime | None:
    """Return the latest time of all events since a person's last go-ahead for a SIM.

    A go-ahead also says that the clock is right, whatever it showed before.
    """
    since = book.memo.recall(
        ORDERS,
        ("cleared", epoch),
        lambda: setting_number(book, cleared_name(epoch)),
    )
    newest = book.value(
        # The plus keeps SQLite from walking through all events since then.
        "SELECT at FROM event WHERE +seq > ? ORDER BY at DESC LIMIT 1",
        since,
    )
    return None if newest is None else moment(newest)


def _behind(book: Book, now: datetime) -> timedelta:
    latest = book.value("SELECT at FROM event ORDER BY at DESC LIMIT 1")
    return timedelta(0) if latest is None else moment(latest) - now


def _fell(at: datetime, behind: timedelta, least: timedelta) -> bool:
    """Tell whether a clock had fallen back by so much when it showed a time."""
    if at < FIRST_RUN:
        return behind >= _BACK_MIN
    return least <= behind < AHEAD_MAX
