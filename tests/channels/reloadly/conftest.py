"""A simulated Reloadly, a channel connected to it, and lines in several countries."""

from collections.abc import AsyncGenerator

import aiohttp
import pytest

from custom_components.sim_keeper.channels.reloadly import ReloadlyChannel
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import Line, Purchase, Wanted
from tests.vendors.reloadly import CLIENT_ID, CLIENT_SECRET, ReloadlySimulator

from ..conftest import Clock

KEY = "SKX7Q2M9K4TB-001-0"

AXIS = Line(number="+6283155501234", country="ID", currency="IDR", operator="243")
GIFFGAFF = Line(number="+447455012345", country="GB", currency="GBP", operator=None)
HOTLINK = Line(number="+60125550123", country="MY", currency="MYR", operator=None)
LYCA = Line(number="+34632555012", country="ES", currency="EUR", operator=None)
KYIVSTAR = Line(number="+380675550123", country="UA", currency="UAH", operator=None)
THREE = Line(number="+85295550123", country="HK", currency="HKD", operator=None)
GLO = Line(number="+2348055501234", country="NG", currency="NGN", operator="1213")

type Code = tuple[str, int]


def login_at(vendor: ReloadlySimulator, **changes: str) -> dict[str, str]:
    return {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "environment": "live",
        "base_url": vendor.url,
        **changes,
    }


@pytest.fixture
async def vendor(clock: Clock) -> AsyncGenerator[ReloadlySimulator]:
    async with ReloadlySimulator(now=clock.now) as vendor:
        yield vendor


@pytest.fixture
def channel(
    vendor: ReloadlySimulator, session: aiohttp.ClientSession, clock: Clock
) -> ReloadlyChannel:
    return ReloadlyChannel(session, login_at(vendor), clock=clock.monotonic)


def wanted(text: str, currency: str) -> Wanted:
    return Wanted(amount=Money.parse(text, currency))


async def order(channel: ReloadlyChannel, clock: Clock, line: Line = AXIS) -> Purchase:
    """Quote something ordinary and make a purchase of it."""
    product = (await channel.products(line))[0]
    assert product.value is not None
    amount = Money(product.value.minor * 2, line.currency)
    ranged = product.value_max is not None
    quote = await channel.quote(
        line, Wanted(amount=amount) if ranged else Wanted(product=product.id)
    )
    return Purchase(key=KEY, line=line, body=quote.body, created_at=clock.now())
