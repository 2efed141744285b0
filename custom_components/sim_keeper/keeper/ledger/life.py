"""An order's life in the ledger. Each method is one durable commit."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import batched

from ..errors import OrderRefused
from ..orders import Attempt, Effect, Order, Origin, State, cycle_of
from ..sim import Field, Reading
from . import views
from .book import Entry
from .chain import Change, Row
from .entries import Entries
from .reckoning import reckoned
from .records import EventType, Hold, HoldState, seconds
from .settings import restored_name
from .taking_back import readings_without
from .terms import (
    Closing,
    Delivery,
    NewOrder,
    Payment,
    clipped,
    comparable,
    held,
    terms,
)

ENDED_FOR = timedelta(days=7)
"""For how long what has ended may still change at a vendor."""
FRESH_FOR = timedelta(minutes=5)
"""For how long no vendor is asked about a request of which nobody knows when it was sent."""

_LOOKED_AT_ONCE = 50


class OrderLife(Entries):
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
            # One event holds so much and no more.
            entries = [
                Entry(type=EventType.LOOKED, rows=list(some))
                for some in batched(changes, _LOOKED_AT_ONCE, strict=False)
            ]
            self._book.write(now, *entries)

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
            "shown_by": delivery.shown_by and delivery.shown_by.value,
            "cost_minor": booked.minor,
            "cost_exact": clipped(delivery.cost_exact, 64),
            "reference": clipped(delivery.reference, 128) or order.reference,
            "receipt": clipped(delivery.receipt, 128),
            "note": delivery.note,
            "reason": None if cost is not None else "cost_assumed",
            "settled_at": seconds(reckoned(self._book, order.sim, now).at),
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

    def set_effect(self, order_id: int, shown_by: Field | None, now: datetime) -> Order:
        """Note which reading shows a confirmed order; None: none does, though one should."""
        effect = Effect.MISMATCH if shown_by is None else Effect.VERIFIED
        order = self.order(order_id)
        type_ = EventType.MISMATCH if shown_by is None else EventType.VERIFIED
        row: Row = {"id": order_id, "effect": effect.value}
        change: Change = ("orders", row | {"shown_by": shown_by and shown_by.value})
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
