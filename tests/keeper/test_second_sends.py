"""The one second send of a request that never arrived: at the price agreed to, or not at all."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.checkout import Offer
from custom_components.sim_keeper.keeper.errors import (
    LoginFailed,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.ledger import EventType
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.permissions import AUTOMATION, Caller
from custom_components.sim_keeper.keeper.ports import Automatic, Lookup
from custom_components.sim_keeper.keeper.sim import Mode

from .model_world import ACCOUNT, ADMIN, Fault, a_sim
from .scenes import (
    DAY,
    EPOCH,
    HOUR,
    KEY,
    MINUTE,
    asking_for,
    asking_world,
    check_sound,
    faulty_world,
    only_order,
    quiet_world,
    states_of,
    the_question,
)

NO_PRICE = [
    Unavailable("HTTP 503"),
    LoginFailed("HTTP 401"),
    Rejected("NO_PRODUCT", RefusalClass.LATER),
]
LAST_LOOK = timedelta(seconds=1080)
"""Then the vendor's silence becomes a fact."""


# -- The price --------------------------------------------------------------------------------


@pytest.mark.parametrize("error", NO_PRICE)
async def test_a_second_send_waits_until_there_is_a_price(error: Exception) -> None:
    world, sim = await faulty_world(Fault.LOSE_REQUEST)
    world.vendor.quote_error = error
    quotes = world.vendor.quotes
    await world.pass_time(HOUR)
    assert world.vendor.quotes > quotes, "no second send was considered"
    order = await only_order(world, sim)
    assert (order.state, world.vendor.submits) == (State.UNKNOWN, [KEY])
    world.vendor.quote_error = None
    await world.pass_time(10 * MINUTE)
    assert (await only_order(world, sim)).state is State.CONFIRMED
    assert world.vendor.submits == [KEY, KEY]
    check_sound(world)


@pytest.mark.parametrize("error", NO_PRICE)
async def test_without_a_price_for_two_hours_a_person_decides(error: Exception) -> None:
    world, sim = await faulty_world(Fault.LOSE_REQUEST)
    world.vendor.quote_error = error
    await world.pass_time(3 * HOUR)
    assert (await only_order(world, sim)).state is State.NEEDS_PERSON
    world.vendor.quote_error = None
    await world.pass_time(2 * DAY)
    assert world.vendor.submits == [KEY]


@pytest.mark.parametrize(
    ("rate", "currency", "state", "sends"),
    [
        (1, "USD", State.CONFIRMED, 2),
        (2, "USD", State.NEEDS_PERSON, 1),
        # Nobody can tell whether this is more.
        (1, "EUR", State.NEEDS_PERSON, 1),
    ],
)
async def test_a_second_send_costs_no_more_than_the_first_might_have(
    rate: int, currency: str, state: State, sends: int
) -> None:
    world, sim = await faulty_world(Fault.LOSE_REQUEST)
    world.vendor.rate, world.vendor.wallet_currency = rate, currency
    await world.pass_time(LAST_LOOK)
    order = await only_order(world, sim)
    assert order.state is state
    assert order.reason == ("price_changed" if sends == 1 else None)
    await world.pass_time(2 * DAY)
    assert world.vendor.submits == [KEY] * sends


# -- What no rule calls for -------------------------------------------------------------------


@pytest.mark.parametrize("caller", [ADMIN, AUTOMATION])
@pytest.mark.parametrize(
    ("meanwhile", "state", "sends"),
    [
        ("nothing", State.CONFIRMED, 2),
        ("stop", State.NEEDS_PERSON, 1),
        ("clock", State.NEEDS_PERSON, 1),
    ],
)
async def test_what_somebody_called_for_is_sent_again_though_nothing_is_due(
    caller: Caller, meanwhile: str, state: State, sends: int
) -> None:
    world = await quiet_world(faults=[Fault.LOSE_REQUEST])
    order = await world.doors.recharge(EPOCH, asking_for(), caller)
    assert order.state is State.UNKNOWN
    world.vendor.lookup_error = Unavailable("HTTP 503")
    await world.pass_time(HOUR)
    world.vendor.lookup_error = None
    if meanwhile == "stop":
        await world.doors.set_stop(on=True, caller=ADMIN)
    elif meanwhile == "clock":
        # Behind what the ledger has seen until long after the last look.
        world.set_clock(-40 * MINUTE)
    await world.pass_time(35 * MINUTE)
    assert states_of(world) == [state]
    assert world.vendor.submits == [KEY] * sends


# -- What was approved and not sent -----------------------------------------------------------


