"""Out of a freeze, over a real file: on an administrator's word, once, and nothing paid twice."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import resource
import sqlite3

import pytest

from custom_components.sim_keeper.keeper import engine as engine_module
from custom_components.sim_keeper.keeper.doors import Doors
from custom_components.sim_keeper.keeper.engine import Engine
from custom_components.sim_keeper.keeper.errors import (
    LedgerBroken,
    LedgerFault,
    NotAllowed,
)
from custom_components.sim_keeper.keeper.ledger import EventType, Ledger, file
from custom_components.sim_keeper.keeper.ledger.recovery import (
    Line as LostLine,
    begin_anew,
    put_back_snapshot,
)
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.permissions import AUTOMATION, Caller
from custom_components.sim_keeper.keeper.policy import Reason
from custom_components.sim_keeper.keeper.ports import Automatic, Line, Quote, Wanted
from custom_components.sim_keeper.keeper.sim import Mode
from custom_components.sim_keeper.keeper.thaw import reopened

from .model_world import ACCOUNT, ADMIN, Fault, ModelWorld, a_sim, expiring_in
from .scenes import (
    DAY,
    EPOCH,
    HOUR,
    KEY,
    OTHER,
    PERSON,
    check_sound,
    reason_of,
    refusal_of,
    states_of,
    the_question,
)

NEW_EPOCH = "NEWNEWNEWN"


class Cabin:
    """A world whose ledger is a file, with an engine that can be thawed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.world = ModelWorld()
        self.world.ledger.close()
        self.world.ledger = self.open(expected=False)

    def open(self, *, expected: bool = True) -> Ledger:
        """Open the file as it lies there."""
        return Ledger.open(
            self.path, expected=expected, fresh_uuid="cabin", now=self.world.moment
        )

    def put_back(self) -> Ledger:
        """Let the snapshot take the place of the file."""
        return put_back_snapshot(self.path, self.world.moment)

    def anew(self) -> Ledger:
        """Begin anew."""
        sim = a_sim()
        lines = [LostLine(epoch=EPOCH, number=sim.number, zone=sim.zone.key)]
        return begin_anew(self.path, lines, "anew", self.world.moment)

    async def thaw(
        self, make: Callable[[], Ledger] | None = None, caller: Caller = ADMIN
    ) -> None:
        """Do what the home does."""
        world, frozen = self.world, self.world.engine
        ledger = await reopened(frozen, make or self.open, caller)
        world.ledger = ledger
        world.engine = Engine(world.life, frozen.household)
        world.doors = Doors(world.engine)
        await world.engine.take_over(frozen, ledger, caller.actor)
        await world.rest()

    async def spoil(self) -> None:
        """Damage the file in a way that the daily check finds."""
        conn = sqlite3.connect(self.path)
        conn.execute("DROP TRIGGER order_moves")
        conn.close()
        await self.world.engine.desk.check()
        assert self.world.faults == [LedgerFault.DAMAGED]

    async def write_until_it_breaks(self, days: int = 100) -> None:
        """Let somebody type a date again and again until it can no longer be written."""

        async def type_on() -> None:
            while True:
                await self.world.doors.update_reading(EPOCH, expiring_in(days), ADMIN)

        with pytest.raises(LedgerBroken):
            await type_on()
        assert self.world.faults == [LedgerFault.UNWRITABLE]

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Let the ledger's file grow no more; another handle finds room again."""
        conn = self.world.ledger._book.conn
        (pages,) = conn.execute("PRAGMA page_count").fetchone()
        conn.execute(f"PRAGMA max_page_count = {pages}")
        yield

    @contextmanager
    def failing_disk(self) -> Iterator[None]:
        """Let writes beyond the end of the file fail with an error of the disk."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.path.stat().st_size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def cabin(tmp_path: Path) -> Cabin:
    return Cabin(tmp_path / "sim_keeper.db")


def thawed(world: ModelWorld) -> list[tuple[str, object]]:
    """Return by whom, and out of what, the ledger was thawed."""
    return [
        (event.actor, event.data["fault"])
        for event in world.events
        if event.type is EventType.THAWED
    ]


async def asked_after(world: ModelWorld) -> None:
    """Check that what would be bought by itself is now asked."""
    question = await the_question(world)
    assert question.why["reason"] == Reason.RESTORED.value


# -- As it lies there -----------------------------------------------------------------------


async def test_after_a_full_disk_a_word_is_enough(cabin: Cabin) -> None:
    world = cabin.world
    await world.begin(a_sim())
    with cabin.full_disk():
        await cabin.write_until_it_breaks()
        assert reason_of(world) in (Reason.NOT_DUE, Reason.LEDGER_FROZEN)
        await world.pass_time(2 * HOUR)
    await cabin.thaw()
    assert world.engine.desk.fault is None
    assert thawed(world) == [(ADMIN.actor, "unwritable")]
    assert [told.event.type for told in world.ledger.untold()] == [EventType.THAWED]
    await world.doors.update_reading(EPOCH, expiring_in(4), ADMIN)
    await world.rest()
    assert states_of(world) == [State.CONFIRMED]
    assert len(world.vendor.submits) == 1
    await world.pass_time(2 * DAY)
    check_sound(world)


@pytest.mark.parametrize(("frozen_for", "asks"), [(DAY + HOUR, False), (2 * DAY, True)])
async def test_what_became_due_while_it_was_frozen_is_bought_once(
    cabin: Cabin, frozen_for: timedelta, asks: bool
) -> None:
    """After more than a day of silence nobody knows what happened meanwhile."""
    world = cabin.world
    await world.begin(a_sim(), typed=expiring_in(6))
    with cabin.full_disk():
        await cabin.write_until_it_breaks(6)
        await world.pass_time(frozen_for)
        assert world.vendor.submits == []
    await cabin.thaw()
    if asks:
        await asked_after(world)
        await world.doors.approve((await the_question(world)).id, ADMIN)
    await world.pass_time(HOUR)
    assert states_of(world) == [State.CONFIRMED]
    assert len(world.vendor.submits) == 1
    check_sound(world)


async def test_after_an_error_of_the_disk_only_a_restart_helps(cabin: Cabin) -> None:
    world = cabin.world
    await world.begin(a_sim())
    with cabin.failing_disk():
        await cabin.write_until_it_breaks()
    assert world.engine.desk.needs_restart
    for make in (cabin.open, cabin.put_back, cabin.anew):
        assert await refusal_of(cabin.thaw(make)) == "restart_first"
    assert thawed(world) == []
    world.ledger.close()
    world.ledger = cabin.open()
    await world.restart(a_sim())
    assert world.engine.desk.fault is None
    assert not world.engine.desk.needs_restart


async def test_a_lack_of_space_is_no_error_of_the_disk(cabin: Cabin) -> None:
    await cabin.world.begin(a_sim())
    with cabin.full_disk():
        await cabin.write_until_it_breaks()
    assert not cabin.world.engine.desk.needs_restart


async def test_an_order_in_flight_is_taken_up_and_paid_once(cabin: Cabin) -> None:
    """The vendor was paid, and its answer could not be written down."""
    world = cabin.world
    await world.begin(a_sim())

    async def break_down() -> None:
        world.ledger._book.conn.execute("PRAGMA query_only = 1")

    world.vendor.before_answer = break_down
    await world.doors.update_reading(EPOCH, expiring_in(4), ADMIN)
    await world.rest()
    assert states_of(world) == [State.SENDING]
    await cabin.thaw()
    assert states_of(world) == [State.UNKNOWN]
    await world.pass_time(HOUR)
    assert states_of(world) == [State.CONFIRMED]
    assert len(world.vendor.submits) == 1
    check_sound(world)


async def test_a_sim_that_came_while_it_was_frozen_is_made_known(cabin: Cabin) -> None:
    world = cabin.world
    await world.begin()
    await cabin.spoil()
    repaired = cabin.path.read_bytes()
    await world.engine.register(a_sim(OTHER), ())
    assert not world.ledger.is_live(OTHER)
    file.snapshot_path(cabin.path).write_bytes(repaired)
    cabin.path.unlink()
    with pytest.raises(LedgerBroken):
        await cabin.thaw()
    assert world.faults == [LedgerFault.DAMAGED, LedgerFault.MISSING]
    with pytest.raises(LedgerBroken):
        await cabin.thaw()
    assert world.faults == [LedgerFault.DAMAGED, LedgerFault.MISSING]
    await cabin.thaw(cabin.anew)
    assert world.ledger.is_live(OTHER)
    assert set(world.engine.sims) == {OTHER}


async def test_an_account_that_moved_while_it_was_frozen_is_supervised_anew(
    cabin: Cabin,
) -> None:
    world = cabin.world
    world.vendor.automatic = Automatic.AFTER_ONE_SUPERVISED
    await world.begin(a_sim(), typed=expiring_in(4))
    await world.engine.account_at(ACCOUNT, "")
    await world.doors.approve((await the_question(world)).id, ADMIN)
    await world.rest()
    assert world.ledger.view(EPOCH, ACCOUNT, world.now()).supervised
    with cabin.full_disk():
        await cabin.write_until_it_breaks()
        await world.engine.account_at(ACCOUNT, "https://relay.example")
    await cabin.thaw()
    assert not world.ledger.view(EPOCH, ACCOUNT, world.now()).supervised


# -- Who, and when --------------------------------------------------------------------------


@pytest.mark.parametrize("caller", [PERSON, AUTOMATION])
async def test_only_an_administrator_may(cabin: Cabin, caller: Caller) -> None:
    await cabin.world.begin(a_sim())
    await cabin.spoil()
    before = cabin.path.read_bytes()
    for make in (cabin.open, cabin.put_back, cabin.anew):
        with pytest.raises(NotAllowed):
            await cabin.thaw(make, caller)
    assert cabin.path.read_bytes() == before


async def test_a_ledger_that_works_is_left_alone(cabin: Cabin) -> None:
    await cabin.world.begin(a_sim())
    for make in (cabin.open, cabin.put_back, cabin.anew):
        assert await refusal_of(cabin.thaw(make)) == "not_frozen"


async def test_nothing_is_thawed_while_stopping(cabin: Cabin) -> None:
    await cabin.world.begin(a_sim())
    await cabin.spoil()
    await cabin.world.engine.stop()
    assert await refusal_of(cabin.thaw(cabin.anew)) == "stopping"


async def test_what_is_still_damaged_stays_frozen_and_is_told_once(
    cabin: Cabin,
) -> None:
    world = cabin.world
    await world.begin(a_sim(), typed=expiring_in(9))
    await cabin.spoil()
    engine = world.engine
    with pytest.raises(LedgerBroken):
        await cabin.thaw()
    assert world.engine is engine
    assert world.faults == [LedgerFault.DAMAGED]
    await world.pass_time(20 * DAY)
    assert world.vendor.submits == []
    # It can still be read.
    assert world.engine.status(EPOCH) is not None
    assert await engine.desk.read(Ledger.orders, EPOCH) == []


async def test_before_the_home_runs_nothing_is_begun(cabin: Cabin) -> None:
    world = cabin.world

    def broken() -> Ledger:
        raise LedgerBroken(LedgerFault.UNWRITABLE, "test")

    world.ledger.close()
    await world.engine.open(broken)
    await world.engine.register(a_sim())
    await cabin.thaw()
    await world.doors.update_reading(EPOCH, expiring_in(4), ADMIN)
    await world.rest()
    assert states_of(world) == []
    await world.engine.start()
    await world.rest()
    assert states_of(world) == [State.CONFIRMED]


# -- Another ledger -------------------------------------------------------------------------


async def bought_since_the_snapshot(cabin: Cabin, **vendor: object) -> None:
    """Buy once after a backup, and lose the ledger."""
    world = cabin.world
    for name, value in vendor.items():
        setattr(world.vendor, name, value)
    await world.begin(a_sim(), typed=expiring_in(8))
    await world.engine.begin_backup()
    world.engine.end_backup()
    await world.doors.update_reading(EPOCH, expiring_in(4), ADMIN)
    await world.rest()
    assert [one.key for one in world.vendor.bought] == [KEY]
    await cabin.spoil()


async def test_a_purchase_that_the_snapshot_does_not_know_is_found_not_repeated(
    cabin: Cabin,
) -> None:
    world = cabin.world
    await bought_since_the_snapshot(cabin)
    await cabin.thaw(cabin.put_back)
    assert thawed(world) == [(ADMIN.actor, "damaged")]
    assert [told.event.type for told in world.ledger.untold()][-1:] == [
        EventType.RESTORED
    ]
    await world.doors.update_reading(EPOCH, expiring_in(4), ADMIN)
    await world.rest()
    await asked_after(world)
    question = await the_question(world)
    assert await refusal_of(world.doors.approve(question.id, ADMIN)) == "already_bought"
    assert len(world.vendor.bought) == 1
    check_sound(world)


async def test_what_is_in_flight_when_all_is_lost_is_never_bought_again_unasked(
    cabin: Cabin,
) -> None:
    world = cabin.world
    await bought_since_the_snapshot(cabin, faults=[Fault.LOSE_ANSWER])
    await cabin.thaw(cabin.anew)
    # The keys of the old ledger have ended with it.
    assert world.engine.sims == {}
    line = replace(a_sim(), epoch=NEW_EPOCH)
    await world.engine.register(line)
    await world.doors.update_reading(NEW_EPOCH, expiring_in(4), ADMIN)
    await world.pass_time(HOUR)
    await asked_after(world)
    assert len(world.vendor.bought) == 1
    await world.doors.approve((await the_question(world)).id, ADMIN)
    await world.rest()
    assert [one.key for one in world.vendor.bought] == [KEY, f"SK{NEW_EPOCH}-001-0"]


async def test_an_automatic_order_of_before_is_not_sent_once_more(cabin: Cabin) -> None:
    """The snapshot knows an order as lost on the way; since then it has been bought."""
    world = cabin.world
    world.vendor.faults = [Fault.LOSE_REQUEST]
    await world.begin(a_sim(), typed=expiring_in(4))
    await world.engine.begin_backup()
    world.engine.end_backup()
    assert states_of(world) == [State.UNKNOWN]
    await cabin.spoil()
    await cabin.thaw(cabin.put_back)
    await world.pass_time(DAY + HOUR)
    assert states_of(world) == [State.NEEDS_PERSON]
    assert len(world.vendor.submits) == 1


async def test_an_answer_that_comes_late_is_not_written_into_another_ledger(
    cabin: Cabin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "STOP_WAITS_S", 0)
    world = cabin.world
    world.vendor.faults = [Fault.HANG]
    await world.begin(a_sim(), typed=expiring_in(4))
    await cabin.spoil()
    await cabin.thaw(cabin.anew)
    world.ledger.add_sim(OTHER, "+85299999999", "UTC", world.moment)
    events = world.ledger.last_event()
    assert world.tasks
    world.vendor.released.set()
    await world.rest()
    assert not world.tasks
    assert world.ledger.last_event() == events
    assert world.ledger.orders() == []


async def test_who_waits_for_a_price_does_not_approve_in_another_ledger(
    cabin: Cabin,
) -> None:
    world = cabin.world
    await world.begin(a_sim(mode=Mode.ASK), typed=expiring_in(4))
    quote, waiting, priced = world.vendor.quote, asyncio.Event(), asyncio.Event()

    async def slow(line: Line, wanted: Wanted) -> Quote:
        waiting.set()
        await priced.wait()
        return await quote(line, wanted)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.channels[ACCOUNT], "quote", slow)
        question = await the_question(world)
        approval = asyncio.ensure_future(world.doors.approve(question.id, ADMIN))
        await waiting.wait()
        await cabin.spoil()
        await cabin.thaw(cabin.anew)
    priced.set()
    with pytest.raises(LedgerBroken):
        await approval
    assert world.vendor.submits == []
    assert world.ledger.orders() == []
