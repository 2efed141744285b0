"""The rules of a SIM, edited later: sections, what is sold, and the preview."""

from datetime import date
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import json_bytes
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.const import MEGABYTES_MAX
from custom_components.sim_keeper.entries import sim_of
from custom_components.sim_keeper.flows.rules import new_rules
from custom_components.sim_keeper.flows.terms import Terms
from custom_components.sim_keeper.keeper.carrier_data import load_carriers
from custom_components.sim_keeper.keeper.sim import Mode, Rules
from custom_components.sim_keeper.market import market_of
from tests.vendors.reloadly import ReloadlySimulator, SoldPromotion

from .builders import ACCOUNT_ID, AXIS, GIFFGAFF, Flows, sim_entry

HOTLINK = "+60123456789"
NOW = "2026-11-20T05:00:00+00:00"
EMPTY: dict[str, Any] = {"calendar": {}, "state": {}, "modes": {}}
ALL_RULES = {
    "mode": "auto",
    "low_balance": "1000.00",
    "low_data": 5_000_000,
    "days_before": 5,
    "days_before_grace_end": 3,
    "calendar": {
        "start": "2027-01-31",
        "every": 3,
        "unit": "months",
        "counted_from": "recharge",
    },
    "cheapest": True,
    "amount": "25000.00",
    "fill_up_to": "50000.00",
    "monthly_cap": "10.00",
    "order_cap": "4.00",
    "cap_currency": "USD",
    "modes": {"calendar": "ask"},
    "paused_until": "2027-02-01",
    "lapse": True,
    "recharged_elsewhere": True,
    "shadow": True,
}


@pytest.fixture(autouse=True)
def clock(freezer: FrozenDateTimeFactory) -> FrozenDateTimeFactory:
    """Stop the clock at noon in Jakarta."""
    freezer.move_to(NOW)
    return freezer


@pytest.fixture
def hotlink(hass: HomeAssistant, account: MockConfigEntry) -> MockConfigEntry:
    """Return a SIM of an operator that sells RM 5, 10, 30 and 50, and nothing else."""
    return sim_entry(
        hass,
        title="Hotlink",
        number=HOTLINK,
        country="MY",
        carrier="hotlink_my",
        currency="MYR",
        time_zone="Asia/Kuala_Lumpur",
        account=ACCOUNT_ID,
        operator="9002",
        mode="ask",
        amount="2.00",
        cap_currency="USD",
    )


@pytest.fixture
def axis(hass: HomeAssistant, account: MockConfigEntry) -> MockConfigEntry:
    """Return a SIM of an operator that takes any amount, and sells bundles besides."""
    return sim_entry(
        hass,
        account=ACCOUNT_ID,
        operator="243",
        mode="ask",
        cap_currency="USD",
        amount="25000.00",
    )


def labels(flows: Flows) -> dict[str, str]:
    """Return what can be chosen from the list of what is sold."""
    schema = flows.schema.schema["what"].schema.schema
    return {
        option["value"]: option["label"]
        for option in schema["product"].config["options"]
    }


def nearest(flows: Flows) -> str:
    """Return the amounts on sale that the form names."""
    return (flows.result["description_placeholders"] or {})["nearest"]


async def save(flows: Flows, **changes: Any) -> None:
    """Submit the form, see the preview, and save."""
    await flows.finish(**changes)
    assert flows.result["type"] == "create_entry"


# -- The form -------------------------------------------------------------------------------


