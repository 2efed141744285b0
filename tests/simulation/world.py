"""What stays when a process dies: true time, the disk, vendors, lines and people."""

from collections import deque
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import cache
import logging
from random import Random
import sqlite3
from typing import Any, override
from zoneinfo import ZoneInfo

from custom_components.sim_keeper.keeper.budget import HouseholdRules
from custom_components.sim_keeper.keeper.errors import LedgerBroken, LedgerFault
from custom_components.sim_keeper.keeper.ledger import STOPPED, Event, Ledger, file
from custom_components.sim_keeper.keeper.ledger.book import Book
from custom_components.sim_keeper.keeper.ledger.ledger import time_travelled
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.sim import Reading

from .faults import Faults
from .lines import Line
from .loop import SimulatedLoop
from .oracle import Oracle
from .process import Process
from .vendors import Vendor

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC).timestamp()
ACCOUNT = "model:1"
HOME_ZONE = ZoneInfo("Europe/Berlin")


class WitnessedBook(Book):
    """A book in memory whose witness is a pair in the world."""

    def __init__(self, conn: sqlite3.Connection, disk: Disk) -> None:
        """Write to a disk of the world."""
        super().__init__(conn, None)
        self._disk = disk

    @override
    def bear_witness(self) -> None:
        self._disk.witness = (self.uuid, self.last_event()[0])


@cache
def empty_image() -> bytes:
    """Return a fresh ledger's file, made once."""
    conn = file.connect(":memory:")
    file.create(conn, "simulated")
    image = bytes(conn.serialize())
    conn.close()
    return image


class Disk:
    """The ledger's file, its witness, and the backups that were made of it."""

    def __init__(self) -> None:
        """Begin empty."""
        self.conn = file.connect(":memory:")
        self.exists = False
        self.witness: tuple[str, int] | None = None
        self.backups: list[tuple[float, int, bytes]] = []

    def open(self, now: datetime) -> Ledger:
        """Open the ledger as `Ledger.open` does, over this disk. Raises LedgerBroken."""
        existed = self.exists
        try:
            if not existed:
                self.conn.deserialize(empty_image())
                self.exists = True
            book = WitnessedBook(self.conn, self)
            restored = existed and time_travelled(book, self.witness, now)
            ledger = Ledger(book, restored=restored)
            if restored:
                ledger.note_restored(now)
        except sqlite3.DatabaseError as err:
            raise LedgerBroken(LedgerFault.DAMAGED, str(err)) from err
        return ledger

    def find_damage(self) -> str | None:
        """Check the ledger as the engine does every day."""
        return Ledger(WitnessedBook(self.conn, self), restored=False).find_damage()

    def newest_event(self) -> tuple[int, int]:
        """Return number and time of the newest event (by time) as they stand on the disk."""
        row = self.conn.execute("SELECT max(seq), max(at) FROM event").fetchone()
        return (row[0] or 0, row[1] or 0)

    def stopped(self) -> bool:
        """Tell whether the stop stands on the disk."""
        row = self.conn.execute(
            "SELECT value FROM setting WHERE name = ?", (STOPPED,)
        ).fetchone()
        return row is not None and row[0] == "on"

    def removed(self, epoch: str) -> bool:
        """Tell whether it stands on the disk that a SIM was removed."""
        row = self.conn.execute(
            "SELECT removed_at FROM sim WHERE epoch = ?", (epoch,)
        ).fetchone()
        return row is not None and row[0] is not None

    def reason(self, order_id: int) -> str | None:
        """Return why an order is not simply sent, as it stands on the disk."""
        row = self.conn.execute(
            "SELECT json_extract(why, '$.reason') FROM orders WHERE id = ?", (order_id,)
        ).fetchone()
        return None if row is None else row[0]

    def knows(self, key: str) -> bool:
        """Tell whether it stands on the disk that something was sent under a key."""
        sql = "SELECT 1 FROM attempt WHERE key = ?"
        return self.conn.execute(sql, (key,)).fetchone() is not None

    def back_up(self, now: float) -> None:
        """Keep an image of the file."""
        if self.exists:
            image = bytes(self.conn.serialize())
            self.backups.append((now, self.newest_event()[0], image))

    def restore(self, image: bytes, *, keep_witness: bool) -> None:
        """Put an old image back; a backup of Home Assistant has no witness."""
        # A connection of its own: statements of the old one must not meet the new file.
        self.conn.close()
        self.conn = file.connect(":memory:")
        self.conn.deserialize(image)
        if not keep_witness:
            self.witness = None

    def fill(self) -> None:
        """Leave no room for another page."""
        (pages,) = self.conn.execute("PRAGMA page_count").fetchone()
        self.conn.execute(f"PRAGMA max_page_count = {pages}")

    def make_room(self) -> None:
        """Let the file grow again."""
        self.conn.execute("PRAGMA max_page_count = 1073741823")


