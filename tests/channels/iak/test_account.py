"""Signatures, hosts and what leaves the house."""

import asyncio

import aiohttp
import pytest

from custom_components.sim_keeper.channels.http import open_session
from custom_components.sim_keeper.channels.iak import IakChannel
from custom_components.sim_keeper.channels.iak.account import signature
from custom_components.sim_keeper.channels.pacing import Patience
from custom_components.sim_keeper.keeper.errors import (
    AddressRefused,
    LoginFailed,
    NotSent,
    OutcomeUnknown,
    Unavailable,
)
from custom_components.sim_keeper.keeper.money import Money
from tests.vendors.iak import IakSimulator

from ..conftest import Clock
from .conftest import AXIS, login_at, order


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("bl", "52715a8a6f6944921f09b7d6772d08b2"),
        ("pl", "151e29469fc9c2962a9befa5659398d1"),
        ("op", "8c20e283036809496fe11b358b7a1645"),
        ("SK-20260101-0001", "8c733a4f9df9b8d6cc2dc5e91b96d7e9"),
    ],
)
def test_signatures_are_those_of_the_test_vectors(tail: str, expected: str) -> None:
    assert signature("08170000000", "iak-key-demo", tail) == expected


async def test_spaces_around_the_login_do_not_matter(
    vendor: IakSimulator, session: aiohttp.ClientSession
) -> None:
    login = login_at(vendor)
    spaced = {**login, "username": f" {login['username']} ", "api_key": "iak-key-demo "}
    assert await IakChannel(session, spaced).wallet() == Money.parse("5000000", "IDR")


@pytest.mark.parametrize(
    ("environment", "host"),
    [("production", "prepaid.iak.id"), ("development", "prepaid.iak.dev")],
)
async def test_each_environment_has_its_own_host(environment: str, host: str) -> None:
    asked: list[str] = []

    class Nowhere(aiohttp.abc.AbstractResolver):
        async def resolve(
            self, host: str, port: int = 0, family: int = 0
        ) -> list[aiohttp.abc.ResolveResult]:
            asked.append(host)
            raise OSError("no such host")

        async def close(self) -> None:
            """Nothing is open."""

    login = {"username": "u", "api_key": "k", "environment": environment}
    async with open_session(resolver=Nowhere()) as session:
        with pytest.raises(Unavailable):
            await IakChannel(session, login).wallet()
    assert asked == [host]


@pytest.mark.parametrize("code", ["204", "118"])
@pytest.mark.parametrize("status", [200, 400])
async def test_a_call_that_is_not_let_in_needs_a_login(
    channel: IakChannel, vendor: IakSimulator, clock: Clock, code: str, status: int
) -> None:
    purchase = await order(channel, clock)
    for call in (
        channel.wallet,
        lambda: channel.products(AXIS),
        lambda: channel.operator(AXIS),
        lambda: channel.lookup(purchase),
        lambda: channel.submit(purchase),
    ):
        vendor.fault("refuse", on="any", code=code, status=status)
        with pytest.raises(LoginFailed, match=code):
            await call()
    assert vendor.bought == 0


async def test_an_address_that_is_not_allowed_is_no_matter_of_keys(
    channel: IakChannel, vendor: IakSimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    for call in (channel.wallet, lambda: channel.lookup(purchase)):
        vendor.fault("refuse", on="any", code="102", status=400)
        with pytest.raises(AddressRefused):
            await call()


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
async def test_at_any_other_status_a_code_proves_nothing(
    channel: IakChannel, vendor: IakSimulator, clock: Clock, status: int
) -> None:
    purchase = await order(channel, clock)
    for code in ("00", "06", "17", "204", "102"):
        for call in (channel.wallet, lambda: channel.lookup(purchase)):
            vendor.fault("refuse", on="any", code=code, status=status)
            with pytest.raises(Unavailable) as caught:
                await call()
            assert not isinstance(caught.value, AddressRefused)
        vendor.fault("refuse", code=code, status=status)
        with pytest.raises(OutcomeUnknown, match=str(status)):
            await channel.submit(purchase)


async def test_waiting_for_the_own_turn_too_long_sends_nothing(
    vendor: IakSimulator, session: aiohttp.ClientSession, clock: Clock
) -> None:
    patience = Patience(read_s=5, send_s=0.2, least_send_s=0.15)
    channel = IakChannel(session, login_at(vendor), patience=patience)
    purchase = await order(channel, clock)
    vendor.fault("hang_after", seconds=30)
    first, second = await asyncio.gather(
        channel.submit(purchase), channel.submit(purchase), return_exceptions=True
    )
    assert isinstance(first, OutcomeUnknown)
    assert isinstance(second, NotSent)
    assert vendor.bought == 1
