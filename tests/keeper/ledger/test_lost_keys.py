"""Keys after a restore: what may have been bought under them, and what a handed-on key hides."""

from datetime import UTC, datetime
from itertools import combinations
from math import comb

import pytest

from custom_components.sim_keeper.keeper.ledger import Hold, Ledger
from custom_components.sim_keeper.keeper.ledger.entries import CYCLES_LOST_MAX
from custom_components.sim_keeper.keeper.orders import CYCLE_MAX, State

from ..builders import EPOCH, NOW
from .lives import (
    DELIVERY,
    HOLDS,
    MONTH,
    SCOPE,
    a_ledger,
    confirmed,
    later,
    move,
    new,
    sending,
    task,
)


def _restored() -> Ledger:
    ledger = a_ledger()
    confirmed(ledger)
    ledger.note_restored(later(hours=1))
    return ledger


def _cycle(ledger: Ledger) -> int:
    return ledger.view(EPOCH, None, NOW).cycle


def test_where_the_vendor_can_be_asked_the_keys_go_on() -> None:
    ledger = _restored()
    ledger.ask(new(), "keeper", later(hours=2))
    assert _cycle(ledger) == 2


def test_where_it_cannot_the_keys_that_may_be_used_are_passed_over_once() -> None:
    ledger = _restored()
    first = ledger.ask(new(traceable=False), "keeper", later(hours=2))
    assert first.cycle == _cycle(ledger) > 2 + CYCLES_LOST_MAX
    move(ledger, first, State.DECLINED, later(hours=3))
    again = ledger.ask(new(traceable=False), "keeper", later(hours=4))
    assert again.cycle == first.cycle
    assert ledger.find_damage() is None


def test_a_later_restore_that_wiped_out_the_first_gets_keys_of_its_own() -> None:
    cycles = set()
    for hours in range(1, 9):
        ledger = a_ledger()
        confirmed(ledger)
        ledger.note_restored(later(hours=hours))
        order = ledger.ask(new(traceable=False), "keeper", later(days=3))
        cycles.add(order.cycle)
    assert len(cycles) == 8


def test_two_restores_of_one_backup_hardly_ever_meet_at_a_key() -> None:
    """Nobody remembers the first: after the second its keys would bring its purchases back."""
    floors = []
    for minutes in range(100):
        ledger = a_ledger()
        confirmed(ledger)
        ledger.note_restored(later(hours=1, minutes=minutes))
        order = ledger.ask(new(traceable=False), "keeper", later(days=3))
        floors.append(order.cycle)
    near = sum(abs(one - two) <= 5 for one, two in combinations(floors, 2))
    assert near <= 0.005 * comb(100, 2)


def test_many_restores_do_not_use_the_keys_up() -> None:
    ledger, moment = a_ledger(), NOW
    free = [Hold(scope=SCOPE, period=MONTH, currency="USD", cap=None)]
    for _ in range(200):
        ledger.note_restored(moment)
        order = ledger.bear_approved(new(traceable=False), free, "user:1", moment)
        ledger.begin_send(order.id, "keeper", moment)
        ledger.confirm(order.id, DELIVERY, (), "keeper", moment)
    assert CYCLE_MAX // 4 < order.cycle <= CYCLE_MAX // 2 + 200


def test_a_restore_counts_whatever_the_clock_shows() -> None:
    ledger = a_ledger()
    order = ledger.ask(new(), "keeper", NOW)
    ledger.approve(order.id, new(), HOLDS, "user:1", NOW)
    ledger.begin_send(order.id, "keeper", NOW)
    ledger.confirm(order.id, DELIVERY, (), "keeper", NOW)
    ledger.note_restored(datetime.fromtimestamp(1600, UTC))
    assert ledger.view(EPOCH, None, NOW).restored


def test_neither_tasks_nor_a_trusted_past_raise_the_floor() -> None:
    ledger = _restored()
    ledger.ask(task(traceable=False), "keeper", later(hours=2))
    assert _cycle(ledger) == 2
    trusted = a_ledger()
    trusted.ask(new(traceable=False), "keeper", later(hours=2))
    assert _cycle(trusted) == 1


def test_an_order_from_before_a_restore_is_known_as_such() -> None:
    ledger = a_ledger()
    before = ledger.ask(new(), "keeper", NOW)
    assert not ledger.outlived_restore(before.id)
    ledger.note_restored(later(hours=1))
    assert ledger.outlived_restore(before.id)
    move(ledger, before, State.DECLINED)
    after = ledger.ask(new(), "keeper", later(hours=2))
    assert not ledger.outlived_restore(after.id)


@pytest.mark.parametrize("refused", [True, False])
def test_a_key_is_new_again_only_if_every_earlier_send_was_refused(
    refused: bool,
) -> None:
    ledger = a_ledger()
    first = sending(ledger)
    if refused:
        move(ledger, first, State.REJECTED)
    else:
        # A person's "it did not arrive" is no refusal of the vendor's.
        lost = move(ledger, first, State.UNKNOWN)
        move(ledger, lost, State.REJECTED, refusal=None)
    order, attempt = ledger.bear_sending(new(), HOLDS, 0, later(days=2))
    assert attempt.order_id == order.id
    assert attempt.sends == 2
    assert attempt.first_sent_at == (later(days=2) if refused else NOW)


def test_after_the_clock_fell_back_every_vendor_is_asked_now() -> None:
    ledger = a_ledger()
    delivered = confirmed(ledger)
    unknown = move(ledger, sending(ledger), State.UNKNOWN, next_at=later(days=400))
    ledger.look_anew(later(hours=1))
    asked = {order.id: order.next_at for order in ledger.followed()}
    assert asked == {delivered.id: later(hours=1), unknown.id: later(hours=1)}
    events = ledger.last_event()
    ledger.look_later(delivered.id, None, later(hours=2))
    ledger.look_later(unknown.id, later(hours=2), later(hours=2))
    ledger.confirm(unknown.id, DELIVERY, (), "keeper", later(hours=2))
    # What ended long ago is left alone, and then there is nothing to write.
    ledger.look_anew(later(days=9))
    assert ledger.followed() == ()
    assert ledger.last_event() == events + 3


def test_after_the_clock_fell_back_hundreds_of_orders_are_looked_at_anew() -> None:
    """One event holds so much and no more."""
    ledger = a_ledger()
    sold = []
    for _ in range(300):
        order, _attempt = ledger.bear_sending(new(), HOLDS[1:], 0, NOW)
        sold.append(ledger.confirm(order.id, DELIVERY, (), "keeper", NOW))
    ledger.look_anew(later(hours=1))
    followed = ledger.followed()
    assert {order.id for order in followed} == {order.id for order in sold}
    assert {order.next_at for order in followed} == {later(hours=1)}
    assert ledger.find_damage() is None


def test_what_seems_to_be_sent_later_than_now_is_not_asked_for_at_once() -> None:
    """It may have been sent just now, and a vendor may execute a question that overlaps with it."""
    ledger = a_ledger()
    pending = move(ledger, sending(ledger, later(hours=12)), State.PENDING)
    ledger.look_anew(later(hours=1))
    (asked,) = ledger.followed()
    assert asked.id == pending.id
    assert asked.next_at == later(hours=1, minutes=5)
