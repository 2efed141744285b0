"""The order's life as data: moves, key, schedule, what follows when nothing is found."""

from datetime import timedelta
from itertools import product
import re

from hypothesis import given, strategies as st
import pytest

from custom_components.sim_keeper.keeper.orders import (
    IN_FLIGHT,
    MOVES,
    OPEN,
    RELEASING,
    SENDS_MAX,
    State,
    Step,
    after_absent,
    cycle_of,
    handover_at,
    next_look,
    order_key,
)
from custom_components.sim_keeper.keeper.ports import Lookup

from .builders import EPOCH, NOW, attempt, capabilities, order

# money.md §4, typed off by hand.
LEGAL = {
    "asked": "approved declined expired cancelled confirmed",
    "approved": "sending asked cancelled expired",
    "sending": "pending confirmed rejected unknown approved cancelled",
    "pending": "confirmed rejected unknown",
    "unknown": "pending confirmed rejected approved needs_person",
    "needs_person": "pending confirmed rejected",
    "rejected": "confirmed",
    "confirmed": "reversed",
    "cancelled": "",
    "declined": "",
    "expired": "",
    "reversed": "",
}


def _s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


@pytest.mark.parametrize(("a", "b"), product(State, State))
def test_a_move_is_legal_as_the_law_says(a: State, b: State) -> None:
    assert (b in MOVES[a]) is (b.value in LEGAL[a.value].split())


def test_every_state_has_a_row() -> None:
    assert set(MOVES) == set(State)
    assert set(LEGAL) == {state.value for state in State}


def test_open_states_are_those_from_which_something_still_comes_by_itself() -> None:
    ended = {
        *(State.CONFIRMED, State.REJECTED, State.CANCELLED),
        *(State.DECLINED, State.EXPIRED, State.REVERSED),
    }
    assert set(State) - ended == OPEN
    assert IN_FLIGHT < OPEN
    assert not RELEASING & OPEN


def test_from_every_open_state_an_end_can_be_reached() -> None:
    for start in OPEN:
        seen, todo = {start}, [start]
        while todo:
            fresh = MOVES[todo.pop()] - seen
            seen |= fresh
            todo += fresh
        assert State.CONFIRMED in seen
        assert seen & RELEASING


# -- The key ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cycle", "ordinal", "key"),
    [
        (1, 0, "SKX7Q2M9K4TB-001-0"),
        (12, 0, "SKX7Q2M9K4TB-00C-0"),
        (36, 3, "SKX7Q2M9K4TB-010-3"),
        (1296, 9, "SKX7Q2M9K4TB-100-9"),
        (46655, 9, "SKX7Q2M9K4TB-ZZZ-9"),
    ],
)
def test_the_key_as_it_goes_to_the_vendor(cycle: int, ordinal: int, key: str) -> None:
    assert order_key("X7Q2M9K4TB", cycle, ordinal) == key


@pytest.mark.parametrize(
    ("cycle", "ordinal"), [(0, 0), (-1, 0), (46656, 0), (1, -1), (1, 10)]
)
def test_what_does_not_fit_the_key_is_refused(cycle: int, ordinal: int) -> None:
    with pytest.raises(ValueError, match="outside the key's range"):
        order_key(EPOCH, cycle, ordinal)


@given(
    st.tuples(st.integers(1, 46655), st.integers(0, 9)),
    st.tuples(st.integers(1, 46655), st.integers(0, 9)),
)
def test_two_intents_never_share_a_key(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    first, second = order_key(EPOCH, *one), order_key(EPOCH, *other)
    assert re.fullmatch(r"[A-Z0-9-]{18}", first)
    assert (first == second) is (one == other)
    assert (first.lower() == second.lower()) is (one == other)
    assert cycle_of(first) == one[0]


# -- The schedule -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "elapsed", "due"),
    [
        (State.UNKNOWN, 0, 180),
        (State.UNKNOWN, 179.9, 180),
        (State.UNKNOWN, 180, 480),
        (State.UNKNOWN, 480, 1080),
        (State.UNKNOWN, 1080, 1680),
        (State.UNKNOWN, 5000, 5600),
        # A clock that went back waits for the first look again; it never sends earlier.
        (State.UNKNOWN, -9999, 180),
        (State.PENDING, 0, 5),
        (State.PENDING, 5, 10),
        (State.PENDING, 59, 60),
        (State.PENDING, 60, 300),
        (State.PENDING, 600, 900),
        (State.PENDING, 86_400, 86_700),
    ],
)
def test_looks_are_counted_from_the_stored_send(
    state: State, elapsed: float, due: float
) -> None:
    found = next_look(capabilities(), state, attempt(), NOW + _s(elapsed))
    assert found == NOW + _s(due)


