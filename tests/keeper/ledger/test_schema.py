"""The rules of the database: each is broken by raw SQL on a real ledger, and holds."""

from collections.abc import Callable
from itertools import product
import re
import sqlite3

import pytest

from custom_components.sim_keeper.keeper.ledger import EventType, Ledger
from custom_components.sim_keeper.keeper.ledger.schema import (
    LEGAL_ROWS,
    PRIMARY_KEYS,
    TABLES,
)
from custom_components.sim_keeper.keeper.orders import MOVES, State

from ..builders import EPOCH, NOW, balance, hkd
from .lives import (
    HOLDS,
    OTHER,
    a_ledger,
    confirmed,
    conn_of,
    move,
    new,
    reach,
    sending,
    task,
)

AT = int(NOW.timestamp())
SHA = "a" * 64
KEY = f"SK{EPOCH}-001-0"
ATTEMPT = (
    "INSERT INTO attempt(key, order_id, sim, cycle, ordinal, account, body_sha,"
    " first_sent_at, last_sent_at) VALUES"
)
ORDER = (
    "INSERT INTO orders(id, sim, cycle, origin, assisted, state, why, max_minor,"
    " pay_cur, created_at, valid_until) VALUES"
)
HOLD = "INSERT INTO hold VALUES"
EVENT = "INSERT INTO event VALUES"


def _in(state: State) -> Callable[[], Ledger]:
    def make() -> Ledger:
        ledger = a_ledger()
        reach(ledger, state)
        return ledger

    return make


def _rich() -> Ledger:
    """Return a ledger with a row in every table."""
    ledger = a_ledger(OTHER)
    confirmed(ledger)
    ledger.add_reading(EPOCH, balance(hkd("3")), "user:1", NOW)
    ledger.set_setting("some", "thing", "user:1", NOW)
    return ledger


def _removed() -> Ledger:
    ledger = a_ledger()
    ledger.remove_sim(EPOCH, "user:1", NOW)
    return ledger


def _asked_task() -> Ledger:
    ledger = a_ledger()
    ledger.ask(task(), "keeper", NOW)
    return ledger


def _sending_unheld() -> Ledger:
    ledger = a_ledger()
    order = ledger.bear_approved(new(), (), "user:1", NOW)
    conn_of(ledger).execute(
        "UPDATE orders SET state = 'sending' WHERE id = ?", (order.id,)
    )
    return ledger


def _rejected_then_late_truth() -> Ledger:
    """Return a ledger whose cycle was bought while the next order of it was on its way."""
    ledger = a_ledger()
    first = move(ledger, sending(ledger), State.REJECTED, consumed=True)
    second = ledger.ask(new(), "keeper", NOW)
    conn_of(ledger).execute(
        "UPDATE orders SET state = 'confirmed' WHERE id = ?", (first.id,)
    )
    ledger.approve(second.id, new(), HOLDS, "user:1", NOW)
    conn_of(ledger).execute(
        "UPDATE orders SET state = 'sending' WHERE id = ?", (second.id,)
    )
    return ledger


def _consumed() -> Ledger:
    ledger = a_ledger()
    move(ledger, sending(ledger), State.REJECTED, consumed=True)
    ledger.ask(new(), "keeper", NOW)
    return ledger


def _told() -> Ledger:
    ledger = _in(State.ASKED)()
    ledger.mark_told(ledger.untold()[0].event.seq, NOW)
    return ledger


def _assisted_sending() -> Ledger:
    ledger = a_ledger()
    ledger.bear_approved(new(assisted=True), HOLDS, "user:1", NOW)
    return ledger


