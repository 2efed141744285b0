"""The hash chain over events, and the fold of events into rows."""

from collections.abc import Callable, Iterator, Mapping
import hashlib
import json
from operator import itemgetter
import sqlite3
from typing import Any

import orjson

from .schema import PRIMARY_KEYS

type Value = str | int | None
type Row = dict[str, Value]
type Change = tuple[str, Row]
"""A table and the columns (key included) that are written."""
type Key = Value | tuple[Value, ...]
type Folded = dict[str, dict[Key, Row]]

GENESIS = bytes(32)
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_BATCH = 1000
_NULL = "\x00"
_DEFAULTS: Mapping[str, Row] = {
    "orders": {"kind": "recharge", "effect": "open"},
    "attempt": {"sends": 1, "looks": 0, "consumed": 0},
}
"""What the database fills in for columns that an event does not name. All others: NULL."""
_KEY_OF: Mapping[str, Callable[[Row], Key]] = {
    table: itemgetter(*keys) for table, keys in PRIMARY_KEYS.items()
}


def encode(data: Mapping[str, object]) -> str:
    """Return the one canonical JSON text of a mapping."""
    return _ENCODER.encode(data)


def link(
    previous: bytes,
    seq: int,
    at: int,
    effective_at: int | None,
    sim: str | None,
    order_id: int | None,
    type_: str,
    actor: str,
    data: str,
) -> bytes:
    """Return the hash of an event's fields, bound to the event before it.

    No field but the last, the data, can hold the separator (1F) or the sign for NULL (00).
    """
    text = (
        f"{seq}\x1f{at}\x1f{_NULL if effective_at is None else effective_at}"
        f"\x1f{_NULL if sim is None else sim}\x1f{_NULL if order_id is None else order_id}"
        f"\x1f{type_}\x1f{actor}\x1f{data}"
    )
    return hashlib.sha256(previous + text.encode()).digest()


def find_break(conn: sqlite3.Connection) -> str | None:
    """Walk the chain and compare all rows with the fold; return what is wrong, or None."""
    folded: Folded = {table: {} for table in PRIMARY_KEYS}
    blank = {table: _blank(conn, table) for table in PRIMARY_KEYS}
    previous = GENESIS
    expected = 1
    for batch in _events(conn):
        for seq, at, effective_at, sim, order_id, type_, actor, data, digest in batch:
            previous = link(
                previous, seq, at, effective_at, sim, order_id, type_, actor, data
            )
            if seq != expected or digest != previous:
                return f"chain: broken at event {expected}"
            expected += 1
        _fold(folded, blank, [event[-2] for event in batch])
    return _differing_row(conn, folded)


def _events(conn: sqlite3.Connection) -> Iterator[list[tuple[Any, ...]]]:
    cursor = conn.execute(
        "SELECT seq, at, effective_at, sim, order_id, type, actor, data, hash"
        " FROM event ORDER BY seq"
    )
    while batch := cursor.fetchmany(_BATCH):
        yield batch


def _blank(conn: sqlite3.Connection, table: str) -> Row:
    """Return a row of a table before an event has told of it, its columns in their order."""
    cursor = conn.execute(f"SELECT * FROM {table} LIMIT 0")  # noqa: S608 - a name of ours
    empty: Row = dict.fromkeys(column[0] for column in cursor.description)
    return empty | _DEFAULTS.get(table, {})


def _fold(folded: Folded, blank: Mapping[str, Row], texts: list[str]) -> None:
    """Apply the changes of some events. One parse of many is far cheaper than many of one."""
    for data in orjson.loads(f"[{','.join(texts)}]"):
        for table, row in data["rows"]:
            key = _KEY_OF[table](row)
            rows = folded[table]
            if key in rows:
                rows[key].update(row)
            else:
                rows[key] = blank[table] | row


def _differing_row(conn: sqlite3.Connection, folded: Folded) -> str | None:
    for table, keys in PRIMARY_KEYS.items():
        rows = folded[table]
        cursor = conn.execute(f"SELECT * FROM {table}")  # noqa: S608 - a name of ours
        names = [column[0] for column in cursor.description]
        key_of = itemgetter(*[names.index(key) for key in keys])
        count = 0
        for values in cursor:
            count += 1
            # The columns of a folded row stand in their order; one that is not there comes last.
            if tuple(rows.get(key_of(values), {}).values()) != values:
                return f"fold: {table} differs from its events"
        if count != len(rows):
            return f"fold: {table} has {count} rows, its events {len(rows)}"
    return None
