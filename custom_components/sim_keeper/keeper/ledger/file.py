"""The ledger's file: opened with asserted pragmas, checked, witnessed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from glob import escape
import json
import os
from pathlib import Path
import sqlite3
import sys

from ..errors import LedgerBroken, LedgerFault
from .checks import find_flaw
from .schema import APPLICATION_ID, LEGAL_ROWS, TABLES, TRIGGERS, VERSION

# Home Assistant's core and Supervisor both leave "*.log" out of their backups, so the witness
# does not travel with a restored ledger. That is its whole purpose.
_WITNESS_SUFFIX = ".witness.log"
_ASIDE = ".damaged-"

_EXTRA = 3
_PRAGMAS: Mapping[str, object] = {
    "journal_mode": "delete",
    "synchronous": _EXTRA,
    "foreign_keys": 1,
    "recursive_triggers": 1,
    "trusted_schema": 0,
    **({"fullfsync": 1} if sys.platform == "darwin" else {}),
}


def witness_path(path: Path) -> Path:
    """Return where the witness of a ledger lies."""
    return path.with_name(path.name + _WITNESS_SUFFIX)


def connect(path: Path | str) -> sqlite3.Connection:
    """Open a database and assert that every pragma took effect."""
    conn = sqlite3.connect(path, autocommit=True, timeout=10, check_same_thread=False)
    try:
        for name, value in _PRAGMAS.items():
            _set(conn, name, value)
    except BaseException:
        conn.close()
        raise
    return conn


def _set(conn: sqlite3.Connection, name: str, value: object) -> None:
    conn.execute(f"PRAGMA {name} = {value}")
    (actual,) = conn.execute(f"PRAGMA {name}").fetchone()
    # A database in memory has no journal to delete.
    if actual != value and not (name == "journal_mode" and actual == "memory"):
        raise LedgerBroken(LedgerFault.UNWRITABLE, f"pragma {name} is {actual}")


def create(conn: sqlite3.Connection, ledger_uuid: str) -> None:
    """Make all tables and rules in one transaction."""
    legal = ",".join(f"('{a}','{b}')" for a, b in LEGAL_ROWS)
    # Every part is a text of ours; nothing comes from outside.
    conn.executescript(
        f"BEGIN IMMEDIATE;{TABLES}INSERT INTO legal VALUES {legal};"  # noqa: S608
        f"INSERT INTO meta VALUES ('uuid', '{ledger_uuid}');{TRIGGERS}"
        f"PRAGMA application_id = {APPLICATION_ID};PRAGMA user_version = {VERSION};COMMIT;"
    )


def find_damage(conn: sqlite3.Connection, path: Path | None = None) -> str | None:
    """Check rules, file, chain and rows; return what is wrong first, or None."""
    try:
        if _rules_in(conn) != _rules():
            return "rules: not those of this version"
        return find_flaw(conn, path)
    except (sqlite3.Error, ValueError) as err:
        # Sqlite's own messages can be unreadable when they quote a damaged file.
        return str(err)


def check(conn: sqlite3.Connection, path: Path) -> None:
    """Raise LedgerBroken when the file is not ours, newer than the code, or damaged."""
    (application,) = conn.execute("PRAGMA application_id").fetchone()
    (version,) = conn.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise LedgerBroken(LedgerFault.DAMAGED, "not a SIM Keeper ledger")
    if version > VERSION:
        raise LedgerBroken(
            LedgerFault.NEWER, f"version {version}, code knows {VERSION}"
        )
    if damage := find_damage(conn, path):
        raise LedgerBroken(LedgerFault.DAMAGED, damage)


def _rules_in(conn: sqlite3.Connection) -> frozenset[tuple[str | None, ...]]:
    # A flipped bit in a trigger or a legal move would silently weaken the database.
    return frozenset(
        conn.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master"
            " UNION ALL SELECT 'legal', a, b, NULL FROM legal"
        )
    )


@cache
def _rules() -> frozenset[tuple[str | None, ...]]:
    conn = sqlite3.connect(":memory:", autocommit=True)
    create(conn, "reference")
    rules = _rules_in(conn)
    conn.close()
    return rules


def read_witness(path: Path) -> tuple[str, int] | None:
    """Return the ledger's uuid and last event as the witness saw them, if it speaks."""
    try:
        seen = json.loads(witness_path(path).read_text(encoding="utf-8"))
        return str(seen["uuid"]), int(seen["seq"])
    except OSError, ValueError, TypeError, KeyError:
        return None


class Witness:
    """Notes the last event beside a ledger, in place and not synced.

    It is written at each commit: a rename would cost as much as a quarter of that, and to open it
    anew each time a tenth. A witness that lags, is torn or lost only makes us careful.
    """

    def __init__(self, path: Path, ledger_uuid: str) -> None:
        """Bear witness of the ledger at a path."""
        self._path = witness_path(path)
        self._uuid = ledger_uuid
        self._handle: int | None = None

    def write(self, seq: int) -> None:
        """Note an event. Raises OSError."""
        text = json.dumps({"uuid": self._uuid, "seq": seq}).encode()
        if self._handle is not None and not os.fstat(self._handle).st_nlink:
            # Somebody has tidied it away.
            self.close()
        if self._handle is None:
            self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o644)
            # That of another ledger may be longer; our own only grows.
            os.ftruncate(self._handle, len(text))
        os.pwrite(self._handle, text, 0)

    def close(self) -> None:
        """Let the file go."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def snapshot_path(path: Path) -> Path:
    """Return where the sound copy of a ledger lies."""
    return path.with_name(path.name + ".snapshot")


def aside_path(path: Path, now: datetime) -> Path:
    """Return a free place beside a ledger for a file of it that cannot be used."""
    stem = f"{path.name}{_ASIDE}{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    aside, number = path.with_name(stem), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{stem}-{number}")
    return aside


def has_traces(path: Path) -> bool:
    """Tell whether something beside the file shows that there was a ledger."""
    asides = path.parent.glob(f"{escape(path.name)}{_ASIDE}*")
    return snapshot_path(path).exists() or any(asides)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_snapshot(conn: sqlite3.Connection, path: Path) -> None:
    """Write a copy that is whole, durable, and replaces the last one at once."""
    target = snapshot_path(path)
    fresh = target.with_name(target.name + ".new")
    fresh.unlink(missing_ok=True)
    conn.execute("VACUUM INTO ?", (str(fresh),))
    sync(fresh)
    fresh.replace(target)
