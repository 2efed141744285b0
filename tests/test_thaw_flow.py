"""The repair of a frozen ledger, from what was found to a home that works again."""

from contextlib import closing
from pathlib import Path
import re
import sqlite3
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import persistent_notification
from homeassistant.core import Context
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.const import DOMAIN
from custom_components.sim_keeper.keeper.errors import LedgerFault
from custom_components.sim_keeper.keeper.ledger import EventType, Ledger, file
from custom_components.sim_keeper.keeper.ledger.schema import VERSION
from custom_components.sim_keeper.keeper.orders import Order, State
from custom_components.sim_keeper.keeper.ports import Json
from custom_components.sim_keeper.repairs import async_create_fix_flow

from .config_flow.builders import AXIS, EPOCH, TEXTS
from .home_fixtures import House
from .test_notify import PHONE, Phones, phones
from .test_repairs import Answering, answering, issues

__all__ = ["answering", "phones"]

DAMAGED, MISSING = "ledger_frozen_damaged", "ledger_frozen_missing"


class Found:
    """A home whose ledger had a life before it came to harm."""

    def __init__(self, house: House) -> None:
        self.house = house

    @property
    def path(self) -> Path:
        """Where the ledger lies."""
        return Path(self.house.hass.config.path("sim_keeper.db"))

    @property
    def fault(self) -> LedgerFault | None:
        """Why nothing is bought."""
        return self.house.home.engine.desk.fault

    @property
    def names(self) -> set[str]:
        """What lies beside the ledger, without the date."""
        found = self.path.parent.glob(f"{self.path.name}*")
        return {re.sub(r"\d{8}T\d{6}Z", "*", one.name) for one in found}

    def write(self, content: str | None) -> None:
        """Put something else where the ledger was, or nothing."""
        if content is None:
            self.path.unlink()
        else:
            self.path.write_text(content)

    async def back_up(self) -> None:
        """Make the copy that is made before a backup."""
        await self.house.home.engine.begin_backup()
        self.house.home.engine.end_backup()

    async def weaken(self) -> bytes:
        """Damage the ledger so that the daily check finds it; return it as it was."""
        before = self.path.read_bytes()
        with closing(sqlite3.connect(self.path)) as conn:
            conn.execute("DROP TRIGGER order_moves")
        await self.house.home.engine.desk.check()
        await self.house.settle()
        return before

    async def types(self) -> list[EventType]:
        """Return what happened, in order."""
        events = await self.house.home.engine.desk.read(Ledger.events_since, 0)
        return [event.type for event in events]


@pytest.fixture
async def found(house: House, answering: Answering) -> Found:
    """Return a home that never had a ledger."""
    return Found(house)


@pytest.fixture
async def sim(found: Found) -> MockConfigEntry:
    """Return a SIM that buys by itself, in a home that works."""
    found.house.account()
    entry = found.house.buying_sim(mode="auto")
    await found.house.start()
    return entry


def check_words(result: dict[str, Any], issue_id: str) -> None:
    """Check that a screen has all its words, and they have what they need."""
    step = TEXTS["issues"][issue_id]["fix_flow"]["step"][result["step_id"]]
    given = result["description_placeholders"] or {}
    assert set(
        re.findall(r"{(\w+)}", " ".join([step["title"], step["description"]]))
    ) <= set(given)
    assert set(result.get("menu_options") or ()) <= set(step.get("menu_options", {}))
    if result["type"] == "form":
        fields = {field["name"] for field in result["data_schema"]}
        assert fields == set(step.get("data", {}))
    assert "ledger_found" not in str(given)
    assert AXIS.removeprefix("+") not in str(given)


def shown(house: House) -> dict[str, Any]:
    """Return what stands on the screen of Home Assistant, by id."""
    return dict(persistent_notification._async_get_or_create_notifications(house.hass))


