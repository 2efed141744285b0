"""The checkout: prices an order, makes sure that its key is free, and sends it.

Everything that can spend is written before it is sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
import logging

from .budget import MARGIN_PERCENT
from .errors import (
    LOGIN_FAILED,
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
from .money import Money
from .orders import ORDINAL_MAX, RELEASING, Attempt, Kind, Order, Origin, State
from .ports import (
    Absent,
    Channel,
    Confirmed,
    Found,
    Json,
    Lookup,
    Pending,
    Purchase,
    Quote,
    Submitted,
    Wanted,
)
from .settlement import Settlement, line_of
from .sim import Reading, Sim

_LOGGER = logging.getLogger(__name__)

CLOCK_APART_MAX = timedelta(minutes=10)
RETRY_UNSENT_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A fresh quote and the most that it may cost."""

    quote: Quote
    ceiling: Money
    traceable: bool
    """The channel can be asked by key, without buying."""

    def dearer_than(self, ceiling: Money) -> bool:
        """Tell whether this costs more than was agreed to, or other money."""
        price = self.quote.price
        return price.currency != ceiling.currency or ceiling < price


class Checkout(Settlement):
    """Buys through channels, on behalf of the engine."""

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
        if not ceiling.minor:
            # It is free, but every hold is placed for something.
            ceiling = Money(1, ceiling.currency)
        traceable = channel.capabilities.lookup is Lookup.PURE
        return Offer(quote=quote, ceiling=ceiling, traceable=traceable)

    async def free_ordinal(
        self,
        sim: Sim,
        new: NewOrder,
        holds: Sequence[Hold],
        *,
        approved: Order | None = None,
    ) -> int:
        """Look up the next key before its first send; return the ordinal of a free one.

        What was bought under it without the ledger knowing is adopted, and OrderRefused raised.
        A key that a person has given up, and that the vendor holds pending beyond its horizon,
        is passed over only where a person has said yes to this order as well (`approved`).
        """
        channel = self.channel(sim.account)
        traceable = channel.capabilities.lookup is Lookup.PURE
        if approved is not None:
            await self._check_key(approved, traceable=traceable)
        cycle = None if approved is None else approved.cycle
        if not traceable:
            return await self._first_ordinal(channel, sim, cycle)
        for ordinal in range(ORDINAL_MAX + 1):
            key = await self._desk.read(Ledger.peek_key, sim.epoch, ordinal, cycle)
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
            stuck = isinstance(found, Pending)
            if approved is not None and stuck and await self._given_up(channel, key):
                continue
            await self._settle_late(channel, sim, key, found)
            await self._adopt(sim, new, holds, key, found)
        raise OrderRefused("too_many_attempts")

    async def _check_key(self, approved: Order, *, traceable: bool) -> None:
        """Raise OrderRefused where the keys of what a person approved may be used by now."""
        outlived, bought = Ledger.outlived_restore, Ledger.is_bought
        if not traceable and await self._desk.read(outlived, approved.id):
            # The vendor would not tell.
            raise OrderRefused("restored")
        if traceable and await self._desk.read(bought, approved.id):
            # The truth of an order before it came late: its keys are known.
            raise OrderRefused("already_bought")

    async def _first_ordinal(
        self, channel: Channel, sim: Sim, cycle: int | None
    ) -> int:
        """Return the first ordinal whose key no person has given up.

        Under such a key the vendor would answer for the old purchase as if it were this one.
        """
        for ordinal in range(ORDINAL_MAX + 1):
            key = await self._desk.read(Ledger.peek_key, sim.epoch, ordinal, cycle)
            if key is not None and not await self._given_up(channel, key):
                return ordinal
        raise OrderRefused("too_many_attempts")

    async def _settle_late(
        self, channel: Channel, sim: Sim, key: str, found: Found
    ) -> None:
        """Confirm the order that was sent under a key and counted as not delivered, if it was."""
        attempt = await self._desk.read(Ledger.attempt_of, key)
        if attempt is None or not isinstance(found, Confirmed):
            return
        order = await self._desk.read(Ledger.order, attempt.order_id)
        if order.state is State.REJECTED:
            await self._settle(channel, sim, order, attempt, found)
            raise OrderRefused("already_bought")

    async def _given_up(self, channel: Channel, key: str) -> bool:
        """Tell whether a person said that what went out under a key did not arrive, long ago.

        The key may have been handed on to an order that ended unsent.
        """
        attempt = await self._desk.read(Ledger.attempt_of, key)
        if attempt is None:
            return False
        order = await self._desk.read(Ledger.order, attempt.order_id)
        horizon = timedelta(seconds=channel.capabilities.look_horizon_s)
        over = self._world.now() > attempt.last_sent_at + horizon
        if not over or order.state not in RELEASING:
            return False
        return await self._desk.read(Ledger.was_denied, order.sim, order.cycle)

    async def send(self, sim: Sim, order: Order, attempt: Attempt) -> Order:
        """Send an order that stands in `sending` and settle the answer."""
        # A "no" to a re-send says nothing of the first send, which may have got through.
        resent = attempt.sends > 1 and attempt.first_sent_at < attempt.last_sent_at
        try:
            channel = self.channel(order.account)
        except OrderRefused as err:
            return await self._not_sent(order, err.reason, resent=resent)
        purchase = await self._purchase(sim, order, attempt)
        if self._desk.fault is not None:
            # Nothing has left, and no answer could be written: the next start looks it up.
            return order
        try:
            answer = await _post(channel, purchase, resent=resent)
        except NotSent as err:
            return await self._not_sent(order, str(err), resent=resent)
        except LoginFailed:
            self._world.login_failed(str(order.account))
            if resent:
                return await self._unknown(channel, order, attempt, LOGIN_FAILED)
            return await self._reject(
                order, Rejected(LOGIN_FAILED, RefusalClass.FIX_FIRST), consumed=False
            )
        except Rejected as err:
            paying = channel.capabilities.lookup is Lookup.PAYING
            if resent and not (paying and err.consumed):
                return await self._unknown(channel, order, attempt, err.code)
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

    async def _not_sent(self, order: Order, detail: str, *, resent: bool) -> Order:
        now = self._world.now()
        _LOGGER.info("Order %s was not sent: %s", order.id, detail)
        closing = Closing(
            to=State.UNKNOWN if resent else State.APPROVED,
            type=EventType.UNKNOWN if resent else EventType.NOT_SENT,
            reason="not_sent",
            next_at=now + RETRY_UNSENT_AFTER,
        )
        return await self._desk.write(Ledger.move, order.id, closing, "keeper", now)

    async def _adopt(
        self,
        sim: Sim,
        new: NewOrder,
        holds: Sequence[Hold],
        key: str,
        found: Found,
    ) -> None:
        if isinstance(found, Pending | Absent):
            raise OrderRefused("already_on_its_way")
        delivery = Delivery(cost=found.cost, cost_exact=None, reference=found.reference)
        now = self._world.now()
        readings: tuple[Reading, ...] = ()
        if isinstance(found, Confirmed):
            before = await self._desk.read(Ledger.readings, sim.epoch)
            at = min(found.at or now, now).astimezone(sim.zone)
            clock = await self._desk.read(Ledger.reckoned, sim.epoch, now)
            value = found.delivered or new.value
            readings = readings_after(
                *(sim, before),
                last=await self._desk.read(Ledger.last_recharge, sim.epoch),
                value=value,
                days=new.days,
                now=now,
                day=at.date(),
                product=new.product,
                day_unknown=clock.fell or found.at is None,
            )
        await self._desk.write(Ledger.adopt, new, holds, delivery, key, now, readings)
        raise OrderRefused("already_bought")


async def _post(channel: Channel, purchase: Purchase, *, resent: bool) -> Submitted:
    """Send; where asking means sending again, a re-send asks."""
    if not resent or channel.capabilities.lookup is not Lookup.PAYING:
        return await channel.submit(purchase)
    try:
        found = await channel.lookup(purchase)
    except Unavailable as err:
        raise OutcomeUnknown(str(err)) from err
    if isinstance(found, Confirmed | Pending):
        return found
    raise OutcomeUnknown("vendor_does_not_show_it")


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
    kind: Kind = Kind.RECHARGE,
) -> NewOrder:
    """Return an order on the terms of an offer."""
    quote = offer.quote
    return NewOrder(
        sim=sim.epoch,
        origin=origin,
        kind=kind,
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
        traceable=offer.traceable,
    )
