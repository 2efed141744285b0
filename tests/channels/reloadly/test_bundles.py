"""Bundles: how an operator of them is read, and how one is bought."""

from dataclasses import replace
from decimal import Decimal
import json

import pytest

from custom_components.sim_keeper.channels.parsing import Parsed
from custom_components.sim_keeper.channels.reloadly import ReloadlyChannel
from custom_components.sim_keeper.channels.reloadly.bundles import (
    bundles_of,
    operator_of,
)
from custom_components.sim_keeper.keeper.errors import (
    KeeperError,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import (
    Confirmed,
    Foreign,
    Product,
    Purchase,
    Wanted,
)
from tests.vendors.reloadly import Order, ReloadlySimulator
from tests.vendors.reloadly.catalogue import BY_ID

from ..conftest import Clock
from .conftest import AXIS, KEY, wanted

SMALL = "231:12000:IDR"


def read(operator: int, **changes: object) -> dict[str, str]:
    """Return what is read of an operator with some changes: names by id."""
    data = {**BY_ID[operator].shown(), **changes}
    return {bundle.id: bundle.name for bundle in bundles_of(data)}  # type: ignore[arg-type]


async def bought(
    channel: ReloadlyChannel, clock: Clock, product: str = SMALL
) -> Purchase:
    """Quote a bundle and make a purchase of it."""
    quote = await channel.quote(AXIS, Wanted(product=product))
    return Purchase(key=KEY, line=AXIS, body=quote.body, created_at=clock.now())


# -- Reading an operator ----------------------------------------------------------------------


def test_each_amount_is_a_bundle_with_its_content() -> None:
    assert read(231) == {
        "231:12000:IDR": "Axis Indonesia Data: 1GB 30 days",
        "231:25000:IDR": "Axis Indonesia Data: 3GB & chat, 30 hari",
        "231:47000:IDR": "Axis Indonesia Data: 5GB 7 days + 2GB local 30 days",
    }


def test_without_amounts_of_the_operator_the_wallets_name_it() -> None:
    # The dearer one has no description: nobody could tell what it is.
    assert read(700) == {
        "700:2.1:USD": "Axis Indonesia Bundles: 4GB + 50 minutes, 14 days"
    }


def test_where_the_wallets_amounts_are_missing_the_operators_are_sent() -> None:
    (bundle,) = bundles_of({**BY_ID[9011].shown()})
    assert bundle.id == "9011:62000:IDR"
    assert bundle.quote(None).body == {
        "operatorId": 9011,
        "amount": "62000",
        "useLocalAmount": True,
        "currency": "IDR",
        "bundle": True,
    }
    assert read(9011, supportsLocalAmounts=False) == {}


@pytest.mark.parametrize("operator", [243, 9002, 9012, 9013])
def test_airtime_pins_and_what_sleeps_are_no_bundles(operator: int) -> None:
    assert read(operator) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"pin": True},
        {"pin": "false"},
        {"status": "INACTIVE"},
        {"status": None},
        {"data": False},
        {"data": None},
        {"denominationType": "RANGE"},
        {"denominationType": None},
        {"fixedAmounts": [], "localFixedAmounts": []},
        {"fixedAmounts": None, "localFixedAmounts": None},
        {"fixedAmounts": {}, "localFixedAmounts": "12000"},
        {"fixedAmounts": ["1,000"], "localFixedAmounts": ["12.000,00"]},
        {"fixedAmounts": [0, -1], "localFixedAmounts": [0, -1]},
        {"fixedAmountsDescriptions": [], "localFixedAmountsDescriptions": []},
        {"fixedAmountsDescriptions": None, "localFixedAmountsDescriptions": None},
        {
            "fixedAmountsDescriptions": {"0.78": None, "1.62": 5, "3.05": "<br>"},
            "localFixedAmountsDescriptions": {"12,000": "1GB"},
        },
    ],
    ids=str,
)
def test_what_is_not_for_sale_or_has_no_content_is_passed_over(
    change: dict[str, object],
) -> None:
    assert read(231, **change) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"operatorId": None, "id": None},
        {"operatorId": "231.5", "id": True},
        {"country": None},
        {"country": {"isoName": 62}},
        {"name": None},
        {"name": "???"},
        {"fx": None},
        {"fees": {"international": -1}},
        {"senderCurrencyCode": "XXX"},
        {"internationalDiscount": "ten"},
    ],
    ids=str,
)
def test_an_operator_that_makes_no_sense_is_unavailable(
    change: dict[str, object],
) -> None:
    with pytest.raises(Unavailable):
        read(231, **change)


