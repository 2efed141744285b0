"""A simulated IAK, a channel connected to it, and lines of some operators."""

from collections.abc import AsyncGenerator, Callable
import json

import aiohttp
import pytest

from custom_components.sim_keeper.channels.iak import IakChannel
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import Line, Purchase, Wanted
from tests.vendors.iak import API_KEY, USERNAME, IakSimulator

from ..conftest import Clock

KEY = "SKX7Q2M9K4TB-001-0"

AXIS = Line(number="+6283155501234", country="ID", currency="IDR", operator="axis")
XL = Line(number="+6281755501234", country="ID", currency="IDR", operator=None)
MALAYSIA = Line(number="+60125550123", country="MY", currency="MYR", operator=None)

type Answers = Callable[..., None]


def login_at(vendor: IakSimulator, **changes: str) -> dict[str, str]:
    return {
        "username": USERNAME,
        "api_key": API_KEY,
        "environment": "production",
        "base_url": vendor.url,
        **changes,
    }


@pytest.fixture
async def vendor(clock: Clock) -> AsyncGenerator[IakSimulator]:
    async with IakSimulator(now=clock.now) as vendor:
        yield vendor


@pytest.fixture
def channel(
    vendor: IakSimulator, session: aiohttp.ClientSession, clock: Clock
) -> IakChannel:
    return IakChannel(session, login_at(vendor), clock=clock.monotonic)


@pytest.fixture
def answers(vendor: IakSimulator) -> Answers:
    """Return a way to let the vendor's next answer be exactly this, without buying."""

    def arm(http: int = 200, /, **data: object) -> None:
        text = json.dumps({"data": data})
        vendor.fault("answer", on="any", status=http, text=text)

    return arm


def rupiah(text: str) -> Wanted:
    return Wanted(amount=Money.parse(text, "IDR"))


async def order(
    channel: IakChannel, clock: Clock, line: Line = AXIS, amount: str = "10000"
) -> Purchase:
    """Quote something ordinary and make a purchase of it."""
    quote = await channel.quote(line, rupiah(amount))
    return Purchase(key=KEY, line=line, body=quote.body, created_at=clock.now())
