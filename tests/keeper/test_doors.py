"""The doors for buying: who may recharge, and who is asked."""

import asyncio
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.errors import (
    LedgerFault,
    LoginFailed,
    NotAllowed,
    OrderRefused,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.orders import Order, Origin, State
from custom_components.sim_keeper.keeper.permissions import AUTOMATION, Caller
from custom_components.sim_keeper.keeper.ports import Automatic, Wanted
from custom_components.sim_keeper.keeper.sim import Mode
from custom_components.sim_keeper.keeper.statements import Recharge

from .builders import hkd, usd
from .model_world import ACCOUNT, ADMIN, Fault, a_sim
from .scenes import (
    DAY,
    EPOCH,
    HOUR,
    MINUTE,
    PERSON,
    asking_for,
    asking_world,
    quiet_world,
    refusal_of,
    the_question,
)

# -- Recharge ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", Mode)
async def test_an_administrator_recharges_in_every_mode(mode: Mode) -> None:
    world = await quiet_world(a_sim(mode=mode))
    order = await world.doors.recharge(EPOCH, asking_for(), ADMIN)
    assert (order.state, order.origin) == (State.CONFIRMED, Origin.PERSON)
    assert order.cost == usd("50")
    assert world.ledger.events(order.id)[0].actor == ADMIN.actor


@pytest.mark.parametrize(
    ("mode", "state", "reason"),
    [
        (Mode.OFF, None, "mode_forbids"),
        (Mode.REMIND, None, "mode_forbids"),
        (Mode.ASK, State.ASKED, None),
        (Mode.AUTO, State.CONFIRMED, None),
    ],
)
async def test_an_automation_without_a_user_obeys_the_mode(
    mode: Mode, state: State | None, reason: str | None
) -> None:
    world = await quiet_world(a_sim(mode=mode))
    if reason is not None:
        assert (
            await refusal_of(world.doors.recharge(EPOCH, asking_for(), AUTOMATION))
            == reason
        )
        assert world.ledger.orders() == []
        return
    order = await world.doors.recharge(EPOCH, asking_for(), AUTOMATION)
    assert (order.state, order.origin) == (state, Origin.ACTION)
    assert len(world.vendor.bought) == (state is State.CONFIRMED)


async def test_a_user_who_is_no_administrator_is_refused_and_nothing_is_noted() -> None:
    world = await quiet_world()
    events = world.ledger.last_event()
    with pytest.raises(NotAllowed):
        await world.doors.recharge(EPOCH, asking_for(), PERSON)
    assert world.ledger.last_event() == events
    assert world.vendor.quotes == 0


@pytest.mark.parametrize(
    ("vendor", "reason"),
    [
        ({"automatic": Automatic.AFTER_ONE_SUPERVISED}, "supervision"),
        ({"automatic": Automatic.NO}, "channel_not_automatic"),
        ({"automatic": Automatic.OPT_IN}, "channel_not_automatic"),
        # No cap limits what this wallet pays.
        ({"wallet_currency": "EUR"}, "no_cap"),
    ],
)
async def test_what_keeps_the_machine_from_buying_makes_an_automation_ask(
    vendor: dict[str, Any], reason: str
) -> None:
    """And whoever answers is told what it was."""
    world = await quiet_world(**vendor)
    order = await world.doors.recharge(EPOCH, asking_for(), AUTOMATION)
    assert (order.state, order.why["reason"]) == (State.ASKED, reason)
    assert world.vendor.submits == []
    # A call that is repeated is the same call.
    again = await world.doors.recharge(EPOCH, asking_for(), AUTOMATION)
    assert again.id == order.id


async def test_five_callers_at_once_get_one_order() -> None:
    world = await quiet_world()
    found = await asyncio.gather(
        *(world.doors.recharge(EPOCH, asking_for(), ADMIN) for _ in range(5)),
        return_exceptions=True,
    )
    orders = {one.id for one in found if isinstance(one, Order)}
    assert orders == {1}
    assert len(world.vendor.submits) == 1
    others = [one.reason for one in found if isinstance(one, OrderRefused)]
    assert set(others) <= {"recently_recharged"}


async def test_two_automations_and_a_person_at_once_get_one_order() -> None:
    world = await quiet_world(faults=[Fault.HANG])
    calls = [
        asyncio.ensure_future(world.doors.recharge(EPOCH, asking_for(), caller))
        for caller in (AUTOMATION, ADMIN, AUTOMATION)
    ]
    for _ in range(50):
        await asyncio.sleep(0)
    world.vendor.released.set()
    found = await asyncio.gather(*calls)
    assert {order.id for order in found} == {1}
    assert len(world.vendor.submits) == 1


async def test_who_asks_again_within_a_day_is_told_unless_he_means_another() -> None:
    world = await quiet_world()
    await world.doors.recharge(EPOCH, asking_for(), ADMIN)
    again = world.doors.recharge(EPOCH, asking_for(), ADMIN)
    assert await refusal_of(again) == "recently_recharged"
    await world.doors.recharge(EPOCH, asking_for(another=True), ADMIN)
    await world.pass_time(DAY + MINUTE)
    await world.doors.recharge(EPOCH, asking_for(), ADMIN)
    assert len(world.vendor.delivered) == 3


async def test_an_automation_may_not_mean_another_within_a_day() -> None:
    world = await quiet_world()
    await world.doors.recharge(EPOCH, asking_for(), AUTOMATION)
    again = world.doors.recharge(EPOCH, asking_for(another=True), AUTOMATION)
    assert await refusal_of(again) == "recently_recharged"


async def test_a_request_id_names_one_order_for_ever() -> None:
    world = await quiet_world()
    first = await world.doors.recharge(EPOCH, asking_for(request="r1"), ADMIN)
    assert (
        await world.doors.recharge(EPOCH, asking_for(request="r1"), ADMIN)
    ).id == first.id
    await world.pass_time(200 * DAY)
    later = await world.doors.recharge(EPOCH, asking_for(request="r1"), ADMIN)
    assert later.id == first.id
    other = world.doors.recharge(EPOCH, asking_for("60", request="r1"), ADMIN)
    assert await refusal_of(other) == "request_differs"
    product = Recharge(wanted=Wanted(product="x"), request="r1")
    assert (
        await refusal_of(world.doors.recharge(EPOCH, product, ADMIN))
        == "request_differs"
    )
    assert len(world.vendor.submits) == 1


async def test_another_request_while_one_is_open_is_refused() -> None:
    world = await quiet_world(faults=[Fault.PENDING])
    order = await world.doors.recharge(EPOCH, asking_for(), ADMIN)
    assert order.state is State.PENDING
    assert (await world.doors.recharge(EPOCH, asking_for(), ADMIN)).id == order.id
    other = world.doors.recharge(EPOCH, asking_for(request="r2"), ADMIN)
    assert await refusal_of(other) == "order_open"


async def test_a_request_for_a_task_is_repeated_without_a_second_task() -> None:
    world = await quiet_world(a_sim(account=None))
    task = await world.doors.recharge(EPOCH, asking_for(request="r1"), ADMIN)
    assert (task.assisted, task.request) == (True, "r1")
    assert (
        await world.doors.recharge(EPOCH, asking_for(request="r1"), ADMIN)
    ).id == task.id
    await world.doors.approve(task.id, ADMIN)
    assert (
        await world.doors.recharge(EPOCH, asking_for(request="r1"), ADMIN)
    ).id == task.id


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [("stop", "stopped"), ("backup", "stopping"), ("clock", "clock_doubtful")],
)
async def test_what_forbids_sending_forbids_it_to_everybody(
    prepare: str, reason: str
) -> None:
    world, order = await asking_world()
    if prepare == "stop":
        await world.doors.set_stop(on=True, caller=PERSON)
    elif prepare == "backup":
        await world.engine.begin_backup()
    else:
        world.moment -= HOUR
    assert await refusal_of(world.doors.approve(order.id, ADMIN)) == reason
    await world.doors.cancel(order.id, PERSON)
    assert await refusal_of(world.doors.recharge(EPOCH, asking_for(), ADMIN)) == reason
    assert world.vendor.submits == []


