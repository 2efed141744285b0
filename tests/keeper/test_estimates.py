"""Estimates: what a recharge does to a SIM, as far as its carrier's rule tells."""

from datetime import date, timedelta
from typing import Any

import pytest

from custom_components.sim_keeper.keeper.estimates import (
    readings_after,
    readings_after_use,
)
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import Effect, Order
from custom_components.sim_keeper.keeper.sim import (
    SOURCE_RECHARGE,
    Field,
    Reading,
    Readings,
    Sim,
    Trust,
)

from .builders import NOW, activity, balance, carrier, expiry, hkd, order, sim, usd

TODAY = date(2026, 3, 2)


def _after(line: Sim, before: Readings, **changes: Any) -> dict[Field, int]:
    values: dict[str, Any] = {
        "last": None,
        "value": hkd("50"),
        "days": None,
        "now": NOW,
    }
    found = readings_after(line, before, **(values | changes))
    assert all(reading.trust is Trust.ESTIMATE for reading in found)
    assert all(reading.source == SOURCE_RECHARGE for reading in found)
    assert all(reading.observed_at == NOW for reading in found)
    return {reading.field: reading.value for reading in found}


def _day(days: int) -> int:
    return (TODAY + timedelta(days=days)).toordinal()


@pytest.mark.parametrize(
    ("stacking", "typed_ago", "trust", "days", "found"),
    [
        # Typed since it was sent: the days may be in it, and are not added once more.
        ("add", 1, Trust.TYPED, 40, Trust.HINT),
        ("add", 2, Trust.TYPED, 40, Trust.HINT),
        ("add", 3, Trust.TYPED, 70, Trust.ESTIMATE),
        # What a source shows is soon replaced by what it shows next.
        ("add", 1, Trust.MEASURED, 70, Trust.ESTIMATE),
        ("max", 1, Trust.TYPED, 40, Trust.ESTIMATE),
        ("reset", 1, Trust.TYPED, 30, Trust.ESTIMATE),
    ],
)
def test_a_day_that_was_typed_while_an_order_was_on_its_way_may_have_it_in_it(
    stacking: str, typed_ago: int, trust: Trust, days: int, found: Trust
) -> None:
    old = expiry(
        TODAY + timedelta(days=40), at=NOW - timedelta(hours=typed_ago), trust=trust
    )
    (day, *_) = readings_after(
        sim(carrier=carrier(stacking=stacking)),
        Readings(expiry=old),
        last=None,
        value=hkd("50"),
        days=30,
        now=NOW,
        sent_at=NOW - timedelta(hours=2),
    )
    assert (day.value, day.trust) == (_day(days), found)


def test_a_day_counted_by_a_clock_that_fell_back_is_a_hint() -> None:
    known: dict[str, Any] = {"last": None, "value": hkd("50"), "days": 30, "now": NOW}
    line = sim(carrier=carrier(stacking="reset"))
    before = Readings(balance=balance(hkd("9")))
    for fell, trust in ((True, Trust.HINT), (False, Trust.ESTIMATE)):
        found = readings_after(line, before, **known, day_unknown=fell)
        trusts = {reading.field: reading.trust for reading in found}
        assert trusts == {
            Field.EXPIRY: trust,
            Field.LAST_ACTIVITY: trust,
            # What it is worth does not depend on the day.
            Field.BALANCE: Trust.ESTIMATE,
        }


@pytest.mark.parametrize(
    ("stacking", "old", "new"),
    [
        ("reset", 5, 365),
        ("reset", 400, 365),
        ("reset", -5, 365),
        ("add", 5, 370),
        ("add", -5, 365),
        ("max", 5, 365),
        ("max", 400, 400),
        ("unknown", 400, 400),
    ],
)
def test_the_expiry_moves_by_the_carrier_s_rule(
    stacking: str, old: int, new: int
) -> None:
    line = sim(carrier=carrier(stacking=stacking, max_days=None))
    before = Readings(expiry=expiry(TODAY + timedelta(days=old)))
    assert _after(line, before)[Field.EXPIRY] == _day(new)


