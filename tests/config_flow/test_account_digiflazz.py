"""Connecting an account at Digiflazz, against its simulator."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from custom_components.sim_keeper.channels import PROVIDERS
from tests.vendors.digiflazz import (
    API_KEY,
    DEVELOPMENT_KEY,
    USERNAME,
    DigiflazzSimulator,
)

from .builders import Flows

DIGIFLAZZ = PROVIDERS["digiflazz"]


@pytest.fixture
async def vendor(socket_enabled: None) -> AsyncGenerator[DigiflazzSimulator]:
    """Return the provider."""
    async with DigiflazzSimulator() as simulator:
        yield simulator


def keys(vendor: DigiflazzSimulator, **changes: Any) -> dict[str, Any]:
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
    await flows.choose("digiflazz")


@pytest.mark.parametrize(
    ("environment", "api_key", "title"),
    [
        ("production", API_KEY, "Digiflazz"),
        ("development", DEVELOPMENT_KEY, "Digiflazz (development)"),
    ],
)
async def test_connects_an_account(
    flows: Flows,
    vendor: DigiflazzSimulator,
    environment: str,
    api_key: str,
    title: str,
) -> None:
    await begin(flows)
    await flows.type(**keys(vendor, environment=environment, api_key=api_key))

    assert flows.result["type"] == "create_entry"
    entry = flows.result["result"]
    assert entry.title == title
    assert entry.data["provider"] == "digiflazz"
    assert entry.data["wallet_currency"] == "IDR"
    assert entry.unique_id == DIGIFLAZZ.account_id(entry.data["login"])
    assert vendor.bought == 0


async def test_an_address_that_is_not_on_the_list_is_told(
    flows: Flows, vendor: DigiflazzSimulator
) -> None:
    vendor.whitelisted = False
    await begin(flows)
    await flows.type(**keys(vendor))
    assert flows.errors == {"advanced": "address_refused"}
    vendor.whitelisted = True
    await flows.type(**keys(vendor, api_key="wrong"))
    assert flows.errors == {"api_key": "login_failed"}
    await flows.type(**keys(vendor))

    assert flows.result["type"] == "create_entry"
