"""The people of a household, and the sources that read their lines."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from custom_components.sim_keeper.keeper.errors import KeeperError, LedgerBroken
from custom_components.sim_keeper.keeper.ledger import Event, EventType
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.permissions import AUTOMATION, Caller
from custom_components.sim_keeper.keeper.policy import Reason
from custom_components.sim_keeper.keeper.ports import Wanted
from custom_components.sim_keeper.keeper.sim import (
    UNIT_DAY,
    Field,
    Mode,
    Reading,
    Trust,
)
from custom_components.sim_keeper.keeper.statements import Paid, Recharge, Typed

from .lines import DAY, HOUR, Line, Wish

if TYPE_CHECKING:
    from .process import Process
    from .world import Truth

ADMIN = Caller(user_id="a" * 32, is_admin=True)
_EPOCH = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

type Deed = Callable[[Process], Awaitable[object]]


class People:
    """Whoever is told things, answers, recharges at shops and changes settings."""

    def __init__(self, truth: Truth) -> None:
        """Listen to what is told."""
        self.truth = truth
        self.wrong_words: dict[tuple[int, int], float] = {}
        """(restores, order) that a person settled against the truth, or before it was known."""
        truth.on_heard.append(self.hear)

    def do(self, after: float, deed: Deed) -> None:
        """Do something later, once the process runs; answers to a lost past are dropped."""
        self.truth.loop.call_later(after, self._try, deed, self.truth.restores)

    def _try(self, deed: Deed, restores: int) -> None:
        if restores == self.truth.restores and not self.truth.go(
            lambda process: self._quietly(deed, process)
        ):
            self.truth.loop.call_later(HOUR, self._try, deed, restores)

    @staticmethod
    async def _quietly(deed: Deed, process: Process) -> None:
        try:
            await deed(process)
        except KeeperError as err:
            process.truth.note(f"a person hears: {err}")

    # -- Answers --------------------------------------------------------------------------

    def hear(self, event: Event) -> None:
        """React to what was told."""
        line = self.truth.line_of(event.sim)
        if line is None or event.order_id is None:
            return
        order_id = event.order_id
        if event.type is EventType.ASKED:
            self._question(line, order_id)
        elif event.type is EventType.NEEDS_PERSON:
            wait = HOUR * (1 + 30 * self.truth.rng.random())
            self.do(wait, lambda process: self.resolve(process, line, order_id))
        elif event.type in (EventType.REJECTED, EventType.OVERSHOOT):
            wait = HOUR * (1 + 20 * self.truth.rng.random())
            self.do(wait, lambda process: self.go_ahead(process, line))

    def _question(self, line: Line, order_id: int) -> None:
        truth = self.truth
        row = truth.disk.conn.execute(
            "SELECT assisted FROM orders WHERE id = ?", (order_id,)
        ).fetchone()
        now = truth.loop.time()
        wait = 60 + 4 * HOUR * truth.rng.random()
        if truth.faults.strike("never_answers"):
            line.no_until = max(line.no_until, now + 4 * DAY)
            return
        if truth.faults.strike("answers_late"):
            wait = HOUR * (20 + 20 * truth.rng.random())
            line.no_until = max(line.no_until, now + 6 * DAY)
        if row is not None and row[0]:
            self.do(wait, lambda process: self.tick(process, line, order_id))
        elif truth.faults.strike("declines"):
            line.no_until = max(line.no_until, now + wait + 8 * DAY)
            self.do(wait, lambda process: process.doors.cancel(order_id, ADMIN))
        else:
            self.do(wait, lambda process: self.approve(process, line, order_id))

    async def approve(self, process: Process, line: Line, order_id: int) -> None:
        """Say yes."""
        wish = Wish(
            self.truth.loop.time(),
            order_id,
            warned=self.truth.disk.reason(order_id) == Reason.RESTORED,
        )
        await self._wishing(line, wish, process.doors.approve(order_id, ADMIN))

    @staticmethod
    async def _wishing(line: Line, wish: Wish, work: Awaitable[object]) -> None:
        line.wishes.append(wish)
        try:
            await work
        except KeeperError as err:
            # A yes that could not be acted on may have been written down all the same.
            if not wish.used and not isinstance(err, LedgerBroken):
                line.wishes.remove(wish)
            raise

    async def tick(self, process: Process, line: Line, order_id: int) -> None:
        """Recharge at a shop and tick the task off, or forget to."""
        if self.shop(line):
            await self._written(line, process.doors.approve(order_id, ADMIN))

    def shop(self, line: Line) -> bool:
        """Recharge at a shop; return whether it will be recorded."""
        now = self.truth.loop.time()
        amount = line.sim.rules.amount or Money(line.threshold * 3, line.sim.currency)
        line.recharge(amount.minor, now)
        self.truth.note(f"{line.sim.epoch} recharged at a shop")
        if self.truth.faults.strike("forgets_to_record"):
            line.forgotten_at = now
            return False
        return True

    async def resolve(self, process: Process, line: Line, order_id: int) -> None:
        """Say what became of an order, by looking at the phone."""
        truth = self.truth
        row = truth.disk.conn.execute(
            "SELECT a.key FROM attempt a JOIN orders o ON o.id = a.order_id"
            " WHERE o.id = ? AND o.state IN ('unknown','needs_person')"
            " ORDER BY a.ordinal DESC",
            (order_id,),
        ).fetchone()
        if row is None:
            return
        same = [one for one in truth.vendor.transactions if one.key == row[0]]
        arrived = any(one.kept for one in same)
        if not arrived and any(
            one.state == "working" and truth.loop.time() - one.born_at < 3 * DAY
            for one in same
        ):
            self.do(6 * HOUR, lambda process: self.resolve(process, line, order_id))
            return
        word = arrived
        if truth.faults.strike("resolves_wrongly"):
            word = not arrived
            if arrived:
                truth.oracle.by_key[row[0]].denied = True
            line.misled_until = truth.loop.time() + 60 * DAY
        if word is not arrived or any(one.state == "working" for one in same):
            self.wrong_words[truth.restores, order_id] = truth.loop.time()
        if word:
            line.supervised_at = truth.loop.time()
        else:
            line.no_until = truth.loop.time() + 3 * DAY
        await process.doors.resolve(order_id, arrived=word, note=None, caller=ADMIN)

    async def go_ahead(self, process: Process, line: Line) -> None:
        """Put right what the vendor complained of, and save the settings anew."""
        if self.truth.vendor.wallet < 5000:
            self.truth.vendor.wallet += 100_000
        if line.removed:
            return
        if process.engine.desk.fault is not None:
            # While nothing can be written down a go-ahead is lost; the repair says so.
            self.do(6 * HOUR, lambda process: self.go_ahead(process, line))
            return
        # Settings that are saved unchanged are no go-ahead; a cent more of budget is.
        cap = line.sim.rules.monthly_cap
        if cap is not None:
            rules = replace(line.sim.rules, monthly_cap=cap + Money(1, cap.currency))
            line.sim = replace(line.sim, rules=rules)
        await process.engine.change(line.sim)
        line.refusals.clear()

    def restored(self, taken_at: float) -> None:
        """Hear that a backup was put back: what was said before it was taken is in it."""
        now = self.truth.restores
        self.wrong_words |= {
            (now, order_id): said_at
            for (restores, order_id), said_at in self.wrong_words.items()
            if restores == now - 1 and said_at <= taken_at
        }

    # -- Deeds of a person's own ----------------------------------------------------------

    def live_a_day(self, line: Line) -> None:
        """Do today what people do."""
        strike, truth = self.truth.faults.strike, self.truth
        if line.removed:
            return
        if strike("shop_recharge") and self.shop(line):
            self.do(HOUR * truth.rng.random(), lambda p: self._record(p, line))
        if line.sim.rules.low_balance is not None and strike("types_right"):
            self.do(0, lambda p: self._type(p, line, truth.loop.time()))
        if line.sim.rules.low_balance is not None and strike("types_late"):
            self.do(0, lambda p: self._type(p, line, truth.loop.time() - 20 * HOUR))
        if strike("calls_twice"):
            self.do(0, lambda p: self._call(p, line, ADMIN))
            self.do(0.2, lambda p: self._call(p, line, ADMIN))
        if strike("automation_calls"):
            self.do(0, lambda p: self._call(p, line, AUTOMATION))
        if strike("edits_rules"):
            self.do(0, lambda p: self._edit(p, line))
        if strike("lowers_mode"):
            self.do(0, lambda p: self.set_mode(p, line, Mode.ASK))
        if strike("removes_sim"):
            self.do(0, lambda p: self.remove(p, line))

    async def _record(self, process: Process, line: Line) -> None:
        amount = line.sim.rules.amount
        if amount is None or line.removed:
            return
        today = process.now().astimezone(line.sim.zone).date()
        paid = Paid(cost=amount, day=today)
        await self._written(line, process.doors.record(line.sim.epoch, paid, ADMIN))

    async def _written(self, line: Line, work: Awaitable[object]) -> None:
        """Write a shop's recharge down; who cannot, or in the moment of a crash, forgets it."""
        before, line.forgotten_at = line.forgotten_at, self.truth.loop.time()
        await work
        line.forgotten_at = before
        line.known_recharge_at = self.truth.loop.time()

    async def _type(self, process: Process, line: Line, seen_at: float) -> None:
        if line.removed:
            return
        now = self.truth.loop.time()
        balance, expiry = line.at(seen_at)
        if (balance, expiry) != (line.balance, line.expiry) and (
            line.known_recharge_at > seen_at or line.forgotten_at is not None
        ):
            line.misled_until = max(line.misled_until, now + 3 * DAY)
        line.balance_told_at = now
        typed = Typed(balance=Money(balance, line.sim.currency))
        if line.sim.rules.days_before is not None:
            typed = replace(typed, expiry=date.fromordinal(expiry))
        await process.doors.update_reading(line.sim.epoch, typed, ADMIN)

    async def _call(self, process: Process, line: Line, caller: Caller) -> None:
        if line.removed or line.sim.account is None:
            return
        automation = caller.user_id is None
        wish = Wish(self.truth.loop.time(), None, automation=automation)
        asked = Recharge(wanted=Wanted())
        await self._wishing(
            line, wish, process.doors.recharge(line.sim.epoch, asked, caller)
        )

    async def _edit(self, process: Process, line: Line) -> None:
        rules, rng = line.sim.rules, self.truth.rng
        if rules.days_before is not None:
            rules = replace(rules, days_before=rng.choice((4, 5, 7)))
        if rules.low_balance is not None:
            minor = line.threshold * rng.choice((80, 100, 120)) // 100
            rules = replace(rules, low_balance=Money(minor, line.sim.currency))
        line.sim = replace(line.sim, rules=rules)
        if not line.removed:
            await process.engine.change(line.sim)

    async def set_mode(self, process: Process, line: Line, mode: Mode) -> None:
        """Change how far SIM Keeper may go."""
        if line.removed or line.sim.rules.mode not in (Mode.AUTO, Mode.ASK):
            return
        was = line.sim.rules.mode
        if was is mode:
            return
        line.sim = replace(line.sim, rules=replace(line.sim.rules, mode=mode))
        line.lowered = mode is not Mode.AUTO
        self.truth.note(f"{line.sim.epoch} is now {mode.value}")
        if line.lowered:
            back = DAY * (1 + 4 * self.truth.rng.random())
            self.do(back, lambda p: self.set_mode(p, line, was))
        await process.engine.change(line.sim)

    async def remove(self, process: Process, line: Line) -> None:
        """Remove a SIM, and add it again some days later."""
        if line.removed:
            return
        try:
            await process.engine.unregister(line.sim.epoch, removed=True)
            line.removed = True
        finally:
            # Whoever dies here may have written it down.
            line.removed = line.removed or self.truth.disk.removed(line.sim.epoch)
            if line.removed:
                self._removed(line)

    def _removed(self, line: Line) -> None:
        self.truth.note(f"{line.sim.epoch} was removed")
        self.truth.loop.call_later(
            DAY * (0.1 + 3 * self.truth.rng.random()), self.add_again, line
        )

    def add_again(self, line: Line) -> None:
        """Add a line under a new epoch, with what the person sees now."""
        truth = self.truth
        epoch = "".join(truth.rng.choice(_EPOCH) for _ in range(10))
        line.lives.append(line.sim.epoch)
        line.sim = replace(line.sim, epoch=epoch)
        line.removed = False
        now = truth.now()
        truth.first[epoch] = typed_first(line, now)
        truth.note(f"{epoch} was added")
        truth.go(lambda p: p.engine.register(line.sim, truth.first[epoch]))

    async def stop_all(self, process: Process) -> None:
        """Press stop, and lift it a day or three later."""
        self.do(DAY * (0.5 + 2 * self.truth.rng.random()), self.lift_stop)
        try:
            await process.doors.set_stop(on=True, caller=ADMIN)
        finally:
            # Whoever dies here may have written it down.
            self.truth.stopped = self.truth.disk.stopped()

    async def lift_stop(self, process: Process) -> None:
        """Let it spend again."""
        self.truth.stopped = False
        try:
            await process.doors.set_stop(on=False, caller=ADMIN)
        finally:
            if self.truth.disk.stopped():
                self.truth.stopped = True
                self.do(HOUR, self.lift_stop)


def typed_first(line: Line, now: datetime) -> tuple[Reading, ...]:
    """Return what a person types when a line is added."""
    values = (
        (Field.BALANCE, line.balance, line.sim.currency),
        (Field.EXPIRY, line.expiry, UNIT_DAY),
    )
    line.balance_told_at = now.astimezone(UTC).timestamp()
    return tuple(
        Reading(
            field=field,
            value=value,
            unit=unit,
            observed_at=now,
            got_at=now,
            source="person",
            trust=Trust.TYPED,
        )
        for field, value, unit in values
    )