class Truth:
    """The world of one history."""

    def __init__(
        self, seed: int, faults: Faults | None = None, *, start: float = START
    ) -> None:
        """Make a world that a seed decides entirely."""
        self.seed = seed
        self.rng = Random(seed)
        self.loop = SimulatedLoop(Random(seed ^ 0x5EED), start)
        self.faults = faults or Faults.swarm(Random(seed * 7919 + 1))
        self.disk = Disk()
        self._log: deque[tuple[float, str]] = deque(maxlen=30)
        self.lines: list[Line] = []
        self.oracle = Oracle(self)
        self.vendor = Vendor(self, "pure")
        self.household = HouseholdRules(zone=HOME_ZONE)
        self.process: Process | None = None
        self.offset = 0.0
        """How far the computer's clock is off."""
        self.offset_since = start
        self.notify_ok = True
        self.effects = 0
        self.crash_at: frozenset[int] = frozenset()
        """At which effects the process dies, for runs that leave nothing to chance."""
        self.yield_share = 0.25
        self.crashes = 0
        self.up_since = start
        self.restored_at: float | None = None
        self.restores = 0
        self.stopped = False
        self.began = start
        self.clock_was_ahead = False
        """The clock was so far ahead that the ledger has seen the future."""
        self.on_sent: list[Callable[[], None]] = []
        self.on_heard: list[Callable[[Event], None]] = []
        self.first: dict[str, tuple[Reading, ...]] = {}
        """What is typed when a SIM is added, by its epoch."""

    # -- Time -----------------------------------------------------------------------------

    def now(self) -> datetime:
        """Return what the computer's clock shows."""
        return datetime.fromtimestamp(self.loop.time() + self.offset, UTC)

    def set_clock(self, offset: float) -> None:
        """Put the computer's clock off by so many seconds; the engine is not told."""
        self.offset, self.offset_since = offset, self.loop.time()
        self.clock_was_ahead = self.clock_was_ahead or offset > 200
        self.note(f"clock is {offset:+.0f} s off")

    @property
    def shared_caps(self) -> tuple[Money, ...]:
        """What all lines together may cost in a month; all are paid through one account."""
        household = self.household
        return (*household.monthly_caps, *household.account_caps.values())

    def note(self, what: str) -> None:
        """Remember what happened, for the report of a failure."""
        self._log.append((self.loop.time(), what))

    @property
    def log(self) -> list[str]:
        """Return the last things that happened, for people."""
        return [
            f"{datetime.fromtimestamp(at, UTC):%m-%d %H:%M:%S} {what}"
            for at, what in self._log
        ]

    # -- Processes ------------------------------------------------------------------------

    def start_process(self) -> None:
        """Begin a new incarnation, unless one runs."""
        if self.process is not None:
            return
        self.note("process starts")
        self.up_since = self.loop.time()
        self.process = Process(self)
        self.process.begin()

    def ended(self, downtime: float) -> None:
        """Hear that the process has ended; it comes back by itself."""
        self.process = None
        self.loop.call_later(downtime, self.start_process)

    def go(self, work: Callable[[Process], Coroutine[Any, Any, object]]) -> bool:
        """Have the running process do something; return whether there is one."""
        if self.process is None or not self.process.ready:
            return False
        self.process.go(work(self.process))
        return True

    def doubted(self, line: Line) -> bool:
        """Tell whether the ledger treats a line as restored, or its account as too dear.

        A long absence and a wrong clock at the start count as a restore, too.
        """
        found = self.disk.conn.execute(
            "SELECT 1 FROM event WHERE type IN ('restored','adopted','overshoot')"
            " AND at > ? LIMIT 1",
            (int(line.supervised_at),),
        ).fetchone()
        return found is not None

    def heard(self, event: Event) -> None:
        """Hear what people are told."""
        self.oracle.heard(event)
        for hear in self.on_heard:
            hear(event)

    def line(self, number: str) -> Line:
        """Return the line with a number."""
        return next(one for one in self.lines if one.sim.number == number)

    def line_of(self, epoch: str | None) -> Line | None:
        """Return the line whose present or earlier life has this mark."""
        return next(
            (one for one in self.lines if epoch in (one.sim.epoch, *one.lives)), None
        )

    def run_for(self, span: timedelta) -> None:
        """Let time pass."""
        self.loop.run_until(self.loop.time() + span.total_seconds())

    def close(self) -> None:
        """End everything, without leaving tasks behind."""
        if self.process is not None:
            self.process.dead = True
        self.loop.cancel_all()
        self.loop.run_until(self.loop.time())
        for _ in range(3):
            self.loop.run_until(self.loop.time() + 0.001)
        self.loop.close()
        self.disk.conn.close()


class ErrorCounter(logging.Handler):
    """Counts what the heart reports as its own fault."""

    def __init__(self) -> None:
        """Hear everything."""
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self.texts.append(f"{record.getMessage()}: {record.exc_info[1]!r}")
