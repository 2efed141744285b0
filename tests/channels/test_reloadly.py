"""Reloadly: what is special about it, against its simulator over real sockets."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
import json

import aiohttp
import pytest

from custom_components.sim_keeper.channels.reloadly import Patience, ReloadlyChannel
from custom_components.sim_keeper.channels.reloadly.codes import VERDICTS
from custom_components.sim_keeper.channels.reloadly.offers import quote_of, tariff_of
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
    Automatic,
    Confirmed,
    Foreign,
    Line,
    Lookup,
    Operator,
    Pending,
    Purchase,
    Wanted,
)
from tests.vendors.reloadly import (
    CLIENT_ID,
    CLIENT_SECRET,
    Order,
    Plan,
    ReloadlySimulator,
)
from tests.vendors.reloadly.catalogue import BY_ID

from .conftest import Clock

KEY = "SKX7Q2M9K4TB-001-0"

AXIS = Line(number="+6283155501234", country="ID", currency="IDR", operator="243")
GIFFGAFF = Line(number="+447455012345", country="GB", currency="GBP", operator=None)
HOTLINK = Line(number="+60125550123", country="MY", currency="MYR", operator=None)
LYCA = Line(number="+34632555012", country="ES", currency="EUR", operator=None)
KYIVSTAR = Line(number="+380675550123", country="UA", currency="UAH", operator=None)
THREE = Line(number="+85295550123", country="HK", currency="HKD", operator=None)
GLO = Line(number="+2348055501234", country="NG", currency="NGN", operator="1213")

type Code = tuple[str, int]


def login_at(vendor: ReloadlySimulator, **changes: str) -> dict[str, str]:
    return {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "environment": "live",
        "base_url": vendor.url,
        **changes,
    }


@pytest.fixture
async def vendor(clock: Clock) -> AsyncGenerator[ReloadlySimulator]:
    async with ReloadlySimulator(now=clock.now) as vendor:
        yield vendor


@pytest.fixture
def channel(
    vendor: ReloadlySimulator, session: aiohttp.ClientSession, clock: Clock
) -> ReloadlyChannel:
    return ReloadlyChannel(session, login_at(vendor), clock=clock.monotonic)


def wanted(text: str, currency: str) -> Wanted:
    return Wanted(amount=Money.parse(text, currency))


async def order(channel: ReloadlyChannel, clock: Clock, line: Line = AXIS) -> Purchase:
    """Quote something ordinary and make a purchase of it."""
    product = (await channel.products(line))[0]
    assert product.value is not None
    amount = Money(product.value.minor * 2, line.currency)
    ranged = product.value_max is not None
    quote = await channel.quote(
        line, Wanted(amount=amount) if ranged else Wanted(product=product.id)
    )
    return Purchase(key=KEY, line=line, body=quote.body, created_at=clock.now())


def test_capabilities(channel: ReloadlyChannel) -> None:
    promises = channel.capabilities
    assert promises.lookup is Lookup.PURE
    assert promises.automatic is Automatic.AFTER_ONE_SUPERVISED
    assert promises.look_after_s[0] >= 180
    assert promises.send_timeout_s < promises.look_after_s[0]


# -- Codes --------------------------------------------------------------------------------

AUTH: list[Code] = [
    ("INVALID_CREDENTIALS", 401),
    ("AUTHENTICATION_FAILURE", 401),
    ("INVALID_AUDIENCE", 400),
    ("NOT_AUTHORIZED", 403),
    ("INACTIVE_ACCOUNT", 403),
    ("ACCOUNT_NOT_FOUND", 404),
]
NEVER: list[Code] = [
    ("RECIPIENT_PHONE_INACTIVE", 400),
    ("PHONE_BANNED_BY_OPERATOR", 422),
]
FIX: list[Code] = [
    ("INVALID_INPUT_PROVIDED", 400),
    ("INVALID_REQUEST", 400),
    ("UNPROCCESSABLE_ENTITY", 422),
    ("INVALID_RECIPIENT_PHONE", 400),
    ("INVALID_PHONE_NUMBER", 400),
    ("INVALID_SENDER_PHONE", 400),
    ("OPERATOR_AND_RECIPIENT_PHONE_MISMATCH", 400),
    ("COULD_NOT_AUTO_DETECT_OPERATOR", 404),
    ("COUNTRY_NOT_SUPPORTED", 409),
    ("OPERATOR_NOT_FOUND", 404),
    ("INVALID_AMOUNT", 400),
    ("INVALID_AMOUNT_FOR_OPERATOR", 400),
    ("INVALID_LOCAL_AMOUNT_FOR_OPERATOR", 400),
    ("INVALID_AMOUNT_FOR_RECIPIENT_PHONE", 400),
    ("LOCAL_AMOUNTS_NOT_SUPPORTED_BY_OPERATOR", 400),
    ("RECIPIENT_REACHED_MAX_TOPUP_NUMBER", 400),
    ("TRANSACTION_REJECTED_BY_OPERATOR", 400),
    ("TRANSACTION_REFUSED_BY_OPERATOR", 400),
    ("INSUFFICIENT_BALANCE", 400),
    ("METHOD_NOT_SUPPORTED", 405),
    ("MEDIA_TYPE_NOT_ACCEPTABLE", 406),
    ("UNSUPPORTED_MEDIA_TYPE", 415),
]
LATER: list[Code] = [
    ("MAX_DAILY_TRANSACTION_COUNT_REACHED", 400),
    ("MAX_DAILY_TRANSACTION_AMOUNT_REACHED", 400),
    ("PHONE_RECENTLY_RECHARGED", 400),
    ("RECIPIENT_HAS_PENDING_TRANSACTION", 409),
    ("OPERATOR_UNAVAILABLE_OR_CURRENTLY_INACTIVE", 503),
    ("OPERATOR_NOT_IN_SERVICE", 400),
    ("OPERATOR_NOT_IN_SERVICE", 503),
    ("RATE_LIMIT_REACHED", 429),
    ("TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT", 400),
]
UNKNOWN: list[Code] = [
    ("TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT", 500),
    ("TOPUP_TRANSACTION_FAILED", 400),
    ("TRANSACTION_FAILED_ON_OPERATOR", 400),
    ("REQUEST_PROCESSING_FAILED", 422),
    ("PROVIDER_INTERNAL_ERROR", 500),
    ("REQUEST_FAILED_ON_PROVIDER", 502),
    ("UNMAPPED_PROVIDER_ERROR_CODE", 400),
    ("CONNECTION_TO_OPERATOR_TEMPORARILY_DOWN", 400),
    ("CONNECTION_TO_OPERATOR_FAILED", 503),
    ("SERVICE_TO_OPERATOR_TEMPORARILY_UNAVAILABLE", 503),
    ("INTERNAL_SERVER_ERROR", 500),
    ("SERVICE_UNAVAILABLE", 503),
    # Documented, but about something else than a purchase.
    ("FX_RATE_NOT_AVAILABLE", 500),
    ("TRANSACTION_NOT_FOUND", 404),
    ("RESOURCE_NOT_FOUND", 404),
    # Documented, with a status at which they prove nothing.
    ("INSUFFICIENT_BALANCE", 500),
    ("INVALID_AMOUNT", 408),
    ("INVALID_AMOUNT", 503),
    ("NOT_AUTHORIZED", 500),
    ("TRANSACTION_CANNOT_BE_PROCESSED_AT_THE_MOMENT", 409),
    # Not documented.
    ("SOMETHING_NEW", 400),
    ("not a code", 400),
]
STALE: list[Code] = [
    ("INVALID_TOKEN", 401),
    ("MISSING_TOKEN", 401),
    ("TOKEN_EXPIRED", 401),
]
USED: list[Code] = [("CUSTOM_IDENTIFIER_ALREADY_USED", 400)]


def test_every_documented_code_is_tried_here() -> None:
    tried = AUTH + NEVER + FIX + LATER + UNKNOWN + STALE + USED
    assert {code for code, _ in tried} - {"SOMETHING_NEW", "not a code"} == set(
        VERDICTS
    )


async def _refused(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, code: Code
) -> KeeperError:
    purchase = await order(channel, clock)
    vendor.fault("refuse", code=code[0], status=code[1])
    with pytest.raises(KeeperError) as caught:
        await channel.submit(purchase)
    assert vendor.bought == 0
    return caught.value


@pytest.mark.parametrize("code", AUTH)
async def test_a_code_about_the_login(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, code: Code
) -> None:
    assert type(await _refused(channel, vendor, clock, code)) is LoginFailed


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        *((code, RefusalClass.NEVER) for code in NEVER),
        *((code, RefusalClass.FIX_FIRST) for code in FIX),
        *((code, RefusalClass.LATER) for code in LATER),
    ],
)
async def test_a_code_that_says_not_charged(
    channel: ReloadlyChannel,
    vendor: ReloadlySimulator,
    clock: Clock,
    code: Code,
    refusal: RefusalClass,
) -> None:
    error = await _refused(channel, vendor, clock, code)
    assert isinstance(error, Rejected)
    assert (error.code, error.refusal, error.consumed) == (code[0], refusal, False)


@pytest.mark.parametrize("code", UNKNOWN)
async def test_a_code_that_proves_nothing(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, code: Code
) -> None:
    assert type(await _refused(channel, vendor, clock, code)) is OutcomeUnknown


@pytest.mark.parametrize("code", USED)
async def test_a_code_that_says_it_was_used(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, code: Code
) -> None:
    assert type(await _refused(channel, vendor, clock, code)) is KeyAlreadyUsed


@pytest.mark.parametrize("status", [400, 401, 403, 409, 422, 500, 503])
async def test_an_error_without_a_code_is_unknown(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, status: int
) -> None:
    purchase = await order(channel, clock)
    vendor.fault("answer", status=status, text='{"message": "?", "errorCode": null}')
    with pytest.raises(OutcomeUnknown, match=f"HTTP {status}"):
        await channel.submit(purchase)


@pytest.mark.parametrize("code", [*AUTH, *NEVER, *FIX, *LATER, *UNKNOWN, *USED])
async def test_no_code_at_a_lookup_ends_an_order(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, code: Code
) -> None:
    purchase = await order(channel, clock)
    taken = await channel.submit(purchase)
    vendor.fault("refuse", on="/topups", times=None, code=code[0], status=code[1])
    for reference in (None, taken.reference):
        with pytest.raises((Unavailable, LoginFailed)):
            await channel.lookup(replace(purchase, reference=reference))


# -- The token ------------------------------------------------------------------------------


async def test_one_token_serves_many_calls(
    channel: ReloadlyChannel, vendor: ReloadlySimulator
) -> None:
    await asyncio.gather(*(channel.wallet() for _ in range(5)))
    assert vendor.tokens.issued == 1


@pytest.mark.parametrize(
    ("life_s", "good_s"), [(86400, 86400 - 300), (600, 450), (5184000, 5184000 - 300)]
)
async def test_the_token_is_renewed_ahead_of_its_end(
    channel: ReloadlyChannel,
    vendor: ReloadlySimulator,
    clock: Clock,
    life_s: int,
    good_s: int,
) -> None:
    vendor.tokens.life_s = life_s
    await channel.wallet()
    clock.advance(seconds=good_s - 1)
    await channel.wallet()
    assert vendor.tokens.issued == 1
    clock.advance(seconds=2)
    await asyncio.gather(channel.wallet(), channel.wallet())
    assert vendor.tokens.issued == 2


async def test_a_token_that_went_stale_is_renewed_and_the_purchase_repeated_once(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    vendor.tokens.revoke_all()
    assert isinstance(await channel.submit(purchase), Pending)
    assert vendor.tokens.issued == 2
    assert vendor.bought == 1
    assert vendor.calls[-3:] == [
        "POST /topups-async",
        "POST /oauth/token",
        "POST /topups-async",
    ]


@pytest.mark.parametrize("code", STALE)
async def test_a_second_401_is_a_failed_login_and_bought_nothing(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, code: Code
) -> None:
    purchase = await order(channel, clock)
    vendor.fault("refuse", times=2, code=code[0], status=code[1])
    with pytest.raises(LoginFailed):
        await channel.submit(purchase)
    assert vendor.calls.count("POST /topups-async") == 2
    assert vendor.bought == 0


async def test_a_401_that_is_not_reloadlys_own_never_repeats_a_purchase(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    vendor.fault("status", status=401, buys=True)
    with pytest.raises(OutcomeUnknown):
        await channel.submit(purchase)
    assert vendor.calls.count("POST /topups-async") == 1


@pytest.mark.parametrize("where", ["/accounts", "/topups", "/operators", "any"])
async def test_a_token_that_expires_at_a_read_is_renewed(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock, where: str
) -> None:
    purchase = await order(channel, clock)
    taken = await channel.submit(purchase)
    clock.advance(seconds=10)
    vendor.fault("token_expired", on=where, times=None if where == "any" else 1)
    known = replace(purchase, reference=taken.reference)
    if where == "any":
        with pytest.raises(LoginFailed):
            await channel.lookup(known)
    else:
        assert isinstance(await channel.lookup(known), Confirmed)
        await channel.wallet()
        await channel.products(AXIS)
        assert vendor.tokens.issued == 2


async def test_the_login_fails_between_submit_and_lookup(
    channel: ReloadlyChannel, vendor: ReloadlySimulator, clock: Clock
) -> None:
    purchase = await order(channel, clock)
    taken = await channel.submit(purchase)
    vendor.tokens.revoke_all()
    vendor.tokens.client_secret = "rotated elsewhere"
    with pytest.raises(LoginFailed):
        await channel.lookup(replace(purchase, reference=taken.reference))


async def test_keys_of_the_other_environment_are_a_failed_login(
    vendor: ReloadlySimulator, session: aiohttp.ClientSession
) -> None:
    vendor.tokens.environments = {"live"}
    sandbox = ReloadlyChannel(session, login_at(vendor, environment="sandbox"))
    with pytest.raises(LoginFailed, match="INVALID_CREDENTIALS"):
        await sandbox.wallet()


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (401, '{"error": "access_denied", "error_description": "no"}', LoginFailed),
        (403, '{"error": "unauthorized_client"}', LoginFailed),
        (400, '{"errorCode": "INVALID_AUDIENCE"}', LoginFailed),
        (403, "{}", Unavailable),
        (429, "{}", Unavailable),
        (200, '{"access_token": "a\\r\\nHost: evil", "expires_in": 5}', Unavailable),
        (200, '{"access_token": "", "expires_in": 5}', Unavailable),
        (200, '{"access_token": "abc"}', Unavailable),
        (200, '{"access_token": "abc", "expires_in": -1}', Unavailable),
        (200, '{"access_token": "abc", "expires_in": "soon"}', Unavailable),
        (200, '{"access_token": ["abc"], "expires_in": 5}', Unavailable),
    ],
)
async def test_odd_answers_of_the_token_service(
    channel: ReloadlyChannel,
    vendor: ReloadlySimulator,
    status: int,
    text: str,
    error: type[KeeperError],
) -> None:
    vendor.fault("answer", on="/oauth", status=status, text=text)
    with pytest.raises(error):
        await channel.wallet()


# -- What is sold -----------------------------------------------------------------------------


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
        # Less than the vendor sells: the least that delivers it
        (GIFFGAFF, "1", ("6.5", False, "USD"), "5.09", "6.44"),
        (HOTLINK, "10", ("10", True, "MYR"), "10", "2.31"),
        # A table entry; a percentage fee takes the discount away
        (LYCA, "10", ("11", False, "USD"), "10", "11.33"),
        # No table entry: by the rate, and the smallest that suffices
        (LYCA, "10.01", ("22", False, "USD"), "20.24", "22.66"),
        # 100 / 41.2 = 2.42718, and a flat fee in hryvnia
        (KYIVSTAR, "100", ("100", True, "UAH"), "100", "2.48"),
        # Fixed, dollars only, delivering what the aligned list says
        (THREE, "98", ("13", False, "USD"), "98", "12.87"),
        (THREE, "60", ("13", False, "USD"), "98", "12.87"),
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
    (axis,) = await channel.products(AXIS)
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
    assert Money.parse("50000", "IDR") <= quote.value
    # 3.23 less the international discount of 10 %
    assert quote.price == Money.parse("2.91", "USD")


# -- On the wire ------------------------------------------------------------------------------


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


# -- What came of it --------------------------------------------------------------------------


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
    like_ours = Order(
        operator=243,
        amount=Decimal(10000),
        local=True,
        identifier=KEY.lower(),
        country="ID",
        number="6283155501234",
    )
    for _ in range(450):
        vendor.world.sell(like_ours)
    ours = await channel.submit(purchase)
    assert await channel.lookup(purchase) == Pending(reference=ours.reference)


@pytest.mark.parametrize("first", ["FAILED", "REFUNDED", "SUCCESSFUL"])
async def test_where_a_key_ran_twice_money_gone_outweighs_the_rest(
    channel: ReloadlyChannel,
    vendor: ReloadlySimulator,
    clock: Clock,
    first: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    purchase = await order(channel, clock)
    twin = Order(
        operator=243,
        amount=Decimal(10000),
        local=True,
        identifier=KEY,
        country="ID",
        number="6283155501234",
    )
    vendor.world.sell(twin, Plan(end=first))
    vendor.world.sell(twin)
    clock.advance(seconds=10)
    assert isinstance(await channel.lookup(purchase), Confirmed)
    assert ("executed one identifier 2 times" in caplog.text) is (first == "SUCCESSFUL")


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
