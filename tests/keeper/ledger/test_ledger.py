"""Lives of orders through the ledger's API: every figure can be told from what was written."""

from datetime import date, timedelta
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.errors import (
    LedgerBroken,
    LedgerFault,
    OrderRefused,
    RefusalClass,
)
from custom_components.sim_keeper.keeper.ledger import (
    STOPPED,
    Delivery,
    EventType,
    Hold,
    Ledger,
)
from custom_components.sim_keeper.keeper.ledger.records import (
    Told,
    moment,
    order_from,
    seconds,
)
from custom_components.sim_keeper.keeper.orders import Effect, Origin, State
from custom_components.sim_keeper.keeper.ports import Json
from custom_components.sim_keeper.keeper.sim import Field, Trust

from ..builders import EPOCH, NOW, balance, expiry, hkd, reading, usd
from .lives import (
    DELIVERY,
    HOLDS,
    MONTH,
    OTHER,
    SCOPE,
    a_ledger,
    closing,
    confirmed,
    conn_of,
    later,
    move,
    new,
    paid,
    reach,
    sending,
    task,
)


def _spent(ledger: Ledger, scope: str = SCOPE, period: str = MONTH) -> dict[str, int]:
    return dict(ledger.spending(scope, period).amounts)


def _types(ledger: Ledger, order_id: int = 1) -> list[str]:
    return [event.type.value for event in ledger.events(order_id)]


def _untold(ledger: Ledger) -> list[EventType]:
    return [told.event.type for told in ledger.untold()]


# -- Whole lives ------------------------------------------------------------------------------


def test_an_automatic_order_from_birth_to_delivery() -> None:
    ledger = a_ledger()
    order, attempt = ledger.bear_sending(new(), HOLDS, 0, NOW)
    assert (order.state, order.cycle, order.origin) == (State.SENDING, 1, Origin.RULE)
    assert (attempt.key, attempt.sends) == (f"SK{EPOCH}-001-0", 1)
    assert _spent(ledger) == {"USD": 700}
    move(ledger, order, State.PENDING, reference="ref-1")
    fresh = (balance(hkd("53"), trust=Trust.ESTIMATE), expiry(date(2027, 3, 2)))
    order = ledger.confirm(order.id, DELIVERY, fresh, "keeper", later(minutes=1))
    assert (order.state, order.cost, order.cost_exact) == (
        State.CONFIRMED,
        usd("6.50"),
        "6.5",
    )
    assert order.settled_at == later(minutes=1)
    assert (order.reference, order.reason, order.next_at) == ("ref-1", None, None)
    assert _spent(ledger) == {"USD": 650} == _spent(ledger, "household")
    assert _types(ledger) == ["approved", "sent", "pending", "confirmed"]
    seen = ledger.readings(EPOCH)
    assert seen.balance is not None
    assert seen.balance.money == hkd("53")
    assert seen.expiry is not None
    assert ledger.view(EPOCH, "model:1", NOW).cycle == 2
    assert ledger.find_damage() is None


def test_an_asked_order_is_approved_on_fresh_terms_and_sent() -> None:
    ledger = a_ledger()
    order = ledger.ask(new(price=usd("6.40")), "keeper", NOW)
    assert _spent(ledger) == {}
    order = ledger.approve(
        order.id, new(price=usd("6.60")), HOLDS, "user:1", later(hours=1)
    )
    assert (order.state, order.price) == (State.APPROVED, usd("6.60"))
    assert order.valid_until == later(hours=25)
    assert order.created_at == NOW
    order, _ = ledger.begin_send(order.id, "user:1", later(hours=1))
    assert order.state is State.SENDING
    assert _types(ledger) == ["asked", "approved", "sent"]
    assert [event.actor for event in ledger.events(1)] == ["keeper", "user:1", "user:1"]


