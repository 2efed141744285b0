"""What all vendor simulators share: an HTTP server on loopback that can misbehave."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any, Protocol, Self

from aiohttp import web

from . import control, mischief
from .faults import Fault, Faults


class Remembers(Protocol):
    """What a vendor keeps, and tells to whoever checks."""

    sales: list[Any]
    """Every purchase that ran, oldest first."""

    @property
    def bought(self) -> Sequence[Any]:
        """The sales that cost money and were not given back, finished or not."""

    def truth(self) -> dict[str, object]:
        """Everything as JSON values."""

    def reset(self) -> None:
        """Forget everything."""


class Simulator(ABC):
    """A vendor of our own. `async with ...Simulator() as vendor: vendor.url`."""

    world: Remembers

    def __init__(
        self, kinds: frozenset[str], *, now: Callable[[], datetime], port: int
    ) -> None:
        """Prepare; `now` is the world's clock, `kinds` the faults that it can have."""
        self.now = now
        self.faults = Faults(kinds)
        self.calls: list[str] = []
        """Method and path of every call that arrived."""
        self.url = ""
        self._port = port
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Start to listen on loopback."""
        app = web.Application()
        control.add_routes(app, self)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop; calls that hang are let go."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    def fault(self, kind: str, **options: object) -> Fault:
        """Arm a fault for the next calls."""
        fault = Fault(kind=kind, **options)  # type: ignore[arg-type]
        self.faults.arm(fault)
        return fault

    def behave(self) -> None:
        """Stop every misbehaviour."""
        self.faults.clear()

    async def wait(self, seconds: float) -> None:
        """Let real time pass, unless the server is closing."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    @property
    def bought(self) -> int:
        """How many purchases cost money."""
        return len(self.world.bought)

    @property
    def skew(self) -> timedelta:
        """How wrong the vendor's clock is."""
        fault = self.faults.standing("clock_skew")
        return timedelta(seconds=fault.seconds if fault else 0)

    @abstractmethod
    def is_purchase(self, request: web.Request) -> bool:
        """Whether a call may buy something."""

    @abstractmethod
    async def answer(self, request: web.Request) -> web.Response:
        """Answer a call as the vendor does."""

    @abstractmethod
    def refuse(self, fault: Fault, request: web.Request) -> web.Response:
        """Refuse a call with the status and code of a fault."""

    @abstractmethod
    def ended(self, sold: Sequence[Any]) -> None:
        """Note that the call which ran these sales has ended."""

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(f"{request.method} {request.path}")
        await request.read()
        response = await self._with_mischief(
            request, purchase=self.is_purchase(request)
        )
        if not response.prepared:
            response.headers["Date"] = format_datetime(
                self.now() + self.skew, usegmt=True
            )
            response.force_close()
        return response

    async def _with_mischief(
        self, request: web.Request, *, purchase: bool
    ) -> web.StreamResponse:
        if slow := self.faults.take(request.path, "slow", purchase=purchase):
            await self.wait(slow.seconds)
        if self.faults.take(request.path, "lose_request", purchase=purchase):
            return mischief.reset(request)
        bad = self.faults.take(
            request.path, "refuse", *mischief.BAD_ANSWERS, purchase=purchase
        )
        if bad is not None and not bad.buys:
            return await self._badly(bad, request)
        sold_before = len(self.world.sales)
        response = await self.answer(request)
        try:
            if hang := self.faults.take(request.path, "hang_after", purchase=purchase):
                await self.wait(hang.seconds)
        finally:
            # Only now the call has finished: a second one could have run beside it.
            self.ended(self.world.sales[sold_before:])
        if bad is not None:
            return await self._badly(bad, request)
        if self.faults.take(request.path, "lose_answer", purchase=purchase):
            return mischief.cut(request)
        if self.faults.take(request.path, "reset_answer", purchase=purchase):
            return mischief.reset(request)
        return response

    async def _badly(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        if fault.kind == "refuse":
            response = self.refuse(fault, request)
            response.headers.update(fault.headers or {})
            return response
        return await mischief.bad_answer(fault, request)
