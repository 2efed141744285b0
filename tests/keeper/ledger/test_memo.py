"""What the ledger remembers of its own answers is always what it would find anew."""

from random import Random

import pytest

from custom_components.sim_keeper.keeper.errors import OrderRefused
from custom_components.sim_keeper.keeper.ledger import EventType, Ledger
from custom_components.sim_keeper.keeper.ledger.memo import Memo
from custom_components.sim_keeper.keeper.orders import State

from ..builders import EPOCH, NOW, balance, hkd
from .lives import (
    DELIVERY,
    HOLDS,
    MONTH,
    OTHER,
    SCOPE,
    a_ledger,
    confirmed,
    later,
    move,
    new,
    reach,
    task,
)


def _answers(ledger: Ledger, hours: int) -> list[object]:
    now = later(hours=hours)
    return [
        *(ledger.view(epoch, "model:1", now) for epoch in (EPOCH, OTHER)),
        *(ledger.spending(scope, MONTH) for scope in (SCOPE, "household")),
        *(ledger.newest_event(kind, EPOCH) for kind in EventType),
        *(ledger.in_state(state) for state in State),
        ledger.followed(),
        ledger.history.delivered(EPOCH),
    ]


def _do_something(ledger: Ledger, rng: Random, hours: int) -> None:
    now = later(hours=hours)
    epoch = rng.choice((EPOCH, OTHER))
    amount = hkd(str(rng.randrange(1, 90)))
    deeds = (
        lambda: ledger.add_readings(epoch, [balance(amount)], "source", now),
        lambda: ledger.add_event(EventType.SKIPPED, epoch, {"reason": "x"}, now),
        lambda: confirmed(ledger, now, sim=epoch),
        lambda: reach(ledger, rng.choice(sorted(State)), now),
        lambda: ledger.ask(task(sim=epoch), "keeper", now),
        lambda: ledger.ask(new(sim=epoch), "keeper", now),
        lambda: ledger.set_setting("stop_all_spending", rng.choice("ab"), "k", now),
        lambda: ledger.clear_refusals(epoch, "user:1", now),
        lambda: ledger.note_restored(now),
        lambda: ledger.look_anew(now),
        lambda: _end_one(ledger, rng, hours),
    )
    try:
        rng.choice(deeds)()
    except OrderRefused, StopIteration:
        # Undone as a whole: that, too, must not leave a wrong answer behind.
        return


def _end_one(ledger: Ledger, rng: Random, hours: int) -> None:
    order = next(iter(ledger.in_state(*(set(State) - {State.CONFIRMED}))))
    if rng.random() < 0.5:
        ledger.confirm(order.id, DELIVERY, (), "keeper", later(hours=hours))
    else:
        move(ledger, order, rng.choice((State.REJECTED, State.CANCELLED)))


@pytest.mark.parametrize("seed", range(20))
def test_what_is_remembered_is_what_would_be_found(seed: int) -> None:
    ledger, rng = a_ledger(OTHER), Random(seed)
    for hours in range(60):
        _answers(ledger, hours)
        _do_something(ledger, rng, hours)
        remembered = _answers(ledger, hours)
        ledger._book.memo.clear()
        assert remembered == _answers(ledger, hours)


def test_an_unchanged_ledger_is_not_read_again() -> None:
    ledger = a_ledger()
    confirmed(ledger)
    _answers(ledger, 1)
    asked: list[str] = []
    ledger._book.conn.set_trace_callback(asked.append)
    _answers(ledger, 1)
    # The newest time of all events is one look into an index.
    assert len(asked) == 2, asked


def test_a_refused_write_leaves_no_trace_in_the_memory() -> None:
    ledger = a_ledger()
    reach(ledger, State.ASKED)
    before = ledger.view(EPOCH, None, NOW)
    with pytest.raises(OrderRefused):
        ledger.bear_approved(new(), HOLDS, "user:1", NOW)
    assert ledger.view(EPOCH, None, NOW) == before


def test_a_scope_forgets_alone() -> None:
    memo, found = Memo(), iter(range(9))
    assert [memo.recall(scope, 1, lambda: next(found)) for scope in "aab"] == [0, 0, 1]
    memo.forget("a")
    assert [memo.recall(scope, 1, lambda: next(found)) for scope in "ab"] == [2, 1]
    memo.clear()
    assert memo.recall("b", 1, lambda: next(found)) == 3
