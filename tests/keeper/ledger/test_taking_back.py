"""What is known of a SIM once a recharge is taken out again."""

from datetime import UTC, date, datetime, timedelta

import pytest

from custom_components.sim_keeper.keeper.ledger import EventType, Ledger
from custom_components.sim_keeper.keeper.orders import Order, State
from custom_components.sim_keeper.keeper.sim import (
    SOURCE_RECHARGE,
    UNIT_DAY,
    Field,
    Reading,
    Trust,
)

from ..builders import EPOCH, NOW, activity, balance, expiry, hkd, reading
from .lives import DELIVERY, a_ledger, closing, confirmed, later, move, new, sending

DAY = timedelta(days=1)
SUMMER = date(2026, 7, 1)


def estimated(money: str, day: date, at: datetime) -> list[Reading]:
    """Return what a recharge is reckoned to have brought."""
    values = (
        (Field.BALANCE, hkd(money).minor, "HKD"),
        (Field.EXPIRY, day.toordinal(), UNIT_DAY),
        (Field.LAST_ACTIVITY, at.date().toordinal(), UNIT_DAY),
    )
    return [
        reading(*value, at=at, trust=Trust.ESTIMATE, source=SOURCE_RECHARGE)
        for value in values
    ]


def recharged(ledger: Ledger, money: str, day: date, at: datetime) -> Order:
    """Deliver an order that brings a SIM to a balance and a day."""
    order = sending(ledger, at)
    return ledger.confirm(order.id, DELIVERY, estimated(money, day, at), "keeper", at)


def known_first() -> Ledger:
    """Return a ledger that knows 10 HKD until July."""
    ledger = a_ledger()
    known = [balance(hkd("10")), expiry(SUMMER), activity(NOW.date() - DAY)]
    ledger.add_readings(EPOCH, known, "user:1", NOW)
    return ledger


def shown(ledger: Ledger) -> tuple[int, date, date]:
    """Return balance, last valid day and last use as they are known."""
    found = ledger.readings(EPOCH)
    assert found.balance
    assert found.expiry
    assert found.last_activity
    return found.balance.value, found.expiry.day, found.last_activity.day


def take_back(ledger: Ledger, order: Order, *, days_add_up: bool = True) -> None:
    ledger.reverse(
        order.id, closing(State.REVERSED), later(days=9), days_add_up=days_add_up
    )
    assert ledger.find_damage() is None


def test_what_was_known_before_holds_again() -> None:
    ledger = known_first()
    order = recharged(ledger, "60", SUMMER + 30 * DAY, later(hours=1))
    take_back(ledger, order)
    assert shown(ledger) == (1000, SUMMER, NOW.date() - DAY)


@pytest.mark.parametrize(
    ("days_add_up", "day"), [(True, SUMMER + 30 * DAY), (False, SUMMER + 60 * DAY)]
)
def test_what_a_later_recharge_rests_on_is_taken_out_of_it(
    days_add_up: bool, day: date
) -> None:
    ledger = known_first()
    first = recharged(ledger, "60", SUMMER + 30 * DAY, later(hours=1))
    recharged(ledger, "110", SUMMER + 60 * DAY, later(days=1))
    take_back(ledger, first, days_add_up=days_add_up)
    assert shown(ledger) == (6000, day, later(days=1).date())
    known = ledger.readings(EPOCH)
    assert known.balance
    assert known.expiry
    # Without the first the second may have begun anew: then the day that is left is too early.
    hint = Trust.HINT if days_add_up else Trust.ESTIMATE
    assert (known.balance.trust, known.expiry.trust) == (Trust.ESTIMATE, hint)


def test_what_was_read_since_holds() -> None:
    ledger = known_first()
    order = recharged(ledger, "60", SUMMER + 30 * DAY, later(hours=1))
    seen = [balance(hkd("59"), at=later(days=2)), expiry(SUMMER, at=later(days=2))]
    ledger.add_readings(EPOCH, seen, "source", later(days=2))
    take_back(ledger, order)
    assert shown(ledger)[:2] == (5900, SUMMER)


