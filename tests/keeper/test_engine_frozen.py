"""The engine with a ledger that is broken, or breaks on the way."""

from typing import Any

import pytest

from custom_components.sim_keeper.keeper.errors import LedgerBroken, LedgerFault
from custom_components.sim_keeper.keeper.ledger import Closing, EventType, Ledger
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.policy import Reason

from .model_world import (
    ACCOUNT,
    ADMIN,
    Fault,
    ModelWorld,
    VendorChannel,
    a_sim,
    expiring_in,
)
from .scenes import DAY, EPOCH, HOUR, MINUTE, due_world, reason_of, states_of


@pytest.mark.parametrize("fault", LedgerFault)
async def test_an_engine_without_a_ledger_does_nothing_and_never_raises(
    fault: LedgerFault,
) -> None:
    world, sim = ModelWorld(), a_sim()

    def broken() -> Ledger:
        raise LedgerBroken(fault, "test")

    engine = world.engine
    await engine.open(broken)
    await engine.register(sim)
    await engine.start()
    await engine.account_ready(ACCOUNT)
    await engine.change(sim)
    await engine.observe(sim.epoch, ())
    await engine.set_household(engine.household)
    await world.pass_time(2 * DAY)
    await engine.unregister(sim.epoch, removed=True)
    await engine.stop()
    assert world.faults == [fault]
    assert world.vendor.quotes == 0
    assert world.wakes < 200


async def test_a_ledger_that_breaks_when_the_interrupted_are_taken_up_freezes() -> None:
    world = await due_world(faults=[Fault.HANG])
    await world.die()
    world._be_born()
    world.ledger._book.conn.execute("PRAGMA query_only = 1")
    await world.engine.open(lambda: world.ledger)
    assert world.faults == [LedgerFault.UNWRITABLE]
    await world.engine.register(a_sim())
    await world.engine.start()
    await world.pass_time(2 * DAY)
    assert len(world.vendor.submits) == 1
    world.ledger._book.conn.execute("PRAGMA query_only = 0")


async def test_a_ledger_that_breaks_on_the_way_freezes_and_sends_nothing() -> None:
    world = ModelWorld()
    await world.begin(a_sim())
    world.ledger._book.conn.execute("PRAGMA query_only = 1")
    with pytest.raises(LedgerBroken):
        await world.doors.update_reading("AAAAAAAAAA", expiring_in(4), ADMIN)
    assert world.faults == [LedgerFault.UNWRITABLE]
    world.ledger._book.conn.execute("PRAGMA query_only = 0")
    await world.pass_time(2 * DAY)
    assert states_of(world) == []
    assert reason_of(world) is Reason.LEDGER_FROZEN
    await world.engine.account_ready(ACCOUNT)


async def test_a_ledger_that_breaks_after_the_payment_is_looked_up_after_the_restart() -> (
    None
):
    world = ModelWorld()
    await world.begin(a_sim())

    async def break_down() -> None:
        world.ledger._book.conn.execute("PRAGMA query_only = 1")

    world.vendor.before_answer = break_down
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(4), ADMIN)
    await world.rest()
    assert world.faults == [LedgerFault.UNWRITABLE]
    assert states_of(world) == [State.SENDING]
    world.ledger._book.conn.execute("PRAGMA query_only = 0")
    await world.restart(a_sim())
    await world.pass_time(HOUR)
    assert states_of(world) == [State.CONFIRMED]
    assert len(world.vendor.submits) == 1


async def test_a_ledger_that_breaks_between_record_and_send_sends_nothing() -> None:
    world = ModelWorld()
    await world.begin(a_sim())
    spawn = world.life.spawn

    def broken(work: Any, name: str) -> Any:
        world.engine.desk.fault = LedgerFault.UNWRITABLE
        return spawn(work, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.life, "spawn", broken)
        await world.doors.update_reading(EPOCH, expiring_in(4), ADMIN)
        await world.rest()
    assert states_of(world) == [State.SENDING]
    assert world.vendor.submits == []
    await world.restart(a_sim())
    await world.pass_time(HOUR)
    assert states_of(world) == [State.CONFIRMED]
    assert len(world.vendor.delivered) == 1


