"""The past of a SIM as the ledger has it: each reading fetched once, and none forgotten."""

from datetime import date, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from custom_components.sim_keeper.keeper.ledger import history
from custom_components.sim_keeper.keeper.ledger.history import History, Past
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.sim import Reading, Trust
from custom_components.sim_keeper.keeper.spent import thinned

from ..builders import EPOCH, HK, NOW, activity, balance, expiry, hkd
from .lives import OTHER, a_ledger, closing, confirmed, conn_of, later, new, paid, task

HOUR = timedelta(hours=1)


def _walk(count: int, rng: Random) -> list[Reading]:
    """Return the balances of a number that is used, and recharged now and then."""
    found, value = [], 100_00
    for number in range(count):
        value += 50_00 if rng.random() < 0.02 else -rng.randrange(30)
        trust = rng.choices(list(Trust), (1, 20, 1, 1))[0]
        at = NOW + number * HOUR
        found.append(balance(Money(value, "HKD"), at=at, trust=trust))
    return found


def test_nothing_was_read_yet() -> None:
    assert a_ledger().history.past(EPOCH, HK) == Past()


@pytest.mark.parametrize("seed", range(3))
def test_however_often_it_is_asked_the_past_is_the_same(seed: int) -> None:
    rng, ledger = Random(seed), a_ledger(OTHER)
    readings = _walk(300, rng)
    for number, reading in enumerate(readings):
        ledger.add_readings(EPOCH, [reading], "source", reading.got_at)
        if number % 50 == 0:
            ledger.add_readings(OTHER, [balance(hkd("7"))], "source", NOW)
        if rng.random() < 0.2:
            ledger.history.past(EPOCH, HK)
    found = ledger.history.past(EPOCH, HK)
    assert found.balances == tuple(thinned(readings, HK))
    assert found == History(ledger._book).past(EPOCH, HK)
    assert ledger.history.past(EPOCH, HK) is found
    elsewhere = ZoneInfo("America/New_York")
    assert ledger.history.past(EPOCH, elsewhere).balances == tuple(
        thinned(readings, elsewhere)
    )


def test_what_arrives_late_has_its_place() -> None:
    ledger = a_ledger()
    first, last = balance(hkd("9")), balance(hkd("5"), at=NOW + 48 * HOUR)
    ledger.add_readings(EPOCH, [first, last], "source", NOW)
    assert ledger.history.past(EPOCH, HK).balances == (first, last)
    between = balance(hkd("7"), at=NOW + 24 * HOUR)
    ledger.add_readings(EPOCH, [between], "source", NOW)
    assert ledger.history.past(EPOCH, HK).balances == (first, between, last)


def test_the_days_of_use_are_those_that_were_read() -> None:
    ledger = a_ledger()
    days = [date(2026, 3, number) for number in range(1, 5)]
    ledger.add_readings(
        EPOCH,
        [activity(day, trust=trust) for day, trust in zip(days, Trust, strict=True)],
        "source",
        NOW,
    )
    ledger.add_readings(EPOCH, [expiry(date(2027, 1, 1))], "source", NOW)
    assert ledger.history.past(EPOCH, HK).used_on == {days[0], days[1]}


def test_the_past_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a ledger of many years nor a source that never rests fills the memory."""
    monkeypatch.setattr(history, "READ_MAX", 30)
    monkeypatch.setattr(history, "KEPT_MAX", 20)
    ledger, day = a_ledger(), timedelta(days=1)
    balances = [balance(hkd(str(99 - n)), at=NOW + n * day) for n in range(60)]
    uses = [activity(date(2026, 3, 1) + n * day, at=NOW + n * day) for n in range(60)]
    for seen in (slice(0, 40), slice(40, 60)):
        ledger.add_readings(EPOCH, [*balances[seen], *uses[seen]], "source", NOW)
        found = ledger.history.past(EPOCH, HK)
        assert found.balances == tuple(balances[seen][-20:])
        assert max(found.used_on) == uses[seen][-1].day
        assert len(found.used_on) == 20


def test_old_readings_are_not_fetched_again() -> None:
    ledger, asked = a_ledger(), list[str]()
    ledger.add_readings(EPOCH, _walk(50, Random(1)), "source", NOW)
    until = ledger.history.past(EPOCH, HK).read_until
    conn_of(ledger).set_trace_callback(asked.append)
    ledger.history.past(EPOCH, HK)
    assert asked
    assert all(f"id > {until}" in sql for sql in asked)


def test_what_was_delivered_is_found() -> None:
    ledger = a_ledger(OTHER)
    assert ledger.history.delivered(EPOCH) == ()
    order = confirmed(ledger, NOW)
    asked = ledger.ask(task(), "keeper", NOW)
    ledger.ask(new(sim=OTHER), "keeper", NOW)
    assert [one.id for one in ledger.history.delivered(EPOCH)] == [order.id]
    ledger.reverse(order.id, closing(State.REVERSED), later(hours=1))
    (found,) = ledger.history.delivered(EPOCH)
    assert found.state is State.REVERSED
    noted = ledger.confirm_paid(asked.id, paid(), (), (), "user:1", NOW)
    assert [one.id for one in ledger.history.delivered(EPOCH)] == [noted.id, order.id]
