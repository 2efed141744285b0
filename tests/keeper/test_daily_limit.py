"""At most five automatic orders a day, also for SIMs that decide side by side."""

import asyncio

import pytest

from custom_components.sim_keeper.keeper.errors import OrderRefused
from custom_components.sim_keeper.keeper.orders import Order, State
from custom_components.sim_keeper.keeper.permissions import Caller
from custom_components.sim_keeper.keeper.ports import Line, Quote, Wanted

from .model_world import ACCOUNT, ModelWorld, a_sim, expiring_in
from .scenes import asking_for


@pytest.mark.parametrize("accounts", [1, 12])
async def test_sims_that_wake_together_keep_to_the_day_s_limit(accounts: int) -> None:
    """Their providers answer at the same time; only five orders may go out all the same."""
    world = ModelWorld()
    channel, asked = world.channels[ACCOUNT], world.vendor.quote

    async def slowly(line: Line, wanted: Wanted) -> Quote:
        for _ in range(20):
            await asyncio.sleep(0)
        return await asked(line, wanted)

    channel.quote = slowly  # type: ignore[method-assign]
    names = [f"model:{number}" for number in range(accounts)]
    world.channels = dict.fromkeys(names, channel)
    sims = [
        a_sim(letter * 10, account=names[number % accounts])
        for number, letter in enumerate("ABCDEFGHIJKL")
    ]
    await world.begin(*sims, typed=expiring_in(3))
    assert len(world.vendor.submits) == 5
    questions = world.ledger.in_state(State.ASKED)
    assert [order.why["reason"] for order in questions] == ["daily_limit"] * 7


async def test_an_automation_that_recharges_many_at_once_keeps_to_it_too() -> None:
    world = ModelWorld()
    sims = [a_sim(letter * 10) for letter in "ABCDEFGHIJKL"]
    await world.begin(*sims, typed=expiring_in(100))
    world.turns = 3
    automation = Caller(user_id=None, is_admin=False)
    calls = [world.doors.recharge(sim.epoch, asking_for(), automation) for sim in sims]
    told = await asyncio.gather(*calls, return_exceptions=True)
    await world.rest()
    assert len(world.vendor.submits) == 5
    orders = [one for one in told if isinstance(one, Order)]
    # Who was too late to be sent is a question, or is told so.
    refused = [one for one in told if isinstance(one, OrderRefused)]
    assert {one.reason for one in refused} <= {"daily_limit"}
    asked = [one for one in orders if one.state is State.ASKED]
    assert len(asked) + len(refused) == 7
