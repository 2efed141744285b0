"""Telling people: everybody, once, in their language, and again when nobody was reached."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import persistent_notification
from homeassistant.components.notify import NotifyEntity
from homeassistant.components.notify.const import NotifyEntityFeature
from homeassistant.core import Context, HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.sim_keeper import notify
from custom_components.sim_keeper.const import DOMAIN
from custom_components.sim_keeper.entries import account_entries
from custom_components.sim_keeper.keeper.errors import LedgerFault, RefusalClass
from custom_components.sim_keeper.keeper.ledger import (
    Closing,
    Delivery,
    EventType,
    Hold,
    Ledger,
    NewOrder,
)
from custom_components.sim_keeper.keeper.ledger.book import TOLD
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Kind, Order, Origin, State
from custom_components.sim_keeper.keeper.sim import Mode
from custom_components.sim_keeper.keeper.statements import Typed, typed_readings
from custom_components.sim_keeper.taps import EVENT_TAPPED, PREFIX

from .config_flow.builders import AXIS, AXIS_TOO, EPOCH, GIFFGAFF
from .home_fixtures import House

PHONE = "notify.mobile_app_phone"
TABLET = "notify.mobile_app_tablet"


class Phones:
    """Phones that keep what they are sent. One can be told to fail, or to be slow."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.sent: list[dict[str, Any]] = []
        self.broken: set[str] = set()
        self.slow: asyncio.Event | None = None

    def add(self, target: str) -> None:
        """Register a phone."""

        async def send(call: ServiceCall) -> None:
            if self.slow is not None:
                await self.slow.wait()
            if target in self.broken:
                raise HomeAssistantError("no signal")
            self.sent.append({"target": target, **call.data})

        self.hass.services.async_register(
            "notify", target.removeprefix("notify."), send
        )

    @property
    def last(self) -> dict[str, Any]:
        """The newest message."""
        return self.sent[-1]

    def button(self, index: int) -> str:
        """Return the id of a button of the newest message."""
        action = self.last["data"]["actions"][index]["action"]
        assert action.startswith(PREFIX)
        return str(action)

    async def tap(self, house: House, action: str, context: Context | None) -> None:
        """Tap a button."""
        self.hass.bus.async_fire(EVENT_TAPPED, {"action": action}, context=context)
        await house.settle()


@pytest.fixture
async def phones(hass: HomeAssistant) -> Phones:
    assert await async_setup_component(hass, "notify", {})
    made = Phones(hass)
    made.add(PHONE)
    return made


@pytest.fixture
async def sim(house: House, phones: Phones) -> MockConfigEntry:
    """Return a SIM that asks before it buys, in a house with one phone."""
    house.account()
    house.household(notify=[PHONE])
    entry = house.buying_sim()
    await house.start()
    return entry


@pytest.fixture
async def task_sim(house: House, phones: Phones) -> MockConfigEntry:
    """Return a SIM that a person recharges, in a house with one phone."""
    house.household(notify=[PHONE])
    entry = house.sim(amount="25000.00")
    await house.start()
    return entry


def shown(hass: HomeAssistant) -> dict[str, Any]:
    """Return what stands on the screen of Home Assistant, by id."""
    return dict(persistent_notification._async_get_or_create_notifications(hass))


async def ends(house: House, entry: MockConfigEntry, day: str) -> None:
    """Type until when a number is valid."""
    await house.call("update_reading", device_id=house.device(entry), expiry=day)


async def untold(house: House) -> int:
    """Return how many events nobody has heard of."""
    return len(await house.home.engine.desk.read(Ledger.untold))


async def ask(house: House, sim: MockConfigEntry) -> Order:
    """Have an automation ask for a recharge."""
    await house.call("recharge", device_id=house.device(sim))
    (order,) = await house.orders(State.ASKED)
    return order


# -- Questions on a phone -------------------------------------------------------------------


async def test_a_question_comes_with_buttons(
    house: House, sim: MockConfigEntry, phones: Phones
) -> None:
    order = await ask(house, sim)
    (message,) = phones.sent
    assert message["title"] == sim.title
    first, *_ = message["message"].split("\n")
    assert first.startswith("Recharge 25000 IDR for ")
    # A yes allows no more than this.
    assert first.endswith(f" USD (at most {order.ceiling})?")
    assert order.price is not None
    assert f" {order.price} (" in first
    assert message["data"]["tag"] == f"sim_keeper_order_{order.id}"
    titles = [action["title"] for action in message["data"]["actions"]]
    assert titles == ["Approve", "Decline"]
    assert AXIS.removeprefix("+") not in json.dumps(message)
    assert await untold(house) == 0


async def test_an_administrator_approves_with_one_tap(
    house: House, sim: MockConfigEntry, phones: Phones, admin: Context
) -> None:
    await ask(house, sim)
    await phones.tap(house, phones.button(0), admin)
    assert house.vendor.bought == 1


