"""Money: exact at the edge, never mixed, never a float."""

from contextlib import suppress
from decimal import Decimal
import itertools

from hypothesis import given, strategies as st
import pytest

from custom_components.sim_keeper.keeper.errors import (
    AmountFault,
    AmountInvalid,
    CurrencyMismatch,
)
from custom_components.sim_keeper.keeper.money import (
    MAX_MINOR,
    Money,
    exponent,
    positive,
)

CURRENCIES = st.sampled_from(["JPY", "EUR", "KWD", "CLF", "HKD", "IDR"])
MINORS = st.integers(-MAX_MINOR, MAX_MINOR)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("JPY", 0), ("VND", 0), ("EUR", 2), ("IDR", 2), ("KWD", 3), ("CLF", 4)],
)
def test_a_currency_has_its_own_number_of_decimals(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize(
    "currency", ["", "usd", "US", "USDT", "XYZ", "XAU", "XXX", "XTS", "€", " EUR"]
)
def test_what_is_no_money_in_use_has_no_amount(currency: str) -> None:
    with pytest.raises(AmountInvalid) as caught:
        Money.parse("1", currency)
    assert caught.value.reason is AmountFault.UNKNOWN_CURRENCY


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12", "EUR", 1200),
        ("12.5", "EUR", 1250),
        (" 12.50 ", "EUR", 1250),
        ("12.500", "EUR", 1250),
        ("-0.25", "EUR", -25),
        ("+3", "EUR", 300),
        ("0", "EUR", 0),
        ("-0.00", "EUR", 0),
        ("007", "EUR", 700),
        ("100", "JPY", 100),
        ("100.0", "JPY", 100),
        ("0.001", "KWD", 1),
        ("1.234", "KWD", 1234),
        ("100000000000", "EUR", 10**13),
    ],
)
def test_a_plain_number_is_read_exactly(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "fault"),
    [
        ("1,000.00", "EUR", AmountFault.NOT_A_NUMBER),
        ("1.000,00", "EUR", AmountFault.NOT_A_NUMBER),
        ("1.000.000", "IDR", AmountFault.NOT_A_NUMBER),
        ("1 000", "EUR", AmountFault.NOT_A_NUMBER),
        ("1_000", "EUR", AmountFault.NOT_A_NUMBER),
        ("12,5", "EUR", AmountFault.NOT_A_NUMBER),
        ("1e9", "EUR", AmountFault.NOT_A_NUMBER),
        ("NaN", "EUR", AmountFault.NOT_A_NUMBER),
        ("sNaN", "EUR", AmountFault.NOT_A_NUMBER),
        ("Infinity", "EUR", AmountFault.NOT_A_NUMBER),
        ("", "EUR", AmountFault.NOT_A_NUMBER),
        (".5", "EUR", AmountFault.NOT_A_NUMBER),
        ("5.", "EUR", AmountFault.NOT_A_NUMBER),
        ("--5", "EUR", AmountFault.NOT_A_NUMBER),
        ("€5", "EUR", AmountFault.NOT_A_NUMBER),
        ("0x10", "EUR", AmountFault.NOT_A_NUMBER),
        ("１２", "EUR", AmountFault.NOT_A_NUMBER),
        ("1" * 21, "EUR", AmountFault.NOT_A_NUMBER),
        ("12.345", "EUR", AmountFault.TOO_PRECISE),
        ("0.5", "JPY", AmountFault.TOO_PRECISE),
        ("1.2345", "KWD", AmountFault.TOO_PRECISE),
        ("0." + "0" * 19 + "1", "EUR", AmountFault.TOO_PRECISE),
        ("100000000000.01", "EUR", AmountFault.TOO_LARGE),
        ("-" + "9" * 20, "EUR", AmountFault.TOO_LARGE),
    ],
)
def test_what_cannot_be_read_exactly_is_refused(
    text: str, currency: str, fault: AmountFault
) -> None:
    with pytest.raises(AmountInvalid) as caught:
        Money.parse(text, currency)
    assert caught.value.reason is fault
    assert str(caught.value) == fault.value


