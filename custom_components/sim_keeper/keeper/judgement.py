"""How far a new reading can be believed, and what it says of the last recharge."""

from dataclasses import replace
from datetime import date, timedelta

from .orders import Effect, Kind, Order
from .sim import Field, Reading, Trust

SECOND_READING_AFTER = timedelta(minutes=15)
CHANGE_MAX_PERCENT = 90
RISE_MAX_TIMES = 3
"""A recharge of 50 may show as 150, with a bonus; what is read as 5000 was read in cents."""
EXPIRY_BACK_MAX_DAYS = 2
EXPIRY_AHEAD_MAX_DAYS = 3 * 366
VERIFIED_WITHIN = timedelta(hours=24)
"""How long a source may take to show a recharge, before it counts as a mismatch."""


def judged(reading: Reading, before: Reading | None, last: Order | None) -> Reading:
    """Return a measured reading, as a hint only if it looks wrong.

    `before` is the newest reading of the field, `last` the SIM's last recharge. A second reading
    that agrees, a quarter of an hour later or more, makes a hint a fact. What a person typed is
    never judged.
    """
    if reading.trust is not Trust.MEASURED or before is None:
        return reading
    if _was_doubted(before):
        again = reading.observed_at - before.observed_at >= SECOND_READING_AFTER
        return reading if again and _agree(reading, before) else _doubted(reading)
    if before.unit != reading.unit:
        return _doubted(reading)
    if _explained(reading, before, last) or not _suspicious(reading, before):
        return reading
    return _doubted(reading)


def repeats_a_doubt(measured: Reading, kept: Reading, before: Reading | None) -> bool:
    """Tell whether a doubted reading only says again what was doubted less than that ago.

    Such a one is not kept: a source that reads every minute would put off the second reading,
    which has to come a quarter of an hour after the first, for ever.
    """
    return (
        measured.trust is Trust.MEASURED
        and kept.trust is Trust.HINT
        and before is not None
        and _was_doubted(before)
        and _agree(measured, before)
    )


def can_show(order: Order, reading: Reading) -> bool:
    """Tell whether the field of a measured reading would move by what an order delivers."""
    if reading.field is Field.BALANCE:
        return order.value is not None and order.value.currency == reading.unit
    return order.value is not None or order.days is not None


def effect_shown(
    order: Order, before: Reading | None, reading: Reading
) -> Effect | None:
    """Return VERIFIED when a measured reading shows a recharge; None when it shows nothing.

    `before` is the newest measured reading from before the order.
    """
    if reading.trust is not Trust.MEASURED or before is None:
        return None
    if before.unit != reading.unit:
        return None
    if reading.field is Field.EXPIRY and reading.value > before.value:
        return Effect.VERIFIED
    if reading.field is not Field.BALANCE or order.value is None:
        return None
    # Half of it is enough: some is spent at once, some is a fee or pays back a loan.
    rose = (reading.value - before.value) * 2 >= order.value.minor
    same = order.value.currency == reading.unit
    return Effect.VERIFIED if same and rose else None


def shows_work(order: Order, sent_on: date, before: Reading, reading: Reading) -> bool:
    """Tell whether a reading from after an order was sent shows that it did its work.

    `before` is the newest measured reading of the field from before that, `sent_on` the SIM's day
    of the send. To use a number shows in the day of its last activity, and in nothing earlier.
    """
    if reading.field is not Field.LAST_ACTIVITY:
        return effect_shown(order, before, reading) is Effect.VERIFIED
    moved = before.value < reading.value and sent_on <= reading.day
    return order.kind is Kind.ACTIVITY and moved


def _explained(reading: Reading, before: Reading, last: Order | None) -> bool:
    """Tell whether a recharge since the last reading explains a rise; it explains no fall."""
    if last is None or last.settled_at is None or last.settled_at < before.observed_at:
        return False
    rise, value = reading.value - before.value, last.value
    if reading.field is not Field.BALANCE:
        return rise > 0
    if value is None or value.currency != reading.unit:
        return rise > 0
    return 0 < rise <= value.minor * RISE_MAX_TIMES


def _suspicious(reading: Reading, before: Reading) -> bool:
    change = reading.value - before.value
    if reading.field is Field.EXPIRY:
        return change < -EXPIRY_BACK_MAX_DAYS or change > EXPIRY_AHEAD_MAX_DAYS
    if reading.field is Field.LAST_ACTIVITY:
        return False
    if before.value > 0 and reading.value == 0:
        return True
    if reading.field is Field.DATA_LEFT and change > 0:
        return False  # A package that begins brings any amount.
    return abs(change) * 100 > abs(before.value) * CHANGE_MAX_PERCENT > 0


def _was_doubted(reading: Reading) -> bool:
    """Tell whether a source showed a reading that looked wrong."""
    return reading.trust is Trust.HINT and not reading.worked_out


def _agree(one: Reading, other: Reading) -> bool:
    return one.unit == other.unit and abs(one.value - other.value) * 10 <= abs(
        other.value
    )


def _doubted(reading: Reading) -> Reading:
    return replace(reading, trust=Trust.HINT)
