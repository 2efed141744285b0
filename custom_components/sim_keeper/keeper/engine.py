"""The engine: the one writer. It evaluates SIMs when something is due, never on a fixed tick."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
import logging

from .budget import HouseholdRules
from .errors import LOGIN_FAILED, LedgerBroken
from .inflight import InFlight
from .judgement import judged, repeats_a_doubt
from .ledger import EventType, Ledger
from .orders import Effect, Order, Origin, State
from .policy import (
    CLOCK_BACK_MAX,
    Decision,
    Reason,
    Situation,
    clock_doubtful,
    decide,
    due_rules,
    need_mode,
)
from .sim import Field, Mode, Reading, Sim, only_tightens
from .watch import silence_of

_LOGGER = logging.getLogger(__name__)

RETRY_AFTER_TROUBLE = timedelta(hours=1)
DAY_EVERY = timedelta(hours=24)
STOP_WAITS_S = 10
SAVED_WITHIN = timedelta(seconds=5)
SEND_AGAIN_MIN = timedelta(minutes=1)
BACKUP_LASTS_MAX = timedelta(minutes=15)


class Engine(InFlight):
    """Keeps every registered SIM alive, through the ports of a world."""

    # -- Life of the engine -------------------------------------------------------------

    async def open(self, make_ledger: Callable[[], Ledger]) -> None:
        """Open the ledger. Never raises: a ledger that cannot be opened freezes the engine."""
        await self.desk.open(make_ledger)
        if self.desk.fault is None:
            await self._isolated("interrupted orders", self._take_up_interrupted())

    async def start(self) -> None:
        """Begin to evaluate: all entries are set up and the home is running."""
        self._running = True
        self._started_at = self.world.now()
        if self.desk.fault is None:
            newest = await self.desk.read(Ledger.newest_moment)
            self._latest = max(self._latest, newest or self._latest)
        self._day_due = self.world.now()
        for epoch in self.sims:
            self._due[epoch] = self.world.now()
        await self.wake()

    async def take_over(self, frozen: Engine, ledger: Ledger, actor: str) -> None:
        """Go on with the SIMs of an engine that was frozen, as after a start.

        Whatever still waits in that one, for a vendor or a person, holds numbers of orders that
        may mean others in this ledger. Therefore it is stopped for good and never used again.
        """
        await self.open(lambda: ledger)
        noted = self.desk.write(
            Ledger.note_thawed,
            str(frozen.desk.fault),
            actor,
            self.world.now(),
            restored=ledger.restored,
        )
        await self._isolated("a thaw", noted)
        for account, address in frozen._addresses.items():
            await self.account_at(account, address)
        for epoch, sim in frozen.sims.items():
            if not await self.is_over(epoch):
                await self.register(sim, frozen._first.get(epoch, ()))
        if frozen._running:
            await self.start()

    async def let_end(self) -> None:
        """Begin nothing new, and let what is being sent end for a moment."""
        self.stopping = True
        try:
            async with asyncio.timeout(STOP_WAITS_S):
                await self.sent_through()
        except TimeoutError:
            _LOGGER.warning(
                "Stopping while an order is on its way; it is looked up later"
            )

    async def stop(self) -> None:
        """Begin nothing new, let what is being sent end for a moment, and close the ledger."""
        await self.let_end()
        await self.desk.close()

    async def begin_backup(self) -> None:
        """Begin no order for a while, and lay a sound copy of the ledger beside it."""
        self._backup_until = self.world.now() + BACKUP_LASTS_MAX
        await self.desk.read(Ledger.snapshot)

    def end_backup(self) -> None:
        """Go on as before."""
        self._backup_until = None
        for epoch in self.sims:
            self.soon(epoch)

    async def account_at(self, account: str, address: str) -> None:
        """Hear where an account is reached, before anything is bought there.

        `address` is empty for the provider's own. At another one it is supervised anew.
        """
        self._addresses[account] = address
        if self.desk.fault is None:
            noted = self.desk.write(
                Ledger.note_address, account, address, self.world.now()
            )
            await self._isolated("an address", noted)

    async def account_ready(self, account: str) -> None:
        """Hear that an account works (again): what only its login stopped may go on."""
        if self.desk.fault is None:
            await self._isolated("an account", self._note_login(account))
        for sim in list(self.sims.values()):
            if sim.account == account:
                self.soon(sim.epoch)

    async def _note_login(self, account: str) -> None:
        now = self.world.now()
        for sim in list(self.sims.values()):
            if sim.account != account:
                continue
            view = await self.desk.read(Ledger.view, sim.epoch, account, now)
            if any(order.reason == LOGIN_FAILED for order in view.refused):
                await self.desk.write(Ledger.note_login, account, now)
                return

    async def set_household(self, household: HouseholdRules) -> None:
        """Apply new settings that all SIMs share."""
        self.household = household
        for epoch in list(self.sims):
            await self.evaluate(epoch)

    # -- Its SIMs -----------------------------------------------------------------------

    async def register(self, sim: Sim, first: Sequence[Reading] = ()) -> None:
        """Take a SIM into care, with the readings that were typed when it was added."""
        self.sims[sim.epoch] = sim
        self._first[sim.epoch] = first
        if self.desk.fault is None:
            now = self.world.now()
            try:
                known = await self.desk.read(Ledger.is_live, sim.epoch)
                if not known:
                    zone = sim.zone.key
                    await self.desk.write(
                        Ledger.add_sim, sim.epoch, sim.number, zone, now, first
                    )
            except LedgerBroken:
                _LOGGER.debug("SIM registered without a ledger")
        await self._isolated("a SIM", self._refresh(sim))
        self.soon(sim.epoch)

    async def is_over(self, epoch: str) -> bool:
        """Tell whether the ledger has ended this life of a SIM: its keys are not used again."""
        try:
            over = await self.desk.read(Ledger.is_removed, epoch)
        except LedgerBroken:
            return False
        return over and self.desk.fault is None

    async def change(self, sim: Sim) -> None:
        """Apply new settings of a SIM at once. Unless they only tighten, they are a go-ahead."""
        before = self.sims.get(sim.epoch)
        if before is not None:
            # One that was let go of in the same moment does not come back by this.
            self.sims[sim.epoch] = sim
        tightened = before is not None and only_tightens(before.rules, sim.rules)
        if self.desk.fault is None and not tightened:
            await self.desk.write(
                Ledger.clear_refusals, sim.epoch, "user:options", self.world.now()
            )
        await self.evaluate(sim.epoch)

    async def go_ahead(self, epoch: str) -> None:
        """Hear a person's go-ahead: earlier refusals and noes of a SIM no longer count."""
        if self.desk.fault is None:
            clear = self.desk.write(
                Ledger.clear_refusals, epoch, "user:options", self.world.now()
            )
            await self._isolated("a go-ahead", clear)
        if epoch in self.sims:
            # The settings that go with it are saved first.
            self._due[epoch] = self.world.now() + SAVED_WITHIN
            self._plan()

    async def unregister(self, epoch: str, *, removed: bool) -> None:
        """Let go of a SIM: disabled or reloaded (questions stay), or removed (unsent ends)."""
        self.sims.pop(epoch, None)
        self._first.pop(epoch, None)
        self._due.pop(epoch, None)
        self._statuses.pop(epoch, None)
        # What it has approved is nobody's now.
        self._orders_seen = None
        self.world.changed(epoch)
        if removed and self.desk.fault is None:
            async with self._lock(epoch):
                await self.desk.write(
                    Ledger.remove_sim, epoch, "user:entry", self.world.now()
                )

    async def observe(self, epoch: str, readings: Sequence[Reading]) -> None:
        """Take what a source has read of a SIM: judge it, keep it, and look again."""
        async with self._lock(epoch):
            sim = self.sims.get(epoch)
            if sim is None or self.desk.fault is not None:
                return
            await self._take(sim, readings)
        await self.evaluate(epoch)

    async def _take(self, sim: Sim, readings: Sequence[Reading]) -> None:
        now = self.world.now()
        view = await self.desk.read(Ledger.view, sim.epoch, sim.account, now)
        last, kept = view.last_recharge, []
        newest = {name: getattr(view.readings, name.value) for name in Field}
        for measured in readings:
            before = newest[measured.field]
            reading = judged(measured, before, last)
            if not repeats_a_doubt(measured, reading, before):
                newest[reading.field] = reading
                kept.append(reading)
        if kept:
            await self.desk.write(Ledger.add_readings, sim.epoch, kept, "source", now)
        if last is not None and last.effect in (Effect.OPEN, Effect.VERIFIED):
            await self._remarks.effect(last, kept)
        if view.order is not None:
            await self.followup.notice(sim, view.order)

    # -- Waking -------------------------------------------------------------------------

    async def wake(self) -> None:
        """Do everything that is due, each SIM and order for itself, and plan the next waking."""
        if not self._running or self.stopping:
            return
        now = self.world.now()
        if self._clock_fell_back(now):
            await self._isolated("the clock", self._look_anew(now))
        self._latest, self._latest_running = now, self.world.running()
        if self._day_due is not None and self._day_due <= now:
            await self._isolated("the day", self._new_day(now))
        due = [epoch for epoch, moment in self._due.items() if moment <= now]
        # Together, so that a provider that hangs holds up nobody else's SIM.
        await asyncio.gather(*(self.evaluate(epoch) for epoch in due))
        await self._isolated("orders", self._look_up_orders(now))
        self._plan()

    async def evaluate(self, epoch: str) -> None:
        """Look at one SIM: decide, act, remind. A failure stays with this SIM."""
        async with self._lock(epoch):
            sim = self.sims.get(epoch)
            if sim is None:
                # Let go of meanwhile; left there, it would wake the engine for ever.
                self._due.pop(epoch, None)
                return
            self._due.pop(epoch, None)
            # Before the home is running a status may be shown, but nothing may be begun.
            work = self._evaluate if self._running else self._refresh
            await self._isolated("a SIM", work(sim))
            self._look_again(epoch, self.world.now() + RETRY_AFTER_TROUBLE)
        self._plan()

    def _clock_fell_back(self, now: datetime) -> bool:
        """Tell whether less has passed since the last waking than really did."""
        passed = self.world.running() - self._latest_running
        return now < self._latest + passed - CLOCK_BACK_MAX

    async def _look_anew(self, now: datetime) -> None:
        """Go on after the clock fell back: what was planned or seen by it may be wrong."""
        for epoch in self.sims:
            self._due[epoch] = now
        self._day_due = self._orders_due = now
        if self.desk.fault is None:
            await self.desk.write(Ledger.look_anew, now)

    async def _new_day(self, now: datetime) -> None:
        self._day_due = now + DAY_EVERY
        if self.desk.fault is None:
            await self.desk.check()
        if self.desk.fault is None:
            await self.desk.write(Ledger.add_event, EventType.DAY, None, {}, now)

    async def _evaluate(self, sim: Sim) -> None:
        seen = self.desk.newest
        at, spendings = await self.situation(sim)
        now, decision = self.world.now(), None
        if not at.frozen:
            inherited = await self._remarks.inherited(at, now)
            if await self._tidy(at, now) or inherited:
                seen = self.desk.newest
                at, spendings = await self.situation(sim)
            decision = decide(at, now)
            self._look_again(sim.epoch, _look_at(at, decision, now))
            await self._remarks.mismatch(at, now)
            await self._remarks.stage(at, now)
            asked = await self._act(at, decision)
            await self._remarks.remind(at, now, quiet=asked)
        # Where nothing was written since, there is nothing new to read.
        same = self.desk.newest == seen and self.accepting is not at.stopping
        if not same:
            await self._refresh(sim)
        else:
            self._show(at, spendings, decision or decide(at, now), now)

    async def _tidy(self, at: Situation, now: datetime) -> bool:
        """End what is no longer wanted or nobody answered; send on what is approved."""
        order, task = at.view.order, at.view.task
        due = due_rules(at, now)
        needed = bool(due) and at.sim.rules.mode is not Mode.OFF
        changed = False
        if task is not None and task.origin is Origin.RULE and not needed:
            await self._end(task, State.CANCELLED, "no_longer_needed", quiet=True)
            changed = True
        if order is None or order.state not in (State.ASKED, State.APPROVED):
            return changed
        rule = order.origin is Origin.RULE
        buys = need_mode(at, due) in (Mode.ASK, Mode.AUTO)
        if rule and not (needed and buys):
            await self._end(order, State.CANCELLED, "no_longer_needed")
        elif order.account != at.sim.account:
            await self._end(order, State.CANCELLED, Reason.ACCOUNT_CHANGED.value)
        elif now >= order.valid_until:
            await self._end(order, State.EXPIRED, silence_of(order))
        elif order.state is State.APPROVED:
            await self._send_on(at, order, now)
        else:
            return changed
        return True

    async def _send_on(self, at: Situation, order: Order, now: datetime) -> None:
        """Send what was approved and could not be sent then, if it still may go."""
        reachable = at.capabilities is not None
        against = await self.tightened(at, order)
        if against is None and reachable:
            against = await self._doubt(at, order)
        if at.view.stopped:
            await self._end(order, State.CANCELLED, "stopped")
        elif against is not None:
            # A rule's own order is decided anew at once.
            await self._end(order, State.CANCELLED, against.value)
        elif at.stopping or not reachable or clock_doubtful(at.view, now):
            await self._send_later(order)
        elif order.next_at is None or order.next_at <= now:
            await self._send_approved(at.sim, order)


def _look_at(at: Situation, decision: Decision, now: datetime) -> datetime:
    """Return when to look at a SIM again: also when its approved order is tried again."""
    order = at.view.order
    if order is None or order.state is not State.APPROVED or order.next_at is None:
        return decision.look_at
    return min(decision.look_at, max(order.next_at, now + SEND_AGAIN_MIN))
