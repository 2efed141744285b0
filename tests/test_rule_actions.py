"""Preview, products, pause and resume, through Home Assistant and down to the vendor."""

from datetime import timedelta
import json
from typing import Any

from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.sim_keeper.keeper.sim import RuleKind

from .config_flow.builders import AXIS_TOO, EPOCH
from .home_fixtures import House
from .vendors.reloadly import SoldPromotion

SOON = (dt_util.utcnow() + timedelta(days=400)).date().isoformat()
LATER = (dt_util.utcnow() + timedelta(days=500)).date().isoformat()
OTHER = "BCDEFGHIJK"
READINGS = {"at": "2026-01-01T00:00:00+00:00"}


@pytest.fixture
async def buyer(house: House) -> MockConfigEntry:
    """Return a SIM that buys 25000 rupiah every month, besides what else may be due."""
    house.account()
    start = (dt_util.utcnow() + timedelta(days=20)).date().replace(day=15)
    monthly = {
        "start": start.isoformat(),
        "every": 1,
        "unit": "months",
        "counted_from": "anchor",
    }
    entry = house.buying_sim(low_balance=None, days_before=None)
    house.hass.config_entries.async_update_entry(
        entry, options={**entry.options, "calendar": monthly}
    )
    await house.start()
    return entry


@pytest.fixture
async def by_hand(house: House) -> MockConfigEntry:
    """Return a SIM that a person recharges."""
    entry = house.sim(amount="25000.00")
    await house.start()
    return entry


def rules(house: House) -> Any:
    """Return the rules as the engine has them."""
    return house.home.engine.sims[EPOCH].rules


def key_of(err: pytest.ExceptionInfo[HomeAssistantError]) -> str | None:
    """Return the translation key, and check that the sentence can be made."""
    assert "{" not in str(err.value)
    return err.value.translation_key


# -- preview ----------------------------------------------------------------------------------


async def test_preview_tells_recharges_and_costs(
    house: House, buyer: MockConfigEntry
) -> None:
    told = await house.call("preview", device_id=house.device(buyer), days=100)
    assert json.dumps(told)
    first = told["recharges"][0]
    assert (first["kind"], first["rules"]) == ("recharge", ["calendar"])
    assert (first["amount"], first["currency"]) == ("25000.00", "IDR")
    assert (first["cost"], first["cost_currency"]) == ("1.65", "USD")
    count = len(told["recharges"])
    assert count in (2, 3, 4)
    assert told["total"] == {"USD": f"{1.65 * count:.2f}"}
    assert told["unpriced"] == 0
    assert set(told["per_month"]) == {one["at"][:7] for one in told["recharges"]}
    assert told["starved_on"] is None


async def test_preview_says_when_a_cap_starves_the_sim(
    house: House, buyer: MockConfigEntry
) -> None:
    house.hass.config_entries.async_update_entry(
        buyer, options={**buyer.options, "monthly_cap": "1.00"}
    )
    await house.settle()
    told = await house.call("preview", device_id=house.device(buyer))
    assert told["recharges"] == []
    assert told["starved_on"] == rules(house).calendar.start.isoformat()


@pytest.mark.parametrize(
    ("limits", "starved"),
    [
        # Each takes 1.65, and 1.73 has to fit when it is bought.
        ({"monthly_caps": {"USD": "3.00"}}, True),
        ({"monthly_caps": {"USD": "4.00"}}, False),
        ({}, False),
    ],
    ids=str,
)
async def test_preview_knows_what_others_take_out_of_a_shared_limit(
    house: House, limits: dict[str, Any], starved: bool
) -> None:
    house.account()
    house.household(**limits)
    month = (dt_util.utcnow() + timedelta(days=40)).date()
    sims = {15: house.buying_sim(low_balance=None, days_before=None)}
    sims[10] = house.buying_sim(
        low_balance=None, days_before=None, number=AXIS_TOO, epoch=OTHER, title="Other"
    )
    for day, entry in sims.items():
        monthly = {
            "start": month.replace(day=day).isoformat(),
            "every": 1,
            "unit": "months",
            "counted_from": "anchor",
        }
        house.hass.config_entries.async_update_entry(
            entry, options={**entry.options, "calendar": monthly}
        )
    await house.start()
    late = await house.call("preview", device_id=house.device(sims[15]), days=100)
    early = await house.call("preview", device_id=house.device(sims[10]), days=100)
    due = month.replace(day=15).isoformat()
    assert late["starved_on"] == (due if starved else None)
    # Whoever is early has it, and buys before the other one is due.
    assert early["recharges"][0]["at"] < due
    assert (late["recharges"][0]["at"] > due) is starved