async def test_a_tap_counts_once(
    house: House, sim: MockConfigEntry, phones: Phones, admin: Context
) -> None:
    await ask(house, sim)
    approve = phones.button(0)
    for _ in range(3):
        await phones.tap(house, approve, admin)
    assert house.vendor.bought == 1
    expired = [m for m in phones.sent if "no longer works" in m["message"]]
    assert len(expired) == 1


async def test_declining_with_one_tap_takes_the_question_away(
    house: House, sim: MockConfigEntry, phones: Phones, user: Context
) -> None:
    order = await ask(house, sim)
    await phones.tap(house, phones.button(1), user)
    assert [o.state for o in await house.orders()] == [State.DECLINED]
    assert phones.last["message"] == "clear_notification"
    assert phones.last["data"]["tag"] == f"sim_keeper_order_{order.id}"
    assert house.vendor.bought == 0


@pytest.mark.parametrize("who", ["user", "removed", "automation"])
async def test_only_administrators_approve(
    house: House,
    sim: MockConfigEntry,
    phones: Phones,
    admin: Context,
    callers: Any,
    who: str,
) -> None:
    await ask(house, sim)
    approve = phones.button(0)
    await phones.tap(house, approve, callers(who))
    assert house.vendor.bought == 0
    assert phones.last["message"].startswith("Only an administrator")
    # The attempt did not use the button up.
    await phones.tap(house, approve, admin)
    assert house.vendor.bought == 1


async def test_made_up_buttons_do_nothing(
    house: House, sim: MockConfigEntry, phones: Phones, admin: Context
) -> None:
    await ask(house, sim)
    for action in (f"{PREFIX}1", f"{PREFIX}{'x' * 22}", PREFIX, "OTHER", 5, None):
        house.hass.bus.async_fire(EVENT_TAPPED, {"action": action}, context=admin)
    await house.settle()
    assert house.vendor.bought == 0
    assert [o.state for o in await house.orders()] == [State.ASKED]
    assert len(phones.sent) == 2


async def test_a_button_ends_with_its_question(
    house: House,
    sim: MockConfigEntry,
    phones: Phones,
    admin: Context,
    freezer: FrozenDateTimeFactory,
) -> None:
    await ask(house, sim)
    approve = phones.button(0)
    freezer.tick(25 * 3600)
    await phones.tap(house, approve, admin)
    assert house.vendor.bought == 0
    assert any("no longer works" in message["message"] for message in phones.sent)


async def test_a_button_buys_only_what_it_showed(
    house: House, sim: MockConfigEntry, phones: Phones, admin: Context
) -> None:
    order = await ask(house, sim)
    old = phones.button(0)
    await house.call("cancel", admin, order_id=order.id)
    await house.go_ahead(sim)
    await ask(house, sim)
    await phones.tap(house, old, admin)
    assert house.vendor.bought == 0


async def test_what_forbids_a_tap_is_told(
    house: House, sim: MockConfigEntry, phones: Phones, admin: Context
) -> None:
    await ask(house, sim)
    approve = phones.button(0)
    house.vendor.fault("status", status=503, times=None, on="any")
    await phones.tap(house, approve, admin)
    assert "cannot be reached" in phones.last["message"]
    assert phones.last["title"] == sim.title
    assert [o.state for o in await house.orders()] == [State.ASKED]


async def test_a_task_has_a_link_and_is_done_with_one_tap(
    house: House, task_sim: MockConfigEntry, phones: Phones, admin: Context
) -> None:
    await house.call("recharge", device_id=house.device(task_sim))
    message = phones.last
    assert message["message"].startswith("Please recharge 25000 IDR.")
    done, other, skip, link = message["data"]["actions"]
    titles = [action["title"] for action in (done, other, skip)]
    assert titles == ["Done", "Another amount", "Skip this time"]
    assert (other["action"], other["uri"]) == ("URI", "/config/repairs")
    assert (done["authenticationRequired"], skip["authenticationRequired"]) == (
        True,
        False,
    )
    assert "com.axis.net" in message["message"]
    assert link["uri"].startswith("https://")
    assert message["data"]["url"] == link["uri"]
    await phones.tap(house, done["action"], admin)
    assert [o.state for o in await house.orders()] == [State.CONFIRMED]
    assert any(
        "you recharged 25000 IDR" in message["message"] for message in phones.sent
    )


# -- Who is told ----------------------------------------------------------------------------


async def test_without_anybody_named_it_is_shown_on_the_screen(house: House) -> None:
    house.account()
    sim = house.buying_sim()
    await house.start()
    order = await ask(house, sim)
    assert set(shown(house.hass)) == {f"sim_keeper_order_{order.id}"}
    assert await untold(house) == 0
    await house.call("cancel", device_id=house.device(sim))
    assert shown(house.hass) == {}


