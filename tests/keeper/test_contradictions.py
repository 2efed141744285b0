"""Contradictions: settings that cannot work are found before they are saved."""

from datetime import date
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.contradictions import (
    REFUSED,
    Contradiction,
    contradictions,
    set_rules,
)
from custom_components.sim_keeper.keeper.course import Option
from custom_components.sim_keeper.keeper.ports import Wanted
from custom_components.sim_keeper.keeper.schedule import Calendar, Unit
from custom_components.sim_keeper.keeper.sim import Mode, RuleKind, Sim

from .builders import carrier, hkd, rules, sim, usd

TODAY = date(2026, 3, 2)
YEARLY = Calendar(start=TODAY, every=2, unit=Unit.YEARS)


def _sim(changes: dict[str, Any], **line: Any) -> Sim:
    return sim(rules=rules(**changes), **line)


CASES: list[tuple[Sim, tuple[Contradiction, ...]]] = [
    (sim(), ()),
    (_sim({"low_balance": hkd("10"), "fill_up_to": hkd("30")}), ()),
    (
        _sim({"low_balance": hkd("10"), "fill_up_to": hkd("10")}),
        (Contradiction.THRESHOLD_ABOVE_TARGET,),
    ),
    (_sim({"fill_up_to": usd("10")}), (Contradiction.OTHER_CURRENCY,)),
    (_sim({"monthly_cap": hkd("49")}), (Contradiction.AMOUNT_ABOVE_CAP,)),
    (_sim({"order_cap": hkd("49")}), (Contradiction.AMOUNT_ABOVE_CAP,)),
    (_sim({"order_cap": hkd("50")}), ()),
    (
        _sim({}, carrier=carrier(None, window_days=30, min_topup="51")),
        (Contradiction.AMOUNT_BUYS_NO_DAYS,),
    ),
    (_sim({}, carrier=carrier(None, window_days=30, min_topup="50")), ()),
    (_sim({"days_before": 365}), (Contradiction.DUE_AGAIN_AT_ONCE,)),
    (_sim({"calendar": YEARLY}), ()),
    (
        _sim({"calendar": YEARLY, "days_before": None}),
        (Contradiction.CALENDAR_TOO_SLOW,),
    ),
    (
        _sim({"calendar": YEARLY, "days_before": None}, carrier=carrier(None)),
        (),
    ),
    (
        _sim({"calendar": Calendar(start=date(2026, 3, 1), every=1, unit=Unit.MONTHS)}),
        (Contradiction.CALENDAR_IN_THE_PAST,),
    ),
    (
        _sim({"days_before_grace_end": 3}, carrier=carrier(None)),
        (Contradiction.NO_GRACE_KNOWN,),
    ),
    (_sim({"days_before_grace_end": 3}, carrier=carrier(None, grace_days=9)), ()),
    (_sim({"days_before_activity": 3}), (Contradiction.NO_ACTIVITY_CLOCK,)),
    (_sim({"amount": None}), (Contradiction.NOTHING_TO_BUY,)),
    (_sim({"amount": None, "cheapest": True}), ()),
    (_sim({"amount": None}, account=None), ()),
    (_sim({"product": "7"}), (Contradiction.PRODUCT_WINS,)),
    (_sim({"days_before": None}), (Contradiction.NO_RULE,)),
    (_sim({"days_before": None, "lapse": True}), ()),
    (_sim({"days_before": None, "mode": Mode.OFF}), ()),
    (
        _sim({"mode": Mode.ASK, "modes": {RuleKind.DAYS_BEFORE: Mode.AUTO}}),
        (Contradiction.RULE_MODE_WITHOUT_EFFECT,),
    ),
    (
        _sim({"product": "7", "monthly_cap": hkd("1")}),
        (Contradiction.AMOUNT_ABOVE_CAP, Contradiction.PRODUCT_WINS),
    ),
]


@pytest.mark.parametrize(("line", "found"), CASES)
def test_what_is_wrong_with_settings(
    line: Sim, found: tuple[Contradiction, ...]
) -> None:
    assert contradictions(line, TODAY) == found


def test_what_is_on_sale_can_be_too_dear() -> None:
    options = [Option(wanted=Wanted(product="7"), price=usd("7"), days=30)]
    for cap, found in (
        (usd("6.99"), (Contradiction.PRODUCTS_ABOVE_CAP,)),
        (usd("7"), ()),
        (hkd("55"), ()),
    ):
        for name in ("monthly_cap", "order_cap"):
            line = _sim({"monthly_cap": None} | {name: cap})
            assert contradictions(line, TODAY, options) == found


def test_every_contradiction_is_reached_and_has_words() -> None:
    reached = {code for _, found in CASES for code in found}
    assert reached | {Contradiction.PRODUCTS_ABOVE_CAP} == set(Contradiction)
    assert set(Contradiction) > REFUSED
    for language in ("en", "id", "zh-Hans"):
        path = Path(f"custom_components/sim_keeper/translations/{language}.json")
        words = json.loads(path.read_text("utf-8"))["selector"]["message"]["options"]
        for code in Contradiction:
            assert words[f"contradiction_{code.value}"]


def test_the_rules_that_are_set() -> None:
    everything = {
        "low_balance": hkd("1"),
        "low_data": 1,
        "days_before_activity": 0,
        "days_before_grace_end": 0,
        "calendar": YEARLY,
        "cheapest": True,
    }
    assert set_rules(_sim(everything)) == frozenset(RuleKind)
    assert set_rules(_sim({"days_before": None})) == frozenset()
