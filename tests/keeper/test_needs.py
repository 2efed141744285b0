"""A need from its first sign to its end: what is tried for it, who is told, and what ends it."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.sim_keeper.keeper.budget import HouseholdRules
from custom_components.sim_keeper.keeper.contradictions import (
    Contradiction,
    contradictions,
)
from custom_components.sim_keeper.keeper.errors import (
    OrderRefused,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.ledger import EventType
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Effect, Kind, State
from custom_components.sim_keeper.keeper.permissions import AUTOMATION, Caller
from custom_components.sim_keeper.keeper.policy import Reason
from custom_components.sim_keeper.keeper.ports import (
    Channel,
    Line,
    Product,
    Purchase,
    Quote,
    Submitted,
    Wanted,
)
from custom_components.sim_keeper.keeper.schedule import Calendar, Unit
from custom_components.sim_keeper.keeper.sim import (
    UNIT_BYTE,
    Field,
    Mode,
    Reading,
    RuleKind,
    Sim,
    Trust,
)
from custom_components.sim_keeper.keeper.statements import Paid, Typed, typed_readings

from .builders import balance, hkd, usd
from .gateway import USE, Gateway, action_world, quiet_line
from .model_vendor import ModelVendor, VendorChannel
from .model_world import ACCOUNT, ADMIN, START, Fault, ModelWorld, a_sim, expiring_in
from .scenes import (
    DAY,
    EPOCH,
    HOUR,
    MINUTE,
    due_world,
    faulty_world,
    quiet_world,
    reason_of,
    ruled,
    skips_of,
    states_of,
    the_question,
)

TODAY = START.date()
MEMBER = Caller(user_id="b" * 32, is_admin=False)
SILENT = {"model": "activity_window", "window_days": 90}


def silent(*events: str, **changes: Any) -> Sim:
    """Return a SIM that dies if it is not used for 90 days."""
    line = a_sim(carrier=None, overrides={**SILENT, "events": list(events)})
    return ruled(line, **({"days_before": None, "days_before_activity": 14} | changes))


class Seller(ModelVendor):
    """A vendor that sells one product."""

    sells: tuple[Money | None, Money, int | None]

    async def quote(self, line: Line, wanted: Wanted) -> Quote:
        """Price the product."""
        if wanted.product is None:
            return await super().quote(line, wanted)
        value, price, days = self.sells
        body = {"amount": "10"}
        when = self.now()
        return Quote(
            product=wanted.product,
            value=value,
            price=price,
            body=body,
            days=days,
            vendor_time=when,
        )


def selling(value: Money | None, price: Money, days: int | None) -> ModelWorld:
    """Return a world whose vendor sells one product."""
    world = ModelWorld()
    vendor = Seller(world.now)
    vendor.sells = (value, price, days)
    world.vendor, world.channels[ACCOUNT] = vendor, VendorChannel(vendor)
    return world


# -- What ends a need -------------------------------------------------------------------------


async def test_a_refusal_ends_with_its_need() -> None:
    """A recharge in a shop does not move the key, and the next need is another one."""
    world = await due_world(faults=[Fault.REFUSE_NEVER])
    assert reason_of(world) is Reason.REFUSED
    paid = Paid(cost=hkd("50"), day=TODAY, expiry=TODAY + timedelta(days=90))
    await world.doors.record(EPOCH, paid, ADMIN)
    await world.pass_time(86 * DAY)
    assert len(world.vendor.delivered) == 1


async def test_what_did_not_arrive_is_asked_about_though_a_shop_helped() -> None:
    world, _ = await faulty_world(Fault.LOSE_REQUEST)
    world.vendor.lookup_error = Unavailable("HTTP 503")
    await world.pass_time(25 * HOUR)
    world.vendor.lookup_error = None
    (order,) = world.ledger.in_state(State.NEEDS_PERSON)
    await world.doors.resolve(order.id, arrived=False, note=None, caller=ADMIN)
    today = world.now().date()
    paid = Paid(cost=hkd("50"), day=today, expiry=today + 4 * DAY)
    await world.doors.record(EPOCH, paid, ADMIN)
    await world.rest()
    assert (await the_question(world)).why["reason"] == "denied"


async def test_each_need_that_is_passed_over_is_told_of() -> None:
    line = a_sim(threshold="20", days_before=None, cap="1")
    world = ModelWorld()
    await world.begin(line, typed=Typed(balance=hkd("10")))
    for count in range(1, 4):
        assert skips_of(world) == ["over_cap"] * count
        paid = Paid(cost=hkd("50"), day=world.now().date())
        await world.doors.record(EPOCH, paid, ADMIN)
        await world.pass_time(60 * DAY)
        await world.doors.update_reading(EPOCH, Typed(balance=hkd("10")), ADMIN)
        await world.rest()


# -- Who is told ------------------------------------------------------------------------------


async def test_a_provider_that_does_not_answer_for_a_day_is_told_of() -> None:
    world = await due_world(down=True)
    await world.pass_time(23 * HOUR)
    assert skips_of(world) == []
    await world.pass_time(2 * HOUR)
    assert skips_of(world) == ["unreachable"]
    quotes = world.vendor.quotes
    await world.pass_time(DAY)
    assert skips_of(world) == ["unreachable"]
    # Every two hours, and on the new day.
    assert world.vendor.quotes - quotes <= 13
    world.vendor.down = False
    await world.pass_time(3 * HOUR)
    assert states_of(world) == [State.CONFIRMED]


async def test_an_outage_is_over_once_the_provider_says_anything() -> None:
    world = await due_world(a_sim(cap="1"), down=True)
    await world.pass_time(HOUR)
    world.vendor.down = False
    await world.pass_time(HOUR)
    assert skips_of(world) == ["over_cap"]
    await world.pass_time(30 * HOUR)
    world.vendor.down = True
    await world.engine.evaluate(EPOCH)
    await world.pass_time(2 * HOUR)
    assert skips_of(world) == ["over_cap"]


async def test_an_hour_without_an_answer_is_no_news_later() -> None:
    world = await due_world(down=True)
    await world.pass_time(HOUR)
    world.vendor.down = False
    await world.pass_time(HOUR)
    assert states_of(world) == [State.CONFIRMED]
    world.vendor.down = True
    await world.pass_time(30 * DAY)
    await world.doors.update_reading(
        EPOCH, Typed(expiry=world.now().date() + 4 * DAY), ADMIN
    )
    await world.pass_time(2 * HOUR)
    assert skips_of(world) == []


# -- Tasks ------------------------------------------------------------------------------------


async def test_a_task_that_nobody_does_lets_the_number_not_die() -> None:
    line = ruled(a_sim(threshold="20"), modes={RuleKind.LOW_BALANCE: Mode.REMIND})
    world = ModelWorld()
    typed = Typed(balance=hkd("10"), expiry=TODAY + timedelta(days=40))
    await world.begin(line, typed=typed)
    assert world.ledger.orders()[0].assisted
    await world.pass_time(39 * DAY)
    assert len(world.vendor.delivered) == 1
    # The recharge was what the person was asked for.
    assert states_of(world) == [State.CANCELLED, State.CONFIRMED]


async def test_a_number_to_be_used_is_recharged_all_the_same() -> None:
    line = ruled(silent("sms_out"), low_balance=hkd("20"))
    world = ModelWorld()
    used = Typed(balance=hkd("50"), last_activity=TODAY - timedelta(days=80))
    await world.begin(line, typed=used)
    assert world.ledger.orders()[0].kind is Kind.ACTIVITY
    await world.pass_time(3 * DAY)
    await world.doors.update_reading(EPOCH, Typed(balance=hkd("5")), ADMIN)
    await world.rest()
    assert len(world.vendor.delivered) == 1


async def test_to_pay_is_not_to_use_a_number() -> None:
    line = ruled(silent("sms_out"), mode=Mode.REMIND)
    line = replace(line, account=None)
    world = ModelWorld()
    await world.begin(line, typed=Typed(last_activity=TODAY - timedelta(days=80)))
    status = world.engine.status(EPOCH)
    assert status is not None
    deadline = status.life.deadline
    await world.doors.record(EPOCH, Paid(cost=hkd("50"), day=TODAY), ADMIN)
    await world.rest()
    status = world.engine.status(EPOCH)
    assert status is not None
    assert status.life.deadline == deadline
    assert status.task is not None
    assert status.last_recharge is not None
    assert status.last_recharge.kind is Kind.RECHARGE


# -- Clocks -----------------------------------------------------------------------------------


async def test_a_recharge_that_is_no_activity_leaves_that_clock_alone() -> None:
    line = replace(ruled(silent("sms_out"), mode=Mode.REMIND), account=None)
    world = ModelWorld()
    await world.begin(line, typed=Typed(last_activity=TODAY))
    await world.pass_time(DAY)
    paid = Paid(cost=hkd("50"), day=world.now().date())
    await world.doors.record(EPOCH, paid, ADMIN)
    await world.pass_time(80 * DAY)
    assert world.ledger.orders()[-1].kind is Kind.ACTIVITY
    assert states_of(world)[-1] is State.ASKED


async def test_a_recharge_of_yesterday_does_not_silence_the_use_of_today() -> None:
    world = ModelWorld()
    await world.begin(silent("sms_out", "topup"), typed=Typed(last_activity=TODAY))
    await world.pass_time(HOUR)
    yesterday = Paid(cost=hkd("50"), day=TODAY - timedelta(days=1))
    await world.doors.record(EPOCH, yesterday, ADMIN)
    await world.pass_time(78 * DAY)
    assert len(world.vendor.delivered) == 1


async def test_a_go_ahead_ends_what_a_clock_far_ahead_has_settled() -> None:
    line = a_sim(threshold="20", days_before=None, carrier=None)
    world = await quiet_world(line, days=None)
    world.set_clock(365 * DAY)
    await world.doors.update_reading(EPOCH, Typed(balance=hkd("10")), ADMIN)
    await world.rest()
    assert states_of(world) == [State.CONFIRMED]
    world.set_clock(-365 * DAY)
    await world.pass_time(DAY)
    await world.engine.go_ahead(EPOCH)
    view = world.ledger.view(EPOCH, ACCOUNT, world.now())
    assert view.last_recharge is not None
    assert view.last_recharge.settled_at == view.last_delivered_at == world.now()
    await world.pass_time(10 * DAY)
    await world.doors.update_reading(EPOCH, Typed(balance=hkd("5")), ADMIN)
    await world.rest()
    assert len(world.vendor.delivered) == 2
    assert world.ledger.find_damage() is None


async def test_a_go_ahead_by_a_clock_that_is_behind_changes_no_past() -> None:
    line = a_sim(threshold="20", days_before=None, carrier=None)
    world = await quiet_world(line, days=None)
    await world.pass_time(30 * DAY)
    await world.engine.observe(EPOCH, (balance(hkd("10"), at=world.moment),))
    await world.rest()
    assert len(world.vendor.delivered) == 1
    await world.pass_time(HOUR)
    world.set_clock(-20 * DAY)
    await world.engine.go_ahead(EPOCH)
    await world.pass_time(HOUR)
    world.set_clock(20 * DAY)
    await world.pass_time(2 * HOUR)
    # The source still shows the balance of before.
    for text in ("10", "9.90"):
        seen = balance(hkd(text), at=world.moment)
        await world.engine.observe(EPOCH, (seen,))
        await world.pass_time(26 * HOUR)
    assert len(world.vendor.delivered) == 1


# -- What is bought ---------------------------------------------------------------------------


@pytest.mark.parametrize("stacking", ["max", "reset"])
async def test_a_product_of_so_few_days_is_not_bought_every_day(stacking: str) -> None:
    world = selling(None, usd("5"), 7)
    line = a_sim(days_before=7, overrides={"stacking": stacking})
    line = ruled(line, product="week", amount=None)
    await world.begin(line, typed=expiring_in(7))
    assert world.vendor.submits == []
    assert (await the_question(world)).why["reason"] == "amount_too_small"


async def test_a_rule_that_may_not_buy_vouches_for_no_short_product() -> None:
    world = selling(None, usd("5"), 7)
    line = a_sim(threshold="20", days_before=7, overrides={"stacking": "max"})
    line = ruled(
        *(line,),
        product="week",
        amount=None,
        modes={RuleKind.LOW_BALANCE: Mode.REMIND},
    )
    typed = Typed(balance=hkd("10"), expiry=TODAY + timedelta(days=7))
    await world.begin(line, typed=typed)
    assert world.vendor.submits == []
    assert (await the_question(world)).why["reason"] == "amount_too_small"


async def test_a_product_whose_days_add_up_is_bought_once_for_its_days() -> None:
    world = selling(None, usd("5"), 7)
    line = a_sim(days_before=7, overrides={"stacking": "add"})
    await world.begin(ruled(line, product="week", amount=None), typed=expiring_in(7))
    await world.pass_time(6 * DAY)
    assert len(world.vendor.delivered) == 1


async def test_the_cheapest_plan_goes_on_though_the_balance_is_low() -> None:
    world = selling(None, usd("5"), 30)
    world.vendor.shelf = (
        Product(id="p30", name="p", value=None, price=usd("5"), days=30),
    )
    line = ruled(a_sim(threshold="20", days_before=5), cheapest=True, amount=None)
    typed = Typed(balance=hkd("10"), expiry=TODAY + timedelta(days=10))
    await world.begin(line, typed=typed)
    assert skips_of(world) == ["no_amount"]
    await world.pass_time(8 * DAY)
    assert len(world.vendor.delivered) == 1
    # For a low balance alone the planner chooses nothing, which the form says beforehand.
    assert Contradiction.NOTHING_TO_BUY in contradictions(line, TODAY)
    assert Contradiction.NOTHING_TO_BUY not in contradictions(
        ruled(line, low_balance=None), TODAY
    )


async def test_what_a_source_cannot_show_is_no_mismatch() -> None:
    world = selling(None, usd("5"), None)
    line = ruled(a_sim(days_before=None), low_data=1000, product="data", amount=None)
    await world.begin(line)

    async def seen(data: int) -> None:
        at = world.now()
        values = ((Field.BALANCE, 5000, "HKD"), (Field.DATA_LEFT, data, UNIT_BYTE))
        readings = [
            Reading(
                field=name,
                value=value,
                unit=unit,
                observed_at=at,
                got_at=at,
                source="a",
                trust=Trust.MEASURED,
            )
            for name, value, unit in values
        ]
        await world.engine.observe(EPOCH, readings)
        await world.rest()

    await seen(5000)
    await world.pass_time(DAY)
    await seen(500)
    (order,) = world.ledger.orders()
    assert (order.state, order.effect) == (State.CONFIRMED, Effect.CANNOT_VERIFY)
    await world.pass_time(2 * DAY)
    assert EventType.MISMATCH not in {event.type for event in world.events}


async def test_a_trial_notes_each_day_of_a_calendar() -> None:
    monthly = Calendar(start=date(2026, 3, 5), every=1, unit=Unit.MONTHS)
    line = ruled(a_sim(days_before=None), calendar=monthly, shadow=True)
    world = ModelWorld()
    await world.begin(line, typed=Typed(expiry=TODAY + timedelta(days=900)))
    await world.pass_time(100 * DAY)
    assert skips_of(world) == ["shadow"] * 4
    assert world.vendor.submits == []


# -- What people note -------------------------------------------------------------------------


@pytest.mark.parametrize("caller", [MEMBER, AUTOMATION])
async def test_whoever_may_type_no_date_brings_no_purchase_forward(
    caller: Caller,
) -> None:
    line = a_sim(days_before=360, overrides={"stacking": "reset"})
    world = await quiet_world(line, days=400)
    await world.pass_time(10 * DAY)
    # By the ladder a year from then, which is sooner than what was known.
    paid = Paid(cost=hkd("50"), day=TODAY + timedelta(days=1))
    await world.doors.record(EPOCH, paid, caller)
    await world.rest()
    expiry = world.ledger.readings(EPOCH).expiry
    assert expiry is not None
    assert (expiry.day, expiry.trust) == (TODAY + timedelta(days=366), Trust.HINT)
    assert world.vendor.submits == []
    assert (await the_question(world)).why["reason"] == "deadline_doubtful"


async def test_what_was_paid_in_a_shop_leaves_the_cap_of_the_account_alone() -> None:
    world = ModelWorld()
    caps = {ACCOUNT: usd("100")}
    world.engine.household = HouseholdRules(zone=ZoneInfo("UTC"), account_caps=caps)
    await world.begin(a_sim(), typed=expiring_in(100))
    await world.doors.record(EPOCH, Paid(cost=usd("90"), day=TODAY), ADMIN)
    assert world.ledger.spending(f"account:{ACCOUNT}", "2026-03").amounts == {}
    assert world.ledger.spending(f"sim:{EPOCH}", "2026-03").amounts == {"USD": 9000}


# -- How long it is waited for ----------------------------------------------------------------


async def test_an_order_with_an_older_key_has_a_day_of_its_own() -> None:
    world, _ = await faulty_world(Fault.LOSE_REQUEST)
    world.vendor.lookup_error = Unavailable("HTTP 503")
    await world.pass_time(25 * HOUR)
    world.vendor.lookup_error = None
    (order,) = world.ledger.in_state(State.NEEDS_PERSON)
    await world.doors.resolve(order.id, arrived=False, note=None, caller=ADMIN)
    await world.rest()
    world.vendor.faults = [Fault.PENDING]
    await world.doors.approve((await the_question(world)).id, ADMIN)
    await world.pass_time(23 * HOUR)
    assert states_of(world)[-1] is State.PENDING
    await world.pass_time(2 * HOUR)
    assert states_of(world)[-1] is State.NEEDS_PERSON


async def test_the_last_key_of_a_cycle_does_not_end_the_waiting() -> None:
    """Where all keys of a cycle are used up, the next one belongs to the same need."""
    world = ModelWorld()

    class Failing(ModelVendor):
        async def submit(self, purchase: Purchase) -> Submitted:
            self.submits.append(purchase.key)
            raise Rejected("FAILED", RefusalClass.FIX_FIRST, consumed=True)

    vendor = Failing(world.now)
    world.channels[ACCOUNT] = VendorChannel(vendor)
    await world.begin(a_sim(), typed=expiring_in(4))
    for _ in range(9):
        # No more than five a day.
        await world.pass_time(5 * HOUR)
        await world.engine.go_ahead(EPOCH)
        await world.pass_time(timedelta(minutes=1))
    assert len(vendor.submits) == 10
    assert reason_of(world) is Reason.REFUSED
    await world.pass_time(5 * HOUR)
    assert len(vendor.submits) == 10
    await world.engine.go_ahead(EPOCH)
    await world.pass_time(timedelta(minutes=1))
    assert vendor.submits[-1].endswith("-002-0")


async def test_a_use_that_an_action_can_do_waits_no_longer_for_a_recharge() -> None:
    """A person was asked to recharge; what the machine can do by itself is done all the same."""
    line = quiet_line(threshold="20", amount="50")
    typed = Typed(balance=hkd("15"), last_activity=TODAY)
    world = await action_world(line, USE, Gateway(), typed)
    assert world.ledger.orders()[0].assisted
    await world.pass_time(28 * DAY)
    done = [order for order in world.ledger.orders() if not order.assisted]
    assert [(order.kind, order.state) for order in done] == [
        (Kind.ACTIVITY, State.CONFIRMED)
    ]


async def test_an_engine_with_nothing_to_do_plans_no_waking() -> None:
    world = ModelWorld()
    await world.begin()
    world.engine._day_due = None
    world.wake_moment = None
    world.engine.soon(EPOCH)
    assert world.wake_moment is None


async def test_an_order_whose_look_is_refused_is_put_off() -> None:
    world, sim = await faulty_world(Fault.LOSE_REQUEST)

    async def refuse(*_: object) -> None:
        raise OrderRefused("no_channel")

    world.engine.tightened = refuse  # type: ignore[assignment,method-assign]
    await world.pass_time(20 * MINUTE)
    (order,) = await world.orders(sim)
    assert order.state is State.UNKNOWN
    assert order.next_at is not None
    assert order.next_at > world.now() + 30 * MINUTE


async def test_what_comes_up_while_it_is_missed_is_used_at_once() -> None:
    """A look that is asked for during a look is not put off by what that one finds."""
    world = ModelWorld()
    channel = world.channels[ACCOUNT]

    class Late(dict[str, Channel]):
        """Accounts of which the first comes up when it is missed."""

        def get(self, account: str, default: Any = None) -> Any:
            missed = account not in self
            self[account] = channel
            if missed:
                world.engine.soon(EPOCH)
            return default if missed else channel

    world.channels = Late()
    world.turns = 1
    await world.engine.open(lambda: world.ledger)
    first = typed_readings(expiring_in(4), world.now())
    world.engine.sims[EPOCH] = a_sim()
    world.ledger.add_sim(EPOCH, a_sim().number, "Asia/Hong_Kong", world.now(), first)
    await world.engine.start()
    await world.rest()
    assert len(world.vendor.delivered) == 1