@pytest.mark.parametrize(
    "value",
    [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity")],
)
def test_a_decimal_that_is_no_number_is_refused(value: Decimal) -> None:
    for convert in (Money.exactly, Money.rounded_up):
        with pytest.raises(AmountInvalid) as caught:
            convert(value, "EUR")
        assert caught.value.reason is AmountFault.NOT_A_NUMBER


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("1e999999", AmountFault.TOO_LARGE),
        ("1e9999999", AmountFault.TOO_LARGE),
        ("-1e9999999", AmountFault.TOO_LARGE),
        ("1e-9999999", AmountFault.TOO_PRECISE),
        ("1e999999999999999999", AmountFault.NOT_A_NUMBER),
    ],
)
def test_a_mad_exponent_is_refused_and_never_becomes_zero(
    value: str, fault: AmountFault
) -> None:
    with pytest.raises(AmountInvalid) as caught:
        Money.exactly(Decimal(value), "EUR")
    assert caught.value.reason is fault


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [
        ("6.501", "USD", 651),
        ("6.5", "USD", 650),
        ("0.00000001", "USD", 1),
        ("-0.009", "USD", 0),
        ("1.1", "JPY", 2),
        ("0.1234", "KWD", 124),
    ],
)
def test_a_cost_is_rounded_up(value: str, currency: str, minor: int) -> None:
    assert Money.rounded_up(Decimal(value), currency) == Money(minor, currency)


@given(MINORS, CURRENCIES)
def test_value_and_exactly_are_inverse(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.exactly(money.value, currency) == money
    assert Money.rounded_up(money.value, currency) == money
    assert Money.parse(f"{money.value:f}", currency) == money


@given(st.decimals(-(10**9), 10**9, allow_nan=False, places=6), CURRENCIES)
def test_rounding_up_never_loses_and_adds_less_than_a_unit(
    value: Decimal, currency: str
) -> None:
    rounded = Money.rounded_up(value, currency)
    assert value <= rounded.value < value + Money(1, currency).value


@given(st.text(max_size=30), CURRENCIES)
def test_any_text_is_either_read_or_refused_with_a_reason(
    text: str, currency: str
) -> None:
    with suppress(AmountInvalid):
        assert Money.parse(text, currency).value == Decimal(text.strip())


@given(st.integers(0, MAX_MINOR), st.integers(0, 100))
def test_a_margin_is_rounded_up(minor: int, percent: int) -> None:
    more = Money(minor, "EUR").with_margin(percent).minor
    assert (more - 1) * 100 < minor * (100 + percent) <= more * 100


@given(MINORS, MINORS)
def test_sums_and_comparisons_are_those_of_integers(one: int, other: int) -> None:
    a, b = Money(one, "EUR"), Money(other, "EUR")
    assert (a + b).minor == one + other
    assert (a - b).minor == one - other
    assert (a < b, a <= b, a == b) == (one < other, one <= other, one == other)


@pytest.mark.parametrize(
    "calculate",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
        max,
    ],
)
def test_currencies_never_mix(calculate: object) -> None:
    assert callable(calculate)
    for a, b in itertools.permutations((Money(1, "EUR"), Money(1, "USD"))):
        with pytest.raises(CurrencyMismatch, match="cannot be mixed"):
            calculate(a, b)
        assert a != b


def test_an_amount_is_written_with_all_its_decimals() -> None:
    assert str(Money(1250, "EUR")) == "12.50 EUR"
    assert str(Money(5, "JPY")) == "5 JPY"
    assert str(Money(-5, "KWD")) == "-0.005 KWD"
    assert str(Money(10**13, "JPY")) == "10000000000000 JPY"


def test_only_more_than_nothing_is_positive() -> None:
    assert positive(Money(1, "EUR")) == Money(1, "EUR")
    for minor in (0, -1):
        with pytest.raises(AmountInvalid) as caught:
            positive(Money(minor, "EUR"))
        assert caught.value.reason is AmountFault.NOT_POSITIVE
