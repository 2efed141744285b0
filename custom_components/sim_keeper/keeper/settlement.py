"""Settlement: what an answer of a vendor does to an order in the ledger.

Every answer is one of three: confirmed, rejected, unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
import logging
from zoneinfo import ZoneInfo

from .belief import SETTLES_AFTER
from .errors import OrderRefused, Rejected
from .estimates import readings_after, readings_after_use, with_shown
from .judgement import can_show
from .ledger import Closing, Delivery, EventType, Ledger, Reckoned
from .ledgerdesk import LedgerDesk
from .lifecycle import lifecycle
from .money import Money
from .orders import (
    HANDOVER_AFTER,
    LATE_LOOK_EVERY,
    Attempt,
    Effect,
    Kind,
    Order,
    State,
    next_look,
)
from .ports import Channel, Confirmed, Line, Pending, Purchase, Submitted
from .sim import Field, Reading, Sim
from .world import World

_LOGGER = logging.getLogger(__name__)

SOURCE_SILENT_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a delivery arrived at the line."""

    at: datetime | None
    """None: just now, as far as anybody can tell."""
    known: bool
    """False: at some time since then."""

    def day_in(self, zone: ZoneInfo) -> date | None:
        """Return the line's day of it."""
        return None if self.at is None else self.at.astimezone(zone).date()


JUST_NOW = Arrival(at=None, known=True)


def arrival(attempt: Attempt, answer: Confirmed, now: datetime) -> Arrival:
    """Return when something arrived of which the vendor tells now.

    What was sent more than a day ago may have arrived long ago. Where the vendor does not say
    when, it is reckoned from the send, so that the line is looked after too early, not too late.
    """
    if now - attempt.last_sent_at <= HANDOVER_AFTER:
        return JUST_NOW
    if answer.at is not None:
        return Arrival(at=min(answer.at, now), known=True)
    return Arrival(at=attempt.last_sent_at, known=False)


class Settlement:
    """Writes down what vendors answer. Shared by the checkout and the follow-up."""

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
            # The vendor may take it back; the truth is recorded whoever said what.
            look_again_at=self._world.now() + LATE_LOOK_EVERY,
        )
        return await self._confirm(sim, order, delivery, None, actor)

    async def _settle(
        self,
        channel: Channel,
        sim: Sim | None,
        order: Order,
        attempt: Attempt,
        answer: Submitted,
    ) -> Order:
        if isinstance(answer, Pending):
            return await self._pending(channel, sim, order, attempt, answer)
        delivery = Delivery(
            cost=answer.cost,
            cost_exact=answer.cost_exact,
            reference=answer.reference,
            receipt=answer.receipt,
            effect=await self._verifiable(order),
            look_again_at=self._world.now()
            + timedelta(seconds=channel.capabilities.look_horizon_s),
        )
        return await self._confirm(
            *(sim, order, delivery, answer.delivered, "keeper"),
            arrived=arrival(attempt, answer, self._world.now()),
        )

    async def _verifiable(self, order: Order) -> Effect:
        """Return OPEN where a source watches the line, so that it can show what arrived.

        What a source shows may lag: a rise since its last reading could be that of another
        recharge, unless that one was settled long enough before the reading.
        """
        now = self._world.now()
        if order.kind is Kind.ACTIVITY:
            return Effect.CANNOT_VERIFY
        for name in (Field.BALANCE, Field.EXPIRY):
            seen = await self._desk.read(Ledger.measured_before, order.sim, name, now)
            if seen is None or now - seen.observed_at >= SOURCE_SILENT_AFTER:
                continue
            if not can_show(order, seen):
                continue
            since = seen.observed_at - SETTLES_AFTER
            other = await self._desk.read(Ledger.another_recharge, order.id, since)
            return Effect.CANNOT_VERIFY if other else Effect.OPEN
        return Effect.CANNOT_VERIFY

    async def _confirm(
        self,
        sim: Sim | None,
        order: Order,
        delivery: Delivery,
        delivered: Money | None,
        actor: str,
        shown: Sequence[Reading] = (),
        *,
        arrived: Arrival = JUST_NOW,
    ) -> Order:
        """Confirm an order; `shown` are the readings that proved it, where a vendor did not."""
        now = self._world.now()
        readings: tuple[Reading, ...] = ()
        if sim is not None:
            settled = await self._desk.read(Ledger.reckoned, order.sim, now)
            readings = with_shown(
                await self._estimates(sim, order, delivered, settled, arrived),
                shown,
                settled.at,
            )
        return await self._desk.write(
            Ledger.confirm, order.id, delivery, readings, actor, now
        )

    async def _estimates(
        self,
        sim: Sim,
        order: Order,
        delivered: Money | None,
        settled: Reckoned,
        arrived: Arrival,
    ) -> tuple[Reading, ...]:
        before = await self._desk.read(Ledger.readings, order.sim)
        if order.kind is Kind.ACTIVITY:
            # Whoever hears of it later, it was used when it was sent and not a day after.
            attempt = await self._desk.read(Ledger.attempt, order.id)
            day = attempt.last_sent_at.astimezone(sim.zone).date()
            return readings_after_use(before, day, settled.at)
        value = delivered or order.value
        sent_at = await self._desk.read(Ledger.sent_at, order.id)
        return readings_after(
            *(sim, before),
            last=await self._desk.read(Ledger.last_recharge, order.sim),
            value=value,
            days=order.days,
            now=settled.at,
            day=arrived.day_in(sim.zone),
            sent_at=sent_at,
            product=order.product,
            day_unknown=settled.fell or not arrived.known,
        )

    async def _pending(
        self,
        channel: Channel,
        sim: Sim | None,
        order: Order,
        attempt: Attempt,
        answer: Pending,
    ) -> Order:
        now = self._world.now()
        next_at = next_look(channel.capabilities, State.PENDING, attempt, now)
        grace_end = await self._grace_end(sim, order)
        if grace_end is not None and now < grace_end:
            # Whoever polls rarely has to be there before the number is lost.
            next_at = min(next_at, grace_end)
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

    async def _grace_end(self, sim: Sim | None, order: Order) -> datetime | None:
        if sim is None:
            return None
        readings = await self._desk.read(Ledger.readings, order.sim)
        return lifecycle(sim, readings, self._world.now()).grace_end

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
