"""The ledger as a whole: opened, checked, closed."""

from datetime import datetime, timedelta
from pathlib import Path
import sqlite3

from ..errors import LedgerBroken, LedgerFault
from . import file
from .book import Book, disk_failed
from .records import moment
from .registry import Registry
from .schema import VERSION

# An event is written every day; without one for longer, time has passed that we know nothing of.
SILENCE_MAX = timedelta(hours=26)


class Ledger(Registry):
    """The memory of all money. Use it from one thread only."""

    def __init__(self, book: Book, *, restored: bool) -> None:
        """Take over an open book; use `open` or `in_memory`."""
        super().__init__(book)
        self.restored = restored
        """The file does not continue where its witness last saw it."""

    @classmethod
    def open(
        cls, path: Path, *, expected: bool, fresh_uuid: str, now: datetime
    ) -> Ledger:
        """Open the file, or make it where none is expected. Raises LedgerBroken.

        `expected` tells that a ledger existed before: then a missing file is not an empty one.
        """
        witness = file.read_witness(path)
        expected = expected or witness is not None or file.has_traces(path)
        if expected and not _has_content(path):
            raise LedgerBroken(LedgerFault.MISSING, "the file is gone")
        opened: sqlite3.Connection | Book | None = None
        try:
            opened = conn = file.connect(path)
            exists = _is_begun(conn, expected=expected)
            if not exists:
                file.create(conn, fresh_uuid)
            file.check(conn, path)
            # A file that can only be read is found out now, not when the first order is due.
            conn.execute(f"PRAGMA user_version = {VERSION}")
            opened = book = Book(conn, path)
            if not exists:
                book.bear_witness()
            restored = exists and time_travelled(book, witness, now)
            ledger = cls(book, restored=restored)
            if restored:
                ledger.note_restored(now)
        except (sqlite3.Error, ValueError, LedgerBroken) as err:
            if opened is not None:
                opened.close()
            if isinstance(err, LedgerBroken):
                raise
            unwritable = isinstance(err, sqlite3.OperationalError)
            fault = LedgerFault.UNWRITABLE if unwritable else LedgerFault.DAMAGED
            raise LedgerBroken(fault, str(err), needs_restart=disk_failed(err)) from err
        return ledger

    @classmethod
    def in_memory(cls, fresh_uuid: str = "memory") -> Ledger:
        """Make a ledger that lives as long as the process."""
        conn = file.connect(":memory:")
        file.create(conn, fresh_uuid)
        return cls(Book(conn, None), restored=False)

    def close(self) -> None:
        """Close the file."""
        self._book.close()

    def snapshot(self) -> None:
        """Lay a sound copy beside the file: the live one may be torn by whoever copies it."""
        if self._book.path is not None:
            file.write_snapshot(self._book.conn, self._book.path)

    def find_damage(self) -> str | None:
        """Check rules, file, chain and rows; return what is wrong, or None."""
        return file.find_damage(self._book.conn, self._book.path)


def _is_begun(conn: sqlite3.Connection, *, expected: bool) -> bool:
    """Tell whether there is a ledger in the file; a creation that was cut off is rolled back."""
    (pages,) = conn.execute("PRAGMA page_count").fetchone()
    if expected and not pages:
        raise LedgerBroken(LedgerFault.MISSING, "the file is empty")
    return bool(pages)


def _has_content(path: Path) -> bool:
    """Tell whether a ledger was begun: a process may die before its first commit."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def time_travelled(book: Book, witness: tuple[str, int] | None, now: datetime) -> bool:
    """Tell whether the file is older than the last that was seen of it."""
    if witness is None or witness[0] != book.uuid or witness[1] > book.last_event()[0]:
        return True
    newest = book.value("SELECT max(at) FROM event")
    return newest is not None and now - moment(newest) > SILENCE_MAX