def test_known_days_win_over_the_ladder() -> None:
    assert _after(sim(), Readings(), days=30)[Field.EXPIRY] == _day(30)
    assert _after(sim(), Readings(), days=0)[Field.EXPIRY] == _day(0)


@pytest.mark.parametrize("value", [hkd("49.99"), usd("50"), None])
def test_what_is_not_on_the_ladder_says_nothing_of_the_expiry(
    value: Money | None,
) -> None:
    assert Field.EXPIRY not in _after(sim(), Readings(), value=value)


def test_an_unknown_ladder_says_nothing_of_the_expiry() -> None:
    assert Field.EXPIRY not in _after(sim(carrier=carrier(None)), Readings())


def test_a_carrier_in_another_currency_than_the_line_says_nothing() -> None:
    line = sim(currency="USD")
    assert _after(line, Readings(), value=usd("50")) == {Field.LAST_ACTIVITY: _day(0)}


def test_the_balance_grows_by_the_credit_in_its_own_currency() -> None:
    for before, new in ((hkd("3"), 5300), (hkd("-7.50"), 4250)):
        found = _after(sim(), Readings(balance=balance(before)))
        assert found[Field.BALANCE] == new
    assert Field.BALANCE not in _after(sim(), Readings())
    assert Field.BALANCE not in _after(sim(), Readings(balance=balance(usd("3"))))
    assert Field.BALANCE not in _after(
        sim(), Readings(balance=balance(hkd("3"))), value=usd("7")
    )


def test_a_recharge_is_activity_where_the_carrier_counts_it() -> None:
    for old in (None, activity(TODAY), activity(TODAY - timedelta(days=9))):
        found = _after(sim(), Readings(last_activity=old))
        assert found[Field.LAST_ACTIVITY] == _day(0)
    later = Readings(last_activity=activity(TODAY))
    yesterday = TODAY - timedelta(days=1)
    assert _after(sim(), later, day=yesterday)[Field.LAST_ACTIVITY] == _day(0)
    subscription = sim(carrier=carrier("cmcc_cn"), currency="CNY")
    assert Field.LAST_ACTIVITY not in _after(subscription, Readings())


@pytest.mark.parametrize(
    ("used", "known", "told"),
    [(-9, None, -9), (-9, -10, -9), (-9, -9, -9), (-9, -8, -8)],
)
def test_a_use_that_is_heard_of_late_does_not_move_the_activity_back(
    used: int, known: int | None, told: int
) -> None:
    """The later day is said anew: what was known before the use would say nothing any more."""
    last = None if known is None else activity(TODAY + timedelta(days=known))
    day = TODAY + timedelta(days=used)
    found = readings_after_use(Readings(last_activity=last), day, NOW)
    (said,) = [(one.field, one.value, one.trust) for one in found]
    assert said == (Field.LAST_ACTIVITY, _day(told), Trust.ESTIMATE)


def test_the_day_of_the_recharge_counts_not_the_day_of_its_record() -> None:
    shop = TODAY - timedelta(days=10)
    found = _after(sim(), Readings(), day=shop)
    assert found[Field.EXPIRY] == _day(355)
    assert found[Field.LAST_ACTIVITY] == _day(-10)


def test_today_is_the_sim_s_day() -> None:
    late = NOW.replace(hour=17)
    (found, *_) = readings_after(
        sim(), Readings(), last=None, value=hkd("50"), days=None, now=late
    )
    assert found.day == date(2026, 3, 3) + timedelta(days=365)


def test_an_old_recharge_noted_late_does_not_bring_the_deadline_nearer() -> None:
    """What was read after the day of the recharge knew of it already."""
    before = Readings(
        expiry=expiry(TODAY + timedelta(days=300)), balance=balance(hkd("80"))
    )
    found = _after(sim(), before, day=TODAY - timedelta(days=360))
    assert found[Field.EXPIRY] == _day(300)
    assert Field.BALANCE not in found