async def test_one_that_fails_does_not_keep_the_others_from_hearing(
    house: House,
    sim: MockConfigEntry,
    phones: Phones,
    caplog: pytest.LogCaptureFixture,
) -> None:
    phones.add(TABLET)
    phones.broken = {TABLET}
    household = house.hass.config_entries.async_entry_for_domain_unique_id(
        DOMAIN, "household"
    )
    assert household is not None
    house.hass.config_entries.async_update_entry(
        household, options={"notify": [TABLET, PHONE, "notify.gone"]}
    )
    order = await ask(house, sim)
    await house.call("cancel", order_id=order.id)
    await house.go_ahead(sim)
    await ask(house, sim)
    assert {message["target"] for message in phones.sent} == {PHONE}
    assert await untold(house) == 0
    assert caplog.text.count(f"{TABLET} cannot be told anything") == 1
    issue = ir.async_get(house.hass).async_get_issue(DOMAIN, "notify_failed")
    assert issue is not None
    assert issue.translation_placeholders == {"targets": f"notify.gone, {TABLET}"}


async def test_when_nobody_is_reached_it_is_told_later(
    house: House,
    sim: MockConfigEntry,
    phones: Phones,
    freezer: FrozenDateTimeFactory,
) -> None:
    phones.broken = {PHONE}
    order = await ask(house, sim)
    assert await untold(house) == 1
    assert ir.async_get(house.hass).async_get_issue(DOMAIN, "notify_failed")
    phones.broken = set()
    freezer.tick(notify.RETRY_AFTER_S + 1)
    async_fire_time_changed(house.hass)
    await house.settle()
    assert [m["data"]["tag"] for m in phones.sent] == [f"sim_keeper_order_{order.id}"]
    assert await untold(house) == 0
    assert ir.async_get(house.hass).async_get_issue(DOMAIN, "notify_failed") is None


async def test_one_that_is_slow_has_a_limit(
    house: House,
    sim: MockConfigEntry,
    phones: Phones,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notify, "DELIVERY_TIMEOUT_S", 0.05)
    phones.slow = asyncio.Event()
    await ask(house, sim)
    assert await untold(house) == 1
    phones.slow.set()


async def test_orders_do_not_wait_for_a_slow_phone(
    house: House, sim: MockConfigEntry, phones: Phones, admin: Context
) -> None:
    phones.slow = asyncio.Event()
    await house.hass.services.async_call(
        DOMAIN,
        "recharge",
        {"device_id": house.device(sim)},
        blocking=True,
        context=admin,
    )
    assert house.vendor.bought == 1
    phones.slow.set()
    await house.settle()


async def test_what_was_not_told_before_a_restart_is_told_after_it(
    house: House, sim: MockConfigEntry, phones: Phones
) -> None:
    phones.broken = {PHONE}
    await ask(house, sim)
    phones.broken = set()
    notify.Notifier(house.hass, house.home).async_start()
    await house.settle()
    assert len(phones.sent) == 1
    assert await untold(house) == 0


class Bell(NotifyEntity):
    """A notify entity."""

    _attr_name = "Bell"

    def __init__(self, *, titled: bool) -> None:
        self._attr_unique_id = self._attr_name = f"bell {titled}"
        if titled:
            self._attr_supported_features = NotifyEntityFeature.TITLE
        self.rang: list[tuple[str | None, str]] = []

    async def async_send_message(self, message: str, title: str | None = None) -> None:
        self.rang.append((title, message))


@pytest.mark.parametrize("titled", [True, False])
async def test_notify_entities_are_told_too(
    house: House, phones: Phones, titled: bool
) -> None:
    bell = Bell(titled=titled)
    await house.hass.data["notify"].async_add_entities([bell])
    house.household(notify=[bell.entity_id])
    sim = house.sim()
    await house.start()
    await house.call("recharge", device_id=house.device(sim))
    ((title, message),) = bell.rang
    assert title == (sim.title if titled else None)
    assert message.startswith("Please recharge" if titled else sim.title)
    assert "https://" in message


async def test_a_test_reaches_or_names_who_failed(
    hass: HomeAssistant, phones: Phones
) -> None:
    phones.add(TABLET)
    phones.broken = {TABLET}
    targets = [PHONE, TABLET, "notify.gone"]
    failed = await notify.send_test(hass, targets, "zh-Hans")
    assert failed == [TABLET, "notify.gone"]
    assert phones.last["message"].startswith("这是一条测试消息")


async def test_messages_speak_the_language_of_the_household(
    house: House, phones: Phones
) -> None:
    house.household(notify=[PHONE], language="id")
    sim = house.sim()
    await house.start()
    await house.call("recharge", device_id=house.device(sim))
    assert phones.last["message"].startswith("Tolong isi ulang 5000 IDR.")


async def test_a_frozen_ledger_is_told(house: House, phones: Phones) -> None:
    Path(house.hass.config.path("sim_keeper.db")).write_text("no ledger at all")
    house.household(notify=[PHONE])
    await house.start()
    (message,) = phones.sent
    assert message["message"].startswith("The ledger file is damaged")
    house.home.frozen(LedgerFault.UNWRITABLE)
    await house.settle()
    assert phones.last["message"].startswith("The ledger cannot be written")
    assert phones.last["data"]["tag"] == message["data"]["tag"]


