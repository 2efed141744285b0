"""The hash chain over events, and the fold of events into rows."""

from collections.abc import Iterable, Iterator, Mapping
import hashlib
import json
import sqlite3
from typing import Any

import orjson

from .schema import PRIMARY_KEYS

type Value = str | int | None
type Row = dict[str, Value]
type Change = tuple[str, Row]
"""A table and the columns (key included) that are written."""
type Folded = dict[str, dict[tuple[Value, ...], Row]]

GENESIS = bytes(32)
_BATCH = 1000
_SEPARATOR = "\x1f"
_NULL = "\x00"
_DEFAULTS: Mapping[str, Row] = {
    "orders": {"kind": "recharge", "effect": "open"},
    "attempt": {"sends": 1, "looks": 0, "consumed": 0},
}
"""What the database fills in for columns that an event does not name. All others: NULL."""


def encode(data: Mapping[str, object]) -> str:
    """Return the one canonical JSON text of a mapping."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def link(previous: bytes, fields: Iterable[Value]) -> bytes:
    """Return the hash of an event's fields, bound to the event before it.

    No field but the last, the data, can hold the separator or the sign for NULL.
    """
    words = [_NULL if field is None else str(field) for field in fields]
    return hashlib.sha256(previous + _SEPARATOR.join(words).encode()).digest()


def find_break(conn: sqlite3.Connection) -> str | None:
    """Walk the chain and compare all rows with the fold; return what is wrong, or None."""
    folded: Folded = {table: {} for table in PRIMARY_KEYS}
    previous = GENESIS
    expected = 1
    for batch in _events(conn):
        for *fields, digest in batch:
            previous = link(previous, fields)
            if fields[0] != expected or digest != previous:
                return f"chain: broken at event {expected}"
            expected += 1
        _fold(folded, [fields[-2] for fields in batch])
    return _differing_row(conn, folded)


def _events(conn: sqlite3.Connection) -> Iterator[list[tuple[Any, ...]]]:
    cursor = conn.execute(
        "SELECT seq, at, effective_at, sim, order_id, type, actor, data, hash"
        " FROM event ORDER BY seq"
    )
    while batch := cursor.fetchmany(_BATCH):
        yield batch


def _fold(folded: Folded, texts: list[str]) -> None:
    """Apply the changes of some events. One parse of many is far cheaper than many of one."""
    for data in orjson.loads(f"[{','.join(texts)}]"):
        for table, row in data["rows"]:
            key = tuple([row[name] for name in PRIMARY_KEYS[table]])
            rows = folded[table]
            if key in rows:
                rows[key].update(row)
            else:
                rows[key] = row


def _differing_row(conn: sqlite3.Connection, folded: Folded) -> str | None:
    for table, keys in PRIMARY_KEYS.items():
        rows = folded[table]
        cursor = conn.execute(f"SELECT * FROM {table}")  # noqa: S608 - a name of ours
        names = [column[0] for column in cursor.description]
        empty: Row = {**dict.fromkeys(names), **_DEFAULTS.get(table, {})}
        places = [names.index(key) for key in keys]
        count = 0
        for values in cursor:
            count += 1
            known = rows.get(tuple([values[place] for place in places]))
            if known is None or {**empty, **known} != dict(
                zip(names, values, strict=True)
            ):
                return f"fold: {table} differs from its events"
        if count != len(rows):
            return f"fold: {table} has {count} rows, its events {len(rows)}"
    return None
