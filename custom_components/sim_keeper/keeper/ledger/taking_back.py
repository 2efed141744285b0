"""What is known of a SIM once a recharge is taken out again."""

from dataclasses import replace
from itertools import takewhile

from ..orders import Order
from ..sim import SOURCE_RECHARGE, Field, Reading, Trust
from .book import Book
from .records import reading_from

_READINGS_KNOWN = 50
"""Estimates that rest on each other are few: what a source reads ends the row."""


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
