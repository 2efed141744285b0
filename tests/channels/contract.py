"""What every channel must promise, whichever provider it talks to.

A provider joins by adding a bench: its simulator, a channel connected to it, and a line.
Its simulator must know the fault kinds used here and tell the truth about what was bought.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
import socket
from typing import Protocol

import aiohttp

from custom_components.sim_keeper.channels import PROVIDERS, Provider
from custom_components.sim_keeper.channels.http import open_session
from custom_components.sim_keeper.channels.reloadly import Patience, ReloadlyChannel
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import Channel, Line, Purchase, Wanted
from tests.vendors.reloadly import CLIENT_ID, CLIENT_SECRET, ReloadlySimulator

from .conftest import Clock

KEY = "SKX7Q2M9K4TB-00C-0"


class Vendor(Protocol):
    """What the contract needs of a simulator."""

    def fault(self, kind: str, **options: object) -> object:
        """Misbehave at the next calls."""

    def behave(self) -> None:
        """Stop misbehaving."""

    @property
    def bought(self) -> int:
        """How many purchases cost money, by the vendor's own books."""


@dataclass(kw_only=True)
class Bench:
    """A channel at its vendor, ready to be tried."""

    provider: Provider
    login: Mapping[str, str]
    vendor: Vendor
    session: aiohttp.ClientSession
    channel: Channel
    hasty: Channel
    """The same channel with very little patience."""
    cut_off: Channel
    """The same channel with nobody at the other end."""
    locked_out: Channel
    """The same channel with a wrong secret."""
    line: Line
    wanted: Wanted
    elsewhere: Line
    """A line whose currency is not the operator's."""
    clock: Clock
    secrets: tuple[str, ...]
    settle_s: float
    """How long the vendor needs to finish an order."""

    async def purchase(self, key: str = KEY) -> Purchase:
        """Quote the wanted amount and make a purchase of it."""
        quote = await self.channel.quote(self.line, self.wanted)
        return Purchase(
            key=key, line=self.line, body=quote.body, created_at=self.clock.now()
        )


@asynccontextmanager
async def _reloadly(clock: Clock) -> AsyncGenerator[Bench]:
    async with ReloadlySimulator(now=clock.now) as vendor, open_session() as session:
        login = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "environment": "sandbox",
            "base_url": vendor.url,
        }
        nobody = f"http://127.0.0.1:{_closed_port()}"
        hasty = Patience(read_s=0.15, send_s=0.3, least_send_s=0.1)
        provider = PROVIDERS["reloadly"]
        line = Line(
            number="+6283155501234", country="ID", currency="IDR", operator="243"
        )
        yield Bench(
            provider=provider,
            login=login,
            vendor=vendor,
            session=session,
            channel=provider.open(session, login),
            hasty=ReloadlyChannel(session, login, patience=hasty),
            cut_off=provider.open(session, {**login, "base_url": nobody}),
            locked_out=provider.open(session, {**login, "client_secret": "wrong"}),
            line=line,
            wanted=Wanted(amount=Money.parse("50000", "IDR")),
            elsewhere=Line(
                number="+6283155501234", country="ID", currency="USD", operator="243"
            ),
            clock=clock,
            secrets=(CLIENT_ID, CLIENT_SECRET, "6283155501234", "Bearer", KEY),
            settle_s=10,
        )


def _closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


BENCHES: Mapping[str, Callable[[Clock], AbstractAsyncContextManager[Bench]]] = {
    "reloadly": _reloadly,
}
