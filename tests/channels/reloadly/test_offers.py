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
from custom_components.sim_keeper.keeper.carrier_data import load_carriers
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
from custom_components.sim_keeper.price_list import PriceList
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
        # A little less than the vendor sells: its least
        (GIFFGAFF, "5", ("6.5", False, "USD"), "5.09", "6.44"),
        # Fixed, with the wallet's amounts beside the operator's own
        (HOTLINK, "10", ("2.31", False, "USD"), "10", "2.18"),
        # A table entry; a percentage fee takes the discount away
        (LYCA, "10", ("11", False, "USD"), "10", "11.33"),
        # No table entry: by the rate
        (LYCA, "20.24", ("22", False, "USD"), "20.24", "22.66"),
        # No step brings this: the nearest does, be it less or more
        (LYCA, "10.01", ("11", False, "USD"), "10", "11.33"),
        (LYCA, "19", ("22", False, "USD"), "20.24", "22.66"),
        # 100 / 41.2 = 2.42718, and a flat fee in hryvnia
        (KYIVSTAR, "100", ("100", True, "UAH"), "100", "2.48"),
        # Fixed, dollars only, delivering what the aligned list says
        (THREE, "98", ("13", False, "USD"), "98", "12.87"),
        (THREE, "90", ("13", False, "USD"), "98", "12.87"),
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


async def test_what_was_chosen_is_bought_at_the_next_days_rate(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    """What a person chose out of the list is stored as its credit, and quoted days later."""
    carrier = load_carriers()["giffgaff_gb"]
    chosen = PriceList(carrier=carrier, products=await channel.products(LYCA)).choices()
    for rate in ("0.92000", "0.91770", "0.92230", "0.87400", "0.97520"):
        vendor.world.rates[9003] = rate
        for choice in chosen:
            assert choice.wanted.amount is not None
            quote = await channel.quote(LYCA, choice.wanted)
            assert quote.product == choice.id
            assert quote.body["amount"] == choice.id.partition(":")[2]


@pytest.mark.parametrize("rate", ["0.82700", "1.01300"])
async def test_a_credit_that_moved_by_more_than_the_tolerance_is_not_offered(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, rate: str
) -> None:
    vendor.world.rates[9003] = rate
    with pytest.raises(Rejected, match="amount_not_offered") as caught:
        await channel.quote(LYCA, wanted("20.24", "EUR"))
    assert caught.value.refusal is RefusalClass.FIX_FIRST


@pytest.mark.parametrize(
    ("amount", "sent"),
    # Listed are 48, 98 and 198.
    [("43.64", "6.5"), ("53.33", "6.5"), ("89.1", "13"), ("108.8", "13")],
)
def test_an_estimated_credit_is_tolerated_by_a_tenth(amount: str, sent: str) -> None:
    tariff = tariff_of(BY_ID[9005].shown(), "HKD")
    assert tariff is not None
    assert quote_of(tariff, wanted(amount, "HKD"), None).body["amount"] == sent


@pytest.mark.parametrize("amount", ["43.63", "53.34", "60", "148", "1", "0", "1000"])
def test_an_estimated_credit_is_tolerated_by_no_more(amount: str) -> None:
    tariff = tariff_of(BY_ID[9005].shown(), "HKD")
    assert tariff is not None
    with pytest.raises(Rejected, match="amount_not_offered"):
        quote_of(tariff, wanted(amount, "HKD"), None)


def test_listed_amounts_that_move_by_cents_do_not_change_the_step() -> None:
    moved: list[Parsed] = [Decimal("47.85"), Decimal("97.70"), Decimal("197.40")]
    tariff = tariff_of({**BY_ID[9005].shown(), "localFixedAmounts": moved}, "HKD")
    assert tariff is not None
    quote = quote_of(tariff, wanted("98", "HKD"), None)
    assert (quote.body["amount"], quote.value) == ("13", Money.parse("97.70", "HKD"))


def test_of_two_steps_that_are_equally_near_the_greater_one_is_bought() -> None:
    close: list[Parsed] = [Decimal(48), Decimal(52), Decimal(52)]
    tariff = tariff_of({**BY_ID[9005].shown(), "localFixedAmounts": close}, "HKD")
    assert tariff is not None
    quote = quote_of(tariff, wanted("50", "HKD"), None)
    # And of two that bring the same, the cheaper one.
    assert (quote.body["amount"], quote.value) == ("13", Money.parse("52", "HKD"))


@pytest.mark.parametrize("least", ["7.02", "9.50", "50"])
def test_a_minimum_that_was_raised_is_not_bought_instead(least: str) -> None:
    """10 % more than 5.00 is 5.50, or 7.0125 dollars."""
    data: Table = {**BY_ID[9001].shown(), "minAmount": Decimal(least)}
    tariff = tariff_of(data, "GBP")
    assert tariff is not None
    with pytest.raises(Rejected, match="amount_not_offered"):
        quote_of(tariff, wanted("5", "GBP"), None)
    tariff = tariff_of({**data, "minAmount": Decimal("7.01")}, "GBP")
    assert tariff is not None
    assert quote_of(tariff, wanted("5", "GBP"), None).body["amount"] == "7.01"


@pytest.mark.parametrize("amount", ["1", "4.62", "51"])
async def test_far_below_and_above_the_range_nothing_is_offered(
    channel: ReloadlyChannel, amount: str
) -> None:
    with pytest.raises(Rejected, match="amount_not_offered"):
        await channel.quote(GIFFGAFF, wanted(amount, "GBP"))


def test_an_exact_amount_is_found_by_what_the_list_shows_of_it() -> None:
    """Half a cent is not shown, so nobody can wish for it."""
    odd: list[Parsed] = [Decimal("4.995"), Decimal("9.995"), Decimal(30), Decimal(50)]
    tariff = tariff_of({**BY_ID[9002].shown(), "localFixedAmounts": odd}, "MYR")
    assert tariff is not None
    for product in products_of(tariff):
        quote = quote_of(tariff, Wanted(amount=product.value), None)
        assert quote.product == product.id
    with pytest.raises(Rejected, match="amount_not_offered"):
        quote_of(tariff, wanted("10", "MYR"), None)


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
