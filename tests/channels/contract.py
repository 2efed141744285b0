"""What every channel must promise, whichever provider it talks to.

A provider joins by adding a bench: its simulator, a channel connected to it, and a line.
Its simulator must know the fault kinds used here and tell the truth about what was bought.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
import socket
from typing import Protocol

import aiohttp

from custom_components.sim_keeper.channels import PROVIDERS, Provider
from custom_components.sim_keeper.channels.digiflazz import DigiflazzChannel
from custom_components.sim_keeper.channels.http import open_session
from custom_components.sim_keeper.channels.iak import IakChannel
from custom_components.sim_keeper.channels.pacing import Patience
from custom_components.sim_keeper.channels.reloadly import ReloadlyChannel
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import (
    Channel,
    Found,
    Line,
    Lookup,
    Purchase,
    Wanted,
)
from tests.vendors import digiflazz
from tests.vendors.iak import API_KEY, USERNAME, IakSimulator, Restriction
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


class Again(StrEnum):
    """What the vendor does with a key that it knows."""

    REFUSES = "refuses"
    TELLS = "tells"
    """Answers with what became of the first order."""


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How the vendor behaves where vendors differ, beyond what the channel declares."""

    again: Again
    order_path: str
    """How the paths begin that tell of orders."""
    gives_back: tuple[str, ...]
    """The faults that end an order after it was taken, with the money back."""
    tells_time: bool
    """Orders are shown with the time of the purchase."""
    tells_delivered: bool
    """Orders are shown with what was delivered."""
    tells_operator: bool = True
    """The vendor is asked whose number it is; else a table knows."""
    look_s: float = 0
    """How long one must wait between asking about an order and the call before."""


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
    lock_out: Callable[[], None]
    """Make the vendor refuse the login from now on."""
    manners: Manners

    @property
    def asks_freely(self) -> bool:
        """Whether an order can be looked up without any risk of buying it."""
        return self.channel.capabilities.lookup is Lookup.PURE

    async def look(self, purchase: Purchase) -> Found:
        """Ask what became of a purchase, as soon as that may be asked."""
        self.clock.advance(seconds=self.manners.look_s)
        return await self.channel.lookup(purchase)

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
            lock_out=lambda: _change_secret(vendor),
            manners=Manners(
                again=Again.REFUSES,
                order_path="/topups",
                gives_back=("fail_later", "refund_later"),
                tells_time=True,
                tells_delivered=True,
            ),
        )


def _change_secret(vendor: ReloadlySimulator) -> None:
    vendor.tokens.client_secret = "another"
    vendor.tokens.revoke_all()


@asynccontextmanager
async def _iak(clock: Clock) -> AsyncGenerator[Bench]:
    async with IakSimulator(now=clock.now) as vendor, open_session() as session:
        # Here one number gets one product many times a day: the account's own switch allows it.
        vendor.restriction = Restriction.NOTHING
        login = {
            "username": USERNAME,
            "api_key": API_KEY,
            "environment": "development",
            "base_url": vendor.url,
        }
        nobody = f"http://127.0.0.1:{_closed_port()}"
        hasty = Patience(read_s=0.15, send_s=0.3, least_send_s=0.1)
        provider = PROVIDERS["iak"]
        line = Line(
            number="+6283155501234", country="ID", currency="IDR", operator="axis"
        )
        yield Bench(
            provider=provider,
            login=login,
            vendor=vendor,
            session=session,
            channel=provider.open(session, login),
            hasty=IakChannel(session, login, patience=hasty),
            cut_off=provider.open(session, {**login, "base_url": nobody}),
            locked_out=provider.open(session, {**login, "api_key": "wrong"}),
            line=line,
            wanted=Wanted(amount=Money.parse("50000", "IDR")),
            elsewhere=Line(
                number="+6283155501234", country="ID", currency="USD", operator="axis"
            ),
            clock=clock,
            secrets=(
                *(USERNAME, API_KEY, "83155501234", KEY),
                *(vendor.account.sign(tail) for tail in ("bl", "pl", "op", KEY)),
            ),
            settle_s=10,
            lock_out=lambda: setattr(vendor.account, "api_key", "another"),
            manners=Manners(
                again=Again.TELLS,
                order_path="/api/check-status",
                gives_back=("fail_later",),
                tells_time=False,
                tells_delivered=False,
            ),
        )


@asynccontextmanager
async def _digiflazz(clock: Clock) -> AsyncGenerator[Bench]:
    async with (
        digiflazz.DigiflazzSimulator(now=clock.now) as vendor,
        open_session() as session,
    ):
        # An order shall still be pending after the few looks of one test.
        vendor.takes_s = 200
        login = {
            "username": digiflazz.USERNAME,
            "api_key": digiflazz.API_KEY,
            "environment": "production",
            "base_url": vendor.url,
        }

        async def sleep(seconds: float) -> None:
            clock.advance(seconds=seconds)

        def opened(patience: Patience | None = None, **changes: str) -> Channel:
            return DigiflazzChannel(
                session,
                {**login, **changes},
                patience=patience or Patience(),
                clock=clock.monotonic,
                now=clock.now,
                sleep=sleep,
            )

        nobody = f"http://127.0.0.1:{_closed_port()}"
        line = Line(
            number="+6283155501234", country="ID", currency="IDR", operator="AXIS"
        )
        key, user = digiflazz.API_KEY, digiflazz.USERNAME
        yield Bench(
            provider=PROVIDERS["digiflazz"],
            login=login,
            vendor=vendor,
            session=session,
            channel=opened(),
            hasty=opened(Patience(read_s=0.15, send_s=0.3, least_send_s=0.1)),
            cut_off=opened(base_url=nobody),
            locked_out=opened(api_key="wrong"),
            line=line,
            wanted=Wanted(amount=Money.parse("10000", "IDR")),
            elsewhere=Line(
                number="+6283155501234", country="ID", currency="USD", operator="AXIS"
            ),
            clock=clock,
            secrets=(
                *(user, key, "83155501234", KEY),
                *(
                    digiflazz.signature(user, key, t)
                    for t in ("depo", "pricelist", KEY)
                ),
            ),
            settle_s=200,
            lock_out=lambda: setattr(vendor, "api_key", "another"),
            manners=Manners(
                # The vendor would tell, or buy twice; the channel does not let it come to that.
                again=Again.REFUSES,
                order_path="/v1/transaction",
                gives_back=("fail_later", "refund_later"),
                tells_time=False,
                tells_delivered=False,
                tells_operator=False,
                look_s=61,
            ),
        )


def _closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


BENCHES: Mapping[str, Callable[[Clock], AbstractAsyncContextManager[Bench]]] = {
    "digiflazz": _digiflazz,
    "iak": _iak,
    "reloadly": _reloadly,
}

LOGIN_PATHS: Mapping[str, str] = {"reloadly": "/oauth"}
"""Where the login is a call of its own."""
