"""The rules of a SIM: modes and pauses of each, and which changes only tighten."""

from datetime import date
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.rules import (
    Mode,
    RuleKind,
    Rules,
    only_tightens,
)
from custom_components.sim_keeper.keeper.schedule import Calendar, Unit

from .builders import hkd, rules, usd

K = RuleKind
SOON, LATER = date(2026, 3, 10), date(2026, 4, 10)
WEEKLY = Calendar(start=SOON, every=1, unit=Unit.WEEKS)
MONTHLY = Calendar(start=SOON, every=1, unit=Unit.MONTHS)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"low_balance": hkd("9")}, {}),
        ({"low_data": 9}, {"low_data": 8}),
        ({"low_data": 9}, {}),
        ({"calendar": WEEKLY}, {}),
        ({"days_before_grace_end": 3}, {}),
        ({}, {"days_before": None}),
        ({"days_before_activity": 3}, {"days_before": None}),
        ({"days_before_activity": 3, "days_before": None}, {"days_before": None}),
        ({}, {"modes": {K.DAYS_BEFORE: Mode.ASK}}),
        ({"modes": {K.CALENDAR: Mode.ASK}}, {"modes": {K.CALENDAR: Mode.OFF}}),
        ({"modes": {K.CALENDAR: Mode.ASK}}, {"mode": Mode.ASK}),
        ({}, {"paused_until": SOON}),
        ({"paused_until": SOON}, {"paused_until": LATER}),
        ({}, {"pauses": {K.CALENDAR: SOON}}),
        ({"pauses": {K.CALENDAR: SOON}}, {"pauses": {K.CALENDAR: LATER}}),
        ({}, {"lapse": True}),
        ({}, {"recharged_elsewhere": True}),
        ({}, {"shadow": True}),
    ],
)
def test_what_only_tightens_loosens_the_other_way(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    assert only_tightens(rules(**old), rules(**new))
    assert not only_tightens(rules(**new), rules(**old))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"fill_up_to": hkd("60")}),
        ({}, {"product": "7"}),
        ({}, {"cheapest": True}),
        ({"order_cap": usd("9")}, {"order_cap": usd("8")}),
        ({"calendar": WEEKLY}, {"calendar": MONTHLY}),
        ({}, {"days_before": 4}),
        ({"days_before_grace_end": 3}, {"days_before_grace_end": 2}),
        # The activity clock falls back to more days.
        ({"days_before_activity": 3}, {"days_before_activity": None}),
        ({"days_before_activity": 3}, {"days_before_activity": 2}),
        # The cheapest plan falls back to days of its own.
        ({"cheapest": True}, {"cheapest": True, "days_before": None}),
        (
            {"days_before": 5},
            {"days_before": None, "days_before_activity": 9},
        ),
        ({"low_balance": hkd("9")}, {"low_balance": usd("1")}),
    ],
)
def test_other_changes_may_loosen(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert not only_tightens(rules(**old), rules(**new))


@pytest.mark.parametrize(
    ("mode", "own", "counts"),
    [
        (Mode.AUTO, None, Mode.AUTO),
        (Mode.AUTO, Mode.ASK, Mode.ASK),
        (Mode.ASK, Mode.AUTO, Mode.ASK),
        (Mode.OFF, Mode.AUTO, Mode.OFF),
        (Mode.REMIND, Mode.OFF, Mode.OFF),
    ],
)
def test_the_stricter_mode_counts(mode: Mode, own: Mode | None, counts: Mode) -> None:
    modes = {} if own is None else {K.CALENDAR: own}
    found = rules(mode, modes=modes)
    assert found.mode_of(K.CALENDAR) is counts
    assert found.mode_of(K.LOW_DATA) is mode


def test_a_pause_ends_with_the_beginning_of_its_day() -> None:
    eve = date(2026, 3, 9)
    for paused in (
        rules(paused_until=SOON),
        rules(pauses={K.CALENDAR: SOON}),
        rules(paused_until=SOON, pauses={K.CALENDAR: eve}),
    ):
        assert paused.is_paused(K.CALENDAR, eve)
        assert not paused.is_paused(K.CALENDAR, SOON)
    assert not rules(pauses={K.CALENDAR: SOON}).is_paused(K.LOW_DATA, eve)


def test_rules_can_be_kept_in_a_set() -> None:
    assert len({rules(), rules(modes={K.CALENDAR: Mode.ASK})}) == 2
    assert Rules(mode=Mode.OFF) == Rules(mode=Mode.OFF)
