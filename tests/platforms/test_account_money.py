"""The money of an account: its wallet, its limit, and that people hear of it in time."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from homeassistant.components import persistent_notification
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.channels import PROVIDERS
from custom_components.sim_keeper.const import DOMAIN
from custom_components.sim_keeper.diagnostics import async_get_config_entry_diagnostics
from custom_components.sim_keeper.home import HOME
from custom_components.sim_keeper.keeper.errors import (
    LedgerBroken,
    LedgerFault,
    OrderRefused,
)
from custom_components.sim_keeper.keeper.ledger import Event as Told, EventType
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.statements import Paid
from custom_components.sim_keeper.messages import compose
from tests.config_flow.builders import AXIS_TOO, account_entry
from tests.vendors.reloadly import CLIENT_ID, ReloadlySimulator

from .conftest import ADMIN, AXIS_OPERATOR, NOW, House
from .test_calendar import events

WALLET = "GET /accounts/balance"


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return the issues about wallets, by their key."""
    return {
        str(issue.translation_key): issue
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.active and issue_id.startswith("wallet_low_")
    }


def told(hass: HomeAssistant) -> dict[str, str]:
    """Return what stands on the screen about accounts, by title."""
    shown = persistent_notification._async_get_or_create_notifications(hass)
    return {
        str(one["title"]): str(one["message"])
        for tag, one in shown.items()
        if "reloadly:" in tag
    }


def wallet_reads(vendor: ReloadlySimulator) -> int:
    """Return how often the wallet was read."""
    return vendor.calls.count(WALLET)


def has(vendor: ReloadlySimulator, amount: str) -> None:
    """Leave so much in the wallet."""
    vendor.world.funds += Money.parse(amount, "USD").value - vendor.world.balance


async def say(house: House, account: MockConfigEntry, **options: str) -> None:
    """Change the account's options, as its flow does."""
    house.hass.config_entries.async_update_entry(
        account, options={"cap_currency": "USD", **options}
    )
    await house.settle()


async def read(house: House, account: MockConfigEntry) -> None:
    """Read the wallet, and let all hear of it."""
    await account.runtime_data.async_refresh()
    await house.settle()
    await account.runtime_data.funding.async_refresh()
    await house.settle()


def buying(house: House, account: MockConfigEntry, **changes: Any) -> MockConfigEntry:
    """Add a SIM that the account recharges, due in a week."""
    return house.sim(
        **{
            "account": account.unique_id,
            "operator": AXIS_OPERATOR,
            "mode": "ask",
            "amount": "25000.00",
            "cap_currency": "USD",
            **changes,
        }
    )


async def bought(house: House) -> None:
    """Answer all questions with yes, and let the orders end."""
    for order in await house.orders():
        if order.state is State.ASKED:
            await house.doors.approve(order.id, ADMIN)
    house.freezer.tick(60)
    await house.engine.wake()
    await house.settle()


# -- The wallet is low -----------------------------------------------------------------------