async def open_repair(answering: Answering, issue_id: str = DAMAGED) -> dict[str, Any]:
    """Open the repair and check its words."""
    menu = await answering.open(issue_id)
    assert menu["type"] == "menu"
    check_words(menu, issue_id)
    return menu


async def choose(
    answering: Answering, option: str, issue_id: str = DAMAGED
) -> dict[str, Any]:
    """Choose what is to be done, and confirm it."""
    await open_repair(answering, issue_id)
    result = await answering.choose(option)
    if result["type"] == "form":
        check_words(result, issue_id)
        result = await answering.type(
            **({"understood": True} if option == "new" else {})
        )
    return result


async def delivered(house: House, freezer: FrozenDateTimeFactory) -> Order:
    """Wait until the vendor says that the only order on its way was delivered."""
    freezer.tick(60)
    await house.wake()
    (order,) = await house.orders(State.CONFIRMED)
    return order


async def buys_after_a_yes(
    found: Found, answering: Answering, freezer: FrozenDateTimeFactory, key: str
) -> None:
    """Check that what would go by itself is asked first, and bought once after a yes."""
    house = found.house
    bought = house.vendor.bought
    (order,) = await house.orders(State.ASKED)
    assert order.why["reason"] == "restored"
    assert f"question_{order.id}" in issues(house.hass)
    await answering.open(f"question_{order.id}")
    assert (await answering.choose("approve"))["type"] == "create_entry"
    await house.settle()
    assert house.vendor.bought == bought + 1
    order = await delivered(house, freezer)
    attempt = await house.home.engine.desk.read(Ledger.attempt, order.id)
    assert attempt.key == key


# -- What is said -----------------------------------------------------------------------------


async def test_a_file_that_is_gone_without_a_copy(
    found: Found, sim: MockConfigEntry, answering: Answering
) -> None:
    found.path.unlink()
    await found.house.home.engine.desk.check()
    await found.house.settle()
    menu = await open_repair(answering)
    assert menu["menu_options"] == ["check", "new"]
    text = menu["description_placeholders"]["found"]
    assert text == "The file is not there. There is no copy made before a backup."


async def test_a_file_that_can_be_read_and_a_sound_copy(
    found: Found,
    sim: MockConfigEntry,
    admin: Context,
    answering: Answering,
    freezer: FrozenDateTimeFactory,
) -> None:
    house = found.house
    await house.call("recharge", admin, device_id=house.device(sim))
    await delivered(house, freezer)
    await found.back_up()
    house.vendor.fault("lose_answer")
    await house.call("recharge", admin, device_id=house.device(sim), another=True)
    await found.weaken()
    menu = await open_repair(answering)
    assert menu["menu_options"] == ["check", "snapshot", "new"]
    text = menu["description_placeholders"]["found"]
    assert "2 orders, 1 of them on their way" in text
    assert "is sound: it knows 1 orders" in text


async def test_a_file_and_a_copy_that_are_both_damaged(
    found: Found, sim: MockConfigEntry, answering: Answering
) -> None:
    await found.back_up()
    await found.weaken()
    for path in (found.path, file.snapshot_path(found.path)):
        path.write_text("no ledger at all")
    menu = await open_repair(answering)
    assert menu["menu_options"] == ["check", "new"]
    text = menu["description_placeholders"]["found"]
    assert text.startswith("The file can no longer be read.")
    assert text.endswith("but it is damaged too.")


async def test_a_newer_file_is_only_checked_again(
    found: Found, answering: Answering
) -> None:
    Ledger.open(
        found.path, expected=False, fresh_uuid="x", now=dt_util.utcnow()
    ).close()
    with closing(sqlite3.connect(found.path)) as conn:
        conn.execute(f"PRAGMA user_version = {VERSION + 1}")
    found.house.sim()
    await found.house.start()
    issue_id = "ledger_frozen_newer"
    assert (await open_repair(answering, issue_id))["menu_options"] == ["check"]
    result = await answering.choose("check")
    assert (result["type"], result["reason"]) == ("abort", "failed")
    assert "newer" in result["description_placeholders"]["error"]
    assert found.fault is LedgerFault.NEWER


