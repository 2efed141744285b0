"""A simulated Digiflazz, a channel connected to it, and Indonesian lines."""

from collections.abc import AsyncGenerator

import aiohttp
import pytest

from custom_components.sim_keeper.channels.digiflazz import DigiflazzChannel
from custom_components.sim_keeper.channels.pacing import Patience
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import Line, Purchase, Wanted
from tests.vendors.digiflazz import API_KEY, USERNAME, DigiflazzSimulator

from ..conftest import Clock

KEY = "SKX7Q2M9K4TB-001-0"

AXIS = Line(number="+6283155501234", country="ID", currency="IDR", operator="AXIS")
TELKOMSEL = Line(number="+6281255501234", country="ID", currency="IDR", operator=None)


def login_at(vendor: DigiflazzSimulator, **changes: str) -> dict[str, str]:
    return {
        "username": USERNAME,
        "api_key": API_KEY,
        "environment": "production",
        "base_url": vendor.url,
        **changes,
    }


def channel_at(
    vendor: DigiflazzSimulator,
    session: aiohttp.ClientSession,
    clock: Clock,
    patience: Patience | None = None,
    /,
    **changes: str,
) -> DigiflazzChannel:
    """Open a channel whose waits let the vendor's time pass."""

    async def sleep(seconds: float) -> None:
        clock.advance(seconds=seconds)

    return DigiflazzChannel(
        session,
        login_at(vendor, **changes),
        patience=patience or Patience(),
        clock=clock.monotonic,
        now=clock.now,
        sleep=sleep,
    )


@pytest.fixture
async def vendor(clock: Clock) -> AsyncGenerator[DigiflazzSimulator]:
    async with DigiflazzSimulator(now=clock.now) as vendor:
        yield vendor


@pytest.fixture
def channel(
    vendor: DigiflazzSimulator, session: aiohttp.ClientSession, clock: Clock
) -> DigiflazzChannel:
    return channel_at(vendor, session, clock)


def rupiah(text: str) -> Money:
    return Money.parse(text, "IDR")


async def order(channel: DigiflazzChannel, clock: Clock, sku: str = "ax10") -> Purchase:
    """Quote a product and make a purchase of it."""
    quote = await channel.quote(AXIS, Wanted(product=sku))
    return Purchase(key=KEY, line=AXIS, body=quote.body, created_at=clock.now())
