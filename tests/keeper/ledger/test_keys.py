"""Keys and adoption: one intent, one key, and what others bought under it."""

from typing import Any

import pytest

from custom_components.sim_keeper.keeper.errors import (
    LedgerBroken,
    LedgerFault,
    OrderRefused,
)
from custom_components.sim_keeper.keeper.ledger import Delivery, EventType, Ledger
from custom_components.sim_keeper.keeper.orders import Effect, Origin, State

from ..builders import EPOCH, NOW, hkd, usd
from .lives import (
    DELIVERY,
    HOLDS,
    OTHER,
    a_ledger,
    confirmed,
    later,
    move,
    new,
    sending,
    spent_in,
    types_of,
    untold_types,
)

# -- Keys -------------------------------------------------------------------------------------


def test_a_key_that_was_not_consumed_goes_to_the_next_order_of_the_cycle() -> None:
    ledger = a_ledger()
    first = move(ledger, sending(ledger), State.REJECTED)
    order, attempt = ledger.bear_sending(new(body={"amount": "49.00"}), HOLDS, 0, NOW)
    assert (order.id, order.cycle) == (2, first.cycle)
    assert (attempt.key, attempt.order_id) == (f"SK{EPOCH}-001-0", 2)
    assert attempt.sends == 2
    with pytest.raises(OrderRefused, match="order_not_sent"):
        ledger.attempt(first.id)
    assert ledger.find_damage() is None


def test_an_order_whose_key_was_handed_on_is_not_asked_about_any_more() -> None:
    ledger = a_ledger()
    move(ledger, sending(ledger), State.REJECTED, next_at=later(hours=6))
    assert [order.id for order in ledger.followed()] == [1]
    move(ledger, sending(ledger), State.PENDING, next_at=later(hours=7))
    assert [order.id for order in ledger.followed()] == [2]


def test_a_consumed_key_is_followed_by_the_next_ordinal() -> None:
    """After ten of them the next cycle begins: a number is not given up for its past."""
    ledger = a_ledger()
    for count in range(21):
        cycle, ordinal = 1 + count // 10, count % 10
        order, attempt = ledger.bear_sending(new(), HOLDS, 0, NOW)
        assert attempt.key == f"SK{EPOCH}-00{cycle}-{ordinal}"
        move(ledger, order, State.REJECTED, consumed=True)
        assert ledger.peek_key(EPOCH, ordinal, cycle) is None
    assert spent_in(ledger) == {}


def test_there_is_no_eleventh_key_of_a_cycle() -> None:
    ledger = a_ledger()
    order = ledger.bear_approved(new(), HOLDS, "user:test", NOW)
    with pytest.raises(OrderRefused, match="too_many_attempts"):
        ledger.begin_send(order.id, "keeper", NOW, ordinal=10)
    assert ledger.order(order.id).state is State.APPROVED


def test_a_higher_ordinal_may_be_asked_for() -> None:
    ledger = a_ledger()
    assert ledger.peek_key(EPOCH, 3) == f"SK{EPOCH}-001-3"
    _, attempt = ledger.bear_sending(new(), HOLDS, 3, NOW)
    assert attempt.ordinal == 3


def test_a_key_is_sent_at_most_four_times() -> None:
    ledger = a_ledger()
    for sends in range(1, 5):
        order, attempt = ledger.bear_sending(new(), HOLDS, 0, NOW)
        assert attempt.sends == sends
        move(ledger, order, State.REJECTED)
    # Four definite refusals later the next one has a key of its own.
    assert ledger.peek_key(EPOCH, 0) is None
    _, attempt = ledger.bear_sending(new(), HOLDS, 0, NOW)
    assert (attempt.ordinal, attempt.sends) == (1, 1)


def test_one_order_is_sent_at_most_four_times() -> None:
    ledger = a_ledger()
    order = move(ledger, sending(ledger), State.UNKNOWN)
    for sends in range(2, 5):
        sent, attempt = ledger.send_again(order.id, later(minutes=sends))
        assert attempt.sends == sends
        move(ledger, sent, State.UNKNOWN)
    events = ledger.last_event()
    with pytest.raises(OrderRefused, match="too_many_attempts"):
        ledger.send_again(order.id, later(minutes=9))
    assert ledger.last_event() == events
    assert ledger.order(order.id).state is State.UNKNOWN
    assert ledger.attempt(order.id).sends == 4


