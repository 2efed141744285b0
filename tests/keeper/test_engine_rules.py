"""The engine buys what the rules say: a target, the cheapest plan; and hears of a rule's mode."""

from dataclasses import replace
from typing import Any

from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.policy import Reason
from custom_components.sim_keeper.keeper.ports import Product
from custom_components.sim_keeper.keeper.sim import Mode, RuleKind, Sim
from custom_components.sim_keeper.keeper.statements import Typed

from .builders import hkd, usd
from .model_world import START, ModelWorld, a_sim, expiring_in
from .scenes import reason_of, skips_of, states_of, the_question

MONTHLY = {"window_days": 30, "tiers": (), "stacking": "max", "min_topup": None}


def _sim(line: Sim | None = None, **changes: Any) -> Sim:
    line = line or a_sim(overrides=MONTHLY)
    return replace(line, rules=replace(line.rules, **changes))


def _sold(text: str, price: str) -> Product:
    return Product(
        id=text, name=text, value=hkd(text), value_max=hkd(text), price=usd(price)
    )


async def test_it_fills_up_to_the_target() -> None:
    line = _sim(
        days_before=None, low_balance=hkd("10"), fill_up_to=hkd("30"), amount=None
    )
    world = ModelWorld()
    await world.begin(line, typed=Typed(balance=hkd("7.50")))
    (bought,) = world.vendor.bought
    assert bought.value == hkd("22.50")


async def test_it_buys_the_first_step_of_the_cheapest_plan() -> None:
    line = _sim(
        a_sim(
            overrides={
                "tiers": [{"amount": 20, "days": 30}, {"amount": 90, "days": 360}]
            }
        ),
        cheapest=True,
        amount=None,
    )
    world = ModelWorld()
    world.vendor.shelf = (_sold("20", "20"), _sold("90", "90"))
    await world.begin(line, typed=expiring_in(4))
    (bought,) = world.vendor.bought
    assert bought.value == hkd("90")


async def test_without_a_plan_a_person_is_told_once() -> None:
    world = ModelWorld()
    await world.begin(_sim(cheapest=True, amount=None), typed=expiring_in(4))
    assert skips_of(world) == [Reason.NO_PLAN.value]
    assert world.vendor.bought == []


async def test_a_rule_that_may_only_ask_withdraws_its_question_when_it_is_lowered() -> (
    None
):
    asking = _sim(modes={RuleKind.DAYS_BEFORE: Mode.ASK})
    world = ModelWorld()
    await world.begin(asking, typed=expiring_in(4))
    assert (await the_question(world)).why["reason"] == Reason.MODE_ASK.value
    await world.engine.change(_sim(modes={RuleKind.DAYS_BEFORE: Mode.OFF}))
    assert states_of(world) == [State.CANCELLED]
    assert reason_of(world) is Reason.OFF


async def test_a_pause_withdraws_the_question_and_ends_on_its_day() -> None:
    world = ModelWorld()
    line = a_sim(mode=Mode.ASK, overrides=MONTHLY)
    await world.begin(line, typed=expiring_in(4))
    await the_question(world)
    until = START.date().replace(day=4)
    await world.engine.change(_sim(line, paused_until=until))
    assert states_of(world) == [State.CANCELLED]
    assert reason_of(world) is Reason.PAUSED
    await world.pass_time(START.replace(day=3, hour=17) - START)
    assert (await the_question(world)).state is State.ASKED


async def test_a_number_that_may_die_has_nothing_bought_and_nobody_told() -> None:
    world = ModelWorld()
    await world.begin(_sim(lapse=True), typed=expiring_in(4))
    await world.pass_time(START.replace(month=5) - START)
    assert world.vendor.bought == []
    assert "reminder" not in world.types()
