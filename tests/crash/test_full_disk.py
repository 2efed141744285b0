"""A file system without room: what cannot be written is not sent, and not sent twice either."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
import subprocess
from typing import override

import pytest

from custom_components.sim_keeper.keeper.errors import LedgerFault
from custom_components.sim_keeper.keeper.orders import State

from ..keeper.model_world import a_sim, expiring_in
from ..keeper.scenes import EPOCH, HOUR, KEY, check_sound
from .outside import LastingWorld

SIZE = 1024 * 1024
PAGE = 4096


class SmallDisk:
    """A real file system of one megabyte."""

    def __init__(self, place: Path) -> None:
        """Take over what is mounted at a place."""
        self.place = place
        self._ballast = place / "ballast"

    def fill(self, room: int = 0) -> None:
        """Leave no more than so many bytes free."""
        with self._ballast.open("ab", buffering=0) as ballast:
            try:
                while ballast.write(bytes(PAGE)) == PAGE:
                    pass
            except OSError:
                ballast.truncate(max(0, self._ballast.stat().st_size - room))

    def make_room(self) -> None:
        """Take away what fills it."""
        self._ballast.unlink()


@pytest.fixture
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallDisk]:
    """Mount a small disk; without the right to do so, say loudly that nothing was tested."""
    place = tmp_path / "small"
    place.mkdir()
    if not _mounted(place):
        text = "!!! THE FULL DISK WAS NOT TESTED: no file system can be mounted here"
        request.node.warn(pytest.PytestWarning(text))
        pytest.skip(text)
    yield SmallDisk(place)
    subprocess.run(["umount", str(place)], check=True)


def _mounted(place: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


async def _again(world: LastingWorld, disk: SmallDisk) -> LastingWorld:
    """Make room, and start another process."""
    await world.die()
    world.ledger.close()
    disk.make_room()
    again = LastingWorld(world.outside.path.parent, disk.place)
    again.moment = world.moment
    return again


class FillingWorld(LastingWorld):
    """A world whose disk fills up when a process comes by its n-th point."""

    def __init__(self, folder: Path, disk: SmallDisk, point: int, room: int) -> None:
        """Open everything; at once full where `point` is 0. Leaves `room` bytes."""
        super().__init__(folder, disk.place)
        self._disk = disk
        self._left = point
        self._room = room
        if point == 0:
            disk.fill(room)

    @override
    def pass_point(self, name: str) -> None:
        super().pass_point(name)
        self._left -= 1
        if self._left == 0:
            self._disk.fill(self._room)


# What is left decides which write fails: the journal, the file itself, or the witness.
@pytest.mark.parametrize("room", [0, 4, 8, 12, 16])
async def test_a_disk_that_fills_up_anywhere_freezes_and_nothing_is_lost(
    tmp_path: Path, disk: SmallDisk, room: int
) -> None:
    states: list[State] = []
    for point in range(8):
        folder = tmp_path / str(point)
        folder.mkdir()
        world = FillingWorld(folder, disk, point, room * PAGE)
        await world.begin(a_sim(), typed=expiring_in(4))
        await world.pass_time(HOUR / 6)
        if world.faults:
            assert {*world.faults} == {LedgerFault.UNWRITABLE}
            states += [order.state for order in world.ledger.orders(EPOCH)]
        await _check_what_was_left(world, disk, f"full at point {point}")
        for file in disk.place.iterdir():
            file.unlink()
    if room == 0:
        # It froze before, while and after an order was on its way.
        assert {*states} >= {State.SENDING, State.CONFIRMED}


async def _check_what_was_left(world: LastingWorld, disk: SmallDisk, at: str) -> None:
    """Start another process, with room, and check that it knows all and pays no second time."""
    sent, committed = [*world.vendor.submits], world.ledger.last_event()
    world = await _again(world, disk)
    with closing(world.ledger):
        assert world.ledger.last_event() == committed, at
        assert not world.ledger.restored, at
        for key in sent:
            assert world.ledger.attempt_of(key) is not None, at
        await world.begin(a_sim(), typed=expiring_in(4))
        await world.pass_time(30 * HOUR)
        check_sound(world)
        (order,) = world.ledger.orders(EPOCH)
        assert order.state is State.CONFIRMED, at
        assert len(world.vendor.bought) == 1, at
        assert not (sent and world.vendor.submits), at


async def test_an_answer_that_cannot_be_written_is_not_paid_again_while_frozen(
    tmp_path: Path, disk: SmallDisk
) -> None:
    world = LastingWorld(tmp_path, disk.place)
    await _sell_and_fill(world, disk)
    assert world.faults == [LedgerFault.UNWRITABLE]
    await world.pass_time(3 * HOUR)
    assert [order.state for order in world.ledger.orders(EPOCH)] == [State.SENDING]
    assert world.vendor.submits == [KEY]
    await _check_what_was_left(world, disk, "full before the answer")


async def _sell_and_fill(world: LastingWorld, disk: SmallDisk) -> None:
    """Have the disk full when the vendor answers."""
    before = world.vendor.before_answer
    assert before is not None

    async def full() -> None:
        await before()
        disk.fill()

    world.vendor.before_answer = full
    await world.begin(a_sim(), typed=expiring_in(4))