async def test_preview_of_a_person_who_pays_too_much(
    house: House, by_hand: MockConfigEntry
) -> None:
    device = house.device(by_hand)
    expiry = (dt_util.utcnow() + timedelta(days=30)).date()
    await house.call("update_reading", device_id=device, expiry=expiry.isoformat())
    told = await house.call("preview", device_id=device)
    cheaper = told["cheaper"]
    assert cheaper["currency"] == "IDR"
    assert float(cheaper["cost_per_year"]) < float(cheaper["instead_of"])
    paid = sum(float(step["price"]) for step in cheaper["steps"])
    assert paid == float(cheaper["cost_per_year"])
    assert told["total"] == {"IDR": f"{25000 * len(told['recharges']):.2f}"}


async def test_preview_goes_on_without_a_price_list(
    house: House, buyer: MockConfigEntry
) -> None:
    house.vendor.fault("status", on="/operators/243", status=503, times=None)
    told = await house.call("preview", device_id=house.device(buyer))
    assert told["recharges"]


async def test_without_any_price_nothing_is_added_up(house: House) -> None:
    house.account()
    house.vendor.fault("status", on="/operators/243", status=503, times=None)
    entry = house.buying_sim(low_balance=None)
    expiry = (dt_util.utcnow() + timedelta(days=60)).date()
    house.hass.config_entries.async_update_entry(
        entry,
        data={**entry.data, "first_readings": READINGS | {"expiry": str(expiry)}},
    )
    await house.start()
    told = await house.call("preview", device_id=house.device(entry))
    assert told["unpriced"] == len(told["recharges"]) > 0
    assert told["total"] == {}
    assert told["recharges"][0]["cost"] is None


@pytest.mark.parametrize("days", [0, 731])
async def test_preview_looks_no_further_than_two_years(
    house: House, by_hand: MockConfigEntry, days: int
) -> None:
    with pytest.raises(vol.Invalid):
        await house.call("preview", device_id=house.device(by_hand), days=days)


# -- list_products ----------------------------------------------------------------------------


async def test_products_are_listed_with_their_prices(
    house: House, buyer: MockConfigEntry
) -> None:
    house.vendor.promotions = [
        SoldPromotion(
            id=1,
            operator=243,
            title="<b>Double</b>",
            description=None,
            starts_in="2026-01-01",
            ends_in="2099-12-31",
            denominations="USD 5",
        )
    ]
    told = await house.call("list_products", device_id=house.device(buyer))
    assert json.dumps(told)
    airtime, bundle = told["products"][:2]
    assert airtime == {
        "product": "243",
        "name": "Axis Indonesia",
        "amount": "5000.00",
        "amount_max": "1000000.00",
        "currency": "IDR",
        "price": "0.33",
        "price_currency": "USD",
        "days": None,
        "price_per_day": None,
        "lasts_days": None,
        "promotions": [
            {
                "title": "Double",
                "amounts": "USD 5",
                "text": None,
                "until": "2099-12-30",
            }
        ],
    }
    assert bundle == {
        "product": "231:12000:IDR",
        "name": "Axis Indonesia Data: 1GB 30 days",
        "amount": None,
        "amount_max": None,
        "currency": None,
        "price": "0.72",
        "price_currency": "USD",
        "days": None,
        "price_per_day": None,
        "lasts_days": 30,
        "promotions": [],
    }


