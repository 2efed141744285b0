"""What every part of the engine shares: its SIMs, how they stand, and when to look again."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import datetime
import logging

from .budget import HouseholdRules, caps_for
from .checkout import Checkout
from .errors import LedgerBroken, OrderRefused
from .followup import FollowUp
from .ledger import Closing, EventType, Ledger, Spending
from .ledgerdesk import LedgerDesk
from .lifecycle import lifecycle
from .orders import Order, Origin, State
from .policy import Decision, Situation, decide, next_day
from .remarks import Remarks
from .sim import Reading, Sim
from .status import SimStatus, months_caps, status
from .world import World

_LOGGER = logging.getLogger(__name__)


def silence_of(order: Order) -> str:
    """Return why an order ends whose time is over."""
    return "nobody_answered" if order.state is State.ASKED else "not_sent"


class Watch:
    """Sees SIMs as they stand and plans the next waking; begins nothing by itself."""

    def __init__(self, world: World, household: HouseholdRules) -> None:
        """Start frozen; `start` opens the ledger."""
        self.world = world
        self.desk = LedgerDesk(world)
        self.checkout = Checkout(world, self.desk)
        self.followup = FollowUp(world, self.desk, self.checkout)
        self._remarks = Remarks(world, self.desk)
        self.household = household
        self.sims: dict[str, Sim] = {}
        self._addresses: dict[str, str] = {}
        """Where accounts are reached; a ledger that is frozen hears it when it is used again."""
        self._first: dict[str, Sequence[Reading]] = {}
        """What was typed when a SIM was added, for a ledger that does not know it."""
        self._statuses: dict[str, SimStatus] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        """By account: one automatic order after the other is priced and recorded."""
        self._due: dict[str, datetime] = {}
        self._orders_due: datetime | None = None
        self._orders_seen: int | None = None
        """Up to which event of theirs the orders were looked through for what is due."""
        self._unreachable_since: dict[str, datetime] = {}
        """Since when the price of what a SIM needs cannot be learned."""
        self._day_due: datetime | None = None
        self._sending: dict[int, tuple[str, asyncio.Task[None]]] = {}
        """By order that is being sent: the account through which it goes."""
        self._running = False
        self._started_at: datetime | None = None
        self._latest = world.now()
        """The clock at the last waking."""
        self._latest_running = world.running()
        self.stopping = False
        self._backup_until: datetime | None = None

    @property
    def accepting(self) -> bool:
        """Tell whether an order may be begun: not while stopping, nor during a backup."""
        backing_up = self._backup_until
        return not self.stopping and (
            backing_up is None or backing_up <= self.world.now()
        )

    def status(self, epoch: str) -> SimStatus | None:
        """Return how a SIM stood when it was last looked at."""
        return self._statuses.get(epoch)

    def soon(self, epoch: str) -> None:
        """Have a SIM evaluated as soon as possible; one that was let go is not."""
        if epoch in self.sims:
            self._due[epoch] = self.world.now()
        self._plan()

    def _look_by(self, epoch: str, moment: datetime) -> None:
        """Have a SIM looked at no later than at a moment; whoever asked for sooner gets it."""
        if epoch in self.sims:
            self._due[epoch] = min(moment, self._due.get(epoch, moment))

    def _look_again(self, epoch: str, moment: datetime) -> None:
        """Plan the next look, unless something asked for one while this one went on."""
        if epoch in self.sims:
            self._due.setdefault(epoch, moment)

    def _plan(self) -> None:
        if not self._running or self.stopping:
            return
        moments = [*self._due.values(), self._orders_due, self._day_due]
        known = [moment for moment in moments if moment is not None]
        if known:
            self.world.wake_at(min(known))

    async def _isolated(self, what: str, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except LedgerBroken as err:
            # The world heard of it when it began; here it is only the same again.
            _LOGGER.debug("The ledger is frozen (%s)", err.fault.value)
        except Exception:  # One broken SIM must not stop the others.
            _LOGGER.exception("Something went wrong with %s", what)

    async def situation(self, sim: Sim) -> tuple[Situation, tuple[Spending, ...]]:
        """Read everything that bears on a SIM now."""
        now = self.world.now()
        caps = caps_for(sim, self.household, now)
        view, spendings = await self.desk.read(
            Ledger.look, sim.epoch, sim.account, months_caps(caps), now
        )
        channel = None if sim.account is None else self.world.channel(sim.account)
        at = Situation(
            sim=sim,
            life=lifecycle(sim, view.readings, now),
            view=view,
            capabilities=None if channel is None else channel.capabilities,
            has_cap=any(cap.limit is not None for cap in caps),
            frozen=self.desk.fault is not None,
            stopping=not self.accepting,
        )
        return at, spendings

    async def _refresh(self, sim: Sim) -> None:
        """Draw up the status anew."""
        try:
            at, spendings = await self.situation(sim)
        except LedgerBroken:
            return
        now = self.world.now()
        self._show(at, spendings, decide(at, now), now)

    def _show(
        self,
        at: Situation,
        spendings: tuple[Spending, ...],
        decision: Decision,
        now: datetime,
    ) -> None:
        """Draw up the status of a SIM and say so if it changed."""
        epoch = at.sim.epoch
        if epoch not in self._due:
            self._due[epoch] = next_day(at.sim, now)
        fresh = status(at, spendings, decision, now)
        if fresh != self._statuses.get(epoch):
            self._statuses[epoch] = fresh
            self.world.changed(epoch)

    async def _end(
        self, order: Order, to: State, reason: str, *, quiet: bool = False
    ) -> None:
        """End an order that was not sent; whoever wanted or approved it hears of that."""
        kinds = {State.CANCELLED: EventType.CANCELLED, State.EXPIRED: EventType.EXPIRED}
        owed = order.state is not State.ASKED and (
            order.origin is not Origin.RULE
            or await self.desk.read(Ledger.has_a_yes, order.id)
        )
        silent = quiet or not owed
        closing = Closing(to=to, type=kinds[to], reason=reason, quiet=silent)
        try:
            await self.desk.write(
                Ledger.move, order.id, closing, "keeper", self.world.now()
            )
        except OrderRefused:
            # An answer of the vendor came in between; the ledger knows better.
            _LOGGER.debug("Order %s has moved on by itself", order.id)

    def lock(self, epoch: str) -> asyncio.Lock:
        """Return the lock under which a SIM is evaluated and changed."""
        return self._lock(epoch)

    def _lock(self, epoch: str) -> asyncio.Lock:
        return self._locks.setdefault(epoch, asyncio.Lock())
