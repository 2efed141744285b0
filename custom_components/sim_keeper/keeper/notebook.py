"""What people say that happened: recharges of their own, readings, use of the number."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from .budget import caps_for, holds_for
from .engine import Engine
from .errors import AmountFault, AmountInvalid, OrderRefused
from .estimates import readings_after
from .ledger import Closing, EventType, Ledger, NewOrder, Payment
from .money import Money, positive
from .orders import Kind, Order, Origin, State
from .permissions import Caller, Door, may, reading_door, require
from .sim import SOURCE_NOTED, Field, Reading, Readings, Sim, Trust
from .statements import Paid, Typed, typed_readings

ALREADY_PAID = "already_paid"
"""The reason of a recharge that somebody else had paid before it was done by the person asked."""
CLOCK_LOST_MAX = timedelta(days=366)
"""Nobody lives for longer with a clock that has fallen back."""


@dataclass(slots=True)
class Notebook:
    """Writes down what people know. Constraints on spending never keep anything out."""

    engine: Engine

    async def record(
        self, epoch: str, paid: Paid, caller: Caller, *, task_id: int | None = None
    ) -> Order:
        """Note a recharge that a person did; it closes an open task and satisfies the need.

        With `task_id` it is noted only as the answer to that task, while it is open. What was
        already paid satisfies the need as well, also where nobody knows the amount.
        """
        require(Door.RECORD, caller)
        sim = self._sim(epoch)
        if paid.cost is not None:
            positive(paid.cost)
        elif not paid.already:
            raise AmountInvalid(AmountFault.NOT_A_NUMBER)
        if paid.expiry is not None or paid.days is not None:
            require(reading_door(sim.rules.mode), caller)
        paid = replace(paid, day=await self._meant(sim, paid.day))
        async with self.engine.lock(epoch):
            at, _ = await self.engine.situation(sim)
            task = at.view.task
            if task_id is None and task is not None and task.kind is Kind.ACTIVITY:
                # To pay is not to use the number. Where that did not help, it is asked for anew.
                await self._withdraw(task)
                task = None
            if task_id is not None and (task is None or task.id != task_id):
                answered = await self._order(task_id)
                raise OrderRefused("not_waiting", state=answered.state.value)
            order = await self._paid(sim, task, paid, caller)
        self.engine.soon(epoch)
        return order

    async def update_reading(self, epoch: str, typed: Typed, caller: Caller) -> None:
        """Keep what a person read or knows of a SIM."""
        sim = self._sim(epoch)
        require(reading_door(sim.rules.mode), caller)
        if typed.balance is not None and typed.balance.currency != sim.currency:
            raise OrderRefused("currency_differs", currency=sim.currency)
        if typed.last_activity is not None:
            used_on = await self._meant(sim, typed.last_activity)
            typed = replace(typed, last_activity=used_on)
        now = self._time()
        if readings := typed_readings(typed, now):
            await self.engine.desk.write(
                Ledger.add_readings, epoch, readings, caller.actor, now
            )
        await self.engine.evaluate(epoch)

    async def mark_active(self, epoch: str, caller: Caller) -> None:
        """Note that the number was used today."""
        sim = self._sim(epoch)
        today = await self._today(sim)
        await self.update_reading(epoch, Typed(last_activity=today), caller)

    async def _confirm_task(self, sim: Sim, task: Order, caller: Caller) -> Order:
        """Tick an assisted task off as planned; no amount was planned: nobody knows it."""
        today = await self._today(sim)
        free = task.kind is Kind.ACTIVITY
        cost = Money(0, sim.currency) if free else task.value
        order = await self._paid(sim, task, Paid(cost=cost, day=today), caller)
        self.engine.soon(sim.epoch)
        return order

    async def _paid(
        self, sim: Sim, task: Order | None, paid: Paid, caller: Caller
    ) -> Order:
        now = self._time()
        desk = self.engine.desk
        before = await desk.read(Ledger.readings, sim.epoch)
        noted = await desk.read(Ledger.reckoned, sim.epoch, now)
        readings = readings_after(
            *(sim, before),
            last=await desk.read(Ledger.last_recharge, sim.epoch),
            value=paid.cost if paid.cost and paid.cost.minor else None,
            days=paid.days,
            now=noted.at,
            day=paid.day,
            day_unknown=noted.fell,
        )
        if not may(reading_door(sim.rules.mode), caller):
            readings = tuple(_unless_earlier(reading, before) for reading in readings)
        if paid.expiry is not None:
            readings = (
                *(reading for reading in readings if reading.field is not Field.EXPIRY),
                *(
                    replace(reading, source=SOURCE_NOTED)
                    for reading in typed_readings(Typed(expiry=paid.expiry), noted.at)
                ),
            )
        if task is not None and task.kind is Kind.ACTIVITY:
            readings = (
                *(
                    reading
                    for reading in readings
                    if reading.field is not Field.LAST_ACTIVITY
                ),
                *typed_readings(Typed(last_activity=paid.day), noted.at),
            )
        payment = Payment(
            cost=paid.cost,
            day=paid.day,
            days=paid.days,
            place=paid.place,
            receipt=paid.receipt,
            note=paid.note,
            reason=ALREADY_PAID if paid.already else None,
            picture=paid.picture,
        )
        ceiling = paid.cost or Money(1, sim.currency)
        caps = caps_for(sim, self.engine.household, now, by_hand=True)
        holds = holds_for(caps, ceiling.currency)
        if task is not None:
            return await desk.write(
                Ledger.confirm_paid,
                task.id,
                payment,
                holds,
                readings,
                caller.actor,
                now,
            )
        new = NewOrder(
            sim=sim.epoch,
            origin=Origin.PERSON,
            assisted=True,
            ceiling=ceiling,
            value=paid.cost,
            why={"reason": "recorded", "rules": []},
        )
        return await desk.write(
            Ledger.record_paid, new, payment, holds, readings, caller.actor, now
        )

    async def _withdraw(self, task: Order) -> None:
        closing = Closing(
            to=State.CANCELLED, type=EventType.CANCELLED, reason="recharged", quiet=True
        )
        await self.engine.desk.write(
            Ledger.move, task.id, closing, "keeper", self._time()
        )

    async def _order(self, order_id: int) -> Order:
        return await self.engine.desk.read(Ledger.order, order_id)

    def _sim(self, epoch: str) -> Sim:
        sim = self.engine.sims.get(epoch)
        if sim is None:
            raise OrderRefused("sim_not_found")
        return sim

    def _time(self) -> datetime:
        return self.engine.world.now()

    async def _today(self, sim: Sim) -> date:
        """Return the day of a SIM; where the clock has fallen back, that of the newest entry."""
        now = await self.engine.desk.read(Ledger.reckoned, sim.epoch, self._time())
        return now.at.astimezone(sim.zone).date()

    async def _meant(self, sim: Sim, day: date) -> date:
        """Return the day that a person means. Raises OrderRefused for one in the future.

        Where the clock has fallen back, nobody means the day that it shows, and a later day than
        that of the newest entry may well have come.
        """
        shown = self._time().astimezone(sim.zone).date()
        today = await self._today(sim)
        if day == shown:
            return today
        if day > (today if today == shown else today + CLOCK_LOST_MAX):
            raise OrderRefused("day_in_future")
        return day


def _unless_earlier(reading: Reading, before: Readings) -> Reading:
    """Return a day that was worked out, as a hint where it is earlier than what was known.

    Else whoever may not type a day could bring a purchase forward by a recharge that never was.
    """
    known = before.expiry
    if reading.field is not Field.EXPIRY or known is None or known.day <= reading.day:
        return reading
    return replace(reading, trust=Trust.HINT)
