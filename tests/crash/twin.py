"""A connection of the ledger whose every statement is run on a modelled disk as well."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
import sqlite3
from typing import Any, override
from unittest.mock import patch

import apsw

from .disk import Disk


@contextmanager
def twinned(disk: Disk) -> Iterator[None]:
    """Have each file that is opened to be written mirrored on a disk."""
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def mirrored(target: Path | str, **options: Any) -> sqlite3.Connection:
        if options.get("uri") or target == ":memory:":
            return connect(target, **options)
        conn = connect(target, factory=Twin, **options)
        assert isinstance(conn, Twin)
        conn.mirror = apsw.Connection(Path(target).name, vfs=disk.name)
        return conn

    with patch.object(sqlite3, "connect", mirrored):
        yield


class Twin(sqlite3.Connection):
    """Answers like any other connection, from its own file."""

    mirror: apsw.Connection

    @override
    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        cursor = super().execute(sql, parameters)
        self.mirror.execute(sql, parameters).fetchall()
        return cursor

    @override
    def executescript(self, sql_script: str, /) -> sqlite3.Cursor:
        cursor = super().executescript(sql_script)
        self.mirror.execute(sql_script).fetchall()
        return cursor

    @override
    def close(self) -> None:
        self.mirror.close()
        super().close()
