"""What the ledger costs, beside bare SQLite on the same disk."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
import json
from pathlib import Path
import sqlite3
from statistics import median
from time import perf_counter
from typing import Any

from custom_components.sim_keeper.keeper.ledger import (
    Closing,
    Delivery,
    EventType,
    Hold,
    Ledger,
    NewOrder,
)
from custom_components.sim_keeper.keeper.ledger.file import connect, create
from custom_components.sim_keeper.keeper.ledger.schema import PRIMARY_KEYS
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Origin, State

START = datetime(2026, 1, 1, tzinfo=UTC)
EPOCH = "BENCHBENCH"
LIVES = 40
ORDERS = 10_000
_KEYS = {**PRIMARY_KEYS, "event": ("seq",), "told": ("event_seq", "target")}

type Statement = tuple[str, tuple[Any, ...]]


def order_life(folder: Path) -> tuple[float, float]:
    """Return the seconds of an order's life and of five bare commits of the same rows.

    Both write to the same disk in turns, so that its moods fall on both.
    """
    ledger = _ledger(folder / "life.db")
    bare = _bare_tables(folder / "bare.db")
    lives: list[float] = []
    commits: list[float] = []
    for number in range(LIVES):
        seen = ledger.last_event()
        lives.append(_timed(lambda n=number: _live(ledger, n)))  # type: ignore[misc]
        rows = _written_since(ledger, seen)
        assert len(rows) == 5
        commits.append(_timed(lambda r=rows: _commit_each(bare, r)))  # type: ignore[misc]
    ledger.close()
    bare.close()
    return median(lives), median(commits)


def start_checks(folder: Path) -> tuple[float, float]:
    """Return the seconds of the checks of a large ledger, and of a bare integrity check."""
    path = folder / "large.db"
    ledger = _ledger(path)
    # Only what stands in the file matters here; syncing each row of it does not.
    ledger._book.conn.execute("PRAGMA synchronous = OFF")
    for number in range(ORDERS):
        _live(ledger, number)
    ledger.close()
    checks = [_timed(lambda: _open(path)) for _ in range(3)]
    plain = [_timed(lambda: _bare_check(path)) for _ in range(3)]
    return median(checks), median(plain)


def _ledger(path: Path) -> Ledger:
    ledger = Ledger.open(path, expected=False, fresh_uuid="bench", now=START)
    ledger.add_sim(EPOCH, "+10000000000", "UTC", START)
    return ledger


def _live(ledger: Ledger, number: int) -> None:
    """Live an order's whole life in five commits: asked, approved, sent, pending, confirmed."""
    now = START + timedelta(hours=number)
    price = Money(100, "USD")
    new = NewOrder(
        sim=EPOCH,
        origin=Origin.RULE,
        ceiling=price,
        why={"reason": "due", "rules": ["days_before"]},
        account="bench",
        product="any",
        body={"amount": "1.00"},
        value=price,
        price=price,
    )
    hold = Hold(scope=f"sim:{EPOCH}", period=f"{number}", currency="USD", cap=200)
    order = ledger.ask(new, "keeper", now)
    ledger.approve(order.id, new, [hold], "user:bench", now)
    ledger.begin_send(order.id, "keeper", now)
    ledger.move(
        order.id,
        Closing(to=State.PENDING, type=EventType.PENDING, reference="1"),
        "keeper",
        now,
    )
    delivery = Delivery(cost=price, cost_exact="1.00", reference="1")
    ledger.confirm(order.id, delivery, [], "keeper", now)


def _bare_tables(path: Path) -> sqlite3.Connection:
    """Make the tables of a ledger with their keys and nothing else: no rules, no indexes."""
    conn = connect(path)
    for table, keys in _KEYS.items():
        columns = ",".join(_columns(table))
        conn.execute(f"CREATE TABLE {table}({columns}, PRIMARY KEY({','.join(keys)}))")
    return conn


@cache
def _columns(table: str) -> tuple[str, ...]:
    with closing(connect(":memory:")) as conn:
        create(conn, "bench")
        return tuple(row[1] for row in conn.execute(f"PRAGMA table_info({table})"))


def _written_since(ledger: Ledger, seen: int) -> list[list[Statement]]:
    """Return, by commit, the statements that write what the newest events tell of."""
    conn = ledger._book.conn
    commits: list[list[Statement]] = []
    events = conn.execute("SELECT * FROM event WHERE seq > ?", (seen,)).fetchall()
    told = dict(conn.execute("SELECT event_seq, target FROM told"))
    born: set[tuple[object, ...]] = set()
    for event in events:
        rows = json.loads(event[_columns("event").index("data")])["rows"]
        changes = [_statement(table, row, born) for table, row in rows]
        changes.append(
            _insert("event", dict(zip(_columns("event"), event, strict=True)))
        )
        if event[0] in told:
            changes.append(
                _insert("told", {"event_seq": event[0], "target": told[event[0]]})
            )
        commits.append(changes)
    return commits


def _statement(
    table: str, row: dict[str, object], born: set[tuple[object, ...]]
) -> Statement:
    """Return the insertion of a row that is new, or else its update."""
    keys = _KEYS[table]
    key = (table, *(row[name] for name in keys))
    if key not in born:
        born.add(key)
        return _insert(table, row)
    assign = ",".join(f"{name} = ?" for name in row)
    found = " AND ".join(f"{name} = ?" for name in keys)
    sql = f"UPDATE {table} SET {assign} WHERE {found}"  # noqa: S608 - names of ours
    return sql, (*row.values(), *key[1:])


def _insert(table: str, row: dict[str, object]) -> Statement:
    marks = ",".join("?" * len(row))
    sql = f"INSERT INTO {table}({','.join(row)}) VALUES ({marks})"  # noqa: S608 - names of ours
    return sql, tuple(row.values())


def _commit_each(conn: sqlite3.Connection, commits: list[list[Statement]]) -> None:
    for statements in commits:
        conn.execute("BEGIN IMMEDIATE")
        for sql, values in statements:
            conn.execute(sql, values)
        conn.execute("COMMIT")


def _open(path: Path) -> None:
    later = START + timedelta(hours=ORDERS)
    Ledger.open(path, expected=True, fresh_uuid="bench", now=later).close()


def _bare_check(path: Path) -> None:
    conn = connect(path)
    conn.execute("PRAGMA integrity_check(1)").fetchall()
    conn.close()


def _timed(work: Callable[[], None]) -> float:
    begin = perf_counter()
    work()
    return perf_counter() - begin
