"""Who may do what: the table of all doors, and each door as people really come to it."""

from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import timedelta
import sqlite3
from typing import Any

from homeassistant.core import Context
from homeassistant.exceptions import Unauthorized
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.callers import caller_of, translated
from custom_components.sim_keeper.const import DOMAIN
from custom_components.sim_keeper.home import ThawedBy
from custom_components.sim_keeper.keeper.errors import LedgerFault
from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.permissions import (
    AUTOMATION,
    Caller,
    Door,
    may,
)
from custom_components.sim_keeper.thaw_flow import thaw

from .config_flow.builders import AXIS_TOO
from .home_fixtures import House

CALLERS = {
    "admin": Caller(user_id="admin", is_admin=True),
    "user": Caller(user_id="user", is_admin=False),
    "automation": AUTOMATION,
    # Somebody who was removed has no more rights than any user, and is no automation.
    "removed": Caller(user_id="removed", is_admin=False),
    # An add-on, or the cloud, is no person, whatever its user may do in Home Assistant.
    "supervisor": AUTOMATION,
}

EVERYBODY = (True, True, True, True, True)
ADMINS = (True, False, False, False, False)
UNLESS_USER = (True, False, True, False, True)

TABLE: dict[Door, tuple[bool, bool, bool, bool, bool]] = {
    Door.APPROVE: ADMINS,
    Door.CANCEL: EVERYBODY,
    Door.RESOLVE: ADMINS,
    Door.RECORD: EVERYBODY,
    Door.SPEND: UNLESS_USER,
    Door.STOP: EVERYBODY,
    Door.LIFT_STOP: ADMINS,
    Door.PAUSE: EVERYBODY,
    Door.RESUME: ADMINS,
    Door.MODE_UP: ADMINS,
    Door.MODE_DOWN: EVERYBODY,
    Door.THRESHOLD_UP: ADMINS,
    Door.THRESHOLD_DOWN: EVERYBODY,
    Door.READING: EVERYBODY,
    Door.READING_ON_AUTO: ADMINS,
    Door.EXPORT: UNLESS_USER,
    Door.THAW: ADMINS,
}
"""May the administrator, the user, the automation, the removed user, the Supervisor?"""


def test_every_door_stands_in_the_table() -> None:
    assert set(TABLE) == set(Door)


@pytest.mark.parametrize("door", Door)
def test_the_table(door: Door) -> None:
    allowed = tuple(may(door, caller) for caller in CALLERS.values())
    assert allowed == TABLE[door]


# -- The doors as they are ------------------------------------------------------------------

LATER = (dt_util.utcnow() + timedelta(days=400)).date().isoformat()
MUCH_LATER = (dt_util.utcnow() + timedelta(days=500)).date().isoformat()

type Knock = Callable[[Context], Awaitable[object]]


class Place:
    """A home with a SIM that a person recharges and one that buys."""

    def __init__(
        self,
        house: House,
        sim: MockConfigEntry,
        buyer: MockConfigEntry,
        admin: Context,
    ) -> None:
        self.house = house
        self.admin = admin
        self.sim = sim
        self.buyer = buyer

    def action(self, name: str, **data: Any) -> Knock:
        """Return a call of an action of ours."""
        return lambda context: self.house.call(name, context, **data)

    def service(self, name: str, entity_id: str, **data: Any) -> Knock:
        """Return a call of an action of an entity of ours."""
        return lambda context: self.house.hass.services.async_call(
            entity_id.split(".", maxsplit=1)[0],
            name,
            {"entity_id": entity_id, **data},
            blocking=True,
            context=context,
        )

    def entity(self, platform: str, key: str) -> str:
        """Return the id of an entity of the SIM that a person recharges."""
        return self.house.entity(platform, self.sim, key)

    def common(self, platform: str, key: str) -> str:
        """Return the id of an entity of the household."""
        return self.house.entity(platform, self.household(), key)

    def household(self) -> Any:
        """Return the entry of the household."""
        entries = self.house.hass.config_entries.async_entries(DOMAIN)
        return next(e for e in entries if e.data["kind"] == "household")

    async def question(self) -> int:
        """Have an automation ask for a recharge."""
        device = self.house.device(self.buyer)
        return int((await self.house.call("recharge", device_id=device))["order_id"])

    async def options(self, **options: Any) -> None:
        """Change the options of the SIM that a person recharges."""
        entry = self.sim
        self.house.hass.config_entries.async_update_entry(
            entry, options={**entry.options, **options}
        )
        await self.house.settle()


async def approve(place: Place) -> Knock:
    return place.action("approve", order_id=await place.question())


async def tick(place: Place) -> Knock:
    order = await place.question()
    await place.household().runtime_data.async_refresh()
    await place.house.settle()
    to_do = place.common("todo", "to_do")
    return place.service("update_item", to_do, item=str(order), status="completed")


async def cancel(place: Place) -> Knock:
    return place.action("cancel", order_id=await place.question())


