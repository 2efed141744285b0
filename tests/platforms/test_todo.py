"""The household's to-do list."""

from contextlib import suppress
from typing import Any

from homeassistant.components.todo.intent import (
    INTENT_LIST_COMPLETE_ITEM,
    async_setup_intents,
)
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr, intent
import pytest

from tests.vendors.reloadly import ReloadlySimulator

from .conftest import AXIS_OPERATOR, House


async def items(house: House) -> list[dict[str, Any]]:
    """Return the items as a card gets them."""
    entity_id = house.id("todo", house.household, "to_do")
    answer: Any = await house.hass.services.async_call(
        "todo",
        "get_items",
        {"entity_id": entity_id, "status": ["needs_action", "completed"]},
        blocking=True,
        return_response=True,
    )
    found: list[dict[str, Any]] = answer[entity_id]["items"]
    return found


async def tick(house: House, context: Context, **changes: Any) -> None:
    """Tick the only item, or change it otherwise."""
    (item,) = await items(house)
    await house.call(
        "todo.update_item",
        house.id("todo", house.household, "to_do"),
        context,
        item=item["uid"],
        **(changes or {"status": "completed"}),
    )


async def test_recharge_to_do_by_hand(house: House) -> None:
    house.sim(days_before=30, low_balance="15000.00", amount="50000.00")
    await house.start()
    assert await items(house) == [
        {
            "uid": "1",
            "summary": "Recharge Router: 50000 IDR",
            "status": "needs_action",
            "due": "2026-12-11",
            "description": (
                "The balance of 12000.00 IDR is below 15000.00 IDR.\n"
                "The number is valid until 2026-12-11.\n"
                "Recharge it yourself, then tick this. Another amount, a receipt or"
                " already paid: under Settings > Repairs. To skip it this time, delete"
                " the item.\n"
                "https://www.axis.co.id/\n"
                "The carrier's app: "
                "https://play.google.com/store/apps/details?id=com.axis.net\n"
                "To see the balance, dial *123#"
            ),
        }
    ]
    assert house.state("todo", house.household, "to_do").state == "1"


async def test_ticked_recharge_is_confirmed_as_planned(
    house: House, admin: Context
) -> None:
    sim = house.sim(days_before=30, amount="100000.00")
    await house.start()
    await tick(house, admin)
    (order,) = await house.orders()
    assert order.state == "confirmed"
    assert order.cost == order.value
    assert await items(house) == []
    assert house.state("sensor", sim, "spent_this_month").state == "100000.00"


async def test_number_that_must_be_used(house: House, admin: Context) -> None:
    sim = house.giffgaff(days_before=200)
    await house.start()
    (item,) = await items(house)
    assert item["summary"] == "Use Bank codes once"
    assert item["description"] == (
        "The number must be used by 2027-04-30.\n"
        "Call, text or use a little data, then tick this. To skip it this time,"
        " delete the item."
    )
    await tick(house, admin)
    assert house.state("date", sim, "last_activity").state == "2026-11-20"


async def test_question_is_approved_by_administrators_only(
    house: House,
    vendor: ReloadlySimulator,
    admin: Context,
    member: Context,
    automation: Context,
) -> None:
    account = house.account(vendor)
    house.sim(
        account=account.unique_id, operator=AXIS_OPERATOR, mode="ask", days_before=30
    )
    await house.start()
    (item,) = await items(house)
    (order,) = await house.orders()
    assert item["summary"] == "Approve: recharge Router, 5000 IDR"
    assert order.price is not None
    assert item["description"] == (
        "The number is valid until 2026-12-11.\n"
        f"Price: {order.price}, at most {order.ceiling}.\n"
        "Ticking this buys it now. Only an administrator can."
    )
    for nobody in (member, automation):
        with pytest.raises(Unauthorized):
            await tick(house, nobody)
    assert vendor.bought == 0
    await tick(house, admin)
    assert vendor.bought == 1
    assert await items(house) == []


async def test_order_that_needs_a_person_cannot_be_ticked(
    house: House, vendor: ReloadlySimulator, admin: Context
) -> None:
    account = house.account(vendor)
    house.sim(
        account=account.unique_id, operator=AXIS_OPERATOR, mode="ask", days_before=30
    )
    await house.start()
    vendor.fault("lose_answer")
    await tick(house, admin)
    # While the provider is still asked, nobody has to do anything.
    assert await items(house) == []
    vendor.fault("status", on="any", times=None)
    await house.at("2026-11-21T06:00:00+00:00")
    (item,) = await items(house)
    assert item["summary"] == "Did it arrive? Router, 5000 IDR"
    for answer in (tick(house, admin), remove(house, admin, "1")):
        with pytest.raises(ServiceValidationError) as refused:
            await answer
        assert refused.value.translation_key == "todo_needs_answer"
        assert refused.value.translation_placeholders == {"order": "1"}


