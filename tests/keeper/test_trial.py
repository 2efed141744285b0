"""The trial run: everything is decided as usual, and nothing is sent."""

from dataclasses import replace

from custom_components.sim_keeper.keeper.ledger import EventType
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.sim import Mode, Sim
from custom_components.sim_keeper.keeper.statements import Typed

from .builders import hkd
from .model_world import ADMIN, ModelWorld, a_sim, expiring_in
from .scenes import DAY, EPOCH, HOUR, asking_for, due_world, quiet_world, states_of


def on_trial(sim: Sim) -> Sim:
    return replace(sim, rules=replace(sim.rules, shadow=True))


def trials(world: ModelWorld) -> list[tuple[object, object]]:
    return [
        (event.data["amount"], event.data["price"])
        for event in world.ledger.events_since(0)
        if event.type is EventType.SKIPPED and event.data["reason"] == "shadow"
    ]


async def test_a_trial_notes_once_what_it_would_have_bought_and_sends_nothing() -> None:
    world = await due_world(on_trial(a_sim()))
    await world.pass_time(3 * DAY)
    assert trials(world) == [("50.00 HKD", "50.00 USD")]
    # Once it is known what it would have been, nobody needs another price.
    assert world.vendor.quotes == 1
    assert states_of(world) == []
    assert world.vendor.submits == []
    assert world.ledger.spending(f"sim:{EPOCH}", "2026-03").amounts == {}


async def test_the_next_deadline_is_another_need() -> None:
    world = await due_world(on_trial(a_sim()))
    await world.doors.update_reading(EPOCH, expiring_in(9), ADMIN)
    await world.pass_time(5 * DAY)
    assert len(trials(world)) == 2


async def test_a_low_balance_is_another_need_once_it_has_risen() -> None:
    sim = on_trial(a_sim(threshold="10", days_before=None))
    world = await quiet_world(sim, days=None)

    async def read(amount: str) -> None:
        await world.doors.update_reading(EPOCH, Typed(balance=hkd(amount)), ADMIN)
        await world.pass_time(HOUR)

    for amount, count in (("9", 1), ("8", 1), ("5", 1), ("60", 1), ("9", 2), ("3", 2)):
        await read(amount)
        assert len(trials(world)) == count, amount


async def test_a_trial_survives_a_restart_without_saying_it_again() -> None:
    sim = on_trial(a_sim())
    world = await due_world(sim)
    await world.die()
    await world.restart(sim)
    await world.pass_time(DAY)
    assert len(trials(world)) == 1


async def test_a_person_may_still_ask_and_recharge_during_a_trial() -> None:
    asking = await due_world(on_trial(a_sim(mode=Mode.ASK)))
    assert states_of(asking) == [State.ASKED]
    world = await due_world(on_trial(a_sim()))
    await world.doors.recharge(EPOCH, asking_for(), ADMIN)
    assert states_of(world) == [State.CONFIRMED]


async def test_a_trial_respects_the_caps() -> None:
    sim = on_trial(a_sim())
    rules = replace(sim.rules, monthly_cap=Money.parse("20", "USD"))
    world = await due_world(replace(sim, rules=rules))
    assert trials(world) == []
