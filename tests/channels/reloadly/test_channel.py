"""Buying, and looking up what came of it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
import json

import aiohttp
import pytest

from custom_components.sim_keeper.channels.http import open_session
from custom_components.sim_keeper.channels.reloadly import Patience, ReloadlyChannel
from custom_components.sim_keeper.keeper.errors import (
    KeeperError,
    NotSent,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import (
    Absent,
    Automatic,
    Confirmed,
    Foreign,
    Lookup,
    Pending,
    Purchase,
)
from tests.vendors.reloadly import Order, Plan, ReloadlySimulator

from ..conftest import Clock
from .conftest import GIFFGAFF, GLO, KEY, login_at, order, wanted


def test_capabilities(channel: ReloadlyChannel) -> None:
    promises = channel.capabilities
    assert promises.lookup is Lookup.PURE
    assert promises.look_after_s[0] >= 180
    assert promises.send_timeout_s < promises.look_after_s[0]


@pytest.mark.parametrize(
    ("login", "automatic"),
    [
        ({"environment": "live"}, Automatic.AFTER_ONE_SUPERVISED),
        ({"environment": "sandbox"}, Automatic.YES),
        ({"environment": "sandbox", "base_url": ""}, Automatic.YES),
        # Where a relay leads, no environment tells.
        (
            {"environment": "sandbox", "base_url": "https://relay.example"},
            Automatic.AFTER_ONE_SUPERVISED,
        ),
        ({"environment": "live", "base_url": "http://127.0.0.1:9"}, Automatic.YES),
        (
            {"environment": "live", "base_url": "https://relay.example"},
            Automatic.AFTER_ONE_SUPERVISED,
        ),
    ],
)
async def test_only_real_money_needs_supervision(
    login: dict[str, str], automatic: Automatic
) -> None:
    async with open_session() as session:
        channel = ReloadlyChannel(
            session, {"client_id": "id", "client_secret": "secret", **login}
        )
        assert channel.capabilities.automatic is automatic


async def test_the_amount_travels_as_an_exact_number(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    """The simulator refuses text, more than five decimals, and any field it does not know."""
    quote = await channel.quote(GIFFGAFF, wanted("10", "GBP"))
    purchase = Purchase(key=KEY, line=GIFFGAFF, body=quote.body, created_at=clock.now())
    await channel.submit(purchase)
    (sale,) = vendor.world.sales
    assert sale.order == Order(
        operator=9001,
        amount=Decimal("12.76"),
        local=False,
        identifier=KEY,
        country="GB",
        number="447455012345",
    )


async def test_waiting_for_the_own_turn_too_long_sends_nothing(
    vendor: ReloadlySimulator, session: aiohttp.ClientSession, clock: Clock
) -> None:
    patience = Patience(read_s=5, send_s=0.2, least_send_s=0.15)
    channel = ReloadlyChannel(session, login_at(vendor), patience=patience)
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


async def test_a_slow_token_service_sends_nothing(
    vendor: ReloadlySimulator, session: aiohttp.ClientSession, clock: Clock
) -> None:
    patience = Patience(read_s=5, send_s=0.2, least_send_s=0.15)
    channel = ReloadlyChannel(session, login_at(vendor), patience=patience)
    purchase = await order(channel, clock)
    vendor.tokens.revoke_all()
    vendor.fault("slow", on="/oauth", seconds=30)
    with pytest.raises(NotSent, match="token: timeout"):
        await channel.submit(purchase)
    assert vendor.bought == 0


async def test_a_failed_order_tells_the_vendors_code(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    vendor.fault("fail_later", code="RECIPIENT_PHONE_INACTIVE")
    taken = await channel.submit(purchase)
    clock.advance(seconds=10)
    with pytest.raises(Rejected, match="RECIPIENT_PHONE_INACTIVE") as caught:
        await channel.lookup(replace(purchase, reference=taken.reference))
    assert caught.value.consumed


async def test_the_slow_failure_of_glo_is_pending_and_then_rejected(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock, GLO)
    taken = await channel.submit(purchase)
    known = replace(purchase, reference=taken.reference)
    clock.advance(seconds=50)
    assert isinstance(await channel.lookup(known), Pending)
    clock.advance(seconds=3)
    with pytest.raises(Rejected):
        await channel.lookup(known)
    assert vendor.bought == 0


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{}", OutcomeUnknown),
        ('{"transactionId": null}', OutcomeUnknown),
        ('{"transactionId": 0}', OutcomeUnknown),
        ('{"transactionId": true}', OutcomeUnknown),
        ('{"transactionId": 7, "recipientPhone": "4470000"}', OutcomeUnknown),
        ('{"transactionId": 7, "operatorId": 1}', OutcomeUnknown),
        ('{"transactionId": 7, "customIdentifier": "OTHER"}', OutcomeUnknown),
        ('{"transactionId": 7}', None),
        ('{"transactionId": 7, "status": "SUCCESSFUL"}', None),
        ('{"transactionId": 7, "status": "SOMETHING_NEW"}', None),
        ('{"transactionId": 7, "recipientPhone": 6283155501234}', None),
    ],
)
async def test_short_answers_to_a_purchase(
    channel: ReloadlyChannel,
    vendor: ReloadlySimulator,
    clock: Clock,
    text: str,
    error: type[KeeperError] | None,
) -> None:
    purchase = await order(channel, clock)
    vendor.fault("answer", status=200, text=text)
    if error is None:
        assert await channel.submit(purchase) == Pending(reference="7")
    else:
        with pytest.raises(error):
            await channel.submit(purchase)


async def test_a_final_state_that_comes_along_is_taken(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    transaction = _transaction(purchase, clock)
    vendor.fault("answer", status=200, text=json.dumps(transaction))
    outcome = await channel.submit(purchase)
    assert isinstance(outcome, Confirmed)
    assert (outcome.reference, outcome.cost_exact) == ("7", "0.65")
    vendor.fault(
        "answer", status=200, text=json.dumps({**transaction, "status": "FAILED"})
    )
    with pytest.raises(Rejected) as caught:
        await channel.submit(purchase)
    assert caught.value.consumed


def _transaction(purchase: Purchase, clock: Clock) -> dict[str, object]:
    return {
        "transactionId": 7,
        "status": "SUCCESSFUL",
        "operatorTransactionId": 99,
        "customIdentifier": purchase.key,
        "recipientPhone": purchase.line.number.lstrip("+"),
        "operatorId": purchase.body["operatorId"],
        "requestedAmount": int(str(purchase.body["amount"])),
        "requestedAmountCurrencyCode": purchase.body["currency"],
        "deliveredAmount": 10000,
        "deliveredAmountCurrencyCode": "IDR",
        "transactionDate": f"{clock.now():%Y-%m-%d %H:%M:%S}",
        "balanceInfo": {"cost": 0.65, "currencyCode": "USD"},
    }


@pytest.mark.parametrize(
    "change",
    [
        {"recipientPhone": "6283155500000"},
        {"operatorId": 239},
        {"requestedAmount": 10000.01},
        {"requestedAmount": "10.000,00"},
        {"requestedAmountCurrencyCode": "USD"},
        {"transactionDate": "2025-11-20 12:00:00"},
        {"transactionDate": None},
        {"transactionDate": "9999-99-99"},
    ],
    ids=str,
)
async def test_what_differs_is_foreign(
    channel: ReloadlyChannel,
    vendor: ReloadlySimulator,
    clock: Clock,
    change: dict[str, object],
) -> None:
    purchase = await order(channel, clock)
    row = {**_transaction(purchase, clock), **change}
    page = json.dumps({"content": [row], "totalPages": 1})
    vendor.fault("answer", on="/topups/reports", status=200, text=page)
    assert isinstance(await channel.lookup(purchase), Foreign)
    status = json.dumps({"status": "SUCCESSFUL", "transaction": row})
    vendor.fault("answer", on="/topups/7", status=200, text=status)
    assert isinstance(await channel.lookup(replace(purchase, reference="7")), Foreign)


@pytest.mark.parametrize(
    ("change", "cost", "exact"),
    [
        ({}, "0.65", "0.65"),
        ({"balanceInfo": {"cost": 0.6501, "currencyCode": "USD"}}, "0.66", "0.6501"),
        ({"balanceInfo": None}, None, None),
        ({"balanceInfo": {"cost": -1, "currencyCode": "USD"}}, None, None),
        ({"balanceInfo": {"cost": 1, "currencyCode": "???"}}, None, None),
        ({"balanceInfo": {"cost": "0,65", "currencyCode": "USD"}}, None, None),
    ],
)
async def test_the_cost_is_booked_as_the_vendor_wrote_it(
    channel: ReloadlyChannel,
    vendor: ReloadlySimulator,
    clock: Clock,
    change: dict[str, object],
    cost: str | None,
    exact: str | None,
) -> None:
    purchase = await order(channel, clock)
    row = {**_transaction(purchase, clock), **change}
    page = json.dumps({"content": [row], "totalPages": 1})
    vendor.fault("answer", on="/topups/reports", status=200, text=page)
    outcome = await channel.lookup(purchase)
    assert isinstance(outcome, Confirmed)
    assert outcome.cost == (cost and Money.parse(cost, "USD"))
    assert outcome.cost_exact == exact
    assert outcome.receipt == "99"


@pytest.mark.parametrize("status", ["PROCESSING", "", None, "SOMETHING_NEW", 7])
async def test_a_state_that_is_not_final_is_pending(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, status: object
) -> None:
    purchase = await order(channel, clock)
    known = replace(purchase, reference="7")
    row = {**_transaction(purchase, clock), "status": status}
    for transaction in (row, None):
        text = json.dumps({"status": status, "transaction": transaction})
        vendor.fault("answer", on="/topups/7", status=200, text=text)
        assert await channel.lookup(known) == Pending(reference="7")
    page = json.dumps({"content": [row], "totalPages": 1})
    vendor.fault("answer", on="/topups/reports", status=200, text=page)
    assert await channel.lookup(purchase) == Pending(reference="7")


async def test_a_success_without_its_transaction_takes_the_cost_from_the_report(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    taken = await channel.submit(purchase)
    clock.advance(seconds=10)
    bare = '{"status": "SUCCESSFUL", "transaction": null}'
    vendor.fault("answer", on=f"/topups/{taken.reference}", status=200, text=bare)
    outcome = await channel.lookup(replace(purchase, reference=taken.reference))
    assert isinstance(outcome, Confirmed)
    assert outcome.cost is not None
    vendor.world.reset()
    vendor.fault("answer", on="/topups/7", status=200, text=bare)
    outcome = await channel.lookup(replace(purchase, reference="7"))
    assert outcome == Confirmed(
        reference="7", cost=None, cost_exact=None, delivered=None
    )


async def test_somebody_elses_reference_is_looked_up_by_key_instead(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    other = await channel.submit(replace(purchase, key="SK-OTHER"))
    ours = await channel.submit(purchase)
    clock.advance(seconds=10)
    outcome = await channel.lookup(replace(purchase, reference=other.reference))
    assert isinstance(outcome, Confirmed)
    assert outcome.reference == ours.reference


async def test_a_reference_that_is_not_shown_falls_back_to_the_key(
    channel: ReloadlyChannel, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    assert await channel.lookup(replace(purchase, reference="999")) == Absent()
    ours = await channel.submit(purchase)
    found = await channel.lookup(replace(purchase, reference="999"))
    assert found == Pending(reference=ours.reference)


async def test_keys_are_compared_with_their_case(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    """The vendor's search ignores it, the vendor's check for duplicates does not."""
    purchase = await order(channel, clock)
    await channel.submit(replace(purchase, key=KEY.lower()))
    assert await channel.lookup(purchase) == Absent()
    await channel.submit(purchase)
    assert vendor.bought == 2


async def test_every_page_of_the_report_is_read(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    for _ in range(450):
        vendor.world.sell(_axis_order(KEY.lower()))
    ours = await channel.submit(purchase)
    assert await channel.lookup(purchase) == Pending(reference=ours.reference)


async def test_a_report_that_goes_on_and_on_proves_no_absence(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    for _ in range(1000):
        vendor.world.sell(_axis_order(KEY.lower()))
    assert await channel.lookup(purchase) == Absent()
    vendor.world.sell(_axis_order(KEY))
    with pytest.raises(Unavailable, match="not complete"):
        await channel.lookup(purchase)
    assert vendor.calls[-5:] == ["GET /topups/reports/transactions"] * 5


@pytest.mark.parametrize("end", ["FAILED", "REFUNDED"])
async def test_a_failure_in_a_part_of_the_report_is_not_the_end(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, end: str
) -> None:
    """Where one identifier was executed twice, the other one may be in the rest."""
    purchase = await order(channel, clock)
    vendor.world.sell(_axis_order(KEY), Plan(end=end, takes_s=0))
    with pytest.raises(Rejected):
        await channel.lookup(purchase)
    for _ in range(1000):
        vendor.world.sell(_axis_order(KEY.lower()))
    with pytest.raises(Unavailable, match="not complete"):
        await channel.lookup(purchase)


async def test_a_report_that_was_not_searched_proves_no_absence(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    vendor.world.sell(_axis_order("SK-OTHER"))
    assert await channel.lookup(purchase) == Absent()
    vendor.fault("search_ignored", on="/topups/reports", times=None)
    with pytest.raises(Unavailable, match="not complete"):
        await channel.lookup(purchase)
    # What it does show of ours is a fact all the same.
    ours = await channel.submit(purchase)
    assert await channel.lookup(purchase) == Pending(reference=ours.reference)
    clock.advance(seconds=10)
    assert isinstance(await channel.lookup(purchase), Confirmed)


@pytest.mark.parametrize(
    ("identifiers", "searched"),
    [
        ([KEY.lower()], True),
        ([f"{KEY}0", f"shop-{KEY.lower()}-a"], True),
        ([KEY.lower(), KEY[:-1]], False),
        (["SK-OTHER"], False),
        ([""], False),
        ([None], False),
        ([7], False),
    ],
    ids=str,
)
async def test_what_merely_resembles_the_key_is_an_answer_to_the_search(
    channel: ReloadlyChannel,
    vendor: ReloadlySimulator,
    clock: Clock,
    identifiers: list[object],
    searched: bool,
) -> None:
    purchase = await order(channel, clock)
    row = _transaction(purchase, clock)
    content = [{**row, "customIdentifier": one} for one in identifiers]
    page = json.dumps({"content": content, "totalPages": 1})
    vendor.fault("answer", on="/topups/reports", status=200, text=page)
    if searched:
        assert await channel.lookup(purchase) == Absent()
    else:
        with pytest.raises(Unavailable, match="not complete"):
            await channel.lookup(purchase)


@pytest.mark.parametrize(
    ("rows", "told", "complete"),
    [
        (0, {"totalPages": 0, "last": True}, True),
        (0, {"totalPages": 0, "last": False}, True),
        (0, {}, True),
        (1, {"totalPages": 1}, True),
        (1, {"totalPages": 2}, False),
        (1, {"totalPages": 2, "last": True}, False),
        (1, {"last": True}, True),
        (1, {"last": False}, False),
        (1, {}, True),
        (200, {}, False),
        (200, {"last": True}, True),
        (200, {"totalPages": "many"}, False),
        (1001, {"totalPages": 1}, False),
    ],
    ids=str,
)
async def test_a_page_is_the_last_one_where_the_vendor_says_so(
    channel: ReloadlyChannel,
    vendor: ReloadlySimulator,
    clock: Clock,
    rows: int,
    told: dict[str, object],
    complete: bool,
) -> None:
    purchase = await order(channel, clock)
    content = [{"customIdentifier": KEY.lower()}] * rows
    page = json.dumps({"content": content, **told})
    vendor.fault("answer", on="/topups/reports", status=200, text=page)
    # The next page is one that cannot be read.
    vendor.fault("garbage", on="/topups/reports", times=None)
    if complete:
        assert await channel.lookup(purchase) == Absent()
    else:
        with pytest.raises(Unavailable):
            await channel.lookup(purchase)


def _axis_order(identifier: str) -> Order:
    return Order(
        operator=243,
        amount=Decimal(10000),
        local=True,
        identifier=identifier,
        country="ID",
        number="6283155501234",
    )


@pytest.mark.parametrize("first", ["FAILED", "REFUNDED", "SUCCESSFUL"])
async def test_where_a_key_ran_twice_money_gone_outweighs_the_rest(
    channel: ReloadlyChannel,
    vendor: ReloadlySimulator,
    clock: Clock,
    first: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    purchase = await order(channel, clock)
    twin = _axis_order(KEY)
    vendor.world.sell(twin, Plan(end=first))
    vendor.world.sell(twin)
    clock.advance(seconds=10)
    assert isinstance(await channel.lookup(purchase), Confirmed)
    assert ("executed one identifier 2 times" in caplog.text) is (first == "SUCCESSFUL")


async def test_where_a_key_also_bought_something_else_ours_is_found(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    other = Order(
        operator=243,
        amount=Decimal(25000),
        local=True,
        identifier=KEY,
        country="ID",
        number="6283155501234",
    )
    vendor.world.sell(other)
    ours = await channel.submit(purchase)
    assert await channel.lookup(purchase) == Pending(reference=ours.reference)


async def test_the_vendors_clock_decides_what_is_too_old(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    vendor.fault("clock_skew", seconds=-1200)
    await channel.submit(purchase)
    clock.advance(seconds=10)
    found = await channel.lookup(purchase)
    assert isinstance(found, Foreign)
    assert found.at == purchase.created_at - timedelta(seconds=1200)


@pytest.mark.parametrize(
    "text",
    [
        '{"balance": null, "currencyCode": "USD"}',
        '{"balance": "1.000,00", "currencyCode": "USD"}',
        '{"balance": 1e30, "currencyCode": "USD"}',
        '{"balance": 5, "currencyCode": "???"}',
        '{"balance": 5}',
    ],
)
async def test_a_wallet_that_makes_no_sense_is_unavailable(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, text: str
) -> None:
    vendor.fault("answer", on="/accounts", status=200, text=text)
    with pytest.raises(Unavailable):
        await channel.wallet()


async def test_the_wallet_is_rounded_down_and_may_be_a_debt(
    channel: ReloadlyChannel, vendor: ReloadlySimulator
) -> None:
    for balance, minor in (("12.34999", 1234), ("0.00000", 0), ("-0.001", -1)):
        text = f'{{"balance": {balance}, "currencyCode": "USD"}}'
        vendor.fault("answer", on="/accounts", status=200, text=text)
        assert await channel.wallet() == Money(minor, "USD")
