"""Lives of orders through the ledger: their states, costs and holds."""

from datetime import date
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.errors import OrderRefused
from custom_components.sim_keeper.keeper.ledger import Delivery, EventType, Hold
from custom_components.sim_keeper.keeper.orders import Origin, State
from custom_components.sim_keeper.keeper.sim import Trust

from ..builders import EPOCH, NOW, balance, expiry, hkd, usd
from .lives import (
    DELIVERY,
    HOLDS,
    MONTH,
    OTHER,
    SCOPE,
    a_ledger,
    confirmed,
    later,
    move,
    new,
    paid,
    reach,
    sending,
    spent_in,
    task,
    types_of,
    untold_types,
)

# -- Whole lives ------------------------------------------------------------------------------


def test_an_automatic_order_from_birth_to_delivery() -> None:
    ledger = a_ledger()
    order, attempt = ledger.bear_sending(new(), HOLDS, 0, NOW)
    assert (order.state, order.cycle, order.origin) == (State.SENDING, 1, Origin.RULE)
    assert (attempt.key, attempt.sends) == (f"SK{EPOCH}-001-0", 1)
    assert spent_in(ledger) == {"USD": 700}
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
    assert spent_in(ledger) == {"USD": 650} == spent_in(ledger, "household")
    assert types_of(ledger) == ["approved", "sent", "pending", "confirmed"]
    seen = ledger.readings(EPOCH)
    assert seen.balance is not None
    assert seen.balance.money == hkd("53")
    assert seen.expiry is not None
    assert ledger.view(EPOCH, "model:1", NOW).cycle == 2
    assert ledger.find_damage() is None


def test_an_asked_order_is_approved_on_fresh_terms_and_sent() -> None:
    ledger = a_ledger()
    order = ledger.ask(new(price=usd("6.40")), "keeper", NOW)
    assert spent_in(ledger) == {}
    order = ledger.approve(
        order.id, new(price=usd("6.60")), HOLDS, "user:1", later(hours=1)
    )
    assert (order.state, order.price) == (State.APPROVED, usd("6.60"))
    assert order.valid_until == later(hours=25)
    assert order.created_at == NOW
    order, _ = ledger.begin_send(order.id, "user:1", later(hours=1))
    assert order.state is State.SENDING
    assert types_of(ledger) == ["asked", "approved", "sent"]
    assert [event.actor for event in ledger.events(1)] == ["keeper", "user:1", "user:1"]


@pytest.mark.parametrize("start", [State.REJECTED, State.NEEDS_PERSON, State.UNKNOWN])
def test_the_truth_is_recorded_however_late_it_comes(start: State) -> None:
    ledger = a_ledger()
    order = reach(ledger, start)
    order = ledger.confirm(order.id, DELIVERY, (), "keeper", later(days=3))
    assert order.state is State.CONFIRMED
    assert order.cost == usd("6.50")
    assert spent_in(ledger) == {"USD": 650}
    assert ledger.view(EPOCH, None, NOW).cycle == 2
    assert ledger.find_damage() is None


def test_the_late_truth_is_booked_even_where_no_budget_is_left() -> None:
    ledger = a_ledger()
    first = move(ledger, sending(ledger), State.REJECTED, consumed=True)
    tight = (Hold(scope=SCOPE, period=MONTH, currency="USD", cap=700), HOLDS[1])
    second = ledger.bear_sending(new(), tight, 0, NOW)[0]
    move(ledger, second, State.PENDING)
    ledger.confirm(first.id, DELIVERY, (), "keeper", NOW)
    assert spent_in(ledger) == {"USD": 650 + 700}


@pytest.mark.parametrize(
    "end", [State.REJECTED, State.CANCELLED, State.DECLINED, State.EXPIRED]
)
def test_an_order_that_ends_unpaid_gives_its_hold_back(end: State) -> None:
    ledger = a_ledger()
    order = reach(ledger, end)
    assert order.settled_at == NOW
    assert spent_in(ledger) == {}
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
    assert spent_in(ledger) == {"USD": 700}
    assert ledger.view(EPOCH, None, NOW).order == order


def test_a_reversal_gives_nothing_back_and_opens_the_cycle_with_a_new_key() -> None:
    ledger = a_ledger()
    order = confirmed(ledger)
    order = move(ledger, order, State.REVERSED, later(days=1), consumed=True)
    assert order.settled_at == later(days=1)
    assert spent_in(ledger) == {"USD": 650}
    assert EventType.REVERSED in untold_types(ledger)
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
    assert spent_in(ledger) == {"USD": booked}
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
    assert spent_in(ledger, "household") == {"USD": 1400}
    ledger = a_ledger(OTHER)
    shared = Hold(scope="household", period=MONTH, currency="USD", cap=1399)
    ledger.bear_approved(new(), (shared,), "user:1", NOW)
    with pytest.raises(OrderRefused) as caught:
        ledger.bear_approved(new(sim=OTHER), (shared,), "user:1", NOW)
    assert caught.value.reason in ("ledger_refused", "over_cap")
    assert ledger.orders(OTHER) == []
    assert spent_in(ledger, "household") == {"USD": 700}


def test_the_month_of_the_hold_is_frozen() -> None:
    ledger = a_ledger()
    order = sending(ledger)
    ledger.confirm(order.id, DELIVERY, (), "keeper", later(days=40))
    assert spent_in(ledger) == {"USD": 650}
    assert spent_in(ledger, period="2026-04") == {}
    april = (Hold(scope=SCOPE, period="2026-04", currency="USD", cap=700),)
    ledger.bear_sending(new(), april, 0, later(days=40))
    assert spent_in(ledger, period="2026-04") == {"USD": 700}


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
