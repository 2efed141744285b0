"""The planner: the cheapest purchases that keep a number alive over a span of days, exactly."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from .carriers import ordinal_after
from .course import Course, Drain, Moves, Option, Plan, State, Step, on_sale
from .money import Money
from .plan_search import Search, best_price, month_of


def cheapest(course: Course, options: Sequence[Option]) -> Plan | None:
    """Return the cheapest plan; None where these options cannot keep the number alive.

    Raises CurrencyMismatch for prices in different currencies, or in another than the cap's.
    """
    options = _checked(course, options)
    free = replace(course, monthly_cap=None)
    if _one_clock(course, options):
        options = _longest(options)
        plan = _by_validity(free, options)
    else:
        plan = Search(free, options).run()
    # What keeps to the cap without knowing of it needs no search among months.
    return plan if _fits(course, plan) else Search(course, options).run()


def smallest(course: Course, options: Sequence[Option]) -> Plan | None:
    """Return what it costs to take the cheapest top-up that helps, each time, on the last day."""
    return _repeated(course, sorted(options, key=lambda option: option.price.minor))


def always(course: Course, option: Option) -> Plan | None:
    """Return what it costs to buy the same each time, as a user's own rule does."""
    return _repeated(course, (option,))


__all__ = [
    "Course",
    "Drain",
    "Option",
    "Plan",
    "Step",
    "always",
    "cheapest",
    "smallest",
]


def _one_clock(course: Course, options: Sequence[Option]) -> bool:
    """Tell whether only the validity runs, and every option is there to stay."""
    return (
        course.activity is None
        and course.drain is None
        and all(option.first is None and option.last is None for option in options)
    )


def _checked(course: Course, options: Sequence[Option]) -> tuple[Option, ...]:
    """Return the options by price, the most days first. Raises CurrencyMismatch."""
    total = Money(0, course.monthly_cap.currency) if course.monthly_cap else None
    for option in options:
        # Adding them up finds a currency that does not belong here.
        total = option.price if total is None else total + option.price
    return tuple(sorted(options, key=lambda o: (o.price.minor, -o.days, -o.credit)))


def _longest(options: Sequence[Option]) -> tuple[Option, ...]:
    """Return the options for which nothing as cheap buys as many days."""
    kept: list[Option] = []
    for option in options:
        if option.days > (kept[-1].days if kept else 0):
            kept.append(option)
    return tuple(kept)


def _fits(course: Course, plan: Plan | None) -> bool:
    """Tell whether a plan that was made without the monthly cap keeps to it."""
    if plan is None or course.monthly_cap is None:
        return True
    months = {month_of(course.today.toordinal()): course.spent}
    for step in plan.steps:
        month = month_of(step.day.toordinal())
        months[month] = months.get(month, 0) + step.option.price.minor
    return max(months.values()) <= course.monthly_cap.minor


def _by_validity(course: Course, options: Sequence[Option]) -> Plan | None:
    """Return the cheapest plan where nothing else counts than the validity.

    Then a number is told by its expiry alone, and the cheapest way to each expiry is built on
    those to earlier ones.
    """
    moves = Moves(course)
    state = moves.start()
    today, first, end = state.day, state.expiry, moves.end
    best: dict[int, tuple[int, int, Option]] = {}
    price, gain = best_price(course, options)
    least = None
    in_time = today + course.lead_days
    # Made on its day, a purchase moves the expiry by as much from any other.
    usual = tuple(_gains(course, options, in_time, today))
    for expiry in (day for day in range(first, end) if day == first or day in best):
        cost = best[expiry][0] if expiry > first else 0
        to_go = end - max(expiry, in_time)
        # Even at the best price for every day to go it would not become cheaper.
        if least is not None and cost * gain + to_go * price >= least * gain:
            continue
        late = expiry < in_time
        gains = _gains(course, options, expiry, today) if late else usual
        for days, option in gains:
            new, total = min(expiry + days, end), cost + option.price.minor
            if new not in best or total < best[new][0]:
                best[new] = total, expiry, option
        least = best[end][0] if end in best else None
    return _traced(course, best, first, end)


def _gains(
    course: Course, options: Sequence[Option], expiry: int, today: int
) -> Iterator[tuple[int, Option]]:
    """Yield by how many days each option that helps moves an expiry on the last day for it."""
    day = max(today, expiry - course.lead_days)
    for option in options:
        new = ordinal_after(
            course.carrier, expiry=expiry, event_day=day, days=option.days
        )
        if new > expiry:
            yield new - expiry, option


def _traced(
    course: Course, best: Mapping[int, tuple[int, int, Option]], first: int, end: int
) -> Plan | None:
    """Return the plan whose last purchase reaches the end."""
    steps: list[Step] = []
    at = end
    while at != first:
        if at not in best:
            return None
        _, at, option = best[at]
        day = max(course.today.toordinal(), at - course.lead_days)
        steps.append(Step(day=date.fromordinal(day), option=option))
    return Plan(steps=tuple(steps[::-1]), cost=sum(s.option.price.minor for s in steps))


def _repeated(course: Course, options: Sequence[Option]) -> Plan | None:
    """Buy, whenever it is due, the first option that moves the deadline."""
    moves = Moves(course)
    state, steps = moves.start(), list[Step]()
    while state.deadline < moves.end:
        day = moves.due(state)
        found = _first_that_helps(moves, state, options, day)
        if found is None:
            return None
        state, option = found
        steps.append(Step(day=date.fromordinal(day), option=option))
    return Plan(steps=tuple(steps), cost=sum(step.option.price.minor for step in steps))


def _first_that_helps(
    moves: Moves, state: State, options: Sequence[Option], day: int
) -> tuple[State, Option] | None:
    for option in options:
        after = moves.after(state, option, day)
        if on_sale(option, day) and _helps(state, after):
            return after, option
    return None


def _helps(before: State, after: State) -> bool:
    """Tell whether a clock that presses was moved, and none brought forward to press more."""
    clocks = zip(before.clocks, after.clocks, strict=True)
    moved = any(new > old == before.deadline for old, new in clocks)
    return moved and after.deadline >= before.deadline
