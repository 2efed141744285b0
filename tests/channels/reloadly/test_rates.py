"""What an amount costs, and the lists that are keyed by amounts."""

from decimal import Decimal

import pytest

from custom_components.sim_keeper.channels.parsing import Parsed, decode
from custom_components.sim_keeper.channels.reloadly.rates import (
    amounts_in,
    by_amount,
    rates_of,
)
from custom_components.sim_keeper.keeper.errors import Unavailable
from custom_components.sim_keeper.keeper.money import Money

OPERATOR: dict[str, Parsed] = {
    "senderCurrencyCode": "USD",
    "destinationCurrencyCode": "IDR",
    "fx": {"rate": 15500},
    "internationalDiscount": 8,
    "localDiscount": 0,
    "fees": {"international": Decimal("0.05"), "local": 310},
}


@pytest.mark.parametrize(
    ("local", "amount", "currency", "price"),
    [
        # 0.78 less 8 %, and 0.05 on top
        (False, "0.78", "USD", "0.77"),
        # 12000 / 15500 and 310 / 15500
        (True, "12000", "IDR", "0.80"),
    ],
)
def test_each_mode_has_its_own_discount_and_fees(
    local: bool, amount: str, currency: str, price: str
) -> None:
    rates = rates_of(OPERATOR, local=local)
    assert rates.currency == currency
    assert rates.price(Decimal(amount)) == Money.parse(price, "USD")


def test_a_percentage_fee_takes_the_discount_away() -> None:
    fees: Parsed = {"internationalPercentage": 3}
    rates = rates_of({**OPERATOR, "fees": fees}, local=False)
    assert rates.price(Decimal(10)) == Money.parse("10.30", "USD")


def test_a_discount_beyond_everything_makes_nothing_negative() -> None:
    rates = rates_of({**OPERATOR, "internationalDiscount": 200}, local=False)
    assert rates.price(Decimal(10)) == Money(0, "USD")


@pytest.mark.parametrize(
    "change",
    [
        {"senderCurrencyCode": None},
        {"senderCurrencyCode": "XXX"},
        {"destinationCurrencyCode": 5},
        {"fx": []},
        {"fx": {"rate": -1}},
        {"internationalDiscount": "8 %"},
        {"internationalDiscount": -8},
        {"fees": {"international": "free"}},
    ],
    ids=str,
)
def test_rates_that_make_no_sense_are_unavailable(change: dict[str, Parsed]) -> None:
    with pytest.raises(Unavailable):
        rates_of({**OPERATOR, **change}, local=False)


@pytest.mark.parametrize("fees", [None, [], "none"])
def test_missing_fees_are_none(fees: Parsed) -> None:
    rates = rates_of({**OPERATOR, "fees": fees}, local=False)
    assert rates.price(Decimal(10)) == Money.parse("9.20", "USD")


def test_a_list_with_one_strange_amount_is_no_list() -> None:
    assert amounts_in(decode(b"[5.00, 1E+1, 3.8E-5, 7]")) == [
        *(Decimal(5), Decimal(10), Decimal("0.000038"), Decimal(7))
    ]
    for text in (b"[5, null]", b'[5, "1,000"]', b"[5, true]", b"{}", b"null"):
        assert amounts_in(decode(text)) == []


def test_keys_are_compared_as_numbers() -> None:
    keyed = by_amount({"5.00": "five", "12,000": "no", "1e3": "no", "": "no"})
    assert keyed == {Decimal(5): "five"}
