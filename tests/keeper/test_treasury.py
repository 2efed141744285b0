"""What wallets will have to pay, and what people hear of it, once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.errors import LedgerBroken, LedgerFault
from custom_components.sim_keeper.keeper.funding import AccountTerms, Funding
from custom_components.sim_keeper.keeper.ledger import EventType
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import State
from custom_components.sim_keeper.keeper.sim import Mode, Sim
from custom_components.sim_keeper.keeper.treasury import Treasury

from .builders import balance
from .model_world import ACCOUNT, START, Fault, ModelWorld, a_sim, expiring_in

RICH, POOR = Money(100_000, "USD"), Money(4_999, "USD")
"""One recharge costs 50.00 USD here."""
TODAY = START.date()
MONTHLY = {"window_days": 30, "tiers": (), "stacking": "max"}


def monthly(epoch: str = "AAAAAAAAAA", **changes: Any) -> Sim:
    """Return a SIM whose 50 HKD buy 30 days."""
    return a_sim(epoch, overrides=MONTHLY, cap="2000", **changes)


def terms(**changes: Any) -> AccountTerms:
    """Return what people said of the account."""
    return AccountTerms(account=ACCOUNT, **changes)


async def review(world: ModelWorld, wallet: Money = RICH, **changes: Any) -> Funding:
    """Look at the account, and have people warned."""
    treasury = Treasury(world.engine)
    found = await treasury.review(terms(**changes), wallet)
    await treasury.warn(terms(**changes), found)
    return found


def warned(world: ModelWorld, type_: EventType = EventType.WALLET_LOW) -> list[Any]:
    """Return the data of the warnings of a type."""
    return [event.data for event in world.events if event.type is type_]


async def bought(world: ModelWorld, sim: Sim) -> None:
    """Let the first recharge happen: from here on its price is known."""
    await world.begin(sim, typed=expiring_in(3))
    (order,) = await world.orders(sim)
    assert order.state is State.CONFIRMED
    assert order.cost == Money(5_000, "USD")


# -- What is coming --------------------------------------------------------------------------


async def test_what_was_never_bought_has_no_price() -> None:
    world = ModelWorld()
    await world.begin(monthly(), typed=expiring_in(10))
    found = await review(world)
    assert (found.low, found.dry_on) == (None, None)
    assert warned(world) == []


async def test_the_last_price_tells_when_the_wallet_runs_dry() -> None:
    world, sim = ModelWorld(), monthly()
    await bought(world, sim)
    # Valid for 30 days from now, to be recharged five days before; that day begins in Hong
    # Kong while it is still the day before where the household is.
    due = TODAY + timedelta(days=24)
    assert (await review(world, POOR)).dry_on == due
    assert (await review(world, Money(5_000, "USD"))).dry_on > due  # type: ignore[operator]
    assert warned(world) == []
    await world.pass_time(timedelta(days=11))
    found = await review(world, POOR)
    assert (found.dry_on, found.low) == (due, True)
    assert found.needed == Money(5_000, "USD")


async def test_the_price_is_that_of_the_same_amount_however_long_ago() -> None:
    world, sim = ModelWorld(), monthly()
    await bought(world, sim)
    await world.engine.change(monthly(amount="60"))
    await world.pass_time(timedelta(days=26))
    assert (await world.orders(sim))[-1].cost == Money(6_000, "USD")
    await world.engine.change(sim)
    first = (await review(world, POOR)).dry_on
    assert first is not None
    # What it pays once, it pays once: the sixty of last month say nothing of fifty.
    second = (await review(world, Money(5_000, "USD"))).dry_on
    assert second is not None
    assert second > first
    await world.engine.change(monthly(amount="70"))
    assert (await review(world, POOR)).dry_on is None


async def test_all_sims_of_the_account_count_together() -> None:
    world = ModelWorld()
    sims = [monthly(letter * 10) for letter in "ABC"]
    await world.begin(*sims, typed=expiring_in(3))
    await world.pass_time(timedelta(days=11))
    assert (await review(world, Money(15_000, "USD"))).low is False
    found = await review(world, Money(14_999, "USD"))
    assert (found.low, found.needed) == (True, Money(15_000, "USD"))


async def test_credit_that_burns_down_will_have_to_be_paid_for() -> None:
    world, sim = ModelWorld(), monthly(days_before=None, threshold="10")
    await world.begin(sim, typed=expiring_in(400))
    balances = (14, 12, 10, 8, 56, 54, 52, 50)
    for left in balances:
        read = balance(Money(left * 100, "HKD"), at=world.moment)
        await world.engine.observe(sim.epoch, (read,))
        await world.pass_time(timedelta(days=1))
    (order,) = await world.orders(sim)
    assert (order.state, order.cost) == (State.CONFIRMED, Money(5_000, "USD"))
    # Two a day, from 50 down to 10 again, the last of them read yesterday.
    dry_on = (await review(world, POOR)).dry_on
    assert dry_on is not None
    assert (dry_on - world.moment.date()).days in (19, 20)


async def test_a_question_tells_its_price() -> None:
    world = ModelWorld()
    await world.begin(monthly(mode=Mode.ASK), typed=expiring_in(3))
    assert (await review(world, POOR)).dry_on == TODAY
    assert (await review(world, Money(5_000, "USD"))).low is False


async def test_what_is_on_its_way_is_not_paid_twice() -> None:
    world = ModelWorld()
    world.vendor.faults.append(Fault.PENDING)
    sim = monthly()
    await world.begin(sim, typed=expiring_in(3))
    (order,) = await world.orders(sim)
    assert order.state is State.PENDING
    assert (await review(world, POOR)).low is False


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": Mode.REMIND},
        {"mode": Mode.OFF},
        {"account": "model:2"},
        {"account": None},
    ],
)
async def test_what_others_pay_does_not_count(changes: dict[str, Any]) -> None:
    world = ModelWorld()
    await world.begin(monthly(**changes), typed=expiring_in(3))
    found = await review(world, Money(0, "USD"))
    assert (found.low, found.needed) == (False, Money(0, "USD"))


async def test_a_plan_without_a_price_list_makes_it_unknown() -> None:
    world = ModelWorld()
    sim = monthly(amount=None)
    sim = replace(sim, rules=replace(sim.rules, cheapest=True))
    await world.begin(sim, typed=expiring_in(3))
    assert (await review(world)).low is None


async def test_days_are_those_of_the_household() -> None:
    world = ModelWorld()
    await world.begin()
    late = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    world.moment = late
    expires = date(2026, 3, 3)
    await review(world, payment_expires=expires)
    assert [data["stage"] for data in warned(world, EventType.PAYMENT_EXPIRES)] == [1]


# -- What people hear ------------------------------------------------------------------------


async def test_a_dip_is_told_once() -> None:
    world = ModelWorld()
    await world.begin()
    low = Money(500, "USD")
    await review(world, Money(499, "USD"), low=low)
    await review(world, Money(100, "USD"), low=low)
    await world.restart()
    await review(world, Money(50, "USD"), low=low)
    assert [data["balance"] for data in warned(world)] == ["4.99 USD"]
    assert warned(world)[0]["threshold"] == "5.00 USD"
    assert warned(world)[0]["dry_on"] is None
    await review(world, low, low=low)
    await review(world, Money(300, "USD"), low=low)
    assert [data["balance"] for data in warned(world)] == ["4.99 USD", "3.00 USD"]


async def test_what_nobody_knows_ends_no_dip() -> None:
    world = ModelWorld()
    await world.begin(monthly(), typed=expiring_in(10))
    await review(world, Money(100, "USD"), low=Money(500, "USD"))
    assert (await review(world, RICH)).low is None
    await review(world, Money(100, "USD"), low=Money(500, "USD"))
    assert len(warned(world)) == 1


async def test_each_account_has_a_dip_of_its_own() -> None:
    world = ModelWorld()
    await world.begin()
    treasury = Treasury(world.engine)
    for account in ("model:1", "model:2", "model:1"):
        said = AccountTerms(account=account, low=RICH)
        found = await treasury.review(said, POOR)
        await treasury.warn(said, found)
    assert [data["account"] for data in warned(world)] == ["model:1", "model:2"]


async def test_each_stage_of_a_payment_method_is_told_once() -> None:
    world = ModelWorld()
    await world.begin()
    expires = TODAY + timedelta(days=32)
    for _ in range(40):
        await review(world, payment_expires=expires)
        await review(world, payment_expires=expires)
        await world.pass_time(timedelta(days=1))
    found = warned(world, EventType.PAYMENT_EXPIRES)
    assert [data["stage"] for data in found] == [30, 7, 1, 0]
    assert {data["day"] for data in found} == {expires.isoformat()}
    # A new card is told of anew.
    await review(world, payment_expires=world.moment.date() + timedelta(days=20))
    assert warned(world, EventType.PAYMENT_EXPIRES)[-1]["stage"] == 30


async def test_a_frozen_ledger_notes_nothing() -> None:
    world = ModelWorld()
    await world.begin(monthly(), typed=expiring_in(3))
    found = await Treasury(world.engine).review(terms(low=RICH), POOR)
    world.engine.desk._freeze(LedgerBroken(LedgerFault.DAMAGED, "test"))
    await Treasury(world.engine).warn(terms(low=RICH, payment_expires=TODAY), found)
    assert warned(world) == warned(world, EventType.PAYMENT_EXPIRES) == []


async def test_buying_nothing_itself() -> None:
    world, sim = ModelWorld(), monthly()
    await bought(world, sim)
    quotes, sent = world.vendor.quotes, len(world.vendor.submits)
    await review(world, POOR)
    assert (world.vendor.quotes, len(world.vendor.submits)) == (quotes, sent)
