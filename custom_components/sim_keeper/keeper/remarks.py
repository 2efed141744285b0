"""What the ledger is told of a SIM besides its orders, each thing once."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from .checkout import Offer
from .due import deadline_speaks, recharged_on, today_of
from .estimates import readings_after
from .judgement import VERIFIED_WITHIN, effect_shown
from .ledger import EventType, Ledger, LedgerView
from .ledgerdesk import LedgerDesk
from .orders import Effect, Order
from .policy import Decision, Reason, Situation, skip_in_force
from .ports import Json
from .reminders import due_reminder
from .sim import Field, Reading, Readings, RuleKind, Sim
from .world import World


class Remarks:
    """Notes skips, stages, reminders and what readings show of recharges."""

    def __init__(self, world: World, desk: LedgerDesk) -> None:
        """Write through the engine's desk."""
        self._world = world
        self._desk = desk

    async def skip(
        self, view: LedgerView, sim: Sim, reason: str, **numbers: Json
    ) -> None:
        """Note, once per cycle and reason, that a recharge was due and was not made."""
        if not await self._desk.read(
            Ledger.was_skipped, sim.epoch, view.cycle, str(reason)
        ):
            await self._note_skip(view, sim, reason, numbers)

    async def _note_skip(
        self, view: LedgerView, sim: Sim, reason: str, numbers: Mapping[str, Json]
    ) -> None:
        await self._desk.write(
            Ledger.add_event,
            EventType.SKIPPED,
            sim.epoch,
            {"cycle": view.cycle, "reason": str(reason), **numbers},
            self._world.now(),
        )

    async def was_tried(self, at: Situation, decision: Decision) -> bool:
        """Tell whether it was noted already what would have been bought for this need."""
        need = _need(at, decision, self._world.now())
        return await self._desk.read(Ledger.was_shadowed, at.sim.epoch, need)

    async def trial(self, at: Situation, decision: Decision, offer: Offer) -> None:
        """Note what would have been bought now."""
        price, value = offer.quote.price, offer.quote.value
        need = _need(at, decision, self._world.now())
        details: dict[str, Json] = {"need": need, "price": str(price)}
        if value is not None:
            details["amount"] = str(value)
        await self._note_skip(at.view, at.sim, Reason.SHADOW, details)

    async def mismatch(self, at: Situation, now: datetime) -> None:
        """Say so when a source that watches the line has not shown a recharge in a day."""
        last = at.view.last_recharge
        if last is None or last.settled_at is None or last.effect is not Effect.OPEN:
            return
        if now >= last.settled_at + VERIFIED_WITHIN:
            await self._desk.write(Ledger.set_effect, last.id, None, now)

    async def effect(self, last: Order, readings: Sequence[Reading]) -> None:
        """Note the first reading that shows the last recharge; a balance also after a date."""
        for reading in readings:
            if last.shown_by not in (None, Field.EXPIRY):
                return
            if reading.field is last.shown_by:
                continue
            earlier = await self._desk.read(
                Ledger.measured_before, last.sim, reading.field, last.created_at
            )
            if effect_shown(last, earlier, reading):
                last = await self._desk.write(
                    Ledger.set_effect, last.id, reading.field, self._world.now()
                )

    async def inherited(self, at: Situation, now: datetime) -> bool:
        """Note the days that a recharge for an earlier life of the number brought; True: it did.

        It was settled when this life had begun, so nobody has worked them out for it. They are
        hints: what somebody typed in the meantime may have them in it.
        """
        last = at.view.last_recharge
        if last is None or last.settled_at is None or last.sim == at.sim.epoch:
            return False
        if at.life.clock is None or deadline_speaks(at):
            return False
        known = at.view.readings
        days = [
            day
            for day in readings_after(
                *(at.sim, known),
                last=None,
                value=last.value,
                days=last.days,
                now=last.settled_at,
                sent_at=await self._desk.read(Ledger.sent_at, last.id),
                product=last.product,
                day_unknown=True,
            )
            if day.field is not Field.BALANCE and _is_newer(day, known)
        ]
        if days:
            await self._desk.write(
                Ledger.add_readings, at.sim.epoch, days, "keeper", now
            )
        return bool(days)

    async def stage(self, at: Situation, now: datetime) -> None:
        """Note a stage that a SIM has come to."""
        stage = at.life.stage
        if stage is None or at.view.stage == stage.value:
            return
        details: dict[str, Json] = {"stage": stage.value, "from": at.view.stage}
        await self._desk.write(
            Ledger.add_event, EventType.STAGE_CHANGED, at.sim.epoch, details, now
        )

    async def remind(self, at: Situation, now: datetime, *, quiet: bool) -> None:
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
        last = await self._desk.read(
            Ledger.newest_event, EventType.REMINDER, at.sim.epoch
        )
        details: dict[str, Json] = {
            "deadline": reminder.deadline,
            "stage": reminder.stage,
        }
        if last is None or any(
            last.data.get(key) != value for key, value in details.items()
        ):
            await self._desk.write(
                Ledger.add_event,
                EventType.REMINDER,
                at.sim.epoch,
                details,
                now,
                order_id=None if task is None else task.id,
                quiet=quiet,
            )


def _is_newer(reading: Reading, known: Readings) -> bool:
    before: Reading | None = getattr(known, reading.field.value)
    return before is None or before.observed_at < reading.observed_at


def _need(at: Situation, decision: Decision, now: datetime) -> str:
    """Return in words which need this is: another day of the calendar is another need."""
    need = " ".join(sorted(rule.value for rule in decision.rules))
    if decision.rules == (RuleKind.LOW_BALANCE,):
        return need
    if decision.rules == (RuleKind.CALENDAR,) and at.sim.rules.calendar is not None:
        last = recharged_on(at.sim, at.view.last_recharge)
        day = at.sim.rules.calendar.due_since(today_of(at.sim, now), last)
        return f"{need} {day}"
    return f"{need} {decision.numbers.get('deadline')}"