async def resolve(place: Place) -> Knock:
    order = await place.question()
    place.house.vendor.fault("lose_answer")
    lost = await place.house.call("approve", place.admin, order_id=order)
    assert lost["state"] == State.UNKNOWN
    return place.action("resolve", order_id=order, outcome="rejected")


async def record(place: Place) -> Knock:
    device = place.house.device(place.sim)
    return place.action("record_recharge", device_id=device, amount="5000")


async def record_days_on_auto(place: Place) -> Knock:
    await place.options(mode="auto")
    device = place.house.device(place.sim)
    return place.action("record_recharge", device_id=device, amount="5000", days=30)


async def already_paid(place: Place) -> Knock:
    device = place.house.device(place.sim)
    return place.action("record_recharge", device_id=device, already_paid=True)


async def already_paid_until_on_auto(place: Place) -> Knock:
    await place.options(mode="auto")
    device = place.house.device(place.sim)
    return place.action(
        "record_recharge", device_id=device, already_paid=True, expiry="2030-01-01"
    )


async def task(place: Place) -> int:
    """Have somebody asked to recharge."""
    device = place.house.device(place.sim)
    return int((await place.house.call("recharge", device_id=device))["order_id"])


async def tick_task(place: Place) -> Knock:
    order = await task(place)
    await place.household().runtime_data.async_refresh()
    to_do = place.common("todo", "to_do")
    return place.service("update_item", to_do, item=str(order), status="completed")


async def skip(place: Place) -> Knock:
    return place.action("skip", order_id=await task(place))


async def delete_task(place: Place) -> Knock:
    order = await task(place)
    await place.household().runtime_data.async_refresh()
    return place.service(
        "remove_item", place.common("todo", "to_do"), item=[str(order)]
    )


async def recharge(place: Place) -> Knock:
    return place.action("recharge", device_id=place.house.device(place.buyer))


async def try_recharge(place: Place) -> Knock:
    device = place.house.device(place.buyer)
    return place.action("recharge", device_id=device, dry_run=True)


async def stop(place: Place) -> Knock:
    return place.service("turn_on", place.common("switch", "stop_all_spending"))


async def lift_stop(place: Place) -> Knock:
    switch = place.common("switch", "stop_all_spending")
    await place.service("turn_on", switch)(Context())
    return place.service("turn_off", switch)


async def mode_up(place: Place) -> Knock:
    await place.options(mode="off")
    mode = place.entity("select", "mode")
    return place.service("select_option", mode, option="remind")


async def mode_down(place: Place) -> Knock:
    mode = place.entity("select", "mode")
    return place.service("select_option", mode, option="off")


async def pause(place: Place) -> Knock:
    device = place.house.device(place.sim)
    return place.action("pause", device_id=device, until=MUCH_LATER)


async def pause_a_rule_for_longer(place: Place) -> Knock:
    await place.options(pauses={"calendar": LATER})
    device = place.house.device(place.sim)
    return place.action("pause", device_id=device, until=MUCH_LATER, rule="calendar")


async def pause_for_less(place: Place) -> Knock:
    await place.options(paused_until=MUCH_LATER)
    device = place.house.device(place.sim)
    return place.action("pause", device_id=device, until=LATER)


async def resume(place: Place) -> Knock:
    await place.options(paused_until=MUCH_LATER)
    return place.action("resume", device_id=place.house.device(place.sim))


async def resume_a_rule(place: Place) -> Knock:
    await place.options(pauses={"calendar": MUCH_LATER})
    device = place.house.device(place.sim)
    return place.action("resume", device_id=device, rule="calendar")


async def threshold_up(place: Place) -> Knock:
    threshold = place.entity("number", "threshold")
    return place.service("set_value", threshold, value=9000)


async def threshold_down(place: Place) -> Knock:
    threshold = place.entity("number", "threshold")
    return place.service("set_value", threshold, value=1000)


async def update_reading(place: Place) -> Knock:
    device = place.house.device(place.sim)
    return place.action("update_reading", device_id=device, balance="9000")


async def update_reading_on_auto(place: Place) -> Knock:
    await place.options(mode="auto")
    return await update_reading(place)


async def mark_active(place: Place) -> Knock:
    return place.action("mark_active", device_id=place.house.device(place.sim))


async def mark_active_on_auto(place: Place) -> Knock:
    await place.options(mode="auto")
    return await mark_active(place)


async def set_balance(place: Place) -> Knock:
    return place.service("set_value", place.entity("number", "balance"), value=9000)


async def set_balance_on_auto(place: Place) -> Knock:
    await place.options(mode="auto")
    return await set_balance(place)


async def set_expiry(place: Place) -> Knock:
    return place.service("set_value", place.entity("date", "expiry"), date="2030-01-01")


async def set_expiry_on_auto(place: Place) -> Knock:
    await place.options(mode="auto")
    return await set_expiry(place)


