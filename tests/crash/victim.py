"""Processes that live an order's life, and are killed on their way.

    python -m tests.crash.victim FOLDER FAULT MINUTES

FAULT is what the vendor does at the first purchase ("none": it sells), MINUTES is how long they live.
Each has a folder of its own. That of the first, which is not killed, is named 0; those of the others
by the number of the place, from 1 on, that they were killed at.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import closing
from datetime import timedelta
import os
from pathlib import Path
import signal
import sqlite3
import sys
from typing import Any, override

from ..simulation.lean import import_lean

import_lean()

from ..keeper.model_world import Fault, a_sim, expiring_in  # noqa: E402 - found only now
from .outside import LastingWorld, Outside  # noqa: E402

NEVER = 0


class MortalConnection(sqlite3.Connection):
    """A connection that tells when it comes to a commit, and when that is done."""

    world: MortalWorld | None = None

    @override
    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if sql != "COMMIT" or self.world is None:
            return super().execute(sql, parameters)
        self.world.pass_point("before COMMIT")
        cursor = super().execute(sql, parameters)
        self.world.pass_point("after COMMIT")
        return cursor


class MortalWorld(LastingWorld):
    """A world that kills the process at a point."""

    def __init__(self, folder: Path, last: int) -> None:
        """Open everything; the points count from now on."""
        super().__init__(folder)
        self._left = last
        conn = self.ledger._book.conn
        assert isinstance(conn, MortalConnection)
        conn.world = self

    @override
    def pass_point(self, name: str) -> None:
        super().pass_point(name)
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


async def _live(fault: str, minutes: int, folder: Path, last: int) -> int:
    """Begin with a SIM whose recharge is due at once, let some time pass, and count the points."""
    world = MortalWorld(folder, last)
    world.vendor.faults = [] if fault == "none" else [Fault(fault)]
    with closing(world.ledger):
        await world.begin(a_sim(), typed=expiring_in(4))
        await world.pass_time(timedelta(minutes=minutes))
    return len(Outside.read(folder).points)


def _killed(life: Coroutine[Any, Any, int]) -> bool:
    """Live in a process of its own; tell whether it was killed."""
    child = os.fork()
    if child == 0:
        asyncio.run(life)
        os._exit(0)
    life.close()
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def main(folder: Path, fault: str, minutes: int) -> int:
    """Have one process live, and others die at each point that it came by."""
    connect = sqlite3.connect

    def mortal(target: Path | str, **options: Any) -> sqlite3.Connection:
        return connect(target, factory=MortalConnection, **options)

    sqlite3.connect = mortal  # type: ignore[assignment]

    def life(last: int) -> Coroutine[Any, Any, int]:
        place = folder / str(last)
        place.mkdir()
        return _live(fault, minutes, place, last)

    points = asyncio.run(life(NEVER))
    return int(not all(_killed(life(last)) for last in range(1, points + 1)))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
