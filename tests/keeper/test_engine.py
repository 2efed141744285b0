"""The engine: when it looks, what it starts, and what it leaves alone."""

import asyncio
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.sim_keeper.keeper import engine as engine_module, policy
from custom_components.sim_keeper.keeper.budget import HouseholdRules
from custom_components.sim_keeper.keeper.doors import Typed
from custom_components.sim_keeper.keeper.errors import (
    LedgerBroken,
    LedgerFault,
    LoginFailed,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.ledger import Closing, EventType, Ledger
from custom_components.sim_keeper.keeper.lifecycle import Stage
from custom_components.sim_keeper.keeper.orders import Effect, Kind, State
from custom_components.sim_keeper.keeper.policy import Reason
from custom_components.sim_keeper.keeper.ports import Automatic, Lookup
from custom_components.sim_keeper.keeper.sim import Mode, Sim, Trust

from .builders import balance, expiry, hkd, usd
from .model_world import (
    ACCOUNT,
    ADMIN,
    START,
    Fault,
    ModelWorld,
    VendorChannel,
    a_sim,
    expiring_in,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OTHER = "BBBBBBBBBB"


async def _begun(*sims: Sim, days: int = 4, **vendor: Any) -> ModelWorld:
    world = ModelWorld()
    for name, value in vendor.items():
        setattr(world.vendor, name, value)
    await world.begin(*(sims or (a_sim(),)), typed=expiring_in(days))
    return world


def _states(world: ModelWorld, epoch: str = "AAAAAAAAAA") -> list[State]:
    return [order.state for order in world.ledger.orders(epoch)]


def _skips(world: ModelWorld) -> list[object]:
    return [
        event.data["reason"]
        for event in world.ledger.events_since(0)
        if event.type is EventType.SKIPPED
    ]


def _reason(world: ModelWorld, epoch: str = "AAAAAAAAAA") -> Reason:
    status = world.engine.status(epoch)
    assert status is not None
    return status.decision.reason


# -- When -------------------------------------------------------------------------------------


async def test_an_order_is_made_on_the_day_on_which_it_is_due_and_not_before() -> None:
    world = await _begun(days=8)
    assert _states(world) == []
    # The SIM's fifth day before the deadline begins at 16:00 UTC three days before.
    due = START.replace(hour=16) + 2 * DAY
    await world.pass_time(due - START - MINUTE)
    assert _states(world) == []
    await world.pass_time(MINUTE)
    assert _states(world) == [State.CONFIRMED]


async def test_nothing_is_bought_before_the_home_is_running() -> None:
    world, sim = ModelWorld(), a_sim()
    await world.engine.open(lambda: world.ledger)
    await world.engine.register(sim)
    await world.doors.update_reading(sim.epoch, expiring_in(4), ADMIN)
    await world.engine.wake()
    assert _states(world) == []
    assert world.wake_moment is None
    status = world.engine.status(sim.epoch)
    assert status is not None
    assert status.life.days_left == 4


async def test_a_month_of_being_off_buys_one_recharge_not_many() -> None:
    world = await _begun(days=8)
    await world.die()
    world._be_born()
    world.moment += 20 * DAY
    await world.begin(a_sim())
    assert len(world.vendor.delivered) <= 1
    await world.pass_time(5 * DAY)
    assert len(world.vendor.delivered) == 1


async def test_a_sim_is_looked_at_once_a_day_and_the_ledger_gives_a_sign_of_life() -> (
    None
):
    world = await _begun(days=200)
    wakes = world.wakes
    await world.pass_time(10 * DAY)
    assert world.wakes - wakes <= 21
    days = [event for event in world.events if event.type is EventType.DAY]
    assert len(days) == 11


async def test_a_year_of_twenty_sims_is_quiet() -> None:
    sims = [a_sim(f"SIM{number:07d}") for number in range(20)]
    world = await _begun(*sims, days=300)
    await world.pass_time(100 * DAY)
    assert len(world.ledger.events_since(0)) < 20 * 4 + 105


async def test_a_status_is_announced_only_when_it_changes() -> None:
    world = await _begun(days=200)
    world.changes.clear()
    await world.engine.evaluate("AAAAAAAAAA")
    assert world.changes == []
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(190), ADMIN)
    assert world.changes == ["AAAAAAAAAA"]


# -- Modes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "states"),
    [
        (Mode.OFF, []),
        (Mode.REMIND, [State.ASKED]),
        (Mode.ASK, [State.ASKED]),
        (Mode.AUTO, [State.CONFIRMED]),
    ],
)
async def test_a_mode_goes_so_far_and_no_further(
    mode: Mode, states: list[State]
) -> None:
    world = await _begun(a_sim(mode=mode))
    assert _states(world) == states
    tasks = [order.assisted for order in world.ledger.orders()]
    assert tasks == [mode is Mode.REMIND] * len(states)
    await world.pass_time(HOUR)
    assert len(world.vendor.bought) == (mode is Mode.AUTO)


