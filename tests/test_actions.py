"""The actions, through Home Assistant and down to the vendor."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.sim_keeper.const import DOMAIN
from custom_components.sim_keeper.keeper.errors import AmountFault, RefusalClass
from custom_components.sim_keeper.keeper.ledger import Closing, EventType, Ledger
from custom_components.sim_keeper.keeper.orders import Kind, Order, State
from custom_components.sim_keeper.replies import EXPORT_FIELDS, ORDER_FIELDS, as_csv

from .config_flow.builders import AXIS, AXIS_TOO, EPOCH
from .home_fixtures import House


@pytest.fixture
async def sim(house: House) -> MockConfigEntry:
    """Return a SIM that buys through the account."""
    house.account()
    entry = house.buying_sim()
    await house.start()
    return entry


@pytest.fixture
async def by_hand(house: House) -> MockConfigEntry:
    """Return a SIM that a person recharges."""
    entry = house.sim()
    await house.start()
    return entry


async def waiting(house: House) -> Order:
    """Return the question that an automation's recharge leads to."""
    await house.call("recharge", device_id=house.device(sim_of(house)))
    (order,) = await house.orders(State.ASKED)
    return order


def sim_of(house: House) -> Any:
    """Return the entry of the only SIM."""
    entries = house.hass.config_entries.async_entries(DOMAIN)
    return next(entry for entry in entries if entry.data["kind"] == "sim")


def key_of(err: pytest.ExceptionInfo[HomeAssistantError]) -> str | None:
    """Return the translation key, and check that the sentence can be made."""
    assert err.value.translation_domain is not None
    assert "{" not in str(err.value)
    return err.value.translation_key


# -- recharge -------------------------------------------------------------------------------