async def test_edits_the_rules(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    entry = sim_entry(
        hass,
        account=ACCOUNT_ID,
        operator="243",
        mode="ask",
        cap_currency="USD",
        monthly_cap="3.50",
        low_balance="1000.00",
    )
    hass.config_entries.async_update_entry(entry, options={**entry.options, "own": 1})
    await flows.options(entry)
    assert entry.supports_options
    assert flows.at == "rules"
    assert flows.filled == {
        "mode": "ask",
        "when": {"days_before": 14, "low_balance": "1000"},
        "what": {"product": "amount:5000.00"},
        "limits": {"monthly_cap": "3.50"},
        **EMPTY,
    }
    assert flows.result["description_placeholders"] == {
        "carrier": "AXIS (XLSMART)",
        "currency": "IDR",
        "cap_currency": "USD",
        "min_topup": "5000.00 IDR",
        "auto_days": "3",
        "nearest": "–",
    }
    await save(flows, mode="auto", when={"low_balance": None, "days_before": 5})

    assert entry.options == {
        "own": 1,
        "mode": "auto",
        "days_before": 5,
        "amount": "5000.00",
        "monthly_cap": "3.50",
        "cap_currency": "USD",
    }


async def test_every_rule_can_be_set_and_is_shown_again(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    entry = sim_entry(hass, account=ACCOUNT_ID, operator="243", cap_currency="USD")
    await flows.options(entry)
    typed = {
        "mode": "auto",
        "when": {
            "low_balance": "1000",
            "low_data": 5,
            "days_before": 5,
            "days_before_grace_end": 3,
            "cheapest": True,
        },
        "calendar": {
            "calendar_start": "2027-01-31",
            "calendar_every": 3,
            "calendar_unit": "months",
            "calendar_from": "recharge",
        },
        "what": {"product": "amount:25000.00", "fill_up_to": "50000"},
        "limits": {"monthly_cap": "10", "order_cap": "4"},
        "state": {
            "paused_until": "2027-02-01",
            "lapse": True,
            "recharged_elsewhere": True,
            "shadow": True,
        },
        "modes": {"mode_calendar": "ask", "mode_low_balance": "like_sim"},
    }
    await save(flows, **typed)
    assert entry.options == ALL_RULES

    await flows.options(entry)
    shown = {
        **typed,
        "modes": {"mode_calendar": "ask"},
        "limits": {"monthly_cap": "10", "order_cap": "4"},
    }
    assert flows.filled == shown
    await save(flows)
    assert entry.options == ALL_RULES


async def test_a_pause_of_one_rule_stays(flows: Flows, hass: HomeAssistant) -> None:
    entry = sim_entry(hass)
    pauses = {"low_balance": "2027-01-01"}
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "pauses": pauses}
    )
    await flows.options(entry)
    await save(flows)

    assert entry.options["pauses"] == pauses


async def test_sections_that_are_in_use_are_open(
    flows: Flows, hass: HomeAssistant
) -> None:
    def opened() -> set[str]:
        sections = flows.schema.schema.items()
        return {
            str(name)
            for name, field in sections
            if not getattr(field, "options", {"collapsed": True})["collapsed"]
        }

    entry = sim_entry(hass)
    await flows.options(entry)
    usual = {"when", "what", "limits"}
    assert opened() == usual
    await flows.submit(calendar={"calendar_start": "2027-01-01"})
    assert flows.errors == {"calendar": "calendar_incomplete"}
    assert opened() == usual | {"calendar"}
    await flows.submit(calendar={"calendar_every": 2})
    await flows.choose("rules")
    assert opened() == usual | {"calendar"}
    await flows.submit(state={"lapse": True}, modes={"mode_calendar": "off"})
    await flows.choose("rules")
    assert opened() == usual | {"calendar", "state", "modes"}


async def test_only_rules_that_can_be_due_are_offered(
    flows: Flows, hass: HomeAssistant
) -> None:
    axis = sim_entry(hass)
    await flows.options(axis)
    assert set(flows.schema.schema["when"].schema.schema) == {
        *("days_before", "days_before_grace_end"),
        *("low_balance", "low_data", "cheapest"),
    }
    giffgaff = sim_entry(
        hass,
        number=GIFFGAFF,
        country="GB",
        carrier="giffgaff_gb",
        currency="GBP",
        cap_currency="GBP",
        amount="10.00",
    )
    await flows.options(giffgaff)
    assert "days_before_activity" in flows.schema.schema["when"].schema.schema


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"what": {"amount": "x"}}, {"what": "amount_not_a_number"}),
        ({"limits": {"monthly_cap": "1"}}, {"limits": "amount_above_cap"}),
        ({"limits": {"order_cap": "4999"}}, {"limits": "amount_above_cap"}),
        (
            {"when": {"low_balance": "900"}, "what": {"fill_up_to": "800"}},
            {"what": "threshold_above_target"},
        ),
        ({"state": {"paused_until": "2026-11-20"}}, {"state": "pause_over"}),
        ({"state": {"paused_until": "9999-12-31"}}, {"state": "date_too_far"}),
        (
            {"calendar": {"calendar_start": "9999-12-31", "calendar_every": 1}},
            {"calendar": "date_too_far"},
        ),
        ({"mode": "auto"}, {"mode": "auto_needs_account"}),
        ({"when": {"low_data": 1.5}}, {"when": "not_whole"}),
        ({"when": {"low_data": "nan"}}, {"when": "not_whole"}),
        ({"when": {"low_data": "inf"}}, {"when": "not_whole"}),
        ({"when": {"low_data": 1e300}}, {"when": "value_too_large"}),
        ({"when": {"low_data": 2e9}}, {"when": "value_too_large"}),
    ],
)
async def test_wrong_rules_can_be_corrected(
    flows: Flows, hass: HomeAssistant, typed: dict[str, Any], errors: dict[str, str]
) -> None:
    entry = sim_entry(hass)
    before = dict(entry.options)
    await flows.options(entry)
    good = flows.filled
    await flows.submit(**typed)
    assert (flows.at, flows.errors) == ("rules", errors)
    assert "accept" not in flows.fields
    assert entry.options == before
    await flows.type(**good)
    await flows.choose("save")

    assert entry.options == before


