"""The ledger's tables, and the rules that the database itself keeps.

Times are whole seconds since 1970 (UTC), amounts are minor units, days are proleptic ordinals.
"""

from ..orders import MOVES, State

VERSION = 1
APPLICATION_ID = 0x53494D4B  # "SIMK"

_STATES = ",".join(f"'{state.value}'" for state in State)

TABLES = f"""
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE sim(
  epoch TEXT PRIMARY KEY CHECK(length(epoch) = 10),
  number TEXT NOT NULL,
  zone TEXT NOT NULL,
  removed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX sim_live ON sim(number) WHERE removed_at IS NULL;
CREATE TABLE legal(a TEXT NOT NULL, b TEXT NOT NULL, PRIMARY KEY(a, b)) STRICT, WITHOUT ROWID;
CREATE TABLE orders(
  id INTEGER PRIMARY KEY,
  sim TEXT NOT NULL REFERENCES sim,
  cycle INTEGER NOT NULL CHECK(cycle > 0),
  request TEXT CHECK(length(request) BETWEEN 1 AND 64),
  origin TEXT NOT NULL CHECK(origin IN ('rule','person','action','adopted')),
  assisted INTEGER NOT NULL CHECK(assisted IN (0,1)),
  kind TEXT NOT NULL DEFAULT 'recharge' CHECK(kind IN ('recharge','activity')),
  state TEXT NOT NULL CHECK(state IN ({_STATES})),
  effect TEXT NOT NULL DEFAULT 'open'
    CHECK(effect IN ('open','verified','mismatch','cannot_verify')),
  shown_by TEXT CHECK(shown_by IN ('balance','expiry','last_activity')),
  why TEXT NOT NULL CHECK(json_valid(why) AND length(why) <= 1024),
  account TEXT,
  operator TEXT,
  product TEXT,
  body TEXT CHECK(json_valid(body) AND length(body) <= 1024),
  value_minor INTEGER,
  value_cur TEXT,
  price_minor INTEGER CHECK(price_minor >= 0),
  max_minor INTEGER NOT NULL CHECK(max_minor > 0),
  pay_cur TEXT NOT NULL CHECK(pay_cur GLOB '[A-Z][A-Z][A-Z]'),
  cost_minor INTEGER CHECK(cost_minor >= 0),
  cost_exact TEXT CHECK(length(cost_exact) <= 64),
  days INTEGER CHECK(days BETWEEN 0 AND 4000),
  reference TEXT CHECK(length(reference) <= 128),
  receipt TEXT CHECK(length(receipt) <= 128),
  place TEXT CHECK(length(place) <= 128),
  refusal TEXT CHECK(refusal IN ('never','fix_first','later')),
  reason TEXT CHECK(length(reason) <= 128),
  note TEXT CHECK(length(note) <= 512),
  happened_on INTEGER,
  created_at INTEGER NOT NULL,
  valid_until INTEGER NOT NULL,
  next_at INTEGER,
  settled_at INTEGER,
  UNIQUE(sim, request)
) STRICT;
CREATE UNIQUE INDEX one_open ON orders(sim) WHERE assisted = 0
  AND state IN ('asked','approved','sending','pending','unknown','needs_person');
CREATE UNIQUE INDEX one_task ON orders(sim) WHERE assisted = 1 AND state = 'asked';
CREATE INDEX orders_by_state ON orders(state);
CREATE INDEX orders_followed ON orders(next_at) WHERE next_at IS NOT NULL;
CREATE INDEX orders_of_sim ON orders(sim, cycle, state);
CREATE TABLE attempt(
  key TEXT PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders,
  sim TEXT NOT NULL REFERENCES sim,
  cycle INTEGER NOT NULL,
  ordinal INTEGER NOT NULL CHECK(ordinal BETWEEN 0 AND 9),
  account TEXT NOT NULL,
  body_sha TEXT NOT NULL CHECK(length(body_sha) = 64),
  first_sent_at INTEGER NOT NULL,
  last_sent_at INTEGER NOT NULL CHECK(last_sent_at >= first_sent_at),
  sends INTEGER NOT NULL DEFAULT 1 CHECK(sends BETWEEN 0 AND 4),
  looks INTEGER NOT NULL DEFAULT 0 CHECK(looks >= 0),
  consumed INTEGER NOT NULL DEFAULT 0 CHECK(consumed IN (0,1)),
  UNIQUE(sim, cycle, ordinal)
) STRICT;
CREATE INDEX attempt_by_order ON attempt(order_id);
CREATE TABLE hold(
  order_id INTEGER NOT NULL REFERENCES orders,
  scope TEXT NOT NULL,
  period TEXT NOT NULL,
  cur TEXT NOT NULL,
  cap_minor INTEGER,
  amount INTEGER NOT NULL CHECK(amount >= 0),
  state TEXT NOT NULL CHECK(state IN ('held','spent','released')),
  PRIMARY KEY(order_id, scope)
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_by_scope ON hold(scope, period, cur);
CREATE TABLE event(
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  effective_at INTEGER,
  sim TEXT,
  order_id INTEGER REFERENCES orders,
  type TEXT NOT NULL,
  actor TEXT NOT NULL,
  data TEXT NOT NULL CHECK(json_valid(data) AND length(data) <= 4096),
  hash BLOB NOT NULL CHECK(length(hash) = 32)
) STRICT;
CREATE INDEX event_by_sim ON event(sim, type, seq);
CREATE INDEX event_by_order ON event(order_id) WHERE order_id IS NOT NULL;
CREATE INDEX event_by_time ON event(at);
CREATE TABLE told(
  event_seq INTEGER NOT NULL REFERENCES event,
  target TEXT NOT NULL,
  done_at INTEGER,
  PRIMARY KEY(event_seq, target)
) STRICT, WITHOUT ROWID;
CREATE TABLE reading(
  id INTEGER PRIMARY KEY,
  sim TEXT NOT NULL REFERENCES sim,
  field TEXT NOT NULL CHECK(field IN ('balance','expiry','data_left','last_activity')),
  value INTEGER NOT NULL,
  unit TEXT NOT NULL,
  observed_at INTEGER NOT NULL,
  got_at INTEGER NOT NULL,
  source TEXT NOT NULL,
  trust TEXT NOT NULL CHECK(trust IN ('typed','measured','estimate','hint'))
) STRICT;
CREATE INDEX reading_newest ON reading(sim, field, id);
"""


