"""The values, keys and indexes of the database, and the ways around its rules."""

from itertools import product
import re
import sqlite3

import pytest

from custom_components.sim_keeper.keeper.ledger import EventType
from custom_components.sim_keeper.keeper.ledger.schema import PRIMARY_KEYS, TABLES
from custom_components.sim_keeper.keeper.orders import State

from ..builders import EPOCH, NOW
from .breaking import (
    ATTEMPT,
    HOLD,
    KEY,
    ORDER,
    SHA,
    asked_task_ledger,
    ledger_in,
    rich_ledger,
)
from .lives import HOLDS, OTHER, a_ledger, conn_of, move, new, reach, sending

# -- Checks, keys and indexes -----------------------------------------------------------------


GOOD: dict[str, dict[str, object]] = {
    "sim": {"epoch": "CCCCCCCCCC", "number": "+1", "zone": "UTC", "removed_at": None},
    "orders": {
        "id": 9,
        "sim": OTHER,
        "cycle": 1,
        "request": "r",
        "origin": "rule",
        "assisted": 0,
        "kind": "recharge",
        "state": "asked",
        "effect": "open",
        "shown_by": "balance",
        "why": "{}",
        "body": "{}",
        "price_minor": 1,
        "max_minor": 1,
        "pay_cur": "USD",
        "cost_minor": 1,
        "cost_exact": "1",
        "days": 1,
        "reference": "r",
        "receipt": "r",
        "place": "p",
        "refusal": "later",
        "reason": "r",
        "note": "n",
        "created_at": 1,
        "valid_until": 1,
    },
    "attempt": {
        "key": "k",
        "order_id": 2,
        "sim": OTHER,
        "cycle": 1,
        "ordinal": 1,
        "account": "a",
        "body_sha": SHA,
        "first_sent_at": 5,
        "last_sent_at": 5,
        "sends": 1,
        "looks": 0,
        "consumed": 0,
    },
    "hold": {
        "order_id": 1,
        "scope": "s",
        "period": "m",
        "cur": "USD",
        "cap_minor": 900,
        "amount": 700,
        "state": "held",
    },
    "event": {
        "seq": None,
        "at": 1,
        "sim": None,
        "order_id": None,
        "type": "day",
        "actor": "k",
        "data": "{}",
        "hash": b"x" * 32,
    },
    "reading": {
        "id": 9,
        "sim": OTHER,
        "field": "balance",
        "value": 1,
        "unit": "USD",
        "observed_at": 1,
        "got_at": 1,
        "source": "s",
        "trust": "typed",
    },
}
LONG = "x" * 1025
JSON_LONG = '"' + LONG + '"'
BAD: list[tuple[str, str, object]] = [
    *(("sim", "epoch", bad) for bad in ("", "A" * 9, "A" * 11)),
    *(("orders", "cycle", bad) for bad in (0, -1)),
    *(("orders", "request", bad) for bad in ("", "x" * 65)),
    ("orders", "origin", "vendor"),
    *(("orders", "assisted", bad) for bad in (2, -1)),
    ("orders", "kind", "gift"),
    ("orders", "state", "paid"),
    ("orders", "effect", "maybe"),
    *(("orders", "shown_by", bad) for bad in ("data_left", "mood")),
    *(("orders", "why", bad) for bad in ("", "{", JSON_LONG)),
    *(("orders", "body", bad) for bad in ("", "{", JSON_LONG)),
    ("orders", "price_minor", -1),
    *(("orders", "max_minor", bad) for bad in (0, -1)),
    *(("orders", "pay_cur", bad) for bad in ("", "usd", "US", "USDT", "U$D")),
    ("orders", "cost_minor", -1),
    ("orders", "cost_exact", "x" * 65),
    *(("orders", "days", bad) for bad in (-1, 4001)),
    *(("orders", name, "x" * 129) for name in ("reference", "receipt", "place")),
    ("orders", "refusal", "perhaps"),
    ("orders", "reason", "x" * 129),
    ("orders", "note", "x" * 513),
    *(("attempt", "ordinal", bad) for bad in (-1, 10)),
    *(("attempt", "body_sha", bad) for bad in ("", "a" * 63, "a" * 65)),
    ("attempt", "last_sent_at", 4),
    *(("attempt", "sends", bad) for bad in (-1, 5)),
    ("attempt", "looks", -1),
    *(("attempt", "consumed", bad) for bad in (2, -1)),
    ("hold", "amount", -1),
    ("hold", "state", "lost"),
    *(("event", "data", bad) for bad in ("", "{", '"' + "x" * 4096 + '"')),
    *(("event", "hash", bad) for bad in (b"", b"x" * 31, b"x" * 33)),
    ("reading", "field", "mood"),
    ("reading", "trust", "blind"),
]