async def test_whatever_a_form_takes_can_be_kept(
    flows: Flows, hass: HomeAssistant
) -> None:
    """One number that cannot be written keeps the entries of all integrations from the disk."""
    entry = sim_entry(hass)
    await flows.options(entry)
    await save(flows, when={"low_data": MEGABYTES_MAX})
    assert entry.options["low_data"] == 10**15
    assert json_bytes(entry.as_dict())
    await flows.options(entry)
    assert flows.filled["when"]["low_data"] == MEGABYTES_MAX


async def test_an_activity_rule_leaves_time_for_an_automatic_recharge(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    entry = sim_entry(
        hass,
        number=GIFFGAFF,
        country="GB",
        carrier="giffgaff_gb",
        currency="GBP",
        account=ACCOUNT_ID,
        operator="9001",
        mode="ask",
        amount="10.00",
        cap_currency="USD",
    )
    await flows.options(entry)
    await flows.submit(
        mode="auto",
        when={"days_before_activity": 2, "days_before": None},
        limits={"monthly_cap": "30"},
    )
    assert flows.errors == {"when": "days_too_few"}
    await save(flows, when={"days_before_activity": 3})
    assert entry.options["days_before_activity"] == 3
    assert "days_before" not in entry.options


async def test_a_last_attempt_leaves_time_for_an_automatic_recharge(
    flows: Flows, axis: MockConfigEntry
) -> None:
    await flows.options(axis)
    await flows.submit(
        mode="auto", when={"days_before_grace_end": 2}, limits={"monthly_cap": "30"}
    )
    assert flows.errors == {"when": "days_too_few"}
    await save(flows, when={"days_before_grace_end": 3})
    assert axis.options["days_before_grace_end"] == 3


async def test_without_any_rule_the_days_are_chosen(
    flows: Flows, hass: HomeAssistant
) -> None:
    entry = sim_entry(hass)
    await flows.options(entry)
    await save(flows, when={"days_before": None})
    assert entry.options["days_before"] == 14

    await flows.options(entry)
    await save(flows, when={"days_before": None}, state={"lapse": True})
    assert "days_before" not in entry.options


async def test_a_removed_account_ends_automatic_recharges(
    flows: Flows, hass: HomeAssistant
) -> None:
    entry = sim_entry(
        hass,
        account=ACCOUNT_ID,
        mode="auto",
        cap_currency="USD",
        monthly_cap="5.00",
        amount="5000.00",
    )
    await flows.options(entry)
    # A limit in dollars says nothing about rupiah.
    assert flows.filled["limits"] == {}
    await flows.submit()
    assert flows.errors == {"mode": "auto_needs_account"}
    await save(flows, mode="remind")

    assert entry.options["mode"] == "remind"
    assert entry.options["cap_currency"] == "IDR"


async def test_a_pause_that_is_over_is_not_shown(
    flows: Flows, hass: HomeAssistant
) -> None:
    entry = sim_entry(hass)
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "paused_until": "2026-11-20"}
    )
    await flows.options(entry)
    assert flows.filled["state"] == {}
    await save(flows)

    assert "paused_until" not in entry.options


async def test_every_profile_can_suggest_rules() -> None:
    for carrier in load_carriers().values():
        sim = sim_of(
            {
                "number": AXIS,
                "country": carrier.country,
                "carrier": carrier.id,
                "overrides": {},
                "currency": carrier.currency,
                "time_zone": "UTC",
                "account": None,
                "operator": None,
            },
            Rules(mode=Mode.OFF),
            load_carriers(),
        )
        terms = Terms(sim=sim, account=None, today=date(2026, 11, 20))
        rules = new_rules(terms)
        assert rules["mode"] == "remind"
        if carrier.tiers and "amount" in rules:
            days = max(tier.days for tier in carrier.tiers)
            bought = next(
                tier.days
                for tier in reversed(carrier.tiers)
                if tier.amount.value <= float(rules["amount"])
            )
            assert bought >= min(days, 2 * rules["days_before"]), carrier.id


