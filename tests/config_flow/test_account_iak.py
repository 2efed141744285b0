"""Connecting an account whose provider has other fields, against its simulator."""

from collections.abc import AsyncGenerator
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.sim_keeper.channels import PROVIDERS
from custom_components.sim_keeper.const import DOMAIN
from tests.vendors.iak import API_KEY, USERNAME, IakSimulator

from .builders import TEXTS, Flows

IAK = PROVIDERS["iak"]


@pytest.fixture
async def vendor(socket_enabled: None) -> AsyncGenerator[IakSimulator]:
    """Return the provider."""
    async with IakSimulator() as simulator:
        yield simulator


def keys(vendor: IakSimulator, **changes: Any) -> dict[str, Any]:
    """Return what to type."""
    return {
        "environment": "production",
        "username": USERNAME,
        "api_key": API_KEY,
        "advanced": {"base_url": vendor.url},
    } | changes


async def begin(flows: Flows) -> None:
    """Open the form."""
    await flows.start()
    await flows.choose("account")
    await flows.choose("iak")


async def test_every_provider_can_be_chosen_and_says_what_it_needs(
    flows: Flows,
) -> None:
    await flows.start()
    await flows.choose("account")
    assert flows.result["menu_options"] == [*PROVIDERS, "action"]
    menu = TEXTS["config"]["step"]["account"]
    assert set(menu["menu_options"]) == {*PROVIDERS, "action"}
    assert set(menu["menu_option_descriptions"]) == {*PROVIDERS, "action"}
    for provider in PROVIDERS.values():
        await flows.start()
        await flows.choose("account")
        await flows.choose(provider.id)
        assert flows.at == provider.id
        names = {field.name for field in provider.login_fields}
        assert flows.fields == {"environment", "advanced"} | names
        assert flows.filled["environment"] == provider.environments[0]
        assert TEXTS["config"]["step"][provider.id]["description"]
        for step in ("reauth_confirm", "reconfigure_account"):
            assert names <= set(TEXTS["config"]["step"][step]["data"])


async def test_connects_an_account(flows: Flows, vendor: IakSimulator) -> None:
    await begin(flows)
    await flows.type(**keys(vendor, username=f" {USERNAME} "))

    assert flows.result["type"] == "create_entry"
    entry = flows.result["result"]
    assert entry.title == "IAK"
    login = {
        "username": USERNAME,
        "api_key": API_KEY,
        "environment": "production",
        "base_url": vendor.url,
    }
    assert dict(entry.data) == {
        "kind": "account",
        "provider": "iak",
        "login": login,
        "wallet_currency": "IDR",
    }
    assert entry.unique_id == IAK.account_id(login)
    assert USERNAME not in entry.unique_id
    assert vendor.bought == 0


async def test_development_says_so(flows: Flows, vendor: IakSimulator) -> None:
    await begin(flows)
    await flows.type(**keys(vendor, environment="development"))

    assert flows.result["title"] == "IAK (development)"


async def test_a_wrong_key_can_be_corrected(
    flows: Flows, hass: HomeAssistant, vendor: IakSimulator
) -> None:
    await begin(flows)
    await flows.type(**keys(vendor, api_key="wrong"))
    assert (flows.at, flows.errors) == ("iak", {"api_key": "login_failed"})
    assert not hass.config_entries.async_entries(DOMAIN)
    await flows.type(**keys(vendor))

    assert flows.result["type"] == "create_entry"


async def test_an_address_that_is_not_on_the_list_is_told(
    flows: Flows, vendor: IakSimulator
) -> None:
    vendor.fault("refuse", on="any", code="102", status=400)
    await begin(flows)
    await flows.type(**keys(vendor))
    assert flows.errors == {"advanced": "address_refused"}
    await flows.type(**keys(vendor))

    assert flows.result["type"] == "create_entry"
