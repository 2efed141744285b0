"""Processes that are killed at every commit of an order's life, on a real disk."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
import subprocess
import sys

import pytest

from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.orders import State

from ..keeper.model_world import a_sim, expiring_in
from ..keeper.scenes import EPOCH, HOUR, check_sound
from .outside import LastingWorld, Outside

ROOT = Path(__file__).parents[2]
# Fault → how long the victims live, in minutes.
FAULTS = {
    "none": 180,
    "not_sent": 180,
    "lose_answer": 180,
    "lose_request": 180,
    "refuse_later": 180,
    "pending": 1,
}
END = {State.CONFIRMED, State.REJECTED, State.NEEDS_PERSON}


@dataclass
class Grave:
    """What a killed process has left."""

    place: Path
    died: Outside


@pytest.fixture(scope="module", params=FAULTS)
def graves(request: pytest.FixtureRequest, swift_folder: Path) -> list[Grave]:
    """Return what was left by a process that was not killed, and by others at each of its points."""
    fault = str(request.param)
    folder = swift_folder / fault
    folder.mkdir()
    command = [sys.executable, "-m", "tests.crash.victim", str(folder), fault]
    subprocess.run([*command, str(FAULTS[fault])], check=True, cwd=ROOT, timeout=120)
    places = sorted(folder.iterdir(), key=lambda place: int(place.name))
    return [Grave(place, Outside.read(place)) for place in places]


def test_the_points_lie_on_both_sides_of_each_commit_and_each_purchase(
    graves: list[Grave],
) -> None:
    alive, *killed = graves
    names = alive.died.points
    assert {"before COMMIT", "after COMMIT", "commit"} <= {*names}
    assert len(alive.died.submits) == names.count("submit") > 0
    # Each died where it was told to.
    assert len(killed) == len(names)
    for number, grave in enumerate(killed, start=1):
        assert grave.died.points == names[:number]


async def test_whoever_is_killed_anywhere_pays_once_and_forgets_nothing(
    graves: list[Grave],
) -> None:
    for grave in graves:
        died = grave.died
        at = f"killed at point {len(died.points)}: {died.points[-1:]}"
        world = LastingWorld(grave.place)
        with closing(world.ledger):
            _check_memory(world.ledger, died, at)
            for one in world.vendor.bought:
                # The vendor has gone on meanwhile.
                one.final = True
            await world.begin(a_sim(), typed=expiring_in(4))
            await world.pass_time(30 * HOUR)
            check_sound(world)
            states = {order.state for order in world.ledger.orders(EPOCH)}
            assert states, at
            assert states <= END, at
            bought = len(world.vendor.bought)
            assert bought == 1 or (not bought and State.NEEDS_PERSON in states), at


def _check_memory(ledger: Ledger, died: Outside, at: str) -> None:
    """Check that the file holds what the dead process was promised, and each request that left."""
    assert ledger.last_event() >= died.committed, at
    assert not ledger.restored, at
    for key in died.submits:
        assert ledger.attempt_of(key) is not None, at
