"""What a person sets later is heard by whatever has not been delivered yet."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.sim_keeper.keeper.budget import HouseholdRules
from custom_components.sim_keeper.keeper.ledger import EventType
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.permissions import AUTOMATION
from custom_components.sim_keeper.keeper.ports import Line, Quote, Wanted
from custom_components.sim_keeper.keeper.sim import Mode
from custom_components.sim_keeper.keeper.statements import Typed, typed_readings

from .builders import hkd, usd
from .model_vendor import ModelVendor, VendorChannel
from .model_world import ACCOUNT, ADMIN, Fault, ModelWorld, a_sim, expiring_in
from .scenes import (
    EPOCH,
    HOUR,
    MINUTE,
    asking_for,
    due_world,
    faulty_world,
    quiet_world,
    refusal_of,
    ruled,
    states_of,
    the_question,
)

FAR = date(2100, 1, 1)
SILENCES = [
    ({"paused_until": FAR}, "paused"),
    ({"lapse": True}, "lapse"),
    ({"recharged_elsewhere": True}, "recharged_elsewhere"),
]
ANOTHER = "model:2"


async def move(world: ModelWorld, **changes: Any) -> ModelVendor:
    """Let the SIM change what needs a reload, while another account is there as well."""
    other = ModelVendor(world.now)
    world.channels[ANOTHER] = VendorChannel(other)
    sim = replace(world.engine.sims[EPOCH], **changes)
    await world.engine.unregister(EPOCH, removed=False)
    await world.engine.register(sim)
    return other


def told(world: ModelWorld) -> list[str | None]:
    """Return the reasons of all orders of which people were told that they were not sent."""
    ended = (EventType.CANCELLED, EventType.EXPIRED)
    return [
        world.ledger.order(untold.event.order_id or 0).reason
        for untold in world.ledger.untold()
        if untold.event.type in ended
    ]


@pytest.mark.parametrize(("silence", "why"), [*SILENCES, ({"shadow": True}, "shadow")])
async def test_an_automation_may_do_no_more_than_the_rules(
    silence: dict[str, Any], why: str
) -> None:
    world = await quiet_world(ruled(a_sim(), **silence))
    call = world.doors.recharge(EPOCH, asking_for(), AUTOMATION)
    assert await refusal_of(call) == why
    trial = world.doors.try_out(EPOCH, asking_for(), AUTOMATION)
    assert (await trial).refused == why
    assert world.vendor.submits == []


@pytest.mark.parametrize(("silence", "why"), SILENCES)
async def test_a_person_who_asks_for_it_himself_may(
    silence: dict[str, Any], why: str
) -> None:
    world = await quiet_world(ruled(a_sim(), **silence))
    order = await world.doors.recharge(EPOCH, asking_for(), ADMIN)
    assert order.state is State.CONFIRMED


@pytest.mark.parametrize("caller", [AUTOMATION, ADMIN])
@pytest.mark.parametrize(("silence", "why"), [*SILENCES, ({"mode": Mode.OFF}, "off")])
async def test_what_could_not_be_sent_does_not_go_out_after_a_no(
    silence: dict[str, Any], why: str, caller: Any
) -> None:
    world = await quiet_world()
    world.vendor.faults = [Fault.NOT_SENT]
    order = await world.doors.recharge(EPOCH, asking_for(), caller)
    assert order.state is State.APPROVED
    await world.engine.change(ruled(a_sim(), **silence))
    await world.pass_time(HOUR)
    assert world.vendor.submits == []
    assert told(world) == [why]


TIGHTER: list[tuple[dict[str, Any], str]] = [
    ({"monthly_cap": usd("1")}, "over_cap"),
    ({"order_cap": usd("1")}, "over_cap"),
    ({"shadow": True}, "shadow"),
]


@pytest.mark.parametrize(("tighter", "why"), TIGHTER)
async def test_an_automatic_order_that_is_unsent_is_decided_anew(
    tighter: dict[str, Any], why: str
) -> None:
    world = await due_world(faults=[Fault.NOT_SENT])
    await world.engine.change(ruled(a_sim(), **tighter))
    await world.pass_time(HOUR)
    assert world.vendor.submits == []
    assert states_of(world) == [State.CANCELLED]
    (skip,) = [e for e in world.events if e.type is EventType.SKIPPED]
    assert skip.data["reason"] == why


async def test_an_automatic_order_that_is_unsent_buys_what_is_set_now() -> None:
    world = await due_world(faults=[Fault.NOT_SENT])
    await world.engine.change(ruled(a_sim(), amount=hkd("20")))
    await world.pass_time(HOUR)
    assert [one.value for one in world.vendor.delivered] == [hkd("20")]
    assert states_of(world) == [State.CANCELLED, State.CONFIRMED]


class Rounding(ModelVendor):
    """A vendor that delivers a little more than is wanted."""

    async def quote(self, line: Line, wanted: Wanted) -> Quote:
        """Price an amount."""
        offer = await super().quote(line, wanted)
        assert offer.value is not None
        return replace(offer, value=offer.value + hkd("0.03"))


@pytest.mark.parametrize("fault", [Fault.NOT_SENT, Fault.LOSE_REQUEST])
@pytest.mark.parametrize("fills", [False, True])
async def test_what_is_delivered_may_differ_from_what_is_wanted(
    fault: Fault, fills: bool
) -> None:
    world = ModelWorld()
    world.vendor = Rounding(world.now, faults=[fault])
    world.channels[ACCOUNT] = VendorChannel(world.vendor)
    line = a_sim(threshold="20", days_before=None)
    line = ruled(line, fill_up_to=hkd("100")) if fills else line
    await world.begin(line, typed=Typed(balance=hkd("10")))
    assert len(world.ledger.orders()) == 1
    await world.pass_time(HOUR)
    assert states_of(world) == [State.CONFIRMED]


async def test_no_more_than_five_a_day_go_out_though_none_could_for_hours() -> None:
    world = ModelWorld()
    world.vendor.faults = [Fault.NOT_SENT] * 1000
    await world.begin(a_sim("A" * 10, cap="1000"), typed=expiring_in(3))
    for letter in "BCDEFGH":
        await world.pass_time(HOUR)
        first = typed_readings(expiring_in(3), world.now())
        await world.engine.register(a_sim(letter * 10, cap="1000"), first)
        await world.rest()
    world.vendor.faults = []
    await world.pass_time(2 * HOUR)
    assert len(world.vendor.delivered) == 5
    asked = world.ledger.in_state(State.ASKED)
    assert [one.why["reason"] for one in asked] == ["daily_limit"] * 3


@pytest.mark.parametrize("fault", [Fault.NOT_SENT, Fault.LOSE_REQUEST])
@pytest.mark.parametrize(("silence", "why"), [*SILENCES, ({"mode": Mode.OFF}, "off")])
async def test_what_a_person_asked_for_in_spite_of_a_no_is_not_stopped_by_it(
    silence: dict[str, Any], why: str, fault: Fault
) -> None:
    world = await quiet_world(ruled(a_sim(), **silence))
    world.vendor.faults = [fault]
    order = await world.doors.recharge(EPOCH, asking_for(), ADMIN)
    assert order.why["silence"] == why
    await world.pass_time(HOUR)
    assert states_of(world) == [State.CONFIRMED]


async def test_whoever_said_yes_hears_that_it_was_not_sent() -> None:
    world = await quiet_world(a_sim(mode=Mode.ASK), days=4)
    world.vendor.faults = [Fault.NOT_SENT]
    await world.doors.approve((await the_question(world)).id, ADMIN)
    await world.engine.change(ruled(a_sim(mode=Mode.ASK), paused_until=FAR))
    await world.pass_time(HOUR)
    assert world.vendor.submits == []
    assert told(world) == ["no_longer_needed"]


async def test_a_smaller_cap_of_the_household_is_heard_as_well() -> None:
    world = await due_world(faults=[Fault.NOT_SENT])
    small = HouseholdRules(zone=ZoneInfo("UTC"), monthly_caps=(usd("1"),))
    await world.engine.set_household(small)
    await world.pass_time(HOUR)
    assert world.vendor.submits == []


@pytest.mark.parametrize(
    "tighter",
    [*(one for one, _ in TIGHTER), {"amount": hkd("20")}, {"paused_until": FAR}],
)
async def test_a_lost_request_is_not_sent_again_against_what_is_set_now(
    tighter: dict[str, Any],
) -> None:
    world, sim = await faulty_world(Fault.LOSE_REQUEST)
    await world.engine.change(ruled(sim, **tighter))
    await world.pass_time(HOUR)
    assert len(world.vendor.submits) == 1
    assert states_of(world) == [State.NEEDS_PERSON]


async def test_a_lost_request_is_sent_again_where_nothing_was_tightened() -> None:
    world, sim = await faulty_world(Fault.LOSE_REQUEST)
    await world.engine.change(ruled(sim, amount=hkd("60")))
    await world.pass_time(HOUR)
    assert len(world.vendor.submits) == 2
    assert states_of(world) == [State.CONFIRMED]


@pytest.mark.parametrize("caller", [AUTOMATION, ADMIN])
@pytest.mark.parametrize("changed", [{"account": ANOTHER}, {"operator": "right"}])
async def test_an_unsent_order_ends_with_its_account(
    caller: Any, changed: dict[str, str]
) -> None:
    """Its request is for the one; price and key would be asked of the other."""
    world = await quiet_world()
    world.vendor.faults = [Fault.NOT_SENT]
    await world.doors.recharge(EPOCH, asking_for(), caller)
    other = await move(world, **changed)
    await world.pass_time(HOUR)
    assert world.vendor.submits == other.submits == []
    assert told(world) == ["account_changed"]


async def test_a_question_of_an_automation_ends_with_its_account() -> None:
    world = await quiet_world(a_sim(mode=Mode.ASK))
    order = await world.doors.recharge(EPOCH, asking_for(), AUTOMATION)
    assert order.state is State.ASKED
    await move(world, account=ANOTHER)
    await world.rest()
    assert states_of(world) == [State.CANCELLED]


async def test_a_lost_request_is_not_sent_again_through_an_account_left_behind() -> (
    None
):
    world, _ = await faulty_world(Fault.LOSE_REQUEST)
    other = await move(world, account=ANOTHER)
    await world.pass_time(HOUR)
    assert (len(world.vendor.submits), other.submits) == (1, [])
    assert states_of(world) == [State.NEEDS_PERSON]


async def test_a_mode_that_falls_while_an_automation_s_order_is_priced_is_heard() -> (
    None
):
    world = await quiet_world()

    async def off() -> None:
        world.vendor.before_price = None
        world.start(world.engine.change(ruled(a_sim(), mode=Mode.OFF)))
        await asyncio.sleep(0)

    world.vendor.before_price = off
    order = await world.doors.recharge(EPOCH, asking_for(), AUTOMATION)
    assert order.state is State.CANCELLED
    assert world.vendor.submits == []


async def test_whoever_wanted_what_is_given_up_hears_of_it() -> None:
    world = await quiet_world()
    world.vendor.faults = [Fault.NOT_SENT] * 500
    await world.doors.recharge(EPOCH, asking_for(), ADMIN)
    await world.pass_time(26 * HOUR)
    assert states_of(world) == [State.EXPIRED]
    assert told(world) == ["not_sent"]


async def test_nobody_hears_of_a_rule_s_order_that_is_decided_anew() -> None:
    world = await due_world(faults=[Fault.NOT_SENT])
    await world.engine.change(ruled(a_sim(), amount=hkd("20")))
    await world.pass_time(HOUR)
    assert told(world) == []


async def test_a_backup_during_the_last_look_hands_nothing_to_a_person() -> None:
    world, _ = await faulty_world(Fault.LOSE_REQUEST)
    await world.pass_time(timedelta(minutes=17))
    await world.engine.begin_backup()
    await world.pass_time(2 * MINUTE)
    assert states_of(world) == [State.UNKNOWN]
    await world.pass_time(HOUR)
    assert states_of(world) == [State.CONFIRMED]
    assert len(world.vendor.submits) == 2


async def test_a_question_of_a_sim_that_is_disabled_ends() -> None:
    world = await quiet_world(a_sim(mode=Mode.ASK), days=4)
    await world.engine.unregister(EPOCH, removed=False)
    await world.pass_time(25 * HOUR)
    assert states_of(world) == [State.EXPIRED]
