"""The ledger's desk: each event is published once, a broken ledger freezes once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import override

import pytest

from custom_components.sim_keeper.keeper.errors import LedgerBroken, LedgerFault
from custom_components.sim_keeper.keeper.ledger import STOPPED, EventType, Ledger
from custom_components.sim_keeper.keeper.ledgerdesk import LedgerDesk

from .builders import EPOCH, NOW
from .model_world import Incarnation, ModelWorld


class Threaded(Incarnation):
    """A world whose ledger has a thread of its own."""

    def __init__(self, world: ModelWorld, thread: ThreadPoolExecutor) -> None:
        super().__init__(world)
        self._thread = thread

    @override
    async def run[T](self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


async def _opened() -> tuple[ModelWorld, LedgerDesk]:
    world = ModelWorld()
    desk = LedgerDesk(world.life)
    await desk.open(lambda: world.ledger)
    return world, desk


async def test_writes_at_once_publish_each_event_once_and_in_order() -> None:
    world, desk = await _opened()
    world.turns = 2
    await asyncio.gather(
        *(desk.write(Ledger.add_event, EventType.DAY, None, {}, NOW) for _ in range(5))
    )
    assert [event.seq for event in world.events] == [1, 2, 3, 4, 5]


async def test_what_the_thread_wrote_before_anybody_heard_is_published_once() -> None:
    world, busy = ModelWorld(), Event()
    with ThreadPoolExecutor(1) as thread:
        desk = LedgerDesk(Threaded(world, thread))
        await desk.open(lambda: world.ledger)
        thread.submit(busy.wait)
        writes = asyncio.gather(
            *(
                desk.write(Ledger.add_event, EventType.DAY, None, {}, NOW)
                for _ in range(5)
            )
        )
        await asyncio.sleep(0)
        # The loop stands still until the thread has come to the end of its work.
        busy.set()
        thread.submit(world.committed).result()
        assert world.events == []
        await writes
    assert [event.seq for event in world.events] == [1, 2, 3, 4, 5]


async def test_what_was_written_before_the_opening_is_not_published_again() -> None:
    world = ModelWorld()
    world.ledger.add_sim(EPOCH, "+1", "UTC", NOW)
    desk = LedgerDesk(world.life)
    await desk.open(lambda: world.ledger)
    await desk.write(Ledger.add_event, EventType.DAY, None, {}, NOW)
    assert [event.type for event in world.events] == [EventType.DAY]


async def test_a_frozen_desk_reads_and_does_not_write() -> None:
    world, desk = await _opened()
    world.ledger._book.conn.execute("DROP TRIGGER order_moves")
    await desk.check()
    assert (desk.fault, world.faults) == (LedgerFault.DAMAGED, [LedgerFault.DAMAGED])
    assert await desk.read(Ledger.setting, STOPPED) is None
    with pytest.raises(LedgerBroken):
        await desk.write(Ledger.add_event, EventType.DAY, None, {}, NOW)
    world.ledger._book.conn.close()
    with pytest.raises(LedgerBroken):
        await desk.read(Ledger.setting, STOPPED)
    assert world.faults == [LedgerFault.DAMAGED]


async def test_a_desk_without_a_ledger_is_frozen() -> None:
    world = ModelWorld()
    desk = LedgerDesk(world.life)
    assert desk.fault is LedgerFault.MISSING
    for call in (desk.read(Ledger.last_event), desk.check()):
        with pytest.raises(LedgerBroken):
            await call
    await desk.close()
    assert world.faults == []
