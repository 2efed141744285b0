"""The notice: a reading that moves may be all that ever shows what became of an order."""

from datetime import timedelta

from .judgement import shows_work
from .ledger import Delivery, Ledger
from .orders import Effect, Order, State
from .settlement import Settlement
from .sim import Field, Reading, Sim

READ_BEFORE_WITHIN = timedelta(days=7)
"""How old a reading may be for a later one to show, by the difference, what an order did."""


class Notice(Settlement):
    """Settles orders by what sources show of the line."""

    async def notice(self, sim: Sim | None, order: Order) -> Order:
        """Confirm an order in flight where readings from after its send show its work.

        Only where the user of the channel has declared that to be its proof.
        """
        channel = self._world.channel(str(order.account))
        if (
            order.state not in (State.PENDING, State.UNKNOWN, State.NEEDS_PERSON)
            or sim is None
            or channel is None
            or not channel.capabilities.shown_by_reading
        ):
            return order
        shown = await self._shown(sim, order)
        if not shown:
            return order
        delivery = Delivery(
            cost=order.price,
            cost_exact=None,
            reference=order.reference,
            effect=Effect.VERIFIED,
            shown_by=shown[0].field,
        )
        return await self._confirm(sim, order, delivery, None, "keeper", shown)

    async def _shown(self, sim: Sim, order: Order) -> list[Reading]:
        """Return the readings that show what an order did."""
        now = self._world.now()
        attempt = await self._desk.read(Ledger.attempt, order.id)
        sent_at = attempt.first_sent_at
        last = await self._desk.read(Ledger.last_recharge, order.sim)
        known_since = sent_at - READ_BEFORE_WITHIN
        if last is not None and last.settled_at is not None:
            # Whatever else was recharged since would move the readings as well.
            known_since = max(known_since, last.settled_at)
        shown: list[Reading] = []
        for name in (Field.BALANCE, Field.EXPIRY, Field.LAST_ACTIVITY):
            before, after = [
                await self._desk.read(Ledger.measured_before, order.sim, name, moment)
                for moment in (sent_at, now + timedelta(seconds=1))
            ]
            if (
                before is not None
                and after is not None
                and known_since < before.observed_at
                and sent_at < after.observed_at
                and shows_work(
                    order, sent_at.astimezone(sim.zone).date(), before, after
                )
            ):
                shown.append(after)
        return shown
