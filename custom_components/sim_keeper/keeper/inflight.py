"""The part of the engine that brings orders in flight to their end."""

from datetime import datetime, timedelta
from functools import partial
import logging

from .buying import Buying
from .errors import LedgerBroken, OrderRefused
from .ledger import Ledger
from .orders import Order, Origin, State
from .policy import Reason, clock_doubtful, due_rules
from .watch import silence_of

_LOGGER = logging.getLogger(__name__)

ABANDONED_AFTER = timedelta(minutes=5)
"""An order that is "being sent" for so long, with nobody sending it, was cut off."""


class InFlight(Buying):
    """Looks orders up when they are due, and takes up those that nobody sends any more."""

    async def _take_up_interrupted(self) -> None:
        for order in await self.desk.read(Ledger.in_state, State.SENDING):
            await self.followup.recover(order)
        self._orders_due = self.world.now()

    async def _look_up_orders(self, now: datetime) -> None:
        if self.desk.fault is not None:
            self._orders_due = None
            return
        quiet = self._orders_due is None or self._orders_due > now
        if quiet and self._orders_seen == self.desk.moved:
            return
        for order in await self.desk.read(Ledger.followed):
            if order.next_at is not None and order.next_at <= now:
                await self._isolated("an order", self._look(order))
        self._orders_seen = self.desk.moved
        upcoming: list[datetime | None] = []
        for order in await self.desk.read(
            Ledger.in_state, State.ASKED, State.APPROVED, State.SENDING
        ):
            if order.state is State.SENDING:
                if order.id not in self._sending:
                    upcoming.append(await self._take_up_abandoned(order))
            elif order.sim not in self.sims:
                upcoming.append(await self._end_ownerless(order, now))
        upcoming += [order.next_at for order in await self.desk.read(Ledger.followed)]
        self._orders_due = min((at for at in upcoming if at is not None), default=None)

    async def _end_ownerless(self, order: Order, now: datetime) -> datetime | None:
        """End what nobody will send or ask about: its SIM was removed or is disabled."""
        async with self._lock(order.sim):
            order = await self.desk.read(Ledger.order, order.id)
            waiting = order.state in (State.ASKED, State.APPROVED)
            if not waiting or order.sim in self.sims:
                return None
            if not await self.desk.read(Ledger.is_live, order.sim):
                await self._end(order, State.CANCELLED, "sim_removed")
            elif now >= order.valid_until:
                await self._end(order, State.EXPIRED, silence_of(order))
            else:
                return order.valid_until
            return None

    async def _take_up_abandoned(self, order: Order) -> datetime | None:
        """Take up an order whose sending was cut off, as after a crash; or return when."""
        async with self._lock(order.sim):
            attempt = await self.desk.read(Ledger.attempt, order.id)
            abandoned_at = attempt.last_sent_at + ABANDONED_AFTER
            if self.world.now() < abandoned_at or order.id in self._sending:
                return abandoned_at
            order = await self.desk.read(Ledger.order, order.id)
            if order.state is State.SENDING:
                await self.followup.recover(order)
            return None

    async def _look(self, order: Order) -> None:
        async with self._lock(order.sim):
            sim = self.sims.get(order.sim)
            now = self.world.now()
            order = await self.desk.read(Ledger.order, order.id)
            if order.next_at is None or order.next_at > now:
                return
            still_wanted = partial(self._still_wanted, order)
            try:
                looked = await self.followup.look(sim, order, still_wanted=still_wanted)
            except LedgerBroken:
                raise
            except OrderRefused as err:
                if err.reason == Reason.STOPPING:
                    looked = await self.followup.wait(order)
                else:
                    looked = await self.followup.put_off(sim, order)
            except (
                Exception
            ):  # One order that cannot be looked up must not hold up others.
                _LOGGER.exception("Order %s could not be looked up", order.id)
                looked = await self.followup.put_off(sim, order)
        if looked.state is not order.state and sim is not None:
            self.soon(order.sim)

    async def _still_wanted(self, order: Order) -> bool:
        sim = self.sims.get(order.sim)
        if sim is None:
            return False
        at, _ = await self.situation(sim)
        if self.stopping or at.view.stopped:
            return False
        if not self.accepting:
            # A backup says nothing of what is wanted, and is soon over.
            raise OrderRefused(Reason.STOPPING.value)
        if clock_doubtful(at.view, self.world.now()):
            return False
        if await self.tightened(at, order) is not None:
            return False
        if order.origin is Origin.RULE and not due_rules(at, self.world.now()):
            return False
        return await self._doubt(at, order) is None
