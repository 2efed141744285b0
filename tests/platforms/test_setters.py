"""Setters: number, date, select, button and switch, and who may use them."""

from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
import pytest

from custom_components.sim_keeper.keeper.money import Money
from tests.vendors.reloadly import ReloadlySimulator

from .conftest import AXIS_OPERATOR, House

type Who = dict[str, Context]


@pytest.fixture
def who(admin: Context, member: Context, automation: Context) -> Who:
    """Return all kinds of callers by name."""
    return {"admin": admin, "member": member, "automation": automation}


def options_of(house: House, entry: Any) -> list[str]:
    modes: list[str] = house.state("select", entry, "mode").attributes["options"]
    return modes


# -- Mode ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "caller", "allowed"),
    [
        ("remind", "ask", "admin", True),
        ("remind", "ask", "member", False),
        ("remind", "ask", "automation", False),
        ("remind", "off", "member", True),
        ("remind", "off", "automation", True),
        ("remind", "remind", "member", True),
    ],
)
async def test_mode(
    house: House, who: Who, old: str, new: str, caller: str, allowed: bool
) -> None:
    sim = house.sim(mode=old)
    await house.start()
    entity_id = house.id("select", sim, "mode")
    if allowed:
        await house.call("select.select_option", entity_id, who[caller], option=new)
    else:
        with pytest.raises(Unauthorized):
            await house.call("select.select_option", entity_id, who[caller], option=new)
    expected = new if allowed else old
    assert sim.options["mode"] == expected
    assert house.engine.sims[sim.data["epoch"]].rules.mode == expected
    assert house.state("select", sim, "mode").state == expected


async def test_all_steps_of_the_select_check_who_asks(house: House, who: Who) -> None:
    sim = house.sim(mode="off")
    await house.start()
    for step in ("select_next", "select_last", "select_previous"):
        with pytest.raises(Unauthorized):
            await house.call(
                f"select.{step}", house.id("select", sim, "mode"), who["member"]
            )
    assert sim.options["mode"] == "off"


async def test_automatic_is_offered_where_the_flow_allows_it(
    house: House, vendor: ReloadlySimulator, who: Who
) -> None:
    account = house.account(vendor)
    by_hand = house.giffgaff()
    sim = house.sim(account=account.unique_id, operator=AXIS_OPERATOR)
    await house.start()
    assert options_of(house, by_hand) == ["off", "remind", "ask"]
    assert options_of(house, sim) == ["off", "remind", "ask", "auto"]

    entity_id = house.id("select", sim, "mode")
    with pytest.raises(ServiceValidationError) as refused:
        await house.call("select.select_option", entity_id, who["admin"], option="auto")
    assert refused.value.translation_key == "mode_cap_required"
    house.hass.config_entries.async_update_entry(
        sim, options={**sim.options, "monthly_cap": "50.00", "cap_currency": "USD"}
    )
    await house.settle()
    await house.call("select.select_option", entity_id, who["admin"], option="auto")
    assert house.state("select", sim, "mode").state == "auto"


async def test_mode_of_a_sim_whose_account_is_gone_is_still_shown(
    house: House,
) -> None:
    sim = house.sim(account="reloadly:gone", mode="auto")
    await house.start()
    assert house.state("select", sim, "mode").state == "auto"
    assert options_of(house, sim) == ["off", "remind", "ask", "auto"]


async def test_asking_needs_an_amount_where_an_account_pays(
    house: House, vendor: ReloadlySimulator, who: Who
) -> None:
    account = house.account(vendor)
    sim = house.sim(account=account.unique_id, operator=AXIS_OPERATOR, amount=None)
    await house.start()
    entity_id = house.id("select", sim, "mode")
    with pytest.raises(ServiceValidationError) as refused:
        await house.call("select.select_option", entity_id, who["admin"], option="ask")
    assert refused.value.translation_key == "mode_amount_required"
    assert sim.options["mode"] == "remind"


