"""The token: renewed ahead of time, once, and one repetition after a 401."""

import asyncio
from dataclasses import replace

import aiohttp
import pytest

from custom_components.sim_keeper.channels.reloadly import ReloadlyChannel
from custom_components.sim_keeper.keeper.errors import (
    KeeperError,
    LoginFailed,
    OutcomeUnknown,
    Unavailable,
)
from custom_components.sim_keeper.keeper.ports import Confirmed, Pending
from tests.vendors.reloadly import ReloadlySimulator

from ..conftest import Clock
from .conftest import AXIS, Code, login_at, order
from .test_codes import STALE


async def test_one_token_serves_many_calls(
    channel: ReloadlyChannel, vendor: ReloadlySimulator
) -> None:
    await asyncio.gather(*(channel.wallet() for _ in range(5)))
    assert vendor.tokens.issued == 1


@pytest.mark.parametrize(
    ("life_s", "good_s"), [(86400, 86400 - 300), (600, 450), (5184000, 5184000 - 300)]
)
async def test_the_token_is_renewed_ahead_of_its_end(
    channel: ReloadlyChannel,
    vendor: ReloadlySimulator,
    clock: Clock,
    life_s: int,
    good_s: int,
) -> None:
    vendor.tokens.life_s = life_s
    await channel.wallet()
    clock.advance(seconds=good_s - 1)
    await channel.wallet()
    assert vendor.tokens.issued == 1
    clock.advance(seconds=2)
    await asyncio.gather(channel.wallet(), channel.wallet())
    assert vendor.tokens.issued == 2


async def test_a_token_that_went_stale_is_renewed_and_the_purchase_repeated_once(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    vendor.tokens.revoke_all()
    assert isinstance(await channel.submit(purchase), Pending)
    assert vendor.tokens.issued == 2
    assert vendor.bought == 1
    assert vendor.calls[-3:] == [
        "POST /topups-async",
        "POST /oauth/token",
        "POST /topups-async",
    ]


@pytest.mark.parametrize("code", STALE)
async def test_a_second_401_is_a_failed_login_and_bought_nothing(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, code: Code
) -> None:
    purchase = await order(channel, clock)
    vendor.fault("refuse", times=2, code=code[0], status=code[1])
    with pytest.raises(LoginFailed):
        await channel.submit(purchase)
    assert vendor.calls.count("POST /topups-async") == 2
    assert vendor.bought == 0


async def test_a_401_that_is_not_reloadlys_own_never_repeats_a_purchase(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    vendor.fault("status", status=401, buys=True)
    with pytest.raises(OutcomeUnknown):
        await channel.submit(purchase)
    assert vendor.calls.count("POST /topups-async") == 1


@pytest.mark.parametrize("where", ["/accounts", "/topups", "/operators", "any"])
async def test_a_token_that_expires_at_a_read_is_renewed(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, where: str
) -> None:
    purchase = await order(channel, clock)
    taken = await channel.submit(purchase)
    clock.advance(seconds=10)
    vendor.fault("token_expired", on=where, times=None if where == "any" else 1)
    known = replace(purchase, reference=taken.reference)
    if where == "any":
        with pytest.raises(LoginFailed):
            await channel.lookup(known)
    else:
        assert isinstance(await channel.lookup(known), Confirmed)
        await channel.wallet()
        await channel.products(AXIS)
        assert vendor.tokens.issued == 2


async def test_the_login_fails_between_submit_and_lookup(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    taken = await channel.submit(purchase)
    vendor.tokens.revoke_all()
    vendor.tokens.client_secret = "rotated elsewhere"
    with pytest.raises(LoginFailed):
        await channel.lookup(replace(purchase, reference=taken.reference))


async def test_keys_of_the_other_environment_are_a_failed_login(
    vendor: ReloadlySimulator, session: aiohttp.ClientSession
) -> None:
    vendor.tokens.environments = {"live"}
    sandbox = ReloadlyChannel(session, login_at(vendor, environment="sandbox"))
    with pytest.raises(LoginFailed, match="INVALID_CREDENTIALS"):
        await sandbox.wallet()


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (401, '{"error": "access_denied", "error_description": "no"}', LoginFailed),
        (403, '{"error": "unauthorized_client"}', LoginFailed),
        (400, '{"errorCode": "INVALID_AUDIENCE"}', LoginFailed),
        (403, "{}", Unavailable),
        (429, "{}", Unavailable),
        (200, '{"access_token": "a\\r\\nHost: evil", "expires_in": 5}', Unavailable),
        (200, '{"access_token": "", "expires_in": 5}', Unavailable),
        (200, '{"access_token": "abc"}', Unavailable),
        (200, '{"access_token": "abc", "expires_in": -1}', Unavailable),
        (200, '{"access_token": "abc", "expires_in": "soon"}', Unavailable),
        (200, '{"access_token": ["abc"], "expires_in": 5}', Unavailable),
    ],
)
async def test_odd_answers_of_the_token_service(
    channel: ReloadlyChannel,
    vendor: ReloadlySimulator,
    status: int,
    text: str,
    error: type[KeeperError],
) -> None:
    vendor.fault("answer", on="/oauth", status=status, text=text)
    with pytest.raises(error):
        await channel.wallet()