@pytest.fixture
def conn() -> sqlite3.Connection:
    """Return a database in which every row of GOOD may be written."""
    ledger = a_ledger(OTHER)
    sending(ledger)
    ledger.bear_sending(new(sim=OTHER), HOLDS, 0, NOW)
    return conn_of(ledger)


def _insert(conn: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    if table == "event":
        (last,) = conn.execute("SELECT max(seq) FROM event").fetchone()
        row = row | {"seq": last + 1}
    if table == "orders":
        conn.execute("UPDATE orders SET state = 'rejected' WHERE id = 2")
    names, marks = ",".join(row), ",".join("?" * len(row))
    conn.execute(
        f"INSERT INTO {table}({names}) VALUES ({marks})",  # noqa: S608
        list(row.values()),
    )


@pytest.mark.parametrize("table", GOOD)
def test_a_good_row_is_accepted(conn: sqlite3.Connection, table: str) -> None:
    _insert(conn, table, GOOD[table])


@pytest.mark.parametrize(("table", "column", "value"), BAD)
def test_a_bad_value_is_refused(
    conn: sqlite3.Connection, table: str, column: str, value: object
) -> None:
    if column == "state" and table == "orders":
        # Such an order cannot be born in the first place.
        conn.execute("DROP TRIGGER order_birth")
    if column == "amount":
        # Such a hold is none for the most that its order may cost.
        conn.execute("DROP TRIGGER hold_for_the_most_insert")
    with pytest.raises(sqlite3.IntegrityError, match="CHECK constraint failed"):
        _insert(conn, table, GOOD[table] | {column: value})


def _checks() -> set[tuple[str, str]]:
    """Return the table and column of every CHECK in the schema."""
    found: set[tuple[str, str]] = set()
    for table, body in re.findall(
        r"CREATE TABLE (\w+)\((.*?)\) STRICT", TABLES, re.DOTALL
    ):
        column = ""
        for line in body.splitlines():
            if named := re.match(r"  (\w+) (?:TEXT|INTEGER|BLOB)", line):
                column = named[1]
            if "CHECK(" in line:
                found.add((table, column))
    return found


def test_every_check_has_a_test_that_provokes_it() -> None:
    assert {(table, column) for table, column, _ in BAD} == _checks()


def test_every_column_is_strict() -> None:
    conn = conn_of(rich_ledger())
    for table in (*PRIMARY_KEYS, "event", "told", "meta", "legal"):
        (strict,) = conn.execute(
            "SELECT strict FROM pragma_table_list WHERE name = ?", (table,)
        ).fetchone()
        assert strict == 1
    with pytest.raises(sqlite3.IntegrityError, match="cannot store"):
        conn.execute("UPDATE orders SET cost_minor = 1.5")


OPEN_STATES = ("asked", "approved", "sending", "pending", "unknown", "needs_person")


@pytest.mark.parametrize(("one", "other"), product(OPEN_STATES, OPEN_STATES))
def test_a_sim_has_one_open_order_at_most(one: str, other: str) -> None:
    conn = conn_of(a_ledger(OTHER))
    order = "(?, ?, 1, 'adopted', 0, ?, '{}', 1, 'USD', 1, 1)"
    conn.execute(ORDER + order, (1, EPOCH, one))
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        conn.execute(ORDER + order, (2, EPOCH, other))
    conn.execute(ORDER + order, (2, OTHER, other))
    conn.execute(ORDER + order, (3, EPOCH, "confirmed"))


def test_a_sim_has_one_task_at_most() -> None:
    ledger = asked_task_ledger()
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        conn_of(ledger).execute(
            f"{ORDER} (2,'{EPOCH}',1,'rule',1,'asked','{{}}',1,'USD',1,1)"
        )
    reach(ledger, State.ASKED)


@pytest.mark.parametrize(
    "sql",
    [
        f"{ATTEMPT} ('{KEY}',1,'{EPOCH}',1,5,'a','{SHA}',1,1)",
        f"{ATTEMPT} ('k',1,'{EPOCH}',1,0,'a','{SHA}',1,1)",
    ],
)
def test_a_key_and_its_numbers_exist_once(sql: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        conn_of(ledger_in(State.SENDING)()).execute(sql)


def test_a_request_and_a_number_exist_once() -> None:
    ledger = a_ledger()
    move(ledger, ledger.ask(new(request="r"), "a", NOW), State.DECLINED)
    conn = conn_of(ledger)
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        conn.execute(
            f"INSERT INTO orders SELECT 2, sim, cycle, 'r', origin, assisted, kind, 'asked',"  # noqa: S608
            f" {', '.join(_columns(conn)[8:])} FROM orders"
        )
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        conn.execute(
            f"INSERT INTO sim SELECT '{OTHER}', number, zone, NULL FROM sim"  # noqa: S608
        )


def _columns(conn: sqlite3.Connection) -> list[str]:
    return [row[1] for row in conn.execute("PRAGMA table_info(orders)")]


@pytest.mark.parametrize(
    "sql",
    [
        f"{ORDER} (1,'XXXXXXXXXX',1,'rule',0,'asked','{{}}',1,'USD',1,1)",
        f"{HOLD} (9,'s','m','USD',NULL,1,'held')",
        "INSERT INTO told VALUES (999,'x',NULL)",
        "INSERT INTO reading VALUES (1,'XXXXXXXXXX','balance',1,'USD',1,1,'s','typed')",
    ],
)
def test_nothing_hangs_in_the_air(sql: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        conn_of(a_ledger()).execute(sql)


# -- Ways around ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    [
        "meta",
        "sim",
        "legal",
        "orders",
        "attempt",
        "hold",
        "event",
        "told",
        "reading",
        "setting",
    ],
)
@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE"])
def test_replacing_does_not_pass_the_rules(table: str, verb: str) -> None:
    ledger = rich_ledger()
    conn = conn_of(ledger)
    before = conn.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
    with pytest.raises(sqlite3.IntegrityError):
        conn.execute(f"{verb} INTO {table} SELECT * FROM {table} LIMIT 1")  # noqa: S608
    assert conn.execute(f"SELECT * FROM {table}").fetchall() == before  # noqa: S608


def test_an_update_that_replaces_does_not_pass_the_rules() -> None:
    ledger = rich_ledger()
    for sql in (
        "UPDATE OR REPLACE event SET seq = 1 WHERE seq = 2",
        "UPDATE OR REPLACE orders SET id = 1",
        "UPDATE OR REPLACE sim SET epoch = 'AAAAAAAAAA' WHERE epoch = 'BBBBBBBBBB'",
    ):
        before = conn_of(ledger).total_changes
        try:
            conn_of(ledger).execute(sql)
        except sqlite3.IntegrityError:
            assert conn_of(ledger).total_changes == before
        assert ledger.find_damage() is None


def test_money_that_was_given_back_can_be_held_anew() -> None:
    ledger = a_ledger()
    order = reach(ledger, State.APPROVED)
    move(ledger, order, State.ASKED, type=EventType.ASKED)
    assert ledger.spending(HOLDS[0].scope, HOLDS[0].period).amounts == {}
    ledger.approve(order.id, new(), HOLDS, "user:1", NOW)
    assert ledger.spending(HOLDS[0].scope, HOLDS[0].period).amounts == {"USD": 700}
