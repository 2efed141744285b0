"""What was read of a SIM over time, as far as it tells how credit is used up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from ..orders import Order
from ..sim import Field, Reading, Trust
from ..spent import thinned
from .book import Book
from .memo import ORDERS
from .records import order_from, reading_from

READ_MAX = 10_000
"""A quarter of a year for a source that is read every quarter of an hour."""
KEPT_MAX = 2_000
"""Of balances that matter and of days of use, in memory."""
_ORDERS_MAX = 200
_BELIEVED = (Trust.TYPED, Trust.MEASURED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The balances and the use of one life of a SIM."""

    balances: tuple[Reading, ...] = ()
    """Those that matter, by their time; see `spent.thinned`."""
    used_on: frozenset[date] = frozenset()
    """The days on which a reading says that the number was used."""
    read_until: int = 0
    """The last reading that is in it."""


class History:
    """Remembers the past of SIMs, so that each reading is fetched from the file once."""

    def __init__(self, book: Book) -> None:
        """Know nothing yet."""
        self._book = book
        self._known: dict[tuple[str, ZoneInfo], Past] = {}

    def past(self, epoch: str, zone: ZoneInfo) -> Past:
        """Return what was read of a SIM, by the days of a zone."""
        known = self._known.get((epoch, zone), Past())
        balances, uses = (
            self._newer(epoch, field, known.read_until)
            for field in (Field.BALANCE, Field.LAST_ACTIVITY)
        )
        if balances or uses:
            known = _with(known, balances, uses, zone)
            self._known[epoch, zone] = known
        return known

    def _newer(self, epoch: str, field: Field, than: int) -> dict[int, Reading]:
        rows = self._book.rows(
            "SELECT * FROM reading WHERE sim = ? AND field = ? AND id > ?"
            " ORDER BY id DESC LIMIT ?",
            *(epoch, field.value, than, READ_MAX),
        )
        return {int(row["id"] or 0): reading_from(row) for row in reversed(rows)}

    def delivered(self, epoch: str) -> tuple[Order, ...]:
        """Return the newest orders that did something for a SIM, also if it was taken back."""
        return self._book.memo.recall(
            ORDERS, ("delivered", epoch), lambda: self._delivered(epoch)
        )

    def _delivered(self, epoch: str) -> tuple[Order, ...]:
        rows = self._book.rows(
            "SELECT * FROM orders WHERE sim = ? AND state IN ('confirmed','reversed')"
            " ORDER BY id DESC LIMIT ?",
            *(epoch, _ORDERS_MAX),
        )
        return tuple(map(order_from, rows))


def _with(
    known: Past,
    balances: Mapping[int, Reading],
    uses: Mapping[int, Reading],
    zone: ZoneInfo,
) -> Past:
    days = {one.day for one in uses.values() if one.trust in _BELIEVED}
    return Past(
        balances=tuple(
            thinned([*known.balances, *balances.values()], zone)[-KEPT_MAX:]
        ),
        used_on=frozenset(sorted(known.used_on | days)[-KEPT_MAX:]),
        read_until=max(*balances, *uses, known.read_until),
    )