# Trigger → (a ledger, the SQL that it refuses).
BROKEN: dict[str, list[tuple[Callable[[], Ledger], str]]] = {
    **{
        f"{table}_no_delete": [(_rich, f"DELETE FROM {table}")]  # noqa: S608
        for table in (
            *("meta", "sim", "legal", "orders", "attempt", "hold"),
            *("event", "told", "reading", "setting"),
        )
    },
    "meta_no_update": [(_rich, "UPDATE meta SET value = 'x'")],
    "legal_no_update": [(_rich, "UPDATE legal SET b = 'asked' WHERE a = 'pending'")],
    "event_no_update": [
        (_rich, "UPDATE event SET at = at"),
        (_rich, "UPDATE event SET hash = zeroblob(32) WHERE seq = 1"),
    ],
    "reading_no_update": [(_rich, "UPDATE reading SET value = 1")],
    "sim_removed_for_ever": [
        (_removed, "UPDATE sim SET removed_at = NULL"),
        (_removed, "UPDATE sim SET removed_at = 5"),
        (a_ledger, "UPDATE sim SET number = '+1', removed_at = 5"),
        (a_ledger, "UPDATE sim SET zone = 'UTC', removed_at = 5"),
        (a_ledger, "UPDATE sim SET zone = 'UTC'"),
        (a_ledger, "UPDATE sim SET epoch = 'BBBBBBBBBB', removed_at = 5"),
    ],
    "order_birth": [
        (
            a_ledger,
            f"{ORDER} (1,'{EPOCH}',1,'{origin}',0,'{state.value}','{{}}',1,'USD',1,1)",
        )
        for origin in ("rule", "person", "action")
        for state in State
        if state not in (State.ASKED, State.APPROVED)
    ],
    "order_of_live_sim": [
        (_removed, f"{ORDER} (1,'{EPOCH}',1,'rule',0,'asked','{{}}',1,'USD',1,1)"),
        (_removed, f"{ORDER} (1,'{EPOCH}',1,'person',1,'approved','{{}}',1,'USD',1,1)"),
    ],
    "order_moves": [
        (_in(a), f"UPDATE orders SET state = '{b.value}'")  # noqa: S608
        for a, b in product(State, State)
        if a is not b and b not in MOVES[a]
    ],
    "order_assisted_confirms": [
        (_in(State.ASKED), "UPDATE orders SET state = 'confirmed'")
    ],
    "order_assisted_unsent": [
        (_assisted_sending, "UPDATE orders SET state = 'sending'")
    ],
    "order_identity": [
        (_in(State.ASKED), f"UPDATE orders SET {change}")  # noqa: S608
        for change in (
            *("id = 7", f"sim = '{OTHER}'", "cycle = 2", "request = 'x'"),
            *("origin = 'person'", "assisted = 1", "kind = 'activity'"),
            "created_at = 1",
        )
    ],
    "order_frozen": [
        (_in(state), f"UPDATE orders SET {change}")  # noqa: S608
        for state in (State.SENDING, State.UNKNOWN, State.CONFIRMED)
        for change in (
            *("account = 'x'", "account = NULL", "operator = 'x'", "product = 'x'"),
            *("body = '{}'", "body = NULL", "value_minor = 1", "value_cur = 'EUR'"),
            *("max_minor = 1", "pay_cur = 'EUR'"),
        )
    ],
    "attempt_birth": [
        *(
            (_in(state), f"{ATTEMPT} ('k',1,'{EPOCH}',1,5,'a','{SHA}',1,1)")
            for state in State
            if state not in (State.SENDING, State.CONFIRMED)
        ),
        (_sending_unheld, f"{ATTEMPT} ('k',1,'{EPOCH}',1,5,'a','{SHA}',1,1)"),
        (_in(State.SENDING), f"{ATTEMPT} ('k',1,'{EPOCH}',2,5,'a','{SHA}',1,1)"),
        (_in(State.SENDING), f"{ATTEMPT} ('k',1,'{OTHER}',1,5,'a','{SHA}',1,1)"),
        (_in(State.SENDING), f"{ATTEMPT} ('k',9,'{EPOCH}',1,5,'a','{SHA}',1,1)"),
    ],
    "attempt_once": [
        (_rejected_then_late_truth, f"{ATTEMPT} ('k',2,'{EPOCH}',1,5,'a','{SHA}',1,1)")
    ],
    "attempt_identity": [
        (_in(State.SENDING), f"UPDATE attempt SET {change}")  # noqa: S608
        for change in ("key = 'x'", f"sim = '{OTHER}'", "cycle = 2", "ordinal = 2")
    ],
    "attempt_counts": [
        (_consumed, "UPDATE attempt SET consumed = 0"),
        (_in(State.SENDING), "UPDATE attempt SET sends = -1"),
    ],
    "attempt_sent_again": [
        *(
            (_in(state), "UPDATE attempt SET sends = sends + 1")
            for state in (State.PENDING, State.UNKNOWN, State.REJECTED, State.CONFIRMED)
        ),
        (_consumed, "UPDATE attempt SET sends = sends + 1"),
    ],
    "attempt_same_body": [
        (_in(State.SENDING), f"UPDATE attempt SET {change}")  # noqa: S608
        for change in (f"body_sha = '{'b' * 64}'", "account = 'x'", "first_sent_at = 1")
    ],
    "attempt_handed_on": [
        (_consumed, "UPDATE attempt SET order_id = 2"),
    ],
    "hold_cap_insert": [
        (
            _in(State.ASKED),
            f"{HOLD} (1,'s','m','USD',100,101,'held')",
        ),
        (
            _in(State.SENDING),
            f"{HOLD} (1,'s','m','USD',0,1,'held')",
        ),
    ],
    "hold_cap_update": [
        (_in(State.APPROVED), "UPDATE hold SET amount = 2001 WHERE cap_minor = 2000"),
        (_in(State.APPROVED), "UPDATE hold SET cap_minor = 699"),
    ],
    "hold_identity": [
        (_in(state), f"UPDATE hold SET {change}")  # noqa: S608
        for state in (State.APPROVED, State.CONFIRMED)
        for change in ("period = 'x'", "cur = 'EUR'", "scope = 'x' || scope")
    ],
    "hold_spent_stays": [
        (_in(State.CONFIRMED), f"UPDATE hold SET {change}")  # noqa: S608
        for change in (
            *("state = 'released'", "state = 'held'"),
            *("amount = amount - 1", "amount = 0"),
        )
    ],
    "hold_kept_in_flight": [
        (_in(state), "UPDATE hold SET state = 'released'")
        for state in (
            *(State.SENDING, State.PENDING, State.UNKNOWN, State.NEEDS_PERSON),
        )
    ],
    "event_gapless": [
        (
            _rich,
            f"{EVENT} ({seq},1,NULL,NULL,NULL,'day','k','{{}}',zeroblob(32))",
        )
        for seq in (0, 1, 999, -1)
    ],
    "told_once": [
        (_told, "UPDATE told SET done_at = 1"),
        (_told, "UPDATE told SET done_at = NULL"),
        (_in(State.ASKED), "UPDATE told SET done_at = NULL"),
        (_in(State.ASKED), "UPDATE told SET done_at = 1, target = 'x'"),
        (_in(State.ASKED), "UPDATE told SET target = 'x'"),
    ],
}


