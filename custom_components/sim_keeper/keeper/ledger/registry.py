"""SIMs, settings, readings and signs of life in the ledger."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ..orders import State
from ..ports import Json
from ..sim import Reading
from . import settings
from .book import HOUSEHOLD, Entry
from .chain import Change, Row
from .life import OrderLife
from .records import EventType, RestoredFrom, seconds
from .terms import Closing


class Registry(OrderLife):
    """Keeps what is not an order."""

    def add_sim(
        self,
        epoch: str,
        number: str,
        zone: str,
        now: datetime,
        readings: Sequence[Reading] = (),
    ) -> None:
        """Make a SIM known, with what was typed. A forgotten earlier life of the number ends."""
        if self._book.value("SELECT 1 FROM sim WHERE epoch = ?", epoch) is not None:
            return
        earlier = self._book.value(
            "SELECT epoch FROM sim WHERE number = ? AND removed_at IS NULL", number
        )
        if earlier is not None:
            self.remove_sim(str(earlier), "keeper", now)
        row: Row = {"epoch": epoch, "number": number, "zone": zone, "removed_at": None}
        added = Entry(type=EventType.SIM_ADDED, rows=[("sim", row)], sim=epoch)
        with self._book.commit():
            self._book.add(now, added)
            for reading in readings:
                self._book.add(now, self._reading(epoch, reading, "user:flow"))

    def remove_sim(self, epoch: str, actor: str, now: datetime) -> None:
        """Note that a SIM was removed: what is unsent is cancelled, the rest is kept."""
        entries = [
            self._closing(
                order,
                Closing(
                    to=State.CANCELLED,
                    type=EventType.CANCELLED,
                    reason="sim_removed",
                    quiet=True,
                ),
                actor,
                now,
            )
            for order in self.orders(epoch)
            if order.state in (State.ASKED, State.APPROVED)
        ]
        removal: Change = ("sim", {"epoch": epoch, "removed_at": seconds(now)})
        gone = Entry(type=EventType.SIM_REMOVED, rows=[removal], sim=epoch, actor=actor)
        if (
            self._book.value("SELECT removed_at FROM sim WHERE epoch = ?", epoch)
            is None
        ):
            self._book.write(now, *entries, gone)

    def set_setting(self, name: str, value: str, actor: str, now: datetime) -> None:
        """Keep a setting that must survive a crash, such as the stop."""
        if settings.setting(self._book, name) != value:
            change: Change = ("setting", {"name": name, "value": value})
            self._book.write(
                now, Entry(type=EventType.SETTING, rows=[change], actor=actor)
            )

    def note_address(self, account: str, address: str, now: datetime) -> None:
        """Note where an account is reached: at another address it is supervised anew.

        `address` is empty for the provider's own.
        """
        name = settings.address_name(account)
        known = settings.setting(self._book, name)
        if known == address:
            return
        rows: list[Change] = [("setting", {"name": name, "value": address})]
        if known is not None:
            moved = settings.moved_name(account)
            rows.append(("setting", {"name": moved, "value": self._next_event()}))
        self._book.write(now, Entry(type=EventType.SETTING, rows=rows))

    def clear_refusals(self, epoch: str, actor: str, now: datetime) -> None:
        """Note a person's go-ahead: earlier refusals and noes no longer count."""
        self.set_setting(
            settings.cleared_name(epoch), str(self._book.last_event()[0]), actor, now
        )

    def note_login(self, account: str, now: datetime) -> None:
        """Note that an account's login works again: what only the old one refused is over."""
        last = str(self._book.last_event()[0])
        self.set_setting(settings.login_name(account), last, "keeper", now)

    def add_lost_sim(self, epoch: str, number: str, zone: str, now: datetime) -> None:
        """Make a SIM of a ledger that was lost known as removed: its keys may have been used."""
        row: Row = {
            "epoch": epoch,
            "number": number,
            "zone": zone,
            "removed_at": seconds(now),
        }
        gone = Entry(type=EventType.SIM_REMOVED, rows=[("sim", row)], sim=epoch)
        self._book.write(now, gone)

    def note_restored(
        self, now: datetime, source: RestoredFrom = RestoredFrom.BACKUP
    ) -> None:
        """Note that the installation was restored from an earlier time.

        A yes from before may have been used since then: what is approved and not sent ends.
        """
        if self._newest_type() is EventType.RESTORED:
            self._book.bear_witness()  # Nothing has happened since it was noted.
            return
        used = Closing(
            to=State.CANCELLED, type=EventType.CANCELLED, reason="restored", quiet=True
        )
        ended = [
            self._closing(order, used, "keeper", now)
            for order in self.in_state(State.APPROVED)
        ]
        change: Change = (
            "setting",
            {"name": settings.RESTORED, "value": self._next_event(len(ended))},
        )
        noted = Entry(
            type=EventType.RESTORED, rows=[change], details={"source": source.value}
        )
        self._book.write(now, *ended, noted)

    def note_thawed(
        self, fault: str, actor: str, now: datetime, *, restored: bool
    ) -> None:
        """Note on whose word a frozen ledger is used again; if restored, that is told already."""
        self._book.write(
            now,
            Entry(
                type=EventType.THAWED,
                actor=actor,
                details={"fault": fault, "restored": restored},
                quiet=restored,
            ),
        )

    def _newest_type(self) -> EventType | None:
        value = self._book.value("SELECT type FROM event ORDER BY seq DESC LIMIT 1")
        return None if value is None else EventType(str(value))

    def add_readings(
        self, epoch: str, readings: Sequence[Reading], actor: str, now: datetime
    ) -> None:
        """Keep readings, in one commit."""
        with self._book.commit():
            for reading in readings:
                self._book.add(now, self._reading(epoch, reading, actor))

    def add_event(
        self,
        type_: EventType,
        epoch: str | None,
        details: Mapping[str, Json],
        now: datetime,
        *,
        order_id: int | None = None,
        quiet: bool = False,
    ) -> None:
        """Write an event that changes no row: a reminder, a skip, the daily sign of life."""
        entry = Entry(
            type=type_, sim=epoch, order_id=order_id, details=details, quiet=quiet
        )
        self._book.write(now, entry)

    def note_warning(
        self,
        type_: EventType,
        name: str,
        mark: str,
        details: Mapping[str, Json],
        now: datetime,
        *,
        epoch: str | None = None,
    ) -> None:
        """Note a warning with its mark, a setting, unless the same mark stands there already."""
        if settings.setting(self._book, name) != mark:
            change: Change = ("setting", {"name": name, "value": mark})
            entry = Entry(type=type_, rows=[change], sim=epoch, details=details)
            self._book.write(now, entry)

    def mark_told(self, seq: int, now: datetime) -> None:
        """Note that people have heard of an event."""
        with self._book.commit():
            self._book.conn.execute(
                "UPDATE told SET done_at = ? WHERE event_seq = ? AND target = ?"
                " AND done_at IS NULL",
                (seconds(now), seq, HOUSEHOLD),
            )