@pytest.mark.parametrize("start", [State.REJECTED, State.NEEDS_PERSON, State.UNKNOWN])
def test_the_truth_is_recorded_however_late_it_comes(start: State) -> None:
    ledger = a_ledger()
    order = reach(ledger, start)
    order = ledger.confirm(order.id, DELIVERY, (), "keeper", later(days=3))
    assert order.state is State.CONFIRMED
    assert order.cost == usd("6.50")
    assert _spent(ledger) == {"USD": 650}
    assert ledger.view(EPOCH, None, NOW).cycle == 2
    assert ledger.find_damage() is None


def test_the_late_truth_is_booked_even_where_no_budget_is_left() -> None:
    ledger = a_ledger()
    first = move(ledger, sending(ledger), State.REJECTED, consumed=True)
    tight = (Hold(scope=SCOPE, period=MONTH, currency="USD", cap=700), HOLDS[1])
    second = ledger.bear_sending(new(), tight, 0, NOW)[0]
    move(ledger, second, State.PENDING)
    ledger.confirm(first.id, DELIVERY, (), "keeper", NOW)
    assert _spent(ledger) == {"USD": 650 + 700}


@pytest.mark.parametrize(
    "end", [State.REJECTED, State.CANCELLED, State.DECLINED, State.EXPIRED]
)
def test_an_order_that_ends_unpaid_gives_its_hold_back(end: State) -> None:
    ledger = a_ledger()
    order = reach(ledger, end)
    assert order.settled_at == NOW
    assert _spent(ledger) == {}
    assert ledger.view(EPOCH, None, NOW).order is None


@pytest.mark.parametrize(
    "state",
    [
        *(State.APPROVED, State.SENDING, State.PENDING),
        *(State.UNKNOWN, State.NEEDS_PERSON),
    ],
)
def test_the_hold_is_kept_while_money_may_move(state: State) -> None:
    ledger = a_ledger()
    order = reach(ledger, state)
    assert _spent(ledger) == {"USD": 700}
    assert ledger.view(EPOCH, None, NOW).order == order


def test_a_reversal_gives_nothing_back_and_opens_the_cycle_with_a_new_key() -> None:
    ledger = a_ledger()
    order = confirmed(ledger)
    order = move(ledger, order, State.REVERSED, later(days=1), consumed=True)
    assert order.settled_at == later(days=1)
    assert _spent(ledger) == {"USD": 650}
    assert EventType.REVERSED in _untold(ledger)
    view = ledger.view(EPOCH, None, NOW)
    assert (view.cycle, view.last_recharge) == (1, None)
    again, attempt = ledger.bear_sending(new(), HOLDS, 0, later(days=2))
    assert (again.cycle, attempt.ordinal) == (1, 1)


# -- Cost -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cost", "booked", "reason", "over"),
    [
        (usd("6.50"), 650, None, None),
        (usd("0"), 0, None, None),
        (usd("7"), 700, None, None),
        (usd("7.01"), 701, None, 1),
        (usd("999"), 99_900, None, 99_200),
        # Nothing, or nothing that can be compared: the most that it may have cost.
        (None, 700, "cost_assumed", None),
        (hkd("50"), 700, "cost_assumed", None),
    ],
)
def test_what_was_paid_is_booked_even_above_the_hold(
    cost: Any, booked: int, reason: str | None, over: int | None
) -> None:
    ledger = a_ledger()
    order = sending(ledger)
    delivery = Delivery(cost=cost, cost_exact=None, reference=None)
    order = ledger.confirm(order.id, delivery, (), "keeper", NOW)
    assert order.cost is not None
    assert (order.cost.minor, order.reason) == (booked, reason)
    assert _spent(ledger) == {"USD": booked}
    events = [e for e in ledger.events(1) if e.type is EventType.OVERSHOOT]
    assert [event.data["over_minor"] for event in events] == ([over] if over else [])
    assert ledger.view(EPOCH, "model:1", NOW).overshot is (over is not None)
    assert not ledger.view(EPOCH, "model:2", NOW).overshot
    assert not ledger.view(EPOCH, None, NOW).overshot


