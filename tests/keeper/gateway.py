"""A gateway that an action talks to: it keeps the truth of what was done, and misbehaves."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from custom_components.sim_keeper.channels.action import (
    ActionChannel,
    Proof,
    Terms,
    Work,
)
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.sim import Mode, Sim
from custom_components.sim_keeper.keeper.statements import Typed

from .model_world import ACCOUNT, START, ModelWorld, a_sim


@dataclass
class Gateway:
    """Runs a sequence: what it did is in `runs`, whatever it says of it."""

    response: Mapping[str, Any] = field(default_factory=dict)
    error: Exception | None = None
    """Raised after the work was done."""
    refuses: Exception | None = None
    """Raised before anything is done."""
    missing: Exception | None = None
    """What a check finds wrong."""
    hangs: bool = False
    doing: Callable[[], None] = lambda: None
    runs: list[dict[str, str | None]] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: int = 0
    most_at_once: int = 0

    async def check(self) -> None:
        """Find nothing wrong, unless told to."""
        if self.missing is not None:
            raise self.missing

    async def run(self, variables: Mapping[str, str | None]) -> Mapping[str, Any]:
        """Do the work, and say something about it."""
        if self.refuses is not None:
            raise self.refuses
        self.runs.append(dict(variables))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.doing()
            await asyncio.sleep(0)
            if self.hangs:
                await self.released.wait()
            if self.error is not None:
                raise self.error
        finally:
            self.at_once -= 1
        return self.response


USE = Terms(
    work=Work.USE,
    proof=Proof.ENDED,
    pays_in="USD",
    price=Money(10, "USD"),
    maximum=Money(10, "USD"),
)
"""A text for ten cents."""
RECHARGE = Terms(
    work=Work.RECHARGE,
    proof=Proof.ENDED,
    pays_in="USD",
    price=Money(700, "USD"),
    maximum=Money(1000, "USD"),
)
"""A recharge of any amount for seven dollars."""


def quiet_line(**changes: Any) -> Sim:
    """Return a SIM that dies after thirty days without use; its action may run unasked."""
    values: dict[str, Any] = {
        "mode": Mode.AUTO,
        "carrier": None,
        "overrides": {"model": "activity_window", "window_days": 30},
        "amount": None,
        **changes,
    }
    return trusting(a_sim(**values))


def trusting(sim: Sim) -> Sim:
    """Return a SIM whose user lets the action run without asking."""
    return replace(sim, rules=replace(sim.rules, channel_trusted=True))


def used_on(day: date) -> Typed:
    """Return what a person says of the last use."""
    return Typed(last_activity=day)


async def action_world(
    sim: Sim, terms: Terms, gateway: Gateway, typed: Typed | None = None
) -> ModelWorld:
    """Return a world whose SIM is served by an action, and where something is due."""
    world = ModelWorld()
    world.channels = {ACCOUNT: ActionChannel(terms, gateway)}
    long_ago = START.date() - timedelta(days=27)
    await world.begin(sim, typed=typed or used_on(long_ago))
    return world
