"""An order's life in the ledger. Each method is one durable commit."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from ..errors import LedgerBroken, LedgerFault, OrderRefused
from ..money import Money
from ..orders import (
    CYCLE_MAX,
    ORDINAL_MAX,
    RELEASING,
    SENDS_MAX,
    Attempt,
    Effect,
    Order,
    Origin,
    State,
    cycle_of,
    order_key,
)
from ..sim import Reading
from . import views
from .book import Entry
from .chain import Change, Row, encode
from .reader import PICTURE, Reader
from .reckoning import reckoned
from .records import EventType, Hold, HoldState, attempt_from, seconds
from .settings import floor_name, restored_name
from .taking_back import readings_without
from .terms import (
    Closing,
    Delivery,
    NewOrder,
    Payment,
    clipped,
    comparable,
    fingerprint,
    held,
    terms,
)

CYCLES_LOST_MAX = 100
"""No SIM is recharged so often in the time that a restore wipes out."""
_FLOORS_APART = 300
"""Over so many cycles the floors of several restores are spread."""
ENDED_FOR = timedelta(days=7)
"""For how long what has ended may still change at a vendor."""
FRESH_FOR = timedelta(minutes=5)
"""For how long no vendor is asked about a request of which nobody knows when it was sent."""


class OrderLife(Reader):
    """Moves orders from birth to their end."""

    def ask(self, new: NewOrder, actor: str, now: datetime) -> Order:
        """Bear an order that needs a person."""
        with self._book.commit():
            order_id = self._bear(new, State.ASKED, EventType.ASKED, actor, now)
        return self.order(order_id)

    def bear_approved(
        self, new: NewOrder, holds: Sequence[Hold], actor: str, now: datetime
    ) -> Order:
        """Bear an order that may be sent, with its holds."""
        with self._book.commit():
            order_id = self._bear(
                new, State.APPROVED, EventType.APPROVED, actor, now, holds
            )
        return self.order(order_id)

    def bear_sending(
        self,
        new: NewOrder,
        holds: Sequence[Hold],
        ordinal: int,
        now: datetime,
        *,
        daily_max: int | None = None,
    ) -> tuple[Order, Attempt]:
        """Bear an automatic order and record that it is being sent, in one commit.

        Raises OrderRefused where as many were sent in the last day: SIMs decide side by side, and
        only here one comes after the other.
        """
        with self._book.commit():
            self._keep_to(daily_max, now)
            order_id = self._bear(
                new, State.APPROVED, EventType.APPROVED, "keeper", now, holds
            )
            self._book.add(
                now, self._sending(self.order(order_id), ordinal, "keeper", now)
            )
        return self._read_back(order_id)

    def adopt(
        self,
        new: NewOrder,
        holds: Sequence[Hold],
        delivery: Delivery,
        key: str,
        now: datetime,
        readings: Sequence[Reading] = (),
    ) -> Order:
        """Record a purchase that was made under our key without the ledger knowing.

        Its cycle is bought, and the SIM is treated as restored until a person supervises an
        order of it.
        """
        cost = comparable(delivery.cost, new.ceiling) or new.ceiling
        with self._book.commit():
            order_id = self._book.next_id("orders")
            row: Row = {
                **terms(new),
                **self._birth(order_id, new, now),
                "cycle": cycle_of(key),
                "origin": Origin.ADOPTED.value,
                "request": None,
                "state": State.CONFIRMED.value,
                "effect": Effect.CANNOT_VERIFY.value,
                "cost_minor": cost.minor,
                "reference": clipped(delivery.reference, 128),
                "reason": key,
                "settled_at": seconds(now),
            }
            spent: list[Change] = [
                (table, {**hold, "amount": cost.minor, "state": HoldState.SPENT.value})
                for table, hold in held(order_id, new.ceiling, holds)
            ]
            doubt: Change = (
                "setting",
                {"name": restored_name(new.sim), "value": self._next_event()},
            )
            self._book.add(
                now,
                Entry(
                    type=EventType.ADOPTED,
                    rows=[("orders", row), *spent, doubt],
                    sim=new.sim,
                    order_id=order_id,
                ),
            )
            for reading in readings:
                self._book.add(now, self._reading(new.sim, reading, "keeper"))
        return self.order(order_id)

    def approve(
        self,
        order_id: int,
        new: NewOrder,
        holds: Sequence[Hold],
        actor: str,
        now: datetime,
    ) -> Order:
        """Move a question to approved on the terms of a fresh quote, with its holds."""
        row: Row = {
            **terms(new),
            "id": order_id,
            "state": State.APPROVED.value,
            "valid_until": seconds(now + new.valid_for),
        }
        rows: list[Change] = [("orders", row), *held(order_id, new.ceiling, holds)]
        self._book.write(
            now,
            Entry(
                type=EventType.APPROVED,
                rows=rows,
                sim=new.sim,
                order_id=order_id,
                actor=actor,
            ),
        )
        return self.order(order_id)

    def begin_send(
        self,
        order_id: int,
        actor: str,
        now: datetime,
        *,
        ordinal: int = 0,
        daily_max: int | None = None,
    ) -> tuple[Order, Attempt]:
        """Record durably that an approved order is being sent, and read it back.

        Reuses the attempt of an order that is sent again, or the unconsumed key of an earlier
        order of the cycle. Raises OrderRefused when the database forbids it.
        """
        with self._book.commit():
            self._keep_to(daily_max, now)
            self._book.add(
                now, self._sending(self.order(order_id), ordinal, actor, now)
            )
        return self._read_back(order_id)

    def _keep_to(self, daily_max: int | None, now: datetime) -> None:
        """Refuse one automatic order more than a day may have."""
        if daily_max is None:
            return
        if views.automatic_since(self._book, now - timedelta(days=1)) >= daily_max:
            raise OrderRefused("daily_limit")

    def send_again(self, order_id: int, now: datetime) -> tuple[Order, Attempt]:
        """Record, in one commit, that an order which never arrived is sent once more.

        The same key and body go out: the ledger keeps both frozen.
        """
        again = Closing(
            to=State.APPROVED, type=EventType.APPROVED, reason="never_arrived"
        )
        with self._book.commit():
            self._book.add(
                now, self._closing(self.order(order_id), again, "keeper", now)
            )
            self._book.add(now, self._sending(self.order(order_id), 0, "keeper", now))
        return self._read_back(order_id)

    def move(self, order_id: int, closing: Closing, actor: str, now: datetime) -> Order:
        """Move an order on to anything but confirmed."""
        self._book.write(now, self._closing(self.order(order_id), closing, actor, now))
        return self.order(order_id)

    def note_look(self, order_id: int, next_at: datetime, now: datetime) -> Attempt:
        """Note that the vendor showed nothing."""
        attempt = self.attempt(order_id)
        rows: list[Change] = [
            ("attempt", {"key": attempt.key, "looks": attempt.looks + 1}),
            ("orders", {"id": order_id, "next_at": seconds(next_at)}),
        ]
        order = self.order(order_id)
        self._book.write(
            now,
            Entry(type=EventType.LOOKED, rows=rows, sim=order.sim, order_id=order_id),
        )
        return self.attempt(order_id)

    def look_anew(self, now: datetime) -> None:
        """Have every vendor asked now: the clock by which it was planned was wrong.

        Of what has ended, that which may still be taken back or arrive late. What seems to be
        sent later than now may have been sent just now.
        """
        rows = self._book.rows(
            "SELECT id, EXISTS(SELECT 1 FROM attempt a WHERE a.order_id = orders.id"
            "  AND a.last_sent_at > ?) AS fresh FROM orders WHERE assisted = 0 AND"
            " (state IN ('pending','unknown','needs_person')"
            "  AND (next_at IS NULL OR next_at > ?)"
            " OR state IN ('confirmed','rejected') AND settled_at > ?"
            "  AND EXISTS(SELECT 1 FROM attempt a WHERE a.order_id = orders.id))",
            *(seconds(now), seconds(now), seconds(now - ENDED_FOR)),
        )
        later = now + FRESH_FOR
        changes: list[Change] = [
            (
                "orders",
                {"id": row["id"], "next_at": seconds(later if row["fresh"] else now)},
            )
            for row in rows
        ]
        if changes:
            self._book.write(now, Entry(type=EventType.LOOKED, rows=changes))

    def look_later(
        self, order_id: int, next_at: datetime | None, now: datetime
    ) -> None:
        """Set when an order is looked up next; None ends the looking."""
        order = self.order(order_id)
        at = None if next_at is None else seconds(next_at)
        change: Change = ("orders", {"id": order_id, "next_at": at})
        self._book.write(
            now,
            Entry(
                type=EventType.LOOKED, rows=[change], sim=order.sim, order_id=order_id
            ),
        )

    def confirm(
        self,
        order_id: int,
        delivery: Delivery,
        readings: Sequence[Reading],
        actor: str,
        now: datetime,
    ) -> Order:
        """Note a delivery, turn the holds into spending, and keep what it tells of the SIM."""
        order = self.order(order_id)
        cost = comparable(delivery.cost, order.ceiling)
        booked = order.ceiling if cost is None else cost
        row: Row = {
            "id": order_id,
            "state": State.CONFIRMED.value,
            "effect": delivery.effect.value,
            "cost_minor": booked.minor,
            "cost_exact": clipped(delivery.cost_exact, 64),
            "reference": clipped(delivery.reference, 128) or order.reference,
            "receipt": clipped(delivery.receipt, 128),
            "note": delivery.note,
            "reason": None if cost is not None else "cost_assumed",
            "settled_at": seconds(reckoned(self._book, order.sim, now)),
            "next_at": None
            if delivery.look_again_at is None
            else seconds(delivery.look_again_at),
        }
        rows: list[Change] = [("orders", row), *self._spent(order_id, booked)]
        with self._book.commit():
            self._book.add(
                now,
                Entry(
                    type=EventType.CONFIRMED,
                    rows=rows,
                    sim=order.sim,
                    order_id=order_id,
                    actor=actor,
                ),
            )
            if order.ceiling < booked:
                over: Row = {"over_minor": (booked - order.ceiling).minor}
                self._book.add(
                    now,
                    Entry(
                        type=EventType.OVERSHOOT,
                        sim=order.sim,
                        order_id=order_id,
                        details=over,
                    ),
                )
            for reading in readings:
                self._book.add(now, self._reading(order.sim, reading, "keeper"))
        return self.order(order_id)

    def confirm_paid(
        self,
        order_id: int,
        payment: Payment,
        holds: Sequence[Hold],
        readings: Sequence[Reading],
        actor: str,
        now: datetime,
    ) -> Order:
        """Note that a person did an assisted recharge. Never blocked by a budget."""
        order = self.order(order_id)
        with self._book.commit():
            self._paid(order, payment, holds, readings, actor, now)
        return self.order(order_id)

    def record_paid(
        self,
        new: NewOrder,
        payment: Payment,
        holds: Sequence[Hold],
        readings: Sequence[Reading],
        actor: str,
        now: datetime,
    ) -> Order:
        """Note a recharge that a person did without having been asked."""
        cost, known = payment.cost, payment.cost or new.ceiling
        same = self._book.value(
            "SELECT id FROM orders WHERE sim = ? AND assisted = 1 AND state = 'confirmed'"
            " AND cost_minor IS ? AND pay_cur = ? AND happened_on = ? AND receipt IS ?"
            " AND place IS ?",
            *(new.sim, cost.minor if cost else None, known.currency),
            *(payment.day.toordinal(), payment.receipt, payment.place),
        )
        if same is not None:
            raise OrderRefused("already_recorded")
        with self._book.commit():
            order_id = self._bear(
                new, State.ASKED, EventType.ASKED, actor, now, quiet=True
            )
            self._paid(self.order(order_id), payment, holds, readings, actor, now)
        return self.order(order_id)

    def set_effect(self, order_id: int, effect: Effect, now: datetime) -> Order:
        """Note what a source says of a confirmed order."""
        order = self.order(order_id)
        type_ = EventType.MISMATCH if effect is Effect.MISMATCH else EventType.VERIFIED
        change: Change = ("orders", {"id": order_id, "effect": effect.value})
        self._book.write(
            now, Entry(type=type_, rows=[change], sim=order.sim, order_id=order_id)
        )
        return self.order(order_id)

    def reverse(
        self,
        order_id: int,
        closing: Closing,
        now: datetime,
        *,
        days_add_up: bool = False,
    ) -> Order:
        """Note that a delivery was taken back, and what is known of the SIM without it.

        `days_add_up`: the carrier adds the days of a recharge to those before.
        """
        order = self.order(order_id)
        with self._book.commit():
            self._book.add(now, self._closing(order, closing, "keeper", now))
            for reading in readings_without(self._book, order, days_add_up=days_add_up):
                self._book.add(now, self._reading(order.sim, reading, "keeper"))
        return self.order(order_id)

    def _bear(
        self,
        new: NewOrder,
        state: State,
        type_: EventType,
        actor: str,
        now: datetime,
        holds: Sequence[Hold] = (),
        *,
        quiet: bool = False,
    ) -> int:
        order_id = self._book.next_id("orders")
        floor = self._raised_floor(new)
        if floor:
            rose = Entry(type=EventType.SETTING, rows=floor, sim=new.sim)
            self._book.add(now, rose)
        row = {**terms(new), **self._birth(order_id, new, now), "state": state.value}
        rows: list[Change] = [("orders", row), *held(order_id, new.ceiling, holds)]
        self._book.add(
            now,
            Entry(
                type=type_,
                rows=rows,
                sim=new.sim,
                order_id=order_id,
                actor=actor,
                quiet=quiet,
            ),
        )
        return order_id

    def _raised_floor(self, new: NewOrder) -> list[Change]:
        """Pass over keys that may have been used in a time that a restore has wiped out.

        Where the vendor cannot be asked for them without buying, it would answer for an old
        purchase as if it were this one.
        """
        if new.assisted or new.traceable:
            return []
        since = views.doubted_since(self._book, new.sim)
        if not since or views.cycle_floor(self._book, new.sim)[1] == since:
            return []
        # A restore may wipe out an earlier one with its floor. The newest hash is another in every
        # course of events, so that the floors differ.
        spread = int.from_bytes(self._book.last_event()[1][:4]) % _FLOORS_APART
        used = views.next_cycle(self._book, new.sim) + CYCLES_LOST_MAX
        cycle = min(used + spread, CYCLE_MAX // 2)
        name = floor_name(new.sim)
        return [("setting", {"name": name, "value": f"{cycle} {since}"})]

    def _next_event(self, before: int = 0) -> str:
        """Return the number of the next event but so many, as a setting keeps it."""
        return str(self._book.last_event()[0] + 1 + before)

    def _birth(self, order_id: int, new: NewOrder, now: datetime) -> Row:
        return {
            "id": order_id,
            "sim": new.sim,
            "cycle": views.next_cycle(self._book, new.sim),
            "request": new.request,
            "origin": new.origin.value,
            "assisted": int(new.assisted),
            "kind": new.kind.value,
            "why": encode(new.why),
            "created_at": seconds(now),
            "valid_until": seconds(now + new.valid_for),
        }

    def _sending(self, order: Order, ordinal: int, actor: str, now: datetime) -> Entry:
        at = seconds(now)
        attempt = self._reusable(order, ordinal)
        row: Row
        if attempt is None:
            used = self._book.value(
                "SELECT max(ordinal) FROM attempt WHERE sim = ? AND cycle = ?",
                order.sim,
                order.cycle,
            )
            ordinal = ordinal if used is None else max(ordinal, int(used) + 1)
            if ordinal > ORDINAL_MAX:
                raise OrderRefused("too_many_attempts")
            row = {
                "key": order_key(order.sim, order.cycle, ordinal),
                "order_id": order.id,
                "sim": order.sim,
                "cycle": order.cycle,
                "ordinal": ordinal,
                "account": order.account,
                "body_sha": fingerprint(order),
                "first_sent_at": at,
                "last_sent_at": at,
                "sends": 1,
                "looks": 0,
                "consumed": 0,
            }
        else:
            if attempt.sends >= SENDS_MAX:
                raise OrderRefused("too_many_attempts")
            row = {
                "key": attempt.key,
                "last_sent_at": at,
                "sends": attempt.sends + 1,
                "looks": 0,
            }
            if attempt.order_id != order.id:
                row |= {
                    "order_id": order.id,
                    "account": order.account,
                    "body_sha": fingerprint(order),
                }
                if self.order(attempt.order_id).refusal is not None:
                    # Every earlier send was refused, so this is the first that counts.
                    row["first_sent_at"] = at
        moved: Row = {"id": order.id, "state": State.SENDING.value, "next_at": None}
        rows: list[Change] = [("orders", moved), ("attempt", row)]
        if attempt is not None and attempt.order_id != order.id:
            # Whatever appears under the key from now on belongs to this order.
            rows.append(("orders", {"id": attempt.order_id, "next_at": None}))
        return Entry(
            type=EventType.SENT,
            rows=rows,
            sim=order.sim,
            order_id=order.id,
            actor=actor,
        )

    def _reusable(self, order: Order, ordinal: int) -> Attempt | None:
        row = self._book.row(
            # A key that was refused so often is left alone; each refusal was a definite one.
            "SELECT * FROM attempt WHERE sim = ? AND cycle = ? AND consumed = 0"
            " AND ordinal >= ? AND (order_id = ? OR sends < ?)"
            " ORDER BY ordinal DESC LIMIT 1",
            *(order.sim, order.cycle, ordinal, order.id, SENDS_MAX),
        )
        return None if row is None else attempt_from(row)

    def _read_back(self, order_id: int) -> tuple[Order, Attempt]:
        order, attempt = self.order(order_id), self.attempt(order_id)
        if order.state is not State.SENDING or attempt.order_id != order_id:
            raise LedgerBroken(
                LedgerFault.DAMAGED, "what was written is not what stands"
            )
        return order, attempt

    def _closing(
        self, order: Order, closing: Closing, actor: str, now: datetime
    ) -> Entry:
        row: Row = {
            "id": order.id,
            "state": closing.to.value,
            "reason": clipped(closing.reason, 128),
            "refusal": None if closing.refusal is None else closing.refusal.value,
            "next_at": None if closing.next_at is None else seconds(closing.next_at),
        }
        if closing.reference is not None:
            row["reference"] = clipped(closing.reference, 128)
        if closing.note is not None:
            row["note"] = closing.note
        final = closing.to in RELEASING or closing.to is State.REVERSED
        if final:
            # A no that was said while the clock was in 1970 counts from when it was said.
            row["settled_at"] = seconds(reckoned(self._book, order.sim, now))
        rows: list[Change] = [("orders", row)]
        # The database keeps a hold until its order has moved, so the order comes first.
        if closing.to in RELEASING or closing.to is State.ASKED:
            rows += self._released(order.id)
        unsent = order.state is State.SENDING and (
            closing.type is EventType.NOT_SENT or closing.to is State.CANCELLED
        )
        if closing.consumed or unsent:
            attempt = self.attempt(order.id)
            mark: Row = {"key": attempt.key}
            mark |= (
                {"consumed": 1} if closing.consumed else {"sends": attempt.sends - 1}
            )
            rows.append(("attempt", mark))
        return Entry(
            type=closing.type,
            rows=rows,
            sim=order.sim,
            order_id=order.id,
            actor=actor,
            details=closing.details,
            quiet=closing.quiet,
        )

    def _paid(
        self,
        order: Order,
        payment: Payment,
        holds: Sequence[Hold],
        readings: Sequence[Reading],
        actor: str,
        now: datetime,
    ) -> None:
        cost, picture = payment.cost, payment.picture
        row: Row = {
            "id": order.id,
            "state": State.CONFIRMED.value,
            "effect": Effect.CANNOT_VERIFY.value,
            "cost_minor": None if cost is None else cost.minor,
            "pay_cur": order.ceiling.currency if cost is None else cost.currency,
            "value_minor": None if cost is None else cost.minor,
            "value_cur": None if cost is None else cost.currency,
            "reason": payment.reason,
            "days": payment.days,
            "place": payment.place,
            "receipt": payment.receipt,
            "note": payment.note,
            "happened_on": payment.day.toordinal(),
            "settled_at": seconds(reckoned(self._book, order.sim, now)),
        }
        spent: list[Change] = [
            (
                "hold",
                {
                    "order_id": order.id,
                    "scope": hold.scope,
                    "period": hold.period,
                    "cur": cost.currency,
                    "cap_minor": hold.cap if hold.currency == cost.currency else None,
                    "amount": cost.minor,
                    "state": HoldState.SPENT.value,
                },
            )
            for hold in holds
            if cost is not None
        ]
        self._book.add(
            now,
            Entry(
                type=EventType.CONFIRMED,
                rows=[("orders", row), *spent],
                sim=order.sim,
                order_id=order.id,
                actor=actor,
                details=None
                if picture is None
                else {PICTURE: {"name": picture.name, "sha256": picture.sha256}},
            ),
        )
        for reading in readings:
            self._book.add(now, self._reading(order.sim, reading, actor))

    def _spent(self, order_id: int, cost: Money) -> list[Change]:
        return [
            ("hold", {**hold, "amount": cost.minor, "state": HoldState.SPENT.value})
            for hold in self._holds(order_id)
        ]

    def _released(self, order_id: int) -> list[Change]:
        return [
            ("hold", {**hold, "state": HoldState.RELEASED.value})
            for hold in self._holds(order_id, state=HoldState.HELD)
        ]

    def _holds(self, order_id: int, *, state: HoldState | None = None) -> list[Row]:
        return self._book.rows(
            "SELECT order_id, scope FROM hold WHERE order_id = ? AND (? IS NULL OR state = ?)",
            order_id,
            state,
            state,
        )

    def _reading(self, epoch: str, reading: Reading, actor: str) -> Entry:
        row: Row = {
            "id": self._book.next_id("reading"),
            "sim": epoch,
            "field": reading.field.value,
            "value": reading.value,
            "unit": reading.unit,
            "observed_at": seconds(reading.observed_at),
            "got_at": seconds(reading.got_at),
            "source": reading.source,
            "trust": reading.trust.value,
        }
        return Entry(
            type=EventType.READING, rows=[("reading", row)], sim=epoch, actor=actor
        )