async def test_a_question_that_nobody_answers_ends_after_a_day_and_is_asked_again() -> (
    None
):
    world = await _begun(a_sim(mode=Mode.ASK), days=5)
    await world.pass_time(40 * HOUR)
    assert _states(world) == [State.EXPIRED]
    assert _reason(world) is Reason.SAID_NO
    await world.pass_time(DAY)
    assert _states(world) == [State.EXPIRED, State.ASKED]
    await world.pass_time(2 * DAY)
    assert world.vendor.bought == []


async def test_a_declined_question_rests_until_the_last_days() -> None:
    world = await _begun(a_sim(mode=Mode.ASK), days=5)
    await world.doors.cancel(1, ADMIN)
    # The last three days begin with the end of 4 March in Hong Kong.
    await world.pass_time(START.replace(hour=15, minute=59) + 2 * DAY - START)
    assert _states(world) == [State.DECLINED]
    await world.pass_time(MINUTE)
    assert _states(world) == [State.DECLINED, State.ASKED]


async def test_a_question_that_is_not_needed_any_more_goes_away_and_comes_back() -> (
    None
):
    world = await _begun(a_sim(mode=Mode.ASK))
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(100), ADMIN)
    assert _states(world) == [State.CANCELLED]
    # The date was a slip of the pen.
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(4), ADMIN)
    assert _states(world) == [State.CANCELLED, State.ASKED]


@pytest.mark.parametrize("changed", [{"mode": Mode.OFF}, {"account": None}])
async def test_new_settings_end_a_question_that_they_forbid(
    changed: dict[str, Any],
) -> None:
    world = await _begun(a_sim(mode=Mode.ASK))
    await world.engine.change(a_sim(**({"mode": Mode.ASK} | changed)))
    assert _states(world)[0] is State.CANCELLED


async def test_new_settings_are_a_go_ahead() -> None:
    world = await _begun(faults=[Fault.REFUSE_NEVER])
    await world.pass_time(DAY)
    assert _reason(world) is Reason.REFUSED
    assert _states(world) == [State.REJECTED]
    await world.engine.change(a_sim(amount="60"))
    await world.rest()
    assert _states(world) == [State.REJECTED, State.CONFIRMED]


async def test_a_vendor_that_refuses_within_the_second_is_not_asked_again_and_again() -> (
    None
):
    world = await _begun(faults=[Fault.REFUSE_NEVER] * 20)
    await world.engine.change(a_sim(amount="60"))
    await world.rest()
    assert len(world.vendor.submits) == 2


async def test_a_later_is_tried_four_times_in_all() -> None:
    world = await _begun(days=5, faults=[Fault.REFUSE_LATER] * 20)
    seen = []
    for _ in range(10 * 4):
        seen.append(len(world.vendor.submits))
        await world.pass_time(15 * MINUTE)
    assert [seen.index(count) / 4 for count in (2, 3, 4)] == [1, 3, 7]
    await world.pass_time(2 * DAY)
    assert len(world.vendor.submits) == 4
    assert "too_many_attempts" in _skips(world)


# -- Prices and budgets -----------------------------------------------------------------------


@pytest.mark.parametrize("error", [Unavailable("x"), LoginFailed("x")])
async def test_without_a_price_nothing_is_asked_or_bought_until_there_is_one(
    error: Exception,
) -> None:
    world = await _begun(quote_error=error)
    assert _states(world) == []
    assert bool(world.logins_failed) is isinstance(error, LoginFailed)
    quotes = world.vendor.quotes
    await world.pass_time(5 * HOUR)
    assert world.vendor.quotes - quotes == 10
    world.vendor.quote_error = None
    await world.pass_time(30 * MINUTE)
    assert _states(world) == [State.CONFIRMED]


