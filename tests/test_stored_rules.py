"""Rules as they stand in the options of an entry."""

from datetime import date

import pytest

from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.schedule import Calendar, CountedFrom, Unit
from custom_components.sim_keeper.keeper.sim import Mode, RuleKind, Rules
from custom_components.sim_keeper.stored_rules import rules_from, stored_calendar

QUARTERLY = Calendar(
    start=date(2027, 1, 31),
    every=3,
    unit=Unit.MONTHS,
    counted_from=CountedFrom.RECHARGE,
)


def test_every_rule_is_read() -> None:
    options = {
        "mode": "auto",
        "low_balance": "1000",
        "low_data": 5_000_000,
        "days_before": 5.0,
        "days_before_activity": 6,
        "days_before_grace_end": 3,
        "calendar": stored_calendar(QUARTERLY),
        "cheapest": True,
        "amount": "5000.00",
        "fill_up_to": "20000.00",
        "product": "xl5",
        "monthly_cap": "3.5",
        "order_cap": "2",
        "cap_currency": "USD",
        "modes": {"calendar": "ask"},
        "pauses": {"low_data": "2027-03-01"},
        "paused_until": "2027-02-01",
        "lapse": True,
        "recharged_elsewhere": True,
        "shadow": True,
    }
    assert rules_from(options, "IDR") == Rules(
        mode=Mode.AUTO,
        low_balance=Money(100_000, "IDR"),
        low_data=5_000_000,
        days_before=5,
        days_before_activity=6,
        days_before_grace_end=3,
        calendar=QUARTERLY,
        cheapest=True,
        amount=Money(500_000, "IDR"),
        fill_up_to=Money(2_000_000, "IDR"),
        product="xl5",
        monthly_cap=Money(350, "USD"),
        order_cap=Money(200, "USD"),
        pays_in="USD",
        shadow=True,
        modes={RuleKind.CALENDAR: Mode.ASK},
        pauses={RuleKind.LOW_DATA: date(2027, 3, 1)},
        paused_until=date(2027, 2, 1),
        lapse=True,
        recharged_elsewhere=True,
    )


def test_options_from_before_the_new_rules_still_work() -> None:
    old = {"mode": "ask", "days_before": 10, "amount": "7", "cap_currency": "USD"}
    assert rules_from(old, "IDR") == Rules(
        mode=Mode.ASK, days_before=10, amount=Money(700, "IDR"), pays_in="USD"
    )


@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize("counted_from", CountedFrom)
def test_a_calendar_is_read_as_it_was_stored(
    unit: Unit, counted_from: CountedFrom
) -> None:
    calendar = Calendar(
        start=date(2024, 2, 29), every=2, unit=unit, counted_from=counted_from
    )
    options = {"mode": "off", "calendar": stored_calendar(calendar)}
    assert rules_from(options, "IDR").calendar == calendar
