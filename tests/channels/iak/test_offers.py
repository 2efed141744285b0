"""The price list: what is for a line, what it gives and what it costs."""

from dataclasses import replace
import json

import aiohttp
import pytest

from custom_components.sim_keeper.channels.iak import IakChannel
from custom_components.sim_keeper.keeper.errors import RefusalClass, Rejected
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import Operator, Product, Wanted
from tests.vendors.iak import IakSimulator

from ..conftest import Clock
from .conftest import AXIS, MALAYSIA, XL, login_at, rupiah


def idr(text: str) -> Money:
    return Money.parse(text, "IDR")


def listing(vendor: IakSimulator, *rows: object, times: int | None = 1) -> None:
    """Let the vendor's next credit list be exactly this."""
    text = json.dumps({"data": {"pricelist": rows, "rc": "00", "message": "SUCCESS"}})
    vendor.fault(
        "answer", on="/api/pricelist/pulsa", status=200, text=text, times=times
    )


ROW: dict[str, object] = {
    "product_code": "haxis10000",
    "product_description": "AXIS",
    "product_nominal": "10000",
    "product_price": 10800,
    "product_type": "pulsa",
    "active_period": "15",
    "status": "active",
}


@pytest.mark.parametrize("bare", [False, True], ids=["wrapped", "bare"])
async def test_credit_comes_with_its_days_and_data_without(
    channel: IakChannel, vendor: IakSimulator, bare: bool
) -> None:
    vendor.bare_list = bare
    products = {product.id: product for product in await channel.products(AXIS)}
    assert products["haxis10000"] == Product(
        id="haxis10000",
        name="AXIS 10000",
        value=idr("10000"),
        price=idr("10800"),
        days=15,
    )
    # Not stated is not zero.
    assert products["haxis15000"].days is None
    assert products["axisdata1"] == Product(
        id="axisdata1",
        name="Axis Paket Internet Bronet 1GB 30 hari",
        value=None,
        price=idr("14200"),
        days=None,
    )
    assert [*products][0] == "haxis5000"
    # Neither what is switched off nor what is for other operators and countries.
    assert {code[:8] for code in products} == {
        *("haxis500", "haxis100", "haxis150", "haxis250", "haxis200"),
        "axisdata",
    }


async def test_a_data_product_can_be_bought_by_name(channel: IakChannel) -> None:
    quote = await channel.quote(AXIS, Wanted(product="axisdata5"))
    assert (quote.value, quote.days) == (None, None)
    assert quote.price == idr("43100")
    assert quote.body == {"product_code": "axisdata5"}
    with pytest.raises(Rejected, match="amount_not_offered"):
        await channel.quote(
            AXIS, Wanted(product="axisdata5", amount=Money.parse("5000", "IDR"))
        )


async def test_a_product_and_an_amount_must_agree(channel: IakChannel) -> None:
    wanted = Wanted(product="haxis10000", amount=idr("10000"))
    assert (await channel.quote(AXIS, wanted)).value == idr("10000")
    with pytest.raises(Rejected, match="amount_not_offered"):
        await channel.quote(AXIS, replace(wanted, amount=idr("5000")))


async def test_the_list_is_kept_to_choose_from_but_never_to_buy_by(
    channel: IakChannel, vendor: IakSimulator, clock: Clock
) -> None:
    before = await channel.products(AXIS)
    asked = len(vendor.calls)
    assert await channel.products(AXIS) == before
    assert len(vendor.calls) == asked
    vendor.fault("price_rise", times=None)
    assert (await channel.quote(AXIS, rupiah("10000"))).price == idr("12960")
    # What was read to buy by is news for the choice as well.
    assert (await channel.products(AXIS))[1].price == idr("12960")
    clock.advance(hours=4)
    assert {product.price for product in await channel.products(AXIS)}.isdisjoint(
        {product.price for product in before}
    )


async def test_the_operator_is_asked_for_where_none_was_confirmed(
    channel: IakChannel, vendor: IakSimulator
) -> None:
    assert await channel.operator(XL) == Operator(id="xl", name="XL")
    quote = await channel.quote(XL, rupiah("50000"))
    assert quote.product == "xld50000"
    assert vendor.calls[-2:] == [
        "POST /api/check-operator",
        "POST /api/pricelist/pulsa/xl",
    ]


@pytest.mark.parametrize(
    ("named", "operator"),
    [
        ("AXIS", "axis"),
        ("Smartfren", "smart"),
        ("Smart", "smart"),
        ("TRI", "three"),
        ("Three", "three"),
        ("3", "three"),
        ("Indosat", "indosat"),
        ("Somebody New", None),
    ],
)
async def test_operators_have_the_names_of_the_price_list(
    channel: IakChannel, vendor: IakSimulator, named: str, operator: str | None
) -> None:
    text = json.dumps({"data": {"operator": named, "rc": "00", "message": "SUCCESS"}})
    vendor.fault("answer", on="/api/check-operator", status=200, text=text)
    found = await channel.operator(AXIS)
    assert (found and found.id) == operator


async def test_a_number_that_the_vendor_does_not_know_has_no_operator(
    channel: IakChannel,
) -> None:
    unknown = replace(AXIS, number="+6280955501234", operator=None)
    assert await channel.operator(unknown) is None
    with pytest.raises(Rejected, match="operator_not_sold") as caught:
        await channel.quote(unknown, rupiah("10000"))
    assert caught.value.refusal is RefusalClass.FIX_FIRST