# -- What is sold ---------------------------------------------------------------------------


async def test_what_is_sold_stands_in_a_list_with_its_price_for_a_day(
    flows: Flows, hotlink: MockConfigEntry
) -> None:
    await flows.options(hotlink)
    shown = labels(flows)
    assert list(shown) == ["9002:5", "9002:10", "9002:30", "9002:50"]
    assert shown["9002:5"].startswith("5 MYR credit · ")
    assert " · costs 1.10 USD" in shown["9002:5"]
    assert "own" not in shown
    # RM 2 is not sold; what was stored is shown, and nothing is chosen for the user.
    assert flows.filled["what"] == {"amount": "2"}
    await flows.submit()
    assert flows.errors == {"what": "amount_not_sold"}
    assert nearest(flows) == "5 MYR"
    await flows.submit(what={"amount": "7"})
    assert nearest(flows) == "5 MYR, 10 MYR"
    await flows.submit(what={"amount": "10", "product": "9002:5"})
    assert flows.errors == {"what": "amount_or_product"}
    await flows.submit(what={"amount": None, "product": "9002:10", "fill_up_to": "20"})
    assert flows.errors == {"what": "fill_up_not_sold"}
    await save(flows, what={"fill_up_to": None})

    # What is told by its amount outlives a renaming of the product.
    assert hotlink.options["amount"] == "10.00"
    assert "product" not in hotlink.options
    await flows.options(hotlink)
    assert flows.filled["what"] == {"product": "9002:10"}


async def test_the_same_amount_twice_is_no_contradiction(
    flows: Flows, hotlink: MockConfigEntry
) -> None:
    await flows.options(hotlink)
    await save(flows, what={"amount": "30", "product": "9002:30"})
    assert hotlink.options["amount"] == "30.00"


async def test_an_amount_that_is_sold_can_be_typed(
    flows: Flows, hotlink: MockConfigEntry
) -> None:
    await flows.options(hotlink)
    await save(flows, what={"amount": "30"})
    assert hotlink.options["amount"] == "30.00"


async def test_any_amount_within_the_limits_can_be_typed(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    entry = sim_entry(
        hass,
        account=ACCOUNT_ID,
        operator="243",
        mode="ask",
        cap_currency="USD",
        amount="7000.00",
    )
    await flows.options(entry)
    shown = labels(flows)
    assert shown["own"] == "own"
    assert shown["amount:25000.00"] == (
        "25000 IDR credit · 30 days · costs 1.65 USD · 0.06 USD a day"
    )
    assert flows.filled["what"] == {"product": "own", "amount": "7000"}
    await flows.submit(what={"amount": "4000"})
    assert flows.errors == {"what": "amount_not_sold"}
    assert nearest(flows) == "5000 IDR"
    await save(flows, what={"amount": "8000"})
    assert entry.options["amount"] == "8000.00"


async def test_a_list_that_cannot_be_read_does_not_stop_anybody(
    flows: Flows, hotlink: MockConfigEntry, vendor: ReloadlySimulator
) -> None:
    vendor.fault("status", on="/operators/9002", status=503, times=None)
    await flows.options(hotlink)
    assert flows.errors == {"base": "prices_unread"}
    assert "accept" not in flows.fields
    assert flows.filled["what"] == {"amount": "2"}
    await save(flows, what={"amount": "10"})
    assert hotlink.options["amount"] == "10.00"


async def test_a_stored_product_stays_while_nothing_can_be_read(
    flows: Flows,
    hass: HomeAssistant,
    account: MockConfigEntry,
    vendor: ReloadlySimulator,
) -> None:
    vendor.fault("status", on="/oauth/token", status=503, times=None)
    entry = sim_entry(
        hass, account=ACCOUNT_ID, mode="ask", amount=None, cap_currency="USD"
    )
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "product": "xl-data-1"}
    )
    await flows.options(entry)
    assert flows.errors == {"base": "prices_unread"}
    assert flows.filled["what"] == {"product": "xl-data-1"}
    assert labels(flows) == {"xl-data-1": "xl-data-1, as until now"}
    await save(flows)

    assert entry.options["product"] == "xl-data-1"


