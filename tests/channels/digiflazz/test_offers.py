"""What is sold for a line, what the names of products tell, and when they can be bought."""

from dataclasses import replace
from datetime import UTC, datetime
import json

import pytest

from custom_components.sim_keeper.channels.digiflazz import DigiflazzChannel
from custom_components.sim_keeper.channels.digiflazz.brands import brand_of
from custom_components.sim_keeper.channels.digiflazz.catalogue import Row, row_of
from custom_components.sim_keeper.channels.digiflazz.offers import quote_of
from custom_components.sim_keeper.keeper.errors import (
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.ports import Operator, Product, Wanted
from tests.vendors.digiflazz import DigiflazzSimulator
from tests.vendors.digiflazz.catalogue import BY_SKU

from ..conftest import Clock
from .conftest import AXIS, TELKOMSEL, rupiah


@pytest.mark.parametrize(
    ("number", "brand"),
    [
        ("+6283155501234", "AXIS"),
        ("+6283255501234", "AXIS"),
        ("+6283355501234", "AXIS"),
        ("+6283855501234", "AXIS"),
        ("+6281255501234", "TELKOMSEL"),
        ("+6285155501234", "by.U"),
        ("+6285125501234", "TELKOMSEL"),
        ("+6287755501234", "XL"),
        ("+6285855501234", "INDOSAT"),
        ("+6289655501234", "TRI"),
        ("+6288155501234", "SMARTFREN"),
        ("+6284055501234", None),
        ("+622150123456", None),
        ("+60125550123", None),
        ("", None),
    ],
)
async def test_the_brand_is_found_by_prefix_without_a_call(
    channel: DigiflazzChannel,
    vendor: DigiflazzSimulator,
    number: str,
    brand: str | None,
) -> None:
    assert brand_of(number) == brand
    found = await channel.operator(replace(AXIS, number=number, operator=None))
    assert found == (brand and Operator(id=brand, name=brand))
    assert vendor.calls == []


async def test_only_what_can_be_bought_for_the_brand_is_listed(
    channel: DigiflazzChannel,
) -> None:
    assert await channel.products(AXIS) == (
        Product(
            id="ax5", name="Axis 5.000", value=rupiah("5000"), price=rupiah("5875")
        ),
        Product(
            id="ax10", name="Axis 10.000", value=rupiah("10000"), price=rupiah("10850")
        ),
        Product(
            id="ax25", name="Axis 25.000", value=rupiah("25000"), price=rupiah("25100")
        ),
        Product(
            id="axma30",
            name="Axis Tambah Masa Aktif 30 Hari",
            value=None,
            price=rupiah("7150"),
            days=30,
        ),
        Product(
            id="axd1",
            name="Axis Bronet 1 GB 15 hari",
            value=None,
            price=rupiah("12401"),
        ),
    )
    names = [product.id for product in await channel.products(TELKOMSEL)]
    assert names == ["tsel20", "tselma15"]
    assert await channel.products(replace(AXIS, operator="TRI")) == ()


async def test_an_amount_is_the_cheapest_product_that_delivers_it(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator
) -> None:
    """The transfer and the seller that is off are cheaper."""
    quote = await channel.quote(AXIS, Wanted(amount=rupiah("10000")))
    assert (quote.product, quote.value, quote.price) == (
        "ax10",
        rupiah("10000"),
        rupiah("10850"),
    )
    validity = await channel.quote(AXIS, Wanted(product="axma30"))
    assert (validity.value, validity.days) == (None, 30)
    assert validity.body == {"buyer_sku_code": "axma30", "max_price": 7150}
    data = await channel.quote(AXIS, Wanted(product="axd1"))
    # 12400.50: the guard takes whole rupiah only.
    assert (data.price, data.body["max_price"]) == (rupiah("12401"), 12401)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(product="ax10b"),
        Wanted(product="ax10t"),
        Wanted(product="tsel20"),
        Wanted(product="my10"),
        Wanted(product="cn30"),
        Wanted(product="ax10", amount=rupiah("25000")),
        Wanted(amount=rupiah("10001")),
        Wanted(amount=rupiah("20000")),
    ],
    ids=str,
)
async def test_what_is_not_sold_for_the_line_is_not_offered(
    channel: DigiflazzChannel, wanted: Wanted
) -> None:
    with pytest.raises(Rejected, match="amount_not_offered") as caught:
        await channel.quote(AXIS, wanted)
    assert caught.value.refusal is RefusalClass.FIX_FIRST


