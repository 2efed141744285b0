"""The engine and sources: what is read, believed, and verified."""

from datetime import date, datetime

from custom_components.sim_keeper.keeper.errors import LedgerFault
from custom_components.sim_keeper.keeper.orders import Effect, State
from custom_components.sim_keeper.keeper.sim import Field, Mode, Reading, Trust

from .builders import balance, expiry, hkd
from .model_world import ADMIN, START, ModelWorld, a_sim, expiring_in
from .scenes import DAY, HOUR, MINUTE, TODAY, due_world, states_of, the_question


async def test_a_measured_balance_that_is_low_buys_once() -> None:
    sim = a_sim(threshold="10", days_before=None)
    world = ModelWorld()
    await world.begin(sim)
    await world.engine.observe(sim.epoch, (balance(hkd("12"), at=START),))
    assert states_of(world) == []
    await world.pass_time(HOUR)
    await world.engine.observe(sim.epoch, (balance(hkd("9"), at=world.moment),))
    await world.rest()
    assert states_of(world) == [State.CONFIRMED]
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


async def test_that_the_date_shows_a_recharge_says_nothing_of_the_balance() -> None:
    sim = a_sim(threshold="10", days_before=None)
    world = ModelWorld()
    await world.begin(sim)
    before, after = TODAY + 20 * DAY, TODAY + 400 * DAY
    seen = (balance(hkd("9"), at=START - HOUR), measured_day(before, START - HOUR))
    await world.engine.observe(sim.epoch, seen)
    await world.rest()
    await world.pass_time(HOUR)
    # The portal shows the new date at once, and the old balance for two more days.
    for _ in range(46):
        now = world.moment
        seen = (balance(hkd("9"), at=now), measured_day(after, now))
        await world.engine.observe(sim.epoch, seen)
        await world.rest()
        await world.pass_time(HOUR)
    first = world.ledger.orders()[0]
    assert (first.effect, first.shown_by) == (Effect.VERIFIED, Field.EXPIRY)
    assert len(world.vendor.delivered) == 1
    # Once the balance has shown it, a fall is a new need.
    for text in ("59", "59", "9", "9"):
        await world.engine.observe(sim.epoch, (balance(hkd(text), at=world.moment),))
        await world.rest()
        await world.pass_time(HOUR)
    assert world.ledger.orders()[0].shown_by is Field.BALANCE
    assert len(world.vendor.delivered) == 2


def measured_day(day: date, at: datetime) -> Reading:
    return expiry(day, at=at, trust=Trust.MEASURED)


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
    world = await due_world(days=50)
    await world.engine.observe("ZZZZZZZZZZ", (balance(hkd("1")),))
    world.engine.desk.fault = LedgerFault.DAMAGED
    await world.engine.observe("AAAAAAAAAA", (balance(hkd("1")),))
    assert world.ledger.readings("AAAAAAAAAA").balance is None


async def test_a_deadline_counted_from_one_that_lagged_is_asked_about() -> None:
    """A yes to a doubtful question does not make what it was asked on any surer."""
    short = {"window_days": 11, "tiers": (), "stacking": "add", "max_days": None}
    sim = a_sim(overrides=short)
    world = ModelWorld()
    await world.begin(sim, typed=expiring_in(4))
    await world.rest()
    assert len(world.vendor.delivered) == 1
    # The source lags, and the number seems to need another one.
    await world.pass_time(25 * HOUR)
    await world.engine.observe(
        sim.epoch, (expiry(TODAY + 4 * DAY, at=world.moment, trust=Trust.MEASURED),)
    )
    await world.doors.approve((await the_question(world)).id, ADMIN)
    await world.rest()
    assert len(world.vendor.delivered) == 2
    # From here on nobody reads it. In truth it has eleven days more than this.
    await world.pass_time(9 * DAY)
    assert (await the_question(world)).why["reason"] == "deadline_doubtful"
    assert len(world.vendor.delivered) == 2


async def test_a_rise_that_another_recharge_explains_verifies_nothing() -> None:
    """The last reading may be older than the recharge before: what it missed rises later."""
    sim = a_sim(threshold="10", days_before=None)
    world = ModelWorld()
    await world.begin(sim)
    await world.engine.observe(sim.epoch, (balance(hkd("9"), at=world.moment),))
    await world.rest()
    assert states_of(world) == [State.CONFIRMED]
    await world.pass_time(30 * HOUR)
    await world.engine.observe(sim.epoch, (balance(hkd("9"), at=world.moment),))
    await world.pass_time(22 * HOUR)
    await world.doors.approve((await the_question(world)).id, ADMIN)
    await world.rest()
    newest = max(world.ledger.orders(), key=lambda order: order.id)
    assert (newest.state, newest.effect) == (State.CONFIRMED, Effect.CANNOT_VERIFY)
