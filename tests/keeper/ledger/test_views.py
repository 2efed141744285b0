"""What the policy sees of the ledger."""

import pytest

from custom_components.sim_keeper.keeper.errors import RefusalClass
from custom_components.sim_keeper.keeper.orders import Origin, State
from custom_components.sim_keeper.keeper.sim import Field, Trust

from ..builders import EPOCH, NOW, balance, hkd, reading
from .lives import (
    DELIVERY,
    HOLDS,
    OTHER,
    a_ledger,
    confirmed,
    later,
    move,
    new,
    reach,
    sending,
)


def test_refusals_count_until_a_person_gives_the_go_ahead() -> None:
    ledger = a_ledger()
    first = move(ledger, sending(ledger), State.REJECTED, reason="X")
    second = move(ledger, sending(ledger), State.REJECTED, refusal=RefusalClass.NEVER)
    assert ledger.view(EPOCH, None, NOW).refused == (first, second)
    assert (first.reason, second.refusal) == ("X", RefusalClass.NEVER)
    ledger.clear_refusals(EPOCH, "user:1", NOW)
    assert ledger.view(EPOCH, None, NOW).refused == ()


def test_a_refusal_right_after_the_go_ahead_counts_again() -> None:
    """Else a vendor that answers within the second is asked without end."""
    ledger = a_ledger()
    move(ledger, sending(ledger), State.REJECTED)
    ledger.clear_refusals(EPOCH, "user:1", NOW)
    second = move(ledger, sending(ledger), State.REJECTED)
    assert ledger.view(EPOCH, None, NOW).refused == (second,)


def test_an_order_that_was_on_its_way_at_the_go_ahead_counts_when_it_is_refused() -> (
    None
):
    ledger = a_ledger()
    order = move(ledger, sending(ledger), State.PENDING)
    ledger.clear_refusals(EPOCH, "user:1", NOW)
    order = move(ledger, order, State.REJECTED, later(days=1))
    assert ledger.view(EPOCH, None, NOW).refused == (order,)


def test_refusals_of_an_earlier_cycle_are_over() -> None:
    ledger = a_ledger()
    move(ledger, sending(ledger), State.REJECTED)
    confirmed(ledger)
    assert ledger.view(EPOCH, None, NOW).refused == ()


@pytest.mark.parametrize(
    ("start", "end", "reason", "counts"),
    [
        (State.ASKED, State.DECLINED, "person", True),
        (State.ASKED, State.EXPIRED, "nobody_answered", True),
        (State.APPROVED, State.CANCELLED, "person", True),
        # What SIM Keeper ended itself is nobody's no.
        (State.ASKED, State.CANCELLED, "no_longer_needed", False),
        (State.ASKED, State.CANCELLED, "price_changed", False),
        (State.APPROVED, State.CANCELLED, "stopped", False),
        (State.APPROVED, State.CANCELLED, "not_begun", False),
        (State.APPROVED, State.EXPIRED, "not_sent", False),
    ],
)
def test_only_a_person_s_no_and_silence_are_a_no(
    start: State, end: State, reason: str, counts: bool
) -> None:
    ledger = a_ledger()
    order = move(ledger, reach(ledger, start), end, reason=reason)
    found = ledger.view(EPOCH, None, NOW).last_no
    assert found == (order if counts else None)
    ledger.clear_refusals(EPOCH, "user:1", NOW)
    assert ledger.view(EPOCH, None, NOW).last_no is None


def test_automatic_orders_of_the_last_day_are_counted_over_all_sims() -> None:
    ledger = a_ledger(OTHER)
    confirmed(ledger)
    confirmed(ledger, later(hours=1), sim=OTHER, origin=Origin.ACTION)
    confirmed(ledger, later(hours=2), sim=OTHER, origin=Origin.PERSON)
    for hours, count in ((2, 2), (24.5, 1), (26, 0)):
        assert ledger.view(EPOCH, None, later(hours=hours)).automatic_today == count


def test_supervision_is_a_delivery_that_a_person_approved() -> None:
    ledger = a_ledger()
    confirmed(ledger)
    assert not ledger.view(EPOCH, "model:1", NOW).supervised
    order = ledger.bear_approved(new(), HOLDS, "automation", NOW)
    ledger.begin_send(order.id, "keeper", NOW)
    ledger.confirm(order.id, DELIVERY, (), "keeper", NOW)
    assert not ledger.view(EPOCH, "model:1", NOW).supervised
    order = ledger.ask(new(), "keeper", NOW)
    ledger.approve(order.id, new(), HOLDS, "user:1", NOW)
    ledger.begin_send(order.id, "keeper", NOW)
    assert not ledger.view(EPOCH, "model:1", NOW).supervised
    ledger.confirm(order.id, DELIVERY, (), "keeper", NOW)
    assert ledger.view(EPOCH, "model:1", NOW).supervised
    assert not ledger.view(EPOCH, "model:2", NOW).supervised
    assert not ledger.view(EPOCH, None, NOW).supervised


def test_a_restored_installation_is_so_until_each_sim_was_supervised() -> None:
    ledger = a_ledger(OTHER)
    ledger.note_restored(NOW)
    assert ledger.view(EPOCH, None, NOW).restored
    order = ledger.bear_approved(new(), HOLDS, "user:1", later(minutes=1))
    ledger.begin_send(order.id, "keeper", later(minutes=1))
    ledger.confirm(order.id, DELIVERY, (), "keeper", later(minutes=1))
    assert not ledger.view(EPOCH, None, NOW).restored
    assert ledger.view(OTHER, None, NOW).restored


def test_the_newest_reading_of_each_field_counts() -> None:
    ledger = a_ledger(OTHER)
    ledger.add_readings(EPOCH, [balance(hkd("3"))], "source", NOW)
    ledger.add_readings(EPOCH, [balance(hkd("2"))], "source", later(hours=1))
    data = reading(Field.DATA_LEFT, 7, "B", trust=Trust.HINT, source="sms")
    ledger.add_readings(EPOCH, [data], "source", NOW)
    seen = ledger.readings(EPOCH)
    assert seen.balance is not None
    assert seen.balance.money == hkd("2")
    assert seen.data_left == data
    assert (seen.expiry, seen.last_activity) == (None, None)
    assert ledger.readings(OTHER).balance is None


def test_the_measured_reading_before_a_moment() -> None:
    ledger = a_ledger()
    first = balance(hkd("3"), at=NOW)
    for seen in (first, balance(hkd("9"), at=later(hours=1))):
        ledger.add_readings(EPOCH, [seen], "source", NOW)
    typed = balance(hkd("5"), at=NOW, trust=Trust.TYPED)
    ledger.add_readings(EPOCH, [typed], "user:1", NOW)
    assert ledger.measured_before(EPOCH, Field.BALANCE, later(minutes=1)) == first
    assert ledger.measured_before(EPOCH, Field.BALANCE, NOW) is None
    assert ledger.measured_before(EPOCH, Field.EXPIRY, later(days=1)) is None
