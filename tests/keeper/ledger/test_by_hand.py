"""What people did themselves, and what callers asked for by name."""

from datetime import date, timedelta

import pytest

from custom_components.sim_keeper.keeper.errors import OrderRefused
from custom_components.sim_keeper.keeper.ledger import EventType, Hold
from custom_components.sim_keeper.keeper.orders import Effect, State
from custom_components.sim_keeper.keeper.sim import Field

from ..builders import EPOCH, NOW, expiry, hkd, usd
from .lives import (
    MONTH,
    OTHER,
    SCOPE,
    a_ledger,
    confirmed,
    later,
    move,
    new,
    paid,
    spent_in,
    task,
    types_of,
    untold_types,
)

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
    assert spent_in(ledger) == {"HKD": 8800}
    view = ledger.view(EPOCH, None, NOW)
    assert (view.task, view.cycle) == (None, 1)
    assert view.last_recharge == order
    assert view.last_delivered_at is None


def test_the_same_payment_is_recorded_once() -> None:
    ledger = a_ledger()
    ledger.record_paid(task(), paid(), (), (), "user:1", NOW)
    assert EventType.ASKED not in untold_types(ledger)
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
    for field, effect, type_ in (
        (Field.BALANCE, Effect.VERIFIED, EventType.VERIFIED),
        (Field.EXPIRY, Effect.VERIFIED, EventType.VERIFIED),
        (None, Effect.MISMATCH, EventType.MISMATCH),
    ):
        order = ledger.set_effect(confirmed(ledger).id, field, NOW)
        assert (order.effect, order.shown_by) == (effect, field)
        assert types_of(ledger, order.id)[-1] == type_.value


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
