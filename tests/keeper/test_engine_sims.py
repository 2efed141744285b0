"""The engine's life: stops, SIMs and accounts that come and go."""

import asyncio
from datetime import date
from typing import Any, override

import pytest

from custom_components.sim_keeper.keeper import engine as engine_module, policy
from custom_components.sim_keeper.keeper.errors import LedgerBroken
from custom_components.sim_keeper.keeper.ledger import Ledger
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.policy import Reason
from custom_components.sim_keeper.keeper.sim import Mode

from .builders import expiry
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
from .scenes import DAY, HOUR, MINUTE, OTHER, due_world, reason_of, skips_of, states_of

# -- Stop -------------------------------------------------------------------------------------


async def test_the_stop_ends_what_is_approved_and_lets_questions_stand() -> None:
    world = await due_world(
        a_sim(), a_sim(OTHER, mode=Mode.ASK), faults=[Fault.NOT_SENT]
    )
    await world.doors.set_stop(on=True, caller=ADMIN)
    assert states_of(world) == [State.CANCELLED]
    assert states_of(world, OTHER) == [State.ASKED]
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

    def interrupted(self: Ledger, *args: Any, **kwargs: Any) -> Any:
        found = write(self, *args, **kwargs)
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
    assert states_of(world) == [State.CANCELLED]
    assert world.vendor.submits == []
    assert world.ledger.attempt(1).sends == 0


async def test_while_a_backup_is_made_nothing_is_begun_and_then_goes_on() -> None:
    world, sim = ModelWorld(), a_sim()
    await world.begin(sim)
    await world.engine.begin_backup()
    await world.doors.update_reading(sim.epoch, expiring_in(4), ADMIN)
    await world.rest()
    assert states_of(world) == []
    assert reason_of(world) is Reason.STOPPING
    world.engine.end_backup()
    await world.rest()
    assert states_of(world) == [State.CONFIRMED]


async def test_a_backup_does_not_cancel_what_waits_and_ends_by_itself() -> None:
    world = await due_world(faults=[Fault.NOT_SENT])
    await world.pass_time(5 * MINUTE)
    await world.engine.begin_backup()
    await world.pass_time(9 * MINUTE)
    assert states_of(world) == [State.APPROVED]
    assert world.vendor.submits == []
    await world.pass_time(HOUR)
    assert states_of(world) == [State.CONFIRMED]


# -- Life of SIMs and accounts ----------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [Fault.LOSE_ANSWER, Fault.PENDING, Fault.NOT_SENT, Fault.HANG]
)
@pytest.mark.parametrize("removed", [True, False])
async def test_an_order_of_a_sim_that_was_let_go_still_ends(
    fault: Fault, removed: bool
) -> None:
    world = await due_world(faults=[fault])
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
    assert states_of(world) == [State.CANCELLED]
    assert world.vendor.bought == []


async def test_a_sim_that_was_let_go_wakes_nobody() -> None:
    world = await due_world(faults=[Fault.PENDING])
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
        world = await due_world(a_sim(mode=Mode.ASK))
        await world.engine.unregister("AAAAAAAAAA", removed=removed)
        assert states_of(world) == [state]


async def test_a_reloaded_sim_keeps_its_readings_and_is_not_bought_for_twice() -> None:
    world = await due_world()
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
    assert skips_of(world) == ["no_channel"]
    world.channels[ACCOUNT] = channel
    await world.engine.account_ready(ACCOUNT)
    await world.rest()
    assert states_of(world) == [State.CONFIRMED]


async def test_a_failed_login_waits_for_the_account_and_then_goes_on() -> None:
    world = await due_world(faults=[Fault.LOGIN])
    assert world.logins_failed == [ACCOUNT]
    await world.pass_time(DAY)
    assert reason_of(world) is Reason.REFUSED
    assert len(world.vendor.submits) == 1
    await world.engine.account_ready("another")
    await world.pass_time(HOUR)
    assert states_of(world) == [State.REJECTED]
    await world.engine.account_ready(ACCOUNT)
    await world.rest()
    assert states_of(world) == [State.REJECTED, State.CONFIRMED]


async def test_an_account_that_is_ready_again_lifts_no_other_refusal() -> None:
    world = await due_world(faults=[Fault.REFUSE_NEVER])
    await world.engine.account_ready(ACCOUNT)
    await world.rest()
    assert states_of(world) == [State.REJECTED]


async def test_one_broken_sim_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = policy.decide

    def decide(at: Any, now: Any) -> Any:
        if at.sim.epoch == "AAAAAAAAAA":
            raise RuntimeError("a bug")
        return real(at, now)

    monkeypatch.setattr(engine_module, "decide", decide)
    world = await due_world(a_sim(), a_sim(OTHER))
    assert states_of(world) == []
    assert states_of(world, OTHER) == [State.CONFIRMED]
    assert "Something went wrong with a SIM" in caplog.text
    wakes = world.wakes
    await world.pass_time(DAY)
    assert world.wakes - wakes < 60
    monkeypatch.setattr(engine_module, "decide", real)
    await world.pass_time(HOUR)
    assert states_of(world) == [State.CONFIRMED]


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
            world.ledger.add_readings(sim.epoch, [reading], "user:1", START)
    begun = asyncio.ensure_future(world.engine.start())
    for _ in range(50):
        await asyncio.sleep(0)
    assert states_of(world, OTHER) == [State.CONFIRMED]
    assert not begun.done()
    begun.cancel()


# -- Stopping ---------------------------------------------------------------------------------


async def test_stopping_waits_for_what_is_being_sent() -> None:
    world = await due_world(faults=[Fault.HANG])
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
    world = await due_world(faults=[Fault.HANG])
    await world.engine.stop()
    await world.engine.wake()
    await world.engine.stop()
    for task in world.tasks:
        task.cancel()


async def test_after_the_end_nothing_is_read_and_no_fault_is_reported() -> None:
    world = await due_world(days=50)
    await world.engine.stop()
    with pytest.raises(LedgerBroken):
        await world.doors.stopped()
    assert world.faults == []


class AtTheLastMoment(ModelWorld):
    """Wants to stop when a send has just ended, and the engine has not heard of it yet."""

    waited: bool | None = None

    @override
    def _ended(self, task: asyncio.Task[None]) -> None:
        super()._ended(task)
        through = self.engine.sent_through()
        try:
            through.send(None)
        except StopIteration:
            self.waited = False
        else:
            through.close()
            self.waited = True


async def test_a_send_that_has_just_ended_is_not_waited_for() -> None:
    """To wait for what is done never lets go: nobody else would have a turn again."""
    world = AtTheLastMoment()
    await world.begin(a_sim(), typed=expiring_in(4))
    await world.rest()
    assert states_of(world) == [State.CONFIRMED]
    assert world.waited is False
