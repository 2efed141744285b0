"""Connecting an account, against the simulated provider."""

from collections.abc import AsyncGenerator
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.sim_keeper.channels import PROVIDERS
from custom_components.sim_keeper.const import DOMAIN
from tests.vendors.reloadly import CLIENT_ID, CLIENT_SECRET, ReloadlySimulator

from .builders import Flows, household_entry, sim_entry

RELOADLY = PROVIDERS["reloadly"]
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
async def vendor(
    socket_enabled: None,
) -> AsyncGenerator[ReloadlySimulator]:
    """Return the provider."""
    async with ReloadlySimulator() as simulator:
        yield simulator


def keys(vendor: ReloadlySimulator, **changes: Any) -> dict[str, Any]:
    """Return what to type."""
    return {
        "environment": "live",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "advanced": {"base_url": vendor.url},
    } | changes


@pytest.fixture
def account(hass: HomeAssistant, vendor: ReloadlySimulator) -> MockConfigEntry:
    """Return an account that is connected."""
    login = {
        "client_id": CLIENT_ID,
        "client_secret": "old",
        "environment": "live",
        "base_url": vendor.url,
    }
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Reloadly",
        data={
            "kind": "account",
            "provider": "reloadly",
            "login": login,
            "wallet_currency": "EUR",
        },
        unique_id=RELOADLY.account_id(login),
    )
    entry.add_to_hass(hass)
    return entry


async def begin(flows: Flows, provider: str = "reloadly") -> None:
    """Open the form of a provider."""
    await flows.start()
    await flows.choose("account")
    assert flows.result["type"] == "menu"
    await flows.choose(provider)


async def test_connects_an_account(flows: Flows, vendor: ReloadlySimulator) -> None:
    await begin(flows)
    assert flows.at == "reloadly"
    assert flows.filled == {"environment": "live", "advanced": {}}
    assert flows.result["description_placeholders"] == {
        "provider": "Reloadly",
        "sign_up_url": "https://www.reloadly.com",
    }
    await flows.type(**keys(vendor, client_id=f" {CLIENT_ID} "))

    assert flows.result["type"] == "create_entry"
    entry = flows.result["result"]
    assert entry.title == "Reloadly"
    login = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "environment": "live",
        "base_url": vendor.url,
    }
    assert dict(entry.data) == {
        "kind": "account",
        "provider": "reloadly",
        "login": login,
        "wallet_currency": "USD",
    }
    assert entry.unique_id == RELOADLY.account_id(login)
    assert CLIENT_ID not in entry.unique_id


async def test_two_accounts_do_not_look_the_same(
    flows: Flows, account: MockConfigEntry, vendor: ReloadlySimulator
) -> None:
    vendor.tokens.client_id = "another-one"
    await begin(flows)
    await flows.type(**keys(vendor, client_id="another-one"))

    assert flows.result["title"] == "Reloadly …-one"


async def test_a_sandbox_says_so(flows: Flows, vendor: ReloadlySimulator) -> None:
    await begin(flows)
    await flows.type(**keys(vendor, environment="sandbox"))

    assert flows.result["title"] == "Reloadly (sandbox)"


async def test_the_same_account_twice_is_refused(
    flows: Flows, account: MockConfigEntry, vendor: ReloadlySimulator
) -> None:
    await begin(flows)
    await flows.type(**keys(vendor))

    assert flows.result["reason"] == "already_configured"


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"client_secret": "wrong"}, {"client_secret": "login_failed"}),
        ({"client_id": " "}, {"client_id": "required"}),
        ({"client_secret": ""}, {"client_secret": "required"}),
        ({"advanced": {"base_url": NOWHERE}}, {"advanced": "provider_down"}),
        (
            {"advanced": {"base_url": "http://example.com"}},
            {"advanced": "url_not_https"},
        ),
        ({"advanced": {"base_url": "https://a b"}}, {"advanced": "url_invalid"}),
    ],
)
async def test_wrong_keys_can_be_corrected(
    flows: Flows,
    hass: HomeAssistant,
    vendor: ReloadlySimulator,
    typed: dict[str, Any],
    errors: dict[str, str],
) -> None:
    await begin(flows)
    await flows.type(**keys(vendor, **typed))
    assert (flows.at, flows.errors) == ("reloadly", errors)
    assert "accept" not in flows.fields
    assert flows.filled == keys(vendor, **typed)
    section = flows.schema.schema["advanced"]
    assert section.options["collapsed"] is ("advanced" not in errors)
    assert not hass.config_entries.async_entries(DOMAIN)
    await flows.type(**keys(vendor))

    assert flows.result["type"] == "create_entry"


