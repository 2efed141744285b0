"""The channel of those who have no provider: what is declared, run, and proven."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.sim_keeper.channels.action import (
    ActionChannel,
    Proof,
    Terms,
    Work,
)
from custom_components.sim_keeper.channels.pacing import Patience
from custom_components.sim_keeper.keeper.errors import (
    KeyAlreadyUsed,
    NotSent,
    OutcomeUnknown,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import (
    Automatic,
    Confirmed,
    Line,
    Lookup,
    Pending,
    Product,
    Purchase,
    Wanted,
)
from tests.keeper.gateway import RECHARGE, USE, Gateway

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NUMBER = "+447400123456"
LINE = Line(number=NUMBER, country="GB", currency="GBP", operator=None)
KEY = "SKX7Q2M9K4TB-00C-0"
TEN = Wanted(amount=Money(1000, "GBP"))
SAME = replace(RECHARGE, pays_in="GBP", price=None, maximum=Money(2000, "GBP"))
ANSWERING = replace(
    RECHARGE,
    proof=Proof.RESPONSE,
    value_key="content.status",
    success="OK",
    failure="refused",
    reference_key="content.id",
    cost_key="content.cost",
)


def channel(terms: Terms = RECHARGE, **gateway: Any) -> tuple[ActionChannel, Gateway]:
    runner = Gateway(**gateway)
    return ActionChannel(terms, runner), runner


async def purchase(of: ActionChannel, wanted: Wanted = TEN, **changes: Any) -> Purchase:
    quote = await of.quote(LINE, wanted)
    values: dict[str, Any] = {"key": KEY, "line": LINE, "created_at": NOW}
    return Purchase(body=quote.body, **(values | changes))


async def ran(terms: Terms, response: Any) -> Confirmed | Pending:
    buys, _ = channel(terms, response=response)
    return await buys.submit(await purchase(buys))


# -- What it promises -----------------------------------------------------------------------


def test_it_promises_nothing_that_somebody_could_be_asked_about() -> None:
    promised = channel()[0].capabilities
    assert promised.lookup is Lookup.NONE
    assert promised.automatic is Automatic.OPT_IN
    assert promised.resend_within_s == 0
    assert not promised.price_guard
    assert not promised.tells_wallet
    assert not promised.uses_number
    assert not promised.shown_by_reading
    assert promised.poll_s == promised.look_after_s == ()
    assert channel(USE)[0].capabilities.uses_number


def test_a_reading_gets_its_hours() -> None:
    terms = replace(RECHARGE, proof=Proof.READING, wait_hours=3)
    promised = channel(terms)[0].capabilities
    assert promised.shown_by_reading
    assert promised.poll_s == promised.look_after_s == (3 * 3600,)


async def test_it_knows_neither_operators_nor_wallets_nor_past_orders() -> None:
    asked, _ = channel()
    assert await asked.operator(LINE) is None
    with pytest.raises(Unavailable):
        await asked.wallet()
    with pytest.raises(Unavailable):
        await asked.lookup(await purchase(asked))


def test_terms_are_read_as_an_account_keeps_them() -> None:
    least = {"work": "use", "proof": "ended", "price": "0.10", "maximum": "0.10"}
    assert Terms.stored(least, "GBP") == Terms(
        work=Work.USE,
        proof=Proof.ENDED,
        pays_in="GBP",
        price=Money(10, "GBP"),
        maximum=Money(10, "GBP"),
    )
    full = {
        "work": "recharge",
        "proof": "response",
        "maximum": "20",
        "amounts": ["5", "10"],
        "value_key": "status",
        "success": "ok",
        "failure": "no",
        "reference_key": "id",
        "cost_key": "cost",
        "wait_hours": 2.0,
        "timeout_s": 30.0,
    }
    terms = Terms.stored(full, "GBP")
    assert terms.price is None
    assert terms.amounts == ("5", "10")
    assert (terms.value_key, terms.success, terms.failure) == ("status", "ok", "no")
    assert (terms.reference_key, terms.cost_key) == ("id", "cost")
    assert (terms.wait_hours, terms.timeout_s) == (2, 30)


# -- What it costs --------------------------------------------------------------------------


async def test_a_stated_price_is_what_a_recharge_costs() -> None:
    quote = await channel()[0].quote(LINE, TEN)
    assert quote.value == Money(1000, "GBP")
    assert quote.price == Money(700, "USD")
    assert quote.product == "10"
    assert NUMBER[1:] not in str(quote.body)


async def test_without_one_it_costs_as_much_as_the_amount() -> None:
    assert (await channel(SAME)[0].quote(LINE, TEN)).price == Money(1000, "GBP")


@pytest.mark.parametrize(
    ("terms", "wanted", "code"),
    [
        (SAME, Wanted(amount=Money(2001, "GBP")), "over_stated_maximum"),
        (SAME, Wanted(amount=Money(1000, "EUR")), "price_not_stated"),
        (SAME, Wanted(), "no_amount"),
        (SAME, Wanted(product="10"), "no_amount"),
        (replace(SAME, amounts=("5", "20")), TEN, "amount_not_offered"),
        (replace(SAME, amounts=("5.001", "x")), TEN, "amount_not_offered"),
        (USE, TEN, "cannot_recharge"),
        (replace(USE, price=None), Wanted(), "price_not_stated"),
    ],
)
async def test_what_was_not_declared_is_refused(
    terms: Terms, wanted: Wanted, code: str
) -> None:
    with pytest.raises(Rejected) as caught:
        await channel(terms)[0].quote(LINE, wanted)
    assert caught.value.code == code
    assert caught.value.refusal is not RefusalClass.LATER


async def test_a_use_is_ordered_without_an_amount_and_by_its_name() -> None:
    asked, _ = channel(USE)
    quote = await asked.quote(LINE, Wanted())
    assert (quote.value, quote.price) == (None, Money(10, "USD"))
    assert await asked.quote(LINE, Wanted(product=quote.product)) == quote


async def test_an_amount_is_ordered_by_its_product_as_well() -> None:
    asked, _ = channel(replace(SAME, amounts=("5", "10.50")))
    quote = await asked.quote(LINE, Wanted(product="10.5"))
    assert quote.value == Money(1050, "GBP")


@pytest.mark.parametrize(
    "fault",
    [Rejected("sequence_invalid", RefusalClass.FIX_FIRST), Unavailable("x.y is gone")],
)
async def test_what_could_not_begin_has_no_price(fault: Exception) -> None:
    with pytest.raises(type(fault)):
        await channel(missing=fault)[0].quote(LINE, TEN)


async def test_its_list_is_what_was_declared() -> None:
    listed = await channel(replace(SAME, amounts=("5", "10.50")))[0].products(LINE)
    assert listed == (
        Product(
            id="5", name="5.00 GBP", value=Money(500, "GBP"), price=Money(500, "GBP")
        ),
        Product(
            id="10.5",
            name="10.50 GBP",
            value=Money(1050, "GBP"),
            price=Money(1050, "GBP"),
        ),
    )
    (any_amount,) = await channel(SAME)[0].products(LINE)
    assert any_amount.value_max == Money(2000, "GBP")
    assert await channel()[0].products(LINE) == ()
    assert await channel(USE)[0].products(LINE) == ()
    euros = replace(LINE, currency="EUR")
    assert await channel(replace(SAME, amounts=("5",)))[0].products(euros) == ()


# -- Running --------------------------------------------------------------------------------


async def test_the_sequence_gets_number_amount_and_key() -> None:
    buys, runner = channel()
    await buys.submit(await purchase(buys))
    assert runner.runs == [
        {"number": NUMBER, "amount": "10", "currency": "GBP", "order_key": KEY}
    ]


async def test_an_order_runs_once() -> None:
    buys, runner = channel()
    order = await purchase(buys)
    await buys.submit(order)
    with pytest.raises(KeyAlreadyUsed):
        await buys.submit(order)
    assert len(runner.runs) == 1


async def test_two_calls_at_once_run_it_once() -> None:
    buys, runner = channel()
    order = await purchase(buys)
    results = await asyncio.gather(
        *(buys.submit(order) for _ in range(3)), return_exceptions=True
    )
    assert len(runner.runs) == 1
    assert sum(isinstance(one, KeyAlreadyUsed) for one in results) == 2


async def test_a_new_order_may_run_under_the_key_of_one_that_ended_unpaid() -> None:
    buys, runner = channel()
    await buys.submit(await purchase(buys))
    later = await purchase(buys, created_at=NOW + timedelta(days=1))
    await buys.submit(later)
    assert len(runner.runs) == 2


async def test_two_orders_never_run_at_the_same_time() -> None:
    buys, runner = channel()
    orders = [await purchase(buys, key=f"SKX-00{n}-0") for n in range(4)]
    await asyncio.gather(*map(buys.submit, orders))
    assert len(runner.runs) == 4
    assert runner.most_at_once == 1


async def test_what_was_not_begun_may_be_tried_again() -> None:
    buys, runner = channel(refuses=NotSent("stopping"))
    order = await purchase(buys)
    with pytest.raises(NotSent):
        await buys.submit(order)
    runner.refuses = None
    assert isinstance(await buys.submit(order), Confirmed)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError(f"cannot dial {NUMBER}"), "ValueError"),
        (TimeoutError(NUMBER), "timeout"),
        (OutcomeUnknown("sequence aborted"), "sequence aborted"),
    ],
)
async def test_a_run_that_breaks_off_may_have_done_its_work(
    error: Exception, reason: str
) -> None:
    buys, runner = channel(error=error)
    order = await purchase(buys)
    with pytest.raises(OutcomeUnknown, match=reason) as caught:
        await buys.submit(order)
    assert NUMBER not in str(caught.value)
    with pytest.raises(KeyAlreadyUsed):
        await buys.submit(order)
    assert len(runner.runs) == 1


async def test_a_run_that_takes_too_long_is_stopped() -> None:
    terms = replace(RECHARGE, timeout_s=0)
    buys, runner = channel(terms, hangs=True)
    with pytest.raises(OutcomeUnknown, match="timeout"):
        await buys.submit(await purchase(buys))
    assert runner.at_once == 0


async def test_a_cancelled_run_stops_and_gives_its_turn_back() -> None:
    buys, runner = channel(hangs=True)
    task = asyncio.create_task(buys.submit(await purchase(buys)))
    while not runner.at_once:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    runner.hangs = False
    await buys.submit(await purchase(buys, key="SKX-00D-0"))
    assert len(runner.runs) == 2


async def test_who_would_have_to_wait_for_long_is_not_run() -> None:
    """It may be stopped meanwhile, and nobody would hear that."""
    gateway = Gateway(hangs=True)
    buys = ActionChannel(RECHARGE, gateway, Patience(send_s=0.05, least_send_s=0.0))
    first = asyncio.create_task(buys.submit(await purchase(buys)))
    while not gateway.at_once:
        await asyncio.sleep(0)
    other = await purchase(buys, key="SKX-00D-0")
    with pytest.raises(NotSent):
        await buys.submit(other)
    assert len(gateway.runs) == 1
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    # Its key is as good as before.
    gateway.hangs = False
    await buys.submit(other)
    assert len(gateway.runs) == 2


@pytest.mark.parametrize("body", [{}, {"cost": "x", "pays_in": "USD"}, {"cost": "1"}])
async def test_an_unreadable_order_is_never_run(body: Any) -> None:
    buys, runner = channel()
    with pytest.raises(Rejected):
        await buys.submit(replace(await purchase(buys), body=body))
    assert runner.runs == []


# -- What is proven -------------------------------------------------------------------------


async def test_the_end_proves_it_where_that_was_declared() -> None:
    done = await ran(RECHARGE, {})
    assert done == Confirmed(
        reference=KEY, cost=Money(700, "USD"), cost_exact=None, delivered=None
    )


@pytest.mark.parametrize("said", ["OK", "ok", " ok "])
async def test_a_value_in_the_response_proves_it(said: str) -> None:
    response = {"content": {"status": said, "id": "TX-81", "cost": 6.5}}
    done = await ran(ANSWERING, response)
    assert done == Confirmed(
        reference="TX-81",
        cost=Money(650, "USD"),
        cost_exact="6.5",
        delivered=None,
    )


@pytest.mark.parametrize(
    ("value", "declared"), [(200, "200"), (True, "true"), (1.5, "1.5")]
)
async def test_numbers_and_truths_are_compared_as_they_are_written(
    value: object, declared: str
) -> None:
    terms = replace(ANSWERING, value_key="status", success=declared)
    assert isinstance(await ran(terms, {"status": value}), Confirmed)


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"content": None},
        {"content": "OK"},
        {"content": {"status": None}},
        {"content": {"status": ["OK"]}},
        {"content": {"status": "OKAY"}},
        {"content": {"status": ""}},
    ],
)
async def test_any_other_response_proves_nothing(response: Any) -> None:
    with pytest.raises(OutcomeUnknown, match="proof_missing"):
        await ran(ANSWERING, response)


async def test_a_declared_failure_is_a_definite_no_and_uses_up_the_key() -> None:
    with pytest.raises(Rejected) as caught:
        await ran(ANSWERING, {"content": {"status": "Refused"}})
    assert caught.value.code == "action_says_failed"
    assert caught.value.refusal is RefusalClass.FIX_FIRST
    assert caught.value.consumed


async def test_a_reading_is_waited_for() -> None:
    terms = replace(RECHARGE, proof=Proof.READING, reference_key="id")
    assert await ran(terms, {"id": 81}) == Pending(reference="81")
    assert await ran(terms, {}) == Pending(reference=None)


@pytest.mark.parametrize("cost", ["much", -1, True, None, float("nan"), [1], "1,50"])
async def test_a_cost_that_makes_no_sense_is_the_stated_one(cost: object) -> None:
    done = await ran(ANSWERING, {"content": {"status": "ok", "cost": cost}})
    assert isinstance(done, Confirmed)
    assert done.cost == Money(700, "USD")


async def test_a_cost_above_the_stated_one_is_told_as_it_is() -> None:
    done = await ran(ANSWERING, {"content": {"status": "ok", "cost": "12.345"}})
    assert isinstance(done, Confirmed)
    assert (done.cost, done.cost_exact) == (Money(1235, "USD"), "12.345")


async def test_a_reference_never_gives_the_number_away() -> None:
    response = {"content": {"status": "ok", "id": f"to {NUMBER}"}}
    done = await ran(ANSWERING, response)
    assert isinstance(done, Confirmed)
    assert done.reference == KEY
