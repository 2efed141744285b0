"""What a SIM uses up, and what people hear of it, once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.burn import Burn
from custom_components.sim_keeper.keeper.burnwatch import BurnWatch, Usage, usage
from custom_components.sim_keeper.keeper.errors import LedgerBroken, LedgerFault
from custom_components.sim_keeper.keeper.ledger import EventType, Ledger
from custom_components.sim_keeper.keeper.orders import Kind, State
from custom_components.sim_keeper.keeper.sim import Mode, Reading, Sim, Trust
from custom_components.sim_keeper.keeper.statements import Typed

from .builders import EPOCH, NOW, activity, balance, daily, expiry, hkd, rules, sim, usd
from .ledger.lives import DELIVERY, a_ledger, closing, confirmed, paid, sending, task
from .model_world import ADMIN, START, ModelWorld, a_sim

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UNUSUAL, UNEXPLAINED = EventType.UNUSUAL_SPENDING, EventType.UNEXPLAINED_SPENDING


def _ledger(*readings: Reading) -> Ledger:
    ledger = a_ledger()
    ledger.add_readings(EPOCH, readings, "source", NOW)
    return ledger


WEEK = ("28", "27", "26", "25", "24", "23", "22", "21", "20")
"""A dollar a day."""


# -- How long credit lasts ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("threshold", "days"), [("10", 11), (None, 21), ("20", 1), ("21", 0)]
)
def test_the_days_until_the_balance_is_low(threshold: str | None, days: int) -> None:
    line = sim(rules=rules(low_balance=None if threshold is None else hkd(threshold)))
    found = usage(_ledger(*daily(*WEEK)), line, NOW)
    assert found.burn == Burn(spent=hkd("8"), over=8 * DAY)
    assert found.days_until_low == days


def test_the_days_go_by_without_another_reading() -> None:
    line = sim(rules=rules(low_balance=hkd("10")))
    ledger = _ledger(*daily(*WEEK))
    assert usage(ledger, line, NOW + 4 * DAY).days_until_low == 7
    assert usage(ledger, line, NOW + 20 * DAY).days_until_low == 0


def test_what_is_not_known_is_not_told() -> None:
    assert usage(_ledger(), sim(), NOW) == Usage()
    assert usage(_ledger(*daily("9", "8")), sim(), NOW) == Usage()
    still = usage(_ledger(*daily(*["20"] * 9)), sim(), NOW)
    assert (still.burn, still.days_until_low) == (
        Burn(spent=hkd("0"), over=8 * DAY),
        None,
    )
    foreign = sim(rules=rules(low_balance=usd("10")))
    assert usage(_ledger(*daily(*WEEK)), foreign, NOW).days_until_low is None


def test_a_doubted_balance_tells_nothing() -> None:
    doubted = balance(hkd("0"), at=NOW + HOUR, trust=Trust.HINT)
    found = usage(_ledger(*daily(*WEEK), doubted), sim(), NOW + HOUR)
    assert found.days_until_low == 20
    assert usage(_ledger(doubted), sim(), NOW + HOUR) == Usage()


def test_a_recharge_counts_before_it_is_read() -> None:
    estimate = balance(hkd("70"), at=NOW + HOUR, trust=Trust.ESTIMATE)
    found = usage(_ledger(*daily(*WEEK), estimate), sim(), NOW + HOUR)
    assert found.days_until_low == 71


def test_what_is_long_ago_or_has_not_happened_does_not_count() -> None:
    long_ago = daily("99", "98", "97", until=NOW - 200 * DAY)
    ahead = daily("3", "2", "1", until=NOW + 300 * DAY)
    found = usage(_ledger(*long_ago, *daily(*WEEK), *ahead), sim(), NOW)
    # The one reading before the memory tells what it began with.
    assert found.burn is not None
    assert found.burn.over == NOW - long_ago[-1].observed_at
    assert found.burn.spent == hkd("77")


# -- Recharges ---------------------------------------------------------------------------------


def _recharged(*delivered: Any, day: int = 4) -> Ledger:
    """Return a ledger with a dollar a day and a rise of 50 on a day."""
    balances = [20 - number + (50 if number >= day else 0) for number in range(9)]
    ledger = a_ledger()
    for one in delivered:
        one(ledger)
    ledger.add_readings(EPOCH, daily(*map(str, balances)), "source", NOW)
    return ledger


RISE = NOW - 4 * DAY
"""When the balance was read that shows the recharge."""


@pytest.mark.parametrize("delay", [-30 * HOUR, -HOUR, timedelta(0), 20 * HOUR])
def test_an_order_explains_the_rise(delay: timedelta) -> None:
    def deliver(ledger: Ledger) -> None:
        born = sending(ledger, RISE - 31 * HOUR)
        ledger.confirm(born.id, DELIVERY, (), "keeper", RISE + delay)

    found = usage(_recharged(deliver), sim(), NOW)
    assert found.burn == Burn(spent=hkd("8"), over=8 * DAY)


def test_an_unknown_rise_leaves_a_gap() -> None:
    found = usage(_recharged(), sim(), NOW)
    assert found.burn == Burn(spent=hkd("7"), over=7 * DAY)


@pytest.mark.parametrize("late", [0, 3])
def test_what_a_person_paid_counts_on_its_day(late: int) -> None:
    def pay(ledger: Ledger) -> None:
        asked = ledger.ask(task(), "keeper", RISE - 10 * DAY)
        payment = paid(day=(RISE - HOUR).date())
        noted = RISE + late * DAY
        ledger.confirm_paid(asked.id, payment, (), (), "user:1", noted)

    found = usage(_recharged(pay), sim(), NOW)
    assert found.burn == Burn(spent=hkd("8"), over=8 * DAY)


def test_data_alone_moves_no_balance() -> None:
    ledger = _ledger(*daily(*WEEK))
    bought = sending(ledger, NOW - 4 * DAY, value=None, product="5 GB")
    ledger.confirm(bought.id, DELIVERY, (), "keeper", NOW - 4 * DAY)
    found = usage(ledger, sim(), NOW)
    assert found.burn == Burn(spent=hkd("8"), over=8 * DAY)


def test_what_was_taken_back_is_not_spent() -> None:
    """The balance rises by 50 on one day and falls again on another."""

    def reverse(ledger: Ledger) -> None:
        taken = confirmed(ledger, NOW - 3.5 * DAY)
        ledger.reverse(taken.id, closing(State.REVERSED), NOW - 1.5 * DAY)

    ledger = a_ledger()
    reverse(ledger)
    still = ["20"] * 9
    ledger.add_readings(EPOCH, daily(*still, "20", "70", "70", "20"), "source", NOW)
    found = usage(ledger, sim(), NOW)
    assert found.burn == Burn(spent=hkd("0"), over=8 * DAY)
    assert found.unusual is None


# -- Out of the ordinary -----------------------------------------------------------------------


STILL = ("20",) * 50


def test_an_unusual_day_is_found() -> None:
    found = usage(_ledger(*daily(*STILL, "12")), sim(), NOW)
    assert found.unusual is not None
    assert (found.unusual.day, found.unusual.used) == (date(2026, 3, 2), hkd("8"))
    assert (found.unusual.usual, found.unexplained) == (hkd("0"), None)


def test_spending_without_a_cause_is_found_the_next_day() -> None:
    found = usage(_ledger(*daily(*STILL, "12", "12")), sim(), NOW)
    assert found.unexplained is not None
    assert found.unexplained.amount == hkd("8")
    assert found.unusual is None


def test_use_is_a_cause() -> None:
    used = activity(date(2026, 3, 1), trust=Trust.TYPED)
    found = usage(_ledger(*daily(*STILL, "12", "12"), used), sim(), NOW)
    assert found.unexplained is None
    today = activity(date(2026, 3, 2), trust=Trust.MEASURED)
    assert usage(_ledger(*daily(*STILL, "12"), today), sim(), NOW).unusual is None


def test_to_use_the_number_ourselves_is_a_cause() -> None:
    ledger = _ledger(*daily(*STILL, "12"))
    born = sending(ledger, NOW - HOUR, kind=Kind.ACTIVITY, value=None)
    assert usage(ledger, sim(), NOW).unusual is not None
    ledger.confirm(born.id, DELIVERY, (), "keeper", NOW - HOUR)
    assert usage(ledger, sim(), NOW).unusual is None


def test_the_credit_of_a_number_that_has_ended_ends_with_it() -> None:
    over = expiry(date(2026, 3, 1))
    readings = daily(*STILL, "12")
    assert usage(_ledger(*readings, over), sim(), NOW).unusual is None
    valid = expiry(date(2026, 3, 2))
    assert usage(_ledger(*readings, valid), sim(), NOW).unusual is not None


# -- What people hear --------------------------------------------------------------------------


async def _watched(
    readings: Sequence[Reading], sim: Sim, world: ModelWorld | None = None
) -> ModelWorld:
    """Let a world read balances one after the other and look at each of them."""
    if world is None:
        world = ModelWorld()
        world.moment = readings[0].observed_at
        await world.begin(sim)
    for reading in readings:
        await world.pass_time(max(timedelta(0), reading.observed_at - world.moment))
        await world.engine.observe(sim.epoch, (reading,))
        await _look(world, sim)
    return world


async def _look(world: ModelWorld, sim: Sim) -> Usage:
    watch = BurnWatch(world.engine.desk)
    found = await watch.review(sim, world.moment)
    await watch.warn(sim, found, world.moment)
    return found


def _told(world: ModelWorld) -> list[tuple[str, dict[str, Any]]]:
    return [
        (event.type.value, {k: v for k, v in event.data.items() if k != "rows"})
        for event in world.ledger.events_since(0)
        if event.type in (UNUSUAL, UNEXPLAINED)
    ]


def _line(**changes: Any) -> Sim:
    return a_sim(account=None, mode=Mode.REMIND, days_before=None, **changes)


async def test_an_unusual_day_is_told_once_a_day() -> None:
    line = _line()
    world = await _watched(daily(*WEEK, until=START), line)
    more = [
        balance(hkd(text), at=START + HOUR * number)
        for number, text in enumerate(("16", "15", "9"), 1)
    ]
    await _watched(more, line, world)
    details = {
        "amount_minor": 500,
        "currency": "HKD",
        "usual_minor": 100,
        "day": "2026-03-02",
    }
    assert _told(world) == [("unusual_spending", details)]
    assert [event.sim for event in world.events if event.type is UNUSUAL] == [EPOCH]
    assert UNUSUAL in {told.event.type for told in world.ledger.untold()}
    await world.restart(line)
    await _look(world, line)
    assert len(_told(world)) == 1
    await _watched([balance(hkd("1"), at=START + DAY)], line, world)
    assert [data["day"] for _, data in _told(world)] == ["2026-03-02", "2026-03-03"]


async def test_nothing_is_bought_and_nothing_paused() -> None:
    line = _line()
    world = await _watched(daily(*STILL, "12", until=START), line)
    assert len(_told(world)) == 1
    assert await world.orders(line) == []
    assert world.engine.sims[line.epoch] == line
    assert world.vendor.bought == []


async def test_spending_without_a_cause_is_told_once() -> None:
    line = _line()
    world = ModelWorld()
    await world.begin(line)
    typed = ["20", "20", "20", "12"]
    for text in typed:
        await world.doors.update_reading(EPOCH, Typed(balance=hkd(text)), ADMIN)
        await _look(world, line)
        await world.pass_time(25 * DAY)
    await _look(world, line)
    told = (
        "unexplained_spending",
        {
            "amount_minor": 800,
            "currency": "HKD",
            "start": "2026-04-21",
            "end": "2026-05-16",
        },
    )
    assert _told(world) == [told]
    await world.doors.update_reading(EPOCH, Typed(balance=hkd("4")), ADMIN)
    await world.pass_time(DAY)
    await _look(world, line)
    assert _told(world) == [told]


async def test_of_one_day_people_hear_once() -> None:
    line = _line()
    world = await _watched(daily(*STILL, "12", "12", until=START), line)
    assert [name for name, _ in _told(world)] == ["unusual_spending"]
    # Nor later, when another odd day was the last that was told of.
    more = [balance(hkd("4"), at=START + DAY), balance(hkd("4"), at=START + 2 * DAY)]
    await _watched(more, line, world)
    assert [name for name, _ in _told(world)] == ["unusual_spending"] * 2


@pytest.mark.parametrize("changes", [{"mode": Mode.OFF}, {"lapse": True}])
async def test_who_let_a_number_go_hears_nothing(changes: dict[str, Any]) -> None:
    line = replace(_line(), rules=replace(_line().rules, **changes))
    world = await _watched(daily(*STILL, "12", until=START), line)
    assert (await _look(world, line)).unusual is not None
    assert _told(world) == []


async def test_a_frozen_ledger_is_read_and_not_written() -> None:
    line = _line()
    world = await _watched(daily(*STILL, until=START), line)
    world.ledger.add_readings(EPOCH, daily("12", until=START + HOUR), "source", START)
    world.moment = START + HOUR
    world.engine.desk.still_frozen(LedgerBroken(LedgerFault.UNWRITABLE, "full"))
    assert (await _look(world, line)).unusual is not None
    assert _told(world) == []
