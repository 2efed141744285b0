"""How far what is known of a SIM can be believed when something is bought on it."""

from datetime import datetime, timedelta

from .judgement import can_show
from .orders import Effect, Order
from .sim import Field, Reading, Trust

READING_AGE_MAX = timedelta(hours=48)
SETTLES_AFTER = timedelta(hours=48)
"""How long a reading may lag behind a recharge that it has not shown."""


def reading_old(reading: Reading | None, now: datetime) -> bool:
    """Tell whether a balance or allowance is too old to buy on."""
    return reading is not None and not (
        timedelta(0) <= now - reading.observed_at <= READING_AGE_MAX
    )


def reading_doubtful(reading: Reading | None, last: Order | None) -> bool:
    """Tell whether a balance or allowance may be wrong, or older than the last recharge."""
    if reading is None or reading.trust not in (Trust.TYPED, Trust.MEASURED):
        return True
    if last is None or last.over_at is None:
        return False
    if went_astray(reading, last):
        return True
    # That its date has shown the recharge says nothing of its balance.
    shown = last.effect is Effect.VERIFIED and last.shown_by is reading.field
    wait = timedelta(0) if shown else SETTLES_AFTER
    return reading.observed_at <= last.over_at + wait


def went_astray(reading: Reading, last: Order) -> bool:
    """Tell whether a source does not show the last recharge at all, and so proves no new need.

    Either the money is lost or the source shows nothing new: another purchase mends neither. A
    balance that should have shown the recharge is such a source, though the date has shown it.
    """
    if reading.trust is not Trust.MEASURED:
        return False
    by_date_alone = last.shown_by is Field.EXPIRY and reading.field is Field.BALANCE
    return last.effect is Effect.MISMATCH or (by_date_alone and can_show(last, reading))


def day_doubtful(reading: Reading, last: Order | None) -> bool:
    """Tell whether the day of a clock may be wrong, or older than the order that moved it last.

    What a source shows may lag behind a recharge. That its balance has shown it says nothing of
    its date, so only time helps.
    """
    if reading.trust is Trust.HINT or last is None:
        return reading.trust is Trust.HINT
    if last.settled_at is None or last.over_at is None:
        return False
    if reading.trust is not Trust.MEASURED:
        return reading.observed_at < last.settled_at
    lags = reading.observed_at <= last.over_at + SETTLES_AFTER
    return lags or went_astray(reading, last)
