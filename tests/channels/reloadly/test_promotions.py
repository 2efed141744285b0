"""Promotions: told while they run, never counted, and never in the way."""

from dataclasses import replace
from datetime import UTC, date, datetime
import time

import pytest

from custom_components.sim_keeper.channels.parsing import Parsed
from custom_components.sim_keeper.channels.reloadly import ReloadlyChannel, promotions
from custom_components.sim_keeper.channels.reloadly.promotions import campaigns_of
from custom_components.sim_keeper.keeper.errors import Unavailable
from custom_components.sim_keeper.keeper.ports import (
    Line,
    Product,
    Promotion,
    TellsPromotions,
)
from tests.vendors.reloadly import ReloadlySimulator, SoldPromotion

from ..conftest import Clock
from .conftest import AXIS

LIST = "/promotions/country-codes/ID"
XL = replace(AXIS, number="+6281755501234", operator="239")
ROW: dict[str, Parsed] = {
    "promotionId": 1,
    "operatorId": 243,
    "title": "Double",
    "title2": "",
    "description": "<p>Twice</p>",
    "startDate": "2026-11-01 00:00:00",
    "endDate": "2026-12-01 00:00:00",
    "denominations": "USD 5",
    "localDenominations": "IDR 50.000",
}


async def told(channel: ReloadlyChannel, line: Line = XL) -> dict[str, list[str]]:
    """Return the titles that are told with each product."""
    promoted = await channel.promoted(line, await channel.products(line))
    return {
        product.id: [promotion.title for promotion in product.promotions]
        for product in promoted
    }


def asked(vendor: ReloadlySimulator) -> int:
    """Return how often promotions were asked for."""
    return sum("/promotions" in call for call in vendor.calls)


# -- What is told -----------------------------------------------------------------------------


async def test_what_runs_is_told_with_the_products_of_its_operator(
    channel: ReloadlyChannel,
) -> None:
    assert isinstance(channel, TellsPromotions)
    assert await told(channel) == {
        "239": ["Double data for XL"],
        "797:30000:IDR": ["Free weekend"],
    }
    products = await channel.promoted(XL, await channel.products(XL))
    assert products[0].promotions == (
        Promotion(
            title="Double data for XL",
            until=date(2026, 11, 27),
            amounts="IDR 50000 and more",
            text="Twice the data & more. Terms apply.",
        ),
    )


async def test_nothing_but_the_promotions_is_changed(channel: ReloadlyChannel) -> None:
    products = await channel.products(XL)
    promoted = await channel.promoted(XL, products)
    assert tuple(replace(one, promotions=()) for one in promoted) == products


