"""The search for the cheapest plan where offers end, budgets bind or several clocks run.

It rests on one fact: whatever a purchase moves, it moves no less a day later. So each purchase
may wait until its last day, unless something ends before that (an offer, or a month whose budget
would be left unused), and only those days have to be tried.
"""

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from .carriers import Stacking
from .course import Course, Moves, Option, Plan, State, Step, on_sale

STATES_MAX = 50_000
"""How many states of a number are looked at; no real case comes near."""


class Node(NamedTuple):
    """A state, what it took to get there, and by which purchase."""

    state: State
    cost: int
    segment: int
    """How many of the days on which something ends lie behind."""
    month: int
    spent: int
    """Of this month's cap."""
    before: Node | None
    option: Option | None

    def steps(self) -> Iterator[Step]:
        """Yield the purchases that led here, the last one first."""
        node: Node | None = self
        while node is not None and node.option is not None:
            yield Step(day=date.fromordinal(node.state.day), option=node.option)
            node = node.before

    def outdoes(self, other: Node) -> bool:
        """Tell whether whatever can follow the other can follow this one, for no more."""
        mine, its = self.state, other.state
        return (
            self.cost <= other.cost
            and mine.expiry >= its.expiry
            and mine.activity >= its.activity
            and mine.lasts >= its.lasts
            and mine.bought >= its.bought
            and self.segment <= other.segment
            and (self.month < other.month or self.spent <= other.spent)
        )


class Search:
    """Looks first at what may become cheapest, so that the first end is the cheapest (A*)."""

    def __init__(self, course: Course, options: tuple[Option, ...]) -> None:
        """Begin on the first day."""
        self._moves = moves = Moves(course)
        self._options = options
        self._cap = course.monthly_cap.minor if course.monthly_cap else None
        ends = {o.last.toordinal() for o in options if o.last is not None}
        if course.monthly_cap is not None:
            ends |= month_ends(course.today, course.until)
        self._ends = sorted(ends)
        """The days on which an offer or a month ends: a purchase may have to come before."""
        self._price, self._gain = best_price(course, options)
        start = moves.start()
        self._first = Node(start, 0, 0, month_of(start.day), course.spent, None, None)

    def run(self) -> Plan | None:
        """Return the cheapest plan."""
        node, order = self._first, count()
        heap = [(0, 0, next(order), node)]
        front: list[Node] = []
        known: dict[tuple[int, ...], int] = {}
        while heap and next(order) < STATES_MAX:
            *_, node = heappop(heap)
            if node.state.deadline >= self._moves.end:
                return Plan(steps=tuple(node.steps())[::-1], cost=node.cost)
            # The latest are the most likely to outdo it.
            if any(other.outdoes(node) for other in reversed(front)):
                continue
            front.append(node)
            for after in self._following(node):
                alike = (*after.state, after.month, after.spent)
                if known.get(alike, after.cost + 1) > after.cost:
                    known[alike] = after.cost
                    rank = (self._at_least(after), -after.state.deadline, next(order))
                    heappush(heap, (*rank, after))
        return None

    def _at_least(self, node: Node) -> int:
        """Return a bound for what a plan that begins so will cost, times the best gain."""
        return node.cost * self._gain + self._to_go(node.state) * self._price

    def _to_go(self, state: State) -> int:
        """Return how many days of validity are missing at the end."""
        lead, end = self._moves.course.lead_days, self._moves.end
        return max(0, end - lead - max(state.expiry - lead, state.day))

    def _following(self, node: Node) -> Iterator[Node]:
        state, moves = node.state, self._moves
        due = moves.due(state)
        first, last = bisect_left(self._ends, state.day), bisect_left(self._ends, due)
        # The latest first: of two plans that cost the same, the one that pays later is found.
        for day in (due, *reversed(self._ends[first:last])):
            segment, month = bisect_left(self._ends, day), 0
            spent = 0
            if self._cap is not None:
                month = month_of(day)
                spent = node.spent if month == node.month else 0
            for option in self._options:
                price = option.price.minor
                total = 0 if self._cap is None else spent + price
                if on_sale(option, day) and (self._cap is None or total <= self._cap):
                    after = moves.after(state, option, day)
                    yield Node(
                        after, node.cost + price, segment, month, total, node, option
                    )


def best_price(course: Course, options: Sequence[Option]) -> tuple[int, int]:
    """Return price and gain of the option with the best price for a day of validity.

    The gain is the most by which a purchase can put off the next one. Where nothing bounds
    it, a day may be free.
    """
    carrier = course.carrier
    lost = 0 if carrier.stacking is Stacking.ADD else course.lead_days
    most = carrier.max_days
    prices = [
        (option.price.minor, gain)
        for option in options
        if (gain := option.days - lost) > 0
        and (most is None or (gain := min(gain, most - course.lead_days)) > 0)
    ]
    if course.expiry is None or not prices:
        return 0, 1
    return min(prices, key=lambda price: Fraction(*price))


def month_of(day: int) -> int:
    """Return a number for the calendar month of a day, one more for each month."""
    found = date.fromordinal(day)
    return found.year * 12 + found.month


def month_ends(first: date, last: date) -> set[int]:
    """Return the last days of the months that a span of days touches."""
    ends: set[int] = set()
    day = first
    while day <= last:
        end = day.replace(day=monthrange(day.year, day.month)[1]).toordinal()
        ends.add(end)
        day = date.fromordinal(end + 1)
    return ends