CASES = [
    pytest.param(name, make, sql, id=f"{name}-{index}")
    for name, cases in BROKEN.items()
    for index, (make, sql) in enumerate(cases)
]


def _triggers() -> dict[str, str]:
    rows = conn_of(Ledger.in_memory()).execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    )
    return dict(rows.fetchall())


def _message(trigger: str) -> str:
    found = re.search(r"RAISE\(ABORT, '([^']*)'\)", trigger)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(("name", "make", "sql"), CASES)
def test_a_rule_holds_and_it_is_this_rule_that_does_it(
    name: str, make: Callable[[], Ledger], sql: str
) -> None:
    ledger = make()
    conn = conn_of(ledger)
    before = conn.total_changes
    message = _message(_triggers()[name])
    with pytest.raises(sqlite3.IntegrityError, match=re.escape(message)):
        conn.execute(sql)
    assert conn.total_changes == before
    # Without the rule the same statement is not refused for this reason.
    conn.execute(f"DROP TRIGGER {name}")
    said = ""
    try:
        conn.execute(sql)
    except sqlite3.IntegrityError as err:
        said = str(err)
    assert said != message


def test_every_trigger_has_a_test_that_provokes_it() -> None:
    assert set(BROKEN) == set(_triggers())
    assert all(BROKEN.values())


# -- Moves ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("a", "b"), LEGAL_ROWS)
def test_every_legal_move_is_possible(a: str, b: str) -> None:
    ledger = a_ledger()
    if (a, b) == ("asked", "confirmed"):
        ledger.ask(task(), "keeper", NOW)
    else:
        reach(ledger, State(a))
    conn_of(ledger).execute("UPDATE orders SET state = ?", (b,))
    assert conn_of(ledger).execute("SELECT state FROM orders").fetchone() == (b,)


@pytest.mark.parametrize("state", State)
def test_an_adopted_order_is_born_in_any_state_even_for_a_removed_sim(
    state: State,
) -> None:
    conn = conn_of(_removed())
    conn.execute(
        f"{ORDER} (1,'{EPOCH}',1,'adopted',0,'{state.value}','{{}}',1,'USD',1,1)"
    )
    assert conn.total_changes


def test_the_ledger_holds_the_moves_of_the_heart() -> None:
    rows = conn_of(Ledger.in_memory()).execute("SELECT a, b FROM legal").fetchall()
    assert {(State(a), State(b)) for a, b in rows} == {
        (a, b) for a, ends in MOVES.items() for b in ends
    }


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
        "cap_minor": 9,
        "amount": 1,
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
    conn = conn_of(_rich())
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
    ledger = _asked_task()
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
        conn_of(_in(State.SENDING)()).execute(sql)


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
    ledger = _rich()
    conn = conn_of(ledger)
    before = conn.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
    with pytest.raises(sqlite3.IntegrityError):
        conn.execute(f"{verb} INTO {table} SELECT * FROM {table} LIMIT 1")  # noqa: S608
    assert conn.execute(f"SELECT * FROM {table}").fetchall() == before  # noqa: S608


def test_an_update_that_replaces_does_not_pass_the_rules() -> None:
    ledger = _rich()
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
