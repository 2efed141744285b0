"""Asking what became of an order: here that is sending it again."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from custom_components.sim_keeper.channels import PROVIDERS
from custom_components.sim_keeper.channels.digiflazz import DigiflazzChannel
from custom_components.sim_keeper.channels.pacing import Patience
from custom_components.sim_keeper.keeper.errors import (
    KeyAlreadyUsed,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.ports import (
    Confirmed,
    Pending,
    Purchase,
    Wanted,
)
from tests.vendors.digiflazz import DigiflazzSimulator

from ..conftest import Clock
from .conftest import AXIS, KEY, channel_at, login_at, order, rupiah


async def test_a_price_that_rises_before_a_re_check_changes_nothing(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    await channel.submit(purchase)
    vendor.fault("price_rise")
    clock.advance(seconds=61)
    outcome = await channel.lookup(purchase)
    assert isinstance(outcome, Confirmed)
    assert (outcome.cost, outcome.cost_exact) == (rupiah("10850"), "10850")


async def test_a_re_check_of_what_never_arrived_buys_it_once(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    vendor.fault("lose_request")
    with pytest.raises(OutcomeUnknown):
        await channel.submit(purchase)
    assert vendor.bought == 0
    clock.advance(seconds=60)
    assert isinstance(await channel.lookup(purchase), Pending)
    clock.advance(seconds=60)
    assert isinstance(await channel.lookup(purchase), Confirmed)
    assert vendor.bought == 1


@pytest.mark.parametrize("kind", ["lose_answer", "lose_request", "garbage", "redirect"])
async def test_a_re_check_whose_answer_is_lost_says_nothing(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock, kind: str
) -> None:
    purchase = await order(channel, clock)
    await channel.submit(purchase)
    clock.advance(seconds=61)
    vendor.fault(kind)
    with pytest.raises(Unavailable):
        await channel.lookup(purchase)
    clock.advance(seconds=61)
    assert isinstance(await channel.lookup(purchase), Confirmed)
    assert vendor.bought == 1


async def test_a_failed_order_is_not_sent_as_new(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    vendor.fault("code", code="55", status=400)
    with pytest.raises(Rejected, match=r"^55 "):
        await channel.submit(purchase)
    with pytest.raises(KeyAlreadyUsed):
        await channel.submit(purchase)
    assert vendor.calls.count("POST /v1/transaction") == 1


async def test_it_goes_by_the_real_time_when_nobody_brings_another(
    session: aiohttp.ClientSession,
) -> None:
    async with DigiflazzSimulator() as vendor:
        vendor.takes_s = 0
        channel = PROVIDERS["digiflazz"].open(session, login_at(vendor))
        quote = await channel.quote(AXIS, Wanted(product="ax10"))
        purchase = Purchase(
            key=KEY, line=AXIS, body=quote.body, created_at=datetime.now(UTC)
        )
        assert isinstance(await channel.lookup(purchase), Confirmed)
        with pytest.raises(Unavailable, match="less than a minute ago"):
            await channel.lookup(purchase)
        old = replace(purchase, created_at=purchase.created_at - timedelta(days=81))
        with pytest.raises(Unavailable, match="too long ago"):
            await channel.lookup(old)
        assert vendor.bought == 1


@pytest.mark.parametrize("looks", [0, 1, 2, 3, 4, 5])
async def test_no_reload_brings_a_look_within_a_minute_of_a_send_that_left_late(
    vendor: DigiflazzSimulator,
    session: aiohttp.ClientSession,
    clock: Clock,
    looks: int,
) -> None:
    """A channel that was just opened knows nothing of sends; the simulator executes both."""
    channel, patience = channel_at(vendor, session, clock), Patience()
    purchase = await order(channel, clock)
    noted_at, poll_s = clock.now(), channel.capabilities.poll_s
    vendor.fault("takes", seconds=86400)
    if looks == 0:
        # It waited for its turn, and then to be connected, as long as it may.
        clock.advance(seconds=patience.send_s)
        await channel.submit(purchase)
    else:
        await channel.submit(purchase)
        clock.advance(seconds=poll_s[looks - 1] + patience.read_s + patience.send_s)
        assert isinstance(await channel.lookup(purchase), Pending)
    clock.at = noted_at + timedelta(seconds=poll_s[looks])
    found = await channel_at(vendor, session, clock).lookup(purchase)
    assert isinstance(found, Pending)
    assert vendor.bought == 1


@pytest.mark.parametrize("sends", [1, 2, 3])
async def test_what_is_unknown_is_not_sent_again_within_a_minute(
    vendor: DigiflazzSimulator,
    session: aiohttp.ClientSession,
    clock: Clock,
    sends: int,
) -> None:
    """The schedule is counted from each send; all but the first read the balance before."""
    patience = Patience()
    channel = channel_at(vendor, session, clock)
    purchase = await order(channel, clock)
    noted_at = clock.now()
    clock.advance(seconds=patience.send_s + (patience.read_s if sends > 1 else 0))
    vendor.fault("lose_answer")
    with pytest.raises(OutcomeUnknown):
        await channel.submit(purchase)
    wait_s = channel.capabilities.look_after_s[sends - 1]
    clock.at = noted_at + timedelta(seconds=wait_s)
    found = await channel_at(vendor, session, clock).lookup(purchase)
    assert isinstance(found, Confirmed | Pending)
    assert vendor.bought == 1


async def test_the_first_look_at_what_a_re_send_left_pending_is_late_enough(
    vendor: DigiflazzSimulator, session: aiohttp.ClientSession, clock: Clock
) -> None:
    patience = Patience()
    channel = channel_at(vendor, session, clock)
    purchase = await order(channel, clock)
    vendor.fault("lose_request")
    with pytest.raises(OutcomeUnknown):
        await channel.submit(purchase)
    clock.advance(minutes=5)
    noted_at = clock.now()
    clock.advance(seconds=patience.read_s + patience.send_s)
    assert isinstance(await channel.lookup(purchase), Pending)
    clock.at = noted_at + timedelta(seconds=channel.capabilities.poll_s[0])
    reloaded = channel_at(vendor, session, clock)
    assert isinstance(await reloaded.lookup(purchase), Confirmed)
    assert vendor.bought == 1


@pytest.mark.parametrize("after_s", [0, 1, 30, 54])
async def test_within_a_minute_of_a_send_nothing_is_asked(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock, after_s: int
) -> None:
    """The vendor may execute both: the simulator does."""
    purchase = await order(channel, clock)
    await channel.submit(purchase)
    clock.advance(seconds=after_s)
    with pytest.raises(Unavailable, match="less than a minute ago"):
        await channel.lookup(purchase)
    assert vendor.bought == 1


@pytest.mark.parametrize("looks", [False, True], ids=["bought", "asked about"])
async def test_the_minute_is_counted_from_when_a_slow_call_may_have_left(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock, looks: bool
) -> None:
    purchase = await order(channel, clock)
    if looks:
        await channel.submit(purchase)
        clock.advance(minutes=5)
    sent = vendor.calls.count("POST /v1/transaction")
    vendor.fault("slow", seconds=0.2)
    call = channel.lookup(purchase) if looks else channel.submit(purchase)
    task = asyncio.create_task(call)
    while vendor.calls.count("POST /v1/transaction") == sent:
        await asyncio.sleep(0.005)
    clock.advance(seconds=50)
    await task
    clock.advance(seconds=54)
    with pytest.raises(Unavailable, match="less than a minute ago"):
        await channel.lookup(purchase)
    clock.advance(seconds=6)
    assert isinstance(await channel.lookup(purchase), Confirmed)
    assert vendor.bought == 1


async def test_a_look_that_is_a_moment_early_waits_for_the_minute(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    await channel.submit(purchase)
    sent_at = clock.now()
    clock.advance(seconds=57)
    assert isinstance(await channel.lookup(purchase), Confirmed)
    assert clock.now() - sent_at == timedelta(seconds=60)
    assert vendor.bought == 1
    # A re-check is a send as well.
    with pytest.raises(Unavailable, match="less than a minute ago"):
        await channel.lookup(purchase)


async def test_two_looks_at_once_send_one(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    vendor.fault("lose_request")
    with pytest.raises(OutcomeUnknown):
        await channel.submit(purchase)
    clock.advance(seconds=61)
    results = await asyncio.gather(
        *(channel.lookup(purchase) for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(result, Pending) for result in results) == 1
    assert sum(isinstance(result, Unavailable) for result in results) == 2
    assert vendor.bought == 1


async def test_a_key_that_was_sent_is_not_sent_as_new(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    await channel.submit(purchase)
    with pytest.raises(KeyAlreadyUsed):
        await channel.submit(purchase)
    clock.advance(hours=1)
    with pytest.raises(KeyAlreadyUsed):
        await channel.submit(purchase)
    assert vendor.calls.count("POST /v1/transaction") == 1


@pytest.mark.parametrize(("days", "asked"), [(0, True), (79.9, True), (80.1, False)])
async def test_an_order_that_the_vendor_may_have_forgotten_is_not_asked_about(
    channel: DigiflazzChannel,
    vendor: DigiflazzSimulator,
    clock: Clock,
    days: float,
    asked: bool,
) -> None:
    purchase = await order(channel, clock)
    await channel.submit(purchase)
    clock.advance(days=days, seconds=60)
    if asked:
        assert isinstance(await channel.lookup(purchase), Confirmed)
    else:
        with pytest.raises(Unavailable, match="too long ago"):
            await channel.lookup(purchase)
        clock.advance(days=11)
        with pytest.raises(Unavailable, match="too long ago"):
            await channel.lookup(purchase)
    assert vendor.bought == 1


async def test_a_clock_that_stood_still_does_not_buy_again(
    vendor: DigiflazzSimulator, session: aiohttp.ClientSession, clock: Clock
) -> None:
    """A small computer that wakes after months believes what it last wrote down."""
    stood_still = Clock()
    channel = channel_at(vendor, session, stood_still)
    purchase = await order(channel, stood_still)
    await channel.submit(purchase)
    stood_still.advance(minutes=5)
    clock.advance(days=95)
    with pytest.raises(Unavailable, match="too long ago"):
        await channel.lookup(purchase)
    assert vendor.bought == 1
    assert vendor.calls.count("POST /v1/transaction") == 1


async def test_a_clock_that_is_behind_the_order_asks_nothing(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    future = replace(purchase, created_at=clock.now() + timedelta(minutes=11))
    with pytest.raises(Unavailable, match="clock"):
        await channel.lookup(future)
    assert "POST /v1/transaction" not in vendor.calls


async def test_trouble_before_a_re_check_sends_nothing(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    await channel.submit(purchase)
    clock.advance(seconds=61)
    for kind in ("garbage", "lose_request", "half_json", "redirect"):
        vendor.fault(kind, on="/v1/cek-saldo", times=None)
        with pytest.raises(Unavailable):
            await channel.lookup(purchase)
        vendor.behave()
    assert vendor.calls.count("POST /v1/transaction") == 1


async def test_without_the_vendors_clock_nothing_is_asked_again(
    session: aiohttp.ClientSession, clock: Clock
) -> None:
    calls: list[bytes] = []

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        calls.append(await reader.readline())
        body = b'{"data": {"deposit": 5}}'
        length = f"Content-Length: {len(body)}"
        writer.write(f"HTTP/1.1 200 OK\r\n{length}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        login = {"username": "u", "api_key": "k", "base_url": f"http://{host}:{port}"}
        channel = DigiflazzChannel(session, login, now=clock.now)
        purchase = Purchase(
            key=KEY,
            line=AXIS,
            body={"buyer_sku_code": "ax10", "max_price": 10850},
            created_at=clock.now(),
        )
        with pytest.raises(Unavailable, match="no time"):
            await channel.lookup(purchase)
    assert calls == [b"POST /v1/cek-saldo HTTP/1.1\r\n"]


async def test_a_delivery_that_is_taken_back_is_seen(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    vendor.fault("reverse_later", seconds=3600)
    purchase = await order(channel, clock)
    await channel.submit(purchase)
    clock.advance(seconds=61)
    assert isinstance(await channel.lookup(purchase), Confirmed)
    clock.advance(hours=1)
    with pytest.raises(Rejected, match=r"^74 refunded") as caught:
        await channel.lookup(purchase)
    assert caught.value.consumed
    assert vendor.bought == 0
