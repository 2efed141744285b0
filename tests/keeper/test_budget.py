"""Budgets: which caps bear on an order, in whose month, and whether there is room."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.sim_keeper.keeper.budget import (
    HOUSEHOLD_SCOPE,
    Cap,
    HouseholdRules,
    caps_for,
    holds_for,
    limited,
    month,
    overrun,
    sim_scope,
)
from custom_components.sim_keeper.keeper.ledger import Hold, Spending
from custom_components.sim_keeper.keeper.money import Money

from .builders import EPOCH, HK, NOW, hkd, rules, sim, usd

ACCOUNT = "account:model:1"
OWN = f"sim:{EPOCH}"
HOME = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("moment", "utc", "east", "west"),
    [
        ("2026-11-30T12:00", "2026-11", "2026-12", "2026-11"),
        ("2026-12-31T23:59", "2026-12", "2027-01", "2026-12"),
        ("2027-01-01T09:00", "2027-01", "2027-01", "2026-12"),
        ("2028-02-29T00:00", "2028-02", "2028-02", "2028-02"),
    ],
)
def test_a_month_begins_where_one_is(
    moment: str, utc: str, east: str, west: str
) -> None:
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    zones = ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago")
    assert tuple(month(ZoneInfo(zone), now) for zone in zones) == (utc, east, west)


def test_a_sim_s_cap_runs_in_its_zone_and_the_household_s_at_home() -> None:
    now = datetime(2026, 11, 30, 17, tzinfo=UTC)
    household = HouseholdRules(zone=HOME, monthly_caps=(usd("30"), hkd("100")))
    assert caps_for(sim(), household, now) == (
        Cap(scope=OWN, period="2026-12", limit=usd("200")),
        Cap(scope=HOUSEHOLD_SCOPE, period="2026-11", limit=usd("30")),
        Cap(scope=HOUSEHOLD_SCOPE, period="2026-11", limit=hkd("100")),
        Cap(scope=ACCOUNT, period="2026-11", limit=None),
    )
    assert sim_scope(EPOCH) == OWN


def test_without_a_shared_cap_the_household_is_counted_all_the_same() -> None:
    line = sim(rules=rules(monthly_cap=None))
    caps = caps_for(line, HouseholdRules(zone=HK), NOW)
    assert [cap.limit for cap in caps] == [None, None, None]
    scopes = [hold.scope for hold in holds_for(caps, "USD")]
    assert scopes == [OWN, HOUSEHOLD_SCOPE, ACCOUNT]
    assert not limited(line, holds_for(caps, "USD"))


def test_an_account_s_cap_binds_the_sims_that_it_pays_for() -> None:
    household = HouseholdRules(zone=HK, account_caps={"model:1": usd("9")})
    holds = holds_for(caps_for(sim(), household, NOW), "USD")
    assert {hold.scope: hold.cap for hold in holds}[ACCOUNT] == 900
    other = holds_for(caps_for(sim(account="model:2"), household, NOW), "USD")
    assert [hold.cap for hold in other if hold.scope == "account:model:2"] == [None]
    by_hand = caps_for(sim(account=None), household, NOW)
    assert [cap.scope for cap in by_hand] == [OWN, HOUSEHOLD_SCOPE]


@pytest.mark.parametrize(
    ("own", "shared", "currency", "caps"),
    [
        (usd("5"), (), "USD", (500, None)),
        (usd("5"), (usd("9"),), "USD", (500, 900)),
        (hkd("5"), (usd("9"),), "USD", (None, 900)),
        (hkd("5"), (hkd("9"),), "USD", (None, None)),
        (hkd("5"), (hkd("9"), usd("7")), "USD", (None, 700)),
        (hkd("5"), (usd("7"), hkd("9")), "USD", (None, 700)),
        (None, (usd("7"), hkd("9")), "HKD", (None, 900)),
    ],
)
def test_a_cap_limits_only_orders_in_its_own_currency(
    own: Money | None,
    shared: tuple[Money, ...],
    currency: str,
    caps: tuple[int | None, ...],
) -> None:
    household = HouseholdRules(zone=HK, monthly_caps=shared)
    line = sim(rules=rules(monthly_cap=own))
    holds = holds_for(caps_for(line, household, NOW), currency)
    assert tuple(hold.cap for hold in holds) == (*caps, None)
    assert {hold.currency for hold in holds} == {currency}
    # Its own cap, where it has one, must be among those that count.
    own_counts = own is None or caps[0] is not None
    capped = any(cap is not None for cap in caps)
    assert limited(line, holds) is (capped and own_counts)


def _hold(cap: int | None, scope: str = OWN) -> Hold:
    return Hold(scope=scope, period="2026-03", currency="USD", cap=cap)


def _spent(minor: int, scope: str = OWN, currency: str = "USD") -> Spending:
    return Spending(scope=scope, period="2026-03", amounts={currency: minor})


@pytest.mark.parametrize(
    ("spent", "ceiling", "left"),
    [(0, 1000, None), (300, 700, None), (300, 701, 700), (1000, 1, 0), (1200, 1, -200)],
)
def test_a_cap_may_be_reached_exactly_and_not_passed(
    spent: int, ceiling: int, left: int | None
) -> None:
    hold = _hold(1000)
    found = overrun((hold,), (_spent(spent),), Money(ceiling, "USD"))
    assert found == (None if left is None else (hold, Money(left, "USD")))


def test_the_first_cap_that_is_too_small_is_named() -> None:
    own, shared = _hold(1000), _hold(500, HOUSEHOLD_SCOPE)
    spent = (_spent(0), _spent(100, HOUSEHOLD_SCOPE))
    assert overrun((own, shared), spent, Money(400, "USD")) is None
    assert overrun((own, shared), spent, Money(401, "USD")) == (
        shared,
        Money(400, "USD"),
    )


def test_spending_in_another_currency_takes_no_room() -> None:
    spent = (_spent(99_999, currency="HKD"),)
    assert overrun((_hold(1000),), spent, Money(1000, "USD")) is None


def test_what_is_only_counted_is_never_too_small() -> None:
    assert overrun((_hold(None),), (_spent(10**9),), Money(10**9, "USD")) is None


@given(st.lists(st.integers(1, 500), max_size=30), st.integers(0, 3000))
def test_one_order_after_the_other_never_passes_the_cap(
    ceilings: list[int], cap: int
) -> None:
    total = 0
    for ceiling in ceilings:
        if overrun((_hold(cap),), (_spent(total),), Money(ceiling, "USD")) is None:
            total += ceiling
    assert total <= cap