async def say_done(house: House, context: Context, summary: str) -> None:
    """Say to the voice assistant that an item is done: it gives summary and tick alone."""
    name = house.state("todo", house.household, "to_do").name
    await async_setup_intents(house.hass)
    await intent.async_handle(
        house.hass,
        "conversation",
        INTENT_LIST_COMPLETE_ITEM,
        {"item": {"value": summary}, "name": {"value": name}},
        context=context,
    )
    await house.settle()


async def test_a_task_is_ticked_by_voice(house: House, member: Context) -> None:
    house.sim(days_before=30, amount="100000.00")
    await house.start()
    (item,) = await items(house)
    await say_done(house, member, item["summary"])
    (order,) = await house.orders()
    assert (order.state, order.cost) == ("confirmed", order.value)
    assert await items(house) == []


@pytest.mark.parametrize(
    ("used", "data"),
    [
        ("get_items", {"status": ["needs_action"]}),
        ("update_item", {"item": "nothing", "status": "completed"}),
        ("update_item", {"item": "1", "rename": "Something else"}),
    ],
)
async def test_voice_is_not_whoever_used_the_list_before(
    house: House,
    vendor: ReloadlySimulator,
    admin: Context,
    used: str,
    data: dict[str, Any],
) -> None:
    """Home Assistant tells a list nothing of who speaks, and leaves the last context with it."""
    account = house.account(vendor)
    house.sim(
        account=account.unique_id, operator=AXIS_OPERATOR, mode="ask", days_before=30
    )
    await house.start()
    (item,) = await items(house)
    with suppress(ServiceValidationError):
        await house.hass.services.async_call(
            "todo",
            used,
            {"entity_id": house.id("todo", house.household, "to_do"), **data},
            blocking=True,
            context=admin,
            return_response=used == "get_items",
        )
    with pytest.raises(intent.IntentUnexpectedError) as failed:
        await say_done(house, admin, item["summary"])
    assert isinstance(failed.value.__cause__, Unauthorized)
    assert vendor.bought == 0
    assert len(await items(house)) == 1


@pytest.mark.parametrize(
    "changes", [{"rename": "Something else"}, {"status": "needs_action"}]
)
async def test_items_can_only_be_ticked(
    house: House, admin: Context, changes: dict[str, str]
) -> None:
    house.sim(days_before=30)
    await house.start()
    with pytest.raises(ServiceValidationError) as refused:
        await tick(house, admin, **changes)
    assert refused.value.translation_key == "todo_only_tick"
    assert len(await items(house)) == 1


async def remove(house: House, context: Context, *uids: str) -> None:
    """Delete items."""
    entity_id = house.id("todo", house.household, "to_do")
    await house.call("todo.remove_item", entity_id, context, item=list(uids))


async def test_deleting_a_task_passes_it_over(house: House, member: Context) -> None:
    house.sim(days_before=30)
    await house.start()
    await remove(house, member, "1")
    (order,) = await house.orders()
    assert (order.state, order.reason) == ("declined", "skipped")
    assert order.next_at is not None
    # The last second of the deadline's day in Jakarta.
    assert order.next_at.isoformat() == "2026-12-11T16:59:59+00:00"
    assert await items(house) == []
    with pytest.raises(ServiceValidationError):
        await remove(house, member, "1")


async def test_deleting_a_question_declines_it(
    house: House, vendor: ReloadlySimulator, member: Context
) -> None:
    account = house.account(vendor)
    house.sim(
        account=account.unique_id, operator=AXIS_OPERATOR, mode="ask", days_before=30
    )
    await house.start()
    await remove(house, member, "1")
    (order,) = await house.orders()
    assert (order.state, order.reason) == ("declined", "person")
    assert vendor.bought == 0


async def test_list_speaks_the_language_of_the_household_and_uses_its_names(
    hass: HomeAssistant, house: House
) -> None:
    sim = house.sim(days_before=30, amount=None)
    await house.start()
    registry = dr.async_get(hass)
    (device,) = dr.async_entries_for_config_entry(registry, sim.entry_id)
    registry.async_update_device(device.id, name_by_user="路由器")
    hass.config_entries.async_update_entry(
        house.household, options={"language": "zh-Hans"}
    )
    await house.at("2026-11-20T18:00:00+00:00")
    await house.hass.config_entries.async_reload(house.household.entry_id)
    (item,) = await items(house)
    assert item["summary"] == "为 路由器 充值"