async def test_a_mode_goes_up_only_where_the_rules_make_sense(
    house: House, who: Who
) -> None:
    sim = house.sim(mode="off", low_data=10**16)
    await house.start()
    entity_id = house.id("select", sim, "mode")
    with pytest.raises(ServiceValidationError) as refused:
        await house.call(
            "select.select_option", entity_id, who["admin"], option="remind"
        )
    assert refused.value.translation_key == "mode_value_too_large"
    assert "{" not in str(refused.value)
    options = {"mode": "off", "paused_until": "9999-12-31", "cap_currency": "IDR"}
    house.hass.config_entries.async_update_entry(sim, options=options)
    with pytest.raises(ServiceValidationError) as refused:
        await house.call(
            "select.select_option", entity_id, who["admin"], option="remind"
        )
    assert refused.value.translation_key == "mode_date_too_far"
    assert "{" not in str(refused.value)


# -- Numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "caller", "allowed"),
    [
        (None, 5, "member", False),
        (None, 5, "automation", False),
        (None, 5, "admin", True),
        ("5.00", 5.01, "member", False),
        ("5.00", 5.01, "admin", True),
        ("5.00", 4.99, "member", True),
        ("5.00", 4.99, "automation", True),
    ],
)
async def test_threshold(
    house: House, who: Who, old: str | None, new: float, caller: str, allowed: bool
) -> None:
    sim = house.giffgaff(low_balance=old)
    await house.start()
    entity_id = house.id("number", sim, "threshold")
    if allowed:
        await house.call("number.set_value", entity_id, who[caller], value=new)
        assert sim.options["low_balance"] == f"{new:.2f}"
        assert house.state("number", sim, "threshold").state == str(float(new))
        rules = house.engine.sims[sim.data["epoch"]].rules
        assert rules.low_balance == Money(round(new * 100), "GBP")
    else:
        with pytest.raises(Unauthorized):
            await house.call("number.set_value", entity_id, who[caller], value=new)
        assert sim.options.get("low_balance") == old


async def test_threshold_shows_nothing_until_it_is_set(house: House) -> None:
    sim = house.sim()
    await house.start()
    state = house.state("number", sim, "threshold")
    assert state.state == "unknown"
    assert state.attributes["step"] == 0.01
    assert state.attributes["unit_of_measurement"] == "IDR"


@pytest.mark.parametrize("value", [0, -1, 5.001])
async def test_threshold_must_be_an_amount_of_the_currency(
    house: House, who: Who, value: float
) -> None:
    sim = house.giffgaff()
    await house.start()
    entity_id = house.id("number", sim, "threshold")
    with pytest.raises(ServiceValidationError):
        await house.call("number.set_value", entity_id, who["admin"], value=value)
    assert "low_balance" not in sim.options


@pytest.mark.parametrize(
    ("currency", "value", "minor"),
    [
        ("EUR", 0.29, 29),
        ("EUR", -4.35, -435),
        ("JPY", 1234, 1234),
        ("KWD", 1.005, 1005),
    ],
)
async def test_balance_is_kept_exactly(
    house: House, who: Who, currency: str, value: float, minor: int
) -> None:
    sim = house.sim(
        carrier="other", currency=currency, amount=None, first_readings=None
    )
    await house.start()
    await house.call(
        "number.set_value",
        house.id("number", sim, "balance"),
        who["member"],
        value=value,
    )
    status = house.engine.status(sim.data["epoch"])
    assert status is not None
    assert status.balance == Money(minor, currency)
    assert float(house.state("number", sim, "balance").state) == value


async def test_too_many_decimals_are_refused(house: House, who: Who) -> None:
    sim = house.sim(carrier="other", currency="JPY", amount=None, first_readings=None)
    await house.start()
    with pytest.raises(ServiceValidationError) as refused:
        await house.call(
            "number.set_value",
            house.id("number", sim, "balance"),
            who["admin"],
            value=0.5,
        )
    assert refused.value.translation_key == "amount_too_precise"


# -- Dates and the button ------------------------------------------------------------------


