"""The contract that every channel keeps. See `contract` for how a provider joins."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
import logging
import traceback

import pytest

from custom_components.sim_keeper.channels import PROVIDERS
from custom_components.sim_keeper.keeper.errors import (
    KeeperError,
    KeyAlreadyUsed,
    LoginFailed,
    NotSent,
    OutcomeUnknown,
    RefusalClass,
    Rejected,
    Unavailable,
)
from custom_components.sim_keeper.keeper.money import Money
from custom_components.sim_keeper.keeper.ports import (
    Absent,
    Confirmed,
    Foreign,
    Pending,
    Purchase,
    Wanted,
)

from .conftest import Clock
from .contract import BENCHES, KEY, LOGIN_PATHS, Again, Bench

BAD_ANSWERS: list[dict[str, object]] = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 502},
    {"kind": "status", "status": 503, "text": ""},
    {"kind": "status", "status": 504},
    {"kind": "status", "status": 200, "text": ""},
    {"kind": "status", "status": 200},
    {"kind": "status", "status": 403},
    {"kind": "status", "status": 404},
    {"kind": "status", "status": 408},
    {"kind": "status", "status": 429},
    {"kind": "garbage"},
    {"kind": "half_json"},
    {"kind": "huge"},
    {"kind": "deep"},
    {"kind": "redirect"},
    {"kind": "answer", "status": 200, "text": "[]"},
    {"kind": "answer", "status": 200, "text": "null"},
    {"kind": "answer", "status": 200, "text": "{}"},
    {"kind": "answer", "status": 200, "text": '"ok"'},
    {"kind": "answer", "status": 200, "text": '{"data": "\xff\xfe"}'},
    {"kind": "lose_answer"},
    {"kind": "lose_request"},
    {"kind": "reset_answer"},
]


def _name(fault: dict[str, object]) -> str:
    return "-".join(str(value) or "empty" for value in fault.values())


@pytest.fixture(params=sorted(BENCHES))
async def bench(request: pytest.FixtureRequest, clock: Clock) -> AsyncGenerator[Bench]:
    async with BENCHES[request.param](clock) as bench:
        yield bench


@pytest.fixture
def asking(bench: Bench) -> Bench:
    """Return a bench whose orders can be looked up without buying them."""
    if not bench.asks_freely:
        pytest.skip("here a look is a purchase")
    return bench


def test_every_provider_is_on_a_bench() -> None:
    assert set(BENCHES) == set(PROVIDERS)


async def test_an_order_is_quoted_bought_and_confirmed(bench: Bench) -> None:
    before = await bench.channel.wallet()
    quote = await bench.channel.quote(bench.line, bench.wanted)
    assert quote.value == bench.wanted.amount
    purchase = await bench.purchase()
    if bench.asks_freely:
        assert await bench.look(purchase) == Absent()
    taken = await bench.channel.submit(purchase)
    assert isinstance(taken, Pending)
    bench.clock.advance(seconds=bench.settle_s)
    outcome = await bench.look(replace(purchase, reference=taken.reference))
    assert isinstance(outcome, Confirmed)
    assert outcome.reference == taken.reference
    manners = bench.manners
    assert outcome.delivered == (quote.value if manners.tells_delivered else None)
    assert outcome.cost is not None
    assert outcome.cost <= quote.price.with_margin(5)
    assert outcome.receipt
    assert outcome.at == (purchase.created_at if manners.tells_time else None)
    after = await bench.channel.wallet()
    assert abs((before - after).minor - outcome.cost.minor) <= 1
    assert bench.vendor.bought == 1


async def test_a_quote_tells_the_vendors_time(bench: Bench) -> None:
    bench.vendor.fault("clock_skew", seconds=3600)
    quote = await bench.channel.quote(bench.line, bench.wanted)
    assert quote.vendor_time == bench.clock.now() + timedelta(hours=1)


async def test_reading_never_buys(bench: Bench) -> None:
    purchase = await bench.purchase()
    await bench.channel.operator(bench.line)
    await bench.channel.products(bench.line)
    await bench.channel.wallet()
    for _ in range(3 if bench.asks_freely else 0):
        assert await bench.look(purchase) == Absent()
    assert bench.vendor.bought == 0


async def test_the_operator_that_is_found_can_be_bought_from(bench: Bench) -> None:
    found = await bench.channel.operator(replace(bench.line, operator=None))
    assert found is not None
    assert found.id == bench.line.operator
    assert found.name
    quotes = [
        await bench.channel.quote(line, bench.wanted)
        for line in (bench.line, replace(bench.line, operator=None))
    ]
    assert replace(quotes[0], vendor_time=None) == replace(quotes[1], vendor_time=None)


async def test_what_is_listed_can_be_quoted(bench: Bench) -> None:
    products = await bench.channel.products(bench.line)
    assert any(product.value is not None for product in products)
    assert len({product.id for product in products}) == len(products)
    for product in products:
        assert product.name
        assert product.price is not None
        quote = await bench.channel.quote(
            bench.line, Wanted(product=product.id, amount=product.value)
        )
        assert quote.product == product.id
        assert quote.price == product.price
        assert quote.days == product.days
        if product.value is None:
            assert quote.value is None
        else:
            assert quote.value is not None
            assert product.value <= quote.value


@pytest.mark.parametrize("amount", ["0", "-5", "1", "9999999999"])
async def test_an_amount_that_is_not_sold_is_refused(bench: Bench, amount: str) -> None:
    wanted = Wanted(amount=Money.parse(amount, bench.line.currency))
    with pytest.raises(Rejected, match="amount_not_offered") as caught:
        await bench.channel.quote(bench.line, wanted)
    assert caught.value.refusal is RefusalClass.FIX_FIRST


@pytest.mark.parametrize(
    "wanted", [Wanted(), Wanted(product="no such product")], ids=["nothing", "unknown"]
)
async def test_a_product_that_is_not_sold_is_refused(
    bench: Bench, wanted: Wanted
) -> None:
    with pytest.raises(Rejected, match="amount_not_offered"):
        await bench.channel.quote(bench.line, wanted)


async def test_another_currency_is_refused(bench: Bench) -> None:
    with pytest.raises(Rejected, match="currency_differs"):
        await bench.channel.quote(bench.elsewhere, bench.wanted)
    with pytest.raises(Rejected, match="currency_differs"):
        await bench.channel.quote(
            bench.line, Wanted(amount=Money.parse("5", bench.elsewhere.currency))
        )


async def test_nobody_there_is_not_sent(bench: Bench) -> None:
    purchase = await bench.purchase()
    with pytest.raises(NotSent):
        await bench.cut_off.submit(purchase)
    with pytest.raises(Unavailable):
        await bench.cut_off.lookup(purchase)
    with pytest.raises(Unavailable):
        await bench.cut_off.wallet()


async def test_a_wrong_login_is_told_and_buys_nothing(bench: Bench) -> None:
    purchase = await bench.purchase()
    for call in (
        bench.locked_out.submit(purchase),
        bench.locked_out.lookup(purchase),
        bench.locked_out.wallet(),
        bench.locked_out.products(bench.line),
    ):
        with pytest.raises(LoginFailed):
            await call
    if bench.manners.tells_operator:
        with pytest.raises(LoginFailed):
            await bench.locked_out.operator(bench.line)
    assert bench.vendor.bought == 0


async def test_a_login_that_was_changed_meanwhile_is_told(bench: Bench) -> None:
    purchase = await bench.purchase()
    other = replace(purchase, key=KEY.replace("00C", "00D"))
    taken = await bench.channel.submit(purchase)
    bench.lock_out()
    known = replace(purchase, reference=taken.reference)
    for call in (
        bench.channel.submit(other),
        bench.look(known),
        bench.look(purchase),
        bench.channel.wallet(),
        bench.channel.quote(bench.line, bench.wanted),
    ):
        with pytest.raises(LoginFailed):
            await call
    if bench.manners.tells_operator:
        with pytest.raises(LoginFailed):
            await bench.channel.operator(bench.line)
    assert bench.vendor.bought == 1


async def test_a_lost_request_is_unknown_and_then_absent(asking: Bench) -> None:
    bench = asking
    purchase = await bench.purchase()
    bench.vendor.fault("lose_request")
    with pytest.raises(OutcomeUnknown):
        await bench.channel.submit(purchase)
    bench.clock.advance(seconds=180)
    assert await bench.look(purchase) == Absent()
    assert bench.vendor.bought == 0
    # The key is free, and one purchase under it runs.
    await bench.channel.submit(purchase)
    assert bench.vendor.bought == 1


async def test_a_lost_answer_is_unknown_and_then_found(bench: Bench) -> None:
    purchase = await bench.purchase()
    bench.vendor.fault("lose_answer")
    with pytest.raises(OutcomeUnknown):
        await bench.channel.submit(purchase)
    assert isinstance(await bench.look(purchase), Pending)
    bench.clock.advance(seconds=180)
    assert isinstance(await bench.look(purchase), Confirmed)
    assert bench.vendor.bought == 1


async def test_an_answer_that_takes_too_long_is_unknown(bench: Bench) -> None:
    purchase = await bench.purchase()
    bench.vendor.fault("hang_after", seconds=30)
    with pytest.raises(OutcomeUnknown, match="timeout"):
        await bench.hasty.submit(purchase)
    bench.clock.advance(seconds=180)
    assert isinstance(await bench.look(purchase), Confirmed)
    assert bench.vendor.bought == 1


async def test_a_second_purchase_under_the_key_never_runs(bench: Bench) -> None:
    purchase = await bench.purchase()
    taken = await bench.channel.submit(purchase)
    if bench.manners.again is Again.REFUSES:
        with pytest.raises(KeyAlreadyUsed):
            await bench.channel.submit(purchase)
        bench.clock.advance(seconds=bench.settle_s)
        with pytest.raises(OutcomeUnknown):
            await bench.channel.submit(purchase)
    else:
        assert await bench.channel.submit(purchase) == taken
        bench.clock.advance(seconds=bench.settle_s)
        ended = await bench.channel.submit(purchase)
        assert isinstance(ended, Confirmed)
        assert ended.reference == taken.reference
    assert bench.vendor.bought == 1


async def test_two_submits_at_once_never_overlap(bench: Bench) -> None:
    """The vendor would run both, were they in flight at the same time."""
    purchase = await bench.purchase()
    bench.vendor.fault("hang_after", seconds=0.05)
    results = await asyncio.gather(
        *(bench.channel.submit(purchase) for _ in range(3)), return_exceptions=True
    )
    assert bench.vendor.bought == 1
    taken = [result for result in results if isinstance(result, Pending)]
    if bench.manners.again is Again.REFUSES:
        assert len(taken) == 1
    else:
        assert len({pending.reference for pending in taken}) == 1
        assert len(taken) == 3


@pytest.mark.parametrize("buys", [False, True], ids=["before", "after buying"])
@pytest.mark.parametrize("fault", BAD_ANSWERS, ids=_name)
async def test_a_bad_answer_to_a_purchase_is_unknown(
    bench: Bench, fault: dict[str, object], buys: bool
) -> None:
    purchase = await bench.purchase()
    bench.vendor.fault(**{**fault, "buys": buys})  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknown):
        await bench.channel.submit(purchase)
    assert bench.vendor.bought <= 1


@pytest.mark.parametrize("fault", BAD_ANSWERS, ids=_name)
async def test_a_bad_answer_to_a_lookup_says_nothing(
    bench: Bench, fault: dict[str, object]
) -> None:
    purchase = await bench.purchase()
    taken = await bench.channel.submit(purchase)
    assert isinstance(taken, Pending)
    # Lasting, because aiohttp repeats a read whose connection broke.
    lasting = {**fault, "on": bench.manners.order_path, "times": None}
    bench.vendor.fault(**lasting)  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        await bench.look(purchase)
    known = replace(purchase, reference=taken.reference)
    try:
        found = await bench.look(known)
    except Unavailable:
        pass
    else:
        # JSON without a status, about an order that is known: go on polling.
        assert fault["kind"] == "answer"
        assert found == Pending(reference=taken.reference)
    bench.vendor.behave()
    assert await bench.look(known) == Pending(reference=taken.reference)


@pytest.mark.parametrize("fault", BAD_ANSWERS, ids=_name)
async def test_a_bad_answer_to_a_read_is_unavailable(
    bench: Bench, fault: dict[str, object]
) -> None:
    await bench.channel.wallet()
    bench.vendor.fault(**{**fault, "on": "any", "times": None})  # type: ignore[arg-type]
    calls = [
        bench.channel.quote(bench.line, bench.wanted),
        bench.channel.products(bench.line),
        bench.channel.wallet(),
    ]
    for call in calls:
        with pytest.raises(Unavailable):
            await call
    if bench.manners.tells_operator:
        with pytest.raises(Unavailable):
            await bench.channel.operator(bench.line)


@pytest.mark.parametrize("fault", BAD_ANSWERS, ids=_name)
@pytest.mark.parametrize("bench", sorted(LOGIN_PATHS), indirect=True)
async def test_trouble_before_the_purchase_call_is_not_sent(
    bench: Bench, fault: dict[str, object]
) -> None:
    """The login is a call of its own: when it fails, no purchase ever left."""
    purchase = await bench.purchase()
    fresh = bench.provider.open(bench.session, bench.login)
    bench.vendor.fault(**{**fault, "on": LOGIN_PATHS[bench.provider.id]})  # type: ignore[arg-type]
    with pytest.raises(NotSent):
        await fresh.submit(purchase)
    assert bench.vendor.bought == 0


async def test_a_late_failure_gives_the_money_back_and_uses_up_the_key(
    bench: Bench,
) -> None:
    assert bench.manners.gives_back
    for number, kind in enumerate(bench.manners.gives_back):
        purchase = await bench.purchase(f"SKX7Q2M9K4TB-00C-{number}")
        bench.vendor.fault(kind, seconds=600)
        taken = await bench.channel.submit(purchase)
        assert isinstance(taken, Pending)
        bench.clock.advance(seconds=60)
        known = replace(purchase, reference=taken.reference)
        assert isinstance(await bench.look(known), Pending)
        bench.clock.advance(seconds=600)
        for asked in (known, purchase):
            with pytest.raises(Rejected) as caught:
                await bench.look(asked)
            assert caught.value.consumed
            assert caught.value.refusal is RefusalClass.LATER
    assert bench.vendor.bought == 0


async def test_a_delivery_that_is_taken_back_is_told(bench: Bench) -> None:
    before = await bench.channel.wallet()
    purchase = await bench.purchase()
    bench.vendor.fault("reverse_later", seconds=3600)
    taken = await bench.channel.submit(purchase)
    bench.clock.advance(seconds=bench.settle_s)
    known = replace(purchase, reference=taken.reference)
    assert isinstance(await bench.look(known), Confirmed)
    bench.clock.advance(hours=1)
    for asked in (known, purchase):
        with pytest.raises(Rejected) as caught:
            await bench.look(asked)
        assert caught.value.consumed
    assert bench.vendor.bought == 0
    assert await bench.channel.wallet() == before


async def test_a_price_that_rose_is_told_before_and_after_buying(bench: Bench) -> None:
    await bench.channel.products(bench.line)
    cheap = await bench.channel.quote(bench.line, bench.wanted)
    purchase = await bench.purchase()
    bench.vendor.fault("price_rise", times=None)
    dear = await bench.channel.quote(bench.line, bench.wanted)
    assert cheap.price.with_margin(5) < dear.price
    if bench.channel.capabilities.price_guard:
        with pytest.raises(Rejected):
            await bench.channel.submit(purchase)
        assert bench.vendor.bought == 0
        return
    taken = await bench.channel.submit(purchase)
    bench.clock.advance(seconds=bench.settle_s)
    outcome = await bench.look(replace(purchase, reference=taken.reference))
    assert isinstance(outcome, Confirmed)
    assert outcome.cost == dear.price


async def test_a_success_that_comes_hours_later_is_found(bench: Bench) -> None:
    purchase = await bench.purchase()
    bench.vendor.fault("takes", seconds=6 * 3600)
    taken = await bench.channel.submit(purchase)
    assert isinstance(taken, Pending)
    known = replace(purchase, reference=taken.reference)
    bench.clock.advance(hours=5)
    assert isinstance(await bench.look(known), Pending)
    bench.clock.advance(hours=2)
    assert isinstance(await bench.look(known), Confirmed)


async def test_a_list_that_lags_shows_it_later(asking: Bench) -> None:
    bench = asking
    purchase = await bench.purchase()
    bench.vendor.fault("report_lag", seconds=400)
    bench.vendor.fault("lose_answer")
    with pytest.raises(OutcomeUnknown):
        await bench.channel.submit(purchase)
    bench.clock.advance(seconds=180)
    assert await bench.look(purchase) == Absent()
    bench.clock.advance(seconds=300)
    assert isinstance(await bench.look(purchase), Confirmed)


async def test_an_empty_wallet_is_for_a_person_to_fix(bench: Bench) -> None:
    purchase = await bench.purchase()
    bench.vendor.fault("empty_wallet")
    with pytest.raises(Rejected) as caught:
        await bench.channel.submit(purchase)
    assert caught.value.refusal is RefusalClass.FIX_FIRST
    assert not caught.value.consumed
    assert bench.vendor.bought == 0


async def test_already_used_but_not_shown_stays_unknown(asking: Bench) -> None:
    bench = asking
    if bench.manners.again is not Again.REFUSES:
        pytest.skip("a key that is known is shown")
    purchase = await bench.purchase()
    bench.vendor.fault("duplicate_refused")
    with pytest.raises(KeyAlreadyUsed):
        await bench.channel.submit(purchase)
    assert await bench.look(purchase) == Absent()


async def test_another_number_under_our_key_is_foreign(bench: Bench) -> None:
    purchase = await bench.purchase()
    taken = await bench.channel.submit(purchase)
    assert isinstance(taken, Pending)
    bench.clock.advance(seconds=bench.settle_s)
    for reference in (None, taken.reference):
        bench.vendor.fault("wrong_number_in_answer", on="any")
        found = await bench.look(replace(purchase, reference=reference))
        assert isinstance(found, Foreign)
        assert found.reference == taken.reference
        assert found.cost is not None


async def test_an_order_of_long_ago_is_foreign(bench: Bench) -> None:
    purchase = await bench.purchase()
    await bench.channel.submit(purchase)
    bench.clock.advance(hours=1)
    newer = replace(purchase, created_at=bench.clock.now())
    shown = await bench.look(newer)
    if not bench.manners.tells_time:
        # Number and product are all there is; whoever drew the key drew it once.
        assert isinstance(shown, Confirmed)
        return
    assert isinstance(shown, Foreign)
    soon = replace(purchase, created_at=purchase.created_at + timedelta(minutes=9))
    assert isinstance(await bench.look(soon), Confirmed)


async def test_a_cancelled_submit_propagates_and_can_be_looked_up(bench: Bench) -> None:
    purchase = await bench.purchase()
    bench.vendor.fault("hang_after", seconds=30)
    task = asyncio.create_task(bench.channel.submit(purchase))
    while not bench.vendor.bought:
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    bench.clock.advance(seconds=180)
    assert isinstance(await bench.look(purchase), Confirmed)
    # The turn was given back.
    other = replace(purchase, key=KEY.replace("00C", "00D"))
    assert isinstance(await bench.hasty.submit(other), Pending)
    assert isinstance(
        await bench.channel.submit(replace(other, key="SKX-00E-0")), Pending
    )


async def test_a_cancel_at_any_step_leaves_the_truth_at_the_vendor(
    bench: Bench,
) -> None:
    """Each turn of the loop in a submit; the vendor's list knows what really happened."""
    await bench.channel.wallet()
    purchases = []
    cancelled = 0
    for step in range(40):
        purchase = await bench.purchase(f"SKX7Q2M9K4TB-{step:03}-0")
        purchases.append(purchase)
        task = asyncio.create_task(bench.channel.submit(purchase))
        for _ in range(step):
            await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            cancelled += 1
    assert cancelled > 5
    bench.clock.advance(seconds=180)
    found = [await bench.look(purchase) for purchase in purchases]
    if bench.asks_freely:
        assert all(isinstance(one, Confirmed | Absent) for one in found)
        assert sum(isinstance(one, Confirmed) for one in found) == bench.vendor.bought
    else:
        # A look that is a purchase buys what was lost, and nothing a second time.
        assert bench.vendor.bought == len(purchases)


