"""What can be planned: a number's clocks, what can be bought, and how a purchase moves them."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from .carriers import CarrierProfile, ordinal_after
from .money import Money
from .ports import Wanted

_NEVER = date.max.toordinal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Something that can be bought, as often as wanted. All options of a plan cost the same money."""

    wanted: Wanted
    price: Money
    days: int = 0
    """The validity that it buys."""
    credit: int = 0
    """The credit that it buys, in minor units of the line's currency."""
    active: bool = True
    """Buying it restarts the activity clock."""
    first: date | None = None
    """The first day on which it can be bought; None: it could be bought already."""
    last: date | None = None
    """The last day on which it can be bought; None: no end is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """How credit is used up: so many minor units above the floor, `spent` of them in `days`."""

    credit: int
    spent: int
    days: int

    def lasts(self, bought: int) -> int:
        """Return for how many days the credit lasts when more is bought; 0 where it is short."""
        return max(0, (self.credit + bought) * self.days // self.spent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is to be planned: a number as it stands, and how long it shall live."""

    carrier: CarrierProfile
    today: date
    until: date
    """The last day on which it must be alive."""
    expiry: date | None
    """The last valid day; None where no validity clock runs."""
    activity: date | None = None
    """The last day for the next activity; None where purchases have no such clock to restart."""
    drain: Drain | None = None
    lead_days: int = 0
    """So many days before a deadline the purchase that moves it must be made."""
    monthly_cap: Money | None = None
    spent: int = 0
    """Minor units of the cap that this month has used already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One purchase of a plan."""

    day: date
    option: Option


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Purchases in their order, and what they cost together."""

    steps: tuple[Step, ...]
    cost: int
    """Minor units of the money that the options cost."""


class State(NamedTuple):
    """A number on a day; days are ordinals. Beyond the end of the course all is one."""

    day: int
    expiry: int
    activity: int
    bought: int
    lasts: int
    """The last day for which the credit lasts."""

    @property
    def clocks(self) -> tuple[int, int, int]:
        """The last day of each clock."""
        return self.expiry, self.activity, self.lasts

    @property
    def deadline(self) -> int:
        """The last day that the number survives without another purchase."""
        return min(self.clocks)


class Moves:
    """How purchases move a number of one course."""

    def __init__(self, course: Course) -> None:
        """Take the course."""
        self.course = course
        self.end = course.until.toordinal()
        window = course.carrier.window_days
        self._active_for = _NEVER if window is None else window

    def start(self) -> State:
        """Return the number as it stands today."""
        course, day = self.course, self.course.today.toordinal()
        return State(
            day=day,
            expiry=self._ordinal(course.expiry),
            activity=self._ordinal(course.activity),
            bought=0,
            lasts=self._lasts(0),
        )

    def after(self, state: State, option: Option, day: int) -> State:
        """Return the number after a purchase."""
        course, expiry, activity = self.course, state.expiry, state.activity
        if course.expiry is not None and option.days:
            new = ordinal_after(
                course.carrier, expiry=expiry, event_day=day, days=option.days
            )
            expiry = min(new, self.end)
        if course.activity is not None and option.active:
            activity = min(max(activity, day + self._active_for), self.end)
        if course.drain is None or not option.credit:
            return State(day, expiry, activity, state.bought, state.lasts)
        bought = state.bought + option.credit
        lasts = self._lasts(bought)
        # Once it lasts to the end, more of it is no other state.
        return State(
            day, expiry, activity, bought if lasts < self.end else _NEVER, lasts
        )

    def due(self, state: State) -> int:
        """Return the last day for the next purchase, today if that day is over."""
        return max(state.day, state.deadline - self.course.lead_days)

    def _ordinal(self, day: date | None) -> int:
        return self.end if day is None else min(day.toordinal(), self.end)

    def _lasts(self, bought: int) -> int:
        if self.course.drain is None:
            return self.end
        return min(
            self.course.today.toordinal() + self.course.drain.lasts(bought), self.end
        )


def on_sale(option: Option, day: int) -> bool:
    """Tell whether an option can be bought on a day, given as an ordinal."""
    return (option.first is None or option.first.toordinal() <= day) and (
        option.last is None or day <= option.last.toordinal()
    )
