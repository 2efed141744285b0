"""The checkout: sends one order, settles what comes back, and looks up what did not.

Everything that can spend is written before it is sent. Every answer is one of three: confirmed,
rejected, unknown. What is unknown is looked up on the channel's schedule, then given to a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
import logging

from .budget import MARGIN_PERCENT
from .errors import (
    LoginFailed,
    NotSent,
    OrderRefused,
    OutcomeUnknown,
    RefusalClass,
    Rejected,
    Unavailable,
)
from .estimates import readings_after
from .ledger import Closing, Delivery, EventType, Hold, Ledger, NewOrder
from .ledgerdesk import LedgerDesk
from .lifecycle import lifecycle
from .money import Money
from .orders import (
    Attempt,
    Effect,
    Order,
    Origin,
    State,
    Step,
    after_absent,
    handover_at,
    next_look,
)
from .ports import (
    Absent,
    Channel,
    Confirmed,
    Foreign,
    Found,
    Json,
    Line,
    Lookup,
    Pending,
    Purchase,
    Quote,
    Submitted,
    Wanted,
)
from .sim import Reading, Sim
from .world import World

_LOGGER = logging.getLogger(__name__)

CLOCK_APART_MAX = timedelta(minutes=10)
RETRY_UNSENT_AFTER = timedelta(minutes=10)
RETRY_UNREADABLE_AFTER = timedelta(minutes=5)
RETRY_LOGIN_AFTER = timedelta(hours=1)
LATE_LOOK_EVERY = timedelta(hours=6)
"""How often an order that a person has been given is still looked up."""
LATE_LOOKS_FOR = timedelta(days=7)
ORDINALS = range(10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A fresh quote and the most that it may cost."""

    quote: Quote
    ceiling: Money