def _never(table: str, verb: str) -> str:
    return f"""
CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table}: no {verb.lower()}'); END;"""


def _refuse(name: str, when: str, message: str, condition: str) -> str:
    return f"""
CREATE TRIGGER {name} BEFORE {when} WHEN {condition}
BEGIN SELECT RAISE(ABORT, '{message}'); END;"""


_FOREVER = ("sim", "cycle", "request", "origin", "assisted", "kind", "created_at")
_FROZEN_ONCE_SENT = (
    *("account", "operator", "product", "body", "value_minor", "value_cur"),
    *("max_minor", "pay_cur"),
)
_FROZEN_ONCE_PAID = (
    "cost_minor",
    "cost_exact",
    "days",
    "receipt",
    "place",
    "happened_on",
)


def _changes(columns: tuple[str, ...]) -> str:
    return "(" + " OR ".join(f"NEW.{c} IS NOT OLD.{c}" for c in columns) + ")"


TRIGGERS = "".join(
    [
        *(
            _never(table, "DELETE")
            for table in (
                *("meta", "sim", "legal", "orders", "attempt", "hold"),
                *("event", "told", "reading", "setting"),
            )
        ),
        *(_never(table, "UPDATE") for table in ("meta", "legal", "event", "reading")),
        _refuse(
            "sim_removed_for_ever",
            "UPDATE ON sim",
            "sim: only its removal can be noted",
            "OLD.removed_at IS NOT NULL OR NEW.removed_at IS NULL OR "
            + _changes(("epoch", "number", "zone")),
        ),
        _refuse(
            "order_birth",
            "INSERT ON orders",
            "orders: born asked or approved",
            "NEW.origin <> 'adopted' AND NEW.state NOT IN ('asked','approved')",
        ),
        _refuse(
            "order_of_live_sim",
            "INSERT ON orders",
            "orders: the sim is removed",
            "NEW.origin <> 'adopted' AND "
            "EXISTS(SELECT 1 FROM sim WHERE epoch = NEW.sim AND removed_at IS NOT NULL)",
        ),
        _refuse(
            "order_moves",
            "UPDATE ON orders",
            "orders: illegal move",
            "NEW.state <> OLD.state AND NOT EXISTS("
            "SELECT 1 FROM legal WHERE a = OLD.state AND b = NEW.state)",
        ),
        _refuse(
            "order_assisted_confirms",
            "UPDATE ON orders",
            "orders: only an assisted order is confirmed unsent",
            "OLD.state = 'asked' AND NEW.state = 'confirmed' AND OLD.assisted = 0",
        ),
        _refuse(
            "order_assisted_unsent",
            "UPDATE ON orders",
            "orders: an assisted order is never sent",
            "NEW.state = 'sending' AND OLD.assisted = 1",
        ),
        _refuse(
            "order_sent_held",
            "UPDATE ON orders",
            "orders: nothing is sent without a hold",
            "NEW.state = 'sending' AND OLD.state = 'approved' AND OLD.assisted = 0"
            " AND NOT EXISTS("
            "SELECT 1 FROM hold WHERE order_id = OLD.id AND state = 'held')",
        ),
        _refuse(
            "order_paid_stays",
            "UPDATE ON orders",
            "orders: what was paid stays written",
            "OLD.state IN ('confirmed','reversed') AND ("
            + _changes(_FROZEN_ONCE_PAID)
            + " OR NEW.state = OLD.state AND NEW.settled_at IS NOT OLD.settled_at)",
        ),
        _refuse(
            "order_effect_stays",
            "UPDATE ON orders",
            "orders: an effect is found out once",
            "OLD.state IN ('confirmed','reversed') AND OLD.effect <> 'open'"
            " AND NEW.effect <> OLD.effect",
        ),
        _refuse(
            "order_identity",
            "UPDATE ON orders",
            "orders: identity is frozen",
            "NEW.id IS NOT OLD.id OR " + _changes(_FOREVER),
        ),
        _refuse(
            "order_frozen",
            "UPDATE ON orders",
            "orders: frozen once sent",
            "EXISTS(SELECT 1 FROM attempt WHERE order_id = OLD.id) AND "  # noqa: S608
            + _changes(_FROZEN_ONCE_SENT),
        ),
        _refuse(
            "attempt_birth",
            "INSERT ON attempt",
            "attempt: needs a held order in sending",
            "NOT EXISTS(SELECT 1 FROM orders o JOIN hold h ON h.order_id = o.id AND h.state = 'held'"
            " WHERE o.id = NEW.order_id AND o.state = 'sending' AND o.sim = NEW.sim"
            " AND o.cycle = NEW.cycle)",
        ),
        _refuse(
            "attempt_once",
            "INSERT ON attempt",
            "attempt: this cycle is bought",
            "EXISTS(SELECT 1 FROM orders WHERE sim = NEW.sim AND assisted = 0"
            " AND state = 'confirmed' AND cycle >= NEW.cycle)",
        ),
        _refuse(
            "attempt_identity",
            "UPDATE ON attempt",
            "attempt: identity is frozen",
            _changes(("key", "sim", "cycle", "ordinal")),
        ),
        _refuse(
            "attempt_counts",
            "UPDATE ON attempt",
            "attempt: a consumed key stays so; sends fall by one at most",
            "NEW.consumed < OLD.consumed OR NEW.sends < OLD.sends - 1",
        ),
        _refuse(
            "attempt_sent_again",
            "UPDATE ON attempt",
            "attempt: sent again only unconsumed, in sending, in an unbought cycle",
            "NEW.sends > OLD.sends AND (OLD.consumed = 1 OR NOT EXISTS("
            "SELECT 1 FROM orders o JOIN hold h ON h.order_id = o.id AND h.state = 'held'"
            " WHERE o.id = NEW.order_id AND o.state = 'sending')"
            " OR EXISTS(SELECT 1 FROM orders WHERE sim = NEW.sim AND assisted = 0"
            " AND state = 'confirmed' AND cycle >= NEW.cycle))",
        ),
        _refuse(
            "attempt_same_body",
            "UPDATE ON attempt",
            "attempt: body and account stay with the order",
            "NEW.order_id = OLD.order_id AND "
            + _changes(("body_sha", "account", "first_sent_at")),
        ),
        _refuse(
            "attempt_handed_on",
            "UPDATE ON attempt",
            "attempt: a key is handed on only when its order ended unpaid",
            "NEW.order_id <> OLD.order_id AND (OLD.consumed = 1 OR NOT EXISTS("
            "SELECT 1 FROM orders WHERE id = OLD.order_id"
            " AND state IN ('rejected','cancelled','expired','declined')))",
        ),
        *(
            _refuse(
                f"hold_cap_{verb.lower()}",
                f"{verb} ON hold",
                "hold: over the cap",
                "NEW.state = 'held' AND NEW.cap_minor IS NOT NULL AND NEW.amount + ("
                "SELECT coalesce(sum(amount), 0) FROM hold WHERE scope = NEW.scope"
                " AND period = NEW.period AND cur = NEW.cur AND state <> 'released'"
                " AND order_id <> NEW.order_id) > NEW.cap_minor",
            )
            for verb in ("INSERT", "UPDATE")
        ),
        _refuse(
            "hold_identity",
            "UPDATE ON hold",
            "hold: its scope, period and cap are frozen while it stands",
            "OLD.state <> 'released' AND "
            + _changes(("order_id", "scope", "period", "cur", "cap_minor")),
        ),
        *(
            _refuse(
                f"hold_for_the_most_{verb.lower()}",
                f"{verb} ON hold",
                "hold: for the most that the order may cost",
                "NEW.state = 'held' AND NEW.amount <> ("
                "SELECT max_minor FROM orders WHERE id = NEW.order_id)",
            )
            for verb in ("INSERT", "UPDATE")
        ),
        _refuse(
            "hold_spent_stays",
            "UPDATE ON hold",
            "hold: what is spent stays spent",
            "OLD.state = 'spent' AND (NEW.state <> 'spent' OR NEW.amount < OLD.amount)",
        ),
        _refuse(
            "hold_kept_in_flight",
            "UPDATE ON hold",
            "hold: kept while money may have moved",
            "OLD.state = 'held' AND NEW.state = 'released' AND EXISTS("
            "SELECT 1 FROM orders WHERE id = OLD.order_id"
            " AND state IN ('sending','pending','unknown','needs_person','confirmed'))",
        ),
        _refuse(
            "event_gapless",
            "INSERT ON event",
            "event: gapless",
            "NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM event)",
        ),
        _refuse(
            "told_once",
            "UPDATE ON told",
            "told: only its end can be noted, once",
            "OLD.done_at IS NOT NULL OR NEW.done_at IS NULL OR "
            + _changes(("event_seq", "target")),
        ),
    ]
)

LEGAL_ROWS = [(a.value, b.value) for a, ends in MOVES.items() for b in sorted(ends)]

PRIMARY_KEYS = {
    "setting": ("name",),
    "sim": ("epoch",),
    "orders": ("id",),
    "attempt": ("key",),
    "hold": ("order_id", "scope"),
    "reading": ("id",),
}
"""The tables that are folded from events, with their keys."""