@pytest.mark.parametrize(
    "texts",
    [
        {"reference": "r" * 500},
        {"receipt": "r" * 500},
        {"cost_exact": "1" * 500},
        {"cost": usd("-1")},
        {"reference": '"' * 5000, "receipt": '"' * 5000, "cost_exact": '"' * 5000},
    ],
)
def test_no_answer_of_a_vendor_is_too_strange_to_be_recorded(
    texts: dict[str, Any],
) -> None:
    """Constraints forbid sending; they never forbid recording what happened."""
    ledger = a_ledger()
    order = sending(ledger)
    values: dict[str, Any] = {"cost": None, "cost_exact": None, "reference": None}
    order = ledger.confirm(order.id, Delivery(**(values | texts)), (), "keeper", NOW)
    assert order.state is State.CONFIRMED
    assert order.cost is not None
    assert order.cost.minor >= 0
    assert ledger.find_damage() is None


@pytest.mark.parametrize("to", [State.PENDING, State.REJECTED, State.UNKNOWN])
def test_no_reason_of_a_vendor_is_too_long_to_be_recorded(to: State) -> None:
    ledger = a_ledger()
    order = sending(ledger)
    order = move(ledger, order, to, reason="é" * 5000, reference="r" * 5000)
    assert order.state is to


# -- Budgets ----------------------------------------------------------------------------------


def test_holds_of_several_sims_add_up_in_the_shared_cap() -> None:
    ledger = a_ledger(OTHER)
    shared = Hold(scope="household", period=MONTH, currency="USD", cap=1400)
    ledger.bear_approved(new(), (shared,), "user:1", NOW)
    ledger.bear_approved(new(sim=OTHER), (shared,), "user:1", NOW)
    assert _spent(ledger, "household") == {"USD": 1400}
    ledger = a_ledger(OTHER)
    shared = Hold(scope="household", period=MONTH, currency="USD", cap=1399)
    ledger.bear_approved(new(), (shared,), "user:1", NOW)
    with pytest.raises(OrderRefused) as caught:
        ledger.bear_approved(new(sim=OTHER), (shared,), "user:1", NOW)
    assert caught.value.reason in ("ledger_refused", "over_cap")
    assert ledger.orders(OTHER) == []
    assert _spent(ledger, "household") == {"USD": 700}


def test_the_month_of_the_hold_is_frozen() -> None:
    ledger = a_ledger()
    order = sending(ledger)
    ledger.confirm(order.id, DELIVERY, (), "keeper", later(days=40))
    assert _spent(ledger) == {"USD": 650}
    assert _spent(ledger, period="2026-04") == {}
    april = (Hold(scope=SCOPE, period="2026-04", currency="USD", cap=700),)
    ledger.bear_sending(new(), april, 0, later(days=40))
    assert _spent(ledger, period="2026-04") == {"USD": 700}


def test_currencies_are_counted_apart() -> None:
    ledger = a_ledger()
    confirmed(ledger)
    own = Hold(scope=SCOPE, period=MONTH, currency="HKD", cap=None)
    ledger.record_paid(task(), paid(), (own,), (), "user:1", NOW)
    found = ledger.spending(SCOPE, MONTH)
    assert dict(found.amounts) == {"HKD": 5000, "USD": 650}
    assert found.in_currency("USD") == usd("6.50")
    assert found.in_currency("EUR").minor == 0


def test_an_order_without_a_hold_is_never_sent() -> None:
    ledger = a_ledger()
    with pytest.raises(OrderRefused, match="ledger_refused"):
        ledger.bear_sending(new(), (), 0, NOW)
    assert ledger.orders(EPOCH) == []


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
    ledger = a_ledger()
    for ordinal in range(10):
        order, attempt = ledger.bear_sending(new(), HOLDS, 0, NOW)
        assert attempt.key == f"SK{EPOCH}-001-{ordinal}"
        move(ledger, order, State.REJECTED, consumed=True)
        assert ledger.peek_key(EPOCH, ordinal) is None
    with pytest.raises(OrderRefused, match="too_many_attempts"):
        ledger.bear_sending(new(), HOLDS, 0, NOW)
    assert _spent(ledger) == {}


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
    with pytest.raises(OrderRefused, match="too_many_attempts"):
        ledger.bear_sending(new(), HOLDS, 0, NOW)
    assert len(ledger.orders(EPOCH)) == 4


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
    assert _types(ledger)[-2:] == ["approved", "sent"]


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
    assert ledger.live_sims() == {OTHER: "+85251234560"}
    assert ledger.peek_key(OTHER, 0) == f"SK{OTHER}-001-0"
    ledger.add_sim(OTHER, "+85251234560", "UTC", NOW)
    ledger.remove_sim(OTHER, "user:1", NOW)
    ledger.remove_sim(OTHER, "user:1", NOW)
    assert ledger.live_sims() == {}


