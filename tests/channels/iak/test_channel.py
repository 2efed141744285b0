"""Buying, and looking up what came of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.sim_keeper.channels.http import open_session
from custom_components.sim_keeper.channels.iak import IakChannel
from custom_components.sim_keeper.keeper.errors import (
    OutcomeUnknown,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.orders import (
    Attempt,
    State,
    Step,
    after_absent,
    next_look,
)
from custom_components.sim_keeper.keeper.ports import (
    Absent,
    Automatic,
    Confirmed,
    Foreign,
    Lookup,
    Pending,
    Purchase,
)
from tests.keeper import builders
from tests.vendors.iak import IakSimulator, Order, Plan, Restriction

from ..conftest import Clock
from .conftest import AXIS, KEY, Answers, order, rupiah
from .test_codes import SHOWN


def test_capabilities(channel: IakChannel) -> None:
    promises = channel.capabilities
    assert promises.lookup is Lookup.PURE
    assert not promises.price_guard
    assert promises.send_timeout_s < promises.look_after_s[0]


@pytest.mark.parametrize(
    ("login", "automatic"),
    [
        ({"environment": "production"}, Automatic.AFTER_ONE_SUPERVISED),
        ({"environment": "development"}, Automatic.YES),
        ({"environment": "development", "base_url": ""}, Automatic.YES),
        # Where a relay leads, no environment tells.
        (
            {"environment": "development", "base_url": "https://relay.example"},
            Automatic.AFTER_ONE_SUPERVISED,
        ),
        (
            {"environment": "production", "base_url": "http://127.0.0.1:9"},
            Automatic.YES,
        ),
        (
            {"environment": "production", "base_url": "https://relay.example"},
            Automatic.AFTER_ONE_SUPERVISED,
        ),
    ],
)
async def test_only_real_money_needs_supervision(
    login: dict[str, str], automatic: Automatic
) -> None:
    async with open_session() as session:
        channel = IakChannel(session, {"username": "u", "api_key": "k", **login})
        assert channel.capabilities.automatic is automatic


async def test_the_number_travels_in_its_local_form(
    channel: IakChannel, vendor: IakSimulator, clock: Clock
) -> None:
    await channel.submit(await order(channel, clock))
    (sale,) = vendor.world.sales
    assert sale.order == Order(ref=KEY, number="083155501234", product="haxis10000")


async def test_an_order_of_a_sim_that_was_removed_is_still_found(
    channel: IakChannel, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    await channel.submit(purchase)
    clock.advance(seconds=10)
    bare = replace(AXIS, country="", operator=None)
    found = await channel.lookup(replace(purchase, line=bare))
    assert isinstance(found, Confirmed)
    assert found.cost == Money.parse("10800", "IDR")
    assert found.cost_exact == "10800"


async def test_the_same_denomination_twice_a_day_waits_for_the_next(
    channel: IakChannel, vendor: IakSimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    await channel.submit(purchase)
    again = replace(purchase, key="SKX7Q2M9K4TB-002-0")
    with pytest.raises(Rejected, match="202") as caught:
        await channel.submit(again)
    assert caught.value.refusal is RefusalClass.LATER
    assert await channel.lookup(again) == Absent()
    clock.advance(hours=24)
    assert isinstance(await channel.submit(again), Pending)
    vendor.restriction = Restriction.ANYTHING
    other = await order(channel, clock, amount="5000")
    with pytest.raises(Rejected, match="207"):
        await channel.submit(replace(other, key="SKX7Q2M9K4TB-003-0"))


async def test_a_number_that_the_operator_does_not_know_is_told(
    channel: IakChannel, clock: Clock
) -> None:
    purchase = await order(channel, clock, replace(AXIS, number="+6283355501234"))
    with pytest.raises(Rejected, match="16 number of another operator"):
        await channel.submit(purchase)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"product_code": ""},
        {"product_code": 5},
        {"product_code": "a b"},
        {"product_code": "x" * 65},
    ],
)
async def test_a_body_that_is_not_ours_is_never_sent(
    channel: IakChannel, vendor: IakSimulator, clock: Clock, body: dict[str, Any]
) -> None:
    purchase = Purchase(key=KEY, line=AXIS, body=body, created_at=clock.now())
    with pytest.raises(Rejected, match="order_unreadable"):
        await channel.submit(purchase)
    assert vendor.calls == []


@pytest.mark.parametrize("number", ["+60125550123", "+62", "8962000000000000000", "x"])
async def test_a_number_of_elsewhere_is_never_sent(
    channel: IakChannel, vendor: IakSimulator, clock: Clock, number: str
) -> None:
    purchase = await order(channel, clock)
    asked = len(vendor.calls)
    with pytest.raises(Rejected, match="order_unreadable"):
        await channel.submit(replace(purchase, line=replace(AXIS, number=number)))
    assert len(vendor.calls) == asked


@pytest.mark.parametrize(
    "change",
    [
        {"ref_id": "SKX7Q2M9K4TB-001-1"},
        {"ref_id": KEY.lower()},
        {"customer_id": "083155501235"},
        {"customer_id": "60125550123"},
        {"product_code": "haxis5000"},
    ],
)
@pytest.mark.parametrize("end", [("39", 0), ("00", 1), ("07", 2), ("17", None)])
async def test_an_answer_about_another_order_proves_nothing(
    channel: IakChannel,
    clock: Clock,
    answers: Answers,
    change: dict[str, object],
    end: tuple[str, int | None],
) -> None:
    purchase = await order(channel, clock)
    shown = {**SHOWN, **change, "rc": end[0], "status": end[1]}
    answers(**shown)
    with pytest.raises(OutcomeUnknown, match="another order"):
        await channel.submit(purchase)
    answers(**shown)
    if "ref_id" in change:
        with pytest.raises(Unavailable, match="another order"):
            await channel.lookup(purchase)
    elif end == ("07", 2):
        # An earlier order under our key that failed: what it was for does not matter.
        with pytest.raises(Rejected) as caught:
            await channel.lookup(purchase)
        assert caught.value.consumed
    else:
        found = await channel.lookup(purchase)
        assert isinstance(found, Foreign)
        assert found.reference == "77"
        assert found.cost == Money.parse("10800", "IDR")


@pytest.mark.parametrize("gone", ["ref_id", "customer_id", "product_code"])
async def test_an_order_that_is_shown_in_part_is_no_end(
    channel: IakChannel, clock: Clock, answers: Answers, gone: str
) -> None:
    purchase = await order(channel, clock)
    part = {key: value for key, value in SHOWN.items() if key != gone}
    for code, status in (("00", 1), ("07", 2), ("39", 0)):
        answers(**part, rc=code, status=status)
        with pytest.raises(Unavailable):
            await channel.lookup(purchase)
    answers(**part, rc="00", status=1)
    with pytest.raises(OutcomeUnknown):
        await channel.submit(purchase)


async def test_the_older_names_of_the_fields_are_understood(
    channel: IakChannel, clock: Clock, answers: Answers
) -> None:
    purchase = await order(channel, clock)
    answers(
        ref_id=KEY,
        code="haxis10000",
        hp="6283155501234",
        price="10800",
        tr_id="77",
        status="1",
        rc="00",
        sn="R1",
    )
    found = await channel.lookup(purchase)
    assert isinstance(found, Confirmed)
    assert (found.reference, found.receipt) == ("77", "R1")
    assert found.cost == Money.parse("10800", "IDR")


@pytest.mark.parametrize("price", [None, "", -1, "much", [], True])
async def test_a_delivery_without_a_readable_price_is_still_one(
    channel: IakChannel, clock: Clock, answers: Answers, price: object
) -> None:
    purchase = await order(channel, clock)
    answers(**{**SHOWN, "price": price, "tr_id": None}, rc="00", status=1)
    found = await channel.lookup(purchase)
    assert isinstance(found, Confirmed)
    assert (found.cost, found.cost_exact, found.receipt) == (None, None, None)
    assert found.reference == KEY


async def test_what_was_bought_long_ago_under_the_key_is_not_bought_again(
    channel: IakChannel, vendor: IakSimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    vendor.world.sell(
        Order(ref=KEY, number="083155501234", product="haxis10000"), Plan(takes_s=0)
    )
    vendor.world.end_call(KEY)
    vendor.world.age(days=40)
    assert isinstance(await channel.submit(purchase), Confirmed)
    assert vendor.bought == 1


@pytest.mark.parametrize("balance", ["250000.5", 250000.5])
async def test_the_wallet_is_never_rounded_up(
    channel: IakChannel, answers: Answers, balance: object
) -> None:
    answers(balance=balance, rc="00", message="SUCCESS")
    assert await channel.wallet() == Money.parse("250000.50", "IDR")
    answers(balance="250000.009", rc="00")
    assert await channel.wallet() == Money.parse("250000", "IDR")


@pytest.mark.parametrize("balance", [None, "", "much", [], True, 1e30])
async def test_a_wallet_that_cannot_be_read_is_unavailable(
    channel: IakChannel, answers: Answers, balance: object
) -> None:
    answers(balance=balance, rc="00")
    with pytest.raises(Unavailable):
        await channel.wallet()


def test_a_resend_comes_after_two_noes_two_minutes_apart_and_soon(
    channel: IakChannel, clock: Clock
) -> None:
    """Whenever the process is restarted, and so takes its first look."""
    caps = channel.capabilities
    sent = clock.now()
    unknown = builders.order(State.UNKNOWN, valid_until=sent + timedelta(days=1))
    resent = 0
    for start_s in range(caps.look_after_s[0], 3600):
        attempt = Attempt(
            key=KEY,
            order_id=1,
            ordinal=0,
            first_sent_at=sent,
            last_sent_at=sent,
            sends=1,
            looks=0,
            consumed=False,
        )
        noes = []
        at = sent + timedelta(seconds=start_s)
        while True:
            noes.append(at)
            attempt = replace(attempt, looks=attempt.looks + 1)
            step = after_absent(caps, unknown, attempt, at, wanted=True)
            if step.step is not Step.WAIT:
                break
            assert step.at == next_look(caps, State.UNKNOWN, attempt, at) > at
            at = step.at
        if step.step is Step.SEND_AGAIN:
            resent += 1
            assert noes[-1] - noes[0] >= timedelta(minutes=2)
            assert at - sent <= timedelta(minutes=15)
    assert resent > 100


async def test_wanted_in_vain_costs_nothing(
    channel: IakChannel, vendor: IakSimulator, clock: Clock
) -> None:
    vendor.world.funds = 10799
    purchase = await order(channel, clock)
    with pytest.raises(Rejected, match="17 deposit too small"):
        await channel.submit(purchase)
    vendor.world.funds = 10800
    assert isinstance(await channel.submit(purchase), Pending)
    assert await channel.wallet() == Money(0, "IDR")
    with pytest.raises(Rejected):
        await channel.quote(AXIS, rupiah("30000"))
