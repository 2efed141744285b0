"""Reading the ledger, and the limits of what it takes."""

import pytest

from custom_components.sim_keeper.keeper.errors import (
    LedgerBroken,
    LedgerFault,
    OrderRefused,
)
from custom_components.sim_keeper.keeper.ledger import STOPPED, EventType
from custom_components.sim_keeper.keeper.ledger.records import (
    Told,
    moment,
    order_from,
    seconds,
)
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.ports import Json

from ..builders import EPOCH, NOW
from .lives import (
    HOLDS,
    OTHER,
    a_ledger,
    closing,
    confirmed,
    conn_of,
    later,
    move,
    new,
    paid,
    reach,
    sending,
    spent_in,
    task,
)

# -- Reading ----------------------------------------------------------------------------------


def test_orders_are_found_by_sim_and_time() -> None:
    ledger = a_ledger(OTHER)
    for days in range(3):
        move(ledger, ledger.ask(new(), "keeper", later(days=days)), State.DECLINED)
    ledger.ask(new(sim=OTHER), "keeper", NOW)
    assert [order.id for order in ledger.orders(EPOCH)] == [1, 2, 3]
    assert [order.id for order in ledger.orders()] == [1, 2, 3, 4]
    found = ledger.orders(EPOCH, start=later(days=1), end=later(days=2))
    assert [order.id for order in found] == [2]
    assert [order.id for order in ledger.in_state(State.ASKED)] == [4]
    states = ledger.in_state(State.ASKED, State.DECLINED)
    assert [order.id for order in states] == [1, 2, 3, 4]


def test_what_does_not_exist_is_refused() -> None:
    ledger = a_ledger()
    with pytest.raises(OrderRefused, match="order_not_found"):
        ledger.order(7)
    ledger.ask(new(), "keeper", NOW)
    with pytest.raises(OrderRefused, match="order_not_sent"):
        ledger.attempt(1)


def test_orders_are_followed_in_order_of_urgency() -> None:
    ledger = a_ledger(OTHER)
    move(ledger, sending(ledger), State.UNKNOWN, next_at=later(hours=2))
    move(ledger, sending(ledger, sim=OTHER), State.PENDING, next_at=later(hours=1))
    assert [order.id for order in ledger.followed()] == [2, 1]
    ledger.look_later(2, later(hours=3), NOW)
    assert [order.id for order in ledger.followed()] == [1, 2]
    ledger.look_later(1, None, NOW)
    assert [order.id for order in ledger.followed()] == [2]


def test_events_are_gapless_and_tell_everything() -> None:
    ledger = a_ledger()
    confirmed(ledger)
    events = ledger.events_since(0)
    assert [event.seq for event in events] == list(range(1, ledger.last_event() + 1))
    assert ledger.events_since(ledger.last_event()) == []
    assert ledger.newest_event(EventType.SENT, EPOCH) == ledger.events(1)[1]
    assert ledger.newest_event(EventType.DAY, None) is None
    assert ledger.sim_number(EPOCH) == "+85251234560"


def test_a_skip_is_known_by_cycle_and_reason() -> None:
    ledger = a_ledger()
    details: dict[str, Json] = {"cycle": 1, "reason": "no_amount"}
    ledger.add_event(EventType.SKIPPED, EPOCH, details, NOW)
    assert ledger.was_skipped(EPOCH, 1, "no_amount")
    assert not ledger.was_skipped(EPOCH, 2, "no_amount")
    assert not ledger.was_skipped(EPOCH, 1, "other")
    assert not ledger.was_skipped(OTHER, 1, "no_amount")


def test_an_event_is_told_once() -> None:
    ledger = a_ledger()
    ledger.ask(new(), "keeper", NOW)
    (told,) = ledger.untold()
    assert isinstance(told, Told)
    assert (told.event.type, told.target) == (EventType.ASKED, "household")
    ledger.mark_told(told.event.seq, NOW)
    ledger.mark_told(told.event.seq, later(hours=1))
    assert ledger.untold() == []
    assert ledger.find_damage() is None


def test_settings_survive_and_repeat_silently() -> None:
    ledger = a_ledger()
    assert ledger.setting(STOPPED) is None
    ledger.set_setting(STOPPED, "on", "user:1", NOW)
    events = ledger.last_event()
    ledger.set_setting(STOPPED, "on", "user:1", NOW)
    assert ledger.last_event() == events
    assert ledger.setting(STOPPED) == "on"
    assert ledger.view(EPOCH, None, NOW).stopped
    ledger.set_setting(STOPPED, "off", "user:1", NOW)
    assert not ledger.view(EPOCH, None, NOW).stopped