# -- Check again ------------------------------------------------------------------------------


async def test_a_file_that_was_put_back_is_used_at_once(
    found: Found,
    sim: MockConfigEntry,
    answering: Answering,
    freezer: FrozenDateTimeFactory,
) -> None:
    house = found.house
    sound = await found.weaken()
    assert set(issues(house.hass)) == {DAMAGED}
    assert "sim_keeper_frozen" in shown(house)
    found.path.write_bytes(sound)
    assert (await choose(answering, "check"))["type"] == "create_entry"
    await house.settle()
    assert found.fault is None
    assert issues(house.hass) == {}
    assert shown(house)["sim_keeper_frozen"]["message"].startswith(
        "The ledger can be used again"
    )
    assert (await found.types()).count(EventType.THAWED) == 1
    assert await house.home.engine.desk.read(Ledger.untold) == []
    await house.low_balance()
    assert house.vendor.bought == 1
    await delivered(house, freezer)


async def test_a_file_that_is_still_damaged_stays_frozen(
    found: Found, sim: MockConfigEntry, answering: Answering
) -> None:
    house = found.house
    await found.weaken()
    persistent_notification.async_dismiss(house.hass, "sim_keeper_frozen")
    result = await choose(answering, "check")
    assert (result["type"], result["reason"]) == ("abort", "failed")
    await house.settle()
    assert found.fault is LedgerFault.DAMAGED
    assert set(issues(house.hass)) == {DAMAGED}
    assert shown(house) == {}, "told twice"
    assert not await house.orders()


async def test_another_fault_is_another_repair(
    found: Found, sim: MockConfigEntry, answering: Answering
) -> None:
    await found.weaken()
    found.path.unlink()
    await choose(answering, "check")
    await found.house.settle()
    assert found.fault is LedgerFault.MISSING
    assert set(issues(found.house.hass)) == {MISSING}


async def test_after_an_error_of_the_disk_a_restart_is_asked_for(
    found: Found, sim: MockConfigEntry, answering: Answering
) -> None:
    house = found.house
    sound = await found.weaken()
    found.path.write_bytes(sound)
    house.home.engine.desk.needs_restart = True
    menu = await open_repair(answering)
    assert "restart Home Assistant" in menu["description_placeholders"]["found"]
    result = await answering.choose("check")
    assert (result["type"], result["reason"]) == ("abort", "failed")
    assert "Restart" in result["description_placeholders"]["error"]
    assert found.fault is LedgerFault.DAMAGED


# -- The copy ---------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [None, "no ledger at all"])
async def test_the_copy_takes_the_place(
    found: Found,
    sim: MockConfigEntry,
    answering: Answering,
    freezer: FrozenDateTimeFactory,
    content: str | None,
) -> None:
    house = found.house
    await found.back_up()
    await found.weaken()
    found.write(content)
    assert (await choose(answering, "snapshot"))["type"] == "create_entry"
    await house.settle()
    assert found.fault is None
    aside = set() if content is None else {"sim_keeper.db.damaged-*"}
    assert found.names == {
        *("sim_keeper.db", "sim_keeper.db.snapshot", "sim_keeper.db.witness.log"),
        *aside,
    }
    assert set(issues(house.hass)) == {"restored"}
    assert "sim_keeper_frozen" not in shown(house)
    assert (
        "the copy made before the last backup"
        in shown(house)["sim_keeper_restored"]["message"]
    )
    assert sim.data["epoch"] == EPOCH
    await house.low_balance()
    await buys_after_a_yes(found, answering, freezer, f"SK{EPOCH}-001-0")
    assert issues(house.hass) == {}


