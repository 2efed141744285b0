"""The rules of the database: each is broken by raw SQL on a real ledger, and holds."""

from collections.abc import Callable
from itertools import product
import re
import sqlite3

import pytest

from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.ledger.schema import LEGAL_ROWS
from custom_components.sim_keeper.keeper.orders import MOVES, State

from ..builders import EPOCH, NOW
from .breaking import (
    ATTEMPT,
    EVENT,
    HOLD,
    ORDER,
    SHA,
    assisted_sending_ledger,
    consumed_ledger,
    ledger_in,
    rejected_then_late_truth_ledger,
    removed_ledger,
    rich_ledger,
    sending_unheld_ledger,
    told_ledger,
    unheld_ledger,
    verified_ledger,
)
from .lives import OTHER, a_ledger, conn_of, reach, task

# Trigger → (a ledger, the SQL that it refuses).
BROKEN: dict[str, list[tuple[Callable[[], Ledger], str]]] = {
    **{
        f"{table}_no_delete": [(rich_ledger, f"DELETE FROM {table}")]  # noqa: S608
        for table in (
            *("meta", "sim", "legal", "orders", "attempt", "hold"),
            *("event", "told", "reading", "setting"),
        )
    },
    "meta_no_update": [(rich_ledger, "UPDATE meta SET value = 'x'")],
    "legal_no_update": [
        (rich_ledger, "UPDATE legal SET b = 'asked' WHERE a = 'pending'")
    ],
    "event_no_update": [
        (rich_ledger, "UPDATE event SET at = at"),
        (rich_ledger, "UPDATE event SET hash = zeroblob(32) WHERE seq = 1"),
    ],
    "reading_no_update": [(rich_ledger, "UPDATE reading SET value = 1")],
    "sim_removed_for_ever": [
        (removed_ledger, "UPDATE sim SET removed_at = NULL"),
        (removed_ledger, "UPDATE sim SET removed_at = 5"),
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
        (
            removed_ledger,
            f"{ORDER} (1,'{EPOCH}',1,'rule',0,'asked','{{}}',1,'USD',1,1)",
        ),
        (
            removed_ledger,
            f"{ORDER} (1,'{EPOCH}',1,'person',1,'approved','{{}}',1,'USD',1,1)",
        ),
    ],
    "order_moves": [
        (ledger_in(a), f"UPDATE orders SET state = '{b.value}'")  # noqa: S608
        for a, b in product(State, State)
        if a is not b and b not in MOVES[a]
    ],
    "order_assisted_confirms": [
        (ledger_in(State.ASKED), "UPDATE orders SET state = 'confirmed'")
    ],
    "order_assisted_unsent": [
        (assisted_sending_ledger, "UPDATE orders SET state = 'sending'")
    ],
    "order_sent_held": [(unheld_ledger, "UPDATE orders SET state = 'sending'")],
    "order_paid_stays": [
        (ledger_in(state), f"UPDATE orders SET {change}")  # noqa: S608
        for state in (State.CONFIRMED, State.REVERSED)
        for change in (
            *("cost_minor = 1", "cost_minor = NULL", "cost_exact = '9'", "days = 7"),
            *("receipt = 'x'", "place = 'x'", "happened_on = 1", "settled_at = 1"),
        )
    ],
    "order_effect_stays": [
        (verified_ledger, f"UPDATE orders SET effect = '{effect}'")  # noqa: S608
        for effect in ("open", "mismatch", "cannot_verify")
    ],
    "order_identity": [
        (ledger_in(State.ASKED), f"UPDATE orders SET {change}")  # noqa: S608
        for change in (
            *("id = 7", f"sim = '{OTHER}'", "cycle = 2", "request = 'x'"),
            *("origin = 'person'", "assisted = 1", "kind = 'activity'"),
            "created_at = 1",
        )
    ],
    "order_frozen": [
        (ledger_in(state), f"UPDATE orders SET {change}")  # noqa: S608
        for state in (State.SENDING, State.UNKNOWN, State.CONFIRMED)
        for change in (
            *("account = 'x'", "account = NULL", "operator = 'x'", "product = 'x'"),
            *("body = '{}'", "body = NULL", "value_minor = 1", "value_cur = 'EUR'"),
            *("max_minor = 1", "pay_cur = 'EUR'"),
        )
    ],
    "attempt_birth": [
        *(
            (ledger_in(state), f"{ATTEMPT} ('k',1,'{EPOCH}',1,5,'a','{SHA}',1,1)")
            for state in State
            if state not in (State.SENDING, State.CONFIRMED)
        ),
        (sending_unheld_ledger, f"{ATTEMPT} ('k',1,'{EPOCH}',1,5,'a','{SHA}',1,1)"),
        (ledger_in(State.SENDING), f"{ATTEMPT} ('k',1,'{EPOCH}',2,5,'a','{SHA}',1,1)"),
        (ledger_in(State.SENDING), f"{ATTEMPT} ('k',1,'{OTHER}',1,5,'a','{SHA}',1,1)"),
        (ledger_in(State.SENDING), f"{ATTEMPT} ('k',9,'{EPOCH}',1,5,'a','{SHA}',1,1)"),
    ],
    "attempt_once": [
        (
            rejected_then_late_truth_ledger,
            f"{ATTEMPT} ('k',2,'{EPOCH}',1,5,'a','{SHA}',1,1)",
        )
    ],
    "attempt_identity": [
        (ledger_in(State.SENDING), f"UPDATE attempt SET {change}")  # noqa: S608
        for change in ("key = 'x'", f"sim = '{OTHER}'", "cycle = 2", "ordinal = 2")
    ],
    "attempt_counts": [
        (consumed_ledger, "UPDATE attempt SET consumed = 0"),
        (ledger_in(State.SENDING), "UPDATE attempt SET sends = -1"),
    ],
    "attempt_sent_again": [
        *(
            (ledger_in(state), "UPDATE attempt SET sends = sends + 1")
            for state in (State.PENDING, State.UNKNOWN, State.REJECTED, State.CONFIRMED)
        ),
        (consumed_ledger, "UPDATE attempt SET sends = sends + 1"),
    ],
    "attempt_same_body": [
        (ledger_in(State.SENDING), f"UPDATE attempt SET {change}")  # noqa: S608
        for change in (f"body_sha = '{'b' * 64}'", "account = 'x'", "first_sent_at = 1")
    ],
    "attempt_handed_on": [
        (consumed_ledger, "UPDATE attempt SET order_id = 2"),
    ],
    "hold_cap_insert": [
        (
            ledger_in(State.ASKED),
            f"{HOLD} (1,'s','m','USD',699,700,'held')",
        ),
        (
            ledger_in(State.SENDING),
            f"{HOLD} (1,'s','m','USD',0,700,'held')",
        ),
    ],
    "hold_cap_update": [
        (ledger_in(State.CANCELLED), "UPDATE hold SET state = 'held', cap_minor = 699"),
    ],
    "hold_for_the_most_insert": [
        (ledger_in(State.ASKED), f"{HOLD} (1,'s','m','USD',{cap},{amount},'held')")
        for cap in (1000, "NULL")
        for amount in (0, 1, 699, 701)
    ],
    "hold_for_the_most_update": [
        *(
            (ledger_in(state), f"UPDATE hold SET amount = {amount}")  # noqa: S608
            for state in (State.APPROVED, State.SENDING, State.UNKNOWN)
            for amount in (0, 1, 699, 701)
        ),
        (ledger_in(State.CANCELLED), "UPDATE hold SET state = 'held', amount = 1"),
    ],
    "hold_identity": [
        (ledger_in(state), f"UPDATE hold SET {change}")  # noqa: S608
        for state in (State.APPROVED, State.CONFIRMED)
        for change in (
            *("period = 'x'", "cur = 'EUR'", "scope = 'x' || scope"),
            *("cap_minor = 99999999", "cap_minor = NULL"),
        )
    ],
    "hold_spent_stays": [
        (ledger_in(State.CONFIRMED), f"UPDATE hold SET {change}")  # noqa: S608
        for change in (
            *("state = 'released'", "state = 'held'"),
            *("amount = amount - 1", "amount = 0"),
        )
    ],
    "hold_kept_in_flight": [
        (ledger_in(state), "UPDATE hold SET state = 'released'")
        for state in (
            *(State.SENDING, State.PENDING, State.UNKNOWN, State.NEEDS_PERSON),
        )
    ],
    "event_gapless": [
        (
            rich_ledger,
            f"{EVENT} ({seq},1,NULL,NULL,NULL,'day','k','{{}}',zeroblob(32))",
        )
        for seq in (0, 1, 999, -1)
    ],
    "told_once": [
        (told_ledger, "UPDATE told SET done_at = 1"),
        (told_ledger, "UPDATE told SET done_at = NULL"),
        (ledger_in(State.ASKED), "UPDATE told SET done_at = NULL"),
        (ledger_in(State.ASKED), "UPDATE told SET done_at = 1, target = 'x'"),
        (ledger_in(State.ASKED), "UPDATE told SET target = 'x'"),
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
    conn = conn_of(removed_ledger())
    conn.execute(
        f"{ORDER} (1,'{EPOCH}',1,'adopted',0,'{state.value}','{{}}',1,'USD',1,1)"
    )
    assert conn.total_changes


def test_the_ledger_holds_the_moves_of_the_heart() -> None:
    rows = conn_of(Ledger.in_memory()).execute("SELECT a, b FROM legal").fetchall()
    assert {(State(a), State(b)) for a, b in rows} == {
        (a, b) for a, ends in MOVES.items() for b in ends
    }
