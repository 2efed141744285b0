"""The engine: the one writer. It evaluates SIMs when something is due, never on a fixed tick."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
import logging

from .budget import HouseholdRules, caps_for, holds_for, limited, overrun
from .checkout import Checkout, Offer, as_new, terms_of
from .errors import LedgerBroken, LoginFailed, OrderRefused, Rejected, Unavailable
from .followup import FollowUp
from .guards import AUTOMATIC_PER_DAY_MAX
from .judgement import VERIFIED_WITHIN, effect_shown, judged, repeats_a_doubt
from .ledger import (
    STOPPED,
    Closing,
    EventType,
    Hold,
    Ledger,
    LedgerView,
    NewOrder,
    Spending,
)
from .ledgerdesk import LedgerDesk
from .lifecycle import lifecycle
from .money import Money
from .options import options_for
from .orders import Attempt, Effect, Kind, Order, Origin, State
from .policy import (
    CLOCK_BACK_MAX,
    TOLD_REASONS,
    Action,
    Decision,
    Reason,
    Situation,
    buys_cheapest,
    cheapest_now,
    clock_doubtful,
    decide,
    due_rules,
    need_mode,
    next_day,
    skip_in_force,
    wanted,
)
from .ports import Json, Wanted
from .reminders import due_reminder
from .settlement import line_of
from .sim import Field, Mode, Reading, RuleKind, Sim, only_tightens
from .status import SimStatus, months_caps, status
from .world import World

_LOGGER = logging.getLogger(__name__)

RETRY_AFTER_TROUBLE = timedelta(hours=1)
RETRY_UNREADABLE = timedelta(minutes=30)
TASK_LASTS = timedelta(days=400)
DAY_EVERY = timedelta(hours=24)
STOP_WAITS_S = 10
ACCOUNTS_COME_UP_IN = timedelta(minutes=15)
SAVED_WITHIN = timedelta(seconds=5)
SEND_AGAIN_MIN = timedelta(minutes=1)
BACKUP_LASTS_MAX = timedelta(minutes=15)
ABANDONED_AFTER = timedelta(minutes=5)
"""An order that is "being sent" for so long, with nobody sending it, was cut off."""


class Engine:
    """Keeps every registered SIM alive, through the ports of a world."""

    def __init__(self, world: World, household: HouseholdRules) -> None:
        """Start frozen; `start` opens the ledger."""
        self.world = world
        self.desk = LedgerDesk(world)
        self.checkout = Checkout(world, self.desk)
        self.followup = FollowUp(world, self.desk, self.checkout)
        self.household = household
        self.sims: dict[str, Sim] = {}
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
        self._day_due: datetime | None = None
        self._sending: dict[int, asyncio.Task[None]] = {}
        self._running = False
        self._started_at: datetime | None = None
        self._latest = world.now()
        """The clock at the last waking."""
        self.stopping = False
        self._backup_until: datetime | None = None

    # -- Life of the engine ---------------------------------------------------------------

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
        for epoch, sim in frozen.sims.items():
            if not await self.is_over(epoch):
                await self.register(sim, frozen._first.get(epoch, ()))
        if frozen._running:
            await self.start()

    async def stop(self) -> None:
        """Begin nothing new, let what is being sent end for a moment, and close the ledger."""
        self.stopping = True
        if self._sending:
            ended = asyncio.gather(*self._sending.values(), return_exceptions=True)
            try:
                await asyncio.wait_for(asyncio.shield(ended), STOP_WAITS_S)
            except TimeoutError:
                _LOGGER.warning(
                    "Stopping while an order is on its way; it is looked up later"
                )
        await self.desk.close()

    @property
    def accepting(self) -> bool:
        """Tell whether an order may be begun: not while stopping, nor during a backup."""
        backing_up = self._backup_until
        return not self.stopping and (
            backing_up is None or backing_up <= self.world.now()
        )

    async def begin_backup(self) -> None:
        """Begin no order for a while, and lay a sound copy of the ledger beside it."""
        self._backup_until = self.world.now() + BACKUP_LASTS_MAX
        await self.desk.read(Ledger.snapshot)

    def end_backup(self) -> None:
        """Go on as before."""
        self._backup_until = None
        for epoch in self.sims:
            self.soon(epoch)

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
        if before is None:
            # It was let go of in the same moment.
            return
        self.sims[sim.epoch] = sim
        tightened = only_tightens(before.rules, sim.rules)
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

    async def account_ready(self, account: str) -> None:
        """Hear that an account works (again): what only its login stopped may go on."""
        for sim in list(self.sims.values()):
            if sim.account != account:
                continue
            current = self._statuses.get(sim.epoch)
            waits = (Reason.REFUSED, Reason.NO_CHANNEL)
            if current and current.decision.reason in waits:
                view = await self.desk.read(
                    Ledger.view, sim.epoch, account, self.world.now()
                )
                login = bool(view.refused) and view.refused[-1].reason == "login_failed"
                if login and self.desk.fault is None:
                    await self.desk.write(
                        Ledger.clear_refusals, sim.epoch, "keeper", self.world.now()
                    )
            self.soon(sim.epoch)

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
        if last is not None and last.effect is Effect.OPEN:
            await self._note_effect(last, kept)
        if view.order is not None:
            await self.followup.notice(sim, view.order)

    async def _note_effect(self, last: Order, readings: Sequence[Reading]) -> None:
        """Note the first reading that shows the last recharge."""
        for reading in readings:
            earlier = await self.desk.read(
                Ledger.measured_before, last.sim, reading.field, last.created_at
            )
            if effect := effect_shown(last, earlier, reading):
                now = self.world.now()
                await self.desk.write(Ledger.set_effect, last.id, effect, now)
                return

    def status(self, epoch: str) -> SimStatus | None:
        """Return how a SIM stood when it was last looked at."""
        return self._statuses.get(epoch)

    def soon(self, epoch: str) -> None:
        """Have a SIM evaluated as soon as possible; one that was let go is not."""
        if epoch in self.sims:
            self._due[epoch] = self.world.now()
        self._plan()

    async def set_household(self, household: HouseholdRules) -> None:
        """Apply new settings that all SIMs share."""
        self.household = household
        for epoch in list(self.sims):
            await self.evaluate(epoch)

    # -- Waking ---------------------------------------------------------------------------

    async def wake(self) -> None:
        """Do everything that is due, each SIM and order for itself, and plan the next waking."""
        if not self._running or self.stopping:
            return
        now = self.world.now()
        if now < self._latest - CLOCK_BACK_MAX:
            await self._isolated("the clock", self._look_anew(now))
        self._latest = now
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

    def _look_again(self, epoch: str, moment: datetime) -> None:
        """Plan the next look, unless something asked for one while this one went on."""
        if epoch in self.sims:
            self._due.setdefault(epoch, moment)

    def _plan(self) -> None:
        if not self._running or self.stopping:
            return
        moments = [*self._due.values(), self._orders_due, self._day_due]
        self.world.wake_at(min(moment for moment in moments if moment is not None))

    async def _isolated(self, what: str, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except LedgerBroken as err:
            # The world heard of it when it began; here it is only the same again.
            _LOGGER.debug("The ledger is frozen (%s)", err.fault.value)
        except Exception:  # One broken SIM must not stop the others.
            _LOGGER.exception("Something went wrong with %s", what)

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

    # -- One SIM --------------------------------------------------------------------------

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

    async def _evaluate(self, sim: Sim) -> None:
        seen = self.desk.newest
        at, spendings = await self.situation(sim)
        now, decision = self.world.now(), None
        if not at.frozen:
            if await self._tidy(at, now):
                seen = self.desk.newest
                at, spendings = await self.situation(sim)
            decision = decide(at, now)
            self._look_again(sim.epoch, _look_at(at, decision, now))
            await self._note_mismatch(at, now)
            await self._note_stage(at, now)
            asked = await self._act(at, decision)
            await self._remind(at, now, quiet=asked)
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
        buys = (
            need_mode(at, due) in (Mode.ASK, Mode.AUTO)
            and at.sim.account == order.account
        )
        if order.origin is Origin.RULE and not (needed and buys):
            await self._end(order, State.CANCELLED, "no_longer_needed", quiet=True)
        elif now >= order.valid_until:
            asked = order.state is State.ASKED
            silence = "nobody_answered" if asked else "not_sent"
            await self._end(order, State.EXPIRED, silence, quiet=True)
        elif order.state is State.APPROVED:
            if at.view.stopped:
                await self._end(order, State.CANCELLED, "stopped")
            elif at.stopping or clock_doubtful(at.view, now):
                await self._send_later(order)
            elif order.next_at is None or order.next_at <= now:
                await self._send_approved(at.sim, order)
        else:
            return changed
        return True

    async def _send_later(self, order: Order) -> None:
        now = self.world.now()
        await self.desk.write(Ledger.look_later, order.id, now + RETRY_UNREADABLE, now)

    async def _end(
        self, order: Order, to: State, reason: str, *, quiet: bool = False
    ) -> None:
        kinds = {State.CANCELLED: EventType.CANCELLED, State.EXPIRED: EventType.EXPIRED}
        closing = Closing(to=to, type=kinds[to], reason=reason, quiet=quiet)
        try:
            await self.desk.write(
                Ledger.move, order.id, closing, "keeper", self.world.now()
            )
        except OrderRefused:
            # An answer of the vendor came in between; the ledger knows better.
            _LOGGER.debug("Order %s has moved on by itself", order.id)

    async def _act(
        self, at: Situation, decision: Decision, *, in_turn: bool = False
    ) -> bool:
        """Do what was decided; tell whether a person was asked for something."""
        sim = at.sim
        if decision.action is Action.SEND and not in_turn:
            # What another SIM of the account has just bought counts for this one's limits.
            async with self._turns.setdefault(str(sim.account), asyncio.Lock()):
                at, _ = await self.situation(sim)
                return await self._act(at, decide(at, self.world.now()), in_turn=True)
        if decision.action is Action.ASSIST:
            buys = wanted(at, self.world.now())
            amount = None if buys is None else buys.amount
            await self.assign(sim, decision.kind, amount, decision.why, "keeper")
            return True
        if decision.action in (Action.ASK, Action.SEND):
            try:
                return await self._buy(at, decision)
            except (Unavailable, LoginFailed) as err:
                _LOGGER.info("No price for a SIM at the moment: %s", err)
                self._due[sim.epoch] = self.world.now() + RETRY_UNREADABLE
            except Rejected as err:
                await self._skip(at.view, sim, Reason.REFUSED, code=err.code[:128])
            except OrderRefused as err:
                if err.reason == Reason.DAILY_LIMIT:
                    # SIMs of other accounts were faster; a second look asks a person.
                    self.soon(sim.epoch)
                else:
                    await self._skip(at.view, sim, err.reason, **err.numbers)
        elif decision.reason is Reason.NO_CHANNEL and self._just_started():
            # Accounts may take a while to come up; that is no news.
            self._due[sim.epoch] = self.world.now() + ACCOUNTS_COME_UP_IN
        elif decision.reason in TOLD_REASONS and decision.rules:
            await self._skip(at.view, sim, decision.reason)
        return False

    def _just_started(self) -> bool:
        started = self._started_at
        return started is None or self.world.now() < started + ACCOUNTS_COME_UP_IN

    async def _wanted(self, at: Situation, decision: Decision) -> Wanted:
        """Return what is to be bought now. Raises OrderRefused where no plan works."""
        now = self.world.now()
        if decision.kind is Kind.ACTIVITY:
            return Wanted()
        found = wanted(at, now)
        if buys_cheapest(at, decision.rules):
            channel = self.checkout.channel(at.sim.account)
            products = await channel.products(line_of(at.sim))
            found = cheapest_now(at, options_for(at.sim, products), now)
        if found is None:
            raise OrderRefused(Reason.NO_PLAN.value)
        return found

    async def _buy(self, at: Situation, decision: Decision) -> bool:
        """Ask for, or send, the order that a decision calls for; tell whether it was asked."""
        sim = at.sim
        offer = await self.checkout.offer(sim, await self._wanted(at, decision))
        new = as_new(
            sim, offer, origin=Origin.RULE, why=decision.why, kind=decision.kind
        )
        holds = await self.room(sim, offer)
        if decision.action is Action.SEND and not limited(holds):
            new = replace(new, why={**new.why, "reason": Reason.NO_CAP.value})
        elif decision.action is Action.SEND and sim.rules.shadow:
            await self._shadow(at, decision, offer)
            return False
        elif decision.action is Action.SEND:
            ordinal = await self.checkout.free_ordinal(sim, new, holds)
            if self.sims.get(sim.epoch) is not sim:
                # A person changed the settings while the vendor was asked.
                self.soon(sim.epoch)
                return False
            order, attempt = await self.desk.write(
                Ledger.bear_sending,
                *(new, holds, ordinal, self.world.now()),
                daily_max=AUTOMATIC_PER_DAY_MAX,
            )
            await self._launch(sim, order, attempt)
            return False
        await self.desk.write(Ledger.ask, new, "keeper", self.world.now())
        return True

    async def _shadow(self, at: Situation, decision: Decision, offer: Offer) -> None:
        """Note, once for each need, what would have been bought now."""
        sim, rules = at.sim, [rule.value for rule in decision.rules]
        need = " ".join(sorted(rules))
        if decision.rules != (RuleKind.LOW_BALANCE,):
            need += f" {decision.numbers.get('deadline')}"
        if not await self.desk.read(Ledger.was_shadowed, sim.epoch, need):
            price, value = offer.quote.price, offer.quote.value
            details: dict[str, Json] = {"need": need, "price": str(price)}
            if value is not None:
                details["amount"] = str(value)
            await self._note_skip(at.view, sim, Reason.SHADOW, details)

    async def assign(
        self,
        sim: Sim,
        kind: Kind,
        amount: Money | None,
        why: Mapping[str, Json],
        actor: str,
        *,
        request: str | None = None,
    ) -> Order:
        """Ask a person to recharge, or to use the number."""
        new = NewOrder(
            sim=sim.epoch,
            origin=Origin.RULE if actor == "keeper" else Origin.ACTION,
            assisted=True,
            kind=kind,
            request=request,
            # A task costs what the person says later; the database wants a positive figure.
            ceiling=amount or Money(1, sim.currency),
            value=amount if kind is Kind.RECHARGE else None,
            why=why,
            valid_for=TASK_LASTS,
        )
        return await self.desk.write(Ledger.ask, new, actor, self.world.now())

    async def room(self, sim: Sim, offer: Offer) -> tuple[Hold, ...]:
        """Return the holds for an offer, or raise OrderRefused when a cap has no room."""
        most = sim.rules.order_cap
        if most and most.currency == offer.ceiling.currency and most < offer.ceiling:
            raise OrderRefused(
                Reason.OVER_CAP.value, price=str(offer.ceiling), left=str(most)
            )
        caps = caps_for(sim, self.household, self.world.now())
        holds = holds_for(caps, offer.ceiling.currency)
        spent = tuple(
            [
                await self.desk.read(Ledger.spending, hold.scope, hold.period)
                for hold in holds
            ]
        )
        if over := overrun(holds, spent, offer.ceiling):
            raise OrderRefused(
                Reason.OVER_CAP.value, price=str(offer.ceiling), left=str(over[1])
            )
        return holds

    async def _send_approved(self, sim: Sim, order: Order) -> None:
        """Send an order that was approved before and could not be sent then."""
        try:
            wanted = Wanted(amount=order.value, product=order.product)
            offer = await self.checkout.offer(sim, wanted)
            if offer.dearer_than(order.ceiling):
                await self._end(order, State.CANCELLED, Reason.PRICE_CHANGED.value)
                return
            order, attempt = await self.begin(sim, order)
        except (Unavailable, LoginFailed) as err:
            _LOGGER.info("An approved order has to wait: %s", err)
            await self._send_later(order)
        except Rejected as err:
            await self._end(order, State.CANCELLED, err.code)
        except OrderRefused as err:
            if err.reason == Reason.NO_CHANNEL:
                # At a start the account may come up later than the rest.
                await self._send_later(order)
            else:
                await self._end(order, State.CANCELLED, err.reason)
        else:
            await self._launch(sim, order, attempt)

    async def begin(self, sim: Sim, order: Order) -> tuple[Order, Attempt]:
        """Look the key up, then record that an approved order is being sent."""
        holds = holds_for(
            caps_for(sim, self.household, self.world.now()), order.ceiling.currency
        )
        ordinal = await self.checkout.free_ordinal(
            sim, terms_of(order), holds, approved=order
        )
        by_automation = order.origin is Origin.ACTION and not await self._has_a_yes(
            order
        )
        return await self.desk.write(
            Ledger.begin_send,
            *(order.id, "keeper", self.world.now()),
            ordinal=ordinal,
            daily_max=AUTOMATIC_PER_DAY_MAX if by_automation else None,
        )

    async def launch(self, sim: Sim, order: Order, attempt: Attempt) -> Order:
        """Send a recorded order and wait for its answer; goes on if the caller goes away."""
        task = await self._launch(sim, order, attempt)
        if task is not None:
            await asyncio.shield(task)
        return await self.desk.read(Ledger.order, order.id)

    async def _launch(
        self, sim: Sim, order: Order, attempt: Attempt
    ) -> asyncio.Task[None] | None:
        # Between the record and the first byte everything may have changed.
        stopped = await self.desk.read(Ledger.setting, STOPPED) == "on"
        current = self.sims.get(sim.epoch)
        changed = current is not sim and not await self._called_for(order)
        if stopped or not self.accepting or current is None or changed:
            await self._end(order, State.CANCELLED, "stopped")
            self.soon(sim.epoch)
            return None

        async def work() -> None:
            await self.checkout.send(sim, order, attempt)

        def ended(_task: asyncio.Task[None]) -> None:
            self._sending.pop(order.id, None)
            # Whoever looks the orders through right now may have passed over this one.
            self._orders_seen, self._orders_due = None, self.world.now()
            self.soon(sim.epoch)

        task = self.world.spawn(work(), f"order {order.id}")
        self._sending[order.id] = task
        # A task that is cancelled before its first step runs no `finally`.
        task.add_done_callback(ended)
        return task

    async def _skip(
        self, view: LedgerView, sim: Sim, reason: str, **numbers: Json
    ) -> None:
        """Note, once per cycle and reason, that a recharge was due and was not made."""
        if not await self.desk.read(
            Ledger.was_skipped, sim.epoch, view.cycle, str(reason)
        ):
            await self._note_skip(view, sim, reason, numbers)

    async def _note_skip(
        self, view: LedgerView, sim: Sim, reason: str, numbers: Mapping[str, Json]
    ) -> None:
        await self.desk.write(
            Ledger.add_event,
            EventType.SKIPPED,
            sim.epoch,
            {"cycle": view.cycle, "reason": str(reason), **numbers},
            self.world.now(),
        )

    async def _note_mismatch(self, at: Situation, now: datetime) -> None:
        """Say so when a source that watches the line has not shown a recharge in a day."""
        last = at.view.last_recharge
        if last is None or last.settled_at is None or last.effect is not Effect.OPEN:
            return
        if now >= last.settled_at + VERIFIED_WITHIN:
            await self.desk.write(Ledger.set_effect, last.id, Effect.MISMATCH, now)

    async def _note_stage(self, at: Situation, now: datetime) -> None:
        stage = at.life.stage
        if stage is None or at.view.stage == stage.value:
            return
        details: dict[str, Json] = {"stage": stage.value, "from": at.view.stage}
        await self.desk.write(
            Ledger.add_event, EventType.STAGE_CHANGED, at.sim.epoch, details, now
        )

    async def _remind(self, at: Situation, now: datetime, *, quiet: bool) -> None:
        """Note a reminder that is due; quiet where a question of this moment says it all."""
        task = at.view.task
        reminder = due_reminder(
            at.sim,
            at.life,
            now.astimezone(at.sim.zone).date(),
            task=task,
            skipped=skip_in_force(at, now) is not None,
        )
        if reminder is None:
            return
        last = await self.desk.read(
            Ledger.newest_event, EventType.REMINDER, at.sim.epoch
        )
        details: dict[str, Json] = {
            "deadline": reminder.deadline,
            "stage": reminder.stage,
        }
        if last is None or any(
            last.data.get(key) != value for key, value in details.items()
        ):
            await self.desk.write(
                Ledger.add_event,
                EventType.REMINDER,
                at.sim.epoch,
                details,
                now,
                order_id=None if task is None else task.id,
                quiet=quiet,
            )

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

    # -- Orders in flight -----------------------------------------------------------------

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
            Ledger.in_state, State.APPROVED, State.SENDING
        ):
            if order.state is State.SENDING:
                if order.id not in self._sending:
                    upcoming.append(await self._take_up_abandoned(order))
            elif order.sim not in self.sims:
                upcoming.append(await self._end_ownerless(order, now))
        upcoming += [order.next_at for order in await self.desk.read(Ledger.followed)]
        self._orders_due = min((at for at in upcoming if at is not None), default=None)

    async def _end_ownerless(self, order: Order, now: datetime) -> datetime | None:
        """End an approved order that nobody will send: its SIM was removed or is disabled."""
        async with self._lock(order.sim):
            order = await self.desk.read(Ledger.order, order.id)
            if order.state is not State.APPROVED or order.sim in self.sims:
                return None
            if not await self.desk.read(Ledger.is_live, order.sim):
                await self._end(order, State.CANCELLED, "sim_removed")
            elif now >= order.valid_until:
                await self._end(order, State.EXPIRED, "not_sent", quiet=True)
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
        if at.view.stopped or not self.accepting or sim.rules.mode is Mode.OFF:
            return False
        if clock_doubtful(at.view, self.world.now()):
            return False
        if order.origin is not Origin.RULE:
            return True
        # What no person said yes to may go out only as long as nobody has to be asked.
        due = due_rules(at, self.world.now())
        asks = need_mode(at, due) is not Mode.AUTO or at.view.restored
        if asks and not await self._has_a_yes(order):
            return False
        return bool(due)

    async def _called_for(self, order: Order) -> bool:
        """Tell whether somebody called for an order, and no rule alone."""
        return order.origin is not Origin.RULE or await self._has_a_yes(order)

    async def _has_a_yes(self, order: Order) -> bool:
        return any(
            event.type is EventType.APPROVED and event.actor.startswith("user:")
            for event in await self.desk.read(Ledger.events, order.id)
        )

    def lock(self, epoch: str) -> asyncio.Lock:
        """Return the lock under which a SIM is evaluated and changed."""
        return self._lock(epoch)

    def _lock(self, epoch: str) -> asyncio.Lock:
        return self._locks.setdefault(epoch, asyncio.Lock())


def _look_at(at: Situation, decision: Decision, now: datetime) -> datetime:
    """Return when to look at a SIM again: also when its approved order is tried again."""
    order = at.view.order
    if order is None or order.state is not State.APPROVED or order.next_at is None:
        return decision.look_at
    return min(decision.look_at, max(order.next_at, now + SEND_AGAIN_MIN))