async def test_a_refused_price_is_told_once() -> None:
    world = await _begun(
        quote_error=Rejected("NO_PRODUCT" * 1000, RefusalClass.FIX_FIRST)
    )
    await world.pass_time(3 * DAY)
    assert _skips(world) == ["refused"]


async def test_an_order_over_the_cap_is_not_made_and_told_once() -> None:
    world = await _begun(a_sim(cap="52.49"))
    await world.pass_time(2 * DAY)
    assert _states(world) == []
    assert _skips(world) == ["over_cap"]
    await world.engine.change(a_sim(cap="52.50"))
    await world.rest()
    assert _states(world) == [State.CONFIRMED]


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
            assert _skips(world) == ["over_cap"]


async def test_a_new_month_makes_room() -> None:
    world = await _begun(a_sim(cap="60"), days=5)
    world.household = HouseholdRules(zone=ZoneInfo("UTC"))
    await world.pass_time(2 * DAY)
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(5), ADMIN)
    await world.rest()
    assert _skips(world) == ["over_cap"]
    await world.pass_time(25 * DAY)
    assert len(world.vendor.delivered) == 1
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(34), ADMIN)
    await world.pass_time(4 * DAY)
    assert len(world.vendor.delivered) == 2


async def test_new_household_rules_apply_at_once() -> None:
    world = await _begun(a_sim(cap=None))
    assert _states(world) == [State.ASKED]
    assert world.ledger.orders()[0].why["reason"] == "no_cap"
    await world.doors.cancel(1, ADMIN)
    caps = HouseholdRules(zone=ZoneInfo("UTC"), monthly_caps=(usd("100"),))
    await world.engine.set_household(caps)
    await world.engine.change(a_sim(cap=None, amount="60"))
    await world.rest()
    assert _states(world) == [State.DECLINED, State.CONFIRMED]


async def test_a_wallet_in_another_currency_than_the_cap_is_never_automatic() -> None:
    world = await _begun(wallet_currency="EUR")
    (order,) = world.ledger.orders()
    assert (order.state, order.why["reason"]) == (State.ASKED, "no_cap")
    await world.pass_time(3 * DAY)
    assert world.vendor.submits == []


# -- Unknown ladder, supervision, restore, clock ----------------------------------------------


async def test_without_a_known_ladder_nothing_is_bought_again_until_a_date_is_typed() -> (
    None
):
    world = await _begun(a_sim(carrier=None))
    assert _states(world) == [State.CONFIRMED]
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
    world = await _begun(automatic=Automatic.AFTER_ONE_SUPERVISED)
    (order,) = world.ledger.orders()
    assert (order.state, order.why["reason"]) == (State.ASKED, "supervision")
    await world.doors.approve(order.id, ADMIN)
    assert _states(world) == [State.CONFIRMED]
    await world.pass_time(2 * DAY)
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(5), ADMIN)
    await world.rest()
    assert _states(world) == [State.CONFIRMED, State.CONFIRMED]


async def test_after_a_restore_the_first_order_of_each_sim_asks() -> None:
    world, sims = ModelWorld(), (a_sim(), a_sim(OTHER))
    world.ledger.note_restored(START - MINUTE)
    await world.begin(*sims, typed=expiring_in(4))
    assert [order.why["reason"] for order in world.ledger.orders()] == ["restored"] * 2
    await world.doors.approve(1, ADMIN)
    assert _states(world) == [State.CONFIRMED]
    await world.pass_time(DAY + HOUR)
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(4), ADMIN)
    await world.rest()
    assert _states(world) == [State.CONFIRMED, State.CONFIRMED]
    assert State.CONFIRMED not in _states(world, OTHER)


async def test_a_clock_that_jumps_back_buys_nothing() -> None:
    world = await _begun(days=20)
    world.moment = START - 30 * DAY
    typed = Typed(expiry=world.moment.date() + timedelta(days=2))
    await world.doors.update_reading("AAAAAAAAAA", typed, ADMIN)
    assert _reason(world) is Reason.CLOCK_DOUBTFUL
    await world.pass_time(DAY)
    assert _states(world) == []


async def test_a_clock_that_jumps_back_does_not_send_what_was_approved() -> None:
    world = await _begun(faults=[Fault.NOT_SENT])
    assert _states(world) == [State.APPROVED]
    world.moment = START - 6 * HOUR
    await world.engine.evaluate("AAAAAAAAAA")
    await world.rest()
    assert world.vendor.submits == []
    assert _states(world) == [State.APPROVED]