async def test_another_providers_operator_is_not_sold(channel: IakChannel) -> None:
    with pytest.raises(Rejected, match="operator_not_sold"):
        await channel.quote(replace(AXIS, operator="243"), rupiah("10000"))


async def test_other_countries_are_not_sold_and_not_asked_about(
    channel: IakChannel, vendor: IakSimulator
) -> None:
    assert await channel.operator(MALAYSIA) is None
    for wanted in (Wanted(product="altel10"), rupiah("10000")):
        with pytest.raises(Rejected, match="country_not_sold"):
            await channel.quote(MALAYSIA, wanted)
    with pytest.raises(Rejected, match="country_not_sold"):
        await channel.products(MALAYSIA)
    assert vendor.calls == []


async def test_where_credit_is_sold_twice_the_one_with_more_days_is_bought(
    channel: IakChannel, vendor: IakSimulator
) -> None:
    """A transfer of credit is cheaper, and keeps no number alive."""
    transfer = {**ROW, "product_code": "tf10", "product_price": 9000}
    cheaper = {**ROW, "product_code": "promo", "product_price": 10700}
    listing(vendor, {**transfer, "active_period": "0"}, ROW, cheaper)
    quote = await channel.quote(AXIS, rupiah("10000"))
    assert (quote.product, quote.days) == ("promo", 15)


@pytest.mark.parametrize(
    ("dear", "bought"),
    [(13500, "long"), (13501, "haxis10000"), (45000, "haxis10000")],
)
async def test_more_days_are_not_bought_at_any_price(
    channel: IakChannel, vendor: IakSimulator, dear: int, bought: str
) -> None:
    """A quarter more than 10,800 is 13,500."""
    long = {**ROW, "product_code": "long", "product_price": dear, "active_period": "60"}
    listing(vendor, ROW, long, times=None)
    assert (await channel.quote(AXIS, rupiah("10000"))).product == bought
    by_name = await channel.quote(AXIS, Wanted(product="long"))
    assert (by_name.days, by_name.price) == (60, idr(str(dear)))


async def test_of_those_that_cost_little_more_the_one_with_most_days_is_bought(
    channel: IakChannel, vendor: IakSimulator
) -> None:
    better = {
        **ROW,
        "product_code": "better",
        "product_price": 11500,
        "active_period": "30",
    }
    best = {**better, "product_code": "best", "product_price": 11000}
    dear = {**ROW, "product_code": "dear", "product_price": 30000, "active_period": 365}
    listing(vendor, ROW, better, best, dear)
    assert (await channel.quote(AXIS, rupiah("10000"))).product == "best"


@pytest.mark.parametrize(
    "change",
    [
        {"status": "non active"},
        {"status": None},
        {"product_type": "data"},
        {"product_description": "XL"},
        {"product_code": ""},
        {"product_code": 10},
        {"product_code": "../top-up"},
        {"product_code": "x" * 65},
        {"product_price": 0},
        {"product_price": -1},
        {"product_price": None},
        {"product_price": "free"},
        {"product_price": True},
        {"product_price": "1e30"},
        {"product_nominal": "10.000"},
        {"product_nominal": "10"},
        {"product_nominal": 10000},
        {"product_nominal": None},
        {"product_nominal": "-10000"},
    ],
)
async def test_a_row_that_cannot_be_relied_on_is_not_bought(
    channel: IakChannel, vendor: IakSimulator, change: dict[str, object]
) -> None:
    listing(vendor, {**ROW, **change}, 5, None, [], "row")
    with pytest.raises(Rejected, match="amount_not_offered"):
        await channel.quote(AXIS, rupiah("10000"))


@pytest.mark.parametrize(
    ("period", "days"),
    [
        *(("15", 15), (15, 15), ("0", None), ("-1", None), ("", None), (None, None)),
        *(("15 days", None), ("1.5", None), ("99999", None), ([15], None)),
    ],
)
async def test_days_are_read_or_not_known(
    channel: IakChannel, vendor: IakSimulator, period: object, days: int | None
) -> None:
    listing(vendor, {**ROW, "active_period": period})
    assert (await channel.quote(AXIS, rupiah("10000"))).days == days


async def test_prices_are_rounded_up_to_minor_units(
    channel: IakChannel, vendor: IakSimulator
) -> None:
    listing(vendor, {**ROW, "product_price": "10800.001"})
    assert (await channel.quote(AXIS, rupiah("10000"))).price == idr("10800.01")


async def test_names_of_products_are_short_and_printable(
    channel: IakChannel, vendor: IakSimulator
) -> None:
    strange = "AXIS\u202e\n" + "y" * 500
    listing(vendor, {**ROW, "product_nominal": strange}, times=None)
    product = next(p for p in await channel.products(AXIS) if p.id == "haxis10000")
    assert product.name.isprintable()
    assert len(product.name) <= 100


async def test_a_longer_list_than_any_is_cut(
    vendor: IakSimulator, session: aiohttp.ClientSession, clock: Clock
) -> None:
    channel = IakChannel(session, login_at(vendor), clock=clock.monotonic)
    listing(vendor, *({**ROW, "product_code": f"c{n}"} for n in range(3000)))
    assert len(await channel.products(AXIS)) <= 1002