async def test_a_ledger_that_cannot_be_read_leaves_the_numbers_to_people(
    house: House, phones: Phones
) -> None:
    Path(house.hass.config.path("sim_keeper.db")).write_text("no ledger at all")
    house.household(notify=[PHONE])
    house.sim()
    await house.start()
    house.home.frozen(LedgerFault.DAMAGED)
    await house.settle()
    assert phones.last["message"].endswith("Look after them yourself.")


async def test_a_frozen_ledger_is_told_every_day_with_the_numbers_that_need_somebody(
    house: House, phones: Phones, admin: Context, freezer: FrozenDateTimeFactory
) -> None:
    """Reminders are kept in the ledger; while it is frozen this is all that people hear."""
    house.household(notify=[PHONE])
    soon = house.sim(title="Grandma")
    later = house.sim(title="Router", number=AXIS_TOO, epoch="BBBBBBBBBB")
    dying = house.sim(
        title="Old", number="+6283112345600", epoch="CCCCCCCCCC", mode="off"
    )
    await house.start()
    for entry, days in ((soon, 40), (later, 300), (dying, 40)):
        expiry = (dt_util.utcnow() + timedelta(days=days)).date()
        await house.call(
            "update_reading",
            admin,
            device_id=house.device(entry),
            expiry=expiry.isoformat(),
        )
    house.home.engine.desk.fault = LedgerFault.UNWRITABLE
    house.home.frozen(LedgerFault.UNWRITABLE)
    await house.settle()
    assert "Grandma" not in phones.sent[-1]["message"]
    for days in (11, 1):
        freezer.tick(timedelta(days=days))
        async_fire_time_changed(house.hass)
        await house.settle()
        message = phones.sent[-1]["message"]
        assert "Grandma: " in message
        assert "Router" not in message
        # It is off: nobody wants to hear of it.
        assert "Old" not in message
    assert len(phones.sent) == 3
    # It works again.
    house.home.engine.desk.fault = None
    freezer.tick(timedelta(days=2))
    async_fire_time_changed(house.hass)
    await house.settle()
    tags = [message["data"]["tag"] for message in phones.sent]
    assert tags.count("sim_keeper_frozen") == 3


async def test_a_frozen_ledger_is_told_when_somebody_can_be_reached(
    house: House, sim: MockConfigEntry, phones: Phones, freezer: FrozenDateTimeFactory
) -> None:
    phones.broken = {PHONE}
    house.home.frozen(LedgerFault.UNWRITABLE)
    await house.settle()
    phones.broken = set()
    freezer.tick(notify.RETRY_AFTER_S + 1)
    async_fire_time_changed(house.hass)
    await house.settle()
    assert [m["data"]["tag"] for m in phones.sent] == ["sim_keeper_frozen"]


# -- What is told ---------------------------------------------------------------------------


async def events(house: House, type_: EventType) -> None:
    """Write an event about a SIM as the engine would."""
    desk, now = house.home.engine.desk, house.home.now()
    details: dict[EventType, dict[str, Any]] = {
        EventType.REMINDER: {"deadline": "2035-12-01", "stage": "7"},
        EventType.SKIPPED: {
            "cycle": 1,
            "reason": "over_cap",
            "price": "2.00 USD",
            "left": "1.00 USD",
        },
        EventType.UNUSUAL_SPENDING: {
            "amount_minor": 300000,
            "usual_minor": 100000,
            "currency": "IDR",
            "day": "2026-11-20",
        },
    }
    await desk.write(Ledger.add_event, type_, EPOCH, details[type_], now)


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("30", "days left"),
        ("7", "days left"),
        ("1", "Tomorrow"),
        ("0", "Today"),
        ("grace:2030-01-20", "may still be saved"),
        ("lost", "probably lost"),
    ],
)
async def test_reminders(
    house: House,
    task_sim: MockConfigEntry,
    phones: Phones,
    admin: Context,
    freezer: FrozenDateTimeFactory,
    stage: str,
    words: str,
) -> None:
    days = {"grace:2030-01-20": -5, "lost": -60}
    freezer.move_to("2030-01-15T12:00:00+07:00")
    left = days[stage] if stage in days else int(stage)
    deadline = (date(2030, 1, 15) + timedelta(days=left)).isoformat()
    # With the task already there, the reminder comes alone.
    await house.call("recharge", device_id=house.device(task_sim))
    await house.call(
        "update_reading", device_id=house.device(task_sim), expiry=deadline
    )
    asked, reminder = phones.sent
    text = reminder["message"]
    assert words in text
    assert deadline in text
    # It takes the place of the task's own message, and its buttons those of that one.
    assert reminder["data"]["tag"] == asked["data"]["tag"] == "sim_keeper_order_1"
    titles = [action["title"] for action in reminder["data"].get("actions", ())]
    if stage == "lost":
        assert titles == ["Recharge page"]
        return
    assert "Please recharge 25000 IDR." in text
    assert titles == ["Done", "Another amount", "Skip this time", "Recharge page"]
    assert reminder["data"]["url"].startswith("https://")
    await phones.tap(house, asked["data"]["actions"][0]["action"], admin)
    assert "no longer works" in phones.last["message"]
    await phones.tap(house, reminder["data"]["actions"][0]["action"], admin)
    assert [o.state for o in await house.orders()] == [State.CONFIRMED]


