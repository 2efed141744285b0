"""The rules of a SIM, edited later."""

from homeassistant.core import HomeAssistant

from custom_components.sim_keeper.flows.rules import Terms, new_rules
from custom_components.sim_keeper.keeper.carrier_data import load_carriers

from .builders import ACCOUNT_ID, Flows, account_entry, sim_entry

LOOPBACK = "http://127.0.0.1:1"


async def test_edits_the_rules(flows: Flows, hass: HomeAssistant) -> None:
    account_entry(hass, LOOPBACK)
    entry = sim_entry(
        hass,
        account=ACCOUNT_ID,
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
        "days_before": 14,
        "amount": "5000",
        "monthly_cap": "3.50",
        "low_balance": "1000",
    }
    assert flows.result["description_placeholders"] == {
        "carrier": "AXIS (XLSMART)",
        "currency": "IDR",
        "cap_currency": "USD",
        "min_topup": "5000.00 IDR",
        "auto_days": "3",
    }
    await flows.submit(mode="auto", low_balance=None, days_before=5)

    assert entry.options == {
        "own": 1,
        "mode": "auto",
        "days_before": 5,
        "amount": "5000.00",
        "monthly_cap": "3.50",
        "cap_currency": "USD",
    }


async def test_wrong_rules_and_warnings_can_be_corrected(
    flows: Flows, hass: HomeAssistant
) -> None:
    entry = sim_entry(hass)
    await flows.options(entry)
    await flows.submit(amount="4000", monthly_cap="1")
    assert flows.errors == {"monthly_cap": "cap_below_amount"}
    assert "accept" not in flows.fields
    await flows.submit(monthly_cap=None)
    assert flows.errors == {"amount": "amount_below_minimum"}
    await flows.submit(accept=True)

    assert entry.options["amount"] == "4000.00"
    assert "accept" not in entry.options


async def test_a_removed_account_ends_automatic_recharges(
    flows: Flows, hass: HomeAssistant
) -> None:
    entry = sim_entry(hass, account=ACCOUNT_ID, mode="auto", cap_currency="USD")
    await flows.options(entry)
    await flows.submit()
    assert flows.errors == {"mode": "auto_needs_account"}
    await flows.submit(mode="remind")

    assert entry.options["mode"] == "remind"


async def test_every_profile_can_suggest_rules() -> None:
    for carrier in load_carriers().values():
        rules = new_rules(
            Terms(carrier=carrier, currency=carrier.currency, account=None)
        )
        assert rules["mode"] == "remind"
