"""The one way to write: rows and the event that tells of them, in one durable commit."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
import sqlite3

from ..errors import LedgerBroken, LedgerFault, OrderRefused
from ..ports import Json
from . import file
from .chain import GENESIS, Change, Row, Value, encode, link
from .memo import ORDERS, Memo
from .records import EventType, seconds
from .schema import PRIMARY_KEYS

_READ_ERRORS = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ)
READING = "reading"
"""The table of readings."""
HOUSEHOLD = "household"
"""The target that stands for everybody whom the household's options name."""

TOLD = frozenset(
    {
        *(EventType.ASKED, EventType.CONFIRMED, EventType.REJECTED, EventType.UNKNOWN),
        *(
            EventType.NEEDS_PERSON,
            EventType.REVERSED,
            EventType.MISMATCH,
            EventType.REMINDER,
        ),
        *(
            EventType.OVERSHOOT,
            EventType.ADOPTED,
            EventType.RESTORED,
            EventType.THAWED,
            EventType.SKIPPED,
        ),
        *(EventType.CANCELLED, EventType.EXPIRED),
        *(EventType.WALLET_LOW, EventType.PAYMENT_EXPIRES),
        *(EventType.UNUSUAL_SPENDING, EventType.UNEXPLAINED_SPENDING),
    }
)
"""The events that people hear of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event to be written, with the rows that it changes."""

    type: EventType
    rows: Sequence[Change] = ()
    sim: str | None = None
    order_id: int | None = None
    actor: str = "keeper"
    details: Mapping[str, Json] | None = None
    effective_at: datetime | None = None
    quiet: bool = False
    """Nobody needs to be told of it."""


def _touched(entry: Entry) -> set[Hashable]:
    """Return the scopes of what an entry writes."""
    told: Hashable = (entry.type, entry.sim)
    return {told} | {
        (table, row["sim"]) if table == READING else ORDERS for table, row in entry.rows
    }


def disk_failed(err: Exception) -> bool:
    """Tell whether the disk itself failed while writing: no lack of space, rights or a lock.

    After a failed fsync the system may show as written what never reached the disk.
    """
    code: int = getattr(err, "sqlite_errorcode", sqlite3.SQLITE_OK)
    # The low byte is the primary code: https://www.sqlite.org/rescode.html
    return code & 0xFF == sqlite3.SQLITE_IOERR and code not in _READ_ERRORS


def _unreadable(err: sqlite3.DatabaseError) -> LedgerBroken:
    """Return what freezes where the file cannot be read: nobody knows what was paid."""
    return LedgerBroken(LedgerFault.DAMAGED, str(err))


class Book:
    """A connection that only writes whole entries."""

    def __init__(self, conn: sqlite3.Connection, path: Path | None) -> None:
        """Take over an open, checked database; `path` is None for one in memory."""
        self.conn = conn
        self.path = path
        self.memo = Memo()
        self._tip: tuple[int, bytes] | None = None
        self.uuid = str(self.value("SELECT value FROM meta WHERE name = 'uuid'"))
        self._witness = None if path is None else file.Witness(path, self.uuid)

    def write(self, now: datetime, *entries: Entry) -> None:
        """Commit entries, all or none. Raises OrderRefused or LedgerBroken."""
        with self.commit():
            for entry in entries:
                self.add(now, entry)

    @contextmanager
    def commit(self) -> Iterator[None]:
        """Open a transaction that ends durable or undone.

        A rule of the database that says no becomes OrderRefused: nothing was written. Anything
        else that fails becomes LedgerBroken: freeze.
        """
        try:
            self.conn.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.conn.execute("COMMIT")
            except BaseException:
                self.memo.clear()
                self._tip = None
                # After some errors SQLite has already rolled back by itself.
                if self.conn.in_transaction:
                    self.conn.execute("ROLLBACK")
                raise
        except sqlite3.IntegrityError as err:
            raise OrderRefused("ledger_refused", rule=str(err)) from err
        except sqlite3.DatabaseError as err:
            raise LedgerBroken(
                LedgerFault.UNWRITABLE, str(err), needs_restart=disk_failed(err)
            ) from err
        self.bear_witness()

    def add(self, now: datetime, entry: Entry) -> None:
        """Write one entry inside an open transaction."""
        self.memo.forget(*_touched(entry))
        rows = [(table, self._upsert(table, row)) for table, row in entry.rows]
        seq, previous = self.last_event()
        data = encode({**(entry.details or {}), "rows": rows})
        fields = (
            seq + 1,
            seconds(now),
            None if entry.effective_at is None else seconds(entry.effective_at),
            entry.sim,
            entry.order_id,
            entry.type.value,
            entry.actor,
            data,
        )
        digest = link(previous, *fields)
        self.conn.execute(
            "INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?)", (*fields, digest)
        )
        self._tip = (seq + 1, digest)
        if entry.type in TOLD and not entry.quiet:
            self.conn.execute(
                "INSERT INTO told VALUES (?,?,NULL)", (seq + 1, HOUSEHOLD)
            )

    def last_event(self) -> tuple[int, bytes]:
        """Return number and hash of the newest event."""
        if self._tip is None:
            try:
                self._tip = self.conn.execute(
                    "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1"
                ).fetchone()
            except sqlite3.DatabaseError as err:
                raise _unreadable(err) from err
        return self._tip or (0, GENESIS)

    def rows(self, sql: str, *values: Value) -> list[Row]:
        """Run a query and return its rows as mappings."""
        try:
            cursor = self.conn.execute(sql, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]
        except sqlite3.DatabaseError as err:
            raise _unreadable(err) from err

    def row(self, sql: str, *values: Value) -> Row | None:
        """Run a query and return its first row."""
        found = self.rows(sql, *values)
        return found[0] if found else None

    def value(self, sql: str, *values: Value) -> Value:
        """Run a query and return the first value of its first row."""
        try:
            found = self.conn.execute(sql, values).fetchone()
        except sqlite3.DatabaseError as err:
            raise _unreadable(err) from err
        return None if found is None else found[0]

    def next_id(self, table: str) -> int:
        """Return the next free id of a table; only inside a transaction."""
        sql = f"SELECT coalesce(max(id), 0) + 1 FROM {table}"  # noqa: S608 - a name of ours
        return int(self.value(sql) or 0)

    def _upsert(self, table: str, row: Row) -> Row:
        """Write a row; return the columns that its event has to tell."""
        keys = PRIMARY_KEYS[table]
        # Names of tables and columns are ours; only values come from outside.
        assign = ", ".join(f"{name} = ?" for name in row)
        found = " AND ".join(f"{name} = ?" for name in keys)
        sql = f"UPDATE {table} SET {assign} WHERE {found}"  # noqa: S608
        values = [*row.values(), *(row[name] for name in keys)]
        if self.conn.execute(sql, values).rowcount:
            return row
        named: Row = {name: value for name, value in row.items() if value is not None}
        names, marks = ",".join(named), ",".join("?" * len(named))
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608
        self.conn.execute(sql, list(named.values()))
        return named

    def bear_witness(self) -> None:
        """Note beside the file how far it has come."""
        if self._witness is None:
            return
        try:
            self._witness.write(self.last_event()[0])
        except OSError as err:
            raise LedgerBroken(LedgerFault.UNWRITABLE, str(err)) from err

    def close(self) -> None:
        """Close the file and its witness."""
        self.conn.close()
        if self._witness is not None:
            self._witness.close()