async def test_a_clock_that_jumps_a_year_ahead_buys_once_at_most() -> None:
    world = await _begun(days=20)
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
    world = await _begun(clock_skew=skew * MINUTE)
    assert bool(world.vendor.submits) is sends
    assert _skips(world) == ([] if sends else ["clock_doubtful"])


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
    world = await _begun(*sims)
    assert len(world.vendor.delivered) == 5


# -- Stop -------------------------------------------------------------------------------------


async def test_the_stop_ends_what_is_approved_and_lets_questions_stand() -> None:
    world = await _begun(a_sim(), a_sim(OTHER, mode=Mode.ASK), faults=[Fault.NOT_SENT])
    await world.doors.set_stop(on=True, caller=ADMIN)
    assert _states(world) == [State.CANCELLED]
    assert _states(world, OTHER) == [State.ASKED]
    assert world.ledger.spending("household", "2026-03").amounts == {}
    await world.pass_time(DAY)
    assert world.vendor.submits == []
    await world.doors.set_stop(on=False, caller=ADMIN)
    await world.rest()
    assert len(world.vendor.delivered) == 1


@pytest.mark.parametrize("how", ["stop", "stopping", "backup", "removed"])
async def test_a_stop_between_record_and_send_sends_nothing(how: str) -> None:
    world, sim = ModelWorld(), a_sim()
    await world.begin(sim)
    write = Ledger.bear_sending

    def interrupted(self: Ledger, *args: Any) -> Any:
        found = write(self, *args)
        if how == "stop":
            self.set_setting("stop_all_spending", "on", "user:1", world.now())
        elif how == "stopping":
            world.engine.stopping = True
        elif how == "backup":
            world.engine._backup_until = world.now() + MINUTE
        else:
            world.engine.sims.clear()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "bear_sending", interrupted)
        await world.doors.update_reading(sim.epoch, expiring_in(4), ADMIN)
        await world.rest()
    assert _states(world) == [State.CANCELLED]
    assert world.vendor.submits == []
    assert world.ledger.attempt(1).sends == 0


async def test_while_a_backup_is_made_nothing_is_begun_and_then_goes_on() -> None:
    world, sim = ModelWorld(), a_sim()
    await world.begin(sim)
    await world.engine.begin_backup()
    await world.doors.update_reading(sim.epoch, expiring_in(4), ADMIN)
    await world.rest()
    assert _states(world) == []
    assert _reason(world) is Reason.STOPPING
    world.engine.end_backup()
    await world.rest()
    assert _states(world) == [State.CONFIRMED]


async def test_a_backup_does_not_cancel_what_waits_and_ends_by_itself() -> None:
    world = await _begun(faults=[Fault.NOT_SENT])
    await world.pass_time(5 * MINUTE)
    await world.engine.begin_backup()
    await world.pass_time(9 * MINUTE)
    assert _states(world) == [State.APPROVED]
    assert world.vendor.submits == []
    await world.pass_time(HOUR)
    assert _states(world) == [State.CONFIRMED]


# -- Life of SIMs and accounts ----------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [Fault.LOSE_ANSWER, Fault.PENDING, Fault.NOT_SENT, Fault.HANG]
)
@pytest.mark.parametrize("removed", [True, False])
async def test_an_order_of_a_sim_that_was_let_go_still_ends(
    fault: Fault, removed: bool
) -> None:
    world = await _begun(faults=[fault])
    await world.engine.unregister("AAAAAAAAAA", removed=removed)
    assert world.engine.status("AAAAAAAAAA") is None
    for one in world.vendor.bought:
        one.final = True
    world.vendor.released.set()
    await world.pass_time(26 * HOUR)
    (order,) = world.ledger.orders()
    if fault is Fault.NOT_SENT:
        end = State.CANCELLED if removed else State.EXPIRED
        assert (order.state, world.vendor.submits) == (end, [])
        assert world.ledger.spending("household", "2026-03").amounts == {}
    else:
        assert order.state is State.CONFIRMED
        assert len(world.vendor.submits) == 1