async def test_what_is_out_of_stock_may_come_back(channel: DigiflazzChannel) -> None:
    with pytest.raises(Rejected, match=r"^68 out of stock$") as caught:
        await channel.quote(AXIS, Wanted(product="ax50"))
    assert caught.value.refusal is RefusalClass.LATER
    # It is not on the list, so that an amount does not find it.
    with pytest.raises(Rejected, match="amount_not_offered"):
        await channel.quote(AXIS, Wanted(amount=rupiah("50000")))


@pytest.mark.parametrize(
    ("utc", "closed"),
    [
        ((16, 44), False),
        ((16, 45), True),
        ((16, 59), True),
        ((17, 0), True),
        ((17, 14), True),
        ((17, 15), False),
        ((23, 50), False),
        ((0, 5), False),
    ],
)
async def test_closed_hours_wrap_midnight_in_jakarta(
    channel: DigiflazzChannel, clock: Clock, utc: tuple[int, int], closed: bool
) -> None:
    clock.at = datetime(2026, 11, 20, *utc, tzinfo=UTC)
    assert "ax5" in [product.id for product in await channel.products(AXIS)]
    if closed:
        with pytest.raises(Rejected, match=r"^58 daily cut-off$") as caught:
            await channel.quote(AXIS, Wanted(product="ax5"))
        assert caught.value.refusal is RefusalClass.LATER
    else:
        await channel.quote(AXIS, Wanted(product="ax5"))


def _row(**changes: object) -> Row | None:
    shown = {**BY_SKU["ax10"].shown(BY_SKU["ax10"].price), **changes}  # type: ignore[arg-type]
    return row_of(shown)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "end", "at", "closed"),
    [
        ("0:15", "2:5", "02:04", True),
        ("0:15", "2:5", "02:05", False),
        ("00:15", "02:05", "00:14", False),
        ("23:0", "0:0", "23:30", True),
        ("23:0", "0:0", "00:00", False),
        ("23:0", "24:00", "23:30", True),
        ("22:00:00", "23:00:00", "22:30", True),
        (" 22:00 ", "23:00", "22:30", True),
        ("00:00", "00:00", "00:00", False),
        ("23:0", "23:0", "23:00", False),
        ("22:60", "23:00", "22:59", False),
        ("25:00", "26:00", "01:30", False),
        ("-", "23:00", "22:30", False),
        (None, None, "00:00", False),
        (2200, 2300, "22:30", False),
    ],
)
def test_closed_hours_are_read_as_people_write_them(
    start: object, end: object, at: str, closed: bool
) -> None:
    row = _row(start_cut_off=start, end_cut_off=end)
    assert row is not None
    assert row.closed_at(datetime.fromisoformat(f"2026-11-20T{at}+07:00")) is closed


def test_closed_hours_without_the_vendors_clock_cannot_be_judged() -> None:
    wanted = Wanted(product="ax10")
    with pytest.raises(Unavailable, match="no time"):
        quote_of(_row(start_cut_off="1:0", end_cut_off="2:0"), "AXIS", wanted, None)
    assert quote_of(_row(), "AXIS", wanted, None).product == "ax10"


@pytest.mark.parametrize(
    ("name", "price", "value"),
    [
        ("Axis 10.000", 10850, "10000"),
        ("AXIS 10,000", 10850, "10000"),
        ("Pulsa Axis 10000", 10850, "10000"),
        ("Three 1.000", 1900, "1000"),
        ("Axis 1.000.000", 985000, "1000000"),
        ("Axis 10.000 Masa Aktif 15 Hari", 10850, "10000"),
        ("Axis 10.000 (10000)", 10850, "10000"),
        # Two numbers, none, or one that the price does not fit.
        ("Axis 10.000 + 5.000", 10850, None),
        ("Axis 10K", 10850, None),
        ("Axis Pulsa", 10850, None),
        ("Axis 10.0000", 10850, None),
        ("Axis 10.000,50", 10850, None),
        ("Axis 2026", 10850, None),
        ("Axis 100.000", 10850, None),
    ],
)
async def test_credit_is_read_from_the_name_if_it_can_be_only_that(
    channel: DigiflazzChannel,
    vendor: DigiflazzSimulator,
    name: str,
    price: int,
    value: str | None,
) -> None:
    row = _row(product_name=name, price=price)
    assert row is not None
    assert row.value == (value and rupiah(value))
    shown = {**BY_SKU["ax10"].shown(price), "product_name": name}  # type: ignore[arg-type]
    text = json.dumps({"data": [shown]})
    vendor.fault("answer", status=200, text=text, on="/v1/price-list")
    if value is None:
        # Nobody can tell what it would deliver.
        with pytest.raises(Rejected, match="amount_not_offered"):
            await channel.quote(AXIS, Wanted(product="ax10"))
    else:
        quote = await channel.quote(AXIS, Wanted(product="ax10"))
        assert quote.value == rupiah(value)


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("Tambah Masa Aktif 30 Hari", 30),
        ("Masa Aktif 7hari", 7),
        ("Masa Aktif 30 HARI (30 hari)", 30),
        ("Masa Aktif 30 Hari + 7 Hari", None),
        ("Masa Aktif sebulan", None),
        ("Masa Aktif 0 Hari", None),
        ("Masa Aktif 99999 Hari", None),
        ("Masa Aktif 30 Harian", None),
        ("Masa Aktif 30D", None),
    ],
)
def test_days_are_read_from_the_name_if_there_is_one_count(
    name: str, days: int | None
) -> None:
    row = _row(product_name=name, category="Masa Aktif")
    assert row is not None
    assert (row.days, row.value) == (days, None)


