"""The forecast: what it says is what the engine then does, when nothing goes wrong."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.sim_keeper.keeper.budget import HouseholdRules
from custom_components.sim_keeper.keeper.burn import Burn
from custom_components.sim_keeper.keeper.burnwatch import BurnWatch
from custom_components.sim_keeper.keeper.course import Option
from custom_components.sim_keeper.keeper.forecast import (
    Forecast,
    Outlook,
    Quoted,
    forecast,
)
from custom_components.sim_keeper.keeper.ledger import Spending
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Kind, State
from custom_components.sim_keeper.keeper.ports import Wanted
from custom_components.sim_keeper.keeper.schedule import Calendar, CountedFrom, Unit
from custom_components.sim_keeper.keeper.sim import Mode, Readings, RuleKind, Sim
from custom_components.sim_keeper.keeper.situation import Reason
from custom_components.sim_keeper.keeper.statements import Typed

from .builders import (
    EPOCH,
    HK,
    NOW,
    activity,
    balance,
    carrier,
    expiry,
    hkd,
    rules,
    sim,
    situation,
    usd,
    view,
)
from .model_world import ADMIN, ModelWorld, a_sim, expiring_in

TODAY = date(2026, 3, 2)
HOUSEHOLD = HouseholdRules(zone=HK)
DAY = timedelta(days=1)
MONTHLY = {"window_days": 30, "tiers": (), "stacking": "max"}


def _in_dollars(buys: Wanted) -> Quoted:
    """Price like the model vendor: a cent for each cent."""
    assert buys.amount is not None
    return Quoted(price=Money(buys.amount.minor, "USD"), value=buys.amount)


def _told(
    line: Sim,
    readings: Readings,
    *,
    spent: Sequence[Spending] = (),
    ahead: int = 365,
    **changes: Any,
) -> Forecast:
    at = situation(line, view(readings=readings))
    values: dict[str, Any] = {"quote": _in_dollars}
    outlook = Outlook(at=at, **(values | changes))
    (found,) = forecast([outlook], HOUSEHOLD, spent, NOW, timedelta(days=ahead))
    return found


def _days(told: Forecast) -> list[int]:
    return [
        (planned.at.astimezone(HK).date() - TODAY).days for planned in told.recharges
    ]


def _valid(days: int) -> Readings:
    return Readings(expiry=expiry(TODAY + timedelta(days=days)))


def _monthly(**changes: Any) -> Sim:
    return sim(carrier=carrier(None, window_days=30), rules=rules(**changes))


# -- As the engine does ------------------------------------------------------------------------


async def _lived(line: Sim, typed: Typed, days: int) -> tuple[Forecast, list[Any]]:
    """Return the forecast on the first day, and what was recharged after so many days."""
    world = ModelWorld()
    await world.engine.open(lambda: world.ledger)
    await world.begin(line, typed=typed)
    # The first day's work is done; from here on it is told before it happens.
    await _all_answered(world)
    at, spent = await world.engine.situation(line)
    (told,) = forecast(
        [Outlook(at=at, quote=_in_dollars if line.account else lambda _: None)],
        world.household,
        spent,
        world.moment,
        timedelta(days=days),
    )
    before = len(await world.orders(line))
    end = world.moment + timedelta(days=days)
    while world.moment < end:
        await world.pass_time(timedelta(days=1))
        await _all_answered(world)
    done = [
        order
        for order in (await world.orders(line))[before:]
        if order.state is State.CONFIRMED
    ]
    return told, done


async def _all_answered(world: ModelWorld) -> None:
    """Have a person say yes to everything."""
    for order in world.ledger.in_state(State.ASKED):
        await world.doors.approve(order.id, ADMIN)
    await world.rest()


_START = date(2026, 3, 31)
LINES: dict[str, Sim] = {
    "a year each": a_sim(),
    "a month each": a_sim(overrides=MONTHLY),
    "ten days each, stacked": a_sim(
        overrides={"window_days": 10, "tiers": (), "stacking": "add"}
    ),
    "by hand": a_sim(account=None, mode=Mode.REMIND, overrides=MONTHLY, cap=None),
    "a cap without room": a_sim(overrides=MONTHLY, cap="30"),
    "a cap that binds": a_sim(
        overrides={"window_days": 9, "tiers": (), "stacking": "max"}, cap="60"
    ),
    "no rule at all": a_sim(overrides=MONTHLY, days_before=None),
}


def _with(line: Sim, **changes: Any) -> Sim:
    return replace(line, rules=replace(line.rules, **changes))


LINES["on the last of each month"] = _with(
    a_sim(days_before=None),
    calendar=Calendar(start=_START, every=1, unit=Unit.MONTHS),
)
LINES["six weeks after the last one"] = _with(
    a_sim(days_before=None),
    calendar=Calendar(
        start=_START, every=6, unit=Unit.WEEKS, counted_from=CountedFrom.RECHARGE
    ),
)
LINES["paused for a while"] = _with(
    a_sim(overrides=MONTHLY), paused_until=date(2026, 4, 20)
)
LINES["at the end of grace"] = _with(
    a_sim(overrides=MONTHLY | {"grace_days": 20}, days_before=None),
    days_before_grace_end=3,
)
LINES["left to lapse"] = _with(a_sim(), lapse=True)


@pytest.mark.parametrize("name", LINES)
async def test_what_is_told_is_what_happens(name: str) -> None:
    line = LINES[name]
    told, done = await _lived(line, expiring_in(40), 200)
    zone = line.zone
    assert [planned.at.astimezone(zone).date() for planned in told.recharges] == [
        order.created_at.astimezone(zone).date() for order in done
    ]
    assert [planned.amount for planned in told.recharges] == [
        order.value for order in done
    ]
    assert told.total == _summed([order.cost or order.ceiling for order in done])


def _summed(costs: Sequence[Money]) -> tuple[Money, ...]:
    if not costs:
        return ()
    return (Money(sum(cost.minor for cost in costs), costs[0].currency),)


@pytest.mark.parametrize("threshold", ["10", "13"])
async def test_a_balance_that_burns_down_is_foreseen(threshold: str) -> None:
    """The time of day at which a source reads is not foreseen: it may make a day."""
    world, line, used = ModelWorld(), a_sim(days_before=None, threshold=threshold), 0
    world.moment -= 10 * DAY
    await world.begin(line, typed=expiring_in(400))

    async def read() -> None:
        delivered = sum(
            order.value.minor
            for order in await world.orders(line)
            if order.state is State.CONFIRMED and order.value is not None
        )
        left = Money(6000 + delivered - used, "HKD")
        await world.engine.observe(line.epoch, (balance(left, at=world.moment),))
        await world.rest()

    async def live(days: int) -> None:
        nonlocal used
        for _ in range(days):
            await read()
            await world.pass_time(DAY)
            used += 200

    await live(10)
    await read()
    found = await BurnWatch(world.engine.desk).review(line, world.moment)
    at, spent = await world.engine.situation(line)
    outlook = Outlook(at=at, quote=_in_dollars, burn=found.burn)
    ahead = 120 * DAY
    (told,) = forecast([outlook], world.household, spent, world.moment, ahead)
    assert await world.orders(line) == []
    first, zone = world.moment.astimezone(line.zone).date(), line.zone
    await live(ahead.days)
    done = [
        (order.created_at.astimezone(zone).date() - first).days
        for order in await world.orders(line)
    ]
    foreseen = [
        (planned.at.astimezone(zone).date() - first).days for planned in told.recharges
    ]
    assert len(done) == len(foreseen) == 5
    assert all(abs(a - b) <= 1 for a, b in zip(done, foreseen, strict=True))
    assert found.days_until_low == done[0]


# -- Budgets -----------------------------------------------------------------------------------


def test_the_cost_of_the_whole_time_stands_by_currency() -> None:
    told = _told(_monthly(), _valid(20), ahead=60)
    assert _days(told) == [15, 40]
    assert told.total == (usd("100"),)
    by_hand = replace(_monthly(mode=Mode.REMIND), account=None)
    told = _told(by_hand, _valid(20), ahead=60, quote=lambda _: None)
    assert told.total == (hkd("100"),)


def test_a_cap_that_starves_a_sim_says_when() -> None:
    told = _told(_monthly(monthly_cap=usd("52")), _valid(20))
    assert (told.starved_on, told.recharges) == (date(2026, 3, 17), ())
    assert told.ended_by is Reason.LOST
    for capped in (rules(order_cap=usd("52")), rules(order_cap=hkd("1"))):
        told = _told(replace(_monthly(), rules=capped), _valid(20), ahead=30)
        assert (told.starved_on is None) is (capped.order_cap == hkd("1"))


def test_a_month_that_is_spent_is_waited_out() -> None:
    spent = Spending(scope=f"sim:{EPOCH}", period="2026-03", amounts={"USD": 160_00})
    told = _told(_monthly(), _valid(20), spent=[spent], ahead=60)
    assert told.starved_on == date(2026, 3, 17)
    assert _days(told) == [30, 55]


def test_sims_share_the_household_s_budget() -> None:
    lines = [replace(_monthly(monthly_cap=None), epoch=name * 10) for name in "AB"]
    outlooks = [
        Outlook(at=situation(line, view(readings=_valid(days))), quote=_in_dollars)
        for line, days in zip(lines, (21, 20), strict=True)
    ]
    household = HouseholdRules(zone=HK, monthly_caps=(usd("60"),))
    late, early = forecast(outlooks, household, (), NOW, timedelta(days=25))
    assert (len(early.recharges), len(late.recharges)) == (1, 0)
    assert late.starved_on == date(2026, 3, 18)


# -- What is bought ----------------------------------------------------------------------------


def test_the_cheapest_plan_is_followed() -> None:
    line = _monthly(amount=None, cheapest=True, days_before=None)
    options = [
        Option(wanted=Wanted(amount=hkd(text)), price=usd(price), days=days)
        for text, price, days in (("10", "2", 7), ("50", "5", 30), ("90", "30", 40))
    ]
    told = _told(line, _valid(20), options=options, ahead=60)
    assert [planned.amount for planned in told.recharges] == [hkd("50")] * 3
    assert told.recharges[0].rules == (RuleKind.CHEAPEST,)
    assert _told(line, _valid(20)).ended_by is Reason.NO_PLAN


def test_a_product_says_itself_what_it_buys() -> None:
    line = _monthly(amount=None, product="30D")
    told = _told(
        line, _valid(20), quote=lambda _: Quoted(price=usd("3"), days=45), ahead=90
    )
    assert _days(told) == [15, 55]
    unknown = _told(line, _valid(20), quote=lambda _: None, ahead=90)
    assert [planned.cost for planned in unknown.recharges] == [None]
    assert unknown.known_until == date(2026, 3, 17)


def test_data_is_not_known_to_keep_a_number_in_use() -> None:
    known = carrier(None, model="activity_window", window_days=30)
    line = sim(carrier=known, rules=rules(amount=None, product="1GB"))
    in_use = Readings(last_activity=activity(TODAY))
    data = _told(line, in_use, quote=lambda _: Quoted(price=usd("3")), ahead=90)
    assert _days(data) == [25]
    assert data.known_until == date(2026, 3, 27)
    credit = Quoted(price=usd("3"), value=hkd("20"))
    assert _days(_told(line, in_use, quote=lambda _: credit, ahead=60)) == [25, 50]


def test_a_person_is_asked_even_if_nobody_knows_what_to_pay() -> None:
    line = sim(account=None, rules=rules(amount=None))
    told = _told(line, _valid(20))
    assert [planned.cost for planned in told.recharges] == [None]


def test_using_a_number_costs_nothing() -> None:
    known = carrier(None, model="activity_window", window_days=30)
    line = sim(account=None, carrier=known)
    told = _told(line, Readings(last_activity=activity(TODAY)), ahead=60)
    assert _days(told) == [25, 50]
    assert {planned.kind for planned in told.recharges} == {Kind.ACTIVITY}
    assert told.total == ()


# -- Low balance -------------------------------------------------------------------------------


def test_credit_that_burns_down_is_filled_up_in_time() -> None:
    line = _monthly(
        days_before=None, low_balance=hkd("10"), amount=None, fill_up_to=hkd("40")
    )
    burn = Burn(spent=hkd("2"), over=timedelta(days=1))
    seen = Readings(balance=balance(hkd("20")))
    told = _told(line, seen, burn=burn, ahead=40)
    assert _days(told) == [6, 22, 38]
    for rate in (Burn(spent=usd("2"), over=timedelta(days=1)), None):
        assert _told(line, seen, burn=rate).recharges == ()
    still = Burn(spent=hkd("0"), over=timedelta(days=1))
    assert _told(line, seen, burn=still).recharges == ()


# -- Ends --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (sim(rules=rules(Mode.OFF)), Reason.OFF),
        (sim(rules=rules(lapse=True)), Reason.LAPSE),
        (sim(rules=rules(recharged_elsewhere=True)), Reason.RECHARGED_ELSEWHERE),
        (sim(rules=rules(amount=None)), Reason.NO_AMOUNT),
        (sim(rules=rules(days_before=None)), Reason.NOT_DUE),
    ],
)
def test_rules_that_do_nothing_say_why(line: Sim, reason: Reason) -> None:
    told = _told(line, _valid(20))
    assert (told.recharges, told.ended_by) == ((), reason)


def test_nobody_knows_what_follows_an_unknown_ladder() -> None:
    line = sim(carrier=carrier(None))
    told = _told(line, _valid(20))
    assert _days(told) == [15]
    assert told.known_until == date(2026, 3, 17)


def test_an_account_that_is_not_there_now_will_be_there() -> None:
    at = situation(_monthly(), view(readings=_valid(20)), capabilities=None)
    (told,) = forecast([Outlook(at=at, quote=_in_dollars)], HOUSEHOLD, (), NOW)
    assert len(told.recharges) == 15


def test_small_recharges_are_a_day_apart_at_least() -> None:
    line = sim(carrier=carrier(None, window_days=3), rules=rules(monthly_cap=None))
    told = _told(line, _valid(2), ahead=6)
    assert _days(told) == [*range(7)]


# -- Properties --------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.integers(10, 120),
    st.integers(0, 100),
    st.integers(2, 40),
    st.integers(0, 12),
    st.integers(-10, 30),
)
def test_a_richer_budget_never_lowers_the_days_alive(
    cap: int, more: int, window: int, lead: int, left: int
) -> None:
    def days_alive(limit: int) -> int:
        line = sim(
            carrier=carrier(None, window_days=window, grace_days=10),
            rules=rules(days_before=lead, monthly_cap=Money(limit * 100, "USD")),
        )
        told = _told(line, _valid(left), ahead=200)
        days, alive = left, 0
        for planned, day in zip(told.recharges, _days(told), strict=True):
            assert planned.amount == hkd("50")
            alive += max(0, min(days, day) - alive)
            days = max(days, day + window)
        return min(days, 200)

    assert days_alive(cap) <= days_alive(cap + more)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_time_passes_in_the_zone_of_the_sim() -> None:
    told = _told(_monthly(), _valid(20), ahead=30)
    assert told.recharges[0].at == _moment("2026-03-17T00:00:00+08:00")
