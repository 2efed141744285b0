"""The options of an account: its limit, its threshold, and the day its payment method expires."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .builders import Flows, account_entry

STORED = {
    "monthly_cap": "20.00",
    "low_wallet": "5.50",
    "cap_currency": "USD",
    "payment_expires": "2027-03-31",
}


@pytest.fixture
def account(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> MockConfigEntry:
    """Return an account on a certain day."""
    freezer.move_to("2026-11-20T12:00:00+00:00")
    return account_entry(hass)


async def test_everything_is_optional(flows: Flows, account: MockConfigEntry) -> None:
    await flows.options(account)
    assert account.supports_options
    assert flows.at == "account_options"
    assert flows.filled == {}
    assert flows.result["description_placeholders"] == {
        "provider": "Reloadly",
        "funding_url": "https://app.reloadly.com",
        "currency": "USD",
    }
    await flows.submit()

    assert account.options == {"cap_currency": "USD"}


async def test_what_was_said_is_kept_and_shown(
    flows: Flows, account: MockConfigEntry
) -> None:
    flows.hass.config_entries.async_update_entry(account, options={"own": 1})
    await flows.options(account)
    await flows.type(monthly_cap=" 20 ", low_wallet="5.5", payment_expires="2027-03-31")
    assert account.options == {"own": 1, **STORED}

    await flows.options(account)
    assert flows.filled == {
        "monthly_cap": "20",
        "low_wallet": "5.50",
        "payment_expires": "2027-03-31",
    }
    await flows.submit(monthly_cap=None, payment_expires=None)
    assert account.options == {"own": 1, "low_wallet": "5.50", "cap_currency": "USD"}


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"monthly_cap": "0"}, {"monthly_cap": "amount_not_positive"}),
        ({"monthly_cap": "1.005"}, {"monthly_cap": "amount_too_precise"}),
        ({"low_wallet": "-1"}, {"low_wallet": "amount_not_positive"}),
        ({"low_wallet": "much"}, {"low_wallet": "amount_not_a_number"}),
        ({"payment_expires": "2026-11-19"}, {"payment_expires": "day_passed"}),
        ({"payment_expires": "2126-11-19"}, {"payment_expires": "date_too_far"}),
    ],
)
async def test_wrong_values_can_be_corrected(
    flows: Flows,
    account: MockConfigEntry,
    typed: dict[str, Any],
    errors: dict[str, str],
) -> None:
    await flows.options(account)
    await flows.type(**typed)
    assert flows.errors == errors
    assert flows.filled == typed
    await flows.type(payment_expires="2026-11-20")

    assert account.options == {"cap_currency": "USD", "payment_expires": "2026-11-20"}


async def test_money_of_a_former_wallet_is_not_shown(
    flows: Flows, account: MockConfigEntry
) -> None:
    flows.hass.config_entries.async_update_entry(
        account, options={**STORED, "cap_currency": "EUR"}
    )
    await flows.options(account)

    assert flows.filled == {"payment_expires": "2027-03-31"}