def test_what_reads_back_differently_freezes(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = a_ledger()
    stale = ledger.bear_approved(new(), HOLDS, "user:1", NOW)
    ledger.begin_send(stale.id, "user:1", NOW)
    monkeypatch.setattr(Ledger, "order", lambda self, order_id: stale)
    with pytest.raises(LedgerBroken) as caught:
        ledger._read_back(1)
    assert caught.value.fault is LedgerFault.DAMAGED


# -- Adoption ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cost", "booked"), [(usd("9.99"), 999), (None, 700), (hkd("1"), 700)]
)
def test_a_purchase_that_nobody_knew_of_is_adopted(cost: Any, booked: int) -> None:
    ledger = a_ledger()
    delivery = Delivery(cost=cost, cost_exact=None, reference="v-1")
    order = ledger.adopt(new(request="r"), HOLDS, delivery, "SK-KEY", NOW)
    assert (order.state, order.origin) == (State.CONFIRMED, Origin.ADOPTED)
    assert (order.effect, order.reason) == (Effect.CANNOT_VERIFY, "SK-KEY")
    assert order.request is None
    assert _spent(ledger) == {"USD": booked}
    view = ledger.view(EPOCH, "model:1", NOW)
    assert (view.cycle, view.restored) == (2, True)
    assert view.last_delivered_at == NOW
    assert EventType.ADOPTED in _untold(ledger)
    assert not ledger.view(OTHER, None, NOW).restored


def test_an_adopted_purchase_is_booked_above_any_cap() -> None:
    ledger = a_ledger()
    delivery = Delivery(cost=usd("500"), cost_exact=None, reference="r" * 999)
    ledger.adopt(new(), HOLDS, delivery, "k", NOW)
    assert _spent(ledger) == {"USD": 50_000}


# -- By hand ----------------------------------------------------------------------------------


def test_a_task_ends_with_what_the_person_says() -> None:
    ledger = a_ledger()
    order = ledger.ask(task(), "keeper", NOW)
    payment = paid(cost=hkd("88"), days=30, place="7-Eleven", receipt="R1", note="!")
    holds = (Hold(scope=SCOPE, period=MONTH, currency="HKD", cap=1),)
    order = ledger.confirm_paid(
        order.id, payment, holds, (expiry(date(2027, 1, 1)),), "user:2", later(days=1)
    )
    assert (order.state, order.effect) == (State.CONFIRMED, Effect.CANNOT_VERIFY)
    assert (order.cost, order.value, order.days) == (hkd("88"), hkd("88"), 30)
    assert (order.place, order.receipt, order.note) == ("7-Eleven", "R1", "!")
    assert order.happened_on == NOW.date()
    # What a person pays is counted, and never blocked.
    assert _spent(ledger) == {"HKD": 8800}
    view = ledger.view(EPOCH, None, NOW)
    assert (view.task, view.cycle) == (None, 1)
    assert view.last_recharge == order
    assert view.last_delivered_at is None