async def test_a_purchase_that_the_copy_does_not_know_is_found(
    found: Found,
    sim: MockConfigEntry,
    admin: Context,
    answering: Answering,
    freezer: FrozenDateTimeFactory,
) -> None:
    house = found.house
    await found.back_up()
    await house.call("recharge", admin, device_id=house.device(sim))
    await delivered(house, freezer)
    assert house.vendor.bought == 1
    await found.weaken()
    await choose(answering, "snapshot")
    await house.settle()
    await house.low_balance()
    (order,) = await house.orders(State.ASKED)
    await answering.open(f"question_{order.id}")
    result = await answering.choose("approve")
    assert (result["type"], result["reason"]) == ("abort", "failed")
    assert house.vendor.bought == 1
    assert EventType.ADOPTED in await found.types()


@pytest.mark.parametrize("option", ["snapshot", "new"])
@pytest.mark.parametrize("fault", [DAMAGED, MISSING])
async def test_a_home_that_starts_frozen_works_afterwards(
    found: Found,
    answering: Answering,
    freezer: FrozenDateTimeFactory,
    fault: str,
    option: str,
) -> None:
    house = found.house
    now = dt_util.utcnow()
    ledger = Ledger.open(found.path, expected=False, fresh_uuid="x", now=now)
    ledger.add_event(EventType.DAY, None, {}, now)
    ledger.snapshot()
    ledger.close()
    found.write("no ledger at all" if fault is DAMAGED else None)
    house.account()
    sim = house.buying_sim(mode="auto")
    await house.start()
    assert set(issues(house.hass)) == {fault}
    assert (await choose(answering, option, fault))["type"] == "create_entry"
    await house.settle()
    epoch = sim.data["epoch"]
    assert (epoch == EPOCH) is (option == "snapshot")
    state = house.hass.states.get(house.entity("sensor", sim, "stage"))
    assert state is not None
    assert state.state != "unavailable"
    await house.low_balance(epoch)
    assert house.vendor.bought == 0
    await buys_after_a_yes(found, answering, freezer, f"SK{epoch}-001-0")
    assert issues(house.hass) == {}


# -- A new ledger -----------------------------------------------------------------------------


@pytest.mark.parametrize("content", [None, "no ledger at all"])
async def test_a_new_ledger_asks_for_everything(
    found: Found,
    sim: MockConfigEntry,
    admin: Context,
    answering: Answering,
    freezer: FrozenDateTimeFactory,
    content: str | None,
) -> None:
    house = found.house
    house.vendor.fault("lose_answer")
    await house.call("recharge", admin, device_id=house.device(sim))
    assert house.vendor.bought == 1
    await found.weaken()
    found.write(content)
    assert (await choose(answering, "new"))["type"] == "create_entry"
    await house.settle()
    assert found.fault is None
    # The key under which it was bought is never used again.
    epoch = sim.data["epoch"]
    assert epoch != EPOCH
    assert set(house.home.engine.sims) == {epoch}
    assert set(issues(house.hass)) == {"restored"}
    assert "empty one" in shown(house)["sim_keeper_restored"]["message"]
    await house.wake()
    assert house.vendor.bought == 1
    await house.low_balance(epoch)
    assert house.vendor.bought == 1
    await buys_after_a_yes(found, answering, freezer, f"SK{epoch}-001-0")


async def test_a_new_ledger_needs_to_be_understood(
    found: Found, sim: MockConfigEntry, answering: Answering
) -> None:
    await found.weaken()
    before = found.path.read_bytes()
    await open_repair(answering)
    await answering.choose("new")
    result = await answering.type(understood=False)
    assert result["type"] == "form"
    assert result["errors"] == {"understood": "not_understood"}
    check_words(result, DAMAGED)
    assert found.path.read_bytes() == before


async def test_a_home_that_died_before_its_sims_had_new_keys_draws_them_at_the_start(
    found: Found, sim: MockConfigEntry, answering: Answering
) -> None:
    house = found.house
    await found.weaken()
    await choose(answering, "new")
    await house.settle()
    # What stood in the entry was not yet on the disk.
    house.hass.config_entries.async_update_entry(sim, data={**sim.data, "epoch": EPOCH})
    await house.settle()
    assert sim.data["epoch"] != EPOCH
    assert set(house.home.engine.sims) == {sim.data["epoch"]}


