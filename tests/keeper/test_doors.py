"""The doors: what people and automations may have done, and what they may not."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.doors import Doors, Paid, Recharge, Typed
from custom_components.sim_keeper.keeper.errors import (
    AmountInvalid,
    LedgerFault,
    LoginFailed,
    NotAllowed,
    OrderRefused,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.ledger import EventType, Ledger
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Kind, Order, Origin, State
from custom_components.sim_keeper.keeper.permissions import AUTOMATION, Caller
from custom_components.sim_keeper.keeper.ports import Automatic, Wanted
from custom_components.sim_keeper.keeper.sim import Field, Mode, Sim, Trust

from .builders import hkd, usd
from .model_world import ACCOUNT, ADMIN, START, Fault, ModelWorld, a_sim, expiring_in

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PERSON = Caller(user_id="b" * 32, is_admin=False)
EPOCH = "AAAAAAAAAA"
TODAY = date(2026, 3, 2)


async def _world(
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


def _asked(amount: str | None = "50", **changes: Any) -> Recharge:
    wanted = Wanted(amount=None if amount is None else hkd(amount))
    return Recharge(wanted=wanted, **changes)


async def _refused(doing: Any) -> str:
    with pytest.raises(OrderRefused) as caught:
        await doing
    return caught.value.reason


async def _question(world: ModelWorld) -> Order:
    (order,) = world.ledger.in_state(State.ASKED)
    return order


async def _asking(**vendor: Any) -> tuple[ModelWorld, Order]:
    """Return a world with a question."""
    world = await _world(a_sim(mode=Mode.ASK), days=4, **vendor)
    return world, await _question(world)


# -- Recharge ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", Mode)
async def test_an_administrator_recharges_in_every_mode(mode: Mode) -> None:
    world = await _world(a_sim(mode=mode))
    order = await world.doors.recharge(EPOCH, _asked(), ADMIN)
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
    world = await _world(a_sim(mode=mode))
    if reason is not None:
        assert (
            await _refused(world.doors.recharge(EPOCH, _asked(), AUTOMATION)) == reason
        )
        assert world.ledger.orders() == []
        return
    order = await world.doors.recharge(EPOCH, _asked(), AUTOMATION)
    assert (order.state, order.origin) == (state, Origin.ACTION)
    assert len(world.vendor.bought) == (state is State.CONFIRMED)


async def test_a_user_who_is_no_administrator_is_refused_and_nothing_is_noted() -> None:
    world = await _world()
    events = world.ledger.last_event()
    with pytest.raises(NotAllowed):
        await world.doors.recharge(EPOCH, _asked(), PERSON)
    assert world.ledger.last_event() == events
    assert world.vendor.quotes == 0


@pytest.mark.parametrize(
    "vendor",
    [
        {"automatic": Automatic.AFTER_ONE_SUPERVISED},
        {"automatic": Automatic.NO},
        {"automatic": Automatic.OPT_IN},
        # No cap limits what this wallet pays.
        {"wallet_currency": "EUR"},
    ],
)
async def test_what_keeps_the_machine_from_buying_makes_an_automation_ask(
    vendor: dict[str, Any],
) -> None:
    world = await _world(**vendor)
    order = await world.doors.recharge(EPOCH, _asked(), AUTOMATION)
    assert order.state is State.ASKED
    assert world.vendor.submits == []


async def test_five_callers_at_once_get_one_order() -> None:
    world = await _world()
    found = await asyncio.gather(
        *(world.doors.recharge(EPOCH, _asked(), ADMIN) for _ in range(5)),
        return_exceptions=True,
    )
    orders = {one.id for one in found if isinstance(one, Order)}
    assert orders == {1}
    assert len(world.vendor.submits) == 1
    others = [one.reason for one in found if isinstance(one, OrderRefused)]
    assert set(others) <= {"recently_recharged"}


async def test_two_automations_and_a_person_at_once_get_one_order() -> None:
    world = await _world(faults=[Fault.HANG])
    calls = [
        asyncio.ensure_future(world.doors.recharge(EPOCH, _asked(), caller))
        for caller in (AUTOMATION, ADMIN, AUTOMATION)
    ]
    for _ in range(50):
        await asyncio.sleep(0)
    world.vendor.released.set()
    found = await asyncio.gather(*calls)
    assert {order.id for order in found} == {1}
    assert len(world.vendor.submits) == 1


async def test_who_asks_again_within_a_day_is_told_unless_he_means_another() -> None:
    world = await _world()
    await world.doors.recharge(EPOCH, _asked(), ADMIN)
    again = world.doors.recharge(EPOCH, _asked(), ADMIN)
    assert await _refused(again) == "recently_recharged"
    await world.doors.recharge(EPOCH, _asked(another=True), ADMIN)
    await world.pass_time(DAY + MINUTE)
    await world.doors.recharge(EPOCH, _asked(), ADMIN)
    assert len(world.vendor.delivered) == 3


async def test_an_automation_may_not_mean_another_within_a_day() -> None:
    world = await _world()
    await world.doors.recharge(EPOCH, _asked(), AUTOMATION)
    again = world.doors.recharge(EPOCH, _asked(another=True), AUTOMATION)
    assert await _refused(again) == "recently_recharged"


async def test_a_request_id_names_one_order_for_ever() -> None:
    world = await _world()
    first = await world.doors.recharge(EPOCH, _asked(request="r1"), ADMIN)
    assert (
        await world.doors.recharge(EPOCH, _asked(request="r1"), ADMIN)
    ).id == first.id
    await world.pass_time(200 * DAY)
    later = await world.doors.recharge(EPOCH, _asked(request="r1"), ADMIN)
    assert later.id == first.id
    other = world.doors.recharge(EPOCH, _asked("60", request="r1"), ADMIN)
    assert await _refused(other) == "request_differs"
    product = Recharge(wanted=Wanted(product="x"), request="r1")
    assert (
        await _refused(world.doors.recharge(EPOCH, product, ADMIN)) == "request_differs"
    )
    assert len(world.vendor.submits) == 1


async def test_another_request_while_one_is_open_is_refused() -> None:
    world = await _world(faults=[Fault.PENDING])
    order = await world.doors.recharge(EPOCH, _asked(), ADMIN)
    assert order.state is State.PENDING
    assert (await world.doors.recharge(EPOCH, _asked(), ADMIN)).id == order.id
    other = world.doors.recharge(EPOCH, _asked(request="r2"), ADMIN)
    assert await _refused(other) == "order_open"


async def test_a_request_for_a_task_is_repeated_without_a_second_task() -> None:
    world = await _world(a_sim(account=None))
    task = await world.doors.recharge(EPOCH, _asked(request="r1"), ADMIN)
    assert (task.assisted, task.request) == (True, "r1")
    assert (
        await world.doors.recharge(EPOCH, _asked(request="r1"), ADMIN)
    ).id == task.id
    await world.doors.approve(task.id, ADMIN)
    assert (
        await world.doors.recharge(EPOCH, _asked(request="r1"), ADMIN)
    ).id == task.id


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [("stop", "stopped"), ("backup", "stopping"), ("clock", "clock_doubtful")],
)
async def test_what_forbids_sending_forbids_it_to_everybody(
    prepare: str, reason: str
) -> None:
    world, order = await _asking()
    if prepare == "stop":
        await world.doors.set_stop(on=True, caller=PERSON)
    elif prepare == "backup":
        await world.engine.begin_backup()
    else:
        world.moment -= HOUR
    assert await _refused(world.doors.approve(order.id, ADMIN)) == reason
    await world.doors.cancel(order.id, PERSON)
    assert await _refused(world.doors.recharge(EPOCH, _asked(), ADMIN)) == reason
    assert world.vendor.submits == []


async def test_without_an_amount_the_usual_one_is_bought() -> None:
    world = await _world()
    order = await world.doors.recharge(EPOCH, _asked(None), ADMIN)
    assert order.value == hkd("50")
    world = await _world(a_sim(amount=None))
    assert (
        await _refused(world.doors.recharge(EPOCH, _asked(None), ADMIN)) == "no_amount"
    )


async def test_over_the_cap_not_even_an_administrator_buys() -> None:
    world = await _world(a_sim(cap="52"))
    with pytest.raises(OrderRefused) as caught:
        await world.doors.recharge(EPOCH, _asked(), ADMIN)
    assert caught.value.reason == "over_cap"
    assert caught.value.numbers == {"price": "52.50 USD", "left": "52.00 USD"}


@pytest.mark.parametrize(
    "error", [Unavailable("x"), LoginFailed("x"), Rejected("X", RefusalClass.NEVER)]
)
async def test_without_a_price_the_caller_hears_why_and_nothing_is_left(
    error: Exception,
) -> None:
    world = await _world(quote_error=error)
    with pytest.raises(type(error)):
        await world.doors.recharge(EPOCH, _asked(), ADMIN)
    assert world.ledger.orders() == []


async def test_a_lookup_that_fails_before_the_first_send_leaves_no_order_behind() -> (
    None
):
    world = await _world(lookup_error=Unavailable("x"))
    with pytest.raises(Unavailable):
        await world.doors.recharge(EPOCH, _asked(), ADMIN)
    (order,) = world.ledger.orders()
    assert (order.state, order.reason) == (State.CANCELLED, "not_begun")
    await world.pass_time(DAY)
    assert world.vendor.submits == []


async def test_a_yes_that_could_not_be_carried_out_is_no_no() -> None:
    world, order = await _asking(lookup_error=Unavailable("x"))
    with pytest.raises(Unavailable):
        await world.doors.approve(order.id, ADMIN)
    assert world.ledger.order(order.id).state is State.CANCELLED
    world.vendor.lookup_error = None
    await world.pass_time(DAY)
    assert (await _question(world)).id != order.id


async def test_a_caller_who_goes_away_does_not_stop_what_is_being_sent() -> None:
    world = await _world(faults=[Fault.HANG])
    call = asyncio.ensure_future(world.doors.recharge(EPOCH, _asked(), ADMIN))
    for _ in range(50):
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    world.vendor.released.set()
    await world.rest()
    assert world.ledger.order(1).state is State.CONFIRMED


async def test_an_unknown_sim_or_order_is_refused() -> None:
    world = await _world()
    calls: list[Any] = [
        world.doors.recharge("ZZZZZZZZZZ", _asked(), ADMIN),
        world.doors.preview("ZZZZZZZZZZ", Wanted()),
        world.doors.mark_active("ZZZZZZZZZZ", ADMIN),
    ]
    assert [await _refused(call) for call in calls] == ["sim_not_found"] * 3
    for call in (
        world.doors.approve(9, ADMIN),
        world.doors.cancel(9, ADMIN),
        world.doors.resolve(9, arrived=True, note=None, caller=ADMIN),
    ):
        assert await _refused(call) == "order_not_found"


async def test_an_automation_does_no_more_than_the_rules_after_a_refusal_or_a_no() -> (
    None
):
    world = await _world(faults=[Fault.REFUSE_NEVER])
    await world.doors.recharge(EPOCH, _asked(), AUTOMATION)
    await world.pass_time(2 * DAY)
    for _ in range(5):
        assert (
            await _refused(world.doors.recharge(EPOCH, _asked(), AUTOMATION))
            == "refused"
        )
    assert len(world.vendor.submits) == 1
    # A person may.
    await world.doors.recharge(EPOCH, _asked(), ADMIN)
    world = await _world(a_sim(mode=Mode.ASK))
    order = await world.doors.recharge(EPOCH, _asked(), AUTOMATION)
    await world.doors.cancel(order.id, PERSON)
    assert (
        await _refused(world.doors.recharge(EPOCH, _asked(), AUTOMATION)) == "said_no"
    )


# -- Trying out -------------------------------------------------------------------------------


async def test_a_preview_prices_and_orders_nothing() -> None:
    world = await _world()
    events = world.ledger.last_event()
    seen = await world.doors.preview(EPOCH, Wanted(amount=hkd("70")))
    assert seen.offer is not None
    assert (seen.offer.quote.price, seen.offer.ceiling) == (usd("70"), usd("73.50"))
    assert seen.amount is None
    by_hand = await _world(a_sim(account=None))
    seen = await by_hand.doors.preview(EPOCH, Wanted())
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
    world = await _world(a_sim(**changes))
    events = world.ledger.last_event()
    trial = await world.doors.try_out(EPOCH, _asked(), caller)
    assert trial.refused == refused
    assert (trial.offer is None) is ("account" in changes)
    assert world.ledger.last_event() == events
    with pytest.raises(NotAllowed):
        await world.doors.try_out(EPOCH, _asked(), PERSON)


async def test_trying_out_knows_of_open_orders_and_a_broken_ledger() -> None:
    world, _ = await _asking()
    trial = await world.doors.try_out(EPOCH, _asked(), ADMIN)
    assert trial.refused == "order_open"
    world.engine.desk.fault = LedgerFault.DAMAGED
    trial = await world.doors.try_out(EPOCH, _asked(), ADMIN)
    assert trial.refused == "ledger_frozen"


# -- Approve ----------------------------------------------------------------------------------


async def test_a_yes_sends_at_once() -> None:
    world, order = await _asking()
    done = await world.doors.approve(order.id, ADMIN)
    assert (done.id, done.state) == (order.id, State.CONFIRMED)
    assert await _refused(world.doors.approve(order.id, ADMIN)) == "not_waiting"


async def test_two_yeses_at_once_send_once() -> None:
    world, order = await _asking()
    found = await asyncio.gather(
        *(world.doors.approve(order.id, ADMIN) for _ in range(3)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Order) for one in found) == 1
    assert len(world.vendor.submits) == 1


@pytest.mark.parametrize("caller", [PERSON, AUTOMATION])
async def test_only_an_administrator_says_yes(caller: Caller) -> None:
    world, order = await _asking()
    with pytest.raises(NotAllowed):
        await world.doors.approve(order.id, caller)
    assert world.vendor.submits == []


async def test_a_question_expires() -> None:
    world, order = await _asking()
    world.moment += DAY
    assert await _refused(world.doors.approve(order.id, ADMIN)) == "question_expired"
    await world.engine.evaluate(EPOCH)
    assert world.ledger.order(order.id).state is State.EXPIRED
    assert world.vendor.submits == []


async def test_a_higher_price_asks_again_and_sends_nothing() -> None:
    world, order = await _asking()
    world.vendor.rate = 2
    with pytest.raises(OrderRefused) as caught:
        await world.doors.approve(order.id, ADMIN)
    assert caught.value.reason == "price_changed"
    assert caught.value.numbers == {"price": "100.00 USD"}
    fresh = await _question(world)
    assert (fresh.id, fresh.price) == (2, usd("100"))
    done = await world.doors.approve(fresh.id, ADMIN)
    assert done.state is State.CONFIRMED


async def test_a_price_in_other_money_asks_again() -> None:
    world, order = await _asking()
    world.vendor.wallet_currency = "EUR"
    assert await _refused(world.doors.approve(order.id, ADMIN)) == "price_changed"
    assert (await _question(world)).price == Money(5000, "EUR")


async def test_an_approved_order_whose_price_rose_while_it_waited_is_not_sent() -> None:
    world, order = await _asking(faults=[Fault.NOT_SENT])
    assert (await world.doors.approve(order.id, ADMIN)).state is State.APPROVED
    world.vendor.rate = 2
    await world.pass_time(HOUR)
    old = world.ledger.order(order.id)
    assert (old.state, old.reason) == (State.CANCELLED, "price_changed")
    assert (await _question(world)).price == usd("100")
    assert world.vendor.submits == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [(Rejected("GONE", RefusalClass.NEVER), "GONE"), (OrderRefused("odd"), "odd")],
)
async def test_an_approved_order_that_is_refused_while_it_waited_ends(
    error: Exception, reason: str
) -> None:
    world, order = await _asking(faults=[Fault.NOT_SENT])
    await world.doors.approve(order.id, ADMIN)
    world.vendor.quote_error = error
    await world.pass_time(HOUR)
    old = world.ledger.order(order.id)
    assert (old.state, old.reason) == (State.CANCELLED, reason)


async def test_a_question_over_the_cap_stays_a_question() -> None:
    world, order = await _asking()
    world.engine.sims[EPOCH] = a_sim(mode=Mode.ASK, cap="10")
    assert await _refused(world.doors.approve(order.id, ADMIN)) == "over_cap"
    assert world.ledger.order(order.id).state is State.ASKED


# -- Cancel and resolve -----------------------------------------------------------------------


@pytest.mark.parametrize("caller", [ADMIN, PERSON, AUTOMATION])
async def test_everybody_says_no(caller: Caller) -> None:
    world, order = await _asking()
    done = await world.doors.cancel(order.id, caller)
    assert (done.state, done.reason) == (State.DECLINED, "person")
    await world.pass_time(HOUR)
    assert world.vendor.submits == []


async def test_an_approved_order_that_waits_can_be_cancelled() -> None:
    world = await _world(days=4, faults=[Fault.NOT_SENT])
    done = await world.doors.cancel(1, PERSON)
    assert (done.state, done.reason) == (State.CANCELLED, "person")
    await world.pass_time(HOUR)
    assert world.vendor.submits == []


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.PENDING, Fault.LOSE_ANSWER])
async def test_what_is_sent_cannot_be_unsent(fault: Fault) -> None:
    world = await _world(days=4, faults=[fault])
    assert await _refused(world.doors.cancel(1, ADMIN)) == "already_sent"
    world.vendor.released.set()
    await world.rest()


async def test_what_has_ended_cannot_be_cancelled() -> None:
    world = await _world(days=4)
    assert await _refused(world.doors.cancel(1, ADMIN)) == "not_waiting"


@pytest.mark.parametrize("arrived", [True, False])
@pytest.mark.parametrize("hours", [1, 3])
async def test_a_person_settles_what_the_vendor_does_not_tell(
    arrived: bool, hours: int
) -> None:
    world = await _world(days=4, faults=[Fault.LOSE_ANSWER])
    world.vendor.lookup_error = Unavailable("x")
    await world.pass_time(hours * 10 * HOUR)
    for caller in (PERSON, AUTOMATION):
        with pytest.raises(NotAllowed):
            await world.doors.resolve(1, arrived=arrived, note=None, caller=caller)
    done = await world.doors.resolve(1, arrived=arrived, note="seen", caller=ADMIN)
    assert done.note == "seen"
    if arrived:
        assert (done.state, done.cost) == (State.CONFIRMED, usd("52.50"))
    else:
        assert (done.state, done.reason) == (
            State.REJECTED,
            "person_says_not_arrived",
        )
    again = world.doors.resolve(1, arrived=True, note=None, caller=ADMIN)
    assert await _refused(again) == "not_open"


async def test_an_order_of_a_removed_sim_can_be_settled() -> None:
    world = await _world(days=4, faults=[Fault.LOSE_REQUEST])
    await world.engine.unregister(EPOCH, removed=True)
    await world.pass_time(HOUR)
    done = await world.doors.resolve(1, arrived=True, note=None, caller=ADMIN)
    assert done.state is State.CONFIRMED
    wakes = world.wakes
    await world.pass_time(HOUR)
    assert world.wakes - wakes < 50


# -- The stop ---------------------------------------------------------------------------------


async def test_anybody_stops_and_an_administrator_lifts_it() -> None:
    world = await _world()
    for caller in (AUTOMATION, PERSON, ADMIN):
        await world.doors.set_stop(on=True, caller=caller)
        assert await world.doors.stopped()
    for caller in (AUTOMATION, PERSON):
        with pytest.raises(NotAllowed):
            await world.doors.set_stop(on=False, caller=caller)
    await world.doors.set_stop(on=False, caller=ADMIN)
    assert not await world.doors.stopped()


async def test_the_stop_survives_a_restart() -> None:
    world = await _world()
    await world.doors.set_stop(on=True, caller=PERSON)
    await world.restart(a_sim())
    await world.doors.update_reading(EPOCH, expiring_in(4), ADMIN)
    await world.rest()
    assert await world.doors.stopped()
    assert world.vendor.submits == []


# -- By hand ----------------------------------------------------------------------------------


async def _tasked(**changes: Any) -> tuple[ModelWorld, Order]:
    world = await _world(a_sim(account=None, **changes), days=4)
    return world, await _question(world)


async def test_a_task_is_ticked_off_as_planned() -> None:
    world, task = await _tasked()
    done = await world.doors.approve(task.id, ADMIN)
    assert (done.state, done.cost, done.happened_on) == (
        State.CONFIRMED,
        hkd("50"),
        TODAY,
    )
    status = world.engine.status(EPOCH)
    await world.rest()
    status = world.engine.status(EPOCH)
    assert status is not None
    assert (status.task, status.life.days_left) == (None, 365)
    assert status.spent == hkd("50")
    await world.pass_time(30 * DAY)
    assert len(world.ledger.orders()) == 1


async def test_a_task_is_done_with_another_amount_days_or_date() -> None:
    world, task = await _tasked()
    paid = Paid(cost=hkd("100"), day=TODAY - DAY, place="shop", receipt="1", note="x")
    done = await world.doors.record(EPOCH, paid, PERSON)
    assert (done.id, done.cost, done.place) == (task.id, hkd("100"), "shop")
    expiry = world.ledger.readings(EPOCH).expiry
    assert expiry is not None
    assert (expiry.day, expiry.trust) == (TODAY + 364 * DAY, Trust.ESTIMATE)
    later: tuple[tuple[dict[str, Any], date, Trust], ...] = (
        ({"days": 30}, TODAY + 30 * DAY, Trust.ESTIMATE),
        ({"expiry": TODAY + 99 * DAY}, TODAY + 99 * DAY, Trust.TYPED),
    )
    for changes, day, trust in later:
        world, _ = await _tasked()
        paid = Paid(cost=hkd("50"), day=TODAY, **changes)
        await world.doors.record(EPOCH, paid, ADMIN)
        expiry = world.ledger.readings(EPOCH).expiry
        assert expiry is not None
        assert (expiry.day, expiry.trust) == (day, trust)


async def test_a_shop_recharge_counts_as_much_as_an_own_one() -> None:
    world = await _world(days=6)
    paid = Paid(cost=hkd("50"), day=TODAY)
    order = await world.doors.record(EPOCH, paid, PERSON)
    assert (order.assisted, order.origin) == (True, Origin.PERSON)
    assert "asked" not in [one.event.type for one in world.ledger.untold()]
    await world.pass_time(30 * DAY)
    assert world.vendor.submits == []
    again = world.doors.record(EPOCH, paid, PERSON)
    assert await _refused(again) == "already_recorded"


async def test_a_recharge_of_unknown_effect_keeps_the_machine_quiet() -> None:
    world = await _world(days=6)
    # Too little for the ladder: nobody knows how many days it bought.
    await world.doors.record(EPOCH, Paid(cost=hkd("10"), day=TODAY), PERSON)
    await world.pass_time(5 * DAY)
    assert world.vendor.submits == []
    status = world.engine.status(EPOCH)
    assert status is not None
    assert status.deadline_outdated


async def test_a_record_in_another_currency_is_counted_apart() -> None:
    world = await _world(days=6)
    await world.doors.record(EPOCH, Paid(cost=usd("7"), day=TODAY), PERSON)
    found = world.ledger.spending(f"sim:{EPOCH}", "2026-03").amounts
    assert found == {"USD": 700}
    before = world.ledger.readings(EPOCH).expiry
    assert before is not None
    assert before.trust is Trust.TYPED


async def test_a_record_is_never_blocked_by_a_budget() -> None:
    world = await _world(a_sim(cap="1"), days=6)
    await world.doors.record(EPOCH, Paid(cost=usd("500"), day=TODAY), PERSON)
    status = world.engine.status(EPOCH)
    await world.rest()
    status = world.engine.status(EPOCH)
    assert status is not None
    assert status.budget_left == usd("0")


@pytest.mark.parametrize("minor", [0, -1])
async def test_nothing_paid_is_no_recharge(minor: int) -> None:
    world = await _world()
    with pytest.raises(AmountInvalid):
        await world.doors.record(
            EPOCH, Paid(cost=Money(minor, "HKD"), day=TODAY), ADMIN
        )


async def test_tomorrow_s_recharge_is_not_recorded_today() -> None:
    world = await _world()
    paid = Paid(cost=hkd("50"), day=TODAY + DAY)
    assert await _refused(world.doors.record(EPOCH, paid, ADMIN)) == "day_in_future"
    world.moment = START.replace(hour=16)  # It is tomorrow in Hong Kong.
    await world.doors.record(EPOCH, paid, ADMIN)


async def test_dates_of_an_automatic_sim_are_an_administrator_s_business() -> None:
    world = await _world()
    dates: tuple[dict[str, Any], ...] = ({"days": 1}, {"expiry": TODAY})
    for changes in dates:
        paid = Paid(cost=hkd("50"), day=TODAY, **changes)
        with pytest.raises(NotAllowed):
            await world.doors.record(EPOCH, paid, PERSON)
    for caller in (PERSON, AUTOMATION):
        with pytest.raises(NotAllowed):
            await world.doors.update_reading(EPOCH, Typed(expiry=TODAY), caller)
        with pytest.raises(NotAllowed):
            await world.doors.mark_active(EPOCH, caller)
    asking = await _world(a_sim(mode=Mode.ASK))
    await asking.doors.update_reading(EPOCH, Typed(expiry=TODAY), PERSON)
    await asking.doors.record(EPOCH, Paid(cost=hkd("50"), day=TODAY, days=9), PERSON)


async def test_a_task_to_use_the_number_is_done_by_using_it() -> None:
    line = {"model": "activity_window", "window_days": 30}
    sim = a_sim(account=None, carrier=None, overrides=line, amount=None)
    world = ModelWorld()
    await world.begin(sim, typed=Typed(last_activity=date(2026, 2, 4)))
    task = await _question(world)
    assert task.kind is Kind.ACTIVITY
    done = await world.doors.approve(task.id, ADMIN)
    assert (done.state, done.cost) == (State.CONFIRMED, hkd("0"))
    used = world.ledger.readings(EPOCH).last_activity
    assert used is not None
    assert (used.day, used.trust) == (TODAY, Trust.TYPED)
    await world.rest()
    status = world.engine.status(EPOCH)
    assert status is not None
    assert status.life.days_left == 30


@pytest.mark.parametrize("how", ["marked", "typed"])
async def test_using_the_number_clears_the_task(how: str) -> None:
    line = {"model": "activity_window", "window_days": 30}
    sim = a_sim(account=None, carrier=None, overrides=line, amount=None)
    world = ModelWorld()
    await world.begin(sim, typed=Typed(last_activity=date(2026, 2, 4)))
    if how == "marked":
        await world.doors.mark_active(EPOCH, ADMIN)
    else:
        typed = Typed(last_activity=TODAY - DAY)
        await world.doors.update_reading(EPOCH, typed, ADMIN)
    assert [order.state for order in world.ledger.orders()] == [State.CANCELLED]


async def test_a_person_asks_for_a_task() -> None:
    world = await _world(a_sim(account=None))
    task = await world.doors.recharge(EPOCH, _asked("70"), ADMIN)
    assert (task.assisted, task.value) == (True, hkd("70"))
    # It was asked for: that nothing is due does not end it.
    await world.pass_time(3 * DAY)
    assert world.ledger.order(task.id).state is State.ASKED
    assert (await world.doors.recharge(EPOCH, _asked(), ADMIN)).id == task.id
    await world.doors.cancel(task.id, PERSON)
    bare = await _world(a_sim(account=None, amount=None))
    task = await bare.doors.recharge(EPOCH, _asked(None), ADMIN)
    assert task.value is None


# -- Readings ---------------------------------------------------------------------------------


async def test_what_a_person_types_is_kept_as_typed() -> None:
    world = await _world(days=None)
    typed = Typed(
        balance=hkd("-3.50"),
        expiry=TODAY + 90 * DAY,
        data_left=0,
        last_activity=TODAY,
    )
    await world.doors.update_reading(EPOCH, typed, ADMIN)
    seen = world.ledger.readings(EPOCH)
    found = [seen.balance, seen.expiry, seen.data_left, seen.last_activity]
    kept = [reading for reading in found if reading is not None]
    assert [reading.field for reading in kept] == list(Field)
    assert {reading.trust for reading in kept} == {Trust.TYPED}
    assert kept[0].money == hkd("-3.50")
    assert kept[1].day == TODAY + 90 * DAY
    events = [event.actor for event in world.events if event.type is EventType.READING]
    assert events == [ADMIN.actor] * 4


async def test_a_balance_in_other_money_is_refused() -> None:
    world = await _world()
    with pytest.raises(OrderRefused) as caught:
        await world.doors.update_reading(EPOCH, Typed(balance=usd("3")), ADMIN)
    assert caught.value.reason == "currency_differs"
    assert caught.value.numbers == {"currency": "HKD"}


async def test_the_number_cannot_have_been_used_tomorrow() -> None:
    world = await _world()
    typed = Typed(last_activity=TODAY + DAY)
    assert (
        await _refused(world.doors.update_reading(EPOCH, typed, ADMIN))
        == "day_in_future"
    )


async def test_a_date_at_the_end_of_the_calendar_breaks_nothing() -> None:
    world = await _world()
    await world.doors.update_reading(EPOCH, Typed(expiry=date.max), ADMIN)
    status = world.engine.status(EPOCH)
    assert status is not None
    assert status.life.days_left is not None
    assert status.life.days_left > 10_000
    order = await world.doors.recharge(EPOCH, _asked(), ADMIN)
    assert order.state is State.CONFIRMED


async def test_a_stop_that_comes_between_record_and_send_is_told_to_the_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await _world()
    begin = Ledger.begin_send

    def interrupted(self: Ledger, *args: Any, **options: Any) -> Any:
        found = begin(self, *args, **options)
        self.set_setting("stop_all_spending", "on", "user:1", world.now())
        return found

    monkeypatch.setattr(Ledger, "begin_send", interrupted)
    order = await world.doors.recharge(EPOCH, _asked(), ADMIN)
    assert (order.state, order.reason) == (State.CANCELLED, "stopped")
    assert world.vendor.submits == []


async def test_a_missing_account_is_said() -> None:
    world = await _world()
    world.channels.pop(ACCOUNT)
    assert await _refused(world.doors.recharge(EPOCH, _asked(), ADMIN)) == "no_channel"
    assert isinstance(world.doors, Doors)