async def test_a_reminder_without_a_task_stands_for_itself(
    house: House, task_sim: MockConfigEntry, phones: Phones, freezer: Any
) -> None:
    freezer.move_to("2030-01-15T12:00:00+07:00")
    device = house.device(task_sim)
    await house.call("update_reading", device_id=device, expiry="2030-02-10")
    (reminder,) = phones.sent
    assert reminder["data"]["tag"] == f"sim_keeper_{EPOCH}_deadline"
    assert "Please recharge it and record it" in reminder["message"]


@pytest.mark.parametrize("who", ["admin", "user", "automation"])
async def test_a_task_is_passed_over_with_one_tap(
    house: House,
    task_sim: MockConfigEntry,
    phones: Phones,
    callers: Any,
    freezer: FrozenDateTimeFactory,
    who: str,
) -> None:
    freezer.move_to("2030-01-15T12:00:00+07:00")
    device = house.device(task_sim)
    await house.call("update_reading", device_id=device, expiry="2030-01-20")
    done, skip = phones.button(0), phones.button(2)
    for _ in range(2):
        await phones.tap(house, skip, callers(who))
    (order,) = await house.orders()
    assert (order.state, order.reason) == (State.DECLINED, "skipped")
    texts = [message["message"] for message in phones.sent]
    (said,) = [text for text in texts if text.startswith("Skipped.")]
    assert "until 2030-01-20" in said
    assert sum("no longer works" in text for text in texts) == 1
    await phones.tap(house, done, callers(who))
    assert [o.state for o in await house.orders()] == [State.DECLINED]
    # In the last days it is said once more what was chosen.
    freezer.move_to("2030-01-17T12:00:00+07:00")
    await house.wake()
    assert "You skipped this recharge until 2030-01-20" in phones.last["message"]


async def test_a_task_that_is_done_twice_by_phone_is_recorded_once(
    house: House, task_sim: MockConfigEntry, phones: Phones, admin: Context
) -> None:
    await house.call("recharge", device_id=house.device(task_sim))
    done = phones.button(0)
    for _ in range(2):
        house.hass.bus.async_fire(EVENT_TAPPED, {"action": done}, context=admin)
    await house.settle()
    assert [o.state for o in await house.orders()] == [State.CONFIRMED]


async def test_a_tap_after_it_was_recorded_elsewhere_records_nothing(
    house: House, task_sim: MockConfigEntry, phones: Phones, admin: Context
) -> None:
    device = house.device(task_sim)
    await house.call("recharge", device_id=device)
    done = phones.button(0)
    await house.call("record_recharge", admin, device_id=device, already_paid=True)
    assert "it was already paid" in phones.last["message"]
    await phones.tap(house, done, admin)
    (order,) = await house.orders()
    assert (order.state, order.cost) == (State.CONFIRMED, None)


async def test_who_has_paid_is_asked_for_the_date_and_not_to_pay(
    house: House,
    task_sim: MockConfigEntry,
    phones: Phones,
    admin: Context,
    freezer: FrozenDateTimeFactory,
) -> None:
    freezer.move_to("2030-01-15T12:00:00+07:00")
    device = house.device(task_sim)
    await house.call("update_reading", device_id=device, expiry="2030-01-20")
    await house.call("record_recharge", admin, device_id=device, already_paid=True)
    freezer.move_to("2030-01-17T12:00:00+07:00")
    await house.wake()
    assert "Until when is it valid now?" in phones.last["message"]
    assert "Please recharge" not in phones.last["message"]


async def test_a_task_without_a_deadline_is_called_to_mind(
    house: House,
    task_sim: MockConfigEntry,
    phones: Phones,
    admin: Context,
    freezer: FrozenDateTimeFactory,
) -> None:
    freezer.move_to("2030-01-15T12:00:00+07:00")
    await house.call("recharge", device_id=house.device(task_sim))
    freezer.move_to("2030-01-23T12:00:00+07:00")
    await house.wake()
    asked, reminder = phones.sent
    assert reminder["message"].startswith(
        "This has been waiting for you since 2030-01-15."
    )
    assert reminder["data"]["tag"] == asked["data"]["tag"]
    await phones.tap(house, phones.button(0), admin)
    assert [o.state for o in await house.orders()] == [State.CONFIRMED]


async def test_a_task_and_its_reminder_are_told_as_one(
    house: House,
    task_sim: MockConfigEntry,
    phones: Phones,
    freezer: FrozenDateTimeFactory,
) -> None:
    freezer.move_to("2030-01-15T12:00:00+07:00")
    device = house.device(task_sim)
    await house.call("update_reading", device_id=device, expiry="2030-01-20")
    (message,) = phones.sent
    assert "Please recharge" in message["message"]
    assert await untold(house) == 0