def test_an_old_recharge_noted_late_may_move_the_deadline_on() -> None:
    before = Readings(expiry=expiry(TODAY + timedelta(days=3)))
    found = _after(sim(), before, day=TODAY - timedelta(days=1))
    assert found[Field.EXPIRY] == _day(364)


def test_a_day_at_the_end_of_the_calendar_breaks_nothing() -> None:
    line = sim(carrier=carrier(stacking="add", max_days=None))
    found = _after(line, Readings(expiry=expiry(date.max)))
    assert Field.EXPIRY in found


def test_a_recharge_below_the_smallest_that_counts_is_no_activity() -> None:
    known = carrier(None, model="spend_window", window_days=30, min_topup="20")
    line = sim(carrier=known)
    for value, counts in (("19.99", False), ("20", True)):
        found = _after(line, Readings(), value=hkd(value))
        assert (Field.LAST_ACTIVITY in found) is counts
    assert Field.LAST_ACTIVITY in _after(line, Readings(), value=usd("1"))
    assert Field.LAST_ACTIVITY in _after(line, Readings(), value=None, days=30)


def test_a_product_without_credit_and_days_is_not_known_to_move_anything() -> None:
    before = Readings(
        expiry=expiry(TODAY), balance=balance(hkd("3")), last_activity=activity(TODAY)
    )
    assert _after(sim(), before, value=None, product="1GB") == {}
    # What a person paid somewhere, however much it was, is a recharge.
    assert Field.LAST_ACTIVITY in _after(sim(), before, value=None)
    days = _after(sim(), before, value=None, days=30, product="30D")
    assert days[Field.EXPIRY] == _day(30)
    assert Field.BALANCE in _after(sim(), before, product="50")


# -- What a new day rests on --------------------------------------------------------------

RECHARGED = order(settled_at=NOW - timedelta(days=1))


def _trust(
    old: Reading | None, last: Order | None = None, stacking: str = "add"
) -> Trust:
    found = readings_after(
        *(sim(carrier=carrier(stacking=stacking)), Readings(expiry=old)),
        last=last,
        value=hkd("50"),
        days=None,
        now=NOW,
    )
    (day,) = (reading for reading in found if reading.field is Field.EXPIRY)
    return day.trust


@pytest.mark.parametrize("stacking", ["add", "max", "unknown"])
def test_a_day_counted_from_a_doubtful_one_is_a_hint(stacking: str) -> None:
    """Counted from a day before the last recharge, it would come too early and buy once more."""
    hint = expiry(TODAY, trust=Trust.HINT)
    lags = expiry(TODAY, trust=Trust.MEASURED)
    unseen = expiry(TODAY, at=NOW - timedelta(days=2))
    assert _trust(hint, None, stacking) is Trust.HINT
    assert _trust(lags, RECHARGED, stacking) is Trust.HINT
    assert _trust(unseen, RECHARGED, stacking) is Trust.HINT


def test_a_day_that_begins_anew_rests_on_nothing() -> None:
    assert _trust(expiry(TODAY, trust=Trust.HINT), None, "reset") is Trust.ESTIMATE


@pytest.mark.parametrize(
    ("old", "last"),
    [
        (None, None),
        (None, RECHARGED),
        (expiry(TODAY, trust=Trust.MEASURED), None),
        (expiry(TODAY, trust=Trust.TYPED), RECHARGED),
        (expiry(TODAY, trust=Trust.ESTIMATE), RECHARGED),
        (
            expiry(TODAY, trust=Trust.MEASURED),
            order(settled_at=NOW - timedelta(days=3)),
        ),
    ],
)
def test_a_day_counted_from_a_good_one_is_an_estimate(
    old: Reading | None, last: Order | None
) -> None:
    assert _trust(old, last) is Trust.ESTIMATE


def test_a_source_that_never_showed_the_last_recharge_is_doubtful_for_ever() -> None:
    lost = order(effect=Effect.MISMATCH, settled_at=NOW - timedelta(days=30))
    assert _trust(expiry(TODAY, trust=Trust.MEASURED), lost) is Trust.HINT
    assert _trust(expiry(TODAY, trust=Trust.TYPED), lost) is Trust.ESTIMATE
