"""Damage: whatever is changed behind the ledger's back is seen."""

from collections.abc import Callable
from functools import cache
import sqlite3

import pytest

from custom_components.sim_keeper.keeper.ledger import EventType, Ledger, file
from custom_components.sim_keeper.keeper.ledger.chain import (
    GENESIS,
    encode,
    find_break,
    link,
)
from custom_components.sim_keeper.keeper.ledger.schema import PRIMARY_KEYS
from custom_components.sim_keeper.keeper.orders import State

from ..builders import EPOCH, NOW, balance, hkd
from .lives import OTHER, a_ledger, confirmed, conn_of, move, sending


def _full() -> Ledger:
    """Return a ledger with at least two rows in every table."""
    ledger = Ledger.in_memory()
    conn_of(ledger).deserialize(_image())
    return ledger


@cache
def _image() -> bytes:
    ledger = a_ledger(OTHER)
    confirmed(ledger)
    move(ledger, sending(ledger), State.REJECTED, consumed=True)
    for amount in ("3", "2"):
        ledger.add_readings(EPOCH, [balance(hkd(amount))], "user:1", NOW)
    ledger.set_setting("stop_all_spending", "off", "user:1", NOW)
    ledger.set_setting("other", "x", "user:1", NOW)
    ledger.add_event(EventType.DAY, None, {}, NOW)
    assert ledger.find_damage() is None
    return conn_of(ledger).serialize()


def _defenceless(ledger: Ledger) -> sqlite3.Connection:
    conn = conn_of(ledger)
    triggers = conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (name,) in triggers.fetchall():
        conn.execute(f"DROP TRIGGER {name}")
    conn.execute("PRAGMA ignore_check_constraints = 1")
    conn.execute("PRAGMA foreign_keys = 0")
    return conn


def _columns() -> list[tuple[str, str]]:
    conn = conn_of(Ledger.in_memory())
    return [
        (table, row[1])
        for table in (*PRIMARY_KEYS, "event")
        for row in conn.execute(f"PRAGMA table_info({table})")
    ]


@pytest.mark.parametrize(("table", "column"), _columns())
@pytest.mark.parametrize("which", ["ASC", "DESC"])
def test_a_changed_value_is_seen(table: str, column: str, which: str) -> None:
    conn = _defenceless(_full())
    assert find_break(conn) is None
    keys = ("seq",) if table == "event" else PRIMARY_KEYS[table]
    order = ", ".join(f"{key} {which}" for key in keys)
    *found, value, kind = conn.execute(
        f"SELECT {', '.join(keys)}, {column}, (SELECT type FROM"  # noqa: S608
        f" pragma_table_info('{table}') WHERE name = '{column}')"
        f" FROM {table} ORDER BY {order} LIMIT 1"
    ).fetchone()
    if isinstance(value, bytes):
        changed: object = bytes([value[0] ^ 1]) + value[1:]
    elif kind == "INTEGER":
        changed = 77 if value is None else value + 1_000
    else:
        changed = f"{value}x" if column != "data" else value.replace("{", "{ ", 1)
    where = " AND ".join(f"{key} = ?" for key in keys)
    sql = f"UPDATE {table} SET {column} = ? WHERE {where}"  # noqa: S608
    assert conn.execute(sql, (changed, *found)).rowcount == 1
    assert find_break(conn) is not None


@pytest.mark.parametrize(("table", "column"), _columns())
def test_a_value_that_vanished_is_seen(table: str, column: str) -> None:
    conn = _defenceless(_full())
    rows = conn.execute(
        f"SELECT count(*) FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608
    )
    optional = conn.execute(
        'SELECT 1 FROM pragma_table_info(?) WHERE name = ? AND "notnull" = 0 AND pk = 0',
        (table, column),
    ).fetchone()
    if rows.fetchone() == (0,) or optional is None:
        return
    conn.execute(f"UPDATE {table} SET {column} = NULL")  # noqa: S608
    assert find_break(conn) is not None


@pytest.mark.parametrize("table", PRIMARY_KEYS)
def test_a_row_that_was_added_or_removed_is_seen(table: str) -> None:
    conn = _defenceless(_full())
    key = PRIMARY_KEYS[table][0]
    conn.execute(
        f"DELETE FROM {table} WHERE {key} = (SELECT max({key}) FROM {table})"  # noqa: S608
    )
    damage = find_break(conn)
    assert damage is not None
    assert damage.startswith("fold: ")
    conn = _defenceless(_full())
    names = [row[1] for row in conn.execute(f"PRAGMA table_info({table})")]
    fresh = {"id": "id + 100", "key": "'k'", "epoch": "'ZZZZZZZZZZ'", "name": "'z'"}
    fresh |= {"number": "'+9'", "ordinal": "9", "scope": "'z'", "request": "'z'"}
    values = ", ".join(fresh.get(name, name) for name in names)
    conn.execute(f"INSERT INTO {table} SELECT {values} FROM {table} LIMIT 1")  # noqa: S608
    assert find_break(conn) is not None


