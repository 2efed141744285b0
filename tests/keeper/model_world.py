"""A world for the engine: a clock that is moved by hand, processes that die, a vendor."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from custom_components.sim_keeper.keeper.budget import HouseholdRules
from custom_components.sim_keeper.keeper.carrier_data import (
    load_carriers,
    other_carrier,
    with_overrides,
)
from custom_components.sim_keeper.keeper.doors import Doors
from custom_components.sim_keeper.keeper.engine import Engine
from custom_components.sim_keeper.keeper.errors import LedgerBroken, LedgerFault
from custom_components.sim_keeper.keeper.ledger import Event, Ledger
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Order, State
from custom_components.sim_keeper.keeper.permissions import Caller
from custom_components.sim_keeper.keeper.ports import Channel, Purchase
from custom_components.sim_keeper.keeper.sim import Mode, Rules, Sim
from custom_components.sim_keeper.keeper.statements import Typed, typed_readings

from .model_vendor import Bought, Fault, ModelVendor, VendorChannel

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ADMIN = Caller(user_id="a" * 32, is_admin=True)
ACCOUNT = "model:1"


class Crash(BaseException):
    """The process was killed."""


class Incarnation:
    """The world as one process sees it; after its death nothing goes through any more."""

    def __init__(self, world: ModelWorld) -> None:
        """Be born."""
        self._world = world
        self.alive = True

    def _check(self) -> ModelWorld:
        if not self.alive:
            raise Crash
        return self._world

    def now(self) -> datetime:
        """Return the moment that was set."""
        return self._check().moment

    def running(self) -> timedelta:
        """Return the time that has passed."""
        return self._check().passed

    def channel(self, account: str) -> Channel | None:
        """Return a channel."""
        return self._check().channels.get(account)

    async def run[T](self, call: Callable[[], T]) -> T:
        """Run a call at once, or die right after it."""
        for _ in range(self._check().turns):
            await asyncio.sleep(0)
        world = self._check()
        before = world.committed()
        found = call()
        if world.committed() != before:
            world.step("commit")
        self._check()
        return found

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run work in the background."""
        return self._check().start(work)

    def wake_at(self, moment: datetime) -> None:
        """Remember when to wake the engine."""
        self._check().wake_moment = moment

    def changed(self, epoch: str) -> None:
        """Hear of a status."""
        self._check().changes.append(epoch)

    def happened(self, event: Event) -> None:
        """Hear of an event."""
        self._check().events.append(event)

    def login_failed(self, account: str) -> None:
        """Hear of a login."""
        self._check().logins_failed.append(account)

    def frozen(self, fault: LedgerFault) -> None:
        """Hear of a freeze."""
        self._check().faults.append(fault)