async def test_an_unreadable_order_is_never_sent(bench: Bench) -> None:
    purchase = Purchase(key=KEY, line=bench.line, body={}, created_at=bench.clock.now())
    with pytest.raises(Rejected):
        await bench.channel.submit(purchase)
    assert bench.vendor.bought == 0


@pytest.mark.parametrize("fault", BAD_ANSWERS, ids=_name)
async def test_nothing_secret_is_in_errors_and_logs(
    bench: Bench, fault: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    purchase = await bench.purchase()
    written = []
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: bench.channel.submit(purchase),
        lambda: bench.look(purchase),
        lambda: bench.look(replace(purchase, reference="4602843")),
        lambda: bench.channel.quote(bench.line, bench.wanted),
        lambda: bench.channel.operator(bench.line),
        lambda: bench.locked_out.submit(purchase),
        lambda: bench.cut_off.submit(purchase),
        lambda: bench.hasty.submit(purchase),
        bench.channel.wallet,
    ]
    for call in calls:
        bench.vendor.fault(**{**fault, "on": "any"})  # type: ignore[arg-type]
        try:
            await call()
        except KeeperError as err:
            written += [str(err), repr(err), "".join(traceback.format_exception(err))]
    assert written
    text = "\n".join([*written, caplog.text, repr(bench.channel)])
    for secret in bench.secrets:
        assert secret not in text