async def test_a_provider_that_is_down_can_be_tried_again(
    flows: Flows, vendor: ReloadlySimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "custom_components.sim_keeper.channels.reloadly.account._AUTH", NOWHERE
    )
    await begin(flows)
    await flows.type(**keys(vendor, advanced={}))
    assert flows.errors == {"base": "provider_down"}
    await flows.type(**keys(vendor))

    assert flows.result["type"] == "create_entry"


async def test_new_keys_after_a_refusal(
    flows: Flows, account: MockConfigEntry, vendor: ReloadlySimulator
) -> None:
    flows.result = await account.start_reauth_flow(flows.hass)
    assert flows.at == "reauth_confirm"
    assert flows.fields == {"client_id", "client_secret"}
    assert flows.filled == {"client_id": CLIENT_ID}
    await flows.type(client_id=CLIENT_ID, client_secret="wrong")
    assert flows.errors == {"client_secret": "login_failed"}
    await flows.type(client_id="another", client_secret=CLIENT_SECRET)
    assert flows.errors == {"client_id": "wrong_account"}
    assert account.data["login"]["client_secret"] == "old"
    await flows.submit(client_id=CLIENT_ID)

    assert flows.result["reason"] == "reauth_successful"
    assert account.data["login"] == {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "environment": "live",
        "base_url": vendor.url,
    }
    assert account.data["wallet_currency"] == "USD"


async def test_a_secret_is_not_reused_for_another_address(
    flows: Flows, account: MockConfigEntry, vendor: ReloadlySimulator
) -> None:
    await flows.reconfigure(account)
    assert flows.at == "reconfigure_account"
    assert flows.filled == {
        "client_id": CLIENT_ID,
        "advanced": {"base_url": vendor.url},
    }
    await flows.submit(advanced={"base_url": f"{vendor.url}/relay"})
    assert flows.errors == {"client_secret": "required"}
    await flows.submit(client_secret=CLIENT_SECRET, advanced={"base_url": vendor.url})

    assert flows.result["reason"] == "reconfigure_successful"


async def test_an_empty_secret_is_kept(
    flows: Flows, hass: HomeAssistant, account: MockConfigEntry
) -> None:
    login = account.data["login"] | {"client_secret": CLIENT_SECRET}
    hass.config_entries.async_update_entry(
        account, data={**account.data, "login": login}
    )
    await flows.reconfigure(account)
    await flows.submit()

    assert flows.result["reason"] == "reconfigure_successful"
    assert account.data["login"] == login


async def test_another_account_is_refused(
    flows: Flows, account: MockConfigEntry
) -> None:
    await flows.reconfigure(account)
    await flows.submit(client_id="another", client_secret="x")

    assert flows.errors == {"client_id": "wrong_account"}


async def test_a_simulator_never_becomes_an_account_with_real_money(
    flows: Flows, account: MockConfigEntry
) -> None:
    """Orders delivered by a simulator would have opened the automatic ones at the provider."""
    await flows.reconfigure(account)
    await flows.submit(client_secret=CLIENT_SECRET, advanced={"base_url": None})
    assert flows.errors == {"advanced": "simulator_is_another"}
    await flows.submit(
        client_secret=CLIENT_SECRET, advanced={"base_url": "https://relay.example"}
    )
    assert flows.errors == {"advanced": "simulator_is_another"}


async def test_an_account_with_real_money_never_becomes_a_simulator(
    flows: Flows,
    hass: HomeAssistant,
    account: MockConfigEntry,
    vendor: ReloadlySimulator,
) -> None:
    login = {key: account.data["login"][key] for key in ("client_id", "client_secret")}
    hass.config_entries.async_update_entry(
        account,
        data={**account.data, "login": login},
        unique_id=RELOADLY.account_id(login),
    )
    await flows.reconfigure(account)
    await flows.submit(client_secret=CLIENT_SECRET, advanced={"base_url": vendor.url})

    assert flows.errors == {"advanced": "simulator_is_another"}
    assert account.data["login"] == login


async def test_only_accounts_log_in(flows: Flows, hass: HomeAssistant) -> None:
    for entry in (sim_entry(hass), household_entry(hass)):
        result = await entry.start_reauth_flow(hass)
        assert result["type"] == "abort"
        assert result["reason"] == "only_accounts_log_in"