@pytest.mark.parametrize(
    ("price", "whole"),
    [
        (10850, "10850"),
        ("10850", "10850"),
        ("10850.50", "10851"),
        ("10.850", None),
        ("10,850", None),
        ("10 850", None),
        ("1e4", None),
        (0, None),
        (-5, None),
        (None, None),
        (True, None),
        ([10850], None),
        (10**15, None),
    ],
)
def test_a_price_is_read_exactly_or_the_product_is_not_there(
    price: object, whole: str | None
) -> None:
    row = _row(price=price)
    assert (row and row.price) == (whole and rupiah(whole))


@pytest.mark.parametrize(
    "change",
    [
        {"category": "PLN"},
        {"category": "Malaysia TOPUP"},
        {"category": None},
        {"brand": ""},
        {"buyer_sku_code": ""},
        {"buyer_sku_code": 7},
        {"buyer_sku_code": "a\nb"},
        {"buyer_sku_code": "x" * 101},
        {"product_name": None},
        {"type": "Pulsa Transfer"},
    ],
    ids=str,
)
def test_rows_that_are_not_about_keeping_a_line_are_left_out(
    change: dict[str, object],
) -> None:
    assert _row(**change) is None
    assert row_of("ax10") is None


@pytest.mark.parametrize(
    ("change", "buyable"),
    [
        ({}, True),
        ({"category": "PULSA", "type": "UMUM"}, True),
        ({"buyer_product_status": False}, False),
        ({"seller_product_status": False}, False),
        ({"seller_product_status": "true"}, False),
        ({"unlimited_stock": False, "stock": 0}, False),
        ({"unlimited_stock": False, "stock": 3}, True),
        ({"unlimited_stock": False, "stock": "3"}, True),
        ({"unlimited_stock": False, "stock": None}, False),
        ({"unlimited_stock": True, "stock": -1}, True),
    ],
    ids=str,
)
def test_both_sides_must_sell_it_and_have_it(
    change: dict[str, object], buyable: bool
) -> None:
    row = _row(**change)
    assert row is not None
    assert row.buyable is buyable


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"currency": "MYR"}, "currency_differs"),
        ({"number": "+60125550123"}, "number_not_supported"),
        ({"number": "+622150123456"}, "number_not_supported"),
        ({"number": "89620000000000000007"}, "number_not_supported"),
        ({"number": "+6284055501234", "operator": None}, "operator_unknown"),
    ],
    ids=str,
)
async def test_lines_that_nothing_is_sold_for(
    channel: DigiflazzChannel,
    vendor: DigiflazzSimulator,
    change: dict[str, str],
    code: str,
) -> None:
    line = replace(AXIS, **change)
    with pytest.raises(Rejected, match=code):
        await channel.products(line)
    with pytest.raises(Rejected, match=code):
        await channel.quote(line, Wanted(product="ax10"))
    assert vendor.calls == []


async def test_a_product_that_is_switched_off_meanwhile_gives_way_to_the_next(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator
) -> None:
    both = [
        BY_SKU[sku].shown(BY_SKU[sku].price)  # type: ignore[arg-type]
        for sku in ("ax10b", "ax10")
    ]
    listed = [{**row, "seller_product_status": True} for row in both]
    text = json.dumps({"data": listed})
    vendor.fault("answer", status=200, text=text, on="/v1/price-list")
    quote = await channel.quote(AXIS, Wanted(amount=rupiah("10000")))
    # The list had the cheaper one; the fresh row says that its seller is off.
    assert quote.product == "ax10"


async def test_a_failed_read_of_the_row_offers_nothing(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator
) -> None:
    await channel.products(AXIS)
    vendor.fault("garbage", on="/v1/price-list", times=None)
    with pytest.raises(Unavailable):
        await channel.quote(AXIS, Wanted(amount=rupiah("10000")))