async def test_a_promotion_begins_and_ends_by_the_vendors_clock(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    vendor.promotions = [
        SoldPromotion(id=1, operator=239, title="Short", starts_in=0.05, ends_in=0.1)
    ]
    seen = []
    for _ in range(4):
        seen.append((await told(channel))["239"])
        clock.advance(hours=0.8)
    assert seen == [[], [], ["Short"], []]
    assert asked(vendor) == 1


async def test_the_vendors_clock_counts_not_ours(
    channel: ReloadlyChannel, vendor: ReloadlySimulator
) -> None:
    vendor.fault("clock_skew", seconds=8 * 86400)
    assert (await told(channel))["239"] == ["Not yet"]


async def test_no_more_than_three_are_told_and_those_that_end_first(
    channel: ReloadlyChannel, vendor: ReloadlySimulator
) -> None:
    vendor.promotions = [
        SoldPromotion(id=days, operator=239, title=f"{days} days", ends_in=days)
        for days in (5, 1, 9, 3)
    ]
    assert (await told(channel))["239"] == ["1 days", "3 days", "5 days"]


# -- When it is asked for ---------------------------------------------------------------------


async def test_listing_and_quoting_ask_for_no_promotions(
    channel: ReloadlyChannel, vendor: ReloadlySimulator
) -> None:
    await channel.products(XL)
    assert asked(vendor) == 0


async def test_one_call_serves_a_country_for_hours(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    for line in (XL, AXIS, XL):
        await told(channel, line)
    assert asked(vendor) == 1
    clock.advance(hours=3, minutes=59)
    await told(channel)
    assert asked(vendor) == 1
    clock.advance(minutes=1)
    await told(channel)
    assert asked(vendor) == 2


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 404},
        {"kind": "refuse", "status": 403, "code": "NOT_AUTHORIZED"},
        {"kind": "refuse", "status": 401, "code": "INVALID_TOKEN"},
        {"kind": "refuse", "status": 429, "code": "RATE_LIMIT_REACHED"},
        {"kind": "huge"},
        {"kind": "deep"},
        {"kind": "garbage"},
        {"kind": "half_json"},
        {"kind": "lose_answer"},
        {"kind": "redirect"},
        {"kind": "answer", "status": 200, "text": "null"},
        {"kind": "answer", "status": 200, "text": "{}"},
        {"kind": "answer", "status": 200, "text": '"soon"'},
        {"kind": "answer", "status": 200, "text": '[null, 5, [], {"title": 1}]'},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
async def test_promotions_that_cannot_be_read_are_in_nobodys_way(
    channel: ReloadlyChannel,
    vendor: ReloadlySimulator,
    clock: Clock,
    fault: dict[str, object],
) -> None:
    products = await channel.products(XL)
    vendor.fault(on="/promotions", times=None, **fault)  # type: ignore[arg-type]
    assert await channel.promoted(XL, products) == products
    tried = asked(vendor)
    assert await channel.promoted(XL, products) == products
    assert asked(vendor) == tried
    # The account is as good as before.
    assert (await channel.wallet()).minor > 0
    vendor.behave()
    clock.advance(hours=4)
    assert (await told(channel))["239"] == ["Double data for XL"]


async def test_nobody_waits_long_for_promotions(
    channel: ReloadlyChannel,
    vendor: ReloadlySimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    products = await channel.products(XL)
    monkeypatch.setattr(promotions, "_WAIT_S", 0.05)
    vendor.fault("slow", on="/promotions", seconds=30)
    began = time.perf_counter()
    assert await channel.promoted(XL, products) == products
    assert time.perf_counter() - began < 5


async def test_products_of_an_unknown_operator_get_none(
    channel: ReloadlyChannel,
) -> None:
    strange = Product(id="axisdata5", name="Strange", value=None)
    assert await channel.promoted(XL, [strange]) == (strange,)


# -- Reading them -----------------------------------------------------------------------------


def test_a_page_is_read_like_a_list() -> None:
    (campaign,) = campaigns_of([ROW])
    assert campaigns_of({"content": [ROW], "totalPages": 1}) == (campaign,)
    assert campaign.starts == datetime(2026, 11, 1, tzinfo=UTC)
    assert campaign.promotion == Promotion(
        title="Double",
        # It ends as the first of December begins.
        until=date(2026, 11, 30),
        amounts="IDR 50.000",
        text="Twice",
    )


@pytest.mark.parametrize("body", [None, {}, "", 5, True, {"content": None}])
def test_what_is_no_list_is_unavailable(body: Parsed) -> None:
    with pytest.raises(Unavailable):
        campaigns_of(body)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "soon",
        20261101,
        "01/11/2026",
        "1.11.2026",
        "Nov 1, 2026",
        "2026-13-01",
        "2026-11-01 25:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1793491200000",
        [],
        {},
    ],
    ids=str,
)
@pytest.mark.parametrize("key", ["startDate", "endDate"])
def test_without_a_clear_beginning_and_end_nothing_is_told(
    key: str, text: Parsed
) -> None:
    assert campaigns_of([{**ROW, key: text}]) == ()


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T07:00:00+07:00", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T00:00:00Z", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T00:00:00.000+0000", datetime(2026, 11, 1, tzinfo=UTC)),
    ],
)
def test_times_of_iso_8601_are_read(text: str, starts: datetime) -> None:
    (campaign,) = campaigns_of([{**ROW, "startDate": text}])
    assert campaign.starts == starts


@pytest.mark.parametrize(
    "change",
    [
        {"operatorId": None},
        {"operatorId": "all"},
        {"operatorId": -243},
        {"title": None, "title2": None, "description": None},
        {"title": "<br>", "title2": 5, "description": "<script>x</script>"},
    ],
    ids=str,
)
def test_what_says_nothing_or_is_for_nobody_is_passed_over(
    change: dict[str, Parsed],
) -> None:
    assert campaigns_of([{**ROW, **change}]) == ()


def test_the_words_are_plain_and_short() -> None:
    row: dict[str, Parsed] = {
        **ROW,
        "title": "<h1>" + "大赠送 " * 200_000,
        "description": "<img src=x onerror=alert(1)>" + "&lt;b&gt;gift" * 200_000,
        "localDenominations": None,
        "denominations": "<td>USD 5</td>" * 1000,
    }
    (campaign,) = campaigns_of([row])
    promotion = campaign.promotion
    assert len(promotion.title) == 100
    assert promotion.text is not None
    assert promotion.amounts is not None
    assert (len(promotion.text), len(promotion.amounts)) == (300, 100)
    assert "<" not in promotion.title + promotion.text + promotion.amounts


def test_a_missing_title_is_taken_from_the_rest() -> None:
    (campaign,) = campaigns_of([{**ROW, "title": None, "title2": "Second"}])
    assert campaign.promotion.title == "Second"
    (campaign,) = campaigns_of([{**ROW, "title": None, "title2": None}])
    assert campaign.promotion.title == "Twice"


@pytest.mark.parametrize("value", [None, [], "", "<p></p>", 5])
def test_amounts_that_are_not_told_are_left_out(value: Parsed) -> None:
    row = {**ROW, "denominations": value, "localDenominations": value}
    (campaign,) = campaigns_of([row])
    assert campaign.promotion.amounts is None
