"""How fast credit is used up, and which spending is out of the ordinary.

Worked out from balances that were read. What lies between two of them was spent; a recharge in
between is taken out where it is known, and the pair says nothing where it is not.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import nlargest
from itertools import pairwise
from zoneinfo import ZoneInfo

from .money import Money
from .sim import Reading, Trust

WINDOW = timedelta(days=30)
"""How far back the burn rate looks."""
LEAST_TIME = timedelta(days=3)
"""Less than this says nothing of a rate."""
MEMORY = timedelta(days=90)
"""How far back a day is compared: three monthly fees lie in it."""
LEAST_DAYS = 7
UNUSUAL_TIMES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited:
    """Credit that a line is known to have got."""

    at: datetime
    value: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a line used up between two readings."""

    start: datetime
    end: datetime
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """Credit used up in a time: a rate without rounding."""

    spent: Money
    over: timedelta

    @property
    def per_day(self) -> Money:
        """What a day costs, rounded up to a minor unit."""
        return Money(
            -(-self.spent.minor * timedelta(days=1) // self.over), self.spent.currency
        )

    def used_in(self, time: timedelta) -> Money:
        """Return what a time will use up, rounded down."""
        return Money(self.spent.minor * time // self.over, self.spent.currency)

    def days_until(self, balance: Money, threshold: Money) -> int | None:
        """Return after how many whole days the balance is below the threshold; None = never.

        Raises CurrencyMismatch for money in another currency.
        """
        left = balance - threshold
        if left.minor < 0:
            return 0
        # Adding them finds a currency that does not belong here.
        if (left + self.spent).minor == left.minor:
            return None
        needed = left.minor + 1
        return -(-needed * self.over // (self.spent.minor * timedelta(days=1)))


def spendings(
    readings: Sequence[Reading], credited: Sequence[Credited] = ()
) -> tuple[Spent, ...]:
    """Return what was spent between balances, oldest first.

    Estimates and doubted readings do not count, nor a pair in two currencies. A balance that rose
    by more than what is known to have come says nothing.
    """
    sound = sorted(
        (one for one in readings if one.trust in (Trust.TYPED, Trust.MEASURED)),
        key=lambda one: one.observed_at,
    )
    found: list[Spent] = []
    for before, after in pairwise(sound):
        if before.unit != after.unit or before.observed_at == after.observed_at:
            continue
        start, end = before.observed_at, after.observed_at
        came = sum(
            one.value.minor
            for one in credited
            if start < one.at <= end and one.value.currency == before.unit
        )
        used = before.value + came - after.value
        if used >= 0:
            found.append(Spent(start=start, end=end, amount=Money(used, before.unit)))
    return tuple(found)


def burn_rate(spent: Sequence[Spent], now: datetime) -> Burn | None:
    """Return the rate of the last month; None where too little is known of it."""
    recent = [one for one in spent if one.end > now - WINDOW]
    if not recent:
        return None
    currency = recent[-1].amount.currency
    recent = [one for one in recent if one.amount.currency == currency]
    over = sum((one.end - one.start for one in recent), timedelta(0))
    if over < LEAST_TIME:
        return None
    used = sum((one.amount for one in recent), Money(0, currency))
    return Burn(spent=used, over=over)


def by_day(spent: Sequence[Spent], zone: ZoneInfo) -> dict[date, int]:
    """Return the minor units that were used up on each day of a zone that is known.

    What was spent in a longer time is spread over it, the remainder on its last day.
    """
    days: dict[date, int] = {}
    for one in spent:
        first, last = (
            moment.astimezone(zone).date() for moment in (one.start, one.end)
        )
        count = (last - first).days or 1
        share, rest = divmod(one.amount.minor, count)
        for number in range(count):
            day = last - timedelta(days=number)
            days[day] = days.get(day, 0) + share + (0 if number else rest)
    return days


def unusual_day(
    spent: Sequence[Spent], zone: ZoneInfo, now: datetime
) -> tuple[Money, Money] | None:
    """Return what today has used up and what is usual, where it is far more than that.

    Usual is the second largest day of the last three months: a monthly fee is in it more than
    once, and one odd day does not hide the next.
    """
    if not spent:
        return None
    today = now.astimezone(zone).date()
    currency = spent[-1].amount.currency
    days = by_day([one for one in spent if one.amount.currency == currency], zone)
    known = [used for day, used in days.items() if today - MEMORY <= day < today]
    used = days.get(today, 0)
    if len(known) < LEAST_DAYS:
        return None
    usual = nlargest(2, known)[1]
    if used == 0 or used <= UNUSUAL_TIMES * usual:
        return None
    return Money(used, currency), Money(usual, currency)


def unexplained(
    spent: Sequence[Spent], used_on: Collection[date], zone: ZoneInfo
) -> tuple[Spent, ...]:
    """Return spending without a known cause: no day of use lies in it, and it is no habit.

    `used_on` are the days on which the number is known to have been used.
    """
    found: list[Spent] = []
    for number, one in enumerate(spent):
        first, last = (
            moment.astimezone(zone).date() for moment in (one.start, one.end)
        )
        known = any(first <= day <= last for day in used_on)
        habit = burn_rate(spent[:number], one.start)
        expected = Money(0, one.amount.currency)
        if habit is not None and habit.spent.currency == one.amount.currency:
            expected = habit.used_in((one.end - one.start) * UNUSUAL_TIMES)
        if not known and one.amount.minor > 0 and expected < one.amount:
            found.append(one)
    return tuple(found)


def projected(balance: Reading, burn: Burn, moment: datetime) -> Reading:
    """Return the balance as a source will read it at a later moment, if nothing changes."""
    used = burn.used_in(moment - balance.observed_at)
    return Reading(
        field=balance.field,
        value=(balance.money - used).minor,
        unit=balance.unit,
        observed_at=moment,
        got_at=moment,
        source=balance.source,
        trust=Trust.MEASURED,
    )