async def test_an_order_that_turns_out_unsent_after_the_sim_was_removed_ends() -> None:
    world = ModelWorld()
    await world.begin(a_sim())

    async def removed(*_: object) -> None:
        await world.engine.unregister("AAAAAAAAAA", removed=True)

    world.vendor.down = False
    channel = VendorChannel(world.vendor)
    submit = channel.submit

    async def slow(purchase: Any) -> Any:
        await removed()
        world.vendor.down = True
        return await submit(purchase)

    channel.submit = slow
    world.channels[ACCOUNT] = channel
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(4), ADMIN)
    await world.pass_time(HOUR)
    assert _states(world) == [State.CANCELLED]
    assert world.vendor.bought == []


async def test_a_sim_that_was_let_go_wakes_nobody() -> None:
    world = await _begun(faults=[Fault.PENDING])
    await world.engine.unregister("AAAAAAAAAA", removed=True)
    await world.rest()
    world.engine.soon("AAAAAAAAAA")
    wakes = world.wakes
    await world.pass_time(DAY)
    assert world.wakes - wakes < 400
    await world.engine.evaluate("AAAAAAAAAA")


async def test_a_removed_sim_s_question_is_cancelled_and_a_disabled_one_s_stays() -> (
    None
):
    for removed, state in ((True, State.CANCELLED), (False, State.ASKED)):
        world = await _begun(a_sim(mode=Mode.ASK))
        await world.engine.unregister("AAAAAAAAAA", removed=removed)
        assert _states(world) == [state]


async def test_a_reloaded_sim_keeps_its_readings_and_is_not_bought_for_twice() -> None:
    world = await _begun()
    for _ in range(3):
        await world.engine.unregister("AAAAAAAAAA", removed=False)
        await world.engine.register(a_sim(), ())
        await world.rest()
    assert len(world.vendor.submits) == 1
    assert world.types().count("sim_added") == 1


async def test_a_missing_account_is_told_once_and_waited_for() -> None:
    world = ModelWorld()
    channel = world.channels.pop(ACCOUNT)
    await world.begin(a_sim(), typed=expiring_in(4))
    await world.pass_time(2 * DAY)
    assert _skips(world) == ["no_channel"]
    world.channels[ACCOUNT] = channel
    await world.engine.account_ready(ACCOUNT)
    await world.rest()
    assert _states(world) == [State.CONFIRMED]


async def test_a_failed_login_waits_for_the_account_and_then_goes_on() -> None:
    world = await _begun(faults=[Fault.LOGIN])
    assert world.logins_failed == [ACCOUNT]
    await world.pass_time(DAY)
    assert _reason(world) is Reason.REFUSED
    assert len(world.vendor.submits) == 1
    await world.engine.account_ready("another")
    await world.pass_time(HOUR)
    assert _states(world) == [State.REJECTED]
    await world.engine.account_ready(ACCOUNT)
    await world.rest()
    assert _states(world) == [State.REJECTED, State.CONFIRMED]


async def test_an_account_that_is_ready_again_lifts_no_other_refusal() -> None:
    world = await _begun(faults=[Fault.REFUSE_NEVER])
    await world.engine.account_ready(ACCOUNT)
    await world.rest()
    assert _states(world) == [State.REJECTED]


async def test_one_broken_sim_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = policy.decide

    def decide(at: Any, now: Any) -> Any:
        if at.sim.epoch == "AAAAAAAAAA":
            raise RuntimeError("a bug")
        return real(at, now)

    monkeypatch.setattr(engine_module, "decide", decide)
    world = await _begun(a_sim(), a_sim(OTHER))
    assert _states(world) == []
    assert _states(world, OTHER) == [State.CONFIRMED]
    assert "Something went wrong with a SIM" in caplog.text
    wakes = world.wakes
    await world.pass_time(DAY)
    assert world.wakes - wakes < 60
    monkeypatch.setattr(engine_module, "decide", real)
    await world.pass_time(HOUR)
    assert _states(world) == [State.CONFIRMED]


async def test_a_provider_that_hangs_holds_up_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = ModelWorld()
    slow, other = VendorChannel(world.vendor), a_sim(OTHER, account="model:2")
    never = asyncio.Event()

    async def hang(*_: object) -> Any:
        await never.wait()

    monkeypatch.setattr(slow, "quote", hang)
    world.channels["model:2"] = world.channels[ACCOUNT]
    world.channels[ACCOUNT] = slow
    await world.engine.open(lambda: world.ledger)
    for sim in (a_sim(), other):
        await world.engine.register(sim)
        for reading in (expiry(date(2026, 3, 5)),):
            world.ledger.add_reading(sim.epoch, reading, "user:1", START)
    begun = asyncio.ensure_future(world.engine.start())
    for _ in range(50):
        await asyncio.sleep(0)
    assert _states(world, OTHER) == [State.CONFIRMED]
    assert not begun.done()
    begun.cancel()


