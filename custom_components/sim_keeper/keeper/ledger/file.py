"""The ledger's file: opened with asserted pragmas, checked, witnessed."""

from collections.abc import Mapping
import json
import os
from pathlib import Path
import sqlite3
import sys

from ..errors import LedgerBroken, LedgerFault
from .chain import find_damage
from .schema import APPLICATION_ID, LEGAL_ROWS, TABLES, TRIGGERS, VERSION

# Home Assistant's core and Supervisor both leave "*.log" out of their backups, so the witness
# does not travel with a restored ledger. That is its whole purpose.
_WITNESS_SUFFIX = ".witness.log"

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
    for name, value in _PRAGMAS.items():
        conn.execute(f"PRAGMA {name} = {value}")
        (actual,) = conn.execute(f"PRAGMA {name}").fetchone()
        # A database in memory has no journal to delete.
        if actual != value and not (name == "journal_mode" and actual == "memory"):
            conn.close()
            raise LedgerBroken(LedgerFault.UNWRITABLE, f"pragma {name} is {actual}")
    return conn


def create(conn: sqlite3.Connection, ledger_uuid: str) -> None:
    """Make all tables and rules in one transaction."""
    legal = ",".join(f"('{a}','{b}')" for a, b in LEGAL_ROWS)
    # Every part is a text of ours; nothing comes from outside.
    conn.executescript(
        f"BEGIN IMMEDIATE;{TABLES}INSERT INTO legal VALUES {legal};"  # noqa: S608
        f"INSERT INTO meta VALUES ('uuid', '{ledger_uuid}');{TRIGGERS}"
        f"PRAGMA application_id = {APPLICATION_ID};PRAGMA user_version = {VERSION};COMMIT;"
    )


def check(conn: sqlite3.Connection) -> None:
    """Raise LedgerBroken when the file is not ours, newer than the code, or damaged."""
    (application,) = conn.execute("PRAGMA application_id").fetchone()
    (version,) = conn.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise LedgerBroken(LedgerFault.DAMAGED, "not a SIM Keeper ledger")
    if version > VERSION:
        raise LedgerBroken(
            LedgerFault.NEWER, f"version {version}, code knows {VERSION}"
        )
    if damage := find_damage(conn):
        raise LedgerBroken(LedgerFault.DAMAGED, damage)


def read_witness(path: Path) -> tuple[str, int] | None:
    """Return the ledger's uuid and last event as the witness saw them, if it speaks."""
    try:
        seen = json.loads(witness_path(path).read_text(encoding="utf-8"))
        return str(seen["uuid"]), int(seen["seq"])
    except OSError, ValueError, TypeError, KeyError:
        return None


def write_witness(path: Path, ledger_uuid: str, seq: int) -> None:
    """Note the last event. Not synced: a witness that lags or is lost only makes us careful."""
    target = witness_path(path)
    fresh = target.with_name(target.name + ".new")
    fresh.write_text(json.dumps({"uuid": ledger_uuid, "seq": seq}), encoding="utf-8")
    fresh.replace(target)


def snapshot_path(path: Path) -> Path:
    """Return where the sound copy of a ledger lies."""
    return path.with_name(path.name + ".snapshot")


def write_snapshot(conn: sqlite3.Connection, path: Path) -> None:
    """Write a copy that is whole, durable, and replaces the last one at once."""
    target = snapshot_path(path)
    fresh = target.with_name(target.name + ".new")
    fresh.unlink(missing_ok=True)
    conn.execute("VACUUM INTO ?", (str(fresh),))
    with fresh.open("rb+") as copy:
        os.fsync(copy.fileno())
    fresh.replace(target)