async def test_dates(house: House, who: Who) -> None:
    axis, giffgaff = house.sim(), house.giffgaff()
    await house.start()
    assert house.state("date", axis, "expiry").state == "2026-12-11"
    await house.call(
        "date.set_value",
        house.id("date", axis, "expiry"),
        who["member"],
        date="2027-03-01",
    )
    assert house.state("date", axis, "expiry").state == "2027-03-01"
    assert house.state("sensor", axis, "expiry").state == "2027-03-01T16:59:59+00:00"
    await house.call(
        "date.set_value",
        house.id("date", giffgaff, "last_activity"),
        who["automation"],
        date="2026-11-19",
    )
    assert house.state("date", giffgaff, "last_activity").state == "2026-11-19"
    deadline = house.state("sensor", giffgaff, "keep_alive_deadline")
    assert deadline.state == "2027-05-18T22:59:59+00:00"


async def test_nobody_was_active_tomorrow(house: House, who: Who) -> None:
    sim = house.giffgaff()
    await house.start()
    with pytest.raises(ServiceValidationError) as refused:
        await house.call(
            "date.set_value",
            house.id("date", sim, "last_activity"),
            who["admin"],
            date="2026-11-21",
        )
    assert refused.value.translation_key == "day_in_future"


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_a_day_that_nobody_means_breaks_nothing(
    house: House, who: Who, day: str
) -> None:
    axis, giffgaff = house.sim(), house.giffgaff()
    await house.start()
    for sim, key in ((axis, "expiry"), (giffgaff, "last_activity")):
        before = house.state("date", sim, key).state
        with pytest.raises(ServiceValidationError) as refused:
            await house.call(
                "date.set_value", house.id("date", sim, key), who["member"], date=day
            )
        ahead = key == "last_activity" and day > before
        expected = "day_in_future" if ahead else "date_too_far"
        assert refused.value.translation_key == expected
        assert house.state("date", sim, key).state == before


async def test_used_today(house: House, who: Who) -> None:
    sim = house.giffgaff()
    await house.start()
    await house.call(
        "button.press", house.id("button", sim, "mark_active"), who["member"]
    )
    assert house.state("date", sim, "last_activity").state == "2026-11-20"


@pytest.mark.parametrize(
    ("caller", "allowed"), [("admin", True), ("member", False), ("automation", False)]
)
async def test_readings_of_an_automatic_sim_are_typed_by_administrators(
    house: House, vendor: ReloadlySimulator, who: Who, caller: str, allowed: bool
) -> None:
    account = house.account(vendor)
    auto = {"account": account.unique_id, "mode": "auto", "cap_currency": "USD"}
    axis = house.sim(**auto, operator=AXIS_OPERATOR, monthly_cap="50.00")
    giffgaff = house.giffgaff(**auto, monthly_cap="50.00")
    await house.start()
    calls: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("number.set_value", house.id("number", axis, "balance"), {"value": 1}),
        ("date.set_value", house.id("date", axis, "expiry"), {"date": "2027-01-01"}),
        (
            "date.set_value",
            house.id("date", giffgaff, "last_activity"),
            {"date": "2026-11-18"},
        ),
        ("button.press", house.id("button", giffgaff, "mark_active"), {}),
    )
    for action, entity_id, data in calls:
        if allowed:
            await house.call(action, entity_id, who[caller], **data)
        else:
            with pytest.raises(Unauthorized):
                await house.call(action, entity_id, who[caller], **data)


# -- The stop ------------------------------------------------------------------------------


async def test_anybody_may_stop_and_an_administrator_lifts_it(
    house: House, who: Who
) -> None:
    await house.start()
    entity_id = house.id("switch", house.household, "stop_all_spending")

    def state() -> str:
        return house.state("switch", house.household, "stop_all_spending").state

    assert state() == "off"
    for caller in ("member", "automation", "admin"):
        await house.call("switch.turn_on", entity_id, who[caller])
        assert state() == "on"
        assert await house.doors.stopped()
        for other in ("member", "automation"):
            for action in ("switch.turn_off", "switch.toggle"):
                with pytest.raises(Unauthorized):
                    await house.call(action, entity_id, who[other])
        await house.call("switch.turn_off", entity_id, who["admin"])
        assert state() == "off"


async def test_a_user_who_is_gone_is_no_automation(
    hass: HomeAssistant, house: House
) -> None:
    sim = house.sim(mode="off")
    await house.start()
    with pytest.raises(Unauthorized):
        await house.call(
            "select.select_option",
            house.id("select", sim, "mode"),
            Context(user_id="nobody"),
            option="ask",
        )