async def test_an_operator_that_sells_no_credit(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    entry = sim_entry(
        hass, account=ACCOUNT_ID, operator="231", mode="ask", cap_currency="USD"
    )
    await flows.options(entry)
    assert flows.errors == {"base": "nothing_sold"}
    await save(flows)


async def test_a_bundle_of_the_operator_can_be_chosen(
    flows: Flows, axis: MockConfigEntry, vendor: ReloadlySimulator
) -> None:
    await flows.options(axis)
    shown = labels(flows)
    assert shown["231:12000:IDR"] == (
        "Axis Indonesia Data: 1GB 30 days · to be used within 30 days · costs 0.72 USD"
    )
    assert shown["9011:62000:IDR"] == (
        "Axis Owsem Combo: Owsem 16GB 1 month · costs 4 USD"
    )
    # Neither another brand's nor a PIN.
    assert not [key for key in shown if key.startswith(("797:", "9012:"))]
    # Credit is suggested; a bundle is never chosen for the user.
    assert flows.filled["what"] == {"product": "amount:25000.00"}
    await flows.submit(what={"product": "231:12000:IDR", "amount": "12000"})
    assert flows.errors == {"what": "amount_or_product"}
    await flows.submit(what={"amount": None})
    assert flows.preview[-1] == (
        "⚠️ This product brings neither credit nor days of validity, as far as we know:"
        " it does not keep the number alive."
    )
    await flows.choose("save")
    assert axis.options["product"] == "231:12000:IDR"
    assert "amount" not in axis.options
    await flows.options(axis)
    assert flows.filled["what"] == {"product": "231:12000:IDR"}
    assert vendor.bought == 0


async def test_no_warning_where_credit_is_bought(
    flows: Flows, axis: MockConfigEntry
) -> None:
    said = await preview(flows, axis, what={"product": "amount:25000.00"})
    assert not any("neither credit nor days" in line for line in said)


async def test_a_bundle_that_is_not_on_the_list_any_more_is_not_chosen_again(
    flows: Flows, hass: HomeAssistant, axis: MockConfigEntry
) -> None:
    gone = {**axis.options, "product": "231:99000:IDR"}
    gone.pop("amount")
    hass.config_entries.async_update_entry(axis, options=gone)
    await flows.options(axis)
    assert flows.filled["what"] == {}
    await flows.submit()
    assert flows.errors == {"what": "amount_required"}


async def test_a_promotion_is_told_with_what_it_is_for(
    flows: Flows, axis: MockConfigEntry, vendor: ReloadlySimulator
) -> None:
    vendor.promotions = [
        SoldPromotion(
            id=1,
            operator=243,
            title="<b>Double</b> {credit} [now](https://evil.example)",
            starts_in="2026-11-01",
            ends_in="2026-12-01 00:00:00",
            local_denominations="IDR 25000 and more",
        ),
        SoldPromotion(
            id=2, operator=243, title="Over", starts_in=-9, ends_in="2026-01-01"
        ),
        SoldPromotion(
            id=3,
            operator=231,
            title="x" * 900,
            starts_in="2026-11-01",
            ends_in="2026-12-01",
        ),
    ]
    await flows.options(axis)
    shown = labels(flows)
    assert shown["amount:25000.00"] == (
        "25000 IDR credit · 30 days · costs 1.65 USD · 0.06 USD a day"
        " · promotion until 2026-11-30, not counted here:"
        " IDR 25000 and more – Double {credit} [now](https://evil.example)"
    )
    assert shown["231:12000:IDR"].endswith(f"not counted here: {'x' * 99}…")
    assert "promotion" not in shown["9011:62000:IDR"]


async def test_promotions_that_fail_leave_the_list_as_it_is(
    flows: Flows, axis: MockConfigEntry, vendor: ReloadlySimulator
) -> None:
    vendor.fault("refuse", on="/promotions", status=403, code="NOT_AUTHORIZED")
    await flows.options(axis)
    assert flows.errors == {}
    assert "231:12000:IDR" in labels(flows)
    assert vendor.faults.hits["refuse"] == 1


# -- The preview ----------------------------------------------------------------------------


async def preview(flows: Flows, entry: MockConfigEntry, **changes: Any) -> list[str]:
    """Return what the preview says of changed rules."""
    await flows.options(entry)
    await flows.submit(**changes)
    return flows.preview


async def test_nothing_is_saved_before_the_preview_was_seen(
    flows: Flows, hass: HomeAssistant
) -> None:
    entry = sim_entry(hass)
    before = dict(entry.options)
    await preview(flows, entry, when={"days_before": 20})
    assert entry.options == before
    assert flows.result["menu_options"] == ["save", "rules"]
    await flows.choose("rules")
    assert flows.filled["when"] == {"days_before": 20}
    await save(flows)
    assert entry.options["days_before"] == 20


async def test_preview_of_a_calendar(flows: Flows, hass: HomeAssistant) -> None:
    entry = sim_entry(hass)
    calendar = {"calendar_start": "2026-12-31", "calendar_every": 3}
    said = await preview(flows, entry, calendar=calendar, what={"amount": "50000"})
    assert said[0] == "Next recharge on 2026-12-31: 50000 IDR."
    assert said[1].startswith("Recharges in a year: ")


async def test_a_calendar_that_began_long_ago_still_counts(
    flows: Flows, hass: HomeAssistant
) -> None:
    entry = sim_entry(hass)
    calendar = {"calendar_start": "0001-01-15", "calendar_every": 1}
    said = await preview(flows, entry, calendar=calendar, what={"amount": "50000"})
    assert said[0] == "Next recharge on 2026-11-20: 50000 IDR."


async def test_preview_with_a_price_and_a_cap_that_starves(
    flows: Flows, hass: HomeAssistant, hotlink: MockConfigEntry
) -> None:
    said = await preview(
        flows,
        hotlink,
        calendar={
            "calendar_start": "2026-12-01",
            "calendar_every": 1,
            "calendar_unit": "weeks",
        },
        what={"amount": None, "product": "9002:10"},
        limits={"monthly_cap": "5"},
    )
    assert said[0] == "Next recharge on 2026-12-01: 10 MYR for about 2.18 USD."
    assert said[1].startswith("Recharges in a year: ")
    assert said[1].endswith(" USD.")
    assert said[2].startswith("⚠️ On 2026-12-15 a limit leaves no room")


async def test_preview_of_rules_that_do_nothing(
    flows: Flows, hass: HomeAssistant
) -> None:
    entry = sim_entry(hass)
    (said,) = await preview(flows, entry, mode="off")
    assert said.startswith("SIM Keeper does nothing. SIM Keeper is switched off")
    (said,) = await preview(flows, entry, state={"lapse": True})
    assert said.startswith("SIM Keeper does nothing. This SIM is set to lapse")
    said, *_ = await preview(flows, entry)
    assert said.startswith("When the next recharge is due cannot be told yet")
    said, *_ = await preview(
        flows, entry, when={"low_balance": "1000", "days_before": None}
    )
    assert said == "The next recharge comes when the balance falls below 1000 IDR."


async def test_preview_warns_of_contradictions_and_of_a_trial_run(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    entry = sim_entry(hass, account=ACCOUNT_ID, operator="243", cap_currency="USD")
    said = await preview(
        flows,
        entry,
        mode="auto",
        limits={"monthly_cap": "5"},
        state={"shadow": True},
        what={"product": "amount:5000.00"},
    )
    assert "This is a trial run: nothing is bought without your yes." in said
    assert any(line.startswith("⚠️ The amount buys no more days") for line in said)


async def test_preview_speaks_the_language_of_the_household(
    flows: Flows, hass: HomeAssistant
) -> None:
    hass.config.language = "zh-Hans"
    entry = sim_entry(hass)
    said, *_ = await preview(flows, entry)
    assert said.startswith("目前还无法判断下次充值的时间")


async def test_a_list_is_read_once_for_those_who_come_back_soon(
    flows: Flows, hass: HomeAssistant, hotlink: MockConfigEntry, clock: Any
) -> None:
    await flows.options(hotlink)
    await flows.submit(what={"amount": "10"})
    (first,) = market_of(hass)._lists.values()
    clock.tick(600)
    await flows.options(hotlink)
    (again,) = market_of(hass)._lists.values()
    assert again is first
    clock.tick(600)
    await flows.options(hotlink)
    (anew,) = market_of(hass)._lists.values()
    assert anew is not first


async def test_rules_that_were_changed_meanwhile_are_not_overwritten(
    flows: Flows, hass: HomeAssistant, axis: MockConfigEntry
) -> None:
    """Somebody stopped it while the preview was open."""
    await flows.options(axis)
    await flows.submit(limits={"monthly_cap": "3"})
    off = {**axis.options, "mode": "off", "pauses": {"low_balance": "2027-01-01"}}
    hass.config_entries.async_update_entry(axis, options=off)
    await flows.choose("save")

    assert flows.result["reason"] == "changed_meanwhile"
    assert dict(axis.options) == off
