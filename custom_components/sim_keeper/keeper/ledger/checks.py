"""SQLite's own check of the file, beside the walk along the hash chain."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import sqlite3

from .chain import find_break


def find_flaw(conn: sqlite3.Connection, path: Path | None) -> str | None:
    """Return what is wrong with a ledger, or None. `path` is None for one in memory.

    SQLite checks the file through a handle of its own while we walk the chain: it needs as long
    as we do, and no lock that closing it could drop is held meanwhile.
    """
    if path is None:
        return _check(conn) or find_break(conn)
    with ThreadPoolExecutor(1, thread_name_prefix="sim_keeper_check") as pool:
        checked = pool.submit(_check_file, path)
        try:
            broken = find_break(conn)
        except (sqlite3.Error, ValueError, TypeError, KeyError) as err:
            broken = f"unreadable: {type(err).__name__}"
        return checked.result() or broken


def _check_file(path: Path) -> str | None:
    conn = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        return _check(conn)
    except sqlite3.DatabaseError as err:
        return f"integrity_check: {err}"
    finally:
        conn.close()


def _check(conn: sqlite3.Connection) -> str | None:
    (word,) = conn.execute("PRAGMA integrity_check(1)").fetchone()
    return None if word == "ok" else f"integrity_check: {word}"