def test_removing_a_sim_cancels_what_is_unsent_and_keeps_the_rest() -> None:
    for state, end in (
        (State.ASKED, State.CANCELLED),
        (State.APPROVED, State.CANCELLED),
        (State.SENDING, State.SENDING),
        (State.UNKNOWN, State.UNKNOWN),
        (State.CONFIRMED, State.CONFIRMED),
    ):
        ledger = a_ledger()
        order = reach(ledger, state)
        ledger.remove_sim(EPOCH, "user:1", NOW)
        order = ledger.order(order.id)
        assert order.state is end
        if end is State.CANCELLED:
            assert order.reason == "sim_removed"
            assert spent_in(ledger) == {}
        with pytest.raises(OrderRefused):
            ledger.ask(new(), "keeper", NOW)


# -- Limits -----------------------------------------------------------------------------------


def test_what_is_too_large_is_refused_before_anything_is_sent() -> None:
    ledger = a_ledger()
    for large in (
        {"body": {"x": "y" * 1024}},
        {"why": {"x": "y" * 1024}},
        {"request": "r" * 65},
        {"days": 4001},
        {"body": {"x": '"' * 500}, "why": {"x": '"' * 500}},
    ):
        with pytest.raises(OrderRefused, match="ledger_refused"):
            ledger.bear_sending(new(**large), HOLDS, 0, NOW)
    assert ledger.orders(EPOCH) == []
    assert spent_in(ledger) == {}
    assert ledger.find_damage() is None


def test_an_event_of_4096_characters_is_the_longest() -> None:
    ledger = a_ledger()
    room = 4096 - len('{"rows":[],"x":""}')
    ledger.add_event(EventType.DAY, None, {"x": "é" * room}, NOW)
    with pytest.raises(OrderRefused):
        ledger.add_event(EventType.DAY, None, {"x": "é" * (room + 1)}, NOW)


def test_the_longest_note_of_a_person_fits() -> None:
    ledger = a_ledger()
    payment = paid(note='"' * 512, place='"' * 128, receipt='"' * 128)
    order = ledger.record_paid(task(), payment, HOLDS, (), "user:" + "a" * 32, NOW)
    assert order.note == '"' * 512


def test_a_naive_time_never_reaches_the_ledger() -> None:
    with pytest.raises(ValueError, match="naive"):
        seconds(NOW.replace(tzinfo=None))
    assert moment(seconds(NOW)) == NOW


def test_a_row_that_holds_the_wrong_kind_of_value_is_not_read() -> None:
    ledger = a_ledger()
    ledger.ask(new(), "keeper", NOW)
    row = ledger._book.rows("SELECT * FROM orders")[0]
    with pytest.raises(TypeError, match="whole number"):
        order_from({**row, "cycle": "1"})


def test_a_write_that_fails_midway_changes_nothing() -> None:
    ledger = a_ledger()
    before = conn_of(ledger).serialize()
    with pytest.raises(OrderRefused):
        ledger.bear_sending(new(account=None), HOLDS, 0, NOW)
    assert conn_of(ledger).serialize() == before


def test_a_database_that_cannot_be_written_is_broken_not_refused() -> None:
    ledger = a_ledger()
    conn_of(ledger).execute("PRAGMA query_only = 1")
    with pytest.raises(LedgerBroken) as caught:
        ledger.ask(new(), "keeper", NOW)
    assert caught.value.fault is LedgerFault.UNWRITABLE
    conn_of(ledger).execute("PRAGMA query_only = 0")
    assert ledger.orders(EPOCH) == []


def test_a_database_that_cannot_be_read_is_broken() -> None:
    ledger = a_ledger()
    ledger._book._tip = None
    conn_of(ledger).close()
    for read in (
        lambda: ledger.orders(EPOCH),
        lambda: ledger.setting(STOPPED),
        ledger.last_event,
    ):
        with pytest.raises(LedgerBroken):
            read()


def test_a_closing_keeps_what_it_does_not_speak_of() -> None:
    ledger = a_ledger()
    order = move(ledger, sending(ledger), State.PENDING, reference="r", note="n")
    order = ledger.move(order.id, closing(State.UNKNOWN), "keeper", NOW)
    assert (order.reference, order.note) == ("r", "n")
