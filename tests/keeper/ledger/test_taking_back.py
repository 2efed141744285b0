"""What is known of a SIM once a recharge is taken out again."""

from datetime import date, datetime, timedelta

import pytest

from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.orders import Order, State
from custom_components.sim_keeper.keeper.sim import (
    SOURCE_RECHARGE,
    UNIT_DAY,
    Field,
    Reading,
    Trust,
)

from ..builders import EPOCH, NOW, activity, balance, expiry, hkd, reading
from .lives import DELIVERY, a_ledger, closing, confirmed, later, sending

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