async def test_nothing_is_listed_where_a_person_recharges(
    house: House, by_hand: MockConfigEntry
) -> None:
    with pytest.raises(ServiceValidationError) as err:
        await house.call("list_products", device_id=house.device(by_hand))
    assert key_of(err) == "no_account"


async def test_nothing_is_listed_without_the_account(house: House) -> None:
    entry = house.buying_sim()
    await house.start()
    with pytest.raises(ServiceValidationError) as err:
        await house.call("list_products", device_id=house.device(entry))
    assert key_of(err) == "no_channel"


async def test_a_provider_that_is_down_is_said_so(house: House) -> None:
    house.account()
    entry = house.buying_sim()
    house.vendor.fault("status", on="/operators/243", status=503, times=None)
    await house.start()
    with pytest.raises(HomeAssistantError) as err:
        await house.call("list_products", device_id=house.device(entry))
    assert key_of(err) == "provider_unavailable"


# -- pause and resume -------------------------------------------------------------------------


async def test_pause_and_resume(
    house: House, by_hand: MockConfigEntry, admin: Context
) -> None:
    device = house.device(by_hand)
    await house.call("pause", device_id=device, until=SOON)
    assert rules(house).paused_until.isoformat() == SOON
    state = house.hass.states.get(house.entity("sensor", by_hand, "next_recharge"))
    assert state is not None
    assert state.attributes["resting"] == "paused"
    assert str(state.attributes["paused_until"]) == SOON

    await house.call("resume", admin, device_id=device)
    assert rules(house).paused_until is None
    state = house.hass.states.get(house.entity("sensor", by_hand, "next_recharge"))
    assert state is not None
    assert state.attributes["resting"] is None


async def test_one_rule_is_paused_by_itself(
    house: House, by_hand: MockConfigEntry, admin: Context
) -> None:
    device = house.device(by_hand)
    await house.call("pause", device_id=device, until=SOON, rule="low_balance")
    await house.call("pause", device_id=device, until=LATER, rule="calendar")
    await house.call("pause", device_id=device, until=SOON)
    assert set(rules(house).pauses) == {RuleKind.LOW_BALANCE, RuleKind.CALENDAR}
    state = house.hass.states.get(house.entity("sensor", by_hand, "next_recharge"))
    assert state is not None
    assert state.attributes["paused_rules"] == ["calendar", "low_balance"]

    await house.call("resume", admin, device_id=device, rule="calendar")
    assert set(rules(house).pauses) == {RuleKind.LOW_BALANCE}
    assert rules(house).paused_until is not None
    await house.call("resume", admin, device_id=device)
    assert rules(house).pauses == {}
    assert rules(house).paused_until is None
    assert "pauses" not in by_hand.options


async def test_a_pause_must_end_on_a_day_to_come(
    house: House, by_hand: MockConfigEntry
) -> None:
    today = dt_util.now(house.home.engine.sims[EPOCH].zone).date().isoformat()
    with pytest.raises(ServiceValidationError) as err:
        await house.call("pause", device_id=house.device(by_hand), until=today)
    assert key_of(err) == "pause_over"
    both: tuple[dict[str, Any], ...] = ({}, {"rule": "days_before"})
    for more in both:
        with pytest.raises(ServiceValidationError) as err:
            await house.call(
                "pause", device_id=house.device(by_hand), until="9999-12-31", **more
            )
        assert key_of(err) == "date_too_far"
    assert "paused_until" not in by_hand.options
    assert "pauses" not in by_hand.options


async def test_an_unknown_rule_is_refused(
    house: House, by_hand: MockConfigEntry
) -> None:
    with pytest.raises(vol.Invalid):
        await house.call(
            "pause", device_id=house.device(by_hand), until=SOON, rule="moon"
        )
