"""The follow-up: asks vendors what became of orders, until each has an end.

What is unknown is looked up on the channel's schedule, then given to a person. What has ended is
looked at once more, because a vendor may take a delivery back or deliver late.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from .carriers import Stacking
from .checkout import Checkout
from .errors import LoginFailed, OrderRefused, Rejected, Unavailable
from .ledger import Closing, EventType, Ledger
from .ledgerdesk import LedgerDesk
from .notice import Notice
from .orders import (
    HANDOVER_AFTER,
    LATE_LOOK_EVERY,
    SENDS_MAX,
    Attempt,
    Order,
    State,
    Step,
    after_absent,
    handover_at,
)
from .ports import (
    Capabilities,
    Channel,
    Confirmed,
    Foreign,
    Found,
    Lookup,
    Pending,
    Wanted,
)
from .sim import Sim
from .world import World

RETRY_UNREADABLE_AFTER = timedelta(minutes=5)
PATIENCE = 24
"""What was sent a day ago is tried again after an hour, not every five minutes."""
RETRY_LOGIN_AFTER = timedelta(hours=1)
RETRY_AFTER_FAULT = timedelta(hours=1)
LATE_LOOKS_FOR = timedelta(days=7)
UNREADABLE_FOR = timedelta(days=30)
"""For how long a vendor that cannot be read is tried again about what has ended."""


type StillWanted = Callable[[], Awaitable[bool]]


class FollowUp(Notice):
    """Looks orders up, on behalf of the engine."""

    def __init__(self, world: World, desk: LedgerDesk, checkout: Checkout) -> None:
        """Use the checkout for the one re-send that a channel may allow."""
        super().__init__(world, desk)
        self._checkout = checkout

    async def look(
        self, sim: Sim | None, order: Order, *, still_wanted: StillWanted
    ) -> Order:
        """Ask the vendor what became of an order, and act on the answer.

        `sim` is None for one that was disabled or removed meanwhile: its orders still end.
        `still_wanted` tells, whenever it is asked, whether the order may be sent once more if
        the vendor never had it.
        """
        now = self._world.now()
        attempt = await self._desk.read(Ledger.attempt, order.id)
        try:
            channel = self.channel(order.account)
            caps = channel.capabilities
            running = _running_until(caps, order, attempt, now)
            far_ahead = now + HANDOVER_AFTER < attempt.last_sent_at
            if running is not None and far_ahead:
                # It was sent by a clock that was ahead: nobody waits for that day.
                return await self.hand_over(order, "sent_in_the_future")
            if running is not None and now + LATE_LOOK_EVERY < running:
                # A proof may take its time, but not longer than the number lives.
                end = await self._grace_end(sim, order)
                if end is not None and order.created_at < end <= now:
                    return await self.hand_over(order, "grace_ends")
                until = running if end is None or end <= now else min(end, running)
                return await self._look_in(order, until - now)
            if running is not None and now < running:
                # The request may still be running at the vendor: a "no" would mean nothing, and
                # where asking means sending, both might be executed.
                return await self._look_in(order, running - now)
            if caps.lookup is Lookup.NONE:
                return await self._unaskable(sim, order)
            if caps.lookup is Lookup.PAYING:
                return await self._ask_by_sending(
                    channel, sim, order, attempt, still_wanted
                )
            found = await channel.lookup(await self._purchase(sim, order, attempt))
        except LoginFailed:
            self._world.login_failed(str(order.account))
            return await self._later(sim, order, attempt, RETRY_LOGIN_AFTER)
        except Unavailable, OrderRefused:
            return await self._later(sim, order, attempt, RETRY_UNREADABLE_AFTER)
        except Rejected as err:
            return await self._refused(sim, order, err)
        if order.state in (State.CONFIRMED, State.REJECTED):
            return await self._once_more(channel, sim, order, attempt, found)
        if isinstance(found, Confirmed):
            return await self._settle(channel, sim, order, attempt, found)
        if isinstance(found, Foreign):
            return await self.hand_over(order, "something_else_was_bought")
        if await self._overdue(sim, order, attempt):
            return await self.hand_over(order, "no_answer_for_a_day")
        if isinstance(found, Pending):
            return await self._settle(channel, sim, order, attempt, found)
        return await self._absent(channel, sim, order, still_wanted)

    async def _unaskable(self, sim: Sim | None, order: Order) -> Order:
        """Follow up where nobody can be asked: a reading may show it, or a person tells."""
        if order.state in (State.CONFIRMED, State.REJECTED):
            return await self._look_in(order, None)
        order = await self.notice(sim, order)
        if order.state is State.CONFIRMED:
            return order
        return await self.hand_over(order, "cannot_be_looked_up")

    async def _ask_by_sending(
        self,
        channel: Channel,
        sim: Sim | None,
        order: Order,
        attempt: Attempt,
        still_wanted: StillWanted,
    ) -> Order:
        """Follow up where asking means sending the same request again.

        What the vendor has taken may be asked for within a day of the first send. What may never
        have arrived would be bought by the question, so it has to be wanted still.
        """
        if order.state not in (State.PENDING, State.UNKNOWN):
            return await self._look_in(order, None)
        if await self._overdue(sim, order, attempt):
            return await self.hand_over(order, "no_answer_for_a_day")
        if order.state is State.UNKNOWN:
            in_time = self._world.now() <= order.valid_until
            may_go = in_time and attempt.sends < SENDS_MAX and await still_wanted()
            if sim is None or not may_go:
                return await self.hand_over(order, "cannot_be_looked_up")
            return await self._send_again(sim, order, still_wanted)
        found = await channel.lookup(await self._purchase(sim, order, attempt))
        if isinstance(found, Confirmed | Pending):
            return await self._settle(channel, sim, order, attempt, found)
        return await self.hand_over(order, "something_else_was_bought")

    async def put_off(self, sim: Sim | None, order: Order) -> Order:
        """Try again later after a fault of ours; that, too, ends with a person."""
        attempt = await self._desk.read(Ledger.attempt, order.id)
        return await self._later(sim, order, attempt, RETRY_AFTER_FAULT)

    async def wait(self, order: Order) -> Order:
        """Look again soon: for now nobody can tell whether it may be sent once more."""
        return await self._look_in(order, RETRY_UNREADABLE_AFTER)

    async def hand_over(self, order: Order, reason: str) -> Order:
        """Give an order whose end cannot be learned to a person; keep looking now and then."""
        now = self._world.now()
        if order.state is State.NEEDS_PERSON:
            over = now > order.created_at + LATE_LOOKS_FOR
            return await self._look_in(order, None if over else LATE_LOOK_EVERY)
        if order.state is not State.UNKNOWN:
            # Two moves, two commits: after a crash between them it is looked at again.
            lost = Closing(
                to=State.UNKNOWN,
                type=EventType.UNKNOWN,
                reason=reason,
                quiet=True,
                next_at=now,
            )
            order = await self._desk.write(Ledger.move, order.id, lost, "keeper", now)
        closing = Closing(
            to=State.NEEDS_PERSON,
            type=EventType.NEEDS_PERSON,
            reason=reason,
            next_at=now + LATE_LOOK_EVERY,
        )
        return await self._desk.write(Ledger.move, order.id, closing, "keeper", now)

    async def recover(self, order: Order) -> Order:
        """Take up an order that was in `sending` when the process ended.

        Accounts are not set up yet, so the first look only asks for the channel's schedule.
        """
        now = self._world.now()
        closing = Closing(
            to=State.UNKNOWN, type=EventType.UNKNOWN, reason="interrupted", next_at=now
        )
        return await self._desk.write(Ledger.move, order.id, closing, "keeper", now)

    async def _refused(self, sim: Sim | None, order: Order, err: Rejected) -> Order:
        """Note that the vendor did not deliver, or took the delivery back."""
        if order.state is State.REJECTED:
            return await self._look_in(order, None)
        if order.state is not State.CONFIRMED:
            return await self._reject(order, err, consumed=err.consumed)
        closing = Closing(
            to=State.REVERSED,
            type=EventType.REVERSED,
            reason=err.code[:128],
            refusal=err.refusal,
            # It was bought under this key, whatever became of it: the key is used up.
            consumed=True,
        )
        return await self._desk.write(
            Ledger.reverse,
            *(order.id, closing, self._world.now()),
            days_add_up=sim is not None and sim.carrier.stacking is Stacking.ADD,
        )

    async def _once_more(
        self,
        channel: Channel,
        sim: Sim | None,
        order: Order,
        attempt: Attempt,
        found: Found,
    ) -> Order:
        """Look at an order that has ended: a person's "no" may have been too early."""
        now = self._world.now()
        horizon = timedelta(seconds=channel.capabilities.look_horizon_s)
        if order.state is State.CONFIRMED:
            # Settled in the future: the clock was ahead then, so the horizon begins now.
            settled = min(order.settled_at or now, now)
            left = settled + horizon - now
            return await self._look_in(order, left if left > timedelta(0) else None)
        if isinstance(found, Confirmed):
            if await self._desk.read(Ledger.was_adopted, attempt.key):
                # What stands under its key is in the ledger as an order of its own.
                return await self._look_in(order, None)
            return await self._settle(channel, sim, order, attempt, found)
        over = now > attempt.last_sent_at + horizon
        return await self._look_in(order, None if over else LATE_LOOK_EVERY)

    async def _absent(
        self,
        channel: Channel,
        sim: Sim | None,
        order: Order,
        still_wanted: StillWanted,
    ) -> Order:
        now = self._world.now()
        seen = await self._desk.read(Ledger.attempt, order.id)
        if order.state is not State.UNKNOWN:
            wait = self._patient(seen, RETRY_UNREADABLE_AFTER)
            return await self._look_in(order, wait)
        looked = replace(seen, looks=seen.looks + 1)
        wanted = await still_wanted()
        step = after_absent(channel.capabilities, order, looked, now, wanted=wanted)
        await self._desk.write(Ledger.note_look, order.id, step.at, now)
        if step.step is Step.WAIT:
            return await self._desk.read(Ledger.order, order.id)
        if step.step is Step.HAND_OVER or sim is None:
            return await self.hand_over(order, "vendor_does_not_show_it")
        return await self._send_again(sim, order, still_wanted)

    async def _send_again(
        self, sim: Sim, order: Order, still_wanted: StillWanted
    ) -> Order:
        """Send what never arrived once more, if clock and price still allow it."""
        wanted = Wanted(amount=order.value, product=order.product)
        try:
            offer = await self._checkout.offer(sim, wanted)
        except Unavailable, LoginFailed, OrderRefused, Rejected:
            # The next look decides anew, until the channel's time for a re-send is over.
            return await self._look_in(order, RETRY_UNREADABLE_AFTER)
        if offer.dearer_than(order.ceiling):
            return await self.hand_over(order, "price_changed")
        if not await still_wanted():
            # A person said no while the vendor was asked; the next look hands it over.
            return await self._look_in(order, RETRY_UNREADABLE_AFTER)
        order, attempt = await self._desk.write(
            Ledger.send_again, order.id, self._world.now()
        )
        return await self._checkout.send(sim, order, attempt)

    async def _later(
        self, sim: Sim | None, order: Order, attempt: Attempt, wait: timedelta
    ) -> Order:
        """Try again when the vendor may be readable; an overdue order goes to a person."""
        if order.state in (State.PENDING, State.UNKNOWN):
            if await self._overdue(sim, order, attempt):
                return await self.hand_over(order, "no_answer_for_a_day")
            return await self._look_in(order, self._patient(attempt, wait))
        over = self._world.now() > order.created_at + UNREADABLE_FOR
        return await self._look_in(order, None if over else LATE_LOOK_EVERY)

    def _patient(self, attempt: Attempt, least: timedelta) -> timedelta:
        """Return how long to wait: the longer ago it was sent, the longer."""
        return max(least, (self._world.now() - attempt.last_sent_at) / PATIENCE)

    async def _overdue(self, sim: Sim | None, order: Order, attempt: Attempt) -> bool:
        if order.state is State.NEEDS_PERSON:
            return True
        grace_end = await self._grace_end(sim, order)
        sent_at = await self._desk.read(Ledger.sent_at, order.id)
        limit = handover_at(order, sent_at or attempt.first_sent_at, grace_end)
        return self._world.now() >= limit

    async def _look_in(self, order: Order, wait: timedelta | None) -> Order:
        now = self._world.now()
        at = None if wait is None else now + wait
        await self._desk.write(Ledger.look_later, order.id, at, now)
        return await self._desk.read(Ledger.order, order.id)


def _running_until(
    caps: Capabilities, order: Order, attempt: Attempt, now: datetime
) -> datetime | None:
    """Return until when a request may still be running at the vendor, for an order without an end.

    What seems to be sent later than now was sent before the clock fell back; whoever saw that has
    waited.
    """
    if order.state is State.UNKNOWN:
        schedule = caps.look_after_s
    elif order.state is State.PENDING and attempt.last_sent_at <= now:
        schedule = caps.poll_s
    else:
        return None
    return attempt.last_sent_at + timedelta(seconds=min(schedule, default=0))
