"""Adding a SIM and changing what it is."""

from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.entries import sim_unique_id
from tests.vendors.reloadly import CLIENT_ID, ReloadlySimulator

from .builders import (
    ACCOUNT_ID,
    AXIS,
    AXIS_RULE,
    AXIS_TOO,
    EPOCH,
    GIFFGAFF,
    Flows,
    account_entry,
    sim_entry,
)

ICCID = "8962100000000000002"


async def begin(flows: Flows, number: str = AXIS, **more: Any) -> None:
    """Get past the number."""
    await flows.start()
    await flows.choose("sim")
    await flows.type(number=number, **more)


async def to_rules(flows: Flows, **answers: str) -> None:
    """Get to the rules with everything as it is suggested."""
    await begin(flows)
    while flows.at != "rules":
        await flows.submit(**answers if flows.at in ("channel", "operator") else {})


# -- the way through ----------------------------------------------------------------------


async def test_adds_a_sim_that_a_person_recharges(flows: Flows, freezer: Any) -> None:
    freezer.move_to("2026-11-20T12:00:00+00:00")
    menu = await flows.start()
    assert (menu["type"], menu["menu_options"]) == ("menu", ["sim", "account"])

    await flows.choose("sim")
    assert flows.at == "sim"
    await flows.type(number="0831 1234 5678", country="ID")
    assert flows.at == "carrier"
    assert flows.filled == {"carrier": "axis_id"}
    assert flows.result["description_placeholders"] == {
        "number": "+62 ••• 678",
        "country": "ID",
        "brand": "AXIS",
    }
    await flows.submit()
    assert flows.at == "keep_alive"
    assert flows.filled == AXIS_RULE
    shown = flows.result["description_placeholders"]
    assert shown is not None
    assert (shown["mark"], shown["mark_model"], shown["mark_tiers"]) == (
        "✅",
        "✅",
        "⚠️",
    )
    assert shown["mark_max_days"] == ""
    assert shown["as_of"] == "2022"
    await flows.submit()
    assert flows.at == "readings"
    assert flows.fields == {"expiry", "balance"}
    await flows.type(expiry="2027-01-31", balance="1500")
    assert flows.at == "rules"
    assert flows.filled == {"mode": "remind", "days_before": 14, "amount": "25000"}
    await flows.submit(low_balance="1000")
    assert flows.result["menu_options"] == ["save", "rules"]
    assert flows.preview == [
        "Next recharge on 2027-01-17: 25000 IDR.",
        "Recharges in a year: 20, together about 500000 IDR.",
        "Cheaper: 10000 IDR + 25000 IDR + 50000 IDR would save about 140000 IDR a year.",
    ]
    await flows.choose("save")

    assert flows.result["type"] == "create_entry"
    assert flows.result["title"] == "AXIS (XLSMART) +62 ••• 678"
    entry = flows.result["result"]
    assert entry.unique_id == sim_unique_id(AXIS)
    epoch = entry.data["epoch"]
    assert len(epoch) == 10
    assert dict(entry.data) == {
        "kind": "sim",
        "number": AXIS,
        "country": "ID",
        "carrier": "axis_id",
        "overrides": {},
        "currency": "IDR",
        "time_zone": "Asia/Jakarta",
        "epoch": epoch,
        "account": None,
        "operator": None,
        "first_readings": {
            "at": "2026-11-20T12:00:00+00:00",
            "balance": "1500.00",
            "expiry": "2027-01-31",
        },
    }
    assert dict(entry.options) == {
        "mode": "remind",
        "low_balance": "1000.00",
        "days_before": 14,
        "amount": "25000.00",
        "cap_currency": "IDR",
    }


async def test_adds_a_sim_that_buys_a_bundle(
    flows: Flows, account: MockConfigEntry
) -> None:
    await begin(flows)
    await flows.submit()
    await flows.submit()
    await flows.type()
    await flows.submit()
    assert flows.at == "operator"
    await flows.submit()
    await flows.submit(product="700:2.1:USD")
    assert any("neither credit nor days" in line for line in flows.preview)
    await flows.choose("save")
    entry = flows.result["result"]
    assert entry.data["operator"] == "243"
    assert entry.options["product"] == "700:2.1:USD"
    assert "amount" not in entry.options