def test_the_same_payment_is_recorded_once() -> None:
    ledger = a_ledger()
    ledger.record_paid(task(), paid(), (), (), "user:1", NOW)
    assert EventType.ASKED not in _untold(ledger)
    with pytest.raises(OrderRefused, match="already_recorded"):
        ledger.record_paid(task(), paid(), (), (), "user:1", later(days=3))
    for other in (
        *({"cost": hkd("51")}, {"day": date(2026, 3, 1)}, {"receipt": "R2"}),
        *({"place": "shop"}, {"cost": usd("50")}),
    ):
        ledger.record_paid(task(), paid(**other), (), (), "user:1", NOW)
    assert len(ledger.orders(EPOCH)) == 6


def test_a_recorded_recharge_closes_no_cycle() -> None:
    ledger = a_ledger()
    ledger.record_paid(task(), paid(), (), (), "user:1", NOW)
    assert ledger.view(EPOCH, None, NOW).cycle == 1
    assert ledger.peek_key(EPOCH, 0) == f"SK{EPOCH}-001-0"


def test_the_last_recharge_is_the_one_that_happened_last() -> None:
    ledger = a_ledger()
    bought = confirmed(ledger)
    old = paid(day=NOW.date() - timedelta(days=30))
    ledger.record_paid(task(), old, (), (), "user:1", later(days=1))
    assert ledger.view(EPOCH, None, NOW).last_recharge == bought
    fresh = paid(day=NOW.date() + timedelta(days=2))
    recorded = ledger.record_paid(task(), fresh, (), (), "user:1", later(days=2))
    assert ledger.view(EPOCH, None, NOW).last_recharge == recorded


def test_a_purchase_after_a_record_of_the_same_day_is_the_last_one() -> None:
    """East of Greenwich the SIM's day begins before the day of UTC does."""
    ledger = a_ledger()
    half_past_midnight = NOW.replace(hour=16, minute=30)
    tomorrow = paid(day=NOW.date() + timedelta(days=1))
    ledger.record_paid(task(), tomorrow, (), (), "user:1", half_past_midnight)
    bought = confirmed(ledger, half_past_midnight + timedelta(hours=5))
    assert ledger.view(EPOCH, None, NOW).last_recharge == bought


def test_an_effect_is_noted() -> None:
    ledger = a_ledger()
    for effect, type_ in (
        (Effect.VERIFIED, EventType.VERIFIED),
        (Effect.MISMATCH, EventType.MISMATCH),
    ):
        order = ledger.set_effect(confirmed(ledger).id, effect, NOW)
        assert order.effect is effect
        assert _types(ledger, order.id)[-1] == type_.value


# -- Requests ---------------------------------------------------------------------------------


def test_a_request_names_one_order_of_a_sim_for_ever() -> None:
    ledger = a_ledger(OTHER)
    order = ledger.ask(new(request="r1"), "automation", NOW)
    assert ledger.by_request(EPOCH, "r1") == order
    assert ledger.by_request(EPOCH, "r2") is None
    assert ledger.by_request(OTHER, "r1") is None
    move(ledger, order, State.DECLINED)
    with pytest.raises(OrderRefused):
        ledger.ask(new(request="r1"), "automation", later(days=400))
    ledger.ask(new(sim=OTHER, request="r1"), "automation", NOW)


# -- What the policy sees ---------------------------------------------------------------------


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
    ledger.add_reading(EPOCH, balance(hkd("3")), "source", NOW)
    ledger.add_reading(EPOCH, balance(hkd("2")), "source", later(hours=1))
    data = reading(Field.DATA_LEFT, 7, "B", trust=Trust.HINT, source="sms")
    ledger.add_reading(EPOCH, data, "source", NOW)
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
        ledger.add_reading(EPOCH, seen, "source", NOW)
    typed = balance(hkd("5"), at=NOW, trust=Trust.TYPED)
    ledger.add_reading(EPOCH, typed, "user:1", NOW)
    assert ledger.measured_before(EPOCH, Field.BALANCE, later(minutes=1)) == first
    assert ledger.measured_before(EPOCH, Field.BALANCE, NOW) is None
    assert ledger.measured_before(EPOCH, Field.EXPIRY, later(days=1)) is None


# -- Reading ----------------------------------------------------------------------------------


