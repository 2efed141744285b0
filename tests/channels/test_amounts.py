"""Money that vendors tell."""

from decimal import Decimal

import pytest

from custom_components.sim_keeper.channels.amounts import cost_in, floor_money, floored
from custom_components.sim_keeper.channels.parsing import Parsed, decode
from custom_components.sim_keeper.keeper.errors import AmountInvalid
from custom_components.sim_keeper.keeper.money import Money


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [
        ("1.999", "USD", 199),
        ("-1.991", "USD", -200),
        ("1.9", "JPY", 1),
        ("0.0009999", "KWD", 0),
    ],
)
def test_what_is_there_is_rounded_down(value: str, currency: str, minor: int) -> None:
    assert floored(Decimal(value), currency) == Money(minor, currency)
    assert floor_money(Decimal(value), currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("value", "currency"), [("1e30", "USD"), ("1", "XXX"), ("1", "usd")]
)
def test_what_makes_no_sense_is_none(value: str, currency: str) -> None:
    assert floor_money(Decimal(value), currency) is None
    with pytest.raises(AmountInvalid):
        floored(Decimal(value), currency)


def test_a_cost_is_rounded_up_and_keeps_the_vendors_text() -> None:
    assert cost_in(decode(b"1.0010"), "USD") == (Money(101, "USD"), "1.0010")
    assert cost_in("2", "IDR") == (Money(200, "IDR"), "2")
    assert cost_in(0, "IDR") == (Money(0, "IDR"), "0")


@pytest.mark.parametrize("value", [None, "", "-1", -1, "1,000", [], {}, True])
def test_a_cost_that_cannot_be_read_is_none(value: Parsed) -> None:
    assert cost_in(value, "IDR") == (None, None)


def test_a_cost_in_no_currency_is_none() -> None:
    assert cost_in(1, "XXX") == (None, None)
