"""What is sold, what it delivers and what it will cost."""

from dataclasses import replace
from decimal import Decimal
import json

import pytest

from custom_components.sim_keeper.channels.parsing import Parsed, Table
from custom_components.sim_keeper.channels.reloadly import ReloadlyChannel
from custom_components.sim_keeper.channels.reloadly.offers import (
    products_of,
    quote_of,
    tariff_of,
)
from custom_components.sim_keeper.keeper.errors import (
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import (
    Confirmed,
    Line,
    Operator,
    Purchase,
    Wanted,
)
from tests.vendors.reloadly import ReloadlySimulator
from tests.vendors.reloadly.catalogue import BY_ID

from ..conftest import Clock
from .conftest import AXIS, GIFFGAFF, HOTLINK, KYIVSTAR, LYCA, THREE, wanted


async def test_the_operator_is_found_by_prefix(channel: ReloadlyChannel) -> None:
    assert await channel.operator(AXIS) == Operator(id="243", name="Axis Indonesia")
    assert await channel.operator(replace(AXIS, number="+6281255501234")) is None
    assert await channel.operator(replace(AXIS, country="FR")) is None
    assert await channel.operator(replace(AXIS, number="+447455012345")) is None


@pytest.mark.parametrize(
    ("line", "amount", "body", "value", "price"),
    [
        # 50000 / 15500 = 3.22581
        (AXIS, "50000", ("50000", True, "IDR"), "50000", "3.23"),
        # 10 / 0.78431 = 12.7500...; less 2.5 %, and 0.10 on top
        (GIFFGAFF, "10", ("12.76", False, "USD"), "10.00", "12.55"),
        # Less than the vendor sells: the least that delivers it
        (GIFFGAFF, "1", ("6.5", False, "USD"), "5.09", "6.44"),
        # Fixed, with the wallet's amounts beside the operator's own
        (HOTLINK, "10", ("2.31", False, "USD"), "10", "2.18"),
        # A table entry; a percentage fee takes the discount away
        (LYCA, "10", ("11", False, "USD"), "10", "11.33"),
        # No table entry: by the rate, and the smallest that suffices
        (LYCA, "10.01", ("22", False, "USD"), "20.24", "22.66"),
        # 100 / 41.2 = 2.42718, and a flat fee in hryvnia
        (KYIVSTAR, "100", ("100", True, "UAH"), "100", "2.48"),
        # Fixed, dollars only, delivering what the aligned list says
        (THREE, "98", ("13", False, "USD"), "98", "12.87"),
        (THREE, "60", ("13", False, "USD"), "98", "12.87"),
    ],
)
async def test_quotes(
    channel: ReloadlyChannel,
    line: Line,
    amount: str,
    body: tuple[str, bool, str],
    value: str,
    price: str,
) -> None:
    quote = await channel.quote(line, wanted(amount, line.currency))
    assert (
        quote.body["amount"],
        quote.body["useLocalAmount"],
        quote.body["currency"],
    ) == body
    assert quote.value == Money.parse(value, line.currency)
    assert quote.price == Money.parse(price, "USD")
    json.dumps(dict(quote.body))


@pytest.mark.parametrize("line", [AXIS, GIFFGAFF, HOTLINK, LYCA, KYIVSTAR, THREE])
async def test_what_was_quoted_is_what_it_costs_and_delivers(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, line: Line
) -> None:
    for index, product in enumerate(await channel.products(line)):
        asked = Wanted(
            product=product.id, amount=product.value if product.value_max else None
        )
        quote = await channel.quote(line, asked)
        purchase = Purchase(
            key=f"SK-{index}", line=line, body=quote.body, created_at=clock.now()
        )
        taken = await channel.submit(purchase)
        clock.advance(seconds=10)
        outcome = await channel.lookup(replace(purchase, reference=taken.reference))
        assert isinstance(outcome, Confirmed)
        assert outcome.cost == quote.price
        assert outcome.delivered == quote.value
        sale = vendor.world.sales[-1]
        assert outcome.cost_exact == f"{sale.cost}000000"


@pytest.mark.parametrize("amount", ["7", "5.01", "200"])
async def test_only_listed_local_amounts_are_sold(
    channel: ReloadlyChannel, amount: str
) -> None:
    with pytest.raises(Rejected, match="amount_not_offered"):
        await channel.quote(HOTLINK, wanted(amount, "MYR"))


async def test_products_are_plain_airtime_with_the_vendors_words(
    channel: ReloadlyChannel,
) -> None:
    names = [product.name for product in await channel.products(HOTLINK)]
    assert names == [
        "RM 5, 5 days",
        "RM 10, 10 days",
        "RM 30, 30 days",
        "Hotlink Malaysia",
    ]
    (axis,) = await channel.products(replace(AXIS, operator=None))
    assert axis.value == Money.parse("5000", "IDR")
    assert axis.value_max == Money.parse("1000000", "IDR")
    assert await channel.products(replace(AXIS, operator="231")) == ()
    with pytest.raises(Rejected, match="amount_not_offered"):
        await channel.quote(replace(AXIS, operator="231"), wanted("12000", "IDR"))
    sleeping = replace(GIFFGAFF, number="+447955012345")
    assert await channel.products(sleeping) == ()


@pytest.mark.parametrize("operator", ["777", "no number", "0"])
async def test_an_operator_that_does_not_exist(
    channel: ReloadlyChannel, operator: str
) -> None:
    with pytest.raises(Rejected, match="OPERATOR_NOT_FOUND") as caught:
        await channel.quote(replace(AXIS, operator=operator), wanted("50000", "IDR"))
    assert caught.value.refusal is RefusalClass.FIX_FIRST


@pytest.mark.parametrize(
    "change",
    [
        {"fx": None},
        {"fx": {"rate": 0}},
        {"fx": {"rate": "1.000,00"}},
        {"fx": {"rate": "NaN"}},
        {"operatorId": None, "id": None},
        {"operatorId": True, "id": True},
        {"senderCurrencyCode": "XXX"},
        {"senderCurrencyCode": "U$D"},
        {"destinationCurrencyCode": 360},
        {"denominationType": "SURPRISE"},
        {"localMinAmount": 10, "localMaxAmount": 5},
        {"localMinAmount": 1, "localMaxAmount": "9" * 20, "maxAmount": None},
        {"fees": {"local": -1}},
        {"localDiscount": "ten"},
    ],
    ids=str,
)
def test_an_operator_that_makes_no_sense_is_unavailable(
    change: dict[str, object],
) -> None:
    data = {**BY_ID[243].shown(), **change}
    with pytest.raises(Unavailable):
        tariff_of(data, "IDR")  # type: ignore[arg-type]


def test_null_local_limits_fall_back_to_dollars() -> None:
    data = {**BY_ID[243].shown(), "localMinAmount": None, "localMaxAmount": None}
    tariff = tariff_of(data, "IDR")
    assert tariff is not None
    quote = quote_of(tariff, wanted("50000", "IDR"), None)
    assert quote.body["useLocalAmount"] is False
    assert quote.body["amount"] == "3.23"
    assert quote.value is not None
    assert Money.parse("50000", "IDR") <= quote.value
    # 3.23 less the international discount of 10 %
    assert quote.price == Money.parse("2.91", "USD")


FIXED: Table = {
    "denominationType": "FIXED",
    "localFixedAmounts": [50000, 100000],
    "localFixedAmountsDescriptions": {"50000.00": "50 ribu"},
    "fixedAmounts": [Decimal("3.23"), Decimal("6.46")],
}


def test_the_wallet_s_amount_beside_the_operator_s_own_is_preferred() -> None:
    tariff = tariff_of({**BY_ID[243].shown(), **FIXED}, "IDR")
    assert tariff is not None
    quote = quote_of(tariff, wanted("50000", "IDR"), None)
    assert (quote.body["amount"], quote.body["useLocalAmount"]) == ("3.23", False)
    assert quote.value == Money.parse("50000", "IDR")
    # 3.23 less the international discount of 10 %; the local one is smaller
    assert quote.price == Money.parse("2.91", "USD")
    shown = products_of(tariff)
    assert [product.id for product in shown] == ["243:50000", "243:100000"]
    assert shown[0].name == "50 ribu"
    assert quote_of(tariff, Wanted(product="243:50000"), None) == quote


def test_between_the_listed_amounts_nothing_is_offered() -> None:
    tariff = tariff_of({**BY_ID[243].shown(), **FIXED}, "IDR")
    assert tariff is not None
    with pytest.raises(Rejected, match="amount_not_offered"):
        quote_of(tariff, wanted("60000", "IDR"), None)


@pytest.mark.parametrize("listed", [[1], [], None, [1, "six"]], ids=str)
def test_lists_that_do_not_match_leave_the_operator_s_own_amount(
    listed: list[Parsed] | None,
) -> None:
    data: Table = {**BY_ID[243].shown(), **FIXED, "fixedAmounts": listed}
    tariff = tariff_of(data, "IDR")
    assert tariff is not None
    quote = quote_of(tariff, wanted("50000", "IDR"), None)
    assert (quote.body["amount"], quote.body["useLocalAmount"]) == ("50000", True)
    assert [product.id for product in products_of(tariff)] == [
        "243:50000",
        "243:100000",
    ]
