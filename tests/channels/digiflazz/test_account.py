"""Signatures and the account's id."""

import json

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.sim_keeper.channels.digiflazz import DigiflazzChannel
from custom_components.sim_keeper.keeper.errors import KeeperError
from custom_components.sim_keeper.keeper.ports import Json, Purchase, Wanted

from ..conftest import Clock
from .conftest import AXIS

USERNAME, API_KEY, REF_ID = "simkeeper", "dev-0000-1111", "SK-20260101-0001"


async def test_calls_are_signed_as_the_reference_has_it(
    session: aiohttp.ClientSession, clock: Clock
) -> None:
    """The hashes were computed apart from this code, from the documented strings."""
    seen: dict[str, dict[str, object]] = {}

    async def note(request: web.Request) -> web.Response:
        seen[request.path] = await request.json()
        return web.json_response({"data": {"deposit": 1}})

    app = web.Application()
    app.router.add_post("/{path:.*}", note)
    async with TestServer(app) as server:
        base_url = f"http://127.0.0.1:{server.port}"
        login = {"username": f" {USERNAME} ", "api_key": API_KEY, "base_url": base_url}
        channel = DigiflazzChannel(session, {**login, "environment": "development"})
        await channel.wallet()
        purchase = Purchase(
            key=REF_ID,
            line=AXIS,
            body={"buyer_sku_code": "ax10", "max_price": 11500},
            created_at=clock.now(),
        )
        for call in (
            channel.quote(AXIS, Wanted(product="ax10")),
            channel.submit(purchase),
        ):
            with pytest.raises(KeeperError):
                await call
    assert seen == {
        "/v1/cek-saldo": {
            "cmd": "deposit",
            "username": USERNAME,
            "sign": "f0d82050360cb9161ca26c07cb96e1d8",
        },
        "/v1/price-list": {
            "cmd": "prepaid",
            "code": "ax10",
            "username": USERNAME,
            "sign": "59ac19a521c5ea2e73459334c151be29",
        },
        "/v1/transaction": {
            "username": USERNAME,
            "buyer_sku_code": "ax10",
            "customer_no": "083155501234",
            "ref_id": REF_ID,
            "max_price": 11500,
            "testing": True,
            "sign": "d6980f69451645df3493e379cf83fd34",
        },
    }


async def test_play_is_asked_for_in_development_only(
    session: aiohttp.ClientSession, clock: Clock
) -> None:
    seen: list[dict[str, object]] = []

    async def note(request: web.Request) -> web.Response:
        seen.append(json.loads(await request.text()))
        return web.json_response({})

    app = web.Application()
    app.router.add_post("/{path:.*}", note)
    body: dict[str, Json] = {"buyer_sku_code": "ax10", "max_price": 11500}
    async with TestServer(app) as server:
        base_url = f"http://127.0.0.1:{server.port}"
        login = {"username": USERNAME, "api_key": API_KEY, "base_url": base_url}
        for environment in ("production", "development"):
            channel = DigiflazzChannel(session, {**login, "environment": environment})
            purchase = Purchase(
                key=REF_ID, line=AXIS, body=body, created_at=clock.now()
            )
            with pytest.raises(KeeperError):
                await channel.submit(purchase)
    assert ["testing" in sent for sent in seen] == [False, True]