async def test_what_only_a_rule_approved_is_asked_about_once_a_person_has_to_be() -> (
    None
):
    world, sim = await faulty_world(Fault.NOT_SENT)
    assert states_of(world) == [State.APPROVED]
    asks = replace(sim, rules=replace(sim.rules, mode=Mode.ASK))
    await world.engine.change(asks)
    await world.pass_time(HOUR)
    assert (await the_question(world)).why["reason"] == "mode_ask"
    assert set(states_of(world)) == {State.ASKED, State.CANCELLED}
    assert world.vendor.submits == []


async def test_a_doubt_that_came_up_since_makes_it_a_question() -> None:
    world, _ = await faulty_world(Fault.NOT_SENT)
    world.vendor.automatic = Automatic.NO
    await world.pass_time(HOUR)
    assert (await the_question(world)).why["reason"] == "channel_not_automatic"
    assert world.vendor.submits == []


async def test_what_a_person_approved_goes_out_whatever_the_mode_is_now() -> None:
    world, order = await asking_world(faults=[Fault.NOT_SENT])
    await world.doors.approve(order.id, ADMIN)
    sim = world.engine.sims[EPOCH]
    await world.engine.change(replace(sim, rules=replace(sim.rules, days_before=6)))
    await world.pass_time(HOUR)
    assert states_of(world) == [State.CONFIRMED]
    assert world.vendor.submits == [KEY]


async def test_what_an_automation_called_for_ends_with_the_mode_and_says_so() -> None:
    world = await quiet_world(faults=[Fault.NOT_SENT])
    await world.doors.recharge(EPOCH, asking_for(), AUTOMATION)
    assert states_of(world) == [State.APPROVED]
    sim = world.engine.sims[EPOCH]
    await world.engine.change(replace(sim, rules=replace(sim.rules, mode=Mode.ASK)))
    await world.pass_time(HOUR)
    assert states_of(world) == [State.CANCELLED]
    assert world.ledger.orders()[0].reason == "mode_ask"
    assert EventType.CANCELLED in {one.type for one in world.events}
    assert world.vendor.submits == []


async def test_without_its_account_it_waits() -> None:
    """At a start accounts come up later than the engine: that is no reason to ask."""
    world, _ = await faulty_world(Fault.NOT_SENT)
    channel = world.channels.pop(ACCOUNT)
    await world.pass_time(HOUR)
    assert states_of(world) == [State.APPROVED]
    world.channels[ACCOUNT] = channel
    await world.pass_time(HOUR)
    assert states_of(world) == [State.CONFIRMED]
    assert world.vendor.submits == [KEY]


async def test_an_account_that_goes_while_its_price_is_asked_is_waited_for() -> None:
    world, _ = await faulty_world(Fault.NOT_SENT)
    channel, offer = world.channels[ACCOUNT], world.engine.checkout.offer

    async def going(*args: Any) -> Offer:
        found = await offer(*args)
        world.channels.pop(ACCOUNT, None)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.engine.checkout, "offer", going)
        await world.pass_time(15 * MINUTE)
    assert ACCOUNT not in world.channels
    assert states_of(world) == [State.APPROVED]
    world.channels[ACCOUNT] = channel
    await world.pass_time(HOUR)
    assert states_of(world) == [State.CONFIRMED]
    assert world.vendor.submits == [KEY]


# -- What was said before a restore -----------------------------------------------------------


@pytest.mark.parametrize("lookup", [Lookup.PURE, Lookup.PAYING])
@pytest.mark.parametrize("restored", [True, False])
async def test_a_yes_of_before_a_restore_sends_nothing_again(
    lookup: Lookup, restored: bool
) -> None:
    """In the time that was wiped out a shop may have sold what was asked for."""
    faults = [Fault.LOSE_REQUEST]
    world, order = await asking_world(faults=faults, lookup=lookup)
    order = await world.doors.approve(order.id, ADMIN)
    assert order.state is State.UNKNOWN
    await world.die()
    if restored:
        world.ledger.note_restored(world.moment)
    await world.restart(a_sim(mode=Mode.ASK))
    await world.pass_time(3 * HOUR)
    assert states_of(world) == [
        State.NEEDS_PERSON if restored else State.CONFIRMED,
    ]
    assert len(world.vendor.bought) == (0 if restored else 1)
    check_sound(world)


async def test_what_was_approved_before_a_restore_and_not_sent_is_asked_again() -> None:
    world, order = await asking_world(faults=[Fault.NOT_SENT])
    assert (await world.doors.approve(order.id, ADMIN)).state is State.APPROVED
    await world.die()
    world.ledger.note_restored(world.moment)
    await world.restart(a_sim(mode=Mode.ASK))
    await world.pass_time(HOUR)
    assert world.vendor.submits == []
    again = await the_question(world)
    assert again.id != order.id
    assert (await world.doors.approve(again.id, ADMIN)).state is State.CONFIRMED
    check_sound(world)