def test_orders_are_found_by_sim_and_time() -> None:
    ledger = a_ledger(OTHER)
    for days in range(3):
        move(ledger, ledger.ask(new(), "keeper", later(days=days)), State.DECLINED)
    ledger.ask(new(sim=OTHER), "keeper", NOW)
    assert [order.id for order in ledger.orders(EPOCH)] == [1, 2, 3]
    assert [order.id for order in ledger.orders()] == [1, 2, 3, 4]
    found = ledger.orders(EPOCH, start=later(days=1), end=later(days=2))
    assert [order.id for order in found] == [2]
    assert [order.id for order in ledger.in_state(State.ASKED)] == [4]
    states = ledger.in_state(State.ASKED, State.DECLINED)
    assert [order.id for order in states] == [1, 2, 3, 4]


def test_what_does_not_exist_is_refused() -> None:
    ledger = a_ledger()
    with pytest.raises(OrderRefused, match="order_not_found"):
        ledger.order(7)
    ledger.ask(new(), "keeper", NOW)
    with pytest.raises(OrderRefused, match="order_not_sent"):
        ledger.attempt(1)


def test_orders_are_followed_in_order_of_urgency() -> None:
    ledger = a_ledger(OTHER)
    move(ledger, sending(ledger), State.UNKNOWN, next_at=later(hours=2))
    move(ledger, sending(ledger, sim=OTHER), State.PENDING, next_at=later(hours=1))
    assert [order.id for order in ledger.followed()] == [2, 1]
    ledger.look_later(2, later(hours=3), NOW)
    assert [order.id for order in ledger.followed()] == [1, 2]
    ledger.look_later(1, None, NOW)
    assert [order.id for order in ledger.followed()] == [2]


def test_events_are_gapless_and_tell_everything() -> None:
    ledger = a_ledger()
    confirmed(ledger)
    events = ledger.events_since(0)
    assert [event.seq for event in events] == list(range(1, ledger.last_event() + 1))
    assert ledger.events_since(ledger.last_event()) == []
    assert ledger.newest_event(EventType.SENT, EPOCH) == ledger.events(1)[1]
    assert ledger.newest_event(EventType.DAY, None) is None
    assert ledger.sim_number(EPOCH) == "+85251234560"


def test_a_skip_is_known_by_cycle_and_reason() -> None:
    ledger = a_ledger()
    details: dict[str, Json] = {"cycle": 1, "reason": "no_amount"}
    ledger.add_event(EventType.SKIPPED, EPOCH, details, NOW)
    assert ledger.was_skipped(EPOCH, 1, "no_amount")
    assert not ledger.was_skipped(EPOCH, 2, "no_amount")
    assert not ledger.was_skipped(EPOCH, 1, "other")
    assert not ledger.was_skipped(OTHER, 1, "no_amount")


def test_an_event_is_told_once() -> None:
    ledger = a_ledger()
    ledger.ask(new(), "keeper", NOW)
    (told,) = ledger.untold()
    assert isinstance(told, Told)
    assert (told.event.type, told.target) == (EventType.ASKED, "household")
    ledger.mark_told(told.event.seq, NOW)
    ledger.mark_told(told.event.seq, later(hours=1))
    assert ledger.untold() == []
    assert ledger.find_damage() is None


def test_settings_survive_and_repeat_silently() -> None:
    ledger = a_ledger()
    assert ledger.setting(STOPPED) is None
    ledger.set_setting(STOPPED, "on", "user:1", NOW)
    events = ledger.last_event()
    ledger.set_setting(STOPPED, "on", "user:1", NOW)
    assert ledger.last_event() == events
    assert ledger.setting(STOPPED) == "on"
    assert ledger.view(EPOCH, None, NOW).stopped
    ledger.set_setting(STOPPED, "off", "user:1", NOW)
    assert not ledger.view(EPOCH, None, NOW).stopped