async def test_without_an_amount_the_usual_one_is_bought() -> None:
    world = await quiet_world()
    order = await world.doors.recharge(EPOCH, asking_for(None), ADMIN)
    assert order.value == hkd("50")
    world = await quiet_world(a_sim(amount=None))
    assert (
        await refusal_of(world.doors.recharge(EPOCH, asking_for(None), ADMIN))
        == "no_amount"
    )


async def test_over_the_cap_not_even_an_administrator_buys() -> None:
    world = await quiet_world(a_sim(cap="52"))
    with pytest.raises(OrderRefused) as caught:
        await world.doors.recharge(EPOCH, asking_for(), ADMIN)
    assert caught.value.reason == "over_cap"
    assert caught.value.numbers == {"price": "52.50 USD", "left": "52.00 USD"}


@pytest.mark.parametrize(
    "error", [Unavailable("x"), LoginFailed("x"), Rejected("X", RefusalClass.NEVER)]
)
async def test_without_a_price_the_caller_hears_why_and_nothing_is_left(
    error: Exception,
) -> None:
    world = await quiet_world(quote_error=error)
    with pytest.raises(type(error)):
        await world.doors.recharge(EPOCH, asking_for(), ADMIN)
    assert world.ledger.orders() == []


async def test_a_lookup_that_fails_before_the_first_send_leaves_no_order_behind() -> (
    None
):
    world = await quiet_world(lookup_error=Unavailable("x"))
    with pytest.raises(Unavailable):
        await world.doors.recharge(EPOCH, asking_for(), ADMIN)
    (order,) = world.ledger.orders()
    assert (order.state, order.reason) == (State.CANCELLED, "not_begun")
    await world.pass_time(DAY)
    assert world.vendor.submits == []


