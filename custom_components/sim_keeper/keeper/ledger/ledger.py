"""The ledger as a whole: opened, checked, closed."""

from datetime import datetime, timedelta
from pathlib import Path
import sqlite3

from ..errors import LedgerBroken, LedgerFault
from . import file
from .book import Book
from .chain import find_damage
from .records import moment
from .registry import Registry

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
        exists = path.exists()
        if not exists and (expected or witness is not None):
            raise LedgerBroken(LedgerFault.MISSING, "the file is gone")
        try:
            conn = file.connect(path)
            if not exists:
                file.create(conn, fresh_uuid)
            file.check(conn)
            (uuid,) = conn.execute(
                "SELECT value FROM meta WHERE name = 'uuid'"
            ).fetchone()
        except sqlite3.OperationalError as err:
            raise LedgerBroken(LedgerFault.UNWRITABLE, str(err)) from err
        except sqlite3.DatabaseError as err:
            raise LedgerBroken(LedgerFault.DAMAGED, str(err)) from err
        book = Book(conn, path, uuid)
        restored = exists and _time_travelled(book, uuid, witness, now)
        ledger = cls(book, restored=restored)
        if restored:
            ledger.note_restored(now)
        return ledger

    @classmethod
    def in_memory(cls, fresh_uuid: str = "memory") -> Ledger:
        """Make a ledger that lives as long as the process."""
        conn = file.connect(":memory:")
        file.create(conn, fresh_uuid)
        return cls(Book(conn, None, fresh_uuid), restored=False)

    def close(self) -> None:
        """Close the file."""
        self._book.conn.close()

    def find_damage(self) -> str | None:
        """Check file, chain and rows; return what is wrong, or None."""
        try:
            return find_damage(self._book.conn)
        except sqlite3.DatabaseError as err:
            return str(err)


def _time_travelled(
    book: Book, uuid: str, witness: tuple[str, int] | None, now: datetime
) -> bool:
    """Tell whether the file is older than the last that was seen of it."""
    if witness is None or witness[0] != uuid or witness[1] > book.last_event()[0]:
        return True
    newest = book.value("SELECT max(at) FROM event")
    return newest is not None and now - moment(newest) > SILENCE_MAX
