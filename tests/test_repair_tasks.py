"""The repair of a recharge that a person does: a form that notes what was really paid."""

import asyncio
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.const import DOMAIN
from custom_components.sim_keeper.keeper.errors import LedgerBroken, LedgerFault
from custom_components.sim_keeper.keeper.ledger import EventType, Ledger
from custom_components.sim_keeper.keeper.orders import Order, State
from custom_components.sim_keeper.repairs import async_create_fix_flow

from .config_flow.builders import AXIS, AXIS_TOO, EPOCH, TEXTS
from .home_fixtures import House
from .test_repairs import Answering, answering, issues

__all__ = ["answering"]

NOW = "2026-11-20T18:00:00+00:00"
"""In Jakarta it is already the next day."""
YESTERDAY, TODAY, TOMORROW = "2026-11-20", "2026-11-21", "2026-11-22"
WORDS = TEXTS["issues"]["task"]["fix_flow"]
GIFFGAFF = {
    "number": "+447400123456",
    "country": "GB",
    "carrier": "giffgaff_gb",
    "currency": "GBP",
    "time_zone": "Europe/London",
    "epoch": "GIFFGAFFAA",
    "amount": "10.00",
    "cap_currency": "GBP",
    "title": "Bank codes",
    "days_before": 200,
    "first_readings": {"at": NOW, "last_activity": "2026-11-01"},
}


@pytest.fixture(autouse=True)
def clock(freezer: FrozenDateTimeFactory) -> None:
    """Let the clock stand before anybody logs in."""
    freezer.move_to(NOW)


def expiring_sim(house: House, **changes: Any) -> MockConfigEntry:
    """Add a SIM whose rule wants a recharge by hand."""
    readings = {"at": NOW, "balance": "12000", "expiry": "2026-12-11"}
    return house.sim(**{"first_readings": readings, "days_before": 30, **changes})


async def expiry(house: House) -> str | None:
    """Return until when the ledger believes the number to be valid."""
    reading = (await house.home.engine.desk.read(Ledger.readings, EPOCH)).expiry
    return None if reading is None else reading.day.isoformat()


async def last(house: House) -> Order:
    """Return the newest order."""
    return (await house.orders())[-1]