class ModelWorld:
    """Everything outside of the engine, over a clock that only moves when told to."""

    def __init__(self) -> None:
        """Begin on a Monday in March."""
        self.moment = START
        self.put_forward = timedelta()
        """How far the clock was set from the true time."""
        self.vendor = ModelVendor(self.now)
        self.vendor.before_submit = self._witness_submit
        self.vendor.before_answer = self._witness_answer
        self.channels: dict[str, Channel] = {ACCOUNT: VendorChannel(self.vendor)}
        self.household = HouseholdRules(zone=ZoneInfo("UTC"))
        self.events: list[Event] = []
        self.changes: list[str] = []
        self.logins_failed: list[str] = []
        self.faults: list[LedgerFault] = []
        self.wake_moment: datetime | None = None
        self.wakes = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.turns = 0
        """How often others get their turn before a call of the ledger."""
        self.steps: list[str] = []
        self.crash_at: int | None = None
        """The step (a commit, or something that reaches the vendor) that the process dies at."""
        self.ledger = Ledger.in_memory()
        self._be_born()

    def _be_born(self) -> None:
        self.life = Incarnation(self)
        self.engine = Engine(self.life, self.household)
        self.doors = Doors(self.engine)

    async def begin(self, *sims: Sim, typed: Typed | None = None) -> None:
        """Open the ledger, register SIMs and start."""
        await self.engine.open(lambda: self.ledger)
        first = typed_readings(typed, self.now()) if typed else ()
        for sim in sims:
            await self.engine.register(sim, first)
        await self.engine.start()
        await self.rest()

    async def die(self) -> None:
        """Lose everything but the ledger and the world, as a killed process does."""
        self.life.alive = False
        self.crash_at = self.wake_moment = None
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def restart(self, *sims: Sim) -> None:
        """Die and begin anew."""
        await self.die()
        self._be_born()
        await self.begin(*sims)

    async def rest(self) -> None:
        """Let all work that is under way come to rest."""
        for _ in range(500):
            await asyncio.sleep(0)
            if not self.life.alive:
                raise Crash
            if self.wake_moment is not None and self.wake_moment <= self.moment:
                await self._wake()
            elif not self.tasks:
                break

    async def pass_time(self, delta: timedelta) -> None:
        """Move the clock, waking the engine whenever it asked for it."""
        end = self.moment + delta
        await self.rest()
        while self.wake_moment is not None and self.wake_moment <= end:
            self.moment = max(self.moment, self.wake_moment)
            await self._wake()
            await self.rest()
        self.moment = end
        await self.rest()

    def set_clock(self, by: timedelta) -> None:
        """Put the clock forward or back; what is to happen after a time is not put off by it."""
        self.moment += by
        self.put_forward += by
        if self.wake_moment is not None:
            self.wake_moment += by

    @property
    def passed(self) -> timedelta:
        """The time since the beginning, by a clock that is never set."""
        return self.moment - self.put_forward - START

    async def _wake(self) -> None:
        self.wake_moment = None
        self.wakes += 1
        await self.engine.wake()

    async def orders(self, sim: Sim) -> list[Order]:
        """Return the SIM's orders, oldest first."""
        return self.ledger.orders(sim.epoch)

    def types(self) -> list[str]:
        """Return the types of all events heard."""
        return [event.type.value for event in self.events]

    def now(self) -> datetime:
        """Return the moment that was set."""
        return self.moment

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run work in the background."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled():
            task.exception()

    def committed(self) -> int | None:
        """Return the number of the ledger's last event, None once it is closed."""
        try:
            return self.ledger.last_event()
        except LedgerBroken:
            return None

    def step(self, name: str) -> None:
        """Note a step, and die if this is the one to die at."""
        self.steps.append(name)
        if self.crash_at == len(self.steps):
            self.life.alive = False
            raise Crash

    def _witness_submit(self, purchase: Purchase) -> None:
        """Check that nothing reaches the vendor without a durable record of it."""
        order = self.ledger.in_state(State.SENDING)
        keys = [self.ledger.attempt(one.id).key for one in order]
        assert purchase.key in keys, "sent without a record"
        self.step("submit")

    async def _witness_answer(self) -> None:
        self.step("bought")


def a_sim(
    epoch: str = "AAAAAAAAAA",
    *,
    mode: Mode = Mode.AUTO,
    account: str | None = ACCOUNT,
    carrier: str | None = "valuegb_hk",
    overrides: Mapping[str, object] | None = None,
    currency: str = "HKD",
    threshold: str | None = None,
    days_before: int | None = 5,
    amount: str | None = "50",
    cap: str | None = "200",
    cap_currency: str | None = None,
    zone: str = "Asia/Hong_Kong",
) -> Sim:
    """Return a SIM: by default one whose 50 HKD buy a year, recharged automatically."""
    profile = load_carriers()[carrier] if carrier else other_carrier("HK", currency)
    if overrides:
        profile = with_overrides(profile, overrides)
    return Sim(
        epoch=epoch,
        number=f"+8525{sum(map(ord, epoch)):07d}",
        country="HK",
        currency=currency,
        zone=ZoneInfo(zone),
        carrier=profile,
        account=account,
        operator=None,
        rules=Rules(
            mode=mode,
            low_balance=None if threshold is None else Money.parse(threshold, currency),
            days_before=days_before,
            amount=None if amount is None else Money.parse(amount, currency),
            pays_in="USD" if account else None,
            monthly_cap=None
            if cap is None
            else Money.parse(cap, cap_currency or ("USD" if account else currency)),
        ),
    )


def expiring_in(days: int) -> Typed:
    """Return a typed expiry so many days after the start."""
    return Typed(expiry=START.date() + timedelta(days=days))


__all__ = [
    "ACCOUNT",
    "ADMIN",
    "START",
    "Bought",
    "Crash",
    "Fault",
    "ModelVendor",
    "ModelWorld",
    "VendorChannel",
    "a_sim",
    "date",
    "expiring_in",
    "with_overrides",
]
