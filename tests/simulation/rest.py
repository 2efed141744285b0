"""What must hold once the world has calmed down: vendor, ledger and people agree."""

from typing import TYPE_CHECKING

from custom_components.sim_keeper.keeper.ledger.book import TOLD

from .lines import DAY
from .people import People

if TYPE_CHECKING:
    from .vendors import Transaction
    from .world import Truth

_NOT_PAID = frozenset({"rejected", "cancelled", "expired", "declined", "reversed"})
_HEARD_AS = {
    "confirmed": ("confirmed", "adopted"),
    "rejected": ("rejected",),
    "reversed": ("reversed",),
    "needs_person": ("needs_person",),
}


def check_rest(truth: Truth, people: People) -> None:
    """Compare everything that can be compared at the end of a history."""
    oracle = truth.oracle
    damage = truth.disk.find_damage()
    if damage is not None:
        oracle.blame("engine_errors", f"damage: {damage}")
    _outcomes(truth, people)
    _open_orders(truth)
    _notifications(truth)


def _outcomes(truth: Truth, people: People) -> None:
    orders = {
        row[0]: row
        for row in truth.disk.conn.execute(
            "SELECT id, state, reason, account, settled_at FROM orders WHERE assisted = 0"
        )
    }
    keys: dict[str, int] = dict(
        truth.disk.conn.execute("SELECT key, order_id FROM attempt").fetchall()
    )
    keys |= {
        row[2]: row[0] for row in orders.values() if (row[2] or "").startswith("SK")
    }
    paid: dict[int, int] = {}
    blame = truth.oracle.blame
    for key, same in _by_key(truth).items():
        kept = [one for one in same if one.kept]
        order_id = keys.get(key)
        if order_id is None:
            if kept and not all(truth.oracle.forgotten(one.born_at) for one in kept):
                blame("wrong_outcome", f"{key} was paid, the ledger has no such order")
            continue
        order_id = _last_sent(truth, key, order_id)
        _, state, reason, _, _ = orders[order_id]
        if kept and state == "confirmed":
            paid[order_id] = paid.get(order_id, 0) + 1
        if (truth.restores, order_id) in people.wrong_words:
            continue
        if all(truth.oracle.forgotten(one.born_at) for one in same):
            continue
        if kept and state in _NOT_PAID:
            blame(
                "wrong_outcome", f"{key} was paid, order {order_id} is {state} {reason}"
            )
        if state == "confirmed" and not kept and _knowable(truth, same):
            ends = [one.state for one in same]
            blame("wrong_outcome", f"{key} is {ends}, order {order_id} is confirmed")
    for order_id, (_, state, _, account, _) in orders.items():
        spoken = (truth.restores, order_id) in people.wrong_words
        if state == "confirmed" and account and not spoken:
            known = any(keys[key] == order_id for key in keys)
            if not known:
                blame(
                    "wrong_outcome", f"order {order_id} is confirmed, nothing was sent"
                )
            elif paid.get(order_id, 0) > 1:
                blame(
                    "wrong_outcome", f"order {order_id} was paid {paid[order_id]} times"
                )


def _last_sent(truth: Truth, key: str, holder: int) -> int:
    """Return the order whose request left last under a key: its holder may have ended before."""
    sent = [
        order_id
        for name, order_id, restores in truth.oracle.intents
        if name == key and restores == truth.restores and order_id
    ]
    return holder if not sent or holder in sent else max(sent)


def _knowable(truth: Truth, same: list[Transaction]) -> bool:
    """Tell whether the ledger could have learned by now that nothing was delivered."""
    now = truth.loop.time()
    return truth.vendor.kind in ("pure", "guard") and all(
        one.state == "failed"
        or (one.state == "reversed" and now - one.ended_at > 3 * DAY)
        for one in same
    )


def _by_key(truth: Truth) -> dict[str, list[Transaction]]:
    found: dict[str, list[Transaction]] = {}
    for one in truth.vendor.transactions:
        found.setdefault(one.key, []).append(one)
    return found


def _open_orders(truth: Truth) -> None:
    late = (truth.loop.time() + truth.offset) - 3 * DAY
    for order_id, state, created in truth.disk.conn.execute(
        "SELECT id, state, created_at FROM orders WHERE state IN"
        " ('approved','sending','pending','unknown') AND created_at < ?",
        (late,),
    ):
        truth.oracle.blame(
            "orders_without_end", f"order {order_id} is {state} since {created}"
        )


def _notifications(truth: Truth) -> None:
    oracle = truth.oracle
    kinds = ",".join(f"'{kind.value}'" for kind in sorted(TOLD))
    untold = truth.disk.conn.execute(
        f"SELECT e.seq, e.type FROM event e JOIN told t ON t.event_seq = e.seq"  # noqa: S608
        f" WHERE e.type IN ({kinds})"
    )
    for seq, kind in untold:
        if seq not in oracle.heard_seqs:
            oracle.blame("notifications_missing", f"event {seq} {kind}")
    for order_id, state in truth.disk.conn.execute(
        "SELECT id, state FROM orders WHERE state IN"
        " ('confirmed','rejected','reversed','needs_person')"
    ):
        heard = any(
            (truth.restores, order_id, kind) in oracle.told for kind in _HEARD_AS[state]
        )
        if not heard:
            oracle.blame("notifications_missing", f"order {order_id} is {state}")