async def test_recharge_buys_once_and_reports(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    answer = await house.call(
        "recharge", admin, device_id=house.device(sim), amount="25000"
    )
    assert tuple(answer) == ORDER_FIELDS
    assert json.dumps(answer)
    assert answer["state"] in ("pending", "confirmed")
    assert (answer["amount"], answer["currency"]) == ("25000.00", "IDR")
    assert answer["price_currency"] == "USD"
    assert answer["created_at"].endswith(("+01:00", "+02:00"))
    assert house.vendor.bought == 1


async def test_recharge_twice_returns_the_open_order(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    first = await house.call("recharge", admin, device_id=house.device(sim))
    again = await house.call("recharge", admin, device_id=house.device(sim))
    assert again["order_id"] == first["order_id"]
    assert house.vendor.bought == 1


async def test_a_request_id_buys_once_for_ever(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    wanted = {"device_id": house.device(sim), "amount": 25000, "request_id": "trip"}
    first = await house.call("recharge", admin, **wanted)
    assert (await house.call("recharge", admin, **wanted))["order_id"] == first[
        "order_id"
    ]
    with pytest.raises(ServiceValidationError) as err:
        await house.call("recharge", admin, **{**wanted, "amount": 50000})
    assert key_of(err) == "request_differs"
    assert house.vendor.bought == 1


async def test_after_a_delivery_one_more_must_be_meant(
    house: House,
    sim: MockConfigEntry,
    admin: Context,
    freezer: FrozenDateTimeFactory,
) -> None:
    device = house.device(sim)
    await house.call("recharge", admin, device_id=device)
    freezer.tick(300)
    await house.wake()
    assert (await house.orders(State.CONFIRMED))[0].cost is not None
    with pytest.raises(ServiceValidationError) as err:
        await house.call("recharge", admin, device_id=device)
    assert key_of(err) == "recently_recharged"
    await house.call("recharge", admin, device_id=device, another=True)
    assert house.vendor.bought == 2


async def test_an_automation_asks_where_the_mode_asks(
    house: House, sim: MockConfigEntry
) -> None:
    answer = await house.call("recharge", device_id=house.device(sim))
    assert answer["state"] == "asked"
    assert house.vendor.bought == 0


async def test_an_add_on_asks_like_any_automation(
    house: House, sim: MockConfigEntry, supervisor: Context
) -> None:
    """Its user of the system has the rights of an administrator, and is nobody."""
    answer = await house.call("recharge", supervisor, device_id=house.device(sim))
    assert answer["state"] == "asked"
    assert house.vendor.bought == 0


async def test_a_cap_in_another_currency_makes_nothing_automatic(
    house: House,
) -> None:
    house.account()
    house.household(monthly_caps={"EUR": "50.00"})
    sim = house.buying_sim(mode="auto", monthly_cap=None)
    await house.start()
    device = house.device(sim)
    seen = await house.call("recharge", device_id=device, dry_run=True)
    assert (seen["allowed"], seen["reason"]) == (False, "no_cap")
    assert (await house.call("recharge", device_id=device))["state"] == "asked"
    assert house.vendor.bought == 0


async def test_an_automation_buys_where_the_mode_lets_it(house: House) -> None:
    house.account()
    sim = house.buying_sim(mode="auto")
    await house.start()
    device = house.device(sim)
    seen = await house.call("recharge", device_id=device, dry_run=True)
    assert (seen["allowed"], seen["reason"]) == (True, None)
    await house.call("recharge", device_id=device)
    assert house.vendor.bought == 1


async def test_a_user_without_rights_buys_nothing(
    house: House, sim: MockConfigEntry, user: Context
) -> None:
    for dry_run in (False, True):
        with pytest.raises(Unauthorized):
            await house.call(
                "recharge", user, device_id=house.device(sim), dry_run=dry_run
            )
    assert not [call for call in house.vendor.calls if "topups" in call]
    assert await house.orders() == []


@pytest.mark.parametrize(
    ("amount", "fault"),
    [
        ("nan", AmountFault.NOT_A_NUMBER),
        (float("nan"), AmountFault.NOT_A_NUMBER),
        (float("inf"), AmountFault.NOT_A_NUMBER),
        ("1e3", AmountFault.NOT_A_NUMBER),
        ("1,000", AmountFault.NOT_A_NUMBER),
        ("", AmountFault.NOT_A_NUMBER),
        ("12.345", AmountFault.TOO_PRECISE),
        (12.345, AmountFault.TOO_PRECISE),
        (0, AmountFault.NOT_POSITIVE),
        ("-5", AmountFault.NOT_POSITIVE),
        ("9" * 20, AmountFault.TOO_LARGE),
    ],
)
async def test_amounts_that_are_none(
    house: House, sim: MockConfigEntry, admin: Context, amount: Any, fault: AmountFault
) -> None:
    with pytest.raises(ServiceValidationError) as err:
        await house.call("recharge", admin, device_id=house.device(sim), amount=amount)
    assert key_of(err) == fault.value
    assert await house.orders() == []


async def test_a_truth_value_is_no_amount(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    with pytest.raises(vol.Invalid):
        await house.call("recharge", admin, device_id=house.device(sim), amount=True)


async def test_amount_and_product_exclude_each_other(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    with pytest.raises(ServiceValidationError) as err:
        await house.call(
            "recharge", admin, device_id=house.device(sim), amount=1, product="x"
        )
    assert key_of(err) == "amount_or_product"


async def test_only_a_sim_that_is_loaded_can_be_recharged(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    hass = house.hass
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    foreign = dr.async_get(hass).async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("other", "x")}
    )
    entries: Any = hass.config_entries.async_entries(DOMAIN)
    account = next(entry for entry in entries if entry.data["kind"] == "account")
    device = house.device(sim)
    cases = {
        "nowhere": "service_device_not_found",
        foreign.id: "service_device_wrong_domain",
        house.device(account): "not_a_sim",
    }
    for device_id, expected in cases.items():
        with pytest.raises(ServiceValidationError) as err:
            await house.call("recharge", admin, device_id=device_id)
        assert err.value.translation_key == expected
    await hass.config_entries.async_unload(sim.entry_id)
    with pytest.raises(ServiceValidationError) as err:
        await house.call("recharge", admin, device_id=device)
    assert err.value.translation_key == "service_config_entry_not_loaded"
    assert house.vendor.bought == 0


async def test_a_lost_account_is_said(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    house.vendor.fault("empty_wallet")
    answer = await house.call("recharge", admin, device_id=house.device(sim))
    assert answer["state"] == "rejected"
    assert answer["reason"] == "INSUFFICIENT_BALANCE"


async def test_a_vendor_that_is_down_is_said(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    house.vendor.fault("status", status=503, times=None, on="any")
    with pytest.raises(HomeAssistantError) as err:
        await house.call("recharge", admin, device_id=house.device(sim))
    assert key_of(err) == "provider_unavailable"
    assert await house.orders() == []


async def test_a_frozen_ledger_is_said(house: House, admin: Context) -> None:
    Path(house.hass.config.path("sim_keeper.db")).write_text("no ledger at all")
    house.account()
    sim = house.buying_sim()
    await house.start()
    for action, data in (
        ("recharge", {"amount": 25000}),
        ("mark_active", {}),
        ("approve", {}),
    ):
        with pytest.raises(HomeAssistantError) as err:
            await house.call(action, admin, device_id=house.device(sim), **data)
        assert key_of(err) == "ledger_damaged"
    assert house.vendor.bought == 0


# -- dry run --------------------------------------------------------------------------------


async def test_a_dry_run_tells_the_price_and_buys_nothing(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    device = house.device(sim)
    seen = await house.call("recharge", admin, device_id=device, dry_run=True)
    assert set(seen) == {
        *("dry_run", "amount", "currency", "price", "price_currency", "ceiling"),
        *("product", "allowed", "reason"),
    }
    assert seen["dry_run"] is seen["allowed"] is True
    assert (seen["amount"], seen["currency"]) == ("25000.00", "IDR")
    assert seen["price_currency"] == "USD"
    assert float(seen["ceiling"]) >= float(seen["price"]) > 0
    assert await house.orders() == []
    automation = await house.call("recharge", device_id=device, dry_run=True)
    assert (automation["allowed"], automation["reason"]) == (False, "mode_ask")


async def test_a_dry_run_says_why_not(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    device = house.device(sim)
    over = await house.call(
        "recharge", admin, device_id=device, amount=200000, dry_run=True
    )
    assert (over["allowed"], over["reason"]) == (False, "over_cap")
    assert over["price"] is not None
    await house.call("recharge", device_id=device)
    busy = await house.call("recharge", admin, device_id=device, dry_run=True)
    assert (busy["allowed"], busy["reason"]) == (False, "order_open")


async def test_a_dry_run_without_an_account(
    house: House, by_hand: MockConfigEntry, admin: Context
) -> None:
    seen = await house.call(
        "recharge", admin, device_id=house.device(by_hand), dry_run=True
    )
    assert (seen["allowed"], seen["reason"]) == (False, "by_hand")
    assert (seen["amount"], seen["price"]) == ("5000.00", None)
    assert await house.orders() == []


# -- approve, cancel, resolve ---------------------------------------------------------------


@pytest.mark.parametrize("by", ["device", "order"])
async def test_approve(
    house: House, sim: MockConfigEntry, admin: Context, user: Context, by: str
) -> None:
    order = await waiting(house)
    target = (
        {"device_id": house.device(sim)} if by == "device" else {"order_id": order.id}
    )
    for nobody in (user, Context()):
        with pytest.raises(Unauthorized):
            await house.call("approve", nobody, **target)
    answer = await house.call("approve", admin, **target)
    assert answer["order_id"] == order.id
    assert house.vendor.bought == 1


@pytest.mark.parametrize("action", ["approve", "cancel"])
async def test_which_order_is_meant(
    house: House, sim: MockConfigEntry, admin: Context, action: str
) -> None:
    device = house.device(sim)
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "device_or_order"),
        ({"device_id": device, "order_id": 1}, "device_or_order"),
        ({"device_id": device}, "nothing_waiting"),
        ({"order_id": 77}, "order_not_found"),
    ]
    for target, expected in cases:
        with pytest.raises(ServiceValidationError) as err:
            await house.call(action, admin, **target)
        assert key_of(err) == expected


async def test_several_that_wait_are_told_apart(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    order = await waiting(house)
    engine = house.home.engine
    why: Any = {"reason": "due", "rules": []}
    task = await engine.assign(engine.sims[EPOCH], Kind.ACTIVITY, None, why, "keeper")
    with pytest.raises(ServiceValidationError) as err:
        await house.call("approve", admin, device_id=house.device(sim))
    assert key_of(err) == "several_waiting"
    assert f"{order.id}, {task.id}" in str(err.value)


async def test_anybody_may_cancel(
    house: House, sim: MockConfigEntry, user: Context
) -> None:
    await waiting(house)
    answer = await house.call("cancel", user, device_id=house.device(sim))
    assert answer["state"] == "declined"


async def test_resolve(
    house: House, sim: MockConfigEntry, admin: Context, user: Context
) -> None:
    house.vendor.fault("lose_answer")
    lost = await house.call("recharge", admin, device_id=house.device(sim))
    assert lost["state"] == "unknown"
    target = {"order_id": lost["order_id"], "outcome": "rejected", "note": "asked them"}
    with pytest.raises(Unauthorized):
        await house.call("resolve", user, **target)
    answer = await house.call("resolve", admin, **target)
    assert answer["state"] == "rejected"
    with pytest.raises(ServiceValidationError) as err:
        await house.call("resolve", admin, **target)
    assert key_of(err) == "not_open"
    with pytest.raises(vol.Invalid):
        await house.call("resolve", admin, order_id=1, outcome="perhaps")


# -- what people noted ----------------------------------------------------------------------


async def test_record_a_recharge(
    house: House, by_hand: MockConfigEntry, user: Context
) -> None:
    device = house.device(by_hand)
    answer = await house.call(
        "record_recharge",
        user,
        device_id=device,
        amount="25000",
        days=30,
        where="shop",
        receipt="=1+1",
        note="paid cash",
    )
    assert answer["state"] == "confirmed"
    assert (answer["price"], answer["price_currency"]) == ("25000.00", "IDR")
    for wrong, expected in (
        ({"days": 3, "expiry": "2030-01-01"}, "days_or_expiry"),
        ({"amount": "0"}, "amount_not_positive"),
        ({"date": "2100-01-01"}, "day_in_future"),
        ({"date": "0001-01-01"}, "date_too_far"),
        ({"expiry": "0001-01-01"}, "date_too_far"),
        ({"expiry": "9999-12-31"}, "date_too_far"),
    ):
        with pytest.raises(ServiceValidationError) as err:
            await house.call(
                "record_recharge",
                user,
                **{"device_id": device, "amount": "5000", **wrong},
            )
        assert key_of(err) == expected


async def test_the_same_recharge_is_recorded_once(
    house: House, by_hand: MockConfigEntry, user: Context
) -> None:
    paid = {"device_id": house.device(by_hand), "amount": 25000, "date": "2026-01-02"}
    await house.call("record_recharge", user, **paid)
    with pytest.raises(ServiceValidationError) as err:
        await house.call("record_recharge", user, **paid)
    assert key_of(err) == "already_recorded"


async def test_update_reading(
    house: House, by_hand: MockConfigEntry, user: Context
) -> None:
    await house.call(
        "update_reading",
        user,
        device_id=house.device(by_hand),
        balance="-2500.50",
        expiry="2030-05-01",
        data_left=1.5,
        last_activity="2026-01-01",
    )
    readings = await house.home.engine.desk.read(Ledger.readings, EPOCH)
    assert readings.balance is not None
    assert str(readings.balance.money) == "-2500.50 IDR"
    assert readings.expiry is not None
    assert readings.expiry.day.isoformat() == "2030-05-01"
    assert readings.data_left is not None
    assert readings.data_left.value == 1_500_000
    assert readings.last_activity is not None


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ({}, "nothing_given"),
        ({"balance": "much"}, "amount_not_a_number"),
        ({"data_left": "much"}, "amount_not_a_number"),
        ({"data_left": "NaN"}, "amount_not_a_number"),
        ({"data_left": -1}, "data_out_of_range"),
        ({"data_left": 10**9 + 1}, "data_out_of_range"),
        ({"data_left": "1e9999999999999"}, "data_out_of_range"),
        ({"last_activity": "2100-01-01"}, "day_in_future"),
        ({"last_activity": "0001-01-01"}, "date_too_far"),
        ({"expiry": "0001-01-01"}, "date_too_far"),
        ({"expiry": "9999-12-31"}, "date_too_far"),
    ],
)
async def test_readings_that_are_none(
    house: House,
    by_hand: MockConfigEntry,
    admin: Context,
    typed: dict[str, Any],
    expected: str,
) -> None:
    with pytest.raises(ServiceValidationError) as err:
        await house.call(
            "update_reading", admin, device_id=house.device(by_hand), **typed
        )
    assert key_of(err) == expected


@pytest.mark.parametrize("action", ["approve", "cancel", "skip", "resolve"])
async def test_an_order_of_a_number_that_no_ledger_has(
    house: House, by_hand: MockConfigEntry, admin: Context, action: str
) -> None:
    more = {"outcome": "confirmed"} if action == "resolve" else {}
    with pytest.raises(vol.Invalid):
        await house.call(action, admin, order_id=2**63, **more)


async def test_mark_active(
    house: House, by_hand: MockConfigEntry, user: Context
) -> None:
    await house.call("mark_active", user, device_id=house.device(by_hand))
    readings = await house.home.engine.desk.read(Ledger.readings, EPOCH)
    assert readings.last_activity is not None


# -- get_ledger -----------------------------------------------------------------------------


async def test_the_ledger_as_data(
    house: House, sim: MockConfigEntry, admin: Context, user: Context
) -> None:
    await waiting(house)
    for context in (admin, Context()):
        answer = await house.call("get_ledger", context)
        assert [tuple(order) for order in answer["orders"]] == [EXPORT_FIELDS]
        assert answer["sims"] == [
            {"name": sim.title, "number": "+62 ••• 678", "order_ids": [1]}
        ]
        assert AXIS not in json.dumps(answer)
    with pytest.raises(Unauthorized):
        await house.call("get_ledger", user)


async def test_full_numbers_are_for_administrators_who_ask(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    await waiting(house)
    answer = await house.call("get_ledger", admin, with_numbers=True)
    assert answer["sims"][0]["number"] == AXIS
    with pytest.raises(Unauthorized):
        await house.call("get_ledger", with_numbers=True)


@pytest.mark.parametrize(
    ("period", "found"),
    [
        ({}, 1),
        ({"start": "2000-01-01"}, 1),
        ({"start": "2100-01-01"}, 0),
        ({"end": "2000-01-01"}, 0),
        ({"start": "2000-01-01T10:00:00+00:00", "end": "2100-01-01 00:00:00"}, 1),
    ],
)
async def test_a_part_of_the_ledger(
    house: House,
    sim: MockConfigEntry,
    admin: Context,
    period: dict[str, str],
    found: int,
) -> None:
    await waiting(house)
    answer = await house.call("get_ledger", admin, **period)
    assert len(answer["orders"]) == found


@pytest.mark.parametrize(
    "period",
    [
        {"start": "0001-01-01"},
        {"end": "9999-12-31"},
        {"start": "9999-12-31T23:59:59-11:00"},
    ],
)
async def test_a_part_of_the_ledger_at_the_end_of_the_calendar(
    house: House, sim: MockConfigEntry, admin: Context, period: dict[str, str]
) -> None:
    with pytest.raises(ServiceValidationError) as err:
        await house.call("get_ledger", admin, **period)
    assert key_of(err) == "date_too_far"


async def test_the_day_named_as_the_end_belongs_to_it(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    await waiting(house)
    today = dt_util.now().date().isoformat()
    answer = await house.call("get_ledger", admin, start=today, end=today)
    assert len(answer["orders"]) == 1


async def test_the_ledger_of_one_sim_and_of_removed_ones(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    other = house.sim(number=AXIS_TOO, epoch="KLMNOPQRST", title="Other")
    await house.hass.config_entries.async_setup(other.entry_id)
    await house.settle()
    await waiting(house)
    await house.call(
        "record_recharge", admin, device_id=house.device(other), amount=25000
    )
    one = await house.call("get_ledger", admin, device_id=house.device(other))
    assert [row["name"] for row in one["sims"]] == ["Other"]
    await house.hass.config_entries.async_remove(other.entry_id)
    both = await house.call("get_ledger", admin)
    assert len(both["orders"]) == 2
    assert both["sims"][1]["number"] == "+62 ••• 321"


async def test_no_cell_of_the_csv_is_a_formula(
    house: House, by_hand: MockConfigEntry, admin: Context
) -> None:
    evil = "=HYPERLINK(1)"
    house.hass.config_entries.async_update_entry(by_hand, title="+evil")
    dr.async_get(house.hass).async_update_device(
        house.device(by_hand), name_by_user="@evil"
    )
    for receipt in (evil, "\tx", "+1", "-1", "fine"):
        await house.call(
            "record_recharge",
            admin,
            device_id=house.device(by_hand),
            amount="5000",
            receipt=receipt,
        )
    answer = await house.call("get_ledger", admin, format="csv", with_numbers=True)
    read = csv.DictReader(io.StringIO(answer["csv"]))
    rows = [row for row in read if row["state"] == "confirmed"]
    assert [row["receipt"] for row in rows] == [
        *(f"'{evil}", "'\tx", "'+1", "'-1", "fine"),
    ]
    assert {row["name"] for row in rows} == {"'@evil"}
    assert {row["number"] for row in rows} == {f"'{AXIS}"}
    assert {row["price"] for row in rows} == {"5000.00"}
    assert tuple(rows[0]) == ("name", "number", *EXPORT_FIELDS)


async def test_numbers_in_the_csv_stay_numbers(house: House, admin: Context) -> None:
    row: Any = dict.fromkeys(("name", "number", *EXPORT_FIELDS))
    text = as_csv([{**row, "amount": "-2.50", "reason": "-2.50"}])
    (read,) = csv.DictReader(io.StringIO(text))
    assert (read["amount"], read["reason"]) == ("-2.50", "'-2.50")


async def test_a_vendors_word_cannot_become_a_formula(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    order = await waiting(house)
    await house.home.engine.desk.write(
        Ledger.move,
        order.id,
        Closing(
            to=State.CANCELLED,
            type=EventType.CANCELLED,
            reason="=cmd",
            refusal=RefusalClass.NEVER,
        ),
        "keeper",
        house.home.now(),
    )
    answer = await house.call("get_ledger", admin, format="csv")
    assert "'=cmd" in answer["csv"]


# -- skip and what was already paid ---------------------------------------------------------


async def test_skipping_a_task_says_until_when(
    house: House, by_hand: MockConfigEntry, admin: Context, user: Context
) -> None:
    device = house.device(by_hand)
    await house.call("recharge", admin, device_id=device)
    answer = await house.call("skip", user, device_id=device)
    assert tuple(answer) == (*ORDER_FIELDS, "rests_until")
    assert (answer["state"], answer["reason"]) == ("declined", "skipped")
    until = dt_util.parse_datetime(answer["rests_until"])
    assert until is not None
    assert until > dt_util.utcnow()
    with pytest.raises(ServiceValidationError) as err:
        await house.call("skip", user, device_id=device)
    assert key_of(err) == "nothing_waiting"
    with pytest.raises(ServiceValidationError) as err:
        await house.call("skip", user, order_id=answer["order_id"])
    assert key_of(err) == "not_waiting"


async def test_a_question_is_cancelled_and_not_skipped(
    house: House, sim: MockConfigEntry, admin: Context
) -> None:
    order = await waiting(house)
    with pytest.raises(ServiceValidationError) as err:
        await house.call("skip", admin, device_id=house.device(sim))
    assert key_of(err) == "nothing_waiting"
    with pytest.raises(ServiceValidationError) as err:
        await house.call("skip", admin, order_id=order.id)
    assert key_of(err) == "not_a_task"
    assert [o.state for o in await house.orders()] == [State.ASKED]


async def test_recording_what_was_already_paid(
    house: House, by_hand: MockConfigEntry, admin: Context
) -> None:
    device = house.device(by_hand)
    task = await house.call("recharge", admin, device_id=device)
    with pytest.raises(ServiceValidationError) as err:
        await house.call("record_recharge", admin, device_id=device)
    assert key_of(err) == "amount_needed"
    answer = await house.call(
        "record_recharge",
        admin,
        device_id=device,
        already_paid=True,
        where="auto_recharge",
        expiry="2030-01-01",
    )
    assert answer["order_id"] == task["order_id"]
    assert (answer["state"], answer["reason"]) == ("confirmed", "already_paid")
    assert (answer["amount"], answer["price"]) == (None, None)
    state = house.hass.states.get(house.entity("sensor", by_hand, "last_recharge"))
    assert state is not None
    assert (state.attributes["amount"], state.attributes["where"]) == (
        None,
        "auto_recharge",
    )
