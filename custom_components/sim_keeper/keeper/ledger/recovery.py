"""The way back from a ledger that is missing or damaged. Nothing is ever deleted.

The successor is finished beside the file before the file is moved aside and the successor takes
its place. Whenever the process dies in between, the next start finds the old file, or none with
traces of one (and freezes), or a successor that says of itself that it is restored.
"""

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
import shutil
import sqlite3

from ..errors import LedgerBroken, LedgerFault, OrderRefused
from ..orders import IN_FLIGHT
from . import file
from .book import Book
from .ledger import Ledger
from .records import RestoredFrom, moment
from .settings import STOPPED

_SUCCESSOR = ".successor"
_COMPANIONS = ("-journal", "-wal", "-shm")
"""What SQLite may have left beside a file. It would be taken for part of the successor."""
_REPLACEABLE = (LedgerFault.MISSING, LedgerFault.DAMAGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a file still says of itself."""

    orders: int
    in_flight: int
    """Orders that may have been paid without the ledger knowing."""
    newest_event_at: datetime | None
    stopped: bool
    """All spending was stopped by a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What there is to go on from."""

    exists: bool
    contents: Contents | None
    """Of the ledger's file, sound or not; None when it cannot be read."""
    has_snapshot: bool
    snapshot: Contents | None
    """Of the snapshot; None when it is not sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A SIM that the household has, whatever a ledger knows of it."""

    epoch: str
    number: str
    zone: str


def survey(path: Path) -> Findings:
    """Look at what lies there, without changing or refusing anything."""
    snapshot = file.snapshot_path(path)
    return Findings(
        exists=path.exists(),
        contents=_contents(path, sound=False),
        has_snapshot=snapshot.exists(),
        snapshot=_contents(snapshot, sound=True),
    )


def put_back_snapshot(path: Path, now: datetime) -> Ledger:
    """Let a copy of the snapshot take the place of a file that is missing or damaged.

    A file that turns out to be sound stays and is opened. Raises OrderRefused when there is no
    sound snapshot or the disk refuses, and LedgerBroken.
    """
    make = partial(_from_snapshot, path, now=now)
    return _replaced(path, make, now)


def begin_anew(
    path: Path, lines: Sequence[Line], fresh_uuid: str, now: datetime
) -> Ledger:
    """Let an empty ledger take the place of a file that is missing or damaged.

    Nobody knows which keys of the lines were used, so all of them end: each line needs a new
    epoch. A file that turns out to be sound stays and is opened. Raises OrderRefused when the
    disk refuses, and LedgerBroken.
    """
    make = partial(_from_nothing, path, lines=lines, fresh_uuid=fresh_uuid, now=now)
    return _replaced(path, make, now)


def _replaced(path: Path, make: Callable[[Path], None], now: datetime) -> Ledger:
    if (sound := _sound(path, now)) is not None:
        return sound
    successor = path.with_name(path.name + _SUCCESSOR)
    try:
        _discard(successor)
        make(successor)
        file.sync(successor)
        _set_aside(path, now)
        # Were the successor to arrive before what was beside the file has gone, a journal of
        # the old one could be played into it.
        file.sync(path.parent)
        successor.replace(path)
        file.sync(path.parent)
        file.witness_path(path).unlink(missing_ok=True)
    except (OSError, sqlite3.Error, LedgerBroken) as err:
        with suppress(OSError):
            _discard(successor)
        raise OrderRefused("ledger_not_replaced", error=str(err)) from err
    return Ledger.open(path, expected=True, fresh_uuid="", now=now)


def _sound(path: Path, now: datetime) -> Ledger | None:
    try:
        return Ledger.open(path, expected=True, fresh_uuid="", now=now)
    except LedgerBroken as err:
        if err.fault not in _REPLACEABLE:
            raise
        return None


def _from_snapshot(path: Path, target: Path, *, now: datetime) -> None:
    if _contents(file.snapshot_path(path), sound=True) is None:
        raise OrderRefused("snapshot_unusable")
    shutil.copyfile(file.snapshot_path(path), target)
    stopped = _was_stopped(path)
    with closing(file.connect(target)) as conn:
        file.check(conn, target)
        _mark(
            Ledger(Book(conn, None), restored=True), stopped, now, RestoredFrom.SNAPSHOT
        )


def _from_nothing(
    path: Path, target: Path, *, lines: Sequence[Line], fresh_uuid: str, now: datetime
) -> None:
    stopped = _was_stopped(path) or _was_stopped(file.snapshot_path(path))
    with closing(file.connect(target)) as conn:
        file.create(conn, fresh_uuid)
        ledger = Ledger(Book(conn, None), restored=True)
        for line in lines:
            ledger.add_lost_sim(line.epoch, line.number, line.zone, now)
        _mark(ledger, stopped, now, RestoredFrom.NOTHING)


def _mark(ledger: Ledger, stopped: bool, now: datetime, source: RestoredFrom) -> None:
    """Let a ledger say of itself that it is restored. A stop, as far as known, stays."""
    if stopped:
        ledger.set_setting(STOPPED, "on", "keeper", now)
    ledger.note_restored(now, source)


def _was_stopped(path: Path) -> bool:
    contents = _contents(path, sound=False)
    return contents is not None and contents.stopped


def _set_aside(path: Path, now: datetime) -> None:
    """Move the file, and after it what belongs to it, out of the way."""
    aside = file.aside_path(path, now)
    for suffix in ("", *_COMPANIONS):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))


def _discard(successor: Path) -> None:
    """Remove a successor that never took its place."""
    for suffix in ("", *_COMPANIONS):
        successor.with_name(successor.name + suffix).unlink(missing_ok=True)


def _contents(path: Path, *, sound: bool) -> Contents | None:
    """Read what a file says; None when it cannot be read or, where asked for, is not sound."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as conn:
            if sound:
                file.check(conn, path)
            return _read(conn)
    except sqlite3.Error, LedgerBroken, OSError, ValueError, TypeError, OverflowError:
        return None


def _read(conn: sqlite3.Connection) -> Contents:
    marks = ",".join("?" * len(IN_FLIGHT))
    orders, in_flight = conn.execute(
        "SELECT count(*), count(*) FILTER (WHERE state IN"  # noqa: S608 - only marks
        f" ({marks})) FROM orders",
        [state.value for state in IN_FLIGHT],
    ).fetchone()
    (newest,) = conn.execute("SELECT max(at) FROM event").fetchone()
    stop = conn.execute(
        "SELECT value FROM setting WHERE name = ?", (STOPPED,)
    ).fetchone()
    return Contents(
        orders=orders,
        in_flight=in_flight,
        newest_event_at=None if newest is None else moment(newest),
        stopped=stop == ("on",),
    )
