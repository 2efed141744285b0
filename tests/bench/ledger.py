"""What the ledger costs, beside bare SQLite on the same disk."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sqlite3
from statistics import median
from time import perf_counter

from custom_components.sim_keeper.keeper.ledger import (
    Closing,
    Delivery,
    EventType,
    Hold,
    Ledger,
    NewOrder,
)
from custom_components.sim_keeper.keeper.ledger.file import connect
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Origin, State

START = datetime(2026, 1, 1, tzinfo=UTC)
EPOCH = "BENCHBENCH"
LIVES = 40
ORDERS = 10_000


def order_life(folder: Path) -> tuple[float, float]:
    """Return the seconds of an order's life and of five bare commits of the same rows.

    Both write to the same disk in turns, so that its moods fall on both.
    """
    ledger = _ledger(folder / "life.db")
    bare = connect(folder / "bare.db")
    bare.execute("CREATE TABLE plain(id INTEGER PRIMARY KEY, a, b, c, d)")
    lives: list[float] = []
    commits: list[float] = []
    for number in range(LIVES):
        lives.append(_timed(lambda n=number: _live(ledger, n)))  # type: ignore[misc]
        commits.append(_timed(lambda: _five_commits(bare)))
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


def _five_commits(conn: sqlite3.Connection) -> None:
    """Write rows of the same size as an order's life does, with nothing around them."""
    text = "x" * 300
    for _ in range(5):
        conn.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            conn.execute(
                "INSERT INTO plain(a, b, c, d) VALUES (?, ?, ?, ?)", (1, 2, text, text)
            )
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