@pytest.mark.parametrize(
    ("to", "type_"),
    [
        (State.APPROVED, EventType.NOT_SENT),
        (State.CANCELLED, EventType.CANCELLED),
    ],
)
def test_what_was_not_sent_is_not_counted_as_sent(to: State, type_: EventType) -> None:
    ledger = a_ledger()
    order = sending(ledger)
    move(ledger, order, to, type=type_)
    assert ledger.attempt(order.id).sends == 0


def test_a_resend_keeps_key_and_body_and_starts_the_looks_anew() -> None:
    ledger = a_ledger()
    order = move(ledger, sending(ledger), State.UNKNOWN)
    ledger.note_look(order.id, later(minutes=3), NOW)
    assert ledger.attempt(order.id).looks == 1
    sent, attempt = ledger.send_again(order.id, later(minutes=18))
    assert (sent.state, sent.body) == (State.SENDING, {"amount": "50.00"})
    assert (attempt.sends, attempt.looks, attempt.ordinal) == (2, 0, 0)
    assert (attempt.first_sent_at, attempt.last_sent_at) == (NOW, later(minutes=18))
    assert types_of(ledger)[-2:] == ["approved", "sent"]


def test_a_resend_that_the_database_forbids_leaves_the_order_unknown() -> None:
    ledger = a_ledger()
    first = move(ledger, sending(ledger), State.REJECTED, consumed=True)
    second = move(ledger, sending(ledger), State.UNKNOWN)
    ledger.confirm(first.id, DELIVERY, (), "keeper", NOW)
    events = ledger.last_event()
    with pytest.raises(OrderRefused):
        ledger.send_again(second.id, NOW)
    assert ledger.order(second.id).state is State.UNKNOWN
    assert ledger.last_event() == events


def test_each_delivery_opens_the_next_cycle() -> None:
    ledger = a_ledger()
    for cycle in range(1, 4):
        order = confirmed(ledger)
        assert order.cycle == cycle
        assert ledger.attempt(order.id).key == f"SK{EPOCH}-00{cycle}-0"


def test_a_removed_and_added_sim_starts_with_other_keys() -> None:
    ledger = a_ledger()
    confirmed(ledger)
    ledger.add_sim(OTHER, "+85251234560", "UTC", NOW)
    assert not ledger.is_live(EPOCH)
    assert ledger.is_live(OTHER)
    assert ledger.peek_key(OTHER, 0) == f"SK{OTHER}-001-0"
    ledger.add_sim(OTHER, "+85251234560", "UTC", NOW)
    ledger.remove_sim(OTHER, "user:1", NOW)
    ledger.remove_sim(OTHER, "user:1", NOW)
    assert not ledger.is_live(OTHER)


def test_what_reads_back_differently_freezes(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = a_ledger()
    stale = ledger.bear_approved(new(), HOLDS, "user:1", NOW)
    ledger.begin_send(stale.id, "user:1", NOW)
    monkeypatch.setattr(Ledger, "order", lambda self, order_id: stale)
    with pytest.raises(LedgerBroken) as caught:
        ledger._read_back(1)
    assert caught.value.fault is LedgerFault.DAMAGED


# -- Adoption ---------------------------------------------------------------------------------

FIRST_KEY = f"SK{EPOCH}-001-0"


@pytest.mark.parametrize(
    ("cost", "booked"), [(usd("9.99"), 999), (None, 700), (hkd("1"), 700)]
)
def test_a_purchase_that_nobody_knew_of_is_adopted(cost: Any, booked: int) -> None:
    ledger = a_ledger()
    delivery = Delivery(cost=cost, cost_exact=None, reference="v-1")
    order = ledger.adopt(new(request="r"), HOLDS, delivery, FIRST_KEY, NOW)
    assert (order.state, order.origin) == (State.CONFIRMED, Origin.ADOPTED)
    assert (order.effect, order.reason) == (Effect.CANNOT_VERIFY, FIRST_KEY)
    assert order.request is None
    assert spent_in(ledger) == {"USD": booked}
    view = ledger.view(EPOCH, "model:1", NOW)
    assert (view.cycle, view.restored) == (2, True)
    assert view.last_delivered_at == NOW
    assert EventType.ADOPTED in untold_types(ledger)
    assert not ledger.view(OTHER, None, NOW).restored


def test_an_adopted_purchase_is_booked_above_any_cap() -> None:
    ledger = a_ledger()
    delivery = Delivery(cost=usd("500"), cost_exact=None, reference="r" * 999)
    ledger.adopt(new(), HOLDS, delivery, FIRST_KEY, NOW)
    assert spent_in(ledger) == {"USD": 50_000}