async def test_adds_a_sim_that_an_account_recharges(
    flows: Flows, account: MockConfigEntry
) -> None:
    await begin(flows, name="Grandma")
    await flows.submit()
    await flows.submit()
    await flows.type()
    assert flows.at == "channel"
    assert flows.filled == {"account": ACCOUNT_ID}
    await flows.submit()
    assert flows.at == "operator"
    assert flows.filled == {"answer": "confirm"}
    assert flows.result["description_placeholders"] == {
        "operator": "Axis Indonesia",
        "account": "Reloadly (sandbox)",
        "number": "+62 ••• 678",
    }
    await flows.submit()
    assert flows.filled == {
        "mode": "ask",
        "days_before": 10,
        "product": "amount:25000.00",
    }
    await flows.finish(mode="auto", days_before=5, monthly_cap="3")

    entry = flows.result["result"]
    assert entry.title == "Grandma"
    assert (entry.data["account"], entry.data["operator"]) == (ACCOUNT_ID, "243")
    assert dict(entry.options) == {
        "mode": "auto",
        "days_before": 5,
        "amount": "25000.00",
        "monthly_cap": "3.00",
        "cap_currency": "USD",
    }


async def test_an_account_is_only_offered(
    flows: Flows, account: MockConfigEntry
) -> None:
    await to_rules(flows, account="by_hand")
    assert flows.filled["mode"] == "remind"
    await flows.finish()

    assert flows.result["result"].data["account"] is None


async def test_another_operator_than_the_users_is_not_used(
    flows: Flows, account: MockConfigEntry
) -> None:
    await begin(flows)
    await flows.submit()
    await flows.submit()
    await flows.type()
    await flows.submit()
    assert flows.at == "operator"
    await flows.submit(answer="by_hand")
    assert flows.filled["mode"] == "remind"
    await flows.finish()

    data = flows.result["result"].data
    assert (data["account"], data["operator"]) == (None, None)


async def test_an_operator_can_be_found_at_the_second_try(
    flows: Flows, account: MockConfigEntry, vendor: ReloadlySimulator
) -> None:
    vendor.fault("status", on="/oauth/token", status=503, times=1)
    await begin(flows)
    await flows.submit()
    await flows.submit()
    await flows.type()
    await flows.submit()
    assert (flows.at, flows.errors) == ("operator_failed", {"base": "provider_down"})
    await flows.submit()
    assert flows.at == "operator"


@pytest.mark.parametrize(
    ("answer", "kept", "mode"),
    [("later", ACCOUNT_ID, "ask"), ("by_hand", None, "remind")],
)
async def test_goes_on_without_an_operator(
    flows: Flows,
    hass: HomeAssistant,
    vendor: ReloadlySimulator,
    answer: str,
    kept: str | None,
    mode: str,
) -> None:
    account_entry(hass, vendor.url, client_id=CLIENT_ID, client_secret="wrong")
    await begin(flows)
    await flows.submit()
    await flows.submit()
    await flows.type()
    await flows.submit()
    assert (flows.at, flows.errors) == ("operator_failed", {"base": "login_failed"})
    await flows.submit(answer=answer)
    assert flows.filled["mode"] == mode
    await flows.finish()

    data = flows.result["result"].data
    assert (data["account"], data["operator"]) == (kept, None)


async def test_an_operator_that_the_provider_does_not_know(
    flows: Flows, account: MockConfigEntry
) -> None:
    # Anguilla is a country that the provider does not serve.
    await begin(flows, "+12642351234")
    await flows.submit(currency="XCD")
    await flows.type()
    await flows.submit()

    assert (flows.at, flows.errors) == ("operator_failed", {"base": "operator_unknown"})