async def export(place: Place) -> Knock:
    return place.action("get_ledger")


async def frozen_ledger(place: Place, way: ThawedBy) -> Knock:
    """Let the ledger be damaged, and whoever comes decide how it goes on.

    Nobody but an administrator ever sees this form; so the call behind it is made.
    """
    hass, home = place.house.hass, place.house.home
    await home.engine.begin_backup()
    home.engine.end_backup()
    with closing(sqlite3.connect(hass.config.path("sim_keeper.db"))) as conn:
        (rule,) = conn.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'order_moves'"
        ).fetchone()
        conn.execute("DROP TRIGGER order_moves")
        await home.engine.desk.check()
        assert home.engine.desk.fault is LedgerFault.DAMAGED
        if way is ThawedBy.CHECK:
            conn.execute(rule)

    async def knock(context: Context) -> None:
        with translated(context):
            await thaw(hass, way, await caller_of(hass, context))
        assert home.engine.desk.fault is None

    return knock


async def check_again(place: Place) -> Knock:
    return await frozen_ledger(place, ThawedBy.CHECK)


async def use_snapshot(place: Place) -> Knock:
    return await frozen_ledger(place, ThawedBy.SNAPSHOT)


async def begin_anew(place: Place) -> Knock:
    return await frozen_ledger(place, ThawedBy.NEW)


WAYS: list[tuple[Door, Callable[[Place], Awaitable[Knock]]]] = [
    (Door.APPROVE, approve),
    (Door.APPROVE, tick),
    (Door.CANCEL, cancel),
    (Door.RESOLVE, resolve),
    (Door.CANCEL, skip),
    (Door.CANCEL, delete_task),
    (Door.RECORD, record),
    (Door.RECORD, already_paid),
    (Door.RECORD, tick_task),
    (Door.READING_ON_AUTO, already_paid_until_on_auto),
    (Door.READING_ON_AUTO, record_days_on_auto),
    (Door.SPEND, recharge),
    (Door.SPEND, try_recharge),
    (Door.STOP, stop),
    (Door.LIFT_STOP, lift_stop),
    (Door.MODE_UP, mode_up),
    (Door.MODE_DOWN, mode_down),
    (Door.PAUSE, pause),
    (Door.PAUSE, pause_a_rule_for_longer),
    (Door.RESUME, pause_for_less),
    (Door.RESUME, resume),
    (Door.RESUME, resume_a_rule),
    (Door.THRESHOLD_UP, threshold_up),
    (Door.THRESHOLD_DOWN, threshold_down),
    (Door.READING, update_reading),
    (Door.READING_ON_AUTO, update_reading_on_auto),
    (Door.READING, mark_active),
    (Door.READING_ON_AUTO, mark_active_on_auto),
    (Door.READING, set_balance),
    (Door.READING_ON_AUTO, set_balance_on_auto),
    (Door.READING, set_expiry),
    (Door.READING_ON_AUTO, set_expiry_on_auto),
    (Door.EXPORT, export),
    (Door.THAW, check_again),
    (Door.THAW, use_snapshot),
    (Door.THAW, begin_anew),
]
"""Every way in. A new action or entity that changes anything belongs here."""

THROUGH_ENTITIES = {
    *(tick_task, delete_task),
    *(tick, stop, lift_stop, mode_up, mode_down, threshold_up, threshold_down),
    *(set_balance, set_balance_on_auto, set_expiry, set_expiry_on_auto),
}


def test_every_door_has_a_way_in() -> None:
    assert {door for door, _ in WAYS} == set(Door)


@pytest.fixture
async def place(house: House, admin: Context) -> Place:
    house.account()
    sim = house.sim(low_balance="5000.00")
    buyer = house.buying_sim(number=AXIS_TOO, epoch="KLMNOPQRST", title="Buyer")
    await house.start()
    return Place(house, sim, buyer, admin)


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize(("door", "way"), WAYS, ids=[way.__name__ for _, way in WAYS])
async def test_the_way_in(
    place: Place,
    callers: Callable[[str], Context],
    door: Door,
    way: Callable[[Place], Awaitable[Knock]],
    who: str,
) -> None:
    allowed = dict(zip(CALLERS, TABLE[door], strict=True))[who]
    if who == "removed" and way in THROUGH_ENTITIES:
        allowed = False  # Home Assistant itself turns away a user that is gone.
    knock = await way(place)
    await place.house.settle()
    before, bought = await _state(place), place.house.vendor.bought
    if allowed:
        await knock(callers(who))
        await place.house.settle()
        return
    with pytest.raises(Unauthorized):
        await knock(callers(who))
    await place.house.settle()
    assert await _state(place) == before
    assert place.house.vendor.bought == bought


async def _state(place: Place) -> object:
    newest = await place.house.home.engine.desk.read(Ledger.last_event)
    return newest, dict(place.sim.options), dict(place.buyer.options)
