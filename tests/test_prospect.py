"""Looking ahead for one SIM: costs, prices of last time, and what would be cheaper."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from custom_components.sim_keeper.keeper.budget import HouseholdRules
from custom_components.sim_keeper.keeper.carrier_data import load_carriers
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import Product
from custom_components.sim_keeper.keeper.rehearsal import delivered
from custom_components.sim_keeper.keeper.schedule import Calendar, Unit
from custom_components.sim_keeper.keeper.sim import (
    Field,
    Mode,
    Reading,
    Readings,
    Rules,
    Sim,
    Trust,
)
from custom_components.sim_keeper.price_list import PriceList
from custom_components.sim_keeper.prospect import (
    Prospect,
    Standing,
    beginning,
    look_ahead,
)

NOW = datetime(2026, 11, 20, 5, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Jakarta")
AXIS = load_carriers()["axis_id"]
HOUSEHOLD = HouseholdRules(zone=ZONE)
READINGS = Readings(
    expiry=Reading(
        field=Field.EXPIRY,
        value=date(2026, 12, 11).toordinal(),
        unit="day",
        observed_at=NOW,
        got_at=NOW,
        source="test",
        trust=Trust.TYPED,
    )
)


def idr(amount: int) -> Money:
    return Money(amount * 100, "IDR")


def usd(cents: int) -> Money:
    return Money(cents, "USD")


def line(account: str | None = None, **rules: Any) -> Sim:
    """Return a SIM of AXIS that is valid for three more weeks."""
    values = {"mode": Mode.ASK, "days_before": 10, "amount": idr(25_000)}
    return Sim(
        epoch="ABCDEFGHIJ",
        number="+6283112345678",
        country="ID",
        currency="IDR",
        zone=ZONE,
        carrier=AXIS,
        account=account,
        operator=None,
        rules=Rules(
            pays_in=None if account is None else "USD",
            **(values | rules),  # type: ignore[arg-type]
        ),
    )


def prices(**cents: int) -> PriceList:
    """Return a list of credits, `c25000=150` for a dollar and a half."""
    return PriceList(
        carrier=AXIS,
        products=tuple(
            Product(id=key, name=key, value=idr(int(key[1:])), price=usd(price))
            for key, price in cents.items()
        ),
    )


def ahead(sim: Sim, sold: PriceList | None = None, **changes: Any) -> Prospect:
    at = beginning(sim, READINGS, None, NOW)
    at = replace(at, view=replace(at.view, **changes))
    return look_ahead(Standing(at=at, household=HOUSEHOLD), sold, NOW)


def test_a_person_pays_the_amount_itself() -> None:
    told = ahead(line())
    assert told.next is not None
    assert told.next.at.date() == date(2026, 12, 1)
    assert told.next_cost == idr(25_000)
    assert told.total == Money(2_500_000 * len(told.forecast.recharges), "IDR")


def test_an_account_pays_the_price_on_the_list() -> None:
    told = ahead(line("a"), prices(c25000=150))
    assert told.next_cost == usd(150)
    assert told.total == usd(150 * len(told.forecast.recharges))


def test_without_a_list_the_last_price_is_taken() -> None:
    sim = line("a")
    paid = replace(
        delivered(sim, idr(25_000), datetime(2026, 10, 1, tzinfo=UTC), by_hand=False),
        cost=usd(171),
    )
    assert ahead(sim, last_recharge=paid).next_cost == usd(171)
    booked = replace(paid, cost=None, price=usd(170))
    assert ahead(sim, last_recharge=booked).next_cost == usd(170)


def test_the_last_price_of_something_else_says_nothing() -> None:
    sim = line("a")
    paid = replace(
        delivered(sim, idr(10_000), datetime(2026, 10, 1, tzinfo=UTC), by_hand=False),
        cost=usd(80),
    )
    unpriced = replace(paid, value=idr(25_000), cost=None, price=None)
    by_hand = replace(paid, value=idr(25_000), cost=idr(26_000), assisted=True)
    for last in (paid, unpriced, by_hand):
        told = ahead(sim, last_recharge=last)
        assert told.next is not None
        assert told.next_cost is None
        assert told.total is None
        assert told.costs(told.forecast.recharges) == []


def test_where_nothing_is_due_nothing_is_paid() -> None:
    told = ahead(line(lapse=True))
    assert (told.next, told.next_cost, told.total) == (None, None, idr(0))


def test_using_a_number_costs_nothing() -> None:
    giffgaff = load_carriers()["giffgaff_gb"]
    sim = replace(line(amount=None), carrier=giffgaff, currency="GBP")
    used = replace(
        READINGS.expiry,  # type: ignore[type-var]
        field=Field.LAST_ACTIVITY,
        value=date(2026, 11, 1).toordinal(),
    )
    at = beginning(sim, Readings(last_activity=used), None, NOW)
    told = look_ahead(Standing(at=at, household=HOUSEHOLD), None, NOW)
    assert told.next is not None
    assert not told.is_unpriced(told.next)
    assert told.total == Money(0, "GBP")


def test_a_cheaper_way_is_found_on_the_list() -> None:
    # A day costs 15 cents with the usual amount, and 7 with the largest.
    told = ahead(line("a"), prices(c10000=225, c25000=450, c100000=630))
    assert told.cheaper is not None
    assert told.cheaper.cost == usd(told.cheaper.plan.cost)
    assert told.cheaper.cost.minor < told.cheaper.now.minor
    assert {step.option.price for step in told.cheaper.plan.steps} == {usd(630)}


def test_a_cheaper_way_is_found_on_the_ladder_of_the_carrier() -> None:
    told = ahead(line(amount=idr(5000), days_before=3))
    assert told.cheaper is not None
    assert told.cheaper.now.currency == "IDR"


def test_nothing_is_cheaper() -> None:
    best = prices(c25000=10, c100000=630)
    assert ahead(line("a"), best).cheaper is None
    # The plan is the cheapest already.
    assert ahead(line("a", cheapest=True), best).cheaper is None
    # Nobody knows what the own amount costs.
    assert ahead(line("a"), prices(c100000=1)).cheaper is None
    # It buys no time, so nothing can be compared.
    assert ahead(line(amount=idr(1000))).cheaper is None
    # Not the deadline makes a recharge due.
    monthly = Calendar(start=date(2026, 12, 1), every=1, unit=Unit.MONTHS)
    assert ahead(line(days_before=None, calendar=monthly)).cheaper is None


def test_the_cheapest_plan_buys_from_the_list() -> None:
    told = ahead(line("a", cheapest=True, amount=None), prices(c10000=225, c100000=630))
    assert told.next_cost == usd(630)


def test_a_price_in_other_money_is_not_compared() -> None:
    sim = line("a")
    euros = Product(id="e", name="e", value=idr(25_000), price=Money(100, "EUR"))
    told = ahead(sim, PriceList(carrier=AXIS, products=(euros,)))
    assert told.cheaper is None
    assert told.next_cost is None
