"""Buying: what goes out, and what the answers are worth."""

import asyncio
from dataclasses import replace
import json

import aiohttp
import pytest

from custom_components.sim_keeper.channels.digiflazz import DigiflazzChannel
from custom_components.sim_keeper.channels.pacing import Patience
from custom_components.sim_keeper.keeper.errors import (
    KeeperError,
    NotSent,
    OutcomeUnknown,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.ports import (
    Confirmed,
    Foreign,
    Lookup,
    Pending,
)
from tests.vendors.digiflazz import DigiflazzSimulator, Order

from ..conftest import Clock
from .conftest import KEY, channel_at, order, rupiah


def test_capabilities(channel: DigiflazzChannel) -> None:
    promises = channel.capabilities
    assert promises.lookup is Lookup.PAYING
    assert promises.send_timeout_s == Patience().send_s
    assert [*promises.look_after_s] == sorted(promises.look_after_s)
    assert promises.resend_within_s == 0
    assert promises.key_window_s is not None
    assert promises.look_horizon_s < promises.key_window_s < 90 * 86400
    assert promises.price_guard


async def test_the_order_travels_in_local_form_with_its_price_guard(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    """The simulator refuses any field it does not know, and a wrong signature."""
    purchase = await order(channel, clock)
    assert purchase.body == {"buyer_sku_code": "ax10", "max_price": 10850}
    await channel.submit(purchase)
    (sale,) = vendor.world.sales
    assert sale.order == Order(ref_id=KEY, sku="ax10", number="083155501234")


async def test_an_order_that_got_dearer_is_not_bought(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    vendor.fault("price_rise")
    with pytest.raises(Rejected, match=r"^69 ") as caught:
        await channel.submit(purchase)
    assert (caught.value.refusal, caught.value.consumed) == (
        RefusalClass.FIX_FIRST,
        False,
    )
    assert vendor.bought == 0


async def test_the_end_may_come_with_the_first_answer(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    vendor.takes_s = 0
    purchase = await order(channel, clock, "axd1")
    assert await channel.submit(purchase) == Confirmed(
        reference=KEY,
        cost=rupiah("12400.50"),
        cost_exact="12400.50",
        delivered=None,
        receipt="R7250101.1234",
    )
    assert vendor.world.days_of("083155501234") == 15


@pytest.mark.parametrize(
    "change",
    [
        {"customer_no": "083155500000"},
        {"customer_no": "+6283155501234"},
        {"customer_no": 83155501234},
        {"customer_no": None},
        {"buyer_sku_code": "ax25"},
        {"ref_id": "SK-OTHER"},
        {"ref_id": KEY.lower()},
    ],
    ids=str,
)
@pytest.mark.parametrize("status", ["Sukses", "Pending", "Gagal"])
async def test_an_answer_about_something_else_is_not_believed(
    channel: DigiflazzChannel,
    vendor: DigiflazzSimulator,
    clock: Clock,
    change: dict[str, object],
    status: str,
) -> None:
    purchase = await order(channel, clock)
    code = {"Sukses": "00", "Pending": "03", "Gagal": "02"}[status]
    data = {
        "ref_id": KEY,
        "customer_no": "083155501234",
        "buyer_sku_code": "ax10",
        "status": status,
        "rc": code,
        "price": 10850,
        **change,
    }
    text = json.dumps({"data": data})
    vendor.fault("answer", status=200, text=text)
    with pytest.raises(OutcomeUnknown):
        await channel.submit(purchase)
    clock.advance(seconds=61)
    vendor.fault("answer", status=200, text=text)
    if "ref_id" in change or status == "Gagal":
        with pytest.raises(Unavailable, match="another order"):
            await channel.lookup(purchase)
    else:
        found = await channel.lookup(purchase)
        assert isinstance(found, Foreign)
        assert found.cost == rupiah("10850")


@pytest.mark.parametrize(
    ("price", "cost", "exact"),
    [
        ("10850", "10850", "10850"),
        ("10850.0", "10850", "10850.0"),
        ("10850.007", "10850.01", "10850.007"),
        ("1.085e4", "10850", "1.085e4"),
        ('"10850"', "10850", "10850"),
        ('"10850.50"', "10850.50", "10850.50"),
        ('"10.850"', None, None),
        ('"10,850"', None, None),
        ('"1.085e4"', None, None),
        ('"Rp 10850"', None, None),
        ("-1", None, None),
        ("true", None, None),
        ("null", None, None),
        ("1e30", None, None),
        ("[]", None, None),
    ],
)
async def test_the_cost_is_read_exactly_or_not_at_all(
    channel: DigiflazzChannel,
    vendor: DigiflazzSimulator,
    clock: Clock,
    price: str,
    cost: str | None,
    exact: str | None,
) -> None:
    purchase = await order(channel, clock)
    text = (
        f'{{"data": {{"ref_id": "{KEY}", "customer_no": "083155501234", "rc": "00",'
        f'"buyer_sku_code": "ax10", "status": "Sukses", "price": {price}}}}}'
    )
    vendor.fault("answer", status=200, text=text)
    outcome = await channel.submit(purchase)
    assert isinstance(outcome, Confirmed)
    assert outcome.cost == (cost and rupiah(cost))
    assert outcome.cost_exact == exact
    assert outcome.receipt is None


@pytest.mark.parametrize(
    ("deposit", "wallet"),
    [
        ("125000", "125000"),
        ("125000.0", "125000"),
        ("1.25e5", "125000"),
        ("125000.999", "125000.99"),
        ('"125000"', "125000"),
        ("-0.5", "-0.50"),
        ('"125.000"', None),
        ('"125,000"', None),
        ("null", None),
        ("1e30", None),
    ],
)
async def test_the_deposit_is_read_exactly_or_not_at_all(
    channel: DigiflazzChannel,
    vendor: DigiflazzSimulator,
    deposit: str,
    wallet: str | None,
) -> None:
    text = f'{{"data": {{"deposit": {deposit}}}}}'
    vendor.fault("answer", on="/v1/cek-saldo", status=200, text=text)
    if wallet is None:
        with pytest.raises(Unavailable):
            await channel.wallet()
    else:
        assert await channel.wallet() == rupiah(wallet)


async def test_waiting_for_the_own_turn_too_long_sends_nothing(
    vendor: DigiflazzSimulator, session: aiohttp.ClientSession, clock: Clock
) -> None:
    patience = Patience(read_s=5, send_s=0.3, least_send_s=0.2)
    channel = channel_at(vendor, session, clock, patience)
    purchase = await order(channel, clock)
    vendor.fault("hang_after", seconds=30)
    first, second = await asyncio.gather(
        channel.submit(purchase),
        channel.submit(replace(purchase, key="SK-OTHER")),
        return_exceptions=True,
    )
    assert isinstance(first, OutcomeUnknown)
    assert isinstance(second, NotSent)
    assert vendor.bought == 1
    # What was not sent may be sent.
    assert isinstance(await channel.submit(replace(purchase, key="SK-OTHER")), Pending)


@pytest.mark.parametrize(
    "body",
    [
        {"buyer_sku_code": "ax10"},
        {"buyer_sku_code": "ax10", "max_price": 0},
        {"buyer_sku_code": "ax10", "max_price": True},
        {"buyer_sku_code": "ax10", "max_price": "10850"},
        {"buyer_sku_code": 7, "max_price": 10850},
    ],
    ids=str,
)
async def test_an_order_without_its_price_guard_is_never_sent(
    channel: DigiflazzChannel,
    vendor: DigiflazzSimulator,
    clock: Clock,
    body: dict[str, str | int],
) -> None:
    purchase = replace(await order(channel, clock), body=body)
    with pytest.raises(Rejected, match="order_unreadable"):
        await channel.submit(purchase)
    with pytest.raises(Unavailable):
        await channel.lookup(purchase)
    assert "POST /v1/transaction" not in vendor.calls


async def test_nothing_of_the_vendors_words_is_in_errors(
    channel: DigiflazzChannel, vendor: DigiflazzSimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    text = '{"data": {"rc": "<b>083155501234", "message": "083155501234"}}'
    errors: list[KeeperError] = []
    for call in (channel.submit, channel.lookup):
        vendor.fault("answer", status=400, text=text)
        with pytest.raises(KeeperError) as caught:
            await call(purchase)
        errors.append(caught.value)
        clock.advance(seconds=61)
    assert [str(error) for error in errors] == ["HTTP 400", "HTTP 400"]
