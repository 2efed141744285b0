"""What was spent between balances that were read.

What lies between two of them was spent; a recharge in between is taken out where it is known, and
the pair says nothing where it is not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from .money import Money
from .sim import Reading, Trust

type _Pair = tuple[Reading, Reading]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited:
    """Credit that a line got, and readings show, at some moment of a time."""

    start: datetime
    end: datetime
    value: Money | None
    """None where nobody knows how much came, or stayed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a line used up between two readings."""

    start: datetime
    end: datetime
    amount: Money
    recharged: bool = False
    """Credit came in between: fees and bonuses may be in the amount."""


def thinned(readings: Iterable[Reading], zone: ZoneInfo) -> list[Reading]:
    """Return the balances that matter, of those that were really read, by their time.

    Of a balance that only falls during a day its ends are kept: the differences add up. Of what a
    person typed on a day the last counts, for he may have corrected himself.
    """
    sound = sorted(
        (one for one in readings if one.trust in (Trust.TYPED, Trust.MEASURED)),
        key=lambda one: one.observed_at,
    )
    kept: list[Reading] = []
    days: list[date] = []
    for one in sound:
        day = one.observed_at.astimezone(zone).date()
        typed = bool(kept) and days[-1] == day and _retyped(kept[-1], one)
        falls = len(kept) > 1 and days[-2] == day and _falls(kept[-2], kept[-1], one)
        if typed or falls:
            kept[-1] = one
        else:
            kept.append(one)
            days.append(day)
    return kept


def _retyped(before: Reading, after: Reading) -> bool:
    return before.trust is after.trust is Trust.TYPED


def _falls(first: Reading, second: Reading, third: Reading) -> bool:
    return (
        first.unit == second.unit == third.unit
        and first.trust is second.trust is third.trust
        and first.value >= second.value >= third.value
    )


def spendings(
    readings: Sequence[Reading], credited: Sequence[Credited] = ()
) -> tuple[Spent, ...]:
    """Return what was spent between balances that were really read, by their time.

    A pair says nothing where it is in two currencies, where credit may or may not have come in
    between, and where the balance rose by more than what is known to have come.
    """
    pairs = [
        (before, after)
        for before, after in pairwise(readings)
        if before.unit == after.unit and before.observed_at < after.observed_at
    ]
    came = _located(pairs, credited)
    found = (_spent(pair, came) for pair in pairs)
    return tuple(one for one in found if one is not None)


def _located(pairs: Sequence[_Pair], credited: Sequence[Credited]) -> list[Credited]:
    """Return credits, at the rise that shows them where there is one.

    Half of it is enough: some is spent at once, some is a fee or pays back a loan.
    """
    located: list[Credited] = []
    taken: set[datetime] = set()
    for one in sorted(credited, key=lambda one: one.start):
        for before, after in pairs:
            seen = after.observed_at
            rise = Money(after.value - before.value, after.unit)
            if (
                one.value is not None
                and one.value.currency == rise.currency
                and seen not in taken
                and _may_hold(before, after, one)
                and rise.minor * 2 >= one.value.minor > 0
            ):
                taken.add(seen)
                located.append(replace(one, start=seen, end=seen))
                break
        else:
            located.append(one)
    return located


def _may_hold(before: Reading, after: Reading, credit: Credited) -> bool:
    return before.observed_at < credit.end and credit.start <= after.observed_at


def _spent(pair: _Pair, credited: Sequence[Credited]) -> Spent | None:
    before, after = pair
    used, recharged = before.value - after.value, False
    for one in credited:
        if not _may_hold(before, after, one):
            continue
        surely = before.observed_at < one.start and one.end <= after.observed_at
        if not surely or one.value is None or one.value.currency != before.unit:
            return None
        used, recharged = used + one.value.minor, True
    if used < 0:
        return None
    return Spent(
        start=before.observed_at,
        end=after.observed_at,
        amount=Money(used, before.unit),
        recharged=recharged,
    )


def by_day(spent: Sequence[Spent], zone: ZoneInfo) -> dict[date, int]:
    """Return the minor units that were used up on each day of a zone that is known.

    What was spent in a longer time is spread over it, the remainder on its last day.
    """
    days: dict[date, int] = {}
    for one in spent:
        first, last = first_and_last(one, zone)
        count = (last - first).days or 1
        share, rest = divmod(one.amount.minor, count)
        for number in range(count):
            day = last - timedelta(days=number)
            days[day] = days.get(day, 0) + share + (0 if number else rest)
    return days


def first_and_last(one: Spent, zone: ZoneInfo) -> tuple[date, date]:
    """Return the days of a zone between which an amount was spent."""
    return one.start.astimezone(zone).date(), one.end.astimezone(zone).date()
