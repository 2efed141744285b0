"""The engine's side of the ledger: calls run in its one thread; a broken ledger freezes all."""

from collections.abc import Callable
from functools import partial
import logging
from typing import Concatenate

from .errors import LedgerBroken, LedgerFault
from .ledger import Event, Ledger
from .world import World

_LOGGER = logging.getLogger(__name__)


class LedgerDesk:
    """Passes calls to the ledger, publishes what they wrote, and freezes when it breaks."""

    def __init__(self, world: World) -> None:
        """Start without a ledger: frozen until one is opened."""
        self._world = world
        self._ledger: Ledger | None = None
        self._published = 0
        self.moved = 0
        """The number of the newest event that told of an order."""
        self.fault: LedgerFault | None = LedgerFault.MISSING
        self.needs_restart = False
        """The disk failed at a commit: this process must not use the ledger again."""

    async def open(self, make: Callable[[], Ledger]) -> None:
        """Open the ledger in its thread; a failure leaves the desk frozen."""
        try:
            self._ledger = await self._world.run(make)
            self._published = await self._world.run(self._ledger.last_event)
        except LedgerBroken as err:
            self._freeze(err)
        else:
            self.fault = None

    async def close(self) -> None:
        """Close the file."""
        # Whoever comes from now on finds it closed, and not a file that seems to be damaged.
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            await self._world.run(ledger.close)

    @property
    def newest(self) -> int:
        """Return the number of the newest event that was published."""
        return self._published

    async def check(self) -> None:
        """Check the whole ledger; freeze when it is damaged."""
        ledger = self._opened()
        if damage := await self._world.run(ledger.find_damage):
            self._freeze(LedgerBroken(LedgerFault.DAMAGED, damage))

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
                self._freeze(err)
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
            answer, events = await self._world.run(
                partial(self._written, ledger, partial(call, ledger, *args, **kwargs))
            )
        except LedgerBroken as err:
            self._freeze(err)
            raise
        self._publish(events)
        return answer

    def _written[T](
        self, ledger: Ledger, call: Callable[[], T]
    ) -> tuple[T, list[Event]]:
        """Write, in the ledger's thread; return what came of it and the new events."""
        answer = call()
        return answer, ledger.events_since(self._published)

    def _publish(self, events: list[Event]) -> None:
        for event in events:
            if event.seq > self._published:
                self._published = event.seq
                if event.order_id is not None:
                    self.moved = event.seq
                self._world.happened(event)

    def _opened(self) -> Ledger:
        if self._ledger is None:
            raise LedgerBroken(self.fault or LedgerFault.MISSING, "not open")
        return self._ledger

    def still_frozen(self, err: LedgerBroken) -> None:
        """Hear that a frozen ledger cannot be used yet; only another fault is news."""
        if err.fault is not self.fault or err.needs_restart:
            self._freeze(err)

    def _freeze(self, err: LedgerBroken) -> None:
        _LOGGER.debug("The ledger is frozen (%s)", err)
        self.fault = err.fault
        self.needs_restart = self.needs_restart or err.needs_restart
        self._world.frozen(err.fault)