@pytest.mark.parametrize("body", [None, [], "", 5, {}, {"data": True}])
def test_what_is_no_operator_has_no_bundles(body: Parsed) -> None:
    assert bundles_of(body) == ()


def test_an_amount_that_stands_twice_means_nothing() -> None:
    twice: dict[str, object] = {
        "fixedAmounts": [Decimal("0.78"), Decimal("1.62"), Decimal("3.05")],
        "localFixedAmounts": [12000, 12000, 47000],
    }
    assert list(read(231, **twice)) == ["231:47000:IDR"]


def test_lists_that_are_not_aligned_are_named_by_what_is_sent() -> None:
    assert list(read(231, localFixedAmounts=[12000])) == [
        "231:0.78:USD",
        "231:1.62:USD",
        "231:3.05:USD",
    ]


def test_the_description_of_the_operators_amount_serves_as_well() -> None:
    described = {"47000": "Much", "12000.0": "Little", "0": "Nothing", "x": "Strange"}
    found = read(
        231, fixedAmountsDescriptions=[], localFixedAmountsDescriptions=described
    )
    assert found == {
        "231:12000:IDR": "Axis Indonesia Data: Little",
        "231:47000:IDR": "Axis Indonesia Data: Much",
    }


def test_amounts_are_read_with_any_scale() -> None:
    data = json.dumps({**_plain(231), "fixedAmounts": ["0.780000", 1.62, "3.05"]})
    found = [bundle.id for bundle in bundles_of(json.loads(data, parse_float=Decimal))]
    assert found == ["231:12000:IDR", "231:25000:IDR", "231:47000:IDR"]


def test_a_huge_description_is_shortened() -> None:
    (name,) = read(
        231, fixedAmountsDescriptions={"0.78": "<i>数据" * 500_000}, **_one
    ).values()
    assert len(name) <= len("Axis Indonesia Data: ") + 120
    assert "<" not in name


_one: dict[str, object] = {
    "fixedAmounts": [Decimal("0.78")],
    "localFixedAmounts": [12000],
}


def _plain(operator: int) -> dict[str, object]:
    shown = json.dumps(BY_ID[operator].shown(), default=str)
    data: dict[str, object] = json.loads(shown)
    return data


@pytest.mark.parametrize(
    ("product", "operator"),
    [
        (SMALL, 231),
        ("700:2.1:USD", 700),
        ("231", None),
        ("9002:10", None),
        ("231:12000:idr", None),
        ("231:12,000:IDR", None),
        ("0231:12000:IDR", None),
        ("٢٣١:12000:IDR", None),
        ("231:12000:IDR ", None),
        ("", None),
        (None, None),
    ],
)
def test_the_id_of_a_bundle_is_like_no_other(
    product: str | None, operator: int | None
) -> None:
    assert operator_of(product) == operator


# -- Listing and buying -----------------------------------------------------------------------


async def test_the_bundles_of_the_brand_follow_the_airtime(
    channel: ReloadlyChannel,
) -> None:
    airtime, *bundles = await channel.products(AXIS)
    assert airtime.id == "243"
    assert [bundle.id for bundle in bundles] == [
        *("231:12000:IDR", "231:25000:IDR", "231:47000:IDR"),
        *("700:2.1:USD", "9011:62000:IDR"),
    ]
    assert bundles[0] == Product(
        id=SMALL,
        name="Axis Indonesia Data: 1GB 30 days",
        value=None,
        # 0.78 less 8 %
        price=Money.parse("0.72", "USD"),
        days=None,
        lasts_days=30,
    )
    assert [bundle.lasts_days for bundle in bundles] == [30, 30, None, 14, None]


