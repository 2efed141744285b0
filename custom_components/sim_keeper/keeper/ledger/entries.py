"""What is written down when an order is born or moves: the entries of the ledger."""

from collections.abc import Sequence
from datetime import datetime

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
    State,
    order_key,
)
from ..sim import Reading
from . import views
from .book import Entry
from .chain import Change, Row, encode
from .reader import PICTURE, Reader
from .reckoning import reckoned
from .records import EventType, Hold, HoldState, attempt_from, seconds
from .settings import floor_name
from .terms import Closing, NewOrder, Payment, clipped, fingerprint, held, terms

CYCLES_LOST_MAX = 100
"""No SIM is recharged so often in the time that a restore wipes out."""
_FLOORS_MAX = CYCLE_MAX // 2
"""Above the highest floor there is room for centuries of purchases."""
_PART_PER_RESTORE = 4
"""The next floor lies somewhere in this part of what is left, so that it is never used up."""


class Entries(Reader):
    """Draws up what the moves of an order write, inside the commit of the caller."""

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
        # A restore may wipe out an earlier one with its floor, and what was bought above it. The
        # newest hash is another in every course of events: the floors lie thousands of keys apart.
        used = views.next_cycle(self._book, new.sim) + CYCLES_LOST_MAX
        spread = max((_FLOORS_MAX - used) // _PART_PER_RESTORE, 1)
        drawn = int.from_bytes(self._book.last_event()[1][:4]) % spread
        cycle = min(used + drawn, _FLOORS_MAX)
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
            row["settled_at"] = seconds(reckoned(self._book, order.sim, now).at)
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
            "settled_at": seconds(reckoned(self._book, order.sim, now).at),
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
