"""The doors through which people and automations act. Every one checks who may pass first."""

from dataclasses import dataclass, replace
from datetime import datetime

from .budget import limited
from .checkout import Offer, as_new
from .errors import OrderRefused
from .ledger import STOPPED, Closing, EventType, Hold, Ledger
from .ledger.views import LedgerView
from .money import Money
from .notebook import Notebook
from .orders import IN_FLIGHT, LATE_LOOK_EVERY, Attempt, Kind, Order, Origin, State
from .permissions import Caller, Door, require
from .policy import (
    COOLDOWN,
    SKIPPED,
    Reason,
    Situation,
    clock_doubtful,
    not_automatic,
    rests,
    rests_until,
    silenced,
    wanted,
)
from .ports import Json, Wanted
from .sim import Mode, Sim
from .statements import Recharge


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a recharge would do now."""

    offer: Offer | None
    amount: Money | None
    """What a person would be asked to recharge, where no account buys."""
    refused: str | None
    """Why it would not be sent now."""


@dataclass(slots=True)
class Doors(Notebook):
    """The engine as callers may use it."""

    # -- Buying ---------------------------------------------------------------------------

    async def try_out(self, epoch: str, asked: Recharge, caller: Caller) -> Trial:
        """Say what `recharge` would do now, without doing it."""
        require(Door.SPEND, caller)
        sim = self._sim(epoch)
        at, _ = await self.engine.situation(sim)
        offer: Offer | None = None
        amount: Money | None = None
        try:
            buys = _filled(at, asked.wanted, self._time())
            if sim.account is None:
                amount = buys.amount
            else:
                offer = await self.engine.checkout.offer(sim, buys)
            refused = await self._doubt(at, asked, offer, caller)
        except OrderRefused as err:
            refused = err.reason
        return Trial(offer=offer, amount=amount, refused=refused)

    async def recharge(self, epoch: str, asked: Recharge, caller: Caller) -> Order:
        """Recharge a SIM now, or ask a person, as the caller and the mode allow.

        Raises NotAllowed, OrderRefused, Rejected, Unavailable, LoginFailed, LedgerBroken.
        """
        require(Door.SPEND, caller)
        sim = self._sim(epoch)
        async with self.engine.lock(epoch):
            at, _ = await self.engine.situation(sim)
            if (open_order := await self._repeated(sim, at.view, asked)) is not None:
                return open_order
            if sim.account is None:
                return await self._assign(at, asked, caller)
            self._check_may_buy(at, caller)
            checkout = self.engine.checkout
            buys = _filled(at, asked.wanted, self._time())
            offer = await checkout.offer(sim, buys)
            holds = await self.engine.room(sim, offer)
            now = self.engine.world.now()
            why: dict[str, Json] = {"reason": "requested", "rules": [], **asked.words()}
            if (silence := silenced(at, now)) is not None:
                # Whoever asks for it in spite of that has heard it already.
                why["silence"] = silence.value
            new = as_new(
                sim,
                offer,
                origin=Origin.PERSON if caller.user_id else Origin.ACTION,
                why=why,
                request=asked.request,
            )
            desk = self.engine.desk
            doubt = self._machine_doubt(at, holds)
            if caller.user_id is None and doubt is not None:
                # Whoever answers has to hear what stood in the way.
                asked_why = {**why, "reason": doubt.value}
                new = replace(new, why=asked_why)
                return await desk.write(Ledger.ask, new, caller.actor, now)
            order = await desk.write(
                Ledger.bear_approved, new, holds, caller.actor, now
            )
            order, attempt = await self._begin(sim, order)
        return await self.engine.launch(sim, order, attempt)

    async def approve(self, order_id: int, caller: Caller) -> Order:
        """Say yes to a question: price it anew, send it and return how it stands then."""
        order = await self._order(order_id)
        # Ticking off what a person paid spends nothing.
        require(Door.RECORD if order.assisted else Door.APPROVE, caller)
        sim = self._sim(order.sim)
        async with self.engine.lock(sim.epoch):
            order = await self._order(order_id)
            if order.state is not State.ASKED:
                raise OrderRefused("not_waiting", state=order.state.value)
            if order.assisted:
                return await self._confirm_task(sim, order, caller)
            now = self.engine.world.now()
            if now >= order.valid_until:
                raise OrderRefused("question_expired")
            at, _ = await self.engine.situation(sim)
            if at.view.stopped:
                raise OrderRefused(Reason.STOPPED.value)
            if not self.engine.accepting:
                raise OrderRefused(Reason.STOPPING.value)
            if clock_doubtful(at.view, now):
                raise OrderRefused(Reason.CLOCK_DOUBTFUL.value)
            wanted = Wanted(amount=order.value, product=order.product)
            offer = await self.engine.checkout.offer(sim, wanted)
            if offer.dearer_than(order.ceiling):
                await self._ask_again(sim, order, offer, now)
                raise OrderRefused(
                    Reason.PRICE_CHANGED.value, price=str(offer.quote.price)
                )
            holds = await self.engine.room(sim, offer)
            # Not a cent more than what the person saw.
            agreed = replace(offer, ceiling=min(offer.ceiling, order.ceiling))
            new = as_new(sim, agreed, origin=order.origin, why=order.why)
            order = await self.engine.desk.write(
                Ledger.approve, order.id, new, holds, caller.actor, now
            )
            order, attempt = await self._begin(sim, order)
        return await self.engine.launch(sim, order, attempt)

    async def cancel(self, order_id: int, caller: Caller) -> Order:
        """Say no: nothing that is not yet sent will be sent. What is sent cannot be un-sent."""
        require(Door.CANCEL, caller)
        order = await self._order(order_id)
        async with self.engine.lock(order.sim):
            order = await self._order(order_id)
            if order.state in IN_FLIGHT:
                raise OrderRefused("already_sent")
            if order.state not in (State.ASKED, State.APPROVED):
                raise OrderRefused("not_waiting", state=order.state.value)
            asked = order.state is State.ASKED
            closing = Closing(
                to=State.DECLINED if asked else State.CANCELLED,
                type=EventType.DECLINED if asked else EventType.CANCELLED,
                reason="person",
                quiet=True,
            )
            order = await self._move(order, closing, caller)
        self.engine.soon(order.sim)
        return order

    async def skip(self, order_id: int, caller: Caller) -> Order:
        """Pass a task over this time; its `next_at` tells until when the need rests then."""
        require(Door.CANCEL, caller)
        order = await self._order(order_id)
        sim = self._sim(order.sim)
        async with self.engine.lock(sim.epoch):
            order = await self._order(order_id)
            if not order.assisted:
                raise OrderRefused("not_a_task")
            if order.state is not State.ASKED:
                raise OrderRefused("not_waiting", state=order.state.value)
            at, _ = await self.engine.situation(sim)
            closing = Closing(
                to=State.DECLINED,
                type=EventType.DECLINED,
                reason=SKIPPED,
                next_at=rests_until(at, self._time()),
            )
            order = await self._move(order, closing, caller)
        self.engine.soon(sim.epoch)
        return order

    async def resolve(
        self, order_id: int, *, arrived: bool, note: str | None, caller: Caller
    ) -> Order:
        """Settle an order whose end the vendor does not tell, by a person's word."""
        require(Door.RESOLVE, caller)
        order = await self._order(order_id)
        async with self.engine.lock(order.sim):
            order = await self._order(order_id)
            if order.state not in (State.UNKNOWN, State.NEEDS_PERSON):
                raise OrderRefused("not_open", state=order.state.value)
            if arrived:
                order = await self.engine.checkout.believe(
                    self.engine.sims.get(order.sim), order, note, caller.actor
                )
            else:
                closing = Closing(
                    to=State.REJECTED,
                    type=EventType.REJECTED,
                    reason="person_says_not_arrived",
                    note=note,
                    # The vendor may deliver late; the truth is recorded whoever said what.
                    next_at=self._time() + LATE_LOOK_EVERY,
                )
                order = await self._move(order, closing, caller)
        self.engine.soon(order.sim)
        return order

    async def set_stop(self, *, on: bool, caller: Caller) -> None:
        """Stop all spending, or lift the stop."""
        require(Door.STOP if on else Door.LIFT_STOP, caller)
        await self.engine.desk.write(
            Ledger.set_setting,
            STOPPED,
            "on" if on else "off",
            caller.actor,
            self._time(),
        )
        for epoch in list(self.engine.sims):
            await self.engine.evaluate(epoch)

    async def stopped(self) -> bool:
        """Tell whether all spending is stopped."""
        return await self.engine.desk.read(Ledger.setting, STOPPED) == "on"

    # -- Parts ----------------------------------------------------------------------------

    async def _doubt(
        self, at: Situation, asked: Recharge, offer: Offer | None, caller: Caller
    ) -> str | None:
        """Return why a recharge would not be sent now, or None. Raises OrderRefused."""
        if self.engine.desk.fault is not None:
            return Reason.LEDGER_FROZEN.value
        if await self._repeated(at.sim, at.view, asked) is not None:
            return Reason.ORDER_OPEN.value
        if offer is None:
            return "by_hand"
        self._check_may_buy(at, caller)
        holds = await self.engine.room(at.sim, offer)
        if caller.user_id is not None:
            return None
        doubt = self._machine_doubt(at, holds)
        return None if doubt is None else doubt.value

    def _machine_doubt(self, at: Situation, holds: tuple[Hold, ...]) -> Reason | None:
        """Return why a call without a person behind it becomes a question."""
        doubt = not_automatic(at, (), self._time())
        return Reason.NO_CAP if doubt is None and not limited(at.sim, holds) else doubt

    async def _begin(self, sim: Sim, order: Order) -> tuple[Order, Attempt]:
        try:
            return await self.engine.begin(sim, order)
        except BaseException:
            # Nothing was sent, and whoever asked hears why: the order must not stay behind.
            closing = Closing(
                to=State.CANCELLED,
                type=EventType.CANCELLED,
                reason="not_begun",
                quiet=True,
            )
            await self.engine.desk.write(
                Ledger.move, order.id, closing, "keeper", self._time()
            )
            # The need is still there, and the next planned look may be a day away.
            self.engine.soon(sim.epoch)
            raise

    async def _repeated(
        self, sim: Sim, view: LedgerView, asked: Recharge
    ) -> Order | None:
        """Return the order that the caller already has, or None for a new one."""
        if asked.request is not None:
            earlier = await self.engine.desk.read(
                Ledger.by_request, sim.epoch, asked.request
            )
            if earlier is not None:
                if any(earlier.why.get(k) != v for k, v in asked.words().items()):
                    raise OrderRefused("request_differs")
                return earlier
        open_order = view.order or (view.task if sim.account is None else None)
        if open_order is not None:
            if asked.request is None:
                return open_order
            raise OrderRefused(Reason.ORDER_OPEN.value)
        last = view.last_recharge
        if (
            asked.request is None
            and not asked.another
            and last is not None
            and last.over_at is not None
            and self._time() - last.over_at < COOLDOWN
        ):
            raise OrderRefused(Reason.RECENTLY_RECHARGED.value)
        return None

    def _check_may_buy(self, at: Situation, caller: Caller) -> None:
        view, mode = at.view, at.sim.rules.mode
        if view.stopped:
            raise OrderRefused(Reason.STOPPED.value)
        if not self.engine.accepting:
            raise OrderRefused(Reason.STOPPING.value)
        if clock_doubtful(view, self._time()):
            raise OrderRefused(Reason.CLOCK_DOUBTFUL.value)
        if caller.user_id is not None:
            return
        # Without a person behind it, a call may do no more than the rules themselves.
        if mode in (Mode.OFF, Mode.REMIND):
            raise OrderRefused("mode_forbids", mode=mode.value)
        if (silence := silenced(at, self._time())) is not None:
            raise OrderRefused(silence.value)
        if at.sim.rules.shadow:
            raise OrderRefused(Reason.SHADOW.value)
        delivered = view.last_delivered_at
        if delivered is not None and self._time() - delivered < COOLDOWN:
            raise OrderRefused(Reason.RECENTLY_RECHARGED.value)
        if (rest := rests(at, self._time())) is not None:
            raise OrderRefused(rest[0].value)

    async def _assign(self, at: Situation, asked: Recharge, caller: Caller) -> Order:
        why: dict[str, Json] = {"reason": "requested", "rules": [], **asked.words()}
        return await self.engine.assign(
            at.sim,
            Kind.RECHARGE,
            _filled(at, asked.wanted, self._time()).amount,
            why,
            caller.actor,
            request=asked.request,
        )

    async def _ask_again(
        self, sim: Sim, order: Order, offer: Offer, now: datetime
    ) -> None:
        closing = Closing(
            to=State.CANCELLED,
            type=EventType.CANCELLED,
            reason=Reason.PRICE_CHANGED.value,
            quiet=True,
        )
        await self.engine.desk.write(Ledger.move, order.id, closing, "keeper", now)
        new = as_new(sim, offer, origin=order.origin, why=order.why, kind=order.kind)
        await self.engine.desk.write(Ledger.ask, new, "keeper", now)

    async def _move(self, order: Order, closing: Closing, caller: Caller) -> Order:
        return await self.engine.desk.write(
            Ledger.move, order.id, closing, caller.actor, self._time()
        )


def _filled(at: Situation, asked: Wanted, now: datetime) -> Wanted:
    """Fill in what the SIM's rules buy where the caller named nothing."""
    if asked.amount is not None or asked.product is not None:
        return asked
    if (usual := wanted(at, now)) is not None:
        return usual
    if at.sim.account is not None:
        raise OrderRefused(Reason.NO_AMOUNT.value)
    return Wanted()
