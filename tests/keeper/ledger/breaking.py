"""Ledgers in the states in which raw SQL tries to break a rule."""

from collections.abc import Callable

from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.sim import Field

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


def ledger_in(state: State) -> Callable[[], Ledger]:
    def make() -> Ledger:
        ledger = a_ledger()
        reach(ledger, state)
        return ledger

    return make


def rich_ledger() -> Ledger:
    """Return a ledger with a row in every table."""
    ledger = a_ledger(OTHER)
    confirmed(ledger)
    ledger.add_readings(EPOCH, [balance(hkd("3"))], "user:1", NOW)
    ledger.set_setting("some", "thing", "user:1", NOW)
    return ledger


def removed_ledger() -> Ledger:
    ledger = a_ledger()
    ledger.remove_sim(EPOCH, "user:1", NOW)
    return ledger


def asked_task_ledger() -> Ledger:
    ledger = a_ledger()
    ledger.ask(task(), "keeper", NOW)
    return ledger


def unheld_ledger() -> Ledger:
    ledger = a_ledger()
    ledger.bear_approved(new(), (), "user:1", NOW)
    return ledger


def verified_ledger() -> Ledger:
    ledger = a_ledger()
    ledger.set_effect(confirmed(ledger).id, Field.BALANCE, NOW)
    return ledger


def sending_unheld_ledger() -> Ledger:
    ledger = unheld_ledger()
    conn = conn_of(ledger)
    conn.execute("DROP TRIGGER order_sent_held")
    conn.execute("UPDATE orders SET state = 'sending'")
    return ledger


def rejected_then_late_truth_ledger() -> Ledger:
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


def consumed_ledger() -> Ledger:
    ledger = a_ledger()
    move(ledger, sending(ledger), State.REJECTED, consumed=True)
    ledger.ask(new(), "keeper", NOW)
    return ledger


def told_ledger() -> Ledger:
    ledger = ledger_in(State.ASKED)()
    ledger.mark_told(ledger.untold()[0].event.seq, NOW)
    return ledger


def assisted_sending_ledger() -> Ledger:
    ledger = a_ledger()
    ledger.bear_approved(new(assisted=True), HOLDS, "user:1", NOW)
    return ledger