async def test_a_reminder_that_is_no_longer_true_is_taken_away(
    house: House, sim: MockConfigEntry, phones: Phones, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2030-01-15T12:00:00+07:00")
    await ends(house, sim, "2030-02-10")
    assert "2030-02-10" in phones.last["message"]
    count = len(phones.sent)
    await house.call("update_reading", device_id=house.device(sim), balance="5000")
    assert len(phones.sent) == count

    await ends(house, sim, "2031-01-10")
    gone = phones.last
    assert gone["message"] == "clear_notification"
    assert gone["data"]["tag"] == f"sim_keeper_{EPOCH}_deadline"
    await ends(house, sim, "2031-01-11")
    assert len(phones.sent) == count + 1


async def test_two_changes_at_once_take_a_reminder_away_once(
    house: House, sim: MockConfigEntry, phones: Phones, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2030-01-15T12:00:00+07:00")
    await ends(house, sim, "2030-02-10")
    count = len(phones.sent)
    await asyncio.gather(*(ends(house, sim, f"2031-01-{day}") for day in range(10, 20)))
    await house.settle()
    assert [m["message"] for m in phones.sent[count:]] == ["clear_notification"]
    # Whoever tells goes on.
    await ends(house, sim, "2030-02-09")
    assert "2030-02-09" in phones.last["message"]


@pytest.mark.parametrize("how", ["recharged", "removed"])
async def test_a_reminder_on_the_screen_goes_with_its_reason(
    house: House, freezer: FrozenDateTimeFactory, admin: Context, how: str
) -> None:
    house.account()
    entry = house.buying_sim()
    await house.start()
    freezer.move_to("2030-01-15T12:00:00+07:00")
    tag = f"sim_keeper_{EPOCH}_deadline"
    await ends(house, entry, "2030-02-01")
    assert tag in shown(house.hass)
    if how == "removed":
        await house.hass.config_entries.async_remove(entry.entry_id)
    else:
        await house.call("recharge", admin, device_id=house.device(entry))
        freezer.tick(timedelta(minutes=1))
        await house.wake()
        assert [o.state for o in await house.orders()] == [State.CONFIRMED]
    await house.settle()
    assert tag not in shown(house.hass)


async def test_a_reminder_says_who_acts(
    house: House, sim: MockConfigEntry, phones: Phones, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2030-01-15T12:00:00+07:00")
    device = house.device(sim)
    await house.call("update_reading", device_id=device, expiry="2030-02-10")
    assert "takes care of it in time" in phones.last["message"]
    assert "https://" not in phones.last["message"]
    await ask(house, sim)
    await house.call("update_reading", device_id=device, expiry="2030-01-20")
    reminders = [m for m in phones.sent if m["data"]["tag"].endswith("_deadline")]
    assert "waits for your yes" in reminders[-1]["message"]


async def test_a_reminder_says_why_nothing_was_bought(
    house: House,
    sim: MockConfigEntry,
    phones: Phones,
    user: Context,
    freezer: FrozenDateTimeFactory,
) -> None:
    freezer.move_to("2030-01-15T12:00:00+07:00")
    await house.hass.services.async_call(
        "switch", "turn_on", {"entity_id": "switch.household_stop_all_spending"}
    )
    device = house.device(sim)
    await house.call("update_reading", device_id=device, expiry="2030-01-20")
    reminders = [m for m in phones.sent if m["data"]["tag"].endswith("_deadline")]
    assert "has not recharged it yet" in reminders[-1]["message"]
    assert "All spending is stopped" in reminders[-1]["message"]


async def test_a_reminder_of_silence_asks_to_use_the_number(
    house: House, phones: Phones, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2030-01-15T12:00:00+00:00")
    house.household(notify=[PHONE])
    sim = house.sim(
        number=GIFFGAFF,
        carrier="giffgaff_gb",
        country="GB",
        currency="GBP",
        time_zone="Europe/London",
        amount="10.00",
        cap_currency="GBP",
    )
    await house.start()
    device = house.device(sim)
    await house.call("update_reading", device_id=device, last_activity="2029-08-10")
    assert "Use the number once" in phones.last["message"]
    await house.call("update_reading", device_id=device, last_activity="2029-07-25")
    freezer.move_to("2030-01-19T12:00:00+00:00")
    await house.wake()
    assert "Please use this number once" in phones.last["message"]
    titles = [action["title"] for action in phones.last["data"]["actions"]]
    assert titles == ["Done", "Skip this time"]


async def test_only_the_newest_reminder_is_told(
    house: House,
    task_sim: MockConfigEntry,
    phones: Phones,
    freezer: FrozenDateTimeFactory,
) -> None:
    freezer.move_to("2030-01-15T12:00:00+07:00")
    phones.broken = {PHONE}
    device = house.device(task_sim)
    await house.call("recharge", device_id=device)
    await house.call("update_reading", device_id=device, expiry="2030-02-10")
    freezer.move_to("2030-02-04T12:00:00+07:00")
    await house.wake()
    phones.broken = set()
    freezer.move_to("2030-02-05T12:00:00+07:00")
    await house.wake()
    reminders = [m for m in phones.sent if "is safe until" in m["message"]]
    reminders = [m for m in reminders if not m["message"].startswith("Please")]
    assert len(reminders) == 1
    assert (
        "5 days left" in reminders[0]["message"] or "6 days" in reminders[0]["message"]
    )
    assert await untold(house) == 0


async def test_a_confirmed_order_is_told_with_its_price(
    house: House,
    sim: MockConfigEntry,
    phones: Phones,
    admin: Context,
    freezer: FrozenDateTimeFactory,
) -> None:
    await house.call("recharge", admin, device_id=house.device(sim))
    freezer.tick(300)
    await house.wake()
    told = [message["message"] for message in phones.sent]
    (confirmed,) = [text for text in told if text.startswith("Recharged: 25000 IDR")]
    assert "days left" in confirmed


async def test_a_rejected_order_is_told_with_the_vendors_code(
    house: House, sim: MockConfigEntry, phones: Phones, admin: Context
) -> None:
    house.vendor.fault("empty_wallet")
    await house.call("recharge", admin, device_id=house.device(sim))
    assert (
        "refused: INSUFFICIENT_BALANCE. No money was spent." in phones.last["message"]
    )
    assert "put right first" in phones.last["message"]


async def test_an_unknown_order_is_told_and_then_given_to_a_person(
    house: House,
    sim: MockConfigEntry,
    phones: Phones,
    admin: Context,
    freezer: FrozenDateTimeFactory,
) -> None:
    house.vendor.fault("lose_answer")
    await house.call("recharge", admin, device_id=house.device(sim))
    assert phones.last["message"].startswith("It is not clear yet")
    house.vendor.fault("status", status=503, times=None, on="any")
    freezer.tick(25 * 3600)
    await house.wake()
    assert phones.last["message"].startswith("Did the recharge of 25000 IDR arrive?")
    order = (await house.orders(State.NEEDS_PERSON))[0]
    for outcome, words in (("rejected", "did not arrive. SIM Keeper asks"),):
        await house.call("resolve", admin, order_id=order.id, outcome=outcome)
        assert words in phones.last["message"]


async def test_a_skipped_recharge_is_told_with_its_reason(
    house: House, sim: MockConfigEntry, phones: Phones
) -> None:
    await events(house, EventType.SKIPPED)
    await house.settle()
    text = phones.last["message"]
    assert text.startswith("A recharge is due, but")
    assert "only 1.00 USD of this month's limit is left" in text


@pytest.mark.parametrize("language", ["en", "zh-Hans", "id"])
async def test_every_told_event_has_words(
    house: House,
    phones: Phones,
    language: str,
    freezer: FrozenDateTimeFactory,
) -> None:
    house.account()
    house.household(notify=[PHONE], language=language)
    house.buying_sim(mode=Mode.ASK.value)
    await house.start()
    made: set[EventType] = set()
    for type_ in sorted(TOLD):
        before = len(phones.sent)
        await _happen(house, type_)
        await house.settle()
        assert len(phones.sent) > before, type_
        written = await house.home.engine.desk.read(Ledger.events_since, 0)
        assert type_ in {event.type for event in written}
        made.add(type_)
        for order in await house.orders(State.ASKED, State.UNKNOWN, State.NEEDS_PERSON):
            await _end(house, order)
    assert made == TOLD
    for message in phones.sent:
        assert "told_" not in message["message"]
        assert "{" not in message["message"]
        assert AXIS.removeprefix("+") not in json.dumps(message)


def _new() -> NewOrder:
    return NewOrder(
        sim=EPOCH,
        origin=Origin.PERSON,
        ceiling=Money(200, "USD"),
        price=Money(190, "USD"),
        value=Money(2500000, "IDR"),
        why={"reason": "restored", "rules": ["low_balance"]},
        account="reloadly:one",
        body={},
    )


async def _happen(house: House, type_: EventType) -> None:
    """Make an event of a type happen in the ledger, the way orders go."""
    desk, now = house.home.engine.desk, house.home.now()
    if type_ is EventType.RESTORED:
        await desk.write(Ledger.note_restored, now)
        return
    if type_ is EventType.THAWED:
        await desk.write(
            Ledger.note_thawed, "damaged", "user:test", now, restored=False
        )
        return
    if type_ in (EventType.WALLET_LOW, EventType.PAYMENT_EXPIRES):
        money = {"low_wallet": "99999", "cap_currency": "USD"}
        expires = {"payment_expires": (date.today() + timedelta(days=5)).isoformat()}
        options = money if type_ is EventType.WALLET_LOW else expires
        (account,) = account_entries(house.hass)
        house.hass.config_entries.async_update_entry(account, options=options)
        return
    if type_ in (EventType.REMINDER, EventType.SKIPPED):
        for reading in typed_readings(Typed(expiry=date(2035, 12, 1)), now):
            await desk.write(Ledger.add_readings, EPOCH, [reading], "user:test", now)
        await events(house, type_)
        return
    if type_ is EventType.UNEXPLAINED_SPENDING:
        await house.balances(*["9000"] * 50, "7000", "7000", until=timedelta(hours=1))
        return
    if type_ is EventType.UNUSUAL_SPENDING:
        # After so many orders nothing unusual can be found.
        await events(house, type_)
        return
    if type_ is EventType.ADOPTED:
        paid = Delivery(cost=Money(190, "USD"), cost_exact=None, reference="7")
        await desk.write(Ledger.adopt, _new(), (), paid, "SKABCDEFGHIJ-001-0", now)
        return
    if type_ is EventType.ASKED:
        await desk.write(Ledger.ask, _new(), "keeper", now)
        return
    await _sent(house, type_)


async def _sent(house: House, type_: EventType) -> None:
    desk, now = house.home.engine.desk, house.home.now()
    hold = Hold(scope="sim:x", period="2026-11", currency="USD", cap=None)
    order, _ = await desk.write(Ledger.bear_sending, _new(), (hold,), 0, now)

    async def move(to: State, event: EventType, **more: Any) -> None:
        closing = Closing(to=to, type=event, **more)
        await desk.write(Ledger.move, order.id, closing, "keeper", now)

    if type_ in (EventType.UNKNOWN, EventType.NEEDS_PERSON):
        await move(
            State.UNKNOWN, EventType.UNKNOWN, quiet=type_ is not EventType.UNKNOWN
        )
        if type_ is EventType.NEEDS_PERSON:
            await move(State.NEEDS_PERSON, EventType.NEEDS_PERSON)
    elif type_ in (EventType.CANCELLED, EventType.EXPIRED):
        await move(State.APPROVED, EventType.NOT_SENT)
        await move(State(type_.value), type_, reason="paused")
    elif type_ is EventType.REJECTED:
        await move(
            State.REJECTED, type_, reason="X", refusal=RefusalClass.LATER, consumed=True
        )
    else:
        cost = Money(500 if type_ is EventType.OVERSHOOT else 190, "USD")
        paid = Delivery(cost=cost, cost_exact=None, reference="7")
        await desk.write(Ledger.confirm, order.id, paid, (), "keeper", now)
        if type_ is EventType.REVERSED:
            await move(State.REVERSED, type_, consumed=True)
        if type_ is EventType.MISMATCH:
            await desk.write(Ledger.set_effect, order.id, None, now)


async def _end(house: House, order: Order) -> None:
    desk, now = house.home.engine.desk, house.home.now()
    asked = order.state is State.ASKED
    closing = Closing(
        to=State.CANCELLED if asked else State.REJECTED,
        type=EventType.CANCELLED if asked else EventType.REJECTED,
        quiet=True,
        consumed=not asked,
    )
    await desk.write(Ledger.move, order.id, closing, "keeper", now)


async def test_an_activity_task_asks_to_use_the_number(
    house: House, task_sim: MockConfigEntry, phones: Phones, admin: Context
) -> None:
    engine = house.home.engine
    why: Any = {"reason": "due", "rules": []}
    await engine.assign(engine.sims[EPOCH], Kind.ACTIVITY, None, why, "automation")
    await house.settle()
    assert "use this number once" in phones.last["message"]
    await phones.tap(house, phones.button(0), admin)
    assert phones.last["message"].startswith("Written down: the number was used.")


async def test_a_message_that_cannot_be_written_does_not_stop_the_rest(
    house: House,
    sim: MockConfigEntry,
    phones: Phones,
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk, now = house.home.engine.desk, house.home.now()
    await desk.write(Ledger.add_event, EventType.REMINDER, EPOCH, {"no": "stage"}, now)
    await house.settle()
    assert phones.last["message"].startswith("Something happened")
    assert await untold(house) == 0
    caplog.clear()


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (State.CANCELLED, "The use of the number was not begun and is cancelled."),
        (State.EXPIRED, "The use of the number could not be begun for a day"),
    ],
)
async def test_a_use_that_was_never_begun_is_told_as_what_it_is(
    house: House, sim: MockConfigEntry, phones: Phones, state: State, text: str
) -> None:
    desk, now = house.home.engine.desk, house.home.now()
    use = replace(_new(), kind=Kind.ACTIVITY, value=None, product="use")
    hold = Hold(scope="sim:x", period="2026-11", currency="USD", cap=None)
    order = await desk.write(Ledger.bear_approved, use, (hold,), "user:test", now)
    closing = Closing(to=state, type=EventType(state.value), reason="paused")
    await desk.write(Ledger.move, order.id, closing, "keeper", now)
    await house.settle()
    assert phones.last["message"].startswith(text)
