"""Judgement: a reading that looks wrong is a hint; a recharge is verified by what it moved."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from custom_components.sim_keeper.keeper.judgement import (
    can_show,
    effect_shown,
    judged,
    repeats_a_doubt,
)
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Effect, Order
from custom_components.sim_keeper.keeper.sim import (
    SOURCE_RECHARGE,
    UNIT_DAY,
    Field,
    Reading,
    Trust,
)

from .builders import NOW, balance, expiry, hkd, order, reading, usd

EARLIER = NOW - timedelta(hours=3)


def _expiry(days: int, trust: Trust = Trust.MEASURED) -> Reading:
    return expiry(date(2026, 6, 1) + timedelta(days=days), at=NOW, trust=trust)


@pytest.mark.parametrize(
    ("old", "new", "trust"),
    [
        ("100", "99", Trust.MEASURED),
        ("100", "10", Trust.MEASURED),
        ("100", "9.99", Trust.HINT),
        ("100", "0", Trust.HINT),
        ("100", "190", Trust.MEASURED),
        ("100", "190.01", Trust.HINT),
        ("100", "10000", Trust.HINT),
        ("0.01", "0", Trust.HINT),
        ("0", "0", Trust.MEASURED),
        ("0", "50", Trust.MEASURED),
        ("-5", "-4", Trust.MEASURED),
        ("-5", "5", Trust.HINT),
    ],
)
def test_a_zero_or_a_great_jump_without_a_recharge_is_a_hint(
    old: str, new: str, trust: Trust
) -> None:
    before = balance(hkd(old), at=EARLIER)
    fresh = balance(hkd(new))
    assert judged(fresh, before, None).trust is trust
    recharged = order(settled_at=EARLIER + timedelta(hours=1))
    # It explains a rise that it can have brought, but never a fall.
    rise = fresh.value - before.value
    explained = Trust.MEASURED if 0 < rise <= hkd("150").minor else trust
    assert judged(fresh, before, recharged).trust is explained
    long_ago = order(settled_at=EARLIER - timedelta(hours=1))
    assert judged(fresh, before, long_ago).trust is trust
    assert judged(fresh, before, order(settled_at=None)).trust is trust


@pytest.mark.parametrize(
    ("risen_to", "value", "trust"),
    [
        ("160", hkd("50"), Trust.MEASURED),
        ("160.01", hkd("50"), Trust.HINT),
        # In cents, read as dollars.
        ("6000", hkd("50"), Trust.HINT),
        # What it brings is not known.
        ("6000", None, Trust.MEASURED),
        ("6000", usd("6"), Trust.MEASURED),
    ],
)
def test_a_recharge_explains_no_more_than_it_can_have_brought(
    risen_to: str, value: Money | None, trust: Trust
) -> None:
    before = balance(hkd("10"), at=EARLIER)
    recharged = order(settled_at=EARLIER + timedelta(hours=1), value=value)
    assert judged(balance(hkd(risen_to)), before, recharged).trust is trust


def test_a_recharge_explains_any_later_date() -> None:
    before = expiry(date(2026, 6, 1), at=EARLIER, trust=Trust.MEASURED)
    recharged = order(settled_at=EARLIER + timedelta(hours=1))
    assert judged(_expiry(5 * 366), before, recharged).trust is Trust.MEASURED
    assert judged(_expiry(-3), before, recharged).trust is Trust.HINT


@pytest.mark.parametrize(
    ("days", "trust"),
    [
        *((0, Trust.MEASURED), (365, Trust.MEASURED), (-2, Trust.MEASURED)),
        *((-3, Trust.HINT), (3 * 366, Trust.MEASURED), (3 * 366 + 1, Trust.HINT)),
    ],
)
def test_an_expiry_that_goes_back_or_far_ahead_is_a_hint(
    days: int, trust: Trust
) -> None:
    assert judged(_expiry(days), _expiry(0), None).trust is trust


def test_an_activity_is_never_too_far_from_the_one_before() -> None:
    before = reading(Field.LAST_ACTIVITY, 10**9, UNIT_DAY)
    fresh = reading(Field.LAST_ACTIVITY, 0, UNIT_DAY)
    assert judged(fresh, before, None) == fresh


@pytest.mark.parametrize(
    ("left", "trust"),
    [
        *((0, Trust.HINT), (99, Trust.HINT), (100, Trust.MEASURED)),
        *((1000, Trust.MEASURED), (10**9, Trust.MEASURED)),
    ],
)
def test_an_allowance_that_is_suddenly_used_up_is_a_hint(
    left: int, trust: Trust
) -> None:
    before = reading(Field.DATA_LEFT, 1000, "B")
    fresh = reading(Field.DATA_LEFT, left, "B")
    assert judged(fresh, before, None).trust is trust


def test_a_unit_that_changed_is_a_hint() -> None:
    assert judged(balance(usd("9")), balance(hkd("9")), None).trust is Trust.HINT


@pytest.mark.parametrize("trust", [Trust.TYPED, Trust.ESTIMATE, Trust.HINT])
def test_only_what_was_measured_is_judged(trust: Trust) -> None:
    fresh = balance(hkd("0"), trust=trust)
    assert judged(fresh, balance(hkd("9")), None) == fresh


def test_the_first_reading_is_believed() -> None:
    assert judged(balance(hkd("0")), None, None).trust is Trust.MEASURED


@pytest.mark.parametrize(
    ("minutes", "second", "trust"),
    [
        (15, "1.00", Trust.MEASURED),
        (15, "1.10", Trust.MEASURED),
        (15, "1.11", Trust.HINT),
        (14, "1.00", Trust.HINT),
        (60, "50", Trust.HINT),
    ],
)
def test_a_second_reading_that_agrees_makes_a_hint_a_fact(
    minutes: int, second: str, trust: Trust
) -> None:
    hint = balance(hkd("1.00"), trust=Trust.HINT)
    fresh = balance(hkd(second), at=NOW + timedelta(minutes=minutes))
    assert judged(fresh, hint, None).trust is trust


def test_a_second_zero_agrees_with_the_first() -> None:
    hint = balance(hkd("0"), trust=Trust.HINT)
    later = NOW + timedelta(hours=1)
    assert judged(balance(hkd("0"), at=later), hint, None).trust is Trust.MEASURED
    assert judged(balance(usd("0"), at=later), hint, None).trust is Trust.HINT


def test_a_doubtful_estimate_is_no_first_reading_that_a_second_could_agree_with() -> (
    None
):
    """It was worked out, not seen: a source that falls behind it may still lag."""
    reckoned = replace(_expiry(0, Trust.HINT), source=SOURCE_RECHARGE)
    later = replace(_expiry(-11), observed_at=NOW + timedelta(hours=1))
    assert judged(later, reckoned, None).trust is Trust.HINT
    assert not repeats_a_doubt(later, judged(later, reckoned, None), reckoned)
    agrees = replace(_expiry(-2), observed_at=NOW + timedelta(minutes=1))
    assert judged(agrees, reckoned, None).trust is Trust.MEASURED


@pytest.mark.parametrize(
    ("before", "fresh", "paid", "effect"),
    [
        (balance(hkd("3")), balance(hkd("53")), order(), Effect.VERIFIED),
        (balance(hkd("3")), balance(hkd("28")), order(), Effect.VERIFIED),
        (balance(hkd("3")), balance(hkd("27.99")), order(), None),
        (balance(hkd("3")), balance(hkd("2")), order(), None),
        (balance(hkd("3")), balance(hkd("53")), order(value=None), None),
        (balance(hkd("3")), balance(hkd("53")), order(value=usd("7")), None),
        (balance(usd("3")), balance(hkd("53")), order(), None),
        (None, balance(hkd("53")), order(), None),
        (balance(hkd("3")), balance(hkd("53"), trust=Trust.HINT), order(), None),
        (_expiry(0), _expiry(1), order(), Effect.VERIFIED),
        (_expiry(0), _expiry(0), order(), None),
        (_expiry(1), _expiry(0), order(), None),
        (_expiry(0), _expiry(1, Trust.ESTIMATE), order(), None),
    ],
)
def test_a_recharge_is_verified_by_what_it_moved(
    before: Reading | None, fresh: Reading, paid: Order, effect: Effect | None
) -> None:
    assert effect_shown(paid, before, fresh) is effect


def test_data_and_activity_verify_nothing() -> None:
    for field in (Field.DATA_LEFT, Field.LAST_ACTIVITY):
        one, other = reading(field, 1, "x"), reading(field, 10**9, "x")
        assert effect_shown(order(), one, other) is None


@pytest.mark.parametrize(
    ("seen", "value", "days", "shows"),
    [
        (balance(hkd("1")), hkd("50"), None, True),
        (balance(hkd("1")), usd("50"), None, False),
        (balance(hkd("1")), None, 30, False),
        (_expiry(0), hkd("50"), None, True),
        (_expiry(0), None, 30, True),
        (_expiry(0), None, None, False),
    ],
)
def test_a_source_shows_only_what_a_recharge_can_move(
    seen: Reading, value: Money | None, days: int | None, shows: bool
) -> None:
    bought = order(value=value, days=days)
    assert can_show(bought, seen) is shows