async def test_damage_is_found_within_a_day_and_freezes() -> None:
    world = await due_world(days=9)
    conn = world.ledger._book.conn
    conn.execute("DROP TRIGGER order_moves")
    await world.pass_time(DAY)
    assert world.faults == [LedgerFault.DAMAGED]
    await world.pass_time(10 * DAY)
    assert states_of(world) == []


async def test_a_ledger_that_cannot_be_read_freezes() -> None:
    world = await due_world(days=9)
    world.ledger._book.conn.close()
    with pytest.raises(LedgerBroken):
        await world.doors.stopped()
    assert world.faults == [LedgerFault.DAMAGED]
    await world.engine.account_ready("another")


async def test_a_sim_is_taken_into_care_although_its_ledger_just_broke() -> None:
    world = ModelWorld()
    await world.begin()
    world.ledger._book.conn.execute("PRAGMA query_only = 1")
    await world.engine.register(a_sim())
    assert world.faults == [LedgerFault.UNWRITABLE]
    assert reason_of(world) is Reason.LEDGER_FROZEN
    world.ledger._book.conn.execute("PRAGMA query_only = 0")


async def test_a_ledger_that_breaks_while_an_order_is_looked_up_freezes() -> None:
    world = await due_world(faults=[Fault.LOSE_ANSWER])
    conn = world.ledger._book.conn
    channel = VendorChannel(world.vendor)
    lookup = channel.lookup

    async def broken(purchase: Any) -> Any:
        found = await lookup(purchase)
        conn.execute("PRAGMA query_only = 1")
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(channel, "lookup", broken)
        world.channels[ACCOUNT] = channel
        await world.pass_time(HOUR)
    assert world.faults == [LedgerFault.UNWRITABLE]
    assert states_of(world) == [State.UNKNOWN]
    conn.execute("PRAGMA query_only = 0")


async def test_what_changed_while_the_engine_waited_for_its_turn_is_left_alone() -> (
    None
):
    world = await due_world(faults=[Fault.HANG])
    stale = world.ledger.orders()[0]
    for task in list(world.tasks):
        task.cancel()
    await world.rest()
    world.moment += DAY
    world.ledger.move(
        stale.id,
        Closing(to=State.UNKNOWN, type=EventType.UNKNOWN, next_at=world.moment + DAY),
        "keeper",
        world.moment,
    )
    await world.engine._take_up_abandoned(stale)
    assert await world.engine._end_ownerless(stale, world.moment) is None
    await world.engine._look(stale)
    assert states_of(world) == [State.UNKNOWN]
    assert world.vendor.looks == 1


async def test_a_go_ahead_while_frozen_shows_the_freeze_and_begins_nothing() -> None:
    world = await due_world(faults=[Fault.REFUSE_NEVER])
    assert states_of(world) == [State.REJECTED]
    world.ledger._book.conn.execute("DROP TRIGGER order_moves")
    await world.engine.desk.check()
    events = world.ledger.last_event()
    await world.engine.go_ahead(EPOCH)
    await world.pass_time(MINUTE)
    assert reason_of(world) is Reason.LEDGER_FROZEN
    assert world.ledger.last_event() == events
    assert len(world.vendor.submits) == 1


async def test_the_days_that_are_left_are_right_after_the_clock_is_though_frozen() -> (
    None
):
    world = await due_world(days=60)
    world.ledger._book.conn.execute("DROP TRIGGER order_moves")
    await world.engine.desk.check()
    events = world.ledger.last_event()
    left = []
    for by in (30 * DAY, -30 * DAY):
        world.set_clock(by)
        await world.pass_time(DAY)
        status = world.engine.status(EPOCH)
        assert status is not None
        left.append(status.life.days_left)
    assert left == [29, 58]
    assert world.ledger.last_event() == events
    assert world.faults == [LedgerFault.DAMAGED]


async def test_a_ledger_that_cannot_be_trusted_ends_no_life() -> None:
    """On its word the line would go on with new keys, as if nothing were bought under the old."""
    world = await due_world(days=60)
    assert not await world.engine.is_over(EPOCH)
    await world.engine.unregister(EPOCH, removed=True)
    assert await world.engine.is_over(EPOCH)
    conn = world.ledger._book.conn
    conn.execute("DROP TRIGGER order_moves")
    await world.engine.desk.check()
    assert not await world.engine.is_over(EPOCH)
    conn.close()
    assert not await world.engine.is_over(EPOCH)
