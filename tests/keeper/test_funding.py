"""How long a wallet lasts, and when its source runs out."""

from datetime import date, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.sim_keeper.keeper.funding import (
    DRY_WITHIN,
    Charge,
    Funding,
    funding,
    payment_stage,
)
from custom_components.sim_keeper.keeper.money import Money

TODAY = date(2026, 11, 20)


def usd(text: str) -> Money:
    """Return dollars."""
    return Money.parse(text, "USD")


def charge(days: int, cost: str | Money | None) -> Charge:
    """Return a recharge in so many days."""
    day = TODAY + timedelta(days=days)
    return Charge(day=day, cost=usd(cost) if isinstance(cost, str) else cost)


def told(wallet: str, *charges: Charge, low: Money | None = None) -> Funding:
    """Return what is told of a wallet of dollars."""
    return funding(usd(wallet), charges, TODAY, low)


@pytest.mark.parametrize(
    ("wallet", "charges", "dry_in", "low", "needed"),
    [
        ("10", [], None, False, "0"),
        ("10", [(3, "4"), (9, "6")], None, False, "10"),
        ("9.99", [(3, "4"), (9, "6")], 9, True, "10"),
        ("9.99", [(9, "6"), (3, "4")], 9, True, "10"),
        ("3", [(0, "4")], 0, True, "4"),
        ("3", [(14, "4")], 14, True, "4"),
        ("3", [(15, "4")], 15, False, "0"),
        ("10", [(3, "4"), (20, "4"), (30, "4")], 30, False, "4"),
        # What was due long ago is paid as soon as it can be.
        ("3", [(-5, "4")], -5, True, "4"),
        ("-1", [(2, "0.01")], 2, True, "0.01"),
    ],
)
def test_a_wallet_lasts_until_its_charges_exceed_it(
    wallet: str,
    charges: list[tuple[int, str]],
    dry_in: int | None,
    low: bool,
    needed: str,
) -> None:
    found = told(wallet, *(charge(days, cost) for days, cost in charges))
    day = None if dry_in is None else TODAY + timedelta(days=dry_in)
    assert (found.dry_on, found.low, found.needed) == (day, low, usd(needed))
    assert not found.below_threshold


@pytest.mark.parametrize(
    ("wallet", "low"), [("4.99", True), ("5.00", False), ("5.01", False)]
)
def test_a_threshold_counts_whatever_is_coming(wallet: str, low: bool) -> None:
    found = told(wallet, low=usd("5"))
    assert (found.low, found.below_threshold) == (low, low)
    assert found.dry_on is None


def test_without_a_price_nobody_can_tell() -> None:
    assert told("10", charge(3, None)).low is None
    # Enough for what is known says nothing of the rest; too little for it says enough.
    assert told("10", charge(3, None), charge(4, "5")).low is None
    assert told("4", charge(3, None), charge(4, "5")).low is True
    # With a threshold people have said what is enough.
    assert told("10", charge(3, None), low=usd("5")).low is False
    # What is far away does not matter yet.
    assert told("10", charge(15, None)).low is False


def test_nothing_is_converted() -> None:
    rupiah = Money.parse("100000000", "IDR")
    found = told("10", charge(1, rupiah))
    assert (found.low, found.dry_on, found.needed) == (None, None, usd("0"))
    other = told("10", low=rupiah)
    assert (other.low, other.threshold) == (False, None)


@given(
    st.integers(-500, 5_000),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 900)), max_size=12),
)
def test_paying_day_by_day_comes_to_the_same(
    wallet: int, charges: list[tuple[int, int]]
) -> None:
    found = funding(
        Money(wallet, "USD"),
        [charge(days, Money(cost, "USD")) for days, cost in charges],
        TODAY,
    )
    dry = None
    for days in range(61):
        paid = sum(cost for day, cost in charges if day <= days)
        if dry is None and paid > wallet and any(day == days for day, _ in charges):
            dry = TODAY + timedelta(days=days)
    assert found.dry_on == dry
    assert found.low is (dry is not None and dry <= TODAY + DRY_WITHIN)


@pytest.mark.parametrize(
    ("left", "stage"),
    [
        (31, None),
        (30, 30),
        (8, 30),
        (7, 7),
        (2, 7),
        (1, 1),
        (0, 0),
        (-1, 0),
        (-400, 0),
    ],
)
def test_a_payment_method_that_expires_has_four_stages(
    left: int, stage: int | None
) -> None:
    assert payment_stage(TODAY + timedelta(days=left), TODAY) == stage