class Checkout:
    """Buys through channels, on behalf of the engine."""

    def __init__(self, world: World, desk: LedgerDesk) -> None:
        """Work with a world and a ledger."""
        self._world = world
        self._desk = desk

    def channel(self, account: str | None) -> Channel:
        """Return the channel of an account, or raise OrderRefused."""
        channel = None if account is None else self._world.channel(account)
        if channel is None:
            raise OrderRefused("no_channel")
        return channel

    async def offer(self, sim: Sim, wanted: Wanted) -> Offer:
        """Ask what an order would cost now. Raises OrderRefused, Rejected, Unavailable."""
        channel = self.channel(sim.account)
        try:
            quote = await channel.quote(line_of(sim), wanted)
        except LoginFailed:
            self._world.login_failed(str(sim.account))
            raise
        now = self._world.now()
        if quote.vendor_time and abs(quote.vendor_time - now) > CLOCK_APART_MAX:
            raise OrderRefused("clock_doubtful")
        guarded = channel.capabilities.price_guard
        ceiling = quote.price if guarded else quote.price.with_margin(MARGIN_PERCENT)
        return Offer(quote=quote, ceiling=ceiling)

    async def free_ordinal(self, sim: Sim, new: NewOrder, holds: Sequence[Hold]) -> int:
        """Look up the next key before its first send; return the ordinal of a free one.

        What was bought under it without the ledger knowing is adopted, and OrderRefused raised.
        """
        channel = self.channel(sim.account)
        if channel.capabilities.lookup is not Lookup.PURE:
            return 0
        for ordinal in ORDINALS:
            key = await self._desk.read(Ledger.peek_key, sim.epoch, ordinal)
            if key is None:
                continue
            purchase = Purchase(
                key=key,
                line=line_of(sim),
                body=new.body or {},
                created_at=self._world.now(),
            )
            try:
                found = await channel.lookup(purchase)
            except Rejected:
                continue
            if isinstance(found, Absent):
                return ordinal
            await self._adopt(new, holds, key, found)
        raise OrderRefused("too_many_attempts")

    async def send(self, sim: Sim, order: Order, attempt: Attempt) -> Order:
        """Send an order that stands in `sending` and settle the answer."""
        channel = self.channel(order.account)
        purchase = await self._purchase(sim, order, attempt)
        try:
            answer = await channel.submit(purchase)
        except NotSent as err:
            return await self._not_sent(order, str(err))
        except LoginFailed:
            self._world.login_failed(str(order.account))
            return await self._reject(
                order, Rejected("login_failed", RefusalClass.FIX_FIRST), consumed=False
            )
        except Rejected as err:
            consumed = err.consumed or channel.capabilities.consumes_on_refusal
            return await self._reject(order, err, consumed=consumed)
        except OutcomeUnknown as err:
            return await self._unknown(channel, order, attempt, str(err))
        except (
            Exception
        ):  # A fault of ours after the request may have left is no "failed".
            _LOGGER.exception("Order %s: the channel broke while sending", order.id)
            return await self._unknown(channel, order, attempt, "channel_broke")
        return await self._settle(channel, sim, order, attempt, answer)

    async def look(self, sim: Sim | None, order: Order, *, wanted: bool) -> Order:
        """Ask the vendor what became of an order in flight, and act on the answer.

        `sim` is None for one that was disabled or removed meanwhile: its orders still end.
        `wanted` tells whether the order may be sent once more if the vendor never had it.
        """
        now = self._world.now()
        attempt = await self._desk.read(Ledger.attempt, order.id)
        readings = await self._desk.read(Ledger.readings, order.sim)
        grace_end = None if sim is None else lifecycle(sim, readings, now).grace_end
        if order.state is not State.NEEDS_PERSON and now >= handover_at(
            order, attempt, grace_end
        ):
            return await self.hand_over(order, "no_answer_for_a_day")
        try:
            channel = self.channel(order.account)
            first = channel.capabilities.look_after_s[0]
            if order.state is State.UNKNOWN and now < attempt.last_sent_at + timedelta(
                seconds=first
            ):
                # The request may still be running at the vendor; a "no" would mean nothing.
                return await self._look_later(
                    order,
                    next_look(channel.capabilities, State.UNKNOWN, attempt, now) - now,
                )
            if channel.capabilities.lookup is not Lookup.PURE:
                return await self.hand_over(order, "cannot_be_looked_up")
            found = await channel.lookup(await self._purchase(sim, order, attempt))
        except LoginFailed:
            self._world.login_failed(str(order.account))
            return await self._look_later(order, RETRY_LOGIN_AFTER)
        except Unavailable, OrderRefused:
            return await self._look_later(order, RETRY_UNREADABLE_AFTER)
        except Rejected as err:
            return await self._reject(order, err, consumed=err.consumed)
        if isinstance(found, Confirmed | Pending):
            return await self._settle(channel, sim, order, attempt, found)
        if isinstance(found, Foreign):
            return await self.hand_over(order, "something_else_was_bought")
        return await self._absent(channel, sim, order, wanted=wanted)

    async def hand_over(self, order: Order, reason: str) -> Order:
        """Give an order whose end cannot be learned to a person; keep looking now and then."""
        now = self._world.now()
        if order.state is State.NEEDS_PERSON:
            return await self._look_later(order, LATE_LOOK_EVERY)
        if order.state is not State.UNKNOWN:
            lost = Closing(
                to=State.UNKNOWN, type=EventType.UNKNOWN, reason=reason, quiet=True
            )
            order = await self._desk.write(Ledger.move, order.id, lost, "keeper", now)
        closing = Closing(
            to=State.NEEDS_PERSON,
            type=EventType.NEEDS_PERSON,
            reason=reason,
            next_at=now + LATE_LOOK_EVERY,
        )
        return await self._desk.write(Ledger.move, order.id, closing, "keeper", now)

    async def believe(
        self, sim: Sim | None, order: Order, note: str | None, actor: str
    ) -> Order:
        """Confirm an order on a person's word; the most it may have cost is booked."""
        delivery = Delivery(
            cost=None,
            cost_exact=None,
            reference=order.reference,
            effect=Effect.CANNOT_VERIFY,
            note=note,
        )
        return await self._confirm(sim, order, delivery, None, actor)

    async def recover(self, order: Order) -> Order:
        """Take up an order that was in `sending` when the process ended.

        Accounts are not set up yet, so the first look only asks for the channel's schedule.
        """
        now = self._world.now()
        closing = Closing(
            to=State.UNKNOWN, type=EventType.UNKNOWN, reason="interrupted", next_at=now
        )
        return await self._desk.write(Ledger.move, order.id, closing, "keeper", now)

    # -- What comes back ------------------------------------------------------------------

    async def _settle(
        self,
        channel: Channel,
        sim: Sim | None,
        order: Order,
        attempt: Attempt,
        answer: Submitted,
    ) -> Order:
        if isinstance(answer, Pending):
            return await self._pending(channel, order, attempt, answer)
        delivery = Delivery(
            cost=answer.cost,
            cost_exact=answer.cost_exact,
            reference=answer.reference,
            receipt=answer.receipt,
            # Where no source of its own watches the line, nothing can verify what arrived.
            effect=Effect.CANNOT_VERIFY,
        )
        return await self._confirm(sim, order, delivery, answer.delivered, "keeper")

    async def _confirm(
        self,
        sim: Sim | None,
        order: Order,
        delivery: Delivery,
        delivered: Money | None,
        actor: str,
    ) -> Order:
        now = self._world.now()
        readings: tuple[Reading, ...] = ()
        if sim is not None:
            before = await self._desk.read(Ledger.readings, order.sim)
            value = delivered or order.value
            readings = readings_after(
                sim, before, value=value, days=order.days, now=now
            )
        return await self._desk.write(
            Ledger.confirm, order.id, delivery, readings, actor, now
        )

    async def _pending(
        self, channel: Channel, order: Order, attempt: Attempt, answer: Pending
    ) -> Order:
        now = self._world.now()
        next_at = next_look(channel.capabilities, State.PENDING, attempt, now)
        if order.state is State.PENDING:
            await self._desk.write(Ledger.look_later, order.id, next_at, now)
            return await self._desk.read(Ledger.order, order.id)
        closing = Closing(
            to=State.PENDING,
            type=EventType.PENDING,
            reference=answer.reference,
            next_at=next_at,
        )
        return await self._desk.write(Ledger.move, order.id, closing, "keeper", now)

    async def _absent(
        self, channel: Channel, sim: Sim | None, order: Order, *, wanted: bool
    ) -> Order:
        now = self._world.now()
        if order.state is not State.UNKNOWN:
            return await self._look_later(order, RETRY_UNREADABLE_AFTER)
        seen = await self._desk.read(Ledger.attempt, order.id)
        looked = replace(seen, looks=seen.looks + 1)
        step = after_absent(channel.capabilities, order, looked, now, wanted=wanted)
        await self._desk.write(Ledger.note_look, order.id, step.at, now)
        if step.step is Step.WAIT:
            return await self._desk.read(Ledger.order, order.id)
        if step.step is Step.HAND_OVER or sim is None:
            return await self.hand_over(order, "vendor_does_not_show_it")
        again = Closing(
            to=State.APPROVED, type=EventType.APPROVED, reason="never_arrived"
        )
        await self._desk.write(Ledger.move, order.id, again, "keeper", now)
        order, attempt = await self._desk.write(
            Ledger.begin_send, order.id, "keeper", now
        )
        return await self.send(sim, order, attempt)

    async def _not_sent(self, order: Order, detail: str) -> Order:
        now = self._world.now()
        _LOGGER.info("Order %s was not sent: %s", order.id, detail)
        closing = Closing(
            to=State.APPROVED,
            type=EventType.NOT_SENT,
            reason="not_sent",
            next_at=now + RETRY_UNSENT_AFTER,
        )
        return await self._desk.write(Ledger.move, order.id, closing, "keeper", now)

    async def _reject(self, order: Order, err: Rejected, *, consumed: bool) -> Order:
        closing = Closing(
            to=State.REJECTED,
            type=EventType.REJECTED,
            reason=err.code[:128],
            refusal=err.refusal,
            consumed=consumed,
        )
        return await self._desk.write(
            Ledger.move, order.id, closing, "keeper", self._world.now()
        )

    async def _unknown(
        self, channel: Channel, order: Order, attempt: Attempt, detail: str
    ) -> Order:
        now = self._world.now()
        _LOGGER.warning("Order %s: outcome unknown (%s)", order.id, detail)
        closing = Closing(
            to=State.UNKNOWN,
            type=EventType.UNKNOWN,
            reason=detail[:128],
            next_at=next_look(channel.capabilities, State.UNKNOWN, attempt, now),
        )
        return await self._desk.write(Ledger.move, order.id, closing, "keeper", now)

    async def _look_later(self, order: Order, wait: timedelta) -> Order:
        now = self._world.now()
        over = (
            order.state is State.NEEDS_PERSON
            and now > order.created_at + LATE_LOOKS_FOR
        )
        await self._desk.write(
            Ledger.look_later, order.id, None if over else now + wait, now
        )
        return await self._desk.read(Ledger.order, order.id)

    async def _adopt(
        self, new: NewOrder, holds: Sequence[Hold], key: str, found: Found
    ) -> None:
        if isinstance(found, Pending | Absent):
            raise OrderRefused("already_on_its_way")
        delivery = Delivery(cost=found.cost, cost_exact=None, reference=found.reference)
        await self._desk.write(
            Ledger.adopt, new, holds, delivery, key, self._world.now()
        )
        raise OrderRefused("already_bought")

    async def _purchase(
        self, sim: Sim | None, order: Order, attempt: Attempt
    ) -> Purchase:
        if sim is None:
            number = await self._desk.read(Ledger.sim_number, order.sim)
            currency = order.value.currency if order.value else order.ceiling.currency
            line = Line(
                number=number, country="", currency=currency, operator=order.operator
            )
        else:
            line = line_of(sim, order.operator)
        return Purchase(
            key=attempt.key,
            line=line,
            body=order.body or {},
            created_at=order.created_at,
            reference=order.reference,
        )


def line_of(sim: Sim, operator: str | None = None) -> Line:
    """Return a SIM as a channel needs to know it."""
    return Line(
        number=sim.number,
        country=sim.country,
        currency=sim.currency,
        operator=operator or sim.operator,
    )


def terms_of(order: Order) -> NewOrder:
    """Return an order's terms as those of a new one."""
    return NewOrder(
        sim=order.sim,
        origin=order.origin,
        ceiling=order.ceiling,
        why=order.why,
        account=order.account,
        operator=order.operator,
        product=order.product,
        body=order.body,
        value=order.value,
        price=order.price,
        days=order.days,
    )


def as_new(
    sim: Sim,
    offer: Offer,
    *,
    origin: Origin,
    why: Mapping[str, Json],
    request: str | None = None,
) -> NewOrder:
    """Return an order on the terms of an offer."""
    quote = offer.quote
    return NewOrder(
        sim=sim.epoch,
        origin=origin,
        ceiling=offer.ceiling,
        why=why,
        request=request,
        account=sim.account,
        operator=sim.operator,
        product=quote.product,
        body=quote.body,
        value=quote.value,
        price=quote.price,
        days=quote.days,
    )
