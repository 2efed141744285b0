"""Worlds in which something is about to happen, and what tests ask of them."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.errors import OrderRefused
from custom_components.sim_keeper.keeper.ledger import EventType
from custom_components.sim_keeper.keeper.orders import IN_FLIGHT, Order, State
from custom_components.sim_keeper.keeper.permissions import Caller
from custom_components.sim_keeper.keeper.policy import Reason
from custom_components.sim_keeper.keeper.ports import Wanted
from custom_components.sim_keeper.keeper.sim import Mode, Sim
from custom_components.sim_keeper.keeper.statements import Recharge

from .builders import hkd
from .model_world import Fault, ModelWorld, a_sim, expiring_in

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PERSON = Caller(user_id="b" * 32, is_admin=False)
EPOCH = "AAAAAAAAAA"
OTHER = "BBBBBBBBBB"
TODAY = date(2026, 3, 2)
KEY = "SKAAAAAAAAAA-001-0"
# Fault → (state at once, state at rest, purchases, sends).
OUTCOMES: dict[Fault, tuple[State, State, int, int]] = {
    Fault.NOT_SENT: (State.APPROVED, State.CONFIRMED, 1, 1),
    Fault.LOSE_REQUEST: (State.UNKNOWN, State.CONFIRMED, 1, 2),
    Fault.LOSE_ANSWER: (State.UNKNOWN, State.CONFIRMED, 1, 1),
    Fault.REFUSE_LATER: (State.REJECTED, State.REJECTED, 1, 2),
    Fault.REFUSE_NEVER: (State.REJECTED, State.REJECTED, 0, 1),
    Fault.FAIL_AFTER: (State.PENDING, State.REJECTED, 1, 2),
    Fault.PENDING: (State.PENDING, State.NEEDS_PERSON, 1, 1),
    Fault.DEARER: (State.CONFIRMED, State.CONFIRMED, 1, 1),
    Fault.LOGIN: (State.REJECTED, State.REJECTED, 0, 1),
    Fault.BREAK: (State.UNKNOWN, State.CONFIRMED, 1, 1),
}


async def due_world(*sims: Sim, days: int = 4, **vendor: Any) -> ModelWorld:
    world = ModelWorld()
    for name, value in vendor.items():
        setattr(world.vendor, name, value)
    await world.begin(*(sims or (a_sim(),)), typed=expiring_in(days))
    return world


def ruled(sim: Sim, **changes: Any) -> Sim:
    """Return a SIM with other rules."""
    return replace(sim, rules=replace(sim.rules, **changes))


def states_of(world: ModelWorld, epoch: str = "AAAAAAAAAA") -> list[State]:
    return [order.state for order in world.ledger.orders(epoch)]


def skips_of(world: ModelWorld) -> list[object]:
    return [
        event.data["reason"]
        for event in world.ledger.events_since(0)
        if event.type is EventType.SKIPPED
    ]


def reason_of(world: ModelWorld, epoch: str = "AAAAAAAAAA") -> Reason:
    status = world.engine.status(epoch)
    assert status is not None
    return status.decision.reason


async def faulty_world(
    *faults: Fault, sim: Sim | None = None
) -> tuple[ModelWorld, Sim]:
    """Return a world in which an automatic order was due at once."""
    world, sim = ModelWorld(), sim or a_sim()
    world.vendor.faults = [*faults]
    await world.begin(sim, typed=expiring_in(4))
    return world, sim


async def only_order(world: ModelWorld, sim: Sim) -> Order:
    (order,) = await world.orders(sim)
    return order


def check_sound(world: ModelWorld) -> None:
    """Check what must hold in every world at rest."""
    assert world.ledger.find_damage() is None
    keys = [one.key for one in world.vendor.bought]
    assert len(keys) == len(set(keys)), "a key bought twice"
    costs = sum(one.cost.minor for one in world.vendor.delivered)
    booked = sum(
        (order.cost or order.ceiling).minor
        for order in world.ledger.orders()
        if order.state in (State.CONFIRMED, *IN_FLIGHT)
    )
    assert booked >= costs, "paid and not booked"


async def quiet_world(
    sim: Sim | None = None, *, days: int | None = 100, **vendor: Any
) -> ModelWorld:
    """Return a world in which nothing is due."""
    world = ModelWorld()
    world.turns = 1
    for name, value in vendor.items():
        setattr(world.vendor, name, value)
    typed = None if days is None else expiring_in(days)
    await world.begin(sim or a_sim(), typed=typed)
    return world


def asking_for(amount: str | None = "50", **changes: Any) -> Recharge:
    wanted = Wanted(amount=None if amount is None else hkd(amount))
    return Recharge(wanted=wanted, **changes)


async def refusal_of(doing: Any) -> str:
    with pytest.raises(OrderRefused) as caught:
        await doing
    return caught.value.reason


async def the_question(world: ModelWorld) -> Order:
    (order,) = world.ledger.in_state(State.ASKED)
    return order


async def asking_world(**vendor: Any) -> tuple[ModelWorld, Order]:
    """Return a world with a question."""
    world = await quiet_world(a_sim(mode=Mode.ASK), days=4, **vendor)
    return world, await the_question(world)
