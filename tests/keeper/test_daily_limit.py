"""At most five automatic orders a day, also for SIMs that decide side by side."""

import asyncio

import pytest

from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.ports import Line, Quote, Wanted

from .model_world import ACCOUNT, ModelWorld, a_sim, expiring_in


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
    asked = world.ledger.in_state(State.ASKED)
    assert [order.why["reason"] for order in asked] == ["daily_limit"] * 7