class Form:
    """The form of a task as the frontend shows it."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.way = ""

    async def open(self, issue_id: str = "task_1", way: str = "paid") -> None:
        """Open it, choose what became of the task, and check that it has all its words."""
        menu = await self.answering.open(issue_id)
        assert (menu["type"], menu["step_id"]) == ("menu", "init")
        assert menu["menu_options"] == list(WORDS["step"]["init"]["menu_options"])
        self._check_words(WORDS["step"]["init"])
        self.way = way
        await self.answering.choose(way)
        self.check()

    async def send(self, **typed: Any) -> dict[str, Any]:
        """Send it as it is filled in, with some changes."""
        values = {**self.filled, **typed}
        result = await self.answering.type(**values)
        if result["type"] == "form":
            self.check()
            assert self.filled == values
        return result

    def check(self) -> None:
        """Check that everything has words, and they have what they need."""
        result = self.answering.result
        assert (result["type"], result["step_id"]) == ("form", self.way), result
        step = WORDS["step"][self.way]
        fields = {field["name"] for field in result["data_schema"]}
        assert (
            fields == set(step.get("data", ())) == set(step.get("data_description", ()))
        )
        errors = [WORDS["error"][key] for key in (result["errors"] or {}).values()]
        self._check_words(step, *errors)

    def _check_words(self, step: dict[str, Any], *errors: str) -> None:
        shown = " ".join([step["title"], step["description"], *errors])
        given = self.answering.result["description_placeholders"]
        assert set(re.findall(r"{(\w+)}", shown)) <= set(given)

    @property
    def filled(self) -> dict[str, Any]:
        """What is filled in."""
        return {
            field["name"]: (field.get("description") or {}).get(
                "suggested_value", field.get("default")
            )
            for field in self.answering.result["data_schema"]
            if "default" in field
            or "suggested_value" in (field.get("description") or {})
        }


@pytest.fixture
async def sim(house: House, answering: Answering) -> MockConfigEntry:
    entry = expiring_sim(house)
    await house.start()
    await house.wake()
    return entry


@pytest.fixture
def form(answering: Answering) -> Form:
    return Form(answering)


# -- The issue ------------------------------------------------------------------------------


async def test_the_issue_says_what_to_do(
    house: House, sim: MockConfigEntry, form: Form
) -> None:
    issue = issues(house.hass)["task_1"]
    assert (issue.translation_key, issue.is_fixable) == ("task", True)
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issue.data == {"order_id": 1}
    assert issue.translation_placeholders == {
        "name": sim.title,
        "amount": "5000 IDR",
        "deadline": "2026-12-11",
        "url": "https://www.axis.co.id/",
        "app": "https://play.google.com/store/apps/details?id=com.axis.net",
        "ussd": "\\*123\\#",
    }
    assert AXIS[3:] not in str(issue)
    await form.open()
    shown = form.answering.result
    assert shown["description_placeholders"] == issue.translation_placeholders
    assert form.filled == {"amount": "5000", "day": TODAY}
    amount = shown["data_schema"][0]["selector"]["text"]
    assert amount["suffix"] == "IDR"


async def test_what_is_not_known_is_left_open(
    house: House, answering: Answering, form: Form, admin: Context
) -> None:
    rule = {"model": "topup_window", "topup_url": None}
    entry = house.sim(amount=None, overrides=rule)
    await house.start()
    await house.call("recharge", admin, device_id=house.device(entry))
    shown = issues(house.hass)["task_1"].translation_placeholders or {}
    assert (shown["amount"], shown["deadline"], shown["url"]) == ("–", "–", "–")
    await form.open()
    assert form.filled == {"day": TODAY}
    await form.send(amount="")
    assert form.answering.result["errors"] == {"amount": "required"}


async def test_using_a_number_is_no_repair(house: House) -> None:
    house.sim(**GIFFGAFF)
    await house.start()
    await house.wake()
    assert [order.state for order in await house.orders()] == [State.ASKED]
    assert issues(house.hass) == {}


async def test_ticking_the_to_do_removes_the_issue(
    house: House, sim: MockConfigEntry, form: Form, admin: Context
) -> None:
    await form.open()
    entries = house.hass.config_entries.async_entries(DOMAIN)
    household: Any = next(e for e in entries if e.data["kind"] == "household")
    await household.runtime_data.async_refresh()
    await house.settle()
    await house.hass.services.async_call(
        "todo",
        "update_item",
        {
            "entity_id": house.entity("todo", household, "to_do"),
            "item": "1",
            "status": "completed",
        },
        blocking=True,
        context=admin,
    )
    await house.settle()
    assert issues(house.hass) == {}
    # Whoever has the form still open is told, and nothing is noted twice.
    answer = await form.send(amount="7000")
    assert (answer["type"], answer["reason"]) == ("abort", "gone")
    assert "gone" in WORDS["abort"]
    (order,) = await house.orders()
    assert str(order.cost) == "5000.00 IDR"


async def test_cancelling_removes_the_issue(
    house: House, sim: MockConfigEntry, form: Form, admin: Context
) -> None:
    await form.open()
    await house.call("cancel", admin, device_id=house.device(sim))
    assert issues(house.hass) == {}
    assert (await form.send())["reason"] == "gone"
    assert [order.state for order in await house.orders()] == [State.DECLINED]


async def test_a_dismissal_hides_one_task_only(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    expiring_sim(house, number=AXIS_TOO, epoch="KLMNOPQRST", title="Other")
    await house.hass.config_entries.async_setup(
        house.hass.config_entries.async_entries(DOMAIN)[-1].entry_id
    )
    await house.wake()
    assert set(issues(house.hass)) == {"task_1", "task_2"}
    ir.async_ignore_issue(house.hass, DOMAIN, "task_1", ignore=True)
    # What happens meanwhile does not bring it back.
    await house.hass.config_entries.async_reload(sim.entry_id)
    await house.settle()
    found = issues(house.hass)
    assert found["task_1"].dismissed_version is not None
    assert found["task_2"].dismissed_version is None
    device = house.device(sim)
    await house.call("cancel", admin, device_id=device)
    await house.call("recharge", admin, device_id=device, another=True)
    found = issues(house.hass)
    assert set(found) == {"task_2", "task_3"}
    assert found["task_3"].dismissed_version is None


# -- Noting it ------------------------------------------------------------------------------


async def test_noting_what_was_really_paid(
    house: House, sim: MockConfigEntry, form: Form, admin: Context
) -> None:
    await form.open()
    answer = await form.send(
        amount=" 25000 ",
        day=YESTERDAY,
        days=30,
        where="shop",
        receipt="R-17",
        note="paid cash",
    )
    assert answer["type"] == "create_entry"
    await house.settle()
    (order,) = await house.orders()
    assert (order.id, order.state) == (1, State.CONFIRMED)
    assert str(order.cost) == "25000.00 IDR"
    assert order.happened_on is not None
    assert order.happened_on.isoformat() == YESTERDAY
    assert (order.days, order.place, order.receipt, order.note) == (
        *(30, "shop", "R-17"),
        "paid cash",
    )
    assert await expiry(house) > "2026-12-11"  # type: ignore[operator]
    assert issues(house.hass) == {}
    confirmed = await house.home.engine.desk.read(
        Ledger.newest_event, EventType.CONFIRMED, EPOCH
    )
    assert confirmed is not None
    assert confirmed.actor == f"user:{admin.user_id}"


async def test_noting_the_new_date(
    house: House, sim: MockConfigEntry, form: Form
) -> None:
    await form.open()
    assert (await form.send(expiry="2027-02-03"))["type"] == "create_entry"
    await house.settle()
    order = await last(house)
    assert (str(order.cost), order.days) == ("5000.00 IDR", None)
    assert await expiry(house) == "2027-02-03"
    assert issues(house.hass) == {}


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"amount": "five"}, {"amount": "amount_not_a_number"}),
        ({"amount": "5.000,00"}, {"amount": "amount_not_a_number"}),
        ({"amount": " "}, {"amount": "required"}),
        ({"amount": "0"}, {"amount": "amount_not_positive"}),
        ({"amount": "-5000"}, {"amount": "amount_not_positive"}),
        ({"amount": "5000.001"}, {"amount": "amount_too_precise"}),
        ({"amount": "9" * 15}, {"amount": "amount_too_large"}),
        ({"day": TOMORROW}, {"day": "day_in_future"}),
        ({"day": "2006-11-20"}, {"day": "date_too_far"}),
        ({"days": 30, "expiry": "2027-01-01"}, {"expiry": "days_or_expiry"}),
        ({"days": 0}, {"days": "days_invalid"}),
        ({"days": 1.5}, {"days": "days_invalid"}),
        ({"days": 1e300}, {"days": "days_invalid"}),
        ({"expiry": "2062-01-01"}, {"expiry": "date_too_far"}),
        ({"expiry": YESTERDAY}, {"expiry": "expiry_before_day"}),
        ({"where": "x" * 129}, {"where": "too_long"}),
        ({"receipt": "x" * 129}, {"receipt": "too_long"}),
        ({"note": "x" * 513}, {"note": "too_long"}),
        (
            {"amount": "x", "day": TOMORROW, "days": -1},
            {
                "amount": "amount_not_a_number",
                "day": "day_in_future",
                "days": "days_invalid",
            },
        ),
    ],
)
async def test_what_is_wrong_stands_at_its_field(
    house: House,
    sim: MockConfigEntry,
    form: Form,
    typed: dict[str, Any],
    errors: dict[str, str],
) -> None:
    await form.open()
    kept = {"amount": "7500", "receipt": "R-17", "note": "paid cash"}
    answer = await form.send(**{**kept, **typed})  # It checks that all is kept.
    assert answer["errors"] == errors
    assert (await last(house)).state is State.ASKED
    assert await expiry(house) == "2026-12-11"
    assert "task_1" in issues(house.hass)
    # What was wrong can be put right in the same form.
    right: dict[str, Any] = {"amount": "7500", "day": TODAY, "receipt": "R-18"}
    assert (await form.answering.type(**right))["type"] == "create_entry"
    assert (await last(house)).receipt == "R-18"


async def test_the_same_recharge_is_not_noted_twice(
    house: House, sim: MockConfigEntry, form: Form, admin: Context
) -> None:
    device = house.device(sim)
    await house.call("record_recharge", admin, device_id=device, amount=5000)
    await house.call("recharge", admin, device_id=device, another=True)
    await form.open("task_2")
    answer = await form.send(days=7)
    assert answer["errors"] == {"receipt": "already_recorded"}
    assert (await last(house)).state is State.ASKED
    assert (await form.send(receipt="the second"))["type"] == "create_entry"
    assert [o.state for o in await house.orders()] == [State.CONFIRMED] * 2


async def test_two_who_send_the_same_at_once(
    house: House, sim: MockConfigEntry
) -> None:
    engine = house.home.engine
    async with engine.lock(EPOCH):
        both = asyncio.gather(
            note_without_a_person(house, amount="6000"),
            note_without_a_person(house, amount="7000"),
        )
        # The ledger answers in turn: after these, both have seen the task open.
        for _ in range(20):
            await engine.desk.read(Ledger.order, 1)
            await asyncio.sleep(0)
    results = sorted(await both, key=lambda result: str(result["type"]))
    assert [result["type"] for result in results] == ["create_entry", "form"]
    assert results[1]["errors"] == {"base": "failed"}
    assert [o.state for o in await house.orders()] == [State.CONFIRMED]


async def test_what_the_ledger_forbids_keeps_the_form(
    house: House,
    sim: MockConfigEntry,
    form: Form,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await form.open()

    def full(*_: object) -> None:
        raise LedgerBroken(LedgerFault.UNWRITABLE, "disk full")

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "confirm_paid", full)
        answer = await form.send(receipt="R-17")
    assert answer["errors"] == {"base": "failed"}
    assert "ledger" in answer["description_placeholders"]["error"].lower()
    assert "task_1" in issues(house.hass)


async def test_a_damaged_ledger_is_told(
    house: House, sim: MockConfigEntry, form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object) -> None:
        raise LedgerBroken(LedgerFault.DAMAGED, "torn page")

    monkeypatch.setattr(Ledger, "order", damaged)
    answer = await form.answering.open("task_1")
    assert (answer["type"], answer["reason"]) == ("abort", "failed")


async def test_a_sim_that_is_disabled_meanwhile(
    house: House, sim: MockConfigEntry, form: Form
) -> None:
    await form.open()
    await house.hass.config_entries.async_unload(sim.entry_id)
    answer = await form.send()
    assert (answer["type"], answer["reason"]) == ("abort", "failed")
    assert "disabled" in answer["description_placeholders"]["error"]
    assert (await last(house)).state is State.ASKED


# -- Who may --------------------------------------------------------------------------------


async def note_without_a_person(house: House, **typed: Any) -> dict[str, Any]:
    """Send the form from a flow that no request drives, so that nobody stands behind it."""
    flow: Any = await async_create_fix_flow(house.hass, "task_1", {"order_id": 1})
    flow.hass, flow.context = house.hass, {"issue_id": "task_1"}
    flow.handler = DOMAIN
    result: dict[str, Any] = await flow.async_step_paid({"day": TODAY, **typed})
    return result


@pytest.mark.parametrize(
    ("typed", "field"), [({"days": 30}, "days"), ({"expiry": "2027-01-01"}, "expiry")]
)
async def test_who_may_move_an_automatic_recharge(
    house: House, answering: Answering, form: Form, typed: dict[str, Any], field: str
) -> None:
    expiring_sim(house, mode="auto")
    await house.start()
    await house.wake()
    result = await note_without_a_person(house, amount="6000", **typed)
    assert (result["type"], result["errors"]) == ("form", {field: "needs_admin"})
    assert "needs_admin" in WORDS["error"]
    assert (await last(house)).state is State.ASKED
    await form.open()
    assert (await form.send(**typed))["type"] == "create_entry"


async def test_everybody_may_note_the_money(house: House) -> None:
    expiring_sim(house, mode="auto")
    await house.start()
    await house.wake()
    result = await note_without_a_person(house, amount="6000")
    assert result["type"] == "create_entry"
    order = await last(house)
    assert (order.state, str(order.cost)) == (State.CONFIRMED, "6000.00 IDR")


# -- Already paid, and not this time --------------------------------------------------------


async def test_the_places_of_the_carrier_come_first_and_others_can_be_typed(
    house: House, sim: MockConfigEntry, form: Form
) -> None:
    await form.open()
    fields = {f["name"]: f["selector"] for f in form.answering.result["data_schema"]}
    offered = fields["where"]["select"]
    values = [option["value"] for option in offered["options"]]
    assert values[:4] == ["carrier_site", "carrier_app", "iak", "digiflazz"]
    assert (offered["custom_value"], offered["translation_key"]) == (True, "place")
    assert set(values) == set(TEXTS["selector"]["place"]["options"])
    await form.send(where="aunt Wati's stall")
    assert (await last(house)).place == "aunt Wati's stall"


async def test_it_was_already_paid(
    house: House, sim: MockConfigEntry, form: Form, admin: Context
) -> None:
    await form.open(way="already_paid")
    assert form.filled == {"day": TODAY}
    answer = await form.send(
        expiry="2027-02-03", where="auto_recharge", note="the carrier did it"
    )
    assert answer["type"] == "create_entry"
    await house.settle()
    (order,) = await house.orders()
    assert (order.state, order.reason) == (State.CONFIRMED, "already_paid")
    assert (order.cost, order.place) == (None, "auto_recharge")
    assert await expiry(house) == "2027-02-03"
    assert issues(house.hass) == {}
    (row,) = (await house.call("get_ledger", admin))["orders"]
    assert (row["amount"], row["price"], row["reason"]) == (None, None, "already_paid")
    assert (row["place"], row["note"], row["happened_on"]) == (
        *("auto_recharge", "the carrier did it"),
        TODAY,
    )


async def test_what_is_wrong_with_what_was_already_paid(
    house: House, sim: MockConfigEntry, form: Form
) -> None:
    await form.open(way="already_paid")
    answer = await form.send(amount="0", day=TOMORROW)
    assert answer["errors"] == {
        "amount": "amount_not_positive",
        "day": "day_in_future",
    }
    assert (await last(house)).state is State.ASKED


async def test_skipping_says_until_when(
    house: House, sim: MockConfigEntry, form: Form
) -> None:
    await form.open(way="skip")
    shown = form.answering.result["description_placeholders"]
    assert (shown["until"], shown["deadline"]) == ("2026-12-11", "2026-12-11")
    assert (await form.send())["type"] == "create_entry"
    await house.settle()
    order = await last(house)
    assert (order.state, order.reason) == (State.DECLINED, "skipped")
    assert issues(house.hass) == {}


@pytest.mark.parametrize("way", ["paid", "already_paid", "skip"])
async def test_an_answer_that_comes_second_is_told(
    house: House, sim: MockConfigEntry, form: Form, admin: Context, way: str
) -> None:
    await form.open(way=way)
    await house.call("skip", admin, device_id=house.device(sim))
    answer = await form.send()
    assert (answer["type"], answer["reason"]) == ("abort", "gone")


async def test_an_automatic_sim_buys_nothing_after_it_was_paid(
    house: House,
    answering: Answering,
    form: Form,
    freezer: FrozenDateTimeFactory,
) -> None:
    house.account()
    readings = {"at": NOW, "balance": "12000", "expiry": "2026-12-11"}
    entry = house.buying_sim(mode="remind", days_before=30, first_readings=readings)
    await house.start()
    await house.wake()
    await form.open(way="already_paid")
    house.hass.config_entries.async_update_entry(
        entry, options={**entry.options, "mode": "auto"}
    )
    await house.settle()
    assert [o.state for o in await house.orders()] == [State.ASKED]
    assert (await form.send())["type"] == "create_entry"
    for _ in range(5):
        freezer.tick(24 * 3600)
        await house.wake()
    assert [o.state for o in await house.orders()] == [State.CONFIRMED]
    assert house.vendor.bought == 0
