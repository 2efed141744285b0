"""Power cuts: Home Assistant dies while orders are on their way. Nothing may be paid twice.

The first look-up of a lost answer comes three minutes after the send, by the provider's schedule.
Nothing shortens that here: both stories share one real wait, while the other tests go on.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import suppress
import time

import aiohttp
import pytest
import pytest_socket

from demo.client import Client, option, wait_until

from .conftest import check_log
from .hass_process import (
    Installation,
    Line,
    appears,
    is_open,
    order_in,
    orders,
    recharge,
    run_elsewhere,
)

pytestmark = pytest.mark.e2e

LOOK_AFTER_S = 180
# The vendor bought, and its answer never reached us.
ANSWER_LOST = Line(
    name="Answer lost", number="+62 838 2000 0001", account=option("Reloadly")
)
# The request was on its way, and the vendor never had it.
REQUEST_LOST = Line(
    name="Request lost",
    number="+62 838 2000 0002",
    account=option("Reloadly (sandbox)"),
)


class Killed(Installation):
    """An installation whose Home Assistant was killed in the middle of two orders."""

    sent_at = 0.0


@pytest.fixture(scope="session")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Generator[Killed]:
    pytest_socket.enable_socket()
    made = Killed(tmp_path_factory.mktemp("killed"))
    made.start()
    try:
        run_elsewhere(_kill_while_buying(made))
        yield made
    finally:
        made.stop()
    check_log(made)


@pytest.fixture
async def home(killed: Killed) -> AsyncGenerator[Client]:
    async with killed.client() as client:
        await appears(client, ANSWER_LOST.stage)
        await appears(client, REQUEST_LOST.stage)
        yield client


async def _kill_while_buying(made: Killed) -> None:
    async with made.client() as home:
        await made.connect(home, "live")
        await made.connect(home, "sandbox")
        await made.add(home, ANSWER_LOST)
        await made.add(home, REQUEST_LOST)
        # Home Assistant writes new entries a second later. A line that is recharged is older.
        await made.kept(REQUEST_LOST.name)

        await made.vendor.fault("hang_after", seconds=100)
        first = asyncio.create_task(recharge(home, ANSWER_LOST))
        await wait_until(
            lambda: made.vendor.purchases(ANSWER_LOST.digits), "the vendor has bought"
        )
        await made.vendor.fault("slow", seconds=100)
        await made.vendor.fault("lose_request")
        second = asyncio.create_task(recharge(home, REQUEST_LOST))

        async def arrived() -> bool:
            return "slow" in (await made.vendor.truth())["hits"]

        await wait_until(arrived, "the second request is on its way")
        made.sent_at = time.time()
        made.hass.kill()
        for task in (first, second):
            with suppress(aiohttp.ClientError, OSError):
                await task
    made.hass.start()


async def test_after_a_power_cut_both_orders_are_unknown_and_nothing_is_sent_again(
    killed: Killed, home: Client
) -> None:
    for line in (ANSWER_LOST, REQUEST_LOST):
        (order,) = await orders(home, line)
        again = await recharge(home, line)

        assert order["state"] == "unknown"
        assert again["order_id"] == order["order_id"]
        assert (await orders(home, line)) == [order]
    truth = await killed.vendor.truth()
    assert len(truth["purchases"]) == 1
    assert killed.hass.ended() is None


# The last of all tests: the others use the wait (see conftest.py).
async def test_what_was_bought_is_found_and_what_was_not_stays_open(
    killed: Killed, home: Client
) -> None:
    rest_s = killed.sent_at + LOOK_AFTER_S - time.time()
    found = await order_in(home, ANSWER_LOST, "confirmed", seconds=rest_s + 30)
    (sale,) = await killed.vendor.purchases(ANSWER_LOST.digits)
    assert found["reference"] == str(sale["id"])
    assert len(await orders(home, ANSWER_LOST)) == 1

    # One look that finds nothing proves nothing yet: it is neither failed nor sent again.
    await asyncio.sleep(max(0.0, killed.sent_at + LOOK_AFTER_S + 5 - time.time()))
    (lost,) = await orders(home, REQUEST_LOST)
    assert lost["state"] == "unknown"
    assert is_open(lost)
    assert await killed.vendor.purchases(REQUEST_LOST.digits) == []
    assert len((await killed.vendor.truth())["purchases"]) == 1