# -- Readings of sources ----------------------------------------------------------------------


async def test_a_measured_balance_that_is_low_buys_once() -> None:
    sim = a_sim(threshold="10", days_before=None)
    world = ModelWorld()
    await world.begin(sim)
    await world.engine.observe(sim.epoch, (balance(hkd("12"), at=START),))
    assert _states(world) == []
    await world.pass_time(HOUR)
    await world.engine.observe(sim.epoch, (balance(hkd("9"), at=world.moment),))
    await world.rest()
    assert _states(world) == [State.CONFIRMED]
    # The source lags: it says "9" for two more days.
    for _ in range(40):
        await world.pass_time(HOUR)
        await world.engine.observe(sim.epoch, (balance(hkd("9"), at=world.moment),))
        await world.rest()
    assert len(world.vendor.delivered) == 1


async def test_a_recharge_that_a_source_shows_is_verified() -> None:
    sim = a_sim(threshold="10", days_before=None)
    world = ModelWorld()
    await world.begin(sim)
    await world.engine.observe(sim.epoch, (balance(hkd("9"), at=START - HOUR),))
    await world.rest()
    assert world.ledger.orders()[0].effect is Effect.OPEN
    await world.pass_time(HOUR)
    await world.engine.observe(sim.epoch, (balance(hkd("9"), at=world.moment),))
    assert world.ledger.orders()[0].effect is Effect.OPEN
    # A jump is believed when it is seen twice.
    for effect in (Effect.OPEN, Effect.VERIFIED):
        await world.pass_time(HOUR)
        await world.engine.observe(sim.epoch, (balance(hkd("59"), at=world.moment),))
        assert world.ledger.orders()[0].effect is effect
    assert "verified" in world.types()


async def test_a_recharge_that_a_source_never_shows_is_a_mismatch_told_once() -> None:
    sim = a_sim(threshold="10", days_before=None)
    world = ModelWorld()
    await world.begin(sim)
    await world.engine.observe(sim.epoch, (balance(hkd("9"), at=START - HOUR),))
    await world.pass_time(23 * HOUR)
    assert world.ledger.orders()[0].effect is Effect.OPEN
    await world.pass_time(30 * HOUR)
    assert world.ledger.orders()[0].effect is Effect.MISMATCH
    assert world.types().count("mismatch") == 1
    assert len(world.vendor.delivered) == 1


async def test_a_sudden_zero_asks_until_it_is_seen_twice() -> None:
    sim = a_sim(threshold="10", days_before=None)
    world = ModelWorld()
    await world.begin(sim)
    await world.engine.observe(sim.epoch, (balance(hkd("50"), at=START),))
    await world.pass_time(HOUR)
    await world.engine.observe(sim.epoch, (balance(hkd("0"), at=world.moment),))
    assert world.ledger.orders()[0].why["reason"] == "balance_doubtful"
    assert world.vendor.bought == []


async def test_a_source_that_reads_every_minute_is_believed_after_a_quarter_of_an_hour() -> (
    None
):
    sim = a_sim(threshold="10", days_before=None, mode=Mode.ASK)
    world = ModelWorld()
    await world.begin(sim)
    await world.engine.observe(sim.epoch, (balance(hkd("50"), at=START),))
    for _ in range(20):
        await world.pass_time(MINUTE)
        await world.engine.observe(sim.epoch, (balance(hkd("0"), at=world.moment),))
    seen = world.ledger.readings(sim.epoch).balance
    assert seen is not None
    assert seen.trust is Trust.MEASURED


async def test_a_reading_of_an_unknown_sim_or_in_a_frozen_home_is_ignored() -> None:
    world = await _begun(days=50)
    await world.engine.observe("ZZZZZZZZZZ", (balance(hkd("1")),))
    world.engine.desk.fault = LedgerFault.DAMAGED
    await world.engine.observe("AAAAAAAAAA", (balance(hkd("1")),))
    assert world.ledger.readings("AAAAAAAAAA").balance is None


# -- Tasks ------------------------------------------------------------------------------------