def test_an_account_id_is_stable_and_gives_nothing_away() -> None:
    for provider in PROVIDERS.values():
        login = {
            field.name: f"value-of-{field.name}" for field in provider.login_fields
        }
        ids = {
            provider.account_id({**login, "environment": environment})
            for environment in provider.environments
        }
        assert len(ids) == len(provider.environments)
        for account_id in ids:
            assert account_id.startswith(f"{provider.id}:")
            assert not any(value in account_id for value in login.values())
        usual = {**login, "environment": provider.environments[0]}
        secret = next(field.name for field in provider.login_fields if field.secret)
        renewed = provider.account_id({**usual, secret: "new"})
        assert provider.account_id(usual) == renewed
        spaced = {name: f" {value} " for name, value in login.items()}
        assert provider.account_id({**usual, **spaced}) == renewed
        assert provider.account_id(login) == renewed
        ids |= {
            provider.account_id({**login, "base_url": url})
            for url in ("http://127.0.0.1:8080", "https://relay.example")
        }
        # A relay leads to the same account, a simulator does not.
        assert len(ids) == len(provider.environments) + 1
        assert provider.sign_up_url.startswith("https://")


async def test_plain_http_to_a_real_host_is_refused(bench: Bench) -> None:
    for base_url in ("http://relay.example", "http://localhost:8080", "ftp://x"):
        with pytest.raises(ValueError, match="url_"):
            bench.provider.open(bench.session, {**bench.login, "base_url": base_url})