def test_removing_a_sim_cancels_what_is_unsent_and_keeps_the_rest() -> None:
    for state, end in (
        (State.ASKED, State.CANCELLED),
        (State.APPROVED, State.CANCELLED),
        (State.SENDING, State.SENDING),
        (State.UNKNOWN, State.UNKNOWN),
        (State.CONFIRMED, State.CONFIRMED),
    ):
        ledger = a_ledger()
        order = reach(ledger, state)
        ledger.remove_sim(EPOCH, "user:1", NOW)
        order = ledger.order(order.id)
        assert order.state is end
        if end is State.CANCELLED:
            assert order.reason == "sim_removed"
            assert _spent(ledger) == {}
        with pytest.raises(OrderRefused):
            ledger.ask(new(), "keeper", NOW)


# -- Limits -----------------------------------------------------------------------------------


def test_what_is_too_large_is_refused_before_anything_is_sent() -> None:
    ledger = a_ledger()
    for large in (
        {"body": {"x": "y" * 1024}},
        {"why": {"x": "y" * 1024}},
        {"request": "r" * 65},
        {"days": 4001},
        {"body": {"x": '"' * 500}, "why": {"x": '"' * 500}},
    ):
        with pytest.raises(OrderRefused, match="ledger_refused"):
            ledger.bear_sending(new(**large), HOLDS, 0, NOW)
    assert ledger.orders(EPOCH) == []
    assert _spent(ledger) == {}
    assert ledger.find_damage() is None


def test_an_event_of_4096_characters_is_the_longest() -> None:
    ledger = a_ledger()
    room = 4096 - len('{"rows":[],"x":""}')
    ledger.add_event(EventType.DAY, None, {"x": "é" * room}, NOW)
    with pytest.raises(OrderRefused):
        ledger.add_event(EventType.DAY, None, {"x": "é" * (room + 1)}, NOW)


def test_the_longest_note_of_a_person_fits() -> None:
    ledger = a_ledger()
    payment = paid(note='"' * 512, place='"' * 128, receipt='"' * 128)
    order = ledger.record_paid(task(), payment, HOLDS, (), "user:" + "a" * 32, NOW)
    assert order.note == '"' * 512


def test_a_naive_time_never_reaches_the_ledger() -> None:
    with pytest.raises(ValueError, match="naive"):
        seconds(NOW.replace(tzinfo=None))
    assert moment(seconds(NOW)) == NOW


def test_a_row_that_holds_the_wrong_kind_of_value_is_not_read() -> None:
    ledger = a_ledger()
    ledger.ask(new(), "keeper", NOW)
    row = ledger._book.rows("SELECT * FROM orders")[0]
    with pytest.raises(TypeError, match="whole number"):
        order_from({**row, "cycle": "1"})


def test_a_write_that_fails_midway_changes_nothing() -> None:
    ledger = a_ledger()
    before = conn_of(ledger).serialize()
    with pytest.raises(OrderRefused):
        ledger.bear_sending(new(account=None), HOLDS, 0, NOW)
    assert conn_of(ledger).serialize() == before


def test_a_database_that_cannot_be_written_is_broken_not_refused() -> None:
    ledger = a_ledger()
    conn_of(ledger).execute("PRAGMA query_only = 1")
    with pytest.raises(LedgerBroken) as caught:
        ledger.ask(new(), "keeper", NOW)
    assert caught.value.fault is LedgerFault.UNWRITABLE
    conn_of(ledger).execute("PRAGMA query_only = 0")
    assert ledger.orders(EPOCH) == []


def test_a_database_that_cannot_be_read_is_broken() -> None:
    ledger = a_ledger()
    conn_of(ledger).close()
    for read in (
        lambda: ledger.orders(EPOCH),
        lambda: ledger.setting(STOPPED),
        ledger.last_event,
    ):
        with pytest.raises(LedgerBroken):
            read()


def test_a_closing_keeps_what_it_does_not_speak_of() -> None:
    ledger = a_ledger()
    order = move(ledger, sending(ledger), State.PENDING, reference="r", note="n")
    order = ledger.move(order.id, closing(State.UNKNOWN), "keeper", NOW)
    assert (order.reference, order.note) == ("r", "n")