async def test_an_account_that_goes_meanwhile_is_not_used(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    await begin(flows)
    await flows.submit()
    await flows.submit()
    await flows.type()
    assert flows.at == "channel"
    flow = hass.config_entries.flow._progress[flows.result["flow_id"]]
    object.__setattr__(account, "unique_id", "reloadly:gone")
    answer = await flow.async_step_channel({"account": ACCOUNT_ID})  # type: ignore[attr-defined]

    assert answer["step_id"] == "rules"


async def test_a_data_line_is_recharged_by_a_person(
    flows: Flows, account: MockConfigEntry
) -> None:
    await begin(flows, ICCID)
    assert flows.at == "carrier"
    options = flows.schema.schema["carrier"].config["options"]
    assert {"value": "giffgaff_gb", "label": "giffgaff ✅ · GB"} in options
    await flows.submit(carrier="giffgaff_gb")
    await flows.submit()
    await flows.type()
    assert flows.at == "rules"
    await flows.finish()

    entry = flows.result["result"]
    assert entry.title == "giffgaff 89 ••• 002"
    assert entry.data["number"] == ICCID
    assert entry.unique_id == sim_unique_id(ICCID)


async def test_a_carrier_that_nobody_knows(flows: Flows) -> None:
    await begin(flows)
    await flows.submit(carrier="other")
    assert flows.at == "keep_alive_other"
    assert flows.filled == {
        "currency": "IDR",
        "model": "topup_window",
        "stacking": "unknown",
        "incoming_counts": "unknown",
        "time_zone": "Asia/Jakarta",
    }
    await flows.submit(currency="usd", tiers="5 : 30；10→60", incoming_counts="yes")
    await flows.type(balance="0.5")
    await flows.finish(days_before=None, amount="5.5")

    entry = flows.result["result"]
    assert entry.title == "AXIS +62 ••• 678"
    assert entry.data["carrier"] == "other"
    assert entry.data["currency"] == "USD"
    assert entry.data["overrides"] == {
        "tiers": [{"amount": "5.00", "days": 30}, {"amount": "10.00", "days": 60}],
        "incoming_counts": True,
    }
    assert entry.data["first_readings"]["balance"] == "0.50"
    # Without any rule nothing would ever happen.
    assert entry.options["days_before"] == 14
    assert entry.options["amount"] == "5.50"


async def test_a_country_without_carriers_has_no_currency_to_suggest(
    flows: Flows, hass: HomeAssistant
) -> None:
    await begin(flows, "+12642351234")
    assert flows.at == "keep_alive_other"
    assert "currency" not in flows.filled
    await flows.submit(currency="XCD", time_zone="America/Anguilla")
    await flows.type()
    await flows.finish()

    assert flows.result["result"].title == "AI +1 ••• 234"


async def test_a_number_that_must_be_used_asks_when_it_was(flows: Flows) -> None:
    await begin(flows, GIFFGAFF)
    await flows.submit(carrier="giffgaff_gb")
    await flows.submit()
    assert flows.fields == {"last_activity", "balance"}
    await flows.type(last_activity="2026-01-02")
    await flows.finish()

    entry = flows.result["result"]
    assert entry.data["first_readings"]["last_activity"] == "2026-01-02"


async def test_home_is_the_zone_if_the_country_has_it(
    flows: Flows, hass: HomeAssistant
) -> None:
    await hass.config.async_set_time_zone("Asia/Makassar")
    await begin(flows)
    await flows.submit()

    assert flows.filled["time_zone"] == "Asia/Makassar"


async def test_only_what_the_user_corrects_is_stored(flows: Flows) -> None:
    await begin(flows)
    await flows.submit()
    await flows.submit(grace_days=60, topup_url=None, min_topup="10000.00")
    await flows.type()
    assert flows.filled["amount"] == "25000"
    await flows.finish()

    assert flows.result["result"].data["overrides"] == {
        "grace_days": 60,
        "topup_url": None,
        "min_topup": "10000.00",
    }


# -- bad input ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"number": "hello"}, {"number": "number_invalid"}),
        ({"number": "+6212"}, {"number": "number_too_short"}),
        ({"number": "0831 1234 5678"}, {"country": "number_needs_country"}),
        ({"number": "1234567890123456"}, {"number": "iccid_invalid"}),
    ],
)
async def test_a_wrong_number_can_be_corrected(
    flows: Flows, typed: dict[str, str], errors: dict[str, str]
) -> None:
    await begin(flows, **typed, name="Grandma")
    assert (flows.at, flows.errors) == ("sim", errors)
    assert "accept" not in flows.fields
    assert flows.filled == {**typed, "name": "Grandma"}
    await flows.submit(number=AXIS)

    assert flows.at == "carrier"


