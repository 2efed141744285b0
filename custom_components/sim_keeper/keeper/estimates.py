"""What a recharge does to a SIM, as far as the carrier's rule tells. Marked as estimates.

A day that was counted from a doubtful one is no better than that: a hint. So is every day that
was counted while the clock had fallen back, or from a delivery of which nobody knows the day.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from . import carriers
from .belief import day_doubtful
from .money import Money
from .orders import Order
from .sim import SOURCE_RECHARGE, UNIT_DAY, Field, Reading, Readings, Sim, Trust


def readings_after(
    sim: Sim,
    before: Readings,
    *,
    last: Order | None,
    value: Money | None,
    days: int | None,
    now: datetime,
    day: date | None = None,
    sent_at: datetime | None = None,
    product: str | None = None,
    day_unknown: bool = False,
) -> tuple[Reading, ...]:
    """Return the readings that a recharge brings about.

    `last` is the recharge before it, `value` the credit, `days` the validity that the product is
    known to buy, `day` the day on which it happened (today, if absent); `day_unknown` where nobody
    knows it for sure. What was typed since it was sent (`sent_at`) may have it in it. A `product`
    that states neither credit nor days, such as data, is not known to move anything.
    """
    if product is not None and value is None and days is None:
        return ()
    day = day or now.astimezone(sim.zone).date()
    local = value is not None and value.currency == sim.currency
    bought = days
    if bought is None and value is not None and not _only_activity_counts(sim):
        known = value.currency == sim.carrier.currency
        bought = sim.carrier.days_for(value) if local and known else None
    found: list[Reading] = []
    if bought is not None:
        old = before.expiry.day if before.expiry else None
        new = carriers.expiry_after(sim.carrier, expiry=old, event_day=day, days=bought)
        if old is not None and _seen_later(before.expiry, day, sim):
            new = max(new, old)
        doubtful = day_unknown or _rests_on_doubt(sim, before.expiry, last)
        if old is not None and _may_include(before.expiry, sent_at, sim):
            # Too early rather than too late.
            new, doubtful = old, True
        found.append(_day(Field.EXPIRY, new, now, doubtful=doubtful))
    balance = before.balance
    if (
        local
        and value is not None
        and balance is not None
        and balance.unit == value.currency
        and not _seen_later(balance, day, sim)
    ):
        found.append(
            _estimate(Field.BALANCE, balance.value + value.minor, value.currency, now)
        )
    if counts_as_activity(sim.carrier, value):
        found.append(_used_on(day, before, now, doubtful=day_unknown))
    return tuple(found)


def readings_after_use(
    before: Readings, day: date, now: datetime
) -> tuple[Reading, ...]:
    """Return the readings that a text or call from the number on a day brings about."""
    return (_used_on(day, before, now, doubtful=False),)


def with_shown(
    estimates: Sequence[Reading], shown: Sequence[Reading], now: datetime
) -> tuple[Reading, ...]:
    """Return estimates that do not contradict the readings which showed an order's work.

    A day that was read holds from the order on, as one that was worked out. A balance that was
    read has the credit in it already.
    """
    fields = {reading.field for reading in shown}
    return (
        *(estimate for estimate in estimates if estimate.field not in fields),
        *(
            _estimate(reading.field, reading.value, reading.unit, now)
            for reading in shown
            if reading.field is not Field.BALANCE
        ),
    )


def _rests_on_doubt(sim: Sim, old: Reading | None, last: Order | None) -> bool:
    """Tell whether a new day was counted from an old one that may be wrong."""
    if old is None or sim.carrier.stacking is carriers.Stacking.RESET:
        return False
    return day_doubtful(old, last)


def _may_include(old: Reading | None, sent_at: datetime | None, sim: Sim) -> bool:
    """Tell whether days that add up would be counted twice: the old day may have them in it."""
    if old is None or sent_at is None or old.trust is not Trust.TYPED:
        return False
    adds_up = sim.carrier.stacking is carriers.Stacking.ADD
    return adds_up and old.observed_at >= sent_at


def _only_activity_counts(sim: Sim) -> bool:
    """Tell whether a recharge buys no validity: it only restarts the activity clock."""
    return sim.carrier.model in (
        carriers.Model.ACTIVITY_WINDOW,
        carriers.Model.SPEND_WINDOW,
    )


def counts_as_activity(carrier: carriers.CarrierProfile, value: Money | None) -> bool:
    """Tell whether a recharge restarts the activity clock: not if it is known to be too small."""
    least = carrier.min_topup
    if carriers.Event.TOPUP not in carrier.events:
        return False
    if value is None or least is None or value.currency != least.currency:
        return True
    return least <= value


def _seen_later(reading: Reading | None, day: date, sim: Sim) -> bool:
    """Tell whether a reading is from a later day than a recharge, and so knew of it."""
    return reading is not None and reading.observed_at.astimezone(sim.zone).date() > day


def _used_on(day: date, before: Readings, now: datetime, *, doubtful: bool) -> Reading:
    """Return the last activity; a later day that is known already stays, and is as sure as it was."""
    known = before.last_activity
    if known is not None and day < known.day:
        day, doubtful = known.day, known.trust is Trust.HINT
    return _day(Field.LAST_ACTIVITY, day, now, doubtful=doubtful)


def _day(field: Field, day: date, now: datetime, *, doubtful: bool) -> Reading:
    found = _estimate(field, day.toordinal(), UNIT_DAY, now)
    return replace(found, trust=Trust.HINT) if doubtful else found


def _estimate(field: Field, value: int, unit: str, now: datetime) -> Reading:
    return Reading(
        field=field,
        value=value,
        unit=unit,
        observed_at=now,
        got_at=now,
        source=SOURCE_RECHARGE,
        trust=Trust.ESTIMATE,
    )
