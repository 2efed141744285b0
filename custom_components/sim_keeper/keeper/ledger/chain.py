"""The hash chain over events, and the fold of events into rows."""

from collections.abc import Iterable, Mapping
import hashlib
import json
import sqlite3

from .schema import PRIMARY_KEYS

type Value = str | int | None
type Row = dict[str, Value]
type Change = tuple[str, Row]
"""A table and the columns (key included) that are written."""

GENESIS = bytes(32)


def encode(data: Mapping[str, object]) -> str:
    """Return the one canonical JSON text of a mapping."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def link(previous: bytes, seq: int, at: int, fields: Iterable[Value]) -> bytes:
    """Return the hash of an event, bound to the event before it."""
    text = json.dumps([seq, at, *fields], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


def find_damage(conn: sqlite3.Connection) -> str | None:
    """Check the file, the chain and the fold; return what is wrong first, or None."""
    for (word,) in conn.execute("PRAGMA integrity_check(1)"):
        if word != "ok":
            return f"integrity_check: {word}"
    folded: dict[str, dict[tuple[Value, ...], Row]] = {
        table: {} for table in PRIMARY_KEYS
    }
    previous = GENESIS
    expected = 1
    for seq, at, *fields, data, digest in conn.execute(
        "SELECT seq, at, effective_at, sim, order_id, type, actor, data, hash"
        " FROM event ORDER BY seq"
    ):
        if seq != expected or digest != link(previous, seq, at, [*fields, data]):
            return f"chain: broken at event {expected}"
        previous, expected = digest, expected + 1
        for table, row in json.loads(data).get("rows", ()):
            key = tuple(row[name] for name in PRIMARY_KEYS[table])
            folded[table].setdefault(key, {}).update(row)
    return _differing_row(conn, folded)


def _differing_row(
    conn: sqlite3.Connection, folded: dict[str, dict[tuple[Value, ...], Row]]
) -> str | None:
    for table, keys in PRIMARY_KEYS.items():
        rows = folded[table]
        cursor = conn.execute(f"SELECT * FROM {table}")  # noqa: S608 - a name of ours
        names = [column[0] for column in cursor.description]
        count = 0
        for values in cursor:
            count += 1
            row = dict(zip(names, values, strict=True))
            known = rows.get(tuple(row[name] for name in keys), {})
            if any(
                row[name] != known.get(name, _default(table, name)) for name in names
            ):
                return f"fold: {table} differs from its events"
        if count != len(rows):
            return f"fold: {table} has {count} rows, its events {len(rows)}"
    return None


def _default(table: str, column: str) -> Value:
    return _DEFAULTS.get((table, column))


_DEFAULTS: dict[tuple[str, str], Value] = {
    ("orders", "kind"): "recharge",
    ("orders", "effect"): "open",
    ("attempt", "sends"): 1,
    ("attempt", "looks"): 0,
    ("attempt", "consumed"): 0,
}