async def test_an_unusual_number_must_be_accepted(flows: Flows) -> None:
    await begin(flows, "+62211234567")
    assert flows.errors == {"number": "number_not_mobile"}
    assert flows.filled == {"number": "+62211234567", "accept": False}
    await flows.submit()
    assert flows.errors == {"number": "number_not_mobile"}
    # Another warning than the one that was read is not accepted with it.
    await flows.submit(number="+6280112345678", accept=True)
    assert flows.errors == {"number": "number_unusual"}
    assert flows.filled["accept"] is False
    await flows.submit(accept=True)

    assert flows.at == "carrier"


async def test_the_same_number_twice_is_refused(
    flows: Flows, hass: HomeAssistant
) -> None:
    sim_entry(hass)
    await begin(flows, "0831 1234 5678", country="ID")

    assert flows.result["type"] == "abort"
    assert flows.result["reason"] == "already_configured"


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"min_topup": "-5"}, {"min_topup": "amount_not_positive"}),
        ({"min_topup": "5.001"}, {"min_topup": "amount_too_precise"}),
        ({"min_topup": "5,00"}, {"min_topup": "amount_not_a_number"}),
        ({"min_topup": "1" * 20}, {"min_topup": "amount_too_large"}),
        ({"tiers": "5000"}, {"tiers": "ladder_invalid"}),
        ({"tiers": "0 = 7"}, {"tiers": "amount_not_positive"}),
        ({"tiers": "5000 = 7, 9000 = 5"}, {"tiers": "value_invalid"}),
        ({"tiers": "5000 = 7, 5000 = 8"}, {"tiers": "value_invalid"}),
        ({"window_days": 30}, {"window_days": "ladder_and_days"}),
        ({"window_days": 30.5, "tiers": None}, {"window_days": "not_whole"}),
        ({"model": "activity_window"}, {"tiers": "ladder_without_topups"}),
        ({"topup_url": "http://axis.co.id"}, {"topup_url": "url_not_https"}),
        ({"time_zone": "Asia/Nowhere"}, {"time_zone": "time_zone_unknown"}),
        ({"time_zone": " "}, {"time_zone": "time_zone_unknown"}),
        ({"time_zone": "Asia"}, {"time_zone": "time_zone_unknown"}),
        ({"time_zone": "../passwd"}, {"time_zone": "time_zone_unknown"}),
    ],
)
async def test_a_wrong_rule_can_be_corrected(
    flows: Flows, typed: dict[str, Any], errors: dict[str, str]
) -> None:
    await begin(flows)
    await flows.submit()
    await flows.submit(**typed)
    assert (flows.at, flows.errors) == ("keep_alive", errors)
    expected = {
        key: value for key, value in (AXIS_RULE | typed).items() if value is not None
    }
    assert flows.filled == expected
    await flows.type(**AXIS_RULE)

    assert flows.at == "readings"


async def test_a_window_of_unknown_length_must_be_accepted(flows: Flows) -> None:
    await begin(flows)
    await flows.submit()
    await flows.submit(model="activity_window", tiers=None)
    assert flows.errors == {"window_days": "window_unknown"}
    await flows.submit(accept=True)

    assert flows.at == "readings"


async def test_a_wrong_currency_can_be_corrected(flows: Flows) -> None:
    await begin(flows)
    await flows.submit(carrier="other")
    await flows.submit(currency="RUPIAH", min_topup="x")
    assert flows.errors == {"currency": "currency_unknown"}
    await flows.submit(currency="IDR")
    assert flows.errors == {"min_topup": "amount_not_a_number"}
    await flows.submit(min_topup="5000")

    assert flows.at == "readings"


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"balance": "much"}, {"balance": "amount_not_a_number"}),
        ({"expiry": "2126-01-01"}, {"expiry": "date_too_far"}),
    ],
)
async def test_wrong_readings_can_be_corrected(
    flows: Flows, typed: dict[str, str], errors: dict[str, str]
) -> None:
    await begin(flows)
    await flows.submit()
    await flows.submit()
    await flows.type(**typed)
    assert (flows.at, flows.errors, flows.filled) == ("readings", errors, typed)
    await flows.type()

    assert flows.at == "rules"