def test_what_was_reckoned_from_a_reading_since_holds() -> None:
    ledger = known_first()
    first = recharged(ledger, "60", SUMMER + 30 * DAY, later(hours=1))
    seen = [balance(hkd("59"), at=later(days=2)), expiry(SUMMER, at=later(days=2))]
    ledger.add_readings(EPOCH, seen, "source", later(days=2))
    recharged(ledger, "109", SUMMER + 60 * DAY, later(days=3))
    take_back(ledger, first)
    assert shown(ledger)[:2] == (10900, SUMMER + 60 * DAY)


def test_where_nothing_was_known_before_the_estimate_stays() -> None:
    ledger = a_ledger()
    order = recharged(ledger, "60", SUMMER, later(hours=1))
    take_back(ledger, order)
    assert shown(ledger)[:2] == (6000, SUMMER)


def test_an_order_that_moved_no_reading_takes_none_back() -> None:
    ledger = known_first()
    take_back(ledger, confirmed(ledger, later(hours=1)))
    assert shown(ledger) == (1000, SUMMER, NOW.date() - DAY)


def test_balances_in_two_currencies_are_not_reckoned_with() -> None:
    ledger = known_first()
    first = recharged(ledger, "60", SUMMER + 30 * DAY, later(hours=1))
    foreign = reading(
        Field.BALANCE,
        900,
        "EUR",
        at=later(days=1),
        trust=Trust.ESTIMATE,
        source=SOURCE_RECHARGE,
    )
    ledger.add_readings(EPOCH, [foreign], "keeper", later(days=1))
    take_back(ledger, first)
    assert ledger.readings(EPOCH).balance == foreign


# -- From when a recharge is reckoned -----------------------------------------------------


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
    ledger = known_first()
    newest = later(days=1)
    order = sending(ledger, newest)
    now = newest - back
    expected = now if reckoned_from == "now" else newest
    assert ledger.reckoned(EPOCH, now) == expected
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
    ledger = known_first()
    newest = later(days=1)
    sending(ledger, newest)
    now = newest - ahead
    ledger.clear_refusals(EPOCH, "user:1", now)
    assert ledger.reckoned(EPOCH, now) == (now if reckoned_from == "now" else newest)


def test_a_ledger_that_remembers_nothing_reckons_from_now() -> None:
    ledger = Ledger.in_memory()
    assert ledger.reckoned(EPOCH, NOW) == NOW
    assert not ledger.clock_fell(NOW)


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
    ledger = known_first()
    newest = later(days=1)
    order = sending(ledger, newest)
    now = newest - back
    if spoken:
        ledger.clear_refusals(EPOCH, "user:1", now)
    assert ledger.clock_fell(now) is fell
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
    ledger = known_first()
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
    ledger = known_first()
    order = sending(ledger, later(days=1))
    ledger.confirm(order.id, DELIVERY, (), "keeper", later(days=2))
    ledger.add_event(EventType.DAY, None, {}, later(days=3))
    last = ledger.last_recharge(EPOCH)
    assert last is not None
    assert (last.seen_at, last.over_at) == (None, later(days=2))


def test_a_no_is_not_over_because_the_clock_was_in_1970() -> None:
    ledger = known_first()
    asked = ledger.ask(new(), "keeper", later(days=1))
    said = move(ledger, asked, State.DECLINED, now=datetime(1970, 1, 2, tzinfo=UTC))
    assert said.settled_at == later(days=1)


# -- Two recharges in a row ---------------------------------------------------------------


def test_another_recharge_of_the_number_is_known() -> None:
    ledger = a_ledger("BBBBBBBBBB")
    first = confirmed(ledger)
    second = sending(ledger, later(hours=1))
    assert ledger.another_recharge(second.id, NOW - DAY)
    assert not ledger.another_recharge(second.id, NOW + DAY)
    assert not ledger.another_recharge(first.id, NOW - DAY)
    take_back(ledger, first)
    assert ledger.another_recharge(second.id, NOW - DAY)