def _remove(conn: sqlite3.Connection) -> None:
    conn.execute("DELETE FROM event WHERE seq = 4")


def _remove_first(conn: sqlite3.Connection) -> None:
    conn.execute("DELETE FROM event WHERE seq = 1")


def _remove_and_close_the_gap(conn: sqlite3.Connection) -> None:
    conn.execute("DELETE FROM event WHERE seq = 4")
    conn.execute("UPDATE event SET seq = -seq WHERE seq > 4")
    conn.execute("UPDATE event SET seq = -seq - 1 WHERE seq < 0")


def _swap(conn: sqlite3.Connection) -> None:
    conn.execute("UPDATE event SET seq = -1 WHERE seq = 4")
    conn.execute("UPDATE event SET seq = 4 WHERE seq = 5")
    conn.execute("UPDATE event SET seq = 5 WHERE seq = -1")


def _edit(conn: sqlite3.Connection) -> None:
    conn.execute("UPDATE event SET data = replace(data, '650', '651')")


def _append(conn: sqlite3.Connection) -> None:
    conn.execute(
        "INSERT INTO event SELECT seq + 1, at, effective_at, sim, order_id, type, actor,"
        " data, hash FROM event ORDER BY seq DESC LIMIT 1"
    )


def _all(conn: sqlite3.Connection) -> None:
    conn.execute("DELETE FROM event")


@pytest.mark.parametrize(
    "harm",
    [_remove, _remove_first, _remove_and_close_the_gap, _swap, _edit, _append, _all],
)
def test_a_changed_history_is_seen(harm: Callable[[sqlite3.Connection], None]) -> None:
    conn = _defenceless(_full())
    harm(conn)
    assert find_break(conn) is not None


def test_a_history_forged_with_a_good_chain_still_has_to_match_the_rows() -> None:
    conn = _defenceless(_full())
    previous = GENESIS
    for seq, at, effective_at, sim, order_id, type_, actor, data, _ in conn.execute(
        "SELECT seq, at, effective_at, sim, order_id, type, actor, data, hash FROM event"
        " ORDER BY seq"
    ).fetchall():
        forged = data.replace('"cost_minor":650', '"cost_minor":1')
        previous = link(
            previous, seq, at, effective_at, sim, order_id, type_, actor, forged
        )
        conn.execute(
            "UPDATE event SET data = ?, hash = ? WHERE seq = ?",
            (forged, previous, seq),
        )
    assert find_break(conn) == "fold: orders differs from its events"


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TRIGGER attempt_once",
        "DROP TRIGGER event_no_update",
        "DROP INDEX one_open",
        "CREATE TABLE extra(x)",
        "CREATE TRIGGER t AFTER INSERT ON orders BEGIN SELECT 1; END",
        "INSERT INTO legal VALUES ('declined', 'approved')",
    ],
)
def test_a_rule_that_was_changed_is_seen(sql: str) -> None:
    ledger = _full()
    conn_of(ledger).execute(sql)
    assert ledger.find_damage() == "rules: not those of this version"


def test_a_file_that_cannot_be_read_is_damage_not_an_error() -> None:
    ledger = _full()
    conn_of(ledger).close()
    assert ledger.find_damage() is not None


def test_a_page_that_sqlite_itself_finds_wrong_is_damage() -> None:
    ledger = _full()
    conn = conn_of(ledger)
    conn.execute("PRAGMA writable_schema = 1")
    conn.execute("UPDATE sqlite_master SET rootpage = 2 WHERE name = 'event_by_sim'")
    image = bytearray(conn.serialize())
    again = file.connect(":memory:")
    again.deserialize(bytes(image))
    damage = file.find_damage(again, None)
    assert damage is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((None, "a", 1, "b", ""), (None, "", 1, "b", "a")),
        ((None, "a", 1, "bc", "d"), (None, "a", 1, "b", "cd")),
        ((1, None, None, "b", "c"), (None, None, 1, "b", "c")),
        ((None, "é", 1, "b", "c"), (None, "e\u0301", 1, "b", "c")),
        ((1, "a", 1, "b", "c"), (2, "a", 1, "b", "c")),
        ((None, None, 1, "b", "c"), (None, "", 1, "b", "c")),
    ],
)
def test_different_events_have_different_hashes(
    one: tuple[int | None, str | None, int | None, str, str],
    other: tuple[int | None, str | None, int | None, str, str],
) -> None:
    hashes = {
        link(previous, 7, 1, *fields, "{}")
        for previous in (GENESIS, b"x" * 32)
        for fields in (one, other)
    }
    assert len(hashes) == 4
    assert {len(digest) for digest in hashes} == {32}


def test_a_mapping_has_one_text() -> None:
    assert encode({"b": 1, "a": "é"}) == encode({"a": "é", "b": 1}) == '{"a":"é","b":1}'
