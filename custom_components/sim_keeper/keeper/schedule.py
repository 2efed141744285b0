"""A recharge by the calendar: every so many weeks, months or years, counted in days of a zone.

Only calendar days are counted here; the zone decides when a day begins and how long it is.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Unit(StrEnum):
    """What a calendar rule counts."""

    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


class CountedFrom(StrEnum):
    """What a calendar rule counts from."""

    ANCHOR = "anchor"
    """The start date, whatever happened since: the day of the month stays."""
    RECHARGE = "recharge"
    """The last recharge; the start date, until there is one on it or after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Every `every` weeks, months or years from a start date."""

    start: date
    every: int
    unit: Unit
    counted_from: CountedFrom = CountedFrom.ANCHOR

    def __post_init__(self) -> None:
        """Refuse what would be due without end."""
        if self.every < 1:
            raise ValueError("a calendar counts at least one")

    def day(self, number: int, start: date | None = None) -> date:
        """Return the day `number` steps after the start, or after another day.

        A month without that day gives its last one, and the next one has the day again.
        """
        start, steps = start or self.start, number * self.every
        if self.unit is Unit.WEEKS:
            return start + timedelta(weeks=steps)
        months = steps * 12 if self.unit is Unit.YEARS else steps
        year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
        last = monthrange(year, month + 1)[1]
        return date(year, month + 1, min(start.day, last))

    def due_since(self, today: date, recharged_on: date | None) -> date | None:
        """Return the day that calls for a recharge by now; None if there is none.

        Of several days that were missed only the newest counts.
        """
        day = self._newest(today, recharged_on)
        if day is None or (recharged_on is not None and recharged_on >= day):
            return None
        return day

    def next_day(self, today: date, recharged_on: date | None) -> date:
        """Return the day of the recharge that is due or comes next."""
        due = self.due_since(today, recharged_on)
        if due is not None:
            return due
        if self._by_recharge(recharged_on):
            return self.day(1, recharged_on)
        return self.start if today < self.start else self.day(self._steps(today) + 1)

    def _newest(self, today: date, recharged_on: date | None) -> date | None:
        if self._by_recharge(recharged_on):
            day = self.day(1, recharged_on)
            return day if day <= today else None
        return None if today < self.start else self.day(self._steps(today))

    def _by_recharge(self, recharged_on: date | None) -> bool:
        return (
            self.counted_from is CountedFrom.RECHARGE
            and recharged_on is not None
            and recharged_on >= self.start
        )

    def _steps(self, today: date) -> int:
        """Return how many whole steps lie between the start and a day on or after it."""
        if self.unit is Unit.WEEKS:
            return (today - self.start).days // (7 * self.every)
        months = (today.year - self.start.year) * 12 + today.month - self.start.month
        steps = months // (self.every * (12 if self.unit is Unit.YEARS else 1))
        return steps if self.day(steps) <= today else steps - 1
