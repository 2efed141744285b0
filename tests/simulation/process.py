"""One incarnation of SIM Keeper: the real engine behind fenced ports."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from custom_components.sim_keeper.keeper.doors import Doors
from custom_components.sim_keeper.keeper.engine import Engine
from custom_components.sim_keeper.keeper.errors import (
    KeeperError,
    LedgerFault,
    NotSent,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.ledger import Event, Ledger
from custom_components.sim_keeper.keeper.ledger.book import TOLD
from custom_components.sim_keeper.keeper.ledger.reader import Reader
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import (
    Capabilities,
    Channel,
    Found,
    Line as PortLine,
    Lookup,
    Operator,
    Product,
    Purchase,
    Quote,
    Submitted,
    Wanted,
)
from custom_components.sim_keeper.keeper.sim import Reading

if TYPE_CHECKING:
    from .vendors import Vendor
    from .world import Truth

TELL_AGAIN_S = 900.0
_READS = frozenset(name for name in vars(Reader) if not name.startswith("_"))


class ProcessKilled(BaseException):
    """The process has died; nothing of it may do anything any more."""


class VendorChannel:
    """A vendor of the world, as this process talks to it."""

    def __init__(self, process: Process, vendor: Vendor) -> None:
        """Pass everything on, through the fence."""
        self._process = process
        self._vendor = vendor

    @property
    def capabilities(self) -> Capabilities:
        """What the vendor promises."""
        return self._vendor.capabilities

    async def operator(self, line: PortLine) -> Operator | None:
        """Find nothing."""
        return None

    async def products(self, line: PortLine) -> tuple[Product, ...]:
        """Sell any amount."""
        return ()

    async def quote(self, line: PortLine, wanted: Wanted) -> Quote:
        """Ask for a price."""
        return await self._read(partial(self._vendor.quote, line, wanted))

    async def lookup(self, purchase: Purchase) -> Found:
        """Ask what became of a purchase."""
        if self.capabilities.lookup is Lookup.PAYING:
            return await self._ask_by_sending(purchase)
        return await self._read(partial(self._vendor.lookup, purchase))

    async def _ask_by_sending(self, purchase: Purchase) -> Found:
        """Ask by sending the same request again, as a channel with no other way does."""
        try:
            return await self.submit(purchase)
        except Rejected as err:
            if err.consumed:
                raise
            # It tells of this request, not of the one before.
            raise Unavailable(err.code) from err
        except (NotSent, OutcomeUnknown) as err:
            raise Unavailable(str(err)) from err

    async def wallet(self) -> Money:
        """Read the wallet."""
        return await self._read(lambda: Money(self._vendor.wallet, "USD"))

    async def submit(self, purchase: Purchase) -> Submitted:
        """Buy."""
        process = self._process
        process.point(sending=True)
        process.truth.oracle.sent(process, purchase)
        answer = self._vendor.submit(purchase)
        process.point(sending=True)
        try:
            found = await answer
        finally:
            process.check()
        process.point(sending=True)
        return found

    async def _read[T](self, ask: Callable[[], T]) -> T:
        process = self._process
        process.point()
        await asyncio.sleep(0.1 + 2 * process.truth.rng.random())
        process.check()
        answer = ask()
        process.point()
        return answer


class Process:
    """Implements `keeper.world.World` for one life."""

    def __init__(self, truth: Truth) -> None:
        """Come up with nothing but what is on the disk."""
        self.truth = truth
        self.dead = False
        self.ready = False
        self.engine = Engine(self, truth.household)
        self.doors = Doors(self.engine)
        self._timer: asyncio.TimerHandle | None = None
        self._channel = VendorChannel(self, truth.vendor)
        self._connected = False
        self._telling = False
        self._again = False
        self._told: set[int] = set()

    # -- Life -----------------------------------------------------------------------------

    def begin(self) -> None:
        """Start up, as the integration does."""
        self.go(self._begin())

    async def _begin(self) -> None:
        truth = self.truth
        await self.engine.open(lambda: truth.disk.open(self.now()))
        for line in truth.lines:
            if not line.removed:
                await self.engine.register(
                    line.sim, truth.first.get(line.sim.epoch, ())
                )
        self.ready = True
        await self.engine.start()
        await asyncio.sleep(truth.rng.choice((0.0, 0.0, 5.0, 300.0)))
        self._connected = True
        await self.engine.account_ready("model:1")
        self._tell_soon()

    def kill(self, downtime: float, why: str) -> None:
        """Die at once: first the fence, then everything that runs."""
        if self.dead:
            return
        self.truth.note(f"process dies: {why}")
        self._end()
        self.truth.crashes += 1
        self.truth.ended(downtime)

    async def stop(self, downtime: float) -> None:
        """Shut down in order."""
        await self.engine.stop()
        if not self.dead:
            self.truth.note("process stops")
            self._end()
            self.truth.ended(downtime)

    def _end(self) -> None:
        self.dead = True
        self.ready = False
        if self._timer is not None:
            self._timer.cancel()
        self.truth.loop.cancel_all()

    def check(self) -> None:
        """Let nothing pass after death."""
        if self.dead:
            raise ProcessKilled

    def point(self, *, sending: bool = False) -> None:
        """Be a place at which the process may die."""
        self.check()
        truth = self.truth
        truth.effects += 1
        if truth.crash_at:
            dies = truth.effects in truth.crash_at
        else:
            dies = truth.faults.strike("crash") or (
                sending and truth.faults.strike("crash_while_sending")
            )
        if dies:
            self.kill(5 + 3600 * truth.rng.random() ** 3, "crash")
            raise ProcessKilled

    def go(self, work: Coroutine[Any, Any, object]) -> None:
        """Run something that a person or a timer began."""
        task = self.truth.loop.create_task(work)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not isinstance(error, (KeeperError, ProcessKilled)):
            self.truth.oracle.trouble(error)

    # -- keeper.world.World ---------------------------------------------------------------

    def now(self) -> datetime:
        """Return what the computer's clock shows."""
        return self.truth.now()

    def running(self) -> timedelta:
        """Return the true time since the world began."""
        return timedelta(seconds=self.truth.loop.time())

    def channel(self, account: str) -> Channel | None:
        """Return the channel once the account is set up."""
        return self._channel if self._connected else None

    def run[T](self, call: Callable[[], T]) -> Awaitable[T]:
        """Run a call in the ledger's thread."""
        return self._run(call)

    async def _run[T](self, call: Callable[[], T]) -> T:
        self.check()
        truth, rng = self.truth, self.truth.rng
        function = getattr(call, "func", call)
        if getattr(function, "__name__", "") in _READS:
            if rng.random() < truth.yield_share:
                await asyncio.sleep(0)
                self.check()
            return call()
        if getattr(function, "__func__", None) is Ledger.close:
            return None  # type: ignore[return-value]
        if getattr(function, "__func__", None) is Ledger.find_damage:
            # Every history is checked at its end; daily, this would cost more than all else.
            return None  # type: ignore[return-value]
        if rng.random() < truth.yield_share:
            await asyncio.sleep(0)
        self.point()
        answer = call()
        self.point()
        if rng.random() < truth.yield_share:
            await asyncio.sleep(0)
            self.check()
        return answer

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run work that outlives its caller."""
        if self.dead:
            work.close()
            raise ProcessKilled
        task = self.truth.loop.create_task(work, name=name)
        task.add_done_callback(self._ended)
        if self.truth.faults.strike("task_cancelled"):
            self.truth.loop.call_later(30 * self.truth.rng.random() ** 4, task.cancel)
        return task

    def wake_at(self, moment: datetime) -> None:
        """Wake the engine at a moment of the computer's clock."""
        if self.dead:
            return
        if self._timer is not None:
            self._timer.cancel()
        wait = max(0.0, (moment - self.now()).total_seconds())
        self._timer = self.truth.loop.call_later(wait, self._fire)

    def _fire(self) -> None:
        self._timer = None
        self.go(self.engine.wake())

    def changed(self, epoch: str) -> None:
        """Hear of a status."""

    def happened(self, event: Event) -> None:
        """Hear of an event."""
        if self.dead:
            return
        truth = self.truth
        if event.type != "reading":
            truth.note(
                f"event {event.seq} {event.type.value} order {event.order_id}"
                f" {event.sim} by {event.actor}"
            )
        if event.type in TOLD:
            self._tell_soon()

    def login_failed(self, account: str) -> None:
        """Hear that an account needs new credentials."""

    def frozen(self, fault: LedgerFault) -> None:
        """Hear that all spending has ended."""
        self.truth.note(f"frozen: {fault.value}")

    # -- Telling people -------------------------------------------------------------------

    def _tell_soon(self) -> None:
        if self.dead:
            return
        self._again = True
        if not self._telling:
            self._telling = True
            self.go(self._tell())

    async def _tell(self) -> None:
        try:
            while self._again:
                self._again = False
                await self._tell_all()
        finally:
            self._telling = False

    async def _tell_all(self) -> None:
        truth, desk = self.truth, self.engine.desk
        for told in await desk.read(Ledger.untold):
            if told.event.seq in self._told:
                continue
            self.point()
            if not truth.notify_ok:
                truth.loop.call_later(TELL_AGAIN_S, self._tell_soon)
                return
            self._told.add(told.event.seq)
            truth.heard(told.event)
            self.point()
            if desk.fault is None:
                await desk.write(Ledger.mark_told, told.event.seq, self.now())

    async def observe(self, epoch: str, readings: list[Reading]) -> None:
        """Hand on what a source has read."""
        await self.engine.observe(epoch, readings)