async def test_without_an_account_a_person_is_asked_once_and_the_task_goes_when_done() -> (
    None
):
    world = await _begun(a_sim(account=None))
    (task,) = world.ledger.orders()
    assert (task.assisted, task.state, task.value) == (True, State.ASKED, hkd("50"))
    await world.pass_time(2 * DAY)
    assert len(world.ledger.orders()) == 1
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(300), ADMIN)
    assert _states(world) == [State.CANCELLED]


async def test_a_number_that_must_be_used_is_a_task_without_an_amount() -> None:
    sim = a_sim(
        account=None,
        carrier=None,
        overrides={"model": "activity_window", "window_days": 30},
        amount=None,
    )
    world = ModelWorld()
    await world.begin(sim, typed=Typed(last_activity=date(2026, 2, 4)))
    (task,) = world.ledger.orders()
    assert (task.kind, task.value) == (Kind.ACTIVITY, None)


async def test_reminders_and_stages_are_noted_once() -> None:
    world = await _begun(a_sim(mode=Mode.REMIND), days=35)
    await world.pass_time(40 * DAY)
    reminders = [
        event.data["stage"]
        for event in world.events
        if event.type is EventType.REMINDER
    ]
    assert reminders[:6] == ["30", "14", "7", "3", "1", "0"]
    assert len(reminders) == len(set(reminders))
    stages = [
        (event.data["from"], event.data["stage"])
        for event in world.events
        if event.type is EventType.STAGE_CHANGED
    ]
    assert stages == [
        (None, Stage.ACTIVE),
        (Stage.ACTIVE, Stage.EXPIRING),
        (Stage.EXPIRING, Stage.GRACE),
    ]


# -- A broken ledger --------------------------------------------------------------------------


@pytest.mark.parametrize("fault", LedgerFault)
async def test_an_engine_without_a_ledger_does_nothing_and_never_raises(
    fault: LedgerFault,
) -> None:
    world, sim = ModelWorld(), a_sim()

    def broken() -> Ledger:
        raise LedgerBroken(fault, "test")

    engine = world.engine
    await engine.open(broken)
    await engine.register(sim)
    await engine.start()
    await engine.account_ready(ACCOUNT)
    await engine.change(sim)
    await engine.observe(sim.epoch, ())
    await engine.set_household(engine.household)
    await world.pass_time(2 * DAY)
    await engine.unregister(sim.epoch, removed=True)
    await engine.stop()
    assert world.faults == [fault]
    assert world.vendor.quotes == 0
    assert world.wakes < 200


async def test_a_ledger_that_breaks_when_the_interrupted_are_taken_up_freezes() -> None:
    world = await _begun(faults=[Fault.HANG])
    await world.die()
    world._be_born()
    world.ledger._book.conn.execute("PRAGMA query_only = 1")
    await world.engine.open(lambda: world.ledger)
    assert world.faults == [LedgerFault.UNWRITABLE]
    await world.engine.register(a_sim())
    await world.engine.start()
    await world.pass_time(2 * DAY)
    assert len(world.vendor.submits) == 1
    world.ledger._book.conn.execute("PRAGMA query_only = 0")


async def test_a_ledger_that_breaks_on_the_way_freezes_and_sends_nothing() -> None:
    world = ModelWorld()
    await world.begin(a_sim())
    world.ledger._book.conn.execute("PRAGMA query_only = 1")
    with pytest.raises(LedgerBroken):
        await world.doors.update_reading("AAAAAAAAAA", expiring_in(4), ADMIN)
    assert world.faults == [LedgerFault.UNWRITABLE]
    world.ledger._book.conn.execute("PRAGMA query_only = 0")
    await world.pass_time(2 * DAY)
    assert _states(world) == []
    assert _reason(world) is Reason.LEDGER_FROZEN
    await world.engine.account_ready(ACCOUNT)


async def test_a_ledger_that_breaks_after_the_payment_is_looked_up_after_the_restart() -> (
    None
):
    world = ModelWorld()
    await world.begin(a_sim())

    async def break_down() -> None:
        world.ledger._book.conn.execute("PRAGMA query_only = 1")

    world.vendor.before_answer = break_down
    await world.doors.update_reading("AAAAAAAAAA", expiring_in(4), ADMIN)
    await world.rest()
    assert world.faults == [LedgerFault.UNWRITABLE]
    assert _states(world) == [State.SENDING]
    world.ledger._book.conn.execute("PRAGMA query_only = 0")
    await world.restart(a_sim())
    await world.pass_time(HOUR)
    assert _states(world) == [State.CONFIRMED]
    assert len(world.vendor.submits) == 1


