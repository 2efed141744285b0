"""The engine and money: prices, budgets, and every doubt that turns a purchase into a question."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.sim_keeper.keeper.budget import HouseholdRules
from custom_components.sim_keeper.keeper.errors import (
    LoginFailed,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.permissions import AUTOMATION
from custom_components.sim_keeper.keeper.policy import Reason
from custom_components.sim_keeper.keeper.ports import Automatic
from custom_components.sim_keeper.keeper.statements import Typed

from .builders import usd
from .model_world import ACCOUNT, ADMIN, START, Fault, ModelWorld, a_sim, expiring_in
from .scenes import (
    DAY,
    HOUR,
    MINUTE,
    OTHER,
    asking_for,
    due_world,
    reason_of,
    skips_of,
    states_of,
)

# -- Prices and budgets -----------------------------------------------------------------------


@pytest.mark.parametrize("error", [Unavailable("x"), LoginFailed("x")])
async def test_without_a_price_nothing_is_asked_or_bought_until_there_is_one(
    error: Exception,
) -> None:
    world = await due_world(quote_error=error)
    assert states_of(world) == []
    assert bool(world.logins_failed) is isinstance(error, LoginFailed)
    quotes = world.vendor.quotes
    await world.pass_time(5 * HOUR)
    assert world.vendor.quotes - quotes == 10
    world.vendor.quote_error = None
    await world.pass_time(30 * MINUTE)
    assert states_of(world) == [State.CONFIRMED]


async def test_a_refused_price_is_told_once() -> None:
    world = await due_world(
        quote_error=Rejected("NO_PRODUCT" * 1000, RefusalClass.FIX_FIRST)
    )
    await world.pass_time(3 * DAY)
    assert skips_of(world) == ["refused"]


async def test_an_order_over_the_cap_is_not_made_and_told_once() -> None:
    world = await due_world(a_sim(cap="52.49"))
    await world.pass_time(2 * DAY)
    assert states_of(world) == []
    assert skips_of(world) == ["over_cap"]
    await world.engine.change(a_sim(cap="52.50"))
    await world.rest()
    assert states_of(world) == [State.CONFIRMED]


@pytest.mark.parametrize(
    ("limit", "bought"), [("52.49 USD", 0), ("52.50 USD", 1), ("1 HKD", 1)]
)
async def test_one_order_may_cost_no_more_than_its_cap(limit: str, bought: int) -> None:
    sim = a_sim()
    cap = Money.parse(*limit.split())
    world = await due_world(replace(sim, rules=replace(sim.rules, order_cap=cap)))
    assert len(world.vendor.bought) == bought
    assert skips_of(world) == ["over_cap"] * (1 - bought)


async def test_two_sims_share_what_their_account_may_spend() -> None:
    world = ModelWorld()
    zone = ZoneInfo("UTC")
    world.engine.household = HouseholdRules(
        zone=zone, account_caps={ACCOUNT: usd("104.99"), "other:1": usd("1")}
    )
    await world.begin(a_sim(), a_sim(OTHER), typed=expiring_in(4))
    assert len(world.vendor.bought) == 1
    assert skips_of(world) == ["over_cap"]
    household = HouseholdRules(zone=zone, account_caps={ACCOUNT: usd("105")})
    await world.engine.set_household(household)
    await world.rest()
    assert len(world.vendor.bought) == 2


async def test_two_sims_race_for_the_last_of_the_household_s_cap() -> None:
    for cap, bought in (("105", 2), ("104.99", 1)):
        world = ModelWorld()
        world.household = HouseholdRules(zone=ZoneInfo("UTC"), monthly_caps=(usd(cap),))
        world._be_born()
        await world.begin(a_sim(), a_sim(OTHER), typed=expiring_in(4))
        await world.pass_time(HOUR)
        assert len(world.vendor.delivered) == bought
        assert world.ledger.find_damage() is None
        if bought == 1:
            assert skips_of(world) == ["over_cap"]


async def test_a_new_month_makes_room() -> None:
    world = await due_world(a_sim(cap="60"), days=5)
    world.household = HouseholdRules(zone=ZoneInfo("UTC"))
    await world.pass_time(2 * DAY)
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(5), ADMIN)
    await world.rest()
    assert skips_of(world) == ["over_cap"]
    await world.pass_time(25 * DAY)
    assert len(world.vendor.delivered) == 1
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(34), ADMIN)
    await world.pass_time(4 * DAY)
    assert len(world.vendor.delivered) == 2


async def test_new_household_rules_apply_at_once() -> None:
    world = await due_world(a_sim(cap=None))
    assert states_of(world) == [State.ASKED]
    assert world.ledger.orders()[0].why["reason"] == "no_cap"
    await world.doors.cancel(1, ADMIN)
    caps = HouseholdRules(zone=ZoneInfo("UTC"), monthly_caps=(usd("100"),))
    await world.engine.set_household(caps)
    await world.engine.change(a_sim(cap=None, amount="60"))
    await world.rest()
    assert states_of(world) == [State.DECLINED, State.CONFIRMED]


@pytest.mark.parametrize("household", [(), (Money(100_00, "EUR"),)])
async def test_a_wallet_in_another_currency_than_the_cap_is_never_automatic(
    household: tuple[Money, ...],
) -> None:
    """A wider limit in the right money does not stand in for what this number may cost."""
    world = ModelWorld()
    world.vendor.wallet_currency = "EUR"
    caps = HouseholdRules(zone=ZoneInfo("UTC"), monthly_caps=household)
    await world.engine.set_household(caps)
    await world.begin(a_sim(), typed=expiring_in(4))
    (order,) = world.ledger.orders()
    assert (order.state, order.why["reason"]) == (State.ASKED, "no_cap")
    again = await world.doors.recharge("AAAAAAAAAA", asking_for(), AUTOMATION)
    assert (again.id, world.vendor.submits) == (order.id, [])
    await world.pass_time(3 * DAY)
    assert world.vendor.submits == []


# -- Unknown ladder, supervision, restore, clock ----------------------------------------------


async def test_without_a_known_ladder_nothing_is_bought_again_until_a_date_is_typed() -> (
    None
):
    world = await due_world(a_sim(carrier=None))
    assert states_of(world) == [State.CONFIRMED]
    await world.pass_time(30 * DAY)
    assert len(world.vendor.delivered) == 1
    status = world.engine.status("AAAAAAAAAA")
    assert status is not None
    assert status.deadline_outdated
    assert status.needs_attention
    today = world.moment.date()
    typed = Typed(expiry=today + timedelta(days=3))
    await world.doors.update_reading("AAAAAAAAAA", typed, ADMIN)
    await world.rest()
    assert len(world.vendor.delivered) == 2


async def test_the_first_order_of_an_account_is_supervised() -> None:
    world = await due_world(automatic=Automatic.AFTER_ONE_SUPERVISED)
    (order,) = world.ledger.orders()
    assert (order.state, order.why["reason"]) == (State.ASKED, "supervision")
    await world.doors.approve(order.id, ADMIN)
    assert states_of(world) == [State.CONFIRMED]
    await world.pass_time(2 * DAY)
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(5), ADMIN)
    await world.rest()
    assert states_of(world) == [State.CONFIRMED, State.CONFIRMED]


async def test_after_a_restore_the_first_order_of_each_sim_asks() -> None:
    world, sims = ModelWorld(), (a_sim(), a_sim(OTHER))
    world.ledger.note_restored(START - MINUTE)
    await world.begin(*sims, typed=expiring_in(4))
    assert [order.why["reason"] for order in world.ledger.orders()] == ["restored"] * 2
    await world.doors.approve(1, ADMIN)
    assert states_of(world) == [State.CONFIRMED]
    await world.pass_time(DAY + HOUR)
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(4), ADMIN)
    await world.rest()
    assert states_of(world) == [State.CONFIRMED, State.CONFIRMED]
    assert State.CONFIRMED not in states_of(world, OTHER)


async def test_a_clock_that_jumps_back_buys_nothing() -> None:
    world = await due_world(days=20)
    world.moment = START - 30 * DAY
    typed = Typed(expiry=world.moment.date() + timedelta(days=2))
    await world.doors.update_reading("AAAAAAAAAA", typed, ADMIN)
    assert reason_of(world) is Reason.CLOCK_DOUBTFUL
    await world.pass_time(DAY)
    assert states_of(world) == []


async def test_a_clock_that_jumps_back_does_not_send_what_was_approved() -> None:
    world = await due_world(faults=[Fault.NOT_SENT])
    assert states_of(world) == [State.APPROVED]
    world.moment = START - 6 * HOUR
    await world.engine.evaluate("AAAAAAAAAA")
    await world.rest()
    assert world.vendor.submits == []
    assert states_of(world) == [State.APPROVED]


async def test_a_clock_that_jumps_a_year_ahead_buys_once_at_most() -> None:
    world = await due_world(days=20)
    world.moment += 365 * DAY
    await world.rest()
    await world.pass_time(DAY)
    assert len(world.vendor.delivered) <= 1


@pytest.mark.parametrize(
    ("skew", "sends"), [(10, True), (-10, True), (11, False), (-11, False)]
)
async def test_a_clock_far_from_the_vendor_s_buys_nothing(
    skew: int, sends: bool
) -> None:
    world = await due_world(clock_skew=skew * MINUTE)
    assert bool(world.vendor.submits) is sends
    assert skips_of(world) == ([] if sends else ["clock_doubtful"])


async def test_at_most_five_automatic_orders_a_day() -> None:
    sims = [a_sim(f"SIM{number:07d}") for number in range(7)]
    world = ModelWorld()
    await world.engine.open(lambda: world.ledger)
    for sim in sims:
        await world.engine.register(sim)
    await world.engine.start()
    for sim in sims:
        await world.doors.update_reading(sim.epoch, expiring_in(4), ADMIN)
        await world.rest()
    assert len(world.vendor.delivered) == 5
    asked = world.ledger.in_state(State.ASKED)
    assert [order.why["reason"] for order in asked] == ["daily_limit"] * 2


async def test_seven_sims_that_are_due_at_once_are_five_automatic_orders() -> None:
    sims = [a_sim(f"SIM{number:07d}") for number in range(7)]
    world = await due_world(*sims)
    assert len(world.vendor.delivered) == 5