# -- Who, and when ----------------------------------------------------------------------------


async def test_without_an_administrator_nothing_is_done(
    found: Found, sim: MockConfigEntry
) -> None:
    house = found.house
    await found.back_up()
    await found.weaken()
    # A flow that another integration drives has no request, and so no user.
    flow: Any = await async_create_fix_flow(house.hass, DAMAGED, None)
    flow.hass, flow.context, flow.handler = house.hass, {"issue_id": DAMAGED}, DOMAIN
    for result in (
        await flow.async_step_check(),
        await flow.async_step_snapshot({}),
        await flow.async_step_new({"understood": True}),
    ):
        assert (result["type"], result["reason"]) == ("abort", "not_allowed")
    assert found.fault is LedgerFault.DAMAGED


async def test_a_repair_that_is_done_elsewhere_says_so(
    found: Found, sim: MockConfigEntry, answering: Answering
) -> None:
    sound = await found.weaken()
    found.path.write_bytes(sound)
    await open_repair(answering)
    other = Answering(answering.connect)
    await choose(other, "check")
    result = await answering.choose("check")
    assert (result["type"], result["reason"]) == ("abort", "failed")
    assert "nothing to do" in result["description_placeholders"]["error"]
    flow: Any = await async_create_fix_flow(found.house.hass, DAMAGED, None)
    flow.hass, flow.context, flow.handler = found.house.hass, {}, DOMAIN
    result = await flow.async_step_init()
    assert (result["type"], result["reason"]) == ("abort", "works_again")


async def test_a_question_of_before_is_not_answered_in_another_ledger(
    found: Found, answering: Answering
) -> None:
    house = found.house
    house.account()
    sim = house.buying_sim()
    await house.start()
    answer = await house.call("recharge", device_id=house.device(sim))
    await found.back_up()
    await answering.open(f"question_{answer['order_id']}")
    await found.weaken()
    await choose(Answering(answering.connect), "snapshot")
    result = await answering.choose("approve")
    assert (result["type"], result["reason"]) == ("abort", "failed")
    assert "replaced" in result["description_placeholders"]["error"]
    assert house.vendor.bought == 0


async def test_a_button_of_before_does_nothing_in_another_ledger(
    found: Found, answering: Answering, phones: Phones, admin: Context
) -> None:
    house = found.house
    house.account()
    house.household(notify=[PHONE])
    sim = house.buying_sim()
    await house.start()
    await house.call("recharge", device_id=house.device(sim))
    approve = phones.button(0)
    await found.back_up()
    await found.weaken()
    await choose(answering, "snapshot")
    await house.settle()
    assert [order.state for order in await house.orders()] == [State.ASKED]
    await phones.tap(house, approve, admin)
    assert house.vendor.bought == 0
    assert "no longer" in phones.last["message"]


async def test_what_happens_in_another_ledger_is_told_although_its_numbers_are_known(
    found: Found, sim: MockConfigEntry, answering: Answering
) -> None:
    house, desk = found.house, found.house.home.engine.desk
    await found.back_up()
    for cycle in range(5):
        details: dict[str, Json] = {"cycle": cycle, "reason": "no_amount"}
        now = house.home.now()
        await desk.write(Ledger.add_event, EventType.SKIPPED, EPOCH, details, now)
    await house.settle()
    assert await desk.read(Ledger.untold) == []
    told_until = await desk.read(Ledger.last_event)
    await found.weaken()
    await choose(answering, "snapshot")
    await house.settle()
    events = await house.home.engine.desk.read(Ledger.events_since, 0)
    (restored,) = (one.seq for one in events if one.type is EventType.RESTORED)
    assert restored <= told_until
    assert "sim_keeper_restored" in shown(house)
