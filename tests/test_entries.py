"""Config entries as values of the heart."""

import re
from zoneinfo import ZoneInfo

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.entries import (
    account_entries,
    account_entry as find_account,
    address_of,
    is_loopback_account,
    kind_of,
    new_epoch,
    sim_from,
    sim_title,
    sim_unique_id,
)
from custom_components.sim_keeper.keeper.carrier_data import load_carriers
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.sim import Mode, Rules
from custom_components.sim_keeper.stored_rules import rules_from

from .config_flow.builders import (
    ACCOUNT_ID,
    AXIS,
    EPOCH,
    account_entry,
    household_entry,
    sim_entry,
)

PROFILES = load_carriers()


def test_an_entry_becomes_a_sim(hass: HomeAssistant) -> None:
    entry = sim_entry(
        hass, account=ACCOUNT_ID, operator="243", overrides={"grace_days": 10}
    )

    sim = sim_from(entry, PROFILES)

    assert (sim.epoch, sim.number, sim.country, sim.currency) == (
        EPOCH,
        AXIS,
        "ID",
        "IDR",
    )
    assert sim.zone == ZoneInfo("Asia/Jakarta")
    assert (sim.carrier.id, sim.carrier.grace_days) == ("axis_id", 10)
    assert (sim.account, sim.operator) == (ACCOUNT_ID, "243")
    assert sim.rules == Rules(
        mode=Mode.REMIND,
        days_before=14,
        amount=Money(500000, "IDR"),
        pays_in="IDR",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"carrier": "other"},
        {"carrier": "gone"},
        {"carrier": "axis_id", "currency": "USD"},
    ],
)
def test_a_carrier_that_does_not_fit_gives_way_to_the_neutral_one(
    hass: HomeAssistant, changes: dict[str, str]
) -> None:
    entry = sim_entry(hass, **changes, overrides={"window_days": 30}, amount=None)

    carrier = sim_from(entry, PROFILES).carrier

    assert (carrier.id, carrier.window_days) == ("other", 30)
    assert carrier.currency == entry.data["currency"]


def test_a_zone_that_is_gone_does_not_lose_the_sim(hass: HomeAssistant) -> None:
    sim = sim_from(sim_entry(hass, time_zone="Mars/Olympus"), PROFILES)

    assert sim.zone == ZoneInfo("US/Pacific")


def test_rules_keep_the_currency_that_pays() -> None:
    rules = rules_from(
        {
            "mode": "auto",
            "low_balance": "1000",
            "days_before": 5.0,
            "amount": "5000.00",
            "monthly_cap": "3.5",
            "cap_currency": "USD",
        },
        "IDR",
    )

    assert rules == Rules(
        mode=Mode.AUTO,
        low_balance=Money(100000, "IDR"),
        days_before=5,
        amount=Money(500000, "IDR"),
        pays_in="USD",
        monthly_cap=Money(350, "USD"),
    )
    assert rules_from({"mode": "off"}, "IDR") == Rules(mode=Mode.OFF)
    own = rules_from({"mode": "ask", "monthly_cap": "7"}, "IDR")
    assert own.monthly_cap == Money(700, "IDR")


def test_unique_ids_are_stable_and_tell_nothing() -> None:
    assert sim_unique_id(AXIS) == sim_unique_id(AXIS)
    assert sim_unique_id(AXIS) != sim_unique_id(AXIS[1:])
    assert AXIS[1:] not in sim_unique_id(AXIS)


def test_epochs_are_ten_random_base32_characters() -> None:
    epochs = {new_epoch() for _ in range(50)}

    assert len(epochs) == 50
    assert all(re.fullmatch(r"[A-Z2-7]{10}", epoch) for epoch in epochs)


def test_titles_never_hold_the_whole_number() -> None:
    assert sim_title(None, "AXIS", AXIS) == "AXIS +62 ••• 678"
    assert sim_title("Grandma", "AXIS", AXIS) == "Grandma"


@pytest.mark.parametrize(
    ("base_url", "loopback"),
    [
        (None, False),
        ("http://127.0.0.1:8991", True),
        ("http://[::1]:8991/relay", True),
        ("https://relay.example.com", False),
        ("https://10.0.0.1", False),
    ],
)
def test_knows_an_account_that_moves_no_real_money(
    hass: HomeAssistant, base_url: str | None, loopback: bool
) -> None:
    assert is_loopback_account(account_entry(hass, base_url)) is loopback


def test_an_account_has_the_address_that_the_user_gave_it(hass: HomeAssistant) -> None:
    assert address_of(account_entry(hass, "https://relay.example.com")) == (
        "https://relay.example.com"
    )
    assert address_of(account_entry(hass)) == ""
    action = MockConfigEntry(data={"kind": "account", "declared": {}})
    assert address_of(action) == ""


def test_finds_the_accounts_that_are_enabled(hass: HomeAssistant) -> None:
    sim_entry(hass)
    household = household_entry(hass)
    account = account_entry(hass)

    assert kind_of(household) == "household"
    assert account_entries(hass) == [account]
    assert find_account(hass, ACCOUNT_ID) is account
    assert find_account(hass, None) is None
    object.__setattr__(account, "disabled_by", ConfigEntryDisabler.USER)
    assert account_entries(hass) == []