async def test_damage_is_found_within_a_day_and_freezes() -> None:
    world = await _begun(days=9)
    conn = world.ledger._book.conn
    conn.execute("DROP TRIGGER order_moves")
    await world.pass_time(DAY)
    assert world.faults == [LedgerFault.DAMAGED]
    await world.pass_time(10 * DAY)
    assert _states(world) == []


async def test_a_ledger_that_cannot_be_read_freezes() -> None:
    world = await _begun(days=9)
    world.ledger._book.conn.close()
    with pytest.raises(LedgerBroken):
        await world.doors.stopped()
    assert world.faults == [LedgerFault.DAMAGED]
    await world.engine.account_ready("another")


async def test_a_sim_is_taken_into_care_although_its_ledger_just_broke() -> None:
    world = ModelWorld()
    await world.begin()
    world.ledger._book.conn.execute("PRAGMA query_only = 1")
    await world.engine.register(a_sim())
    assert world.faults == [LedgerFault.UNWRITABLE]
    assert _reason(world) is Reason.LEDGER_FROZEN
    world.ledger._book.conn.execute("PRAGMA query_only = 0")


async def test_a_ledger_that_breaks_while_an_order_is_looked_up_freezes() -> None:
    world = await _begun(faults=[Fault.LOSE_ANSWER])
    conn = world.ledger._book.conn
    channel = VendorChannel(world.vendor)
    lookup = channel.lookup

    async def broken(purchase: Any) -> Any:
        found = await lookup(purchase)
        conn.execute("PRAGMA query_only = 1")
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(channel, "lookup", broken)
        world.channels[ACCOUNT] = channel
        await world.pass_time(HOUR)
    assert world.faults == [LedgerFault.UNWRITABLE]
    assert _states(world) == [State.UNKNOWN]
    conn.execute("PRAGMA query_only = 0")


async def test_what_changed_while_the_engine_waited_for_its_turn_is_left_alone() -> (
    None
):
    world = await _begun(faults=[Fault.HANG])
    stale = world.ledger.orders()[0]
    for task in list(world.tasks):
        task.cancel()
    await world.rest()
    world.moment += DAY
    world.ledger.move(
        stale.id,
        Closing(to=State.UNKNOWN, type=EventType.UNKNOWN, next_at=world.moment + DAY),
        "keeper",
        world.moment,
    )
    await world.engine._take_up_abandoned(stale)
    assert await world.engine._end_ownerless(stale, world.moment) is None
    await world.engine._look(stale)
    assert _states(world) == [State.UNKNOWN]
    assert world.vendor.looks == 1


# -- Stopping ---------------------------------------------------------------------------------


async def test_stopping_waits_for_what_is_being_sent() -> None:
    world = await _begun(faults=[Fault.HANG])
    stopped = asyncio.ensure_future(world.engine.stop())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not stopped.done()
    world.vendor.released.set()
    await stopped
    assert world.types()[-1] != "unknown"
    assert "confirmed" in world.types()


async def test_stopping_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "STOP_WAITS_S", 0)
    world = await _begun(faults=[Fault.HANG])
    await world.engine.stop()
    await world.engine.wake()
    await world.engine.stop()
    for task in world.tasks:
        task.cancel()


async def test_after_the_end_nothing_is_read_and_no_fault_is_reported() -> None:
    world = await _begun(days=50)
    await world.engine.stop()
    with pytest.raises(LedgerBroken):
        await world.doors.stopped()
    assert world.faults == []


# -- Together ---------------------------------------------------------------------------------


async def test_several_wakes_at_once_look_each_order_up_once() -> None:
    world = await _begun(faults=[Fault.LOSE_ANSWER])
    world.moment += timedelta(seconds=180)
    world.vendor.lag = DAY
    world.turns = 1
    looks = world.vendor.looks
    await asyncio.gather(*(world.engine.wake() for _ in range(5)))
    assert world.vendor.looks == looks + 1
    assert world.ledger.attempt(1).looks == 1


@pytest.mark.parametrize("lookup", Lookup)
async def test_with_every_kind_of_channel_a_recharge_is_bought_once(
    lookup: Lookup,
) -> None:
    world = await _begun(lookup=lookup)
    await world.pass_time(3 * DAY)
    assert len(world.vendor.delivered) == 1