async def test_a_yes_that_could_not_be_carried_out_is_no_no() -> None:
    world, order = await asking_world(lookup_error=Unavailable("x"))
    with pytest.raises(Unavailable):
        await world.doors.approve(order.id, ADMIN)
    assert world.ledger.order(order.id).state is State.CANCELLED
    world.vendor.lookup_error = None
    await world.pass_time(DAY)
    assert (await the_question(world)).id != order.id


async def test_a_caller_who_goes_away_does_not_stop_what_is_being_sent() -> None:
    world = await quiet_world(faults=[Fault.HANG])
    call = asyncio.ensure_future(world.doors.recharge(EPOCH, asking_for(), ADMIN))
    for _ in range(50):
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    world.vendor.released.set()
    await world.rest()
    assert world.ledger.order(1).state is State.CONFIRMED


async def test_an_unknown_sim_or_order_is_refused() -> None:
    world = await quiet_world()
    calls: list[Any] = [
        world.doors.recharge("ZZZZZZZZZZ", asking_for(), ADMIN),
        world.doors.try_out("ZZZZZZZZZZ", asking_for(), ADMIN),
        world.doors.mark_active("ZZZZZZZZZZ", ADMIN),
    ]
    assert [await refusal_of(call) for call in calls] == ["sim_not_found"] * 3
    for call in (
        world.doors.approve(9, ADMIN),
        world.doors.cancel(9, ADMIN),
        world.doors.resolve(9, arrived=True, note=None, caller=ADMIN),
    ):
        assert await refusal_of(call) == "order_not_found"