@pytest.mark.parametrize(
    ("schedule", "elapsed", "due"), [((60,), 0, 60), ((60,), 60, 120), ((60,), 75, 135)]
)
def test_a_schedule_of_one_repeats_itself(
    schedule: tuple[int, ...], elapsed: float, due: float
) -> None:
    caps = capabilities(look_after_s=schedule)
    found = next_look(caps, State.UNKNOWN, attempt(), NOW + _s(elapsed))
    assert found == NOW + _s(due)


def test_a_pending_order_from_the_future_is_asked_for_at_the_longest_gap() -> None:
    found = next_look(capabilities(), State.PENDING, attempt(), NOW - _s(43200))
    assert found == NOW - _s(43200) + _s(capabilities().poll_s[-1])


@pytest.mark.parametrize("state", [State.UNKNOWN, State.PENDING])
def test_a_channel_without_a_schedule_still_has_a_next_look(state: State) -> None:
    caps = capabilities(look_after_s=(), poll_s=())
    assert NOW < next_look(caps, state, attempt(), NOW) <= NOW + _s(3600)


@given(st.floats(-1e5, 1e6), st.sampled_from([State.PENDING, State.UNKNOWN]))
def test_the_next_look_is_always_ahead(elapsed: float, state: State) -> None:
    now = NOW + _s(elapsed)
    assert next_look(capabilities(), state, attempt(), now) > now


@pytest.mark.parametrize(
    ("grace_end", "limit"),
    [
        (None, timedelta(hours=24)),
        (timedelta(hours=30), timedelta(hours=24)),
        (timedelta(hours=5), timedelta(hours=5)),
        # Grace that had ended when the order was made says nothing about urgency.
        (timedelta(hours=-5), timedelta(hours=24)),
    ],
)
def test_a_person_gets_the_order_after_a_day_or_when_grace_ends(
    grace_end: timedelta | None, limit: timedelta
) -> None:
    end = None if grace_end is None else NOW + grace_end
    assert handover_at(order(State.UNKNOWN), NOW, end) == NOW + limit


# -- Nothing found ----------------------------------------------------------------------------

ABSENT = [
    # (capabilities, attempt, seconds since the last send, wanted) → step
    ({}, {"looks": 1}, 180, True, Step.WAIT),
    ({}, {"looks": 2}, 480, True, Step.WAIT),
    ({}, {"looks": 3}, 1079, True, Step.WAIT),
    ({}, {"looks": 2}, 1080, True, Step.WAIT),
    ({}, {"looks": 3}, 1080, True, Step.SEND_AGAIN),
    ({}, {"looks": 9}, 7200, True, Step.SEND_AGAIN),
    ({}, {"looks": 9}, 7201, True, Step.HAND_OVER),
    ({}, {"looks": 3}, 1080, False, Step.HAND_OVER),
    ({}, {"looks": 3, "sends": 2}, 1080, True, Step.HAND_OVER),
    ({}, {"looks": 3, "sends": 0}, 1080, True, Step.SEND_AGAIN),
    ({"resend_within_s": 0}, {"looks": 3}, 1080, True, Step.HAND_OVER),
    ({"lookup": Lookup.NONE}, {"looks": 3}, 1080, True, Step.HAND_OVER),
    ({"lookup": Lookup.PAYING}, {"looks": 3}, 1080, True, Step.HAND_OVER),
    ({}, {"looks": 3}, -60, True, Step.WAIT),
]


@pytest.mark.parametrize(("caps", "sent", "elapsed", "wanted", "step"), ABSENT)
def test_nothing_found_becomes_a_fact_only_after_the_whole_schedule(
    caps: dict[str, object],
    sent: dict[str, object],
    elapsed: float,
    wanted: bool,
    step: Step,
) -> None:
    now = NOW + _s(elapsed)
    found = after_absent(
        capabilities(**caps),
        order(State.UNKNOWN, valid_until=NOW + timedelta(days=1)),
        attempt(**sent),
        now,
        wanted=wanted,
    )
    assert found.step is step
    assert found.at > now if step is Step.WAIT else found.at == now


def test_an_order_past_its_time_is_not_sent_again() -> None:
    now = NOW + _s(1200)
    for until, step in ((0, Step.SEND_AGAIN), (-1, Step.HAND_OVER)):
        stale = order(State.UNKNOWN, valid_until=now + _s(until))
        found = after_absent(capabilities(), stale, attempt(looks=3), now, wanted=True)
        assert found.step is step


def test_the_window_for_a_second_send_counts_from_the_first() -> None:
    now = NOW + _s(7200)
    sent = attempt(looks=3, first_sent_at=NOW - _s(1), last_sent_at=NOW)
    found = after_absent(capabilities(), order(State.UNKNOWN), sent, now, wanted=True)
    assert found.step is Step.HAND_OVER


def test_a_key_is_sent_four_times_at_most() -> None:
    assert SENDS_MAX == 4
