"""What the engine asks of the world around it. The glue and the simulator implement this."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Protocol

from .errors import LedgerFault
from .ledger import Event
from .ports import Channel


class World(Protocol):
    """Time, channels, the one thread of the ledger, and whoever wants to hear."""

    def now(self) -> datetime:
        """Return the present moment, aware."""

    def running(self) -> timedelta:
        """Return the time since some moment of this run, by a clock that nobody can set."""

    def channel(self, account: str) -> Channel | None:
        """Return the channel of an account, or None while it is missing or not ready."""

    def run[T](self, call: Callable[[], T]) -> Awaitable[T]:
        """Run a call in the ledger's thread."""

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run work that outlives its caller."""

    def wake_at(self, moment: datetime) -> None:
        """Call `Engine.wake` after the time until a moment; replaces the call asked for before.

        A clock that is set meanwhile changes nothing: the engine has to notice that.
        """

    def changed(self, epoch: str) -> None:
        """Hear that the status of a SIM may have changed."""

    def happened(self, event: Event) -> None:
        """Hear of an event in the ledger."""

    def login_failed(self, account: str) -> None:
        """Hear that an account needs new credentials."""

    def frozen(self, fault: LedgerFault) -> None:
        """Hear that the ledger cannot be used and all spending has ended."""
