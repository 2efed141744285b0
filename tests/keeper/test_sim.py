"""The values of a SIM: modes in order, and which new settings only tighten."""

from typing import Any

import pytest

from custom_components.sim_keeper.keeper.sim import LOOSENESS, Mode, only_tightens

from .builders import hkd, rules, usd


def test_modes_are_ranked_from_least_to_most() -> None:
    ranked = sorted(Mode, key=LOOSENESS.__getitem__)
    assert ranked == [Mode.OFF, Mode.REMIND, Mode.ASK, Mode.AUTO]


@pytest.mark.parametrize(
    ("old", "new", "tightens"),
    [
        ({}, {}, True),
        ({"mode": Mode.AUTO}, {"mode": Mode.ASK}, True),
        ({"mode": Mode.ASK}, {"mode": Mode.AUTO}, False),
        ({"low_balance": hkd("9")}, {"low_balance": hkd("8")}, True),
        ({"low_balance": hkd("9")}, {"low_balance": hkd("10")}, False),
        ({"low_balance": hkd("9")}, {}, True),
        ({}, {"low_balance": hkd("9")}, False),
        ({}, {"amount": hkd("60")}, False),
        ({}, {"days_before": 9}, False),
        ({}, {"monthly_cap": usd("100")}, False),
        ({}, {"mode": Mode.OFF, "amount": hkd("60")}, False),
    ],
)
def test_new_settings_only_tighten_when_they_lower_mode_or_threshold(
    old: dict[str, Any], new: dict[str, Any], tightens: bool
) -> None:
    assert only_tightens(rules(**old), rules(**new)) is tightens
