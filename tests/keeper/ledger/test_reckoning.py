"""From when a recharge is reckoned, where the clock cannot be believed."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.sim_keeper.keeper.ledger import EventType, Ledger, Reckoned
from custom_components.sim_keeper.keeper.orders import State

from ..builders import EPOCH, NOW
from .lives import DELIVERY, a_ledger, later, move, new, sending


@pytest.mark.parametrize(
    ("back", "reckoned_from"),
    [
        (timedelta(0), "now"),
        (timedelta(minutes=2), "now"),
        (timedelta(hours=12), "newest"),
        (timedelta(days=6), "newest"),
        # Longer than that the clock was more likely ahead before.
        (timedelta(days=20), "now"),
        # But nobody ran this in 1970.
        (timedelta(days=56 * 365), "newest"),
    ],
)
def test_a_recharge_is_not_reckoned_from_a_clock_that_fell_back(
    back: timedelta, reckoned_from: str
) -> None:
    ledger = a_ledger()
    newest = later(days=1)
    order = sending(ledger, newest)
    now = newest - back
    expected = now if reckoned_from == "now" else newest
    assert ledger.reckoned(EPOCH, now).at == expected
    assert ledger.confirm(order.id, DELIVERY, (), "keeper", now).settled_at == expected


@pytest.mark.parametrize(
    ("ahead", "reckoned_from"),
    [
        (timedelta(days=5), "now"),
        # To reckon from a day too late does less harm than from a clock that is wrong.
        (timedelta(hours=12), "newest"),
        (timedelta(days=56 * 365), "newest"),
    ],
)
def test_whoever_says_go_ahead_says_that_a_clock_far_behind_is_right(
    ahead: timedelta, reckoned_from: str
) -> None:
    ledger = a_ledger()
    newest = later(days=1)
    sending(ledger, newest)
    now = newest - ahead
    ledger.clear_refusals(EPOCH, "user:1", now)
    assert ledger.reckoned(EPOCH, now).at == (now if reckoned_from == "now" else newest)


def test_a_ledger_that_remembers_nothing_reckons_from_now() -> None:
    ledger = Ledger.in_memory()
    assert ledger.reckoned(EPOCH, NOW) == Reckoned(at=NOW, fell=False)


@pytest.mark.parametrize("spoken", [True, False])
@pytest.mark.parametrize(
    ("back", "fell"),
    [
        (timedelta(0), False),
        # By so little the day is right, or the next.
        (timedelta(hours=23), False),
        (timedelta(days=1), True),
        (timedelta(days=6), True),
        # It was ahead before: nobody waits a year for that.
        (timedelta(days=7), False),
        (timedelta(days=50), False),
        (timedelta(days=56 * 365), True),
    ],
)
def test_nobody_knows_the_day_while_the_clock_has_fallen_back(
    back: timedelta, fell: bool, spoken: bool
) -> None:
    ledger = a_ledger()
    newest = later(days=1)
    order = sending(ledger, newest)
    now = newest - back
    if spoken:
        ledger.clear_refusals(EPOCH, "user:1", now)
    assert ledger.reckoned(EPOCH, now).fell is fell
    ledger.confirm(order.id, DELIVERY, (), "keeper", now)
    right = newest + timedelta(hours=11)
    ledger.add_event(EventType.DAY, None, {}, right)
    last = ledger.last_recharge(EPOCH)
    assert last is not None
    dated = ledger.view(EPOCH, order.account, right).last_recharge
    assert dated is not None
    doubted = fell or back == timedelta(hours=23)
    assert dated.seen_at == (right if doubted else None)


def test_what_arrived_while_the_clock_was_behind_arrived_before_it_was_right_again() -> (
    None
):
    ledger = a_ledger()
    newest = later(days=1)
    order = sending(ledger, newest)
    fallen = newest - timedelta(hours=12)
    ledger.confirm(order.id, DELIVERY, (), "keeper", fallen)
    ledger.add_event(EventType.DAY, None, {}, fallen + timedelta(hours=11))
    last = ledger.last_recharge(EPOCH)
    assert last is not None
    assert (last.settled_at, last.seen_at, last.over_at) == (newest, None, newest)
    right = newest + timedelta(hours=11)
    ledger.add_event(EventType.DAY, None, {}, right)
    ledger.add_event(EventType.DAY, None, {}, right + timedelta(days=1))
    last = ledger.last_recharge(EPOCH)
    assert last is not None
    assert (last.settled_at, last.over_at) == (newest, right)
    view = ledger.view(EPOCH, order.account, right)
    assert view.last_delivered_at == right
    assert view.last_recharge == last


def test_with_a_clock_that_is_right_it_arrived_when_it_was_noted() -> None:
    ledger = a_ledger()
    order = sending(ledger, later(days=1))
    ledger.confirm(order.id, DELIVERY, (), "keeper", later(days=2))
    ledger.add_event(EventType.DAY, None, {}, later(days=3))
    last = ledger.last_recharge(EPOCH)
    assert last is not None
    assert (last.seen_at, last.over_at) == (None, later(days=2))


def test_a_no_is_not_over_because_the_clock_was_in_1970() -> None:
    ledger = a_ledger()
    asked = ledger.ask(new(), "keeper", later(days=1))
    said = move(ledger, asked, State.DECLINED, now=datetime(1970, 1, 2, tzinfo=UTC))
    assert said.settled_at == later(days=1)