async def test_a_wallet_without_sims_or_threshold_is_fine(
    house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    await house.start()
    state = house.state("binary_sensor", account, "low_wallet")
    assert (state.state, state.attributes["dry_on"]) == ("off", None)


async def test_a_wallet_below_its_threshold_is_told_once(
    house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    await house.start()
    has(vendor, "4.99")
    await say(house, account, low_wallet="5.00")
    assert house.state("binary_sensor", account, "low_wallet").state == "off"
    await read(house, account)
    assert house.state("binary_sensor", account, "low_wallet").state == "on"
    assert told(house.hass) == {
        account.title: "4.99 USD left in the wallet.\nThat is below 5.00 USD.\n"
        "Please pay money in, in time: a bank transfer may take days.\n"
        "https://app.reloadly.com"
    }
    issue = issues(house.hass)["wallet_low"]
    assert issue.learn_more_url == "https://app.reloadly.com"
    assert not issue.is_fixable
    assert issue.data is None

    persistent_notification.async_dismiss_all(house.hass)
    has(vendor, "4.00")
    await read(house, account)
    assert told(house.hass) == {}
    assert (issues(house.hass)["wallet_low"].translation_placeholders or {})[
        "balance"
    ] == "4 USD"

    has(vendor, "50")
    await read(house, account)
    assert issues(house.hass) == {}
    assert house.state("binary_sensor", account, "low_wallet").state == "off"


async def test_a_changed_threshold_counts_at_once(
    house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    await house.start()
    reads = wallet_reads(vendor)
    await say(house, account, low_wallet="100000")
    assert house.state("binary_sensor", account, "low_wallet").state == "on"
    await say(house, account)
    assert house.state("binary_sensor", account, "low_wallet").state == "off"
    assert wallet_reads(vendor) == reads


async def test_a_wallet_that_will_not_last_is_told_in_time(
    house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    buying(house, account, days_before=25)
    await house.start()
    await bought(house)
    (order,) = [o for o in await house.orders() if o.state is State.CONFIRMED]
    assert order.cost is not None
    has(vendor, str((order.cost - Money(1, "USD")).value))
    await read(house, account)
    state = house.state("binary_sensor", account, "low_wallet")
    # The recharge bought 30 days, and the next one is due 25 days before they end.
    assert (state.state, state.attributes["dry_on"]) == ("on", date(2026, 11, 24))
    issue = issues(house.hass)["wallet_dry"]
    assert (issue.translation_placeholders or {})["day"] == "2026-11-24"
    assert "It does not last beyond 2026-11-24" in told(house.hass)[account.title]
    assert ("2026-11-24", f"{account.title}: wallet runs dry") in await events(
        house, "2026-11-20 00:00:00", "2026-12-01 00:00:00"
    )


async def test_prices_are_known_after_a_restart_and_go_with_the_sim(
    house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    sim = buying(house, account, days_before=25)
    await house.start()
    await bought(house)
    has(vendor, "0.01")
    await house.hass.config_entries.async_reload(account.entry_id)
    await house.settle()
    assert house.state("binary_sensor", account, "low_wallet").state == "on"
    await house.hass.config_entries.async_remove(sim.entry_id)
    await read(house, account)
    assert house.state("binary_sensor", account, "low_wallet").state == "off"


async def test_a_sim_that_is_reloaded_ends_no_dip(
    house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    sim = buying(house, account, days_before=25)
    await house.start()
    await bought(house)
    has(vendor, "0.01")
    await read(house, account)
    assert account.title in told(house.hass)
    persistent_notification.async_dismiss_all(house.hass)

    await house.hass.config_entries.async_unload(sim.entry_id)
    await read(house, account)
    await house.hass.config_entries.async_setup(sim.entry_id)
    await read(house, account)
    assert house.state("binary_sensor", account, "low_wallet").state == "on"
    assert told(house.hass) == {}


async def test_a_frozen_ledger_leaves_the_threshold(
    house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    await house.start()
    house.engine.desk._freeze(LedgerBroken(LedgerFault.DAMAGED, "test"))
    house.engine.desk._ledger, ledger = None, house.engine.desk._ledger
    has(vendor, "1")
    await read(house, account)
    await say(house, account, low_wallet="5")
    assert house.state("binary_sensor", account, "low_wallet").state == "on"
    house.engine.desk._ledger = ledger


# -- The payment method ----------------------------------------------------------------------


async def test_a_payment_method_that_expires_is_told_in_stages(
    house: House, vendor: ReloadlySimulator
) -> None:
    await house.hass.config.async_set_time_zone("Asia/Jakarta")
    account = house.account(vendor)
    await house.start()
    expires = NOW.date() + timedelta(days=31)
    await say(house, account, payment_expires=expires.isoformat())
    assert told(house.hass) == {}
    assert await events(house, "2026-12-01 00:00:00", "2026-12-31 00:00:00") == [
        ("2026-12-21", f"{account.title}: payment method expires")
    ]
    heard: list[str] = []
    for days in range(1, 34):
        day = NOW.date() + timedelta(days=days)
        await house.at(f"{day.isoformat()}T05:00:00+00:00")
        await account.runtime_data.funding.async_refresh()
        await house.settle()
        heard += [text.split("\n")[0] for text in told(house.hass).values()]
        persistent_notification.async_dismiss_all(house.hass)
    assert heard == [
        "The payment method of this account expires on 2026-12-21: 30 days left.",
        "The payment method of this account expires on 2026-12-21: 7 days left.",
        "The payment method of this account expires tomorrow, on 2026-12-21.",
        "Today, 2026-12-21, is the last day of this account's payment method.",
    ]


async def test_one_that_has_expired_is_told_in_the_household_language(
    house: House, vendor: ReloadlySimulator
) -> None:
    house.hass.config_entries.async_update_entry(
        house.household, options={"language": "zh-Hans"}
    )
    account = house.account(vendor)
    await house.start()
    await say(house, account, payment_expires="2026-11-10")
    assert told(house.hass)[account.title].startswith(
        "这个账户的付款方式已于 2026-11-10 到期。"
    )


async def test_the_day_begins_by_itself(
    house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    await house.start()
    await say(house, account, payment_expires="2026-12-22")
    assert told(house.hass) == {}
    # Midnight in the zone of these tests; nothing else asks for a look.
    house.freezer.move_to("2026-11-22T08:00:00+00:00")
    await house.settle()
    assert account.title in told(house.hass)


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        (EventType.WALLET_LOW, {"balance": "1.00 USD", "dry_on": None}),
        (EventType.PAYMENT_EXPIRES, {"day": "2026-11-25", "stage": 7}),
    ],
)
async def test_what_was_put_right_meanwhile_is_not_told(
    house: House, vendor: ReloadlySimulator, type_: EventType, data: dict[str, Any]
) -> None:
    account = house.account(vendor)
    await house.start()
    for unique_id in (account.unique_id, "reloadly:gone"):
        event = Told(
            seq=1,
            at=NOW,
            type=type_,
            sim=None,
            order_id=None,
            actor="keeper",
            data={"account": unique_id, "threshold": None, **data},
        )
        assert await compose(house.hass, house.hass.data[HOME], event) is None


# -- The limit -------------------------------------------------------------------------------


async def test_a_limit_of_the_account_counts_at_once(
    house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    buying(house, account, days_before=25)
    buying(house, account, days_before=25, number=AXIS_TOO, epoch="SECONDSIMA")
    await house.start()
    await say(house, account, monthly_cap="2.00")
    assert house.engine.household.account_caps == {account.unique_id: Money(200, "USD")}
    with pytest.raises(OrderRefused, match="over_cap"):
        await bought(house)
    await house.settle()
    assert vendor.bought == 1

    await say(house, account, monthly_cap="10.00")
    await bought(house)
    assert vendor.bought == 2
    await say(house, account)
    assert house.engine.household.account_caps == {}


async def test_a_limit_stands_before_the_account_can_spend(
    house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    house.hass.config_entries.async_update_entry(
        account, options={"cap_currency": "USD", "monthly_cap": "2.00"}
    )
    vendor.fault("status", status=503, times=None, on="any")
    await house.start()
    assert account.state is ConfigEntryState.SETUP_RETRY
    assert house.engine.household.account_caps == {account.unique_id: Money(200, "USD")}


async def test_diagnostics_show_what_was_said_and_nothing_secret(
    house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    await house.start()
    await say(
        house,
        account,
        monthly_cap="2.00",
        low_wallet="5.00",
        payment_expires="2027-03-31",
    )
    shown = await async_get_config_entry_diagnostics(house.hass, account)
    assert shown["monthly_cap"] == "2.00 USD"
    assert shown["low_wallet"] == "5.00 USD"
    assert shown["payment_expires"] == "2027-03-31"
    assert shown["funding"]["low"] is False
    assert CLIENT_ID not in str(shown)
    assert str(account.unique_id) not in str(shown)


# -- Reading the wallet ----------------------------------------------------------------------


async def test_one_reading_for_all_sims_and_none_without_need(
    house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    for number in range(5):
        buying(
            house,
            account,
            days_before=5,
            number=f"+62831123456{number:02}",
            epoch=f"SIMNUMBER{'ABCDE'[number]}",
        )
    await house.start()
    assert wallet_reads(vendor) == 1
    await house.at("2026-11-20T10:59:00+00:00")
    assert wallet_reads(vendor) == 1
    await house.at("2026-11-20T11:01:00+00:00")
    assert wallet_reads(vendor) == 2


async def test_it_is_read_after_an_order_that_it_paid(
    house: House, vendor: ReloadlySimulator
) -> None:
    account, other = house.account(vendor), account_entry(house.hass, vendor.url)
    house.hass.config_entries.async_update_entry(
        other, data={**account.data}, unique_id="reloadly:two"
    )
    sim = buying(house, account, days_before=25)
    await house.start()
    reads = wallet_reads(vendor)
    await bought(house)
    assert wallet_reads(vendor) == reads + 1
    assert float(house.state("sensor", account, "wallet_balance").state) < float(
        house.state("sensor", other, "wallet_balance").state
    )
    # What a person paid elsewhere is none of its business.
    paid = Paid(cost=Money.parse("25000", "IDR"), day=NOW.date())
    await house.doors.record(sim.data["epoch"], paid, ADMIN)
    await house.settle()
    assert wallet_reads(vendor) == reads + 1


async def test_no_state_is_written_without_a_change(
    house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    await house.start()
    written: list[str] = []

    @callback
    def heard(event: Event[Any]) -> None:
        written.append(event.data["entity_id"])

    ids: Sequence[str] = (
        house.id("sensor", account, "wallet_balance"),
        house.id("binary_sensor", account, "low_wallet"),
    )
    for name in ("state_changed", "state_reported"):
        house.hass.bus.async_listen(
            name,
            heard,
            event_filter=callback(lambda data: data["entity_id"] in ids),
        )
    for _ in range(3):
        await read(house, account)
    assert written == []


async def test_a_refused_login_asks_for_another_and_recovers(
    house: House, vendor: ReloadlySimulator
) -> None:
    account = house.account(vendor)
    login = account.data["login"]
    house.hass.config_entries.async_update_entry(
        account, unique_id=PROVIDERS["reloadly"].account_id(login)
    )
    await house.start()
    vendor.tokens.client_secret = "changed"
    vendor.tokens.revoke_all()
    await read(house, account)
    assert house.state("sensor", account, "wallet_balance").state == "unavailable"
    assert house.state("binary_sensor", account, "low_wallet").state == "unavailable"
    (flow,) = account.async_get_active_flows(house.hass, {SOURCE_REAUTH})
    reads = wallet_reads(vendor)
    house.freezer.tick(7 * 3600)
    await house.settle()
    assert wallet_reads(vendor) == reads

    # The same keys are typed again: the provider has taken them back.
    vendor.tokens.client_secret = login["client_secret"]
    result = await house.hass.config_entries.flow.async_configure(
        flow["flow_id"], {key: login[key] for key in ("client_id", "client_secret")}
    )
    assert result["reason"] == "reauth_successful"
    await house.settle()
    assert house.state("sensor", account, "wallet_balance").state != "unavailable"