async def test_a_last_use_in_the_future_is_an_error(flows: Flows) -> None:
    await begin(flows, GIFFGAFF)
    await flows.submit(carrier="giffgaff_gb")
    await flows.submit()
    await flows.type(last_activity="2126-01-01")

    assert flows.errors == {"last_activity": "date_in_future"}


async def test_a_debt_and_a_passed_day_must_be_accepted(flows: Flows) -> None:
    await begin(flows)
    await flows.submit()
    await flows.submit()
    await flows.type(balance="-3", expiry="2025-01-01")
    assert flows.errors == {"balance": "balance_negative", "expiry": "expiry_past"}
    await flows.submit(accept=True)

    assert flows.at == "rules"


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"amount": "-5"}, {"amount": "amount_not_positive"}),
        ({"low_balance": "0"}, {"low_balance": "amount_not_positive"}),
        ({"low_balance": "0.001"}, {"low_balance": "amount_too_precise"}),
        ({"monthly_cap": "24999"}, {"monthly_cap": "amount_above_cap"}),
        ({"mode": "auto"}, {"mode": "auto_needs_account"}),
        ({"days_before": 2.5}, {"days_before": "not_whole"}),
    ],
)
async def test_wrong_rules_can_be_corrected(
    flows: Flows, typed: dict[str, Any], errors: dict[str, str]
) -> None:
    await to_rules(flows)
    good = flows.filled
    await flows.submit(**typed)
    assert (flows.at, flows.errors) == ("rules", errors)
    assert flows.filled == good | typed
    await flows.type(**good)
    await flows.choose("save")

    assert flows.result["type"] == "create_entry"


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"product": None}, {"amount": "amount_required"}),
        (
            {"mode": "auto", "product": None},
            {"amount": "amount_required", "monthly_cap": "cap_required"},
        ),
        (
            {"mode": "auto", "monthly_cap": "3", "days_before": 2},
            {"days_before": "days_too_few"},
        ),
    ],
)
async def test_recharges_by_an_account_need_their_limits(
    flows: Flows,
    account: MockConfigEntry,
    typed: dict[str, Any],
    errors: dict[str, str],
) -> None:
    await to_rules(flows)
    await flows.submit(**typed)
    assert flows.errors == errors
    # The cap is in dollars here, the amount in rupiah: nothing compares them.
    await flows.finish(product="own", amount="5000", monthly_cap="1", days_before=3)

    assert flows.result["type"] == "create_entry"


async def test_automatic_recharges_need_no_days_if_the_balance_counts(
    flows: Flows, account: MockConfigEntry
) -> None:
    await to_rules(flows)
    await flows.finish(
        mode="auto", monthly_cap="3", days_before=None, low_balance="100"
    )

    assert "days_before" not in flows.result["result"].options


