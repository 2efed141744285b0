"""Ledgers that tests open are closed after them."""

from collections.abc import Iterator
from pathlib import Path
import sqlite3

import pytest

from custom_components.sim_keeper.keeper.ledger import file


@pytest.fixture(autouse=True)
def close_ledgers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what a test leaves open."""
    opened: list[sqlite3.Connection] = []
    connect = file.connect

    def noted(path: Path | str) -> sqlite3.Connection:
        conn = connect(path)
        opened.append(conn)
        return conn

    monkeypatch.setattr(file, "connect", noted)
    yield
    for conn in opened:
        conn.close()
