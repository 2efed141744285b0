"""The engine's side of the ledger: calls run in its one thread; a broken ledger freezes all."""

from collections.abc import Callable
from functools import partial
from typing import Concatenate

from .errors import LedgerBroken, LedgerFault
from .ledger import Ledger
from .world import World


class LedgerDesk:
    """Passes calls to the ledger, publishes what they wrote, and freezes when it breaks."""

    def __init__(self, world: World) -> None:
        """Start without a ledger: frozen until one is opened."""
        self._world = world
        self._ledger: Ledger | None = None
        self._published = 0
        self.fault: LedgerFault | None = LedgerFault.MISSING

    async def open(self, make: Callable[[], Ledger]) -> None:
        """Open the ledger in its thread; a failure leaves the desk frozen."""
        try:
            self._ledger = await self._world.run(make)
            self._published = await self._world.run(self._ledger.last_event)
        except LedgerBroken as err:
            self._freeze(err.fault)
        else:
            self.fault = None

    async def close(self) -> None:
        """Close the file."""
        if self._ledger is not None:
            await self._world.run(self._ledger.close)
            self._ledger = None

    @property
    def newest(self) -> int:
        """Return the number of the newest event that was published."""
        return self._published

    async def check(self) -> None:
        """Check the whole ledger; freeze when it is damaged."""
        ledger = self._opened()
        if await self._world.run(ledger.find_damage):
            self._freeze(LedgerFault.DAMAGED)

    async def read[**P, T](
        self,
        call: Callable[Concatenate[Ledger, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Read from the ledger; possible while frozen, as long as the file was opened."""
        ledger = self._opened()
        try:
            return await self._world.run(partial(call, ledger, *args, **kwargs))
        except LedgerBroken as err:
            if self.fault is None:
                self._freeze(err.fault)
            raise

    async def write[**P, T](
        self,
        call: Callable[Concatenate[Ledger, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Write to the ledger and publish the new events. Raises LedgerBroken when frozen."""
        ledger = self._opened()
        if self.fault is not None:
            raise LedgerBroken(self.fault, "frozen")
        try:
            answer = await self._world.run(partial(call, ledger, *args, **kwargs))
        except LedgerBroken as err:
            self._freeze(err.fault)
            raise
        await self._publish(ledger)
        return answer

    async def _publish(self, ledger: Ledger) -> None:
        for event in await self._world.run(
            partial(ledger.events_since, self._published)
        ):
            if event.seq > self._published:
                self._published = event.seq
                self._world.happened(event)

    def _opened(self) -> Ledger:
        if self._ledger is None:
            raise LedgerBroken(self.fault or LedgerFault.MISSING, "not open")
        return self._ledger

    def _freeze(self, fault: LedgerFault) -> None:
        self.fault = fault
        self._world.frozen(fault)