async def test_a_bundle_is_bought_at_its_own_operator_for_the_quoted_price(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    for number, product in enumerate((await channel.products(AXIS))[1:]):
        quote = await channel.quote(AXIS, Wanted(product=product.id))
        assert (quote.product, quote.price) == (product.id, product.price)
        assert (quote.value, quote.days) == (None, None)
        purchase = Purchase(
            key=f"SK-{number}", line=AXIS, body=quote.body, created_at=clock.now()
        )
        taken = await channel.submit(purchase)
        clock.advance(seconds=10)
        outcome = await channel.lookup(replace(purchase, reference=taken.reference))
        assert isinstance(outcome, Confirmed)
        assert outcome.cost == quote.price
        # The vendor tells of rupiah delivered; on the line's balance there are none.
        assert outcome.delivered is None
        assert await channel.lookup(purchase) == outcome
    assert vendor.world.credit_of(AXIS.number) == 0
    assert vendor.world.sales[0].order == Order(
        operator=231,
        amount=Decimal("0.78"),
        local=False,
        identifier="SK-0",
        country="ID",
        number="6283155501234",
    )


async def test_credit_of_the_same_key_is_something_else(
    channel: ReloadlyChannel, clock: Clock
) -> None:
    await channel.submit(await bought(channel, clock))
    quote = await channel.quote(AXIS, wanted("50000", "IDR"))
    airtime = Purchase(key=KEY, line=AXIS, body=quote.body, created_at=clock.now())
    clock.advance(seconds=10)
    assert isinstance(await channel.lookup(airtime), Foreign)


@pytest.mark.parametrize(
    "fault", ["operator_inactive", "operator_reassigned", "amount_gone"]
)
async def test_what_changed_since_it_was_chosen_is_not_bought(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, fault: str
) -> None:
    await channel.products(AXIS)
    vendor.fault(fault, on="/operators/231")
    with pytest.raises(Rejected, match="amount_not_offered") as caught:
        await channel.quote(AXIS, Wanted(product=SMALL))
    assert caught.value.refusal is RefusalClass.FIX_FIRST
    assert vendor.faults.hits[fault] == 1
    assert (await channel.quote(AXIS, Wanted(product=SMALL))).product == SMALL


async def test_a_dearer_bundle_is_quoted_at_its_new_price(
    channel: ReloadlyChannel, vendor: ReloadlySimulator
) -> None:
    listed = (await channel.products(AXIS))[1]
    vendor.fault("price_rise", on="/operators/231", times=None)
    quote = await channel.quote(AXIS, Wanted(product=SMALL))
    assert listed.price is not None
    # 0.78 and 25 %; the discount is gone as well.
    assert quote.price == Money.parse("0.98", "USD")


@pytest.mark.parametrize(
    "product",
    [
        "797:30000:IDR",  # of XL
        "9012:3.3:USD",  # a PIN
        "9013:0.5:USD",  # asleep
        "700:4.2:USD",  # without description
        "231:0.78:USD",  # not its name
        "231:12000:USD",
        "231:12001:IDR",
        "243:50000:IDR",  # airtime
        "9002:10:MYR",
    ],
)
async def test_what_is_no_bundle_for_the_line_is_refused(
    channel: ReloadlyChannel, product: str
) -> None:
    with pytest.raises(Rejected, match="amount_not_offered"):
        await channel.quote(AXIS, Wanted(product=product))


async def test_an_operator_that_does_not_exist_is_refused(
    channel: ReloadlyChannel,
) -> None:
    with pytest.raises(Rejected, match="OPERATOR_NOT_FOUND"):
        await channel.quote(AXIS, Wanted(product="777:5:USD"))


async def test_nobody_gets_a_bundle_for_credit(channel: ReloadlyChannel) -> None:
    with pytest.raises(Rejected, match="amount_not_offered"):
        await channel.quote(
            AXIS, Wanted(product=SMALL, amount=Money.parse("12000", "IDR"))
        )


@pytest.mark.parametrize(
    "text", ["null", "[]", '"ok"', "{}", '{"data": true, "status": "ACTIVE"}']
)
async def test_an_answer_that_makes_no_sense_sells_nothing(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, text: str
) -> None:
    await channel.products(AXIS)
    vendor.fault("answer", on="/operators/231", status=200, text=text)
    with pytest.raises(KeeperError):
        await channel.quote(AXIS, Wanted(product=SMALL))


@pytest.mark.parametrize("kind", ["huge", "garbage", "half_json", "deep", "status"])
async def test_a_broken_answer_is_unavailable(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, kind: str
) -> None:
    await channel.products(AXIS)
    vendor.fault(kind, on="/operators/231")
    with pytest.raises(Unavailable):
        await channel.quote(AXIS, Wanted(product=SMALL))
