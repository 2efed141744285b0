"""Settings that a person changes while a vendor is asked, or between the record and the send."""

import asyncio
from typing import override

import pytest

from custom_components.sim_keeper.keeper.errors import Unavailable
from custom_components.sim_keeper.keeper.ledger import Event, EventType
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.sim import Mode, Sim

from .model_world import Fault, ModelWorld, a_sim, expiring_in
from .scenes import DAY, EPOCH, HOUR, KEY, faulty_world, only_order, states_of


def change_while_priced(world: ModelWorld, sim: Sim) -> None:
    """Have settings changed while the next price is asked."""

    async def change() -> None:
        world.vendor.before_price = None
        # The change itself waits for the SIM's turn; that it was asked for counts at once.
        world.start(world.engine.change(sim))
        await asyncio.sleep(0)

    world.vendor.before_price = change


class Ears(list[Event]):
    """What a world hears; settings are changed as soon as it hears of a send."""

    def __init__(self, world: ModelWorld, sim: Sim) -> None:
        super().__init__()
        self._world = world
        self._sim = sim

    @override
    def append(self, event: Event) -> None:
        super().append(event)
        if event.type is EventType.SENT:
            self._world.start(self._world.engine.change(self._sim))


@pytest.mark.parametrize(
    ("mode", "states"),
    [(Mode.ASK, [State.ASKED]), (Mode.OFF, []), (Mode.REMIND, [State.ASKED])],
)
async def test_a_no_while_the_price_is_asked_is_heard(
    mode: Mode, states: list[State]
) -> None:
    world = ModelWorld()
    change_while_priced(world, a_sim(mode=mode))
    await world.begin(a_sim(), typed=expiring_in(4))
    await world.rest()
    assert world.vendor.submits == []
    assert states_of(world) == states


async def test_a_sim_that_goes_while_there_is_no_price_is_not_looked_at_again() -> None:
    world = ModelWorld()

    async def let_go() -> None:
        world.vendor.before_price = None
        world.start(world.engine.unregister(EPOCH, removed=False))
        await asyncio.sleep(0)

    world.vendor.before_price = let_go
    world.vendor.quote_error = Unavailable("HTTP 503")
    await world.begin(a_sim(), typed=expiring_in(4))
    await world.rest()
    await world.pass_time(2 * HOUR)
    assert world.vendor.quotes == 1
    assert states_of(world) == []


async def test_other_settings_only_put_it_off() -> None:
    world = ModelWorld()
    change_while_priced(world, a_sim(days_before=6))
    await world.begin(a_sim(), typed=expiring_in(4))
    await world.pass_time(HOUR)
    assert world.vendor.submits == [KEY]
    assert states_of(world) == [State.CONFIRMED]


async def test_a_no_between_the_record_and_the_send_is_heard() -> None:
    world = ModelWorld()
    world.turns = 3
    world.events = Ears(world, a_sim(mode=Mode.ASK))
    await world.begin(a_sim(), typed=expiring_in(4))
    await world.rest()
    assert world.vendor.submits == []
    assert states_of(world) == [State.CANCELLED, State.ASKED]
    assert not any(world.ledger.spending(f"sim:{EPOCH}", "2026-03").amounts.values())


@pytest.mark.parametrize("mode", [Mode.ASK, Mode.OFF])
async def test_a_no_while_a_second_send_is_priced_is_heard(mode: Mode) -> None:
    world, sim = await faulty_world(Fault.LOSE_REQUEST)
    change_while_priced(world, a_sim(mode=mode))
    await world.pass_time(2 * HOUR)
    assert world.vendor.before_price is None, "no second send was considered"
    assert world.vendor.submits == [KEY]
    await world.pass_time(2 * DAY)
    assert (await world.orders(sim))[0].state is State.NEEDS_PERSON
    assert world.vendor.submits == [KEY]


async def test_what_is_still_wanted_is_sent_again() -> None:
    world, sim = await faulty_world(Fault.LOSE_REQUEST)
    change_while_priced(world, a_sim(days_before=6))
    await world.pass_time(2 * HOUR)
    assert world.vendor.submits == [KEY, KEY]
    assert (await only_order(world, sim)).state is State.CONFIRMED


async def test_a_sim_that_was_let_go_of_does_not_come_back_by_a_change() -> None:
    world, sim = await faulty_world(Fault.LOSE_REQUEST)
    await world.engine.unregister(sim.epoch, removed=True)
    await world.engine.change(a_sim(days_before=6))
    await world.pass_time(DAY)
    assert world.vendor.submits == [KEY]
    assert world.engine.status(sim.epoch) is None
