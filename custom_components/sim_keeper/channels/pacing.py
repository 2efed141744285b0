"""How long a channel waits, and that its purchases go out one after the other."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ..keeper.errors import NotSent


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for what."""

    read_s: float = 30.0
    send_s: float = 60.0
    """From the wish to send until the answer, waiting for a login and our turn included."""
    least_send_s: float = 20.0
    """What must be left of it for the purchase call itself; else nothing is sent."""


def left_s(until: float) -> float:
    """Return how many seconds are left before a loop time."""
    return until - asyncio.get_running_loop().time()


class Turns:
    """One purchase call at a time: no vendor is known to sort out two that overlap."""

    def __init__(self, patience: Patience) -> None:
        """Let the first one go at once."""
        self._patience = patience
        self._posting = asyncio.Lock()

    @asynccontextmanager
    async def next(self) -> AsyncGenerator[float]:
        """Wait for our turn; yield the loop time by which the call must end. Raises NotSent."""
        until = asyncio.get_running_loop().time() + self._patience.send_s
        try:
            async with asyncio.timeout_at(until - self._patience.least_send_s):
                await self._posting.acquire()
        except TimeoutError:
            late = True
        else:
            late = False
        if late:
            raise NotSent("timeout")
        try:
            yield until
        finally:
            self._posting.release()