async def test_an_automation_does_no_more_than_the_rules_after_a_refusal_or_a_no() -> (
    None
):
    world = await quiet_world(faults=[Fault.REFUSE_NEVER])
    await world.doors.recharge(EPOCH, asking_for(), AUTOMATION)
    await world.pass_time(2 * DAY)
    for _ in range(5):
        assert (
            await refusal_of(world.doors.recharge(EPOCH, asking_for(), AUTOMATION))
            == "refused"
        )
    assert len(world.vendor.submits) == 1
    # A person may.
    await world.doors.recharge(EPOCH, asking_for(), ADMIN)
    world = await quiet_world(a_sim(mode=Mode.ASK))
    order = await world.doors.recharge(EPOCH, asking_for(), AUTOMATION)
    await world.doors.cancel(order.id, PERSON)
    assert (
        await refusal_of(world.doors.recharge(EPOCH, asking_for(), AUTOMATION))
        == "said_no"
    )


# -- Trying out -------------------------------------------------------------------------------


async def test_trying_out_prices_and_orders_nothing() -> None:
    world = await quiet_world()
    events = world.ledger.last_event()
    seventy = Recharge(wanted=Wanted(amount=hkd("70")))
    seen = await world.doors.try_out(EPOCH, seventy, ADMIN)
    assert seen.offer is not None
    assert (seen.offer.quote.price, seen.offer.ceiling) == (usd("70"), usd("73.50"))
    assert seen.amount is None
    by_hand = await quiet_world(a_sim(account=None))
    seen = await by_hand.doors.try_out(EPOCH, Recharge(wanted=Wanted()), ADMIN)
    assert (seen.offer, seen.amount) == (None, hkd("50"))
    assert world.ledger.last_event() == events
    assert world.vendor.submits == []


@pytest.mark.parametrize(
    ("changes", "caller", "refused"),
    [
        ({}, ADMIN, None),
        ({}, AUTOMATION, None),
        ({"mode": Mode.ASK}, ADMIN, None),
        ({"mode": Mode.ASK}, AUTOMATION, "mode_ask"),
        ({"mode": Mode.OFF}, AUTOMATION, "mode_forbids"),
        ({"account": None}, ADMIN, "by_hand"),
        ({"cap": "52"}, ADMIN, "over_cap"),
        ({"cap": None}, ADMIN, None),
        ({"cap": None}, AUTOMATION, "no_cap"),
        ({"cap": "200", "cap_currency": "EUR"}, AUTOMATION, "no_cap"),
    ],
)
async def test_trying_out_says_what_would_happen(
    changes: dict[str, Any], caller: Caller, refused: str | None
) -> None:
    world = await quiet_world(a_sim(**changes))
    events = world.ledger.last_event()
    trial = await world.doors.try_out(EPOCH, asking_for(), caller)
    assert trial.refused == refused
    assert (trial.offer is None) is ("account" in changes)
    assert world.ledger.last_event() == events
    with pytest.raises(NotAllowed):
        await world.doors.try_out(EPOCH, asking_for(), PERSON)


async def test_trying_out_knows_of_open_orders_and_a_broken_ledger() -> None:
    world, _ = await asking_world()
    trial = await world.doors.try_out(EPOCH, asking_for(), ADMIN)
    assert trial.refused == "order_open"
    world.engine.desk.fault = LedgerFault.DAMAGED
    trial = await world.doors.try_out(EPOCH, asking_for(), ADMIN)
    assert trial.refused == "ledger_frozen"


async def test_a_stop_that_comes_between_record_and_send_is_told_to_the_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await quiet_world()
    begin = Ledger.begin_send

    def interrupted(self: Ledger, *args: Any, **options: Any) -> Any:
        found = begin(self, *args, **options)
        self.set_setting("stop_all_spending", "on", "user:1", world.now())
        return found

    monkeypatch.setattr(Ledger, "begin_send", interrupted)
    order = await world.doors.recharge(EPOCH, asking_for(), ADMIN)
    assert (order.state, order.reason) == (State.CANCELLED, "stopped")
    assert world.vendor.submits == []


async def test_a_missing_account_is_said() -> None:
    world = await quiet_world()
    world.channels.pop(ACCOUNT)
    assert (
        await refusal_of(world.doors.recharge(EPOCH, asking_for(), ADMIN))
        == "no_channel"
    )
