"""Keys, environments, and the address that calls come from."""

from dataclasses import replace
import json

import aiohttp
import pytest

from custom_components.sim_keeper.channels.digiflazz import DigiflazzChannel
from custom_components.sim_keeper.channels.http import open_session
from custom_components.sim_keeper.keeper.errors import (
    AddressRefused,
    LoginFailed,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.ports import (
    Automatic,
    Confirmed,
    Pending,
    Wanted,
)
from tests.vendors.digiflazz import DEVELOPMENT_KEY, DigiflazzSimulator

from ..conftest import Clock
from .conftest import AXIS, channel_at, login_at, order


@pytest.mark.parametrize(
    ("login", "automatic"),
    [
        ({}, Automatic.AFTER_ONE_SUPERVISED),
        ({"environment": "development"}, Automatic.AFTER_ONE_SUPERVISED),
        ({"base_url": "https://relay.example"}, Automatic.AFTER_ONE_SUPERVISED),
        (
            {"environment": "development", "base_url": "https://relay.example"},
            Automatic.AFTER_ONE_SUPERVISED,
        ),
        ({"base_url": "http://127.0.0.1:9"}, Automatic.YES),
    ],
)
async def test_only_a_simulators_money_needs_no_supervision(
    login: dict[str, str], automatic: Automatic
) -> None:
    async with open_session() as session:
        known = {"username": "u", "api_key": "k", "environment": "production"}
        channel = DigiflazzChannel(session, {**known, **login})
        assert channel.capabilities.automatic is automatic


@pytest.mark.parametrize("change", [{"api_key": "wrong"}, {"username": "nobody"}])
async def test_wrong_keys_are_told_as_such(
    vendor: DigiflazzSimulator,
    session: aiohttp.ClientSession,
    clock: Clock,
    channel: DigiflazzChannel,
    change: dict[str, str],
) -> None:
    purchase = await order(channel, clock)
    stranger = channel_at(vendor, session, clock, **change)
    for call in (
        stranger.wallet(),
        stranger.products(AXIS),
        stranger.quote(AXIS, Wanted(product="ax10")),
        stranger.submit(purchase),
        stranger.lookup(purchase),
    ):
        with pytest.raises(LoginFailed):
            await call


async def test_an_address_that_is_not_listed_is_told_with_the_address(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    vendor.whitelisted = False
    for call in (channel.wallet(), channel.products(AXIS), channel.lookup(purchase)):
        with pytest.raises(AddressRefused, match=r"203\.0\.113\.7") as caught:
            await call
        assert caught.value.address == "203.0.113.7"
    with pytest.raises(Rejected, match=r"^45 IP address") as refused:
        await channel.submit(purchase)
    assert refused.value.refusal is RefusalClass.FIX_FIRST
    vendor.whitelisted = True
    assert isinstance(await channel.submit(purchase), Pending)


@pytest.mark.parametrize(
    ("message", "address"),
    [
        ("IP Anda tidak kami kenali: 2001:db8::7", "2001:db8::7"),
        ("IP 203.0.113.7.", "203.0.113.7"),
        ("not told: 1.2.3", None),
        ("", None),
        (None, None),
        ({"ip": "203.0.113.7"}, None),
    ],
    ids=str,
)
async def test_the_address_is_taken_from_any_wording(
    channel: DigiflazzChannel,
    vendor: DigiflazzSimulator,
    message: object,
    address: str | None,
) -> None:
    text = json.dumps({"data": {"rc": "45", "message": message}})
    vendor.fault("answer", on="/v1/cek-saldo", status=401, text=text)
    with pytest.raises(AddressRefused) as caught:
        await channel.wallet()
    assert caught.value.address == address


@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        ("+6287800001230", Confirmed),
        ("+6287800001232", None),
        ("+6287800001233", Pending),
        ("+6287800001234", Pending),
    ],
)
async def test_development_pretends(
    vendor: DigiflazzSimulator,
    session: aiohttp.ClientSession,
    clock: Clock,
    number: str,
    outcome: type | None,
) -> None:
    channel = channel_at(
        vendor, session, clock, api_key=DEVELOPMENT_KEY, environment="development"
    )
    line = replace(AXIS, number=number, operator="XL")
    quote = await channel.quote(line, Wanted(product="xld10"))
    purchase = replace(await order(channel, clock), line=line, body=quote.body)
    if outcome is None:
        with pytest.raises(Rejected):
            await channel.submit(purchase)
    else:
        assert isinstance(await channel.submit(purchase), outcome)
    clock.advance(seconds=60)
    if number.endswith(("0", "3")):
        assert isinstance(await channel.lookup(purchase), Confirmed)
    else:
        with pytest.raises(Rejected):
            await channel.lookup(purchase)
    assert vendor.bought == 0


async def test_the_keys_of_the_environments_are_not_mixed(
    vendor: DigiflazzSimulator, session: aiohttp.ClientSession, clock: Clock
) -> None:
    mixed = channel_at(vendor, session, clock, api_key=DEVELOPMENT_KEY)
    with pytest.raises(LoginFailed, match=r"^41 "):
        await mixed.submit(await order(mixed, clock))
    assert vendor.bought == 0


async def test_a_relay_keeps_its_own_path(
    vendor: DigiflazzSimulator, session: aiohttp.ClientSession, clock: Clock
) -> None:
    behind = DigiflazzChannel(
        session, login_at(vendor, base_url=f"{vendor.url}/to/digiflazz")
    )
    with pytest.raises(Unavailable):
        await behind.wallet()
    assert vendor.calls == ["POST /to/digiflazz/v1/cek-saldo"]
