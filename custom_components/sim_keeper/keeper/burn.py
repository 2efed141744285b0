"""How fast credit is used up, and which spending is out of the ordinary."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from heapq import nlargest
from zoneinfo import ZoneInfo

from .money import Money
from .sim import Reading, Trust
from .spent import Spent, by_day, first_and_last

WINDOW = timedelta(days=30)
"""How far back the burn rate looks."""
LEAST_TIME = timedelta(days=3)
"""Less than this says nothing of a rate."""
MEMORY = timedelta(days=90)
"""How far back a day is compared: three monthly fees lie in it."""
LEAST_DAYS = 7
UNUSUAL_TIMES = 3
REST = timedelta(days=45)
"""How long a number must be known to spend nothing of itself: any monthly fee falls into it."""


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


def burn_rate(spent: Sequence[Spent], now: datetime) -> Burn | None:
    """Return the rate of the last month; None where too little is known of it."""
    recent = _of_last_currency([one for one in spent if one.end > now - WINDOW])
    over = _time(recent)
    if over < LEAST_TIME:
        return None
    used = sum(one.amount.minor for one in recent)
    return Burn(spent=Money(used, recent[-1].amount.currency), over=over)


def unusual_day(
    spent: Sequence[Spent], used_on: Collection[date], zone: ZoneInfo, now: datetime
) -> tuple[Money, Money] | None:
    """Return what today has used up and what is usual, where it is far more than that.

    Usual is the second largest day of the last three months: a monthly fee is in it more than
    once, and one odd day does not hide the next. Today counts what went since yesterday, between
    recharges, and nothing that may as well have gone before. On a day of use a number that
    usually spends nothing may spend.
    """
    spent = _of_last_currency(spent)
    today = now.astimezone(zone).date()
    known = [
        used
        for day, used in by_day(spent, zone).items()
        if today - MEMORY <= day < today
    ]
    if len(known) < LEAST_DAYS:
        return None
    used = sum(
        one.amount.minor
        for one in spent
        if not one.recharged and _is_of_today(one, zone, today)
    )
    usual = nlargest(2, known)[1]
    expected = usual == 0 and today in used_on
    if used == 0 or used <= UNUSUAL_TIMES * usual or expected:
        return None
    currency = spent[-1].amount.currency
    return Money(used, currency), Money(usual, currency)


def unexplained(
    spent: Sequence[Spent], used_on: Collection[date], zone: ZoneInfo, now: datetime
) -> Spent | None:
    """Return the first spending without a known cause of a number at rest; None without one.

    `used_on` are the days on which the number is known to have been used. Few people note each
    use of a number, and then nearly all that it spends has no known cause. Therefore a number
    has to be known to rest: for `REST` before, all that it spent fell on days of use. Whatever
    comes after the first such spending is no news. A day is judged once it is over, for use may
    be noted in the evening.
    """
    today, used = now.astimezone(zone).date(), sorted(used_on)
    rested = timedelta(0)
    found: Spent | None = None
    for one in spent:
        first, last = first_and_last(one, zone)
        if one.recharged or last >= today:
            continue
        if one.amount.minor == 0 or _lies_between(used, first, last):
            rested += one.end - one.start
        elif found is None:
            found = one
            if rested < REST or one.end <= now - WINDOW:
                return None
        elif (
            first_and_last(found, zone)[1] == last
            and found.amount.currency == one.amount.currency
        ):
            found = replace(found, end=one.end, amount=found.amount + one.amount)
    return found


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


def _of_last_currency(spent: Sequence[Spent]) -> list[Spent]:
    return [one for one in spent if one.amount.currency == spent[-1].amount.currency]


def _time(spent: Iterable[Spent]) -> timedelta:
    return sum((one.end - one.start for one in spent), timedelta(0))


def _lies_between(days: Sequence[date], first: date, last: date) -> bool:
    """Tell whether one of some days, which are in order, lies in a time."""
    place = bisect_left(days, first)
    return place < len(days) and days[place] <= last


def _is_of_today(one: Spent, zone: ZoneInfo, today: date) -> bool:
    first, last = first_and_last(one, zone)
    return last == today and (last - first).days <= 1
