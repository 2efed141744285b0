"""Who may do what, written down a second time."""

import pytest

from custom_components.sim_keeper.keeper.errors import NotAllowed
from custom_components.sim_keeper.keeper.permissions import (
    AUTOMATION,
    Caller,
    Door,
    may,
    mode_door,
    reading_door,
    require,
)
from custom_components.sim_keeper.keeper.sim import Mode

ADMIN = Caller(user_id="1", is_admin=True)
PERSON = Caller(user_id="2", is_admin=False)

# money.md §7, by hand: (administrator, any other person, automation without a user).
WHO_MAY_WHAT = {
    "approve": (True, False, False),
    "cancel": (True, True, True),
    "resolve": (True, False, False),
    "record": (True, True, True),
    "spend": (True, False, True),
    "stop": (True, True, True),
    "lift_stop": (True, False, False),
    "pause": (True, True, True),
    "resume": (True, False, False),
    "mode_up": (True, False, False),
    "mode_down": (True, True, True),
    "threshold_up": (True, False, False),
    "threshold_down": (True, True, True),
    "reading": (True, True, True),
    "reading_on_auto": (True, False, False),
    "export": (True, False, True),
    "thaw": (True, False, False),
}


def test_the_table_has_every_door() -> None:
    assert set(WHO_MAY_WHAT) == {door.value for door in Door}


@pytest.mark.parametrize("door", Door)
def test_a_door_opens_for_whom_the_table_says(door: Door) -> None:
    found = tuple(may(door, caller) for caller in (ADMIN, PERSON, AUTOMATION))
    assert found == WHO_MAY_WHAT[door.value]


@pytest.mark.parametrize("door", Door)
@pytest.mark.parametrize("caller", [ADMIN, PERSON, AUTOMATION])
def test_require_agrees_with_may(door: Door, caller: Caller) -> None:
    if may(door, caller):
        require(door, caller)
        return
    with pytest.raises(NotAllowed) as caught:
        require(door, caller)
    assert caught.value.door == door.value


@pytest.mark.parametrize(
    ("old", "new", "door"),
    [
        (Mode.OFF, Mode.REMIND, Door.MODE_UP),
        (Mode.REMIND, Mode.ASK, Door.MODE_UP),
        (Mode.ASK, Mode.AUTO, Door.MODE_UP),
        (Mode.OFF, Mode.AUTO, Door.MODE_UP),
        (Mode.AUTO, Mode.ASK, Door.MODE_DOWN),
        (Mode.ASK, Mode.REMIND, Door.MODE_DOWN),
        (Mode.REMIND, Mode.OFF, Door.MODE_DOWN),
        (Mode.AUTO, Mode.AUTO, Door.MODE_DOWN),
    ],
)
def test_towards_automatic_is_up(old: Mode, new: Mode, door: Door) -> None:
    assert mode_door(old, new) is door


@pytest.mark.parametrize("mode", Mode)
def test_a_reading_of_an_automatic_sim_can_spend(mode: Mode) -> None:
    expected = Door.READING_ON_AUTO if mode is Mode.AUTO else Door.READING
    assert reading_door(mode) is expected


def test_the_ledger_names_the_caller() -> None:
    assert ADMIN.actor == "user:1"
    assert AUTOMATION.actor == "automation"
