"""The recharge event of a SIM."""

from typing import Any

from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers.event import async_track_state_change_event
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.statements import Paid
from tests.vendors.reloadly import ReloadlySimulator

from .conftest import ADMIN, AXIS_OPERATOR, NOW, House


def listen(house: House, sim: MockConfigEntry) -> list[dict[str, Any]]:
    """Collect the events of a SIM."""
    heard: list[dict[str, Any]] = []

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        assert state is not None
        drop = ("event_types", "friendly_name")
        heard.append({k: v for k, v in state.attributes.items() if k not in drop})

    async_track_state_change_event(
        house.hass, house.id("event", sim, "recharge"), changed
    )
    return heard


async def test_bought_recharge_from_question_to_delivery(
    house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    sim = house.sim(account=account.unique_id, operator=AXIS_OPERATOR, mode="ask")
    await house.start()
    heard = listen(house, sim)
    await house.at("2026-11-26T17:00:00+00:00")
    (question,) = await house.orders()
    await house.doors.approve(question.id, ADMIN)
    house.freezer.tick(60)
    await house.engine.wake()
    await house.settle()

    order = {"order_id": 1, "assisted": False, "amount": 5000.0, "currency": "IDR"}
    assert heard == [
        {"event_type": "stage_changed", "stage": "expiring"},
        {"event_type": "asked", "reason": "mode_ask", **order},
        {"event_type": "reminder", "stage": "14"},
        {"event_type": "sent", "reason": "mode_ask", **order},
        {"event_type": "confirmed", "reason": "mode_ask", **order},
    ]


async def test_lost_answer_is_unknown_and_then_needs_a_person(
    house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    sim = house.sim(
        account=account.unique_id, operator=AXIS_OPERATOR, mode="ask", days_before=30
    )
    await house.start()
    heard = listen(house, sim)
    vendor.fault("lose_answer")
    (question,) = await house.orders()
    await house.doors.approve(question.id, ADMIN)
    await house.settle()
    assert [event["event_type"] for event in heard][-2:] == ["sent", "unknown"]
    assert "needs_person" not in heard[-1]
    vendor.fault("status", on="any", times=None)
    await house.at("2026-11-21T06:00:00+00:00")
    assert heard[-1]["event_type"] == "unknown"
    assert heard[-1]["needs_person"] is True


async def test_task_that_is_declined_is_cancelled(house: House) -> None:
    sim = house.sim(days_before=30)
    await house.start()
    heard = listen(house, sim)
    (task,) = await house.orders()
    await house.doors.cancel(task.id, ADMIN)
    await house.settle()
    assert heard == [
        {
            "event_type": "cancelled",
            "order_id": task.id,
            "reason": "person",
            "assisted": True,
            "amount": 5000.0,
            "currency": "IDR",
        }
    ]


async def test_recharge_that_was_only_noted_was_never_asked_for(house: House) -> None:
    sim = house.sim()
    other = house.giffgaff()
    await house.start()
    heard, silent = listen(house, sim), listen(house, other)
    paid = Paid(cost=Money(1_000_000, "IDR"), day=NOW.date(), receipt="secret receipt")
    await house.doors.record(sim.data["epoch"], paid, ADMIN)
    await house.settle()
    (event,) = heard
    assert event["event_type"] == "confirmed"
    assert event["amount"] == 10000.0
    assert "secret" not in str(event)
    assert silent == []