async def test_automatic_recharges_are_possible_where_real_money_moves(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """The heart asks until one order was supervised; the flow needs not."""
    await to_rules(flows)
    login = {
        key: value for key, value in account.data["login"].items() if key != "base_url"
    }
    hass.config_entries.async_update_entry(
        account, data={**account.data, "login": login}
    )
    await flows.finish(mode="auto", monthly_cap="3")
    assert flows.result["result"].options["mode"] == "auto"


@pytest.mark.parametrize(
    ("rule", "warning"),
    [
        ({}, "it would buy no validity"),
        ({"min_topup": None}, "this amount buys no days at AXIS (XLSMART)"),
    ],
)
async def test_an_amount_that_does_not_help_is_warned_of(
    flows: Flows, rule: dict[str, None], warning: str
) -> None:
    await begin(flows)
    await flows.submit()
    await flows.submit(**rule)
    await flows.type()
    await flows.submit(amount="4000")
    assert any(line.startswith("⚠️") and warning in line for line in flows.preview)
    await flows.choose("rules")
    assert flows.filled["amount"] == "4000"
    await flows.finish()

    assert flows.result["result"].options["amount"] == "4000.00"


async def test_a_top_up_where_only_use_counts_is_no_fault(flows: Flows) -> None:
    await begin(flows)
    await flows.submit(carrier="other")
    await flows.submit(window_days=30)
    await flows.type()
    assert "amount" not in flows.filled
    await flows.finish(amount="1")

    assert flows.result["type"] == "create_entry"


# -- changing a SIM -----------------------------------------------------------------------


async def test_the_name_changes_alone(flows: Flows, hass: HomeAssistant) -> None:
    entry = sim_entry(hass)
    before = dict(entry.data), dict(entry.options)
    menu = await flows.reconfigure(entry)
    assert menu["menu_options"] == ["change_number", "change_carrier"]
    await flows.choose("change_number")
    assert flows.filled == {"number": AXIS}
    await flows.submit(name="Grandma")

    assert flows.result["reason"] == "reconfigure_successful"
    assert entry.title == "Grandma"
    assert (dict(entry.data), dict(entry.options)) == before
    await flows.reconfigure(entry)
    await flows.choose("change_number")
    assert flows.filled == {"number": AXIS, "name": "Grandma"}
    await flows.submit(name=None)
    assert entry.title == "AXIS (XLSMART) +62 ••• 678"


async def test_another_number_is_another_line(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    entry = sim_entry(
        hass, account=ACCOUNT_ID, operator="1", cap_currency="USD", mode="ask"
    )
    await flows.reconfigure(entry)
    await flows.choose("change_number")
    await flows.submit(number=AXIS_TOO)
    assert flows.at == "readings"
    await flows.type(expiry="2027-01-31")
    assert flows.at == "operator"
    await flows.submit()

    assert flows.result["reason"] == "reconfigure_successful"
    assert entry.data["number"] == AXIS_TOO
    assert entry.unique_id == sim_unique_id(AXIS_TOO)
    assert entry.data["epoch"] != EPOCH
    assert entry.data["operator"] == "243"
    assert entry.data["first_readings"]["expiry"] == "2027-01-31"
    assert entry.title == "AXIS (XLSMART) +62 ••• 321"


AUTOMATIC = {
    "account": ACCOUNT_ID,
    "operator": "1",
    "mode": "auto",
    "monthly_cap": "3.00",
    "cap_currency": "USD",
    "amount": "25000.00",
}


async def to_another_number(
    flows: Flows, hass: HomeAssistant, **readings: str
) -> MockConfigEntry:
    """Change the number of an automatic SIM, up to its rules."""
    entry = sim_entry(hass, **AUTOMATIC)
    await flows.reconfigure(entry)
    await flows.choose("change_number")
    await flows.submit(number=AXIS_TOO)
    await flows.type(**readings)
    await flows.submit()
    assert flows.at == "rules"
    return entry


async def test_another_number_is_bought_for_automatically_only_where_somebody_says_so(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    entry = await to_another_number(flows, hass, expiry="2027-01-31")
    assert (flows.filled["mode"], flows.filled["monthly_cap"]) == ("ask", "3")
    await flows.finish()

    assert entry.data["number"] == AXIS_TOO
    assert entry.options["mode"] == "ask"


async def test_another_carrier_s_operator_is_confirmed_anew(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    entry = sim_entry(hass, **AUTOMATIC)
    await flows.reconfigure(entry)
    await flows.choose("change_carrier")
    await flows.submit(carrier="xl_id")
    await flows.submit()
    assert flows.at == "operator"
    await flows.submit()
    assert flows.at == "rules"
    assert flows.filled["mode"] == "ask"
    await flows.finish(mode="auto")

    assert (entry.data["carrier"], entry.data["operator"]) == ("xl_id", "243")
    assert entry.options["mode"] == "auto"


async def test_another_carrier_keeps_an_account_that_is_disabled(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """It may be enabled again; but nobody has confirmed the operator then."""
    entry = sim_entry(hass, **AUTOMATIC)
    await hass.config_entries.async_set_disabled_by(
        account.entry_id, ConfigEntryDisabler.USER
    )
    await flows.reconfigure(entry)
    await flows.choose("change_carrier")
    await flows.submit(carrier="xl_id")
    await flows.submit()
    assert flows.at == "rules"
    await flows.finish(mode="remind")

    assert (entry.data["account"], entry.data["operator"]) == (ACCOUNT_ID, None)


async def test_rules_that_are_lowered_while_they_are_shown_are_not_saved(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    entry = await to_another_number(flows, hass)
    asks = {**entry.options, "mode": "ask"}
    hass.config_entries.async_update_entry(entry, options=asks)
    await flows.finish()

    assert flows.result["reason"] == "changed_meanwhile"
    assert (entry.data["number"], dict(entry.options)) == (AXIS, asks)


async def test_a_corrected_rule_leaves_operator_and_mode_alone(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    entry = sim_entry(hass, **AUTOMATIC)
    await flows.reconfigure(entry)
    await flows.choose("change_carrier")
    await flows.submit()
    await flows.submit(grace_days=20)

    assert flows.result["reason"] == "reconfigure_successful"
    assert (entry.data["operator"], entry.options["mode"]) == ("1", "auto")


async def test_rules_that_were_changed_meanwhile_are_not_overwritten(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    entry = await to_another_number(flows, hass)
    await flows.submit()
    off = {**entry.options, "mode": "off"}
    hass.config_entries.async_update_entry(entry, options=off)
    await flows.choose("save")

    assert flows.result["reason"] == "changed_meanwhile"
    assert (entry.data["number"], dict(entry.options)) == (AXIS, off)


async def test_a_number_of_another_country_asks_for_everything(
    flows: Flows, hass: HomeAssistant
) -> None:
    entry = sim_entry(hass, paused="kept")
    hass.config_entries.async_update_entry(entry, options={**entry.options, "own": 1})
    await flows.reconfigure(entry)
    await flows.choose("change_number")
    await flows.submit(number=GIFFGAFF)
    assert flows.at == "carrier"
    await flows.submit(carrier="giffgaff_gb")
    assert flows.at == "keep_alive"
    await flows.submit()
    assert flows.at == "readings"
    await flows.type()
    assert flows.at == "rules"
    assert flows.filled["amount"] == "10"
    await flows.finish()

    assert entry.data["currency"] == "GBP"
    assert entry.options["cap_currency"] == "GBP"
    assert entry.options["own"] == 1


async def test_a_number_of_another_sim_is_refused(
    flows: Flows, hass: HomeAssistant
) -> None:
    entry = sim_entry(hass)
    sim_entry(hass, number=AXIS_TOO)
    await flows.reconfigure(entry)
    await flows.choose("change_number")
    await flows.submit(number=AXIS_TOO)
    assert flows.errors == {"number": "already_configured"}
    await flows.submit(number="nonsense")
    assert flows.errors == {"number": "number_invalid"}
    await flows.submit(number=AXIS)

    assert flows.result["reason"] == "reconfigure_successful"
    assert entry.data["epoch"] == EPOCH


async def test_an_unusual_number_is_accepted_once(
    flows: Flows, hass: HomeAssistant
) -> None:
    entry = sim_entry(hass, number="+62211234567")
    await flows.reconfigure(entry)
    await flows.choose("change_number")
    await flows.submit(name="Landline")

    assert entry.title == "Landline"


async def test_a_data_line_shows_its_country(flows: Flows, hass: HomeAssistant) -> None:
    account_entry(hass)
    entry = sim_entry(hass, number=ICCID, country="SG", title="Router")
    menu = await flows.reconfigure(entry)
    assert menu["menu_options"] == ["change_number", "change_carrier"]
    await flows.choose("change_number")

    assert flows.filled == {"number": ICCID, "country": "SG", "name": "Router"}


async def test_the_rule_is_corrected(
    flows: Flows, hass: HomeAssistant, set_up: Any
) -> None:
    entry = sim_entry(hass, overrides={"grace_days": 10})
    await flows.reconfigure(entry)
    await flows.choose("change_carrier")
    assert flows.filled == {"carrier": "axis_id"}
    await flows.submit()
    assert flows.filled == AXIS_RULE | {"grace_days": 10}
    shown = flows.result["description_placeholders"]
    assert shown is not None
    assert shown["mark_grace_days"] == "✏️"
    await flows.submit(grace_days=20, time_zone="Asia/Makassar")

    assert flows.result["reason"] == "reconfigure_successful"
    assert entry.data["overrides"] == {"grace_days": 20}
    assert entry.data["time_zone"] == "Asia/Makassar"
    assert entry.data["epoch"] == EPOCH
    # It was not loaded, so nobody listened: it is tried again.
    assert set_up.called


async def test_a_loaded_sim_hears_of_the_change_itself(
    flows: Flows, hass: HomeAssistant, set_up: Any
) -> None:
    entry = sim_entry(hass)
    heard = []

    async def listen(_hass: HomeAssistant, changed: Any) -> None:
        heard.append(changed)

    entry.add_update_listener(listen)
    await flows.reconfigure(entry)
    await flows.choose("change_number")
    await flows.submit(name="Grandma")

    assert heard == [entry]
    assert not set_up.called


async def test_another_carrier_begins_with_its_own_rule(
    flows: Flows, hass: HomeAssistant
) -> None:
    entry = sim_entry(hass, overrides={"grace_days": 10})
    await flows.reconfigure(entry)
    await flows.choose("change_carrier")
    await flows.submit(carrier="xl_id")
    assert flows.filled["grace_days"] == 30
    await flows.submit()

    assert flows.result["reason"] == "reconfigure_successful"
    assert (entry.data["carrier"], entry.data["overrides"]) == ("xl_id", {})
    assert entry.title == "XL Prabayar (XLSMART) +62 ••• 678"


async def test_a_carrier_that_left_the_file_can_be_corrected(
    flows: Flows, hass: HomeAssistant
) -> None:
    entry = sim_entry(hass, carrier="gone", overrides={"window_days": 30})
    await flows.reconfigure(entry)
    await flows.choose("change_carrier")
    await flows.type(carrier="other")
    assert flows.at == "keep_alive_other"
    await flows.submit(window_days=60)

    assert entry.data["overrides"] == {"window_days": 60}


async def test_a_carrier_that_changed_its_currency_begins_anew(
    flows: Flows, hass: HomeAssistant
) -> None:
    entry = sim_entry(
        hass, currency="USD", cap_currency="USD", overrides={"min_topup": "1.00"}
    )
    await flows.reconfigure(entry)
    await flows.choose("change_carrier")
    await flows.submit()
    assert flows.filled == AXIS_RULE
    await flows.submit()
    assert flows.at == "rules"
    assert flows.filled["amount"] == "25000"
    await flows.finish()

    assert (entry.data["currency"], entry.data["overrides"]) == ("IDR", {})


async def test_an_account_takes_over(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    entry = sim_entry(hass, low_balance="1000.00", monthly_cap="20000.00")
    menu = await flows.reconfigure(entry)
    assert menu["menu_options"] == ["change_number", "change_carrier", "change_channel"]
    await flows.choose("change_channel")
    assert flows.filled == {"account": "by_hand"}
    await flows.submit(account=ACCOUNT_ID)
    await flows.submit()
    assert flows.at == "rules"
    # The cap was in another currency, so it is not offered again.
    assert flows.filled == {
        "mode": "ask",
        "days_before": 14,
        "product": "amount:5000.00",
        "low_balance": "1000",
    }
    await flows.finish()

    assert entry.data["operator"] == "243"
    assert entry.options["cap_currency"] == "USD"
    assert entry.options["mode"] == "ask"


async def test_a_person_takes_over(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    entry = sim_entry(
        hass,
        account=ACCOUNT_ID,
        operator="243",
        mode="auto",
        monthly_cap="3.00",
        cap_currency="USD",
    )
    await flows.reconfigure(entry)
    await flows.choose("change_channel")
    assert flows.filled == {"account": ACCOUNT_ID}
    await flows.submit(account="by_hand")
    assert flows.at == "rules"
    assert flows.filled["mode"] == "remind"
    await flows.finish()

    assert (entry.data["account"], entry.data["operator"]) == (None, None)
    assert entry.options["mode"] == "remind"
    assert entry.options["cap_currency"] == "IDR"


async def test_an_account_that_was_removed_can_be_left(
    flows: Flows, hass: HomeAssistant
) -> None:
    entry = sim_entry(hass, account=ACCOUNT_ID, mode="ask", cap_currency="USD")
    menu = await flows.reconfigure(entry)
    assert "change_channel" in menu["menu_options"]
    await flows.choose("change_channel")
    assert flows.at == "rules"
    await flows.finish()

    assert entry.data["account"] is None
